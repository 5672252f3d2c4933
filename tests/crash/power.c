/* power.c - power cuts: plays a script, makes the disks that a cut at any moment could have left, and starts the broker on each (D1, D2).
 *
 *     crash_power SCRIPT STATES SEED [nosync|nometasync|early]
 *
 * To be run with the recorder preloaded. A disk is sound if the broker opens it and finds a turn of the script there, byte for byte, none
 * older than what it had said to anybody; if everything verifies (rows, sums, chain, books, ledgers); if commands it had accepted are
 * answered as before when they are sent again; and if it takes new work. Of some disks the start itself is cut again. The third word plants a
 * weakness, which must be found: exit 0 without one, 1 where a disk is not sound. */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/scripts.h"
#include "crash/states.h"
#include "engine/inbox.h"
#include "story/world_inside.h"

#define TURNS_MAX     4096
#define ASKED_MAX     4096
#define WORKERS       2
#define MAP_BYTES     (32U << 20) /* of the disks: a store puts by blocks in proportion */
#define AGAIN_MOST    3           /* accepted commands sent again on each disk */
#define SECOND_EACH   100         /* of so many disks one is cut again while it starts */
#define SECOND_STATES 20

struct asked { /* a command of the script, as it was sent */
    uint8_t key[32];
    struct bytes envelope;
    uint64_t request, said_index; /* of the turn that accepted it; 0: none did */
    size_t note;                  /* that said so */
};

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
    bool says_early, is_recording;

    uint8_t digests[TURNS_MAX][STORE_DIGEST_SIZE]; /* of the chain after each turn */
    struct asked asked[ASKED_MAX];
    size_t asked_count, note_count;
    uint64_t *needed; /* before each note: the turn that must be there */

    /* On a disk: what was answered to the request sent last. */
    uint64_t awaited, answered_index;
    bool was_refused;

    const char *name;
    uint64_t seed;
    size_t worker;
    struct tally *tally;
    char directory[128];
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

static void note_asked(const uint8_t key[32], ProtobufCBinaryData envelope)
{
    const Referral__Envelope *read = referral__envelope__unpack(&power.w->allocator, envelope.len, envelope.data);
    const struct kind_info *kind = kind_info((uint32_t)read->kind);
    struct asked *asked = &power.asked[power.asked_count];

    if (kind->class != KIND_COMMAND || power.asked_count == ASKED_MAX)
        return;
    *asked = (struct asked){.request = read->request, .envelope.size = envelope.len};
    memcpy(asked->key, key, sizeof asked->key);
    asked->envelope.data = arena_alloc(&power.w->arena, envelope.len);
    memcpy((uint8_t *)asked->envelope.data, envelope.data, envelope.len);
    power.asked_count++;
}

void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock)
{
    if (power.is_recording) {
        const Referral__Frame *read = referral__frame__unpack(&power.w->allocator, frame.size, frame.data);

        for (size_t i = 0; i < read->n_envelopes; i++)
            note_asked(key, read->envelopes[i]);
    }
    __real_turn_receive(turn, peer, key, frame, clock);
}

/* What somebody heard must be there after any cut from now on. */
static void promise(uint64_t index)
{
    power.needed = realloc(power.needed, (power.note_count + 2) * sizeof *power.needed);
    assert(power.needed != NULL);
    power.needed[0] = 0;
    power.needed[power.note_count + 1] =
        index > power.needed[power.note_count] ? index : power.needed[power.note_count];
    power.note_count++;
    power.note(index, "", 0);
}

static void hear_reply(const Referral__Reply *reply)
{
    if (!power.is_recording && reply->request == power.awaited) {
        power.answered_index = reply->index;
        power.was_refused = reply->n_refusals != 0;
    }
    for (size_t i = 0; power.is_recording && i < power.asked_count; i++)
        if (power.asked[i].request == reply->request && reply->n_refusals == 0) {
            promise(reply->index);
            power.asked[i].said_index = reply->index;
            power.asked[i].note = power.note_count;
        }
}

static void hear_delivery(const Referral__Delivery *delivery)
{
    struct inbox_ref ref;
    uint32_t incarnation;
    struct bytes id = bytes_of(delivery->delivery_id.data, delivery->delivery_id.len);

    if (power.is_recording && delivery_id_decode(id, &incarnation, &ref))
        promise(ref.index);
}

int __wrap_world_port_send(void *user, uint64_t number, struct bytes frame)
{
    if (power.w == NULL)
        return __real_world_port_send(user, number, frame);

    ProtobufCAllocator *allocator = &power.w->allocator;
    const Referral__Frame *read = referral__frame__unpack(allocator, frame.size, frame.data);

    for (size_t i = 0; i < read->n_envelopes; i++) {
        const Referral__Envelope *envelope =
            referral__envelope__unpack(allocator, read->envelopes[i].len, read->envelopes[i].data);

        if (envelope->kind == REFERRAL__KIND__REPLY)
            hear_reply(referral__reply__unpack(allocator, envelope->body.len, envelope->body.data));
        else if (envelope->kind == REFERRAL__KIND__DELIVERY)
            hear_delivery(referral__delivery__unpack(allocator, envelope->body.len, envelope->body.data));
    }
    return __real_world_port_send(user, number, frame);
}

int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    struct store *store = store_of(txn);

    if (power.says_early && power.is_recording)
        promise(turn->index); /* a planted fault: somebody hears of it before it is there */

    int failure = __real_store_turn_end(txn, turn);

    assert(turn->index < TURNS_MAX);
    if (failure == 0)
        memcpy(power.digests[turn->index], store_mark(store).digest, STORE_DIGEST_SIZE);
    return failure;
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

static const char *name_of_key(const uint8_t key[32])
{
    static const char *const names[] = {"T07", "H1", "C1", "V1", "OP"};
    uint8_t its[32];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        world_key(its, names[i]);
        if (memcmp(its, key, sizeof its) == 0)
            return names[i];
    }
    return NULL;
}

/* An accepted command, byte for byte, on a connection of its own: NULL if it is answered as before. */
static const char *ask_again(const struct asked *asked)
{
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData envelope = {.data = (uint8_t *)asked->envelope.data, .len = asked->envelope.size};
    const char *who = name_of_key(asked->key);
    const struct peer *peer;

    if (who == NULL)
        return NULL;
    world_connect(power.w, arena_format(&power.w->arena, "%s/%zu", who, power.w->peer_count), 0);
    peer = &power.w->peers[power.w->peer_count - 1];
    frame.has_session = true;
    frame.session = peer->session;
    frame.envelopes = &envelope;
    frame.n_envelopes = 1;
    power.awaited = asked->request;
    power.answered_index = 0;
    power.was_refused = false;
    turn_receive(power.w->turn, peer->number, asked->key, wire_pack(&frame.base, &power.w->arena), power.w->clock);
    world_settle(power.w);
    if (power.was_refused)
        return "a command that was accepted is refused";
    return power.answered_index == asked->said_index ? NULL : "a command that was accepted is done twice";
}

static const char *ask_some_again(const struct crash_state *state)
{
    const char *wrong = NULL;
    size_t left = AGAIN_MOST;

    for (size_t i = power.asked_count; i-- != 0 && left != 0 && wrong == NULL;) {
        const struct asked *asked = &power.asked[i];

        if (asked->said_index == 0 || asked->note > state->notes)
            continue;
        wrong = ask_again(asked);
        left--;
    }
    return wrong;
}

/* NULL: sound. Whatever asserts on the way ends the worker, and is held against the disk too. */
static const char *examine(const struct crash_state *state, const char *directory)
{
    struct world *w = power.w;
    const char *wrong;

    w->name_count = w->booking_count = w->entry_count = w->pool_count = 0; /* ids may be given anew */
    if (world_stand_up(w, directory) != 0)
        return "the store does not open";

    struct store_mark mark = store_mark(w->store);

    if (mark.index < power.needed[state->notes])
        return "a turn is lost that somebody has heard of";
    if (memcmp(mark.digest, power.digests[mark.index], sizeof mark.digest) != 0)
        return "the last turn is not one of the script";
    world_judge(w);
    wrong = ask_some_again(state);
    if (wrong != NULL)
        return wrong;
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
    wrong = examine(state, directory);
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
    struct second second = {.first = state};
    struct crash_visitor visitor = {.user = &second, .visit = visit_second};
    struct recording recording;
    char log[160];

    memcpy(kept, power.digests, sizeof kept);
    snprintf(log, sizeof log, "%s.log", power.directory);
    disk_store(disk, power.directory);
    if (power.begin(log, power.directory) != 0)
        abort();
    if (examine(state, power.directory) != NULL)
        abort(); /* it was sound a moment ago */
    power.end();
    world_lie_down(power.w);
    power.w->peer_count = 0;
    recording_load(&recording, log);
    crash_states(disk, &recording, SECOND_STATES, power.seed + state->number, &visitor);
    recording_free(&recording);
    unlink(log);
    memcpy(power.digests, kept, sizeof kept);
}

static bool wants(void *user, const struct crash_state *state)
{
    const size_t *from = user;

    return state->number >= *from && state->number % WORKERS == power.worker;
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
    if (state->number % SECOND_EACH < WORKERS && tally->unsound == unsound)
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

static void work(const struct disk *before, const struct recording *recording, size_t budget, bool stops_early)
{
    size_t from = 0;

    snprintf(power.directory, sizeof power.directory, SCRATCH "/crash-%d", (int)getpid());
    while (from != SIZE_MAX && !(stops_early && power.tally->unsound != 0))
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
    if (strcmp(weakness, "nosync") == 0)
        power.weaken(RECORDER_NOSYNC);
    else if (strcmp(weakness, "nometasync") == 0)
        power.weaken(RECORDER_NOMETASYNC);
    else if (strcmp(weakness, "early") == 0)
        power.says_early = true;
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
    promise(0);
    power.note_count = 0;
    if (power.begin(log, power.w->directory) != 0)
        abort();
    power.is_recording = true;
    script->play(power.w);
    power.is_recording = false;
    power.end();
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

    for (size_t i = 0; i < WORKERS; i++) {
        done += tallies[i].done;
        unsound += tallies[i].unsound;
        second += tallies[i].second;
        if (tallies[i].first[0] != '\0')
            first = tallies[i].first;
    }
    printf("%s: %zu disks, %zu more of starts cut again, seed %lu: %zu not sound"
           " (recorded: %zu writes, %zu durable ones, %zu syncs, %zu things said)\n",
           power.name, done, second, (unsigned long)power.seed, unsound, count(recording, RECORDED_WRITE),
           count(recording, RECORDED_DURABLE), count(recording, RECORDED_SYNC), count(recording, RECORDED_NOTE));
    if (unsound != 0)
        printf("%s: %s\n", power.name, first);
    return done == 0 || unsound != 0;
}

static int run(const struct script *script, size_t budget, const char *weakness)
{
    struct tally *tallies =
        mmap(NULL, WORKERS * sizeof *tallies, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct disk before = {0};
    struct recording recording;
    pid_t workers[WORKERS];
    int verdict;

    assert(tallies != MAP_FAILED);
    power.name = script->name;
    play(script, weakness, &before, &recording);
    fflush(stdout);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            power.worker = i;
            power.tally = &tallies[i];
            work(&before, &recording, budget, weakness != NULL);
            _exit(0);
        }
    }
    for (size_t i = 0; i < WORKERS; i++)
        waitpid(workers[i], NULL, 0);
    verdict = judge_all(tallies, &recording);
    recording_free(&recording);
    disk_free(&before);
    return verdict;
}

int main(int argc, char **argv)
{
    find_recorder();
    if (argc < 4)
        return 2;
    power.seed = strtoull(argv[3], NULL, 10);
    for (size_t i = 0; i < crash_script_count; i++)
        if (strcmp(crash_scripts[i].name, argv[1]) == 0)
            return run(&crash_scripts[i], strtoull(argv[2], NULL, 10), argc > 4 ? argv[4] : NULL);
    fprintf(stderr, "crash_power: no such script\n");
    return 2;
}
