/* ops_metrics.c - the table as text: one family after the other, each with all its samples. */
#include "net/ops_metrics.h"
#include <inttypes.h>

static const char *const lane_names[OVERVIEW_LANES] = {"emergency", "urgent", "routine"};

/* ---- The table ---- */

/* 0 where there is none, and where it is yet to come. */
static int64_t age_ms(const struct ops_view *view, struct instant since)
{
    return instant_is_due(since, view->at) ? view->at.ms - since.ms : 0;
}

static size_t labelled(const struct ops_view *view)
{
    size_t count = view->overview->destination_count;
    return count < OPS_DESTINATIONS_MAX ? count : OPS_DESTINATIONS_MAX;
}

static size_t left_out(const struct ops_view *view)
{
    return view->overview->destination_count - labelled(view);
}

#define METRIC(whose, unit, name, type, help, value)                                                                   \
    static int64_t name(const struct ops_view *v, const struct overview_destination *d, const struct overview_lane *l, \
                        const struct reserve_day *r)                                                                   \
    {                                                                                                                  \
        (void)v, (void)d, (void)l, (void)r;                                                                            \
        return (int64_t)(value);                                                                                       \
    }
#include "net/ops_metrics.def"
#undef METRIC

enum whose { BROKER, DESTINATION, LANE, RESERVE };
enum unit { COUNT, TIME };

static const struct metric {
    enum whose whose;
    enum unit unit;
    const char *name, *type, *help;
    int64_t (*value)(const struct ops_view *v, const struct overview_destination *d, const struct overview_lane *l,
                     const struct reserve_day *r);
} metrics[] = {
#define METRIC(whose, unit, name, type, help, value) {whose, unit, #name, #type, help, name},
#include "net/ops_metrics.def"
#undef METRIC
};

/* ---- Samples ---- */

static void add_head(struct ops_text *text, const char *name, const char *type, const char *help)
{
    ops_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_value(struct ops_text *text, const struct metric *metric, int64_t value)
{
    if (metric->unit == COUNT)
        ops_text_format(text, " %" PRId64 "\n", value);
    else
        ops_text_format(text, " %lld.%03lld\n", value / SECOND_MS, value % SECOND_MS);
}

static void add_labels(struct ops_text *text, const struct overview_destination *destination, const char *lane)
{
    ops_text_add(text, "{institution=");
    ops_text_label(text, destination->id);
    if (lane) {
        ops_text_add(text, ",lane=");
        ops_text_label(text, lane);
    }
    ops_text_add(text, "}");
}

static void add_destination(struct ops_text *text, const struct ops_view *view, const struct metric *metric,
                            const struct overview_destination *destination)
{
    size_t lanes = metric->whose == LANE ? OVERVIEW_LANES : 1;
    for (size_t i = 0; i < lanes; i++) {
        ops_text_add(text, metric->name);
        add_labels(text, destination, metric->whose == LANE ? lane_names[i] : NULL);
        add_value(text, metric, metric->value(view, destination, &destination->lanes[i], NULL));
    }
}

/* The days that have a pool. */
static void add_reserve_row(struct ops_text *text, const struct ops_view *view, const struct metric *metric,
                            const struct reserve_row *row)
{
    static const char *const days[] = {"today", "tomorrow"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        if (row->days[i].pools == 0)
            continue;
        ops_text_format(text, "%s{institution=", metric->name);
        ops_text_label(text, row->id);
        ops_text_format(text, ",class=\"%s\",day=\"%s\"}", ops_class_name(row->class), days[i]);
        add_value(text, metric, metric->value(view, NULL, NULL, &row->days[i]));
    }
}

static void add_reserve(struct ops_text *text, const struct ops_view *view, const struct metric *metric)
{
    const struct reserve_table *table = view->overview->reserve.shown;
    for (size_t i = 0; i < table->row_count; i++)
        add_reserve_row(text, view, metric, &table->rows[i]);
}

static void add_metric(struct ops_text *text, const struct ops_view *view, const struct metric *metric)
{
    add_head(text, metric->name, metric->type, metric->help);
    if (metric->whose == BROKER) {
        ops_text_add(text, metric->name);
        add_value(text, metric, metric->value(view, NULL, NULL, NULL));
        return;
    }
    if (metric->whose == RESERVE) {
        add_reserve(text, view, metric);
        return;
    }
    for (size_t i = 0; i < labelled(view); i++)
        add_destination(text, view, metric, &view->overview->destinations[i]);
}

/* ---- What is no single number ---- */

static void add_build(struct ops_text *text, const struct ops_view *view)
{
    add_head(text, "referrald_build_info", "gauge", "1; the version is a label");
    ops_text_add(text, "referrald_build_info{version=");
    ops_text_label(text, view->version);
    ops_text_add(text, "} 1\n");
}

static void add_turn_seconds(struct ops_text *text, const struct histogram *histogram)
{
    uint64_t below = 0;
    add_head(text, "referrald_turn_seconds", "histogram",
             "turns with a commit, from the first command to the last answer");
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        uint32_t bound_us = histogram_bounds_us[i];
        below += histogram->counts[i];
        ops_text_format(text, "referrald_turn_seconds_bucket{le=\"%" PRIu32 ".%06" PRIu32 "\"} %" PRIu64 "\n",
                        bound_us / 1000000, bound_us % 1000000, below);
    }
    uint64_t count = histogram_count(histogram);
    ops_text_format(text, "referrald_turn_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", count);
    ops_text_format(text, "referrald_turn_seconds_sum %" PRIu64 ".%06" PRIu64 "\n", histogram->sum_us / 1000000,
                    histogram->sum_us % 1000000);
    ops_text_format(text, "referrald_turn_seconds_count %" PRIu64 "\n", count);
}

/* Every code, also where none stands: a rule can tell "none" from "not asked". */
static void add_alarms(struct ops_text *text, const struct overview *overview)
{
    add_head(text, "referrald_alarms", "gauge",
             "alarms that stand, by code and level; at most 1000 of a code are counted");
    for (size_t i = 0; i < alarm_info_count(); i++) {
        ops_text_format(text, "referrald_alarms{code=\"%s\",level=\"%s\"} %" PRIu32 "\n", alarm_info(i)->code,
                        alarm_info(i)->level, overview->alarm_counts[i]);
    }
}

void ops_metrics_render(const struct ops_view *view, struct ops_text *text)
{
    add_build(text, view);
    add_turn_seconds(text, &view->turn_us);
    add_alarms(text, view->overview);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        add_metric(text, view, &metrics[i]);
}
