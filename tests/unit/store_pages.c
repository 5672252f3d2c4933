/* store_pages.c - whatever becomes of the list of free pages, verify sees it before a turn writes over what is not free
 * (P3). */
#include <fcntl.h>

#include "store/pages.h"
#include "store/search.h"
#include "store/verify.h"
#include "store_fixture.h"

#define PAGE       4096U
#define HEAD       16U
#define FREE_ROOT  (HEAD + 64U) /* in a meta page: of the tree of free pages */
#define LAST_TURN  (HEAD + 128U)
#define LONG_VALUE 20000U

static void add(struct fixture *f, uint64_t index, size_t size)
{
    static uint8_t text[LONG_VALUE];
    struct store_txn *txn = fixture_turn(f);
    Record__Referral row = RECORD__REFERRAL__INIT;

    row.has_sender_number = true;
    row.sender_number = 1;
    referral_row_add(txn, fixture_id(f, index, 0), &row);
    store_put(txn, TABLE_SETTING, bytes_of((const uint8_t *)&index, sizeof index), bytes_of(text, size));
    if (index > 20)
        store_delete(txn, TABLE_SETTING, bytes_of((const uint8_t *)&(uint64_t){index - 20}, sizeof index));
    fixture_end(f, txn);
}

/* Rows that come and go, long values among them, a table thrown away. */
static void work(struct fixture *f, uint64_t turns)
{
    for (uint64_t i = 0; i < turns; i++) {
        uint64_t index = store_mark(f->store).index + 1;

        add(f, index, index % 7 == 0 ? LONG_VALUE - index : 10 + index % 900);
        if (index % 50 == 0)
            search_advance(f->store, &f->arena, 100);
        if (index % 170 == 0)
            cr_assert_eq(search_rebuild(f->store, &f->arena), 0);
    }
}

static struct pages_count count(struct fixture *f)
{
    struct pages_count found = {0};

    cr_assert_eq(pages_count(f->store, &found), 0);
    return found;
}

Test(store_pages, p3_each_page_of_a_sound_store_is_one_thing)
{
    struct fixture f;

    fixture_init(&f);
    for (int i = 0; i < 40; i++) {
        struct pages_count found;

        work(&f, 17);
        found = count(&f);
        cr_assert_eq(found.faults, 0, "%s", found.first_fault);
        cr_assert_eq(found.held + found.free, found.pages);
        cr_assert(found.held > 10 && found.free > 0);
    }
    fixture_fini(&f);
}

/* ---- Flips ---- */

static uint64_t read64(const uint8_t *at)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static uint8_t *read_file(struct fixture *f, int *ret_fd, size_t *ret_size)
{
    char path[128];
    uint8_t *data;

    snprintf(path, sizeof path, "%s/data.mdb", f->directory);
    *ret_fd = open(path, O_RDWR | O_CLOEXEC);
    *ret_size = (size_t)lseek(*ret_fd, 0, SEEK_END);
    data = malloc(*ret_size);
    cr_assert(data != NULL && pread(*ret_fd, data, *ret_size, 0) == (ssize_t)*ret_size);
    return data;
}

/* The page of the tree of free pages: it fits one here. */
static size_t free_page(const uint8_t *data)
{
    const uint8_t *newest = read64(data + LAST_TURN) > read64(data + PAGE + LAST_TURN) ? data : data + PAGE;

    return read64(newest + FREE_ROOT) * PAGE;
}

static void flip(int fd, const uint8_t *data, size_t at, unsigned bit, bool is_flipped)
{
    uint8_t byte = (uint8_t)(data[at] ^ (is_flipped ? 1U << bit : 0));

    cr_assert_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static bool verifies(struct fixture *f)
{
    struct verify_result result;

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    return result.faults == 0;
}

Test(store_pages, p3_no_bit_of_the_list_of_free_pages_is_another_unseen)
{
    struct fixture f;
    struct pages_count before;
    uint8_t *data;
    size_t size, page, flips = 0;
    uint16_t upper;
    int fd;

    fixture_init(&f);
    work(&f, 60);
    data = read_file(&f, &fd, &size);
    page = free_page(data);
    memcpy(&upper, data + page + 14, sizeof upper);
    before = count(&f);
    cr_assert(verifies(&f));
    for (size_t at = page + upper; at < page + PAGE; at++) /* its nodes: turns, and lists of pages */
        for (unsigned bit = 0; bit < 8; bit++, flips++) {
            struct pages_count found;

            flip(fd, data, at, bit, true);
            found = count(&f);
            /* A turn's number may be any that is over; room that is kept behind a list holds nothing. */
            cr_assert(found.faults != 0 || found.free == before.free, "byte %zu, bit %u", at - page, bit);
            flip(fd, data, at, bit, false);
        }
    cr_assert(flips > 200);
    cr_assert(verifies(&f));
    free(data);
    close(fd);
    fixture_fini(&f);
}

/* What verify did not see before: the list names a page that a table holds, and all rows are sound. */
Test(store_pages, p3_a_free_page_that_a_table_holds_is_seen_by_verify)
{
    struct fixture f;
    uint8_t *data;
    size_t size, page, seen = 0;
    uint16_t node;
    int fd;

    fixture_init(&f);
    work(&f, 60);
    data = read_file(&f, &fd, &size);
    page = free_page(data);
    memcpy(&node, data + page + HEAD, sizeof node);
    for (unsigned bit = 0; bit < 6; bit++) { /* of the first page that the oldest turn in the list freed */
        flip(fd, data, page + node + 8 + 8 + 8, bit, true);
        seen += !verifies(&f);
        flip(fd, data, page + node + 8 + 8 + 8, bit, false);
    }
    cr_assert_eq(seen, 6);
    cr_assert(verifies(&f));
    free(data);
    close(fd);
    fixture_fini(&f);
}
