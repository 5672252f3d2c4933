/* The table of verbs and what is made of a command line. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "field.h"
#include "options.h"
#include "wire/wire.h"

static struct ctl run_of(FILE *err)
{
    return (struct ctl){.out = stdout, .err = err};
}

/* Parses the words after the program's name; what is complained of is thrown away. */
static bool parse(struct ctl *ctl, const char *const *words)
{
    char *argv[40] = {"referralctl"};
    int argc = 1;

    for (; *words != NULL; words++)
        argv[argc++] = (char *)*words;
    *ctl = run_of(fopen("/dev/null", "w"));
    return options_parse(ctl, argc, argv);
}
#define PARSE(ctl, ...) parse(ctl, (const char *const[]){__VA_ARGS__, NULL})

/* The body the verb would send, as text. */
static char *body_text(const char *const *words, int *ret_result)
{
    struct ctl ctl;
    json_t *body = NULL;
    char *text = NULL;

    cr_assert(parse(&ctl, words));
    *ret_result = body_of_verb(&ctl, kind_info(ctl.verb->kind)->body, &body);
    if (*ret_result == EXIT_OK)
        text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(body);
    return text;
}

#define ASSERT_BODY(expected, ...)                                                                                     \
    do {                                                                                                               \
        int result;                                                                                                    \
        char *text = body_text((const char *const[]){__VA_ARGS__, NULL}, &result);                                     \
        cr_assert(result == EXIT_OK);                                                                                  \
        cr_assert_str_eq(text, expected);                                                                              \
        free(text);                                                                                                    \
    } while (0)

#define ASSERT_BAD_BODY(expected, ...)                                                                                 \
    do {                                                                                                               \
        int result;                                                                                                    \
        cr_assert(body_text((const char *const[]){__VA_ARGS__, NULL}, &result) == NULL && result == (expected));       \
    } while (0)

Test(ctl_verbs, every_field_the_table_names_exists)
{
    size_t count;
    const struct verb *table = verbs(&count);

    for (size_t i = 0; i < count; i++) {
        const struct verb *verb = &table[i];
        const ProtobufCMessageDescriptor *body = verb->kind == 0 ? NULL : kind_info(verb->kind)->body;

        cr_assert(verb->zh[0] != '\0' && verb->en[0] != '\0' && verb->run != NULL, "%s", verb->name);
        if (verb->fixed_field != NULL)
            cr_assert(field_find(body, verb->fixed_field) != NULL, "%s: %s", verb->name, verb->fixed_field);
        for (const struct argument_info *a = verb->arguments; a != NULL && a->name != NULL; a++)
            if (a->field != NULL)
                cr_assert(field_find(body, a->field) != NULL, "%s: %s", verb->name, a->field);
        for (const struct option_info *o = verb->options; o != NULL && o->name != NULL; o++)
            if (o->field != NULL)
                cr_assert(field_find(body, o->field) != NULL, "%s: %s", verb->name, o->field);
    }
}

/* --output: a verb may know others beside those that every verb has. */
static bool has_more_forms(const struct option_info *option)
{
    return strcmp(option->name, "output") == 0 && strncmp(option->value, "table|", 6) == 0 &&
           strstr(option->value, "|json") != NULL;
}

Test(ctl_verbs, no_option_hides_one_that_every_verb_takes)
{
    size_t count;
    const struct verb *table = verbs(&count);

    for (size_t i = 0; i < count; i++)
        for (const struct option_info *o = table[i].options; o != NULL && o->name != NULL; o++)
            for (const struct option_info *every = global_options(); every->name != NULL; every++)
                cr_assert(strcmp(o->name, every->name) != 0 || has_more_forms(o), "%s --%s", table[i].name, o->name);
}

Test(ctl_verbs, every_command_and_query_of_the_protocol_has_a_verb)
{
    size_t kind_count, verb_count;
    const struct kind_info *kinds = kind_infos(&kind_count);
    const struct verb *table = verbs(&verb_count);

    for (size_t k = 0; k < kind_count; k++) {
        bool found = kinds[k].class != KIND_COMMAND && kinds[k].class != KIND_QUERY;

        for (size_t v = 0; v < verb_count; v++)
            found = found || table[v].kind == kinds[k].kind;
        cr_assert(found, "%s", kinds[k].name);
    }
}

Test(ctl_verbs, l1_every_event_of_a_party_has_a_verb)
{
    const ProtobufCEnumDescriptor *events = &referral__event_type__descriptor;
    size_t count;
    const struct verb *table = verbs(&count);

    for (unsigned i = 0; i < events->n_values; i++) {
        int event = events->values[i].value;
        bool found = event == REFERRAL__EVENT_TYPE__EVENT_SUBMIT || event == REFERRAL__EVENT_TYPE__EVENT_RETURN ||
                     event == REFERRAL__EVENT_TYPE__EVENT_WAITLIST || /* "waitlist join" */
                     event == REFERRAL__EVENT_TYPE__EVENT_DISPLACE || /* of a booking */
                     event == REFERRAL__EVENT_TYPE__EVENT_DELIVERY_CONFIRMED ||
                     event == REFERRAL__EVENT_TYPE__EVENT_EXPIRE || event >= REFERRAL__EVENT_TYPE__EVENT_WARNING;

        for (size_t v = 0; v < count; v++)
            found = found || (table[v].fixed_text != NULL && strcmp(table[v].fixed_text, events->values[i].name) == 0);
        cr_assert(found, "%s", events->values[i].name);
    }
}

Test(ctl_verbs, options_may_stand_anywhere)
{
    struct ctl ctl;

    cr_assert(PARSE(&ctl, "--lang", "zh", "dead", "replay", "--all", "H1", "--json"));
    cr_assert_str_eq(ctl.verb->name, "dead replay");
    cr_assert_str_eq(ctl.arguments[0], "H1");
    cr_assert(ctl.zh && ctl.json && ctl_has(&ctl, "all"));
    cr_assert(PARSE(&ctl, "dead", "H1"));
    cr_assert_str_eq(ctl.verb->name, "dead");
    cr_assert(PARSE(&ctl, "accept", "r-1", "--text=-- no option", "--person=张医生"));
    cr_assert_str_eq(ctl_option(&ctl, "text"), "-- no option");
    cr_assert(PARSE(&ctl, "send", "-"));
    cr_assert_str_eq(ctl.arguments[0], "-");
}

Test(ctl_verbs, a_command_line_that_means_nothing_is_a_usage_error)
{
    struct ctl ctl;

    cr_assert(!PARSE(&ctl, "acept", "r-1"));
    cr_assert(!PARSE(&ctl, "accept"));
    cr_assert(!PARSE(&ctl, "accept", "r-1", "r-2"));
    cr_assert(!PARSE(&ctl, "accept", "r-1", "--reason", "OTHER_REASON"));
    cr_assert(!PARSE(&ctl, "accept", "r-1", "--person"));
    cr_assert(!PARSE(&ctl, "list", "--open=yes"));
    cr_assert(!PARSE(&ctl, "status", "--lang", "fr"));
    cr_assert(PARSE(&ctl, "accept", "--help"));
}

Test(ctl_verbs, a_verb_becomes_the_body_of_its_command)
{
    ASSERT_BODY(
        "{\"person\":{\"name\":\"张医生\",\"phone\":\"022-1\"},\"referral_id\":\"r-1\",\"type\":\"EVENT_ACCEPT\"}",
        "accept", "r-1", "--person", "张医生", "--phone", "022-1");
    ASSERT_BODY("{\"reason\":\"OUT_OF_SCOPE\",\"referral_id\":\"r-1\",\"type\":\"EVENT_REJECT\"}", "reject", "r-1",
                "--reason", "out-of-scope");
    ASSERT_BODY(
        "{\"diagnoses\":[{\"icd10\":\"I10\",\"text\":\"高血压\"}],\"referral_id\":\"r-1\",\"type\":\"EVENT_REPORT\"}",
        "report", "r-1", "--diagnosis", "高血压", "--icd10", "I10");
    ASSERT_BODY("{\"deny\":false,\"from\":\"A\",\"kinds\":[\"OUTPATIENT\",\"FOLLOW_UP\"],\"to\":\"B\"}", "relation",
                "allow", "A", "B", "--kinds", "outpatient,follow-up");
    ASSERT_BODY("{\"departments\":[{\"code\":\"NK\",\"name\":\"内科\"},{\"code\":\"WK\"}],\"id\":\"H\"}", "institution",
                "put", "H", "--department", "code=NK,name=内科", "--department", "code=WK");
    ASSERT_BODY("{\"older_than_ms\":7200000,\"open\":true,\"states\":[\"DELIVERED\"]}", "list", "--older-than", "2h",
                "--open", "--state", "delivered");
    ASSERT_BODY("{\"name\":\"validity_ms\"}", "set", "validity_ms");
}

Test(ctl_verbs, times_are_read_in_local_time)
{
    setenv("TZ", "UTC-8", 1); /* eight hours east */
    ASSERT_BODY("{\"occurred_at_ms\":1763714400000,\"referral_id\":\"r-1\",\"type\":\"EVENT_ARRIVE\"}", "arrive", "r-1",
                "--at", "2025-11-21 16:40");
    ASSERT_BODY("{\"occurred_at_ms\":1763714400000,\"referral_id\":\"r-1\",\"type\":\"EVENT_ARRIVE\"}", "arrive", "r-1",
                "--at", "1763714400000");
    ASSERT_BAD_BODY(EXIT_USAGE, "arrive", "r-1", "--at", "yesterday");
}

Test(ctl_verbs, a_value_that_cannot_be_is_a_usage_error)
{
    ASSERT_BAD_BODY(EXIT_USAGE, "reject", "r-1", "--reason", "mood");
    ASSERT_BAD_BODY(EXIT_USAGE, "institution", "put", "H", "--department", "kode=NK");
    ASSERT_BAD_BODY(EXIT_USAGE, "institution", "put", "H", "--enabled", "maybe");
    ASSERT_BAD_BODY(EXIT_BAD_FILE, "amend", "r-1", "--sheet", "/nonexistent");
    ASSERT_BAD_BODY(EXIT_BAD_FILE, "accept", "r-1", "--text", "@/nonexistent");
    ASSERT_BAD_BODY(EXIT_BAD_FILE, "key", "add", "not-a-key");
}

Test(ctl_verbs, a_mistyped_verb_is_recognised)
{
    static const struct {
        const char *typed, *meant;
    } slips[] = {{"lst", "list"},
                 {"acept", "accept"},
                 {"sned", "send"},
                 {"stats", "status"},
                 {"institution", "institution put"}};

    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const struct verb *like = verb_like(slips[i].typed);

        cr_assert(like != NULL, "%s", slips[i].typed);
        cr_assert_str_eq(like->name, slips[i].meant);
    }
    cr_assert(verb_like("xyzzyplugh") == NULL);
    cr_assert(verb_like("a-word-that-is-longer-than-any-verb-can-ever-be") == NULL);
}
