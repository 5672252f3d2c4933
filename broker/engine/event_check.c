/* event_check.c - which fields an event uses, and what they must say (section 4's guards; F2: all violations at
 * once). */
#include "base/utf8.h"
#include "engine/admission.h"
#include "engine/event_parts.h"
#include "rules/sheet.h"

enum field {
    FIELD_REASON = 1,
    FIELD_OCCURRED_AT = 2,
    FIELD_SHEET = 4,
    FIELD_RECEIVER = 8,
    FIELD_DEPARTMENT = 16,
    FIELD_PLACE = 32,
    FIELD_DIAGNOSES = 64,
    FIELD_TREATMENT = 128,
    FIELD_CLOSE_CODE = 256,
    FIELD_AGREED = 512,
    FIELD_ATTACHMENTS = 1024,
};
#define FIELDS_OF_REPORT (FIELD_DIAGNOSES | FIELD_TREATMENT | FIELD_ATTACHMENTS)

/* Beside referral, type, person and text, which any event may carry. */
static const int fields_used[EVENT_COUNT] = {
    [AMEND] = FIELD_SHEET,
    [SUPPLY_INFO] = FIELD_ATTACHMENTS,
    [REJECT] = FIELD_REASON,
    [REDIRECT] = FIELD_REASON | FIELD_RECEIVER | FIELD_DEPARTMENT,
    [BOOK] = FIELD_PLACE,
    [MOVE] = FIELD_PLACE,
    [CANCEL_BOOKING] = FIELD_REASON,
    [LEAVE_LIST] = FIELD_REASON,
    [DISPLACE] = FIELD_REASON,
    [ARRIVE] = FIELD_OCCURRED_AT,
    [MISS] = FIELD_REASON | FIELD_OCCURRED_AT,
    [START] = FIELD_OCCURRED_AT,
    [REPORT] = FIELD_OCCURRED_AT | FIELDS_OF_REPORT,
    [CLOSE] = FIELD_CLOSE_CODE | FIELDS_OF_REPORT,
    [CANCEL] = FIELD_REASON,
    [REQUEST_CANCEL] = FIELD_REASON,
    [ANSWER_CANCEL] = FIELD_AGREED,
    [ANNUL] = FIELD_REASON,
};

static void check_unused(const struct happening *happening)
{
    const Referral__Event *event = happening->event;
    const struct {
        enum field field;
        bool present;
        const char *name;
    } fields[] = {
        {FIELD_REASON, event->has_reason, "reason"},
        {FIELD_OCCURRED_AT, event->has_occurred_at_ms, "occurred_at_ms"},
        {FIELD_SHEET, event->has_sheet, "sheet"},
        {FIELD_RECEIVER, event->receiver != NULL, "receiver"},
        {FIELD_DEPARTMENT, event->department != NULL, "department"},
        {FIELD_PLACE, event->place != NULL, "place"},
        {FIELD_DIAGNOSES, event->n_diagnoses != 0, "diagnoses"},
        {FIELD_TREATMENT, event->treatment != NULL, "treatment"},
        {FIELD_CLOSE_CODE, event->has_close_code, "close_code"},
        {FIELD_AGREED, event->has_agreed, "agreed"},
        {FIELD_ATTACHMENTS, event->n_attachments != 0, "attachments"},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].present && (fields_used[happening->type] & (int)fields[i].field) == 0)
            refuse(happening->work, REFUSED_NOT_EXPECTED, fields[i].name);
}

static void check_reason(const struct happening *happening)
{
    const Referral__Event *event = happening->event;

    if (!event->has_reason)
        return;
    if (!lifecycle_reason_fits(happening->type, event->reason))
        refuse(happening->work, REFUSED_BAD_VALUE, "reason");
    else if (event->reason == REFERRAL__REASON__OTHER_REASON && text_is_blank(event->text))
        refuse(happening->work, REFUSED_TEXT_NEEDED, "text");
}

/* What it carries of a sheet is judged as there (F). */
static void check_lists(const struct happening *happening)
{
    const Referral__Event *event = happening->event;
    Referral__Sheet lists = REFERRAL__SHEET__INIT;

    lists.diagnoses = event->diagnoses;
    lists.n_diagnoses = event->n_diagnoses;
    lists.attachments = event->attachments;
    lists.n_attachments = event->n_attachments;
    sheet_check_lists(&lists, &happening->work->findings);
    admission_attachments(happening->work, event->attachments, event->n_attachments);
}

static bool has_report(const Referral__Event *event)
{
    return event->n_diagnoses != 0 && !text_is_blank(event->treatment);
}

static void check_needs(const struct happening *happening)
{
    struct work *work = happening->work;
    const Referral__Event *event = happening->event;
    int needs = happening->row->needs;
    const struct {
        enum needs need;
        bool lacks;
        enum refusal refusal;
        const char *field;
    } rows[] = {
        {NEEDS_PERSON, event->person == NULL || text_is_blank(event->person->name), REFUSED_PERSON_NEEDED,
         "person.name"},
        {NEEDS_REASON, !event->has_reason, REFUSED_REASON_NEEDED, "reason"},
        {NEEDS_TEXT, text_is_blank(event->text), REFUSED_TEXT_NEEDED, "text"},
        {NEEDS_OCCURRED_AT, !event->has_occurred_at_ms, REFUSED_MISSING, "occurred_at_ms"},
        {NEEDS_SHEET, !event->has_sheet, REFUSED_MISSING, "sheet"},
        {NEEDS_RECEIVER, event->receiver == NULL, REFUSED_MISSING, "receiver"},
        {NEEDS_PLACE, event->place == NULL, REFUSED_MISSING, "place"},
        {NEEDS_REPORT, event->n_diagnoses == 0, REFUSED_MISSING, "diagnoses"},
        {NEEDS_REPORT, text_is_blank(event->treatment), REFUSED_MISSING, "treatment"},
        {NEEDS_CLOSE_CODE, !event->has_close_code, REFUSED_MISSING, "close_code"},
        {NEEDS_REPORT_PRESENT, !happening->life->row->reported && !has_report(event), REFUSED_REPORT_NEEDED,
         "diagnoses"},
        {NEEDS_ANSWER, !event->has_agreed, REFUSED_MISSING, "agreed"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((needs & (int)rows[i].need) != 0 && rows[i].lacks)
            refuse(work, rows[i].refusal, rows[i].field);
}

void event_check_fields(const struct happening *happening)
{
    check_unused(happening);
    check_needs(happening);
    check_reason(happening);
    if (happening->event->has_occurred_at_ms)
        work_check_occurred_at(happening->work, happening->event->occurred_at_ms);
    check_lists(happening);
}
