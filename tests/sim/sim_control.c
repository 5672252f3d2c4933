/* sim_control.c - the comparison can fail: each mistake planted in the broker is found, and the first ones are told as
 * short stories. Those of section 6 are in sim_control_places.c.
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "sim/sim_found.h"

#include "engine/families.h"
#include "engine/life.h"
#include "engine/registry.h"
#include "engine/retention.h"
#include "rules/route.h"
#include "store/reseal.h"
#include "store/rows.h"
#include "turn/delivery.h"
#include "turn/mailbox.h"

#include <criterion/criterion.h>

static enum {
    NOTHING,
    FORGETS_ACKS,
    FORGETS_KEYS,
    PASSES_BACK_OFFS,
    CREDITS_MORE,
    TELLS_STRANGERS,
    GOES_ON_WRONGLY,
    REFUSES_AND_WRITES,
    NEVER_GOES_ON,
    DRAINS_NOTHING,
    PASSES_A_DENY,
    SENDS_TO_DISABLED,
    LEAVES_REVOKED,
    HOLDS_NOTHING,
    ARCHIVES_AT_ONCE,
    FORGETS_ONE_MORE,
    TAKES_NO_KEY,
    LEAVES_OLD_KEYS,
} planted;

bool __real_inbox_apply_ack(struct work *work);
bool __wrap_inbox_apply_ack(struct work *work)
{
    return planted == FORGETS_ACKS && ((const Referral__Ack *)work->body)->n_delivery_ids > 1
               ? true
               : __real_inbox_apply_ack(work);
}

void __real_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row)
{
    if (planted != FORGETS_KEYS)
        __real_dedup_row_add(txn, sender, message_id, row);
}

bool __real_mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE],
                               struct inbox_ref ref);
bool __wrap_mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE], struct inbox_ref ref)
{
    return planted != PASSES_BACK_OFFS && __real_mailbox_is_stalled(mailbox, referral, ref);
}

void __real_deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add);
void __wrap_deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add)
{
    __real_deliveries_credit(deliveries, consumer, planted == CREDITS_MORE && add == 3 ? add + 200 : add);
}

int __real_life_party(const struct work *work, const struct life_of *life);
int __wrap_life_party(const struct work *work, const struct life_of *life)
{
    return __real_life_party(work, life) | (planted == TELLS_STRANGERS ? BY_SENDER : 0);
}

enum state __real_lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted);
enum state __wrap_lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted)
{
    if (planted == GOES_ON_WRONGLY && row->event == ARRIVE && from == BOOKED)
        return IN_CARE;
    return __real_lifecycle_target(row, from, previous, accepted);
}

/* It hides what it wrote from the engine's own count. */
bool __real_life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field);
bool __wrap_life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field)
{
    if (planted == REFUSES_AND_WRITES && life->row->state == DELIVERED) {
        FIELD_SET(life->row, state, NO_SHOW);
        referral_row_put(work->txn, life->id, life->row);
        work->put_mark = store_put_count(work->txn);
    }
    return __real_life_refuse(work, life, by, refusal, field);
}

void __real_deliveries_stop(struct deliveries *deliveries, struct consumer *consumer, bool is_stopped);
void __wrap_deliveries_stop(struct deliveries *deliveries, struct consumer *consumer, bool is_stopped)
{
    if (planted != NEVER_GOES_ON || is_stopped)
        __real_deliveries_stop(deliveries, consumer, is_stopped);
}

bool __real_registry_apply_drain(struct work *work);
bool __wrap_registry_apply_drain(struct work *work)
{
    return planted == DRAINS_NOTHING || __real_registry_apply_drain(work);
}

int __real_route_check(const struct route *route, struct findings *findings);
int __wrap_route_check(const struct route *route, struct findings *findings)
{
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    Referral__Institution receiver = REFERRAL__INSTITUTION__INIT;
    struct route other = *route;

    if (planted == PASSES_A_DENY && route->relation != NULL && route->relation->deny)
        other.relation = &relation;
    if (planted == SENDS_TO_DISABLED && route->receiver != NULL) {
        receiver = *route->receiver;
        receiver.has_enabled = false;
        other.receiver = &receiver;
    }
    return __real_route_check(&other, findings);
}

bool __real_registry_apply_revoke_key(struct work *work);
bool __wrap_registry_apply_revoke_key(struct work *work)
{
    return planted == LEAVES_REVOKED || __real_registry_apply_revoke_key(work);
}

bool __real_hold_apply_hold(struct work *work);
bool __wrap_hold_apply_hold(struct work *work)
{
    return planted == HOLDS_NOTHING || __real_hold_apply_hold(work);
}

struct instant __real_retention_limit(struct store_txn *txn, struct instant now);
struct instant __wrap_retention_limit(struct store_txn *txn, struct instant now)
{
    return planted == ARCHIVES_AT_ONCE ? now : __real_retention_limit(txn, now);
}

void __real_dedup_row_delete(struct store_txn *txn, struct bytes key);
void __wrap_dedup_row_delete(struct store_txn *txn, struct bytes key)
{
    struct store_cursor *cursor;
    struct bytes next;

    __real_dedup_row_delete(txn, key);
    if (planted != FORGETS_ONE_MORE)
        return;
    cursor = store_scan(txn, TABLE_DEDUP, bytes_of(NULL, 0), key);
    if (store_next_key(cursor, &next))
        __real_dedup_row_delete(txn, next);
    store_scan_end(cursor);
}

int __real_store_keys_take(struct store *store, const uint8_t *host_key);
int __wrap_store_keys_take(struct store *store, const uint8_t *host_key)
{
    return planted == TAKES_NO_KEY ? 0 : __real_store_keys_take(store, host_key);
}

int __real_reseal_advance(struct store *store, struct arena *arena, struct reseal_state *ret_state);
int __wrap_reseal_advance(struct store *store, struct arena *arena, struct reseal_state *ret_state)
{
    return planted == LEAVES_OLD_KEYS ? 0 : __real_reseal_advance(store, arena, ret_state);
}

Test(sim_control, d4_an_ack_that_is_forgotten_is_found)
{
    planted = FORGETS_ACKS;
    sim_assert_told("an ack is forgotten");
}

Test(sim_control, d1_a_duplicate_that_is_applied_twice_is_found)
{
    planted = FORGETS_KEYS;
    sim_assert_found("a duplicate is applied twice", "conflict");
}

Test(sim_control, d3_a_message_that_passes_an_earlier_one_is_found)
{
    planted = PASSES_BACK_OFFS;
    sim_assert_told("a message passes one in back-off");
}

Test(sim_control, d4_more_than_the_credit_is_found)
{
    planted = CREDITS_MORE;
    sim_assert_found("more is handed out than was granted", "D4");
}

Test(sim_control, p2_a_stranger_who_is_told_is_found)
{
    planted = TELLS_STRANGERS;
    sim_assert_found("a stranger is told", "it is refused");
}

Test(sim_control, l1_a_step_that_is_not_in_the_table_is_found)
{
    planted = GOES_ON_WRONGLY;
    sim_assert_found("a step is not the table's", "L");
}

Test(sim_control, l1_a_refused_command_that_writes_is_found)
{
    planted = REFUSES_AND_WRITES;
    sim_assert_told("a refused command writes");
}

Test(sim_control, d4_a_peer_that_is_handed_nothing_any_more_is_found)
{
    planted = NEVER_GOES_ON;
    sim_assert_found("who was slow once is handed nothing any more", "D4");
}

Test(sim_control, d6_new_work_that_is_taken_while_draining_is_found)
{
    planted = DRAINS_NOTHING;
    sim_assert_found("new work is taken while draining", NULL);
}

Test(sim_control, t4_an_emergency_that_passes_a_deny_is_found)
{
    planted = PASSES_A_DENY;
    sim_assert_found("a deny is passed over", "refused");
}

Test(sim_control, t7_an_emergency_to_a_disabled_receiver_is_found)
{
    planted = SENDS_TO_DISABLED;
    sim_assert_found("a disabled receiver is sent something", "refused");
}

Test(sim_control, p2_a_revoked_key_that_speaks_is_found)
{
    planted = LEAVES_REVOKED;
    sim_assert_found("a revoked key goes on speaking", "P2");
}

Test(sim_control, d8_a_legal_hold_that_holds_nothing_is_found)
{
    planted = HOLDS_NOTHING;
    sim_assert_found("a legal hold is forgotten", "D8");
}

Test(sim_control, d8_a_referral_archived_too_early_is_found)
{
    planted = ARCHIVES_AT_ONCE;
    sim_assert_found("what has just ended is archived", "D8");
}

Test(sim_control, d1_a_key_forgotten_too_early_is_found)
{
    planted = FORGETS_ONE_MORE;
    sim_assert_found("a key goes with another", "D1");
}

Test(sim_control, p1_a_new_data_key_that_is_not_taken_is_found)
{
    planted = TAKES_NO_KEY;
    sim_assert_found("a new data key is not taken", "key");
}

Test(sim_control, p1_rows_that_stay_under_an_old_key_are_found)
{
    planted = LEAVES_OLD_KEYS;
    sim_assert_found("rows stay under an old key", "key");
}
