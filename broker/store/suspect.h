/* suspect.h - the command at hand, where a crash leaves it: the file `at-hand`, one mapped page beside the store's
 * data.
 *
 * A command that trips an assertion would be sent again after the restart, trip it again, and stand still a whole
 * district. So each command of a client is named here before it is applied; the kernel keeps the page when the process
 * ends, whatever ended it. (A power cut may lose it: that is no fault of a command.)
 *
 * Who died of his own fault (an assertion, a fault signal, the watchdog's abort) while a command was at hand has found
 * the culprit at once. Who was killed from outside, or by a disk that did not give a page of the map (SIGBUS), has not,
 * unless the process before ended so over the very same command: then the others are served at least. */
#pragma once
#include "store/store.h"

#define SUSPECT_HASH_SIZE        16
#define SUSPECT_INSTITUTION_SIZE 72

struct suspect {
    uint8_t hash[SUSPECT_HASH_SIZE]; /* keyed, of all that a resend repeats */
    uint32_t kind;                   /* of the command */
    char institution[SUSPECT_INSTITUTION_SIZE];
};

/* From here on suspect_begin and suspect_end leave their mark; without it, or where it fails, they do nothing. 0 or a
 * negative errno. */
int suspect_watch(struct store *store);
void suspect_unwatch(struct store *store); /* an orderly end, in store_close; a culprit not settled stays in the page */
/* Did a command end the process before? False also where nobody watches. */
bool suspect_found(const struct store *store, struct suspect *ret_suspect);
/* It is known elsewhere now, durably. */
void suspect_settled(struct store *store);

void suspect_begin(struct store *store, const struct suspect *suspect);
void suspect_end(struct store *store);

/* For a signal handler, which may do no more: while *state is `at_hand` it is to become `crashed`. NULL where nobody
 * watches. */
struct suspect_mark {
    volatile uint32_t *state;
    uint32_t at_hand, crashed;
};
struct suspect_mark suspect_mark(struct store *store);
