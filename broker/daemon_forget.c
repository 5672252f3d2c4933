/* daemon_forget.c - when old keys of commands leave the store (D1, D8). The steps are turn/forgetter.h's. */
#include "daemon_inside.h"
#include "sys/journal.h"

#define PAUSE_MS      DAY_MS           /* from pass to pass: each reads every key there is */
#define AGAIN_MS      (60 * MINUTE_MS) /* after a failure, or while the time is in doubt */
#define STEP_PAUSE_MS 1

int64_t daemon_forget_step(struct daemon *daemon)
{
    struct turn_clock clock = daemon_now(daemon);
    struct forgetter *forgetter = &daemon->forgetter;
    uint64_t damaged = forgetter->damaged;
    int result = forgetter_step(forgetter, clock);
    if (forgetter->damaged > damaged)
        daemon_on_news(daemon, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (result > 0)
        return STEP_PAUSE_MS;
    if (result < 0)
        journal(JOURNAL_forget_failed, "%s", store_error(daemon->store));
    else if (forgetter->told != 0)
        journal(JOURNAL_forgotten, "keys=%llu", (unsigned long long)forgetter->told);
    return result < 0 || clock.hold ? AGAIN_MS : PAUSE_MS;
}
