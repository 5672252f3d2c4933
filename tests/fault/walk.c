/* walk.c - plays a script again and again; each time another call fails, the first, the second, until a run passes in
 * which none did (D1, D2, D6).
 *
 *     fault_walk SCRIPT STRIDE [FAULT [N]]
 *
 * FAULT is one of the table below, or "storage": all of that kind. Each run is a process of its own on the same stage;
 * calls that fail are those of the broker, between its functions and the C library. STRIDE 1 tries every call, 7 every
 * seventh. Clients send again what was refused for now, as the protocol wants. Afterwards nothing fails any more, and
 * the broker is held to what it promised: the store opens and verifies, books and ledgers balance, what was accepted is
 * there and is answered as before, new work is taken; nothing that it held is forgotten (held.h). A broker that cannot
 * go on may stop, with a line that says why, or end as base/alloc.h says. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/disk.h"
#include "crash/promises.h"
#include "fault/fault.h"
#include "fault/held.h"
#include "fault/scripts.h"

#define MAP_BYTES   (32U << 20) /* a store puts by blocks in proportion */
#define HANGS_S     120
#define RESENDS     3
#define OPENINGS    3 /* by whoever starts the daemon */
#define TOLD_MOST   5
#define DESCRIPTORS 1024
#define FOR_EVER    200 /* calls that failed, one after the other */
#define GUESTS_MOST 8

static const struct fault {
    const char *name;
    enum fault_class fault_class;
    enum fault_mode mode;
    int error;
} faults[] = {
    {"memory", FAULT_MEMORY, FAULT_ONCE, ENOMEM},  {"memory-lasting", FAULT_MEMORY, FAULT_LASTING, ENOMEM},
    {"eio", FAULT_STORAGE, FAULT_ONCE, EIO},       {"eio-lasting", FAULT_STORAGE, FAULT_LASTING, EIO},
    {"enospc", FAULT_STORAGE, FAULT_ONCE, ENOSPC}, {"enospc-lasting", FAULT_STORAGE, FAULT_LASTING, ENOSPC},
    {"half", FAULT_STORAGE, FAULT_HALF, EIO},      {"asking", FAULT_ASKING, FAULT_ONCE, EIO},
};

struct verdict { /* shared with the run */
    uint64_t calls, fired;
    unsigned stops, ends, refused;
    bool is_done;
    char wrong[512];
};

static struct {
    const struct script *script;
    const struct fault *fault;
    struct world *w;
    struct disk stage;
    struct {
        char name[24];
        bool is_good;
    } guests[GUESTS_MOST]; /* connected when the stage was left */
    size_t guest_count;
    char root[64];
    struct promises promises;
    struct verdict *verdict;
    sigjmp_buf out; /* of the script */
    bool is_playing, is_ended;
    char derailed[384]; /* what the script missed */
} walk;

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void wrong(const char *format, ...)
{
    va_list arguments;

    if (walk.verdict->wrong[0] != '\0')
        return; /* what follows comes of it */
    va_start(arguments, format);
    vsnprintf(walk.verdict->wrong, sizeof walk.verdict->wrong, format, arguments);
    va_end(arguments);
}

/* ---- Where the broker begins ---- */

int __real_turn_run(struct turn *turn, struct turn_clock clock);
int __wrap_turn_run(struct turn *turn, struct turn_clock clock);
void __real_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);
void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);
void __real_turn_peer_lost(struct turn *turn, uint64_t peer);
void __wrap_turn_peer_lost(struct turn *turn, uint64_t peer);
int __real_turn_open(const struct turn_options *options, struct turn **ret_turn);
int __wrap_turn_open(const struct turn_options *options, struct turn **ret_turn);
int __real_store_open(const struct store_options *options, struct store **ret_store);
int __wrap_store_open(const struct store_options *options, struct store **ret_store);
int __real_world_port_send(void *user, uint64_t number, struct bytes frame);
int __wrap_world_port_send(void *user, uint64_t number, struct bytes frame);
void __real_world_send(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id,
                       const char *acting_for, struct bytes body);
void __wrap_world_send(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id,
                       const char *acting_for, struct bytes body);
void __real_world_connect(struct world *w, const char *who, uint32_t credit);
void __wrap_world_connect(struct world *w, const char *who, uint32_t credit);
void __wrap_alloc_failed(void) __attribute__((noreturn));
void *__wrap_alloc_zeroed(size_t size);
void __wrap_criterion_send_assert(struct criterion_assert_stats *stats);
void __wrap_criterion_abort_test(void) __attribute__((noreturn));

/* The end of the process in good order. */
static void stop(int failure, const char *line)
{
    walk.verdict->stops++;
    if (line[0] == '\0')
        wrong("stops with %s, and no line says why", strerror(-failure));
    if (walk.fault->mode != FAULT_LASTING && walk.fault->fault_class == FAULT_STORAGE)
        wrong("stops for one %s that did not last: %s", strerror(walk.fault->error), line);
    siglongjmp(walk.out, 1);
}

/* A full disk is tried once a second, and a script may last for weeks. */
static bool is_for_ever(void)
{
    return walk.fault->mode == FAULT_LASTING && fault_plan()->fired >= FOR_EVER;
}

int __wrap_turn_run(struct turn *turn, struct turn_clock clock)
{
    bool is_outermost = fault_plan()->inside++ == 0;
    int result = __real_turn_run(turn, clock);

    fault_plan()->inside--;
    if (result < 0 && is_outermost && walk.is_playing)
        stop(result, result == -ENOMEM ? "no memory" : store_error(walk.w->store));
    if (is_outermost && walk.is_playing && is_for_ever())
        siglongjmp(walk.out, 1);
    return result;
}

void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock)
{
    if (walk.w != NULL)
        promises_note_frame(&walk.promises, walk.w, key, frame);
    fault_plan()->inside++;
    __real_turn_receive(turn, peer, key, frame, clock);
    fault_plan()->inside--;
}

void __wrap_turn_peer_lost(struct turn *turn, uint64_t peer)
{
    fault_plan()->inside++;
    __real_turn_peer_lost(turn, peer);
    fault_plan()->inside--;
}

/* What the daemon calls once at its start, and who starts it calls again. */
static int start(int (*begin)(void *user), void *user)
{
    int failure = 1;

    if (!walk.is_playing || fault_plan()->inside != 0)
        return begin(user);
    for (int i = 0; i < OPENINGS && failure != 0; i++) {
        fault_plan()->inside++;
        failure = begin(user);
        fault_plan()->inside--;
        walk.verdict->refused += failure != 0;
    }
    if (failure != 0) {
        walk.verdict->stops++;
        siglongjmp(walk.out, 1);
    }
    return 0;
}

struct turn_opening {
    const struct turn_options *options;
    struct turn **ret_turn;
};

static int begin_turn(void *user)
{
    const struct turn_opening *opening = user;

    return __real_turn_open(opening->options, opening->ret_turn);
}

int __wrap_turn_open(const struct turn_options *options, struct turn **ret_turn)
{
    return start(begin_turn, &(struct turn_opening){options, ret_turn});
}

struct store_opening {
    const struct store_options *options;
    struct store **ret_store;
};

static int begin_store(void *user)
{
    const struct store_opening *opening = user;

    return __real_store_open(opening->options, opening->ret_store);
}

int __wrap_store_open(const struct store_options *options, struct store **ret_store)
{
    return start(begin_store, &(struct store_opening){options, ret_store});
}

/* The end of a process: another one, which has nothing of it but what was heard, goes on from here once it is gone. */
void __wrap_alloc_failed(void)
{
    int alive[2];
    char none;

    if (pipe(alive) != 0 || fork() != 0)
        _exit(EXIT_FAILURE);
    close(alive[1]);
    while (read(alive[0], &none, 1) > 0)
        ; /* nobody writes: it ends when nobody is left who could */
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
        close(fd);
    alarm(HANGS_S);
    walk.verdict->ends++;
    walk.is_ended = true;
    siglongjmp(walk.out, 1);
}

void *__wrap_alloc_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL)
        __wrap_alloc_failed();
    return at;
}

/* ---- Where the clients begin ---- */

int __wrap_world_port_send(void *user, uint64_t number, struct bytes frame)
{
    uint32_t inside = fault_plan()->inside;
    int result;

    fault_plan()->inside = 0;
    if (walk.w != NULL)
        promises_hear_frame(&walk.promises, walk.w, frame);
    result = __real_world_port_send(user, number, frame);
    fault_plan()->inside = inside;
    return result;
}

static bool is_refused_for_now(const struct world *w)
{
    const char *code;

    if (w->reply == NULL || w->reply->request != w->next_request || w->reply->n_refusals != 1)
        return false;
    code = w->reply->refusals[0]->code;
    return strcmp(code, "FAILED") == 0 || strcmp(code, "DISK_FULL") == 0 || strcmp(code, "BUSY") == 0;
}

/* A client sends again what was refused for now, byte for byte. */
void __wrap_world_send(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id,
                       const char *acting_for, struct bytes body)
{
    char name[sizeof w->pending];
    uint8_t key[32];

    memcpy(name, w->pending, sizeof name);
    __real_world_send(w, peer, kind, message_id, acting_for, body);
    world_key(key, arena_format(&w->arena, "%.*s", (int)strcspn(peer->name, "/"), peer->name));
    for (int i = 0; i < RESENDS && walk.is_playing && is_refused_for_now(w); i++) {
        walk.verdict->refused++;
        memcpy(w->pending, name, sizeof name);
        turn_receive(w->turn, peer->number, key, peer->last_frame, w->clock);
        world_settle(w);
    }
}

/* And comes again where it was cut off. */
void __wrap_world_connect(struct world *w, const char *who, uint32_t credit)
{
    __real_world_connect(w, who, credit);
    for (int i = 0; i < RESENDS && walk.is_playing && w->peers[w->peer_count - 1].number == 0; i++) {
        walk.verdict->refused++;
        __real_world_connect(w, who, credit);
    }
}

void __wrap_criterion_send_assert(struct criterion_assert_stats *stats)
{
    const char *file = strrchr(stats->file, '/');

    if (!stats->passed && walk.derailed[0] == '\0')
        snprintf(walk.derailed, sizeof walk.derailed, "%s:%u: %s", file != NULL ? file + 1 : stats->file, stats->line,
                 stats->message);
}

/* A script may miss what was refused to it; the judges may miss nothing. */
void __wrap_criterion_abort_test(void)
{
    if (walk.is_playing)
        siglongjmp(walk.out, 1);
    if (walk.w == NULL) {
        fprintf(stderr, "fault_walk: no stage: %s\n", walk.derailed);
        exit(2);
    }
    wrong("%s", walk.derailed);
    _exit(0);
}

/* ---- One run ---- */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void clear_root(void)
{
    nftw(walk.root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    if (mkdir(walk.root, 0700) != 0)
        abort();
}

static void connect_guests(struct world *w)
{
    for (size_t i = 0; i < walk.guest_count; i++) {
        world_connect(w, walk.guests[i].name, walk.guests[i].is_good ? 1000 : 0);
        if (walk.guests[i].is_good)
            world_good(w, walk.guests[i].name);
    }
    world_forget(w);
}

/* Nobody is told of an ack that failed; of everything else that did not happen somebody is. */
static bool may_derail(const struct fault_plan *plan)
{
    return plan->fired != 0 &&
           (plan->mode == FAULT_LASTING || walk.verdict->refused + walk.verdict->stops + walk.verdict->ends != 0);
}

static void play(struct world *w, uint64_t nth)
{
    struct fault_plan *plan = fault_plan();

    *plan = (struct fault_plan){.fault_class = walk.fault->fault_class,
                                .mode = walk.fault->mode,
                                .error = walk.fault->error,
                                .is_scoped = 1,
                                .nth = nth};
    snprintf(plan->root, sizeof plan->root, "%s/", walk.root);
    walk.is_playing = true;
    if (sigsetjmp(walk.out, 0) == 0)
        walk.script->play(w);
    walk.is_playing = false;
    plan->inside = 0;
    plan->fault_class = FAULT_NONE;
    if (!walk.is_ended)
        fault_script_end();
    walk.verdict->calls = plan->calls;
    walk.verdict->fired = plan->fired;
    if (walk.derailed[0] != '\0' && !may_derail(plan))
        wrong("the script goes wrong: %s", walk.derailed);
    walk.derailed[0] = '\0';
}

static void judge(struct world *w, const char *directory)
{
    const char *missed;

    walk.promises.is_over = true;
    w->peer_count = w->hand_count = 0;
    w->reply = w->result = NULL;
    w->is_gathering = w->clock.hold = false;
    if (world_stand_up(w, directory) != 0) {
        wrong("the store does not open");
        return;
    }
    if (store_mark(w->store).index < walk.promises.needed)
        wrong("a turn is lost that somebody has heard of");
    world_judge(w);
    missed = promises_ask_again(&walk.promises, w, SIZE_MAX, SIZE_MAX);
    if (missed != NULL)
        wrong("%s", missed);
    w->peer_count = 0;
    world_connect(w, "T07", 0);
    world_forget(w);
    world_submit(w, "T07", "new", "up to C1");
    if (world_count(w, "accepted new") != 1)
        wrong("no new work is taken: %s", w->trace);
    world_judge(w);
    world_lie_down(w);
}

static void run(uint64_t nth)
{
    struct world *w = walk.w;
    char directory[sizeof w->directory];
    struct held before = held_now(walk.root);
    char more[64];

    alarm(HANGS_S);
    signal(SIGXFSZ, SIG_IGN);
    snprintf(directory, sizeof directory, "%.40s/store", walk.root);
    disk_store(&walk.stage, directory);
    if (world_stand_up(w, directory) != 0)
        abort();
    connect_guests(w);
    play(w, nth);
    if (!walk.is_ended)
        world_lie_down(w);
    judge(w, directory);
    if (!walk.is_ended && held_more(&before, walk.root, more, sizeof more))
        wrong("%s", more);
    walk.verdict->is_done = true;
}

static void run_apart(uint64_t nth)
{
    int status = 0;

    memset(walk.verdict, 0, sizeof *walk.verdict);
    clear_root();
    fflush(stdout);
    if (fork() == 0) {
        run(nth);
        _exit(0);
    }
    while (wait(&status) > 0) /* the run, and who judged it if that was another */
        if (WIFSIGNALED(status))
            wrong(WTERMSIG(status) == SIGALRM ? "the broker hangs" : "the broker dies of signal %d", WTERMSIG(status));
    if (!walk.verdict->is_done)
        wrong("the broker ends with %d", WEXITSTATUS(status));
}

/* ---- All of them ---- */

struct sum {
    uint64_t calls, runs, stopped, ended, refused, broken;
};

/* True: the fault was met, so that there may be a later call. */
static bool try_one(uint64_t nth, struct sum *sum)
{
    run_apart(nth);
    sum->runs++;
    sum->stopped += walk.verdict->stops;
    sum->ended += walk.verdict->ends;
    sum->refused += walk.verdict->refused;
    if (walk.verdict->wrong[0] != '\0' && sum->broken++ < TOLD_MOST)
        printf("%s, %s, call %lu: %s\n", walk.script->name, walk.fault->name, (unsigned long)nth, walk.verdict->wrong);
    if (walk.verdict->calls > sum->calls)
        sum->calls = walk.verdict->calls;
    return walk.verdict->fired != 0 || !walk.verdict->is_done;
}

/* The calls between two that fail are another run's affair; where it begins differs from fault to fault. */
static uint64_t try_all(const struct fault *fault, uint64_t stride)
{
    struct sum sum = {0};
    uint64_t nth = 1 + (uint64_t)(fault - faults) % stride;

    walk.fault = fault;
    while (try_one(nth, &sum))
        nth += stride;
    printf("%s, %s: %lu calls, %lu runs, %lu stopped, %lu ended for want of memory, %lu times refused for now, "
           "%lu with a promise not kept\n",
           walk.script->name, fault->name, (unsigned long)sum.calls, (unsigned long)sum.runs,
           (unsigned long)sum.stopped, (unsigned long)sum.ended, (unsigned long)sum.refused, (unsigned long)sum.broken);
    fflush(stdout);
    return sum.broken;
}

static void make_stage(void)
{
    struct world *w = walk.script->open();

    for (size_t i = 0; i < w->peer_count; i++) {
        if (w->peers[i].number == 0)
            continue;
        snprintf(walk.guests[walk.guest_count].name, sizeof walk.guests[0].name, "%s", w->peers[i].name);
        walk.guests[walk.guest_count++].is_good = w->peers[i].is_good;
    }
    w->map_bytes = MAP_BYTES;
    world_lie_down(w);
    disk_load(&walk.stage, w->directory);
    world_stand_up(w, w->directory);
    world_leave(w);
    w->peer_count = 0;
    walk.w = w;
}

static const struct script *find(const char *name)
{
    for (size_t i = 0; i < crash_script_count; i++)
        if (strcmp(crash_scripts[i].name, name) == 0)
            return &crash_scripts[i];
    for (size_t i = 0; i < fault_script_count; i++)
        if (strcmp(fault_scripts[i].name, name) == 0)
            return &fault_scripts[i];
    fprintf(stderr, "fault_walk: no such script\n");
    exit(2);
}

static bool is_meant(const char *name, const struct fault *fault)
{
    if (strcmp(name, "storage") == 0)
        return fault->fault_class == FAULT_STORAGE;
    return strcmp(name, fault->name) == 0;
}

int main(int argc, char **argv)
{
    uint64_t broken = 0;

    if (argc < 3)
        return 2;
    walk.script = find(argv[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    walk.verdict = mmap(NULL, sizeof *walk.verdict, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(walk.root, sizeof walk.root, SCRATCH "/fault-%d", (int)getpid());
    make_stage();
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (argc > 3 && !is_meant(argv[3], &faults[i]))
            continue;
        if (argc > 4) {
            walk.fault = &faults[i];
            broken += try_one(strtoull(argv[4], NULL, 10), &(struct sum){0}) && walk.verdict->wrong[0] != '\0';
        } else {
            broken += try_all(&faults[i], strtoull(argv[2], NULL, 10));
        }
    }
    clear_root();
    rmdir(walk.root);
    return broken != 0;
}
