/* Every pool there can be up to a size, against the rule read aloud (Q1-Q3, Q6, Q10, Q14): all C, B and G, p in steps
 * of 5 %, F at its extremes and around R, before and at release.
 *
 * Short form: C up to 60. With REFERRALD_LONG=1: up to 500. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota_naive.h"
#include "rules/quota.h"

#define RELEASE 2000

/* What is compared; the control plants faults here. */
struct subject {
    const char *name;
    uint64_t (*reserve)(const struct quota *q);
    uint64_t (*reserved_now)(const struct quota *q, struct instant now);
    uint64_t (*deficit)(const struct quota *q, struct instant now);
    bool (*allows_block)(const struct quota *q, uint64_t count, struct instant now);
};
static const struct subject the_rules = {"rules", quota_reserve, quota_reserved_now, quota_deficit, quota_allows_block};

struct tally {
    const struct subject *subject;
    uint64_t pools, differences; /* pools: of C, p, span, B, G, F; each is asked before and at release */
    char first[160];
};

static void differ(struct tally *tally, const struct naive_pool *naive, const char *what)
{
    if (tally->differences++ == 0)
        snprintf(tally->first, sizeof tally->first, "%s: %s of C %ld, p %ld, span %ld, B %ld, G %ld, F %ld%s",
                 tally->subject->name, what, naive->C, naive->p, naive->span, naive->B, naive->G, naive->F,
                 naive->released ? ", released" : "");
}

/* How many more could be blocked, and that one more could not; so for what GENERAL may take, where units are single
 * (Q3). */
static void compare_limits(struct tally *tally, const struct naive_pool *naive, const struct quota *q,
                           struct instant now, uint64_t reserved)
{
    const struct subject *subject = tally->subject;
    long free = naive_free(naive), unmarked = free - (long)reserved;
    long blockable = naive->released ? free : free - (naive->R - naive->F);

    if (blockable > free)
        blockable = free;
    for (long count = blockable > 0 ? blockable : 0; count <= blockable + 1; count++)
        if (subject->allows_block(q, (uint64_t)count, now) != naive_allows_block(naive, count))
            differ(tally, naive, "a block");
    if (unmarked < 0)
        unmarked = 0;
    if (naive->span == 1 &&
        ((unmarked > 0 && !naive_allows_general(naive, unmarked)) || naive_allows_general(naive, unmarked + 1)))
        differ(tally, naive, "what is left to general");
}

static void compare(struct tally *tally, struct naive_pool *naive, bool released)
{
    const struct subject *subject = tally->subject;
    struct instant now = instant_of(released ? RELEASE : RELEASE - 1);
    struct quota q = {
        .capacity = (uint64_t)naive->C,
        .blocked = (uint64_t)naive->B,
        .general = (uint64_t)naive->G,
        .family = (uint64_t)naive->F,
        .reserve_bp = (uint32_t)naive->p,
        .span = (uint32_t)naive->span,
        .release_at = instant_of(RELEASE),
    };
    uint64_t reserved = subject->reserved_now(&q, now);

    naive->released = released;
    if (reserved != (uint64_t)naive_reserved_now(naive))
        differ(tally, naive, "m");
    if (subject->deficit(&q, now) != (uint64_t)naive_deficit(naive))
        differ(tally, naive, "the deficit");
    if (quota_free(&q) != (uint64_t)naive_free(naive))
        differ(tally, naive, "free");
    compare_limits(tally, naive, &q, now, reserved);
}

/* F at nothing, at all that is left, and on both sides of R. */
static void compare_family(struct tally *tally, struct naive_pool *naive)
{
    long room = naive->C - naive->B - naive->G;
    const long family[] = {0, room, naive->R - 1, naive->R, naive->R + 1};

    for (size_t i = 0; i < sizeof family / sizeof *family; i++) {
        if (family[i] < 0 || family[i] > room || (i > 1 && (family[i] == 0 || family[i] == room)) ||
            (i == 1 && room == 0))
            continue;
        naive->F = family[i];
        compare(tally, naive, false);
        compare(tally, naive, true);
        tally->pools++;
    }
}

static void compare_session(struct tally *tally, long C, long p, long span)
{
    struct naive_pool naive = {.C = C, .p = p, .span = span, .R = naive_reserve(C, p, span)};
    struct quota q = {.capacity = (uint64_t)C, .reserve_bp = (uint32_t)p, .span = (uint32_t)span};

    if (tally->subject->reserve(&q) != (uint64_t)naive.R)
        differ(tally, &naive, "R");
    for (naive.B = 0; naive.B <= C; naive.B++)
        for (naive.G = 0; naive.B + naive.G <= C; naive.G++)
            compare_family(tally, &naive);
}

static struct tally compare_all(const struct subject *subject, long C_max, long span)
{
    struct tally tally = {.subject = subject};

    for (long C = 0; C <= C_max; C++)
        for (long p = 2000; p <= 10000; p += 500)
            compare_session(&tally, C, p, span);
    return tally;
}

static bool is_long(void)
{
    const char *form = getenv("REFERRALD_LONG");

    return form != NULL && strcmp(form, "1") == 0;
}

ParameterizedTestParameters(quota_brute, q1_q2_q3_q6_q10_q14_every_pool_is_as_the_rule_says)
{
    static long spans[] = {1, 2, 3, 4};

    return cr_make_param_array(long, spans, sizeof spans / sizeof *spans);
}

ParameterizedTest(long *span, quota_brute, q1_q2_q3_q6_q10_q14_every_pool_is_as_the_rule_says)
{
    struct tally tally = compare_all(&the_rules, is_long() ? 500 : 60, *span);

    cr_log_info("span %ld: %lu pools", *span, tally.pools);
    cr_assert(tally.pools > 600000, "%lu pools are not all", tally.pools);
    cr_assert_eq(tally.differences, 0, "%lu of %lu pools differ, first %s", tally.differences, tally.pools,
                 tally.first);
}

/* ---- That it would have been seen ---- */

static uint64_t reserve_rounded_down(const struct quota *q)
{
    return q->capacity * q->reserve_bp / 10000;
}

static uint64_t reserve_beyond_capacity(const struct quota *q)
{
    uint64_t share = (q->capacity * q->reserve_bp + 9999) / 10000;

    return (share + q->span - 1) / q->span * q->span;
}

static uint64_t reserved_without_whole_exams(const struct quota *q, struct instant now)
{
    uint64_t reserve = quota_reserve(q);

    return now.ms >= q->release_at.ms || reserve < q->family ? 0 : reserve - q->family;
}

static uint64_t reserved_whatever_was_taken(const struct quota *q, struct instant now)
{
    struct quota untaken = *q;

    untaken.family = 0;
    return quota_reserved_now(&untaken, now);
}

static uint64_t reserved_at_its_release(const struct quota *q, struct instant now)
{
    return quota_reserved_now(q, instant_after(now, -1));
}

static uint64_t deficit_of_exams(const struct quota *q, struct instant now)
{
    uint64_t reserved = quota_reserved_now(q, now), there_is = quota_free(q);

    return reserved > there_is ? reserved - there_is : 0;
}

static uint64_t deficit_for_ever(const struct quota *q, struct instant now)
{
    (void)now;
    return quota_deficit(q, instant_of(RELEASE - 1));
}

static bool any_free_block(const struct quota *q, uint64_t count, struct instant now)
{
    (void)now;
    return count <= quota_free(q);
}

static bool timid_block(const struct quota *q, uint64_t count, struct instant now)
{
    return quota_allows_block(q, count + 1, now);
}

Test(quota_brute, q1_q3_q10_q14_the_comparison_sees_each_planted_fault)
{
    static const struct subject faulty[] = {
        {"R rounded down", reserve_rounded_down, quota_reserved_now, quota_deficit, quota_allows_block},
        {"R beyond C", reserve_beyond_capacity, quota_reserved_now, quota_deficit, quota_allows_block},
        {"m of half exams", quota_reserve, reserved_without_whole_exams, quota_deficit, quota_allows_block},
        {"m without F", quota_reserve, reserved_whatever_was_taken, quota_deficit, quota_allows_block},
        {"m at release", quota_reserve, reserved_at_its_release, quota_deficit, quota_allows_block},
        {"d of exams", quota_reserve, quota_reserved_now, deficit_of_exams, quota_allows_block},
        {"d for ever", quota_reserve, quota_reserved_now, deficit_for_ever, quota_allows_block},
        {"any block", quota_reserve, quota_reserved_now, quota_deficit, any_free_block},
        {"timid block", quota_reserve, quota_reserved_now, quota_deficit, timid_block},
    };

    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        struct tally tally = compare_all(&faulty[i], 12, 3);

        cr_assert(tally.differences > 0, "nothing differs: %s", faulty[i].name);
        cr_log_info("%lu differ, first %s", tally.differences, tally.first);
    }
}
