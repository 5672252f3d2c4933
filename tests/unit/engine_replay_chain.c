/* Pages that do not follow each other, and what no reader should believe (Q13). */
#include <errno.h>

#include "ledger_pages.h"

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

Test(replay_chain, q13_a_page_that_is_missing_changed_or_misplaced_breaks_the_chain)
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

Test(replay_chain, q13_a_changed_byte_is_found_by_the_next_page_at_the_latest)
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

Test(replay_chain, q13_a_page_of_another_hospital_does_not_follow)
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

Test(replay_chain, q13_units_out_of_all_bounds_are_no_ledger)
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
Test(replay_chain, q13_a_row_without_what_it_needs_never_passes_unseen)
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
