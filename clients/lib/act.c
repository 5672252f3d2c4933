/* Conveniences: what most programs ask, in one call each. */
#include <referral/client.h>

#include <stdlib.h>

enum referral_status referral_submit(struct referral_client *client, const char *message_id,
                                     const Referral__Sheet *sheet, Referral__Reply **ret_reply)
{
    struct referral_request request = {
        .kind = REFERRAL__KIND__SUBMIT, .message_id = message_id, .message = &sheet->base};
    return referral_call(client, &request, ret_reply);
}

static const struct result { /* what a kind's reply carries, as wire.proto says beside it */
    Referral__Kind kind;
    const ProtobufCMessageDescriptor *descriptor;
} results[] = {
    {REFERRAL__KIND__SHOW_PAYLOAD, &referral__payload__descriptor},
    {REFERRAL__KIND__FIND_PATIENT, &referral__patient_referrals__descriptor},
    {REFERRAL__KIND__GET_REFERRAL, &referral__referral_view__descriptor},
    {REFERRAL__KIND__LIST_REFERRALS, &referral__referral_list__descriptor},
    {REFERRAL__KIND__GET_JOURNEY, &referral__referral_list__descriptor},
    {REFERRAL__KIND__WHY, &referral__why_view__descriptor},
    {REFERRAL__KIND__LIST_INBOX, &referral__inbox_list__descriptor},
    {REFERRAL__KIND__LIST_DEAD, &referral__dead_list__descriptor},
    {REFERRAL__KIND__LIST_INSTITUTIONS, &referral__institution_list__descriptor},
    {REFERRAL__KIND__LIST_RELATIONS, &referral__relation_list__descriptor},
    {REFERRAL__KIND__LIST_DELEGATIONS, &referral__delegation_list__descriptor},
    {REFERRAL__KIND__LIST_TEAMS, &referral__team_list__descriptor},
    {REFERRAL__KIND__LIST_KEYS, &referral__key_list__descriptor},
    {REFERRAL__KIND__LIST_SETTINGS, &referral__setting_list__descriptor},
    {REFERRAL__KIND__LIST_CALENDAR, &referral__calendar_list__descriptor},
    {REFERRAL__KIND__LIST_AUDIT, &referral__audit_list__descriptor},
    {REFERRAL__KIND__LIST_ALARMS, &referral__alarm_list__descriptor},
    {REFERRAL__KIND__GET_STATUS, &referral__status_view__descriptor},
    {REFERRAL__KIND__LIST_SESSIONS, &referral__session_list__descriptor},
    {REFERRAL__KIND__LIST_WAITERS, &referral__waiter_list__descriptor},
    {REFERRAL__KIND__FIND_MESSAGE, &referral__message_view__descriptor},
    {REFERRAL__KIND__LIST_QUARANTINE, &referral__quarantine_list__descriptor},
    {REFERRAL__KIND__SEARCH_PLACES, &referral__place_list__descriptor},
    {REFERRAL__KIND__LIST_POOLS, &referral__pool_list__descriptor},
    {REFERRAL__KIND__LIST_BOOKINGS, &referral__booking_list__descriptor},
    {REFERRAL__KIND__LIST_WAITING, &referral__wait_list__descriptor},
    {REFERRAL__KIND__LIST_TIMETABLES, &referral__timetable_list__descriptor},
    {REFERRAL__KIND__LIST_LEDGER, &referral__ledger_pages__descriptor},
    {REFERRAL__KIND__GET_SERVICE_FACTS, &referral__service_facts__descriptor},
};

static const ProtobufCMessageDescriptor *result_of(Referral__Kind kind)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].kind == kind)
            return results[i].descriptor;
    return NULL;
}

enum referral_status referral_query(struct referral_client *client, Referral__Kind kind, const ProtobufCMessage *query,
                                    ProtobufCMessage **ret_view, Referral__Reply **ret_reply)
{
    const ProtobufCMessageDescriptor *descriptor = result_of(kind);
    if (descriptor == NULL)
        return REFERRAL_BAD_ARGUMENT;
    struct referral_request request = {.kind = kind, .message = query};
    Referral__Reply *reply = NULL;
    enum referral_status status = referral_call(client, &request, &reply);
    if (status == REFERRAL_OK) {
        ProtobufCMessage *view = protobuf_c_message_unpack(descriptor, NULL, reply->result.len, reply->result.data);
        if (view == NULL)
            status = REFERRAL_UNREADABLE;
        else
            *ret_view = view;
    }
    if (status == REFERRAL_REFUSED && ret_reply != NULL)
        *ret_reply = reply;
    else
        referral_reply_free(reply);
    return status;
}

static char *text(const char *given) /* protobuf-c's structures are never const; packing does not write */
{
    return (char *)(uintptr_t)given;
}

struct event_parts { /* what an Event points to */
    Referral__Person person;
    Referral__Diagnosis diagnosis;
    Referral__Diagnosis *diagnoses[1];
};

static Referral__Event event_of(const struct referral_act *act, struct event_parts *parts)
{
    Referral__Event event = REFERRAL__EVENT__INIT;
    event.has_type = true;
    event.type = act->type;
    event.referral_id = text(act->referral_id);
    if (act->person_name != NULL || act->person_phone != NULL) {
        parts->person = (Referral__Person)REFERRAL__PERSON__INIT;
        parts->person.name = text(act->person_name);
        parts->person.phone = text(act->person_phone);
        event.person = &parts->person;
    }
    event.has_reason = act->reason != 0;
    event.reason = act->reason;
    event.text = text(act->text);
    event.has_occurred_at_ms = act->occurred_at_ms != 0;
    event.occurred_at_ms = act->occurred_at_ms;
    event.receiver = text(act->receiver);
    event.department = text(act->department);
    event.place = (Referral__Place *)(uintptr_t)act->place;
    if (act->diagnosis != NULL || act->diagnosis_icd10 != NULL) {
        parts->diagnosis = (Referral__Diagnosis)REFERRAL__DIAGNOSIS__INIT;
        parts->diagnosis.text = text(act->diagnosis);
        parts->diagnosis.icd10 = text(act->diagnosis_icd10);
        parts->diagnoses[0] = &parts->diagnosis;
        event.diagnoses = parts->diagnoses;
        event.n_diagnoses = 1;
    }
    event.treatment = text(act->treatment);
    event.has_close_code = act->close_code != 0;
    event.close_code = act->close_code;
    event.has_agreed = act->type == REFERRAL__EVENT_TYPE__EVENT_ANSWER_CANCEL;
    event.agreed = act->agreed;
    return event;
}

enum referral_status referral_act(struct referral_client *client, const struct referral_act *act,
                                  Referral__Reply **ret_reply)
{
    struct event_parts parts;
    Referral__Event event = event_of(act, &parts);
    uint8_t *sheet = NULL;
    if (act->sheet != NULL) {
        sheet = malloc(referral__sheet__get_packed_size(act->sheet) + 1);
        if (sheet == NULL)
            return REFERRAL_NO_MEMORY;
        event.has_sheet = true;
        event.sheet = (ProtobufCBinaryData){.len = referral__sheet__pack(act->sheet, sheet), .data = sheet};
    }
    struct referral_request request = {.kind = REFERRAL__KIND__EVENT,
                                       .message_id = act->message_id,
                                       .acting_for = act->acting_for,
                                       .message = &event.base,
                                       .timeout_ms = act->timeout_ms};
    enum referral_status status = referral_call(client, &request, ret_reply);
    free(sheet);
    return status;
}
