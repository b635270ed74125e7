# The rep's web app: npm packages once per lock file, esbuild when a source changed, then embedded as wc_console.
enable_language(ASM)
find_program(NODE NAMES node nodejs)
find_program(NPM npm)
if(NOT NODE OR NOT NPM)
    message(FATAL_ERROR "The console is built with Node.js 18 or newer: apt-get install nodejs npm")
endif()

set(console_source ${PROJECT_SOURCE_DIR}/bot/console)
set(console_build ${PROJECT_BINARY_DIR}/console)
file(GLOB_RECURSE console_files CONFIGURE_DEPENDS ${console_source}/src/* ${console_source}/static/*)

# The packages live in the build folder: the source tree stays as it was checked out, and two build folders cannot disturb each other.
# --ignore-scripts: esbuild runs from its platform package as it comes.
add_custom_command(
    OUTPUT ${console_build}/packages.stamp
    COMMAND ${CMAKE_COMMAND} -E copy ${console_source}/package.json ${console_source}/package-lock.json ${console_build}
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${console_build}/packages.stamp
    DEPENDS ${console_source}/package.json ${console_source}/package-lock.json
    WORKING_DIRECTORY ${console_build}
    COMMENT "Fetching the console's build tools (npm ci)"
    VERBATIM)
file(MAKE_DIRECTORY ${console_build})

add_custom_command(
    OUTPUT ${console_build}/console_assets.S ${console_build}/console_assets.inc
    COMMAND ${NODE} ${console_source}/build.mjs --out ${console_build} --modules ${console_build}/node_modules
    DEPENDS ${console_build}/packages.stamp ${console_source}/build.mjs ${console_source}/icon.mjs ${console_source}/tsconfig.json ${console_files}
    COMMENT "Building the console"
    VERBATIM)

add_library(wc_console STATIC ${console_source}/assets.cpp ${console_build}/console_assets.S ${console_build}/console_assets.inc)
target_include_directories(wc_console PRIVATE ${console_build})
target_link_libraries(wc_console PUBLIC wc_support)
