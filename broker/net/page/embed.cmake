# embed.cmake - the files of this folder, and the runbook's pages, as C arrays:
# cmake -D FOLDER=... -D RUNBOOK=... -D OUT=... -P embed.cmake
set(text "#include \"net/ops_files.h\"\n")

# embed(PATH NAME): appends the bytes of a file as NAME, and sets NAME_size.
macro(embed path name)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," values "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR ${name}_size "${digits} / 2")
  string(APPEND text "static const unsigned char ${name}[] = {${values}};\n")
endmacro()

foreach(file IN ITEMS index.html page.css words.js draw.js page.js)
  string(MAKE_C_IDENTIFIER ${file} name)
  embed(${FOLDER}/${file} ${name})
  string(APPEND text "const struct ops_file ops_file_${name} = {${name}, ${${name}_size}};\n")
endforeach()

file(GLOB pages ${RUNBOOK}/*.md)
foreach(page IN LISTS pages)
  get_filename_component(code ${page} NAME_WE)
  string(MAKE_C_IDENTIFIER runbook_${code} name)
  embed(${page} ${name})
  string(APPEND rows "    {\"${code}\", {${name}, ${${name}_size}}},\n")
endforeach()
string(APPEND text "const struct ops_runbook_page ops_runbook[] = {\n${rows}    {0, {0, 0}}};\n")
file(WRITE ${OUT} "${text}")
