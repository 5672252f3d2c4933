/* ops_text.h - text that grows, for what operators read. */
#pragma once
#include <stddef.h>

struct ops_text {
    char *data;
    size_t size, room;
};

void ops_text_fini(struct ops_text *text);
static inline void ops_text_reset(struct ops_text *text)
{
    text->size = 0;
}
/* With a final NUL, until something is added. */
const char *ops_text_string(struct ops_text *text);
void ops_text_add(struct ops_text *text, const char *string);
void ops_text_format(struct ops_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As a JSON string with its quotes; `null` for NULL. */
void ops_text_json(struct ops_text *text, const char *string);
/* As the value of a Prometheus label, with its quotes. */
void ops_text_label(struct ops_text *text, const char *string);
