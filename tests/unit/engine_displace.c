/* Units that go, and who had them (Q10). */
#include "pools.h"

static const char *cut(struct district *d, Referral__PoolChange *change, bool displace)
{
    if (displace)
        FIELD_SET(change, displace, true);
    return pools_do(d, REFERRAL__KIND__CUT_UNITS, change);
}

static Referral__PoolChange *cut_count(struct district *d, uint32_t count)
{
    return pools_change(d, pools_wang(d), count, REFERRAL__BLOCK_REASON__PLAN_CHANGED);
}

static Referral__PoolChange *cut_units(struct district *d, const uint32_t *units)
{
    return pools_units(d, pools_wang(d), units, REFERRAL__BLOCK_REASON__PLAN_CHANGED);
}

static void open_filled(struct district *d, const char *signs)
{
    pools_open(d);
    pools_publish(d, pools_wang(d), (uint32_t)strlen(signs));
    pools_fill(d, pools_wang(d), signs);
}

static const char *state_of(struct district *d, const Referral__Reply *booking)
{
    struct store_txn *txn = district_read(d);
    struct id id;
    const Record__Booking *row;
    const char *name;

    cr_assert(id_parse(booking->booking->booking_id, "bd", &id));
    row = booking_row(txn, id);
    name = protobuf_c_enum_descriptor_get_value(&referral__booking_state__descriptor, (int)row->state)->name;
    store_read_end(txn);
    return name + strlen("PLACE_");
}

/* ---- Which units ---- */

Test(displace, q10_blocked_ones_go_first_then_the_latest_free)
{
    struct district d;
    uint64_t rows;

    open_filled(&d, "G......");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                              pools_units(&d, pools_wang(&d), POOLS_UNITS(3), REFERRAL__BLOCK_REASON__TEACHING)),
                     "");
    rows = pools_rows(&d);
    cr_assert_str_eq(cut(&d, cut_count(&d, 3), false), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CUT 3 7 6");
    pools_assert_line(&d, pools_wang(&d), "C4 R1 B0 G1 F0 G.*.");
    pools_close(&d);
}

Test(displace, q10_below_g_goes_only_with_displace)
{
    struct district d;
    uint64_t rows;

    open_filled(&d, "GGG.F");
    rows = pools_rows(&d);
    cr_assert_str_eq(cut(&d, cut_count(&d, 2), false), "BELOW_BOOKED count");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(4, 5)), false), "BELOW_BOOKED units[1]");
    cr_assert_eq(pools_rows(&d), rows);
    cr_assert_str_eq(cut(&d, cut_count(&d, 3), true), "");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G1 F1 GF");
    pools_close(&d);
}

Test(displace, q10_below_g_f_and_b_the_reserve_follows_at_once)
{
    struct district d;
    Referral__Reply *reply;

    open_filled(&d, "GGGFF.");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                              pools_units(&d, pools_wang(&d), POOLS_UNITS(6), REFERRAL__BLOCK_REASON__SAFETY)),
                     "");
    reply = district_say(&d, "H1", REFERRAL__KIND__CUT_UNITS, ({
        Referral__PoolChange *change = cut_count(&d, 5);
        FIELD_SET(change, displace, true);
        change;
    }));
    district_assert_said(&d, reply, "");
    pools_assert_line(&d, pools_wang(&d), "C1 R1 B0 G0 F1 F");
    cr_assert_eq(reply->affected, 4); /* all of them wait */
    pools_close(&d);
}

Test(displace, q_unknown_twice_named_and_begun_units_are_refused)
{
    struct district d;

    open_filled(&d, "G....");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(9, 2, 2)), false), "UNKNOWN_UNIT units[0]; BAD_VALUE units[2]");
    cr_assert_str_eq(cut(&d, cut_count(&d, 6), true), "UNKNOWN_UNIT count");
    cr_assert_str_eq(cut(&d, cut_count(&d, 0), true), "MISSING units");
    cr_assert_str_eq(cut(&d, cut_count(&d, 501), true), "OUT_OF_RANGE count");
    d.now = pools_at(POOLS_DAY, 8 * 60);
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1, 2)), true), "STARTED units[0]");
    cr_assert_str_eq(cut(&d, cut_count(&d, 5), true), "BELOW_BOOKED count");
    cr_assert_str_eq(cut(&d, cut_count(&d, 4), true), "");
    pools_close(&d);
}

Test(displace, q10_reason_and_person_are_mandatory)
{
    struct district d;
    Referral__PoolChange *change;

    open_filled(&d, "...");
    change = cut_count(&d, 1);
    change->has_reason = false;
    change->person = NULL;
    cr_assert_str_eq(cut(&d, change, false), "REASON_NEEDED reason; PERSON_NEEDED person");
    change = cut_units(&d, POOLS_UNITS(1));
    FIELD_SET(change, count, 1);
    FIELD_SET(change, reason, REFERRAL__BLOCK_REASON__NOT_KEPT);
    cr_assert_str_eq(cut(&d, change, false), "BAD_VALUE reason; NOT_EXPECTED count");
    change = cut_count(&d, 1);
    change->pool->resource = "NOBODY";
    cr_assert_str_eq(cut(&d, change, false), "UNKNOWN_POOL pool");
    pools_close(&d);
}

/* ---- Who moves, who waits ---- */

Test(displace, q10_bookings_move_to_free_units_family_first)
{
    struct district d;
    uint64_t rows;

    open_filled(&d, "G....");
    pools_fill(&d, pools_wang(&d), ".F"); /* later */
    rows = pools_rows(&d);
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1, 2)), true), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "MOVED_OUT 1, MOVED_IN 4, MOVED_OUT 2, MOVED_IN 3, CUT 1 2");
    pools_assert_line(&d, pools_wang(&d), "C3 R1 B0 G1 F1 FG.");
    pools_close(&d);
}

/* Row by row what becomes of a pool filled as the first text, where these units go. */
Test(displace, q10_general_lose_theirs_first_the_newest_first)
{
    static const struct {
        const char *before;
        uint32_t goes[5];
        const char *line;
    } rows[] = {
        {"GGF", {3}, "C2 R1 B0 G1 F1 GF"},           /* unit 2 was sold last */
        {"FGG", {1}, "C2 R1 B0 G1 F1 GF"},           /* and unit 3 here */
        {"FFG", {1, 3}, "C1 R1 B0 G0 F1 F"},         /* even all general ones would not do for both */
        {"FF.", {1, 2}, "C1 R1 B0 G0 F1 F"},         /* the one that was booked first gets it */
        {"G.G", {1}, "C2 R1 B0 G2 F0 GG deficit"},   /* G does not rise: the last, reserved unit will do */
        {"GGG.F", {1, 2, 3}, "C2 R1 B0 G1 F1 GF"},   /* of the general ones the oldest */
        {"..F..", {1, 2, 4, 5}, "C1 R1 B0 G0 F1 F"}, /* nobody loses anything */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct district d;

        open_filled(&d, rows[i].before);
        cr_assert_str_eq(cut(&d, cut_units(&d, rows[i].goes), true), "", "row %zu", i);
        cr_assert_str_eq(pools_line(&d, pools_wang(&d)), rows[i].line, "row %zu: %s", i,
                         pools_line(&d, pools_wang(&d)));
        pools_close(&d);
    }
}

Test(displace, q10_only_general_bookings_in_the_way_lose_theirs)
{
    struct district d;
    Referral__Reply *family, *second, *newest;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 8);
    family = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 3, 1);
    district_assert_said(&d, family, "");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 5), "");
    second = pools_sell(&d, pools_wang(&d), 1, 7);
    newest = pools_sell(&d, pools_wang(&d), 1, 4);
    pools_assert_line(&d, pools_wang(&d), "C8 R2 B0 G3 F3 FFFGG.G.");
    /* Without the newest: 3, 4; without the second as well: 6, 7, 8, and the newest is not in the way after all. The
     * second waits first, and is offered 3. */
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1, 2)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C6 R2 B0 G3 F3 gGGFFF");
    cr_assert_str_eq(state_of(&d, family), "BOOKED");
    cr_assert_str_eq(state_of(&d, newest), "BOOKED");
    cr_assert_str_eq(state_of(&d, second), "DISPLACED");
    pools_close(&d);
}

Test(displace, q10_a_family_booking_whose_units_scatter_is_displaced_and_waits_first)
{
    struct district d;
    Referral__Reply *family;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 6);
    family = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 3, 1);
    district_assert_said(&d, family, "");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(2, 5)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C4 R1 B0 G0 F0 .*..");
    cr_assert_str_eq(state_of(&d, family), "DISPLACED");
    cr_assert_str_eq(district_state(&d, family->referral_id), "WAITLISTED");
    pools_close(&d);
}

Test(displace, q10_two_bookings_change_places)
{
    struct district d;
    Referral__Reply *older, *newer;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 7);
    older = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 3, 5); /* 5, 6, 7 */
    newer = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 2, 1); /* 1, 2 */
    district_assert_said(&d, older, "");
    district_assert_said(&d, newer, "");
    rows = pools_rows(&d);
    /* The older one gets 2, 3, 4, which the newer one still has in part; the newer 5, 6, which the older one has. */
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1, 7)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G0 F5 FFFFF");
    cr_assert_str_eq(pools_ledger_after(&d, rows),
                     "MOVED_OUT 5 6 7, MOVED_OUT 1 2, MOVED_IN 5 6, MOVED_IN 2 3 4, CUT 1 7");
    cr_assert_str_eq(state_of(&d, older), "BOOKED");
    cr_assert_str_eq(state_of(&d, newer), "BOOKED");
    pools_close(&d);
}

Test(displace, q15_an_allotment_just_loses_the_units)
{
    struct district d;
    Referral__Reply *allotment;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    allotment = pools_allot(&d, pools_wang(&d), 4);
    district_assert_said(&d, allotment, "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G4 F0 GG*GG");
    rows = pools_rows(&d);
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1, 4)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C3 R1 B0 G2 F0 G*G");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "RETURNED 1 4, CUT 1 4");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(2, 5)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C1 R1 B0 G0 F0 *");
    cr_assert_str_eq(state_of(&d, allotment), "DISPLACED");
    pools_close(&d);
}

Test(displace, q15_an_allotment_makes_room_with_single_units_the_latest_first)
{
    struct district d;
    Referral__Reply *family, *allotment;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 6);
    family = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 2, 1);
    allotment = pools_allot(&d, pools_wang(&d), 4);
    district_assert_said(&d, allotment, "");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(2)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G2 F2 .GGFF");
    cr_assert_str_eq(state_of(&d, family), "BOOKED");
    pools_close(&d);
}

/* Q10: a general booking gives way to a family doctor's patient while it has places to give. */
Test(displace, q15_an_allotment_that_has_begun_makes_room_with_what_has_not)
{
    struct district d;
    Referral__Reply *family, *allotment;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 6);
    family = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 2, 5);
    allotment = pools_allot(&d, pools_wang(&d), 4);
    district_assert_said(&d, allotment, "");
    d.now = pools_at(POOLS_DAY, 8 * 60 + 5); /* its first unit has begun */
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(6)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G3 F2 GGGFF");
    cr_assert_str_eq(state_of(&d, family), "BOOKED");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(5)), true), "");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(4)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C3 R1 B0 G1 F2 GFF");
    cr_assert_str_eq(state_of(&d, family), "BOOKED");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(3)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G1 F0 G."); /* what has begun is nobody's room */
    cr_assert_str_eq(state_of(&d, family), "DISPLACED");
    pools_close(&d);
}

Test(displace, q7_a_held_place_moves_and_stays_held)
{
    struct district d;
    Referral__Reply *held;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 3);
    held = pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 1, 1);
    district_assert_said(&d, held, "");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(1)), true), "");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G0 F1 f.");
    d.now.ms += 10 * MINUTE_MS;
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G0 F0 *.");
    pools_close(&d);
}

/* ---- A session that does not take place ---- */

Test(displace, q10_a_cancelled_session_displaces_all_and_opens_to_nobody)
{
    struct district d;
    Referral__PoolChange *change;
    uint64_t rows;

    open_filled(&d, "GF...");
    rows = pools_rows(&d);
    change = pools_change(&d, pools_wang(&d), 0, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL, change), "");
    pools_assert_line(&d, pools_wang(&d), "C0 R0 B0 G0 F0  cancelled");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "DISPLACED 2, DISPLACED 1, POOL_CANCELLED 1 2 3 4 5");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "POOL_CANCELLED pool");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL, change), "POOL_CANCELLED pool");
    cr_assert_str_eq(cut(&d, cut_count(&d, 1), false), "POOL_CANCELLED pool");
    cr_assert_str_eq(pools_put(&d, pools_session(&d, pools_wang(&d), 5)), "POOL_CANCELLED pool");
    change = pools_change(&d, pools_wang(&d), 1, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL, change), "NOT_EXPECTED count; POOL_CANCELLED pool");
    change = pools_units(&d, pools_wang(&d), POOLS_UNITS(1), REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL, change), "NOT_EXPECTED units; POOL_CANCELLED pool");
    pools_close(&d);
}

Test(displace, q10_who_came_before_his_time_keeps_the_unit_that_has_not_begun)
{
    struct district d;
    Referral__Reply *booked;
    Referral__Event *arrival;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    booked = pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 5);
    district_assert_said(&d, booked, "");
    d.now = pools_at(POOLS_DAY, 7 * 60);
    arrival = district_event(&d, booked->referral_id, ARRIVE);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, arrival), "");
    cr_assert_str_eq(state_of(&d, booked), "USED");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(4, 5)), true), "UNIT_TAKEN units[1]");
    cr_assert_str_eq(cut(&d, cut_units(&d, POOLS_UNITS(4)), true), "");
    cr_assert_str_eq(state_of(&d, booked), "USED");
    pools_close(&d);
}

Test(displace, q10_who_is_inside_keeps_his_place_in_the_books)
{
    struct district d;

    open_filled(&d, "GGGGF");
    d.now = pools_at(POOLS_DAY, 8 * 60 + 10);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL,
                              pools_change(&d, pools_wang(&d), 0, REFERRAL__BLOCK_REASON__DEVICE_DOWN)),
                     "");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G2 F0 GG cancelled");
    cr_assert_not(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/WANG-AM/" POOLS_DAY));
    pools_close(&d);
}
