/* ops_files.h - the page for people, in the binary: the files of net/page/ as the build embedded them (page/embed.cmake). */
#pragma once
#include <stddef.h>

struct ops_file {
    const unsigned char *data;
    size_t size;
};
extern const struct ops_file ops_file_index_html, ops_file_page_css, ops_file_words_js, ops_file_draw_js,
    ops_file_page_js;
