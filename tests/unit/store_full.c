/* store_full.c - a store without room, and what it does when room is back (D2, D6). */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "store/reseal.h"
#include "store/search.h"
#include "store_fixture.h"

/* LMDB's two meta pages are the first of the file; a turn's data goes beyond them, by the same call or another. This
 * one stands before the C library's. */
static enum { META_GOES_WELL, META_IS_LOST, META_LANDS_AND_FAILS } meta_write = META_GOES_WELL;

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    bool fails = meta_write != META_GOES_WELL && offset < 2 * 4096;

    if (!fails || meta_write == META_LANDS_AND_FAILS) {
        ssize_t written = syscall(SYS_pwrite64, fd, data, size, offset);

        if (!fails)
            return written;
        meta_write = META_IS_LOST; /* LMDB tries to put the old page back */
    }
    errno = ENOSPC;
    return -1;
}

/* One turn of `count` bodies of 1,900 bytes from (index, 0) on. */
static int fill(struct fixture *f, uint16_t count)
{
    static uint8_t body[1900];
    struct store_txn *txn = fixture_turn(f);
    uint64_t index = store_mark(f->store).index + 1;

    for (uint16_t i = 0; i < count; i++)
        body_add(txn, fixture_id(f, index, i), 1, bytes_of(body, sizeof(body)));
    return fixture_try_end(f, txn);
}

static bool is_whole(struct fixture *f, uint64_t index, uint16_t count)
{
    struct store_txn *txn = fixture_read(f);
    struct bytes body;
    uint16_t found = 0;

    for (uint16_t i = 0; i < count; i++)
        found = (uint16_t)(found + body_get(txn, fixture_id(f, index, i), 1, &body));
    store_read_end(txn);
    cr_assert(found == 0 || found == count, "turn %lu is half there: %u of %u", index, found, count);
    return found == count;
}

static void drop(struct fixture *f, uint64_t index, uint16_t count)
{
    struct store_txn *txn = fixture_turn(f);

    for (uint16_t i = 0; i < count; i++) {
        uint8_t key[ID_KEY_SIZE + 4] = {0};

        id_to_key(key, fixture_id(f, index, i));
        put_be16(key + ID_KEY_SIZE, 1);
        cr_assert(store_delete(txn, TABLE_BODY, bytes_of(key, sizeof(key))));
    }
    fixture_end(f, txn);
}

Test(store_full, d6_a_full_map_leaves_no_half_turn_and_recovers)
{
    struct fixture f;
    struct store_room room;
    bool warned = false;
    uint64_t first = 1, last;
    int failure = 0;

    fixture_init_sized(&f, 4UL << 20);
    for (;;) {
        cr_assert_eq(store_room(f.store, &room), 0);
        warned = warned || room.full;
        failure = fill(&f, 20);
        if (failure != 0)
            break;
    }
    cr_assert_eq(failure, -ENOSPC);
    cr_assert(warned, "it said so before");
    last = store_mark(f.store).index;
    for (uint64_t index = first; index <= last; index++)
        cr_assert(is_whole(&f, index, 20));
    cr_assert_not(is_whole(&f, last + 1, 20));
    cr_assert_eq(store_room(f.store, &room), 0);
    cr_assert(room.full);
    cr_assert_eq(room.limit_bytes, 4UL << 20);

    /* Deletes still go: room comes back, and says so. */
    for (uint64_t index = first; index <= last / 2; index++)
        drop(&f, index, 20);
    for (int i = 0; i < 70; i++)
        fixture_end(&f, fixture_turn(&f));
    cr_assert_eq(store_room(f.store, &room), 0);
    cr_assert_not(room.full);
    cr_assert_eq(fill(&f, 20), 0);
    fixture_fini(&f);
}

static void limit_file(rlim_t bytes)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may not grow is what a full disk looks like: LMDB sees a short write and says EIO. */
Test(store_full, d6_a_full_disk_is_told_apart_from_a_broken_one)
{
    struct fixture f;
    struct store_room room;

    signal(SIGXFSZ, SIG_IGN);
    fixture_init(&f);
    cr_assert_eq(fill(&f, 500), 0);
    cr_assert_eq(store_room(f.store, &room), 0);
    cr_assert_not(room.full);

    limit_file((rlim_t)room.used_bytes + 100000);
    cr_assert_eq(store_room(f.store, &room), 0);
    cr_assert(room.full);
    cr_assert_eq(fill(&f, 500), -ENOSPC);
    cr_assert_eq(store_mark(f.store).index, 1);
    cr_assert(is_whole(&f, 1, 500));
    cr_assert_not(is_whole(&f, 2, 500));
    fixture_end(&f, fixture_turn(&f)); /* a small turn still has room */

    limit_file(RLIM_INFINITY);
    cr_assert_eq(store_room(f.store, &room), 0);
    cr_assert_not(room.full);
    cr_assert_eq(fill(&f, 500), 0);
    cr_assert(is_whole(&f, 3, 500));
    fixture_fini(&f);
}

/* Another program may fill the disk between two turns: blocks the file has already are still ours. */
Test(store_full, d6_the_file_keeps_blocks_ahead_for_acks)
{
    struct fixture f;
    struct store_room room;
    struct stat status;
    char path[120];

    fixture_init(&f);
    cr_assert_eq(store_room(f.store, &room), 0);
    snprintf(path, sizeof(path), "%s/data.mdb", f.directory);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert((uint64_t)status.st_blocks * 512 >= room.used_bytes + (16U << 20), "%ld blocks", (long)status.st_blocks);
    fixture_fini(&f);
}

Test(store_full, d2_opening_again_reads_the_mark_again)
{
    struct fixture f;

    fixture_init(&f);
    cr_assert_eq(fill(&f, 3), 0);
    cr_assert_eq(store_reopen(f.store), 0);
    cr_assert_eq(store_mark(f.store).index, 1);
    cr_assert(is_whole(&f, 1, 3));
    cr_assert_eq(fill(&f, 3), 0);
    cr_assert_eq(store_mark(f.store).index, 2);
    fixture_fini(&f);
}

/* What was on its way when the disk failed is known again as soon as the store opens; until then nothing is read or
 * written. */
Test(store_full, d2_a_store_that_cannot_be_opened_again_fails_until_it_can)
{
    struct fixture f;
    struct store_txn *txn = NULL;
    struct store_room room;
    char away[120];

    fixture_init(&f);
    cr_assert_eq(fill(&f, 3), 0);
    snprintf(away, sizeof(away), "%s/away", f.base);
    cr_assert_eq(rename(f.directory, away), 0);
    cr_assert_neq(store_reopen(f.store), 0);
    cr_assert_eq(store_turn_begin(f.store, &f.arena, &txn), -EIO);
    cr_assert_eq(store_read_begin(f.store, &f.arena, &txn), -EIO);
    cr_assert_neq(store_room(f.store, &room), 0);
    cr_assert_neq(store_reopen(f.store), 0);
    cr_assert_eq(rename(away, f.directory), 0);
    cr_assert_eq(store_reopen(f.store), 0);
    cr_assert(is_whole(&f, 1, 3));
    cr_assert_eq(fill(&f, 3), 0);
    fixture_fini(&f);
}

/* Whatever LMDB says of the reason, after a meta page that could not be written only opening the store anew tells. */
Test(store_full, d2_a_lost_meta_page_leaves_a_question_and_no_turn)
{
    struct fixture f;

    fixture_init(&f);
    cr_assert_eq(fill(&f, 3), 0);
    meta_write = META_IS_LOST;
    cr_assert_eq(fill(&f, 3), -EIO);
    meta_write = META_GOES_WELL;
    cr_assert_eq(store_reopen(f.store), 0);
    cr_assert_eq(store_mark(f.store).index, 1);
    cr_assert_eq(fill(&f, 3), 0);
    cr_assert(is_whole(&f, 2, 3));
    fixture_fini(&f);
}

Test(store_full, d2_a_meta_page_that_landed_although_it_failed_is_a_turn)
{
    struct fixture f;

    fixture_init(&f);
    cr_assert_eq(fill(&f, 3), 0);
    meta_write = META_LANDS_AND_FAILS;
    cr_assert_eq(fill(&f, 3), -EIO);
    meta_write = META_GOES_WELL;
    cr_assert_eq(store_reopen(f.store), 0);
    cr_assert_eq(store_mark(f.store).index, 2);
    cr_assert(is_whole(&f, 2, 3));
    cr_assert_eq(fill(&f, 3), 0);
    fixture_fini(&f);
}

/* LMDB serves nobody after that, and no turn may come by for a while: whoever asks something is answered all the
 * same. */
Test(store_full, d2_a_meta_page_lost_between_turns_stops_nobody)
{
    struct fixture f;
    struct reseal_state state;
    Record__Referral row = RECORD__REFERRAL__INIT;
    struct store_txn *txn;
    uint32_t number;

    fixture_init(&f);
    txn = fixture_turn(&f);
    row.has_sender_number = true;
    row.sender_number = 1;
    referral_row_add(txn, fixture_id(&f, 1, 0), &row);
    fixture_end(&f, txn);
    cr_assert_eq(fill(&f, 3), 0);

    arena_reset(&f.arena, 0);
    meta_write = META_IS_LOST;
    cr_assert_eq(search_advance(f.store, &f.arena, 10), -EIO);
    meta_write = META_GOES_WELL;
    cr_assert(is_whole(&f, 2, 3));
    arena_reset(&f.arena, 0);
    cr_assert_eq(search_advance(f.store, &f.arena, 10), 1);

    cr_assert_eq(keys_add(f.directory, f.host_key, &number), 0);
    cr_assert_eq(store_keys_take(f.store, f.host_key), 0);
    meta_write = META_LANDS_AND_FAILS;
    cr_assert_eq(reseal_advance(f.store, &f.arena, &state), -EIO);
    meta_write = META_GOES_WELL;
    cr_assert(is_whole(&f, 2, 3));
    while (reseal_advance(f.store, &f.arena, &state) == 1)
        ;
    cr_assert(state.is_done);
    cr_assert_eq(store_mark(f.store).index, 2);
    fixture_fini(&f);
}
