/* reserve_play.c - stories: played, compared after each turn, and cut down to what matters. */
#include "reserve_play.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL_EVERY     64 /* turns */
#define SHOWN_EVERY   16
#define LIMIT_SECONDS 300
#define LINE_SIZE     400

struct stage {
    struct broker broker;
    struct world world;
    struct played *played;
    struct command queue[TURN_MAX + 1];
    Batch__Command *sent[TURN_MAX + 1];
    size_t count;
    int turns;
    bool doubt;
    int64_t at_ms;                         /* of the last turn */
    uint64_t refused_places, refused_asks; /* since the ledger was read: for want of one; for whatever reason */
};

static void count_refusal(struct stage *stage, const struct command *command, const char *code)
{
    static const char *const places[] = {"NO_FREE",  "RESERVED",        "GENERAL_CLOSED", "NOT_OPEN_YET",
                                         "STARTED",  "NOT_CONSECUTIVE", "UNIT_TAKEN",     "BLOCK_EATS_RESERVE",
                                         "HOLD_LOST"};

    if (command->op != OP_HOLD && command->op != OP_BOOK && command->op != OP_CONFIRM && command->op != OP_MOVE &&
        command->op != OP_BLOCK)
        return;
    stage->refused_asks++;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        stage->refused_places += strcmp(places[i], code) == 0;
}

static bool step(struct stage *stage, const struct command *command, const Referral__Reply *reply)
{
    struct answer answer;
    bool there = reserve_judge(&stage->world, command, &answer), refused = reply != NULL && reply->n_refusals != 0;

    assert(there);
    if (!refused && answer.code_count == 0)
        reserve_perform(&stage->world, command, &answer);
    stage->played->asked += command->op != OP_CLOCK;
    if (refused)
        count_refusal(stage, command, reply->refusals[0]->code);
    (refused ? stage->played->refused : stage->played->accepted)[command->op]++;
    return broker_agrees(&stage->broker, &stage->world, command, &answer, reply);
}

/* REFERRALD_SHOW=1: both pictures after each turn. */
static void show_turn(struct stage *stage)
{
    char line[LINE_SIZE];

    if (getenv("REFERRALD_SHOW") == NULL)
        return;
    for (size_t i = 0; i < stage->count; i++) {
        reserve_tell(line, sizeof line, &stage->queue[i]);
        fprintf(stdout, "%s\n", line);
    }
    broker_show(&stage->broker, &stage->world);
    fprintf(stdout, "%s", stage->broker.trouble);
    fflush(stdout);
    stage->broker.trouble[0] = '\0';
}

/* Q13: every refusal of a place is a row, and nothing else is. */
static bool refusals_agree(struct stage *stage)
{
    uint64_t rows = stage->broker.refused_rows, least = stage->refused_places, most = stage->refused_asks;

    stage->refused_places = stage->refused_asks = 0;
    if (rows >= least && rows <= most)
        return true;
    return broker_differs(&stage->broker, "%llu refusals in the ledger, of at least %llu and at most %llu\n",
                          (unsigned long long)rows, (unsigned long long)least, (unsigned long long)most);
}

static bool finish_turn(struct stage *stage, bool compares)
{
    Referral__Reply *replies[TURN_MAX + 1];

    if (stage->count == 0)
        return true;
    stage->broker.doubt = stage->queue[0].doubt;
    if (!broker_turn_through(&stage->broker, stage->at_ms, stage->sent, stage->count,
                             stage->queue[stage->count - 1].label, replies))
        return false;
    for (size_t i = 0; i < stage->count; i++)
        if (!step(stage, &stage->queue[i], replies[i])) {
            char line[LINE_SIZE];

            reserve_tell(line, sizeof line, &stage->queue[i]);
            return broker_differs(&stage->broker, "  at %s\n", line);
        }
    show_turn(stage);
    stage->count = 0;
    if (compares &&
        (!broker_compare(&stage->broker, &stage->world, stage->turns++ % ALL_EVERY == 0) || !refusals_agree(stage)))
        return false;
    if (compares && stage->turns % SHOWN_EVERY == 0 && !broker_shows(&stage->broker, &stage->world))
        return false;
    arena_reset(&stage->broker.keep, 1 << 20);
    return true;
}

static bool queue_one(struct stage *stage, const struct command *command)
{
    Batch__Command *sent;

    if (stage->count == TURN_MAX && !finish_turn(stage, true))
        return false;
    sent = broker_command(&stage->broker, &stage->world, command);
    if (sent == NULL) { /* what it names may be made in this turn */
        if (!finish_turn(stage, true))
            return false;
        sent = broker_command(&stage->broker, &stage->world, command);
    }
    if (sent == NULL)
        return true;
    stage->queue[stage->count] = *command;
    stage->sent[stage->count++] = sent;
    return true;
}

static bool queue_clock(struct stage *stage, const struct command *before)
{
    struct command clock = reserve_clock_before(before);

    return queue_one(stage, &clock);
}

/* As the daemon does: the clock comes round whenever something is due. */
static bool let_time_pass(struct stage *stage, const struct command *command)
{
    struct command clock = reserve_clock_before(command);
    int64_t next;

    while (stage->at_ms != 0 && (next = reserve_next_instant(&stage->world, stage->at_ms)) != 0 &&
           next < command->at_ms) {
        stage->at_ms = clock.at_ms = next;
        if (!queue_one(stage, &clock) || !finish_turn(stage, true))
            return false;
    }
    return true;
}

static bool play_one(struct stage *stage, const struct command *command)
{
    bool moves_on = command->at_ms > stage->at_ms || command->doubt != stage->doubt;

    if ((moves_on || command->apart || command->late) && !finish_turn(stage, true))
        return false;
    if (!command->late && stage->doubt == command->doubt && !let_time_pass(stage, command))
        return false;
    stage->doubt = stage->world.doubt = command->doubt;
    stage->at_ms = command->at_ms;
    if (moves_on && !command->late && !queue_clock(stage, command))
        return false;
    if (command->apart && !finish_turn(stage, true))
        return false;
    if (!queue_one(stage, command))
        return false;
    /* What nobody touched is late: it is looked at when the clock has come round. */
    return !command->late || (finish_turn(stage, false) && queue_clock(stage, command) && finish_turn(stage, true));
}

static void play_here(const struct ground *ground, const struct command *commands, int count, struct played *played)
{
    struct stage *stage = calloc(1, sizeof *stage);

    stage->played = played;
    reserve_init(&stage->world);
    broker_open(&stage->broker, ground);
    played->same = true;
    for (int i = 0; i < count && played->same; i++) {
        played->at = i;
        played->same = play_one(stage, &commands[i]);
    }
    stage->turns = 0;
    played->same = played->same && finish_turn(stage, true) && broker_compare(&stage->broker, &stage->world, true) &&
                   broker_replays(&stage->broker, &stage->world);
    if (!played->same)
        broker_show(&stage->broker, &stage->world);
    memcpy(played->trouble, stage->broker.trouble, sizeof played->trouble);
    broker_close(&stage->broker);
    free(stage);
}

/* What an assertion of a child said. */
static void read_last_words(FILE *words, struct played *played)
{
    size_t got;

    rewind(words);
    got = fread(played->trouble, 1, sizeof played->trouble - 1, words);
    played->trouble[got] = '\0';
}

void play(const struct ground *ground, const struct command *commands, int count, struct played *ret_played)
{
    struct played *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FILE *words = tmpfile();
    int status;
    pid_t child;

    assert(shared != MAP_FAILED && words != NULL);
    fflush(NULL);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        dup2(fileno(words), STDERR_FILENO);
        alarm(LIMIT_SECONDS);
        play_here(ground, commands, count, shared);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        shared->same = false;
        read_last_words(words, shared);
    }
    *ret_played = *shared;
    fclose(words);
    munmap(shared, sizeof *shared);
}

/* ---- The shortest story ---- */

static bool still_differs(const struct ground *ground, const struct command *commands, int count)
{
    struct played *played = calloc(1, sizeof *played);
    bool differs;

    play(ground, commands, count, played);
    differs = !played->same;
    free(played);
    return differs;
}

/* Without commands [from, from + gone). */
static int without(struct command *out, const struct command *commands, int count, int from, int gone)
{
    memcpy(out, commands, (size_t)from * sizeof *out);
    memcpy(out + from, commands + from + gone, (size_t)(count - from - gone) * sizeof *out);
    return count - gone;
}

/* The same, looked at after each command, if that shows the difference too. */
static void tell_apart(const struct ground *ground, struct command *commands, int count, struct command *room)
{
    memcpy(room, commands, (size_t)count * sizeof *room);
    for (int i = 0; i < count; i++)
        room[i].apart = true;
    if (still_differs(ground, room, count))
        memcpy(commands, room, (size_t)count * sizeof *commands);
}

int play_shrink(const struct ground *ground, struct command *commands, int count)
{
    struct command *shorter = calloc((size_t)count + 1, sizeof *shorter);
    bool again = true;

    tell_apart(ground, commands, count, shorter);

    for (int gone = count / 2; gone >= 1 && again; gone = gone == 1 && again ? 1 : gone / 2) {
        bool helped = false;

        for (int from = count - gone; from >= 0; from -= gone) {
            int left = without(shorter, commands, count, from, gone);

            if (!still_differs(ground, shorter, left))
                continue;
            memcpy(commands, shorter, (size_t)left * sizeof *commands);
            count = left;
            helped = true;
        }
        again = gone > 1 || helped;
    }
    free(shorter);
    return count;
}

void play_tell(const struct command *commands, int count, const struct played *played)
{
    char line[LINE_SIZE];

    for (int i = 0; i < count; i++) {
        reserve_tell(line, sizeof line, &commands[i]);
        fprintf(stderr, "%s\n", line);
    }
    fprintf(stderr, "=> %s\n", played->trouble);
}
