/* P4: what people read has a Chinese name: every field and coded value that a table, a record or a notice can show. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/settings.h"
#include "labels.h"
#include "wire/wire.h"

/* Fields that no person is shown: of the connection, of pages; and the codes of the protocol's own kinds. */
static bool is_not_shown(const char *name)
{
    static const char *const names[] = {"next", "next_index", "request", "position", "result", "refusals", "text_en"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int missing_values(const ProtobufCEnumDescriptor *names)
{
    int missing = 0;

    for (unsigned i = 0; names != &referral__kind__descriptor && i < names->n_values; i++)
        if (strcmp(label_of_value(names, names->values[i].name, true), names->values[i].name) == 0) {
            cr_log_error("%s.%s has no Chinese label", names->short_name, names->values[i].name);
            missing++;
        }
    return missing;
}

/* The table itself, not a part of one: it has no heading. */
static bool is_list_of_rows(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_MESSAGE &&
           strcmp(message->short_name + strlen(message->short_name) - 4, "List") == 0;
}

static int missing_labels(const ProtobufCMessageDescriptor *message)
{
    int missing = 0;

    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        char zh[96], en[96];

        if (is_not_shown(field->name))
            continue;
        if (is_list_of_rows(message, field)) {
            missing += missing_labels(field->descriptor);
            continue;
        }
        label_of_field(zh, sizeof zh, message, field->name, true);
        label_of_field(en, sizeof en, message, field->name, false);
        if (strcmp(zh, en) == 0) {
            cr_log_error("%s.%s has no Chinese label", message->short_name, field->name);
            missing++;
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            missing += missing_labels(field->descriptor);
        if (field->type == PROTOBUF_C_TYPE_ENUM)
            missing += missing_values(field->descriptor);
    }
    return missing;
}

Test(ctl_labels, p4_every_field_and_value_that_is_shown_has_a_chinese_label)
{
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);
    int missing = missing_labels(&referral__reply__descriptor) + missing_labels(&referral__sheet__descriptor) +
                  missing_labels(&referral__notice__descriptor);

    for (size_t i = 0; i < count; i++)
        if (kinds[i].class == KIND_QUERY)
            missing += missing_labels(kinds[i].result);
    cr_assert(missing == 0, "%d labels are missing", missing);
}

Test(ctl_labels, p4_every_setting_is_explained_in_chinese)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *name = setting_info((enum setting)i)->name;

        cr_assert(label_of_text("setting", name, true) != name, "%s", name);
    }
}
