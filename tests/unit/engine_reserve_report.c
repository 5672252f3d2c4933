/* The report of the reserve from ledgers that the engine wrote: what was required, what was kept, and where it was
 * short (Q13). */
#include "engine/reserve_report.h"
#include "ledger_pages.h"

#define WHY(name) REFERRAL__BLOCK_REASON__##name

static struct reserve_report make_of(struct district *d, const char *first, const char *last, bool by_month)
{
    struct pages pages = pages_read(d);
    struct reserve_report report;
    struct replay *replay;
    int failure;

    replay = pages_replay(d, &pages, &failure);
    cr_assert_eq(failure, 0, "%s", replay_error(replay));
    report = reserve_report(replay, &d->keep, first, last, by_month);
    for (size_t i = 0; i < report.gap_count; i++) { /* theirs is the replay's */
        report.gaps[i].resource = arena_text(&d->keep, report.gaps[i].resource);
        report.gaps[i].department = report.gaps[i].date = NULL;
    }
    replay_close(replay);
    return report;
}

static struct reserve_report make(struct district *d, bool by_month)
{
    return make_of(d, NULL, NULL, by_month);
}

/* "R2 kept 1 of C10 (1000), F1 G2 B0, short by 1 for 25 min" of the first line and gap. */
static const char *told(struct district *d)
{
    struct reserve_report report = make(d, false);
    const struct reserve_line *line = &report.lines[0];
    const char *text =
        arena_format(&d->keep, "R%lu kept %lu of C%lu (%lu), F%lu G%lu B%lu", (unsigned long)line->required,
                     (unsigned long)line->kept, (unsigned long)line->capacity, (unsigned long)line->kept_bp,
                     (unsigned long)line->family, (unsigned long)line->general, (unsigned long)line->blocked);

    for (size_t i = 0; i < report.gap_count; i++)
        text =
            arena_format(&d->keep, "%s, short by %lu for %ld min", text, (unsigned long)report.gaps[i].shortfall.units,
                         (long)(report.gaps[i].shortfall.ms / MINUTE_MS));
    return text;
}

#define assert_told(d, expected) cr_assert_str_eq(told(d), expected)

static struct replay_cause cause(struct district *d)
{
    struct reserve_report report = make(d, false);

    cr_assert_eq(report.gap_count, 1);
    return report.gaps[0].shortfall.cause;
}

static void block(struct district *d, uint32_t count, Referral__BlockReason reason)
{
    cr_assert_str_eq(pools_do(d, REFERRAL__KIND__BLOCK_UNITS, pools_change(d, pools_wang(d), count, reason)), "");
}

static void unblock(struct district *d, uint32_t count)
{
    Referral__PoolChange *change = pools_change(d, pools_wang(d), count, WHY(SAFETY));

    FIELD_CLEAR(change, reason);
    cr_assert_str_eq(pools_do(d, REFERRAL__KIND__UNBLOCK_UNITS, change), "");
}

/* Something happens to another pool: the ledger goes on. */
static void go_on(struct district *d)
{
    static int days;

    pools_publish(d, pools_ref(d, REFERRAL__PLACE_CLASS__BED, arena_format(&d->keep, "W%d", ++days), POOLS_DAY), 0);
}

Test(reserve_report, q13_what_was_never_short_was_kept)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 7);
    pools_fill(&d, pools_wang(&d), "GGF");
    assert_told(&d, "R2 kept 2 of C7 (2857), F1 G2 B0");
    pools_close(&d);
}

Test(reserve_report, q13_a_shortfall_counts_with_its_minutes_and_cause)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    block(&d, 9, WHY(DEVICE_DOWN));
    d.now.ms += 20 * MINUTE_MS;
    block(&d, 1, WHY(STAFF_ABSENT));
    d.now.ms += 10 * MINUTE_MS;
    unblock(&d, 10);
    d.now.ms += HOUR_MS;
    block(&d, 9, WHY(SAFETY)); /* shorter than it was: not the largest */
    d.now.ms += 5 * MINUTE_MS;
    unblock(&d, 9);
    assert_told(&d, "R2 kept 0 of C10 (0), F0 G0 B0, short by 2 for 35 min");
    cr_assert_eq(cause(&d).event, EVENT(BLOCKED));
    cr_assert_eq(cause(&d).reason, WHY(STAFF_ABSENT));
    pools_close(&d);
}

Test(reserve_report, q13_what_stands_counts_up_to_the_last_page)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    block(&d, 9, WHY(SAFETY));
    assert_told(&d, "R2 kept 1 of C10 (1000), F0 G0 B9, short by 1 for 0 min");
    d.now.ms += 40 * MINUTE_MS;
    go_on(&d);
    assert_told(&d, "R2 kept 1 of C10 (1000), F0 G0 B9, short by 1 for 40 min");
    pools_close(&d);
}

Test(reserve_report, q13_what_nobody_had_time_to_use_was_not_kept)
{
    const Referral__PoolRef *ref;
    Referral__Pool *pool;
    struct district d;

    pools_open(&d);
    ref = pools_wang(&d);
    pool = pools_session(&d, pools_wang(&d), 20);
    FIELD_SET(pool, fd_opens_at_ms,
              pools_at(ref->date, 6 * 60).ms); /* short notice: released two hours before the start */
    FIELD_SET(pool, general_opens_at_ms, pools_at(ref->date, 6 * 60).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    assert_told(&d, "R4 kept 0 of C20 (0), F0 G0 B0");
    d.now = pools_at(ref->date, 6 * 60);
    district_clock(&d);
    assert_told(&d, "R4 kept 0 of C20 (0), F0 G0 B0");
    FIELD_SET(pool, fd_opens_at_ms, pools_at(ref->date, 5 * 60).ms); /* later words change nothing of what was */
    cr_assert_str_eq(pools_put(&d, pool), "");
    assert_told(&d, "R4 kept 0 of C20 (0), F0 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_what_had_a_minute_was_kept)
{
    const Referral__PoolRef *ref;
    Referral__Pool *pool;
    struct district d;

    pools_open(&d);
    ref = pools_wang(&d);
    pool = pools_session(&d, pools_wang(&d), 20);
    FIELD_SET(pool, fd_opens_at_ms, pools_at(ref->date, 6 * 60 - 1).ms);
    FIELD_SET(pool, general_opens_at_ms, pools_at(ref->date, 6 * 60).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    assert_told(&d, "R4 kept 4 of C20 (2000), F0 G0 B0");
    d.now = pools_at(ref->date, 6 * 60);
    district_clock(&d);
    assert_told(&d, "R4 kept 4 of C20 (2000), F0 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_what_was_published_after_its_release_was_not_kept)
{
    struct district d;

    pools_open(&d);
    d.now = pools_at(POOLS_DAY, 6 * 60 + 30); /* less than two hours before the start */
    pools_publish(&d, pools_wang(&d), 20);
    assert_told(&d, "R4 kept 0 of C20 (0), F0 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_before_the_opening_nothing_is_short)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(pool, fd_opens_at_ms, d.now.ms + HOUR_MS);
    cr_assert_str_eq(pools_put(&d, pool), "");
    block(&d, 10, WHY(SAFETY));
    d.now.ms += 30 * MINUTE_MS;
    unblock(&d, 1); /* of two one is back */
    assert_told(&d, "R2 kept 2 of C10 (2000), F0 G0 B9");
    d.now.ms += 30 * MINUTE_MS; /* the opening itself */
    go_on(&d);
    assert_told(&d, "R2 kept 1 of C10 (1000), F0 G0 B9, short by 1 for 0 min");
    d.now.ms += 10 * MINUTE_MS;
    unblock(&d, 9);
    assert_told(&d, "R2 kept 1 of C10 (1000), F0 G0 B0, short by 1 for 10 min");
    pools_close(&d);
}

Test(reserve_report, q13_a_deficit_that_ends_with_the_opening_is_none)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(pool, fd_opens_at_ms, d.now.ms + HOUR_MS);
    cr_assert_str_eq(pools_put(&d, pool), "");
    block(&d, 10, WHY(SAFETY));
    d.now.ms += HOUR_MS;
    unblock(&d, 10);
    assert_told(&d, "R2 kept 2 of C10 (2000), F0 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_a_deficit_that_the_same_turn_cures_is_none)
{
    struct district d;
    Referral__Pool *more;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    for (int i = 0; i < 4; i++)
        district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    more = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(more, reserve_bp, 5000); /* three of five, of which one is free; then five of ten, of which six are */
    cr_assert_str_eq(pools_put(&d, more), "");
    d.now.ms += HOUR_MS;
    go_on(&d);
    assert_told(&d, "R5 kept 5 of C10 (5000), F0 G4 B0");
    pools_close(&d);
}

Test(reserve_report, q13_bookings_that_move_do_not_become_the_cause)
{
    struct district d;
    Referral__PoolChange *cut;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_fill(&d, pools_wang(&d), "GGG");
    block(&d, 6, WHY(DEVICE_DOWN)); /* one is free, two are kept */
    d.now.ms += 10 * MINUTE_MS;
    cut = pools_units(&d, pools_wang(&d), POOLS_UNITS(1), WHY(PLAN_CHANGED));
    FIELD_SET(cut, displace, true);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CUT_UNITS, cut), "");
    d.now.ms += 10 * MINUTE_MS;
    go_on(&d);
    assert_told(&d, "R2 kept 0 of C9 (0), F0 G3 B6, short by 2 for 20 min");
    cr_assert_eq(cause(&d).event, EVENT(CUT)); /* the larger one; the first was the block's */
    pools_close(&d);
}

Test(reserve_report, q13_a_shortfall_ends_with_the_release_however_late_its_row)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    d.now = instant_after(pools_at("2026-11-23", 8 * 60), -15 * MINUTE_MS); /* a quarter of an hour before it */
    block(&d, 10, WHY(SAFETY));
    d.now.ms += 3 * HOUR_MS; /* the broker was down */
    district_clock(&d);
    assert_told(&d, "R2 kept 0 of C10 (0), F0 G0 B10, short by 2 for 15 min");
    pools_close(&d);
}

Test(reserve_report, q13_what_is_cut_after_the_release_takes_its_share_with_it)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_fill(&d, pools_wang(&d), "F");
    d.now = pools_at("2026-11-23", 9 * 60);
    district_clock(&d);
    cr_assert_eq(make(&d, false).lines[0].released_unused, 1);
    cr_assert_str_eq(pools_put(&d, pools_session(&d, pools_wang(&d), 20)), ""); /* nothing is kept of these */
    assert_told(&d, "R2 kept 2 of C20 (1000), F1 G0 B0");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CUT_UNITS, pools_change(&d, pools_wang(&d), 17, WHY(PLAN_CHANGED))),
                     "");
    assert_told(&d, "R1 kept 1 of C3 (3333), F1 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_a_cancelled_session_required_nothing_and_was_short_of_nothing)
{
    struct district d;
    struct reserve_report report;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_fill(&d, pools_wang(&d), "FG");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL, pools_change(&d, pools_wang(&d), 0, WHY(STAFF_ABSENT))),
                     "");
    d.now.ms += HOUR_MS;
    go_on(&d);
    assert_told(&d, "R0 kept 0 of C0 (0), F0 G0 B0");
    report = make(&d, false);
    cr_assert_eq(report.lines[0].family_cancelled, 1);
    pools_close(&d);
}

/* A patient who has come waits for no day any more, and what the sender asks the hospital grants. */
Test(reserve_report, q13_what_the_patients_side_gives_back_the_hospital_has_not_taken_back)
{
    struct district d;
    struct reserve_report report;
    Referral__Reply *early, *rejected;
    Referral__TakePlace *exam;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXAM, "CT", POOLS_DAY), 5);
    early = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0);
    district_assert_said(&d, district_happen(&d, "H1", early->referral_id, ARRIVE), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G0 F0 ..*..");
    district_assert_said(&d, district_happen(&d, "H1", early->referral_id, START), "");
    exam = pools_take(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXAM, "CT", POOLS_DAY), REFERRAL__CHANNEL__FAMILY_DOCTOR,
                      1, 0);
    exam->referral_id = early->referral_id;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, exam), "");
    district_assert_said(&d, district_happen(&d, "T07", early->referral_id, REQUEST_CANCEL), "");
    district_assert_said(&d, district_happen(&d, "H1", early->referral_id, ANSWER_CANCEL), "");
    report = make(&d, false);
    cr_assert_eq(report.lines[0].family_cancelled, 0, "who came before the day");
    cr_assert(report.lines[1].family == 0 && report.lines[1].family_cancelled == 0, "whom the sender asked to let go");
    rejected = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0);
    district_assert_said(&d, district_happen(&d, "H1", rejected->referral_id, REJECT), "");
    cr_assert_eq(make(&d, false).lines[0].family_cancelled, 1, "whom the hospital rejects");
    pools_close(&d);
}

Test(reserve_report, q11_a_group_is_one_line_of_sums_and_one_gap)
{
    struct district d;
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;
    struct reserve_report report;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY), 2);
    FIELD_SET(&group, class_, REFERRAL__PLACE_CLASS__EXPERT);
    group.department = "CARD";
    group.date = POOLS_DAY;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__PUT_GROUP, &group), "");
    pools_fill(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY), "G");
    pools_fill(&d, pools_wang(&d), "G");
    cr_assert_str_eq(
        pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                 pools_change(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY), 1, WHY(TEACHING))),
        "");
    assert_told(&d, "R1 kept 1 of C4 (2500), F0 G2 B1");
    block(&d, 1, WHY(SAFETY));
    d.now.ms += 7 * MINUTE_MS;
    unblock(&d, 1);
    assert_told(&d, "R1 kept 0 of C4 (0), F0 G2 B1, short by 1 for 7 min");
    report = make(&d, false);
    cr_assert_null(report.gaps[0].resource);
    cr_assert_eq(report.lines[0].pools, 2);
    cr_assert_eq(report.lines[0].blocked_over, 1);
    pools_close(&d);
}

static void group_day(struct district *d)
{
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;

    FIELD_SET(&group, class_, REFERRAL__PLACE_CLASS__EXPERT);
    group.department = "CARD";
    group.date = POOLS_DAY;
    cr_assert_str_eq(pools_do(d, REFERRAL__KIND__PUT_GROUP, &group), "");
}

/* Declared before the first booking: that may be days after it opened. */
Test(reserve_report, q13_what_pools_were_short_of_alone_their_group_does_not_make_good)
{
    struct district d;
    Referral__PoolRef *li;
    Referral__PoolChange *back;

    pools_open(&d);
    li = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
    pools_publish(&d, pools_wang(&d), 5);
    pools_publish(&d, li, 5);
    block(&d, 5, WHY(SAFETY));
    d.now.ms += 5 * MINUTE_MS;
    unblock(&d, 5);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, pools_change(&d, li, 5, WHY(STAFF_ABSENT))), "");
    d.now.ms += 20 * MINUTE_MS;
    back = pools_change(&d, li, 5, WHY(SAFETY));
    FIELD_CLEAR(back, reason);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, back), "");
    group_day(&d);
    assert_told(&d, "R2 kept 0 of C10 (0), F0 G0 B0, short by 2 for 20 min");
    cr_assert_eq(cause(&d).reason, WHY(STAFF_ABSENT), "of the longer one");
    pools_close(&d);
}

Test(reserve_report, q13_what_was_required_of_pools_when_they_were_released_their_group_required)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY), 4);
    d.now = pools_at("2026-11-23", 9 * 60);
    district_clock(&d);
    assert_told(&d, "R3 kept 3 of C14 (2142), F0 G0 B0");
    group_day(&d);
    assert_told(&d, "R3 kept 3 of C14 (2142), F0 G0 B0");
    pools_close(&d);
}

Test(reserve_report, q13_days_add_up_to_months_and_classes_to_totals)
{
    struct district d;
    struct reserve_report report;

    pools_open(&d);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2026-12-01"), 10);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXAM, "CT", "2026-11-25"), 6);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2026-11-25"), 10);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", "2026-11-25"), 5);
    pools_publish(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2026-11-24"), 5);
    report = make(&d, false);
    cr_assert_eq(report.line_count, 4);
    cr_assert_str_eq(report.lines[0].date, "2026-11-24");
    cr_assert_str_eq(report.lines[1].date, "2026-11-25");
    cr_assert_eq(report.lines[1].pools, 2);
    cr_assert_eq(report.lines[1].required, 3);
    cr_assert_str_eq(report.lines[2].date, "2026-12-01");
    cr_assert_eq(report.lines[3].class, REFERRAL__PLACE_CLASS__EXAM);
    cr_assert_eq(report.total_count, 2);
    cr_assert_eq(report.totals[0].capacity, 30);
    cr_assert_eq(report.totals[0].required, 6);
    cr_assert_eq(report.totals[0].kept_bp, 2000);
    report = make(&d, true);
    cr_assert_eq(report.line_count, 3);
    cr_assert_str_eq(report.lines[0].date, "2026-11");
    cr_assert_eq(report.lines[0].pools, 3);
    cr_assert_str_eq(report.lines[1].date, "2026-12");
    pools_close(&d);
}

Test(reserve_report, q15_bookings_without_a_unit_are_counted_by_day_and_class)
{
    static const struct {
        Referral__PlaceClass class;
        int days;
    } booked[] = {{REFERRAL__PLACE_CLASS__EXPERT, 4},
                  {REFERRAL__PLACE_CLASS__EXPERT, 1},
                  {REFERRAL__PLACE_CLASS__EXAM, 1},
                  {REFERRAL__PLACE_CLASS__EXPERT, 1}};
    struct district d;
    struct reserve_report report;

    pools_open(&d);
    for (size_t i = 0; i < sizeof booked / sizeof *booked; i++) {
        Referral__Event *event = district_event(&d, district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE), BOOK);

        FIELD_SET(event->place, class_, booked[i].class);
        FIELD_SET(event->place, start_ms, d.now.ms + booked[i].days * DAY_MS);
        district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    }
    report = make(&d, false);
    cr_assert_eq(report.line_count, 3);
    cr_assert_str_eq(report.lines[0].date, "2026-11-22");
    cr_assert(report.lines[0].outside == 2 && report.lines[0].required == 0 && report.lines[0].kept_bp == 0);
    cr_assert_str_eq(report.lines[1].date, "2026-11-25");
    cr_assert_eq(report.lines[1].outside, 1);
    cr_assert(report.lines[2].class == REFERRAL__PLACE_CLASS__EXAM && report.lines[2].outside == 1);
    cr_assert_eq(report.total_count, 2);
    cr_assert_eq(report.totals[0].outside, 3);
    report = make_of(&d, "2026-11-23", "2026-11-30", false);
    cr_assert_eq(report.line_count, 1);
    cr_assert_str_eq(report.lines[0].date, "2026-11-25");
    cr_assert_eq(report.totals[0].outside, 1);
    pools_close(&d);
}

Test(reserve_report, q13_shortfalls_stand_in_order_of_class_day_department_and_session)
{
    static const struct {
        Referral__PlaceClass class;
        const char *resource, *date;
    } sessions[] = {{REFERRAL__PLACE_CLASS__EXPERT, "WANG", "2026-11-25"},
                    {REFERRAL__PLACE_CLASS__EXAM, "CT", "2026-11-24"},
                    {REFERRAL__PLACE_CLASS__EXPERT, "LI", "2026-11-25"},
                    {REFERRAL__PLACE_CLASS__EXPERT, "WANG", "2026-11-24"}};
    static const char *const expected[] = {"WANG", "LI", "WANG", "CT"};
    struct district d;
    struct reserve_report report;

    pools_open(&d);
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        Referral__PoolRef *ref = pools_ref(&d, sessions[i].class, sessions[i].resource, sessions[i].date);

        pools_publish(&d, ref, 10);
        cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, pools_change(&d, ref, 9, WHY(DEVICE_DOWN))), "");
    }
    d.now.ms += 20 * MINUTE_MS;
    go_on(&d);
    report = make(&d, false);
    cr_assert_eq(report.gap_count, 4);
    for (size_t i = 0; i < 4; i++)
        cr_assert_str_eq(report.gaps[i].resource, expected[i]);
    pools_close(&d);
}

Test(reserve_report, q12_q15_emergencies_and_bookings_without_a_unit_are_counted_apart)
{
    struct district d;
    struct reserve_report report;
    Referral__TakePlace *take;
    char *emergency;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    emergency = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__EMERGENCY);
    take = pools_take(&d, pools_wang(&d), REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->referral_id = emergency;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "");
    pools_fill(&d, pools_wang(&d), ".G");
    report = make(&d, false);
    cr_assert_eq(report.lines[0].general, 2);
    cr_assert_eq(report.lines[0].emergency, 1);
    district_assert_said(&d, district_happen(&d, "T07", emergency, CANCEL_BOOKING), "");
    cr_assert_eq(make(&d, false).lines[0].emergency, 0);
    pools_close(&d);
}
