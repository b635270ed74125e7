# The server's own pages and the API's description, embedded into wc_web.
file(GLOB web_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bot/web/pages/* ${PROJECT_SOURCE_DIR}/bot/web/openapi.json)
add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/web_files.cpp
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${PROJECT_BINARY_DIR}/web_files.cpp "-DFILES=${web_files}" -P ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_text.cmake
    DEPENDS ${web_files} ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_text.cmake
    COMMENT "Embedding the server's pages"
    VERBATIM)
target_sources(wc_web PRIVATE ${PROJECT_BINARY_DIR}/web_files.cpp)
