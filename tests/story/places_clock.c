/* places_clock.c - what happens to places by time alone: at the instant itself, and not one millisecond before (C1, C3,
 * C4, Q6, Q7). */
#include "place.pb-c.h"
#include "story/world.h"

#include <stdio.h>

static struct world *begin_on(const char *date)
{
    struct world *w = world_open_on(date);

    world_connect(w, "H1", 1000);
    world_connect(w, "T07", 1000);
    world_good(w, "H1");
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1");
    world_submit(w, "T07", "r2", "up to H1, routine, patient 2");
    world_submit(w, "T07", "r3", "up to H1, routine, patient 3");
    world_event(w, "H1", "accept r1");
    world_event(w, "H1", "accept r2");
    world_event(w, "H1", "accept r3");
    world_forget(w);
    return w;
}

static struct world *begin(void)
{
    return begin_on("2026-03-02");
}

/* One turn at this instant, with nothing before it: the clock's own command has not come yet (C3). */
static void at(struct world *w, int64_t ms, const char *who, const char *what)
{
    world_gather(w);
    world_until_ms(w, ms);
    world_place(w, who, what);
    world_go(w);
}

Test(clock, c1_a_hold_lives_until_one_ms_before_its_end)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 2 places");
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "hold WANG family r2; hold_minutes=30");
    world_forget(w);
    at(w, 599999, "T07", "hold WANG family r3");
    world_expect(w, "[   599] T07 > hold WANG family r3\n"
                    "         T07 < refused NO_FREE (Q2)\n");
    at(w, 600000, "T07", "hold WANG family r3");
    world_expect(w, "[   600] T07 > hold WANG family r3\n"
                    "         T07 < accepted r3 ACCEPTED, b3 HELD WANG 1 until 1200\n"
                    "         T07 < routine notice r1 place-lapsed, ACCEPTED, b1 LAPSED WANG 1, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "ff");
    world_close(w);
}

Test(clock, c1_a_channel_opens_at_the_instant_itself)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places; fd_opens_at_ms=@3600; general_opens_at_ms=@7200");
    world_forget(w);
    at(w, 3599999, "T07", "book WANG family r1");
    at(w, 3600000, "T07", "book WANG family r1");
    at(w, 7199999, "H1", "book WANG general HIS-1");
    at(w, 7200000, "H1", "book WANG general HIS-1");
    world_expect(w, "[  3599] T07 > book WANG family r1\n"
                    "         T07 < refused NOT_OPEN_YET (Q6) pool, retry in 1 ms\n"
                    "[  3600] T07 > book WANG family r1\n"
                    "         H1 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 1\n"
                    "[  7199] H1 > book WANG general HIS-1\n"
                    "         H1 < refused NOT_OPEN_YET (Q6) pool, retry in 1 ms\n"
                    "[  7200] H1 > book WANG general HIS-1\n"
                    "         H1 < accepted, b2 BOOKED WANG 2\n");
    world_close(w);
}

Test(clock, c1_the_reserve_is_closed_until_the_instant_of_its_release)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    world_publish(w, "H1", "WARD3 BED 1 places at 08:00 every 0");
    world_publish(w, "H1", "SOON EXPERT 1 places on 2026-03-03");
    world_forget(w);
    /* Fewer than 24 h would lie between its publication and its release: 2 h before the start. */
    at(w, 79199999, "H1", "book SOON general HIS-1");
    at(w, 79200000, "H1", "book SOON general HIS-1");
    at(w, 172799999, "H1", "book WANG general HIS-2");
    at(w, 172800000, "H1", "book WANG general HIS-2");
    /* 16:00 the day before. */
    at(w, 197999999, "H1", "book WARD3 general HIS-3");
    at(w, 198000000, "H1", "book WARD3 general HIS-3");
    world_expect(w, "[ 79199] H1 > book SOON general HIS-1\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[ 79200] H1 > book SOON general HIS-1\n"
                    "         H1 < accepted, b1 BOOKED SOON 1\n"
                    "[172799] H1 > book WANG general HIS-2\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[172800] H1 > book WANG general HIS-2\n"
                    "         H1 < accepted, b2 BOOKED WANG 1\n"
                    "[197999] H1 > book WARD3 general HIS-3\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[198000] H1 > book WARD3 general HIS-3\n"
                    "         H1 < accepted, b3 BOOKED WARD3 1\n");
    world_close(w);
}

Test(clock, q6_no_unit_is_taken_at_its_start)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 2 places every 10");
    world_forget(w);
    at(w, 259199999, "H1", "book WANG general HIS-1; first_unit=1");
    at(w, 259200000, "H1", "cancel b1");
    at(w, 259799999, "H1", "book WANG general HIS-2");
    at(w, 259800000, "H1", "book WANG general HIS-3");
    at(w, 259800000, "H1", "cut WANG; count=1");
    world_expect(w, "[259199] H1 > book WANG general HIS-1; first_unit=1\n"
                    "         H1 < accepted, b1 BOOKED WANG 1\n"
                    "[259200] H1 > cancel b1\n"
                    "         H1 < refused BOOKING_NOT_NOW (Q7) booking_id\n"
                    "[259799] H1 > book WANG general HIS-2\n"
                    "         H1 < accepted, b2 BOOKED WANG 2\n"
                    "[259800] H1 > book WANG general HIS-3\n"
                    "         H1 < refused STARTED (Q6)\n"
                    "[259800] H1 > cut WANG; count=1\n"
                    "         H1 < refused BELOW_BOOKED (Q10) count\n");
    world_close(w);
}

Test(clock, c3_what_is_due_happens_before_a_command_looks_and_is_offered_at_the_same_instant)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "join EXPERT family r2");
    world_forget(w);
    at(w, 600000, "T07", "hold WANG family r3");
    world_expect(w, "[   600] T07 > hold WANG family r3\n"
                    "         T07 < refused NO_FREE (Q2)\n"
                    "         T07 < routine notice r1 place-lapsed, ACCEPTED, b1 LAPSED WANG 1, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD WANG 1 until 7800, w1 waits "
                    "for EXPERT, attempt 1\n");
    world_close(w);
}

static void confirm_time(struct world *w)
{
    world_say(w, "OP", "CONFIRM_TIME", "reason=checked");
    world_after(w, 61);
}

Test(clock, c4_a_doubtful_clock_ends_no_hold_releases_nothing_assumes_nothing_and_opens_what_opens)
{
    struct world *w = begin();

    world_connect(w, "OP", 0);
    world_publish(w, "H1", "WANG EXPERT 5 places; general_opens_at_ms=@172900");
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "hold WANG family r2");
    world_forget(w);
    world_until(w, 500);
    world_hold(w, true);
    world_until(w, 900);
    cr_assert_str_eq(world_units(w, "WANG"), "ff...");
    world_place(w, "T07", "confirm b2");
    confirm_time(w);
    world_expect(w, "[   900] T07 > confirm b2\n"
                    "         T07 < accepted r2 BOOKED, b2 BOOKED WANG 2\n"
                    "         H1 < routine notice r2 book, BOOKED, b2 BOOKED WANG 2, attempt 1\n"
                    "[   900] OP > CONFIRM_TIME reason=checked\n"
                    "         OP < accepted\n"
                    "[   960]\n"
                    "         T07 < routine notice r1 place-lapsed, ACCEPTED, b1 LAPSED WANG 1, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), ".F...");

    world_publish(w, "H1", "LI EXPERT 1 places");
    world_forget(w);
    world_until(w, 172700);
    world_hold(w, true);
    world_until(w, 173000);
    world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "H1", "book LI general HIS-1");
    confirm_time(w);
    world_place(w, "H1", "book LI general HIS-1");
    world_expect(w, "[173000] H1 > book WANG general HIS-1\n"
                    "         H1 < accepted, b3 BOOKED WANG 1\n"
                    "[173000] H1 > book LI general HIS-1\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[173000] OP > CONFIRM_TIME reason=checked\n"
                    "         OP < accepted\n"
                    "[173061] H1 > book LI general HIS-1\n"
                    "         H1 < accepted, b4 BOOKED LI 1\n");

    world_until(w, 4 * 86400);
    world_hold(w, true);
    world_until(w, 4 * 86400 + 1500);
    cr_assert_eq(world_count(w, "no-show"), 0);
    confirm_time(w);
    world_expect(w, "[347100] OP > CONFIRM_TIME reason=checked\n"
                    "         OP < accepted\n"
                    "[347101]\n"
                    "         H1 < routine notice r2 no-show, NO_SHOW, b2 NO_SHOW WANG 2, attempt 1\n"
                    "         T07 < routine notice r2 no-show, NO_SHOW, b2 NO_SHOW WANG 2, attempt 1\n");
    world_close(w);
}

/* The day in Shanghai begins at 54000 s of the story, eight hours before that of Greenwich. */
Test(clock, q_midnight_in_shanghai_makes_yesterday_of_today)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places on 2026-03-03");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book WANG family r2");
    world_forget(w);
    world_gather(w);
    world_until_ms(w, 53999999);
    world_publish(w, "H1", "LATE EXPERT 5 places on 2026-03-02 at 23:59; units[0].start_ms=@54000");
    world_publish(w, "H1", "LATE EXPERT 1 places on 2026-03-02 at 09:00");
    world_event(w, "H1", "arrive r1");
    world_go(w);
    world_expect(w, "[ 53999] H1 > publish LATE EXPERT 5 places on 2026-03-02 at 23:59; units[0].start_ms=@54000\n"
                    "[ 53999] H1 > publish LATE EXPERT 1 places on 2026-03-02 at 09:00\n"
                    "[ 53999] H1 > arrive r1\n"
                    "         H1 < refused OTHER_DAY (Q) units[0].start_ms\n"
                    "         H1 < refused PAST_SESSION (Q6) units[0].start_ms\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b1 CANCELLED WANG 1, attempt 1\n");
    world_gather(w);
    world_until_ms(w, 54000000);
    world_publish(w, "H1", "LATE EXPERT 1 places on 2026-03-02 at 09:00");
    world_event(w, "H1", "arrive r2");
    world_go(w);
    world_expect(w, "[ 54000] H1 > publish LATE EXPERT 1 places on 2026-03-02 at 09:00\n"
                    "[ 54000] H1 > arrive r2\n"
                    "         H1 < refused PAST_SESSION (Q6) pool.date\n"
                    "         H1 < accepted r2 ARRIVED\n"
                    "         T07 < routine notice r2 arrive, ARRIVED, b2 USED WANG 2, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), ".F...");
    world_close(w);
}

Test(clock, q_a_leap_day_is_a_day)
{
    struct world *w = begin_on("2028-02-26");

    world_publish(w, "H1", "WANG EXPERT 5 places on 2028-02-29");
    world_publish(w, "H1", "NEVER EXPERT 5 places on 2028-02-29; pool.date=2028-02-30");
    world_publish(w, "H1", "NEVER EXPERT 5 places on 2028-02-29; pool.date=2027-02-29");
    world_publish(w, "H1", "NEXT EXPERT 5 places on 2028-03-01");
    world_place(w, "T07", "join EXPERT family r1; first_date=2028-02-29; last_date=2028-02-29");
    world_place(w, "T07", "join EXPERT family r2; first_date=2028-03-01; last_date=2028-03-01");
    world_expect(w, "[     0] H1 > publish WANG EXPERT 5 places on 2028-02-29\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > publish NEVER EXPERT 5 places on 2028-02-29; pool.date=2028-02-30\n"
                    "         H1 < refused BAD_DATE (F) pool.date\n"
                    "[     0] H1 > publish NEVER EXPERT 5 places on 2028-02-29; pool.date=2027-02-29\n"
                    "         H1 < refused BAD_DATE (F) pool.date\n"
                    "[     0] H1 > publish NEXT EXPERT 5 places on 2028-03-01\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] T07 > join EXPERT family r1; first_date=2028-02-29; last_date=2028-02-29\n"
                    "         T07 < accepted r1 WAITLISTED, w1 waits for EXPERT\n"
                    "         T07 < routine notice r1 place-offered, WAITLISTED, b1 HELD WANG 1 until 7200, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "         H1 < routine notice r1 waitlist, WAITLISTED, w1 waits for EXPERT, attempt 1\n"
                    "[     0] T07 > join EXPERT family r2; first_date=2028-03-01; last_date=2028-03-01\n"
                    "         T07 < accepted r2 WAITLISTED, w2 waits for EXPERT\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD NEXT 1 until 7200, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "         H1 < routine notice r2 waitlist, WAITLISTED, w2 waits for EXPERT, attempt 1\n");
    /* 24 h before the start, be the day before what it may. */
    world_publish(w, "H1", "ONE EXPERT 1 places on 2028-02-29");
    world_publish(w, "H1", "TWO EXPERT 1 places on 2028-03-01");
    world_forget(w);
    at(w, (2 * 86400LL) * 1000 - 1, "H1", "book ONE general HIS-1");
    at(w, (2 * 86400LL) * 1000, "H1", "book ONE general HIS-1");
    at(w, (3 * 86400LL) * 1000 - 1, "H1", "book TWO general HIS-2");
    at(w, (3 * 86400LL) * 1000, "H1", "book TWO general HIS-2");
    world_expect(w, "[172799] H1 > book ONE general HIS-1\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "         T07 < routine notice r1 place-lapsed, WAITLISTED, b1 LAPSED WANG 1, attempt 1\n"
                    "         T07 < routine notice r1 place-offered, WAITLISTED, b3 HELD WANG 2 until 179999, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b2 LAPSED NEXT 1, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b4 HELD NEXT 2 until 179999, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "[172800] H1 > book ONE general HIS-1\n"
                    "         H1 < accepted, b5 BOOKED ONE 1\n"
                    "[259199] H1 > book TWO general HIS-2\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "         T07 < routine notice r1 place-lapsed, WAITLISTED, b3 LAPSED WANG 2, attempt 1\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b4 LAPSED NEXT 2, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b6 HELD NEXT 3 until 266399, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "[259200] H1 > book TWO general HIS-2\n"
                    "         H1 < accepted, b7 BOOKED TWO 1\n");
    world_close(w);
}

static size_t pools_on(struct world *w, const char *date)
{
    char what[64];

    snprintf(what, sizeof what, "hospital=H1; first_date=%s", date);
    world_say(w, "H1", "LIST_POOLS", what);
    world_forget(w);
    return ((const Referral__PoolList *)world_result(w))->n_pools;
}

/* 2028-02-26 is a Saturday. */
Test(clock, q_a_timetable_goes_on_at_midnight_over_a_leap_day)
{
    struct world *w = begin_on("2028-02-26");

    world_say(w, "H1", "PUT_TIMETABLE",
              "class=EXPERT; department=MED; id=WEEK; horizon_days=3;"
              "sessions[0].weekday=1; sessions[0].resource=MON; sessions[0].units[0].count=5;"
              "sessions[0].units[0].start_minute=540; sessions[0].units[0].minutes=10;"
              "sessions[1].weekday=2; sessions[1].resource=TUE; sessions[1].units[0].count=5;"
              "sessions[1].units[0].start_minute=540; sessions[1].units[0].minutes=10;"
              "sessions[2].weekday=3; sessions[2].resource=WED; sessions[2].units[0].count=5;"
              "sessions[2].units[0].start_minute=540; sessions[2].units[0].minutes=10");
    cr_assert_eq(world_count(w, "refused"), 0);
    cr_assert_eq(pools_on(w, "2028-02-28"), 1);
    cr_assert_eq(pools_on(w, "2028-02-29"), 0);
    world_until_ms(w, 53999999);
    cr_assert_eq(pools_on(w, "2028-02-29"), 0);
    world_until_ms(w, 54000000);
    cr_assert_eq(pools_on(w, "2028-02-29"), 1);
    cr_assert_eq(pools_on(w, "2028-03-01"), 0);
    world_after(w, 86400);
    cr_assert_eq(pools_on(w, "2028-03-01"), 1);
    world_close(w);
}
