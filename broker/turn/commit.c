/* commit.c - seal, propose, apply, commit; and what to do when the store fails (D2; design: the engine's
 * discipline). */
#include <errno.h>
#include <sodium.h>

#include "engine/binary.h"
#include "turn/inside.h"

struct applying {
    struct turn *turn;
    struct bytes batch;
    int result;
};

static void apply(void *user, struct store_txn *txn)
{
    struct applying *applying = user;

    applying->result = engine_apply(txn, applying->batch, &applying->turn->effects);
}

/* The log says that this batch is to be applied. What it does is visible and durable when this returns 0. */
int turn_on_committed(void *user, uint64_t index, struct bytes batch)
{
    struct turn *turn = user;
    struct store_turn mark = {.index = index, .time = turn->clock.now};
    struct store_txn *txn = NULL;
    int result = store_turn_begin(turn->options.store, &turn->arena, &txn);

    if (result != 0)
        return result;
    crypto_generichash(mark.batch_digest, sizeof mark.batch_digest, batch.data, batch.size, NULL, 0);

    struct applying applying = {.turn = turn, .batch = batch};

    result = store_within(txn, apply, &applying);
    if (result == 0)
        result = applying.result;
    if (result != 0) {
        turn->effects = (struct effects){0};
        suspect_end(turn->options.store); /* a store that fails is no fault of the command at hand */
        store_turn_abort(txn);
        return result;
    }
    result = store_turn_end(txn, &mark);
    return result == 0 ? store_flush(turn->options.store) : result;
}

/* The effects are those of the attempt at hand, which went as far as its commit. */
static bool is_applied(const struct turn *turn)
{
    return turn->effects.outcomes != NULL;
}

/* After EIO the outcome is unknown: the store, opened anew, knows whether the turn is there. -ENOTRECOVERABLE: it does
 * not open, or holds a turn of which nobody knows any more what it answered. */
static int ask_store(struct turn *turn, uint64_t index)
{
    if (store_reopen(turn->options.store) != 0)
        return -ENOTRECOVERABLE;
    turn_tell(turn, &(struct turn_news){.kind = NEWS_STORE_REOPENED});
    if (store_mark(turn->options.store).index != index)
        return -EIO;
    return is_applied(turn) ? 0 : -ENOTRECOVERABLE;
}

/* Some commands of the batch as one turn. On failure nothing of it is there. */
static int attempt(struct turn *turn, size_t first, size_t count, bool full)
{
    const struct store_identity *identity = store_identity(turn->options.store);
    struct store_mark mark = store_mark(turn->options.store);
    size_t before = arena_mark(&turn->arena);
    Batch__Batch head = BATCH__BATCH__INIT;

    head.has_format = head.has_incarnation = head.has_rules_version = head.has_index = head.has_now_ms = true;
    head.has_store_id = head.has_previous = head.has_hold = head.has_full = true;
    head.format = BATCH_FORMAT;
    head.store_id = binary_copy(&turn->arena, bytes_of(identity->store_id, sizeof identity->store_id));
    head.incarnation = identity->incarnation;
    head.rules_version = RULES_VERSION;
    head.index = mark.index + 1;
    head.previous.data = mark.digest;
    head.previous.len = sizeof mark.digest;
    head.now_ms = turn->clock.now.ms;
    head.hold = turn->clock.hold;
    head.full = full;
    head.has_draining = true;
    head.draining = turn->is_draining;

    turn->effects = (struct effects){0};

    int result = log_propose(turn->log, head.index, batch_seal(&turn->batch, first, count, &head, &turn->arena));

    if (result == -EIO)
        result = ask_store(turn, head.index);
    if (result != 0)
        arena_rewind(&turn->arena, before);
    return result;
}

/* C3: a damaged row among those that are due stops none of the others. After a failure the clock does one row alone;
 * where that fails, too, it is the culprit, and is put off. After a success it does twice as many, until a turn has as
 * many as it may. */
static void note_clock(struct turn *turn, int result)
{
    if (result == -EBADMSG) {
        turn->clock_puts_off = turn->clock_rows == 1;
        turn->clock_rows = 1;
    } else if (result == 0 && turn->clock_puts_off) {
        turn->clock_puts_off = false;
    } else if (result == 0) {
        turn->clock_rows = 2 * turn->clock_rows < CLOCK_ROWS_PER_TURN ? 2 * turn->clock_rows : 0;
    }
}

static void take_outcome(struct turn *turn, const struct outcome *outcome)
{
    struct session *session = sessions_of_epoch(&turn->sessions, outcome->session);
    const struct kind_info *kind = kind_info(outcome->kind);
    bool is_ack = kind != NULL && kind->class == KIND_DELIVERY;

    if (outcome->kind == BATCH__INTERNAL__CLOCK)
        note_clock(turn, 0);
    turn->counters.refused += outcome->refused;
    turn->counters.acks_unknown += outcome->refused && is_ack;
    if (session == NULL)
        return;
    if (!is_ack)
        session->unanswered--;
    if (outcome->reply.size != 0)
        session_say(&turn->sessions, session, REFERRAL__KIND__REPLY, outcome->reply, &turn->arena);
}

static void note_administration(struct turn *turn)
{
    const struct effects *effects = &turn->effects;

    for (size_t i = 0; i < effects->outcome_count; i++) {
        if (effects->outcomes[i].refused || !turn_is_administration(effects->outcomes[i].kind))
            continue;
        turn->administered[turn->administered_count++ % TURN_ADMINISTERED] = store_mark(turn->options.store).index;
        return;
    }
}

/* The turn is on disk: its answers may be said, and inboxes in memory follow. */
static void take_effects(struct turn *turn)
{
    const struct effects *effects = &turn->effects;
    uint32_t commands = (uint32_t)effects->outcome_count;

    turn_tell_effects(turn);
    for (size_t i = 0; i < effects->outcome_count; i++)
        take_outcome(turn, &effects->outcomes[i]);
    for (size_t i = 0; i < effects->inbox_count; i++)
        deliveries_note(&turn->deliveries, &effects->inbox[i], turn->clock.now);
    turn->keys_changed |= effects->keys_changed;
    turn->destinations_changed |= effects->destinations_changed;
    turn->time_confirmed |= effects->time_confirmed;
    if (effects->drain != DRAIN_AS_BEFORE)
        turn->is_draining = effects->drain == DRAIN_BEGINS;
    note_administration(turn);
    turn->counters.turns++;
    turn->counters.commands += commands;
    if (commands > turn->counters.largest_turn)
        turn->counters.largest_turn = commands;
}

/* A client's. Out of room it may try again later; of any other failure it is told as it is (D2). */
static void refuse_entry(struct turn *turn, const struct batch_entry *entry, int failure)
{
    struct session *session = sessions_of_epoch(&turn->sessions, entry->session);
    const struct kind_info *kind = kind_info(entry->kind);

    if (session == NULL || kind->class != KIND_COMMAND)
        return;
    session->unanswered--;
    turn_refuse(turn, session, entry->request, entry->position, failure == -ENOSPC ? REFUSED_DISK_FULL : REFUSED_FAILED,
                FULL_RETRY_MS);
}

/* The daemon's own commands wait a little before they are tried again: only after one of them has failed, for clients
 * may send what fails again and again. What is damaged now is so the next time, too: it must not be brought up for
 * ever, and take the others along. */
static void give_up_own(struct turn *turn, size_t i, int failure)
{
    turn->own_pause_ms = turn->clock.mono_ms + PAUSE_MS;
    if (turn->batch.entries[i].kind == BATCH__INTERNAL__CLOCK)
        note_clock(turn, failure);
    else if (failure == -EBADMSG)
        deliveries_give_up(&turn->deliveries, i);
}

static void give_up_entry(struct turn *turn, size_t i, int failure)
{
    const struct batch_entry *entry = &turn->batch.entries[i];

    if (failure == -EBADMSG)
        turn_tell(turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (kind_info(entry->kind) == NULL)
        give_up_own(turn, i, failure);
    else
        refuse_entry(turn, entry, failure);
}

/* A lasting failure is one of the whole store, not of a row or of room. */
static bool is_lasting(int failure)
{
    return failure != 0 && failure != -ENOSPC && failure != -EBADMSG;
}

/* No culprit, but a disk that cannot be trusted: nobody is told anything, and the broker stops. */
static bool is_hopeless(const struct turn *turn, int result)
{
    return result == -ENOTRECOVERABLE || (result == -EIO && is_applied(turn));
}

struct parting {
    bool full;
    size_t done; /* commands */
    int failure; /* of the last that was given up */
};

/* These commands as one turn, or where that fails as ever smaller ones, down to the culprits. Returns what is hopeless,
 * and 0 else. */
static int commit_range(struct turn *turn, size_t first, size_t count, struct parting *parting)
{
    int result = attempt(turn, first, count, parting->full);
    size_t half = count / 2;

    if (result == 0) {
        take_effects(turn);
        parting->done += count;
        return 0;
    }
    if (is_hopeless(turn, result))
        return result;
    if (count == 1) {
        give_up_entry(turn, first, result);
        parting->failure = result;
        return 0;
    }
    result = commit_range(turn, first, half, parting);
    return result != 0 ? result : commit_range(turn, first + half, count - half, parting);
}

/* A batch that failed as a whole goes in halves, in the same order, down to the commands that cannot be done: only
 * those are refused. A turn for each command would be thousands of commits. */
static int commit_parted(struct turn *turn, bool full)
{
    size_t count = turn->batch.count, half = count / 2;
    struct parting parting = {.full = full};
    int result = half == 0 ? 0 : commit_range(turn, 0, half, &parting);

    if (result == 0)
        result = commit_range(turn, half, count - half, &parting);
    return result == 0 && parting.done == 0 && is_lasting(parting.failure) ? parting.failure : result;
}

static bool is_full(const struct turn *turn)
{
    struct store_room room;

    return store_room(turn->options.store, &room) == 0 && room.full;
}

int turn_commit(struct turn *turn)
{
    bool full = is_full(turn);
    int result = attempt(turn, 0, turn->batch.count, full);

    if (result != 0 && result != -ENOTRECOVERABLE) {
        full = full || result == -ENOSPC || is_full(turn);
        result = attempt(turn, 0, turn->batch.count, full);
    }
    bool is_whole = result == 0;

    if (is_whole)
        take_effects(turn);
    else if (!is_hopeless(turn, result))
        result = commit_parted(turn, full);
    deliveries_settle(&turn->deliveries, is_whole);
    batch_clear(&turn->batch);
    turn->batch_is_urgent = false;
    return result;
}
