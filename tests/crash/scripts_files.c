/* scripts_files.c - finished journeys go to the archive and people look into it; data keys are added, and rows move
 * under them. */
#include "crash/scripts_files.h"

#include <errno.h>
#include <sys/stat.h>

#include "crash/operator.h"
#include "crash/shelf.h"
#include "store/archive_look.h"
#include "store/keys.h"
#include "store/reseal.h"

#define LOOKS_MOST   8
#define CHANGES_MOST 8

static void gather_people(struct world *w)
{
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    world_say(w, "OP", "PUT_SETTING", "name=retention_finished_ms; value=31536000000");
}

/* ---- The archive ---- */

static struct { /* who looks into the archive is noted first */
    size_t said[LOOKS_MOST];
    size_t count;
} looks;

static int look(struct world *w)
{
    const struct archive_look look = {
        .at = w->clock.now, .user = "root", .referral = {.incarnation = 1}, .file = "-", .reason = "患者要求复核"};
    struct keys *keys = NULL;
    int failure = archive_keys_open(shelf_directory(w), world_store_options(w, w->directory).host_key, &keys);

    if (failure == 0)
        failure = archive_look_add(keys, shelf_directory(w), &look);
    archive_keys_close(keys);
    return failure;
}

static void look_and_say(struct world *w)
{
    cr_assert_eq(look(w), 0);
    looks.said[looks.count++] = crash_said();
}

static void archive(struct world *w)
{
    gather_people(w);
    shelf_finish(w, 1, 3);
    cr_assert_eq(shelf_pass(w, "s"), 0);
    look_and_say(w);
    look_and_say(w);
    shelf_finish(w, 4, 2);
    cr_assert_eq(shelf_pass(w, "t"), 0);
    look_and_say(w);
    look_and_say(w);
    world_submit(w, "T07", "r6", "up to H1");
}

static void count_look(void *user, const struct archive_look *look)
{
    size_t *count = user;

    (void)look;
    *count += 1;
}

/* -1: the log cannot be read. */
static int count_looks(struct world *w, size_t *ret_count)
{
    struct keys *keys = NULL;
    int failure = archive_keys_open(shelf_directory(w), world_store_options(w, w->directory).host_key, &keys);

    *ret_count = 0;
    if (failure == 0)
        failure = archive_looks(keys, shelf_directory(w), count_look, ret_count);
    archive_keys_close(keys);
    return failure;
}

static const char *judge_looks(const struct stand *stand)
{
    size_t said = 0, before, after;

    while (said < looks.count && looks.said[said] <= stand->heard)
        said++;
    if (said == 0 && count_looks(stand->w, &before) == -ENOENT)
        return NULL; /* there is no archive yet */
    if (count_looks(stand->w, &before) != 0)
        return "the log of looks cannot be read";
    if (before < said)
        return "a look is lost";
    if (look(stand->w) != 0 || count_looks(stand->w, &after) != 0 || after != before + 1)
        return "nobody can look into the archive";
    return NULL;
}

static const char *judge_archive(const struct stand *stand)
{
    struct world *w = stand->w;
    const char *wrong = shelf_judge(w, w->store, shelf_directory(w));

    if (wrong == NULL)
        wrong = judge_looks(stand);
    if (wrong == NULL)
        wrong = shelf_judge_end(w);
    return wrong != NULL ? wrong : shelf_judge(w, w->store, shelf_directory(w));
}

/* ---- Keys ---- */

static struct {
    struct {
        size_t said;
        uint32_t newest;
        bool is_done; /* no row is left under an older one */
    } changes[CHANGES_MOST];
    size_t count;
    uint8_t first_key[STORE_HOST_KEY_SIZE]; /* the host's, before it was changed */
    size_t second_said;
} rotation;

static void say_change(uint32_t newest, bool is_done)
{
    cr_assert_lt(rotation.count, CHANGES_MOST);
    rotation.changes[rotation.count].said = crash_said();
    rotation.changes[rotation.count].newest = newest;
    rotation.changes[rotation.count++].is_done = is_done;
}

static int move_rows(struct world *w, const char *others)
{
    struct reseal_state state;
    struct arena arena;
    int more = arena_open(&arena, 64U << 20);

    cr_assert_eq(more, 0);
    for (int step = 1; (more = reseal_advance(w->store, &arena, &state)) > 0; step++)
        if (others != NULL)
            world_submit(w, "T07", arena_format(&w->arena, "%s%d", others, step), "up to H1");
    arena_close(&arena);
    return more;
}

/* As `referralctl rotate`, a reload, and the daemon's steps. */
static void rotate(struct world *w, const char *others)
{
    const uint8_t *host_key = world_store_options(w, w->directory).host_key;
    uint32_t newest;

    cr_assert_eq(keys_add(w->directory, host_key, &newest), 0);
    say_change(newest, false);
    cr_assert_eq(keys_bring(w->directory, shelf_directory(w)), 0);
    world_submit(w, "T07", arena_format(&w->arena, "%s-a", others), "up to H1");
    cr_assert_eq(store_keys_take(w->store, host_key), 0);
    world_submit(w, "T07", arena_format(&w->arena, "%s-b", others), "up to H1");
    cr_assert_eq(move_rows(w, others), 0);
    say_change(newest, true);
    world_event(w, "T07", arena_format(&w->arena, "cancel %s-a; reason=PATIENT_DECLINED", others));
}

/* The new key's file comes into the folder of the host's keys, which is a disk's as any. */
#define HOST       "host"
#define SECOND_KEY HOST "/second.key"

static struct world *open_with_host(void)
{
    struct world *w = world_open();

    memcpy(rotation.first_key, w->host_key, sizeof w->host_key);
    cr_assert_eq(mkdir(arena_format(&w->arena, "%s/" HOST, w->directory), 0700), 0);
    return w;
}

static void change_host_key(struct world *w)
{
    const char *path = arena_format(&w->arena, "%s/" SECOND_KEY, w->directory);
    const char *const arguments[] = {"rotate", "--host-key-new", path, "--archives", shelf_directory(w), NULL};

    cr_assert_eq(operator_runs(w, arguments), 0);
    cr_assert(operator_read_key(path, w->host_key));
    rotation.second_said = crash_said();
}

static bool opens(const char *directory, const uint8_t *host_key)
{
    struct keys *keys = NULL;
    bool does = archive_keys_open(directory, host_key, &keys) == 0;

    archive_keys_close(keys);
    return does;
}

/* The key that opens it is the first one, or lies where the command has put it. */
static void find_host_key(struct world *w, const char *directory)
{
    memcpy(w->host_key, rotation.first_key, sizeof w->host_key);
    if (!opens(directory, w->host_key))
        operator_read_key(arena_format(&w->arena, "%s/" SECOND_KEY, directory), w->host_key);
}

/* Whom the cut interrupted gives the command again: the archive's keys follow. */
static void go_on_with_host_key(struct world *w)
{
    if (memcmp(w->host_key, rotation.first_key, sizeof w->host_key) != 0)
        cr_assert_eq(keys_bring(w->directory, shelf_directory(w)), 0);
}

static void rotations(struct world *w)
{
    gather_people(w);
    shelf_finish(w, 1, 2);
    cr_assert_eq(shelf_pass(w, NULL), 0);
    rotate(w, "s");
    shelf_finish(w, 3, 1);
    rotate(w, "t");
    change_host_key(w);
    cr_assert_eq(shelf_pass(w, NULL), 0);
    world_submit(w, "T07", "r4", "up to H1");
}

/* Rows under another than the newest key. */
static int count_older(struct world *w, uint64_t *ret_rows)
{
    uint64_t rows[KEYS_DATA_MAX + 1];
    struct arena arena;
    int failure = arena_open(&arena, 16U << 20);

    cr_assert_eq(failure, 0);
    failure = reseal_count(w->store, &arena, rows);
    arena_close(&arena);
    *ret_rows = 0;
    for (uint32_t i = KEYS_FIRST; failure == 0 && i < store_newest_key(w->store); i++)
        *ret_rows += rows[i];
    return failure;
}

static const char *judge_rotations(const struct stand *stand)
{
    struct world *w = stand->w;
    uint32_t newest = KEYS_FIRST;
    bool is_done = false;
    uint64_t older;
    const char *wrong;

    if (rotation.second_said > stand->heard)
        go_on_with_host_key(w);
    wrong = shelf_judge(w, w->store, shelf_directory(w));

    for (size_t i = 0; i < rotation.count && rotation.changes[i].said <= stand->heard; i++) {
        newest = rotation.changes[i].newest;
        is_done = rotation.changes[i].is_done;
    }
    if (wrong != NULL)
        return wrong;
    if (store_newest_key(w->store) < newest)
        return "a data key is lost";
    if (rotation.second_said <= stand->heard && opens(w->directory, rotation.first_key))
        return "the host's old key opens the store again";
    if (count_older(w, &older) != 0 || (is_done && store_newest_key(w->store) == newest && older != 0))
        return "rows are under an older key again";
    if (move_rows(w, NULL) != 0 || count_older(w, &older) != 0 || older != 0)
        return "the rotation does not come to its end";
    wrong = shelf_judge_end(w);
    return wrong != NULL ? wrong : shelf_judge(w, w->store, shelf_directory(w));
}

const struct script crash_file_scripts[] = {
    {.name = "archive", .open = world_open, .play = archive, .judge = judge_archive},
    {.name = "rotate", .open = open_with_host, .play = rotations, .prepare = find_host_key, .judge = judge_rotations},
    {.name = "backup", .open = crash_backup_open, .play = crash_backup_play, .judge = crash_backup_judge},
    {.name = "restore", .open = crash_restore_open, .play = crash_restore_play, .judge = crash_restore_judge},
};
const size_t crash_file_script_count = sizeof crash_file_scripts / sizeof crash_file_scripts[0];
