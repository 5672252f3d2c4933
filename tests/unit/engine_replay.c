/* A ledger read again from its first page: what the engine wrote is what it did, and whatever is changed in it is found (Q13). */
#include <errno.h>

#include "ledger_pages.h"

#define EVENT(name) REFERRAL__LEDGER_EVENT__LEDGER_##name

static Referral__PoolRef *li(struct district *d)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
}

static void change(struct district *d, Referral__Kind kind, Referral__PoolChange *body)
{
    cr_assert_str_eq(pools_do(d, kind, body), "");
}

static void publish_group(struct district *d)
{
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;

    pools_publish(d, pools_ref(d, REFERRAL__PLACE_CLASS__EXAM, "CT-1", POOLS_DAY), 2);
    pools_publish(d, pools_ref(d, REFERRAL__PLACE_CLASS__EXAM, "CT-2", POOLS_DAY), 2);
    FIELD_SET(&group, class_, REFERRAL__PLACE_CLASS__EXAM);
    group.department = "CARD";
    group.date = POOLS_DAY;
    cr_assert_str_eq(pools_do(d, REFERRAL__KIND__PUT_GROUP, &group), "");
    district_assert_said(d, pools_sell(d, pools_ref(d, REFERRAL__PLACE_CLASS__EXAM, "CT-1", POOLS_DAY), 1, 0), "");
}

/* Something of everything: sales, holds that lapse together, blocks into the reserve, a raised share, a cut that moves, a group, a cancelled
 * session, and the release of the rest. */
static void pass_a_morning(struct district *d)
{
    Referral__Pool *raised;
    Referral__PoolChange *cut, *unblock;

    pools_open(d);
    pools_publish(d, pools_wang(d), 10); /* ..*....*.. */
    pools_publish(d, li(d), 5);
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 1), "");
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 2), "");
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 4), "RESERVED");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__HOLD_PLACE, pools_wang(d), 1, 0), "");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__HOLD_PLACE, pools_wang(d), 1, 0), "");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__BOOK_PLACE, pools_wang(d), 1, 0), "");
    change(d, REFERRAL__KIND__BLOCK_UNITS, pools_change(d, li(d), 5, REFERRAL__BLOCK_REASON__STAFF_ABSENT));
    d->now.ms += 5 * MINUTE_MS;
    unblock = pools_units(d, li(d), POOLS_UNITS(1, 2, 3), REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    FIELD_CLEAR(unblock, reason);
    change(d, REFERRAL__KIND__UNBLOCK_UNITS, unblock);
    raised = pools_session(d, pools_wang(d), 10);
    FIELD_SET(raised, reserve_bp, 3000);
    cr_assert_str_eq(pools_put(d, raised), "");
    d->now.ms += 10 * MINUTE_MS; /* both holds end */
    district_clock(d);
    cut = pools_units(d, pools_wang(d), POOLS_UNITS(1, 10), REFERRAL__BLOCK_REASON__PLAN_CHANGED);
    FIELD_SET(cut, displace, true);
    change(d, REFERRAL__KIND__CUT_UNITS, cut);
    publish_group(d);
    change(d, REFERRAL__KIND__CANCEL_POOL, pools_change(d, li(d), 0, REFERRAL__BLOCK_REASON__SAFETY));
    d->now = pools_at("2026-11-23", 12 * 60);
    district_clock(d); /* all reserves are released */
}

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
    {"an unblock before its block", unblock_what_is_free, "row "},
    {"a cut of a booked unit", cut_what_is_booked, "takes away a unit that is booked"},
    {"a booking moved out, and not in", move_to_nowhere, "row "},
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

/* ---- The chain ---- */

struct chain { /* as given out */
    struct bytes list[LEDGER_PAGES_MAX];
    size_t count;
};

static struct chain read_chain(struct district *d)
{
    struct pages pages = pages_read(d);
    uint8_t digest[REPLAY_DIGEST_SIZE] = {0};
    struct chain chain = {.count = pages.count};
    uint64_t next = 1;

    for (size_t i = 0; i < pages.count; i++) {
        chain.list[i] = pages_chain(d, pages.list[i], next, digest);
        next += pages.list[i]->n_rows;
    }
    return chain;
}

static int read_pages(const struct bytes *list, size_t count)
{
    struct replay *replay = replay_open();
    int failure = 0;

    for (size_t i = 0; i < count && failure == 0; i++)
        failure = replay_page(replay, list[i]);
    replay_close(replay);
    return failure;
}

Test(replay, q13_a_page_that_is_missing_changed_or_misplaced_breaks_the_chain)
{
    struct district d;
    struct chain chain;

    pass_a_morning(&d);
    chain = read_chain(&d);
    cr_assert_eq(read_pages(chain.list, chain.count), 0);
    cr_assert_eq(read_pages(chain.list + 1, 1), -EBADMSG, "the first page is missing");
    for (size_t i = 0; i + 2 < chain.count; i++) {
        struct bytes list[3] = {chain.list[i], chain.list[i + 2], chain.list[i + 1]};
        struct replay *replay = replay_open();

        for (size_t before = 0; before <= i; before++)
            cr_assert_eq(replay_page(replay, chain.list[before]), 0);
        cr_expect_eq(replay_page(replay, list[1]), -EBADMSG, "page %zu is missing", i + 1);
        cr_expect_eq(replay_page(replay, list[2]), -EBADMSG, "nothing is read after a failure");
        replay_close(replay);
    }
    pools_close(&d);
}

Test(replay, q13_a_changed_byte_is_found_by_the_next_page_at_the_latest)
{
    struct district d;
    struct chain chain;

    pass_a_morning(&d);
    chain = read_chain(&d);
    for (size_t i = 0; i + 1 < chain.count; i++) {
        struct bytes intact = chain.list[i];

        for (size_t at = 0; at < intact.size; at++) {
            struct bytes changed = arena_copy(&d.keep, intact);
            uint8_t *bytes = arena_alloc(&d.keep, changed.size);

            memcpy(bytes, changed.data, changed.size);
            bytes[at] ^= 1;
            chain.list[i] = bytes_of(bytes, changed.size);
            cr_assert(read_pages(chain.list, i + 2) != 0, "byte %zu of page %zu", at, i);
        }
        chain.list[i] = intact;
    }
    pools_close(&d);
}

Test(replay, q13_a_page_of_another_hospital_does_not_follow)
{
    struct district d;
    struct pages pages;
    struct chain chain;

    pass_a_morning(&d);
    pages = pages_read(&d);
    pages.list[3]->hospital = "H2";
    cr_assert_str_eq(pages_fault(&d, &pages), "the page of row 4 is of another hospital");
    pages = pages_read(&d);
    pages.list[2]->n_rows = 0;
    chain = read_chain(&d);
    chain.list[2] = binary_bytes(binary_pack(&d.keep, &pages.list[2]->base));
    cr_assert_eq(read_pages(chain.list, 3), -EBADMSG, "a page without rows");
    chain.list[0] = bytes_text("no page at all");
    cr_assert_eq(read_pages(chain.list, 1), -EBADMSG);
    pools_close(&d);
}

/* ---- What is not believed ---- */

/* A made-up first page of one PUBLISHED row. */
static int read_publication(struct district *d, Referral__LedgerUnits *run, uint32_t span)
{
    Referral__LedgerPage page = REFERRAL__LEDGER_PAGE__INIT;
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT, *rows[] = {&row};
    Referral__LedgerNumbers numbers = REFERRAL__LEDGER_NUMBERS__INIT;
    uint8_t digest[REPLAY_DIGEST_SIZE] = {0};
    struct bytes bytes;

    page.hospital = "H1";
    page.rows = rows;
    page.n_rows = 1;
    FIELD_SET(&row, event, EVENT(PUBLISHED));
    FIELD_SET(&row, class_, REFERRAL__PLACE_CLASS__EXPERT);
    row.department = "CARD";
    row.resource = "WANG-AM";
    row.date = POOLS_DAY;
    FIELD_SET(&row, reserve_bp, 2000);
    FIELD_SET(&row, span, span);
    row.new_units = &run;
    row.n_new_units = 1;
    row.numbers = &numbers;
    FIELD_SET(&numbers, capacity, run->count);
    FIELD_SET(&numbers, reserve, (run->count + 4) / 5);
    bytes = pages_chain(d, &page, 1, digest);
    return read_pages(&bytes, 1);
}

Test(replay, q13_units_out_of_all_bounds_are_no_ledger)
{
    static const struct {
        uint32_t first, count, minutes, span;
        int64_t start_ms;
        int failure;
    } rows[] = {
        {1, 500, 10, 1, 0, 0},
        {1, 501, 10, 1, 0, -EILSEQ},
        {1, UINT32_MAX, 10, 1, 0, -EILSEQ},
        {0, 1, 10, 1, 0, -EILSEQ},
        {UINT32_MAX, 2, 10, 1, 0, -EILSEQ},
        {1, 5, UINT32_MAX, 1, 0, -EILSEQ},
        {1, 5, 10, 0, 0, -EILSEQ},
        {1, 5, 10, UINT32_MAX, 0, -EILSEQ},
        {1, 5, 10, 1, INT64_MAX, -EILSEQ},
        {1, 5, 10, 1, INT64_MIN, -EILSEQ},
    };
    struct district d;

    district_open(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Referral__LedgerUnits run = REFERRAL__LEDGER_UNITS__INIT;

        FIELD_SET(&run, first, rows[i].first);
        FIELD_SET(&run, count, rows[i].count);
        FIELD_SET(&run, minutes, rows[i].minutes);
        FIELD_SET(&run, start_ms, rows[i].start_ms);
        cr_expect_eq(read_publication(&d, &run, rows[i].span), rows[i].failure, "row %zu: %d", i,
                     read_publication(&d, &run, rows[i].span));
    }
    district_close(&d);
}

static void strip(Referral__LedgerRow *row, int what)
{
    if (what == 0)
        row->booking_id = NULL;
    else if (what == 1)
        row->n_units = 0;
    else if (what == 2)
        row->has_channel = row->has_class_ = false;
    else if (what == 3)
        row->numbers = NULL;
    else if (what == 4)
        row->date = "2026-02-30";
    else if (what == 5)
        row->resource = row->department = NULL;
    else if (what == 6)
        row->class_ = (Referral__PlaceClass)7;
}

/* REFUSED rows have neither booking nor units; terms no booking either: what a row does not need it may be without. */
Test(replay, q13_a_row_without_what_it_needs_never_passes_unseen)
{
    struct district d;

    pass_a_morning(&d);
    for (uint64_t number = 1; number <= pools_rows(&d); number++)
        for (int what = 0; what <= 6; what++) {
            struct pages pages = pages_read(&d);
            Referral__LedgerRow *row = pages_row(&pages, number);
            bool needed = what > 2 || (what == 0 && row->booking_id != NULL) || (what == 1 && row->n_units != 0) ||
                          (what == 2 && row->has_class_);

            strip(row, what);
            cr_expect(!needed || pages_fault(&d, &pages)[0] != '\0', "row %lu without %d", (unsigned long)number, what);
        }
    pools_close(&d);
}

/* ---- Ledger and store ---- */

#define WHAT_SIZE 96

static void note(void *user, const struct replay_difference *difference)
{
    char *first = user; /* of WHAT_SIZE; empty: none so far */

    if (first[0] == '\0')
        snprintf(first, WHAT_SIZE, "%s", difference->what);
}

/* Changes the pool in the store behind the ledger's back; the first difference that is found. */
static const char *difference_after(struct district *d, void (*spoil)(Record__Pool *row))
{
    struct pages pages = pages_read(d);
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    char *first = arena_zalloc(&d->keep, WHAT_SIZE);
    struct replay *replay;
    struct store_txn *txn;
    struct pool_key key;
    Record__Pool *row;
    int failure;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    key = pools_key(txn, pools_wang(d));
    row = pool_row(txn, &key);
    spoil(row);
    pool_row_put(txn, &key, row);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    replay = pages_replay(d, &pages, &failure);
    cr_assert_eq(failure, 0, "%s", replay_error(replay));
    txn = district_read(d);
    replay_compare(replay, txn, key.hospital, note, first);
    store_read_end(txn);
    replay_close(replay);
    return first;
}

static void sell_silently(Record__Pool *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->state == UNIT_IS_FREE) {
            FIELD_SET(row->units[i], state, UNIT_IS_GENERAL);
            return;
        }
}

static void drop_unit(Record__Pool *row)
{
    row->n_units--;
}

static void renumber(Record__Pool *row)
{
    FIELD_SET(row->units[0], number, 77);
}

static void start_later(Record__Pool *row)
{
    FIELD_SET(row->units[0], start_ms, row->units[0]->start_ms + 1);
}

static void hand_to_another(Record__Pool *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->booking.len != 0) {
            row->units[i]->booking.data[ID_KEY_SIZE - 1] ^= 1;
            return;
        }
}

static void lower_p(Record__Pool *row)
{
    FIELD_SET(row, reserve_bp, 2000);
}

static void widen_span(Record__Pool *row)
{
    FIELD_SET(row, span, 2);
}

static void put_release_off(Record__Pool *row)
{
    FIELD_SET(row, release_at_ms, row->release_at_ms + 1);
}

static void forget_release(Record__Pool *row)
{
    FIELD_SET(row, released, false);
}

static void cancel_silently(Record__Pool *row)
{
    FIELD_SET(row, cancelled, true);
}

static void group_silently(Record__Pool *row)
{
    FIELD_SET(row, grouped, true);
}

Test(replay, q13_a_pool_that_is_not_as_its_ledger_says_is_found)
{
    static const struct {
        void (*spoil)(Record__Pool *row);
        const char *what;
    } rows[] = {
        {sell_silently, "state of unit 4"},
        {drop_unit, "capacity"},
        {renumber, "unit 77"},
        {start_later, "start of unit 2"},
        {hand_to_another, "booking of unit 2"},
        {lower_p, "reserve_bp"},
        {widen_span, "span"},
        {put_release_off, "release_at_ms"},
        {forget_release, "released"},
        {cancel_silently, "cancelled"},
        {group_silently, "grouped"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct district d;
        const char *what;

        pass_a_morning(&d);
        what = difference_after(&d, rows[i].spoil);
        cr_expect_str_eq(what, rows[i].what, "row %zu: %s", i, what);
        district_close(&d);
    }
}

Test(replay, q13_a_pool_that_only_one_of_both_has_is_found)
{
    struct district d;
    struct pages pages;
    struct replay *replay;
    struct store_txn *txn;
    char first[WHAT_SIZE] = "";
    int failure;

    pass_a_morning(&d);
    pages = pages_read(&d);
    pages.count = 1; /* the publication of the first pool alone */
    replay = pages_replay(&d, &pages, &failure);
    txn = district_read(&d);
    cr_assert(replay_compare(replay, txn, institution_row(txn, "H1")->number, note, first) > 4);
    cr_assert_str_eq(first, "rows"); /* the heads first */
    cr_assert_eq(replay_compare(replay, txn, institution_row(txn, "H2")->number, note, first), 3);
    store_read_end(txn);
    replay_close(replay);
    pools_close(&d);
}
