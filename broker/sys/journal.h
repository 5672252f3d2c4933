/* journal.h - log lines: to the systemd journal with fields where we run under it, key=value on stderr elsewhere. Never
 * patient data, nor strings chosen by partners (P1): of a message id there is a keyed hash only.
 *
 * What may be logged is one table, journal_events.def, and each event has its level and its MESSAGE_ID there. On stderr
 * a line is `time=2026-11-22T01:10:45.123Z level=info event=stopping message="..."`, after the event what it is about:
 * `institution=H1 referral_id=... message_key=...`. A text that is key=value already ("endpoint=tcp://...") stands
 * there as it is. The journal has the same as fields, by the same names in upper case.
 *
 * Each event has a pace: JOURNAL_BURST lines at once, then one each JOURNAL_LINE_MS, and those of debug level many
 * more; what is left out is counted; so is what stderr does not take at once: a log whose reader stands still stops
 * nobody. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_BURST         20
#define JOURNAL_LINE_MS       200
#define JOURNAL_DEBUG_BURST   1000
#define JOURNAL_DEBUG_LINE_MS 5

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum journal_event {
#define EVENT(name, level, id, zh, en) JOURNAL_##name,
#include "sys/journal_events.def"
#undef EVENT
    JOURNAL_EVENT_COUNT
};

/* Once at start, before the first line; without it warnings and errors go to stderr. */
void journal_open(enum log_level level);
void journal_set_level(enum log_level level);
bool journal_level_parse(const char *text, enum log_level *ret_level);
const char *journal_level_name(enum log_level level); /* "warning" */
/* Is an event of this kind written at the level of now? For whoever must work to say it. */
bool journal_wants(enum journal_event event);

/* One sentence for people, or fields. */
void journal(enum journal_event event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define JOURNAL_KEY_SIZE 16
struct journal_about { /* NULL: not about one */
    const char *institution, *referral_id;
    const uint8_t *message_key; /* JOURNAL_KEY_SIZE bytes: the store's keyed hash of the message id */
};
void journal_about(const struct journal_about *about, enum journal_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says of each event how many lines of it were left out since the last call. Every few seconds, and at the end. */
void journal_report(void);

struct journal_entry { /* static texts */
    const char *name, *id, *zh, *en;
    enum log_level level;
};
/* The catalogue, for the file that journalctl reads. */
const struct journal_entry *journal_entry(enum journal_event event);
