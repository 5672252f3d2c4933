/* shelf.c - what the archiver does, and what must hold of it at any moment. */
#include "crash/shelf.h"

#include "engine/retention.h"
#include "store/archive.h"
#include "store/archive_verify.h"
#include "turn/archiver.h"

#define YEAR_MS     (365 * 86400LL * 1000)
#define FILE_BYTES  1000 /* a journey is more */
#define ARENA_BYTES (16U << 20)
#define PASSES_MOST 3

const char *shelf_directory(struct world *w)
{
    return arena_format(&w->arena, "%s/archive", w->directory);
}

void shelf_finish(struct world *w, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        world_submit(w, "T07", arena_format(&w->arena, "r%d", i), "up to H1, routine");
        world_event(w, "H1", arena_format(&w->arena, "reject r%d; reason=OTHER_REASON; text=不收", i));
    }
    w->clock.now.ms += 2 * YEAR_MS; /* nobody's session need live through it */
    world_settle(w);
}

static int pass(struct world *w, struct archiver *archiver, const char *others)
{
    int result = 1;

    for (int step = 1; result > 0; step++) {
        result = archiver_step(archiver, w->clock);
        world_settle(w);
        if (others != NULL && step % 2 == 0)
            world_submit(w, "T07", arena_format(&w->arena, "%s%d", others, step), "up to H1, urgent");
    }
    return result;
}

int shelf_pass(struct world *w, const char *others)
{
    struct archiver_options options = {
        .store = w->store, .turn = w->turn, .directory = shelf_directory(w), .file_bytes = FILE_BYTES};
    struct archiver *archiver;
    int result = archiver_open(&options, &archiver);

    if (result != 0)
        return result;
    result = pass(w, archiver, others);
    archiver_close(archiver);
    return result;
}

/* ---- What must hold ---- */

/* Where the store is lost: with the host's key. */
static const char *judge_file(const struct keys *keys, const char *directory, const char *name)
{
    struct archive *archive = NULL;
    int failure = archive_open(keys, directory, name, &archive);

    if (failure == 0)
        failure = archive_check(archive);
    archive_close(archive);
    return failure == 0 ? NULL : "a file of the archive has its name and is not whole, or not of the archive's keys";
}

static const char *judge_files(struct world *w, const char *directory)
{
    struct keys *keys = NULL;
    char **names = NULL;
    const char *wrong = NULL;

    if (archive_list(directory, &names) != 0 || names[0] == NULL) {
        archive_list_free(names);
        return NULL;
    }
    if (archive_keys_open(directory, world_store_options(w, directory).host_key, &keys) != 0)
        wrong = "the archive's keys cannot be read";
    for (char **name = names; wrong == NULL && *name != NULL; name++)
        wrong = judge_file(keys, directory, *name);
    archive_keys_close(keys);
    archive_list_free(names);
    return wrong;
}

/* Calls `each` for every referral until one is wrong. */
static const char *judge_each(struct store *store, bool (*each)(struct store_txn *txn, struct id id, void *user),
                              void *user, const char *complaint)
{
    struct store_txn *txn = NULL;
    struct store_cursor *cursor;
    struct arena arena;
    struct bytes key;
    bool is_well = arena_open(&arena, ARENA_BYTES) == 0 && store_read_begin(store, &arena, &txn) == 0;

    cr_assert(is_well);
    cursor = store_scan(txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(NULL, 0));
    while (is_well && store_next_key(cursor, &key))
        is_well = each(txn, id_from_key(key.data), user);
    store_scan_end(cursor);
    is_well = is_well && store_failure(txn) == 0;
    store_read_end(txn);
    arena_close(&arena);
    return is_well ? NULL : complaint;
}

static bool is_somewhere(struct store_txn *txn, struct id id, void *user)
{
    const Record__Referral *row = referral_row(txn, id);
    struct bytes record;

    (void)user;
    return row != NULL && (row->archived != NULL || archive_record(txn, id, row, &record) == 0);
}

const char *shelf_judge(struct world *w, struct store *store, const char *directory)
{
    struct archive_verify_result found;
    const char *wrong;

    if (archive_verify(store, directory, NULL, NULL, &found) != 0)
        return "the archive cannot be verified";
    if (found.faults != 0)
        return "what the store says is archived is not in the archive";
    wrong = judge_each(store, is_somewhere, NULL, "a referral is in neither place");
    return wrong != NULL ? wrong : judge_files(w, directory);
}

static bool is_where_it_belongs(struct store_txn *txn, struct id id, void *user)
{
    struct id ids[RETENTION_JOURNEY_MAX];
    const struct world *w = user;
    const Record__Referral *row = referral_row(txn, id);

    return row != NULL &&
           (row->archived != NULL || retention_choose(txn, id, retention_limit(txn, w->clock.now), ids) == 0);
}

const char *shelf_judge_end(struct world *w)
{
    struct archive_verify_result found;
    int failure = 1;

    for (int i = 0; i < PASSES_MOST && failure != 0; i++)
        failure = shelf_pass(w, NULL);
    if (failure != 0)
        return "the archiver does not come to an end";
    if (archive_verify(w->store, shelf_directory(w), NULL, NULL, &found) != 0 || found.faults != 0)
        return "what is archived after the cut is not in the archive";
    if (found.untold != 0 || found.records != found.referrals)
        return "something is archived twice";
    return judge_each(w->store, is_where_it_belongs, w, "what should be archived stays in the store");
}
