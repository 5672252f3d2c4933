/* engine_clockwork.c - what time does: deadlines, validity, no-shows, and a clock in doubt (L4, C1, C3, C4, P3). */
#include "district.h"

#define ROUTINE   REFERRAL__PRIORITY__ROUTINE
#define URGENT    REFERRAL__PRIORITY__URGENT
#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY

static struct instant next_due(struct district *d)
{
    struct store_txn *txn = district_read(d);
    struct instant at = engine_next_due(txn);

    store_read_end(txn);
    return at;
}

static void clock_at(struct district *d, int64_t ms)
{
    d->now = instant_of(ms);
    district_clock(d);
}

/* "warning, escalated": the timeline's events. */
static const char *timeline(struct district *d, const char *referral)
{
    uint32_t count = district_row(d, referral)->timeline_next;
    struct store_txn *txn = district_read(d);
    const char *text = "";
    struct id id;

    id_parse(referral, "bd", &id);
    for (uint32_t number = 0; number < count; number++) {
        enum refusal refusal;
        const Referral__TimelineEntry *entry = (const Referral__TimelineEntry *)wire_unpack(
            &referral__timeline_entry__descriptor, binary_bytes(timeline_row(txn, id, number)->entry), &d->turn,
            &refusal);

        text = arena_format(&d->keep, "%s%s%s", text, number > 0 ? ", " : "", event_name((enum event)entry->event));
    }
    store_read_end(txn);
    return text;
}

Test(clockwork, l4_half_way_warns_and_the_end_escalates_to_both_once)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", URGENT);

    district_drain(&d, "H1");
    clock_at(&d, DISTRICT_NOW + HOUR_MS - 1);
    cr_assert_str_eq(timeline(&d, id), "");
    clock_at(&d, DISTRICT_NOW + HOUR_MS);
    cr_assert_str_eq(timeline(&d, id), "warning");
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    clock_at(&d, DISTRICT_NOW + 2 * HOUR_MS);
    clock_at(&d, DISTRICT_NOW + 3 * HOUR_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, escalated");
    cr_assert_str_eq(district_inbox(&d, "H1"), "escalated");
    cr_assert_str_eq(district_inbox(&d, "T07"), "escalated");
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    cr_assert_str_eq(timeline(&d, id), "warning, escalated, accept, cured");
    cr_assert_str_eq(district_inbox(&d, "H1"), "escalated, cured");
    cr_assert_str_eq(district_inbox(&d, "T07"), "escalated, accept, cured");
    clock_at(&d, DISTRICT_NOW + DAY_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, escalated, accept, cured");
    district_close(&d);
}

Test(clockwork, c3_what_was_put_off_is_done_an_hour_later_and_keeps_nothing_else)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", URGENT), *other;

    d.now = instant_after(d.now, MINUTE_MS);
    other = district_refer(&d, "T07", "H1", URGENT);
    d.now = instant_after(d.now, HOUR_MS);
    district_put_off(&d);
    cr_assert(d.effects.due_left, "the other");
    district_clock(&d);
    cr_assert_not(d.effects.due_left);
    cr_assert_str_eq(timeline(&d, id), "");
    cr_assert_str_eq(timeline(&d, other), "warning");
    district_put_off(&d);
    cr_assert_str_eq(timeline(&d, other), "warning", "nothing is due");
    clock_at(&d, d.now.ms + HOUR_MS - 1);
    cr_assert_str_eq(timeline(&d, id), "");
    cr_assert_str_eq(timeline(&d, other), "warning");
    clock_at(&d, d.now.ms + 1);
    cr_assert_str_eq(timeline(&d, id), "warning, escalated");
    cr_assert_str_eq(timeline(&d, other), "warning, escalated");
    clock_at(&d, DISTRICT_NOW + DAY_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, escalated");
    district_close(&d);
}

Test(clockwork, l4_an_emergency_is_acknowledged_within_a_minute)
{
    struct district d;

    district_open(&d);
    char *late = district_refer(&d, "T07", "H1", EMERGENCY), *good = district_refer(&d, "T07", "H1", EMERGENCY);

    d.now = instant_after(d.now, MINUTE_MS - 1);
    district_assert_said(&d, district_happen(&d, "H1", good, ACKNOWLEDGE), "");
    clock_at(&d, DISTRICT_NOW + MINUTE_MS);
    cr_assert_str_eq(timeline(&d, good), "warning, acknowledge");
    cr_assert_str_eq(timeline(&d, late), "warning, escalated");
    district_close(&d);
}

Test(clockwork, l4_questions_run_the_clock_against_the_sender_and_answers_restart_it)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", URGENT);

    clock_at(&d, DISTRICT_NOW + HOUR_MS);
    district_happen(&d, "H1", id, REQUEST_INFO);
    cr_assert_eq(district_row(&d, id)->clock_kind, CLOCK_INFORMATION);
    clock_at(&d, DISTRICT_NOW + 3 * HOUR_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, request-info, warning, escalated");
    district_happen(&d, "T07", id, SUPPLY_INFO);
    cr_assert_eq(district_row(&d, id)->clock_kind, CLOCK_ANSWER);
    cr_assert_eq(district_row(&d, id)->clock_due_ms, d.now.ms + 2 * HOUR_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, request-info, warning, escalated, supply-info, cured");
    district_close(&d);
}

Test(clockwork, l_a_receipt_is_reminded_after_a_day_and_escalated_after_three)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", URGENT);

    district_happen(&d, "H1", id, ARRIVE);
    district_happen(&d, "H1", id, REPORT);
    district_drain(&d, "T07");
    clock_at(&d, DISTRICT_NOW + DAY_MS);
    cr_assert_str_eq(district_inbox(&d, "T07"), "reminder");
    clock_at(&d, DISTRICT_NOW + 3 * DAY_MS);
    cr_assert_str_eq(district_inbox(&d, "T07"), "reminder, escalated");
    district_close(&d);
}

Test(clockwork, c1_a_referral_lives_while_now_is_before_its_end)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE), *urgent = district_refer(&d, "T07", "H1", EMERGENCY);

    clock_at(&d, DISTRICT_NOW + DAY_MS - 1);
    cr_assert_str_eq(district_state(&d, urgent), "SUBMITTED");
    clock_at(&d, DISTRICT_NOW + DAY_MS);
    cr_assert_str_eq(district_state(&d, urgent), "EXPIRED");
    clock_at(&d, DISTRICT_NOW + 14 * DAY_MS - 1);
    cr_assert_str_eq(district_state(&d, id), "SUBMITTED");
    clock_at(&d, DISTRICT_NOW + 14 * DAY_MS);
    cr_assert_str_eq(district_state(&d, id), "EXPIRED");
    district_assert_books(&d);
    district_close(&d);
}

Test(clockwork, c3_what_is_due_happens_before_the_command_that_comes_later)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    d.now = instant_of(DISTRICT_NOW + 14 * DAY_MS);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "NOT_NOW type");
    cr_assert_str_eq(district_state(&d, id), "EXPIRED");
    cr_assert_str_eq(timeline(&d, id), "warning, escalated, expire");
    district_close(&d);
}

Test(clockwork, l_an_assumed_no_show_leaves_a_day_to_book_again)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *book = district_event(&d, id, BOOK);
    int64_t end_ms = DISTRICT_NOW + 30 * DAY_MS + HOUR_MS;

    book->place->start_ms = DISTRICT_NOW + 30 * DAY_MS;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, book), "");
    cr_assert_eq(district_row(&d, id)->valid_until_ms, end_ms + DAY_MS);
    clock_at(&d, end_ms + DAY_MS - 1);
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    clock_at(&d, end_ms + DAY_MS);
    cr_assert_str_eq(district_state(&d, id), "NO_SHOW");
    clock_at(&d, end_ms + 2 * DAY_MS - 1);
    cr_assert_str_eq(district_state(&d, id), "NO_SHOW");
    clock_at(&d, end_ms + 2 * DAY_MS);
    cr_assert_str_eq(district_state(&d, id), "EXPIRED");
    cr_assert_str_eq(timeline(&d, id), "book, warning, escalated, no-show, expire");
    district_close(&d);
}

Test(clockwork, c4_a_clock_in_doubt_holds_back_expiry_and_no_show_and_nothing_else)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    d.hold = true;
    clock_at(&d, DISTRICT_NOW + 15 * DAY_MS);
    cr_assert_str_eq(timeline(&d, id), "warning, escalated");
    cr_assert_str_eq(district_state(&d, id), "SUBMITTED");
    cr_assert_eq(next_due(&d).ms, d.now.ms + MINUTE_MS, "looked at again in a minute, not at once");
    d.hold = false;
    clock_at(&d, DISTRICT_NOW + 15 * DAY_MS + MINUTE_MS);
    cr_assert_str_eq(district_state(&d, id), "EXPIRED");
    district_close(&d);
}

Test(clockwork, c3_a_turn_takes_a_bounded_number_of_due_rows_and_says_that_more_are_left)
{
    struct district d;
    enum { COUNT = CLOCK_ROWS_PER_TURN + 5 };
    Batch__Command **commands;

    district_open(&d);
    commands = arena_alloc(&d.keep, COUNT * sizeof *commands);
    for (int i = 0; i < COUNT; i++)
        commands[i] = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, arena_format(&d.keep, "n%d", i),
                                       district_sheet(&d, "T07", "H1", false, URGENT));
    district_turn(&d, commands, COUNT);
    clock_at(&d, DISTRICT_NOW + HOUR_MS);
    cr_assert(d.effects.due_left);
    district_clock(&d);
    cr_assert(!d.effects.due_left);
    cr_assert_gt(next_due(&d).ms, d.now.ms);
    district_clock(&d);
    cr_assert_eq(d.puts, 0, "an idle clock writes nothing");
    district_close(&d);
}
