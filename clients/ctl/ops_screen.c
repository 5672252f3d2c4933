/* ops_screen.c - one screen of 80 columns for somebody who was asleep a minute ago. */
#include "ops_screen.h"

#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "moment.h"
#include "width.h"

#define RUNBOOK "/usr/share/referrald/runbook" /* beside the broker, as its package has it */

#define STATUS_ALARMS  5
#define STATUS_WAITERS 8

/* ---- What is wrong ---- */

void ops_held_up(const struct ctl *ctl, const json_t *row, char out[OPS_TEXT_SIZE])
{
    const struct {
        bool is;
        const char *zh, *en;
    } reasons[] = {
        {ops_flag(row, "paused"), "已暂停", "paused"},
        {ops_number(row, "connections") == 0, "未连接", "not connected"},
        {ops_flag(row, "down"), "不确认", "acknowledges nothing"},
        {ops_number(row, "connections") != 0 && ops_takes_nothing(row), "无信用额", "grants no credit"},
        {ops_number(row, "returned") != 0, "退回过", "came back"},
    };
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].is)
            used += (size_t)snprintf(out + used, OPS_TEXT_SIZE - used, "%s%s", used == 0 ? "" : ", ",
                                     ctl_say(ctl, reasons[i].zh, reasons[i].en));
}

/* Whom to call about the message whose deadline comes first. */
static void say_pressed(const struct ctl *ctl, const struct ops_facts *facts, const json_t *row, char *out, size_t size)
{
    char whose[OPS_TEXT_SIZE], left[OPS_TEXT_SIZE], why[OPS_TEXT_SIZE], contact[OPS_TEXT_SIZE];
    bool is_late = ops_number(row, "due_at_ms") <= facts->now_ms;

    ops_whose(whose, facts, ops_string(row, "institution"));
    ops_left(left, ops_number(row, "due_at_ms"), facts->now_ms);
    ops_held_up(ctl, row, why);
    ops_contact(contact, json_object_get(row, "contact"));
    snprintf(out, size, ctl_say(ctl, "%s 的消息%s %s%s%s%s%s%s", "%s: a message %s %s%s%s%s%s%s"), whose,
             is_late ? ctl_say(ctl, "已超期", "overdue for") : ctl_say(ctl, "将到期, 还剩", "due in"),
             is_late ? left + 1 : left, why[0] == '\0' ? "" : " (", why, why[0] == '\0' ? "" : ")",
             contact[0] == '\0' ? "" : ctl_say(ctl, "; 请联系 ", "; call "), contact);
}

static bool is_pressing(const struct ops_facts *facts, const struct ops_totals *totals)
{
    return totals->pressed != NULL && ops_number(totals->pressed, "at_risk_at_ms") <= facts->now_ms;
}

/* What an operator did or must do himself: said beside whatever is worse. */
static const struct mark {
    const char *member, *zh, *en;
} marks[] = {
    {"draining", "按运维要求暂不接收新业务", "draining: no new work, but emergencies"},
    {"time_held", "时间存疑, 到期处理暂停", "the time is in doubt: expiry waits"},
};

#define MARK_COUNT (sizeof marks / sizeof *marks)

static const struct mark *first_mark(const json_t *status)
{
    for (size_t i = 0; i < MARK_COUNT; i++)
        if (ops_flag(status, marks[i].member))
            return &marks[i];
    return NULL;
}

enum ops_level ops_sentence(const struct ctl *ctl, const struct ops_facts *facts, const struct ops_totals *totals,
                            char *out, size_t size)
{
    const json_t *status = facts->status;
    const json_t *alarm = json_array_get(facts->alarms, 0);

    if (ops_flag(status, "store_full"))
        snprintf(out, size, "%s",
                 ctl_say(ctl, "存储空间已满, 不接收新业务", "the store is full: no new work is taken"));
    else if (is_pressing(facts, totals))
        say_pressed(ctl, facts, totals->pressed, out, size);
    else if (totals->dead != 0)
        snprintf(out, size, ctl_say(ctl, "%llu 条死信等待处理", "%llu dead letters wait for somebody"),
                 (unsigned long long)totals->dead);
    else if (strcmp(ops_string(alarm, "level"), "critical") == 0)
        snprintf(out, size, "%s %s", ops_string(alarm, "subject"), ops_string(alarm, ctl->zh ? "text_zh" : "text_en"));
    else {
        const struct mark *mark = first_mark(status);

        if (mark != NULL)
            snprintf(out, size, "%s", ctl_say(ctl, mark->zh, mark->en));
        else if (json_array_size(facts->alarms) != 0)
            snprintf(out, size, ctl_say(ctl, "有 %zu 个告警", "alarms that stand: %zu"),
                     json_array_size(facts->alarms));
        else if (totals->without_consumer != 0)
            snprintf(out, size,
                     ctl_say(ctl, "有消息等待而无人接收的机构: %llu 个",
                             "destinations with waiting messages that nobody takes: %llu"),
                     (unsigned long long)totals->without_consumer);
        else {
            snprintf(out, size, "%s", ctl_say(ctl, "一切正常", "all is well"));
            return LEVEL_GOOD;
        }
        return LEVEL_WARN;
    }
    width_line(out);
    return LEVEL_BAD;
}

/* ---- Numbers ---- */

static void put_head(const struct screen *screen, const struct ops_facts *facts)
{
    char now[MOMENT_TEXT_SIZE], id[9];

    moment_format(now, facts->now_ms);
    snprintf(id, sizeof id, "%s", ops_string(facts->status, "store_id"));
    screen_line(screen, TONE_HEAD, "referrald %s  %s  %s %s/%lld%s", ops_string(facts->status, "broker_version"), now,
                ctl_say(screen->ctl, "库", "store"), id, (long long)ops_number(facts->status, "incarnation"),
                ops_flag(facts->status, "test_time") ? ctl_say(screen->ctl, "  测试时间", "  TEST TIME") : "");
}

static void put_marks(const struct screen *screen, const struct ops_facts *facts, const char *sentence)
{
    for (size_t i = 0; i < MARK_COUNT; i++) {
        const char *mark = ctl_say(screen->ctl, marks[i].zh, marks[i].en);

        if (ops_flag(facts->status, marks[i].member) && strcmp(mark, sentence) != 0)
            screen_line(screen, TONE_WARN, "%s", mark);
    }
}

static void put_work(const struct screen *screen, const struct ops_totals *totals)
{
    char oldest[OPS_TEXT_SIZE];

    ops_age(oldest, totals->oldest_ms);
    screen_line(
        screen, totals->at_risk != 0 ? TONE_BAD : TONE_PLAIN,
        ctl_say(screen->ctl, "有风险 %llu  等待 %llu (急 %llu/快 %llu/常 %llu)  投递中 %llu  死信 %llu  最久 %s",
                "at risk %llu  waiting %llu (E %llu/U %llu/R %llu)  in flight %llu  dead %llu  oldest %s"),
        (unsigned long long)totals->at_risk, (unsigned long long)totals->waiting, (unsigned long long)totals->lanes[0],
        (unsigned long long)totals->lanes[1], (unsigned long long)totals->lanes[2],
        (unsigned long long)totals->in_flight, (unsigned long long)totals->dead, oldest);
}

static void put_machine(const struct screen *screen, const struct ops_facts *facts, const struct ops_totals *totals)
{
    const json_t *status = facts->status;
    int64_t limit = ops_number(status, "store_limit_bytes"), used = ops_number(status, "store_used_bytes");
    char bytes[OPS_TEXT_SIZE], commit[OPS_TEXT_SIZE] = "-";

    if (ops_number(status, "commit_p99_us") != 0)
        snprintf(commit, sizeof commit, "%.1f ms", (double)ops_number(status, "commit_p99_us") / 1000);
    if (limit == 0) /* not ours to see */
        return;
    ops_bytes(bytes, limit);
    screen_line(screen, TONE_PLAIN,
                ctl_say(screen->ctl, "会话 %lld  无人接收 %llu  暂停 %llu  提交 p99 %s  存储 %lld%%, 共 %s",
                        "sessions %lld  no consumer %llu  paused %llu  commit p99 %s  store %lld%% of %s"),
                (long long)ops_number(status, "sessions"), (unsigned long long)totals->without_consumer,
                (unsigned long long)totals->paused, commit, (long long)(used / (limit / 100 + 1)), bytes);
}

static uint64_t sum_of(const struct ops_facts *facts, const char *member)
{
    json_t *row;
    uint64_t sum = 0;
    size_t i;

    json_array_foreach(json_object_get(facts->status, "inboxes"), i, row) sum += (uint64_t)ops_number(row, member);
    return sum;
}

/* Whole numbers a second; a broker that was restarted in between began anew. */
static long long rate(int64_t now, int64_t before, int64_t ms)
{
    return now < before || ms <= 0 ? 0 : (now - before) * 1000 / ms;
}

static void put_rates(const struct screen *screen, const struct ops_facts *facts, const struct ops_facts *before)
{
    int64_t ms = facts->now_ms - before->now_ms;

    screen_line(screen, TONE_PLAIN,
                ctl_say(screen->ctl, "每秒: 命令 %lld  拒绝 %lld  批次 %lld  受理 %lld  确认 %lld",
                        "a second: commands %lld  refused %lld  turns %lld  accepted %lld  acknowledged %lld"),
                rate(ops_number(facts->status, "commands"), ops_number(before->status, "commands"), ms),
                rate(ops_number(facts->status, "refused"), ops_number(before->status, "refused"), ms),
                rate(ops_number(facts->status, "turns"), ops_number(before->status, "turns"), ms),
                rate((int64_t)sum_of(facts, "accepted"), (int64_t)sum_of(before, "accepted"), ms),
                rate((int64_t)sum_of(facts, "acknowledged"), (int64_t)sum_of(before, "acknowledged"), ms));
}

/* ---- Alarms and waiters ---- */

static const struct grid_column alarm_columns[] = {
    {"告警", "ALARM", false, 0}, {"对象", "SUBJECT", false, OPS_LEAST_WHOSE},
    {"已持续", "FOR", true, 0},  {"怎么办", "WHAT TO DO", false, OPS_LEAST},
    {NULL, NULL, false, 0},
};

static void put_todo(struct grid_row *line, const json_t *row, bool zh, bool in_full)
{
    const char *todo = ops_string(row, zh ? "todo_zh" : "todo_en");

    if (in_full)
        snprintf(line->below, sizeof line->below, "%s\n" RUNBOOK "/%s.md", todo, ops_string(row, "code"));
    else
        grid_set(line, 3, "%s", todo);
}

void ops_alarms(const struct screen *screen, const struct ops_facts *facts, size_t lines)
{
    struct grid grid;
    json_t *row;
    size_t i;

    grid_init(&grid, screen, alarm_columns);
    json_array_foreach(facts->alarms, i, row)
    {
        bool is_critical = strcmp(ops_string(row, "level"), "critical") == 0;
        struct grid_row *line = grid_row(&grid, is_critical ? TONE_BAD : TONE_WARN);
        char age[OPS_TEXT_SIZE];

        ops_age(age, facts->now_ms - ops_number(row, "since_ms"));
        grid_set(line, 0, "%s", ops_string(row, "code"));
        grid_set(line, 1, "%s", ops_string(row, "subject"));
        grid_set(line, 2, "%s", age);
        put_todo(line, row, screen->ctl->zh, lines == 0);
    }
    grid_print(&grid, lines);
    grid_fini(&grid);
}

static const struct grid_column waiter_columns[] = {
    {"接收机构", "DESTINATION", false, OPS_LEAST_WHOSE},
    {"通道", "LANE", false, 0},
    {"等待", "WAIT", true, 0},
    {"最久", "OLDEST", true, 0},
    {"剩余", "LEFT", true, 0},
    {"退回", "BACK", true, 0},
    {"连接", "CONN", true, 0},
    {"状况", "STATE", false, OPS_LEAST},
    {NULL, NULL, false, 0},
};

static enum tone tone_of_waiter(const struct ops_facts *facts, const json_t *row)
{
    if (ops_number(row, "due_at_ms") <= facts->now_ms)
        return TONE_BAD;
    return ops_number(row, "at_risk_at_ms") <= facts->now_ms ? TONE_WARN : TONE_PLAIN;
}

void ops_waiters(const struct screen *screen, const struct ops_facts *facts, json_t *waiters, size_t lines)
{
    struct grid grid;
    json_t *row;
    size_t i;

    grid_init(&grid, screen, waiter_columns);
    json_array_foreach(waiters, i, row)
    {
        struct grid_row *line = grid_row(&grid, tone_of_waiter(facts, row));
        char whose[OPS_TEXT_SIZE], age[OPS_TEXT_SIZE], left[OPS_TEXT_SIZE], why[OPS_TEXT_SIZE];

        ops_whose(whose, facts, ops_string(row, "institution"));
        ops_age(age, facts->now_ms - ops_number(row, "oldest_accepted_at_ms"));
        ops_left(left, ops_number(row, "due_at_ms"), facts->now_ms);
        ops_held_up(screen->ctl, row, why);
        grid_set(line, 0, "%s", whose);
        grid_set(line, 1, "%s",
                 label_of_value(&referral__priority__descriptor, ops_string(row, "lane"), screen->ctl->zh));
        grid_set(line, 2, "%lld", (long long)ops_number(row, "waiting"));
        grid_set(line, 3, "%s", age);
        grid_set(line, 4, "%s", left);
        grid_set(line, 5, "%lld", (long long)ops_number(row, "returned"));
        grid_set(line, 6, "%lld", (long long)ops_number(row, "connections"));
        grid_set(line, 7, "%s", why);
    }
    grid_print(&grid, lines);
    grid_fini(&grid);
}

void ops_screen(const struct screen *screen, const struct ops_facts *facts, const struct ops_facts *before,
                size_t lines)
{
    static const enum tone tones[] = {[LEVEL_GOOD] = TONE_GOOD, [LEVEL_WARN] = TONE_WARN, [LEVEL_BAD] = TONE_BAD};
    struct ops_totals totals = ops_totals(facts);
    size_t alarms = lines == 0 ? STATUS_ALARMS : lines / 3 + 1;
    char sentence[512];
    enum ops_level level = ops_sentence(screen->ctl, facts, &totals, sentence, sizeof sentence);

    put_head(screen, facts);
    screen_text(screen, tones[level], 0, sentence);
    put_marks(screen, facts, sentence);
    put_work(screen, &totals);
    put_machine(screen, facts, &totals);
    if (before != NULL)
        put_rates(screen, facts, before);
    if (json_array_size(facts->alarms) != 0)
        fputc('\n', screen->out);
    ops_alarms(screen, facts, alarms);
    if (json_array_size(facts->alarms) < alarms)
        alarms = json_array_size(facts->alarms);
    if (json_array_size(facts->waiters) != 0)
        fputc('\n', screen->out);
    ops_waiters(screen, facts, facts->waiters, lines == 0 ? STATUS_WAITERS : lines - alarms);
}

/* ---- Messages ---- */

static void add(char *text, size_t size, const char *what)
{
    size_t used = strlen(text);

    if (what[0] != '\0')
        snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", what);
}

static void add_moment(const struct ctl *ctl, char *text, size_t size, const json_t *row, const char *member,
                       const char *zh, const char *en)
{
    char when[MOMENT_TEXT_SIZE], what[OPS_TEXT_SIZE];

    if (ops_number(row, member) == 0)
        return;
    moment_format_short(when, ops_number(row, member));
    snprintf(what, sizeof what, ctl_say(ctl, zh, en), when);
    add(text, size, what);
}

static void describe_message(const struct ctl *ctl, const json_t *row, const json_t *entry, char *text, size_t size)
{
    char what[OPS_TEXT_SIZE];

    snprintf(text, size, "%s %s %s %s", ops_string(entry, "institution"),
             label_of_value(&referral__priority__descriptor, ops_string(entry, "lane"), ctl->zh),
             label_of_value(&referral__delivery_kind__descriptor, ops_string(entry, "kind"), ctl->zh),
             label_of_value(&referral__event_type__descriptor, ops_string(entry, "event"), ctl->zh));
    add(text, size, ops_string(entry, "referral_id"));
    add_moment(ctl, text, size, entry, "accepted_at_ms", "受理 %s", "accepted %s");
    if (ops_number(entry, "attempts") != 0) {
        snprintf(what, sizeof what, ctl_say(ctl, "失败 %lld 次", "failed %lld times"),
                 (long long)ops_number(entry, "attempts"));
        add(text, size, what);
    }
    add_moment(ctl, text, size, entry, "not_before_ms", "下次 %s", "next at %s");
    add(text, size, ops_flag(entry, "in_flight") ? ctl_say(ctl, "投递中", "in flight") : "");
    add_moment(ctl, text, size, row, "dead_at_ms", "转入死信 %s", "dead since %s");
    add(text, size, label_of_text("cause", ops_string(row, "cause"), ctl->zh));
    if (ops_string(row, "nack_code")[0] != '\0')
        add(text, size, label_of_value(&referral__nack_code__descriptor, ops_string(row, "nack_code"), ctl->zh));
    add(text, size, ops_string(row, "text"));
}

void ops_messages(const struct screen *screen, json_t *rows)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const json_t *inner = json_object_get(row, "entry"), *entry = inner == NULL ? row : inner;
        char text[1024];

        describe_message(screen->ctl, row, entry, text, sizeof text);
        screen_text(screen, TONE_PLAIN, 4, text);
        if (json_object_get(entry, "delivery_id") != NULL)
            screen_line(screen, TONE_PLAIN, "    --id %s", ops_string(entry, "delivery_id"));
    }
}
