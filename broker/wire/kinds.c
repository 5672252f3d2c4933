/* kinds.c - what each kind of message is, as the comments of wire.proto say it. */
#include <assert.h>

#include "place.pb-c.h"
#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "wire/wire.h"

#define ROW(word, is, ...)                                                                                             \
    {                                                                                                                  \
        .name = #word, .kind = REFERRAL__KIND__##word, .class = KIND_##is, __VA_ARGS__                                 \
    }
#define TYPE(message) (&referral__##message##__descriptor)

/* In order of number. */
/* clang-format off */
static const struct kind_info kinds[] = {
    ROW(HELLO, SESSION, .body = TYPE(hello)),
    ROW(WELCOME, BROKER, .body = TYPE(welcome)),
    ROW(PING, SESSION),
    ROW(PONG, SESSION),
    ROW(CREDIT, SESSION, .body = TYPE(credit)),
    ROW(GOODBYE, SESSION, .body = TYPE(goodbye)),
    ROW(NO_SESSION, BROKER),
    ROW(REPLY, BROKER, .body = TYPE(reply)),
    ROW(DELIVERY, BROKER, .body = TYPE(delivery)),
    ROW(ACK, DELIVERY, .body = TYPE(ack)),
    ROW(NACK, DELIVERY, .body = TYPE(nack)),

    ROW(SUBMIT, COMMAND, .body = TYPE(sheet), .keeps_unknown = true),
    ROW(EVENT, COMMAND, .body = TYPE(event)),
    ROW(PUT_INSTITUTION, COMMAND, .body = TYPE(institution)),
    ROW(PUT_CONTACT, COMMAND, .body = TYPE(put_contact)),
    ROW(PUT_RELATION, COMMAND, .body = TYPE(relation)),
    ROW(DELETE_RELATION, COMMAND, .body = TYPE(relation)),
    ROW(PUT_DELEGATION, COMMAND, .body = TYPE(delegation)),
    ROW(DELETE_DELEGATION, COMMAND, .body = TYPE(delegation)),
    ROW(PUT_TEAM, COMMAND, .body = TYPE(team)),
    ROW(ADD_KEY, COMMAND, .body = TYPE(access_key)),
    ROW(REVOKE_KEY, COMMAND, .body = TYPE(revoke_key)),
    ROW(PUT_SETTING, COMMAND, .body = TYPE(setting)),
    ROW(PUT_CALENDAR_DAY, COMMAND, .body = TYPE(calendar_day)),
    ROW(PAUSE, COMMAND, .body = TYPE(destination)),
    ROW(RESUME, COMMAND, .body = TYPE(destination)),
    ROW(REPLAY_DEAD, COMMAND, .body = TYPE(dead_letters)),
    ROW(DROP_DEAD, COMMAND, .body = TYPE(dead_letters)),
    ROW(SHOW_PAYLOAD, COMMAND, .body = TYPE(show_payload), .result = TYPE(payload)),
    ROW(CONFIRM_TIME, COMMAND, .body = TYPE(confirm_time)),
    ROW(DRAIN, COMMAND, .body = TYPE(drain)),
    ROW(FIND_PATIENT, COMMAND, .body = TYPE(find_patient), .result = TYPE(patient_referrals)),
    ROW(HOLD_REFERRAL, COMMAND, .body = TYPE(legal_hold)),
    ROW(RELEASE_REFERRAL, COMMAND, .body = TYPE(legal_hold)),
    ROW(RELEASE_COMMAND, COMMAND, .body = TYPE(release_command)),

    ROW(GET_REFERRAL, QUERY, .body = TYPE(referral_query), .result = TYPE(referral_view)),
    ROW(LIST_REFERRALS, QUERY, .body = TYPE(referrals_query), .result = TYPE(referral_list)),
    ROW(GET_JOURNEY, QUERY, .body = TYPE(referral_query), .result = TYPE(referral_list)),
    ROW(WHY, QUERY, .body = TYPE(referral_query), .result = TYPE(why_view)),
    ROW(LIST_INBOX, QUERY, .body = TYPE(inbox_query), .result = TYPE(inbox_list)),
    ROW(LIST_DEAD, QUERY, .body = TYPE(inbox_query), .result = TYPE(dead_list)),
    ROW(LIST_INSTITUTIONS, QUERY, .body = TYPE(page_query), .result = TYPE(institution_list)),
    ROW(LIST_RELATIONS, QUERY, .body = TYPE(page_query), .result = TYPE(relation_list)),
    ROW(LIST_DELEGATIONS, QUERY, .body = TYPE(page_query), .result = TYPE(delegation_list)),
    ROW(LIST_TEAMS, QUERY, .body = TYPE(page_query), .result = TYPE(team_list)),
    ROW(LIST_KEYS, QUERY, .body = TYPE(page_query), .result = TYPE(key_list)),
    ROW(LIST_SETTINGS, QUERY, .body = TYPE(page_query), .result = TYPE(setting_list)),
    ROW(LIST_CALENDAR, QUERY, .body = TYPE(page_query), .result = TYPE(calendar_list)),
    ROW(LIST_AUDIT, QUERY, .body = TYPE(audit_query), .result = TYPE(audit_list)),
    ROW(LIST_ALARMS, QUERY, .body = TYPE(alarm_query), .result = TYPE(alarm_list)),
    ROW(GET_STATUS, QUERY, .body = TYPE(page_query), .result = TYPE(status_view)),
    ROW(LIST_SESSIONS, QUERY, .body = TYPE(page_query), .result = TYPE(session_list)),
    ROW(LIST_WAITERS, QUERY, .body = TYPE(page_query), .result = TYPE(waiter_list)),
    ROW(FIND_MESSAGE, QUERY, .body = TYPE(message_query), .result = TYPE(message_view)),
    ROW(LIST_QUARANTINE, QUERY, .body = TYPE(page_query), .result = TYPE(quarantine_list)),

    ROW(PUT_POOL, COMMAND, .body = TYPE(pool)),
    ROW(CUT_UNITS, COMMAND, .body = TYPE(pool_change)),
    ROW(CANCEL_POOL, COMMAND, .body = TYPE(pool_change)),
    ROW(BLOCK_UNITS, COMMAND, .body = TYPE(pool_change)),
    ROW(UNBLOCK_UNITS, COMMAND, .body = TYPE(pool_change)),
    ROW(PUT_GROUP, COMMAND, .body = TYPE(pool_group)),
    ROW(PUT_TIMETABLE, COMMAND, .body = TYPE(timetable)),
    ROW(DELETE_TIMETABLE, COMMAND, .body = TYPE(timetable)),

    ROW(HOLD_PLACE, COMMAND, .body = TYPE(take_place)),
    ROW(BOOK_PLACE, COMMAND, .body = TYPE(take_place)),
    ROW(CONFIRM_PLACE, COMMAND, .body = TYPE(place_change)),
    ROW(CANCEL_PLACE, COMMAND, .body = TYPE(place_change)),
    ROW(MOVE_PLACE, COMMAND, .body = TYPE(move_place)),
    ROW(DISPLACE_PLACE, COMMAND, .body = TYPE(place_change)),
    ROW(MARK_PLACE, COMMAND, .body = TYPE(place_change)),
    ROW(JOIN_LIST, COMMAND, .body = TYPE(join_list)),
    ROW(LEAVE_LIST, COMMAND, .body = TYPE(leave_list)),

    ROW(SEARCH_PLACES, QUERY, .body = TYPE(place_query), .result = TYPE(place_list)),
    ROW(LIST_POOLS, QUERY, .body = TYPE(pool_query), .result = TYPE(pool_list)),
    ROW(LIST_BOOKINGS, QUERY, .body = TYPE(booking_query), .result = TYPE(booking_list)),
    ROW(LIST_WAITING, QUERY, .body = TYPE(wait_query), .result = TYPE(wait_list)),
    ROW(LIST_TIMETABLES, QUERY, .body = TYPE(page_query), .result = TYPE(timetable_list)),
    ROW(LIST_LEDGER, QUERY, .body = TYPE(ledger_query), .result = TYPE(ledger_pages)),
    ROW(GET_SERVICE_FACTS, QUERY, .body = TYPE(service_query), .result = TYPE(service_facts)),
};
/* clang-format on */
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
