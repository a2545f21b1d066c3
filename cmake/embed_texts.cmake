# cmake -DOUTPUT=texts.cpp -DHEADER=configs/schemas.hpp -DFILES=a.json,b.json -P embed_texts.cmake
#
# Writes a source file that holds each file's text in a constant named after it, declared in HEADER:
# experiment.schema.json becomes k_experiment_schema_json.
set(source "#include \"${HEADER}\"\n\nnamespace assay {\n")
string(REPLACE "," ";" files "${FILES}")
foreach(file IN LISTS files)
  file(READ "${file}" text)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "${name}" name)
  string(APPEND source "\nconst std::string_view k_${name} = R\"text(${text})text\";\n")
endforeach()
string(APPEND source "\n}  // namespace assay\n")
file(WRITE "${OUTPUT}" "${source}")
