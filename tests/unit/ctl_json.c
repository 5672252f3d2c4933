/* What a user writes as JSON is what the broker gets, and what the broker says is printed; the strictness is the
 * point. */
#include <criterion/criterion.h>
#include <string.h>

#include "message.h"
#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "wire.pb-c.h"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    cr_assert(json != NULL, "line %d: %s", error.line, error.text);
    return json;
}

/* Text -> message -> text; members in the order of the protocol. */
static void assert_round_trip(const ProtobufCMessageDescriptor *descriptor, const char *text)
{
    struct message_error error;
    json_t *json = parse(text), *again;
    ProtobufCMessage *message = message_from_json(descriptor, json, &error);

    cr_assert(message != NULL, "%s: %s", error.path, message_fault_text(error.fault, false));
    again = message_to_json(message);

    char *written = json_dumps(again, JSON_COMPACT);

    cr_assert_str_eq(written, text);
    free(written);
    json_decref(again);
    json_decref(json);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void assert_fault(const ProtobufCMessageDescriptor *descriptor, const char *text, enum message_fault fault,
                         const char *path)
{
    struct message_error error = {.fault = MESSAGE_OK};
    json_t *json = parse(text);

    cr_assert(message_from_json(descriptor, json, &error) == NULL, "%s was taken", text);
    cr_assert(error.fault == fault, "%s: %s", text, message_fault_text(error.fault, false));
    cr_assert(strcmp(error.path, path) == 0, "%s: '%s'", text, error.path);
    json_decref(json);
}

Test(ctl_json, every_type_of_field_survives_the_round_trip)
{
    assert_round_trip(&referral__sheet__descriptor,
                      "{\"direction\":\"DOWN\",\"doctor\":{\"name\":\"张医生\",\"phone\":\"022-1\"},"
                      "\"patient\":{\"age_years\":70,\"age_unknown\":false},\"diagnoses\":[{\"icd10\":\"I10\"},"
                      "{\"text\":\"高血压\"}],\"vitals\":[{\"item\":\"PULSE\",\"value_milli\":-9223372036854775808}]}");
    assert_round_trip(&referral__institution__descriptor,
                      "{\"id\":\"H1\",\"direct_booking\":[\"EXPERT\",\"BED\"],\"direct_booking_set\":true}");
    assert_round_trip(&referral__inbox_books__descriptor, "{\"accepted\":12,\"waiting_lanes\":[0,1,4294967296]}");
}

Test(ctl_json, an_empty_object_is_an_empty_message)
{
    assert_round_trip(&referral__page_query__descriptor, "{}");
}

Test(ctl_json, keys_ids_and_digests_are_hex_and_other_bytes_base64)
{
    assert_round_trip(&referral__attachment__descriptor, "{\"sha256\":\"00ff10\",\"content\":\"AP8Q\"}");
    assert_round_trip(&referral__dead_letters__descriptor, "{\"delivery_ids\":[\"0a\",\"0b0c\"]}");
    assert_round_trip(&referral__access_key__descriptor, "{\"public_key\":\"0123456789abcdef\"}");
}

Test(ctl_json, a_null_member_is_an_absent_one)
{
    struct message_error error;
    json_t *json = parse("{\"team_id\":null,\"diagnoses\":null}");
    Referral__Sheet *sheet = (Referral__Sheet *)message_from_json(&referral__sheet__descriptor, json, &error);

    cr_assert(sheet != NULL && sheet->team_id == NULL && sheet->n_diagnoses == 0);
    json_decref(json);
    protobuf_c_message_free_unpacked(&sheet->base, NULL);
}

Test(ctl_json, an_amended_sheet_is_written_as_an_object_and_sent_as_bytes)
{
    struct message_error error;
    json_t *json = parse("{\"type\":\"EVENT_AMEND\",\"sheet\":{\"priority\":\"URGENT\"}}"), *again;
    Referral__Event *event = (Referral__Event *)message_from_json(&referral__event__descriptor, json, &error);

    cr_assert(event != NULL && event->has_sheet);

    Referral__Sheet *sheet = referral__sheet__unpack(NULL, event->sheet.len, event->sheet.data);

    cr_assert(sheet != NULL && sheet->priority == REFERRAL__PRIORITY__URGENT);
    again = message_to_json(&event->base);
    cr_assert(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    protobuf_c_message_free_unpacked(&sheet->base, NULL);
    protobuf_c_message_free_unpacked(&event->base, NULL);
}

Test(ctl_json, f2_a_fault_names_its_path)
{
    const ProtobufCMessageDescriptor *sheet = &referral__sheet__descriptor;

    assert_fault(sheet, "{\"patient\":{\"nmae\":\"x\"}}", MESSAGE_UNKNOWN_MEMBER, "patient.nmae");
    assert_fault(sheet, "{\"diagnoses\":[{},{\"icd10\":10}]}", MESSAGE_NOT_TEXT, "diagnoses[1].icd10");
    assert_fault(sheet, "{\"diagnoses\":{}}", MESSAGE_NOT_LIST, "diagnoses");
    assert_fault(sheet, "{\"vitals\":[1]}", MESSAGE_NOT_OBJECT, "vitals[0]");
    assert_fault(sheet, "{\"direction\":\"up\"}", MESSAGE_NOT_IN_LIST, "direction");
    assert_fault(sheet, "{\"direction\":1}", MESSAGE_NOT_TEXT, "direction");
    assert_fault(sheet, "{\"patient\":{\"age_years\":-1}}", MESSAGE_OUT_OF_RANGE, "patient.age_years");
    assert_fault(sheet, "{\"patient\":{\"age_years\":4294967296}}", MESSAGE_OUT_OF_RANGE, "patient.age_years");
    assert_fault(sheet, "{\"patient\":{\"age_years\":7.0}}", MESSAGE_NOT_INTEGER, "patient.age_years");
    assert_fault(sheet, "{\"patient\":{\"age_unknown\":1}}", MESSAGE_NOT_BOOLEAN, "patient.age_unknown");
    assert_fault(sheet, "{\"attachments\":[{\"content\":\"*\"}]}", MESSAGE_BAD_BYTES, "attachments[0].content");
    assert_fault(sheet, "{\"attachments\":[{\"sha256\":\"abc\"}]}", MESSAGE_BAD_BYTES, "attachments[0].sha256");
    assert_fault(sheet, "[]", MESSAGE_NOT_OBJECT, "");
    assert_fault(&referral__event__descriptor, "{\"sheet\":{\"x\":1}}", MESSAGE_UNKNOWN_MEMBER, "sheet.x");
}

Test(ctl_json, a_fault_after_many_good_entries_frees_them_all)
{
    assert_fault(&referral__sheet__descriptor,
                 "{\"attachments\":[{\"name\":\"a\",\"content\":\"AAAA\"},{\"name\":\"b\"},{\"name\":true}]}",
                 MESSAGE_NOT_TEXT, "attachments[2].name");
    assert_fault(&referral__dead_letters__descriptor, "{\"delivery_ids\":[\"00\",\"11\",\"zz\"]}", MESSAGE_BAD_BYTES,
                 "delivery_ids[2]");
}

Test(ctl_json, a_path_longer_than_its_room_is_cut)
{
    char text[1000] = "{\"";
    struct message_error error;

    memset(text + 2, 'x', 900);
    snprintf(text + 902, sizeof text - 902, "\":1}");

    json_t *json = parse(text);

    cr_assert(message_from_json(&referral__sheet__descriptor, json, &error) == NULL);
    cr_assert(strlen(error.path) == MESSAGE_PATH_SIZE - 1);
    json_decref(json);
}

/* Every kind of body and answer can be printed: no field has a type that the code does not know. */
static void assert_known_types(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

        switch ((int)field->type) {
        case PROTOBUF_C_TYPE_MESSAGE:
            assert_known_types(field->descriptor);
            break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_BOOL:
        case PROTOBUF_C_TYPE_ENUM:
        case PROTOBUF_C_TYPE_STRING:
        case PROTOBUF_C_TYPE_BYTES:
            break;
        default:
            cr_assert(0, "%s.%s has a type of its own", descriptor->name, field->name);
        }
    }
}

Test(ctl_json, the_protocol_uses_only_types_that_json_can_show)
{
    assert_known_types(&referral__sheet__descriptor);
    assert_known_types(&referral__event__descriptor);
    assert_known_types(&referral__notice__descriptor);
    assert_known_types(&referral__delivery__descriptor);
    assert_known_types(&referral__reply__descriptor);
    assert_known_types(&referral__status_view__descriptor);
    assert_known_types(&referral__referral_view__descriptor);
    assert_known_types(&referral__audit_list__descriptor);
    assert_known_types(&referral__institution_list__descriptor);
    assert_known_types(&referral__key_list__descriptor);
}
