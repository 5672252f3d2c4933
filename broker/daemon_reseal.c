/* daemon_reseal.c - a data key that was added is taken, and rows move under it between turns (store/reseal.h). */
#include "daemon_inside.h"
#include "store/reseal.h"
#include "sys/journal.h"
#include <errno.h>

#define STEP_PAUSE_MS 5    /* at least; else as long as the step took: half of the disk's time is the turns' */
#define WAIT_MS       1000 /* a reader pins pages: what is moved would make the store grow, and end a backup */
#define READER_TURNS  64
#define FAILED_MS     60000 /* also of a store that is full */
#define TELL_MS       10000

void daemon_reseal_taken(struct daemon *daemon, uint32_t before)
{
    uint32_t newest = store_newest_key(daemon->store);
    if (newest != before)
        journal(JOURNAL_key_taken, "data_key=%u", newest);
}

/* 0: now; else in so many milliseconds. */
static int64_t wait_ms(struct daemon *daemon)
{
    struct store_reader reader;
    struct store_room room;
    if (store_room(daemon->store, &room) < 0 || room.full)
        return FAILED_MS;
    return store_oldest_reader(daemon->store, &reader) == 0 && reader.pid != 0 && reader.turns > READER_TURNS ? WAIT_MS
                                                                                                              : 0;
}

static uint64_t rows_left(const struct reseal_state *state)
{
    return state->is_done ? 0 : state->total > state->passed ? state->total - state->passed : 1;
}

static void tell(struct daemon *daemon, const struct reseal_state *state)
{
    struct daemon_reseal *reseal = &daemon->reseal;
    int64_t now_ms = clock_boot_ms();
    if (state->is_done && reseal->is_walking) {
        journal(JOURNAL_resealed, "data_key=%u rows=%llu", state->key, (unsigned long long)state->passed);
    } else if (!state->is_done && (!reseal->is_walking || now_ms - reseal->told_ms >= TELL_MS)) {
        journal(JOURNAL_resealing, "data_key=%u rows=%llu rows_left=%llu", state->key,
                (unsigned long long)state->passed, (unsigned long long)rows_left(state));
        reseal->told_ms = now_ms;
    }
    reseal->is_walking = !state->is_done;
    reseal->rows_left = rows_left(state);
}

int64_t daemon_reseal_step(struct daemon *daemon)
{
    struct reseal_state state;
    int64_t from_ms = clock_boot_ms();
    int more = reseal_look(daemon->store, &daemon->arena, &state);
    if (more == 0 && !state.is_done) {
        int64_t wait = wait_ms(daemon);
        if (wait > 0)
            return wait;
        tell(daemon, &state);
        more = reseal_advance(daemon->store, &daemon->arena, &state);
    }
    if (more == -EBADMSG)
        daemon_on_news(daemon, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (more < 0) {
        journal(JOURNAL_reseal_failed, "%s", store_error(daemon->store));
        return FAILED_MS;
    }
    tell(daemon, &state);
    int64_t took_ms = clock_boot_ms() - from_ms;
    return more == 0 ? -1 : took_ms > STEP_PAUSE_MS ? took_ms : STEP_PAUSE_MS;
}
