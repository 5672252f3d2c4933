/* audit.c - rows of the audit record, and refusals counted by key and code so that a flood of them stays one row a
 * minute (P3). */
#include "engine/audit.h"

#include <sodium.h>

#include "engine/binary.h"

#define SUMMARY_AFTER_MS MINUTE_MS
#define PUBLIC_KEY_SIZE  32
#define SUBJECT_SIZE     (PUBLIC_KEY_SIZE + 2)

static void add(struct work *work, Referral__AuditRow *row)
{
    audit_add(work->txn, wire_pack(&row->base, work->arena));
}

static void fill_speaker(struct work *work, Referral__AuditRow *row)
{
    row->institution = arena_text(work->arena, work->speaker);
    FIELD_SET(row, key, work->command->key);
    FIELD_SET(row, kind, (Referral__Kind)work->command->kind);
}

/* Whose body is hardly more than what says who a patient is. */
static bool proves_patient(uint32_t kind)
{
    return kind == REFERRAL__KIND__HOLD_PLACE || kind == REFERRAL__KIND__BOOK_PLACE ||
           kind == REFERRAL__KIND__JOIN_LIST;
}

/* P1: from a plain digest that could be guessed. The command's own stays as it is, and with it what repeats it (D1). */
static void fill_digest(struct work *work, Referral__AuditRow *row)
{
    ProtobufCBinaryData digest = binary_copy(work->arena, bytes_of(work->digest, sizeof work->digest));
    uint8_t key[16];

    if (proves_patient(work->command->kind)) {
        store_keyed_hash(store_of(work->txn), bytes_text("digest in the audit"), key);
        crypto_generichash(digest.data, digest.len, work->digest, sizeof work->digest, key, sizeof key);
    }
    FIELD_SET(row, body_digest, digest);
}

void audit_accepted(struct work *work)
{
    Referral__AuditRow *row = &work->audit;

    fill_speaker(work, row);
    fill_digest(work, row);
    add(work, row);
}

/* P3: counted by the turn layer, not told here. */
static bool is_for_lack_of_room(enum refusal refusal)
{
    return refusal == REFUSED_DISK_FULL || refusal == REFUSED_INBOX_FULL || refusal == REFUSED_DRAINING;
}

static struct bytes subject_of(uint8_t subject[SUBJECT_SIZE], const uint8_t *key, enum refusal refusal)
{
    memcpy(subject, key, PUBLIC_KEY_SIZE);
    put_be16(subject + PUBLIC_KEY_SIZE, (uint16_t)refusal);
    return bytes_of(subject, SUBJECT_SIZE);
}

static void audit_first(struct work *work, enum refusal refusal)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;
    Record__RefusalCount count = RECORD__REFUSAL_COUNT__INIT;
    const uint8_t *key = work->command->key.data;
    uint8_t subject[SUBJECT_SIZE];

    fill_speaker(work, &row);
    row.code = arena_text(work->arena, refusal_code(refusal));
    fill_digest(work, &row);
    add(work, &row);

    FIELD_SET(&count, schema, STORE_SCHEMA);
    count.institution = arena_text(work->arena, work->speaker);
    count.code = row.code;
    FIELD_SET(&count, first_ms, work->now.ms);
    FIELD_SET(&count, kind, work->command->kind);
    refusal_count_row_put(work->txn, key, (uint16_t)refusal, &count);
    due_add(work->txn, instant_after(work->now, SUMMARY_AFTER_MS), DUE_REFUSALS, subject_of(subject, key, refusal));
}

/* An older version wrote the number alone: it is taken as one of ours. */
static const char *code_of(const Record__RefusalCount *count, uint16_t refusal)
{
    if (count->code != NULL)
        return count->code;
    return refusal < REFUSAL_COUNT ? refusal_code((enum refusal)refusal) : "";
}

static void summarise(struct work *work, const uint8_t *key, uint16_t refusal, const Record__RefusalCount *count)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;

    if (count->count != 0) {
        row.institution = count->institution;
        FIELD_SET(&row, key, binary_copy(work->arena, bytes_of(key, PUBLIC_KEY_SIZE)));
        FIELD_SET(&row, kind, (Referral__Kind)count->kind);
        row.code = arena_text(work->arena, code_of(count, refusal));
        FIELD_SET(&row, count, count->count);
        add(work, &row);
    }
    refusal_count_row_put(work->txn, key, refusal, NULL);
}

/* A number is another code's after an upgrade, perhaps: what was counted of that one is told, and the minute begins
 * anew. */
void audit_refused(struct work *work)
{
    enum refusal refusal = work->findings.list[0].refusal;
    const uint8_t *key = work->command->key.data;
    Record__RefusalCount *count;

    if (is_for_lack_of_room(refusal))
        return;
    count = refusal_count_row(work->txn, key, (uint16_t)refusal);
    if (count != NULL && strcmp(code_of(count, (uint16_t)refusal), refusal_code(refusal)) != 0) {
        summarise(work, key, (uint16_t)refusal, count);
        count = NULL;
    }
    if (count == NULL) {
        audit_first(work, refusal);
        return;
    }
    FIELD_SET(count, count, count->count + 1);
    refusal_count_row_put(work->txn, key, (uint16_t)refusal, count);
}

void audit_summarise(struct work *work, struct bytes subject)
{
    const Record__RefusalCount *count;
    uint16_t refusal;

    if (subject.size != SUBJECT_SIZE)
        return;
    refusal = get_be16(subject.data + PUBLIC_KEY_SIZE);
    count = refusal_count_row(work->txn, subject.data, refusal);
    if (count != NULL)
        summarise(work, subject.data, refusal, count);
}
