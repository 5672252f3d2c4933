/* fuzz_http.c - the head of a request to the ops port: judged the same however its bytes arrive.
 *
 * Of a head not each first part is judged, which would take the square of its size, but those that end where a line
 * does, or at what stands in no line, one byte more and one less; the first few; and one of each so many of the others.
 * Where these are more than a few, each so manieth of them is, and the size of the head says which. */
#include "fuzz/fuzz.h"
#include "net/ops_head.h"

#define ALL_UP_TO 16
#define ONE_OF    64
#define ENDS_MAX  24

static bool is_status(int status)
{
    return status == OPS_HEAD_MORE || status == OPS_HEAD_GOOD || (status >= 400 && status <= 505);
}

static bool is_in_a_line(struct bytes all, size_t i)
{
    return i >= all.size || (all.data[i] >= 0x20 && all.data[i] < 0x7f);
}

/* Is the head of so many bytes one to be judged? */
static bool is_an_end(struct bytes all, size_t size)
{
    return size <= ALL_UP_TO || size == all.size || size % ONE_OF == all.size % ONE_OF || !is_in_a_line(all, size) ||
           !is_in_a_line(all, size - 1) || !is_in_a_line(all, size - 2);
}

static size_t count_ends(struct bytes all)
{
    size_t count = 0;

    for (size_t i = 0; i <= all.size; i++)
        count += is_an_end(all, i);
    return count;
}

static void judge_parts(struct bytes all, int status, struct bytes target)
{
    size_t one_of = count_ends(all) / ENDS_MAX + 1, seen = all.size % one_of;
    int first = OPS_HEAD_MORE;

    for (size_t i = 0; i <= all.size && first == OPS_HEAD_MORE; i++) {
        struct bytes part = bytes_of(NULL, 0);

        if (!is_an_end(all, i) || (seen++ % one_of != 0 && i != all.size))
            continue;
        first = ops_head_judge(bytes_of(all.data, i), &part);
        fuzz_expect(first == OPS_HEAD_MORE || first == status, "the first fault in order of bytes decides");
        fuzz_expect(first != OPS_HEAD_GOOD || bytes_equal(part, target), "the same target");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes target = bytes_of(NULL, 0);
    int status = ops_head_judge(bytes_of(data, size), &target);

    fuzz_expect(is_status(status), "a status of the list");
    fuzz_expect(status != OPS_HEAD_MORE || size < OPS_HEAD_BYTES_MAX, "a full head is judged");
    if (status == OPS_HEAD_GOOD) {
        fuzz_expect(target.size != 0 && target.data >= data && target.data + target.size <= data + size,
                    "the target stands in the head");
        fuzz_expect(target.data[0] == '/' && memchr(target.data, '%', target.size) == NULL, "a path without tricks");
    }
    judge_parts(bytes_of(data, size), status, target);
    return 0;
}
