/* reindex.c - the search index of a store whose broker is stopped, made anew from its referrals: it says nothing that
 * these do not. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "handlers.h"
#include "offline.h"
#include "progress.h"
#include "store/search.h"
#include "table.h"

#define ARENA_BYTES   (16UL << 20)
#define ROWS_A_COMMIT 4000

/* Ended half-way, the broker goes on with it. */
static int index_all(const struct ctl *ctl, struct store *store, uint64_t *ret_indexed)
{
    struct progress progress;
    struct arena arena;
    int failure = arena_open(&arena, ARENA_BYTES), done = ROWS_A_COMMIT;

    if (failure != 0)
        return failure;
    progress_begin(&progress, ctl, ctl_say(ctl, "正在建立索引", "indexing"));
    failure = search_rebuild(store, &arena);
    for (*ret_indexed = 0; failure == 0 && done == ROWS_A_COMMIT; *ret_indexed += (uint64_t)done) {
        arena_reset(&arena, 0);
        progress_step(&progress, *ret_indexed, 0);
        done = search_advance(store, &arena, ROWS_A_COMMIT);
        if (done < 0) {
            failure = done;
            break;
        }
    }
    progress_end(&progress);
    arena_close(&arena);
    return failure;
}

static void tell(const struct ctl *ctl, uint64_t indexed)
{
    if (ctl->json) {
        json_t *json = json_pack("{s:I}", "referrals", (json_int_t)indexed);

        table_json(ctl, json);
        json_decref(json);
    } else {
        fprintf(ctl->out, ctl_say(ctl, "已为 %" PRIu64 " 个转诊建立索引\n", "%" PRIu64 " referrals are indexed\n"),
                indexed);
    }
}

static int reindex(struct ctl *ctl)
{
    struct store *store = NULL;
    uint64_t indexed;
    int result = offline_open(ctl, false, &store), failure;

    if (result != EXIT_OK)
        return result;
    failure = index_all(ctl, store, &indexed);
    if (failure == 0)
        tell(ctl, indexed);
    if (failure == 0 && search_left_out(store) != 0)
        failure = -EBADMSG; /* all others are indexed */
    if (failure != 0)
        result = offline_fail(ctl, failure, store_error(store));
    store_close(store);
    return result;
}

int reindex_run(struct ctl *ctl)
{
    return offline_run(ctl, reindex, NULL);
}
