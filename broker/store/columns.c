/* columns.c - units into columns and back.
 *
 * A booking unpacks and packs the whole pool. Forty messages of seven fields took longer than the rule, the ledger row and the booking
 * together; seven arrays do not, and a free unit takes six bytes instead of 23. */
#include "store/columns.h"

#include "base/id.h"

/* Beside the state: the unit has a value in the column of bookings, of ends of holds, of reasons. */
enum { STATE_MASK = 0x0f, HAS_BOOKING = 0x10, IS_HELD = 0x20, HAS_REASON = 0x40 };

static uint32_t state_of(const Record__Unit *unit)
{
    bool has_booking = unit->booking.len == ID_KEY_SIZE;

    return unit->state | (has_booking ? HAS_BOOKING : 0) | (unit->held_until_ms != 0 ? IS_HELD : 0) |
           (unit->block_reason != 0 ? HAS_REASON : 0);
}

static Record__UnitColumns *make_columns(struct arena *arena, size_t count)
{
    Record__UnitColumns *columns = arena_alloc(arena, sizeof(*columns));

    record__unit_columns__init(columns);
    columns->number_steps = arena_alloc(arena, count * sizeof(*columns->number_steps));
    columns->start_steps_ms = arena_alloc(arena, count * sizeof(*columns->start_steps_ms));
    columns->length_steps_ms = arena_alloc(arena, count * sizeof(*columns->length_steps_ms));
    columns->states = arena_alloc(arena, count * sizeof(*columns->states));
    columns->bookings.data = arena_alloc(arena, count * ID_KEY_SIZE);
    columns->held_until_ms = arena_alloc(arena, count * sizeof(*columns->held_until_ms));
    columns->block_reasons = arena_alloc(arena, count * sizeof(*columns->block_reasons));
    return columns;
}

static void add_rarer(Record__UnitColumns *columns, const Record__Unit *unit, uint32_t state)
{
    if ((state & HAS_BOOKING) != 0) {
        memcpy(columns->bookings.data + columns->bookings.len, unit->booking.data, ID_KEY_SIZE);
        columns->bookings.len += ID_KEY_SIZE;
    }
    if ((state & IS_HELD) != 0)
        columns->held_until_ms[columns->n_held_until_ms++] = unit->held_until_ms;
    if ((state & HAS_REASON) != 0)
        columns->block_reasons[columns->n_block_reasons++] = unit->block_reason;
}

Record__UnitColumns *columns_of(struct arena *arena, const Record__Pool *row)
{
    Record__UnitColumns *columns = make_columns(arena, row->n_units);
    const Record__Unit first = RECORD__UNIT__INIT, *before = &first;

    for (size_t i = 0; i < row->n_units; i++) {
        const Record__Unit *unit = row->units[i];

        columns->number_steps[i] = (int32_t)(unit->number - before->number);
        columns->start_steps_ms[i] = unit->start_ms - before->start_ms;
        columns->length_steps_ms[i] = unit->end_ms - unit->start_ms - (before->end_ms - before->start_ms);
        columns->states[i] = state_of(unit);
        add_rarer(columns, unit, columns->states[i]);
        before = unit;
    }
    columns->n_number_steps = columns->n_start_steps_ms = columns->n_length_steps_ms = columns->n_states = row->n_units;
    columns->has_bookings = columns->bookings.len != 0;
    return columns;
}

struct reading { /* how much of the rarer columns was given out */
    const Record__UnitColumns *columns;
    size_t bookings, held, reasons;
};

static void take_rarer(struct reading *reading, Record__Unit *unit, uint32_t state)
{
    const Record__UnitColumns *columns = reading->columns;

    if ((state & HAS_BOOKING) != 0 && reading->bookings + ID_KEY_SIZE <= columns->bookings.len) {
        unit->has_booking = true;
        unit->booking = (ProtobufCBinaryData){.len = ID_KEY_SIZE, .data = columns->bookings.data + reading->bookings};
    }
    if ((state & IS_HELD) != 0 && reading->held < columns->n_held_until_ms) {
        unit->has_held_until_ms = true;
        unit->held_until_ms = columns->held_until_ms[reading->held];
    }
    if ((state & HAS_REASON) != 0 && reading->reasons < columns->n_block_reasons) {
        unit->has_block_reason = true;
        unit->block_reason = columns->block_reasons[reading->reasons];
    }
    reading->bookings += (state & HAS_BOOKING) != 0 ? ID_KEY_SIZE : 0;
    reading->held += (state & IS_HELD) != 0;
    reading->reasons += (state & HAS_REASON) != 0;
}

static void take(struct reading *reading, size_t i, const Record__Unit *before, Record__Unit *unit)
{
    const Record__UnitColumns *columns = reading->columns;

    record__unit__init(unit);
    unit->has_number = unit->has_start_ms = unit->has_end_ms = unit->has_state = true;
    unit->number = before->number + (uint32_t)columns->number_steps[i];
    unit->start_ms = before->start_ms + columns->start_steps_ms[i];
    unit->end_ms = unit->start_ms + before->end_ms - before->start_ms + columns->length_steps_ms[i];
    unit->state = columns->states[i] & STATE_MASK;
    take_rarer(reading, unit, columns->states[i]);
}

bool columns_unfold(struct arena *arena, Record__Pool *row)
{
    struct reading reading = {.columns = row->columns};
    const Record__Unit first = RECORD__UNIT__INIT, *before = &first;
    size_t count = row->columns == NULL ? 0 : row->columns->n_states;
    Record__Unit *units;

    if (count == 0)
        return true;
    if (row->columns->n_number_steps != count || row->columns->n_start_steps_ms != count ||
        row->columns->n_length_steps_ms != count)
        return false;
    units = arena_alloc(arena, count * sizeof(*units));
    row->units = arena_alloc(arena, count * sizeof(Record__Unit *));
    for (size_t i = 0; i < count; i++) {
        take(&reading, i, before, &units[i]);
        before = row->units[i] = &units[i];
    }
    row->n_units = count;
    row->columns = NULL;
    return reading.bookings == reading.columns->bookings.len && reading.held == reading.columns->n_held_until_ms &&
           reading.reasons == reading.columns->n_block_reasons;
}
