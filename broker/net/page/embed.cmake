# embed.cmake - the files of this folder as C arrays: cmake -D FOLDER=... -D OUT=... -P embed.cmake
set(text "#include \"net/ops_files.h\"\n")
foreach(file IN ITEMS index.html page.css words.js draw.js page.js)
  file(READ ${FOLDER}/${file} hex HEX)
  string(MAKE_C_IDENTIFIER ${file} name)
  string(REGEX REPLACE "(..)" "0x\\1," values "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(APPEND text "static const unsigned char ${name}[] = {${values}};\n"
                     "const struct ops_file ops_file_${name} = {${name}, ${size}};\n")
endforeach()
file(WRITE ${OUT} "${text}")
