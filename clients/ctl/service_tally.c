/* service_tally.c - sums without fractions. */
#include "service_tally.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "engine/service_count.h"
#include "progress.h"

#define NUMBERS_BYTES (8UL << 30) /* address space */

/* ---- Adding ---- */

static int compare(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return one < other ? -1 : one > other;
}

static void sort(struct tally_numbers *numbers)
{
    if (numbers->count > 1)
        qsort(numbers->list, numbers->count, sizeof *numbers->list, compare);
}

uint64_t tally_percentile(struct tally_numbers *seconds, unsigned percent)
{
    size_t rank = (seconds->count * percent + 99) / 100;

    sort(seconds);
    return seconds->list[rank == 0 ? 0 : rank - 1];
}

static void append(struct arena *arena, struct tally_numbers *numbers, const uint64_t *more, size_t count)
{
    size_t room = numbers->room == 0 ? 64 : numbers->room;
    uint64_t *list;

    if (count == 0)
        return;
    while (room < numbers->count + count)
        room *= 2;
    if (room != numbers->room) {
        list = arena_alloc(arena, room * sizeof *list);
        if (numbers->count != 0)
            memcpy(list, numbers->list, numbers->count * sizeof *list);
        numbers->list = list;
        numbers->room = room;
    }
    memcpy(numbers->list + numbers->count, more, count * sizeof *more);
    numbers->count += count;
}

static void add_line(struct arena *arena, struct tally_line *line, const struct tally_line *from)
{
    line->referrals += from->referrals;
    line->answered += from->answered;
    line->in_time += from->in_time;
    line->overdue += from->overdue;
    line->open += from->open;
    line->no_shows += from->no_shows;
    line->rejected += from->rejected;
    append(arena, &line->seconds, from->seconds.list, from->seconds.count);
}

struct tally_line service_tally_total(struct service_tally *tally, int direction)
{
    struct tally_line total = {0};

    for (int priority = 0; priority < TALLY_PRIORITIES; priority++)
        add_line(&tally->arena, &total, &tally->lines[direction - 1][priority]);
    return total;
}

static void add_count(struct service_tally *tally, const Referral__ServiceCount *count)
{
    struct tally_line from = {.referrals = count->referrals,
                              .answered = count->answered,
                              .in_time = count->answered_in_time,
                              .overdue = count->overdue,
                              .open = count->open,
                              .no_shows = count->no_shows,
                              .rejected = count->rejected,
                              .seconds = {.list = count->answer_seconds, .count = count->n_answer_seconds}};
    unsigned direction = (unsigned)count->direction, priority = (unsigned)count->priority;

    if (direction >= 1 && direction <= TALLY_DIRECTIONS && priority >= 1 && priority <= TALLY_PRIORITIES)
        add_line(&tally->arena, &tally->lines[direction - 1][priority - 1], &from);
}

static void add_facts(struct service_tally *tally, const Referral__ServiceFacts *facts)
{
    for (size_t i = 0; i < facts->n_counts; i++)
        add_count(tally, facts->counts[i]);
    for (size_t i = 0; i < facts->n_rejections; i++) {
        unsigned reason = facts->rejections[i]->has_reason ? (unsigned)facts->rejections[i]->reason : 0;

        if (reason < TALLY_REASONS)
            tally->rejections[reason] += facts->rejections[i]->referrals;
    }
    append(&tally->arena, &tally->persons, facts->down_persons, facts->n_down_persons);
}

uint64_t service_tally_persons(struct service_tally *tally)
{
    const struct tally_numbers *all = &tally->persons;
    uint64_t persons = 0;

    sort(&tally->persons);
    for (size_t i = 0; i < all->count; i++)
        persons += i == 0 || all->list[i] != all->list[i - 1];
    return persons;
}

void service_tally_fini(struct service_tally *tally)
{
    arena_close(&tally->arena);
}

/* ---- Of the store ---- */

static int count_stored(struct ledgers *ledgers, const char *hospital, struct instant from, struct instant to,
                        struct service_moment *moment, struct service_tally *tally)
{
    struct service_range range = {.from = from, .to = to};
    size_t mark = arena_mark(&ledgers->arena);
    struct id at = {0};
    bool more = true;

    if (ledgers_number(ledgers, hospital, &range.hospital) != EXIT_OK)
        return EXIT_BAD_FILE;
    if (moment->index == 0) {
        struct store_mark last = store_mark(ledgers->store);

        *moment = (struct service_moment){.index = last.index, .at_ms = last.time.ms};
        memcpy(moment->digest, last.digest, sizeof moment->digest);
    }
    range.as_of_index = moment->index;
    range.as_of = instant_of(moment->at_ms);
    while (more) {
        Referral__ServiceFacts facts = REFERRAL__SERVICE_FACTS__INIT;

        more = service_count(ledgers->txn, &range, &at, &facts);
        add_facts(tally, &facts);
        arena_rewind(&ledgers->arena, mark);
    }
    if (store_failure(ledgers->txn) == 0)
        return EXIT_OK;
    ctl_complain(ledgers->ctl, "%s", store_error(ledgers->store));
    return EXIT_CHECK_FAILED;
}

/* ---- Of the broker ---- */

static int ask_slice(struct ledgers *ledgers, Referral__ServiceQuery *query, Referral__ServiceFacts **ret_facts)
{
    struct referral_request request = {.kind = REFERRAL__KIND__GET_SERVICE_FACTS,
                                       .acting_for = ctl_option(ledgers->ctl, "acting-for"),
                                       .message = &query->base};
    Referral__Reply *reply = NULL;
    int result = call_send(ledgers->ctl, ledgers->client, &request, &reply);

    if (result == EXIT_REFUSED)
        call_print_reply(ledgers->ctl, reply, NULL);
    if (result == EXIT_OK) {
        *ret_facts = (Referral__ServiceFacts *)call_result(ledgers->ctl, request.kind, reply);
        result = *ret_facts == NULL ? EXIT_NO_BROKER : EXIT_OK;
    }
    referral_reply_free(reply);
    return result;
}

static void take_moment(const Referral__ServiceFacts *facts, struct service_moment *moment)
{
    if (moment->index != 0)
        return;
    moment->index = facts->index;
    moment->at_ms = facts->at_ms;
    if (facts->digest.len == sizeof moment->digest)
        memcpy(moment->digest, facts->digest.data, sizeof moment->digest);
}

static void set_moment(Referral__ServiceQuery *query, const struct service_moment *moment)
{
    query->has_as_of_index = query->has_as_of_ms = moment->index != 0;
    query->as_of_index = moment->index;
    query->as_of_ms = moment->at_ms;
}

static int count_asked(struct ledgers *ledgers, const char *hospital, struct instant from, struct instant to,
                       struct service_moment *moment, struct service_tally *tally)
{
    Referral__ServiceQuery query = REFERRAL__SERVICE_QUERY__INIT;
    char id[LIMIT_ID_BYTES + 1];
    uint8_t cursor[ID_KEY_SIZE];
    struct progress progress;
    bool more = true;
    int result = EXIT_OK;

    snprintf(id, sizeof id, "%s", hospital);
    query.hospital = id;
    query.has_from_ms = query.has_to_ms = true;
    query.from_ms = from.ms;
    query.to_ms = to.ms;
    progress_begin(&progress, ledgers->ctl, ctl_say(ledgers->ctl, "正在统计", "counting"));
    while (more && result == EXIT_OK) {
        Referral__ServiceFacts *facts = NULL;

        set_moment(&query, moment);
        result = ask_slice(ledgers, &query, &facts);
        if (result != EXIT_OK)
            break;
        take_moment(facts, moment);
        add_facts(tally, facts);
        more = facts->has_next && facts->next.len == sizeof cursor;
        if (more)
            memcpy(cursor, facts->next.data, sizeof cursor);
        query.has_cursor = more;
        query.cursor = (ProtobufCBinaryData){.len = sizeof cursor, .data = cursor};
        referral__service_facts__free_unpacked(facts, NULL);
        progress_step(&progress, 0, 0);
    }
    progress_end(&progress);
    return result;
}

int service_tally_read(struct ledgers *ledgers, const char *hospital, struct instant from, struct instant to,
                       struct service_moment *moment, struct service_tally *ret_tally)
{
    *ret_tally = (struct service_tally){0};
    if (arena_open(&ret_tally->arena, NUMBERS_BYTES) != 0) {
        ctl_complain(ledgers->ctl, "%s", ctl_say(ledgers->ctl, "内存不足", "out of memory"));
        return EXIT_BAD_FILE;
    }
    return ledgers->store != NULL ? count_stored(ledgers, hospital, from, to, moment, ret_tally)
                                  : count_asked(ledgers, hospital, from, to, moment, ret_tally);
}
