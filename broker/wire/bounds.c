/* bounds.c - the table of lengths. */
#include "wire/bounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/limits.h"

/* Sorted by name. */
static const struct field_bound bounds[] = {
    {"acting_for", LIMIT_ID_BYTES},
    {"agent", LIMIT_ID_BYTES},
    {"attachments", LIMIT_ATTACHMENTS},
    {"body", LIMIT_ENVELOPE_BYTES},
    {"client_name", LIMIT_NAME_BYTES},
    {"client_version", LIMIT_ID_BYTES},
    {"code", LIMIT_ID_BYTES},
    {"consortium", LIMIT_NAME_BYTES},
    {"content", LIMIT_ENVELOPE_BYTES},
    {"delivery_ids", LIMIT_ACK_IDS},
    {"department", LIMIT_ID_BYTES},
    {"departments", LIMIT_DEPARTMENTS},
    {"deputy_name", LIMIT_NAME_BYTES},
    {"deputy_phone", LIMIT_ID_BYTES},
    {"doctor", LIMIT_NAME_BYTES},
    {"from", LIMIT_ID_BYTES},
    {"further_plan", LIMIT_TEXT_BYTES},
    {"guardian", LIMIT_NAME_BYTES},
    {"hospital_findings", LIMIT_TEXT_BYTES},
    {"icd10", LIMIT_ID_BYTES},
    {"id", LIMIT_ID_BYTES},
    {"id_value", LIMIT_ID_BYTES},
    {"institution", LIMIT_ID_BYTES},
    {"journey_id", LIMIT_ID_BYTES},
    {"label", LIMIT_NAME_BYTES},
    {"language", LIMIT_ID_BYTES},
    {"main_results", LIMIT_TEXT_BYTES},
    {"message_id", LIMIT_ID_BYTES},
    {"name", LIMIT_NAME_BYTES},
    {"parent", LIMIT_ID_BYTES},
    {"parent_referral_id", LIMIT_ID_BYTES},
    {"past_history", LIMIT_TEXT_BYTES},
    {"phone", LIMIT_ID_BYTES},
    {"present_history", LIMIT_TEXT_BYTES},
    {"principal", LIMIT_ID_BYTES},
    {"receiver", LIMIT_ID_BYTES},
    {"record_number", LIMIT_ID_BYTES},
    {"referral_id", LIMIT_ID_BYTES},
    {"resource", LIMIT_ID_BYTES},
    {"sender", LIMIT_ID_BYTES},
    {"sender_reference", LIMIT_ID_BYTES},
    {"sheet", LIMIT_ENVELOPE_BYTES},
    {"team_id", LIMIT_ID_BYTES},
    {"text", LIMIT_TEXT_BYTES},
    {"time_zone", LIMIT_ID_BYTES},
    {"to", LIMIT_ID_BYTES},
    {"treatment", LIMIT_TEXT_BYTES},
    {"unit", LIMIT_ID_BYTES},
    {"value", LIMIT_TEXT_BYTES},
    {"working_hours", LIMIT_ID_BYTES},
};
#define BOUND_COUNT (sizeof bounds / sizeof bounds[0])

static int compare(const void *name, const void *row)
{
    return strcmp(name, ((const struct field_bound *)row)->name);
}

static size_t find(const char *name, size_t otherwise)
{
    const struct field_bound *row = bsearch(name, bounds, BOUND_COUNT, sizeof bounds[0], compare);

    return row == NULL ? otherwise : row->bound;
}

size_t bound_of_text(const char *name)
{
    return find(name, LIMIT_LINE_BYTES);
}

enum refusal bound_text_fault(const char *name, const char *text)
{
    struct bytes bytes = bytes_text(text);

    if (bytes.size > bound_of_text(name))
        return REFUSED_TOO_LONG;
    return text_check(bytes) == TEXT_OK ? REFUSED_NOT : REFUSED_BAD_TEXT;
}

size_t bound_of_bytes(const char *name)
{
    return find(name, LIMIT_NAME_BYTES);
}

size_t bound_of_entries(const char *name)
{
    return find(name, LIMIT_REPEATED);
}

const struct field_bound *field_bounds(size_t *ret_count)
{
    *ret_count = BOUND_COUNT;
    return bounds;
}
