/* ops_status.c - a view as JSON, part by part. */
#include "net/ops_status.h"
#include "net/ops_state.h"
#include <inttypes.h>

static const char *boolean(bool value)
{
    return value ? "true" : "false";
}

static void add_time(struct ops_text *text, const char *name, struct instant at)
{
    if (instant_is_set(at))
        ops_text_format(text, ",\"%s\":%" PRId64, name, at.ms);
    else
        ops_text_format(text, ",\"%s\":null", name);
}

static void add_string(struct ops_text *text, const char *name, const char *string)
{
    ops_text_format(text, ",\"%s\":", name);
    ops_text_json(text, string);
}

static void separate(struct ops_text *text, size_t i)
{
    ops_text_add(text, i == 0 ? "" : ",");
}

/* ---- The broker ---- */

static void add_state(struct ops_text *text, const struct ops_view *view)
{
    struct ops_text zh = {0}, en = {0};
    enum ops_level level = ops_state_render(view, &zh, &en);
    ops_text_format(text, ",\"state\":{\"level\":\"%s\"", ops_level_name(level));
    add_string(text, "text_zh", ops_text_string(&zh));
    add_string(text, "text_en", ops_text_string(&en));
    ops_text_add(text, "}");
    ops_text_fini(&zh);
    ops_text_fini(&en);
}

static void add_broker(struct ops_text *text, const struct ops_view *view)
{
    ops_text_add(text, ",\"broker\":{\"name\":");
    ops_text_json(text, view->short_name);
    add_string(text, "store_id", view->store_id);
    ops_text_format(text, ",\"incarnation\":%" PRIu32, view->incarnation);
    add_string(text, "version", view->version);
    add_string(text, "endpoint", view->endpoint);
    add_time(text, "started_at_ms", view->started_at);
    ops_text_format(text, ",\"serving\":%s,\"readable\":%s,\"test_time\":%s,\"time_held\":%s,\"draining\":%s",
                    boolean(view->is_serving), boolean(view->is_readable), boolean(view->test_time),
                    boolean(view->time_held), boolean(view->is_draining));
    ops_text_format(text,
                    ",\"index\":%" PRIu64 ",\"referrals\":%" PRIu64 ",\"sessions\":%" PRIu32 ",\"connections\":%zu}",
                    view->overview->index, view->overview->referrals, view->turns.sessions, view->connections);
}

static void add_store(struct ops_text *text, const struct ops_view *view)
{
    ops_text_format(text, ",\"store\":{\"used_bytes\":%" PRIu64 ",\"limit_bytes\":%" PRIu64 ",\"full\":%s}",
                    view->room.used_bytes, view->room.limit_bytes, boolean(view->room.full));
}

static void add_totals(struct ops_text *text, const struct overview_totals *totals)
{
    ops_text_format(
        text,
        ",\"totals\":{\"destinations\":%" PRIu64 ",\"connected\":%" PRIu64 ",\"paused\":%" PRIu64
        ",\"without_consumer\":%" PRIu64 ",\"waiting\":%" PRIu64 ",\"emergency\":%" PRIu64 ",\"urgent\":%" PRIu64
        ",\"routine\":%" PRIu64 ",\"in_flight\":%" PRIu64 ",\"dead\":%" PRIu64 ",\"unbalanced\":%" PRIu64 "}",
        totals->destinations, totals->connected, totals->paused, totals->without_consumer, totals->waiting,
        totals->lanes[0], totals->lanes[1], totals->lanes[2], totals->in_flight, totals->dead, totals->unbalanced);
}

static void add_counters(struct ops_text *text, const struct ops_view *view)
{
    const struct turn_counters *turns = &view->turns;
    ops_text_format(text,
                    ",\"counters\":{\"turns\":%" PRIu64 ",\"commands\":%" PRIu64 ",\"refused\":%" PRIu64
                    ",\"queries\":%" PRIu64 ",\"deliveries\":%" PRIu64 ",\"redeliveries\":%" PRIu64 ",\"acks\":%" PRIu64
                    ",\"acks_unknown\":%" PRIu64,
                    turns->turns, turns->commands, turns->refused, turns->queries, turns->deliveries,
                    turns->redeliveries, turns->acks, turns->acks_unknown);
    ops_text_format(text,
                    ",\"busy\":%" PRIu64 ",\"sessions_lost\":%" PRIu64 ",\"frames_dropped\":%" PRIu64
                    ",\"keys_refused\":%" PRIu64 ",\"edges_missed\":%" PRIu64 ",\"largest_turn\":%" PRIu32 "}",
                    turns->busy, turns->sessions_lost, turns->dropped_frames + view->port_dropped, view->keys_refused,
                    view->edges_missed, turns->largest_turn);
}

static void add_latency(struct ops_text *text, const struct ops_view *view)
{
    ops_text_format(text, ",\"latency\":{\"p50_us\":%" PRIu32 ",\"p99_us\":%" PRIu32 ",\"bounds_us\":[",
                    histogram_quantile_us(&view->recent_us, 500), histogram_quantile_us(&view->recent_us, 990));
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
        ops_text_format(text, "%s%" PRIu32, i ? "," : "", histogram_bounds_us[i]);
    ops_text_add(text, "],\"recent\":[");
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        ops_text_format(text, "%s%" PRIu64, i ? "," : "", view->recent_us.counts[i]);
    ops_text_add(text, "],\"counts\":[");
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        ops_text_format(text, "%s%" PRIu64, i ? "," : "", view->turn_us.counts[i]);
    ops_text_format(text, "],\"sum_us\":%" PRIu64 "}", view->turn_us.sum_us);
}

static void add_series(struct ops_text *text, const struct ops_view *view, const char *name, size_t offset)
{
    ops_text_format(text, ",\"%s\":[", name);
    for (size_t i = 0; i < view->history_count; i++) {
        const uint8_t *sample = (const uint8_t *)&view->history[i];
        ops_text_format(text, "%s%" PRIu32, i ? "," : "", *(const uint32_t *)(const void *)(sample + offset));
    }
    ops_text_add(text, "]");
}

/* One member a series, each a number a second, the oldest first; the last is the second before `at_ms`. */
static void add_history(struct ops_text *text, const struct ops_view *view)
{
    ops_text_add(text, ",\"history\":{\"step_ms\":1000");
    add_series(text, view, "commands", offsetof(struct ops_sample, commands));
    add_series(text, view, "deliveries", offsetof(struct ops_sample, deliveries));
    add_series(text, view, "acks", offsetof(struct ops_sample, acks));
    add_series(text, view, "turns", offsetof(struct ops_sample, turns));
    add_series(text, view, "p99_us", offsetof(struct ops_sample, p99_us));
    ops_text_add(text, "}");
}

/* ---- Destinations ---- */

static void add_lane(struct ops_text *text, const char *name, const struct overview_lane *lane)
{
    ops_text_format(text, "{\"lane\":\"%s\",\"waiting\":%" PRIu64, name, lane->waiting);
    add_time(text, "oldest_at_ms", lane->oldest_at);
    add_time(text, "half_at_ms", lane->half_at);
    add_time(text, "due_at_ms", lane->due_at);
    ops_text_format(text, ",\"oldest_returned\":%" PRIu32 "}", lane->returned);
}

static void add_contact(struct ops_text *text, const struct overview_contact *contact)
{
    if (!contact->name) {
        ops_text_add(text, ",\"contact\":null");
        return;
    }
    ops_text_add(text, ",\"contact\":{\"name\":");
    ops_text_json(text, contact->name);
    add_string(text, "phone", contact->phone);
    add_string(text, "deputy_name", contact->deputy_name);
    add_string(text, "deputy_phone", contact->deputy_phone);
    add_string(text, "hours", contact->hours);
    ops_text_add(text, "}");
}

/* Now, where it is connected; else when a session of it ended, or it acknowledged something, last. */
static struct instant last_seen(const struct overview_destination *destination, struct instant now)
{
    if (destination->live.connections != 0)
        return now;
    struct instant ended = destination->live.last_seen, acked = destination->last_ack_at;
    return ended.ms > acked.ms ? ended : acked;
}

static void add_destination(struct ops_text *text, const struct overview_destination *d, struct instant now)
{
    static const char *const lanes[OVERVIEW_LANES] = {"EMERGENCY", "URGENT", "ROUTINE"};
    ops_text_add(text, "{\"id\":");
    ops_text_json(text, d->id);
    add_string(text, "name", d->name);
    ops_text_format(text, ",\"enabled\":%s,\"paused\":%s,\"query_only\":%s,\"down\":%s,\"full\":%s",
                    boolean(d->enabled), boolean(d->paused), boolean(d->query_only), boolean(d->down),
                    boolean(d->full));
    ops_text_format(text, ",\"at_risk\":%" PRIu64, d->at_risk);
    add_time(text, "oldest_at_ms", d->oldest_at);
    add_time(text, "due_at_ms", d->due_at);
    ops_text_format(text, ",\"waiting\":%" PRIu64 ",\"waiting_bytes\":%" PRIu64 ",\"lanes\":[", d->waiting,
                    d->waiting_bytes);
    for (size_t i = 0; i < OVERVIEW_LANES; i++) {
        separate(text, i);
        add_lane(text, lanes[i], &d->lanes[i]);
    }
    ops_text_format(text,
                    "],\"in_flight\":%" PRIu32 ",\"connections\":%" PRIu32 ",\"consumers\":%" PRIu32
                    ",\"credit\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"redelivered\":%" PRIu64,
                    d->live.in_flight, d->live.connections, d->live.consumers, d->live.credit, d->live.delivered,
                    d->live.redelivered);
    ops_text_format(text,
                    ",\"accepted\":%" PRIu64 ",\"acknowledged\":%" PRIu64 ",\"dead\":%" PRIu64 ",\"dropped\":%" PRIu64,
                    d->accepted, d->acknowledged, d->dead, d->dropped);
    add_time(text, "last_ack_at_ms", d->last_ack_at);
    add_time(text, "last_seen_at_ms", last_seen(d, now));
    add_contact(text, &d->contact);
    ops_text_add(text, "}");
}

static void add_destinations(struct ops_text *text, const struct ops_view *view)
{
    const struct overview *overview = view->overview;
    size_t count = overview->destination_count;
    size_t shown = count < OPS_DESTINATIONS_MAX ? count : OPS_DESTINATIONS_MAX;
    ops_text_add(text, ",\"destinations\":[");
    for (size_t i = 0; i < shown; i++) {
        separate(text, i);
        add_destination(text, overview->by_urgency[i], view->at);
    }
    ops_text_format(text, "],\"destinations_left_out\":%zu", count - shown);
}

/* ---- The reserve ---- */

static void add_dates(struct ops_text *text, int64_t first_day)
{
    ops_text_add(text, ",\"dates\":[");
    for (int64_t i = 0; i < RESERVE_DAYS; i++) {
        char date[DATE_TEXT_SIZE];
        date_format(date, date_from_days(first_day + i));
        ops_text_format(text, "%s\"%s\"", i ? "," : "", date);
    }
    ops_text_add(text, "]");
}

static void add_reserve_day(struct ops_text *text, const struct reserve_day *day)
{
    if (day->pools == 0) {
        ops_text_add(text, "null");
        return;
    }
    ops_text_format(text,
                    "{\"pools\":%" PRIu64 ",\"capacity\":%" PRIu64 ",\"blocked\":%" PRIu64 ",\"general\":%" PRIu64
                    ",\"family\":%" PRIu64 ",\"free\":%" PRIu64 ",\"required\":%" PRIu64 ",\"reserved\":%" PRIu64
                    ",\"released\":%" PRIu64 ",\"deficit\":%" PRIu64 ",\"short_sets\":%" PRIu64 "}",
                    day->pools, day->capacity, day->blocked, day->general, day->family, day->free, day->required,
                    day->reserved, day->released, day->deficit, day->short_sets);
}

static void add_reserve_row(struct ops_text *text, const struct reserve_row *row)
{
    ops_text_add(text, "{\"hospital\":");
    ops_text_json(text, row->id);
    add_string(text, "name", row->name);
    add_string(text, "class", ops_class_name(row->class));
    ops_text_add(text, ",\"days\":[");
    for (size_t i = 0; i < RESERVE_DAYS; i++) {
        separate(text, i);
        add_reserve_day(text, &row->days[i]);
    }
    ops_text_add(text, "]}");
}

static void add_reserve(struct ops_text *text, const struct ops_view *view)
{
    const struct reserve_table *table = view->overview->reserve.shown;
    if (!instant_is_set(table->at)) {
        ops_text_add(text,
                     ",\"reserve\":{\"at_ms\":null,\"dates\":[],\"short_sets\":0,\"rows\":[],\"rows_left_out\":0}");
        return;
    }
    ops_text_format(text, ",\"reserve\":{\"at_ms\":%" PRId64, table->at.ms);
    add_dates(text, table->first_day);
    ops_text_format(text, ",\"short_sets\":%" PRIu64 ",\"rows\":[", table->short_sets);
    for (size_t i = 0; i < table->row_count; i++) {
        separate(text, i);
        add_reserve_row(text, &table->rows[i]);
    }
    ops_text_format(text, "],\"rows_left_out\":%zu}", table->left_out);
}

/* ---- Alarms and actions ---- */

static void add_alarms(struct ops_text *text, const struct overview *overview)
{
    ops_text_add(text, ",\"alarms\":[");
    for (size_t i = 0; i < overview->alarm_count; i++) {
        const struct overview_alarm *alarm = &overview->alarms[i];
        separate(text, i);
        ops_text_add(text, "{\"code\":");
        ops_text_json(text, alarm->code);
        add_string(text, "subject", alarm->subject);
        add_string(text, "level", alarm->info->level);
        add_time(text, "since_ms", alarm->since);
        add_string(text, "text_zh", alarm->text_zh);
        add_string(text, "text_en", alarm->text_en);
        add_string(text, "detail", alarm->detail);
        add_string(text, "todo_zh", alarm->info->todo_zh);
        add_string(text, "todo_en", alarm->info->todo_en);
        ops_text_format(text, ",\"runbook\":\"" ALARM_RUNBOOK "%s\"", alarm->code);
        ops_text_add(text, "}");
    }
    ops_text_format(text, "],\"alarms_left_out\":%s", boolean(overview->alarms_left_out));
}

static void add_actions(struct ops_text *text, const struct overview *overview)
{
    ops_text_add(text, ",\"actions\":[");
    for (size_t i = 0; i < overview->action_count; i++) {
        const struct overview_action *action = &overview->actions[i];
        separate(text, i);
        ops_text_format(text, "{\"index\":%" PRIu64, action->index);
        add_time(text, "at_ms", action->at);
        add_string(text, "institution", action->institution);
        add_string(text, "kind", action->kind);
        add_string(text, "subject", action->subject[0] ? action->subject : NULL);
        ops_text_add(text, "}");
    }
    ops_text_add(text, "]");
}

void ops_status_render(const struct ops_view *view, struct ops_text *text)
{
    ops_text_format(text, "{\"format\":%d", OPS_STATUS_FORMAT);
    add_time(text, "at_ms", view->at);
    add_state(text, view);
    ops_text_format(text, ",\"work_at_risk\":%" PRIu64, view->overview->totals.at_risk);
    add_broker(text, view);
    add_store(text, view);
    add_totals(text, &view->overview->totals);
    add_counters(text, view);
    add_latency(text, view);
    add_history(text, view);
    add_destinations(text, view);
    add_reserve(text, view);
    add_alarms(text, view->overview);
    add_actions(text, view->overview);
    ops_text_add(text, "}\n");
}
