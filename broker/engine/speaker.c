/* speaker.c - a key speaks for its institution, by its roles, while it lives (T5, P2). */
#include "engine/speaker.h"

#include "engine/authority.h"
#include "engine/binary.h"
#include "store/memory.h"

#define PUBLIC_KEY_SIZE 32

/* What a key says of itself, and whose it is: an institution is never deleted, and its number is for ever. */
struct known_key {
    struct speaker speaker;
    struct instant valid_from;
    bool ends;
};

static bool read_key(struct store_txn *txn, const Record__AccessKey *row, struct known_key *ret_known)
{
    const Referral__AccessKey *key =
        registry_read_into(store_arena(txn), txn, TABLE_ACCESS_KEY, &referral__access_key__descriptor, row->access_key);
    struct known_key known = {0};
    const struct registry_institution *institution;

    if (key == NULL || strlen(key->institution) >= sizeof known.speaker.institution)
        return false;
    institution = registry_read_institution(txn, key->institution);
    if (institution == NULL)
        return false;
    memcpy(known.speaker.institution, key->institution, strlen(key->institution) + 1);
    known.speaker.number = institution->row->number;
    known.speaker.valid_to = instant_of(key->valid_to_ms);
    known.valid_from = instant_of(key->valid_from_ms);
    known.ends = key->has_valid_to_ms;
    for (size_t i = 0; i < key->n_roles; i++)
        known.speaker.roles |= 1U << key->roles[i];
    *ret_known = known;
    return true;
}

static const struct known_key *find_key(struct store_txn *txn, const uint8_t public_key[PUBLIC_KEY_SIZE])
{
    struct bytes by = bytes_of(public_key, PUBLIC_KEY_SIZE);
    struct known_key *found = store_recall(txn, TABLE_ACCESS_KEY, by), known;
    const Record__AccessKey *row = found != NULL ? NULL : access_key_row(txn, public_key);

    if (row == NULL || row->revoked || !read_key(txn, row, &known))
        return found;
    found = arena_alloc(store_memory(txn), sizeof *found);
    *found = known;
    store_remember(txn, TABLE_ACCESS_KEY, by, found);
    return found;
}

bool engine_speaker(struct store_txn *txn, const uint8_t public_key[32], struct instant now,
                    struct speaker *ret_speaker)
{
    const struct known_key *known = find_key(txn, public_key);

    if (known == NULL || now.ms < known->valid_from.ms || (known->ends && now.ms >= known->speaker.valid_to.ms))
        return false;
    *ret_speaker = known->speaker;
    return true;
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
    struct speaker *speaker = arena_alloc(work->arena, sizeof *speaker);

    if (key->len != PUBLIC_KEY_SIZE || !engine_speaker(work->txn, key->data, work->now, speaker))
        return refuse_key(work, key);
    work->speaker = work->actor = speaker->institution;
    work->speaker_number = work->actor_number = speaker->number;
    work->roles = speaker->roles;
    if (!authority_allows_any((Referral__Kind)work->command->kind, work->roles))
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    return find_actor(work);
}
