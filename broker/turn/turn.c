/* turn.c - the turn itself: look around, collect, commit, hand out, answer, speak. */
#include "turn/turn.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/binary.h"
#include "turn/inside.h"

/* What the clock has to do first; read once, later after every turn. */
static int read_next_due(struct turn *turn)
{
    struct store_txn *txn = NULL;
    int result = store_read_begin(turn->options.store, &turn->arena, &txn);

    if (result != 0)
        return result;
    turn->next_due = engine_next_due(txn);
    result = store_failure(txn); /* it cannot be known: that is not never */
    store_read_end(txn);
    return result;
}

static int open_parts(struct turn *turn)
{
    int result = arena_open(&turn->arena, TURN_ARENA_BYTES);

    if (result == 0)
        result = batch_open(&turn->batch);
    if (result == 0)
        result = frame_writer_init(&turn->writer);
    if (result == 0)
        result = log_open_embedded(turn_on_committed, turn, &turn->log);
    if (result == 0)
        result = read_next_due(turn);
    return result;
}

int turn_open(const struct turn_options *options, struct turn **ret_turn)
{
    struct turn *turn = calloc(1, sizeof *turn);

    if (turn == NULL)
        return -ENOMEM;
    turn->options = *options;
    if (turn->options.window == 0)
        turn->options.window = LIMIT_WINDOW;
    if (turn->options.ping_interval_ms == 0)
        turn->options.ping_interval_ms = DEFAULT_PING_INTERVAL_MS;
    turn->next_silent_ms = INT64_MAX;
    deliveries_init(&turn->deliveries, store_mark(options->store).index, store_identity(options->store)->incarnation);

    int result = open_parts(turn);

    if (result != 0) {
        turn_close(turn);
        return result;
    }
    *ret_turn = turn;
    return 0;
}

void turn_close(struct turn *turn)
{
    struct session *session, *next;

    if (turn == NULL)
        return;
    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        deliveries_leave(&turn->deliveries, &session->consumer);
        sessions_remove(&turn->sessions, session);
    }
    deliveries_fini(&turn->deliveries);
    log_close(turn->log);
    frame_writer_fini(&turn->writer);
    batch_close(&turn->batch);
    arena_close(&turn->arena);
    free(turn);
}

void turn_peer_lost(struct turn *turn, uint64_t peer)
{
    struct session *session = sessions_of_peer(&turn->sessions, peer);

    if (session == NULL)
        return;
    turn_lose_session(turn, session, "connection-lost", NULL, false);
}

bool turn_admits(struct turn *turn, const uint8_t public_key[32], struct instant now)
{
    size_t mark = arena_mark(&turn->arena);
    struct store_txn *txn = NULL;
    struct speaker speaker;

    if (store_read_begin(turn->options.store, &turn->arena, &txn) != 0)
        return false;

    bool admits = engine_speaker(txn, public_key, now, &speaker);

    if (store_failure(txn) == -EBADMSG)
        turn_tell(turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED}); /* who it is cannot be told any more */
    else if (store_failure(txn) != 0 && turn->failure == 0)
        turn->failure = store_failure(txn); /* ends the next turn: a store that cannot be read knows nobody */
    store_read_end(txn);
    arena_rewind(&turn->arena, mark);
    return admits;
}

/* Commands are due at once; nothing but acks may wait a little for company. */
static int64_t batch_wait_ms(const struct turn *turn, const struct turn_clock *clock)
{
    int64_t wait = turn->batch_since_ms + ACKS_MAY_WAIT_MS - clock->mono_ms;

    if (turn->batch.count == 0)
        return -1;
    return turn->batch_is_urgent || wait < 0 || !batch_has_room(&turn->batch, LIMIT_FRAME_BYTES) ? 0 : wait;
}

/* C3: until the clock has something to do; -1: nothing ever. */
static int64_t clock_wait_ms(const struct turn *turn, const struct turn_clock *clock)
{
    int64_t due = turn->next_due.ms - clock->now.ms, pause = turn->clock_pause_ms - clock->mono_ms;

    if (!instant_is_set(turn->next_due))
        return -1;
    if (due <= 0 && pause <= 0)
        return 0;
    return due > pause ? due : pause;
}

/* The daemon's own commands: what goes back, and the clock. */
static int64_t own_wait_ms(const struct turn *turn, const struct turn_clock *clock)
{
    int64_t wait = turn->deliveries.going_back != NULL ? 0 : clock_wait_ms(turn, clock);
    int64_t pause = turn->own_pause_ms - clock->mono_ms;

    return wait >= 0 && pause > wait ? pause : wait;
}

static void add_clock(struct turn *turn)
{
    Batch__Clockwork how = BATCH__CLOCKWORK__INIT;

    how.has_rows = how.has_puts_off = true;
    how.rows = turn->clock_rows;
    how.puts_off = turn->clock_puts_off;
    batch_add_own(&turn->batch, BATCH__INTERNAL__CLOCK, turn->clock_rows != 0 ? &how.base : NULL, &turn->arena);
}

/* True: the clock is among them. */
static bool collect_own(struct turn *turn)
{
    if (turn->own_pause_ms > turn->clock.mono_ms)
        return false;
    deliveries_collect(&turn->deliveries, &turn->batch, &turn->arena);
    if (clock_wait_ms(turn, &turn->clock) != 0 || !batch_has_room_for_own(&turn->batch))
        return false;
    add_clock(turn);
    return true;
}

/* Nobody is told before the commit: what is handed out and answered is read from what is committed. */
int turn_run(struct turn *turn, struct turn_clock clock)
{
    int failure = turn->failure, result = 0; /* the first of a turn inside turn_receive, this one, and what is read */
    bool was_turn = false, was_clock = false;

    turn->failure = 0;
    turn->clock = clock;
    turn_walk_sessions(turn);
    turn_try_parked(turn);
    deliveries_look(&turn->deliveries, clock.now, clock.mono_ms);
    if (batch_wait_ms(turn, &clock) == 0 || own_wait_ms(turn, &clock) == 0) {
        was_clock = collect_own(turn);
        was_turn = turn->batch.count != 0;
    }
    if (was_turn && !was_clock) /* what is due comes before whatever is asked (C3) */
        result = turn_answer_first(turn);
    failure = failure != 0 ? failure : result;
    if (was_turn)
        result = turn_commit(turn);
    failure = failure != 0 ? failure : result;
    result = turn_follow(turn, was_turn, was_clock);
    turn->queries = NULL;
    turn->heavy = 0;
    turn_speak(turn);
    arena_reset(&turn->arena, TURN_ARENA_KEEP);
    return failure != 0 ? failure : result;
}

static void sooner(int64_t *wait, int64_t other)
{
    if (other >= 0 && (*wait < 0 || other < *wait))
        *wait = other;
}

/* INT64_MAX: never. */
static int64_t until(int64_t at, int64_t now)
{
    if (at == INT64_MAX)
        return -1;
    return at > now ? at - now : 0;
}

int64_t turn_wait_ms(struct turn *turn, struct turn_clock clock)
{
    const struct deliveries *deliveries = &turn->deliveries;
    int64_t wait = -1;

    if (turn->is_drained)
        return -1;
    /* Frames that leave nothing to do, such as PONG, take memory all the same. */
    if (arena_mark(&turn->arena) > TURN_ARENA_KEEP)
        return 0;
    if (turn->failure != 0 || turn->queries != NULL || turn->farewells != NULL || turn->sessions.speaking != NULL ||
        deliveries->ready != NULL)
        return 0;
    sooner(&wait, batch_wait_ms(turn, &clock));
    sooner(&wait, own_wait_ms(turn, &clock));
    if (turn->parked != 0)
        sooner(&wait, until(turn->next_parked_ms, clock.mono_ms));
    sooner(&wait, until(turn->next_silent_ms, clock.mono_ms));
    if (instant_is_set(turn->next_key_end))
        sooner(&wait, until(turn->next_key_end.ms, clock.now.ms));
    sooner(&wait, until(deliveries->next_late_ms, clock.mono_ms));
    if (instant_is_set(deliveries->next_back_off))
        sooner(&wait, until(deliveries->next_back_off.ms, clock.now.ms));
    return wait;
}

bool turn_wants(struct turn *turn, struct turn_clock clock)
{
    return turn_wait_ms(turn, clock) == 0;
}

void turn_alarm(struct turn *turn, const char *code, const char *subject, const char *detail, bool raise)
{
    Batch__AlarmChange change = BATCH__ALARM_CHANGE__INIT;

    if (!batch_has_room_for_own(&turn->batch))
        return; /* an alarm is a condition: its owner says it again */
    change.code = arena_text(&turn->arena, code);
    change.subject = arena_text(&turn->arena, subject);
    change.detail = arena_text(&turn->arena, detail);
    batch_add_own(&turn->batch, raise ? BATCH__INTERNAL__RAISE_ALARM : BATCH__INTERNAL__CLEAR_ALARM, &change.base,
                  &turn->arena);
    turn->batch_is_urgent = true;
}

void turn_quarantine(struct turn *turn, const struct suspect *culprit)
{
    Batch__Culprit body = BATCH__CULPRIT__INIT;

    body.has_hash = body.has_kind = true;
    body.hash = binary_copy(&turn->arena, bytes_of(culprit->hash, sizeof culprit->hash));
    body.institution = arena_text(&turn->arena, culprit->institution);
    body.kind = culprit->kind;
    batch_add_own(&turn->batch, BATCH__INTERNAL__QUARANTINE, &body.base, &turn->arena);
    turn->batch_is_urgent = true;
}

static bool add_own(struct turn *turn, uint32_t kind, const ProtobufCMessage *body)
{
    if (!batch_has_room_for_own(&turn->batch))
        return false;
    batch_add_own(&turn->batch, kind, body, &turn->arena);
    turn->batch_is_urgent = true;
    return true;
}

bool turn_archived(struct turn *turn, const Batch__Archived *archived)
{
    return add_own(turn, BATCH__INTERNAL__ARCHIVED, &archived->base);
}

bool turn_forget(struct turn *turn, const Batch__Forget *forget)
{
    return add_own(turn, BATCH__INTERNAL__FORGET, &forget->base);
}

void turn_hurry(struct turn *turn)
{
    turn->batch_is_urgent = true;
}

void turn_drain(struct turn *turn, uint32_t retry_after_ms)
{
    struct session *session, *next;

    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        session_say(&turn->sessions, session, REFERRAL__KIND__GOODBYE,
                    wire_pack(&turn_goodbye(turn, "drain", retry_after_ms)->base, &turn->arena), &turn->arena);
    }
    turn_speak(turn);
    turn->is_drained = true;
}

struct live_inbox turn_inbox(const struct turn *turn, uint32_t institution)
{
    return deliveries_live(&turn->deliveries, institution);
}

bool turn_is_administration(uint32_t kind)
{
    return kind >= REFERRAL__KIND__PUT_INSTITUTION && kind <= REFERRAL__KIND__RELEASE_COMMAND;
}

uint64_t turn_administered_after(const struct turn *turn, uint64_t index)
{
    size_t count = turn->administered_count, kept = count < TURN_ADMINISTERED ? count : TURN_ADMINISTERED;

    for (size_t i = count - kept; i < count; i++)
        if (turn->administered[i % TURN_ADMINISTERED] > index)
            return turn->administered[i % TURN_ADMINISTERED];
    return 0;
}

bool turn_is_draining(const struct turn *turn)
{
    return turn->is_draining;
}

void turn_note_latency(struct turn *turn, uint32_t p50_us, uint32_t p99_us)
{
    turn->commit_p50_us = p50_us;
    turn->commit_p99_us = p99_us;
}

bool turn_time_confirmed(struct turn *turn)
{
    bool confirmed = turn->time_confirmed;

    turn->time_confirmed = false;
    return confirmed;
}

struct turn_counters turn_counters(const struct turn *turn)
{
    struct turn_counters counters = turn->counters;

    counters.deliveries = turn->deliveries.handed_out;
    counters.redeliveries = turn->deliveries.handed_again;
    counters.acks = turn->deliveries.gone;
    counters.sessions = sessions_count(&turn->sessions);
    return counters;
}
