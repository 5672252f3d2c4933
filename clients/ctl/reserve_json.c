/* reserve_json.c - every member that people and programs read. */
#include "reserve_json.h"

#include <string.h>

#include "base/bytes.h"
#include "engine/reserve_report.h"

#define REPORT_BYTES (1UL << 30) /* address space */

static const char *class_name(Referral__PlaceClass class)
{
    return protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, (int)class)->name;
}

static void set_count(json_t *object, const char *member, uint64_t count)
{
    json_object_set_new(object, member, json_integer((json_int_t)count));
}

static void set_text(json_t *object, const char *member, const char *text)
{
    json_object_set_new(object, member, text == NULL ? json_null() : json_string(text));
}

static json_t *line_json(const struct reserve_line *line)
{
    json_t *json = json_object();

    set_text(json, "class", class_name(line->class));
    if (line->date[0] != '\0')
        set_text(json, "date", line->date);
    set_count(json, "sessions", line->pools);
    set_count(json, "short_notice", line->short_notice);
    set_count(json, "capacity", line->capacity);
    set_count(json, "required", line->required);
    set_count(json, "kept", line->kept);
    set_count(json, "kept_bp", line->kept_bp);
    set_count(json, "family", line->family);
    set_count(json, "general", line->general);
    set_count(json, "emergency", line->emergency);
    set_count(json, "released_unused", line->released_unused);
    set_count(json, "refused_by_reserve", line->refused_reserve);
    set_count(json, "blocked", line->blocked);
    set_count(json, "blocked_into_reserve", line->blocked_over);
    set_count(json, "family_cancelled", line->family_cancelled);
    set_count(json, "outside", line->outside);
    return json;
}

static json_t *lines_json(const struct reserve_line *lines, size_t count)
{
    json_t *json = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(json, line_json(&lines[i]));
    return json;
}

static void set_cause(json_t *json, struct replay_cause cause)
{
    const ProtobufCEnumValue *event =
        protobuf_c_enum_descriptor_get_value(&referral__ledger_event__descriptor, (int)cause.event);
    const ProtobufCEnumValue *reason =
        protobuf_c_enum_descriptor_get_value(&referral__block_reason__descriptor, (int)cause.reason);

    if (event != NULL)
        set_text(json, "cause", event->name);
    if (reason != NULL)
        set_text(json, "reason", reason->name);
}

static json_t *gap_json(const struct reserve_gap *gap)
{
    json_t *json = json_object();

    set_text(json, "class", class_name(gap->class));
    set_text(json, "date", gap->date);
    set_text(json, "department", gap->department);
    if (gap->resource != NULL) /* else a group's */
        set_text(json, "resource", gap->resource);
    set_count(json, "shortfall", gap->shortfall.units);
    set_count(json, "minutes", (uint64_t)((gap->shortfall.ms + MINUTE_MS - 1) / MINUTE_MS)); /* begun ones count */
    set_cause(json, gap->shortfall.cause);
    return json;
}

static json_t *gaps_json(const struct reserve_report *report)
{
    json_t *json = json_array();

    for (size_t i = 0; i < report->gap_count; i++)
        json_array_append_new(json, gap_json(&report->gaps[i]));
    return json;
}

static json_t *ledger_json(const struct replay *replay)
{
    char digest[2 * REPLAY_DIGEST_SIZE + 1];
    json_t *json = json_object();

    hex_encode(digest, bytes_of(replay_digest(replay), REPLAY_DIGEST_SIZE));
    set_count(json, "first_row", replay_rows(replay) == 0 ? 0 : 1);
    set_count(json, "last_row", replay_rows(replay));
    set_count(json, "index", replay_index(replay));
    set_count(json, "at_ms", (uint64_t)replay_time(replay).ms);
    set_text(json, "digest", digest);
    return json;
}

json_t *reserve_json(const struct replay *replay, const char *hospital, const struct reserve_range *range,
                     bool test_time)
{
    struct arena arena;
    struct reserve_report report;
    json_t *json = json_object();

    if (arena_open(&arena, REPORT_BYTES) != 0)
        return json;
    report = reserve_report(replay, &arena, range->first_date, range->last_date, range->by_month);
    set_text(json, "report", "reserve");
    set_text(json, "hospital", hospital);
    set_text(json, "from", range->first_date);
    set_text(json, "to", range->last_date);
    set_text(json, "by", range->by_month ? "month" : "day");
    json_object_set_new(json, "test_time", json_boolean(test_time));
    json_object_set_new(json, "ledger", ledger_json(replay));
    json_object_set_new(json, "lines", lines_json(report.lines, report.line_count));
    json_object_set_new(json, "totals", lines_json(report.totals, report.total_count));
    json_object_set_new(json, "gaps", gaps_json(&report));
    arena_close(&arena);
    return json;
}

bool reserve_claim(json_t *report, struct reserve_claim *ret_claim)
{
    json_t *ledger = json_object_get(report, "ledger");
    const char *name = json_string_value(json_object_get(report, "report"));
    const char *by = json_string_value(json_object_get(report, "by"));
    struct reserve_claim claim = {.hospital = json_string_value(json_object_get(report, "hospital")),
                                  .digest = json_string_value(json_object_get(ledger, "digest")),
                                  .last_row = (uint64_t)json_integer_value(json_object_get(ledger, "last_row"))};

    claim.range.first_date = json_string_value(json_object_get(report, "from"));
    claim.range.last_date = json_string_value(json_object_get(report, "to"));
    if (name == NULL || strcmp(name, "reserve") != 0 || by == NULL || claim.hospital == NULL || claim.digest == NULL)
        return false;
    claim.range.by_month = strcmp(by, "month") == 0;
    *ret_claim = claim;
    return true;
}
