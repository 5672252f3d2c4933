/* reserve_wait.c - the wait-list: its order, and who is offered what was freed (Q8). */
#include "reserve_inside.h"

#define LAPSES_MAX     3
#define DISPLACED_DAYS 14

static int rank_of(const struct m_entry *entry)
{
    bool family = entry->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;

    return (family ? 0 : 2) + (entry->displaced ? 0 : 1);
}

/* Displaced family, family, displaced general, general; then priority, then since. */
static bool goes_before(const struct m_entry *a, const struct m_entry *b)
{
    if (rank_of(a) != rank_of(b))
        return rank_of(a) < rank_of(b);
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->since < b->since; /* entries stand in the order in which they were made */
}

int reserve_list(const struct world *world, int slot, int ret_entries[ENTRIES_MAX])
{
    int count = 0;

    for (int i = 0; i < world->entry_count; i++) {
        const struct m_entry *entry = &world->entries[i];
        int at;

        if (!entry->live || entry->class != reserve_slots[slot].class ||
            strcmp(entry->department, reserve_slots[slot].department) != 0)
            continue;
        for (at = count++; at > 0 && goes_before(entry, &world->entries[ret_entries[at - 1]]); at--)
            ret_entries[at] = ret_entries[at - 1];
        ret_entries[at] = i;
    }
    return count;
}

int reserve_find_entry(const struct world *world, struct name name)
{
    for (int i = 0; i < world->entry_count; i++)
        if (world->entries[i].name.label == name.label && world->entries[i].name.nth == name.nth)
            return i;
    return NOBODY;
}

void m_looked_at(struct world *world, int slot)
{
    world->pools[slot].saved_at = world->now;
    world->pools[slot].saved_doubt = world->doubt && world->lives != NULL;
}

void m_note(struct world *world, int slot)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);

    for (int i = 0; i < count; i++) {
        if (world->pools[slots[i]].noted == 0)
            world->pools[slots[i]].noted = ++world->note_count;
        m_looked_at(world, slots[i]);
    }
}

int m_entry_make(struct world *world, const struct m_entry *seed)
{
    int id = world->entry_count++;
    struct m_entry *entry = &world->entries[id];

    assert(id < ENTRIES_MAX);
    *entry = *seed;
    entry->name = (struct name){world->label, world->made_entries++};
    entry->live = entry->noted = true;
    entry->offer = NOBODY;
    entry->since = world->now;
    entry->due_at = m_day_start(entry->last_day + 1);
    entry->priority =
        entry->referral == NOBODY ? REFERRAL__PRIORITY__ROUTINE : world->referrals[entry->referral].priority;
    if (entry->referral != NOBODY)
        m_claim_begun(world, entry->referral, entry->class)->entry = id;
    return id;
}

/* Its claim and its live offer end with it. */
void m_entry_remove(struct world *world, int entry)
{
    struct m_entry *left = &world->entries[entry];
    int offer = left->offer;

    left->live = false;
    left->offer = NOBODY;
    if (left->referral != NOBODY) {
        struct m_claim *claim = m_claim_of(world, left->referral, left->class);

        claim->entry = NOBODY;
        claim->is_main = false;
    }
    if (offer == NOBODY)
        return;
    m_booking_vacate(world, offer, false);
    m_booking_finish(world, offer, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
}

/* By the clock: its owner is told, and all of the referral whose state it drove. */
static void leave(struct world *world, int entry)
{
    const struct m_entry *left = &world->entries[entry];
    bool was_main = left->referral != NOBODY && m_claim_of(world, left->referral, left->class)->is_main;

    m_entry_remove(world, entry);
    if (was_main)
        m_life_back(&world->referrals[left->referral]);
    m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_LIST_LEFT,
                                   .referral = left->referral,
                                   .told = was_main ? TOLD_ALL : TOLD_SENDER,
                                   .by = SIDE_CLOCK,
                                   .is_step = was_main});
}

/* Its last day is over. What is due of its offer and its referral comes first, and may have ended it (C3); a doubtful
 * time waits (C4). */
void m_entry_wake(struct world *world, int entry)
{
    struct m_entry *waits = &world->entries[entry];

    if (waits->offer != NOBODY)
        m_pool_touch(world, world->bookings[waits->offer].slot);
    if (waits->live && waits->referral != NOBODY)
        m_referral_touch(world, waits->referral);
    if (!waits->live)
        return;
    if (world->doubt)
        waits->due_at = world->now + MINUTE_MS;
    else
        leave(world, entry);
}

/* Declined, lapsed or displaced: it keeps its rank, but is not offered that unit again; with the third lapse it
 * goes. */
void m_entry_offer_ended(struct world *world, int entry, int booking, bool lapsed)
{
    struct m_entry *waits = &world->entries[entry];
    const struct m_booking *offer = &world->bookings[booking];

    waits->offer = NOBODY;
    for (int i = 0; i < offer->count && waits->declined_count < DECLINED_MAX; i++) {
        waits->declined_slot[waits->declined_count] = offer->slot;
        waits->declined_unit[waits->declined_count++] = offer->units[i];
    }
    waits->lapses += lapsed;
    waits->noted = true; /* it may be offered what was passed to nobody meanwhile */
    if (waits->lapses >= LAPSES_MAX)
        leave(world, entry);
}

/* Q10: it waits first, from its day on for 14 days, for any resource. */
void m_entry_displaced(struct world *world, int booking)
{
    const struct m_booking *lost = &world->bookings[booking];
    const struct slot *slot = &reserve_slots[lost->slot];
    struct m_entry seed = {.displaced = true,
                           .class = slot->class,
                           .department = slot->department,
                           .slot = NOBODY,
                           .first_day = slot->day,
                           .last_day = slot->day + DISPLACED_DAYS,
                           .units = lost->count,
                           .referral = lost->referral,
                           .channel = lost->channel};

    m_entry_make(world, &seed);
}

static bool suits(const struct world *world, const struct m_entry *entry, int slot)
{
    const struct slot *offered = &reserve_slots[slot];
    const struct m_pool *pool = &world->pools[slot];
    bool family = entry->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;

    if (!pool->exists || pool->cancelled || entry->class != offered->class ||
        strcmp(entry->department, offered->department) != 0)
        return false;
    if (entry->slot != NOBODY && strcmp(reserve_slots[entry->slot].resource, offered->resource) != 0)
        return false;
    if (offered->day < entry->first_day || offered->day > entry->last_day)
        return false;
    return (family ? pool->fd_opens_at : pool->general_opens_at) <= world->now;
}

/* True: it has an offer now. */
static bool offer(struct world *world, int entry, int slot)
{
    struct m_entry *waits = &world->entries[entry];
    struct wish wish = {.slot = slot, .count = waits->units, .channel = waits->channel, .entry = entry};
    int units[UNITS_MAX];

    if (waits->offer != NOBODY || !suits(world, waits, slot) || !m_units_choose(world, &wish, units))
        return false;
    if (waits->referral != NOBODY)
        m_referral_touch(world, waits->referral); /* what is due of it comes first, and may have ended it */
    if (!waits->live || !m_units_choose(world, &wish, units))
        return false;
    waits->offer = m_booking_make(
        world, &(struct seed){.slot = slot,
                              .count = waits->units,
                              .referral = waits->referral,
                              .entry = entry,
                              .units = units,
                              .channel = waits->channel,
                              .expires_at = m_offer_until(world->now, world->pools[slot].units[units[0]].start)});
    m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_OFFERED,
                                   .referral = waits->referral,
                                   .told = TOLD_SENDER,
                                   .by = SIDE_CLOCK});
    return true;
}

static void offer_pool(struct world *world, int slot)
{
    int entries[ENTRIES_MAX], count = reserve_list(world, slot, entries);

    for (int i = 0; i < count; i++)
        offer(world, entries[i], slot);
}

/* Slots in the order of day, then resource. */
static int next_slot(const struct world *world, bool *seen)
{
    int next = NOBODY;

    for (int i = 0; i < SLOTS; i++) {
        if (seen[i] || !world->pools[i].exists)
            continue;
        if (next == NOBODY || reserve_slots[i].day < reserve_slots[next].day ||
            (reserve_slots[i].day == reserve_slots[next].day &&
             strcmp(reserve_slots[i].resource, reserve_slots[next].resource) < 0))
            next = i;
    }
    if (next != NOBODY)
        seen[next] = true;
    return next;
}

static bool has_free_unit(const struct m_pool *pool)
{
    for (int i = 0; i < pool->count; i++)
        if (pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_FREE)
            return true;
    return false;
}

/* The earliest that suits; what is due of a pool comes before anything of it is offered (C3). */
static void offer_entry(struct world *world, int entry)
{
    bool seen[SLOTS] = {false};
    int slot;

    while (world->entries[entry].live && world->entries[entry].offer == NOBODY &&
           (slot = next_slot(world, seen)) != NOBODY) {
        if (!suits(world, &world->entries[entry], slot) || !has_free_unit(&world->pools[slot]))
            continue;
        m_pool_touch(world, slot);
        offer(world, entry, slot);
    }
}

/* The first in its list that is to be looked at; NOBODY: none. */
static int next_entry(struct world *world)
{
    int first = NOBODY;

    for (int i = 0; i < world->entry_count; i++)
        if (world->entries[i].noted && (first == NOBODY || goes_before(&world->entries[i], &world->entries[first])))
            first = i;
    if (first != NOBODY)
        world->entries[first].noted = false;
    return first;
}

/* Whatever was freed first. */
static int next_pool(struct world *world)
{
    int first = NOBODY;

    for (int slot = 0; slot < SLOTS; slot++)
        if (world->pools[slot].exists && world->pools[slot].noted != 0 &&
            (first == NOBODY || world->pools[slot].noted < world->pools[first].noted))
            first = slot;
    if (first != NOBODY)
        world->pools[first].noted = 0;
    return first;
}

static bool next_pool_waits(const struct world *world)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (world->pools[slot].noted != 0)
            return true;
    return false;
}

/* Until nothing more can be offered to anybody. */
void m_settle(struct world *world)
{
    int slot, entry;

    if (world->settling)
        return;
    world->settling = true;
    do {
        while ((slot = next_pool(world)) != NOBODY)
            offer_pool(world, slot);
        entry = next_entry(world);
        if (entry != NOBODY)
            offer_entry(world, entry);
    } while (entry != NOBODY || next_pool_waits(world));
    world->settling = false;
}
