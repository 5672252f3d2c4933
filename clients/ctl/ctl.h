/* ctl.h - one run of referralctl: what was asked, in which language, and how it ends. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "verbs.h"

/* Named in --help. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_REFUSED = 1, /* by the broker, or given up; or here, because something would be overwritten */
    EXIT_USAGE = 2,
    EXIT_NO_BROKER = 3,    /* cannot connect, or no answer in time */
    EXIT_BAD_FILE = 4,     /* an input file or key that cannot be read or is wrong, an output that cannot be written */
    EXIT_CHECK_FAILED = 5, /* verify, recount, replay: store, ledger or report is not as it should be */
};

#define CHECK_UNKNOWN 3 /* of `check`, whose codes are those of monitoring plugins */

#define OPTIONS_MAX   64 /* of a command line */
#define GIVEN_MAX     66 /* and what a verb adds */
#define ARGUMENTS_MAX 8

struct ctl {
    const struct verb *verb;
    const char *arguments[ARGUMENTS_MAX]; /* NULL-terminated; borrowed from argv */
    struct given {
        const struct option_info *option;
        const char *text; /* "" for a flag */
    } given[GIVEN_MAX];
    size_t given_count;
    bool zh, json;
    const char *print; /* of the JSON only what this path names; NULL: all of it */
    bool progress;
    FILE *out, *err;
};

/* The one of two texts that fits the language. */
const char *ctl_say(const struct ctl *ctl, const char *zh, const char *en);
/* One line on the error stream, with the program's name. */
void ctl_complain(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a run came to, when all of its output is where it belongs; else EXIT_BAD_FILE, complained of. */
int ctl_end(const struct ctl *ctl, int result);
/* As given last, or NULL. */
const char *ctl_option(const struct ctl *ctl, const char *name);
bool ctl_has(const struct ctl *ctl, const char *name);
/* As if it had been given, `text` borrowed; no more than a verb knows by itself. */
void ctl_give(struct ctl *ctl, const char *name, const char *text);
/* False (and a complaint) where it is given and no number from `min` to `max`; `*ret` stays as it was where it is not
 * given. */
bool ctl_number(const struct ctl *ctl, const char *name, long long min, long long max, long long *ret);
