/* What a hospital's referrals add to the service report: counts alone, of one moment, however many slices they come in
 * (P2, L4, L5). */
#include "ask.h"
#include "engine/service_count.h"
#include "store/search.h"

struct sums {
    uint64_t referrals, answered, in_time, overdue, open, no_shows, rejected, seconds;
    uint64_t reasons[16];
    uint64_t persons[2000];
    size_t person_count, slices;
};

static void add_facts(struct sums *sums, const Referral__ServiceFacts *facts, Referral__Direction direction)
{
    for (size_t i = 0; i < facts->n_counts; i++) {
        const Referral__ServiceCount *count = facts->counts[i];

        if (count->direction != direction)
            continue;
        sums->referrals += count->referrals;
        sums->answered += count->answered;
        sums->in_time += count->answered_in_time;
        sums->overdue += count->overdue;
        sums->open += count->open;
        sums->no_shows += count->no_shows;
        sums->rejected += count->rejected;
        cr_assert_eq(count->n_answer_seconds, count->answered);
        for (size_t j = 0; j < count->n_answer_seconds; j++)
            sums->seconds += count->answer_seconds[j];
    }
    for (size_t i = 0; i < facts->n_rejections; i++)
        sums->reasons[facts->rejections[i]->reason] += facts->rejections[i]->referrals;
    for (size_t i = 0; i < facts->n_down_persons; i++)
        sums->persons[sums->person_count++] = facts->down_persons[i];
}

static struct service_range range_of(struct district *d)
{
    struct store_mark mark = store_mark(d->store);

    return (struct service_range){.from = instant_of(DISTRICT_NOW - DAY_MS),
                                  .to = instant_of(DISTRICT_NOW + 30 * DAY_MS),
                                  .as_of_index = mark.index,
                                  .as_of = mark.time};
}

/* H1's referrals of this direction. */
static struct sums count_in(struct district *d, struct service_range range, Referral__Direction direction)
{
    struct store_txn *txn = district_read(d);
    struct sums sums = {0};
    struct id at = {0};
    bool more = true;

    range.hospital = institution_row(txn, "H1")->number;
    while (more) {
        Referral__ServiceFacts facts = REFERRAL__SERVICE_FACTS__INIT;

        more = service_count(txn, &range, &at, &facts);
        add_facts(&sums, &facts, direction);
        sums.slices++;
    }
    store_read_end(txn);
    return sums;
}

static struct sums count_up(struct district *d)
{
    return count_in(d, range_of(d), REFERRAL__DIRECTION__UP);
}

Test(service, l4_answers_count_from_submission_once_and_in_time_or_not)
{
    struct district d;
    struct sums sums;
    const char *quick, *asked, *late;

    district_open(&d);
    quick = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    asked = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    late = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    district_refer(&d, "T07", "H2", REFERRAL__PRIORITY__URGENT); /* another hospital's */
    d.now.ms += 10 * MINUTE_MS;
    district_assert_said(&d, district_happen(&d, "H1", quick, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "H1", asked, REQUEST_INFO), "");
    d.now.ms += 10 * MINUTE_MS;
    district_assert_said(&d, district_happen(&d, "T07", asked, SUPPLY_INFO), "");
    district_assert_said(&d, district_happen(&d, "H1", asked, ACCEPT), "");
    d.now.ms += 3 * HOUR_MS;
    district_clock(&d);
    sums = count_up(&d);
    cr_assert_eq(sums.referrals, 3);
    cr_assert_eq(sums.answered, 2);
    cr_assert_eq(sums.in_time, 2);
    cr_assert_eq(sums.seconds, 2 * 600);
    cr_assert_eq(sums.overdue, 1);
    district_assert_said(&d, district_happen(&d, "H1", late, REJECT), "");
    sums = count_up(&d);
    cr_assert_eq(sums.answered, 3);
    cr_assert_eq(sums.in_time, 2);
    cr_assert_eq(sums.overdue, 0);
    cr_assert_eq(sums.rejected, 1);
    cr_assert_eq(sums.reasons[REFERRAL__REASON__OTHER_REASON], 1);
    cr_assert_eq(sums.open, 2);
    district_close(&d);
}

Test(service, l4_an_emergency_is_answered_by_its_acknowledgement)
{
    struct district d;
    const char *emergency;

    district_open(&d);
    emergency = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__EMERGENCY);
    d.now.ms += 30 * SECOND_MS;
    district_assert_said(&d, district_happen(&d, "H1", emergency, ACKNOWLEDGE), "");
    cr_assert_eq(count_up(&d).in_time, 1);
    cr_assert_eq(count_up(&d).seconds, 30);
    district_close(&d);
}

Test(service, q13_what_came_later_does_not_count)
{
    struct district d;
    struct service_range then;
    struct sums before, after;
    const char *open, *rejected;

    district_open(&d);
    open = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    rejected = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    district_assert_said(&d, district_happen(&d, "H1", rejected, REJECT), "");
    d.now.ms += 3 * HOUR_MS;
    district_clock(&d);
    then = range_of(&d);
    before = count_in(&d, then, REFERRAL__DIRECTION__UP);
    /* In the same instant as the last turn, and later. */
    district_assert_said(&d, district_happen(&d, "H1", open, ACCEPT), "");
    district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    d.now.ms += HOUR_MS;
    district_assert_said(&d, district_happen(&d, "T07", open, CANCEL), "");
    district_assert_said(&d, district_happen(&d, "OPS", rejected, ANNUL), "");
    district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    after = count_in(&d, then, REFERRAL__DIRECTION__UP);
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
    cr_assert_eq(after.referrals, 2);
    cr_assert_eq(after.overdue, 1);
    cr_assert_eq(after.rejected, 1);
    cr_assert_eq(after.open, 1);
    after = count_up(&d);
    cr_assert_eq(after.referrals, 3, "one of four is void");
    cr_assert_eq(after.open, 2);
    cr_assert_eq(after.rejected, 0);
    district_close(&d);
}

Test(service, q12_who_did_not_come_counts_as_often_also_when_he_came_later)
{
    struct district d;
    struct service_range then;
    struct sums sums;
    const char *id, *answered;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    district_assert_said(&d, district_miss(&d, id), "");
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    district_assert_said(&d, district_miss(&d, id), "");
    answered = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);
    d.now.ms += MINUTE_MS;
    district_assert_said(&d, district_happen(&d, "H1", answered, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "T07", answered, BOOK), "");
    district_assert_said(&d, district_miss(&d, answered), "");
    d.now.ms += HOUR_MS;
    district_clock(&d);
    then = range_of(&d);
    sums = count_up(&d);
    cr_assert_eq(sums.no_shows, 3);
    district_assert_said(&d, district_happen(&d, "T07", answered, BOOK), "");
    district_assert_said(&d, district_miss(&d, answered), "");
    cr_assert_eq(count_in(&d, then, REFERRAL__DIRECTION__UP).no_shows, 3);
    cr_assert_eq(count_up(&d).no_shows, 4);
    district_close(&d);
}

static const char *refer_down(struct district *d, const char *name)
{
    Referral__Sheet *sheet = district_sheet(d, "H1", "T07", true, REFERRAL__PRIORITY__ROUTINE);
    Referral__Reply *reply;

    sheet->patient->name = arena_text(&d->keep, name);
    reply = district_say(d, "H1", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

static void send_down(struct district *d, const char *name)
{
    district_assert_said(d, district_happen(d, "T07", refer_down(d, name), CONFIRM_RECEIPT), "");
}

static size_t different(const struct sums *sums)
{
    size_t count = 0;

    for (size_t i = 0; i < sums->person_count; i++) {
        bool seen = false;

        for (size_t j = 0; j < i; j++)
            seen = seen || sums->persons[i] == sums->persons[j];
        count += !seen;
    }
    return count;
}

Test(service, l5_a_person_sent_down_twice_is_one_and_nobody_in_another_report)
{
    struct district d;
    struct service_range range;
    struct sums sums, other;

    district_open(&d);
    send_down(&d, "Wang Fang");
    send_down(&d, "Zhang Wei");
    d.now.ms += DAY_MS;
    send_down(&d, "Wang Fang");
    refer_down(&d, "Li Qiang"); /* not taken over */
    sums = count_in(&d, range_of(&d), REFERRAL__DIRECTION__DOWN);
    cr_assert_eq(sums.referrals, 4);
    cr_assert_eq(sums.person_count, 3);
    cr_assert_eq(different(&sums), 2);
    range = range_of(&d);
    range.to.ms++;
    other = count_in(&d, range, REFERRAL__DIRECTION__DOWN);
    for (size_t i = 0; i < other.person_count; i++)
        for (size_t j = 0; j < sums.person_count; j++)
            cr_assert(other.persons[i] != sums.persons[j]);
    range.from.ms = DISTRICT_NOW + HOUR_MS; /* taken over within, wherever it was sent */
    cr_assert_eq(count_in(&d, range, REFERRAL__DIRECTION__DOWN).person_count, 1);
    district_close(&d);
}

/* F4: the year in which he was taken over counts him, that in which he was sent the referral. */
Test(service, l5_who_is_taken_over_later_than_he_was_sent_counts_when_he_is)
{
    struct district d;
    struct service_range sent, taken, after;
    struct sums sums;
    const char *id;

    district_open(&d);
    id = refer_down(&d, "Wang Fang");
    d.now.ms += 3 * DAY_MS;
    district_assert_said(&d, district_happen(&d, "T07", id, CONFIRM_RECEIPT), "");
    d.now.ms += DAY_MS;
    district_clock(&d);
    sent = taken = after = range_of(&d);
    sent.to.ms = taken.from.ms = DISTRICT_NOW + DAY_MS;
    taken.to.ms = after.from.ms = DISTRICT_NOW + 3 * DAY_MS + 1;
    sums = count_in(&d, sent, REFERRAL__DIRECTION__DOWN);
    cr_assert(sums.referrals == 1 && sums.person_count == 0);
    sums = count_in(&d, taken, REFERRAL__DIRECTION__DOWN);
    cr_assert(sums.referrals == 0 && sums.person_count == 1);
    sums = count_in(&d, after, REFERRAL__DIRECTION__DOWN);
    cr_assert(sums.referrals == 0 && sums.person_count == 0);

    struct service_range then = taken; /* as it stood before an operator annulled it */

    then.as_of_index = store_mark(d.store).index;
    then.as_of = store_mark(d.store).time;
    d.now.ms += DAY_MS;
    district_assert_said(&d, district_happen(&d, "OPS", id, ANNUL), "");
    cr_assert_eq(count_in(&d, then, REFERRAL__DIRECTION__DOWN).person_count, 1);
    taken.as_of_index = store_mark(d.store).index;
    taken.as_of = store_mark(d.store).time;
    cr_assert_eq(count_in(&d, taken, REFERRAL__DIRECTION__DOWN).person_count, 0);
    district_close(&d);
}

/* L4, L5: the receiver of a down-referral cannot accept it; what it can do in time is take the patient over. */
Test(service, l5_a_down_referral_is_answered_by_taking_the_patient_over)
{
    struct district d;
    struct sums sums;

    district_open(&d);
    send_down(&d, "Wang Fang");
    sums = count_in(&d, range_of(&d), REFERRAL__DIRECTION__DOWN);
    cr_assert_eq(sums.referrals, 1);
    cr_assert_eq(sums.answered, 1);
    cr_assert_eq(sums.in_time, 1);
    cr_assert_eq(sums.overdue, 0);
    cr_assert_eq(sums.open, 0);
    district_close(&d);
}

Test(service, l5_a_patient_taken_over_too_late_is_answered_late_and_overdue_no_more)
{
    struct district d;
    struct sums sums;
    const char *id;

    district_open(&d);
    id = refer_down(&d, "Wang Fang");
    d.now.ms += 14 * DAY_MS - HOUR_MS;
    district_clock(&d);
    cr_assert_eq(count_in(&d, range_of(&d), REFERRAL__DIRECTION__DOWN).overdue, 1);
    district_assert_said(&d, district_happen(&d, "T07", id, CONFIRM_RECEIPT), "");
    sums = count_in(&d, range_of(&d), REFERRAL__DIRECTION__DOWN);
    cr_assert_eq(sums.answered, 1);
    cr_assert_eq(sums.in_time, 0);
    cr_assert_eq(sums.overdue, 0);
    cr_assert_eq(sums.seconds, (14 * DAY_MS - HOUR_MS) / SECOND_MS);
    district_close(&d);
}

/* As brokers before this one left it. */
static void forget_answer(struct district *d, const char *referral)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    Record__Referral *row;
    struct store_txn *txn;
    struct id id;

    cr_assert(id_parse(referral, "bd", &id));
    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    row = referral_row(txn, id);
    FIELD_CLEAR(row, answered_at_ms);
    FIELD_CLEAR(row, first_answered_at_ms);
    referral_row_put(txn, id, row);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

Test(service, l5_who_took_over_when_nobody_noted_it_has_not_answered_at_the_beginning_of_time)
{
    struct district d;
    struct sums sums;
    const char *id;

    district_open(&d);
    id = refer_down(&d, "Wang Fang");
    district_assert_said(&d, district_happen(&d, "T07", id, CONFIRM_RECEIPT), "");
    forget_answer(&d, id);
    sums = count_in(&d, range_of(&d), REFERRAL__DIRECTION__DOWN);
    cr_assert_eq(sums.answered, 0);
    cr_assert_eq(sums.person_count, 1);
    district_close(&d);
}

/* Sends so many in turns of a hundred. */
static void refer_many(struct district *d, int count)
{
    for (int i = 0; i < count; i += 100) {
        Batch__Command *commands[100];

        for (int j = 0; j < 100; j++)
            commands[j] = district_command(d, "T07", REFERRAL__KIND__SUBMIT, arena_format(&d->keep, "many-%d", i + j),
                                           district_sheet(d, "T07", "H1", false, REFERRAL__PRIORITY__ROUTINE));
        district_turn(d, commands, 100);
    }
}

Test(service, p2_slices_add_up_with_and_without_the_index)
{
    struct district d;
    struct sums tail, indexed;
    Referral__ServiceQuery query = REFERRAL__SERVICE_QUERY__INIT;
    const Referral__ServiceFacts *facts;

    district_open(&d);
    refer_many(&d, 1300);
    tail = count_up(&d);
    cr_assert_eq(tail.referrals, 1300);
    cr_assert(tail.slices > 2);
    query.hospital = "H1";
    FIELD_SET(&query, from_ms, DISTRICT_NOW - DAY_MS);
    FIELD_SET(&query, to_ms, DISTRICT_NOW + DAY_MS);
    facts = ask(&d, "OPS", REFERRAL__KIND__GET_SERVICE_FACTS, &query);
    cr_assert(facts->has_next);
    FIELD_SET(&query, cursor, facts->next);
    facts = ask(&d, "OPS", REFERRAL__KIND__GET_SERVICE_FACTS, &query);
    cr_assert(facts->has_next);
    cr_assert_gt(facts->counts[0]->referrals, 0);
    arena_reset(&d.turn, 1 << 20);
    while (search_advance(d.store, &d.turn, 500) > 0)
        arena_reset(&d.turn, 1 << 20);
    indexed = count_up(&d);
    cr_assert_eq(indexed.referrals, 1300);
    cr_assert_eq(indexed.open, 1300);
    district_close(&d);
}
