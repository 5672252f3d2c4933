/* work.h - what a handler sees of its command, and how it answers. A handler first reads, asks the rules and refuses; then it only
 * writes. */
#pragma once
#include "engine/engine.h"
#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "rules/lifecycle.h"
#include "wire/wire.h"

struct work {
    struct store_txn *txn;
    struct arena *arena;            /* of the turn */
    const char *store_name;         /* for ids */
    uint32_t incarnation;
    uint64_t index;                 /* of the turn */
    struct instant now;
    bool hold, full;
    uint32_t *next_ordinal;         /* of ids in this turn */
    struct effects *effects;

    const Batch__Command *command;
    const struct kind_info *kind;
    ProtobufCMessage *body;         /* unpacked and checked; NULL: none */
    uint32_t roles;                 /* of the key; 1 << Role */
    const char *speaker;            /* institution of the key; "broker" for the daemon itself */
    uint32_t speaker_number;
    const char *actor;              /* whom it acts for: `acting_for` by delegation, else the speaker (T5) */
    uint32_t actor_number;

    Referral__Reply reply;
    struct findings findings;       /* refusals so far */
    Referral__AuditRow audit;       /* subject, event and reason are the handler's to fill */
};

/* Refuses: adds a finding; always returns false, so that `return refuse(...)` reads well in handlers that return bool. */
bool refuse(struct work *work, enum refusal refusal, const char *field);
/* L1: NOT_NOW with state, allowed events and next actor. */
bool refuse_retry(struct work *work, enum refusal refusal, uint32_t retry_after_ms);
bool is_refused(const struct work *work);
bool has_role(const struct work *work, Referral__Role role);

struct id work_new_id(struct work *work);
const char *work_id_text(struct work *work, struct id id);
bool work_parse_id(struct work *work, const char *text, struct id *ret_id); /* false for NULL and foreign ids */
/* Unpacks bytes of the store (they were checked when they came). Asserts on corruption found here. */
void *work_unpack(struct work *work, const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes);

/* Registry as the rules want it; NULL: no such. In the turn's arena. */
struct registry_institution {
    Record__Institution *row;
    Referral__Institution *institution;
    int offset_minutes;
};
struct registry_institution *registry_institution(struct work *work, const char *id);
