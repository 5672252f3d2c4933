/* reserve_every.c - small pools exhaustively: every state that can be reached, breadth first, and in each of them every
 * operation; at this instant, and late at the next one that matters. What the operation leads to is thrown away after
 * it was compared; states come back by playing the shortest way to them.
 *
 * REFERRALD_LONG=1 goes on to many more states of each pool. */
#include "reserve_moves.h"
#include "reserve_play.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATES      100 /* of each start, in the suite */
#define STATES_LONG 4000
#define PATH_MAX_   64
#define REFERRALS   3
#define SEEN        (1 << 16)

/* How a search begins: one pool, or two of a group. */
struct start {
    int units[2]; /* of slots 0 and 2, which are of the same day */
    int reserve_bp, span;
    bool grouped, short_notice;
};

struct node {
    int parent;
    struct command step;
};

/* What parent and child share: how far the search is, and where it failed. */
struct tale {
    bool same;
    uint64_t states, tries;
    struct command path[PATH_MAX_];
    int count;
    char trouble[TROUBLE_SIZE];
};

struct search {
    struct ground ground; /* of this start */
    struct broker broker, begun;
    struct world begin, here, there;
    int slots[2], slot_count;
    struct node *nodes;
    int count, limit;
    uint64_t seen[SEEN];
    struct tale *tale;
};

/* ---- The start ---- */

static struct command blank(enum op op, int label, int64_t at_ms)
{
    return (struct command){.op = op,
                            .label = label,
                            .at_ms = at_ms,
                            .who = WHO_H1,
                            .referral = NOBODY,
                            .booking = {NOBODY, 0},
                            .entry = {NOBODY, 0}};
}

/* Short notice: published the day before. */
static int start_commands(const struct start *start, struct command *ret_commands)
{
    int64_t at_ms = RESERVE_BASE + (start->short_notice ? DAY_MS + 4 * HOUR_MS : 0);
    int count = 0;

    for (int i = 0; i < REFERRALS; i++) {
        struct command *command = &ret_commands[count];

        *command = blank(OP_SUBMIT, count, at_ms);
        command->who = WHO_T07;
        command->team = 1;
        command->patient = i;
        command->priority = REFERRAL__PRIORITY__ROUTINE;
        command->receiver = WHO_H1;
        count++;
    }
    for (int i = 0; i < 2; i++) {
        struct command *command = &ret_commands[count];

        if (i == 1 && !start->grouped)
            break;
        *command = blank(OP_PUT, count, at_ms);
        command->slot = i == 0 ? 0 : 2;
        command->run_count = start->units[i] > 0 ? 1 : 0;
        command->runs[0] = (struct run){start->units[i], 600, 10};
        command->reserve_bp = start->reserve_bp;
        command->span = start->span;
        count++;
    }
    if (start->grouped) {
        ret_commands[count] = blank(OP_GROUP, count, at_ms);
        count++;
    }
    return count;
}

/* ---- One step, on both sides ---- */

static bool step(struct search *search, struct world *world, const struct command *command)
{
    Batch__Command *sent = broker_command(&search->broker, world, command);
    Referral__Reply *reply;
    struct answer answer;
    bool refused;

    assert(sent != NULL);
    broker_apply(&search->broker, command->at_ms, &sent, 1, &reply);
    if (!reserve_judge(world, command, &answer))
        return broker_differs(&search->broker, "names what is not there\n");
    refused = reply != NULL && reply->n_refusals != 0;
    if (!refused && answer.code_count == 0)
        reserve_perform(world, command, &answer);
    return broker_agrees(&search->broker, world, command, &answer, reply);
}

/* Committed, and its ledger read. */
static bool step_for_good(struct search *search, const struct command *command)
{
    bool same;

    broker_begin(&search->broker);
    same = step(search, &search->here, command);
    broker_commit(&search->broker);
    same = same && broker_compare(&search->broker, &search->here, false);
    arena_reset(&search->broker.keep, 1 << 20);
    return same;
}

/* What was tried did not happen: what it made has no id. */
static void forget(struct search *search, int bookings, int entries)
{
    for (int i = bookings; i < search->there.booking_count; i++)
        search->broker.bookings[i] = (struct id){0};
    for (int i = entries; i < search->there.entry_count; i++)
        search->broker.entries[i] = (struct id){0};
    for (int i = 0; i < search->there.booking_count; i++)
        search->broker.seen_bookings[i] = 0;
    for (int i = 0; i < search->there.referral_count; i++)
        search->broker.seen_referrals[i] = 0;
}

/* A late one comes before the clock, at an instant at which something is due. */
static bool try_one(struct search *search, const struct command *move)
{
    struct command clock = reserve_clock_before(move);
    bool same;

    reserve_copy(&search->there, &search->here);
    broker_begin(&search->broker);
    same = step(search, &search->there, move);
    if (same && move->late)
        same = step(search, &search->there, &clock);
    same = same && broker_compare(&search->broker, &search->there, true);
    if (!same)
        broker_show(&search->broker, &search->there);
    broker_abort(&search->broker);
    forget(search, search->here.booking_count, search->here.entry_count);
    arena_reset(&search->broker.keep, 1 << 20);
    search->tale->tries++;
    return same;
}

/* ---- The search ---- */

static bool is_new(struct search *search, uint64_t hash)
{
    uint64_t at = hash % SEEN;

    while (search->seen[at] != 0 && search->seen[at] != hash)
        at = (at + 1) % SEEN;
    if (search->seen[at] == hash)
        return false;
    search->seen[at] = hash;
    return true;
}

/* Commands that lead to a state; they stand in the tale, should one of them not be survived. */
static int path_to(struct search *search, int node)
{
    struct command *path = search->tale->path;
    int count = 0;

    for (int at = node; at > 0; at = search->nodes[at].parent)
        count++;
    assert(count < PATH_MAX_ - 1);
    search->tale->count = count;
    for (int at = node; at > 0; at = search->nodes[at].parent)
        path[--count] = search->nodes[at].step;
    return search->tale->count;
}

static bool go_to(struct search *search, int node)
{
    int count = path_to(search, node);

    reserve_copy(&search->here, &search->begin);
    broker_open(&search->broker, &search->ground);
    broker_remember(&search->broker, &search->begun);
    for (int i = 0; i < count; i++)
        if (!step_for_good(search, &search->tale->path[i]))
            return false;
    return true;
}

static bool try_all(struct search *search, int node)
{
    static struct command moves[MOVES_MAX];
    struct tale *tale = search->tale;
    int label = 100 + tale->count, count = moves_of(&search->here, search->slots, search->slot_count, label, moves);
    int64_t next = reserve_next_instant(&search->here, search->here.now);

    for (int i = 0; i < count; i++) {
        tale->path[tale->count] = moves[i];
        if (!try_one(search, &tale->path[tale->count]))
            return false;
        if (search->count < search->limit && is_new(search, reserve_hash(&search->there)))
            search->nodes[search->count++] = (struct node){node, moves[i]};
        if (moves[i].op == OP_CLOCK)
            continue;
        tale->path[tale->count].late = true;
        tale->path[tale->count].at_ms = next;
        if (next != 0 && !try_one(search, &tale->path[tale->count]))
            return false;
    }
    return true;
}

static bool begin(struct search *search, const struct ground *ground, const struct start *start)
{
    struct command commands[PATH_MAX_];
    int count = start_commands(start, commands);
    bool same = true;

    search->slots[0] = 0;
    search->slots[1] = 2;
    search->slot_count = start->grouped ? 2 : 1;
    ground_derive(&search->ground, ground, "start");
    broker_open_ground(&search->broker, &search->ground);
    for (int i = 0; i < count && same; i++) {
        search->tale->path[i] = commands[i];
        search->tale->count = i;
        same = step_for_good(search, &commands[i]);
    }
    reserve_copy(&search->begin, &search->here);
    memcpy(&search->begun, &search->broker, sizeof search->begun);
    broker_close_ground(&search->broker);
    return same;
}

static void look_everywhere(const struct ground *ground, const struct start *start, int limit, struct tale *tale)
{
    struct search *search = calloc(1, sizeof *search);

    search->tale = tale;
    search->limit = limit;
    search->nodes = calloc((size_t)limit, sizeof *search->nodes);
    tale->same = begin(search, ground, start);
    search->count = 1;
    is_new(search, reserve_hash(&search->begin));
    for (int node = 0; node < search->count && tale->same; node++) {
        tale->same = go_to(search, node) && try_all(search, node);
        tale->states++;
        if (!tale->same)
            memcpy(tale->trouble, search->broker.trouble, sizeof tale->trouble);
        broker_close(&search->broker);
    }
}

/* ---- One start in a process of its own ---- */

static void tell(const struct start *start, const struct tale *tale)
{
    struct command commands[PATH_MAX_];
    int count = start_commands(start, commands);
    char line[400];

    for (int i = 0; i < count; i++) {
        reserve_tell(line, sizeof line, &commands[i]);
        fprintf(stderr, "%s\n", line);
    }
    for (int i = 0; i <= tale->count; i++) {
        reserve_tell(line, sizeof line, &tale->path[i]);
        fprintf(stderr, "%s\n", line);
    }
    fprintf(stderr, "=> %s\n", tale->trouble);
}

static void search_from(const struct ground *ground, const struct start *start, int limit, struct tale *sum)
{
    struct tale *tale = mmap(NULL, sizeof *tale, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t child;

    assert(tale != MAP_FAILED);
    fflush(NULL);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        look_everywhere(ground, start, limit, tale);
        _exit(0);
    }
    waitpid(child, &status, 0);
    tale->same = tale->same && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    sum->states += tale->states;
    sum->tries += tale->tries;
    if (!tale->same)
        tell(start, tale);
    cr_assert(tale->same, "C %d and %d, p %d, span %d", start->units[0], start->units[1], start->reserve_bp,
              start->span);
    munmap(tale, sizeof *tale);
}

static int state_limit(void)
{
    const char *is_long = getenv("REFERRALD_LONG"), *some = getenv("REFERRALD_STATES");

    if (some != NULL)
        return atoi(some);
    return is_long != NULL && strcmp(is_long, "1") == 0 ? STATES_LONG : STATES;
}

static void search_all(const struct start *starts, int count)
{
    struct tale *sum = calloc(1, sizeof *sum);

    for (int i = 0; i < count; i++) {
        struct ground ground;

        ground_open(&ground);
        search_from(&ground, &starts[i], state_limit(), sum);
        ground_close(&ground);
    }
    fprintf(stderr, "%llu states, %llu operations tried\n", (unsigned long long)sum->states,
            (unsigned long long)sum->tries);
    cr_assert_gt(sum->tries, 40 * sum->states);
    free(sum);
}

Test(reserve_every, q1_to_q15_every_state_and_operation_of_one_small_pool)
{
    static const int shares[] = {2000, 5000, 10000};
    struct start starts[64];
    int count = 0;

    for (int units = 0; units <= 6; units++)
        for (int s = 0; s < 3; s++)
            for (int span = 1; span <= 3; span++)
                if (span == 1 || (span <= units && shares[s] == 5000))
                    starts[count++] = (struct start){.units = {units}, .reserve_bp = shares[s], .span = span};
    search_all(starts, count);
}

Test(reserve_every, q6_every_state_and_operation_of_a_pool_at_short_notice)
{
    static const struct start starts[] = {
        {.units = {1}, .reserve_bp = 2000, .span = 1, .short_notice = true},
        {.units = {4}, .reserve_bp = 5000, .span = 1, .short_notice = true},
        {.units = {6}, .reserve_bp = 5000, .span = 2, .short_notice = true},
    };

    search_all(starts, 3);
}

Test(reserve_every, q11_every_state_and_operation_of_a_group)
{
    static const struct start starts[] = {
        {.units = {1, 1}, .reserve_bp = 2000, .span = 1, .grouped = true},
        {.units = {2, 1}, .reserve_bp = 5000, .span = 1, .grouped = true},
        {.units = {2, 2}, .reserve_bp = 2000, .span = 1, .grouped = true},
        {.units = {3, 3}, .reserve_bp = 5000, .span = 2, .grouped = true},
        {.units = {1, 5}, .reserve_bp = 2000, .span = 1, .grouped = true},
        {.units = {0, 4}, .reserve_bp = 5000, .span = 3, .grouped = true},
    };

    search_all(starts, 6);
}
