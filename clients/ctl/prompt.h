/* prompt.h - a conversation on the error stream: answers are lines, or single keys while a line counts down.
 *
 * While it lasts, SIGINT, SIGTERM and SIGHUP end no process: they come back as "stopped", and so does the end of the
 * input, so that the caller can give back what it holds. The connection is served meanwhile. Where there is no
 * terminal, answers are lines all the same. */
#pragma once
#include <referral/client.h>
#include <stdbool.h>
#include <termios.h>

#include "ctl.h"

struct prompt {
    const struct ctl *ctl;
    struct referral_client *client;
    int signals;          /* signalfd */
    bool terminal;        /* input and error stream are one */
    bool stopped;         /* for good */
    bool keys;            /* single keys, unechoed */
    bool drawn;           /* the cursor stands in a line that prompt_draw wrote */
    struct termios saved; /* while `keys` */
};

enum prompt_answer { PROMPT_NOTHING = 0, PROMPT_STOPPED = -1 }; /* else a key */

/* EXIT_OK, else complained. */
int prompt_open(struct prompt *prompt, const struct ctl *ctl, struct referral_client *client);
void prompt_close(struct prompt *prompt);

/* Asks, and waits for a line. False: stopped. */
bool prompt_line(struct prompt *prompt, const char *question, char *out, size_t size);
/* The same; on a terminal what is typed is not shown. */
bool prompt_hidden(struct prompt *prompt, const char *question, char *out, size_t size);
/* Waits at most `timeout_ms` (-1: for ever) for one of `keys` ("cag"), upper case or lower, or its position as a digit
 * ("1"): the key, PROMPT_NOTHING or PROMPT_STOPPED. */
int prompt_key(struct prompt *prompt, const char *keys, int timeout_ms);
/* Serves the connection until then (monotonic, progress.h), without looking at the keyboard. False: stopped. */
bool prompt_wait(struct prompt *prompt, int64_t until_ms);
/* The line that prompt_key answers, instead of what stood there: on a terminal rewritten in place; elsewhere printed
 * once. */
void prompt_draw(struct prompt *prompt, const char *line);
/* A line of its own. */
void prompt_say(struct prompt *prompt, const char *format, ...) __attribute__((format(printf, 2, 3)));
