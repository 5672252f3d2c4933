/* retention.c - a journey is looked at as a whole, and a referral by its row and by what waits in the inboxes of
 * whoever was told of it. */
#include "engine/retention.h"

#include "engine/binary.h"
#include "engine/life.h"
#include "engine/settings.h"

/* Messages of an inbox that are looked through for those of one referral. Where more lie between its first and its last
 * event, it stays. */
#define MESSAGES_MAX 1000

struct instant retention_limit(struct store_txn *txn, struct instant now)
{
    int64_t age_ms = setting_number(txn, SETTING_retention_finished_ms, NULL);

    return instant_of(age_ms == 0 || age_ms >= now.ms ? 0 : now.ms - age_ms);
}

/* ---- Messages ---- */

struct about { /* messages of this referral were accepted in these turns */
    uint8_t id[ID_KEY_SIZE];
    uint64_t first, last;
};

typedef bool next_message(struct store_txn *txn, struct inbox_ref *at, ProtobufCBinaryData *ret_referral);

static bool next_waiting(struct store_txn *txn, struct inbox_ref *at, ProtobufCBinaryData *ret_referral)
{
    const Record__Inbox *row = inbox_row_next(txn, *at, at);

    if (row != NULL)
        *ret_referral = row->referral;
    return row != NULL;
}

static bool next_dead(struct store_txn *txn, struct inbox_ref *at, ProtobufCBinaryData *ret_referral)
{
    const Record__Dead *row = dead_row_next(txn, *at, at);

    if (row != NULL)
        *ret_referral = row->entry->referral;
    return row != NULL;
}

static bool is_among(struct store_txn *txn, next_message *next, uint32_t institution, int lane,
                     const struct about *about)
{
    struct inbox_ref at = {institution, (uint8_t)lane, about->first - 1, UINT16_MAX};
    size_t mark = arena_mark(store_arena(txn));

    for (int i = 0; i < MESSAGES_MAX; i++, arena_rewind(store_arena(txn), mark)) {
        ProtobufCBinaryData referral;

        if (!next(txn, &at, &referral) || at.lane != lane || at.index > about->last)
            return false;
        if (bytes_equal(binary_bytes(referral), bytes_of(about->id, sizeof about->id)))
            return true;
    }
    return true;
}

/* Every message goes with an entry of the timeline, but the first. */
static uint64_t last_turn(struct store_txn *txn, struct id id, const Record__Referral *row)
{
    const Record__Timeline *line = row->timeline_next == 0 ? NULL : timeline_row(txn, id, row->timeline_next - 1);
    const Referral__TimelineEntry *entry;
    enum refusal refusal = REFUSED_NOT;

    if (line == NULL)
        return id.index;
    entry = (const Referral__TimelineEntry *)wire_unpack(&referral__timeline_entry__descriptor,
                                                         binary_bytes(line->entry), store_arena(txn), &refusal);
    return entry == NULL ? UINT64_MAX : entry->index;
}

static bool has_messages_at(struct store_txn *txn, uint32_t institution, const struct about *about)
{
    for (int lane = REFERRAL__PRIORITY__EMERGENCY; lane <= REFERRAL__PRIORITY__ROUTINE; lane++)
        if (is_among(txn, next_waiting, institution, lane, about) || is_among(txn, next_dead, institution, lane, about))
            return true;
    return false;
}

static bool has_messages(struct store_txn *txn, struct id id, const Record__Referral *row)
{
    const uint32_t parties[] = {row->receiver_number, row->sender_number, row->submitted_by_number};
    struct about about = {.first = id.index, .last = last_turn(txn, id, row)};

    id_to_key(about.id, id);
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++)
        if (parties[i] != 0 && has_messages_at(txn, parties[i], &about))
            return true;
    for (size_t i = 0; i < row->n_told_numbers; i++)
        if (has_messages_at(txn, row->told_numbers[i], &about))
            return true;
    return false;
}

/* ---- Journeys ---- */

static bool is_over(struct store_txn *txn, struct id id, const Record__Referral *row, struct instant limit)
{
    return row != NULL && state_is_terminal((enum state)row->state) && row->ended_at_ms != 0 &&
           row->ended_at_ms <= limit.ms && row->hold == NULL && row->n_claims == 0 && row->due_ms == 0 &&
           !has_messages(txn, id, row);
}

static struct id first_of(struct id id, const Record__Referral *row)
{
    return row->journey.len != 0 ? life_id_of(row->journey) : id;
}

static struct id *room_for_journey(struct store_txn *txn)
{
    return arena_alloc(store_arena(txn), RETENTION_JOURNEY_MAX * sizeof(struct id));
}

/* All referrals of a journey, the oldest first, as far as there is room; how many they are. */
static size_t members_of(struct store_txn *txn, struct id first, struct id ids[RETENTION_JOURNEY_MAX])
{
    uint8_t prefix[ID_KEY_SIZE];
    struct store_cursor *cursor;
    struct bytes key;
    size_t count = 1;

    id_to_key(prefix, first);
    ids[0] = first;
    cursor = store_scan(txn, TABLE_JOURNEY, bytes_of(prefix, sizeof prefix), bytes_of(prefix, sizeof prefix));
    while (store_next_key(cursor, &key)) {
        struct id member = id_from_key(key.data + ID_KEY_SIZE);

        if (id_equal(member, first))
            continue;
        if (count < RETENTION_JOURNEY_MAX)
            ids[count] = member;
        count++;
    }
    store_scan_end(cursor);
    return count;
}

static bool all_over(struct store_txn *txn, const struct id *ids, size_t count, struct instant limit)
{
    size_t mark = arena_mark(store_arena(txn));
    bool over = instant_is_set(limit);

    for (size_t i = 0; over && i < count; i++, arena_rewind(store_arena(txn), mark))
        over = is_over(txn, ids[i], referral_row(txn, ids[i]), limit);
    return over;
}

/* Of a journey that is too long to be looked at as a whole: the same of all its members, as they come. */
static bool all_over_in(struct store_txn *txn, struct id first, struct instant limit)
{
    uint8_t prefix[ID_KEY_SIZE];
    struct store_cursor *cursor;
    struct bytes key;
    bool over = all_over(txn, &first, 1, limit);

    id_to_key(prefix, first);
    cursor = store_scan(txn, TABLE_JOURNEY, bytes_of(prefix, sizeof prefix), bytes_of(prefix, sizeof prefix));
    while (over && store_next_key(cursor, &key)) {
        struct id member = id_from_key(key.data + ID_KEY_SIZE);

        over = all_over(txn, &member, 1, limit);
    }
    store_scan_end(cursor);
    return over;
}

size_t retention_choose(struct store_txn *txn, struct id first, struct instant limit,
                        struct id ret_ids[RETENTION_JOURNEY_MAX])
{
    const Record__Referral *row = referral_row(txn, first);
    struct id *ids = room_for_journey(txn);
    size_t mark = arena_mark(store_arena(txn)), members, count = 0;

    if (row == NULL || !id_equal(first_of(first, row), first))
        return 0;
    members = members_of(txn, first, ids);
    if (members > RETENTION_JOURNEY_MAX)
        return all_over_in(txn, first, limit) ? members : 0;
    for (size_t i = members; i-- > 0; arena_rewind(store_arena(txn), mark)) {
        row = referral_row(txn, ids[i]);
        if (row != NULL && row->archived == NULL)
            ret_ids[count++] = ids[i];
    }
    return count != 0 && all_over(txn, ids, members, limit) ? count : 0;
}

static bool comes_before(struct store_txn *txn, struct id id, const Record__Referral *row)
{
    struct id at = {0};

    for (int hop = 0; row != NULL && hop < REDIRECTS_MAX; hop++) {
        row = referral_before(txn, row, &at);
        if (row != NULL && id_equal(at, id))
            return true;
    }
    return false;
}

/* A redirected child reads the sheets of those before it. */
static bool is_read_by(struct store_txn *txn, struct id id, const struct id *ids, size_t count)
{
    size_t mark = arena_mark(store_arena(txn));
    bool is_read = false;

    for (size_t i = 0; !is_read && i < count; i++, arena_rewind(store_arena(txn), mark)) {
        const Record__Referral *other = referral_row(txn, ids[i]);

        is_read = other != NULL && other->archived == NULL && comes_before(txn, id, other);
    }
    return is_read;
}

bool retention_allows(struct store_txn *txn, struct id id, const Record__Referral *row, struct instant limit)
{
    struct id *ids = room_for_journey(txn);
    size_t count = members_of(txn, first_of(id, row), ids);

    return count <= RETENTION_JOURNEY_MAX && row->archived == NULL && all_over(txn, ids, count, limit) &&
           !is_read_by(txn, id, ids, count);
}
