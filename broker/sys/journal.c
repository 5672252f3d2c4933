/* journal.c - where a line goes is decided once; control characters never leave, so that one event is one line. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "sys/journal.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define LINE_SIZE 1024

/* The one mutable state of this folder: a log line must be possible from anywhere, without a handle. */
static struct {
    enum log_level level;
    bool to_journal;
} state = {.level = LOG_LEVEL_WARNING};

static const struct {
    const char *name;
    enum log_level level;
} levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warning", LOG_LEVEL_WARNING},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
};

/* Is stderr the journal's own stream, as JOURNAL_STREAM ("device:inode") claims? It is inherited, also by those who redirect. */
static bool is_journal_stream(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    uintmax_t device, inode;
    return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}

void journal_open(enum log_level level)
{
    state.level = level;
    state.to_journal = is_journal_stream();
}

void journal_set_level(enum log_level level)
{
    state.level = level;
}

bool journal_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(levels[i].name, text) == 0) {
            *ret_level = levels[i].level;
            return true;
        }
    }
    return false;
}

static const char *level_name(enum log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (levels[i].level == level) {
            return levels[i].name;
        }
    }
    return "info";
}

static void replace_controls(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = ' ';
        }
    }
}

/* "word=" at the start: key=value already. */
static bool is_fields(const char *text)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    return word > 0 && text[word] == '=';
}

static void write_stderr(enum log_level level, const char *event, const char *text)
{
    char line[2 * LINE_SIZE + 128]; /* every character of the text may need a backslash */
    int used = snprintf(line, sizeof line, "level=%s event=%s %s", level_name(level), event,
                        is_fields(text) ? text : "message=\"");
    size_t length = (size_t)used;
    if (!is_fields(text)) {
        for (; *text; text++) {
            if (*text == '"' || *text == '\\') {
                line[length++] = '\\';
            }
            line[length++] = *text;
        }
        line[length++] = '"';
    }
    line[length++] = '\n';
    /* One write, so that lines of several processes do not mix; a log that cannot be written stops nobody. */
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}

void journal(enum log_level level, const char *event, const char *format, ...)
{
    if (level > state.level) {
        return;
    }
    char text[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    replace_controls(text);
    if (state.to_journal) {
        sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", (int)level, "EVENT=%s", event, "SYSLOG_IDENTIFIER=referrald",
                        NULL);
    } else {
        write_stderr(level, event, text);
    }
}
