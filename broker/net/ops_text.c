/* ops_text.c - appending, and the escapes of JSON and of Prometheus. */
#include "net/ops_text.h"
#include "base/alloc.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096

void ops_text_fini(struct ops_text *text)
{
    free(text->data);
    *text = (struct ops_text){0};
}

static void make_room(struct ops_text *text, size_t more)
{
    if (text->size + more <= text->room)
        return;
    text->room = text->room ? 2 * text->room : ROOM_MIN;
    while (text->room < text->size + more)
        text->room *= 2;
    text->data = alloc_grown(text->data, text->room);
}

static void add_bytes(struct ops_text *text, const char *data, size_t size)
{
    make_room(text, size);
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

const char *ops_text_string(struct ops_text *text)
{
    make_room(text, 1);
    text->data[text->size] = '\0';
    return text->data;
}

void ops_text_add(struct ops_text *text, const char *string)
{
    add_bytes(text, string, strlen(string));
}

void ops_text_format(struct ops_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = text->room - text->size;
    int size = vsnprintf(room ? text->data + text->size : NULL, room, format, arguments);
    assert(size >= 0);
    if ((size_t)size >= room) {
        make_room(text, (size_t)size + 1);
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
    }
    text->size += (size_t)size;
    va_end(again);
    va_end(arguments);
}

/* Adds `string` but for the characters that `escape` has an answer for. */
static void add_escaped(struct ops_text *text, const char *string, const char *(*escape)(char c, char buffer[8]))
{
    char buffer[8];
    const char *plain = string;
    for (; *string; string++) {
        const char *escaped = escape(*string, buffer);
        if (escaped) {
            add_bytes(text, plain, (size_t)(string - plain));
            ops_text_add(text, escaped);
            plain = string + 1;
        }
    }
    add_bytes(text, plain, (size_t)(string - plain));
}

static const char *json_escape(char c, char buffer[8])
{
    if (c == '"' || c == '\\') {
        snprintf(buffer, 8, "\\%c", c);
        return buffer;
    }
    if ((unsigned char)c < 0x20) {
        snprintf(buffer, 8, "\\u%04x", c);
        return buffer;
    }
    return NULL;
}

static const char *label_escape(char c, char buffer[8])
{
    (void)buffer;
    return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : NULL;
}

void ops_text_json(struct ops_text *text, const char *string)
{
    if (!string) {
        ops_text_add(text, "null");
        return;
    }
    ops_text_add(text, "\"");
    add_escaped(text, string, json_escape);
    ops_text_add(text, "\"");
}

void ops_text_label(struct ops_text *text, const char *string)
{
    ops_text_add(text, "\"");
    add_escaped(text, string, label_escape);
    ops_text_add(text, "\"");
}
