/* record_edit.c - the fields of a record and of what it holds, counted in depth, one of them changed. */
#include "fuzz/record_edit.h"

#include <assert.h>

#include "fuzz/fuzz.h"
#include "record.pb-c.h"

#define PLACES_MAX   1024
#define ELEMENTS_MAX 8
#define EDITS_MAX    4

bool row_key(struct store_txn *txn, enum table table, uint16_t which, uint8_t room[ROW_KEY_ROOM], struct bytes *ret_key)
{
    struct bytes none = bytes_of(NULL, 0), found = none;
    size_t count = 0, wanted;
    struct store_cursor *cursor;

    for (cursor = store_scan(txn, table, none, none); store_next_key(cursor, &found);)
        count++;
    store_scan_end(cursor);
    if (count == 0)
        return false;
    wanted = which % count;
    cursor = store_scan(txn, table, none, none);
    for (size_t i = 0; i <= wanted && store_next_key(cursor, &found); i++)
        *ret_key = bytes_of(room, found.size);
    memcpy(room, found.data, found.size);
    store_scan_end(cursor);
    return true;
}

static const ProtobufCMessageDescriptor *const types[TABLE_COUNT] = {
    [TABLE_META] = &record__meta__descriptor,
    [TABLE_INSTITUTION] = &record__institution__descriptor,
    [TABLE_RELATION] = &record__relation__descriptor,
    [TABLE_TEAM] = &record__team__descriptor,
    [TABLE_ACCESS_KEY] = &record__access_key__descriptor,
    [TABLE_SETTING] = &record__setting__descriptor,
    [TABLE_CALENDAR] = &record__calendar_day__descriptor,
    [TABLE_DEDUP] = &record__dedup__descriptor,
    [TABLE_REFERRAL] = &record__referral__descriptor,
    [TABLE_INBOX] = &record__inbox__descriptor,
    [TABLE_DEAD] = &record__dead__descriptor,
    [TABLE_BOOKS] = &record__books__descriptor,
    [TABLE_TIMELINE] = &record__timeline__descriptor,
    [TABLE_ALARM] = &record__alarm__descriptor,
    [TABLE_ALARM_PAST] = &record__alarm__descriptor,
    [TABLE_REFUSALS] = &record__refusal_count__descriptor,
    [TABLE_POOL] = &record__pool__descriptor,
    [TABLE_POOL_GROUP] = &record__pool_group__descriptor,
    [TABLE_BOOKING] = &record__booking__descriptor,
    [TABLE_WAITING] = &record__wait_entry__descriptor,
    [TABLE_PATIENT_CLAIM] = &record__patient_claim__descriptor,
    [TABLE_TEAM_HOLDS] = &record__team_holds__descriptor,
    [TABLE_TIMETABLE] = &record__timetable__descriptor,
    [TABLE_LEDGER_HEAD] = &record__ledger_head__descriptor,
    [TABLE_QUARANTINE] = &record__quarantine__descriptor,
    [TABLE_ARCHIVE] = &record__archive_file__descriptor,
};

/* ---- Fields ---- */

struct place {
    const ProtobufCFieldDescriptor *field;
    uint8_t *record;
};

struct places {
    struct place list[PLACES_MAX];
    size_t count;
};

struct edit {
    struct store_txn *txn;
    uint8_t what, amount;
};

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return sizeof(uint32_t);
}

static void find(struct places *places, ProtobufCMessage *message);

static void find_below(struct places *places, struct place place)
{
    ProtobufCMessage *one, **many;
    size_t count;

    if (place.field->label != PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&one, place.record + place.field->offset, sizeof one);
        if (one != NULL)
            find(places, one);
        return;
    }
    memcpy(&count, place.record + place.field->quantifier_offset, sizeof count);
    memcpy(&many, place.record + place.field->offset, sizeof many);
    for (size_t i = 0; i < count && i < ELEMENTS_MAX; i++)
        find(places, many[i]);
}

static void find(struct places *places, ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields && places->count < PLACES_MAX; i++) {
        struct place place = {.field = &message->descriptor->fields[i], .record = (uint8_t *)message};

        places->list[places->count++] = place;
        if (place.field->type == PROTOBUF_C_TYPE_MESSAGE)
            find_below(places, place);
    }
}

/* ---- Other values ---- */

static uint64_t other_number(struct edit edit, uint64_t number)
{
    switch (edit.what % 8) {
    case 0:
        return edit.amount;
    case 1:
        return number + 1;
    case 2:
        return number - 1;
    case 3:
        return number + edit.amount * (uint64_t)3600000;
    case 4:
        return number - edit.amount * (uint64_t)3600000;
    case 5:
        return UINT64_MAX >> edit.amount % 64;
    case 6:
        return UINT64_C(1) << edit.amount % 64;
    default:
        return number ^ (uint64_t)edit.amount << 8 * (edit.what / 8 % 8);
    }
}

static char *other_text(struct edit edit, const char *text)
{
    static const char *const words[] = {"", "T07", "H1", "V1", "NOBODY", "MED", "WANG", "2026-03-02", "\1"};
    char *copy;

    if (edit.what % 2 == 0)
        return arena_text(store_arena(edit.txn), words[edit.amount % (sizeof words / sizeof *words)]);
    copy = arena_text(store_arena(edit.txn), text);
    if (copy != NULL && copy[0] != '\0')
        copy[edit.amount % strlen(copy)] = (char)(' ' + edit.what % 95);
    return copy;
}

static ProtobufCBinaryData as_binary(struct edit edit, struct bytes bytes)
{
    ProtobufCBinaryData copy = {.len = bytes.size, .data = arena_zalloc(store_arena(edit.txn), bytes.size + 4)};

    if (bytes.size != 0)
        memcpy(copy.data, bytes.data, bytes.size);
    return copy;
}

/* Ids of others are what leads furthest. */
static ProtobufCBinaryData other_binary(struct edit edit, struct bytes value)
{
    static const enum table named[] = {TABLE_REFERRAL, TABLE_BOOKING, TABLE_WAIT_ENTRY, TABLE_PATIENT_CLAIM};
    ProtobufCBinaryData other = as_binary(edit, value);
    uint8_t room[ROW_KEY_ROOM];
    struct bytes key = bytes_of(room, 0);

    switch (edit.what % 8) {
    case 0:
        other.len -= other.len == 0 ? 0 : 1 + edit.amount % other.len;
        break;
    case 1:
        other.len += edit.amount % 4;
        break;
    case 2:
    case 3:
        if (row_key(edit.txn, named[edit.what / 8 % 4], edit.amount, room, &key))
            other = as_binary(edit, key);
        break;
    default:
        if (other.len != 0)
            other.data[edit.amount % other.len] ^= edit.what;
        break;
    }
    return other;
}

static void change_value(struct edit edit, const ProtobufCFieldDescriptor *field, uint8_t *at)
{
    size_t size = size_of(field);
    uint64_t number = 0;
    char *text;
    ProtobufCBinaryData binary;

    if (field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(&text, at, size);
        text = other_text(edit, text);
        memcpy(at, &text, size);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        memcpy(&binary, at, size);
        binary = other_binary(edit, bytes_of(binary.data, binary.len));
        memcpy(at, &binary, size);
    } else if (field->type != PROTOBUF_C_TYPE_MESSAGE) { /* that one's own fields are places, too */
        memcpy(&number, at, size);
        number = other_number(edit, number);
        memcpy(at, &number, size);
    }
}

/* ---- Presence ---- */

static void change_list(struct edit edit, const ProtobufCFieldDescriptor *field, uint8_t *record)
{
    size_t count, size = size_of(field);
    uint8_t *list, *more;

    memcpy(&count, record + field->quantifier_offset, sizeof count);
    memcpy(&list, record + field->offset, sizeof list);
    if (count == 0)
        return;
    if (edit.what % 4 == 0) {
        count = edit.amount % count;
    } else if (edit.what % 4 == 1) { /* what stands there a second time */
        more = arena_alloc(store_arena(edit.txn), (count + 1) * size);
        memcpy(more, list, count * size);
        memcpy(more + count * size, list + edit.amount % count * size, size);
        memcpy(record + field->offset, &more, sizeof more);
        count++;
    } else {
        change_value((struct edit){.txn = edit.txn, .what = edit.what / 4, .amount = edit.amount}, field,
                     list + edit.amount % count * size);
    }
    memcpy(record + field->quantifier_offset, &count, sizeof count);
}

static void change(struct edit edit, struct place place)
{
    const ProtobufCFieldDescriptor *field = place.field;
    bool is_pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    protobuf_c_boolean present = edit.what != 255;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        change_list(edit, field, place.record);
        return;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !present)
        memset(place.record + field->offset, 0, size_of(field));
    else
        change_value(edit, field, place.record + field->offset);
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer)
        memcpy(place.record + field->quantifier_offset, &present, sizeof present);
}

struct bytes row_edited(struct store_txn *txn, enum table table, struct bytes value, struct bytes edits)
{
    static struct places places;
    const ProtobufCMessageDescriptor *type = types[table];
    ProtobufCMessage *record = type == NULL ? NULL : record_unpack_bare(store_arena(txn), value, type);

    for (int i = 0; i < EDITS_MAX && edits.size != 0; i++) {
        uint8_t which = fuzz_byte(&edits);
        struct edit edit = {.txn = txn, .what = fuzz_byte(&edits), .amount = fuzz_byte(&edits)};
        ProtobufCBinaryData other;

        if (record == NULL) {
            other = other_binary(edit, value);
            value = bytes_of(other.data, other.len);
            continue;
        }
        places.count = 0;
        find(&places, record);
        assert(places.count != 0);
        change(edit, places.list[which % places.count]);
    }
    return record == NULL ? value : record_pack(store_arena(txn), record);
}
