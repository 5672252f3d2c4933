/* Which institution's keys end first (T5). */
#include "desk.h"

#include "turn/key_watch.h"

#define REFER   REFERRAL__ROLE__REFER
#define RECEIVE REFERRAL__ROLE__RECEIVE

/* Of H1, with one role; `days` 0: without an end. */
static void add_key(struct desk *desk, uint8_t number, Referral__Role role, int days)
{
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    uint8_t bytes[32] = {number};

    FIELD_SET(&key, public_key, ((ProtobufCBinaryData){.len = sizeof bytes, .data = bytes}));
    key.institution = "H1";
    key.roles = &role;
    key.n_roles = 1;
    if (days != 0)
        FIELD_SET(&key, valid_to_ms, DESK_NOW + days * DAY_MS);
    cr_assert_str_eq(desk_operate(desk, registry_apply_add_key, REFERRAL__KIND__ADD_KEY, &key), "");
}

static void revoke_key(struct desk *desk, uint8_t number)
{
    Referral__RevokeKey named = REFERRAL__REVOKE_KEY__INIT;
    uint8_t bytes[32] = {number};

    FIELD_SET(&named, public_key, ((ProtobufCBinaryData){.len = sizeof bytes, .data = bytes}));
    cr_assert_str_eq(desk_operate(desk, registry_apply_revoke_key, REFERRAL__KIND__REVOKE_KEY, &named), "");
}

/* In days, looking at so many keys a step; 0: nothing ends. */
static int first_end(struct desk *desk, size_t keys)
{
    struct key_watch watch = {0};
    const struct key_holder *holder;
    int64_t end_ms = 0;

    key_watch_begin(&watch);
    while (key_watch_step(&watch, desk->txn, keys))
        ;
    HASH_FIND_STR(watch.holders, "H1", holder);
    if (holder != NULL)
        end_ms = key_watch_first_end(holder).ms;
    key_watch_end(&watch);
    return end_ms == 0 ? 0 : (int)((end_ms - DESK_NOW) / DAY_MS);
}

static void open_h1(struct desk *desk)
{
    desk_open(desk);
    cr_assert_str_eq(desk_put_institution(desk, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY),
                     "");
}

Test(key_watch, t5_a_longer_key_of_the_role_is_enough)
{
    struct desk desk;

    open_h1(&desk);
    cr_assert_eq(first_end(&desk, 10), 0, "there is none");
    add_key(&desk, 1, REFER, 5);
    cr_assert_eq(first_end(&desk, 10), 5);
    add_key(&desk, 2, RECEIVE, 0);
    cr_assert_eq(first_end(&desk, 10), 5, "a key for another role does not help");
    add_key(&desk, 3, REFER, 9);
    add_key(&desk, 4, REFER, 7);
    for (size_t keys = 1; keys <= 5; keys++)
        cr_assert_eq(first_end(&desk, keys), 9, "%zu a step", keys);
    desk_close(&desk);
}

Test(key_watch, t5_a_revoked_key_is_no_help)
{
    struct desk desk;

    open_h1(&desk);
    add_key(&desk, 1, REFER, 5);
    add_key(&desk, 2, REFER, 0);
    cr_assert_eq(first_end(&desk, 10), 0);
    revoke_key(&desk, 2);
    cr_assert_eq(first_end(&desk, 10), 5);
    desk_close(&desk);
}
