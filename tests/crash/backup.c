/* backup.c - `referralctl backup` and `checkpoint` beside the running broker, three times, of which the last two
 * backups are kept: whatever a cut leaves under a backup's name is whole, the newest one that was reported restores
 * with all that its archive has, and so is every checkpoint there. */
#include <dirent.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/operator.h"
#include "crash/scripts_files.h"
#include "crash/shelf.h"
#include "store/backup.h"
#include "store/checkpoint.h"
#include "store/verify.h"

#define BACKUPS_MOST 4
#define KEEP         "2"
#define KEPT         2
#define NAMES        "bd-*.backup"

static struct {
    struct {
        size_t said;
        char file[128];
        uint64_t index; /* up to which it must be */
        char checkpoint[PATH_MAX];
        size_t checkpoint_said;
    } made[BACKUPS_MOST];
    size_t count;
} backups;

static const char *target(struct world *w)
{
    return arena_format(&w->arena, "%s/backups", w->directory);
}

/* As an operator's timer gives it; its exit code. */
static int back_up(struct world *w)
{
    const char *const arguments[] = {"backup",     target(w),
                                     "--staging",  arena_format(&w->arena, "%s/staging", w->directory),
                                     "--archives", shelf_directory(w),
                                     "--rate",     "0",
                                     "--keep",     KEEP,
                                     "--json",     NULL};

    return operator_runs(w, arguments);
}

/* The names of all backups there are, ended by NULL: in order, so that the newest is last. */
static char **list(struct world *w, size_t *ret_count)
{
    struct dirent **found = NULL;
    int count = scandir(target(w), &found, NULL, alphasort);
    char **names = arena_zalloc(&w->arena, (size_t)(count > 0 ? count : 0) * sizeof *names + sizeof *names);

    *ret_count = 0;
    for (int i = 0; i < count; i++) {
        if (fnmatch(NAMES, found[i]->d_name, 0) == 0)
            names[(*ret_count)++] = arena_format(&w->arena, "%s", found[i]->d_name);
        free(found[i]);
    }
    free(found);
    return names;
}

static const char *checkpoints(struct world *w)
{
    return arena_format(&w->arena, "%s/checkpoints", w->directory);
}

static bool is_made(const char *name)
{
    for (size_t i = 0; i < backups.count; i++)
        if (strcmp(backups.made[i].file, name) == 0)
            return true;
    return false;
}

/* What was stored when it began is in it. */
static void back_up_and_say(struct world *w)
{
    uint64_t index = store_mark(w->store).index;
    size_t count;

    cr_assert_eq(back_up(w), 0);
    for (char **names = list(w, &count); *names != NULL; names++)
        if (!is_made(*names)) {
            cr_assert_lt(backups.count, BACKUPS_MOST);
            snprintf(backups.made[backups.count].file, sizeof backups.made[0].file, "%s", *names);
            backups.made[backups.count].index = index;
            backups.made[backups.count++].said = crash_said();
        }
}

/* As the unit does, after each backup. */
static void mark_and_say(struct world *w)
{
    const char *const arguments[] = {"checkpoint", checkpoints(w), NULL};
    const struct store_identity *identity = store_identity(w->store);

    cr_assert_eq(operator_runs(w, arguments), 0);
    snprintf(backups.made[backups.count - 1].checkpoint, PATH_MAX, "%s-%" PRIu32 "-%" PRIu64 ".checkpoint",
             identity->short_name, identity->incarnation, store_mark(w->store).index);
    backups.made[backups.count - 1].checkpoint_said = crash_said();
}

struct world *crash_backup_open(void)
{
    struct world *w = world_open();

    cr_assert_eq(mkdir(target(w), 0700), 0);
    cr_assert_eq(mkdir(checkpoints(w), 0700), 0);
    return w;
}

void crash_backup_play(struct world *w)
{
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    world_say(w, "OP", "PUT_SETTING", "name=retention_finished_ms; value=31536000000");
    shelf_finish(w, 1, 1);
    back_up_and_say(w);
    mark_and_say(w);
    cr_assert_eq(shelf_pass(w, NULL), 0);
    world_submit(w, "T07", "r2", "up to H1, urgent");
    back_up_and_say(w);
    mark_and_say(w);
    shelf_finish(w, 3, 1);
    cr_assert_eq(shelf_pass(w, NULL), 0);
    back_up_and_say(w);
    mark_and_say(w);
    world_event(w, "H1", "accept r2");
    cr_assert_eq(backups.count, 3);
}

/* ---- What must hold ---- */

/* Restored as an operator does, and looked at. */
static const char *judge_restored(struct world *w, const char *directory, uint64_t index)
{
    struct store_options options = world_store_options(w, directory);
    struct verify_result found;
    struct store *store = NULL;
    const char *wrong = NULL;

    if (store_open(&options, &store) != 0)
        return "a backup restores, and does not open";
    if (store_mark(store).index < index)
        wrong = "a backup has not all that was stored when it began";
    else if (store_verify(store, NULL, NULL, &found) != 0 || found.faults != 0)
        wrong = "a backup restores, and does not verify";
    else
        wrong = shelf_judge(w, store, arena_format(&w->arena, "%s/bd.archive", target(w)));
    store_close(store);
    return wrong;
}

static const char *judge_backup(struct world *w, const char *name, uint64_t index)
{
    struct store_options options = world_store_options(w, w->directory);
    const char *file = arena_format(&w->arena, "%s/%s", target(w), name);
    const char *to = arena_format(&w->arena, "%s.restored", w->directory), *wrong;

    wrong = store_restore_backup(&options, file, options.host_key, to, instant_after(w->clock.now, SECOND_MS)) != 0
                ? "what has the name of a backup is none"
                : judge_restored(w, to, index);
    operator_removes(to);
    return wrong;
}

/* Up to where it must be; 0: nobody was told that it is there. */
static uint64_t index_of(const char *name, size_t heard)
{
    for (size_t i = 0; i < backups.count; i++)
        if (backups.made[i].said <= heard && strcmp(backups.made[i].file, name) == 0)
            return backups.made[i].index;
    return 0;
}

static const char *newest_said(size_t heard)
{
    const char *newest = NULL;

    for (size_t i = 0; i < backups.count; i++)
        if (backups.made[i].said <= heard)
            newest = backups.made[i].file;
    return newest;
}

/* The newest that was reported is there, or as many as are kept that came after it. */
static const char *judge_all(const struct stand *stand)
{
    struct world *w = stand->w;
    const char *newest = newest_said(stand->heard), *wrong = NULL;
    bool is_there = newest == NULL;
    size_t newer = 0, count;

    for (char **names = list(w, &count); wrong == NULL && *names != NULL; names++) {
        int order = newest == NULL ? 0 : strcmp(*names, newest); /* dates first */

        newer += order > 0;
        is_there = is_there || order == 0 || newer == KEPT;
        wrong = judge_backup(w, *names, index_of(*names, stand->heard));
    }
    return wrong != NULL ? wrong : is_there ? NULL : "the newest backup is lost";
}

static const char *judge_checkpoints(const struct stand *stand)
{
    struct world *w = stand->w;

    for (size_t i = 0; i < backups.count; i++) {
        const char *path = arena_format(&w->arena, "%s/%s", checkpoints(w), backups.made[i].checkpoint);
        char text[CHECKPOINT_TEXT_MAX] = "";
        struct checkpoint checkpoint;
        FILE *file = fopen(path, "re");

        if (file == NULL && backups.made[i].checkpoint_said > stand->heard)
            continue;
        if (file == NULL)
            return "a checkpoint is lost";
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        if (checkpoint_parse(text, &checkpoint) != 0)
            return "what has the name of a checkpoint is none";
    }
    return NULL;
}

/* By one more turn: a backup is named by the second and the turn, and refuses the name that another has. On a quick
 * machine both are the last one's. */
static void go_on(struct world *w)
{
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "between", "up to H1");
    world_lose(w, "T07");
}

const char *crash_backup_judge(const struct stand *stand)
{
    const char *wrong = shelf_judge(stand->w, stand->w->store, shelf_directory(stand->w));

    if (wrong == NULL)
        wrong = judge_checkpoints(stand);
    if (wrong == NULL)
        wrong = judge_all(stand);
    if (wrong != NULL || !stand->is_recorded)
        return wrong;
    go_on(stand->w);
    if (back_up(stand->w) != 0)
        return "no backup can be made after the cut";
    return judge_all(stand);
}
