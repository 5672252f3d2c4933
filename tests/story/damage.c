/* damage.c - a row of one referral, key or institution is damaged: whoever needs it is told so, or waits, and everybody
 * else is served (D2, D6). */
#include <errno.h>

#include "story/world_inside.h"

static struct bytes row_key(struct world *w, const char *name)
{
    uint8_t *key = arena_alloc(&w->arena, ID_KEY_SIZE);
    struct id id;

    cr_assert(id_parse(world_id(w, name), "bd", &id));
    id_to_key(key, id);
    return bytes_of(key, ID_KEY_SIZE);
}

/* Returns what stood there. */
static struct bytes put_row(struct world *w, enum table table, struct bytes key, struct bytes value)
{
    struct store_turn turn = {.index = store_mark(w->store).index + 1, .time = w->clock.now};
    struct store_txn *txn = NULL;
    struct bytes old;

    cr_assert_eq(store_turn_begin(w->store, &w->arena, &txn), 0);
    cr_assert(store_get(txn, table, key, &old));
    store_put(txn, table, key, value);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    world_forget(w);
    return old;
}

static struct bytes put(struct world *w, const char *name, struct bytes value)
{
    return put_row(w, TABLE_REFERRAL, row_key(w, name), value);
}

/* r1's row says nothing that we would write from now on; H1's system is there where it has credit. */
static struct world *open_damaged(uint32_t credit, struct bytes *ret_row)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    if (credit != 0)
        world_connect(w, "H1", credit);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_submit(w, "T07", "r2", "up to H1, urgent");
    *ret_row = put(w, "r1", bytes_text("\xff"));
    return w;
}

/* Mended, because every story's store is looked through at its end. */
static void close_mended(struct world *w, struct bytes row)
{
    put(w, "r1", row);
    world_close(w);
}

Test(damage, d2_whoever_asks_for_it_is_told_and_all_others_are_answered)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    world_gather(w);
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r2");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r2");
    world_go(w);
    world_expect(w, "[     0] T07 > GET_REFERRAL referral_id=r2\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r1\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r1\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r2\n"
                    "         T07 < answered\n"
                    "         T07 < refused FAILED (D2), retry in 5000 ms\n"
                    "         T07 < refused FAILED (D2), retry in 5000 ms\n"
                    "         T07 < answered\n");
    close_mended(w, row);
}

/* Not indexed yet: whoever lists his own looks at it, as at all that others were sent meanwhile. */
Test(damage, d6_a_referral_that_cannot_be_read_ends_nobodys_list)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    world_connect(w, "C1", 0);
    world_connect(w, "H1", 0);
    world_gather(w);
    world_say(w, "C1", "LIST_REFERRALS", "");
    world_say(w, "H1", "LIST_REFERRALS", "");
    world_say(w, "T07", "LIST_REFERRALS", "");
    world_forget(w);
    world_go(w);
    cr_assert_eq(world_count(w, "< answered"), 3, "%s", w->trace);
    close_mended(w, row);
}

/* Who sends nothing beside is answered before the turn's commit. */
Test(damage, d2_a_question_beside_commands_of_others_is_told_as_well)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    world_connect(w, "H1", 0);
    world_forget(w);
    world_gather(w);
    world_say(w, "H1", "GET_REFERRAL", "referral_id=r1");
    world_say(w, "H1", "GET_REFERRAL", "referral_id=r2");
    world_event(w, "T07", "cancel r2");
    world_go(w);
    cr_assert_eq(world_count(w, "H1 < refused FAILED (D2)"), 1);
    cr_assert_eq(world_count(w, "H1 < accepted"), 1);
    cr_assert_eq(world_count(w, "T07 < accepted r2 CANCELLED"), 1);
    close_mended(w, row);
}

/* More than a turn leaves out, and again each time that somebody comes. */
Test(damage, d6_messages_that_cannot_be_made_keep_no_other_one)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    put(w, "r1", row);
    for (int i = 0; i < 70; i++)
        world_event(w, "T07", "amend r1; up to H1, urgent");
    put(w, "r1", bytes_text("\xff"));
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_forget(w);
    world_connect(w, "H1", 20);
    world_expect(w, "[     0] H1 > connect, credit 20\n"
                    "         H1 < urgent sheet r2 from T07, attempt 1\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n");
    world_lose(w, "H1");
    put(w, "r1", row);
    world_connect(w, "H1", 200);
    cr_assert_eq(world_count(w, "H1 < urgent sheet r1 from T07, attempt 1"), 1);
    cr_assert_eq(world_count(w, "H1 < urgent notice r1 amend, SUBMITTED, attempt 1"), 70);
    cr_assert_eq(world_count(w, "H1 < urgent sheet r2 from T07, attempt 2"), 1);
    world_close(w);
}

Test(damage, d4_a_late_message_of_another_referral_comes_back)
{
    struct bytes row;
    struct world *w = open_damaged(20, &row);

    world_after(w, 60);
    world_expect(w, "[    36]\n"
                    "         H1 < urgent sheet r2 from T07, attempt 2\n");
    world_ack(w, "H1", "r2");
    world_expect(w, "[    60] H1 > ack r2\n");
    put(w, "r1", row);
    world_lose(w, "H1");
    world_connect(w, "H1", 20);
    world_expect(w, "[    60] H1 > is lost\n"
                    "[    60] H1 > connect, credit 20\n"
                    "         H1 < urgent sheet r1 from T07, attempt 1\n");
    world_close(w);
}

Test(damage, c3_what_is_due_of_another_referral_is_done)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    world_after(w, 3 * 3600);
    world_expect(w, "[  7200]\n"
                    "         T07 < urgent notice r2 escalated, SUBMITTED, attempt 1\n");
    put(w, "r1", row);
    world_after(w, 3600);
    world_expect(w, "[ 10804]\n"
                    "         T07 < urgent notice r1 escalated, SUBMITTED, attempt 1\n");
    world_close(w);
}

/* C4: what goes on in doubt is not a minute late for it, as what waits for an operator may be. */
Test(damage, c4_in_doubt_what_is_due_of_another_referral_is_done_as_soon)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    put(w, "r1", row);
    world_after(w, 7190);
    put(w, "r1", bytes_text("\xff"));
    world_hold(w, true);
    world_after(w, 20);
    cr_assert_eq(world_count(w, "T07 < urgent notice r2 escalated"), 1);
    close_mended(w, row);
}

/* Whoever sends a command about it again and again stops neither the clock nor what comes back for others. */
Test(damage, c3_a_command_about_it_that_is_repeated_keeps_no_due_time_waiting)
{
    struct bytes row;
    struct world *w = open_damaged(0, &row);

    world_after(w, 7190);
    for (int i = 0; i < 40; i++) {
        world_event(w, "T07", "cancel r1");
        world_after_ms(w, 500);
    }
    cr_assert_eq(world_count(w, "T07 < refused FAILED (D2), retry in 5000 ms"), 40);
    cr_assert_eq(world_count(w, "T07 < urgent notice r2 escalated"), 1);
    close_mended(w, row);
}

static struct bytes access_key(struct world *w, const char *institution)
{
    uint8_t *key = arena_alloc(&w->arena, 32);

    world_key(key, institution);
    return bytes_of(key, 32);
}

/* Its sessions end when keys are looked at anew, and it cannot come again. */
Test(damage, t5_a_key_that_cannot_be_read_keeps_nobody_else_out)
{
    struct world *w = world_open();
    struct bytes key = access_key(w, "T07"), row;

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    world_connect(w, "H1", 0);
    row = put_row(w, TABLE_ACCESS_KEY, key, bytes_text("\xff"));
    cr_assert_not(turn_admits(w->turn, key.data, w->clock.now));
    cr_assert(turn_admits(w->turn, access_key(w, "H1").data, w->clock.now));
    world_say(w, "OP", "ADD_KEY", "public_key=key:H1/b; institution=H1; roles[0]=REFER");
    cr_assert_eq(world_count(w, "T07 < goodbye: store failed"), 1);
    cr_assert_eq(world_count(w, "OP < accepted"), 1);
    world_forget(w);
    world_connect(w, "T07", 0);
    cr_assert_eq(world_count(w, "T07 < goodbye: store failed"), 1);
    world_say(w, "H1", "GET_STATUS", "");
    cr_assert_eq(world_count(w, "H1 < answered"), 1);
    put_row(w, TABLE_ACCESS_KEY, key, row);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    cr_assert_eq(world_count(w, "T07 < accepted r1"), 1);
    world_close(w);
}

/* It receives nothing, from its next HELLO on or when destinations are looked at anew. */
Test(damage, d6_an_institution_that_cannot_be_read_keeps_nobody_else_waiting)
{
    struct world *w = world_open();
    struct bytes row;

    world_connect(w, "OP", 0);
    world_connect(w, "H1", 10);
    world_connect(w, "C1", 10);
    row = put_row(w, TABLE_INSTITUTION, bytes_text("H1"), bytes_text("\xff"));
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=C1; value=60000");
    world_connect(w, "H1/b", 10);
    cr_assert_eq(world_count(w, "H1/b < goodbye: store failed"), 1);
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=C1; value=50000");
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to C1, routine");
    cr_assert_eq(world_count(w, "C1 < routine sheet r1 from T07, attempt 1"), 1);
    put_row(w, TABLE_INSTITUTION, bytes_text("H1"), row);
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=C1; value=40000");
    world_submit(w, "T07", "r2", "up to H1, routine");
    cr_assert_eq(world_count(w, "H1 < routine sheet r2 from T07, attempt 1"), 1);
    world_close(w);
}

static void put_due(struct world *w, struct bytes key, bool is_there)
{
    struct store_turn turn = {.index = store_mark(w->store).index + 1, .time = w->clock.now};
    struct store_txn *txn = NULL;

    cr_assert_eq(store_turn_begin(w->store, &w->arena, &txn), 0);
    if (is_there)
        store_put(txn, TABLE_DUE, key, bytes_of(NULL, 0));
    else
        store_delete(txn, TABLE_DUE, key);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

/* C3: without what is due first the clock cannot know what is due. Nobody is served as if nothing ever were. */
Test(damage, c3_a_broker_that_cannot_read_what_is_due_does_not_start)
{
    struct world *w = world_open();
    struct turn_options options = {.store = w->store, .broker_version = "test"};
    struct bytes no_instant = bytes_of((const uint8_t *)"\0\0\0", 3);

    turn_close(w->turn);
    w->turn = NULL;
    put_due(w, no_instant, true);
    cr_assert_eq(turn_open(&options, &w->turn), -EBADMSG);
    cr_assert_null(w->turn);
    put_due(w, no_instant, false);
    cr_assert_eq(turn_open(&options, &w->turn), 0);
    world_close(w);
}
