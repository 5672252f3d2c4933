/* follow.c - what follows a commit, or comes without one: who is connected, what is due, answers and deliveries, read
 * from what is committed. A row that is damaged is left out, and with it who or what needs it: nobody else waits for
 * that. */
#include <errno.h>

#include "turn/inside.h"

#define HAND_OUT_BYTES (8U << 20) /* bodies in one turn */
#define DAMAGED_A_TURN 64         /* rows left out; what comes behind more of them waits for the next turn */

/* A view of what is committed. */
static int read_within(struct turn *turn, store_work work, void *user)
{
    struct store_txn *txn = NULL;
    int result = store_read_begin(turn->options.store, &turn->arena, &txn);

    if (result == 0)
        result = store_within(txn, work, user);
    store_read_end(txn);
    return result;
}

static void hand_to_session(void *user, struct consumer *consumer, struct bytes delivery)
{
    struct turn *turn = user;

    session_say(&turn->sessions, session_of_consumer(consumer), REFERRAL__KIND__DELIVERY, delivery, &turn->arena);
}

static void hand_out_from(void *user, struct store_txn *txn)
{
    struct handout *handout = user;
    struct turn *turn = handout->user;

    handout->txn = txn;
    deliveries_hand_out(&turn->deliveries, handout);
}

static int hand_out(struct turn *turn)
{
    struct handout handout = {
        .arena = &turn->arena,
        .now = turn->clock.now,
        .mono_ms = turn->clock.mono_ms,
        .bytes_left = HAND_OUT_BYTES,
        .user = turn,
        .hand = hand_to_session,
    };
    int result = turn->deliveries.ready == NULL ? 0 : read_within(turn, hand_out_from, &handout);

    /* Of a damaged row nothing is handed out; it keeps nobody else waiting. */
    for (int damaged = 1; result == -EBADMSG; damaged++) {
        turn_tell(turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
        if (!deliveries_leave_out(&turn->deliveries))
            return result;
        result = damaged == DAMAGED_A_TURN ? 0 : read_within(turn, hand_out_from, &handout);
    }
    return result;
}

/* A clock command that left something due although nothing more could be done waits: the time is in doubt (C4). One
 * that failed did nothing: it is the last of its batch, so that there are no effects. */
static void note_next_due(struct turn *turn, struct store_txn *txn, bool was_clock)
{
    bool has_run = was_clock && turn->effects.outcomes != NULL;

    turn->next_due = engine_next_due(txn);
    turn->clock_pause_ms = 0;
    if (has_run && !turn->effects.due_left && instant_is_due(turn->next_due, turn->clock.now))
        turn->clock_pause_ms = turn->clock.mono_ms + (turn->clock.hold ? HELD_PAUSE_MS : PAUSE_MS);
}

struct reading {
    struct turn *turn;
    bool was_clock;
};

/* Who is connected, and what is due, as the turn left it. */
static void follow(void *user, struct store_txn *txn)
{
    const struct reading *reading = user;
    struct turn *turn = reading->turn;

    if (turn->keys_changed)
        turn_renew_sessions(turn, txn);
    if (turn->destinations_changed)
        deliveries_reload(&turn->deliveries, txn);
    turn->destinations_changed = false;
    note_next_due(turn, txn, reading->was_clock);
}

/* A damaged row of a key ends its session, one of an institution closes its inbox. False: it was neither. */
static bool leave_out(struct turn *turn)
{
    turn_tell(turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (turn->renewing == NULL)
        return deliveries_leave_out(&turn->deliveries);
    turn_lose_damaged(turn, turn->renewing);
    turn->renewing = NULL;
    return true;
}

int turn_follow(struct turn *turn, bool was_turn, bool was_clock)
{
    struct reading reading = {.turn = turn, .was_clock = was_clock};
    int result = was_turn ? read_within(turn, follow, &reading) : 0;

    while (result == -EBADMSG && leave_out(turn))
        result = read_within(turn, follow, &reading);
    if (result == 0)
        result = turn_answer(turn);
    return result == 0 ? hand_out(turn) : result;
}
