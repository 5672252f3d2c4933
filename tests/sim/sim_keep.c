/* sim_keep.c - what stays in the store, what goes to the archive, and under which key (D8): holds, passes of the
 * archiver, data keys. */
#include <stdio.h>

#include "sim/sim_inside.h"
#include "store/archive_verify.h"
#include "store/reseal.h"
#include "store/rows.h"
#include "turn/archiver.h"
#include "turn/forgetter.h"

void sim_act_hold(struct sim *s)
{
    struct model_referral *r = sim_some_referral(s);
    struct deed deed = {.to = NO_PARTY};

    if (r == NULL)
        return;
    deed.subject = (int)(r - s->model.referrals);
    deed.kind = r->held == !sim_one_in(s, 8) ? REFERRAL__KIND__RELEASE_REFERRAL : REFERRAL__KIND__HOLD_REFERRAL;
    sim_operate(s, &deed, sim_body(s, (Referral__Kind)deed.kind, "referral_id=%s; reason=诉讼", r->id));
}

/* ---- The archive ---- */

static const char *archive_of(struct sim *s)
{
    return arena_format(&s->w->arena, "%s/archive", s->directory);
}

/* Steps of a pass, at most so many; whether it has ended. */
static bool archive_some(struct sim *s, uint64_t most)
{
    struct archiver_options options = {.store = s->store, .turn = s->turn, .directory = archive_of(s)};
    struct archiver *archiver = NULL;
    int more = 1;

    cr_assert_eq(archiver_open(&options, &archiver), 0);
    for (uint64_t i = 0; i < most && more > 0 && !sim_failed(s); i++) {
        more = archiver_step(archiver, s->now);
        sim_settle(s);
    }
    archiver_close(archiver);
    if (more < 0 && !sim_failed(s))
        sim_fail(s, "D8: the archiver gives up: %d", more);
    return more == 0;
}

/* ---- Keys of commands ---- */

/* Of a command about places it is its booking's or entry's affair how long it stays. */
static void compare_key(struct sim *s, struct store_txn *txn, struct model_key *key, bool is_whole)
{
    const Record__Institution *actor = institution_row(txn, party_name(key->actor));
    bool may_go = model_may_forget(&s->model, key), is_of_place = key->kind >= REFERRAL__KIND__PUT_POOL;

    key->is_gone = dedup_row(txn, actor->number, key->message_id) == NULL;
    s->out->forgotten += key->is_gone;
    if (key->is_gone && !may_go)
        sim_fail(s, "D1: %s's key %s is forgotten", party_name(key->actor), key->message_id);
    if (!key->is_gone && may_go && is_whole && !is_of_place)
        sim_fail(s, "D8: %s's key %s stays", party_name(key->actor), key->message_id);
}

static void compare_keys(struct sim *s, bool is_whole)
{
    struct store_txn *txn = NULL;

    if (store_read_begin(s->store, &s->idle, &txn) != 0)
        sim_fail(s, "the keys cannot be read");
    for (size_t i = 0; i < s->model.key_count && !sim_failed(s); i++)
        if (!s->model.keys[i].is_gone)
            compare_key(s, txn, &s->model.keys[i], is_whole);
    store_read_end(txn);
    arena_reset(&s->idle, 0);
}

/* As archive_some; what has gone is compared at once, as somebody may say it again. */
static bool forget_some(struct sim *s, uint64_t most)
{
    struct forgetter forgetter;
    int more = 1;

    forgetter_init(&forgetter, s->store, s->turn, &s->idle);
    for (uint64_t i = 0; i < most && more > 0 && !sim_failed(s); i++) {
        more = forgetter_step(&forgetter, s->now);
        sim_settle(s);
    }
    if (more < 0 && !sim_failed(s))
        sim_fail(s, "D8: old keys cannot be looked through: %d", more);
    if (!sim_failed(s))
        compare_keys(s, more == 0);
    return more == 0;
}

/* ---- Both ---- */

void sim_act_archive(struct sim *s)
{
    uint64_t most = sim_one_in(s, 3) ? sim_below(s, 12) : UINT64_MAX;
    bool is_whole;

    if (s->now.hold) /* C4: nothing is so and so old */
        return;
    sim_hurry(s);
    sim_tell(s, "[what is finished is archived%s]", most == UINT64_MAX ? "" : ", until the broker dies");
    is_whole = archive_some(s, most) && forget_some(s, most);
    if (!is_whole && !sim_failed(s))
        sim_act_crash(s);
    if (!sim_failed(s))
        sim_compare_archived(s, is_whole);
}

/* ---- Data keys ---- */

/* Three or so a store: to move every row costs as much as a few hundred steps. */
void sim_act_reseal(struct sim *s)
{
    uint32_t number;

    if (!sim_one_in(s, 6))
        return;
    sim_tell(s, "[another data key]");
    if (keys_add(s->directory, sim_host_key, &number) != 0)
        sim_fail(s, "no data key is added");
    else if (sim_one_in(s, 3))
        sim_act_crash(s); /* it is read at the next start */
    else if (store_keys_take(s->store, sim_host_key) != 0)
        sim_fail(s, "a data key is not taken");
    if (!sim_failed(s) && store_newest_key(s->store) != number)
        sim_fail(s, "the newest data key is %u instead of %u", store_newest_key(s->store), number);
    s->is_resealing = true;
}

void sim_reseal_some(struct sim *s)
{
    struct reseal_state state;
    int more = s->is_resealing ? reseal_advance(s->store, &s->idle, &state) : 0;

    if (more < 0)
        sim_fail(s, "rows do not move under the new key: %d", more);
    s->is_resealing = more > 0;
}

static void judge_keys(struct sim *s)
{
    uint64_t rows[KEYS_DATA_MAX + 1];
    uint32_t newest = store_newest_key(s->store);

    while (s->is_resealing && !sim_failed(s))
        sim_reseal_some(s);
    if (!sim_failed(s) && reseal_count(s->store, &s->idle, rows) != 0)
        sim_fail(s, "the rows of each key cannot be counted");
    for (uint32_t key = 0; key <= KEYS_DATA_MAX && !sim_failed(s); key++)
        if (key != newest && rows[key] != 0)
            sim_fail(s, "%lu rows are left under key %u, and %u is the newest", (unsigned long)rows[key], key, newest);
}

static void judge_archive(struct sim *s)
{
    struct archive_verify_result result;
    int failure = archive_verify(s->store, archive_of(s), NULL, NULL, &result);

    if (failure != 0 || result.faults != 0)
        sim_fail(s, "D8: the archive does not verify: %d %s", failure, failure == 0 ? result.first_fault : "");
}

/* What was finished a month ago goes, and no row is left under an old key. */
void sim_judge_kept(struct sim *s)
{
    if (s->now.hold) {
        struct deed deed = {.kind = REFERRAL__KIND__CONFIRM_TIME, .to = NO_PARTY};

        sim_order(s, &deed, sim_body(s, REFERRAL__KIND__CONFIRM_TIME, "reason=已核对"));
        sim_pass(s, 61000, 61000);
        sim_settle(s);
    }
    judge_keys(s);
    if (!sim_failed(s) && archive_some(s, UINT64_MAX) && forget_some(s, UINT64_MAX) && !sim_failed(s))
        sim_compare_archived(s, true);
    if (!sim_failed(s))
        judge_archive(s);
}
