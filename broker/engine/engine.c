/* engine.c - the turn applied: command by command, who may, whether it came before, what it does, and what is
 * answered. */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "engine/alarm.h"
#include "engine/audit.h"
#include "engine/binary.h"
#include "engine/families.h"
#include "engine/inbox.h"
#include "engine/ledger.h"
#include "engine/quarantine.h"
#include "engine/registry.h"
#include "engine/settings.h"
#include "engine/speaker.h"
#include "engine/waiting.h"

#define BATCH_FORMAT       1
#define DISK_FULL_RETRY_MS 30000
#define DRAINING_RETRY_MS  5000
#define DEDUP_DIGEST_SIZE  16
/* No command gives more ids than this: an ack or a list of late deliveries has at most 1,024 messages and the clock
 * 1,000 rows, and what is due of one referral and its down-referral is told in fewer than 16 notices. A cancelled pool
 * displaces at most 500 bookings, and offers them as many places, in fewer than 10 ids each. */
#define IDS_A_COMMAND 20000

typedef bool handler(struct work *work);

enum nature {
    PLAIN = 0,
    NEW_WORK = 1, /* refused while there is no room (D6), or while draining; what ends or moves things goes on */
    REGISTRY = 2, /* what the turn has read of the registry is stale afterwards; draining lets it be */
};

/* clang-format off */
static const struct family {
    uint32_t kind;
    int nature; /* bits of enum nature */
    handler *apply;
} families[] = {
    {REFERRAL__KIND__SUBMIT,              NEW_WORK,            submit_apply},
    {REFERRAL__KIND__ACK,                 PLAIN,               inbox_apply_ack},
    {REFERRAL__KIND__EVENT,               PLAIN,               event_apply},
    {REFERRAL__KIND__NACK,                PLAIN,               inbox_apply_nack},
    {REFERRAL__KIND__PUT_INSTITUTION,     NEW_WORK | REGISTRY, registry_apply_institution},
    {REFERRAL__KIND__PUT_CONTACT,         NEW_WORK | REGISTRY, registry_apply_contact},
    {REFERRAL__KIND__PUT_RELATION,        NEW_WORK | REGISTRY, registry_apply_relation},
    {REFERRAL__KIND__DELETE_RELATION,     REGISTRY,            registry_apply_delete_relation},
    {REFERRAL__KIND__PUT_DELEGATION,      NEW_WORK | REGISTRY, registry_apply_delegation},
    {REFERRAL__KIND__DELETE_DELEGATION,   REGISTRY,            registry_apply_delete_delegation},
    {REFERRAL__KIND__PUT_TEAM,            NEW_WORK | REGISTRY, registry_apply_team},
    {REFERRAL__KIND__ADD_KEY,             NEW_WORK | REGISTRY, registry_apply_add_key},
    {REFERRAL__KIND__REVOKE_KEY,          REGISTRY,            registry_apply_revoke_key},
    {REFERRAL__KIND__PUT_SETTING,         REGISTRY,            settings_apply_put},
    {REFERRAL__KIND__PUT_CALENDAR_DAY,    REGISTRY,            settings_apply_calendar_day},
    {REFERRAL__KIND__PAUSE,               REGISTRY,            registry_apply_pause},
    {REFERRAL__KIND__RESUME,              REGISTRY,            registry_apply_resume},
    {REFERRAL__KIND__REPLAY_DEAD,         PLAIN,               inbox_apply_replay_dead},
    {REFERRAL__KIND__DROP_DEAD,           PLAIN,               inbox_apply_drop_dead},
    {REFERRAL__KIND__SHOW_PAYLOAD,        PLAIN,               show_apply_payload},
    {REFERRAL__KIND__CONFIRM_TIME,        PLAIN,               registry_apply_confirm_time},
    {REFERRAL__KIND__DRAIN,               PLAIN,               registry_apply_drain},
    {REFERRAL__KIND__FIND_PATIENT,        PLAIN,               find_apply_patient},
    {REFERRAL__KIND__HOLD_REFERRAL,       PLAIN,               hold_apply_hold},
    {REFERRAL__KIND__RELEASE_REFERRAL,    PLAIN,               hold_apply_release},
    {REFERRAL__KIND__RELEASE_COMMAND,     PLAIN,               quarantine_apply_release},
    {REFERRAL__KIND__PUT_POOL,            NEW_WORK,            publish_apply_pool},
    {REFERRAL__KIND__CUT_UNITS,           PLAIN,               publish_apply_cut},
    {REFERRAL__KIND__CANCEL_POOL,         PLAIN,               publish_apply_cancel},
    {REFERRAL__KIND__BLOCK_UNITS,         PLAIN,               publish_apply_block},
    {REFERRAL__KIND__UNBLOCK_UNITS,       PLAIN,               publish_apply_unblock},
    {REFERRAL__KIND__PUT_GROUP,           NEW_WORK,            publish_apply_group},
    {REFERRAL__KIND__PUT_TIMETABLE,       NEW_WORK,            timetable_apply_put},
    {REFERRAL__KIND__DELETE_TIMETABLE,    PLAIN,               timetable_apply_delete},
    {REFERRAL__KIND__HOLD_PLACE,          NEW_WORK,            take_apply_hold},
    {REFERRAL__KIND__BOOK_PLACE,          NEW_WORK,            take_apply_book},
    {REFERRAL__KIND__CONFIRM_PLACE,       PLAIN,               change_apply_confirm},
    {REFERRAL__KIND__CANCEL_PLACE,        PLAIN,               change_apply_cancel},
    {REFERRAL__KIND__MOVE_PLACE,          PLAIN,               change_apply_move},
    {REFERRAL__KIND__DISPLACE_PLACE,      PLAIN,               change_apply_displace},
    {REFERRAL__KIND__MARK_PLACE,          PLAIN,               change_apply_mark},
    {REFERRAL__KIND__JOIN_LIST,           NEW_WORK,            waiting_apply_join},
    {REFERRAL__KIND__LEAVE_LIST,          PLAIN,               waiting_apply_leave},
    {BATCH__INTERNAL__CLOCK,              PLAIN,               clockwork_apply},
    {BATCH__INTERNAL__DELIVERY_TIMEOUT,   PLAIN,               inbox_apply_timeout},
    {BATCH__INTERNAL__CONNECTION_LOST,    PLAIN,               inbox_apply_connection_lost},
    {BATCH__INTERNAL__RAISE_ALARM,        PLAIN,               alarm_apply_raise},
    {BATCH__INTERNAL__CLEAR_ALARM,        PLAIN,               alarm_apply_clear},
    {BATCH__INTERNAL__QUARANTINE,         PLAIN,               quarantine_apply_culprit},
    {BATCH__INTERNAL__ARCHIVED,           PLAIN,               archived_apply},
    {BATCH__INTERNAL__FORGET,             PLAIN,               forget_apply},
};
/* clang-format on */

static const struct family *find_family(uint32_t kind)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (families[i].kind == kind)
            return &families[i];
    return NULL;
}

static bool is_command(const struct work *work)
{
    return work->kind->class == KIND_COMMAND;
}

/* D1: half of the body's digest is enough; the sender, for whomever it spoke, is in the key. */
static struct bytes dedup_digest(const struct work *work)
{
    return bytes_of(work->digest, DEDUP_DIGEST_SIZE);
}

/* P1: a body that is hardly more than a patient's id could be guessed from its digest, so that one is keyed. */
static void digest_body(struct work *work)
{
    const ProtobufCBinaryData *body = &work->command->body;
    bool is_keyed = work->command->kind == REFERRAL__KIND__FIND_PATIENT;
    uint8_t key[16];

    if (is_keyed)
        store_keyed_hash(store_of(work->txn), bytes_text("digest of FIND_PATIENT"), key);
    crypto_generichash(work->digest, sizeof work->digest, body->data, body->len, is_keyed ? key : NULL,
                       is_keyed ? sizeof key : 0);
}

static bool unpack_body(struct work *work)
{
    enum refusal refusal = REFUSED_NOT;

    if (work->kind->body == NULL)
        return true;
    work->body = wire_unpack(work->kind->body, binary_bytes(work->command->body), work->arena, &refusal);
    if (work->body == NULL)
        return refuse(work, refusal, NULL);
    wire_check(work->body, work->kind->keeps_unknown, &work->findings);
    return !is_refused(work);
}

/* Request and position go in front of the stored rest: fields of one message may come in any number of pieces. */
static struct bytes reply_bytes(struct work *work, struct bytes rest)
{
    Referral__Reply head = REFERRAL__REPLY__INIT;
    size_t size;
    uint8_t *data;

    FIELD_SET(&head, request, work->command->request);
    FIELD_SET(&head, position, work->command->position);
    size = referral__reply__get_packed_size(&head);
    data = arena_alloc(work->arena, size + rest.size);
    referral__reply__pack(&head, data);
    if (rest.size != 0)
        memcpy(data + size, rest.data, rest.size);
    return bytes_of(data, size + rest.size);
}

/* L1, D6: what stands beside the code is the same for each refusal of a command. */
static struct bytes refusal_reply(struct work *work)
{
    const Referral__Refusal *beside = &work->beside;

    FIELD_CLEAR(&work->reply, index); /* of the turn that accepted it; this one was not */
    reply_add_findings(&work->reply, &work->findings, work->arena);
    for (size_t i = 0; i < work->reply.n_refusals; i++) {
        Referral__Refusal *refusal = work->reply.refusals[i];

        refusal->has_retry_after_ms = beside->has_retry_after_ms;
        refusal->retry_after_ms = beside->retry_after_ms;
        refusal->has_state = beside->has_state;
        refusal->state = beside->state;
        refusal->n_allowed_events = beside->n_allowed_events;
        refusal->allowed_events = beside->allowed_events;
        refusal->next_actor = beside->next_actor;
    }
    return wire_pack(&work->reply.base, work->arena);
}

/* What was shown is not kept a second time beside its answer: a small command would store a megabyte. It is looked up
 * again. */
static struct bytes pack_without_result(struct work *work)
{
    Referral__Reply reply = work->reply;

    FIELD_CLEAR_BYTES(&reply, result);
    return wire_pack(&reply.base, work->arena);
}

static struct bytes show_again(struct work *work, const Record__Dedup *row)
{
    const Referral__Reply *before = work_read(work, TABLE_DEDUP, &referral__reply__descriptor, row->reply);

    bool is_shown = unpack_body(work) &&
                    (row->kind == REFERRAL__KIND__FIND_PATIENT ? find_apply_patient(work)
                                                               : show_payload_again(work, before->sheet_version));
    if (!is_shown)
        return bytes_of(NULL, 0);
    audit_accepted(work); /* P3: another look, perhaps by another key */
    work->reply.index = before->index;
    return wire_pack(&work->reply.base, work->arena);
}

/* D1: the same command again gets its original answer; another one under the same key is refused. */
static bool answer_again(struct work *work, struct bytes *ret_reply)
{
    const Record__Dedup *row = dedup_row(work->txn, work->actor_number, work->command->message_id);

    if (row == NULL)
        return false;
    if (row->kind != work->command->kind || !bytes_equal(binary_bytes(row->digest), dedup_digest(work)))
        refuse(work, REFUSED_CONFLICT, "message_id");
    else
        *ret_reply = work->kind->result != NULL ? show_again(work, row) : binary_bytes(row->reply);
    return true;
}

static void remember(struct work *work, struct bytes reply)
{
    Record__Dedup row = RECORD__DEDUP__INIT;

    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, kind, work->command->kind);
    FIELD_SET(&row, digest, binary_copy(work->arena, dedup_digest(work)));
    FIELD_SET(&row, reply, binary_copy(work->arena, reply));
    FIELD_SET(&row, at_ms, work->now.ms);
    dedup_row_add(work->txn, work->actor_number, work->command->message_id, &row);
}

/* T7: no operator's wish stops one. */
static bool is_emergency(const struct work *work)
{
    return work->kind->kind == REFERRAL__KIND__SUBMIT &&
           ((const Referral__Sheet *)work->body)->priority == REFERRAL__PRIORITY__EMERGENCY;
}

/* The steps before a handler; false: refused, or `ret_reply` is the answer of before. */
static bool admit(struct work *work, const struct family *family, struct bytes *ret_reply)
{
    const char *message_id = work->command->message_id;

    if (!speaker_admit(work) || !quarantine_admits(work))
        return false;
    if (is_command(work)) {
        if (message_id == NULL || message_id[0] == '\0')
            return refuse(work, REFUSED_NO_MESSAGE_ID, "message_id");
        if (answer_again(work, ret_reply))
            return false;
    }
    if (work->full && (family->nature & NEW_WORK) != 0)
        return refuse_retry(work, REFUSED_DISK_FULL, DISK_FULL_RETRY_MS);
    if (!unpack_body(work))
        return false;
    if (work->draining && (family->nature & (NEW_WORK | REGISTRY)) == NEW_WORK && !is_emergency(work))
        return refuse_retry(work, REFUSED_DRAINING, DRAINING_RETRY_MS);
    return true;
}

/* The reply without request and position; empty where none is due. */
static struct bytes accept_command(struct work *work)
{
    struct bytes reply;

    if (!is_command(work))
        return bytes_of(NULL, 0);
    audit_accepted(work);
    reply = wire_pack(&work->reply.base, work->arena);
    remember(work, work->reply.has_result ? pack_without_result(work) : reply);
    return reply;
}

static void apply_spoken(struct work *work, const struct family *family, struct outcome *outcome)
{
    struct bytes rest = bytes_of(NULL, 0);
    bool accepted;

    accepted = admit(work, family, &rest) && family->apply(work);
    assert(accepted != is_refused(work) || rest.size != 0);
    outcome->refused = is_refused(work);
    outcome->refusal = outcome->refused ? work->findings.list[0].refusal : REFUSED_NOT;
    outcome->acks_unknown = work->acks_unknown;
    if (outcome->refused) {
        /* A refused command has written nothing. */
        assert(store_put_count(work->txn) == work->put_mark || store_failure(work->txn) != 0);
        rest = refusal_reply(work);
        if (!is_command(work))
            digest_body(work); /* acks are too many for it, but for refused ones */
        if (work->speaker != NULL)
            audit_refused(work);
        ledger_write_refused(work);
    } else if (accepted) {
        waiting_settle(work);
        rest = accept_command(work);
    }
    if (!accepted)
        waiting_settle(work); /* what was due has happened all the same (C3) */
    if (outcome->refused || is_command(work))
        outcome->reply = reply_bytes(work, rest);
    if (accepted && (family->nature & REGISTRY) != 0)
        cache_forget(work->cache);
    work_parse_id(work, work->reply.referral_id, &outcome->referral);
}

/* The daemon's own command: nobody to refuse, nobody to answer. */
static void apply_internal(struct work *work, const struct family *family)
{
    work->speaker = work->actor = "broker";
    family->apply(work);
    waiting_settle(work);
}

static void begin_command(struct work *work, const Batch__Command *command)
{
    work->command = command;
    work->kind = kind_info(command->kind);
    work->body = NULL;
    work->roles = 0;
    work->speaker = work->actor = NULL;
    work->speaker_number = work->actor_number = 0;
    work->decides_for = 0;
    work->put_mark = store_put_count(work->txn);
    work->findings.count = 0;
    work->acks_unknown = 0;
    work->asked = NULL;
    work->waiting = NULL;
    referral__reply__init(&work->reply);
    referral__refusal__init(&work->beside);
    referral__audit_row__init(&work->audit);
    FIELD_SET(&work->reply, index, work->index);
}

static void apply_command(struct work *work, const Batch__Command *command, struct outcome *outcome)
{
    const struct family *family = find_family(command->kind);
    bool internal = command->kind >= BATCH__INTERNAL__CLOCK;

    *outcome = (struct outcome){
        .session = command->session,
        .request = command->request,
        .position = command->position,
        .kind = command->kind,
        .message_id = command->message_id,
    };
    assert(family != NULL && internal == !command->has_key); /* sealed by the turn */
    begin_command(work, command);
    if (internal) {
        apply_internal(work, family);
        return;
    }
    if (is_command(work))
        digest_body(work);
    quarantine_begin(work);
    apply_spoken(work, family, outcome);
    quarantine_end(work);
}

static void *batch_alloc(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

/* The arena gives everything back at once. */
static void batch_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static Batch__Batch *unpack_batch(struct arena *arena, struct bytes bytes)
{
    ProtobufCAllocator allocator = {.alloc = batch_alloc, .free = batch_free, .allocator_data = arena};

    return batch__batch__unpack(&allocator, bytes.size, bytes.data);
}

/* 0, -EALREADY for what the store has seen, -EPROTO for what this engine must not apply. */
static int check_batch(const struct store *store, const Batch__Batch *batch)
{
    const struct store_identity *identity = store_identity(store);
    struct bytes store_id = bytes_of(identity->store_id, sizeof identity->store_id);

    if (batch == NULL || batch->format > BATCH_FORMAT || batch->rules_version > RULES_VERSION)
        return -EPROTO;
    if (!bytes_equal(binary_bytes(batch->store_id), store_id) || batch->incarnation != identity->incarnation)
        return -EPROTO;
    return batch->index <= store_mark(store).index ? -EALREADY : 0;
}

int engine_apply(struct store_txn *txn, struct bytes sealed, struct effects *ret_effects)
{
    struct arena *arena = store_arena(txn);
    const Batch__Batch *batch = unpack_batch(arena, sealed);
    int failure = check_batch(store_of(txn), batch);

    if (failure != 0)
        return failure;

    struct effects effects = {.outcomes = arena_alloc(arena, (batch->n_commands + 1) * sizeof *effects.outcomes),
                              .outcome_count = batch->n_commands};
    struct cache cache;
    uint32_t next_ordinal = 0;
    struct work work = {.txn = txn,
                        .arena = arena,
                        .store_name = store_identity(store_of(txn))->short_name,
                        .incarnation = batch->incarnation,
                        .index = batch->index,
                        .now = instant_of(batch->now_ms),
                        .hold = batch->hold,
                        .full = batch->full,
                        .draining = batch->draining,
                        .next_ordinal = &next_ordinal,
                        .effects = &effects,
                        .cache = &cache};

    cache_init(&cache, arena);
    for (size_t i = 0; i < batch->n_commands && store_failure(txn) == 0; i++) {
        if (next_ordinal > UINT16_MAX - IDS_A_COMMAND)
            return -EOVERFLOW;
        apply_command(&work, batch->commands[i], &effects.outcomes[i]);
    }
    *ret_effects = effects;
    return store_failure(txn);
}

struct instant engine_next_due(struct store_txn *txn)
{
    struct instant at;
    enum due_subject kind;
    struct bytes subject;

    return due_first(txn, &at, &kind, &subject) ? at : instant_of(0);
}
