/* ops_files.h - the page for people and the runbook, in the binary: the files of net/page/ and systemd/runbook/ as the
 * build embedded them (page/embed.cmake). */
#pragma once
#include <stddef.h>

struct ops_file {
    const unsigned char *data;
    size_t size;
};
extern const struct ops_file ops_file_index_html, ops_file_page_css, ops_file_words_js, ops_file_draw_js,
    ops_file_page_js;

struct ops_runbook_page {
    const char *code; /* of its alarm, or of what else it is about */
    struct ops_file file;
};
extern const struct ops_runbook_page ops_runbook[]; /* the last has no code */
