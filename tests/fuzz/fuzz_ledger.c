/* fuzz_ledger.c - a hospital's ledger as anybody may hand it to `referralctl replay`: pages, each behind its size (2
 * bytes, big-endian). What is no ledger is found out. */
#include <assert.h>
#include <errno.h>

#include "engine/replay.h"
#include "fuzz/fuzz.h"

static bool take_page(struct bytes *rest, struct bytes *ret_page)
{
    size_t size;

    if (rest->size < 2)
        return false;
    size = get_be16(rest->data);
    if (size > rest->size - 2)
        size = rest->size - 2;
    *ret_page = bytes_of(rest->data + 2, size);
    *rest = bytes_of(rest->data + 2 + size, rest->size - 2 - size);
    return true;
}

/* Whatever was believed adds up. */
static void count(const struct replay *replay)
{
    size_t pools;
    struct replay_pool *const *list = replay_pools(replay, &pools);

    for (size_t i = 0; i < pools; i++) {
        struct quota quota = replay_quota(list[i]);

        fuzz_expect(quota.blocked + quota.general + quota.family <= quota.capacity, "Q1: no unit is two things");
        fuzz_expect(quota_reserve(&quota) <= quota.capacity, "Q1: the reserve is a part of the pool");
        replay_shortfall(replay, list[i]->set);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), page;
    struct replay *replay = replay_open();
    int failure = 0;

    assert(replay != NULL);
    while (failure == 0 && take_page(&rest, &page))
        failure = replay_page(replay, page);
    if (failure == 0)
        failure = replay_end(replay);
    fuzz_expect(failure == 0 || failure == -EBADMSG || failure == -EILSEQ, "a reason of the list");
    fuzz_expect(failure == 0 || replay_error(replay)[0] != '\0', "a failure is told");
    if (failure == 0)
        count(replay);
    replay_close(replay);
    return 0;
}
