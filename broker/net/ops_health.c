/* ops_health.c - the table of checks. */
#include "net/ops_health.h"
#include <inttypes.h>

#define SLOW_P99_US 250000

/* Each adds what it has seen, in a few words, and says whether that is good. */

static bool check_loop(const struct ops_view *view, struct ops_text *text)
{
    (void)view;
    ops_text_add(text, "the loop turns");
    return true;
}

static bool check_serving(const struct ops_view *view, struct ops_text *text)
{
    ops_text_add(text, view->is_serving    ? "serving"
                       : view->is_draining ? "draining: an operator wants no new work"
                                           : "starting or stopping");
    return view->is_serving;
}

static bool check_store(const struct ops_view *view, struct ops_text *text)
{
    ops_text_add(text, view->is_readable ? "the store can be read" : "the store cannot be read");
    return view->is_readable;
}

static bool check_room(const struct ops_view *view, struct ops_text *text)
{
    uint64_t percent = view->room.limit_bytes ? view->room.used_bytes / (view->room.limit_bytes / 100 + 1) : 0;
    ops_text_format(text, "%" PRIu64 " %% of the store is used%s", percent,
                    view->room.full ? ", no new work is taken" : "");
    return !view->room.full;
}

static bool check_time(const struct ops_view *view, struct ops_text *text)
{
    ops_text_add(text, view->time_held ? "the time is in doubt; expiry waits for an operator" : "the time is certain");
    return !view->time_held;
}

static bool check_deadlines(const struct ops_view *view, struct ops_text *text)
{
    const struct overview_totals *totals = &view->overview->totals;
    uint64_t late = totals->at_risk - totals->dead;
    ops_text_format(text, "%" PRIu64 " of %" PRIu64 " waiting messages are at risk of missing their deadline", late,
                    totals->waiting);
    return late == 0;
}

static bool check_consumers(const struct ops_view *view, struct ops_text *text)
{
    ops_text_format(text, "%" PRIu64 " destinations have messages and nobody who takes any",
                    view->overview->totals.without_consumer);
    return view->overview->totals.without_consumer == 0;
}

static bool check_dead(const struct ops_view *view, struct ops_text *text)
{
    ops_text_format(text, "%" PRIu64 " dead letters", view->overview->totals.dead);
    return view->overview->totals.dead == 0;
}

static bool check_books(const struct ops_view *view, struct ops_text *text)
{
    ops_text_format(text, "the books of %" PRIu64 " destinations do not balance", view->overview->totals.unbalanced);
    return view->overview->totals.unbalanced == 0;
}

static bool check_commit(const struct ops_view *view, struct ops_text *text)
{
    uint32_t p99_us = histogram_quantile_us(&view->recent_us, 990);
    ops_text_format(text, "99 of 100 turns take at most %" PRIu32 " us", p99_us);
    return p99_us < SLOW_P99_US;
}

static bool check_transport(const struct ops_view *view, struct ops_text *text)
{
    ops_text_format(text, "%" PRIu64 " edges missed", view->edges_missed);
    return view->edges_missed == 0;
}

static bool check_alarms(const struct ops_view *view, struct ops_text *text)
{
    const struct overview *overview = view->overview;
    uint64_t count = 0, critical = 0;
    for (size_t i = 0; i < alarm_info_count(); i++) {
        count += overview->alarm_counts[i];
        critical += alarm_is_critical(alarm_info(i)) ? overview->alarm_counts[i] : 0;
    }
    ops_text_format(text, "%" PRIu64 " alarms stand, %" PRIu64 " of them critical", count, critical);
    for (size_t i = 0; i < alarm_info_count(); i++)
        if (overview->alarm_counts[i] != 0)
            ops_text_format(text, " %s=%" PRIu32, alarm_info(i)->code, overview->alarm_counts[i]);
    return count == 0;
}

static const struct check {
    const char *name;
    enum ops_grade grade;
    bool reads_overview;
    bool (*run)(const struct ops_view *view, struct ops_text *text);
} checks[] = {
    {"loop", OPS_LIVE, false, check_loop},
    {"serving", OPS_READY, false, check_serving},
    {"store-readable", OPS_READY, false, check_store},
    {"store-room", OPS_READY, false, check_room},
    {"time", OPS_HEALTHY, false, check_time},
    {"commit", OPS_HEALTHY, false, check_commit},
    {"transport", OPS_HEALTHY, false, check_transport},
    {"consumers", OPS_HEALTHY, true, check_consumers},
    {"deadlines", OPS_HEALTHY, true, check_deadlines},
    {"dead-letters", OPS_HEALTHY, true, check_dead},
    {"books", OPS_HEALTHY, true, check_books},
    {"alarms", OPS_HEALTHY, true, check_alarms},
};

static const char *grade_name(enum ops_grade grade)
{
    return grade == OPS_LIVE ? "live" : grade == OPS_READY ? "ready" : "healthy";
}

bool ops_health_render(const struct ops_view *view, enum ops_grade grade, bool verbose, struct ops_text *text)
{
    struct ops_text said = {0};
    bool all_good = true;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const struct check *check = &checks[i];
        if (check->grade > grade || (check->reads_overview && !view->is_readable))
            continue;
        ops_text_reset(&said);
        bool good = check->run(view, &said);
        if (verbose) {
            ops_text_format(text, "%s %-7s %-14s %.*s\n", good ? "ok " : "NOT", grade_name(check->grade), check->name,
                            (int)said.size, said.data);
        } else if (!good) {
            ops_text_format(text, "%s%s", all_good ? "not ok: " : ", ", check->name);
        }
        all_good = all_good && good;
    }
    if (!verbose)
        ops_text_add(text, all_good ? "ok\n" : "\n");
    ops_text_fini(&said);
    return all_good;
}
