/* restore.c - a store is restored beside the running broker, from a backup and from an older copy: what a cut leaves of
 * that is the whole store in its new incarnation, or none (D1), and restoring again works. */
#include <errno.h>
#include <sys/stat.h>

#include "crash/operator.h"
#include "crash/scripts_files.h"
#include "store/backup.h"
#include "store/verify.h"

#define COPY   "older" /* made before the recording; the store has gone on since */
#define BACKUP "older.backup"
#define AGAIN  "afterwards" /* where it is restored after the cut */

struct target {
    const char *name;
    size_t said; /* SIZE_MAX: nobody was told that it is there */
    uint32_t incarnation;
};

static struct {
    uint64_t index; /* up to which the copy is */
    struct target targets[2];
    size_t count;
} restores;

static const char *below(struct world *w, const char *name)
{
    return arena_format(&w->arena, "%s/%s", w->directory, name);
}

struct world *crash_restore_open(void)
{
    struct world *w = world_open();
    struct store_options options = world_store_options(w, w->directory), copy = options;

    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1");
    restores.index = store_mark(w->store).index;
    options.directory = arena_format(&w->arena, "%s", w->directory);
    copy.directory = below(w, COPY);
    world_lie_down(w); /* a process opens a store once */
    cr_assert_eq(store_copy(&options, copy.directory), 0);
    cr_assert_eq(backup_seal(&copy, options.host_key, below(w, BACKUP)), 0);
    cr_assert_eq(world_stand_up(w, options.directory), 0);
    w->peer_count = 0;
    return w;
}

/* Each restore has a second of its own, which is its incarnation. */
static struct instant second_of(const struct world *w, size_t number)
{
    return instant_after(w->clock.now, (int64_t)(number + 1) * SECOND_MS);
}

static int restore(struct world *w, const char *from, const char *to, struct instant now)
{
    struct store_options options = world_store_options(w, below(w, from));
    struct stat status;

    cr_assert_eq(stat(options.directory, &status), 0);
    return S_ISDIR(status.st_mode)
               ? store_restore(&options, below(w, to), now)
               : store_restore_backup(&options, options.directory, options.host_key, below(w, to), now);
}

static void restore_and_say(struct world *w, const char *from, const char *to)
{
    struct instant now = second_of(w, restores.count);

    cr_assert_eq(restore(w, from, to, now), 0);
    restores.targets[restores.count++] =
        (struct target){.name = to, .said = crash_said(), .incarnation = (uint32_t)(now.ms / SECOND_MS)};
}

void crash_restore_play(struct world *w)
{
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r2", "up to H1");
    cr_assert_eq(mkdir(below(w, "of-backup"), 0700), 0); /* by the operator, who synced nothing */
    restore_and_say(w, BACKUP, "of-backup");
    world_submit(w, "T07", "r3", "up to H1");
    restore_and_say(w, COPY, "of-copy");
    world_submit(w, "T07", "r4", "up to H1");
}

/* ---- What must hold ---- */

static const char *judge_store(struct store *store, const struct target *target)
{
    struct verify_result found;

    if (store_identity(store)->incarnation != target->incarnation)
        return "what a restore has left goes on in the old incarnation";
    if (store_mark(store).index < restores.index)
        return "a restored store has not all that was in the copy";
    if (store_verify(store, NULL, NULL, &found) != 0 || found.faults != 0)
        return "a restored store does not verify";
    return NULL;
}

static const char *judge_target(struct world *w, const struct target *target, size_t heard)
{
    struct store_options options = world_store_options(w, below(w, target->name));
    struct store *store = NULL;
    int failure = store_open(&options, &store);
    const char *wrong;

    if (failure == -ENOENT || failure == -ESTALE)
        return target->said <= heard ? "a restored store is lost" : NULL;
    if (failure != 0)
        return "what a restore has left is neither a store nor said to be none";
    wrong = judge_store(store, target);
    store_close(store);
    return wrong;
}

/* As whoever the cut has interrupted: what is left is removed, and then all begins anew. */
static const char *judge_again(struct world *w, size_t heard)
{
    struct instant now = second_of(w, restores.count);
    struct target again = {.name = AGAIN, .said = SIZE_MAX, .incarnation = (uint32_t)(now.ms / SECOND_MS)};
    const char *wrong = judge_target(w, &again, heard);

    if (wrong != NULL)
        return wrong;
    again.said = heard;
    operator_removes(below(w, AGAIN));
    return restore(w, BACKUP, AGAIN, now) != 0 ? "nothing can be restored after the cut"
                                               : judge_target(w, &again, heard);
}

const char *crash_restore_judge(const struct stand *stand)
{
    const char *wrong = NULL;

    for (size_t i = 0; wrong == NULL && i < restores.count; i++)
        wrong = judge_target(stand->w, &restores.targets[i], stand->heard);
    return wrong != NULL ? wrong : judge_again(stand->w, stand->heard);
}
