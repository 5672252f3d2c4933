/* clockwork.c - the daemon's clock command: what is due, in order, a bounded number a turn (C3). An idle clock writes
 * nothing. */
#include "engine/audit.h"
#include "engine/binary.h"
#include "engine/families.h"
#include "engine/inbox.h"
#include "engine/life.h"

/* A row may be a whole pool's: what follows from many of them is left for the next turn, while there are ids for all of
 * this one. */
#define CLOCK_IDS_PER_TURN 5000
/* A timetable's day is all pools of a department: a turn has time for a few. */
#define ROWS_OF_A_TIMETABLE 200
/* Until what is due, but meets a damaged row, is tried again. */
#define PUT_OFF_MS HOUR_MS

struct due_row {
    struct instant at;
    enum due_subject kind;
    struct bytes subject;
};

static bool first_due(struct work *work, struct due_row *ret_row)
{
    struct bytes subject;

    if (!due_first(work->txn, &ret_row->at, &ret_row->kind, &subject) || !instant_is_due(ret_row->at, work->now))
        return false;
    ret_row->subject = arena_copy(work->arena, subject);
    return true;
}

static bool is_same(const struct due_row *a, const struct due_row *b)
{
    return a->at.ms == b->at.ms && a->kind == b->kind && bytes_equal(a->subject, b->subject);
}

bool clockwork_wakes(struct instant at, int64_t due_ms)
{
    return due_ms != 0 && due_ms <= at.ms;
}

/* Loading a referral does what is due (C3); what a doubtful time holds back moves its row on (C4). */
static void wake_referral(struct work *work, const struct due_row *row)
{
    struct life_of *life = NULL;

    if (row->subject.size == ID_KEY_SIZE)
        life = life_load(work, id_from_key(row->subject.data));
    if (life != NULL && clockwork_wakes(row->at, life->row->due_ms))
        life_save(work, life);
}

static void wake(struct work *work, const struct due_row *row)
{
    switch (row->kind) {
    case DUE_REFERRAL:
        wake_referral(work, row);
        break;
    case DUE_REFUSALS:
        due_delete(work->txn, row->at, row->kind, row->subject);
        audit_summarise(work, row->subject);
        break;
    case DUE_INBOX_AGE:
        due_delete(work->txn, row->at, row->kind, row->subject);
        inbox_check_age(work, get_be32(row->subject.data));
        break;
    case DUE_POOL:
        pool_wake(work, row->at, row->subject);
        break;
    case DUE_TIMETABLE:
        timetable_wake(work, row->at, row->subject);
        break;
    case DUE_ENTRY:
        waiting_wake(work, row->at, row->subject);
        break;
    }
}

/* The first row has met damage: it is due again in an hour. A command that is about the same thing and comes before
 * does what is due (C3), or fails as the clock did. */
static void put_off(struct work *work)
{
    struct due_row row;

    if (!first_due(work, &row))
        return;
    due_delete(work->txn, row.at, row.kind, row.subject);
    due_add(work->txn, instant_after(work->now, PUT_OFF_MS), row.kind, row.subject);
}

static void do_what_is_due(struct work *work, uint32_t rows)
{
    struct due_row row = {{0}, DUE_REFERRAL, {NULL, 0}}, last;
    uint32_t first_ordinal = *work->next_ordinal;

    for (uint32_t i = 0; i < rows && *work->next_ordinal - first_ordinal < CLOCK_IDS_PER_TURN;
         i += row.kind == DUE_TIMETABLE ? ROWS_OF_A_TIMETABLE : 1) {
        last = row;
        if (!first_due(work, &row))
            return;
        if (is_same(&row, &last)) /* nobody's: what it was for has gone */
            due_delete(work->txn, row.at, row.kind, row.subject);
        else
            wake(work, &row);
    }
}

bool clockwork_apply(struct work *work)
{
    const Batch__Clockwork *how = work_unpack(work, &batch__clockwork__descriptor, work->command->body);
    struct due_row row;

    if (how->puts_off)
        put_off(work);
    else
        do_what_is_due(work, how->has_rows ? how->rows : CLOCK_ROWS_PER_TURN);
    work->effects->due_left = first_due(work, &row);
    return true;
}
