/* deadline.c - the clock of L4: it warns, escalates and is cured, once each; validity and assumed no-show (section 4,
 * C). */
#include "story/world.h"

#include <stdio.h>

Test(deadline, l4_an_urgent_referral_unanswered_for_two_hours_is_escalated_to_both)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_after(w, 3 * 3600);
    world_connect(w, "H1", 20);
    world_good(w, "H1");
    world_event(w, "H1", "accept r1");
    world_expect(w, "[     0] T07 > connect, credit 20\n"
                    "[     0] T07 > submit r1 up to H1, urgent\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[  7200]\n"
                    "         T07 < urgent notice r1 escalated, SUBMITTED, attempt 1\n"
                    "[ 10800] H1 > connect, credit 20\n"
                    "         H1 < urgent sheet r1 from T07, attempt 1\n"
                    "         H1 < urgent notice r1 escalated, SUBMITTED, attempt 1\n"
                    "[ 10800] H1 > accept r1\n"
                    "         H1 < accepted r1 ACCEPTED\n"
                    "         H1 < urgent notice r1 cured, ACCEPTED, attempt 1\n"
                    "         T07 < urgent notice r1 accept, ACCEPTED, attempt 1\n"
                    "         T07 < urgent notice r1 cured, ACCEPTED, attempt 1\n");
    world_close(w);
}

Test(deadline, l4_a_routine_referral_has_two_working_days_of_the_calendar)
{
    struct world *w = world_open();

    /* Monday 09:00; Tuesday is a holiday, so the second working day ends on Thursday. */
    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_CALENDAR_DAY", "date=2026-03-03; working=false; note=假日");
    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_after(w, 5 * 86400);
    world_expect(w, "[259200]\n"
                    "         T07 < routine notice r1 escalated, SUBMITTED, attempt 1\n");
    world_close(w);
}

Test(deadline, l_a_referral_nobody_took_expires_after_fourteen_days)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 10 * 86400);
    world_forget(w);
    world_after(w, 5 * 86400);
    world_event(w, "T07", "cancel r1");
    world_expect(w, "[1209600]\n"
                    "         T07 < routine notice r1 expire, EXPIRED, attempt 1\n"
                    "[1296000] T07 > cancel r1\n"
                    "         T07 < refused NOT_NOW (L1) type, EXPIRED, next nobody\n");
    world_close(w);
}

Test(deadline, l_a_patient_who_was_not_reported_is_assumed_not_to_have_come)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_connect(w, "H1", 20);
    world_good(w, "H1");
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_event(w, "H1", "accept r1");
    world_event(w, "T07", "book r1");
    world_forget(w);
    world_after(w, 3 * 86400);
    world_expect(w, "[176400]\n"
                    "         T07 < urgent notice r1 no-show, NO_SHOW, attempt 1\n"
                    "         H1 < urgent notice r1 no-show, NO_SHOW, attempt 1\n");
    world_close(w);
}

Test(deadline, l_a_receipt_not_confirmed_is_reminded_at_a_day_and_escalated_at_three)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_connect(w, "H1", 20);
    world_good(w, "H1");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "H1", "arrive r1");
    world_event(w, "H1", "report r1");
    world_forget(w);
    world_after(w, 4 * 86400);
    world_event(w, "T07", "confirm-receipt r1");
    world_expect(w, "[ 86400]\n"
                    "         T07 < routine notice r1 reminder, REPORTED, attempt 1\n"
                    "[259200]\n"
                    "         T07 < routine notice r1 escalated, REPORTED, attempt 1\n"
                    "         H1 < routine notice r1 escalated, REPORTED, attempt 1\n"
                    "[345600] T07 > confirm-receipt r1\n"
                    "         T07 < accepted r1 CLOSED\n"
                    "         T07 < routine notice r1 cured, CLOSED, attempt 1\n"
                    "         H1 < routine notice r1 confirm-receipt, CLOSED, attempt 1\n"
                    "         H1 < routine notice r1 cured, CLOSED, attempt 1\n");
    world_close(w);
}

Test(deadline, c4_while_the_time_is_in_doubt_nothing_expires_until_an_operator_confirms_it)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 14 * 86400 - 600);
    world_hold(w, true);
    world_forget(w);
    world_after(w, 3600);
    world_expect(w, "");
    world_say(w, "OP", "CONFIRM_TIME", "reason=已核对时钟");
    world_after(w, 60);
    cr_assert_eq(world_count(w, "T07 < routine notice r1 expire, EXPIRED, attempt 1"), 1);
    world_close(w);
}
