/* overview.c - the steps of a collection: destinations a few at a time, then what was administered, the reserve, alarms
 * and sums. */
#include "turn/overview.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/binary.h"
#include "query.pb-c.h"
#include "wire/wire.h"

#define TEXTS_BYTES      (256UL << 20) /* of address space */
#define DESTINATIONS     16            /* a step */
#define LOOK_BACK        8             /* audit records a step, ... */
#define LOOK_BACK_MAX    1000          /* ... and in all: what was administered before the start */
#define DESTINATIONS_MIN 64

enum phase { COLLECT_DESTINATIONS, COLLECT_ACTIONS, COLLECT_RESERVE, COLLECT_REST, COLLECT_NOTHING };

int overview_open(struct overview *overview)
{
    *overview = (struct overview){0};
    if (reserve_board_open(&overview->reserve) != 0)
        return -ENOMEM;
    return arena_open(&overview->texts, TEXTS_BYTES);
}

void overview_close(struct overview *overview)
{
    free(overview->destinations);
    free(overview->by_urgency);
    arena_close(&overview->texts);
    reserve_board_close(&overview->reserve);
}

void overview_begin(struct overview *overview)
{
    arena_reset(&overview->texts, 1 << 20);
    overview->destination_count = overview->alarm_count = 0;
    overview->alarms_left_out = false;
    memset(overview->alarm_counts, 0, sizeof overview->alarm_counts);
    overview->totals = (struct overview_totals){0};
    overview->next_number = 0;
    overview->looked_on = 0;
    reserve_board_look(&overview->reserve);
    overview->phase = COLLECT_DESTINATIONS;
}

/* ---- Destinations ---- */

static struct overview_destination *new_destination(struct overview *overview)
{
    if (overview->destination_count == overview->destination_room) {
        size_t room = overview->destination_room == 0 ? DESTINATIONS_MIN : 2 * overview->destination_room;

        overview->destinations = reallocarray(overview->destinations, room, sizeof *overview->destinations);
        overview->by_urgency = reallocarray((void *)overview->by_urgency, room, sizeof(void *));
        assert(overview->destinations != NULL && overview->by_urgency != NULL);
        overview->destination_room = room;
    }
    return &overview->destinations[overview->destination_count];
}

static void add_to_totals(struct overview_totals *totals, const struct overview_destination *destination)
{
    const struct overview_destination *d = destination;

    totals->destinations++;
    totals->connected += d->live.connections != 0;
    totals->paused += d->paused;
    totals->without_consumer += d->waiting != 0 && d->live.consumers == 0;
    totals->waiting += d->waiting;
    totals->in_flight += d->live.in_flight;
    totals->dead += d->dead;
    totals->at_risk += d->at_risk;
    totals->unbalanced += d->accepted != d->acknowledged + d->waiting + d->dead + d->dropped;
    for (size_t i = 0; i < OVERVIEW_LANES; i++)
        totals->lanes[i] += d->lanes[i].waiting;
}

static void collect_destinations(struct overview *overview, struct store_txn *txn, const struct turn *turn,
                                 struct instant now)
{
    struct store_cursor *cursor;
    struct bytes key;
    uint8_t from[4];
    size_t read = 0;

    put_be32(from, overview->next_number);
    cursor = store_scan(txn, TABLE_INSTITUTION_NUMBER, bytes_of(NULL, 0), bytes_of(from, sizeof from));
    while (read < DESTINATIONS && store_next_key(cursor, &key)) {
        uint32_t number = get_be32(key.data);
        struct overview_destination *destination = new_destination(overview);

        if (overview_read_destination(txn, &overview->texts, number, turn_inbox(turn, number), now, destination)) {
            overview_watch_destination(txn, destination, overview->opened_at, now);
            overview->destination_count++;
            add_to_totals(&overview->totals, destination);
        }
        overview->next_number = number + 1;
        read++;
    }
    store_scan_end(cursor);
    if (read < DESTINATIONS)
        overview->phase = COLLECT_ACTIONS;
}

/* What is never due comes last. */
static int64_t due_ms(const struct overview_destination *destination)
{
    return instant_is_set(destination->due_at) ? destination->due_at.ms : INT64_MAX;
}

static int by_urgency(const void *a, const void *b)
{
    const struct overview_destination *one = *(const struct overview_destination *const *)a;
    const struct overview_destination *other = *(const struct overview_destination *const *)b;

    if (due_ms(one) != due_ms(other))
        return due_ms(one) < due_ms(other) ? -1 : 1;
    if ((one->at_risk != 0) != (other->at_risk != 0))
        return one->at_risk != 0 ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

static void sort_destinations(struct overview *overview)
{
    for (size_t i = 0; i < overview->destination_count; i++)
        overview->by_urgency[i] = &overview->destinations[i];
    if (overview->destination_count != 0)
        qsort((void *)overview->by_urgency, overview->destination_count, sizeof(void *), by_urgency);
}

/* ---- Actions ---- */

static void fill_action(struct overview_action *action, const Record__Audit *record, const Referral__AuditRow *row)
{
    *action = (struct overview_action){
        .index = record->index,
        .at = instant_of(record->at_ms),
        .kind = kind_info((uint32_t)row->kind)->name,
    };
    snprintf(action->institution, sizeof action->institution, "%s", row->institution == NULL ? "" : row->institution);
    snprintf(action->subject, sizeof action->subject, "%s", row->subject == NULL ? "" : row->subject);
}

/* The actions of one turn, in order; more than fit: the last. */
static size_t read_actions(struct store_txn *txn, const Record__Audit *record,
                           struct overview_action actions[OVERVIEW_ACTIONS])
{
    size_t found = 0;

    for (size_t i = 0; i < record->n_rows; i++) {
        enum refusal refusal = REFUSED_NOT;
        const Referral__AuditRow *row = (const Referral__AuditRow *)wire_unpack(
            &referral__audit_row__descriptor, binary_bytes(record->rows[i]), store_arena(txn), &refusal);

        if (row != NULL && row->code == NULL && turn_is_administration((uint32_t)row->kind))
            fill_action(&actions[found++ % OVERVIEW_ACTIONS], record, row);
    }
    if (found <= OVERVIEW_ACTIONS)
        return found;

    struct overview_action ring[OVERVIEW_ACTIONS];

    memcpy(ring, actions, sizeof ring);
    for (size_t i = 0; i < OVERVIEW_ACTIONS; i++)
        actions[i] = ring[(found + i) % OVERVIEW_ACTIONS];
    return OVERVIEW_ACTIONS;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Newer than all that are known. */
static void put_before(struct overview *overview, const struct overview_action *found, size_t count)
{
    size_t kept = least(overview->action_count, OVERVIEW_ACTIONS - count);

    memmove(overview->actions + count, overview->actions, kept * sizeof *found);
    for (size_t i = 0; i < count; i++)
        overview->actions[i] = found[count - 1 - i];
    overview->action_count = kept + count;
}

/* Older than all that are known. */
static void put_behind(struct overview *overview, const struct overview_action *found, size_t count)
{
    for (size_t i = 0; i < count && overview->action_count < OVERVIEW_ACTIONS; i++)
        overview->actions[overview->action_count++] = found[count - 1 - i];
}

/* Before the first snapshot: the audit backwards from where it ends, for as far as it is worth. */
static void look_back(struct overview *overview, struct store_txn *txn)
{
    struct overview_action found[OVERVIEW_ACTIONS];

    if (overview->seen_index == 0)
        overview->look_back_at = overview->seen_index = meta_row(txn)->index;
    for (size_t i = 0; i < LOOK_BACK && overview->look_back_at != 0; i++) {
        const Record__Audit *record = audit_record(txn, overview->look_back_at--);

        if (record != NULL)
            put_behind(overview, found, read_actions(txn, record, found));
    }
    overview->has_looked_back = overview->look_back_at == 0 || overview->action_count == OVERVIEW_ACTIONS ||
                                overview->seen_index - overview->look_back_at >= LOOK_BACK_MAX;
}

/* Of one more turn that the turn layer has noted; what comes faster than it is read waits for the next snapshot. */
static void look_on(struct overview *overview, struct store_txn *txn, const struct turn *turn)
{
    uint64_t index = turn_administered_after(turn, overview->seen_index);
    struct overview_action found[OVERVIEW_ACTIONS];

    if (index == 0 || overview->looked_on++ == OVERVIEW_ACTIONS) {
        overview->phase = COLLECT_RESERVE;
        return;
    }

    const Record__Audit *record = audit_record(txn, index);

    if (record != NULL)
        put_before(overview, found, read_actions(txn, record, found));
    overview->seen_index = index;
}

/* ---- The rest ---- */

static void add_alarm(struct overview *overview, struct store_txn *txn, const struct alarm_info *info, struct bytes key)
{
    struct arena *texts = &overview->texts;
    char *code = arena_zalloc(texts, key.size + 2); /* as the key is: code, NUL, subject */

    memcpy(code, key.data, key.size);

    const char *subject = code + strlen(code) + 1;
    const Record__Alarm *row = alarm_row(txn, code, subject);

    if (row == NULL)
        return;
    overview->alarms[overview->alarm_count++] = (struct overview_alarm){
        .code = info->code,
        .subject = subject,
        .info = info,
        .detail = arena_text(texts, row->detail),
        .text_zh = alarm_text(texts, info, true, row->detail),
        .text_en = alarm_text(texts, info, false, row->detail),
        .since = instant_of(row->since_ms),
    };
}

/* Those of one code: counted as far as is worth it, shown while there is room. */
static void collect_code(struct overview *overview, struct store_txn *txn, size_t code)
{
    const struct alarm_info *info = alarm_info(code);
    struct bytes prefix = bytes_of(info->code, strlen(info->code) + 1), key;
    struct store_cursor *cursor = store_scan(txn, TABLE_ALARM, prefix, prefix);

    while (overview->alarm_counts[code] < OVERVIEW_ALARMS_COUNTED && store_next_key(cursor, &key)) {
        overview->alarm_counts[code]++;
        if (overview->alarm_count < OVERVIEW_ALARMS)
            add_alarm(overview, txn, info, key);
        else
            overview->alarms_left_out = true;
    }
    store_scan_end(cursor);
}

/* Critical ones first: whatever else there is does not push them out. */
static void collect_alarms(struct overview *overview, struct store_txn *txn)
{
    assert(alarm_info_count() <= OVERVIEW_CODES);
    for (int critical = 1; critical >= 0; critical--)
        for (size_t i = 0; i < alarm_info_count(); i++)
            if (alarm_is_critical(alarm_info(i)) == (critical != 0))
                collect_code(overview, txn, i);
}

static void collect_rest(struct overview *overview, struct store_txn *txn)
{
    collect_alarms(overview, txn);
    overview->referrals = meta_row(txn)->referrals;
    overview->index = meta_row(txn)->index;
    sort_destinations(overview);
    overview->phase = COLLECT_NOTHING;
}

static void step(struct overview *overview, struct store_txn *txn, const struct turn *turn, struct turn_clock clock)
{
    if (overview->phase == COLLECT_DESTINATIONS)
        collect_destinations(overview, txn, turn, clock.now);
    else if (overview->phase == COLLECT_ACTIONS && !overview->has_looked_back)
        look_back(overview, txn);
    else if (overview->phase == COLLECT_ACTIONS)
        look_on(overview, txn, turn);
    else if (overview->phase == COLLECT_RESERVE)
        overview->phase = reserve_board_step(&overview->reserve, txn, clock) ? COLLECT_RESERVE : COLLECT_REST;
    else
        collect_rest(overview, txn);
}

struct stepping {
    struct overview *overview;
    const struct turn *turn;
    struct turn_clock clock;
};

static void step_within(void *user, struct store_txn *txn)
{
    const struct stepping *stepping = user;

    step(stepping->overview, txn, stepping->turn, stepping->clock);
}

int overview_step(struct overview *overview, struct store *store, const struct turn *turn, struct arena *arena,
                  struct turn_clock clock)
{
    size_t before = arena_mark(arena);
    struct stepping stepping = {.overview = overview, .turn = turn, .clock = clock};
    struct store_txn *txn = NULL;
    int result;

    assert(overview->phase != COLLECT_NOTHING);
    if (!instant_is_set(overview->opened_at))
        overview->opened_at = clock.now;
    result = store_read_begin(store, arena, &txn);
    if (result == 0)
        result = store_within(txn, step_within, &stepping);
    store_read_end(txn);
    arena_rewind(arena, before);
    if (result != 0)
        return result;
    return overview->phase == COLLECT_NOTHING ? 0 : 1;
}
