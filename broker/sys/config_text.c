/* config_text.c - just enough of libconfuse's lexer to know a comment from a string. */
#include "sys/config_text.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES_MAX (1 << 20)
#define PIECE            4096

/* From one past its opening quote to its closing one, or to the final NUL. */
static char *skip_string(char *text, char quote)
{
    while (*text && *text != quote)
        text += text[0] == '\\' && text[1] ? 2 : 1;
    return text;
}

/* The first character after the comment that begins here. */
static char *comment_end(char *text)
{
    if (strncmp(text, "/*", 2) == 0) {
        char *end = strstr(text + 2, "*/");
        return end ? end + 2 : text + strlen(text);
    }
    return text + strcspn(text, "\n");
}

/* '#' begins one anywhere, '//' and its like only where a word could begin: tcp://a is a word. */
static bool is_comment(const char *text, char before)
{
    bool word_may_begin = before == '\0' || strchr(" \t\r\n={}()+,\"'", before);
    return *text == '#' || (word_may_begin && (strncmp(text, "//", 2) == 0 || strncmp(text, "/*", 2) == 0));
}

static void blank_comments(char *text)
{
    char before = '\0';
    while (*text) {
        if (is_comment(text, before)) {
            for (char *end = comment_end(text); text < end; text++)
                *text = *text == '\n' ? '\n' : ' ';
            before = ' ';
            continue;
        }
        if (*text == '"' || *text == '\'')
            text = skip_string(text + 1, *text);
        if (*text)
            before = *text++;
    }
}

/* All of the file, or as much of it as shows that it is too long. */
static int read_text(FILE *file, char **ret_text)
{
    char *text = NULL;
    size_t size = 0, got = 1;
    errno = 0;
    while (got > 0 && size <= CONFIG_BYTES_MAX) {
        char *more = realloc(text, size + PIECE + 1);
        if (!more) {
            free(text);
            return -ENOMEM;
        }
        text = more;
        got = fread(text + size, 1, PIECE, file);
        size += got;
    }
    int rc = ferror(file) ? -errno : size > CONFIG_BYTES_MAX ? -EFBIG : 0;
    if (rc == 0) {
        text[size] = '\0';
        rc = strlen(text) == size ? 0 : -EINVAL;
    }
    if (rc < 0) {
        free(text);
        return rc;
    }
    *ret_text = text;
    return 0;
}

int config_text(const char *path, char **ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    int rc = read_text(file, ret_text);
    fclose(file);
    if (rc == 0)
        blank_comments(*ret_text);
    return rc;
}
