/* reserve_show.c - both pictures of the pools, for people. */
#include "reserve_broker.h"

#include "store/rows_place.h"

static const char letters[] = "?.BGF";

static int known_booking(const struct broker *broker, const struct world *world, struct id id)
{
    int i = 0;

    while (i < world->booking_count && !id_equal(broker->bookings[i], id))
        i++;
    return i < world->booking_count ? i : NOBODY;
}

static void show_pool(struct broker *broker, struct world *world, int slot, struct store_txn *txn)
{
    struct pool_key key = broker_pool_key(broker, slot);
    const Record__Pool *row = pool_row(txn, &key);

    broker_differs(broker, "pool %d: ", slot);
    for (size_t i = 0; row != NULL && i < row->n_units; i++) {
        struct id id = row->units[i]->has_booking ? id_from_key(row->units[i]->booking.data) : (struct id){0};

        broker_differs(broker, " %u%c", row->units[i]->number, letters[broker_unit_state(row->units[i])]);
        if (id_is_set(id))
            broker_differs(broker, "%d", known_booking(broker, world, id));
    }
    broker_differs(broker, "\n  rules:");
    reserve_counts(world, slot);
    for (int i = 0; i < world->pools[slot].count; i++) {
        const struct m_unit *unit = &world->pools[slot].units[i];

        broker_differs(broker, " %d%c", unit->number, letters[unit->state]);
        if (unit->booking != NOBODY)
            broker_differs(broker, "%d", unit->booking);
        else if (unit->marked)
            broker_differs(broker, "*");
    }
    broker_differs(broker, "\n");
}

static void show_list(struct broker *broker, struct world *world, int slot)
{
    static int entries[ENTRIES_MAX];
    int count = reserve_list(world, slot, entries);

    for (int i = 0; i < count; i++) {
        const struct m_entry *entry = &world->entries[entries[i]];

        broker_differs(broker, "  entry %d: %s%s, %d unit(s), days %d to %d, slot %d, referral %d, offer %d, declined",
                       entries[i], entry->displaced ? "displaced " : "",
                       entry->channel == REFERRAL__CHANNEL__GENERAL ? "general" : "family", entry->units,
                       entry->first_day, entry->last_day, entry->slot, entry->referral, entry->offer);
        for (int d = 0; d < entry->declined_count; d++)
            broker_differs(broker, " %d/%d", entry->declined_slot[d], entry->declined_unit[d]);
        broker_differs(broker, "\n");
    }
}

void broker_show(struct broker *broker, struct world *world)
{
    struct store_txn *txn = broker->txn;

    if (txn == NULL)
        arena_reset(&broker->turn, 1 << 22);
    if (txn == NULL && store_read_begin(broker->store, &broker->turn, &txn) != 0)
        return;
    for (int slot = 0; slot < SLOTS; slot++)
        if (world->pools[slot].exists)
            show_pool(broker, world, slot, txn);
    for (int slot = 0; slot < SLOTS; slot++)
        if (broker_begins_list(slot))
            show_list(broker, world, slot);
    if (txn != broker->txn)
        store_read_end(txn);
}
