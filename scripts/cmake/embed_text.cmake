# cmake -DOUTPUT=… -DFILES=a;b -P embed_text.cmake: the files as one C++ source with
# std::string_view warmcall::web::embedded(name), by their names without folder.
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
    string(APPEND arrays "constexpr char file_${number}[] = {${bytes}'\\0'};\n")
    string(APPEND rows "    if (name == \"${name}\")\n        return {file_${number}, sizeof file_${number} - 1};\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include <stdexcept>\n#include <string>\n#include <string_view>\n\nnamespace warmcall::web {\n\n"
    "namespace {\n${arrays}}\n\nstd::string_view embedded(std::string_view name);\nstd::string_view embedded(std::string_view name) {\n${rows}"
    "    throw std::logic_error{\"no embedded file \" + std::string{name}};\n}\n\n}  // namespace warmcall::web\n")
