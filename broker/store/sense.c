/* sense.c - bounds of fields as a table; of times, by their type. */
#include "store/sense.h"

#include <stddef.h>
#include <string.h>

#include "base/id.h"
#include "base/instant.h"
#include "record.pb-c.h"
#include "store/table.h"

#define INSTANT_MAX_MS (INT64_MAX / 2)    /* there is room behind it for any period */
#define STEP_MAX_MS    (INT64_MAX / 4096) /* of a unit, and between two of a pool */
#define ANY            UINT32_MAX
#define HASH_SIZE      16
#define NAME_MAX_BYTES (TABLE_KEY_MAX / 2 - 1) /* two of them make a key */

enum bound_of { NUMBER, BYTES, COUNT, TEXT, LONG };

/* Of a number, or a long one: between these, an absent one being 0. Of bytes: how many, where there are any. Of what is
 * repeated: how often. Of a text: how long, where there is one. */
struct bound {
    const ProtobufCMessageDescriptor *type;
    size_t offset; /* of the number, or the size, or the count, or the text */
    enum bound_of of;
    uint32_t least, most;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a field is no expression */
#define BOUND(record, message, where, of, least, most)                                                                 \
    {                                                                                                                  \
        &record__##record##__descriptor, offsetof(Record__##message, where), of, least, most                           \
    }
#define NUMBER(record, message, field, least, most) BOUND(record, message, field, NUMBER, least, most)
#define BYTES(record, message, field, size)         BOUND(record, message, field.len, BYTES, size, size)
#define SIZE(record, message, field, most)          BOUND(record, message, field.len, BYTES, 0, most)
#define COUNT(record, message, field, least, most)  BOUND(record, message, n_##field, COUNT, least, most)
#define DAY(record, message, field)                                                                                    \
    BOUND(record, message, field, LONG, 0, ANY) /* part of a key, where it has 32 bits */
#define NAME(record, message, field) BOUND(record, message, field, TEXT, 1, NAME_MAX_BYTES) /* leads to another row */
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct bound bounds[] = {
    NUMBER(institution, Institution, number, 1, ANY),
    NUMBER(referral, Referral, priority, 0, SENSE_PRIORITY_LAST),
    NUMBER(referral, Referral, life, 0, SENSE_LIFE_LAST),
    NUMBER(referral, Referral, state, 0, SENSE_STATE_LAST),
    NUMBER(referral, Referral, previous_state, 0, SENSE_STATE_LAST),
    NUMBER(referral, Referral, sheet_version, 0, UINT16_MAX),
    NAME(referral, Referral, team_id),
    BYTES(referral, Referral, journey, ID_KEY_SIZE),
    BYTES(referral, Referral, parent, ID_KEY_SIZE),
    BYTES(referral, Referral, child, ID_KEY_SIZE),
    BYTES(referral, Referral, redirected_from, ID_KEY_SIZE),
    BYTES(referral, Referral, patient, HASH_SIZE),
    NUMBER(referral, Referral, reason, 0, SENSE_REASON_LAST),
    NUMBER(referral, Referral, clock_kind, 0, SENSE_CLOCK_LAST),
    COUNT(referral, Referral, claims, 0, SENSE_CLASS_LAST),
    NUMBER(claim, Claim, class_, 0, SENSE_CLASS_LAST),
    BYTES(claim, Claim, booking, ID_KEY_SIZE),
    BYTES(claim, Claim, entry, ID_KEY_SIZE),
    NUMBER(place, Place, class_, 0, SENSE_CLASS_LAST),
    BYTES(inbox, Inbox, referral, ID_KEY_SIZE),
    NUMBER(inbox, Inbox, event, 0, SENSE_EVENT_LAST),
    NUMBER(inbox, Inbox, sheet_version, 0, UINT16_MAX),
    NUMBER(dead, Dead, lane, 0, SENSE_PRIORITY_LAST),
    NUMBER(pool, Pool, reserve_bp, SENSE_RESERVE_LEAST, SENSE_RESERVE_MOST),
    NUMBER(pool, Pool, span, 1, SENSE_POOL_UNITS_MAX),
    SIZE(unit_columns, UnitColumns, states, SENSE_POOL_UNITS_MAX),
    NUMBER(pool_group, PoolGroup, reserve_bp, SENSE_RESERVE_LEAST, SENSE_RESERVE_MOST),
    NUMBER(pool_group, PoolGroup, span, 1, SENSE_POOL_UNITS_MAX),
    NUMBER(booking, Booking, channel, 0, SENSE_CHANNEL_LAST),
    NUMBER(booking, Booking, state, 0, SENSE_BOOKING_LAST),
    COUNT(booking, Booking, units, 0, SENSE_POOL_UNITS_MAX),
    NAME(booking, Booking, team_id),
    BYTES(booking, Booking, referral, ID_KEY_SIZE),
    BYTES(booking, Booking, entry, ID_KEY_SIZE),
    BYTES(booking, Booking, patient, HASH_SIZE),
    NUMBER(booking, Booking, reason, 0, SENSE_REASON_LAST),
    NUMBER(wait_entry, WaitEntry, units, 1, SENSE_UNITS_MAX),
    NUMBER(wait_entry, WaitEntry, channel, 0, SENSE_CHANNEL_LAST),
    DAY(wait_entry, WaitEntry, first_day),
    DAY(wait_entry, WaitEntry, last_day),
    NUMBER(wait_entry, WaitEntry, priority, 0, SENSE_PRIORITY_LAST),
    NAME(wait_entry, WaitEntry, team_id),
    BYTES(wait_entry, WaitEntry, referral, ID_KEY_SIZE),
    BYTES(wait_entry, WaitEntry, offer, ID_KEY_SIZE),
    BYTES(wait_entry, WaitEntry, patient, HASH_SIZE),
    BYTES(team_hold, TeamHold, booking, ID_KEY_SIZE),
    DAY(timetable, Timetable, next_day),
    DAY(timetable, Timetable, planned_to),
};

static bool is_within(const struct bound *bound, size_t count)
{
    return count >= bound->least && count <= bound->most;
}

static bool is_kept(const struct bound *bound, const uint8_t *record)
{
    const char *text;
    uint32_t number;
    int64_t day;
    size_t count;

    if (bound->of == NUMBER) {
        memcpy(&number, record + bound->offset, sizeof(number));
        return is_within(bound, number);
    }
    if (bound->of == TEXT) {
        memcpy(&text, record + bound->offset, sizeof(text));
        return text == NULL || is_within(bound, strlen(text));
    }
    if (bound->of == LONG) {
        memcpy(&day, record + bound->offset, sizeof(day));
        return is_within(bound, (size_t)day); /* one before 1970 is far beyond the last */
    }
    memcpy(&count, record + bound->offset, sizeof(count));
    return (bound->of == BYTES && count == 0) || is_within(bound, count);
}

static bool are_bounds_kept(const ProtobufCMessage *record)
{
    for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
        if (bounds[i].type == record->descriptor && !is_kept(&bounds[i], (const uint8_t *)record))
            return false;
    return true;
}

/* What one field says, or one of many. */
static bool is_value_good(const ProtobufCFieldDescriptor *field, const uint8_t *at)
{
    const ProtobufCMessage *part;
    int64_t number;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&part, at, sizeof(part));
        return part == NULL || sense_is_made(part);
    }
    if (field->type != PROTOBUF_C_TYPE_INT64 && field->type != PROTOBUF_C_TYPE_SINT64)
        return true;
    memcpy(&number, at, sizeof(number));
    if (field->type == PROTOBUF_C_TYPE_INT64)
        return number >= 0 && number <= INSTANT_MAX_MS;
    return number >= -STEP_MAX_MS && number <= STEP_MAX_MS;
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(ProtobufCMessage *) : sizeof(int64_t);
}

static bool are_values_good(const ProtobufCFieldDescriptor *field, const uint8_t *record)
{
    const uint8_t *values;
    size_t count;

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return is_value_good(field, record + field->offset);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_INT64)
        return true;
    memcpy(&count, record + field->quantifier_offset, sizeof(count));
    memcpy(&values, record + field->offset, sizeof(values));
    for (size_t i = 0; i < count; i++)
        if (!is_value_good(field, values + i * value_size(field)))
            return false;
    return true;
}

/* A field 0, which the library takes where its tag has more bytes than it needs, and does not read again as it writes
 * it. */
static bool has_field_zero(const ProtobufCMessage *record)
{
    for (unsigned i = 0; i < record->n_unknown_fields; i++)
        if (record->unknown_fields[i].tag == 0)
            return true;
    return false;
}

bool sense_is_made(const ProtobufCMessage *record)
{
    const ProtobufCMessageDescriptor *type = record->descriptor;

    if (has_field_zero(record))
        return false;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (!are_values_good(&type->fields[i], (const uint8_t *)record))
            return false;
    return are_bounds_kept(record);
}
