/* authority.c - the table. Who of a referral's parties may cause which event is the lifecycle's affair; here stands
 * which keys may ask. */
#include "engine/authority.h"

#define REFER    (1U << REFERRAL__ROLE__REFER)
#define RECEIVE  (1U << REFERRAL__ROLE__RECEIVE)
#define SCHEDULE (1U << REFERRAL__ROLE__SCHEDULE)
#define OPERATE  (1U << REFERRAL__ROLE__OPERATE)
#define OBSERVE  (1U << REFERRAL__ROLE__OBSERVE)
#define WORKING  (REFER | RECEIVE | SCHEDULE) /* those who see their own referrals (P2) */
#define ANYONE   (WORKING | OPERATE | OBSERVE)
#define NOBODY   0U

#define KIND(name) REFERRAL__KIND__##name

/* clang-format off */
static const struct authority rows[] = {
    /*                            own institution     another one */
    {KIND(SUBMIT),                REFER,              NOBODY}, /* T5: for another one by delegation only */
    {KIND(EVENT),                 WORKING | OPERATE,  OPERATE},
    {KIND(ACK),                   RECEIVE,            NOBODY},
    {KIND(NACK),                  RECEIVE,            NOBODY},

    {KIND(PUT_INSTITUTION),       OPERATE,            OPERATE},
    {KIND(PUT_CONTACT),           SCHEDULE | OPERATE, OPERATE},
    {KIND(PUT_RELATION),          OPERATE,            OPERATE},
    {KIND(DELETE_RELATION),       OPERATE,            OPERATE},
    {KIND(PUT_DELEGATION),        OPERATE,            OPERATE},
    {KIND(DELETE_DELEGATION),     OPERATE,            OPERATE},
    {KIND(PUT_TEAM),              OPERATE,            OPERATE},
    {KIND(ADD_KEY),               OPERATE,            OPERATE},
    {KIND(REVOKE_KEY),            OPERATE,            OPERATE},
    {KIND(PUT_SETTING),           OPERATE,            OPERATE},
    {KIND(PUT_CALENDAR_DAY),      OPERATE,            OPERATE},
    {KIND(PAUSE),                 OPERATE,            OPERATE},
    {KIND(RESUME),                OPERATE,            OPERATE},
    {KIND(REPLAY_DEAD),           OPERATE,            OPERATE},
    {KIND(DROP_DEAD),             OPERATE,            OPERATE},
    {KIND(SHOW_PAYLOAD),          REFER | RECEIVE | OPERATE, OPERATE},
    {KIND(CONFIRM_TIME),          OPERATE,            OPERATE},
    {KIND(DRAIN),                 OPERATE,            OPERATE},
    {KIND(FIND_PATIENT),          WORKING | OPERATE,  OPERATE},
    {KIND(HOLD_REFERRAL),         OPERATE,            OPERATE},
    {KIND(RELEASE_REFERRAL),      OPERATE,            OPERATE},
    {KIND(RELEASE_COMMAND),       OPERATE,            OPERATE},

    {KIND(GET_REFERRAL),          WORKING | OPERATE,  OPERATE},
    {KIND(LIST_REFERRALS),        WORKING | OPERATE,  OPERATE},
    {KIND(GET_JOURNEY),           WORKING | OPERATE,  OPERATE},
    {KIND(WHY),                   WORKING | OPERATE,  OPERATE},
    {KIND(LIST_INBOX),            RECEIVE | OPERATE,  OPERATE},
    {KIND(LIST_DEAD),             RECEIVE | OPERATE,  OPERATE},
    {KIND(LIST_INSTITUTIONS),     ANYONE,             ANYONE},
    {KIND(LIST_RELATIONS),        ANYONE,             OPERATE | OBSERVE},
    {KIND(LIST_DELEGATIONS),      ANYONE,             OPERATE | OBSERVE},
    {KIND(LIST_TEAMS),            ANYONE,             OPERATE},
    {KIND(LIST_KEYS),             OPERATE,            OPERATE},
    {KIND(LIST_SETTINGS),         ANYONE,             ANYONE},
    {KIND(LIST_CALENDAR),         ANYONE,             ANYONE},
    {KIND(LIST_AUDIT),            OPERATE,            OPERATE},
    {KIND(LIST_ALARMS),           OPERATE | OBSERVE,  OPERATE | OBSERVE},
    {KIND(GET_STATUS),            ANYONE,             OPERATE | OBSERVE},
    {KIND(LIST_SESSIONS),         ANYONE,             OPERATE},
    {KIND(LIST_WAITERS),          ANYONE,             OPERATE | OBSERVE},
    {KIND(FIND_MESSAGE),          WORKING | OPERATE,  OPERATE},
    {KIND(LIST_QUARANTINE),       OPERATE,            OPERATE},

    {KIND(PUT_POOL),              SCHEDULE,          NOBODY},
    {KIND(CUT_UNITS),             SCHEDULE,          NOBODY},
    {KIND(CANCEL_POOL),           SCHEDULE,          NOBODY},
    {KIND(BLOCK_UNITS),           SCHEDULE,          NOBODY},
    {KIND(UNBLOCK_UNITS),         SCHEDULE,          NOBODY},
    {KIND(PUT_GROUP),             SCHEDULE,          NOBODY},
    {KIND(PUT_TIMETABLE),         SCHEDULE,          NOBODY},
    {KIND(DELETE_TIMETABLE),      SCHEDULE,          NOBODY},
    {KIND(HOLD_PLACE),            WORKING,           NOBODY},
    {KIND(BOOK_PLACE),            WORKING,           NOBODY},
    {KIND(CONFIRM_PLACE),         WORKING,           NOBODY},
    {KIND(CANCEL_PLACE),          WORKING,           NOBODY},
    {KIND(MOVE_PLACE),            WORKING,           NOBODY},
    {KIND(DISPLACE_PLACE),        RECEIVE | SCHEDULE, NOBODY},
    {KIND(MARK_PLACE),            RECEIVE | SCHEDULE, NOBODY},
    {KIND(JOIN_LIST),             WORKING,           NOBODY},
    {KIND(LEAVE_LIST),            WORKING,           NOBODY},

    {KIND(SEARCH_PLACES),         WORKING | OPERATE, WORKING | OPERATE},
    {KIND(LIST_POOLS),            ANYONE,            OPERATE | OBSERVE},
    {KIND(LIST_BOOKINGS),         WORKING | OPERATE, OPERATE},
    {KIND(LIST_WAITING),          WORKING | OPERATE, OPERATE},
    {KIND(LIST_TIMETABLES),       SCHEDULE | OPERATE, OPERATE},
    {KIND(LIST_LEDGER),           SCHEDULE | OPERATE | OBSERVE, OPERATE | OBSERVE},
    {KIND(GET_SERVICE_FACTS),     SCHEDULE | OPERATE | OBSERVE, OPERATE | OBSERVE},
};
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const struct authority *authority_rows(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static const struct authority *find(Referral__Kind kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

bool authority_allows(Referral__Kind kind, uint32_t roles, enum scope scope)
{
    const struct authority *row = find(kind);

    return row != NULL && (roles & (scope == SCOPE_OWN ? row->own_roles : row->other_roles)) != 0;
}

bool authority_allows_any(Referral__Kind kind, uint32_t roles)
{
    return authority_allows(kind, roles, SCOPE_OWN); /* whoever may for others may for itself */
}
