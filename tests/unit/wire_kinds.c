/* wire_kinds.c - the table of kinds and the table of bounds agree with the protocol's own descriptors. */
#include <criterion/criterion.h>

#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "wire/bounds.h"
#include "wire/wire.h"

Test(kinds, d_every_kind_of_the_protocol_has_one_row_under_its_own_name)
{
    const ProtobufCEnumDescriptor *kinds = &referral__kind__descriptor;
    size_t count;
    const struct kind_info *rows = kind_infos(&count);

    cr_assert_eq(count, kinds->n_values);
    for (unsigned i = 0; i < kinds->n_values; i++) {
        const struct kind_info *row = kind_info((uint32_t)kinds->values[i].value);

        cr_assert_not_null(row, "%s has no row", kinds->values[i].name);
        cr_assert_str_eq(row->name, kinds->values[i].name);
    }
    for (size_t i = 1; i < count; i++)
        cr_assert(rows[i - 1].kind < rows[i].kind);
    cr_assert_null(kind_info(0));
    cr_assert_null(kind_info(12));
    cr_assert_null(kind_info(UINT32_MAX));
}

Test(kinds, f3_only_the_sheet_keeps_unknown_fields)
{
    size_t count;
    const struct kind_info *rows = kind_infos(&count);

    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rows[i].keeps_unknown, rows[i].body == &referral__sheet__descriptor, "%s", rows[i].name);
}

Test(kinds, p2_queries_have_results_and_commands_have_none_but_looks)
{
    size_t count;
    const struct kind_info *rows = kind_infos(&count);

    for (size_t i = 0; i < count; i++) {
        bool answers = rows[i].class == KIND_QUERY || rows[i].kind == REFERRAL__KIND__SHOW_PAYLOAD ||
                       rows[i].kind == REFERRAL__KIND__FIND_PATIENT;

        cr_assert_eq(rows[i].result != NULL, answers, "%s", rows[i].name);
    }
}

/* Every message type reachable from `descriptor`, each once. */
static size_t reach(const ProtobufCMessageDescriptor *descriptor, const ProtobufCMessageDescriptor **seen, size_t count,
                    const ProtobufCMessageDescriptor **above, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        cr_assert_neq(above[i], descriptor, "%s is recursive", descriptor->name);
    above[depth++] = descriptor;
    cr_assert(depth < 16);

    size_t i = 0;

    while (i < count && seen[i] != descriptor)
        i++;
    if (i == count)
        seen[count++] = descriptor;
    for (unsigned f = 0; f < descriptor->n_fields; f++)
        if (descriptor->fields[f].type == PROTOBUF_C_TYPE_MESSAGE)
            count = reach(descriptor->fields[f].descriptor, seen, count, above, depth);
    return count;
}

static size_t all_messages(const ProtobufCMessageDescriptor **seen)
{
    const ProtobufCMessageDescriptor *above[16];
    size_t rows, count = reach(&referral__envelope__descriptor, seen, 0, above, 0);
    const struct kind_info *kinds = kind_infos(&rows);

    for (size_t i = 0; i < rows; i++) {
        if (kinds[i].body != NULL)
            count = reach(kinds[i].body, seen, count, above, 0);
        if (kinds[i].result != NULL)
            count = reach(kinds[i].result, seen, count, above, 0);
    }
    return count;
}

Test(kinds, f2_no_message_is_recursive_so_nesting_is_bounded_by_the_types)
{
    const ProtobufCMessageDescriptor *seen[200];

    cr_assert(all_messages(seen) > 50);
}

Test(kinds, f2_every_bound_names_a_field_that_exists)
{
    const ProtobufCMessageDescriptor *seen[200];
    size_t messages = all_messages(seen), rows;
    const struct field_bound *bounds = field_bounds(&rows);

    for (size_t i = 0; i < rows; i++) {
        bool found = false;

        for (size_t m = 0; m < messages && !found; m++)
            found = protobuf_c_message_descriptor_get_field_by_name(seen[m], bounds[i].name) != NULL;
        cr_assert(found, "no field is called %s", bounds[i].name);
        cr_assert(i == 0 || strcmp(bounds[i - 1].name, bounds[i].name) < 0, "%s is out of order", bounds[i].name);
    }
}

Test(kinds, f2_every_field_is_optional_so_that_the_broker_says_what_is_missing)
{
    const ProtobufCMessageDescriptor *seen[200];
    size_t messages = all_messages(seen);

    for (size_t m = 0; m < messages; m++)
        for (unsigned f = 0; f < seen[m]->n_fields; f++)
            cr_assert_neq(seen[m]->fields[f].label, PROTOBUF_C_LABEL_REQUIRED, "%s", seen[m]->fields[f].name);
}
