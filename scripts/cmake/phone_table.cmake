# The numbering plans of the world (bot/core/phone_table.hpp): npm's libphonenumber-js metadata and tzdata's zone.tab,
# made into C++ when they change. Nothing of it is committed but the lock file.
find_program(NODE NAMES node nodejs REQUIRED)
find_program(NPM npm REQUIRED)
find_file(ZONE_TAB zone.tab PATHS /usr/share/zoneinfo NO_DEFAULT_PATH REQUIRED)

set(phone_table_source ${PROJECT_SOURCE_DIR}/scripts/cmake/phone_table)
set(phone_table_dir ${PROJECT_BINARY_DIR}/phone_table)
set(phone_metadata ${phone_table_dir}/node_modules/libphonenumber-js/metadata.max.json)

add_custom_command(
    OUTPUT ${phone_metadata}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${phone_table_dir}
    COMMAND ${CMAKE_COMMAND} -E copy ${phone_table_source}/package.json ${phone_table_source}/package-lock.json ${phone_table_dir}
    COMMAND ${NPM} ci --prefix ${phone_table_dir} --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${phone_metadata}
    DEPENDS ${phone_table_source}/package.json ${phone_table_source}/package-lock.json
    COMMENT "Fetching phone number metadata (npm)"
    VERBATIM)

add_custom_command(
    OUTPUT ${phone_table_dir}/phone_table.cpp
    COMMAND ${NODE} ${phone_table_source}/generate.mjs ${phone_metadata} ${ZONE_TAB} ${phone_table_dir}/phone_table.cpp
    DEPENDS ${phone_table_source}/generate.mjs ${phone_metadata} ${ZONE_TAB}
    COMMENT "Making the phone number table"
    VERBATIM)

target_sources(wc_core PRIVATE ${phone_table_dir}/phone_table.cpp)
set_property(SOURCE ${PROJECT_SOURCE_DIR}/tests/core/phone_test.cpp APPEND PROPERTY COMPILE_DEFINITIONS
    WARMCALL_PHONE_PACKAGE="${phone_table_dir}/node_modules/libphonenumber-js" WARMCALL_NODE="${NODE}")
