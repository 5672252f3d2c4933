/* ledger_pages.h - H1's ledger as pages that a test may change: chained anew, so that only what their rows say can give
 * a change away. */
#pragma once
#include <sodium.h>

#include "pools.h"

#define EVENT(name) REFERRAL__LEDGER_EVENT__LEDGER_##name

#define LEDGER_PAGES_MAX 512

struct pages { /* in the keep */
    Referral__LedgerPage *list[LEDGER_PAGES_MAX];
    size_t count;
};

static inline struct pages pages_read(struct district *d)
{
    struct store_txn *txn = district_read(d);
    uint32_t number = institution_row(txn, "H1")->number;
    struct pages pages = {.count = 0};
    uint64_t row = 1, first;
    struct bytes bytes;

    while (ledger_page(txn, number, row, &bytes, &first)) {
        enum refusal refusal;
        Referral__LedgerPage *page = (Referral__LedgerPage *)wire_unpack(
            &referral__ledger_page__descriptor, arena_copy(&d->keep, bytes), &d->keep, &refusal);

        cr_assert(page != NULL && pages.count < LEDGER_PAGES_MAX);
        pages.list[pages.count++] = page;
        row = first + page->n_rows;
    }
    store_read_end(txn);
    return pages;
}

/* The page that holds row `number`, and where in it. */
static inline Referral__LedgerPage *pages_page(const struct pages *pages, uint64_t number, size_t *ret_at)
{
    for (size_t i = 0; i < pages->count; i++)
        for (size_t j = 0; j < pages->list[i]->n_rows; j++)
            if (--number == 0) {
                *ret_at = j;
                return pages->list[i];
            }
    cr_assert(false, "there is no such row");
    return NULL;
}

static inline Referral__LedgerRow *pages_row(const struct pages *pages, uint64_t number)
{
    size_t at;
    Referral__LedgerPage *page = pages_page(pages, number, &at);

    return page->rows[at];
}

/* The number of the `nth` row of this kind. */
static inline uint64_t pages_find(const struct pages *pages, Referral__LedgerEvent event, int nth)
{
    uint64_t number = 0;

    for (size_t i = 0; i < pages->count; i++)
        for (size_t j = 0; j < pages->list[i]->n_rows; j++) {
            number++;
            if (pages->list[i]->rows[j]->event == event && --nth == 0)
                return number;
        }
    cr_assert(false, "there is no such row of kind %d", (int)event);
    return 0;
}

static inline void pages_drop(const struct pages *pages, uint64_t number)
{
    size_t at;
    Referral__LedgerPage *page = pages_page(pages, number, &at);

    page->n_rows--;
    memmove(&page->rows[at], &page->rows[at + 1], (page->n_rows - at) * sizeof *page->rows);
}

static inline void pages_swap(const struct pages *pages, uint64_t one, uint64_t other)
{
    size_t at_one, at_other;
    Referral__LedgerPage *page = pages_page(pages, one, &at_one), *next = pages_page(pages, other, &at_other);
    Referral__LedgerRow *row = page->rows[at_one];

    page->rows[at_one] = next->rows[at_other];
    next->rows[at_other] = row;
}

/* The next page's bytes: its rows numbered, and chained to `digest`, which becomes its own. */
static inline struct bytes pages_chain(struct district *d, Referral__LedgerPage *page, uint64_t first_row,
                                       uint8_t digest[REPLAY_DIGEST_SIZE])
{
    struct bytes packed;

    FIELD_SET(page, first_row, first_row);
    FIELD_SET(page, previous, binary_copy(&d->keep, bytes_of(digest, REPLAY_DIGEST_SIZE)));
    packed = binary_bytes(binary_pack(&d->keep, &page->base));
    crypto_generichash(digest, REPLAY_DIGEST_SIZE, packed.data, packed.size, NULL, 0);
    return packed;
}

/* To be closed; ret_failure: of the first page that is refused. */
static inline struct replay *pages_replay(struct district *d, const struct pages *pages, int *ret_failure)
{
    struct replay *replay = replay_open();
    uint8_t digest[REPLAY_DIGEST_SIZE] = {0};
    uint64_t next = 1;

    *ret_failure = 0;
    for (size_t i = 0; i < pages->count && *ret_failure == 0; i++) {
        if (pages->list[i]->n_rows == 0)
            continue; /* its only row was dropped */
        *ret_failure = replay_page(replay, pages_chain(d, pages->list[i], next, digest));
        next += pages->list[i]->n_rows;
    }
    if (*ret_failure == 0)
        *ret_failure = replay_end(replay);
    return replay;
}

/* What the reader says of these pages; "" where nothing is wrong. */
static inline const char *pages_fault(struct district *d, const struct pages *pages)
{
    int failure;
    struct replay *replay = pages_replay(d, pages, &failure);
    const char *text = failure == 0 ? "" : arena_text(&d->keep, replay_error(replay));

    replay_close(replay);
    return text;
}

/* ---- A morning, to be read again ---- */

static inline Referral__PoolRef *morning_li(struct district *d)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
}

static inline void morning_change(struct district *d, Referral__Kind kind, Referral__PoolChange *body)
{
    cr_assert_str_eq(pools_do(d, kind, body), "");
}

static inline void morning_publish_group(struct district *d)
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

/* Something of everything: sales, holds that lapse together, blocks into the reserve, a raised share, a cut that moves,
 * a group, a cancelled session, and the release of the rest. */
static inline void pass_a_morning(struct district *d)
{
    Referral__Pool *raised;
    Referral__PoolChange *cut, *unblock;

    pools_open(d);
    pools_publish(d, pools_wang(d), 10); /* ..*....*.. */
    pools_publish(d, morning_li(d), 5);
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 1), "");
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 2), "");
    district_assert_said(d, pools_sell(d, pools_wang(d), 1, 4), "RESERVED");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__HOLD_PLACE, pools_wang(d), 1, 0), "");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__HOLD_PLACE, pools_wang(d), 1, 0), "");
    district_assert_said(d, pools_family(d, REFERRAL__KIND__BOOK_PLACE, pools_wang(d), 1, 0), "");
    morning_change(d, REFERRAL__KIND__BLOCK_UNITS,
                   pools_change(d, morning_li(d), 5, REFERRAL__BLOCK_REASON__STAFF_ABSENT));
    d->now.ms += 5 * MINUTE_MS;
    unblock = pools_units(d, morning_li(d), POOLS_UNITS(1, 2, 3), REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    FIELD_CLEAR(unblock, reason);
    morning_change(d, REFERRAL__KIND__UNBLOCK_UNITS, unblock);
    raised = pools_session(d, pools_wang(d), 10);
    FIELD_SET(raised, reserve_bp, 3000);
    cr_assert_str_eq(pools_put(d, raised), "");
    d->now.ms += 10 * MINUTE_MS; /* both holds end */
    district_clock(d);
    cut = pools_units(d, pools_wang(d), POOLS_UNITS(1, 10), REFERRAL__BLOCK_REASON__PLAN_CHANGED);
    FIELD_SET(cut, displace, true);
    morning_change(d, REFERRAL__KIND__CUT_UNITS, cut);
    morning_publish_group(d);
    morning_change(d, REFERRAL__KIND__CANCEL_POOL, pools_change(d, morning_li(d), 0, REFERRAL__BLOCK_REASON__SAFETY));
    d->now = pools_at("2026-11-23", 12 * 60);
    district_clock(d); /* all reserves are released */
}
