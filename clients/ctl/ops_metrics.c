/* ops_metrics.c - tables of metrics, each a member of an answer. */
#include "ops_metrics.h"

#include <string.h>

/* A time is in ms in the answer, and in seconds where it is shown. */
enum unit { COUNT, TIME, FLAG, AGE };
struct metric {
    const char *name, *type, *help, *member;
    enum unit unit;
};

static void put_head(FILE *out, const struct metric *metric)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, metric->type);
}

static void put_value(FILE *out, const struct metric *metric, const json_t *row, int64_t now_ms)
{
    int64_t value = ops_number(row, metric->member);

    if (metric->unit == FLAG)
        value = ops_flag(row, metric->member);
    if (metric->unit == AGE)
        value = value == 0 || value > now_ms ? 0 : now_ms - value;
    if (metric->unit == TIME || metric->unit == AGE)
        fprintf(out, " %lld.%03lld\n", (long long)(value / 1000), (long long)(value % 1000));
    else
        fprintf(out, " %lld\n", (long long)value);
}

/* The three signs that a label's value must not have as they are. */
static void put_label(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', out);
        if (*value == '\n')
            fputs("\\n", out);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

static const char *lane_name(const char *lane)
{
    return strcmp(lane, "EMERGENCY") == 0 ? "emergency" : strcmp(lane, "URGENT") == 0 ? "urgent" : "routine";
}

static const struct metric of_broker[] = {
    {"referrald_time_seconds", "gauge", "the time of the broker", "now_ms", TIME},
    {"referrald_time_held", "gauge", "1 while the time is in doubt and expiry waits for an operator (C4)", "time_held",
     FLAG},
    {"referrald_draining", "gauge", "1 while an operator wants no new work", "draining", FLAG},
    {"referrald_sessions", "gauge", "sessions", "sessions", COUNT},
    {"referrald_referrals", "gauge", "referrals in the store", "referrals", COUNT},
    {"referrald_turns_total", "counter", "turns committed", "turns", COUNT},
    {"referrald_commands_total", "counter", "commands applied, refused ones and those of the daemon itself included",
     "commands", COUNT},
    {"referrald_commands_refused_total", "counter", "commands refused", "refused", COUNT},
    {"referrald_store_used_bytes", "gauge", "bytes of the store in use", "store_used_bytes", COUNT},
    {"referrald_store_limit_bytes", "gauge", "bytes it may grow to: the smaller of map and disk", "store_limit_bytes",
     COUNT},
    {"referrald_store_full", "gauge", "1 while new work is refused for lack of room (D6)", "store_full", FLAG},
};

static const struct metric of_inbox[] = {
    {"referrald_inbox_waiting_bytes", "gauge", "bytes waiting", "waiting_bytes", COUNT},
    {"referrald_inbox_in_flight", "gauge", "messages handed out and not acknowledged", "in_flight", COUNT},
    {"referrald_inbox_connections", "gauge", "connections that receive", "connections", COUNT},
    {"referrald_inbox_credit", "gauge", "deliveries its connections would still take", "credit", COUNT},
    {"referrald_inbox_paused", "gauge", "1 while paused by an operator (D9)", "paused", FLAG},
    {"referrald_inbox_dead", "gauge", "dead letters (D5)", "dead", COUNT},
    {"referrald_inbox_accepted_total", "counter", "messages accepted for it (D7)", "accepted", COUNT},
    {"referrald_inbox_acknowledged_total", "counter", "of them, acknowledged", "acknowledged", COUNT},
    {"referrald_inbox_dropped_total", "counter", "of them, dropped from the dead letters by an operator", "dropped",
     COUNT},
    {"referrald_inbox_last_ack_timestamp_seconds", "gauge",
     "when it acknowledged last, in the time of the broker; 0: never", "last_ack_at_ms", TIME},
};

/* Of a lane that something waits in. */
static const struct metric of_waiter[] = {
    {"referrald_inbox_waiting", "gauge", "messages waiting, in flight included", "waiting", COUNT},
    {"referrald_inbox_oldest_age_seconds", "gauge", "age of the oldest waiting message; 0: none waits",
     "oldest_accepted_at_ms", AGE},
};

#define EACH(table) (size_t i = 0; i < sizeof(table) / sizeof *(table); i++)

static void put_total(FILE *out, const char *name, const char *help, uint64_t value)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, (unsigned long long)value);
}

void ops_metrics_facts(FILE *out, const struct ops_facts *facts)
{
    struct ops_totals totals = ops_totals(facts);

    for
        EACH(of_broker)
        {
            if (json_object_get(facts->status, of_broker[i].member) == NULL)
                continue; /* not ours to see */
            put_head(out, &of_broker[i]);
            fputs(of_broker[i].name, out);
            put_value(out, &of_broker[i], facts->status, facts->now_ms);
        }
    put_total(out, "referrald_work_at_risk", "messages past half their deadline or behind such ones, and dead letters",
              totals.at_risk);
    put_total(out, "referrald_destinations_without_consumer",
              "of them, those with waiting messages and nobody who takes any", totals.without_consumer);
    put_total(out, "referrald_destinations_paused", "of them, those paused by an operator (D9)", totals.paused);
    ops_metrics_queues(out, facts);
    ops_metrics_alarms(out, facts);
}

void ops_metrics_queues(FILE *out, const struct ops_facts *facts)
{
    json_t *row;
    size_t at;

    for
        EACH(of_waiter)
        {
            put_head(out, &of_waiter[i]);
            json_array_foreach(facts->waiters, at, row)
            {
                fprintf(out, "%s{", of_waiter[i].name);
                put_label(out, "institution", ops_string(row, "institution"));
                fprintf(out, ",lane=\"%s\"}", lane_name(ops_string(row, "lane")));
                put_value(out, &of_waiter[i], row, facts->now_ms);
            }
        }
    for
        EACH(of_inbox)
        {
            put_head(out, &of_inbox[i]);
            json_array_foreach(json_object_get(facts->status, "inboxes"), at, row)
            {
                fprintf(out, "%s{", of_inbox[i].name);
                put_label(out, "institution", ops_string(row, "institution"));
                fputc('}', out);
                put_value(out, &of_inbox[i], row, facts->now_ms);
            }
        }
}

/* Names and their counts, in the order they came first. */
static void put_counts(FILE *out, const char *name, const char *label, const json_t *rows, const char *member)
{
    json_t *counts = json_object(), *row, *count;
    const char *key;
    size_t i;

    json_array_foreach(rows, i, row)
        json_object_set_new(counts, ops_string(row, member),
                            json_integer(json_integer_value(json_object_get(counts, ops_string(row, member))) + 1));
    json_object_foreach(counts, key, count)
    {
        fprintf(out, "%s{", name);
        put_label(out, label, key);
        fprintf(out, "} %lld\n", (long long)json_integer_value(count));
    }
    json_decref(counts);
}

void ops_metrics_alarms(FILE *out, const struct ops_facts *facts)
{
    fputs("# HELP referrald_alarms alarms that stand, by code\n# TYPE referrald_alarms gauge\n", out);
    put_counts(out, "referrald_alarms", "code", facts->alarms, "code");
}

void ops_metrics_sessions(FILE *out, const json_t *sessions)
{
    fputs("# HELP referrald_institution_sessions sessions of an institution\n# TYPE referrald_institution_sessions "
          "gauge\n",
          out);
    put_counts(out, "referrald_institution_sessions", "institution", sessions, "institution");
}
