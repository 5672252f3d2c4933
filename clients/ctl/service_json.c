/* service_json.c - every member that people and programs read. Shares are basis points, rounded down; a share of
 * nothing is absent. */
#include "service_json.h"

#include <string.h>

#include "base/bytes.h"
#include "query.h"

#define CHINA_OFFSET_MINUTES 480 /* "+08:00", the default of T1 */
#define ALL_BP               10000

/* ---- When ---- */

bool month_is_valid(const char *month)
{
    char text[DATE_TEXT_SIZE];
    struct date date;

    snprintf(text, sizeof text, "%.7s-01", month);
    return strlen(month) == strlen("2026-11") && date_parse(text, &date);
}

static struct date first_of_month(const char *month)
{
    char text[DATE_TEXT_SIZE];
    struct date date = {.year = 1970, .month = 1, .day = 1};

    snprintf(text, sizeof text, "%.7s-01", month);
    date_parse(text, &date);
    return date;
}

static struct date month_after(struct date date)
{
    return date.month == 12 ? (struct date){.year = date.year + 1, .month = 1, .day = 1}
                            : (struct date){.year = date.year, .month = date.month + 1, .day = 1};
}

static struct date year_before(struct date date)
{
    return (struct date){.year = date.year - 1, .month = date.month, .day = 1};
}

static struct date first_of_year(struct date date)
{
    return (struct date){.year = date.year, .month = 1, .day = 1};
}

static int offset_of_zone(const char *zone)
{
    int minutes = CHINA_OFFSET_MINUTES;

    if (zone != NULL)
        offset_parse(zone, &minutes);
    return minutes;
}

static int stored_offset(struct ledgers *ledgers, const char *hospital)
{
    const Record__Institution *row = institution_row(ledgers->txn, hospital);
    Referral__Institution *institution =
        row == NULL ? NULL : referral__institution__unpack(NULL, row->institution.len, row->institution.data);
    int minutes = offset_of_zone(institution == NULL ? NULL : institution->time_zone);

    if (institution != NULL)
        referral__institution__free_unpacked(institution, NULL);
    return minutes;
}

/* Months begin at midnight where the hospital is. EXIT_OK, else complained. */
static int find_offset(struct ledgers *ledgers, const char *hospital, int *ret_minutes)
{
    json_t *query, *answer = NULL, *institution;
    int result;
    size_t i;

    *ret_minutes = CHINA_OFFSET_MINUTES;
    if (ledgers->store != NULL) {
        *ret_minutes = stored_offset(ledgers, hospital);
        return EXIT_OK;
    }
    query = json_pack("{s:s}", "institution", hospital);
    result = query_ask_all(ledgers->ctl, ledgers->client, REFERRAL__KIND__LIST_INSTITUTIONS, query, SIZE_MAX, &answer);
    json_array_foreach(json_object_get(answer, "institutions"), i, institution)
    {
        const char *id = json_string_value(json_object_get(institution, "id"));

        if (id != NULL && strcmp(id, hospital) == 0)
            *ret_minutes = offset_of_zone(json_string_value(json_object_get(institution, "time_zone")));
    }
    json_decref(answer);
    json_decref(query);
    return result;
}

/* ---- What ---- */

static void set_count(json_t *object, const char *member, uint64_t count)
{
    json_object_set_new(object, member, json_integer((json_int_t)count));
}

/* Those that never were answered, and should have been, count against it. */
static void set_answers(json_t *json, struct tally_line *line)
{
    uint64_t due = line->answered + line->overdue;

    if (due != 0)
        set_count(json, "in_time_bp", line->in_time * ALL_BP / due);
    if (line->seconds.count == 0)
        return;
    set_count(json, "median_seconds", tally_percentile(&line->seconds, 50));
    set_count(json, "p90_seconds", tally_percentile(&line->seconds, 90));
}

static json_t *line_json(Referral__Direction direction, const ProtobufCEnumValue *priority, struct tally_line *line)
{
    json_t *json = json_object();

    json_object_set_new(
        json, "direction",
        json_string(protobuf_c_enum_descriptor_get_value(&referral__direction__descriptor, (int)direction)->name));
    if (priority != NULL)
        json_object_set_new(json, "priority", json_string(priority->name));
    set_count(json, "referrals", line->referrals);
    set_count(json, "answered", line->answered);
    set_count(json, "in_time", line->in_time);
    set_count(json, "overdue", line->overdue);
    set_answers(json, line);
    set_count(json, "open", line->open);
    set_count(json, "rejected", line->rejected);
    set_count(json, "no_shows", line->no_shows);
    return json;
}

static void set_lines(json_t *json, struct service_tally *tally)
{
    json_t *lines = json_array(), *totals = json_array();

    for (int direction = 1; direction <= TALLY_DIRECTIONS; direction++) {
        struct tally_line total = service_tally_total(tally, direction);

        for (int priority = 1; priority <= TALLY_PRIORITIES; priority++) {
            struct tally_line *line = &tally->lines[direction - 1][priority - 1];

            if (line->referrals != 0)
                json_array_append_new(
                    lines,
                    line_json((Referral__Direction)direction,
                              protobuf_c_enum_descriptor_get_value(&referral__priority__descriptor, priority), line));
        }
        if (total.referrals != 0)
            json_array_append_new(totals, line_json((Referral__Direction)direction, NULL, &total));
    }
    json_object_set_new(json, "lines", lines);
    json_object_set_new(json, "totals", totals);
}

static void set_rejections(json_t *json, const struct service_tally *tally)
{
    json_t *rejections = json_array();

    for (int reason = 0; reason < TALLY_REASONS; reason++) {
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&referral__reason__descriptor, reason);
        json_t *row;

        if (tally->rejections[reason] == 0)
            continue;
        row = json_object();
        if (value != NULL)
            json_object_set_new(row, "reason", json_string(value->name));
        set_count(row, "referrals", tally->rejections[reason]);
        json_array_append_new(rejections, row);
    }
    json_object_set_new(json, "rejections", rejections);
}

struct asking_for { /* one report on its way */
    struct ledgers *ledgers;
    const char *hospital;
    int offset_minutes;
    struct service_moment *moment;
    int result; /* of the first that failed */
};

static void count(struct asking_for *asking, struct date from, struct date to, struct service_tally *ret_tally)
{
    *ret_tally = (struct service_tally){0};
    if (asking->result == EXIT_OK)
        asking->result =
            service_tally_read(asking->ledgers, asking->hospital, instant_of_local(from, 0, asking->offset_minutes),
                               instant_of_local(to, 0, asking->offset_minutes), asking->moment, ret_tally);
}

static uint64_t persons_between(struct asking_for *asking, struct date from, struct date to)
{
    struct service_tally tally;
    uint64_t persons;

    count(asking, from, to, &tally);
    persons = service_tally_persons(&tally);
    service_tally_fini(&tally);
    return persons;
}

/* Different persons of the calendar year up to the month's end, and of the same part of the year before. */
static json_t *persons_json(struct asking_for *asking, struct date month)
{
    struct date end = month_after(month), year = first_of_year(month), before = year_before(month);
    struct date end_before = month_after(before), year_start_before = first_of_year(before);
    uint64_t now = persons_between(asking, year, end);
    uint64_t then = persons_between(asking, year_start_before, end_before);
    json_t *json = json_object();

    json_object_set_new(json, "year", json_integer(month.year));
    set_count(json, "persons", now);
    set_count(json, "year_before", then);
    set_count(json, "whole_year_before", persons_between(asking, year_start_before, year));
    if (then != 0)
        json_object_set_new(json, "growth_bp",
                            json_integer(((json_int_t)now - (json_int_t)then) * ALL_BP / (json_int_t)then));
    return json;
}

static json_t *moment_json(const struct service_moment *moment)
{
    char digest[2 * STORE_DIGEST_SIZE + 1];
    json_t *json = json_object();

    hex_encode(digest, bytes_of(moment->digest, sizeof moment->digest));
    set_count(json, "index", moment->index);
    json_object_set_new(json, "at_ms", json_integer(moment->at_ms));
    json_object_set_new(json, "digest", json_string(digest));
    return json;
}

int service_json(struct ledgers *ledgers, const char *hospital, const char *month, struct service_moment *moment,
                 json_t **ret_json)
{
    struct asking_for asking = {.ledgers = ledgers, .hospital = hospital, .moment = moment};
    struct date first = first_of_month(month);
    struct service_tally tally;
    json_t *json = json_object();

    asking.result = find_offset(ledgers, hospital, &asking.offset_minutes);
    json_object_set_new(json, "report", json_string("service"));
    json_object_set_new(json, "hospital", json_string(hospital));
    json_object_set_new(json, "month", json_string(month));
    json_object_set_new(json, "test_time", json_boolean(ledgers->test_time));
    count(&asking, first, month_after(first), &tally);
    json_object_set_new(json, "audit", moment_json(moment));
    set_lines(json, &tally);
    set_rejections(json, &tally);
    service_tally_fini(&tally);
    json_object_set_new(json, "down_persons", persons_json(&asking, first));
    if (asking.result == EXIT_OK)
        *ret_json = json;
    else
        json_decref(json);
    return asking.result;
}

bool service_claim(json_t *report, struct service_claim *ret_claim)
{
    json_t *audit = json_object_get(report, "audit");
    const char *name = json_string_value(json_object_get(report, "report"));
    const char *digest = json_string_value(json_object_get(audit, "digest"));
    struct service_claim claim = {.hospital = json_string_value(json_object_get(report, "hospital")),
                                  .month = json_string_value(json_object_get(report, "month")),
                                  .moment = {.index = (uint64_t)json_integer_value(json_object_get(audit, "index")),
                                             .at_ms = json_integer_value(json_object_get(audit, "at_ms"))}};

    if (name == NULL || strcmp(name, "service") != 0 || claim.hospital == NULL || claim.month == NULL ||
        !month_is_valid(claim.month) || claim.moment.index == 0 || digest == NULL ||
        !hex_decode(claim.moment.digest, sizeof claim.moment.digest, digest))
        return false;
    *ret_claim = claim;
    return true;
}
