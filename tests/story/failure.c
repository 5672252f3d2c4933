/* failure.c - a store that fails to commit: nobody is told what is not on disk, and only the culprit pays (D2; design:
 * the engine's discipline). This program is linked so that its commits go through here. */
#include <errno.h>
#include <stdio.h>

#include "story/world_inside.h"

#define LIES 1 /* commits, and then says EIO */

static int plan[16]; /* for the next commits: 0, a failure, or LIES */
static int planned, commits;

int __real_store_turn_end(struct store_txn *txn, const struct store_turn *turn);
int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn);

int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    int fate = commits < planned ? plan[commits] : 0;

    commits++;
    if (fate < 0) {
        store_turn_abort(txn);
        return fate;
    }

    int result = __real_store_turn_end(txn, turn);

    return fate == LIES ? -EIO : result;
}

static void expect_commits(const int *fates, int count)
{
    memcpy(plan, fates, (size_t)count * sizeof *fates);
    planned = count;
    commits = 0;
}
#define FATES(...) expect_commits((const int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))

Test(failure, d2_a_commit_whose_outcome_is_unknown_is_looked_up_and_has_one_effect)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_connect(w, "T07", 0);
    FATES(LIES);
    world_submit(w, "T07", "r1", "up to H1, routine");
    cr_assert_eq(commits, 1);
    world_ack(w, "H1", "r1");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > connect\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > ack r1\n");
    world_close(w);
}

Test(failure, d2_a_commit_that_failed_is_made_once_more)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_connect(w, "T07", 0);
    FATES(-EIO);
    world_submit(w, "T07", "r1", "up to H1, routine");
    cr_assert_eq(commits, 2);
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > connect\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n");
    world_close(w);
}

Test(failure, d2_only_the_culprit_of_a_failing_turn_is_refused_and_may_try_again)
{
    struct world *w = world_open();
    Referral__Sheet *sheet;

    world_connect(w, "T07", 0);
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    for (int i = 1; i <= 3; i++)
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, arena_format(&w->arena, "a%d", i), NULL,
                       wire_pack(&sheet->base, &w->arena));
    FATES(-EBADMSG, -EBADMSG, 0, -EBADMSG, -EBADMSG, 0);
    world_settle(w);
    world_expect(w, "         T07 < accepted x1 SUBMITTED\n"
                    "         T07 < refused FAILED (D2), retry in 5000 ms\n"
                    "         T07 < accepted x2 SUBMITTED\n");
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_expect(w, "[     0] T07 > submit r2 (id a2) up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n");
    world_close(w);
}

/* So many submissions, a1 and on, in one turn. */
static void gather(struct world *w, int count)
{
    Referral__Sheet *sheet = world_sheet(w, "T07", "up to H1, routine");

    for (int i = 1; i <= count; i++)
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, arena_format(&w->arena, "a%d", i), NULL,
                       wire_pack(&sheet->base, &w->arena));
}

/* A large turn is not made of as many commits as it has commands: whoever waits for it would wait for minutes. */
Test(failure, d2_a_turn_that_fails_goes_in_ever_smaller_parts)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_forget(w);
    gather(w, 64);
    FATES(-EOVERFLOW, -EOVERFLOW); /* together they need more than a turn has */
    world_settle(w);
    cr_assert_eq(commits, 4, "%d", commits);
    cr_assert_eq(world_count(w, "T07 < accepted"), 64);
    world_forget(w);
    gather(w, 8);                                                     /* the same again: nothing is done twice */
    FATES(-EBADMSG, -EBADMSG, 0, -EBADMSG, -EBADMSG, 0, -EBADMSG, 0); /* the sixth */
    world_settle(w);
    cr_assert_eq(commits, 8, "%d", commits);
    cr_assert_eq(world_count(w, "T07 < accepted"), 7);
    cr_assert_eq(world_count(w, "T07 < refused FAILED (D2)"), 1);
    world_close(w);
}

Test(failure, d6_without_room_new_work_is_refused_and_the_rest_of_the_turn_is_done)
{
    struct world *w = world_open();
    Referral__Sheet *sheet;

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    world_ack_quietly(w, world_peer(w, "H1"), "r1");
    world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, "a2", NULL, wire_pack(&sheet->base, &w->arena));
    FATES(-ENOSPC);
    world_settle(w);
    cr_assert_eq(world_counters(w).acks, 1);
    world_expect(w, "         T07 < refused DISK_FULL (D6), retry in 30000 ms\n");
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_expect(w, "[     0] T07 > submit r2 (id a2) up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n");
    world_close(w);
}

Test(failure, d4_deliveries_that_could_not_go_back_do_so_later)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    FATES(-ENOSPC, -ENOSPC, -ENOSPC);
    world_lose(w, "H1");
    world_connect(w, "H1", 10);
    world_after(w, 2);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > is lost\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     1]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n");
    world_close(w);
}

Test(failure, d2_a_lasting_failure_is_told_to_nobody_as_success_and_stops_the_broker)
{
    struct world *w = world_open();
    Referral__Sheet *sheet;
    uint64_t index = store_mark(w->store).index;

    world_connect(w, "T07", 0);
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, "a1", NULL, wire_pack(&sheet->base, &w->arena));
    FATES(-EIO, -EIO, -EIO, -EIO);
    cr_assert_eq(turn_run(w->turn, w->clock), -EIO);
    cr_assert_eq(store_mark(w->store).index, index);
    cr_assert_eq(commits, 2, "applied once more, then it stops");
    world_expect(w, "");
    planned = 0;
    world_close(w);
}

/* What was on disk before the disk failed stays, and of the rest nobody is told anything. */
Test(failure, d2_a_disk_that_fails_among_the_parts_of_a_turn_stops_the_broker)
{
    struct world *w = world_open();
    Referral__Sheet *sheet;
    uint64_t index = store_mark(w->store).index;

    world_connect(w, "T07", 0);
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    for (int i = 1; i <= 3; i++)
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, arena_format(&w->arena, "a%d", i), NULL,
                       wire_pack(&sheet->base, &w->arena));
    FATES(-EBADMSG, -EBADMSG, 0, -EIO, -EIO, -EIO);
    cr_assert_eq(turn_run(w->turn, w->clock), -EIO);
    cr_assert_eq(commits, 4);
    cr_assert(world_count(w, "accepted") <= 1);
    cr_assert_eq(world_count(w, "refused"), 0);
    planned = 0;
    world_restart(w);
    cr_assert_eq(store_mark(w->store).index, index + 1);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    cr_assert_eq(world_count(w, "accepted r2"), 1);
    world_close(w);
}

/* Neither of one row nor for want of room: told as it is, and where nothing could be done at all the broker stops. */
Test(failure, d2_a_failure_of_another_kind_is_told_and_stops_the_broker_where_nothing_is_done)
{
    struct world *w = world_open();
    Referral__Sheet *sheet;

    world_connect(w, "T07", 0);
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    for (int i = 1; i <= 2; i++)
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, arena_format(&w->arena, "a%d", i), NULL,
                       wire_pack(&sheet->base, &w->arena));
    FATES(-ENOMEM, -ENOMEM, -ENOMEM, 0);
    world_settle(w);
    world_expect(w, "         T07 < refused FAILED (D2), retry in 5000 ms\n"
                    "         T07 < accepted x1 SUBMITTED\n");
    world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, "a1", NULL, wire_pack(&sheet->base, &w->arena));
    FATES(-ENOMEM, -ENOMEM, -ENOMEM);
    cr_assert_eq(turn_run(w->turn, w->clock), -ENOMEM);
    planned = 0;
    world_close(w);
}

Test(failure, d2_where_the_store_does_not_open_again_nobody_is_told_what_may_be_there)
{
    struct world *w = world_open();
    const char *away = arena_format(&w->arena, "%s-away", w->directory);
    Referral__Sheet *sheet;

    world_connect(w, "T07", 0);
    world_forget(w);
    sheet = world_sheet(w, "T07", "up to H1, routine");
    world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__SUBMIT, "a1", NULL, wire_pack(&sheet->base, &w->arena));
    FATES(LIES);
    cr_assert_eq(rename(w->directory, away), 0);
    cr_assert_neq(turn_run(w->turn, w->clock), 0);
    cr_assert_eq(commits, 1);
    world_expect(w, "");

    /* What the client does: the same again, after the broker has started again. */
    cr_assert_eq(rename(away, w->directory), 0);
    world_restart(w);
    world_connect(w, "T07", 0);
    world_forget(w);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_connect(w, "H1", 10);
    cr_assert_eq(world_count(w, "T07 < accepted r1 SUBMITTED"), 1);
    cr_assert_eq(world_count(w, "H1 < routine sheet r1 from T07, attempt 1"), 1);
    cr_assert_eq(world_count(w, "sheet"), 1);
    world_close(w);
}
