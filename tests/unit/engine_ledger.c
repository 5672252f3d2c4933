/* The rows of a hospital's ledger: what happened, who did it, and the numbers after it (Q13). */
#include "pools.h"

static const char *numbers(struct district *d, uint64_t number)
{
    const Referral__LedgerNumbers *n = pools_ledger_row(d, number)->numbers;

    return arena_format(&d->keep, "C%lu R%lu B%lu G%lu F%lu", (unsigned long)n->capacity, (unsigned long)n->reserve,
                        (unsigned long)n->blocked, (unsigned long)n->general, (unsigned long)n->family);
}

Test(ledger, q13_a_row_bears_its_pool_and_the_numbers_after_it)
{
    struct district d;
    const Referral__LedgerRow *row;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    cr_assert_str_eq(numbers(&d, 1), "C10 R2 B0 G0 F0");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    cr_assert_str_eq(numbers(&d, 2), "C10 R2 B0 G1 F0");
    row = pools_ledger_row(&d, 2);
    cr_assert_eq(row->class_, REFERRAL__PLACE_CLASS__EXPERT);
    cr_assert_str_eq(row->department, "CARD");
    cr_assert_str_eq(row->resource, "WANG-AM");
    cr_assert_str_eq(row->date, POOLS_DAY);
    cr_assert(row->has_deficit && row->deficit == 0);
    cr_assert_null(row->group);
    pools_close(&d);
}

Test(ledger, q13_terms_stand_where_they_begin_to_hold)
{
    struct district d;
    const Referral__LedgerRow *row;
    Referral__Pool *pool;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    row = pools_ledger_row(&d, 1);
    cr_assert(row->reserve_bp == 2000 && row->span == 1 && row->has_short_notice && !row->short_notice);
    cr_assert(row->fd_opens_at_ms == d.now.ms && row->general_opens_at_ms == d.now.ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-11-23", 480).ms);
    pool = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(pool, span, 2);
    FIELD_SET(pool, release_at_ms, pools_at("2026-11-23", 540).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    row = pools_ledger_row(&d, 2);
    cr_assert_eq(row->event, REFERRAL__LEDGER_EVENT__LEDGER_CHANGED);
    cr_assert(row->span == 2 && row->release_at_ms == pools_at("2026-11-23", 540).ms && row->reserve_bp == 2000);
    pools_close(&d);
}

Test(ledger, q13_who_did_it)
{
    struct district d;
    Referral__TakePlace *take;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    cr_assert_str_eq(pools_ledger_row(&d, 1)->by, "hospital");
    pools_fill(&d, pools_wang(&d), "F");
    cr_assert_str_eq(pools_ledger_row(&d, 2)->by, "family");
    pools_fill(&d, pools_wang(&d), ".G");
    cr_assert_str_eq(pools_ledger_row(&d, 3)->by, "hospital");
    take = pools_take(&d, pools_wang(&d), REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->referral_id = district_refer(&d, "T08", "H1", REFERRAL__PRIORITY__ROUTINE); /* without a team */
    district_assert_said(&d, district_say(&d, "T08", REFERRAL__KIND__BOOK_PLACE, take), "");
    cr_assert_str_eq(pools_ledger_row(&d, 4)->by, "sender");
    cr_assert_str_eq(
        pools_do(&d, REFERRAL__KIND__CUT_UNITS, pools_change(&d, pools_wang(&d), 1, REFERRAL__BLOCK_REASON__SAFETY)),
        "");
    cr_assert_str_eq(pools_ledger_row(&d, 5)->person, "Zhao Min");
    pools_close(&d);
}

Test(ledger, q13_a_refusal_is_a_row_and_changes_nothing)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 1);
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "RESERVED");
    cr_assert_str_eq(pools_ledger_after(&d, 1), "REFUSED n1 RESERVED");
    cr_assert_eq(pools_ledger_row(&d, 2)->channel, REFERRAL__CHANNEL__GENERAL);
    cr_assert_str_eq(numbers(&d, 2), "C1 R1 B0 G0 F0");
    pools_close(&d);
}

Test(ledger, p2_who_may_not_ask_leaves_no_row)
{
    struct district d;
    Referral__TakePlace *take;
    Referral__PoolRef *nowhere;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 1);
    nowhere = pools_wang(&d);
    nowhere->resource = "NOBODY";
    district_assert_said(&d, pools_sell(&d, nowhere, 1, 0), "UNKNOWN_POOL pool");
    take = pools_take(&d, pools_wang(&d), REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->reference = "mine";
    cr_assert_neq(district_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take))[0], '\0');
    take->reference = NULL;
    take->referral_id = "bd-1-1-1";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NOT_FOUND referral_id");
    take->referral_id = district_refer(&d, "T07", "H2", REFERRAL__PRIORITY__ROUTINE);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "OTHER_HOSPITAL referral_id");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "OTHER_HOSPITAL referral_id");
    cr_assert_eq(pools_rows(&d), 1);
    pools_close(&d);
}

Test(ledger, q13_a_party_of_a_referral_to_the_hospital_leaves_a_row)
{
    struct district d;
    Referral__TakePlace *take;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 1);
    take = pools_take(&d, pools_wang(&d), REFERRAL__CHANNEL__FAMILY_DOCTOR, 1, 0);
    take->referral_id = district_refer(&d, "T08", "H1", REFERRAL__PRIORITY__ROUTINE); /* without a team */
    district_assert_said(&d, district_say(&d, "T08", REFERRAL__KIND__BOOK_PLACE, take), "TEAM_NEEDED referral_id");
    cr_assert_str_eq(pools_ledger_after(&d, 1), "REFUSED n1 TEAM_NEEDED");
    pools_close(&d);
}

Test(ledger, q9_a_move_to_another_hospital_leaves_no_row_there)
{
    struct district d;
    Referral__TakePlace *take;
    Referral__PoolRef *elsewhere;
    Referral__MovePlace move = REFERRAL__MOVE_PLACE__INIT;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    elsewhere = pools_wang(&d);
    elsewhere->hospital = "H2";
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__PUT_POOL, pools_session(&d, elsewhere, 5)), "");
    take = pools_take(&d, elsewhere, REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->referral_id = district_refer(&d, "T07", "H2", REFERRAL__PRIORITY__ROUTINE);
    move.booking_id = district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take)->booking->booking_id;
    move.pool = pools_wang(&d);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__MOVE_PLACE, &move), "SAME_HOSPITAL pool");
    cr_assert_eq(pools_rows(&d), 1);
    pools_close(&d);
}

Test(ledger, q14_a_refused_block_has_no_channel)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 1);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                              pools_change(&d, pools_wang(&d), 1, REFERRAL__BLOCK_REASON__TEACHING)),
                     "BLOCK_EATS_RESERVE reason");
    cr_assert_not(pools_ledger_row(&d, 2)->has_channel);
    pools_close(&d);
}

Test(ledger, q13_units_are_written_as_runs)
{
    struct district d;
    Referral__Pool *pool;
    const Referral__LedgerRow *row;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 3);
    pools_add_run(&d, pool, 2, 8 * 60 + 30, 20);
    pools_add_run(&d, pool, 4, 10 * 60, 0);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_str_eq(pools_ledger_after(&d, 0), "PUBLISHED +1x3 +4x2 +6x4");
    row = pools_ledger_row(&d, 1);
    cr_assert_eq(row->new_units[1]->start_ms, pools_at(POOLS_DAY, 8 * 60 + 30).ms);
    cr_assert_eq(row->new_units[1]->minutes, 20);
    cr_assert_eq(row->new_units[2]->minutes, 0);
    pool = pools_session(&d, pools_wang(&d), 4); /* one between the two first runs is there no longer, one is new */
    pools_add_run(&d, pool, 1, 8 * 60 + 50, 20);
    pools_add_run(&d, pool, 6, 10 * 60, 0);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_str_eq(pools_ledger_after(&d, 1), "ADDED +10x1 +11x2, CUT 4");
    pools_close(&d);
}
