/* journal.h - log lines: to the systemd journal with fields where we run under it, key=value on stderr elsewhere. Never patient data,
 * nor strings chosen by partners (P1).
 *
 * On stderr a line is `level=info event=started message="..."`. A text that is key=value already ("endpoint=tcp://...") stands there
 * as it is: `level=info event=ready endpoint=tcp://127.0.0.1:5570`. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Once at start, before the first line; without it warnings and errors go to stderr. */
void journal_open(enum log_level level);
void journal_set_level(enum log_level level);
bool journal_level_parse(const char *text, enum log_level *ret_level);
/* `event` is a short word for machines ("started", "key_refused"); the rest is one sentence for people. */
void journal(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
