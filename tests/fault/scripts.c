/* scripts.c - drain, restarts, archive, backup and questions: what crash/scripts.c has no need of. */
#include "fault/scripts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/fault.h"
#include "store/archive_verify.h"
#include "store/backup.h"
#include "story/world_inside.h"
#include "turn/archiver.h"

#define DAY_S  86400LL
#define YEAR_S (365 * DAY_S)
#define TRIES  3 /* an operator's, or a timer's */

static void drain(struct world *w)
{
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "DRAIN", "reason=换盘");
    world_event(w, "T07", "cancel r1");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_ack(w, "H1", "all");
    world_drain(w);
}

/* Stopped and started between any two steps: opening is recovery. */
static void restarts(struct world *w)
{
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_restart(w);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_event(w, "T07", "amend r1; up to H1, urgent; present_history=胸闷五天");
    world_ack(w, "H1", "all");
    world_restart(w);
    world_connect(w, "H1", 10);
    world_event(w, "H1", "accept r1");
}

static void questions(struct world *w)
{
    static const char *const kinds[] = {"LIST_INSTITUTIONS", "LIST_KEYS",  "LIST_SETTINGS",  "LIST_AUDIT",
                                        "LIST_ALARMS",       "GET_STATUS", "LIST_QUARANTINE"};

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_submit(w, "T07", "r2", "up to H1");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    world_say(w, "T07", "LIST_REFERRALS", "");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        world_say(w, "OP", kinds[i], "");
}

/* Commands of several institutions in one turn: where it fails, only the culprit is refused. */
static void gathered(struct world *w)
{
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_connect(w, "C1", 10);
    for (int turn = 0; turn < 3; turn++) {
        world_gather(w);
        for (int i = 0; i < 4; i++) {
            world_submit(w, "T07", arena_format(&w->arena, "a%d-%d", turn, i), "up to H1");
            world_submit(w, "H1", arena_format(&w->arena, "b%d-%d", turn, i), "up to C1");
        }
        world_go(w);
        world_ack_quietly(w, world_peer(w, "H1"), "all");
        world_ack_quietly(w, world_peer(w, "C1"), "all");
        world_settle(w);
    }
}

/* ---- The archive ---- */

static struct archiver *archiver;

void fault_script_end(void)
{
    archiver_close(archiver);
    archiver = NULL;
}

static int archive_pass(struct world *w, const char *directory)
{
    struct archiver_options options = {.store = w->store, .turn = w->turn, .directory = directory, .file_bytes = 1000};
    int result;

    fault_plan()->inside++;
    result = archiver_open(&options, &archiver);
    fault_plan()->inside--;
    for (result = result == 0 ? 1 : result; result > 0; world_settle(w)) {
        fault_plan()->inside++;
        result = archiver_step(archiver, w->clock);
        fault_plan()->inside--;
    }
    fault_script_end();
    return result;
}

/* Until all is where it belongs; a pass may end well and leave what could not be told to the next. */
static bool archive_all(struct world *w, const char *directory)
{
    struct archive_verify_result found = {0};
    int result = 1;

    for (int i = 0; i < TRIES && (result != 0 || found.referrals != 3); i++) {
        result = archive_pass(w, directory);
        cr_assert_eq(archive_verify(w->store, directory, NULL, NULL, &found), 0);
        cr_assert_eq(found.faults, 0, "%s", found.first_fault);
    }
    return result == 0 && found.referrals == 3;
}

static void archive(struct world *w)
{
    const char *directory = arena_format(&w->arena, "%s.archive", w->directory);

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    world_say(w, "OP", "PUT_SETTING", "name=retention_finished_ms; value=31536000000");
    for (int i = 1; i <= 3; i++) {
        world_submit(w, "T07", arena_format(&w->arena, "r%d", i), "up to H1, routine");
        world_event(w, "H1", arena_format(&w->arena, "reject r%d; reason=OTHER_REASON; text=不收", i));
    }
    w->clock.now.ms += 2 * YEAR_S * 1000; /* nobody's session need live through it */
    world_settle(w);
    if (!archive_all(w, directory))
        cr_assert_eq(fault_plan()->mode, FAULT_LASTING, "not all is archived");
}

/* ---- A backup ---- */

struct backup {
    struct store_options from, copied;
    char copy[96], file[96], restored[96];
    struct instant now;
};

/* What a failed step leaves would pass for a result. */
static void cr_assert_nothing(const char *directory)
{
    static const char *const files[] = {"data.mdb", "keys"};
    char path[128];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        cr_assert_neq(access(path, F_OK), 0, "a failed copy leaves %s", files[i]);
    }
}

static int copied(const struct backup *backup)
{
    int failure = store_copy(&backup->from, backup->copy);

    if (failure != 0)
        cr_assert_nothing(backup->copy);
    return failure;
}

static int sealed(const struct backup *backup)
{
    int failure = backup_seal(&backup->copied, backup->from.host_key, backup->file);

    if (failure != 0)
        cr_assert_neq(access(backup->file, F_OK), 0, "a failed backup leaves a file");
    return failure;
}

static int restored(const struct backup *backup)
{
    int failure =
        store_restore_backup(&backup->from, backup->file, backup->from.host_key, backup->restored, backup->now);

    if (failure != 0)
        cr_assert_nothing(backup->restored);
    return failure;
}

static bool tried(int (*step)(const struct backup *backup), const struct backup *backup)
{
    int failure = 1;

    for (int i = 0; i < TRIES && failure != 0; i++) {
        fault_plan()->inside++;
        failure = step(backup);
        fault_plan()->inside--;
        cr_assert(failure <= 0);
    }
    return failure == 0;
}

/* A sound one is restored, and the broker goes on from it. */
static void back_up(struct world *w)
{
    struct backup backup = {.from = world_store_options(w, w->directory),
                            .now = instant_after(w->clock.now, SECOND_MS)};

    snprintf(backup.copy, sizeof backup.copy, "%s.copy", w->directory);
    snprintf(backup.file, sizeof backup.file, "%s.backup", w->directory);
    snprintf(backup.restored, sizeof backup.restored, "%s.restored", w->directory);
    backup.copied = world_store_options(w, backup.copy);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_lie_down(w);
    if (tried(copied, &backup) && tried(sealed, &backup) && tried(restored, &backup)) {
        cr_assert_eq(world_stand_up(w, backup.restored), 0);
        world_judge(w);
        world_lie_down(w);
    }
    snprintf(w->directory, sizeof w->directory, "%.*s", (int)(strlen(backup.copy) - strlen(".copy")), backup.copy);
}

const struct script fault_scripts[] = {
    {.name = "drain", .open = world_open, .play = drain},
    {.name = "restarts", .open = world_open, .play = restarts},
    {.name = "questions", .open = world_open, .play = questions},
    {.name = "gathered", .open = world_open, .play = gathered},
    {.name = "archive", .open = world_open, .play = archive},
    {.name = "backup", .open = world_open, .play = back_up},
};
const size_t fault_script_count = sizeof fault_scripts / sizeof fault_scripts[0];
