/* power.c - power cuts: plays a script, makes the disks that a cut at any moment could have left, and starts the broker
 * on each (D1, D2).
 *
 *     crash_power SCRIPT STATES SEED [nosync|nometasync|early|deaf=NAME|unready=NAME]
 *
 * To be run with the recorder preloaded. A disk is sound if the broker opens it and finds a turn of the script there,
 * byte for byte, none older than what it had said to anybody; if everything verifies (rows, sums, chain, books,
 * ledgers), and what lies beside the store is as the script's own judge wants it; if commands it had accepted are
 * answered as before when they are sent again; and if it takes new work. Of some disks the start itself is cut again.
 * The fourth word plants a weakness, which must be found: exit 0 without one, 1 where a disk is not sound.
 *
 * CRASH_WORKERS processes share the disks (2). */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/promises.h"
#include "crash/scripts_files.h"
#include "crash/states.h"

#define TURNS_MAX     4096
#define NOTES_MAX     65536
#define WORKERS       2
#define WORKERS_MAX   64
#define MAP_BYTES     (8U << 20) /* of the disks: a store puts by blocks in proportion */
#define AGAIN_MOST    3          /* accepted commands sent again on each disk */
#define SECOND_EACH   50         /* of so many disks one is cut again while it starts */
#define SECOND_STATES 20

struct tally { /* shared with the workers */
    volatile size_t current, done, unsound, second;
    volatile bool is_busy;
    char first[256];
};

static struct {
    struct world *w;
    recorder_begin_call *begin;
    recorder_end_call *end;
    recorder_note_call *note;
    recorder_weaken_call *weaken;
    bool is_planted, says_early, is_recording;

    uint8_t digests[TURNS_MAX][STORE_DIGEST_SIZE]; /* of the chain after each turn */
    struct promises promises;
    uint64_t needed[NOTES_MAX]; /* after so many notes: the turn that must be there */

    const struct script *script;
    uint64_t seed;
    size_t worker, workers;
    struct tally *tally;
    char directory[sizeof((struct world *)NULL)->directory];
} power;

/* ---- Listening ---- */

void __real_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);
void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);
int __real_world_port_send(void *user, uint64_t number, struct bytes frame);
int __wrap_world_port_send(void *user, uint64_t number, struct bytes frame);
int __real_store_turn_end(struct store_txn *txn, const struct store_turn *turn);
int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn);

void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock)
{
    if (power.is_recording)
        promises_note_frame(&power.promises, power.w, key, frame);
    __real_turn_receive(turn, peer, key, frame, clock);
}

/* What somebody heard must be there after any cut from now on. */
static void note_promise(const struct promises *promises)
{
    assert(promises->heard < NOTES_MAX);
    power.needed[promises->heard] = promises->needed;
    power.note(promises->needed, "", 0);
}

size_t crash_said(void)
{
    promises_hear_turn(&power.promises, 0);
    return power.promises.heard;
}

int __wrap_world_port_send(void *user, uint64_t number, struct bytes frame)
{
    if (power.w != NULL)
        promises_hear_frame(&power.promises, power.w, frame);
    return __real_world_port_send(user, number, frame);
}

int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    struct store *store = store_of(txn);

    if (power.says_early && power.is_recording)
        promises_hear_turn(&power.promises, turn->index); /* a planted fault: heard of before it is there */

    int failure = __real_store_turn_end(txn, turn);

    assert(turn->index < TURNS_MAX);
    if (failure == 0)
        memcpy(power.digests[turn->index], store_mark(store).digest, STORE_DIGEST_SIZE);
    return failure;
}

/* This process, and what it starts meanwhile. */
static void record(const char *log, const char *root)
{
    if (setenv("REFERRALD_RECORD", log, 1) != 0 || setenv("REFERRALD_RECORD_ROOT", root, 1) != 0 ||
        power.begin(log, root) != 0)
        abort();
}

static void record_no_more(void)
{
    power.end();
    unsetenv("REFERRALD_RECORD");
    unsetenv("REFERRALD_RECORD_ROOT");
}

/* ---- One disk ---- */

static void fault(const struct crash_state *state, const char *what)
{
    struct tally *tally = power.tally;

    if (tally->first[0] == '\0')
        snprintf(tally->first, sizeof tally->first, "state %zu (%zu operations, %zu of %zu writes%s): %s",
                 state->number, state->position, state->kept, state->pending, state->is_torn ? ", one torn" : "", what);
    tally->unsound++;
}

/* NULL: sound. Whatever asserts on the way ends the worker, and is held against the disk too. */
static const char *examine(const struct crash_state *state, const char *directory, bool is_recorded)
{
    struct stand stand = {.w = power.w, .heard = state->notes, .is_recorded = is_recorded};
    struct world *w = power.w;
    const char *wrong;

    w->name_count = w->booking_count = w->entry_count = w->pool_count = 0; /* ids may be given anew */
    if (power.script->prepare != NULL)
        power.script->prepare(w, directory);
    if (world_stand_up(w, directory) != 0)
        return "the store does not open";

    struct store_mark mark = store_mark(w->store);

    if (mark.index < power.needed[state->notes])
        return "a turn is lost that somebody has heard of";
    if (memcmp(mark.digest, power.digests[mark.index], sizeof mark.digest) != 0)
        return "the last turn is not one of the script";
    world_judge(w);
    wrong = power.script->judge == NULL ? NULL : power.script->judge(&stand);
    if (wrong == NULL)
        wrong = promises_ask_again(&power.promises, w, state->notes, AGAIN_MOST);
    if (wrong != NULL)
        return wrong;
    w->peer_count = 0;
    world_connect(w, "T07", 0);
    world_forget(w);
    world_submit(w, "T07", "new", "up to C1");
    if (world_count(w, "accepted new") != 1)
        return "no new work is taken";
    world_judge(w);
    return NULL;
}

/* Examined, and forgotten. */
static void try_disk(const struct crash_state *state, const char *directory)
{
    static uint8_t kept[TURNS_MAX][STORE_DIGEST_SIZE];
    struct world *w = power.w;
    size_t mark = arena_mark(&w->arena);
    const char *wrong;

    memcpy(kept, power.digests, sizeof kept);
    wrong = examine(state, directory, false);
    if (wrong != NULL)
        fault(state, wrong);
    world_lie_down(w);
    w->peer_count = w->hand_count = 0;
    w->reply = w->result = NULL;
    world_forget(w);
    arena_rewind(&w->arena, mark);
    memcpy(power.digests, kept, sizeof kept);
}

/* ---- Many disks ---- */

struct second { /* a start that is cut in its turn: what was promised before it must still be there */
    const struct crash_state *first;
};

static void visit_second(void *user, const struct crash_state *state, const struct disk *disk)
{
    const struct second *second = user;
    struct crash_state as_first = *second->first;

    as_first.pending = state->pending;
    as_first.kept = state->kept;
    as_first.is_torn = state->is_torn;
    disk_store(disk, power.directory);
    try_disk(&as_first, power.directory);
    power.tally->second++;
}

/* What the start and the new turn wrote is recorded, and cut. The turn it made is one that may be there now. */
static void cut_again(const struct crash_state *state, const struct disk *disk)
{
    static uint8_t kept[TURNS_MAX][STORE_DIGEST_SIZE];
    static struct disk before; /* the same, as its files are numbered there */
    struct second second = {.first = state};
    struct crash_visitor visitor = {.user = &second, .visit = visit_second};
    struct recording recording;
    char log[160];

    memcpy(kept, power.digests, sizeof kept);
    snprintf(log, sizeof log, "%s.log", power.directory);
    disk_store(disk, power.directory);
    disk_load(&before, power.directory);
    record(log, power.directory);
    if (examine(state, power.directory, true) != NULL)
        abort(); /* it was sound a moment ago */
    record_no_more();
    world_lie_down(power.w);
    power.w->peer_count = 0;
    recording_load(&recording, log);
    crash_states(&before, &recording, SECOND_STATES, power.seed + state->number, &visitor);
    recording_free(&recording);
    unlink(log);
    memcpy(power.digests, kept, sizeof kept);
}

/* Of what is planted one find is enough. */
static bool has_found(void)
{
    return power.is_planted && power.tally->unsound != 0;
}

static bool wants(void *user, const struct crash_state *state)
{
    const size_t *from = user;

    return state->number >= *from && state->number % power.workers == power.worker && !has_found();
}

static void visit(void *user, const struct crash_state *state, const struct disk *disk)
{
    struct tally *tally = power.tally;
    size_t unsound = tally->unsound;

    (void)user;
    tally->current = state->number;
    tally->is_busy = true;
    disk_store(disk, power.directory);
    try_disk(state, power.directory);
    if (state->number / power.workers % SECOND_EACH == 0 && tally->unsound == unsound)
        cut_again(state, disk);
    tally->is_busy = false;
    tally->done++;
}

/* A process of its own: a disk that kills it is not sound, and the next process goes on behind it. */
static size_t work_from(const struct disk *before, const struct recording *recording, size_t budget, size_t from)
{
    struct crash_visitor visitor = {.user = &from, .wants = wants, .visit = visit};
    pid_t child = fork();
    int status;

    if (child == 0) {
        crash_states(before, recording, budget, power.seed, &visitor);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return SIZE_MAX;
    if (!power.tally->is_busy)
        abort(); /* it died by itself */

    struct crash_state state = {.number = power.tally->current};

    fault(&state, "the broker dies of it");
    power.tally->done++;
    power.tally->is_busy = false;
    return power.tally->current + 1;
}

static void work(const struct disk *before, const struct recording *recording, size_t budget)
{
    size_t from = 0;

    snprintf(power.directory, sizeof power.directory, SCRATCH "/crash-%d", (int)getpid());
    while (from != SIZE_MAX && !has_found())
        from = work_from(before, recording, budget, from);

    struct disk nothing = {0};

    disk_store(&nothing, power.directory);
    rmdir(power.directory);
}

/* ---- The whole ---- */

static void find_recorder(void)
{
    power.begin = (recorder_begin_call *)dlsym(RTLD_DEFAULT, "recorder_begin");
    power.end = (recorder_end_call *)dlsym(RTLD_DEFAULT, "recorder_end");
    power.note = (recorder_note_call *)dlsym(RTLD_DEFAULT, "recorder_note");
    power.weaken = (recorder_weaken_call *)dlsym(RTLD_DEFAULT, "recorder_weaken");
    if (power.begin == NULL || power.end == NULL || power.note == NULL || power.weaken == NULL) {
        fprintf(stderr, "crash_power: preload the recorder (LD_PRELOAD)\n");
        exit(2);
    }
}

static void plant(const char *weakness)
{
    power.is_planted = true;
    if (strcmp(weakness, "nosync") == 0)
        power.weaken(RECORDER_NOSYNC);
    else if (strcmp(weakness, "nometasync") == 0)
        power.weaken(RECORDER_NOMETASYNC);
    else if (strcmp(weakness, "early") == 0)
        power.says_early = true;
    else if (strncmp(weakness, "deaf=", strlen("deaf=")) == 0)
        setenv(RECORDER_DEAF, weakness + strlen("deaf="), 1);
    else if (strncmp(weakness, "unready=", strlen("unready=")) == 0)
        setenv(RECORDER_UNREADY, weakness + strlen("unready="), 1);
    else
        exit(2);
}

static void play(const struct script *script, const char *weakness, struct disk *ret_before,
                 struct recording *ret_recording)
{
    char log[160];

    if (weakness != NULL)
        plant(weakness);
    power.w = script->open();
    power.w->map_bytes = MAP_BYTES;
    disk_load(ret_before, power.w->directory);
    snprintf(log, sizeof log, "%s.log", power.w->directory);
    power.promises = (struct promises){.hears = note_promise};
    power.needed[0] = 0;
    record(log, power.w->directory);
    power.is_recording = true;
    script->play(power.w);
    power.is_recording = false;
    power.promises.is_over = true;
    record_no_more();
    unsetenv(RECORDER_DEAF);
    unsetenv(RECORDER_UNREADY);
    power.weaken(RECORDER_SOUND);
    recording_load(ret_recording, log);
    unlink(log);
    world_leave(power.w);
}

static size_t count(const struct recording *recording, enum recorded what)
{
    size_t found = 0;

    for (size_t i = 0; i < recording->count; i++)
        found += recording->ops[i].what == what;
    return found;
}

static int judge_all(struct tally *tallies, const struct recording *recording)
{
    size_t done = 0, unsound = 0, second = 0;
    const char *first = "";

    for (size_t i = 0; i < power.workers; i++) {
        done += tallies[i].done;
        unsound += tallies[i].unsound;
        second += tallies[i].second;
        if (tallies[i].first[0] != '\0')
            first = tallies[i].first;
    }
    printf("%s: %zu disks, %zu more of starts cut again, seed %lu: %zu not sound"
           " (recorded: %zu writes, %zu durable ones, %zu syncs, %zu things said)\n",
           power.script->name, done, second, (unsigned long)power.seed, unsound, count(recording, RECORDED_WRITE),
           count(recording, RECORDED_DURABLE), count(recording, RECORDED_SYNC), count(recording, RECORDED_NOTE));
    if (unsound != 0)
        printf("%s: %s\n", power.script->name, first);
    return done == 0 || unsound != 0;
}

static int run(const struct script *script, size_t budget, const char *weakness)
{
    struct tally *tallies =
        mmap(NULL, power.workers * sizeof *tallies, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct disk before = {0};
    struct recording recording;
    pid_t workers[WORKERS_MAX];
    int verdict;

    assert(tallies != MAP_FAILED);
    power.script = script;
    play(script, weakness, &before, &recording);
    fflush(stdout);
    for (size_t i = 0; i < power.workers; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            power.worker = i;
            power.tally = &tallies[i];
            work(&before, &recording, budget);
            _exit(0);
        }
    }
    for (size_t i = 0; i < power.workers; i++)
        waitpid(workers[i], NULL, 0);
    verdict = judge_all(tallies, &recording);
    recording_free(&recording);
    disk_free(&before);
    return verdict;
}

static const struct script *find_script(const char *name)
{
    for (size_t i = 0; i < crash_script_count; i++)
        if (strcmp(crash_scripts[i].name, name) == 0)
            return &crash_scripts[i];
    for (size_t i = 0; i < crash_file_script_count; i++)
        if (strcmp(crash_file_scripts[i].name, name) == 0)
            return &crash_file_scripts[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct script *script = argc < 4 ? NULL : find_script(argv[1]);
    const char *workers = getenv("CRASH_WORKERS");

    find_recorder();
    if (script == NULL) {
        fprintf(stderr, "crash_power: no such script\n");
        return 2;
    }
    power.seed = strtoull(argv[3], NULL, 10);
    power.workers = workers == NULL ? WORKERS : strtoull(workers, NULL, 10);
    if (power.workers < 1 || power.workers > WORKERS_MAX)
        return 2;
    return run(script, strtoull(argv[2], NULL, 10), argc > 4 ? argv[4] : NULL);
}
