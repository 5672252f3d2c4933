/* sim_run.c - a play in a process of its own, many of them, and the shortest story of one that fails. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim_inside.h"

#define COMPARE_EVERY 250
#define SHRINK_PLAYS  400

void sim_fail(struct sim *s, const char *format, ...)
{
    va_list arguments;

    if (s->out->failed)
        return;
    s->out->failed = true;
    va_start(arguments, format);
    vsnprintf(s->out->why, sizeof s->out->why, format, arguments);
    va_end(arguments);
}

void sim_tell(struct sim *s, const char *format, ...)
{
    va_list arguments;
    int size;

    if (!s->tells || s->story_used + 300 > SIM_STORY)
        return;
    s->story_used += (size_t)snprintf(s->out->story + s->story_used, 40, "[%9.3f] ",
                                      (double)(s->now.now.ms - 1772413200000LL) / 1000);
    va_start(arguments, format);
    size = vsnprintf(s->out->story + s->story_used, 240, format, arguments);
    va_end(arguments);
    s->story_used += size < 240 ? (size_t)size : 239;
    s->out->story[s->story_used++] = '\n';
    s->out->story[s->story_used] = '\0';
}

static void play_here(const struct sim_step *steps, size_t count, bool tell, struct sim_result *result)
{
    struct sim *s = calloc(1, sizeof *s);

    cr_assert_not_null(s);
    s->out = result;
    sim_open(s);
    s->tells = tell;
    sim_connect_all(s);
    for (size_t i = 0; i < count && !sim_failed(s); i++) {
        result->at = i;
        sim_act(s, &steps[i]);
        if (i % COMPARE_EVERY == COMPARE_EVERY - 1 && !sim_failed(s))
            sim_compare(s, (enum house)(s->out->compared % INBOXES));
    }
    if (!sim_failed(s)) {
        result->at = count;
        sim_drain(s);
    }
    result->turns = turn_counters(s->turn).turns;
    memcpy(result->seen, places_seen(&s->model), sizeof result->seen);
    sim_disk(s, false);
    sim_close(s);
    free(s);
}

void sim_play(const struct sim_step *steps, size_t count, bool tell, struct sim_result *ret_result)
{
    int status;
    pid_t child;

    memset(ret_result, 0, offsetof(struct sim_result, story));
    ret_result->digest = 0xcbf29ce484222325ULL;
    ret_result->story[0] = '\0';
    fflush(NULL);
    child = fork();
    if (child == 0) {
        play_here(steps, count, tell, ret_result);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    if (status == 0 || ret_result->failed)
        return;
    ret_result->failed = true;
    snprintf(ret_result->why, sizeof ret_result->why, "the broker died (status %d)", status);
}

struct sim_result *sim_result_open(void)
{
    void *shared = mmap(NULL, sizeof(struct sim_result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return shared == MAP_FAILED ? NULL : shared;
}

void sim_result_close(struct sim_result *result)
{
    munmap(result, sizeof *result);
}

/* ---- Shrinking ---- */

static bool fails(const struct sim_step *steps, size_t count, struct sim_result *scratch)
{
    sim_play(steps, count, false, scratch);
    return scratch->failed;
}

/* Without the steps from `from` on: is it as bad? Then they go. */
static bool try_without(struct sim_step *steps, size_t *count, size_t from, size_t size, struct sim_result *scratch)
{
    struct sim_step *fewer = calloc(*count, sizeof *fewer);
    bool failed;

    if (size > *count - from)
        size = *count - from;
    memcpy(fewer, steps, from * sizeof *fewer);
    memcpy(fewer + from, steps + from + size, (*count - from - size) * sizeof *fewer);
    failed = fails(fewer, *count - size, scratch);
    if (failed) {
        *count -= size;
        if (scratch->at + 1 < *count)
            *count = scratch->at + 1;
        memcpy(steps, fewer, *count * sizeof *fewer);
    }
    free(fewer);
    return failed;
}

size_t sim_shrink(struct sim_step *steps, size_t count, struct sim_result *scratch)
{
    int plays = 0;

    for (size_t size = count / 2; size != 0 && plays < SHRINK_PLAYS;) {
        bool any = false;

        for (size_t from = count; from != 0 && plays < SHRINK_PLAYS; plays++) {
            from = from > size ? from - size : 0;
            if (from < count)
                any |= try_without(steps, &count, from, size, scratch);
            if (from > count)
                from = count;
        }
        if (!any || size > 1)
            size = size == 1 && any ? 1 : size / 2;
    }
    return count;
}

/* ---- Many ---- */

static void add(struct sim_result *sum, const struct sim_result *one)
{
    sum->digest = sum->digest * 0x100000001b3ULL ^ one->digest;
    sum->turns += one->turns;
    sum->commands += one->commands;
    sum->accepted += one->accepted;
    sum->refused += one->refused;
    sum->deliveries += one->deliveries;
    sum->redeliveries += one->redeliveries;
    sum->acks += one->acks;
    sum->deads += one->deads;
    sum->crashes += one->crashes;
    sum->compared += one->compared;
    sum->parked += one->parked;
    sum->archived += one->archived;
    sum->forgotten += one->forgotten;
    for (size_t i = 0; i < SIM_ACTS; i++)
        sum->acts[i] += one->acts[i];
    for (size_t i = 0; i < SEEN_COUNT; i++)
        sum->seen[i] += one->seen[i];
    for (size_t i = 0; i < SIM_KINDS; i++) {
        sum->places[i] += one->places[i];
        sum->no_places[i] += one->no_places[i];
    }
}

static void tell_failure(uint64_t seed, struct sim_step *steps, size_t count, struct sim_result *result)
{
    fprintf(stderr, "REFERRALD_SEED=%llu: %s (after step %zu)\n", (unsigned long long)seed, result->why, result->at);
    count = sim_shrink(steps, result->at + 1 < count ? result->at + 1 : count, result);
    sim_play(steps, count, true, result);
    fprintf(stderr, "the shortest story found, %zu steps:\n%s=> %s\n", count, result->story, result->why);
}

bool sim_run(uint64_t seed, uint64_t steps, struct sim_result *sum)
{
    struct sim_step *list = calloc(SIM_EPISODE, sizeof *list);
    struct sim_result *one = sim_result_open();
    bool sound = true;

    for (; steps != 0 && sound; seed++) {
        size_t count = steps < SIM_EPISODE ? steps : SIM_EPISODE;

        sim_invent(seed, list, count);
        sim_play(list, count, false, one);
        add(sum, one);
        steps -= count;
        sound = !one->failed;
        if (!sound)
            tell_failure(seed, list, count, one);
    }
    sim_result_close(one);
    free(list);
    return sound;
}
