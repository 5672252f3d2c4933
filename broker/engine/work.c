/* work.c - refusing, ids, and what handlers read of store and registry, once a turn. */
#include "engine/work.h"

#include <assert.h>

#define CHINA_OFFSET_MINUTES 480 /* "+08:00", the default of T1 */

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

struct registry_institution *registry_institution(struct work *work, const char *id)
{
    struct registry_institution *found;

    if (id == NULL)
        return NULL;
    found = cache_find(work->cache, CACHE_INSTITUTION, bytes_text(id), bytes_text(""));
    if (found != NULL)
        return found;

    Record__Institution *row = institution_row(work->txn, id);

    if (row == NULL)
        return NULL;
    found = arena_alloc(work->arena, sizeof *found);
    found->row = row;
    found->institution = work_unpack(work, &referral__institution__descriptor, row->institution);
    found->offset_minutes = CHINA_OFFSET_MINUTES;
    if (found->institution->time_zone != NULL)
        offset_parse(found->institution->time_zone, &found->offset_minutes);
    return cache_keep(work->cache, CACHE_INSTITUTION, bytes_text(id), bytes_text(""), found);
}

const Referral__Relation *registry_relation(struct work *work, const char *from, const char *to)
{
    Referral__Relation *found = cache_find(work->cache, CACHE_RELATION, bytes_text(from), bytes_text(to));

    if (found == NULL) {
        const Record__Relation *row = relation_row(work->txn, from, to);

        if (row != NULL)
            found = work_unpack(work, &referral__relation__descriptor, row->relation);
        cache_keep(work->cache, CACHE_RELATION, bytes_text(from), bytes_text(to), found);
    }
    return found;
}

const Referral__Team *registry_team(struct work *work, const char *id)
{
    Referral__Team *found = cache_find(work->cache, CACHE_TEAM, bytes_text(id), bytes_text(""));

    if (found == NULL) {
        const Record__Team *row = team_row(work->txn, id);

        if (row != NULL)
            found = work_unpack(work, &referral__team__descriptor, row->team);
        cache_keep(work->cache, CACHE_TEAM, bytes_text(id), bytes_text(""), found);
    }
    return found;
}
