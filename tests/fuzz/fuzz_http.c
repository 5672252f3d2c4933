/* fuzz_http.c - the head of a request to the ops port: judged the same however its bytes arrive. */
#include "fuzz/fuzz.h"
#include "net/ops_head.h"

#define ALONE_MAX 512 /* so many first bytes are also judged as they arrive, one by one */

static bool is_status(int status)
{
    return status == OPS_HEAD_MORE || status == OPS_HEAD_GOOD || (status >= 400 && status <= 505);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes all = bytes_of(data, size), target = bytes_of(NULL, 0);
    int status = ops_head_judge(all, &target), first = OPS_HEAD_MORE;

    fuzz_expect(is_status(status), "a status of the list");
    fuzz_expect(status != OPS_HEAD_MORE || size < OPS_HEAD_BYTES_MAX, "a full head is judged");
    if (status == OPS_HEAD_GOOD) {
        fuzz_expect(target.size != 0 && target.data >= data && target.data + target.size <= data + size,
                    "the target stands in the head");
        fuzz_expect(target.data[0] == '/' && memchr(target.data, '%', target.size) == NULL, "a path without tricks");
    }
    for (size_t i = 0; i <= size && i <= ALONE_MAX && first == OPS_HEAD_MORE; i++) {
        struct bytes part = bytes_of(NULL, 0);

        first = ops_head_judge(bytes_of(data, i), &part);
        fuzz_expect(first == OPS_HEAD_MORE || first == status, "the first fault in order of bytes decides");
        fuzz_expect(first != OPS_HEAD_GOOD || bytes_equal(part, target), "the same target");
    }
    return 0;
}
