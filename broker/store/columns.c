/* columns.c - units into runs and columns, and back.
 *
 * A booking unpacks and packs the whole pool. Forty messages of seven fields took longer than the rule, the ledger row
 * and the booking together. But a session's units are numbered one after the other and start at an even pace, so that
 * one run says when they all are, and a free unit is a byte. */
#include "store/columns.h"

#include "base/id.h"
#include "store/sense.h"

/* Beside the state: the unit has a value in the column of bookings, of ends of holds, of reasons. */
enum { STATE_MASK = 0x0f, HAS_BOOKING = 0x10, IS_HELD = 0x20, HAS_REASON = 0x40 };

/* ---- Folding ---- */

static int64_t length_of(const Record__Unit *unit)
{
    return unit->end_ms - unit->start_ms;
}

static bool follows(const Record__EvenUnits *run, const Record__Unit *last, const Record__Unit *unit)
{
    return unit->number == last->number + 1 && length_of(unit) == run->length_ms &&
           (run->count == 1 || unit->start_ms - last->start_ms == run->step_ms);
}

static Record__EvenUnits *begin_run(struct arena *arena, const Record__Unit *unit)
{
    Record__EvenUnits *run = arena_alloc(arena, sizeof(*run));

    record__even_units__init(run);
    run->has_count = run->has_number = run->has_start_ms = run->has_step_ms = run->has_length_ms = true;
    run->count = 1;
    run->number = unit->number;
    run->start_ms = unit->start_ms;
    run->length_ms = length_of(unit);
    return run;
}

static void fold_runs(struct arena *arena, const Record__Pool *row, Record__UnitColumns *columns)
{
    Record__EvenUnits *run = NULL;

    columns->runs = arena_alloc(arena, row->n_units * sizeof(Record__EvenUnits *));
    for (size_t i = 0; i < row->n_units; i++) {
        const Record__Unit *unit = row->units[i], *last = i == 0 ? NULL : row->units[i - 1];

        if (run == NULL || !follows(run, last, unit)) {
            run = columns->runs[columns->n_runs++] = begin_run(arena, unit);
            continue;
        }
        run->step_ms = unit->start_ms - last->start_ms;
        run->count++;
    }
}

static void make_columns(struct arena *arena, size_t count, Record__UnitColumns *columns)
{
    columns->has_states = true;
    columns->states.data = arena_alloc(arena, count);
    columns->bookings.data = arena_alloc(arena, count * ID_KEY_SIZE);
    columns->held_until_ms = arena_alloc(arena, count * sizeof(*columns->held_until_ms));
    columns->block_reasons = arena_alloc(arena, count * sizeof(*columns->block_reasons));
}

static void fold_unit(const Record__Unit *unit, Record__UnitColumns *columns)
{
    uint8_t *state = &columns->states.data[columns->states.len++];

    *state = (uint8_t)(unit->state & STATE_MASK);
    if (unit->booking.len == ID_KEY_SIZE) {
        *state |= HAS_BOOKING;
        memcpy(columns->bookings.data + columns->bookings.len, unit->booking.data, ID_KEY_SIZE);
        columns->bookings.len += ID_KEY_SIZE;
    }
    if (unit->held_until_ms != 0) {
        *state |= IS_HELD;
        columns->held_until_ms[columns->n_held_until_ms++] = unit->held_until_ms;
    }
    if (unit->block_reason != 0) {
        *state |= HAS_REASON;
        columns->block_reasons[columns->n_block_reasons++] = unit->block_reason;
    }
}

Record__UnitColumns *columns_of(struct arena *arena, const Record__Pool *row)
{
    Record__UnitColumns *columns = arena_alloc(arena, sizeof(*columns));

    record__unit_columns__init(columns);
    fold_runs(arena, row, columns);
    make_columns(arena, row->n_units, columns);
    for (size_t i = 0; i < row->n_units; i++)
        fold_unit(row->units[i], columns);
    columns->has_bookings = columns->bookings.len != 0;
    return columns;
}

/* ---- Unfolding ---- */

struct unfolding { /* how much of the columns was given out */
    const Record__UnitColumns *columns;
    size_t units, bookings, held, reasons;
};

/* What is left of the columns says whether there was enough. */
static void unfold_state(struct unfolding *at, Record__Unit *unit)
{
    const Record__UnitColumns *columns = at->columns;
    uint8_t state = columns->states.data[at->units++];

    unit->has_state = true;
    unit->state = state & STATE_MASK;
    if ((state & HAS_BOOKING) != 0 && (at->bookings += ID_KEY_SIZE) <= columns->bookings.len) {
        unit->has_booking = true;
        unit->booking.len = ID_KEY_SIZE;
        unit->booking.data = columns->bookings.data + at->bookings - ID_KEY_SIZE;
    }
    if ((state & IS_HELD) != 0 && ++at->held <= columns->n_held_until_ms) {
        unit->has_held_until_ms = true;
        unit->held_until_ms = columns->held_until_ms[at->held - 1];
    }
    if ((state & HAS_REASON) != 0 && ++at->reasons <= columns->n_block_reasons) {
        unit->has_block_reason = true;
        unit->block_reason = columns->block_reasons[at->reasons - 1];
    }
}

static void unfold_unit(const Record__EvenUnits *run, uint32_t i, Record__Unit *unit)
{
    record__unit__init(unit);
    unit->has_number = unit->has_start_ms = unit->has_end_ms = true;
    unit->number = run->number + i;
    unit->start_ms = run->start_ms + i * run->step_ms;
    unit->end_ms = unit->start_ms + run->length_ms;
}

/* A unit that somebody has or holds names his booking. */
static bool is_sensible(const Record__Unit *unit)
{
    bool is_taken = unit->state >= SENSE_UNIT_BOOKED || unit->has_held_until_ms;

    return unit->state <= SENSE_UNIT_LAST && (unit->has_booking || !is_taken);
}

static bool is_whole(const struct unfolding *at)
{
    const Record__UnitColumns *columns = at->columns;

    return at->units == columns->states.len && at->bookings == columns->bookings.len &&
           at->held == columns->n_held_until_ms && at->reasons == columns->n_block_reasons;
}

bool columns_unfold(struct arena *arena, Record__Pool *row)
{
    const Record__UnitColumns *columns = row->columns;
    struct unfolding at = {.columns = columns};
    Record__Unit *units;

    if (columns == NULL)
        return false;
    row->columns = NULL;
    units = arena_alloc(arena, columns->states.len * sizeof(*units));
    row->units = arena_alloc(arena, columns->states.len * sizeof(Record__Unit *));
    for (size_t r = 0; r < columns->n_runs; r++) {
        for (uint32_t i = 0; i < columns->runs[r]->count; i++) {
            Record__Unit *unit = &units[at.units];

            if (at.units == columns->states.len)
                return false;
            row->units[row->n_units++] = unit;
            unfold_unit(columns->runs[r], i, unit);
            unfold_state(&at, unit);
            if (!is_sensible(unit))
                return false;
        }
    }
    return is_whole(&at);
}
