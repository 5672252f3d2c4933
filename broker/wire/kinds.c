/* kinds.c - what each kind of message is, as the comments of wire.proto say it. */
#include <assert.h>

#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "wire/wire.h"

#define BODY(message)   .body = &referral__##message##__descriptor
#define RESULT(message) .result = &referral__##message##__descriptor
#define KIND(word, c)   .kind = REFERRAL__KIND__##word, .name = #word, .class = KIND_##c

/* In order of number. */
static const struct kind_info kinds[] = {
    {KIND(HELLO, SESSION), BODY(hello)},
    {KIND(WELCOME, BROKER), BODY(welcome)},
    {KIND(PING, SESSION)},
    {KIND(PONG, SESSION)},
    {KIND(CREDIT, SESSION), BODY(credit)},
    {KIND(GOODBYE, SESSION), BODY(goodbye)},
    {KIND(NO_SESSION, BROKER)},
    {KIND(REPLY, BROKER), BODY(reply)},
    {KIND(DELIVERY, BROKER), BODY(delivery)},
    {KIND(ACK, DELIVERY), BODY(ack)},
    {KIND(NACK, DELIVERY), BODY(nack)},

    {KIND(SUBMIT, COMMAND), BODY(sheet), .keeps_unknown = true},
    {KIND(EVENT, COMMAND), BODY(event)},
    {KIND(PUT_INSTITUTION, COMMAND), BODY(institution)},
    {KIND(PUT_CONTACT, COMMAND), BODY(put_contact)},
    {KIND(PUT_RELATION, COMMAND), BODY(relation)},
    {KIND(DELETE_RELATION, COMMAND), BODY(relation)},
    {KIND(PUT_DELEGATION, COMMAND), BODY(delegation)},
    {KIND(DELETE_DELEGATION, COMMAND), BODY(delegation)},
    {KIND(PUT_TEAM, COMMAND), BODY(team)},
    {KIND(ADD_KEY, COMMAND), BODY(access_key)},
    {KIND(REVOKE_KEY, COMMAND), BODY(revoke_key)},
    {KIND(PUT_SETTING, COMMAND), BODY(setting)},
    {KIND(PUT_CALENDAR_DAY, COMMAND), BODY(calendar_day)},
    {KIND(PAUSE, COMMAND), BODY(destination)},
    {KIND(RESUME, COMMAND), BODY(destination)},
    {KIND(REPLAY_DEAD, COMMAND), BODY(dead_letters)},
    {KIND(DROP_DEAD, COMMAND), BODY(dead_letters)},
    {KIND(SHOW_PAYLOAD, COMMAND), BODY(show_payload), RESULT(payload)},
    {KIND(CONFIRM_TIME, COMMAND), BODY(confirm_time)},

    {KIND(GET_REFERRAL, QUERY), BODY(referral_query), RESULT(referral_view)},
    {KIND(LIST_REFERRALS, QUERY), BODY(referrals_query), RESULT(referral_list)},
    {KIND(GET_JOURNEY, QUERY), BODY(referral_query), RESULT(referral_list)},
    {KIND(WHY, QUERY), BODY(referral_query), RESULT(why_view)},
    {KIND(LIST_INBOX, QUERY), BODY(inbox_query), RESULT(inbox_list)},
    {KIND(LIST_DEAD, QUERY), BODY(inbox_query), RESULT(dead_list)},
    {KIND(LIST_INSTITUTIONS, QUERY), BODY(page_query), RESULT(institution_list)},
    {KIND(LIST_RELATIONS, QUERY), BODY(page_query), RESULT(relation_list)},
    {KIND(LIST_DELEGATIONS, QUERY), BODY(page_query), RESULT(delegation_list)},
    {KIND(LIST_TEAMS, QUERY), BODY(page_query), RESULT(team_list)},
    {KIND(LIST_KEYS, QUERY), BODY(page_query), RESULT(key_list)},
    {KIND(LIST_SETTINGS, QUERY), BODY(page_query), RESULT(setting_list)},
    {KIND(LIST_CALENDAR, QUERY), BODY(page_query), RESULT(calendar_list)},
    {KIND(LIST_AUDIT, QUERY), BODY(audit_query), RESULT(audit_list)},
    {KIND(LIST_ALARMS, QUERY), BODY(page_query), RESULT(alarm_list)},
    {KIND(GET_STATUS, QUERY), BODY(page_query), RESULT(status_view)},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const struct kind_info *kind_info(uint32_t kind)
{
    size_t low = 0, high = KIND_COUNT;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if ((uint32_t)kinds[middle].kind == kind)
            return &kinds[middle];
        if ((uint32_t)kinds[middle].kind < kind)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct kind_info *kind_infos(size_t *ret_count)
{
    *ret_count = KIND_COUNT;
    return kinds;
}
