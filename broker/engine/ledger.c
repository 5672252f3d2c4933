/* ledger.c - what happened to a pool, with its numbers after it, as a row that anybody can recompute (Q13). */
#include "engine/ledger.h"

#include "engine/pool_count.h"

struct ledger_asked { /* what the command wanted of a pool */
    struct pool_of *pool;
    Referral__Channel channel;
    uint32_t count;
};

static Referral__LedgerNumbers *numbers_of(struct work *work, const struct quota *quota)
{
    Referral__LedgerNumbers *numbers = arena_alloc(work->arena, sizeof *numbers);

    referral__ledger_numbers__init(numbers);
    FIELD_SET(numbers, capacity, quota->capacity);
    FIELD_SET(numbers, reserve, quota_reserve(quota));
    FIELD_SET(numbers, blocked, quota->blocked);
    FIELD_SET(numbers, general, quota->general);
    FIELD_SET(numbers, family, quota->family);
    return numbers;
}

/* Of a grouped pool R is its group's: it has none of its own. */
static void fill_numbers(struct work *work, const struct pool_of *pool, Referral__LedgerRow *row)
{
    struct quota set = pool_numbers(work, pool);

    if (pool->set->group == NULL) {
        row->numbers = numbers_of(work, &set);
    } else {
        struct quota alone = pool_quota(pool->row, work->now, true);

        row->numbers = numbers_of(work, &alone);
        FIELD_CLEAR(row->numbers, reserve);
        row->group = numbers_of(work, &set);
    }
    FIELD_SET(row, deficit, quota_deficit(&set, work->now));
}

/* What only time does, whoever's command found it done (C3). */
static bool is_by_clock(const struct work *work, const Referral__LedgerRow *row)
{
    return work->catching_up != 0 || row->event == REFERRAL__LEDGER_EVENT__LEDGER_RELEASED ||
           row->event == REFERRAL__LEDGER_EVENT__LEDGER_OFFERED || strcmp(work->actor, "broker") == 0;
}

bool ledger_is_hospitals(const struct work *work, uint32_t hospital)
{
    return work->catching_up == 0 && !work->gives_back &&
           (work->actor_number == hospital || work->decides_for == hospital);
}

static const char *who_did_it(const struct work *work, const struct registry_institution *hospital,
                              const Referral__LedgerRow *row)
{
    if (is_by_clock(work, row))
        return "clock";
    if (ledger_is_hospitals(work, hospital->row->number))
        return "hospital";
    return row->has_channel && row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR ? "family" : "sender";
}

static void add(struct work *work, const struct registry_institution *hospital, Referral__LedgerRow *row)
{
    if (row->by == NULL)
        row->by = arena_text(work->arena, who_did_it(work, hospital, row));
    ledger_add(work->txn, hospital->row->number, hospital->institution->id, wire_pack(&row->base, work->arena));
}

void ledger_write(struct work *work, const struct pool_of *pool, Referral__LedgerRow *row)
{
    FIELD_SET(row, class_, (Referral__PlaceClass)pool->key.class);
    row->department = arena_text(work->arena, pool->key.department);
    row->resource = arena_text(work->arena, pool->key.resource);
    row->date = arena_text(work->arena, pool->date);
    fill_numbers(work, pool, row);
    add(work, pool->hospital, row);
}

void ledger_write_terms(struct work *work, const struct pool_of *pool, Referral__LedgerRow *row)
{
    FIELD_SET(row, reserve_bp, pool->row->reserve_bp);
    FIELD_SET(row, span, pool->row->span);
    FIELD_SET(row, fd_opens_at_ms, pool->row->fd_opens_at_ms);
    FIELD_SET(row, general_opens_at_ms, pool->row->general_opens_at_ms);
    FIELD_SET(row, release_at_ms, pool->row->release_at_ms);
    FIELD_SET(row, short_notice, pool->row->short_notice);
    ledger_write(work, pool, row);
}

void ledger_asked(struct work *work, struct pool_of *pool, Referral__Channel channel, uint32_t count)
{
    work->asked = arena_alloc(work->arena, sizeof *work->asked);
    *work->asked = (struct ledger_asked){.pool = pool, .channel = channel, .count = count};
}

void ledger_write_refused(struct work *work)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;

    if (work->asked == NULL)
        return;
    FIELD_SET(&row, event, REFERRAL__LEDGER_EVENT__LEDGER_REFUSED);
    if (work->asked->channel != 0) /* a block has none */
        FIELD_SET(&row, channel, work->asked->channel);
    FIELD_SET(&row, count, work->asked->count);
    row.code = arena_text(work->arena, refusal_code(work->findings.list[0].refusal));
    ledger_write(work, work->asked->pool, &row);
}

void ledger_write_outside(struct work *work, const struct registry_institution *hospital, Referral__PlaceClass class,
                          const char *department, struct instant start)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;
    char date[DATE_TEXT_SIZE];

    date_format(date, instant_local_date(start, hospital->offset_minutes));
    FIELD_SET(&row, event, REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE);
    FIELD_SET(&row, class_, class);
    row.department = arena_text(work->arena, department);
    row.date = arena_text(work->arena, date);
    add(work, hospital, &row);
}
