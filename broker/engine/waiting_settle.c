/* waiting_settle.c - what has become free is offered to those who wait, in their order (Q8). */
#include "engine/booking_parts.h"
#include "rules/pool_times.h"
#include "rules/units.h"

#define IDS_KEPT 1000 /* for what else the command has to tell */

/* What one command has freed, in the order it was freed. Lives in the turn's arena. */
struct waiting_notes {
    void **list[2]; /* enum noted */
    size_t count[2], room[2];
    bool settling;
    int paused;
};
enum noted { NOTED_POOLS, NOTED_ENTRIES };

static struct waiting_notes *notes_of(struct work *work)
{
    if (work->waiting == NULL)
        work->waiting = arena_zalloc(work->arena, sizeof *work->waiting);
    return work->waiting;
}

/* Once is enough until it is settled. */
static void note(struct work *work, enum noted kind, void *item)
{
    struct waiting_notes *notes = notes_of(work);

    for (size_t i = 0; i < notes->count[kind]; i++)
        if (notes->list[kind][i] == item)
            return;
    if (notes->count[kind] == notes->room[kind]) {
        size_t room = notes->room[kind] == 0 ? 8 : 2 * notes->room[kind];
        void **more = arena_alloc(work->arena, room * sizeof *more);

        if (notes->count[kind] != 0)
            memcpy(more, notes->list[kind], notes->count[kind] * sizeof *more);
        notes->list[kind] = more;
        notes->room[kind] = room;
    }
    notes->list[kind][notes->count[kind]++] = item;
}

static void *take_note(struct waiting_notes *notes, enum noted kind, size_t at)
{
    void *taken;

    if (notes->count[kind] == 0)
        return NULL;
    taken = notes->list[kind][at];
    notes->count[kind]--;
    memmove(notes->list[kind] + at, notes->list[kind] + at + 1, (notes->count[kind] - at) * sizeof *notes->list[kind]);
    return taken;
}

static struct pool_of *take_pool(struct waiting_notes *notes)
{
    return take_note(notes, NOTED_POOLS, 0);
}

/* In the order of lists; where they are of different ones it does not matter. */
static bool goes_before(const struct wait_key *a, const struct wait_key *b)
{
    uint8_t id_a[ID_KEY_SIZE], id_b[ID_KEY_SIZE];

    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->since.ms != b->since.ms)
        return a->since.ms < b->since.ms;
    id_to_key(id_a, a->id);
    id_to_key(id_b, b->id);
    return memcmp(id_a, id_b, ID_KEY_SIZE) < 0;
}

/* Q8: who waits first, whoever's offer ended first. */
static struct waiting_of *take_entry(struct waiting_notes *notes)
{
    struct waiting_of *const *entries = (struct waiting_of *const *)notes->list[NOTED_ENTRIES];
    size_t first = 0;

    for (size_t i = 1; i < notes->count[NOTED_ENTRIES]; i++)
        if (goes_before(&entries[i]->key, &entries[first]->key))
            first = i;
    return take_note(notes, NOTED_ENTRIES, first);
}

void waiting_note_pool(struct work *work, struct pool_of *pool)
{
    note(work, NOTED_POOLS, pool);
}

void waiting_note_entry(struct work *work, struct waiting_of *entry)
{
    note(work, NOTED_ENTRIES, entry);
}

void waiting_pause(struct work *work)
{
    notes_of(work)->paused++;
}

void waiting_resume(struct work *work)
{
    notes_of(work)->paused--;
}

/* ---- Which units suit whom ---- */

struct offer { /* units of a pool for an entry, and how long they are held for it */
    struct pool_of *pool;
    uint32_t units[WAIT_UNITS_MAX];
    struct instant expires_at;
};

static bool is_wanted(const Record__WaitEntry *row, const struct pool_key *key)
{
    return key->day >= row->first_day && key->day <= row->last_day &&
           (row->resource == NULL || strcmp(row->resource, key->resource) == 0);
}

/* Of this pool: what the entry has let go before. */
static size_t barred_of(struct work *work, const Record__WaitEntry *row, const struct pool_of *pool,
                        uint32_t **ret_list)
{
    size_t count = 0;

    *ret_list = row->n_declined == 0 ? NULL : arena_alloc(work->arena, row->n_declined * sizeof **ret_list);
    for (size_t i = 0; i < row->n_declined; i++)
        if (bytes_equal(bytes_of(row->declined[i]->pool.data, row->declined[i]->pool.len), pool->key_bytes))
            (*ret_list)[count++] = row->declined[i]->number;
    return count;
}

/* An offer that nobody has the time to take is none: another unit of the pool may start later. */
static bool find_units(struct work *work, struct pool_of *pool, const Record__WaitEntry *row, struct offer *ret_offer)
{
    struct pool_wish wish = {
        .channel = (Referral__Channel)row->channel, .count = row->units, .starts_after = offer_starts_after(work->now)};
    struct instant start;
    uint32_t *barred;

    wish.barred_count = barred_of(work, row, pool, &barred);
    wish.barred = barred;
    if (pool_choose(work, pool, &wish, ret_offer->units) != REFUSED_NOT)
        return false;
    start = instant_of(pool_unit(pool, ret_offer->units[0])->start_ms);
    ret_offer->expires_at = offer_until(work->now, start, pool->hospital->offset_minutes);
    ret_offer->pool = pool;
    return true;
}

/* The pool is open to the entry's channel: nobody comes here who has not looked. */
static bool suits(struct work *work, struct pool_of *pool, const Record__WaitEntry *row, struct offer *ret_offer)
{
    return !row->has_offer && is_wanted(row, &pool->key) && find_units(work, pool, row, ret_offer);
}

/* ---- Offering ---- */

static void make_offer(struct work *work, struct waiting_of *entry, struct life_of *life, const struct offer *offer)
{
    Record__WaitEntry *row = entry->row;
    struct booking_seed seed = {.pool = offer->pool,
                                .channel = (Referral__Channel)row->channel,
                                .units = offer->units,
                                .count = row->units,
                                .expires_at = offer->expires_at,
                                .life = life,
                                .reference = row->reference,
                                .entry = entry->key.id,
                                .patient = row->patient};
    struct place_news news = {.event = PLACE_OFFERED, .entry = entry, .by = BY_CLOCK, .told = TOLD_SENDER};

    news.booking = booking_begin(work, &seed);
    FIELD_SET(row, offer, life_id_bytes(work, news.booking->id));
    wait_row_put(work->txn, &entry->key, row, false);
    pool_save(work, offer->pool);
    place_tell_owner(work, life, offer->pool->hospital, &news);
    if (life != NULL)
        life_save(work, life);
}

/* C3: what is due of the referral comes first, and may have taken the entry off the list or the units away. */
static bool offer_to(struct work *work, struct waiting_of *entry, struct pool_of *pool)
{
    struct life_of *life = NULL;
    struct offer offer;

    if (!suits(work, pool, entry->row, &offer))
        return false;
    if (entry->row->has_referral)
        life = life_load(work, life_id_of(entry->row->referral));
    if (entry->gone || !suits(work, pool, entry->row, &offer))
        return false;
    make_offer(work, entry, life, &offer);
    return true;
}

/* How many units, in a channel, are too many to be offered to anybody: 1 where there are none. */
static uint32_t too_many(struct work *work, const struct pool_of *pool, Referral__Channel channel)
{
    struct pool_wish wish = {.channel = channel, .count = 1, .starts_after = offer_starts_after(work->now)};
    uint32_t unit;
    bool any = pool_is_open(work, pool, channel) == REFUSED_NOT && pool_choose(work, pool, &wish, &unit) == REFUSED_NOT;

    return any ? UINT32_MAX : 1;
}

/* A turn has ids for so many offers and their notices. Where they run out the pool is due again at once, as if it had
 * not opened yet, and the next turn goes on. */
static bool has_ids(struct work *work, struct pool_of *pool)
{
    if (*work->next_ordinal < UINT16_MAX - IDS_KEPT)
        return true;
    FIELD_SET(pool->row, fd_opened, false);
    pool_save(work, pool);
    return false;
}

static bool has_free_unit(const Record__Pool *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->state == UNIT_IS_FREE)
            return true;
    return false;
}

struct left { /* of a pool, while a list is walked */
    bool is_known;
    uint32_t too_many_for_family, too_many_for_general;
};

static void look(struct work *work, const struct pool_of *pool, struct left *left)
{
    if (!left->is_known)
        *left = (struct left){.is_known = true,
                              .too_many_for_family = too_many(work, pool, REFERRAL__CHANNEL__FAMILY_DOCTOR),
                              .too_many_for_general = too_many(work, pool, REFERRAL__CHANNEL__GENERAL)};
}

/* What one entry is refused that bars nothing itself, all that want as much are refused: a list may be long. */
static void note_refused(const struct waiting_of *entry, uint32_t *too_many)
{
    const Record__WaitEntry *row = entry->row;

    if (!entry->gone && !row->has_offer && row->n_declined == 0)
        *too_many = row->units;
}

/* The next after `at` who could want units of this pool, and how many. Those passed over leave nothing behind: there
 * may be many. */
static bool next_who_wants(struct work *work, const struct pool_of *pool, struct wait_key *at, uint32_t *ret_units)
{
    const Record__WaitEntry *row;
    bool wants = false;

    do {
        size_t mark = arena_mark(work->arena);

        row = wait_row_next(work->txn, at, at);
        if (row != NULL) {
            wants = !row->has_offer && is_wanted(row, &pool->key);
            *ret_units = row->units;
        }
        arena_rewind(work->arena, mark);
    } while (row != NULL && !wants);
    return wants;
}

static void settle_pool(struct work *work, struct pool_of *pool)
{
    struct wait_key at = {.hospital = pool->key.hospital, .class = pool->key.class};
    struct left left = {0};
    uint32_t units;

    memcpy(at.department, pool->key.department, sizeof at.department);
    while (has_free_unit(pool->row) && next_who_wants(work, pool, &at, &units)) {
        bool is_family = at.rank <= RANK_FAMILY;
        uint32_t *too_many = is_family ? &left.too_many_for_family : &left.too_many_for_general;
        struct waiting_of *entry;

        look(work, pool, &left);
        if (left.too_many_for_general == 1 && (!is_family || left.too_many_for_family == 1))
            return; /* families come first */
        if (units >= *too_many)
            continue;
        entry = waiting_load(work, at.id);
        if (entry == NULL)
            continue;
        if (!has_ids(work, pool))
            return;
        if (offer_to(work, entry, pool))
            left.is_known = false;
        else
            note_refused(entry, too_many);
    }
}

/* There may be thousands, of which most have not opened yet: what is read to find that out is forgotten again. */
static bool could_offer(struct work *work, const struct pool_key *key, Referral__Channel channel)
{
    size_t mark = arena_mark(work->arena);
    const Record__Pool *row = pool_head(work->txn, key);
    bool could = row != NULL && pool_row_is_open(work, row, channel) == REFUSED_NOT;

    if (could) {
        row = pool_row(work->txn, key);
        could = row != NULL && has_free_unit(row);
    }
    arena_rewind(work->arena, mark);
    return could;
}

/* The earliest that suits, of all pools of its department. */
static void settle_entry(struct work *work, struct waiting_of *entry)
{
    struct pool_key from = {.hospital = entry->key.hospital, .class = entry->key.class, .day = entry->row->first_day};
    struct pool_key key;

    memcpy(from.department, entry->key.department, sizeof from.department);
    while (!entry->gone && !entry->row->has_offer && pool_key_from(work->txn, &from, &key)) {
        if (key.hospital != from.hospital || key.class != from.class || key.day > entry->row->last_day ||
            strcmp(key.department, from.department) != 0)
            return;
        if (is_wanted(entry->row, &key) && could_offer(work, &key, (Referral__Channel)entry->row->channel))
            offer_to(work, entry, pool_load(work, &key));
        from = pool_key_after(&key);
    }
}

void waiting_settle(struct work *work)
{
    struct waiting_notes *notes = work->waiting;
    struct pool_of *pool;
    struct waiting_of *entry;

    if (notes == NULL || notes->settling || notes->paused != 0)
        return;
    notes->settling = true;
    do {
        while ((pool = take_pool(notes)) != NULL)
            settle_pool(work, pool);
        entry = take_entry(notes);
        if (entry != NULL && !entry->gone)
            settle_entry(work, entry);
    } while (entry != NULL || notes->count[NOTED_POOLS] != 0);
    notes->settling = false;
}
