/* A ledger read again from its first page: what the engine wrote is what it did, and whatever is changed in it is found
 * (Q13). */
#include "ledger_pages.h"

Test(replay, q13_what_the_engine_wrote_makes_the_pools_it_keeps)
{
    struct district d;
    struct pages pages;

    pass_a_morning(&d);
    pages = pages_read(&d);
    cr_assert_str_eq(pages_fault(&d, &pages), "");
    pools_close(&d); /* compares */
}

/* ---- Planted faults ---- */

static void sell_a_marked_unit(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BOOKED), 2))->units[0] = 4;
}

static void sell_a_unit_twice(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BOOKED), 2))->units[0] = 1;
}

static void say_one_general_too_few(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BOOKED), 2))->numbers->general--;
}

static void say_another_reserve(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(HELD), 1))->numbers->reserve--;
}

static void say_no_deficit(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BLOCKED), 1))->deficit = 0;
}

static void call_a_general_booking_a_family_doctors(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BOOKED), 1))->channel = REFERRAL__CHANNEL__FAMILY_DOCTOR;
}

static void leave_out_a_sale(struct pages *pages)
{
    pages_drop(pages, pages_find(pages, EVENT(BOOKED), 1));
}

static void leave_out_a_lapse(struct pages *pages)
{
    pages_drop(pages, pages_find(pages, EVENT(LAPSED), 1));
}

static void leave_out_the_publication(struct pages *pages)
{
    pages_drop(pages, 1);
}

static void swap_sales(struct pages *pages)
{
    pages_swap(pages, pages_find(pages, EVENT(BOOKED), 1), pages_find(pages, EVENT(BOOKED), 2));
}

static void swap_hold_and_lapse(struct pages *pages)
{
    pages_swap(pages, pages_find(pages, EVENT(HELD), 1), pages_find(pages, EVENT(LAPSED), 1));
}

static void publish_twice(struct pages *pages)
{
    pages_swap(pages, pages_find(pages, EVENT(REFUSED), 1), 1);
    *pages_row(pages, 1) = *pages_row(pages, pages_find(pages, EVENT(PUBLISHED), 2));
}

static void reserve_less_than_a_fifth(struct pages *pages)
{
    pages_row(pages, 1)->reserve_bp = 1999;
}

static void open_later_than_the_first_sale(struct pages *pages)
{
    for (int i = 1; i <= 2; i++)
        pages_row(pages, pages_find(pages, EVENT(PUBLISHED), i))->general_opens_at_ms += HOUR_MS;
}

static void release_earlier(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(CHANGED), 1))->release_at_ms--;
}

static void release_before_its_time(struct pages *pages)
{
    size_t at;

    pages_page(pages, pages_find(pages, EVENT(RELEASED), 1), &at)->at_ms -= 12 * HOUR_MS;
}

static void say_less_was_released(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(RELEASED), 1))->count--;
}

static void block_the_reserve_for_maintenance(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(BLOCKED), 1))->block_reason = REFERRAL__BLOCK_REASON__MAINTENANCE;
}

static void unblock_what_is_free(struct pages *pages)
{
    pages_swap(pages, pages_find(pages, EVENT(BLOCKED), 1), pages_find(pages, EVENT(UNBLOCKED), 1));
}

static void cut_what_is_booked(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(CUT), 1))->units[0] = 2;
}

static void move_to_nowhere(struct pages *pages)
{
    pages_drop(pages, pages_find(pages, EVENT(MOVED_IN), 1));
}

static void move_from_nowhere(struct pages *pages)
{
    pages_drop(pages, pages_find(pages, EVENT(MOVED_OUT), 1));
}

static void leave_the_group(struct pages *pages)
{
    uint64_t grouped = pages_find(pages, EVENT(GROUPED), 2);

    pages_row(pages, grouped + 1)->group = NULL;
}

static void say_another_sum_of_the_group(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(GROUPED), 1))->group->reserve++;
}

static void begin_before_it_was_sold(struct pages *pages)
{
    pages_row(pages, 1)->new_units[0]->start_ms = pages->list[0]->at_ms - HOUR_MS;
}

static void block_without_a_reason(struct pages *pages)
{
    FIELD_CLEAR(pages_row(pages, pages_find(pages, EVENT(BLOCKED), 1)), block_reason);
}

/* The turn ends with the units that moved out nowhere. */
static void end_the_turn_of_a_move(struct pages *pages)
{
    size_t at;
    Referral__LedgerPage *page = pages_page(pages, pages_find(pages, EVENT(MOVED_IN), 1), &at);

    page->n_rows = at;
}

static void sell_of_a_cancelled_session(struct pages *pages)
{
    Referral__LedgerRow *sale = pages_row(pages, pages_find(pages, EVENT(BOOKED), 3));

    *pages_row(pages, pages_find(pages, EVENT(REFUSED), 1)) =
        *pages_row(pages, pages_find(pages, EVENT(POOL_CANCELLED), 1));
    sale->resource = "LI-AM";
}

static void release_twice(struct pages *pages)
{
    *pages_row(pages, pages_find(pages, EVENT(RELEASED), 2)) = *pages_row(pages, pages_find(pages, EVENT(RELEASED), 1));
}

static void release_what_was_cancelled(struct pages *pages)
{
    Referral__LedgerRow *released = pages_row(pages, pages_find(pages, EVENT(RELEASED), 1));

    released->class_ = REFERRAL__PLACE_CLASS__EXPERT;
    released->resource = "LI-AM";
}

static void go_back_in_time(struct pages *pages)
{
    pages->list[pages->count / 2]->at_ms = DISTRICT_NOW - 1;
}

static void invent_an_event(struct pages *pages)
{
    pages_row(pages, pages_find(pages, EVENT(REFUSED), 1))->event = (Referral__LedgerEvent)99;
}

static const struct fault {
    const char *name;
    void (*plant)(struct pages *pages);
    const char *found; /* a part of what the reader says */
} faults[] = {
    {"a general booking of a marked unit", sell_a_marked_unit, "row 4 is a general booking of a reserved unit (Q3)"},
    {"a unit sold twice", sell_a_unit_twice, "row 4 takes a unit that is not free"},
    {"a number off by one", say_one_general_too_few, "row 4 says other numbers"},
    {"another reserve", say_another_reserve, "says other numbers"},
    {"a deficit concealed", say_no_deficit, "says another deficit"},
    {"a channel renamed", call_a_general_booking_a_family_doctors, "row 3 says other numbers"},
    {"a missing sale", leave_out_a_sale, "says other numbers"},
    {"a missing lapse", leave_out_a_lapse, "row "},
    {"a missing publication", leave_out_the_publication, "of a pool that was not published"},
    {"two rows swapped", swap_sales, "row 3 says other numbers"},
    {"a lapse before its hold", swap_hold_and_lapse, "speaks of a unit that the booking does not hold"},
    {"a pool published twice", publish_twice, "publishes a pool twice"},
    {"p below the floor", reserve_less_than_a_fifth, "row 1 sets a reserve below the floor (Q1)"},
    {"a sale before general opens", open_later_than_the_first_sale,
     "row 3 takes a unit of a pool that is not open (Q6)"},
    {"a release moved forward", release_earlier, "moves a time against family doctors (Q6)"},
    {"a release before its time", release_before_its_time, "releases the reserve before its time"},
    {"another count released", say_less_was_released, "another number of units was released"},
    {"a reason that may not eat the reserve", block_the_reserve_for_maintenance,
     "without one of its four reasons (Q14)"},
    {"a block of the reserve without a reason", block_without_a_reason, "without one of its four reasons (Q14)"},
    {"an unblock before its block", unblock_what_is_free, "row "},
    {"a cut of a booked unit", cut_what_is_booked, "takes away a unit that is booked"},
    {"a booking moved out, and not in", move_to_nowhere, "row "},
    {"a turn that ends in the midst of a move", end_the_turn_of_a_move, "ends a turn in which booking"},
    {"a sale of a cancelled session", sell_of_a_cancelled_session, "takes a unit of a pool that is not open (Q6)"},
    {"a reserve released twice", release_twice, "releases the reserve before its time, or twice (Q6)"},
    {"a cancelled session's reserve released", release_what_was_cancelled,
     "releases the reserve before its time, or twice (Q6)"},
    {"a booking moved in, and not out", move_from_nowhere, "moves units in that were not moved out"},
    {"a grouped pool counted alone", leave_the_group, "of its group (Q11)"},
    {"another sum of the group", say_another_sum_of_the_group, "of its group (Q11)"},
    {"a unit sold after its start", begin_before_it_was_sold, "has begun"},
    {"a page older than the one before", go_back_in_time, "is older than the row before"},
    {"an event of no kind", invent_an_event, "is of an unknown kind"},
};

Test(replay, q13_every_planted_fault_is_found)
{
    struct district d;

    pass_a_morning(&d);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct pages pages = pages_read(&d);
        const char *fault;

        faults[i].plant(&pages);
        fault = pages_fault(&d, &pages);
        cr_expect(strstr(fault, faults[i].found) != NULL, "%s: the reader says \"%s\"", faults[i].name, fault);
    }
    pools_close(&d);
}
