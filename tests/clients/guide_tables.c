/* guide_tables.c - prints the tables of proto/README.md from those the broker runs on, each between the lines that mark
 * it there. */
#include <stdio.h>
#include <string.h>

#include "engine/authority.h"
#include "rules/lifecycle.h"
#include "rules/sheet.h"
#include "wire/bounds.h"
#include "wire/wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void begin(const char *name)
{
    printf("<!-- begin %s -->\n", name);
}

static void end(const char *name)
{
    printf("<!-- end %s -->\n", name);
}

/* ---- Kinds ------------------------------------------------------------------------------------------------------------------ */

static const char *message_name(const ProtobufCMessageDescriptor *descriptor)
{
    return descriptor != NULL ? descriptor->short_name : "–";
}

static void print_roles(uint32_t roles)
{
    static const struct {
        Referral__Role role;
        const char *name;
    } names[] = {{REFERRAL__ROLE__REFER, "REFER"},
                 {REFERRAL__ROLE__RECEIVE, "RECEIVE"},
                 {REFERRAL__ROLE__SCHEDULE, "SCHEDULE"},
                 {REFERRAL__ROLE__OPERATE, "OPERATE"},
                 {REFERRAL__ROLE__OBSERVE, "OBSERVE"}};
    const char *comma = "";
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if ((roles & (1U << names[i].role)) != 0) {
            printf("%s%s", comma, names[i].name);
            comma = ", ";
        }
    }
    printf("%s", roles == 0 ? "nobody" : "");
}

static void print_who(Referral__Kind kind)
{
    size_t count;
    const struct authority *rows = authority_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == kind) {
            print_roles(rows[i].own_roles);
            printf(" | ");
            print_roles(rows[i].other_roles);
            return;
        }
    }
    printf("any key | –");
}

static void print_kinds(const char *name, enum kind_class first, enum kind_class second)
{
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);
    begin(name);
    printf(
        "| Number | Kind | Body | Result | For its own institution | For another one |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].class == first || kinds[i].class == second) {
            printf("| %d | %s | %s | %s | ", (int)kinds[i].kind, kinds[i].name, message_name(kinds[i].body),
                   message_name(kinds[i].result));
            print_who(kinds[i].kind);
            printf(" |\n");
        }
    }
    end(name);
}

static void print_session_kinds(void)
{
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);
    begin("session-kinds");
    printf("| Number | Kind | Body | Said by |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count && kinds[i].class != KIND_COMMAND; i++) {
        bool both = kinds[i].kind == REFERRAL__KIND__PING || kinds[i].kind == REFERRAL__KIND__PONG ||
                    kinds[i].kind == REFERRAL__KIND__GOODBYE;
        printf("| %d | %s | %s | %s |\n", (int)kinds[i].kind, kinds[i].name, message_name(kinds[i].body),
               both                            ? "both"
               : kinds[i].class == KIND_BROKER ? "broker"
                                               : "client");
    }
    end("session-kinds");
}

/* ---- Life ------------------------------------------------------------------------------------------------------------------- */

struct bit_name {
    int bit;
    const char *name;
};

static void print_bits(int set, const struct bit_name *names, size_t count, const char *none)
{
    const char *comma = "";
    for (size_t i = 0; i < count; i++) {
        if ((set & names[i].bit) != 0) {
            printf("%s%s", comma, names[i].name);
            comma = ", ";
        }
    }
    printf("%s", *comma == '\0' ? none : "");
}

static void print_from(uint32_t from)
{
    uint32_t before_arrival = 0;
    for (int state = SUBMITTED; state < STATE_COUNT; state++)
        before_arrival |= state_is_before_arrival((enum state)state) ? STATE_BIT(state) : 0;
    const char *comma = "";
    if (from == (STATE_BIT(VOID) - 2)) {
        printf("any but VOID");
        return;
    }
    if (from == STATE_BIT(STATE_NONE)) {
        printf("–");
        return;
    }
    if ((from & before_arrival) == before_arrival) {
        printf("before arrival");
        from &= ~before_arrival;
        comma = ", ";
    }
    for (int state = SUBMITTED; state < STATE_COUNT; state++) {
        if ((from & STATE_BIT(state)) != 0) {
            printf("%s%s", comma, state_name((enum state)state));
            comma = ", ";
        }
    }
}

static const char *target_name(int to)
{
    switch (to) {
    case TO_SAME:
        return "unchanged";
    case TO_PREVIOUS:
        return "where it was";
    case TO_BEFORE_BOOKING:
        return "ACCEPTED if a person accepted, else DELIVERED";
    case TO_CANCEL_ANSWER:
        return "agreed: CANCELLED; else where it was";
    default:
        return state_name((enum state)to);
    }
}

static const struct bit_name parties[] = {
    {BY_SENDER, "sender"}, {BY_RECEIVER, "receiver"}, {BY_CHILD_RECEIVER, "receiver of the down-referral"},
    {BY_BROKER, "broker"}, {BY_CLOCK, "clock"},       {BY_OPERATOR, "operator"},
};
static const struct bit_name needs[] = {
    {NEEDS_PERSON, "`person.name`"},
    {NEEDS_REASON, "`reason`"},
    {NEEDS_TEXT, "`text`"},
    {NEEDS_OCCURRED_AT, "`occurred_at_ms`"},
    {NEEDS_SHEET, "a sheet"},
    {NEEDS_RECEIVER, "`receiver`"},
    {NEEDS_PLACE, "`place`"},
    {NEEDS_REPORT, "`diagnoses`, `treatment`"},
    {NEEDS_CLOSE_CODE, "`close_code`"},
    {NEEDS_REPORT_PRESENT, "a report, before or with it"},
    {NEEDS_DIRECT_BOOKING, "direct booking on (Q5)"},
    {NEEDS_ANSWER, "`agreed`"},
    {NEEDS_EMERGENCY, "EMERGENCY only"},
};

static void print_life(const char *name, enum life life)
{
    size_t count;
    const struct transition *rows = lifecycle_rows(life, &count);
    begin(name);
    printf("| Event | | From | To | Who | Needs |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, (int)rows[i].event);
        printf("| %s | %s | ", value->name, event_zh(rows[i].event));
        print_from(rows[i].from);
        printf(" | %s | ", target_name(rows[i].to));
        print_bits(rows[i].by, parties, COUNT_OF(parties), "");
        printf(" | ");
        print_bits(rows[i].needs, needs, COUNT_OF(needs), "–");
        printf(" |\n");
    }
    end(name);
}

static void print_reasons(void)
{
    const ProtobufCEnumDescriptor *reasons = &referral__reason__descriptor;

    begin("reasons");
    printf("| Event | Reasons |\n|---|---|\n");
    for (int event = SUBMIT; event < EVENT_COUNT; event++) {
        const char *before = "";

        if (!lifecycle_reason_fits((enum event)event, REFERRAL__REASON__OTHER_REASON))
            continue;
        printf("| %s | ", protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, event)->name);
        for (unsigned i = 0; i < reasons->n_values; i++) {
            if (lifecycle_reason_fits((enum event)event, (Referral__Reason)reasons->values[i].value)) {
                printf("%s%s", before, reasons->values[i].name);
                before = ", ";
            }
        }
        printf(" |\n");
    }
    end("reasons");
}

static void print_states(void)
{
    begin("states");
    printf("| Number | State | | core_status | Next actor, up | Next actor, down |\n|---|---|---|---|---|---|\n");
    for (int i = SUBMITTED; i < STATE_COUNT; i++) {
        enum state state = (enum state)i;
        const ProtobufCEnumValue *core =
            protobuf_c_enum_descriptor_get_value(&referral__core_status__descriptor, (int)state_core_status(state));
        printf("| %d | %s | %s | %s | %s | %s |\n", i, state_name(state), state_zh(state), core->name,
               state_next_actor(LIFE_UP, state, false), state_next_actor(LIFE_DOWN, state, false));
    }
    end("states");
}

/* ---- Sheet and refusals ------------------------------------------------------------------------------------------------------ */

static void print_need(char need)
{
    printf("%s | ", need == 'M' ? "**M**" : need == 'O' ? "" : need == 'C' ? "C" : "–");
}

static void print_sheet(void)
{
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);
    begin("sheet");
    printf("| Field | 名称 | Name | Up | Down | Emergency | Characters | 说明 | Note "
           "|\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct sheet_field *field = &fields[i];
        printf("| `%s` | %s | %s | ", field->path, field->name_zh, field->name_en);
        print_need(field->need_up);
        print_need(field->need_down);
        print_need(field->need_emergency);
        if (field->max_chars != 0)
            printf("%u to %u", field->min_chars, field->max_chars);
        printf(" | %s | %s |\n", field->note_zh, field->note_en);
    }
    end("sheet");
}

static void print_vitals(void)
{
    const ProtobufCEnumDescriptor *items = &referral__vital_item__descriptor;
    begin("vitals");
    printf("| Item | `unit` | `value_milli` from | to |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < items->n_values; i++) {
        const struct vital_range *range = sheet_vital_range((Referral__VitalItem)items->values[i].value);
        printf("| %s | %s | %lld | %lld |\n", items->values[i].name, range->unit, (long long)range->min_milli,
               (long long)range->max_milli);
    }
    end("vitals");
}

/* The smallest bound above `above`; 0: none. */
static size_t next_bound(const struct field_bound *bounds, size_t count, size_t above)
{
    size_t next = 0;
    for (size_t i = 0; i < count; i++)
        if (bounds[i].bound > above && (next == 0 || bounds[i].bound < next))
            next = bounds[i].bound;
    return next;
}

static void print_bounds(void)
{
    size_t count;
    const struct field_bound *bounds = field_bounds(&count);
    begin("bounds");
    printf("| At most | Fields of that name |\n|---|---|\n");
    for (size_t bound = 0; (bound = next_bound(bounds, count, bound)) != 0;) {
        const char *comma = "";
        printf("| %zu | ", bound);
        for (size_t i = 0; i < count; i++) {
            if (bounds[i].bound == bound) {
                printf("%s`%s`", comma, bounds[i].name);
                comma = ", ";
            }
        }
        printf(" |\n");
    }
    end("bounds");
}

static void print_refusals(void)
{
    begin("refusals");
    printf("| Code | Rule | 中文 | English |\n|---|---|---|---|\n");
    for (int i = REFUSED_NOT + 1; i < REFUSAL_COUNT; i++) {
        enum refusal refusal = (enum refusal)i;
        printf("| %s | %s | %s | %s |\n", refusal_code(refusal), refusal_rule(refusal), refusal_zh(refusal),
               refusal_en(refusal));
    }
    end("refusals");
}

int main(void)
{
    print_bounds();
    print_session_kinds();
    print_kinds("command-kinds", KIND_COMMAND, KIND_DELIVERY);
    print_kinds("query-kinds", KIND_QUERY, KIND_QUERY);
    print_states();
    print_life("life-up", LIFE_UP);
    print_life("life-down", LIFE_DOWN);
    print_reasons();
    print_sheet();
    print_vitals();
    print_refusals();
    return 0;
}
