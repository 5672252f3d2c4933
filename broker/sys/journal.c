/* journal.c - where a line goes is decided once; control characters never leave, so that one event is one line. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "sys/journal.h"
#include "base/bytes.h"
#include "sys/daemon_clock.h"
#include "sys/pace.h"
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE   1024
#define FIELD_SIZE  160
#define FIELD_COUNT 8

static const struct journal_entry entries[] = {
#define EVENT(name, level, id, zh, en) {#name, id, zh, en, LOG_LEVEL_##level},
#include "sys/journal_events.def"
#undef EVENT
};

/* The one mutable state of this folder: a log line must be possible from anywhere, without a handle. */
static struct {
    enum log_level level;
    bool to_journal;
    struct pace paces[JOURNAL_EVENT_COUNT];
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

/* Is stderr the journal's own stream, as JOURNAL_STREAM ("device:inode") claims? It is inherited, also by those who
 * redirect. */
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

const char *journal_level_name(enum log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "info";
}

const struct journal_entry *journal_entry(enum journal_event event)
{
    return &entries[event];
}

bool journal_wants(enum journal_event event)
{
    return entries[event].level <= state.level;
}

static void replace_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

/* "word=" at the start: key=value already. */
static bool is_fields(const char *text)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    return word > 0 && text[word] == '=';
}

struct field {
    const char *name, *value; /* NULL: none */
};

/* What the line is about, by the names of stderr. */
struct fields {
    char key[2 * JOURNAL_KEY_SIZE + 1];
    struct field list[3];
};

static void fields_of(const struct journal_about *about, struct fields *ret_fields)
{
    hex_encode(ret_fields->key, bytes_of(about->message_key, about->message_key ? JOURNAL_KEY_SIZE : 0));
    ret_fields->list[0] = (struct field){"institution", about->institution};
    ret_fields->list[1] = (struct field){"referral_id", about->referral_id};
    ret_fields->list[2] = (struct field){"message_key", about->message_key ? ret_fields->key : NULL};
}

static size_t add_quoted(char *line, const char *text)
{
    size_t length = 0;
    line[length++] = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            line[length++] = '\\';
        line[length++] = *text;
    }
    line[length++] = '"';
    return length;
}

/* Whoever reads a plain file has no other; the journal keeps its own. */
static size_t add_time(char line[FIELD_SIZE])
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t length = strftime(line, FIELD_SIZE, "time=%Y-%m-%dT%H:%M:%S", &utc);
    return length + (size_t)sprintf(line + length, ".%03dZ ", (int)(now_ms % 1000));
}

/* Does stderr take a line now? A pipe whose reader stands still does not, and one that says it does has room for a
 * page. */
static bool stderr_takes(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1;
}

static void write_stderr(const struct journal_entry *entry, const struct fields *fields, const char *text)
{
    char line[2 * LINE_SIZE + (FIELD_COUNT + 1) * FIELD_SIZE]; /* every character of the text may need a backslash */
    size_t length = add_time(line);
    length +=
        (size_t)snprintf(line + length, FIELD_SIZE, "level=%s event=%s", journal_level_name(entry->level), entry->name);
    for (size_t i = 0; i < sizeof fields->list / sizeof fields->list[0]; i++) {
        if (fields->list[i].value) {
            snprintf(line + length, FIELD_SIZE, " %s=%s", fields->list[i].name, fields->list[i].value);
            length += strlen(line + length);
        }
    }
    if (is_fields(text)) {
        length += (size_t)sprintf(line + length, " %s", text);
    } else {
        length += (size_t)sprintf(line + length, " message=");
        length += add_quoted(line + length, text);
    }
    line[length++] = '\n';
    /* One write, so that lines of several processes do not mix; a log that cannot be written stops nobody. */
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}

/* A field of the journal: its name is upper case there. */
static struct iovec field_vector(char out[FIELD_SIZE], const char *name, const char *value)
{
    snprintf(out, FIELD_SIZE, "%s=%s", name, value);
    for (char *letter = out; *letter != '='; letter++)
        if (*letter >= 'a' && *letter <= 'z')
            *letter = (char)(*letter - 'a' + 'A');
    return (struct iovec){.iov_base = out, .iov_len = strlen(out)};
}

static void write_journal(const struct journal_entry *entry, const struct fields *fields, const char *text)
{
    char lines[FIELD_COUNT - 1][FIELD_SIZE], message[LINE_SIZE + sizeof "MESSAGE="], priority[16];
    struct iovec vectors[FIELD_COUNT];
    int count = 0;
    snprintf(message, sizeof message, "MESSAGE=%s", text);
    snprintf(priority, sizeof priority, "%d", (int)entry->level);
    vectors[0] = (struct iovec){.iov_base = message, .iov_len = strlen(message)};
    const struct field all[FIELD_COUNT - 1] = {
        {"priority", priority}, {"event", entry->name}, {"message_id", entry->id}, {"syslog_identifier", "referrald"},
        fields->list[0],        fields->list[1],        fields->list[2],
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].value) {
            vectors[count + 1] = field_vector(lines[count], all[i].name, all[i].value);
            count++;
        }
    }
    sd_journal_sendv(vectors, count + 1);
}

/* False: nobody takes it now. */
static bool write_line(const struct journal_about *about, enum journal_event event, const char *text)
{
    struct fields fields;
    fields_of(about, &fields);
    if (state.to_journal) {
        write_journal(&entries[event], &fields, text);
        return true;
    }
    if (!stderr_takes())
        return false;
    write_stderr(&entries[event], &fields, text);
    return true;
}

static bool is_in_pace(enum journal_event event)
{
    bool is_debug = entries[event].level == LOG_LEVEL_DEBUG;
    return pace_admits(&state.paces[event], is_debug ? JOURNAL_DEBUG_BURST : JOURNAL_BURST,
                       is_debug ? JOURNAL_DEBUG_LINE_MS : JOURNAL_LINE_MS, clock_boot_ms());
}

__attribute__((format(printf, 3, 0))) static void say(const struct journal_about *about, enum journal_event event,
                                                      const char *format, va_list arguments)
{
    if (!journal_wants(event) || !is_in_pace(event))
        return;
    char text[LINE_SIZE];
    vsnprintf(text, sizeof text, format, arguments);
    replace_controls(text);
    state.paces[event].denied += !write_line(about, event, text);
}

void journal(enum journal_event event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(&(struct journal_about){.institution = NULL}, event, format, arguments);
    va_end(arguments);
}

void journal_about(const struct journal_about *about, enum journal_event event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(about, event, format, arguments);
    va_end(arguments);
}

void journal_report(void)
{
    for (size_t i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        uint64_t lines = pace_take_denied(&state.paces[i]);
        if (lines != 0) {
            char text[LINE_SIZE];
            snprintf(text, sizeof text, "of=%s lines=%" PRIu64, entries[i].name, lines);
            bool is_told = write_line(&(struct journal_about){.institution = NULL}, JOURNAL_suppressed, text);
            state.paces[i].denied += is_told ? 0 : lines;
        }
    }
}
