/* Whose clock runs, when it warns and escalates, and what falls due next (L4, C1). */
#include <criterion/criterion.h>

#include "rules/deadline.h"

#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY
#define URGENT    REFERRAL__PRIORITY__URGENT
#define ROUTINE   REFERRAL__PRIORITY__ROUTINE

static const struct deadline_settings settings = {
    .emergency_ms = MINUTE_MS,
    .urgent_ms = 2 * HOUR_MS,
    .routine_working_days = 2,
    .receipt_reminder_ms = 24 * HOUR_MS,
    .receipt_escalation_ms = 72 * HOUR_MS,
    .validity_ms = 14 * DAY_MS,
    .emergency_validity_ms = DAY_MS,
    .no_show_after_ms = DAY_MS,
};
static const struct calendar calendar = {.offset_minutes = 480};

static struct instant friday_17(void)
{
    return instant_of_local((struct date){2026, 11, 20}, 17 * HOUR_MS, 480);
}

static void expect(enum clock_kind kind, Referral__Priority priority, int64_t warn_ms, int64_t due_ms)
{
    struct deadline deadline = deadline_start(kind, priority, friday_17(), &settings, &calendar);

    cr_assert_eq(deadline.kind, kind);
    cr_assert_eq(deadline.started_at.ms, friday_17().ms);
    cr_assert_eq(deadline.warn_at.ms - friday_17().ms, warn_ms);
    cr_assert_eq(deadline.due_at.ms - friday_17().ms, due_ms);
    cr_assert(!deadline.warned && !deadline.escalated);
}

Test(deadline, l4_emergency_in_1_minute_urgent_in_2_hours_each_warned_half_way)
{
    expect(CLOCK_ANSWER, EMERGENCY, 30 * SECOND_MS, MINUTE_MS);
    expect(CLOCK_ANSWER, URGENT, HOUR_MS, 2 * HOUR_MS);
}

Test(deadline, l4_routine_in_2_working_days_warned_after_one)
{
    expect(CLOCK_ANSWER, ROUTINE, 3 * DAY_MS, 4 * DAY_MS); /* Friday 17:00 to Monday and Tuesday 17:00 */
}

Test(deadline, l4_information_and_cancel_answer_run_as_long_as_the_answer)
{
    expect(CLOCK_INFORMATION, URGENT, HOUR_MS, 2 * HOUR_MS);
    expect(CLOCK_CANCEL_ANSWER, ROUTINE, 3 * DAY_MS, 4 * DAY_MS);
}

Test(deadline, l4_receipt_reminds_at_24_h_and_escalates_at_72_h_whatever_the_priority)
{
    expect(CLOCK_RECEIPT, EMERGENCY, 24 * HOUR_MS, 72 * HOUR_MS);
    expect(CLOCK_RECEIPT, ROUTINE, 24 * HOUR_MS, 72 * HOUR_MS);
}

Test(deadline, l4_no_clock_has_no_times)
{
    struct deadline none = deadline_start(CLOCK_NONE, URGENT, friday_17(), &settings, &calendar);

    cr_assert(none.kind == CLOCK_NONE && !instant_is_set(none.warn_at) && !instant_is_set(none.due_at));
}

Test(deadline, l4_each_state_has_its_clock)
{
    static const enum clock_kind unanswered[STATE_COUNT] = {
        [SUBMITTED] = CLOCK_ANSWER, [DELIVERED] = CLOCK_ANSWER,           [WAITLISTED] = CLOCK_ANSWER,
        [BOOKED] = CLOCK_ANSWER,    [INFO_REQUESTED] = CLOCK_INFORMATION, [CANCEL_REQUESTED] = CLOCK_CANCEL_ANSWER,
        [REPORTED] = CLOCK_RECEIPT, [RETURNED] = CLOCK_RECEIPT,
    };

    for (int state = STATE_NONE; state < STATE_COUNT; state++) {
        enum clock_kind wanted = unanswered[state];

        cr_assert_eq(deadline_kind(LIFE_UP, (enum state)state, false), wanted, "%s", state_name((enum state)state));
        wanted = wanted == CLOCK_ANSWER ? CLOCK_NONE : wanted;
        cr_assert_eq(deadline_kind(LIFE_UP, (enum state)state, true), wanted, "%s", state_name((enum state)state));
    }
    cr_assert_eq(deadline_kind(LIFE_DOWN, DELIVERED, false), CLOCK_ANSWER);
    cr_assert_eq(deadline_kind(LIFE_DOWN, INFO_REQUESTED, false), CLOCK_INFORMATION);
}

Test(deadline, l4_accept_reject_redirect_and_request_info_answer_acknowledge_only_an_emergency)
{
    for (int event = EVENT_NONE; event < EVENT_COUNT; event++) {
        bool answers = event == ACCEPT || event == REJECT || event == REDIRECT || event == REQUEST_INFO;

        cr_assert_eq(deadline_is_answer(LIFE_UP, (enum event)event, ROUTINE), answers, "%s",
                     event_name((enum event)event));
        cr_assert_eq(deadline_is_answer(LIFE_UP, (enum event)event, URGENT), answers, "%s",
                     event_name((enum event)event));
        cr_assert_eq(deadline_is_answer(LIFE_UP, (enum event)event, EMERGENCY), answers || event == ACKNOWLEDGE, "%s",
                     event_name((enum event)event));
        cr_assert_eq(deadline_is_answer(LIFE_DOWN, (enum event)event, ROUTINE), answers || event == CONFIRM_RECEIPT,
                     "%s", event_name((enum event)event));
    }
}

static void expect_next(const struct due *due, enum due_kind kind, int64_t at_ms)
{
    struct instant at = instant_of(-1);

    cr_assert_eq(due_next(due, &at), kind);
    cr_assert_eq(at.ms, at_ms);
}

Test(due, l4_warns_then_escalates_once_each)
{
    struct due due = {.deadline = {.kind = CLOCK_ANSWER, .warn_at = {100}, .due_at = {200}}, .valid_until = {900}};

    expect_next(&due, DUE_WARN, 100);
    due.deadline.warned = true;
    expect_next(&due, DUE_ESCALATE, 200);
    due.deadline.escalated = true;
    expect_next(&due, DUE_EXPIRE, 900);
}

Test(due, l4_a_stopped_clock_neither_warns_nor_escalates)
{
    struct due due = {.deadline = {.kind = CLOCK_NONE, .warn_at = {100}, .due_at = {200}}};

    expect_next(&due, DUE_NOTHING, 0);
}

Test(due, l4_what_is_escalated_is_not_warned_of_any_more)
{
    struct due due = {.deadline = {.kind = CLOCK_ANSWER, .escalated = true, .warn_at = {100}, .due_at = {200}}};

    expect_next(&due, DUE_NOTHING, 0);
}

Test(due, the_earliest_goes_first)
{
    struct due due = {.deadline = {.kind = CLOCK_ANSWER, .warn_at = {400}, .due_at = {500}},
                      .valid_until = {300},
                      .no_show_at = {200}};

    expect_next(&due, DUE_NO_SHOW, 200);
    due.no_show_at = instant_of(0);
    expect_next(&due, DUE_EXPIRE, 300);
    due.valid_until = instant_of(0);
    expect_next(&due, DUE_WARN, 400);
}

Test(due, at_one_instant_warn_escalate_no_show_expire)
{
    struct due due = {
        .deadline = {.kind = CLOCK_ANSWER, .warn_at = {7}, .due_at = {7}}, .valid_until = {7}, .no_show_at = {7}};

    expect_next(&due, DUE_WARN, 7);
    due.deadline.warned = true;
    expect_next(&due, DUE_ESCALATE, 7);
    due.deadline.escalated = true;
    expect_next(&due, DUE_NO_SHOW, 7);
    due.no_show_at = instant_of(0);
    expect_next(&due, DUE_EXPIRE, 7);
}

Test(deadline, clocks_have_names)
{
    cr_assert_str_eq(clock_kind_name(CLOCK_NONE), "");
    cr_assert_str_eq(clock_kind_name(CLOCK_ANSWER), "answer");
    cr_assert_str_eq(clock_kind_name(CLOCK_INFORMATION), "information");
    cr_assert_str_eq(clock_kind_name(CLOCK_CANCEL_ANSWER), "cancel-answer");
    cr_assert_str_eq(clock_kind_name(CLOCK_RECEIPT), "receipt");
}
