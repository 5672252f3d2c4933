/* overview_watch.c - which alarms about a destination should stand, and which do. */
#include "turn/overview.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/settings.h"

#define DETAIL_SIZE 128

const char *overview_watched_code(enum overview_watched watched)
{
    static const char *const codes[] = {
#define X(name, code) code,
        OVERVIEW_WATCHED(X)
#undef X
    };

    return codes[watched];
}

static struct instant later(struct instant a, struct instant b)
{
    return a.ms > b.ms ? a : b;
}

/* A system that comes back soon is no alarm, and whoever only looks takes nothing: only what has waited, with nobody
 * there, for as long as is set. One that stands ends when somebody comes, or nothing waits: after a restart of the
 * broker nobody has been away for long. Whoever paused a destination knows that nobody takes anything. */
static bool is_unattended(struct store_txn *txn, const struct overview_destination *d, struct instant since,
                          struct instant now)
{
    int64_t limit_ms;

    if (d->waiting == 0 || d->live.consumers != 0 || d->paused)
        return false;
    limit_ms = setting_number(txn, SETTING_no_consumer_alarm_ms, d->id);
    since = later(later(since, d->live.last_consumer), d->oldest_at);
    return limit_ms != 0 && (d->stands[WATCHED_NO_CONSUMER] || now.ms - since.ms >= limit_ms);
}

/* Half of the time its receiver has to answer (L4). */
static bool is_half_late(const struct overview_destination *d, struct instant now)
{
    for (size_t i = 0; i < OVERVIEW_LANES; i++)
        if (instant_is_due(d->lanes[i].half_at, now))
            return true;
    return false;
}

/* D6: the engine's clock looks again only when as much time has passed once more; what is seen to be cured ends
 * before. */
static bool is_still_too_old(struct store_txn *txn, const struct overview_destination *d, struct instant now)
{
    if (!d->stands[WATCHED_TOO_OLD] || !instant_is_set(d->oldest_at))
        return false;
    return now.ms - d->oldest_at.ms >= setting_number(txn, SETTING_inbox_age_alarm_ms, d->id);
}

void overview_watch_destination(struct store_txn *txn, struct overview_destination *destination, struct instant since,
                                struct instant now)
{
    struct overview_destination *d = destination;

    for (int i = 0; i < WATCHED_COUNT; i++)
        d->stands[i] = alarm_row(txn, overview_watched_code((enum overview_watched)i), d->id) != NULL;
    d->holds[WATCHED_NO_CONSUMER] = is_unattended(txn, d, since, now);
    d->holds[WATCHED_HALF_DEADLINE] = is_half_late(d, now);
    d->holds[WATCHED_TOO_OLD] = is_still_too_old(txn, d, now);
    d->holds[WATCHED_DEAD_LETTERS] = d->dead != 0;
    d->holds[WATCHED_UNBALANCED] = d->accepted != d->acknowledged + d->waiting + d->dead + d->dropped; /* D7 */
}

/* Why, in numbers as they are when it is raised. */
static void tell(const struct overview_destination *d, enum overview_watched watched, char detail[DETAIL_SIZE])
{
    if (watched == WATCHED_NO_CONSUMER)
        snprintf(detail, DETAIL_SIZE, "waiting=%" PRIu64, d->waiting);
    else if (watched == WATCHED_HALF_DEADLINE)
        snprintf(detail, DETAIL_SIZE, "at_risk=%" PRIu64, d->at_risk - d->dead);
    else if (watched == WATCHED_DEAD_LETTERS)
        snprintf(detail, DETAIL_SIZE, "dead=%" PRIu64, d->dead);
    else
        snprintf(detail, DETAIL_SIZE,
                 "accepted=%" PRIu64 " acknowledged=%" PRIu64 " waiting=%" PRIu64 " dead=%" PRIu64 " dropped=%" PRIu64,
                 d->accepted, d->acknowledged, d->waiting, d->dead, d->dropped);
}

void overview_alarm(const struct overview *overview, struct turn *turn)
{
    char detail[DETAIL_SIZE];

    for (size_t i = 0; i < overview->destination_count; i++) {
        const struct overview_destination *d = &overview->destinations[i];

        for (int watched = 0; watched < WATCHED_COUNT; watched++) {
            if (d->holds[watched] == d->stands[watched])
                continue;
            tell(d, (enum overview_watched)watched, detail);
            turn_alarm(turn, overview_watched_code((enum overview_watched)watched), d->id, detail, d->holds[watched]);
        }
    }
}
