/* pool_due.c - what the instants of a pool bring, and the next of them (Q6, Q7, Q8, C1, C3, C4). */
#include "engine/booking.h"
#include "engine/families.h"
#include "engine/ledger.h"
#include "engine/life_clock.h"
#include "engine/pool_count.h"
#include "engine/pool_parts.h"
#include "engine/waiting.h"

static struct instant last_end(const Record__Pool *row)
{
    int64_t end_ms = 0;

    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->end_ms > end_ms)
            end_ms = row->units[i]->end_ms;
    return instant_of(end_ms);
}

/* When nobody can come any more; unset: nothing is booked, or it was looked after. */
static struct instant over_at(struct work *work, const struct pool_of *pool)
{
    bool booked = false;

    for (size_t i = 0; i < pool->row->n_units && !booked; i++)
        booked = unit_is_booked((enum unit_state)pool->row->units[i]->state);
    if (!booked || pool->row->over)
        return instant_of(0);
    return instant_after(last_end(pool->row),
                         life_terms(work, pool->hospital->institution->id)->settings.no_show_after_ms);
}

/* Q7: each hold that has ended, in order of its units. */
static bool lapse_holds(struct work *work, struct pool_of *pool)
{
    bool lapsed = false;

    for (size_t i = 0; i < pool->row->n_units; i++) {
        const Record__Unit *unit = pool->row->units[i];

        if (instant_is_due(instant_of(unit->held_until_ms), work->now)) {
            booking_lapse(work, pool, id_from_key(unit->booking.data));
            lapsed = true;
        }
    }
    return lapsed;
}

/* Q6, Q8: whoever waits is offered places from the instant his channel opens. */
static bool open_channels(struct work *work, struct pool_of *pool)
{
    Record__Pool *row = pool->row;
    bool family = !row->fd_opened && instant_is_due(instant_of(row->fd_opens_at_ms), work->now);
    bool general = !row->general_opened && instant_is_due(instant_of(row->general_opens_at_ms), work->now);

    if (family)
        FIELD_SET(row, fd_opened, true);
    if (general)
        FIELD_SET(row, general_opened, true);
    if (family || general)
        pool_freed(work, pool);
    return family || general;
}

/* How many units of the set's pool `position` are kept, as if the release had not come. */
static uint32_t count_marked(const struct pool_count *count, size_t position)
{
    uint32_t marked = 0;

    for (size_t i = 0; i < count->units.count; i++)
        marked += count->units.list[i].pool == position && count->units.list[i].marked;
    return marked;
}

static bool is_release_due(const struct work *work, const struct pool_of *pool)
{
    return !work->hold && !pool->row->cancelled && !pool->row->released &&
           instant_is_due(instant_of(pool->row->release_at_ms), work->now);
}

/* Q6: from now on nothing is kept. All pools of a group at once, each told how much of it was. */
static bool release_reserve(struct work *work, const struct pool_set *set)
{
    struct pool_count kept = {0};
    bool any = false;

    for (size_t i = 0; i < set->count; i++)
        any = any || is_release_due(work, set->pools[i]);
    if (any)
        kept = pool_count(work->arena, set->rows, set->count, work->now, true);
    for (size_t i = 0; i < set->count; i++) {
        Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;

        if (!is_release_due(work, set->pools[i]))
            continue;
        FIELD_SET(set->rows[i], released, true);
        FIELD_SET(&row, event, REFERRAL__LEDGER_EVENT__LEDGER_RELEASED);
        FIELD_SET(&row, count, count_marked(&kept, i));
        ledger_write(work, set->pools[i], &row);
        pool_freed(work, set->pools[i]);
    }
    return any;
}

/* Section 4: nobody said whether the patients came. */
static bool assume_no_shows(struct work *work, struct pool_of *pool)
{
    struct id before = {0};

    if (work->hold || !instant_is_due(over_at(work, pool), work->now))
        return false;
    FIELD_SET(pool->row, over, true);
    for (size_t i = 0; i < pool->row->n_units; i++) {
        const Record__Unit *unit = pool->row->units[i];
        struct id id = unit_is_booked((enum unit_state)unit->state) ? id_from_key(unit->booking.data) : (struct id){0};

        if (id_is_set(id) && !id_equal(id, before))
            booking_assume_no_show(work, pool, id);
        before = id;
    }
    return true;
}

/* C4: a doubtful time ends no hold, releases nothing and assumes nothing; what opens opens. */
static bool do_what_is_due(struct work *work, const struct pool_set *set)
{
    bool did = false;

    for (size_t i = 0; i < set->count && !work->hold; i++)
        did = lapse_holds(work, set->pools[i]) || did;
    for (size_t i = 0; i < set->count; i++)
        did = (!set->rows[i]->cancelled && open_channels(work, set->pools[i])) || did;
    did = release_reserve(work, set) || did;
    for (size_t i = 0; i < set->count; i++)
        did = assume_no_shows(work, set->pools[i]) || did;
    return did;
}

void pool_catch_up(struct work *work, const struct pool_set *set)
{
    uint64_t own = store_put_count(work->txn) - work->put_mark;

    work->catching_up++;
    if (do_what_is_due(work, set)) {
        for (size_t i = 0; i < set->count; i++)
            pool_save(work, set->pools[i]);
        waiting_settle(work);
    }
    work->catching_up--;
    work->put_mark = store_put_count(work->txn) - own;
}

void pool_follow_times(struct work *work, struct pool_of *pool)
{
    if (!pool->row->cancelled)
        open_channels(work, pool);
    release_reserve(work, pool->set);
}

void pool_wake(struct work *work, struct instant at, struct bytes key_bytes)
{
    struct pool_key key;
    struct pool_of *pool = pool_key_parse(key_bytes, &key) ? pool_load(work, &key) : NULL;

    if (pool != NULL && clockwork_wakes(at, pool->row->due_ms))
        pool_save(work, pool); /* what a doubtful time holds back moves its row on (C4) */
}

static void soonest(struct instant *next, struct instant at)
{
    if (instant_is_set(at) && (!instant_is_set(*next) || at.ms < next->ms))
        *next = at;
}

struct instant pool_next_due(struct work *work, const struct pool_of *pool)
{
    const Record__Pool *row = pool->row;
    struct instant next = instant_of(0);

    for (size_t i = 0; i < row->n_units; i++)
        soonest(&next, work_held_back(work, instant_of(row->units[i]->held_until_ms)));
    if (!row->cancelled) {
        soonest(&next, instant_of(row->fd_opened ? 0 : row->fd_opens_at_ms));
        soonest(&next, instant_of(row->general_opened ? 0 : row->general_opens_at_ms));
        soonest(&next, work_held_back(work, instant_of(row->released ? 0 : row->release_at_ms)));
    }
    soonest(&next, work_held_back(work, over_at(work, pool)));
    return next;
}
