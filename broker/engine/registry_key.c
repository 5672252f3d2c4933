/* registry_key.c - which key speaks for whom, with which roles and for how long (T5, P2). */
#include <errno.h>

#include "engine/binary.h"
#include "engine/registry.h"
#include "rules/identity.h"

#define KEY_SIZE 32

static bool is_key(ProtobufCBinaryData key)
{
    static const uint8_t none[KEY_SIZE];

    return key.len == KEY_SIZE && memcmp(key.data, none, KEY_SIZE) != 0;
}

static bool has_operate(const Referral__AccessKey *key)
{
    for (size_t i = 0; i < key->n_roles; i++)
        if (key->roles[i] == REFERRAL__ROLE__OPERATE)
            return true;
    return false;
}

/* C1: from `valid_from` on, while now < `valid_to`. */
static bool operates_at(const Referral__AccessKey *key, struct instant now)
{
    return has_operate(key) && (!key->has_valid_from_ms || key->valid_from_ms <= now.ms) &&
           (!key->has_valid_to_ms || now.ms < key->valid_to_ms);
}

static const Referral__AccessKey *key_of(struct work *work, const Record__AccessKey *row)
{
    return work_read(work, TABLE_ACCESS_KEY, &referral__access_key__descriptor, row->access_key);
}

static bool another_operates(struct work *work, ProtobufCBinaryData but)
{
    struct store_cursor *cursor = store_scan(work->txn, TABLE_ACCESS_KEY, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes public_key;
    bool found = false;

    while (!found && store_next_key(cursor, &public_key)) {
        const Record__AccessKey *row;

        if (bytes_equal(public_key, binary_bytes(but)))
            continue;
        row = access_key_row(work->txn, public_key.data);
        found = row != NULL && !row->revoked && operates_at(key_of(work, row), work->now);
    }
    store_scan_end(cursor);
    return found;
}

static bool ends_earlier(const Referral__AccessKey *put, const Referral__AccessKey *old)
{
    return put->has_valid_to_ms && (!old->has_valid_to_ms || put->valid_to_ms < old->valid_to_ms);
}

/* P2: somebody must be left to let others in. Taking the role from the last operator key, or shortening it, is revoking
 * it slowly. `put` NULL: revoked. */
static bool locks_out(struct work *work, const Referral__AccessKey *old, const Referral__AccessKey *put)
{
    if (!operates_at(old, work->now))
        return false;
    if (put != NULL && operates_at(put, work->now) && !ends_earlier(put, old))
        return false;
    return !another_operates(work, old->public_key);
}

/* A key belongs to one institution, and once revoked stays so: whoever lost it may still hold it. */
static void check_known_key(struct work *work, const Referral__AccessKey *put)
{
    const Record__AccessKey *row = access_key_row(work->txn, put->public_key.data);
    const Referral__AccessKey *old;

    if (row == NULL)
        return;
    old = key_of(work, row);
    if (put->institution != NULL && strcmp(old->institution, put->institution) != 0)
        refuse(work, REFUSED_KEY_TAKEN, "public_key");
    else if (row->revoked)
        refuse(work, REFUSED_KEY_REVOKED, "public_key");
    else if (locks_out(work, old, put))
        refuse(work, REFUSED_LAST_OPERATOR, "public_key");
}

static void check_key(struct work *work, const Referral__AccessKey *put)
{
    if (!put->has_public_key)
        refuse(work, REFUSED_MISSING, "public_key");
    else if (!is_key(put->public_key))
        refuse(work, REFUSED_BAD_KEY, "public_key");
    else
        check_known_key(work, put);
    registry_requires_institution(work, put->institution, "institution");
    if (put->n_roles == 0)
        refuse(work, REFUSED_MISSING, "roles");
    if (put->has_valid_from_ms && put->has_valid_to_ms && put->valid_to_ms <= put->valid_from_ms)
        refuse(work, REFUSED_BAD_ORDER, "valid_to_ms");
    if (put->has_revoked_at_ms)
        refuse(work, REFUSED_NOT_EXPECTED, "revoked_at_ms");
}

static void write_key(struct work *work, const Referral__AccessKey *key, bool revoked)
{
    Record__AccessKey row = RECORD__ACCESS_KEY__INIT;

    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, access_key, binary_pack(work->arena, &key->base));
    FIELD_SET(&row, revoked, revoked);
    access_key_row_put(work->txn, key->public_key.data, &row);
    work->effects->keys_changed = true;
    work->audit.subject = key->institution;
}

bool registry_apply_add_key(struct work *work)
{
    const Referral__AccessKey *put = (const Referral__AccessKey *)work->body;

    if (!registry_may_touch(work, put->institution))
        return false;
    check_key(work, put);
    if (is_refused(work))
        return false;
    write_key(work, put, false);
    return true;
}

/* Revoking again changes nothing and is accepted: whoever is in a hurry must not be told no. */
bool registry_apply_revoke_key(struct work *work)
{
    const Referral__RevokeKey *named = (const Referral__RevokeKey *)work->body;
    const Record__AccessKey *row = NULL;
    const Referral__AccessKey *old;
    Referral__AccessKey key;

    if (is_key(named->public_key))
        row = access_key_row(work->txn, named->public_key.data);
    if (row == NULL)
        return registry_may_touch(work, NULL) && refuse(work, REFUSED_NOT_FOUND, "public_key");
    old = key_of(work, row);
    if (!registry_may_touch(work, old->institution))
        return false;
    if (!row->revoked && locks_out(work, old, NULL))
        return refuse(work, REFUSED_LAST_OPERATOR, "public_key");
    if (row->revoked) {
        work->audit.subject = old->institution;
        return true;
    }
    key = *old;
    FIELD_SET(&key, revoked_at_ms, work->now.ms);
    write_key(work, &key, true);
    return true;
}

static void found_institution(struct store_txn *txn, const char *id, const char *name)
{
    struct arena *arena = store_arena(txn);
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    Record__Institution row = RECORD__INSTITUTION__INIT;

    institution.id = arena_text(arena, id);
    institution.name = arena_text(arena, name);
    FIELD_SET(&institution, kind, REFERRAL__INSTITUTION_KIND__OBSERVER);
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, number, institution_number_new(txn));
    FIELD_SET(&row, institution, binary_pack(arena, &institution.base));
    institution_row_put(txn, id, &row);
}

static void found_key(struct store_txn *txn, const char *institution, const uint8_t public_key[KEY_SIZE],
                      struct instant now)
{
    struct arena *arena = store_arena(txn);
    Referral__Role roles[] = {REFERRAL__ROLE__OPERATE, REFERRAL__ROLE__OBSERVE};
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Record__AccessKey row = RECORD__ACCESS_KEY__INIT;

    FIELD_SET(&key, public_key, binary_copy(arena, bytes_of(public_key, KEY_SIZE)));
    key.institution = arena_text(arena, institution);
    key.n_roles = sizeof roles / sizeof *roles;
    key.roles = roles;
    FIELD_SET(&key, valid_from_ms, now.ms);
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, access_key, binary_pack(arena, &key.base));
    access_key_row_put(txn, public_key, &row);
}

int registry_found(struct store_txn *txn, const char *institution_id, const char *name, const uint8_t public_key[32],
                   struct instant now)
{
    if (!identity_is_institution_id(institution_id))
        return -EINVAL;
    found_institution(txn, institution_id, name);
    found_key(txn, institution_id, public_key, now);
    return store_failure(txn);
}
