/* The examples are what a newcomer sends first: they are complete, and the schema demands what the rules demand. */
#include <criterion/criterion.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "place.pb-c.h"
#include "rules/sheet.h"
#include "schema.h"

static const struct date today = {2026, 12, 2};

static json_t *example(const char *name)
{
    char here[] = __FILE__, path[512];
    json_error_t error;

    snprintf(path, sizeof path, "%s/../../clients/ctl/examples/%s.json", dirname(here), name);

    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    cr_assert(json != NULL, "%s:%d: %s", path, error.line, error.text);
    return json;
}

static Referral__Sheet *sheet_of(json_t *json)
{
    struct message_error error;
    ProtobufCMessage *message = message_from_json(&referral__sheet__descriptor, json, &error);

    cr_assert(message != NULL, "%s: %s", error.path, message_fault_text(error.fault, false));
    return (Referral__Sheet *)message;
}

static size_t faults_of(json_t *json)
{
    struct findings findings = {.count = 0};
    Referral__Sheet *sheet = sheet_of(json);

    sheet_check(sheet, today, &findings);
    protobuf_c_message_free_unpacked(&sheet->base, NULL);
    return findings.count;
}

Test(ctl_examples, f2_each_example_breaks_no_rule)
{
    static const char *const names[] = {"up", "down", "emergency"};

    for (size_t i = 0; i < 3; i++) {
        json_t *json = example(names[i]);

        cr_assert(faults_of(json) == 0, "%s", names[i]);
        json_decref(json);
    }
}

Test(ctl_examples, q_pool_and_timetable_are_of_the_form_their_commands_take)
{
    static const struct {
        const char *name;
        const ProtobufCMessageDescriptor *descriptor;
    } cases[] = {{"pool", &referral__pool__descriptor}, {"timetable", &referral__timetable__descriptor}};

    for (size_t i = 0; i < 2; i++) {
        struct message_error error;
        json_t *json = example(cases[i].name);
        ProtobufCMessage *message = message_from_json(cases[i].descriptor, json, &error);

        cr_assert(message != NULL, "%s: %s: %s", cases[i].name, error.path, message_fault_text(error.fault, false));
        protobuf_c_message_free_unpacked(message, NULL);
        json_decref(json);
    }
}

Test(ctl_examples, f1_f5_they_are_the_three_forms_of_the_sheet)
{
    static const struct {
        const char *name;
        enum sheet_form form;
    } cases[] = {{"up", SHEET_UP}, {"down", SHEET_DOWN}, {"emergency", SHEET_EMERGENCY}};

    for (size_t i = 0; i < 3; i++) {
        json_t *json = example(cases[i].name);
        Referral__Sheet *sheet = sheet_of(json);

        cr_assert(sheet_form_of(sheet) == cases[i].form, "%s", cases[i].name);
        protobuf_c_message_free_unpacked(&sheet->base, NULL);
        json_decref(json);
    }
}

/* The part of the schema that speaks for the form of this example. */
static json_t *form_of(json_t *schema, const char *name)
{
    json_t *rest = json_object_get(schema, "else");

    return strcmp(name, "emergency") == 0 ? json_object_get(schema, "then")
           : strcmp(name, "down") == 0    ? json_object_get(rest, "then")
                                          : json_object_get(rest, "else");
}

static bool demands(json_t *form, const char *member)
{
    json_t *required = json_object_get(form, "required"), *name;
    size_t i;

    json_array_foreach(required, i, name) if (strcmp(json_string_value(name), member) == 0) return true;
    return false;
}

/* Take each member away: where the schema demands it, the rules must refuse its absence. (The rules also know
 * conditions that a schema leaves to them, such as an impression or a history in an emergency.) */
Test(ctl_examples, f1_f2_what_the_schema_demands_the_rules_demand)
{
    static const char *const names[] = {"up", "down", "emergency"};
    json_t *schema = schema_of(&referral__sheet__descriptor, "SUBMIT");
    size_t demanded = 0;

    for (size_t i = 0; i < 3; i++) {
        json_t *whole = example(names[i]), *value;
        const char *member;

        json_object_foreach(whole, member, value)
        {
            json_t *less = json_copy(whole);

            json_object_del(less, member);
            if (demands(form_of(schema, names[i]), member)) {
                demanded++;
                cr_assert(faults_of(less) > 0, "%s without %s", names[i], member);
            }
            json_decref(less);
        }
        json_decref(whole);
    }
    cr_assert(demanded > 30, "only %zu members were demanded", demanded);
    json_decref(schema);
}

Test(ctl_examples, f1_the_schema_of_a_down_referral_demands_findings_and_plan)
{
    json_t *schema = schema_of(&referral__sheet__descriptor, "SUBMIT");

    cr_assert(demands(form_of(schema, "down"), "hospital_findings"));
    cr_assert(demands(form_of(schema, "down"), "further_plan"));
    cr_assert(!demands(form_of(schema, "up"), "further_plan"));
    json_decref(schema);
}
