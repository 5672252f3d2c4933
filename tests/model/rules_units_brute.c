/* Every set of free units of some days, against the rule read aloud (Q3, Q4, Q6-Q8, Q10, Q11, Q14, Q15): days with
 * gaps, with parallel places, of one pool and of groups; all reserves, spans 1 to 4, and every wish.
 *
 * Short form: every set of the first 9 units of a day for wishes, of all 12 for marks. With REFERRALD_LONG=1: of all 12
 * for both. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota_naive.h"
#include "rules/units.h"

#define ROOM      12
#define POOLS     3
#define SLOT      10
#define UNTOUCHED 99

/* A digit is a slot of time with so many parallel places, a blank is a gap. */
struct day {
    const char *name, *pools[POOLS];
};
static struct day days[] = {
    {"a session", {"111111111111"}},
    {"a session with breaks", {"111 11111 1111"}},
    {"a ward", {"93"}},
    {"two devices side by side", {"222222"}},
    {"a device with a second one at times", {"1121 12211"}},
    {"a group of two", {"111111", "111111"}},
    {"a group of a large and a small one", {"111111111", "  1  11"}},
    {"a group of three", {"1 1 1 1", " 11 11", "22"}},
};

struct subject {
    const char *name;
    void (*mark)(struct units *units, uint64_t reserved, uint32_t span);
    bool (*find)(const struct units *units, const struct unit_wish *wish, struct instant now, size_t *ret_first);
    size_t (*count_places)(const struct units *units, const struct unit_wish *wish, struct instant now);
    bool (*find_any)(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list);
    bool (*find_block)(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list);
    bool (*find_cut)(const struct units *units, uint32_t pool, size_t count, bool booked, size_t *ret_list);
};
static const struct subject the_rules = {"rules",        units_mark,       units_find,    units_count_places,
                                         units_find_any, units_find_block, units_find_cut};

struct comparison {
    const struct subject *subject;
    struct unit list[ROOM];
    struct units units;
    struct naive_unit naive_list[ROOM];
    struct naive_units naive;
    uint64_t marks, wishes, lists, differences;
    char first[200];
};

static void differ(struct comparison *c, const char *what)
{
    if (c->differences++ > 0)
        return;
    int length = snprintf(c->first, sizeof c->first, "%s: %s of ", c->subject->name, what);

    for (int i = 0; i < c->naive.count; i++) {
        const struct naive_unit *unit = &c->naive_list[i];

        length += snprintf(c->first + length, sizeof c->first - (size_t)length, "%d@%ld%c%s ", unit->pool, unit->start,
                           unit->marked ? '#' : unit->state, unit->barred ? "-" : "");
    }
}

/* The first `limit` units of a day, in order. */
static void lay_out(struct comparison *c, const struct day *day, size_t limit)
{
    size_t count = 0;

    for (uint32_t pool = 0; pool < POOLS && day->pools[pool] != NULL; pool++) {
        uint32_t number = 1;

        for (size_t slot = 0; day->pools[pool][slot] != '\0'; slot++)
            for (char places = day->pools[pool][slot]; places > '0'; places--) {
                struct instant start = instant_of((int64_t)(slot + 1) * SLOT);

                cr_assert(count < ROOM);
                c->list[count++] =
                    (struct unit){.pool = pool, .number = number++, .start = start, .end = instant_after(start, SLOT)};
            }
    }
    c->units = (struct units){c->list, count};
    units_sort(&c->units);
    c->units.count = count < limit ? count : limit;
    c->naive = (struct naive_units){c->naive_list, (int)c->units.count};
}

/* Free are those of the set; the others are taken in turns. Some of the free ones are barred, and stale marks are
 * everywhere. */
static void choose(struct comparison *c, uint32_t set)
{
    static const char signs[] = "bgf";
    static const enum unit_state states[] = {UNIT_IS_BLOCKED, UNIT_IS_GENERAL, UNIT_IS_FAMILY};

    for (size_t i = 0; i < c->units.count; i++) {
        struct unit *unit = &c->list[i];
        bool is_free = set >> i & 1;
        size_t taken = (i + set) % 3;

        unit->state = is_free ? UNIT_IS_FREE : states[taken];
        unit->barred = is_free && (set * 2654435761U >> (i + 8) & 7) == 0;
        unit->marked = true;
        c->naive_list[i] = (struct naive_unit){
            .pool = (int)unit->pool,
            .number = (int)unit->number,
            .start = unit->start.ms,
            .end = unit->end.ms,
            .state = is_free ? '.' : signs[taken],
            .barred = unit->barred,
        };
    }
}

static void compare_marks(struct comparison *c, uint64_t reserved, uint32_t span)
{
    bool same = true;

    c->subject->mark(&c->units, reserved, span);
    naive_mark(&c->naive, (long)reserved, (int)span);
    for (size_t i = 0; i < c->units.count; i++)
        same = same && c->list[i].marked == c->naive_list[i].marked;
    if (!same)
        differ(c, "marks");
    c->marks++;
}

static void compare_wish(struct comparison *c, const struct unit_wish *wish, struct instant now)
{
    struct naive_wish naive = {
        .pool = (int)wish->pool,
        .n = (int)wish->count,
        .first_number = (int)wish->first_number,
        .family = wish->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR,
        .moves = wish->moves,
    };
    size_t first = ROOM;
    int found = c->subject->find(&c->units, wish, now, &first) ? (int)first : -1;

    if (found != naive_find(&c->naive, &naive, now.ms))
        differ(c, "the first place");
    if (wish->first_number == 0 &&
        (int)c->subject->count_places(&c->units, wish, now) != naive_count_places(&c->naive, &naive, now.ms))
        differ(c, "the count of places");
    c->wishes++;
}

/* Every wish of one pool: of each kind, size and first unit. */
static void compare_wishes(struct comparison *c, uint32_t pool, struct instant now)
{
    for (int kind = 0; kind < 3; kind++)
        for (uint32_t n = 1; n <= 4; n++)
            for (uint32_t number = 0; number <= c->units.count; number++) {
                struct unit_wish wish = {
                    .pool = pool,
                    .count = n,
                    .first_number = number,
                    .channel = kind == 0 ? REFERRAL__CHANNEL__FAMILY_DOCTOR : REFERRAL__CHANNEL__GENERAL,
                    .moves = kind == 2,
                };

                compare_wish(c, &wish, now);
            }
}

/* `list` is untouched behind what was asked for, and all of it where nothing was found. */
static void compare_list(struct comparison *c, bool found, const size_t *list, int naive_found, const int *naive_list,
                         const char *what)
{
    bool same = found == (naive_found >= 0);

    for (int i = 0; same && i < naive_found; i++)
        same = (int)list[i] == naive_list[i];
    if (!same || list[naive_found < 0 ? 0 : naive_found] != UNTOUCHED)
        differ(c, what);
    c->lists++;
}

static void compare_lists(struct comparison *c, uint32_t pool, struct instant now)
{
    const struct subject *subject = c->subject;

    for (int count = 0; count <= c->naive.count; count++) {
        size_t wanted = (size_t)count, any[ROOM + 1], block[ROOM + 1], cut[ROOM + 1];
        int naive[ROOM + 1];

        any[0] = any[wanted] = block[0] = block[wanted] = UNTOUCHED;
        bool found = subject->find_any(&c->units, pool, wanted, now, any);
        compare_list(c, found, any, naive_find_any(&c->naive, (int)pool, count, now.ms, naive), naive, "an allotment");
        found = subject->find_block(&c->units, pool, wanted, now, block);
        compare_list(c, found, block, naive_find_block(&c->naive, (int)pool, count, now.ms, naive), naive, "a block");
        for (int booked = 0; booked < 2; booked++) {
            cut[0] = cut[wanted] = UNTOUCHED;
            found = subject->find_cut(&c->units, pool, wanted, booked, cut);
            compare_list(c, found, cut, naive_find_cut(&c->naive, (int)pool, count, booked, naive), naive, "a cut");
        }
    }
}

/* Before the day, and at the instant at which the third slot starts. */
static void compare_requests(struct comparison *c)
{
    for (uint32_t pool = 0; pool < POOLS; pool++)
        for (int64_t now = 1; now <= 3 * SLOT; now += 3 * SLOT - 1) {
            compare_wishes(c, pool, instant_of(now));
            compare_lists(c, pool, instant_of(now));
        }
}

static void compare_all_marks(struct comparison *c, const struct day *day)
{
    lay_out(c, day, ROOM);
    for (uint32_t set = 0; set < 1U << c->units.count; set++) {
        choose(c, set);
        for (uint32_t span = 1; span <= 4; span++)
            for (uint64_t reserved = 0; reserved <= c->units.count + 1; reserved++)
                compare_marks(c, reserved, span);
    }
}

static void compare_all_requests(struct comparison *c, const struct day *day, size_t limit)
{
    lay_out(c, day, limit);
    for (uint32_t set = 0; set < 1U << c->units.count; set++) {
        choose(c, set);
        for (uint64_t reserved = 0; reserved <= 4; reserved += 2) {
            compare_marks(c, reserved, 1);
            compare_requests(c);
        }
    }
}

static bool is_long(void)
{
    const char *form = getenv("REFERRALD_LONG");

    return form != NULL && strcmp(form, "1") == 0;
}

static void expect_same(const struct comparison *c, const struct day *day)
{
    cr_log_info("%s: %lu marks, %lu wishes, %lu lists", day->name, c->marks, c->wishes, c->lists);
    cr_assert(c->marks + c->wishes > 0);
    cr_assert_eq(c->differences, 0, "%s: %lu differ, first %s", day->name, c->differences, c->first);
}

ParameterizedTestParameters(units_brute, q3_q11_marks_are_as_the_rule_says)
{
    static size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};

    return cr_make_param_array(size_t, all, sizeof days / sizeof *days);
}

ParameterizedTest(size_t *day, units_brute, q3_q11_marks_are_as_the_rule_says)
{
    struct comparison c = {.subject = &the_rules};

    compare_all_marks(&c, &days[*day]);
    expect_same(&c, &days[*day]);
}

ParameterizedTestParameters(units_brute, q3_q4_q6_q7_q8_q10_q14_q15_requests_get_what_the_rule_says)
{
    static size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};

    return cr_make_param_array(size_t, all, sizeof days / sizeof *days);
}

ParameterizedTest(size_t *day, units_brute, q3_q4_q6_q7_q8_q10_q14_q15_requests_get_what_the_rule_says)
{
    struct comparison c = {.subject = &the_rules};

    compare_all_requests(&c, &days[*day], is_long() ? ROOM : 9);
    expect_same(&c, &days[*day]);
}

/* ---- That it would have been seen ---- */

static void mark_from_the_front(struct units *units, uint64_t reserved, uint32_t span)
{
    (void)span;
    for (size_t i = 0; i < units->count; i++) {
        units->list[i].marked = units->list[i].state == UNIT_IS_FREE && reserved > 0;
        reserved -= units->list[i].marked;
    }
}

static void mark_whole_runs_only(struct units *units, uint64_t reserved, uint32_t span)
{
    units_mark(units, reserved - reserved % span, span);
}

/* As if all stood at one time: no break ends a stretch. */
static void mark_over_breaks(struct units *units, uint64_t reserved, uint32_t span)
{
    struct unit copy[ROOM];
    struct units same_time = {copy, units->count};

    for (size_t i = 0; i < units->count; i++) {
        copy[i] = units->list[i];
        copy[i].start = instant_of(1);
    }
    units_mark(&same_time, reserved, span);
    for (size_t i = 0; i < units->count; i++)
        units->list[i].marked = copy[i].marked;
}

static void mark_as_one_pool(struct units *units, uint64_t reserved, uint32_t span)
{
    struct unit copy[ROOM];
    struct units one_pool = {copy, units->count};

    for (size_t i = 0; i < units->count; i++) {
        copy[i] = units->list[i];
        copy[i].pool = 0;
    }
    units_mark(&one_pool, reserved, span);
    for (size_t i = 0; i < units->count; i++)
        units->list[i].marked = copy[i].marked;
}

static bool find_at_its_start(const struct units *units, const struct unit_wish *wish, struct instant now,
                              size_t *ret_first)
{
    return units_find(units, wish, instant_after(now, -1), ret_first);
}

static bool find_marked(const struct units *units, const struct unit_wish *wish, struct instant now, size_t *ret_first)
{
    struct unit_wish bold = *wish;

    bold.moves = true;
    return units_find(units, &bold, now, ret_first);
}

static bool find_any_instead(const struct units *units, const struct unit_wish *wish, struct instant now,
                             size_t *ret_first)
{
    struct unit_wish any = *wish;

    any.first_number = 0;
    return units_find(units, &any, now, ret_first);
}

static bool find_declined(const struct units *units, const struct unit_wish *wish, struct instant now,
                          size_t *ret_first)
{
    struct unit copy[ROOM];
    struct units unbarred = {copy, units->count};

    for (size_t i = 0; i < units->count; i++) {
        copy[i] = units->list[i];
        copy[i].barred = false;
    }
    return units_find(&unbarred, wish, now, ret_first);
}

static size_t count_single(const struct units *units, const struct unit_wish *wish, struct instant now)
{
    struct unit_wish single = *wish;

    single.count = 1;
    return units_count_places(units, &single, now);
}

static bool cut_booked(const struct units *units, uint32_t pool, size_t count, bool booked, size_t *ret_list)
{
    (void)booked;
    return units_find_cut(units, pool, count, true, ret_list);
}

Test(units_brute, q3_q6_q7_q8_q10_q14_q15_the_comparison_sees_each_planted_fault)
{
#define REST units_count_places, units_find_any, units_find_block, units_find_cut
    static const struct subject faulty[] = {
        {"from the front", mark_from_the_front, units_find, REST},
        {"whole runs only", mark_whole_runs_only, units_find, REST},
        {"over breaks", mark_over_breaks, units_find, REST},
        {"as one pool", mark_as_one_pool, units_find, REST},
        {"at its start", units_mark, find_at_its_start, REST},
        {"marked", units_mark, find_marked, REST},
        {"any instead", units_mark, find_any_instead, REST},
        {"declined", units_mark, find_declined, REST},
        {"single", units_mark, units_find, count_single, units_find_any, units_find_block, units_find_cut},
        {"allotment of marked", units_mark, units_find, units_count_places, units_find_block, units_find_block,
         units_find_cut},
        {"block of unmarked", units_mark, units_find, units_count_places, units_find_any, units_find_any,
         units_find_cut},
        {"cut of booked", units_mark, units_find, units_count_places, units_find_any, units_find_block, cut_booked},
    };
#undef REST
    static const struct day day = {"a small group", {"1 111", "111"}};

    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        struct comparison c = {.subject = &faulty[i]};

        compare_all_marks(&c, &day);
        compare_all_requests(&c, &day, ROOM);
        cr_assert(c.differences > 0, "nothing differs: %s", faulty[i].name);
        cr_log_info("%lu differ, first %s", c.differences, c.first);
    }
}
