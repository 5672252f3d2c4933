/* log_embedded.c - the seam of the log: what is proposed is committed at once, and the result is the proposer's. */
#include <criterion/criterion.h>
#include <errno.h>

#include "log/log.h"

struct seen {
    uint64_t index;
    struct bytes batch;
    int result;
};

static int note(void *user, uint64_t index, struct bytes batch)
{
    struct seen *seen = user;

    seen->index = index;
    seen->batch = batch;
    return seen->result;
}

Test(log, d2_a_proposal_is_committed_at_once_and_its_failure_is_the_proposers)
{
    struct seen seen = {0};
    struct log *log = NULL;

    cr_assert_eq(log_open_embedded(note, &seen, &log), 0);
    cr_assert_eq(log_propose(log, 7, bytes_text("batch")), 0);
    cr_assert_eq(seen.index, 7);
    cr_assert(bytes_equal(seen.batch, bytes_text("batch")));
    seen.result = -EIO;
    cr_assert_eq(log_propose(log, 8, bytes_text("")), -EIO);
    log_close(log);
}

Test(log, d2_nothing_is_left_to_apply_after_a_start)
{
    struct seen seen = {0};
    struct log *log = NULL;

    cr_assert_eq(log_open_embedded(note, &seen, &log), 0);
    cr_assert_eq(log_read(log, 1, note, &seen), 0);
    cr_assert_eq(seen.index, 0);
    cr_assert_eq(log_trim(log, 100), 0);
    log_close(log);
    log_close(NULL);
}
