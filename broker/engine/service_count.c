/* service_count.c - what a referral adds to the report, from its record where that has not changed since, else from its
 * timeline. */
#include "engine/service_count.h"

#include "engine/life.h"
#include "rules/deadline.h"
#include "store/search.h"

#define REFERRALS_A_SLICE 500 /* some milliseconds, in which nobody else is served */
#define DIRECTIONS        3
#define PRIORITIES        3
#define REASONS           16 /* of referral.Reason; 0: none was stated */
#define PERSON_KEY_SIZE   16

struct slice {
    struct store_txn *txn;
    const struct service_range *range;
    Referral__ServiceCount *counts[DIRECTIONS][PRIORITIES];
    uint64_t rejections[REASONS];
    Referral__ServiceFacts *facts;
};

static struct arena *arena_of(const struct slice *slice)
{
    return store_arena(slice->txn);
}

/* ---- A referral as it was ---- */

struct past {
    enum state state;
    int64_t ended_at_ms; /* 0: not ended */
    uint32_t reason, no_shows;
    bool answered;
    bool overdue; /* not answered, and escalated for it */
};

static void look_at_entry(struct past *past, const Record__Referral *row, const Referral__TimelineEntry *entry)
{
    past->no_shows += entry->state == REFERRAL__STATE__NO_SHOW && entry->from_state != REFERRAL__STATE__NO_SHOW;
    past->answered = past->answered || deadline_is_answer((enum life)row->life, (enum event)entry->event,
                                                          (Referral__Priority)row->priority);
    past->overdue = past->overdue || (entry->event == REFERRAL__EVENT_TYPE__EVENT_ESCALATED && entry->cause != NULL &&
                                      strcmp(entry->cause, "answer") == 0);
    if ((enum state)entry->state == past->state)
        return;
    past->state = (enum state)entry->state;
    past->reason = entry->has_reason ? entry->reason : 0;
    past->ended_at_ms = state_is_terminal(past->state) ? entry->at_ms : 0;
}

/* Only what its timeline says up to that turn. */
static struct past read_timeline(const struct slice *slice, struct id id, const Record__Referral *row)
{
    struct past past = {.state = SUBMITTED};

    for (uint32_t number = 0; number < row->timeline_next; number++) {
        const Record__Timeline *line = timeline_row(slice->txn, id, number);
        Referral__TimelineEntry *entry =
            line == NULL ? NULL : referral__timeline_entry__unpack(NULL, line->entry.len, line->entry.data);

        if (entry != NULL && entry->index <= slice->range->as_of_index)
            look_at_entry(&past, row, entry);
        if (entry != NULL)
            referral__timeline_entry__free_unpacked(entry, NULL);
    }
    /* Of a patient taken over when that was not yet noted as the answer, nobody knows when. */
    past.answered = past.answered && row->has_first_answered_at_ms;
    past.overdue = past.overdue && !past.answered;
    return past;
}

static struct past past_of(const struct slice *slice, struct id id, const Record__Referral *row)
{
    int64_t as_of_ms = slice->range->as_of.ms;
    bool unchanged = row->state_since_ms < as_of_ms && row->first_answered_at_ms < as_of_ms;

    if (!unchanged || row->first_answered_at_ms == 0)
        return read_timeline(slice, id, row);
    return (struct past){.state = (enum state)row->state,
                         .ended_at_ms = row->ended_at_ms,
                         .reason = row->reason,
                         .no_shows = row->no_shows,
                         .answered = true};
}

/* ---- Counting ---- */

static Referral__ServiceCount *count_of(struct slice *slice, const Record__Referral *row)
{
    Referral__ServiceCount **place = &slice->counts[row->direction - 1][row->priority - 1];

    if (*place == NULL) {
        *place = arena_alloc(arena_of(slice), sizeof **place);
        referral__service_count__init(*place);
        FIELD_SET(*place, direction, (Referral__Direction)row->direction);
        FIELD_SET(*place, priority, (Referral__Priority)row->priority);
        (*place)->answer_seconds = arena_alloc(arena_of(slice), REFERRALS_A_SLICE * sizeof(uint64_t));
        slice->facts->counts[slice->facts->n_counts++] = *place;
    }
    return *place;
}

static void count_answer(Referral__ServiceCount *count, const Record__Referral *row)
{
    FIELD_SET(count, answered, count->answered + 1);
    FIELD_SET(count, answered_in_time, count->answered_in_time + !row->answered_late);
    count->answer_seconds[count->n_answer_seconds++] =
        (uint64_t)(row->first_answered_at_ms - row->submitted_at_ms) / SECOND_MS;
}

static void count_referral(struct slice *slice, const Record__Referral *row, const struct past *past)
{
    Referral__ServiceCount *count = count_of(slice, row);
    bool rejected = past->state == REJECTED;

    FIELD_SET(count, referrals, count->referrals + 1);
    FIELD_SET(count, overdue, count->overdue + past->overdue);
    FIELD_SET(count, open, count->open + !state_is_terminal(past->state));
    FIELD_SET(count, no_shows, count->no_shows + past->no_shows);
    FIELD_SET(count, rejected, count->rejected + rejected);
    if (rejected && past->reason < REASONS)
        slice->rejections[past->reason]++;
    if (past->answered)
        count_answer(count, row);
}

/* A number that is the same for the same person within this range, and nothing outside it. */
static void count_person(struct slice *slice, const Record__Referral *row)
{
    uint8_t text[PERSON_KEY_SIZE + 8 + 8 + 4], hash[16];

    if (row->patient.len != PERSON_KEY_SIZE)
        return;
    memcpy(text, row->patient.data, PERSON_KEY_SIZE);
    put_be64(text + PERSON_KEY_SIZE, (uint64_t)slice->range->from.ms);
    put_be64(text + PERSON_KEY_SIZE + 8, (uint64_t)slice->range->to.ms);
    put_be32(text + PERSON_KEY_SIZE + 16, slice->range->hospital);
    store_keyed_hash(store_of(slice->txn), bytes_of(text, sizeof text), hash);
    slice->facts->down_persons[slice->facts->n_down_persons++] = get_be64(hash);
}

static bool is_within(const struct slice *slice, int64_t at_ms)
{
    return at_ms >= slice->range->from.ms && at_ms < slice->range->to.ms;
}

/* Its own, and of this report at all? What was voided since may have ended before. */
static bool may_count(const struct slice *slice, struct id id, const Record__Referral *row)
{
    bool down = row->direction == REFERRAL__DIRECTION__DOWN;

    if (row->direction < 1 || row->direction > DIRECTIONS || row->priority < 1 || row->priority > PRIORITIES ||
        id.index > slice->range->as_of_index)
        return false;
    if ((down ? row->sender_number : row->receiver_number) != slice->range->hospital)
        return false;
    return is_within(slice, row->submitted_at_ms) ||
           (down && (is_within(slice, row->ended_at_ms) || row->state == VOID));
}

static void look_at(struct slice *slice, struct id id, const Record__Referral *row)
{
    struct past past;

    if (!may_count(slice, id, row))
        return;
    past = past_of(slice, id, row);
    if (past.state == VOID) /* it should never have been sent */
        return;
    if (is_within(slice, row->submitted_at_ms))
        count_referral(slice, row, &past);
    if (row->direction == REFERRAL__DIRECTION__DOWN && past.state == CLOSED && is_within(slice, past.ended_at_ms))
        count_person(slice, row); /* its receiver confirmed the receipt (L5) */
}

static void add_rejections(struct slice *slice)
{
    Referral__ServiceFacts *facts = slice->facts;

    facts->rejections = arena_alloc(arena_of(slice), REASONS * sizeof(Referral__ReasonCount *));
    for (int reason = 0; reason < REASONS; reason++) {
        Referral__ReasonCount *count;

        if (slice->rejections[reason] == 0)
            continue;
        count = arena_alloc(arena_of(slice), sizeof *count);
        referral__reason_count__init(count);
        if (reason != 0)
            FIELD_SET(count, reason, (Referral__Reason)reason);
        FIELD_SET(count, referrals, slice->rejections[reason]);
        facts->rejections[facts->n_rejections++] = count;
    }
}

bool service_count(struct store_txn *txn, const struct service_range *range, struct id *at,
                   Referral__ServiceFacts *ret_facts)
{
    struct slice slice = {.txn = txn, .range = range, .facts = ret_facts};
    uint32_t left = REFERRALS_A_SLICE, looked = 0;
    struct id next = *at;

    ret_facts->counts =
        arena_alloc(arena_of(&slice), (size_t)DIRECTIONS * PRIORITIES * sizeof(Referral__ServiceCount *));
    ret_facts->down_persons = arena_alloc(arena_of(&slice), REFERRALS_A_SLICE * sizeof(uint64_t));
    while (looked < REFERRALS_A_SLICE &&
           search_next(txn, SEARCH_INSTITUTION, range->hospital, NULL, *at, &left, &next)) {
        const Record__Referral *row = referral_row(txn, next);

        *at = next;
        looked++;
        if (row != NULL)
            look_at(&slice, next, row);
    }
    *at = next; /* also where nothing was found among so many */
    add_rejections(&slice);
    return looked == REFERRALS_A_SLICE || left == 0;
}
