/* speaker.c - a key speaks for its institution, by its roles, while it lives (T5, P2). */
#include "engine/speaker.h"

#include "engine/authority.h"
#include "engine/binary.h"

#define PUBLIC_KEY_SIZE 32

bool engine_speaker(struct store_txn *txn, const uint8_t public_key[32], struct instant now,
                    struct speaker *ret_speaker)
{
    const Record__AccessKey *row = access_key_row(txn, public_key);
    struct speaker speaker = {0};
    enum refusal refusal;

    if (row == NULL || row->revoked)
        return false;

    const Referral__AccessKey *key = (const Referral__AccessKey *)wire_unpack(
        &referral__access_key__descriptor, binary_bytes(row->access_key), store_arena(txn), &refusal);

    if (key == NULL || key->institution == NULL || strlen(key->institution) >= sizeof speaker.institution ||
        now.ms < key->valid_from_ms || (key->has_valid_to_ms && now.ms >= key->valid_to_ms))
        return false;

    const Record__Institution *institution = institution_row(txn, key->institution);

    if (institution == NULL)
        return false;
    memcpy(speaker.institution, key->institution, strlen(key->institution) + 1);
    speaker.number = institution->number;
    speaker.valid_to = instant_of(key->valid_to_ms);
    for (size_t i = 0; i < key->n_roles; i++)
        speaker.roles |= 1U << key->roles[i];
    *ret_speaker = speaker;
    return true;
}

static const struct speaker *find_speaker(struct work *work, const uint8_t *key)
{
    struct bytes by = bytes_of(key, PUBLIC_KEY_SIZE);
    struct speaker *speaker = cache_find(work->cache, CACHE_SPEAKER, by, bytes_text(""));

    if (speaker != NULL)
        return speaker;
    speaker = arena_alloc(work->arena, sizeof *speaker);
    if (!engine_speaker(work->txn, key, work->now, speaker))
        return NULL;
    return cache_keep(work->cache, CACHE_SPEAKER, by, bytes_text(""), speaker);
}

/* T5: the key decides who speaks; a delegation, for whom. */
static bool find_actor(struct work *work)
{
    const char *acting_for = work->command->acting_for;
    const struct registry_institution *principal;

    if (acting_for == NULL || acting_for[0] == '\0' || strcmp(acting_for, work->speaker) == 0)
        return true;
    principal = registry_institution(work, acting_for);
    if (principal == NULL || !delegation_exists(work->txn, work->speaker, acting_for))
        return refuse(work, REFUSED_WRONG_SENDER, "acting_for");
    work->actor = acting_for;
    work->actor_number = principal->row->number;
    return true;
}

/* P3: what a key says that was given once is audited even when it lives no more. */
static bool refuse_key(struct work *work, const ProtobufCBinaryData *key)
{
    if (key->len == PUBLIC_KEY_SIZE && access_key_row(work->txn, key->data) != NULL)
        work->speaker = work->command->institution;
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool speaker_admit(struct work *work)
{
    const ProtobufCBinaryData *key = &work->command->key;
    const struct speaker *speaker = key->len == PUBLIC_KEY_SIZE ? find_speaker(work, key->data) : NULL;

    if (speaker == NULL)
        return refuse_key(work, key);
    work->speaker = work->actor = speaker->institution;
    work->speaker_number = work->actor_number = speaker->number;
    work->roles = speaker->roles;
    if (!authority_allows_any((Referral__Kind)work->command->kind, work->roles))
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    return find_actor(work);
}
