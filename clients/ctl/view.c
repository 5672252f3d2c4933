/* view.c - the columns of every list. */
#include "view.h"

#include <stddef.h>

#include "place.pb-c.h"
#include "query.pb-c.h"

#define COLUMNS(...)                                                                                                   \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct {
    const ProtobufCMessageDescriptor *row;
    const char *const *columns;
} views[] = {
    {&referral__referral_summary__descriptor,
     COLUMNS("referral_id", "priority", "direction", "kind", "sender", "receiver", "department", "state",
             "state_since_ms", "due_at_ms", "escalated", "next_actor", "reason")},
    {&referral__timeline_entry__descriptor,
     COLUMNS("index", "at_ms", "event", "from_state", "state", "by", "person", "reason", "text", "destination",
             "attempt", "cause", "not_before_ms", "occurred_at_ms", "assumed", "sheet_version", "booking_id",
             "close_code", "child_referral_id", "event_number")},
    {&referral__inbox_entry__descriptor,
     COLUMNS("delivery_id", "institution", "lane", "kind", "event", "referral_id", "accepted_at_ms", "attempts",
             "not_before_ms", "in_flight", "size_bytes")},
    {&referral__dead_entry__descriptor,
     COLUMNS("entry.delivery_id", "entry.institution", "entry.lane", "entry.kind", "entry.referral_id", "dead_at_ms",
             "cause", "nack_code", "entry.attempts", "text")},
    {&referral__institution__descriptor, COLUMNS("id", "name", "kind", "tier", "consortium", "parent", "up_contact",
                                                 "down_contact", "enabled", "query_only", "paused")},
    {&referral__relation__descriptor, COLUMNS("from", "to", "deny", "kinds")},
    {&referral__delegation__descriptor, COLUMNS("agent", "principal")},
    {&referral__team__descriptor, COLUMNS("id", "institution", "name", "members", "active_from", "active_to")},
    {&referral__access_key__descriptor,
     COLUMNS("public_key", "institution", "roles", "label", "valid_from_ms", "valid_to_ms", "revoked_at_ms")},
    {&referral__setting__descriptor, COLUMNS("name", "institution", "value", "default_value", "help")},
    {&referral__calendar_day__descriptor, COLUMNS("date", "working", "note")},
    {&referral__audit_row__descriptor,
     COLUMNS("index", "at_ms", "institution", "kind", "event", "subject", "code", "count", "reason")},
    {&referral__alarm__descriptor, COLUMNS("since_ms", "ended_at_ms", "level", "code", "subject", "text_zh", "text_en",
                                           "todo_zh", "todo_en", "runbook")},
    {&referral__quarantined_command__descriptor, COLUMNS("since_ms", "institution", "kind", "hash")},
    {&referral__pool_view__descriptor, COLUMNS("pool", "doctor", "start_ms", "capacity", "reserve", "family", "general",
                                               "blocked", "free", "marked", "deficit")},
    {&referral__free_place__descriptor,
     COLUMNS("pool", "doctor", "start_ms", "end_ms", "bookable", "opens_at_ms", "opens_later", "opens_later_at_ms")},
    {&referral__booking__descriptor,
     COLUMNS("booking_id", "state", "channel", "pool", "doctor", "start_ms", "end_ms", "units", "expires_at_ms",
             "entry_id", "referral_id", "team_id", "reference", "allotment", "emergency", "reason")},
    {&referral__wait_entry__descriptor,
     COLUMNS("entry_id", "ahead", "channel", "class", "department", "resource", "first_date", "last_date", "units",
             "displaced", "priority", "since_ms", "referral_id", "team_id", "reference", "offer.booking_id",
             "offer.start_ms", "offer.expires_at_ms", "lapses")},
    {&referral__timetable__descriptor,
     COLUMNS("class", "department", "id", "first_date", "end_date", "horizon_days", "published_to", "grouped")},
    {&referral__session_entry__descriptor,
     COLUMNS("institution", "client_name", "client_version", "roles", "connected_at_ms", "heard_at_ms", "receives",
             "credit", "in_flight", "unanswered", "is_slow")},
    {&referral__waiter__descriptor, COLUMNS("institution", "lane", "waiting", "oldest_accepted_at_ms", "due_at_ms",
                                            "returned", "referral_id", "in_flight", "connections", "paused", "down")},
    {&referral__inbox_books__descriptor,
     COLUMNS("institution", "accepted", "acknowledged", "waiting", "dead", "dropped", "waiting_lanes", "in_flight",
             "connections", "credit", "paused", "oldest_accepted_at_ms")},
};

const char *const *view_columns(const ProtobufCMessageDescriptor *row)
{
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (views[i].row == row)
            return views[i].columns;
    return NULL;
}
