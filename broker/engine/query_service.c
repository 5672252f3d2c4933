/* query_service.c - counts for the monthly service report, a slice of a hospital's referrals at a time: nobody's data, so that observers may
 * ask too (P2). Whoever asks adds the slices up. */
#include "engine/asking.h"
#include "engine/binary.h"
#include "place.pb-c.h"
#include "store/search.h"

#define REFERRALS_A_SLICE 1000
#define DIRECTIONS        3
#define PRIORITIES        3
#define REASONS           16

struct slice {
    struct asking *asking;
    const Referral__ServiceQuery *query;
    uint32_t hospital;
    Referral__ServiceCount *counts[DIRECTIONS][PRIORITIES];
    uint64_t rejections[REASONS];
    Referral__ServiceFacts *facts;
};

static bool is_within(const struct slice *slice, int64_t at_ms)
{
    return at_ms >= slice->query->from_ms && at_ms < slice->query->to_ms;
}

static Referral__ServiceCount *count_of(struct slice *slice, const Record__Referral *row)
{
    Referral__ServiceCount **place = &slice->counts[row->direction - 1][row->priority - 1];

    if (*place == NULL) {
        *place = asking_message(slice->asking, &referral__service_count__descriptor);
        FIELD_SET(*place, direction, (Referral__Direction)row->direction);
        FIELD_SET(*place, priority, (Referral__Priority)row->priority);
        (*place)->answer_seconds = arena_alloc(slice->asking->work.arena, REFERRALS_A_SLICE * sizeof(uint64_t));
        slice->facts->counts[slice->facts->n_counts++] = *place;
    }
    return *place;
}

static void count_referral(struct slice *slice, const Record__Referral *row)
{
    Referral__ServiceCount *count = count_of(slice, row);
    bool rejected = row->state == REJECTED;

    FIELD_SET(count, referrals, count->referrals + 1);
    FIELD_SET(count, open, count->open + !state_is_terminal((enum state)row->state));
    FIELD_SET(count, no_shows, count->no_shows + row->no_shows);
    FIELD_SET(count, rejected, count->rejected + rejected);
    if (rejected && row->reason < REASONS)
        slice->rejections[row->reason]++;
    if (row->first_answered_at_ms == 0)
        return;
    FIELD_SET(count, answered, count->answered + 1);
    FIELD_SET(count, answered_in_time, count->answered_in_time + !row->answered_late);
    count->answer_seconds[count->n_answer_seconds++] =
        (uint64_t)(row->first_answered_at_ms - row->submitted_at_ms) / SECOND_MS;
}

/* A number that is the same for the same person within this report, and nothing outside it. */
static void count_person(struct slice *slice, const Record__Referral *row)
{
    uint8_t text[16 + 8 + 8 + 4], hash[16];

    if (row->patient.len != 16)
        return;
    memcpy(text, row->patient.data, 16);
    put_be64(text + 16, (uint64_t)slice->query->from_ms);
    put_be64(text + 24, (uint64_t)slice->query->to_ms);
    put_be32(text + 32, slice->hospital);
    store_keyed_hash(store_of(slice->asking->work.txn), bytes_of(text, sizeof text), hash);
    slice->facts->down_persons[slice->facts->n_down_persons++] = get_be64(hash);
}

static void look_at(struct slice *slice, const Record__Referral *row)
{
    bool down = row->direction == REFERRAL__DIRECTION__DOWN;

    if (row->direction < 1 || row->direction > DIRECTIONS || row->priority < 1 || row->priority > PRIORITIES)
        return;
    if ((down ? row->sender_number : row->receiver_number) != slice->hospital)
        return;
    if (is_within(slice, row->submitted_at_ms))
        count_referral(slice, row);
    if (down && row->state == CLOSED && is_within(slice, row->ended_at_ms))
        count_person(slice, row); /* taken over: its receiver confirmed the receipt */
}

static void add_rejections(struct slice *slice)
{
    Referral__ServiceFacts *facts = slice->facts;

    facts->rejections = arena_alloc(slice->asking->work.arena, REASONS * sizeof(Referral__ReasonCount *));
    for (int reason = 0; reason < REASONS; reason++) {
        Referral__ReasonCount *count;

        if (slice->rejections[reason] == 0)
            continue;
        count = asking_message(slice->asking, &referral__reason_count__descriptor);
        FIELD_SET(count, reason, (Referral__Reason)reason);
        FIELD_SET(count, referrals, slice->rejections[reason]);
        facts->rejections[facts->n_rejections++] = count;
    }
}

static void add_digest(struct slice *slice)
{
    struct store_mark mark = store_mark(store_of(slice->asking->work.txn));

    FIELD_SET(slice->facts, digest, binary_copy(slice->asking->work.arena, bytes_of(mark.digest, sizeof mark.digest)));
    FIELD_SET(slice->facts, index, mark.index);
}

static void fill(struct slice *slice)
{
    struct store_txn *txn = slice->asking->work.txn;
    struct id at = life_id_of(slice->query->cursor), last = at;
    uint32_t left = REFERRALS_A_SLICE, looked = 0;

    while (looked < REFERRALS_A_SLICE &&
           search_next(txn, SEARCH_INSTITUTION, slice->hospital, NULL, at, &left, &last)) {
        const Record__Referral *row = referral_row(txn, last);

        at = last;
        looked++;
        if (row != NULL)
            look_at(slice, row);
    }
    if (looked == REFERRALS_A_SLICE || left == 0)
        FIELD_SET(slice->facts, next, life_id_bytes(&slice->asking->work, last));
}

ProtobufCMessage *query_service_facts(struct asking *asking)
{
    const Referral__ServiceQuery *query = (const Referral__ServiceQuery *)asking->work.body;
    struct slice slice = {
        .asking = asking, .query = query, .facts = asking_message(asking, &referral__service_facts__descriptor)};
    const char *hospital = asking_institution(asking, query->hospital);

    if (hospital == NULL)
        return NULL;
    if (!query->has_from_ms || !query->has_to_ms || query->from_ms >= query->to_ms)
        return asking_refuse(asking, REFUSED_BAD_ORDER, "to_ms");
    slice.hospital = asking_number_of(asking, hospital);
    slice.facts->counts =
        arena_alloc(asking->work.arena, (size_t)DIRECTIONS * PRIORITIES * sizeof(Referral__ServiceCount *));
    slice.facts->down_persons = arena_alloc(asking->work.arena, REFERRALS_A_SLICE * sizeof(uint64_t));
    fill(&slice);
    add_rejections(&slice);
    add_digest(&slice);
    return &slice.facts->base;
}
