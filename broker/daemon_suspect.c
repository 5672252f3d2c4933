/* daemon_suspect.c - the command that ended the process before is held back (D2); engine/quarantine.h tells the rest. */
#include "daemon_inside.h"
#include "store/suspect.h"
#include "sys/crash.h"
#include "sys/journal.h"
#include "wire/wire.h"
#include <string.h>

static int hold_back(struct daemon *daemon, const struct suspect *culprit)
{
    const struct kind_info *kind = kind_info(culprit->kind);
    const struct journal_about about = {.institution = culprit->institution};
    journal_about(&about, JOURNAL_quarantined, "kind=%s", kind ? kind->name : "unknown");
    daemon_time_watch(daemon); /* C4: a doubt goes to disk with the first turn */
    turn_quarantine(daemon->turn, culprit);
    int failure = turn_run(daemon->turn, daemon_now(daemon));
    if (failure == 0) {
        suspect_settled(daemon->store);
    }
    return failure;
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
