/* ops_queues.c - `queues`: every destination's books beside what waits longest there, the first deadline first; `show`:
 * sessions, waiters and alarms as they stand. */
#include <string.h>

#include "connect.h"
#include "handlers.h"
#include "labels.h"
#include "moment.h"
#include "ops_metrics.h"
#include "ops_screen.h"
#include "query.h"
#include "table.h"

/* ---- Queues ---- */

/* By institution, of its lanes the one whose deadline comes first. Waiters are in that order. */
static json_t *most_pressed(const struct ops_facts *facts)
{
    json_t *pressed = json_object(), *waiter;
    size_t i;

    json_array_foreach(facts->waiters, i, waiter)
    {
        const char *institution = ops_string(waiter, "institution");

        if (json_object_get(pressed, institution) == NULL)
            json_object_set(pressed, institution, waiter);
    }
    return pressed;
}

static void take(json_t *queue, const json_t *waiter, const char *member)
{
    json_t *value = json_object_get(waiter, member);

    if (value != NULL)
        json_object_set(queue, member, value);
}

static json_t *queue_of(const json_t *pressed, json_t *books)
{
    static const char *const members[] = {"lane",     "oldest_accepted_at_ms", "at_risk_at_ms", "due_at_ms",
                                          "returned", "referral_id",           "down",          "last_seen_at_ms",
                                          "contact"};
    json_t *queue = json_copy(books), *waiter = json_object_get(pressed, ops_string(books, "institution"));

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        take(queue, waiter, members[i]);
    return queue;
}

static bool is_stuck(const struct ops_facts *facts, const json_t *queue)
{
    if (ops_number(queue, "dead") != 0)
        return true;
    if (ops_number(queue, "waiting") == 0)
        return false;
    return ops_flag(queue, "paused") || ops_flag(queue, "down") || ops_takes_nothing(queue) ||
           ops_number(queue, "returned") != 0 || ops_number(queue, "at_risk_at_ms") <= facts->now_ms;
}

static bool is_idle(const json_t *queue)
{
    return ops_number(queue, "accepted") == 0 && !ops_flag(queue, "paused");
}

/* In order of their waiters; `by_id` has the queues of those. */
static json_t *by_waiter(const struct ops_facts *facts, json_t *by_id)
{
    json_t *ordered = json_array(), *waiter, *queue;
    size_t i;

    json_array_foreach(facts->waiters, i, waiter)
    {
        queue = json_object_get(by_id, ops_string(waiter, "institution"));
        if (queue != NULL)
            json_array_append(ordered, queue);
        json_object_del(by_id, ops_string(waiter, "institution"));
    }
    return ordered;
}

json_t *ops_queues(const struct ops_facts *facts, bool stuck_only, size_t *ret_idle)
{
    json_t *ordered, *dead = json_array(), *rest = json_array(), *books, *queue, *by_id = json_object();
    json_t *pressed = most_pressed(facts);
    size_t i;

    *ret_idle = 0;
    json_array_foreach(json_object_get(facts->status, "inboxes"), i, books)
    {
        queue = queue_of(pressed, books);
        if (is_idle(queue))
            ++*ret_idle;
        else if (stuck_only && !is_stuck(facts, queue))
            ;
        else if (json_object_get(queue, "due_at_ms") != NULL)
            json_object_set(by_id, ops_string(queue, "institution"), queue);
        else
            json_array_append(ops_number(queue, "dead") != 0 ? dead : rest, queue);
        json_decref(queue);
    }
    ordered = by_waiter(facts, by_id);
    json_array_extend(ordered, dead);
    json_array_extend(ordered, rest);
    json_decref(dead);
    json_decref(rest);
    json_decref(by_id);
    json_decref(pressed);
    return ordered;
}

static const struct grid_column queue_columns[] = {
    {"接收机构", "DESTINATION", false, OPS_LEAST_WHOSE},
    {"急/快/常", "E/U/R", true, 0},
    {"投递中", "OUT", true, 0},
    {"最久", "OLDEST", true, 0},
    {"剩余", "LEFT", true, 0},
    {"退回", "BACK", true, 0},
    {"死信", "DEAD", true, 0},
    {"连接", "CONN", true, 0},
    {"状况", "STATE", false, OPS_LEAST},
    {NULL, NULL, false, 0},
};

static enum tone tone_of_queue(const struct ops_facts *facts, const json_t *queue)
{
    if (ops_number(queue, "dead") != 0 ||
        (ops_number(queue, "due_at_ms") != 0 && ops_number(queue, "due_at_ms") <= facts->now_ms))
        return TONE_BAD;
    return is_stuck(facts, queue) ? TONE_WARN : TONE_PLAIN;
}

static void put_ages(struct grid_row *line, const struct ops_facts *facts, const json_t *queue)
{
    char age[OPS_TEXT_SIZE], left[OPS_TEXT_SIZE];

    if (json_object_get(queue, "due_at_ms") == NULL)
        return;
    ops_age(age, facts->now_ms - ops_number(queue, "oldest_accepted_at_ms"));
    ops_left(left, ops_number(queue, "due_at_ms"), facts->now_ms);
    grid_set(line, 3, "%s", age);
    grid_set(line, 4, "%s", left);
    grid_set(line, 5, "%lld", (long long)ops_number(queue, "returned"));
}

static void put_queue(struct grid *grid, const struct ops_facts *facts, const json_t *queue)
{
    struct grid_row *line = grid_row(grid, tone_of_queue(facts, queue));
    const json_t *lanes = json_object_get(queue, "waiting_lanes");
    char whose[OPS_TEXT_SIZE], why[OPS_TEXT_SIZE] = "";

    ops_whose(whose, facts, ops_string(queue, "institution"));
    if (ops_number(queue, "waiting") != 0 || ops_flag(queue, "paused"))
        ops_held_up(grid->screen->ctl, queue, why);
    grid_set(line, 0, "%s", whose);
    grid_set(line, 1, "%lld/%lld/%lld", (long long)json_integer_value(json_array_get(lanes, 0)),
             (long long)json_integer_value(json_array_get(lanes, 1)),
             (long long)json_integer_value(json_array_get(lanes, 2)));
    grid_set(line, 2, "%lld", (long long)ops_number(queue, "in_flight"));
    put_ages(line, facts, queue);
    grid_set(line, 6, "%lld", (long long)ops_number(queue, "dead"));
    grid_set(line, 7, "%lld", (long long)ops_number(queue, "connections"));
    grid_set(line, 8, "%s", why);
}

static void print_queues(const struct screen *screen, const struct ops_facts *facts, const json_t *queues, size_t idle)
{
    const struct ctl *ctl = screen->ctl;
    struct grid grid;
    json_t *queue;
    size_t i;

    grid_init(&grid, screen, queue_columns);
    json_array_foreach(queues, i, queue) put_queue(&grid, facts, queue);
    if (grid.count == 0)
        fprintf(ctl->out, "%s\n",
                ctl_has(ctl, "stuck") ? ctl_say(ctl, "没有停滞的队列", "nothing is stuck")
                                      : ctl_say(ctl, "(无)", "(none)"));
    grid_print(&grid, 0);
    grid_fini(&grid);
    if (idle != 0 && !ctl_has(ctl, "stuck"))
        fprintf(ctl->out, ctl_say(ctl, "另有 %zu 个收件箱从未有过消息\n", "and %zu inboxes that never had a message\n"),
                idle);
}

/* ---- The verbs ---- */

static void print_rows(struct ctl *ctl, const char *list, json_t *rows)
{
    json_t *answer = json_pack("{s:O}", list, rows);

    table_json(ctl, answer);
    json_decref(answer);
}

static void show_queues(struct ctl *ctl, enum ops_form form, struct ops_facts *facts)
{
    struct screen screen;
    size_t idle;
    json_t *queues = ops_queues(facts, ctl_has(ctl, "stuck"), &idle);

    screen_init(&screen, ctl);
    if (form == OPS_PROMETHEUS)
        ops_metrics_queues(ctl->out, facts);
    else if (form == OPS_JSON)
        print_rows(ctl, "queues", queues);
    else
        print_queues(&screen, facts, queues, idle);
    json_decref(queues);
}

static void show_waiters(struct ctl *ctl, enum ops_form form, struct ops_facts *facts)
{
    struct screen screen;

    screen_init(&screen, ctl);
    if (form == OPS_PROMETHEUS)
        ops_metrics_queues(ctl->out, facts);
    else if (form == OPS_JSON)
        print_rows(ctl, "waiters", facts->waiters);
    else if (json_array_size(facts->waiters) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "没有消息等待", "nothing waits"));
    else
        ops_waiters(&screen, facts, facts->waiters, 0);
}

static void show_alarms(struct ctl *ctl, enum ops_form form, struct ops_facts *facts)
{
    struct screen screen;

    screen_init(&screen, ctl);
    if (form == OPS_PROMETHEUS)
        ops_metrics_alarms(ctl->out, facts);
    else if (form == OPS_JSON)
        print_rows(ctl, "alarms", facts->alarms);
    else if (json_array_size(facts->alarms) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "没有告警", "no alarm stands"));
    else
        ops_alarms(&screen, facts, 0);
}

int ops_queues_run(struct ctl *ctl)
{
    return ops_with_facts(ctl, show_queues);
}

int ops_show_waiters(struct ctl *ctl)
{
    return ops_with_facts(ctl, show_waiters);
}

int ops_show_alarms(struct ctl *ctl)
{
    return ops_with_facts(ctl, show_alarms);
}

/* ---- Sessions ---- */

static const struct grid_column session_columns[] = {
    {"机构", "INSTITUTION", false, OPS_LEAST_WHOSE},
    {"客户端", "CLIENT", false, OPS_LEAST},
    {"已连接", "FOR", true, 0},
    {"最近", "HEARD", true, 0},
    {"信用额", "CREDIT", true, 0},
    {"投递中", "OUT", true, 0},
    {"未答复", "ASKED", true, 0},
    {"状况", "STATE", false, OPS_LEAST},
    {NULL, NULL, false, 0},
};

static void put_session(struct grid *grid, const json_t *row, const char *whose, int64_t now_ms)
{
    const struct ctl *ctl = grid->screen->ctl;
    struct grid_row *line = grid_row(grid, ops_flag(row, "is_slow") ? TONE_BAD : TONE_PLAIN);
    char since[OPS_TEXT_SIZE], heard[OPS_TEXT_SIZE];

    ops_age(since, now_ms - ops_number(row, "connected_at_ms"));
    ops_age(heard, now_ms - ops_number(row, "heard_at_ms"));
    grid_set(line, 0, "%s", whose);
    grid_set(line, 1, "%s %s", ops_string(row, "client_name"), ops_string(row, "client_version"));
    grid_set(line, 2, "%s", since);
    grid_set(line, 3, "%s", heard);
    if (ops_flag(row, "receives"))
        grid_set(line, 4, "%lld", (long long)ops_number(row, "credit"));
    grid_set(line, 5, "%lld", (long long)ops_number(row, "in_flight"));
    grid_set(line, 6, "%lld", (long long)ops_number(row, "unanswered"));
    grid_set(line, 7, "%s%s", ops_flag(row, "receives") ? ctl_say(ctl, "接收", "receives") : "",
             ops_flag(row, "is_slow") ? ctl_say(ctl, " 不取输出", " slow") : "");
}

static void print_sessions(struct ctl *ctl, const struct ops_facts *facts, const json_t *sessions, int64_t now_ms)
{
    struct screen screen;
    struct grid grid;
    json_t *row;
    size_t i;

    screen_init(&screen, ctl);
    grid_init(&grid, &screen, session_columns);
    json_array_foreach(sessions, i, row)
    {
        char whose[OPS_TEXT_SIZE];

        ops_whose(whose, facts, ops_string(row, "institution"));
        put_session(&grid, row, whose, now_ms);
    }
    if (grid.count == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无)", "(none)"));
    grid_print(&grid, 0);
    grid_fini(&grid);
}

int ops_show_sessions(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    struct ops_facts facts = {0};
    json_t *answer = NULL;
    enum ops_form form;
    int result;

    if (!ops_form(ctl, &form))
        return EXIT_USAGE;
    result = query_of_verb(ctl, &client, &answer);
    if (result == EXIT_OK && form == OPS_JSON)
        table_json(ctl, answer);
    else if (result == EXIT_OK && form == OPS_PROMETHEUS)
        ops_metrics_sessions(ctl->out, json_object_get(answer, "sessions"));
    else if (result == EXIT_OK) {
        ops_facts_name(ctl, client, &facts);
        print_sessions(ctl, &facts, json_object_get(answer, "sessions"), referral_welcome(client)->now_ms);
        query_tell_of_more(ctl, answer);
    }
    referral_close(client);
    ops_facts_fini(&facts);
    json_decref(answer);
    return result;
}
