/* urgency.c - the first row of a lane against the terms of its receiver. */
#include "engine/urgency.h"

#include "engine/settings.h"
#include "rules/deadline.h"

/* L4, as a receiver has to answer: what needs the calendar reads it, and nothing else does. */
static struct deadline deadline_of(struct store_txn *txn, Referral__Priority priority, struct instant from,
                                   const char *id, int offset_minutes)
{
    struct calendar calendar = {.offset_minutes = offset_minutes};
    struct deadline_settings settings = {0};

    if (priority == REFERRAL__PRIORITY__EMERGENCY)
        settings.emergency_ms = setting_number(txn, SETTING_answer_emergency_ms, id);
    else if (priority == REFERRAL__PRIORITY__URGENT)
        settings.urgent_ms = setting_number(txn, SETTING_answer_urgent_ms, id);
    else {
        settings.routine_working_days = (int32_t)setting_number(txn, SETTING_answer_routine_days, id);
        calendar = settings_calendar(txn, store_arena(txn), from, offset_minutes);
    }
    return deadline_start(CLOCK_ANSWER, priority, from, &settings, &calendar);
}

bool urgency_of_lane(struct store_txn *txn, uint32_t number, const char *id, int offset_minutes,
                     Referral__Priority lane, struct urgency *ret_urgency)
{
    struct inbox_ref start = {.institution = number, .lane = (uint8_t)lane}, ref;
    const Record__Inbox *row = inbox_row_next(txn, start, &ref);

    if (row == NULL)
        return false;

    struct deadline deadline = deadline_of(txn, lane, instant_of(row->accepted_at_ms), id, offset_minutes);

    *ret_urgency = (struct urgency){
        .oldest_at = instant_of(row->accepted_at_ms),
        .half_at = deadline.warn_at,
        .due_at = deadline.due_at,
        .returned = row->failed + row->returns,
        .ref = ref,
        .row = row,
    };
    return true;
}
