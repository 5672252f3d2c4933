/* quarantine.c - who is at hand, and who may not come again. */
#include "engine/quarantine.h"

#include <stdio.h>

#include "base/utf8.h"
#include "engine/alarm.h"
#include "engine/binary.h"
#include "engine/registry.h"

#define ALARM_CODE "quarantined"

static uint8_t *append(uint8_t *at, struct bytes part)
{
    if (part.size != 0)
        memcpy(at, part.data, part.size);
    return at + part.size;
}

/* All that a resend repeats, and nothing it does not: kind, key, for whom, message id, content. */
static void hash_command(struct work *work, uint8_t ret_hash[SUSPECT_HASH_SIZE])
{
    const Batch__Command *command = work->command;
    bool has_digest = work->kind->class == KIND_COMMAND;
    struct bytes content = has_digest ? bytes_of(work->digest, sizeof work->digest) : binary_bytes(command->body);
    struct bytes whom = bytes_text(command->acting_for != NULL ? command->acting_for : "");
    struct bytes id = bytes_text(command->message_id != NULL ? command->message_id : "");
    size_t size = 4 + command->key.len + content.size + whom.size + 1 + id.size;
    uint8_t *text = arena_alloc(work->arena, size), *at = text + 4;

    put_be32(text, command->kind);
    at = append(at, binary_bytes(command->key));
    at = append(at, whom);
    *at++ = '\0';
    at = append(at, id);
    append(at, content);
    store_keyed_hash(store_of(work->txn), bytes_of(text, size), ret_hash);
}

void quarantine_begin(struct work *work)
{
    struct suspect suspect = {.kind = work->command->kind};
    const char *institution = work->command->institution != NULL ? work->command->institution : "";

    hash_command(work, suspect.hash);
    memcpy(work->suspect_hash, suspect.hash, sizeof suspect.hash);
    snprintf(suspect.institution, sizeof suspect.institution, "%s", institution);
    suspect_begin(store_of(work->txn), &suspect);
}

void quarantine_end(struct work *work)
{
    suspect_end(store_of(work->txn));
}

/* There is hardly ever one: the count spares each command a look. */
bool quarantine_admits(struct work *work)
{
    if (meta_row(work->txn)->quarantined == 0 || quarantine_row(work->txn, work->suspect_hash) == NULL)
        return true;
    return refuse(work, REFUSED_QUARANTINED, "");
}

static char *hex_of(struct work *work, struct bytes hash)
{
    char *hex = arena_alloc(work->arena, 2 * SUSPECT_HASH_SIZE + 1);

    hex_encode(hex, hash);
    return hex;
}

/* As of other alarms: an institution, and what of it. */
static const char *subject_of(struct work *work, const char *institution, struct bytes hash)
{
    return arena_format(work->arena, "%s/%s", institution, hex_of(work, hash));
}

bool quarantine_apply_culprit(struct work *work)
{
    const Batch__Culprit *culprit = work_unpack(work, &batch__culprit__descriptor, work->command->body);
    const struct kind_info *kind = kind_info(culprit->kind);
    Record__Quarantine row = RECORD__QUARANTINE__INIT;
    Record__Meta *meta = meta_row(work->txn);

    if (quarantine_row(work->txn, culprit->hash.data) != NULL)
        return true;
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, since_ms, work->now.ms);
    row.institution = culprit->institution;
    FIELD_SET(&row, kind, culprit->kind);
    quarantine_row_put(work->txn, culprit->hash.data, &row);
    FIELD_SET(meta, quarantined, meta->quarantined + 1);
    alarm_raise(work, ALARM_CODE, subject_of(work, culprit->institution, binary_bytes(culprit->hash)),
                kind != NULL ? kind->name : NULL);
    return true;
}

bool quarantine_apply_release(struct work *work)
{
    const Referral__ReleaseCommand *release = (const Referral__ReleaseCommand *)work->body;
    Record__Meta *meta = meta_row(work->txn);
    const Record__Quarantine *row;

    if (!registry_may_touch(work, NULL))
        return false;
    if (!release->has_hash)
        refuse(work, REFUSED_MISSING, "hash");
    if (text_is_blank(release->reason))
        refuse(work, REFUSED_MISSING, "reason");
    if (is_refused(work))
        return false;
    row = release->hash.len == SUSPECT_HASH_SIZE ? quarantine_row(work->txn, release->hash.data) : NULL;
    if (row == NULL)
        return refuse(work, REFUSED_NOT_QUARANTINED, "hash");
    quarantine_row_put(work->txn, release->hash.data, NULL);
    meta->quarantined--;
    alarm_clear(work, ALARM_CODE, subject_of(work, row->institution, binary_bytes(release->hash)));
    work->audit.subject = hex_of(work, binary_bytes(release->hash));
    work->audit.reason = release->reason;
    return true;
}
