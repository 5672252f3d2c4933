/* ops_state.c - rows of what may be wrong, the worst first; the first that holds is the sentence. */
#include "net/ops_state.h"
#include <inttypes.h>

const char *ops_level_name(enum ops_level level)
{
    return level == OPS_LEVEL_OK ? "ok" : level == OPS_LEVEL_WARNING ? "warning" : "critical";
}

/* "5 min", in the largest unit of which there are at least two. */
static void add_duration(struct ops_text *zh, struct ops_text *en, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *zh, *en;
    } units[] = {{DAY_MS, "天", "days"}, {HOUR_MS, "小时", "h"}, {MINUTE_MS, "分钟", "min"}, {SECOND_MS, "秒", "s"}};
    size_t i = 0;
    while (i + 1 < sizeof units / sizeof units[0] && ms < 2 * units[i].ms)
        i++;
    ops_text_format(zh, " %" PRId64 " %s", ms / units[i].ms, units[i].zh);
    ops_text_format(en, " %" PRId64 " %s", ms / units[i].ms, units[i].en);
}

static void say(struct ops_text *zh, struct ops_text *en, const char *text_zh, const char *text_en)
{
    ops_text_add(zh, text_zh);
    ops_text_add(en, text_en);
}

static void add_due(const struct ops_view *view, const struct overview_destination *destination, struct ops_text *zh,
                    struct ops_text *en)
{
    if (!instant_is_set(destination->due_at) || destination->at_risk == destination->dead) {
        say(zh, en, "(死信)", " (dead letters)");
        return;
    }
    int64_t left_ms = destination->due_at.ms - view->at.ms;
    say(zh, en, left_ms > 0 ? "(再过" : "(已超期", left_ms > 0 ? " (due in" : " (overdue for");
    add_duration(zh, en, left_ms > 0 ? left_ms : -left_ms);
    say(zh, en, left_ms > 0 ? "到期)" : ")", ")");
}

static void add_contact(const struct overview_contact *contact, struct ops_text *zh, struct ops_text *en)
{
    if (contact->name && contact->phone) {
        ops_text_format(zh, ",请联系 %s %s", contact->name, contact->phone);
        ops_text_format(en, "; call %s %s", contact->name, contact->phone);
    }
}

static const char *name_of(const struct overview_destination *destination)
{
    return destination->name ? destination->name : destination->id;
}

static bool is_unreadable(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    if (!view->is_readable)
        say(zh, en, "存储无法读取,请查看日志。", "The store cannot be read; see the log.");
    return !view->is_readable;
}

static bool is_full(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    if (view->room.full)
        say(zh, en, "存储空间已用到上限,不再接收新转诊。", "The store is full: no new referrals are taken.");
    return view->room.full;
}

static bool is_idle(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    if (view->is_draining)
        say(zh, en, "按运维要求暂不接收新业务(急诊除外)。", "Draining: no new work is taken, but emergencies.");
    else if (!view->is_serving)
        say(zh, en, "正在启动或停止。", "Starting or stopping.");
    return !view->is_serving;
}

static bool is_unbalanced(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    uint64_t unbalanced = view->overview->totals.unbalanced;
    if (unbalanced) {
        ops_text_format(zh, "%" PRIu64 " 个目的地账目不平,请运行 referralctl recount。", unbalanced);
        ops_text_format(en, "The books of %" PRIu64 " destination%s do not balance; run referralctl recount.",
                        unbalanced, unbalanced == 1 ? "" : "s");
    }
    return unbalanced != 0;
}

/* What waits comes before what is dead already; NULL: nothing is at risk. */
static const struct overview_destination *most_pressed(const struct overview *overview)
{
    const struct overview_destination *dead = NULL;
    for (size_t i = 0; i < overview->destination_count; i++) {
        const struct overview_destination *destination = overview->by_urgency[i];
        if (destination->at_risk > destination->dead)
            return destination;
        if (!dead && destination->at_risk != 0)
            dead = destination;
    }
    return dead;
}

static bool is_at_risk(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    const struct overview_destination *first = most_pressed(view->overview);
    uint64_t count = view->overview->totals.at_risk;
    if (!first)
        return false;
    ops_text_format(zh, "%" PRIu64 " 条消息有风险,最紧迫的是%s", count, name_of(first));
    ops_text_format(en, "%" PRIu64 " %s for %s", count,
                    count == 1 ? "message is at risk, that" : "messages are at risk, first those", name_of(first));
    add_due(view, first, zh, en);
    add_contact(&first->contact, zh, en);
    say(zh, en, "。", ".");
    return true;
}

static bool is_held(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    if (view->time_held)
        say(zh, en, "系统时间存疑,到期处理等待运维确认。", "The time is in doubt: expiry waits for an operator.");
    return view->time_held;
}

/* Those that are not shown, too, as far as they were counted. */
static uint64_t count_alarms(const struct overview *overview)
{
    uint64_t count = 0;
    if (!overview->alarms_left_out)
        return overview->alarm_count;
    for (size_t i = 0; i < alarm_info_count(); i++)
        count += overview->alarm_counts[i];
    return count;
}

/* The first is a critical one where there is any. */
static bool is_alarmed(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    const struct overview *overview = view->overview;
    uint64_t count = count_alarms(overview);
    if (count == 0)
        return false;
    const struct overview_alarm *first = &overview->alarms[0];
    ops_text_format(zh, "%" PRIu64 " 个告警%s:%s(%s)。", count, count == 1 ? "" : ",其一", first->text_zh,
                    first->subject);
    ops_text_format(en, "%" PRIu64 " %s: %s (%s).", count, count == 1 ? "alarm stands" : "alarms stand, one of them",
                    first->text_en, first->subject);
    return true;
}

static bool is_alarmed_critically(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    const struct overview *overview = view->overview;
    return overview->alarm_count != 0 && alarm_is_critical(overview->alarms[0].info) && is_alarmed(view, zh, en);
}

static bool is_unattended(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    uint64_t count = view->overview->totals.without_consumer;
    if (count) {
        ops_text_format(zh, "%" PRIu64 " 个目的地有消息等待,但无系统收取。", count);
        ops_text_format(en, "%" PRIu64 " %s waiting messages and nobody who takes any.", count,
                        count == 1 ? "destination has" : "destinations have");
    }
    return count != 0;
}

static bool is_well(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    const struct overview_totals *totals = &view->overview->totals;
    ops_text_format(zh, "一切正常:%" PRIu64 " 个目的地,%" PRIu64 " 个已连接,%" PRIu64 " 条消息等待,期限均未过半。",
                    totals->destinations, totals->connected, totals->waiting);
    ops_text_format(en,
                    "All is well: %" PRIu64 " destinations, %" PRIu64 " connected, %" PRIu64
                    " messages waiting, none past half its deadline.",
                    totals->destinations, totals->connected, totals->waiting);
    return true;
}

enum ops_level ops_state_render(const struct ops_view *view, struct ops_text *zh, struct ops_text *en)
{
    static const struct {
        enum ops_level level;
        bool (*holds)(const struct ops_view *view, struct ops_text *zh, struct ops_text *en);
    } states[] = {
        {OPS_LEVEL_CRITICAL, is_unreadable},
        {OPS_LEVEL_CRITICAL, is_full},
        {OPS_LEVEL_CRITICAL, is_unbalanced},
        {OPS_LEVEL_CRITICAL, is_at_risk},
        {OPS_LEVEL_CRITICAL, is_alarmed_critically},
        {OPS_LEVEL_WARNING, is_idle},
        {OPS_LEVEL_WARNING, is_held},
        {OPS_LEVEL_WARNING, is_alarmed},
        {OPS_LEVEL_WARNING, is_unattended},
        {OPS_LEVEL_OK, is_well},
    };
    size_t i = 0;
    while (!states[i].holds(view, zh, en))
        i++;
    return states[i].level;
}
