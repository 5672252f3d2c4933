/* reserve_hash.c - worlds that differ in names only are one state: bookings and entries count by where they stand,
 * times by how far off. */
#include "reserve_inside.h"

struct hasher {
    struct world *world;
    uint64_t hash;
    int bookings[BOOKINGS_MAX], entries[ENTRIES_MAX]; /* in the order in which they were met, from 1; 0: not yet */
    int booking_count, entry_count;
};

static void mix(struct hasher *hasher, int64_t value)
{
    hasher->hash = (hasher->hash ^ (uint64_t)value) * 0x9E3779B97F4A7C15ULL;
    hasher->hash ^= hasher->hash >> 29;
}

static int booking_place(struct hasher *hasher, int booking)
{
    if (booking == NOBODY)
        return 0;
    if (hasher->bookings[booking] == 0)
        hasher->bookings[booking] = ++hasher->booking_count;
    return hasher->bookings[booking];
}

static int entry_place(struct hasher *hasher, int entry)
{
    if (entry == NOBODY || !hasher->world->entries[entry].live)
        return 0;
    if (hasher->entries[entry] == 0)
        hasher->entries[entry] = ++hasher->entry_count;
    return hasher->entries[entry];
}

static void mix_booking(struct hasher *hasher, int id)
{
    const struct m_booking *booking = &hasher->world->bookings[id];
    bool held = booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD;

    mix(hasher, booking_place(hasher, id));
    mix(hasher, booking->channel);
    mix(hasher, booking->state);
    mix(hasher, held ? booking->expires_at - hasher->world->now : 0);
    mix(hasher, entry_place(hasher, booking->entry));
    mix(hasher, booking->count);
    mix(hasher, booking->units[0]);
    mix(hasher, booking->referral != NOBODY);
    mix(hasher, booking->allotment);
}

static void mix_pool(struct hasher *hasher, int slot)
{
    const struct m_pool *pool = &hasher->world->pools[slot];

    mix(hasher, pool->exists + 2 * pool->cancelled + 4 * pool->grouped + 8 * pool->short_notice);
    mix(hasher, pool->reserve_bp);
    mix(hasher, pool->span);
    mix(hasher, pool->release_at <= hasher->world->now);
    mix(hasher, pool->general_opens_at <= hasher->world->now);
    for (int i = 0; i < pool->count; i++) {
        const struct m_unit *unit = &pool->units[i];

        mix(hasher, unit->number);
        mix(hasher, unit->state);
        mix(hasher, unit->start <= hasher->world->now);
        if (unit->booking != NOBODY)
            mix_booking(hasher, unit->booking);
    }
}

static void mix_entry(struct hasher *hasher, int id)
{
    const struct m_entry *entry = &hasher->world->entries[id];

    if (!entry->live)
        return;
    mix(hasher, entry_place(hasher, id));
    mix(hasher, entry->channel + 4 * entry->displaced);
    mix(hasher, entry->units);
    mix(hasher, entry->lapses);
    mix(hasher, entry->slot);
    mix(hasher, booking_place(hasher, entry->offer));
    for (int i = 0; i < entry->declined_count; i++)
        mix(hasher, entry->declined_slot[i] * UNITS_MAX + entry->declined_unit[i]);
}

static void mix_referral(struct hasher *hasher, const struct m_referral *referral)
{
    mix(hasher, referral->state);
    mix(hasher, referral->accepted + 2 * referral->rebookings);
    for (int class = 1; class < CLASSES; class ++) {
        mix(hasher, booking_place(hasher, referral->claims[class].booking));
        mix(hasher, entry_place(hasher, referral->claims[class].entry));
        mix(hasher, referral->claims[class].is_main);
    }
}

/* The latest hold that lapsed may yet be confirmed. */
static void mix_lapsed(struct hasher *hasher)
{
    for (int i = hasher->world->booking_count - 1; i >= 0; i--)
        if (hasher->world->bookings[i].state == REFERRAL__BOOKING_STATE__PLACE_LAPSED) {
            mix_booking(hasher, i);
            return;
        }
}

uint64_t reserve_hash(struct world *world)
{
    static struct hasher hasher;

    memset(&hasher, 0, sizeof hasher);
    hasher.world = world;
    for (int slot = 0; slot < SLOTS; slot++)
        mix_pool(&hasher, slot);
    for (int i = 0; i < world->entry_count; i++)
        mix_entry(&hasher, i);
    for (int i = 0; i < world->referral_count; i++)
        mix_referral(&hasher, &world->referrals[i]);
    mix_lapsed(&hasher);
    return hasher.hash;
}
