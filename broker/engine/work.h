/* work.h - what a handler sees of its command, and how it answers. A handler first reads, asks the rules and refuses;
 * then it only writes. */
#pragma once
#include "engine/cache.h"
#include "engine/engine.h"
#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "rules/lifecycle.h"
#include "wire/wire.h"

#define WORK_DIGEST_SIZE 32

struct work {
    struct store_txn *txn;
    struct arena *arena;    /* of the turn */
    const char *store_name; /* for ids */
    uint32_t incarnation;
    uint64_t index; /* of the turn */
    struct instant now;
    bool hold, full, draining;
    uint32_t *next_ordinal; /* of ids in this turn */
    struct effects *effects;
    struct cache *cache; /* what the turn has read already; NULL: nothing is kept */

    const Batch__Command *command;
    const struct kind_info *kind;
    ProtobufCMessage *body; /* unpacked and checked; NULL: none */
    uint32_t roles;         /* of the key; 1 << Role */
    const char *speaker;    /* institution of the key; "broker" for the daemon itself */
    uint32_t speaker_number;
    const char *actor; /* whom it acts for: `acting_for` by delegation, else the speaker (T5) */
    uint32_t actor_number;

    /* The referral's receiver, where the command is done as it; 0: as another, or not known yet, or it is about no
     * referral. */
    uint32_t decides_for;
    /* What is given back now is the patient's side's doing although the hospital says it (Q13): its patient came before
     * the day, or the hospital agrees to the cancellation that the sender asked for. */
    bool gives_back;

    uint64_t put_mark; /* the transaction's put count before the command; a refused one leaves it there */
    uint8_t digest[WORK_DIGEST_SIZE]; /* BLAKE2b-256 of the command's body */
    uint8_t suspect_hash[16];         /* of the command as a whole (quarantine.h) */

    Referral__Reply reply;
    struct findings findings; /* refusals so far */
    Referral__Refusal beside; /* L1, D6: state, allowed events, next actor, retry time of the refusals */
    Referral__AuditRow audit; /* subject, event and reason are the handler's to fill */
    uint32_t acks_unknown;    /* acks that found nothing: no effect (D4) */

    int catching_up; /* above 0 while what is due is done: the clock's doing, whoever's command found it (C3) */

    struct ledger_asked *asked;    /* places this command asked for: a refusal of it is a row of the ledger (Q13) */
    struct waiting_notes *waiting; /* pools and entries to be settled when it is done (Q8) */
};

/* proto2 tells absent from 0, so a scalar is set together with its flag. */
#define FIELD_SET(message, field, to)     ((message)->has_##field = true, (message)->field = (to))
#define FIELD_CLEAR(message, field)       ((message)->has_##field = false, (message)->field = 0)
#define FIELD_CLEAR_BYTES(message, field) ((message)->has_##field = false, (message)->field = (ProtobufCBinaryData){0})

/* Refuses: adds a finding; always returns false, so that `return refuse(...)` reads well in handlers that return
 * bool. */
bool refuse(struct work *work, enum refusal refusal, const char *field);
/* D6: for lack of room; counted, not audited (P3). */
bool refuse_retry(struct work *work, enum refusal refusal, uint32_t retry_after_ms);
bool is_refused(const struct work *work);
bool has_role(const struct work *work, Referral__Role role);
/* T5: by a delegation to the key's own institution. Whoever acts for another is that one, without its delegations: they
 * are not handed on. */
bool may_act_for(const struct work *work, const char *institution);
/* Refuses one that lies ahead or more than a year back. It is the institution's clock that tells it, which may be off
 * by as much as the broker's own may before anybody doubts it (C2, C4). */
void work_check_occurred_at(struct work *work, int64_t occurred_at_ms);

struct id work_new_id(struct work *work);
const char *work_id_text(struct work *work, struct id id);
bool work_parse_id(struct work *work, const char *text, struct id *ret_id); /* false for NULL and foreign ids */
/* Unpacks the body of a command that the turn has packed itself. */
void *work_unpack(struct work *work, const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes);
/* Unpacks what a row of `table` holds as it came, and was checked when it came: what does not pass now is damage
 * (store_damaged). */
void *work_read(struct work *work, enum table table, const ProtobufCMessageDescriptor *descriptor,
                ProtobufCBinaryData bytes);
/* The same outside a turn's work, into any arena. */
void *registry_read_into(struct arena *arena, struct store_txn *txn, enum table table,
                         const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes);
/* C4: while the time is in doubt, what is due and held back is looked at again a minute later; what is not due yet, at
 * its time. */
struct instant work_held_back(const struct work *work, struct instant at);
/* P3: a row of this turn's audit record beside the command's own: `event` happened to `subject`, caused by
 * `institution`. */
void work_audit(struct work *work, enum event event, const char *subject, const char *institution);
/* For the turn layer: what changed in an inbox. */
void work_inbox_changed(struct work *work, struct inbox_effect effect);
/* For the log, once the turn is on disk; texts live as long as the arena. */
void work_note(struct work *work, struct notable notable);

/* Registry as the rules want it; NULL: no such. Remembered beyond the turn (store/memory.h), so nobody's to change. */
struct registry_institution {
    const Record__Institution *row; /* number and pause */
    const Referral__Institution *institution;
    int offset_minutes;
};
const struct registry_institution *registry_institution(struct work *work, const char *id);
/* The same, by its number, which a row has: that nobody has it is damage (store_damaged). */
const struct registry_institution *registry_institution_of(struct work *work, uint32_t number);
/* The same, outside a turn's work; looked up each time. */
const struct registry_institution *registry_read_institution(struct store_txn *txn, const char *id);
const Referral__Relation *registry_relation(struct work *work, const char *from, const char *to);
const Referral__Team *registry_team(struct work *work, const char *id);
