/* daemon_suspect.c - the command that ended the process before is held back (D2); engine/quarantine.h tells the
 * rest. */
#include "daemon_inside.h"
#include "store/rows.h"
#include "store/suspect.h"
#include "sys/crash.h"
#include "sys/journal.h"
#include "wire/wire.h"
#include <string.h>

static bool is_held_back(struct daemon *daemon, const struct suspect *culprit)
{
    struct store_txn *txn = NULL;
    if (store_read_begin(daemon->store, &daemon->arena, &txn) < 0)
        return false;
    bool found = quarantine_row(txn, culprit->hash) != NULL;
    store_read_end(txn);
    arena_reset(&daemon->arena, 0);
    return found;
}

/* A disk without room has none for that turn either: the page keeps the culprit for the next start, and this process
 * leaves it alone. */
static int hold_back(struct daemon *daemon, const struct suspect *culprit)
{
    const struct kind_info *kind = kind_info(culprit->kind);
    const struct journal_about about = {.institution = culprit->institution};
    journal_about(&about, JOURNAL_quarantined, "kind=%s", kind ? kind->name : "unknown");
    turn_quarantine(daemon->turn, culprit);
    int failure = turn_run(daemon->turn, daemon_now(daemon));
    if (failure < 0)
        return failure;
    if (is_held_back(daemon, culprit)) {
        suspect_settled(daemon->store);
    } else {
        journal(JOURNAL_crash_unwatched,
                "the store has no room: the command that ended the broker is held back at the next start");
        suspect_unwatch(daemon->store);
    }
    return 0;
}

int daemon_suspect_open(struct daemon *daemon)
{
    struct suspect culprit;
    int failure = suspect_watch(daemon->store);
    if (failure < 0) { /* a full disk, most likely: worse than serving without */
        journal(JOURNAL_crash_unwatched, "a command that ends the broker will not be known: %s", strerror(-failure));
        return 0;
    }
    failure = suspect_found(daemon->store, &culprit) ? hold_back(daemon, &culprit) : 0;
    struct suspect_mark mark = suspect_mark(daemon->store);
    crash_watch(mark.state, mark.at_hand, mark.crashed);
    return failure;
}
