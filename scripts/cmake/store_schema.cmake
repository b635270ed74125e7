# NNNN_name.sql of a folder, built into wc_store as text: warmcall::store::FUNCTION().
function(warmcall_schema folder function)
    file(GLOB schema_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.sql)
    list(SORT schema_files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema_files})
    set(schema_rows "")
    foreach(schema_file IN LISTS schema_files)
        get_filename_component(schema_name ${schema_file} NAME_WE)
        string(REGEX MATCH "^0*([0-9]+)_(.+)$" matched ${schema_name})
        if(NOT matched)
            message(FATAL_ERROR "${schema_file}: a migration is called NNNN_name.sql")
        endif()
        set(schema_number ${CMAKE_MATCH_1})
        set(schema_title ${CMAKE_MATCH_2})
        file(READ ${schema_file} schema_text)
        string(APPEND schema_rows "    {${schema_number}, \"${schema_title}\", R\"warmcall_sql(${schema_text})warmcall_sql\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/store/${function}.cpp @ONLY CONTENT "#include \"store/migration.hpp\"

namespace warmcall::store {

namespace {

constexpr Migration all_@function@[] = {
@schema_rows@};

}  // namespace

std::span<const Migration> @function@();
std::span<const Migration> @function@() { return all_@function@; }

}  // namespace warmcall::store
")
    target_sources(wc_store PRIVATE ${PROJECT_BINARY_DIR}/store/${function}.cpp)
endfunction()

warmcall_schema(bot/store/schema migrations)
warmcall_schema(bot/store/schema/postgres postgres_migrations)
