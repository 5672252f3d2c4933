/* Which keys may ask for what (P2, T5), said the other way round than the table does: by role, not by kind. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "engine/authority.h"
#include "wire/wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Everybody: whom one may refer to, and what holds for all; one's own institution's affairs, without a patient in
 * them. */
#define COMMON "LIST_INSTITUTIONS LIST_SETTINGS LIST_CALENDAR "
#define STATE  "LIST_RELATIONS LIST_DELEGATIONS GET_STATUS LIST_WAITERS LIST_POOLS "
#define PEOPLE "LIST_TEAMS LIST_SESSIONS "
/* Whoever works on referrals. */
#define REFERRALS                                                                                                      \
    "EVENT GET_REFERRAL LIST_REFERRALS GET_JOURNEY WHY FIND_PATIENT FIND_MESSAGE LIST_BOOKINGS LIST_WAITING "
#define PLACES "SEARCH_PLACES HOLD_PLACE BOOK_PLACE CONFIRM_PLACE CANCEL_PLACE MOVE_PLACE JOIN_LIST LEAVE_LIST "
/* Only whoever answers for all. */
#define REGISTRY                                                                                                       \
    "PUT_INSTITUTION PUT_CONTACT PUT_RELATION DELETE_RELATION PUT_DELEGATION DELETE_DELEGATION PUT_TEAM ADD_KEY "      \
    "REVOKE_KEY PUT_SETTING PUT_CALENDAR_DAY LIST_KEYS "
#define WATCH                                                                                                          \
    "PAUSE RESUME REPLAY_DEAD DROP_DEAD CONFIRM_TIME DRAIN HOLD_REFERRAL RELEASE_REFERRAL RELEASE_COMMAND LIST_INBOX " \
    "LIST_DEAD LIST_AUDIT LIST_ALARMS LIST_QUARANTINE SHOW_PAYLOAD "
#define REPORTS "LIST_LEDGER GET_SERVICE_FACTS "

static const struct {
    Referral__Role role;
    const char *own, *other; /* kinds, each followed by a space */
} words[] = {
    {REFERRAL__ROLE__REFER, COMMON STATE PEOPLE REFERRALS PLACES "SUBMIT SHOW_PAYLOAD ", COMMON "SEARCH_PLACES "},
    {REFERRAL__ROLE__RECEIVE,
     COMMON STATE PEOPLE REFERRALS PLACES "ACK NACK LIST_INBOX LIST_DEAD SHOW_PAYLOAD DISPLACE_PLACE MARK_PLACE ",
     COMMON "SEARCH_PLACES "},
    {REFERRAL__ROLE__SCHEDULE,
     COMMON STATE PEOPLE REFERRALS PLACES REPORTS
     "PUT_CONTACT PUT_POOL CUT_UNITS CANCEL_POOL BLOCK_UNITS UNBLOCK_UNITS PUT_GROUP PUT_TIMETABLE DELETE_TIMETABLE "
     "LIST_TIMETABLES DISPLACE_PLACE MARK_PLACE ",
     COMMON "SEARCH_PLACES "},
    {REFERRAL__ROLE__OPERATE, COMMON STATE PEOPLE REFERRALS REGISTRY WATCH REPORTS "LIST_TIMETABLES SEARCH_PLACES ",
     COMMON STATE PEOPLE REFERRALS REGISTRY WATCH REPORTS "LIST_TIMETABLES SEARCH_PLACES "},
    {REFERRAL__ROLE__OBSERVE, COMMON STATE PEOPLE REPORTS "LIST_ALARMS ", COMMON STATE REPORTS "LIST_ALARMS "},
};

static bool says(const char *list, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = list; *at != '\0'; at = strchr(at, ' ') + 1)
        if (strncmp(at, name, size) == 0 && at[size] == ' ')
            return true;
    return false;
}

/* By its name in the protocol; NULL: no kind has it. */
static const ProtobufCEnumValue *kind_named(const char *name)
{
    return protobuf_c_enum_descriptor_get_value_by_name(&referral__kind__descriptor, name);
}

Test(authority, p2_t5_each_role_may_do_what_its_words_say_and_nothing_else)
{
    const ProtobufCEnumDescriptor *kinds = &referral__kind__descriptor;

    cr_assert_eq(COUNT_OF(words), referral__role__descriptor.n_values);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        for (unsigned k = 0; k < kinds->n_values; k++) {
            const char *name = kinds->values[k].name;
            Referral__Kind kind = (Referral__Kind)kinds->values[k].value;
            uint32_t role = 1U << words[i].role;

            cr_expect_eq(authority_allows(kind, role, SCOPE_OWN), says(words[i].own, name), "%zu own %s", i, name);
            cr_expect_eq(authority_allows(kind, role, SCOPE_OTHER), says(words[i].other, name), "%zu other %s", i,
                         name);
        }
    }
}

Test(authority, p2_the_words_name_kinds_that_there_are)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        char list[2048], *save = NULL;

        snprintf(list, sizeof list, "%s%s", words[i].own, words[i].other);
        for (char *name = strtok_r(list, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save))
            cr_expect_not_null(kind_named(name), "%s", name);
    }
}

Test(authority, p2_every_row_opens_a_kind_to_somebody_and_there_is_one_a_kind)
{
    size_t count;
    const struct authority *rows = authority_rows(&count);

    for (size_t i = 0; i < count; i++) {
        cr_expect(authority_allows_any(rows[i].kind, UINT32_MAX), "%d", (int)rows[i].kind);
        for (size_t j = 0; j < i; j++)
            cr_expect_neq(rows[i].kind, rows[j].kind, "%d twice", (int)rows[i].kind);
    }
}

Test(authority, p2_several_roles_may_do_what_any_of_them_may)
{
    uint32_t roles = (1U << REFERRAL__ROLE__RECEIVE) | (1U << REFERRAL__ROLE__OBSERVE);

    cr_assert(authority_allows(REFERRAL__KIND__ACK, roles, SCOPE_OWN));
    cr_assert(authority_allows(REFERRAL__KIND__LIST_ALARMS, roles, SCOPE_OTHER));
    cr_assert(!authority_allows(REFERRAL__KIND__SUBMIT, roles, SCOPE_OWN));
    cr_assert(!authority_allows(REFERRAL__KIND__ACK, 0, SCOPE_OWN), "no role, no right");
}

Test(authority, p2_any_scope_will_do_for_asking_at_all)
{
    uint32_t receive = 1U << REFERRAL__ROLE__RECEIVE, observe = 1U << REFERRAL__ROLE__OBSERVE;

    cr_assert(authority_allows_any(REFERRAL__KIND__ACK, receive), "for its own");
    cr_assert(!authority_allows_any(REFERRAL__KIND__ACK, observe));
    cr_assert(!authority_allows_any(REFERRAL__KIND__HELLO, UINT32_MAX), "no affair of the table");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        for (unsigned k = 0; k < referral__kind__descriptor.n_values; k++) {
            const ProtobufCEnumValue *kind = &referral__kind__descriptor.values[k];

            cr_expect_eq(authority_allows_any((Referral__Kind)kind->value, 1U << words[i].role),
                         says(words[i].own, kind->name) || says(words[i].other, kind->name), "%s", kind->name);
        }
}
