/* patient.c - see patient.h. */
#include "patient.h"

#include <stdio.h>
#include <string.h>

#include "../sheets.h"
#include "desk.h"

#define TRIES_MAX     3   /* searches before a team takes the wait-list */
#define THINK_MS      180 /* between an answer and the next request */
#define PHONE_MS      450 /* the patient is on the phone while the place is held */
#define ANSWER_SPREAD 37  /* so that not all answer at once */

void patient_plan(struct patient *patient, void (*step)(struct patient *), int after_ms)
{
    patient->step = step;
    patient->step_at_ms = real_ms() + after_ms + (after_ms == 0 ? 0 : (int)(patient->number * ANSWER_SPREAD % 150));
}

/* ---- What was answered -------------------------------------------------------------------------------------------------- */

void patient_refused(struct patient *patient, const Referral__Reply *reply)
{
    struct refusals *refusals = &patient->desk->morning->refusals;
    const char *code = reply == NULL || reply->n_refusals == 0 ? "no answer" : reply->refusals[0]->code;
    size_t i = 0;
    while (i < refusals->count && strcmp(refusals->list[i].code, code) != 0)
        i++;
    if (i == CODES_MAX)
        return;
    if (i == refusals->count) {
        refusals->count++;
        snprintf(refusals->list[i].code, CODE_SIZE, "%s", code);
    }
    refusals->list[i].general += !is_family(patient);
    refusals->list[i].family += is_family(patient);
}

static void note_place(struct patient *patient, const Referral__Booking *booking)
{
    struct place *place = &patient->place;
    snprintf(place->booking_id, sizeof place->booking_id, "%s", booking->booking_id);
    snprintf(place->resource, sizeof place->resource, "%s", booking->pool->resource);
    snprintf(place->department, sizeof place->department, "%s", booking->pool->department);
    snprintf(place->date, sizeof place->date, "%s", booking->pool->date);
    place->unit = booking->n_units == 0 ? 0 : booking->units[0];
}

/* ---- Asking for places -------------------------------------------------------------------------------------------------- */

static Referral__PoolRef pool_of(const struct session *session)
{
    Referral__PoolRef pool = REFERRAL__POOL_REF__INIT;
    pool.hospital = lend(session->hospital->id);
    pool.has_class_ = true;
    pool.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    pool.department = lend(session->department);
    pool.resource = lend(session->resource);
    pool.date = lend(session->date);
    return pool;
}

static void name_patient(const struct patient *patient, char **referral_id, char **reference)
{
    *referral_id = is_family(patient) ? lend(patient->referral_id) : NULL;
    *reference = is_family(patient) ? NULL : lend(patient->reference);
}

static void take(struct patient *patient, Referral__Kind kind, Referral__PoolRef *pool,
                 void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted))
{
    Referral__TakePlace body = REFERRAL__TAKE_PLACE__INIT;
    body.pool = pool;
    body.has_channel = true;
    body.channel = patient->channel;
    name_patient(patient, &body.referral_id, &body.reference);
    desk_ask(patient->desk, kind, &body.base, patient, on_answer);
}

void patient_try(struct desk *scheduler, const struct session *session, char ret_code[CODE_SIZE])
{
    Referral__PoolRef pool = pool_of(session);
    Referral__TakePlace body = REFERRAL__TAKE_PLACE__INIT;
    Referral__PlaceChange change = REFERRAL__PLACE_CHANGE__INIT;
    Referral__Reply *reply = NULL;
    struct referral_request request = {.kind = REFERRAL__KIND__BOOK_PLACE, .message = &body.base};
    body.pool = &pool;
    body.has_channel = true;
    body.channel = REFERRAL__CHANNEL__GENERAL;
    body.reference = lend("MZ9999");
    enum referral_status status = referral_call(scheduler->client, &request, &reply);
    const char *code = status == REFERRAL_REFUSED ? reply->refusals[0]->code : referral_status_name(status);
    snprintf(ret_code, CODE_SIZE, "%s", status == REFERRAL_OK ? "" : code);
    if (status == REFERRAL_OK) {
        change.booking_id = reply->booking->booking_id;
        change.has_reason = true;
        change.reason = REFERRAL__REASON__SENT_IN_ERROR;
        request = (struct referral_request){.kind = REFERRAL__KIND__CANCEL_PLACE, .message = &change.base};
        referral_call(scheduler->client, &request, NULL);
    }
    referral_reply_free(reply);
}

static void on_listed(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (!accepted)
        patient_refused(patient, reply);
    else if (patient->state == PATIENT_WAITING_ROOM) /* an offer may have been told before this answer */
        patient->state = PATIENT_LISTED;
}

static void join_list(struct patient *patient)
{
    Referral__JoinList body = REFERRAL__JOIN_LIST__INIT;
    body.hospital = lend(patient->hospital->id);
    body.has_class_ = body.has_channel = true;
    body.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    body.department = lend(patient->department);
    body.first_date = body.last_date = lend(test_clock_date(2));
    body.channel = patient->channel;
    name_patient(patient, &body.referral_id, &body.reference);
    desk_ask(patient->desk, REFERRAL__KIND__JOIN_LIST, &body.base, patient, on_listed);
}

/* ---- A general patient: his hospital's scheduler asks for one session after the other ----------------------------------- */

/* Session number so many of his department, and how many there are. */
static const struct session *session_of(const struct patient *patient, unsigned number, unsigned *ret_count)
{
    const struct sessions *sessions = &patient->desk->morning->tomorrow;
    const struct session *of_department[SESSIONS_MAX];
    unsigned count = 0;
    for (size_t i = 0; i < sessions->count; i++) {
        const struct session *session = &sessions->list[i];
        if (session->hospital == patient->hospital && strcmp(session->department, patient->department) == 0)
            of_department[count++] = session;
    }
    *ret_count = count;
    return count == 0 ? NULL : of_department[number % count];
}

static void ask_general(struct patient *patient);

static void on_general(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (accepted) {
        patient->state = PATIENT_BOOKED;
        patient->desk->morning->granted++;
        note_place(patient, reply->booking);
        return;
    }
    patient_refused(patient, reply);
    patient_plan(patient, ask_general, THINK_MS);
}

static void ask_general(struct patient *patient)
{
    unsigned sessions;
    const struct session *session = session_of(patient, patient->number + patient->tries, &sessions);
    if (patient->tries++ < sessions) {
        Referral__PoolRef pool = pool_of(session);
        take(patient, REFERRAL__KIND__BOOK_PLACE, &pool, on_general);
    } else {
        join_list(patient);
    }
}

/* ---- A family doctor's patient: search, hold, a word on the phone, confirm ----------------------------------------------- */

static void ask_family(struct patient *patient);

static void on_confirmed(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (!accepted) {
        patient_refused(patient, reply);
        return;
    }
    patient->desk->morning->offers.taken += patient->state == PATIENT_OFFERED;
    patient->state = PATIENT_BOOKED;
    note_place(patient, reply->booking);
}

static void on_given_back(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (!accepted) {
        patient_refused(patient, reply);
    } else if (patient->state == PATIENT_OFFERED) {
        patient->state = PATIENT_LISTED; /* Q8: declined, it keeps its rank */
        patient->desk->morning->offers.declined++;
    } else {
        patient->state = PATIENT_LEFT;
    }
}

static void change_place(struct patient *patient, Referral__Kind kind, Referral__Reason reason,
                         void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted))
{
    Referral__PlaceChange body = REFERRAL__PLACE_CHANGE__INIT;
    body.booking_id = patient->place.booking_id;
    body.has_reason = reason != 0;
    body.reason = reason;
    desk_ask(patient->desk, kind, &body.base, patient, on_answer);
}

static void answer_place(struct patient *patient)
{
    if (patient->answer == ANSWER_YES)
        change_place(patient, REFERRAL__KIND__CONFIRM_PLACE, (Referral__Reason)0, on_confirmed);
    else if (patient->answer == ANSWER_NO)
        change_place(patient, REFERRAL__KIND__CANCEL_PLACE, REFERRAL__REASON__PATIENT_DECLINED, on_given_back);
    patient->answer = ANSWER_YES; /* the next time */
}

static void on_held(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (!accepted) { /* somebody was faster: search again */
        patient_refused(patient, reply);
        patient_plan(patient, ask_family, THINK_MS);
        return;
    }
    patient->state = PATIENT_HELD;
    patient->desk->morning->granted++;
    note_place(patient, reply->booking);
    patient_plan(patient, answer_place, PHONE_MS);
}

/* Of those bookable now, so that not all want the same one. */
static const Referral__FreePlace *choose(const struct patient *patient, const Referral__PlaceList *list)
{
    size_t bookable = 0, wanted;
    for (size_t i = 0; i < list->n_places; i++)
        bookable += list->places[i]->bookable > 0;
    wanted = bookable == 0 ? 0 : patient->number % bookable;
    for (size_t i = 0; i < list->n_places; i++)
        if (list->places[i]->bookable > 0 && wanted-- == 0)
            return list->places[i];
    return NULL;
}

static void on_found(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    Referral__PlaceList *list =
        accepted ? referral__place_list__unpack(NULL, reply->result.len, reply->result.data) : NULL;
    if (list == NULL) {
        patient_refused(patient, reply);
        return;
    }
    const Referral__FreePlace *place = choose(patient, list);
    if (place != NULL && patient->tries++ < TRIES_MAX)
        take(patient, REFERRAL__KIND__HOLD_PLACE, place->pool, on_held);
    else
        join_list(patient);
    referral__place_list__free_unpacked(list, NULL);
}

static void ask_family(struct patient *patient)
{
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    query.hospital = lend(patient->hospital->id);
    query.department = patient->department;
    query.has_class_ = query.has_channel = true;
    query.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    query.channel = REFERRAL__CHANNEL__FAMILY_DOCTOR;
    query.first_date = query.last_date = lend(test_clock_date(2));
    desk_ask(patient->desk, REFERRAL__KIND__SEARCH_PLACES, &query.base, patient, on_found);
}

void patient_rush(struct patient *patient, int after_ms)
{
    patient_plan(patient, is_family(patient) ? ask_family : ask_general, after_ms);
}

/* ---- Giving back -------------------------------------------------------------------------------------- */

static void give_back(struct patient *patient)
{
    change_place(patient, REFERRAL__KIND__CANCEL_PLACE, REFERRAL__REASON__PATIENT_DECLINED, on_given_back);
}

void patient_cancel(struct patient *patient, int after_ms)
{
    patient_plan(patient, give_back, after_ms);
}

/* ---- What the broker tells --------------------------------------------------------------------------------------------------- */

/* Of a family doctor's patient by his referral, of a general one by the hospital's own number. */
static struct patient *patient_of(struct morning *morning, const Referral__Notice *notice)
{
    const char *reference = notice->booking != NULL ? notice->booking->reference
                            : notice->entry != NULL ? notice->entry->reference
                                                    : NULL;
    for (size_t i = 0; i < PATIENTS; i++) {
        struct patient *patient = &morning->patients[i];
        if (notice->referral_id != NULL ? strcmp(patient->referral_id, notice->referral_id) == 0
                                        : reference != NULL && strcmp(patient->reference, reference) == 0)
            return patient;
    }
    return NULL;
}

static void hear_offer(struct patient *patient, const Referral__Notice *notice)
{
    patient->state = PATIENT_OFFERED;
    patient->offers++;
    note_place(patient, notice->booking);
    patient_plan(patient, answer_place, PHONE_MS);
}

static void hear_lapse(struct patient *patient)
{
    patient->desk->morning->offers.lapsed += patient->state == PATIENT_OFFERED;
    patient->state = patient->state == PATIENT_OFFERED ? PATIENT_LISTED : PATIENT_WAITING_ROOM;
}

static void hear_displaced(struct patient *patient)
{
    patient->displaced |= patient->state == PATIENT_BOOKED;
    patient->desk->morning->offers.displaced += patient->state == PATIENT_OFFERED;
    patient->state = PATIENT_LISTED;
}

void patient_hears(struct morning *morning, struct desk *desk, const Referral__Notice *notice)
{
    struct patient *patient = patient_of(morning, notice);
    if (patient == NULL)
        return;
    /* What a hospital hears of a referral its sender did. */
    bool is_ours = is_family(patient) == (desk->kind == DESK_TEAM);
    unsigned *counts = is_family(patient) ? morning->notices.family : morning->notices.general;
    if (!is_ours)
        return;
    counts[notice->event]++;
    if (notice->event == REFERRAL__EVENT_TYPE__EVENT_PLACE_OFFERED) {
        hear_offer(patient, notice);
    } else if (notice->event == REFERRAL__EVENT_TYPE__EVENT_PLACE_LAPSED) {
        hear_lapse(patient);
    } else if (notice->event == REFERRAL__EVENT_TYPE__EVENT_DISPLACE ||
               notice->event == REFERRAL__EVENT_TYPE__EVENT_PLACE_DISPLACED) {
        hear_displaced(patient);
    } else if (notice->event == REFERRAL__EVENT_TYPE__EVENT_NO_SHOW) {
        patient->state = PATIENT_MISSED;
        morning->notices.assumed += notice->assumed ? 1 : 0;
    } else if (notice->event == REFERRAL__EVENT_TYPE__EVENT_LIST_LEFT) {
        patient->state = PATIENT_WAITING_ROOM;
    }
}
