/* sim_service.c - what a hospital's service report counts, beside the model's referrals; and what it said of an earlier
 * turn, asked for again when a play is over: amended, ended, voided, archived or not, of that turn it says the same
 * (L4, L5, Q13). */
#include "place.pb-c.h"
#include "sim/sim_inside.h"

#define EVER       9000000000000LL
#define DIRECTIONS 3
#define PRIORITIES 3

enum number { REFERRALS, ANSWERED, IN_TIME, OVERDUE, OPEN, NO_SHOWS, REJECTED, SECONDS, NUMBERS };
static const char *const names[] = {"referrals", "answered", "in time",  "overdue",
                                    "open",      "no-shows", "rejected", "seconds to answer"};

struct counts {
    uint64_t of[DIRECTIONS][PRIORITIES][NUMBERS];
};

/* ---- By the model ---- */

static void count_referral(struct counts *counts, const struct model_referral *r)
{
    uint64_t *numbers = counts->of[r->direction - 1][r->priority - 1];

    numbers[REFERRALS]++;
    numbers[OPEN] += !model_is_terminal(r->state);
    numbers[REJECTED] += r->state == REFERRAL__STATE__REJECTED;
    numbers[NO_SHOWS] += (uint64_t)r->misses;
    numbers[OVERDUE] += r->chased && r->first_answer == 0;
    if (r->first_answer == 0)
        return;
    numbers[ANSWERED]++;
    numbers[IN_TIME] += !r->answered_late;
    numbers[SECONDS] += (uint64_t)(r->first_answer - r->submitted_at) / 1000;
}

static bool is_same_person(const struct model_referral *a, const struct model_referral *b)
{
    return a->patient.number == b->patient.number && a->patient.no_id == b->patient.no_id;
}

static bool was_taken_over(const struct model_referral *r)
{
    return r->down && r->sender == H1 && r->state == REFERRAL__STATE__CLOSED;
}

static uint64_t count_persons(const struct model *m)
{
    uint64_t persons = 0;

    for (int i = 0; i < m->referral_count; i++) {
        bool again = false;

        for (int j = 0; j < i && was_taken_over(&m->referrals[i]); j++)
            again |= was_taken_over(&m->referrals[j]) && is_same_person(&m->referrals[i], &m->referrals[j]);
        persons += was_taken_over(&m->referrals[i]) && !again;
    }
    return persons;
}

static struct counts count_all(const struct model *m)
{
    struct counts counts = {0};

    for (int i = 0; i < m->referral_count; i++) {
        const struct model_referral *r = &m->referrals[i];

        if ((r->down ? r->sender : r->receiver) == H1 && r->state != REFERRAL__STATE__VOID)
            count_referral(&counts, r);
    }
    return counts;
}

/* ---- By the broker ---- */

static struct counts counts_of(const Referral__ServiceFacts *facts)
{
    struct counts counts = {0};

    for (size_t i = 0; i < facts->n_counts; i++) {
        const Referral__ServiceCount *count = facts->counts[i];
        uint64_t *numbers = counts.of[count->direction - 1][count->priority - 1];

        numbers[REFERRALS] = count->referrals;
        numbers[ANSWERED] = count->answered;
        numbers[IN_TIME] = count->answered_in_time;
        numbers[OVERDUE] = count->overdue;
        numbers[OPEN] = count->open;
        numbers[NO_SHOWS] = count->no_shows;
        numbers[REJECTED] = count->rejected;
        for (size_t j = 0; j < count->n_answer_seconds; j++)
            numbers[SECONDS] += count->answer_seconds[j];
    }
    return counts;
}

static uint64_t persons_of(const Referral__ServiceFacts *facts)
{
    uint64_t persons = 0;

    for (size_t i = 0; i < facts->n_down_persons; i++) {
        bool again = false;

        for (size_t j = 0; j < i; j++)
            again |= facts->down_persons[i] == facts->down_persons[j];
        persons += !again;
    }
    return persons;
}

/* Of one moment or another, it says the same. */
static uint64_t hash_of(struct sim *s, const Referral__ServiceFacts *facts)
{
    Referral__ServiceFacts same = *facts;
    struct bytes packed;

    same.has_index = same.has_at_ms = same.has_digest = false;
    packed.data = arena_alloc(&s->w->arena, referral__service_facts__get_packed_size(&same));
    packed.size = referral__service_facts__pack(&same, (uint8_t *)packed.data);
    return sim_hash(packed);
}

/* NULL: there are more than one answer holds, and nothing is compared. */
static const Referral__ServiceFacts *ask(struct sim *s, const struct sim_moment *moment)
{
    const Referral__ServiceFacts *facts =
        moment == NULL ? sim_query(s, sim_speaker(s, OP), REFERRAL__KIND__GET_SERVICE_FACTS,
                                   "hospital=H1; from_ms=1; to_ms=%lld", EVER)
                       : sim_query(s, sim_speaker(s, OP), REFERRAL__KIND__GET_SERVICE_FACTS,
                                   "hospital=H1; from_ms=1; to_ms=%lld; as_of_index=%llu; as_of_ms=%lld", EVER,
                                   (unsigned long long)moment->index, (long long)moment->at_ms);

    if (facts == NULL)
        sim_fail(s, "the service report is not given");
    return facts == NULL || facts->has_next ? NULL : facts;
}

/* ---- Beside each other ---- */

static void compare_counts(struct sim *s, const struct counts *found, const struct counts *expected)
{
    for (int direction = 0; direction < DIRECTIONS; direction++)
        for (int priority = 0; priority < PRIORITIES; priority++)
            for (int n = 0; n < NUMBERS && !sim_failed(s); n++)
                if (found->of[direction][priority][n] != expected->of[direction][priority][n])
                    sim_fail(s, "the service report counts %llu %s of direction %d, priority %d, and the model %llu",
                             (unsigned long long)found->of[direction][priority][n], names[n], direction + 1,
                             priority + 1, (unsigned long long)expected->of[direction][priority][n]);
}

void sim_compare_service(struct sim *s)
{
    const Referral__ServiceFacts *facts = ask(s, NULL);
    struct counts found, expected = count_all(&s->model);

    if (facts == NULL)
        return;
    found = counts_of(facts);
    compare_counts(s, &found, &expected);
    if (!sim_failed(s) && persons_of(facts) != count_persons(&s->model))
        sim_fail(s, "the service report counts %llu persons sent down, and the model %llu",
                 (unsigned long long)persons_of(facts), (unsigned long long)count_persons(&s->model));
    if (s->moment_count < SIM_MOMENTS)
        s->moments[s->moment_count++] =
            (struct sim_moment){.index = facts->index, .at_ms = facts->at_ms, .hash = hash_of(s, facts)};
}

void sim_judge_service(struct sim *s)
{
    for (size_t i = 0; i < s->moment_count && !sim_failed(s); i++) {
        const Referral__ServiceFacts *facts = ask(s, &s->moments[i]);

        if (facts != NULL && hash_of(s, facts) != s->moments[i].hash)
            sim_fail(s, "of turn %llu the service report says something else by now",
                     (unsigned long long)s->moments[i].index);
    }
}
