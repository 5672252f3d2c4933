/* reserve_ledger.c - the ledger read naively, row by row: its numbers are those of the rows before it, and in the end
 * the model's (Q13). */
#include "reserve_broker.h"

#include "store/rows_place.h"

/* The slot a row is about; NOBODY: none of ours. */
static int slot_of(const Referral__LedgerRow *row)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES), date;

    if (row->resource == NULL || row->date == NULL || !date_parse(row->date, &date))
        return NOBODY;
    for (int i = 0; i < SLOTS; i++)
        if (reserve_slots[i].class == row->class_ && strcmp(reserve_slots[i].department, row->department) == 0 &&
            strcmp(reserve_slots[i].resource, row->resource) == 0 &&
            date_to_days(base) + reserve_slots[i].day == date_to_days(date))
            return i;
    return NOBODY;
}

static struct told_unit *unit_of(struct told_pool *pool, uint32_t number)
{
    for (int i = 0; i < pool->count; i++)
        if (pool->units[i].number == number)
            return &pool->units[i];
    return NULL;
}

static void add_units(struct told_pool *pool, const Referral__LedgerRow *row)
{
    for (size_t i = 0; i < row->n_new_units; i++) {
        const Referral__LedgerUnits *units = row->new_units[i];

        for (uint32_t u = 0; u < units->count && pool->count < UNITS_MAX; u++) {
            int64_t length = units->minutes == 0 ? HOUR_MS : (int64_t)units->minutes * MINUTE_MS;
            int64_t start = units->start_ms + (int64_t)u * units->minutes * MINUTE_MS;

            pool->units[pool->count++] = (struct told_unit){.number = units->first + u,
                                                            .start = start,
                                                            .end = start + length,
                                                            .state = REFERRAL__UNIT_STATE__UNIT_FREE};
        }
    }
}

static void take_terms(struct told_pool *pool, const Referral__LedgerRow *row)
{
    pool->reserve_bp = row->has_reserve_bp ? row->reserve_bp : pool->reserve_bp;
    pool->span = row->has_span ? row->span : pool->span;
    pool->fd_opens_at = row->has_fd_opens_at_ms ? row->fd_opens_at_ms : pool->fd_opens_at;
    pool->general_opens_at = row->has_general_opens_at_ms ? row->general_opens_at_ms : pool->general_opens_at;
    pool->release_at = row->has_release_at_ms ? row->release_at_ms : pool->release_at;
    pool->short_notice = row->has_short_notice ? row->short_notice : pool->short_notice;
}

static void set_units(struct told_pool *pool, const Referral__LedgerRow *row, int state, struct id booking)
{
    for (size_t i = 0; i < row->n_units; i++) {
        struct told_unit *unit = unit_of(pool, row->units[i]);

        if (unit == NULL)
            continue; /* the count will tell */
        unit->state = state;
        unit->booking = booking;
    }
}

static void cut_units(struct told_pool *pool, const Referral__LedgerRow *row)
{
    for (size_t i = 0; i < row->n_units; i++) {
        struct told_unit *unit = unit_of(pool, row->units[i]);

        if (unit != NULL)
            *unit = pool->units[--pool->count];
    }
}

/* Its units of before are free, whatever the row names. */
static void leave_units(struct told_pool *pool, struct id booking)
{
    for (int i = 0; i < pool->count; i++)
        if (id_equal(pool->units[i].booking, booking)) {
            pool->units[i].booking = (struct id){0};
            pool->units[i].state = REFERRAL__UNIT_STATE__UNIT_FREE;
        }
}

static void follow(struct told_pool *pool, const Referral__LedgerRow *row)
{
    int taken = row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR ? REFERRAL__UNIT_STATE__UNIT_FAMILY
                                                                 : REFERRAL__UNIT_STATE__UNIT_GENERAL;
    int left = row->to_blocked ? REFERRAL__UNIT_STATE__UNIT_BLOCKED : REFERRAL__UNIT_STATE__UNIT_FREE;
    struct id booking = {0}, none = {0};

    if (row->booking_id != NULL)
        id_parse(row->booking_id, "bd", &booking);
    switch ((int)row->event) {
    case REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED:
    case REFERRAL__LEDGER_EVENT__LEDGER_CHANGED:
    case REFERRAL__LEDGER_EVENT__LEDGER_ADDED:
        take_terms(pool, row);
        add_units(pool, row);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_GROUPED:
        take_terms(pool, row);
        pool->grouped = true;
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_CUT:
        cut_units(pool, row);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_POOL_CANCELLED:
        cut_units(pool, row);
        pool->cancelled = true;
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_BLOCKED:
        set_units(pool, row, REFERRAL__UNIT_STATE__UNIT_BLOCKED, none);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_UNBLOCKED:
        set_units(pool, row, REFERRAL__UNIT_STATE__UNIT_FREE, none);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_HELD:
    case REFERRAL__LEDGER_EVENT__LEDGER_BOOKED:
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN:
    case REFERRAL__LEDGER_EVENT__LEDGER_OFFERED:
    case REFERRAL__LEDGER_EVENT__LEDGER_ALLOTTED:
        set_units(pool, row, taken, booking);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_LAPSED:
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT:
        leave_units(pool, booking);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED:
    case REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED:
    case REFERRAL__LEDGER_EVENT__LEDGER_RETURNED:
        set_units(pool, row, left, none);
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_RELEASED:
        pool->released = true;
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_REFUSED:
        pool->refused_by_reserve += strcmp(row->code, "RESERVED") == 0 || strcmp(row->code, "GENERAL_CLOSED") == 0;
        break;
    case REFERRAL__LEDGER_EVENT__LEDGER_USED:
    case REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW:
    case REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE:
    default:
        break;
    }
}

static bool row_differs(struct broker *broker, const Referral__LedgerRow *row, const char *what, uint64_t found,
                        uint64_t told)
{
    return broker_differs(broker, "ledger row %llu (event %d, pool %d): %s %llu, by the rows before %llu\n",
                          (unsigned long long)broker->ledger_rows, row->event, slot_of(row), what,
                          (unsigned long long)found, (unsigned long long)told);
}

/* C, B, G, F after the row, counted from the units. */
static bool row_agrees(struct broker *broker, const struct told_pool *pool, const Referral__LedgerRow *row)
{
    const Referral__LedgerNumbers *numbers = row->numbers;
    uint64_t sums[5] = {0};

    if (numbers == NULL)
        return broker_differs(broker, "ledger row %llu has no numbers\n", (unsigned long long)broker->ledger_rows);
    for (int i = 0; i < pool->count; i++)
        sums[pool->units[i].state]++;
    if (numbers->capacity != (uint64_t)pool->count)
        return row_differs(broker, row, "C", numbers->capacity, (uint64_t)pool->count);
    if (numbers->blocked != sums[REFERRAL__UNIT_STATE__UNIT_BLOCKED])
        return row_differs(broker, row, "B", numbers->blocked, sums[REFERRAL__UNIT_STATE__UNIT_BLOCKED]);
    if (numbers->general != sums[REFERRAL__UNIT_STATE__UNIT_GENERAL])
        return row_differs(broker, row, "G", numbers->general, sums[REFERRAL__UNIT_STATE__UNIT_GENERAL]);
    if (numbers->family != sums[REFERRAL__UNIT_STATE__UNIT_FAMILY])
        return row_differs(broker, row, "F", numbers->family, sums[REFERRAL__UNIT_STATE__UNIT_FAMILY]);
    return true;
}

static bool read_row(struct broker *broker, const Referral__LedgerRow *row, int64_t at_ms)
{
    int slot = slot_of(row);

    broker->ledger_rows++;
    broker->refused_rows += row->event == REFERRAL__LEDGER_EVENT__LEDGER_REFUSED;
    if (slot == NOBODY)
        return true;
    follow(&broker->told[slot], row);
    broker->told[slot].released &= broker->told[slot].release_at <= at_ms; /* else it was put off */
    return row_agrees(broker, &broker->told[slot], row);
}

static bool told_differs(struct broker *broker, int slot, const char *what)
{
    return broker_differs(broker, "pool %d: its ledger tells another %s\n", slot, what);
}

/* Replayed, the rows give the pool (Q13). */
static bool told_agrees(struct broker *broker, const struct world *world, int slot)
{
    struct told_pool *told = &broker->told[slot];
    const struct m_pool *pool = &world->pools[slot];

    if (told->count != pool->count)
        return told_differs(broker, slot, "capacity");
    for (int i = 0; i < pool->count; i++) {
        const struct m_unit *unit = &pool->units[i];
        const struct told_unit *found = unit_of(told, (uint32_t)unit->number);

        if (found == NULL || found->start != unit->start || found->end != unit->end)
            return told_differs(broker, slot, "unit");
        if (found->state != (int)unit->state)
            return told_differs(broker, slot, "state of a unit");
        if (unit->booking != NOBODY && !id_equal(found->booking, broker->bookings[unit->booking]))
            return told_differs(broker, slot, "booking of a unit");
    }
    if (!pool->exists)
        return true;
    if ((int)told->reserve_bp != pool->reserve_bp || (int)told->span != pool->span)
        return told_differs(broker, slot, "p or span");
    if (told->fd_opens_at != pool->fd_opens_at || told->general_opens_at != pool->general_opens_at ||
        told->release_at != pool->release_at || told->short_notice != pool->short_notice)
        return told_differs(broker, slot, "time");
    if (told->cancelled != pool->cancelled || told->grouped != pool->grouped)
        return told_differs(broker, slot, "cancellation or group");
    if (!pool->cancelled && told->released != pool->released)
        return told_differs(broker, slot, "release");
    return true;
}

bool broker_replays(struct broker *broker, struct world *world)
{
    struct replay *replay = replay_open();
    struct store_txn *txn;
    struct bytes page;
    uint64_t first;
    bool same = true;

    arena_reset(&broker->turn, 1 << 22);
    if (store_read_begin(broker->store, &broker->turn, &txn) != 0)
        return false;
    while (same && ledger_page(txn, broker->hospital, replay_rows(replay) + 1, &page, &first))
        same = replay_page(replay, page) == 0;
    if (!same)
        broker_differs(broker, "replay: %s\n", replay_error(replay));
    same = same && broker_same_report(broker, world, replay);
    store_read_end(txn);
    replay_close(replay);
    return same;
}

bool broker_ledger_agrees(struct broker *broker, struct world *world, struct store_txn *txn)
{
    struct bytes page;
    uint64_t first;

    broker->refused_rows = 0;
    while (ledger_page(txn, broker->hospital, broker->ledger_rows + 1, &page, &first)) {
        enum refusal refusal;
        const Referral__LedgerPage *read = (const Referral__LedgerPage *)wire_unpack(&referral__ledger_page__descriptor,
                                                                                     page, &broker->turn, &refusal);

        for (size_t i = broker->ledger_rows + 1 - first; i < read->n_rows; i++)
            if (!read_row(broker, read->rows[i], read->at_ms))
                return false;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        if (!told_agrees(broker, world, slot))
            return false;
    return true;
}
