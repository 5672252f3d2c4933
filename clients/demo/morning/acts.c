/* acts.c - see acts.h. */
#include "acts.h"

#include <stdlib.h>
#include <string.h>

#include "../sheets.h"
#include "care.h"
#include "count.h"
#include "desk.h"
#include "patient.h"
#include "picture.h"
#include "sessions.h"

#define EARLY         4   /* every so manieth family doctor's patient is booked on Monday */
#define RUSH_PACE_MS  900 /* between the patients of a desk */
#define FRAME_MS      100
#define TEST_PER_REAL 8 /* so much faster goes the clock in the rush */

enum { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY };
#define ILL_DOCTOR     "WANG-AM" /* of the first hospital, cardiology */
#define ILL_DEPARTMENT "XN"

/* Until everybody was told, has answered, and the broker has nothing more to do at this time. */
static bool settle(struct morning *morning)
{
    struct broker_state before = {0}, now;
    int64_t end = real_ms() + MORNING_PATIENCE_MS;
    do {
        if (!desks_until_quiet(morning) || !sessions_ask_broker(morning, &now))
            return false;
        bool same = before.index == now.index && now.waiting == 0 && now.now_ms >= morning->clock.now_ms;
        before = now;
        if (same)
            return true;
        desks_serve(morning, 40);
    } while (real_ms() < end);
    return false;
}

/* On to that time; what is due until then happens. */
static void go_to(struct morning *morning, int day, int hour, int minute)
{
    test_clock_set(&morning->clock, test_clock_at(day, hour, minute));
    settle(morning);
}

/* ---- Monday -------------------------------------------------------------------------------------------------------------- */

static void refer_all(struct morning *morning)
{
    unsigned referred = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        if (is_family(patient))
            care_submit(patient);
    settle(morning);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        if (patient->referral_id[0] != '\0') {
            referred++;
            care_accept(patient);
        }
    }
    settle(morning);
    morning_check(morning, referred == TEAMS * FAMILY_EACH && morning->sheets == referred,
                  "%u patients of %d family-doctor teams referred up, received and accepted", referred, TEAMS);
}

static void book_early(struct morning *morning)
{
    unsigned booked = 0, wanted = 0;
    char code[CODE_SIZE];
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        /* Only where family doctors may book a day before the others. */
        if (is_family(patient) && patient->number % EARLY == 0 && patient->hospital != &morning->hospitals[1]) {
            wanted++;
            patient_rush(patient, 0);
        }
    }
    settle(morning);
    patient_try(&morning->desks[0], &morning->tomorrow.list[0], code);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        booked += patient->state == PATIENT_BOOKED;
    morning_check(morning, booked == wanted, "Q6 %u family doctors' patients booked a day before everybody else",
                  booked);
    morning_check(morning, strcmp(code, "NOT_OPEN_YET") == 0, "Q6 a general booking is refused: %s", code);
}

void act_monday(struct morning *morning)
{
    morning_title("周一  Monday: referrals come up, and family doctors may book Wednesday's sessions already");
    go_to(morning, MONDAY, 9, 0);
    refer_all(morning);
    go_to(morning, MONDAY, 10, 0);
    book_early(morning);
    morning_say(morning, "%zu sessions of %d hospitals on Wednesday, published from their timetables",
                morning->tomorrow.count, HOSPITALS);
}

/* ---- The rush -------------------------------------------------------------------------------------------------------------- */

static void plan_rush(struct morning *morning)
{
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        unsigned turn = is_family(patient) ? patient->number % FAMILY_EACH : patient->number % GENERAL_EACH;
        if (patient->state != PATIENT_WAITING_ROOM)
            continue;
        patient->tries = 0;
        patient->answer = patient->number % 16 == 3   ? ANSWER_NO
                          : patient->number % 16 == 7 ? ANSWER_NOTHING
                                                      : ANSWER_YES;
        patient_rush(patient, (int)turn * RUSH_PACE_MS);
    }
}

/* The clock runs, the desks work, and the picture follows. In a pipe: how it stood after a second. */
static void watch_rush(struct morning *morning)
{
    int64_t start = real_ms(), end = start + MORNING_PATIENCE_MS, opened_ms = morning->clock.now_ms, drawn = start;
    bool stepping = true;
    while (stepping && real_ms() < end) {
        int64_t since = real_ms() - start;
        desks_serve(morning, 10);
        if (real_ms() - drawn >= FRAME_MS) {
            test_clock_set(&morning->clock, opened_ms + since * TEST_PER_REAL);
            picture_draw(morning, !tell_in_colour() && since >= 1000 && drawn - start < 1000);
            drawn = start + since;
        }
        stepping = morning->unanswered > 0;
        for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
            stepping |= patient->step_at_ms != 0;
    }
}

static void check_rush(struct morning *morning)
{
    struct sessions_sum sum = sessions_add(&morning->tomorrow);
    unsigned wait = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        wait += patient->state == PATIENT_LISTED;
    morning_say(morning, "%u places taken: %u by family doctors, %u by others; %u patients wait",
                (sum.family + sum.general), sum.family, sum.general, wait);
    morning_check(morning, count_unexpected(morning) == 0, "every request was answered, by a place or a rule");
    morning_check(morning, count_sold_twice(morning) == 0, "Q2 no place was sold twice");
    morning_check(morning, sessions_agree(morning), "the sessions show exactly what the desks were told");
    morning_check(morning, sessions_keep_reserve(&morning->tomorrow), "Q3 in every session the reserve is whole");
    morning_check(morning, count_refused(morning, "RESERVED") > 0 && sum.marked > 0,
                  "Q3 %u general requests were refused because what is left is kept: %u places",
                  count_refused(morning, "RESERVED"), sum.marked);
}

void act_rush(struct morning *morning)
{
    morning_title("周二 07:00  Tuesday: everything opens; %d schedulers and %d family-doctor teams at once", SCHEDULERS,
                  TEAMS);
    go_to(morning, TUESDAY, 6, 59);
    picture_legend();
    go_to(morning, TUESDAY, 7, 0);
    plan_rush(morning);
    watch_rush(morning);
    settle(morning);
    picture_draw(morning, true);
    check_rush(morning);
}

/* ---- Cancellations ---------------------------------------------------------------------------------------------------------- */

static unsigned count_offers(struct morning *morning, const char *department, bool family)
{
    unsigned offers = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        if (patient->hospital == morning->hospitals && strcmp(patient->department, department) == 0 &&
            is_family(patient) == family)
            offers += patient->offers;
    return offers;
}

static unsigned count_waiting(struct morning *morning, const char *department, bool family)
{
    unsigned waiting = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        waiting += patient->hospital == morning->hospitals && strcmp(patient->department, department) == 0 &&
                   is_family(patient) == family && patient->state == PATIENT_LISTED;
    }
    return waiting;
}

/* So many general patients of the department give their places back. */
static unsigned cancel_general(struct morning *morning, const char *department, unsigned count)
{
    unsigned cancelled = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        if (cancelled < count && !is_family(patient) && patient->state == PATIENT_BOOKED &&
            patient->hospital == morning->hospitals && strcmp(patient->department, department) == 0) {
            patient_cancel(patient, 0);
            cancelled++;
        }
    }
    return cancelled;
}

/* Of all departments, both channels: ordinary life. */
static unsigned cancel_some(struct morning *morning)
{
    unsigned cancelled = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        if (patient->state == PATIENT_BOOKED && patient->number % 19 == 5 &&
            strcmp(patient->department, ILL_DEPARTMENT) != 0) {
            patient_cancel(patient, (int)(cancelled * 20));
            cancelled++;
        }
    }
    return cancelled;
}

/* Nothing is held any more but what was offered since. */
static void check_lapsed(struct morning *morning)
{
    unsigned lapsed = morning->notices.family[REFERRAL__EVENT_TYPE__EVENT_PLACE_LAPSED], offered = 0;
    sessions_look(morning, WEDNESDAY, &morning->tomorrow);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        offered += patient->state == PATIENT_OFFERED;
    morning_check(morning, lapsed > 0 && sessions_add(&morning->tomorrow).held == offered,
                  "Q7 %u holds that nobody confirmed lapsed after ten minutes", lapsed);
}

void act_cancellations(struct morning *morning)
{
    unsigned general, family, waiting, freed;
    morning_title("周二 07:20  Places come back: holds lapse, patients cancel, and who waits is offered them in order");
    go_to(morning, TUESDAY, 7, 20);
    check_lapsed(morning);
    general = count_offers(morning, ILL_DEPARTMENT, false);
    family = count_offers(morning, ILL_DEPARTMENT, true);
    waiting = count_waiting(morning, ILL_DEPARTMENT, true);
    freed = cancel_general(morning, ILL_DEPARTMENT, 4);
    settle(morning);
    general = count_offers(morning, ILL_DEPARTMENT, false) - general;
    family = count_offers(morning, ILL_DEPARTMENT, true) - family;
    morning_say(morning, "cardiology: %u general patients cancel; %u family doctors' patients wait there", freed,
                waiting);
    morning_check(morning, waiting >= freed && freed > 0 && family >= freed && general == 0,
                  "Q8 all %u places were offered to family doctors' patients, none to others who wait", freed);
    freed = cancel_some(morning);
    settle(morning);
    morning_say(morning, "%u more cancel; of the offers some are taken, some declined, some not answered", freed);
    picture_draw(morning, true);
    morning_check(
        morning, count_sold_twice(morning) == 0 && sessions_agree(morning) && sessions_keep_reserve(&morning->tomorrow),
        "Q2, Q3 still nothing sold twice, and the reserve whole");
}

/* ---- A doctor falls ill ------------------------------------------------------------------------------------------------------- */

static void on_cancelled(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    morning_check(patient->desk->morning, accepted, "Q10 the hospital cancels the session: %u bookings are affected",
                  accepted ? reply->affected : 0);
}

static void cancel_session(struct morning *morning)
{
    Referral__PoolChange body = REFERRAL__POOL_CHANGE__INIT;
    Referral__PoolRef pool = REFERRAL__POOL_REF__INIT;
    Referral__Person person = REFERRAL__PERSON__INIT;
    pool.hospital = morning->hospitals[0].id;
    pool.has_class_ = true;
    pool.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    pool.department = lend(ILL_DEPARTMENT);
    pool.resource = lend(ILL_DOCTOR);
    pool.date = lend(test_clock_date(WEDNESDAY));
    person.name = lend("门诊部 徐主任");
    person.phone = lend("022-29001000");
    body.pool = &pool;
    body.person = &person;
    body.has_reason = true;
    body.reason = REFERRAL__BLOCK_REASON__STAFF_ABSENT;
    desk_ask(hospital_desk(morning, 0), REFERRAL__KIND__CANCEL_POOL, &body.base, morning->patients, on_cancelled);
}

void act_doctor_ill(struct morning *morning)
{
    struct patient *affected[PATIENTS];
    unsigned count = 0, told = 0, family = 0, again = 0;
    morning_title("周二 07:40  Dr Wang of cardiology is ill: the session does not take place");
    go_to(morning, TUESDAY, 7, 40);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        if (patient->state == PATIENT_BOOKED && patient->hospital == morning->hospitals &&
            strcmp(patient->place.resource, ILL_DOCTOR) == 0)
            affected[count++] = patient;
    cancel_session(morning);
    settle(morning);
    for (unsigned i = 0; i < count; i++) {
        told += affected[i]->displaced;
        family += is_family(affected[i]);
        again += is_family(affected[i]) && affected[i]->offers > 0;
    }
    morning_check(morning, count > 0 && told == count, "Q10 all %u patients with a booking were told", told);
    morning_check(morning, family > 0 && again == family,
                  "Q8 they wait first: all %u family doctors' patients were offered another place at once", again);
    picture_draw(morning, true);
}

/* ---- The release ---------------------------------------------------------------------------------------------------------------- */

static struct session *most_kept(struct morning *morning)
{
    struct session *most = NULL;
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        struct session *session = &morning->tomorrow.list[i];
        if (!session->short_notice && !session->grouped && session->marked == session->free && session->marked > 0 &&
            (most == NULL || session->marked > most->marked))
            most = session;
    }
    return most;
}

/* C1: the reserve is closed while now < release_at. */
static void check_instant(struct morning *morning)
{
    struct session *session = most_kept(morning);
    morning_check(morning, session != NULL, "a session has nothing free but what is kept");
    if (session == NULL)
        return;
    struct desk *scheduler = morning->desks;
    while (scheduler->house != session->hospital)
        scheduler++;
    char before[CODE_SIZE], at[CODE_SIZE];
    unsigned offers = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        offers -= is_family(patient) ? 0 : patient->offers;
    test_clock_set(&morning->clock, session->release_at_ms - 1);
    settle(morning);
    patient_try(scheduler, session, before);
    test_clock_set(&morning->clock, session->release_at_ms);
    settle(morning);
    patient_try(scheduler, session, at);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        offers += is_family(patient) ? 0 : patient->offers;
    morning_check(morning, strcmp(before, "RESERVED") == 0, "C1 a millisecond before its release it is kept: %s",
                  before);
    morning_check(morning, offers > 0 || at[0] == '\0',
                  "Q6, Q8 at that instant it is for everybody: %u places were offered to those who wait", offers);
}

void act_release(struct morning *morning)
{
    morning_title("周二 08:00  A day before each session what is left of its reserve is released");
    sessions_look(morning, WEDNESDAY, &morning->tomorrow);
    check_instant(morning);
    go_to(morning, TUESDAY, 10, 40);
    go_to(morning, TUESDAY, 12, 50);
    go_to(morning, TUESDAY, 14, 30);
    go_to(morning, TUESDAY, 18, 0);
    picture_draw(morning, true);
    bool released = true;
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        const struct session *session = &morning->tomorrow.list[i];
        released &= session->released != session->short_notice;
    }
    morning_check(morning, released, "Q6 by the evening all are released, but those that opened at short notice");
    morning_check(morning, count_sold_twice(morning) == 0 && sessions_agree(morning),
                  "Q2 and no place was sold twice on the way");
}

/* ---- The day itself -------------------------------------------------------------------------------------------------------------- */

/* All who have a place on that day, but some. */
static unsigned see_patients(struct morning *morning, int day)
{
    unsigned missing = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        if (patient->state != PATIENT_BOOKED || strcmp(patient->place.date, test_clock_date(day)) != 0)
            continue;
        bool comes = patient->number % 13 != 0;
        missing += !comes && is_family(patient);
        if (comes)
            care_arrive(patient);
        else if (!is_family(patient))
            care_miss(patient);
    }
    settle(morning);
    return missing;
}

void act_the_day(struct morning *morning)
{
    unsigned missing, displaced = 0, again = 0, seen = 0;
    morning_title("周三至周五  Wednesday to Friday: patients come, or do not");
    go_to(morning, WEDNESDAY, 7, 0);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
        displaced += patient->displaced && !is_family(patient);
        again += patient->displaced && !is_family(patient) && patient->offers > 0;
    }
    morning_say(morning, "Thursday's sessions open to all: %u of %u displaced general patients have an offer", again,
                displaced);
    go_to(morning, WEDNESDAY, 18, 30);
    missing = see_patients(morning, WEDNESDAY);
    go_to(morning, THURSDAY, 18, 30);
    missing += see_patients(morning, THURSDAY);
    go_to(morning, FRIDAY, 18, 30);
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        seen += patient->state == PATIENT_SEEN;
    struct offers *offers = &morning->offers;
    unsigned made = morning->notices.family[REFERRAL__EVENT_TYPE__EVENT_PLACE_OFFERED] +
                    morning->notices.general[REFERRAL__EVENT_TYPE__EVENT_PLACE_OFFERED];
    morning_say(morning, "%u patients were seen", seen);
    morning_check(morning, made == offers->taken + offers->declined + offers->lapsed + offers->displaced,
                  "Q8 each of %u offers came to an end: %u taken, %u declined, %u lapsed", made, offers->taken,
                  offers->declined, offers->lapsed);
    morning_check(morning, missing > 0 && morning->notices.assumed == missing,
                  "section 4: %u no-shows nobody reported were assumed by the clock, and their teams told",
                  morning->notices.assumed);
    morning_check(morning, count_unexpected(morning) == 0, "nothing was refused without a rule");
}
