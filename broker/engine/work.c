/* work.c - refusing, ids, and what handlers read of store and registry, once a turn. */
#include "engine/work.h"

#include <assert.h>

#include "store/memory.h"

#define CLOCK_TOLERANCE_MS (5 * MINUTE_MS)
#define OCCURRED_WITHIN_MS (366 * DAY_MS) /* what is older is no time but a mistake, such as seconds */

bool refuse(struct work *work, enum refusal refusal, const char *field)
{
    findings_add(&work->findings, refusal, field);
    return false;
}

bool refuse_retry(struct work *work, enum refusal refusal, uint32_t retry_after_ms)
{
    FIELD_SET(&work->beside, retry_after_ms, retry_after_ms);
    return refuse(work, refusal, NULL);
}

bool is_refused(const struct work *work)
{
    return work->findings.count != 0;
}

bool has_role(const struct work *work, Referral__Role role)
{
    return (work->roles & (1U << role)) != 0;
}

bool may_act_for(const struct work *work, const char *institution)
{
    return work->actor_number == work->speaker_number && delegation_exists(work->txn, work->actor, institution);
}

void work_check_occurred_at(struct work *work, int64_t occurred_at_ms)
{
    if (occurred_at_ms <= 0 || occurred_at_ms < work->now.ms - OCCURRED_WITHIN_MS)
        refuse(work, REFUSED_OUT_OF_RANGE, "occurred_at_ms");
    else if (occurred_at_ms > work->now.ms + CLOCK_TOLERANCE_MS)
        refuse(work, REFUSED_IN_FUTURE, "occurred_at_ms");
}

struct id work_new_id(struct work *work)
{
    assert(*work->next_ordinal <= UINT16_MAX);
    return (struct id){
        .incarnation = work->incarnation, .index = work->index, .ordinal = (uint16_t)(*work->next_ordinal)++};
}

const char *work_id_text(struct work *work, struct id id)
{
    char *text = arena_alloc(work->arena, ID_TEXT_SIZE);

    id_format(text, work->store_name, id);
    return text;
}

bool work_parse_id(struct work *work, const char *text, struct id *ret_id)
{
    return text != NULL && id_parse(text, work->store_name, ret_id);
}

void *work_unpack(struct work *work, const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes)
{
    enum refusal refusal = REFUSED_NOT;
    ProtobufCMessage *message = wire_unpack(descriptor, bytes_of(bytes.data, bytes.len), work->arena, &refusal);

    assert(message != NULL);
    return message;
}

/* What came from outside was bounded then, and names an institution or two, which whoever reads it follows. What we
 * made ourselves may be larger than what is taken from others. */
static bool is_sound(const ProtobufCMessage *message)
{
    static const struct {
        const ProtobufCMessageDescriptor *descriptor;
        size_t offset;
    } names[] = {
        {&referral__institution__descriptor, offsetof(Referral__Institution, id)},
        {&referral__relation__descriptor, offsetof(Referral__Relation, from)},
        {&referral__relation__descriptor, offsetof(Referral__Relation, to)},
        {&referral__team__descriptor, offsetof(Referral__Team, institution)},
        {&referral__access_key__descriptor, offsetof(Referral__AccessKey, institution)},
    };
    struct findings findings = {0};
    bool came_in = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = NULL;

        if (names[i].descriptor != message->descriptor)
            continue;
        came_in = true;
        memcpy(&name, (const uint8_t *)message + names[i].offset, sizeof name);
        if (name == NULL)
            return false;
    }
    if (came_in)
        wire_check(message, true, &findings);
    return findings.count == 0;
}

void *registry_read_into(struct arena *arena, struct store_txn *txn, enum table table,
                         const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes)
{
    enum refusal refusal = REFUSED_NOT;
    ProtobufCMessage *message = wire_unpack(descriptor, bytes_of(bytes.data, bytes.len), arena, &refusal);

    if (message != NULL && is_sound(message))
        return message;
    store_damaged(txn, table, bytes_of(NULL, 0));
    return NULL;
}

void *work_read(struct work *work, enum table table, const ProtobufCMessageDescriptor *descriptor,
                ProtobufCBinaryData bytes)
{
    return registry_read_into(work->arena, work->txn, table, descriptor, bytes);
}

struct instant work_held_back(const struct work *work, struct instant at)
{
    return work->hold && instant_is_due(at, work->now) ? instant_after(work->now, MINUTE_MS) : at;
}

void work_audit(struct work *work, enum event event, const char *subject, const char *institution)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;

    FIELD_SET(&row, event, (Referral__EventType)event);
    row.subject = arena_text(work->arena, subject);
    row.institution = arena_text(work->arena, institution);
    audit_add(work->txn, wire_pack(&row.base, work->arena));
}

void work_inbox_changed(struct work *work, struct inbox_effect effect)
{
    struct effects *effects = work->effects;

    if (effects->inbox_count == effects->inbox_room) {
        size_t room = effects->inbox_room == 0 ? 64 : 2 * effects->inbox_room;
        struct inbox_effect *more = arena_alloc(work->arena, room * sizeof *more);

        if (effects->inbox_count != 0)
            memcpy(more, effects->inbox, effects->inbox_count * sizeof *more);
        effects->inbox = more;
        effects->inbox_room = room;
    }
    effects->inbox[effects->inbox_count++] = effect;
}

void work_note(struct work *work, struct notable notable)
{
    struct effects *effects = work->effects;

    if (effects->notable_count == effects->notable_room) {
        size_t room = effects->notable_room == 0 ? 16 : 2 * effects->notable_room;
        struct notable *more = arena_alloc(work->arena, room * sizeof *more);

        if (effects->notable_count != 0)
            memcpy(more, effects->notables, effects->notable_count * sizeof *more);
        effects->notables = more;
        effects->notable_room = room;
    }
    effects->notables[effects->notable_count++] = notable;
}

static struct registry_institution *make_institution(struct store_txn *txn, const Record__Institution *row)
{
    struct arena *memory = store_memory(txn);
    struct registry_institution *made = arena_alloc(memory, sizeof *made);
    Record__Institution *kept = arena_alloc(memory, sizeof *kept);

    record__institution__init(kept);
    FIELD_SET(kept, number, row->number);
    FIELD_SET(kept, paused, row->paused);
    FIELD_SET(kept, paused_at_ms, row->paused_at_ms);
    kept->pause_reason = arena_text(memory, row->pause_reason);
    *made = (struct registry_institution){
        .row = kept,
        .institution =
            registry_read_into(memory, txn, TABLE_INSTITUTION, &referral__institution__descriptor, row->institution),
        .offset_minutes = CHINA_OFFSET_MINUTES,
    };
    if (made->institution == NULL)
        return NULL;
    if (made->institution->time_zone != NULL)
        offset_parse(made->institution->time_zone, &made->offset_minutes);
    return made;
}

static struct registry_institution *read_institution(struct store_txn *txn, const char *id)
{
    struct registry_institution *found = store_recall(txn, TABLE_INSTITUTION, bytes_text(id));
    const Record__Institution *row = found != NULL ? NULL : institution_row(txn, id);

    if (row != NULL)
        found = make_institution(txn, row);
    if (row != NULL && found != NULL)
        store_remember(txn, TABLE_INSTITUTION, bytes_text(id), found);
    return found;
}

const struct registry_institution *registry_read_institution(struct store_txn *txn, const char *id)
{
    return read_institution(txn, id);
}

const struct registry_institution *registry_institution(struct work *work, const char *id)
{
    struct registry_institution *found;

    if (id == NULL)
        return NULL;
    found = cache_find(work->cache, CACHE_INSTITUTION, bytes_text(id), bytes_text(""));
    if (found != NULL)
        return found;
    return cache_keep(work->cache, CACHE_INSTITUTION, bytes_text(id), bytes_text(""), read_institution(work->txn, id));
}

const struct registry_institution *registry_institution_of(struct work *work, uint32_t number)
{
    struct bytes key = bytes_of((const uint8_t *)&number, sizeof number);
    struct registry_institution *found = cache_find(work->cache, CACHE_NUMBER, key, bytes_text(""));
    const char *id = found != NULL ? NULL : institution_id_of(work->txn, number);

    if (found != NULL)
        return found;
    if (id != NULL)
        found = read_institution(work->txn, id);
    if (found == NULL || found->row->number != number)
        store_damaged(work->txn, TABLE_INSTITUTION_NUMBER, key);
    return cache_keep(work->cache, CACHE_NUMBER, key, bytes_text(""), found);
}

const Referral__Relation *registry_relation(struct work *work, const char *from, const char *to)
{
    Referral__Relation *found = cache_find(work->cache, CACHE_RELATION, bytes_text(from), bytes_text(to));

    if (found == NULL) {
        const Record__Relation *row = relation_row(work->txn, from, to);

        if (row != NULL)
            found = work_read(work, TABLE_RELATION, &referral__relation__descriptor, row->relation);
        cache_keep(work->cache, CACHE_RELATION, bytes_text(from), bytes_text(to), found);
    }
    return found;
}

const Referral__Team *registry_team(struct work *work, const char *id)
{
    Referral__Team *found = store_recall(work->txn, TABLE_TEAM, bytes_text(id));
    const Record__Team *row = found != NULL ? NULL : team_row(work->txn, id);

    if (row == NULL)
        return found;
    found = registry_read_into(store_memory(work->txn), work->txn, TABLE_TEAM, &referral__team__descriptor, row->team);
    if (found != NULL)
        store_remember(work->txn, TABLE_TEAM, bytes_text(id), found);
    return found;
}
