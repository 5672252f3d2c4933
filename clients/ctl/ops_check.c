/* ops_check.c - `check`: one line and an exit code as monitoring plugins give them: 0 OK, 1 WARNING, 2 CRITICAL, 3
 * UNKNOWN. */
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "handlers.h"
#include "moment.h"
#include "ops_check.h"
#include "ops_screen.h"
#include "progress.h"
#include "query.h"
#include "table.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

struct probe { /* what a check has seen */
    struct ctl *ctl;
    struct referral_client *client;
    struct ops_facts facts;
    struct ops_totals totals;
    int64_t value, took_ms;
    bool is_critical; /* whatever the thresholds say, unless they were given */
    char text[512];
};

/* False: it cannot be told, `text` says why. */
typedef bool measure(struct probe *probe);

/* ---- The checks ---- */

static bool say(struct probe *probe, const char *zh, const char *en)
{
    snprintf(probe->text, sizeof probe->text, ctl_say(probe->ctl, zh, en), (long long)probe->value);
    return true;
}

static bool hidden(struct probe *probe)
{
    snprintf(probe->text, sizeof probe->text, "%s",
             ctl_say(probe->ctl, "此密钥无权查看", "this key may not see it: an operator's or observer's may"));
    return false;
}

static bool check_alive(struct probe *probe)
{
    probe->value = probe->took_ms;
    return say(probe, "%lld 毫秒内答复", "answered in %lld ms");
}

static bool check_ready(struct probe *probe)
{
    const json_t *status = probe->facts.status;

    probe->value = ops_flag(status, "draining") || ops_flag(status, "store_full");
    if (ops_flag(status, "store_full"))
        return say(probe, "存储空间已满", "the store is full");
    if (probe->value != 0)
        return say(probe, "按运维要求暂不接收新业务", "draining: no new work");
    return say(probe, "接收新业务", "takes new work");
}

static bool check_oldest_age(struct probe *probe)
{
    char age[OPS_TEXT_SIZE];

    probe->value = probe->totals.oldest_ms;
    ops_age(age, probe->value);
    snprintf(probe->text, sizeof probe->text,
             ctl_say(probe->ctl, "最早的消息已等待 %s", "the oldest message waits for %s"), age);
    return true;
}

static bool check_waiting(struct probe *probe)
{
    probe->value = (int64_t)probe->totals.waiting;
    return say(probe, "%lld 条消息等待", "%lld messages wait");
}

static bool check_dead(struct probe *probe)
{
    probe->value = (int64_t)probe->totals.dead;
    return say(probe, "%lld 条死信", "%lld dead letters");
}

static bool check_at_risk(struct probe *probe)
{
    probe->value = (int64_t)probe->totals.at_risk;
    if (probe->value == 0)
        return say(probe, "没有消息有风险", "nothing is at risk");
    ops_sentence(probe->ctl, &probe->facts, &probe->totals, probe->text, sizeof probe->text);
    return true;
}

/* Alarms whose code begins so. */
static bool count_alarms(struct probe *probe, const char *code)
{
    json_t *alarm;
    size_t i;

    if (probe->facts.alarms_hidden)
        return hidden(probe);
    json_array_foreach(probe->facts.alarms, i, alarm)
    {
        if (strncmp(ops_string(alarm, "code"), code, strlen(code)) != 0)
            continue;
        probe->is_critical = probe->is_critical || strcmp(ops_string(alarm, "level"), "critical") == 0;
        if (probe->value++ == 0) /* the worst comes first */
            snprintf(probe->text, sizeof probe->text, "%s %s", ops_string(alarm, "code"), ops_string(alarm, "subject"));
    }
    return true;
}

/* "3: no-consumer H1 ..." */
static bool say_alarms(struct probe *probe, const char *none_zh, const char *none_en)
{
    char worst[sizeof probe->text];

    if (probe->value == 0)
        return say(probe, none_zh, none_en);
    memcpy(worst, probe->text, sizeof worst);
    snprintf(probe->text, sizeof probe->text, "%lld: %.400s%s", (long long)probe->value, worst,
             probe->value > 1 ? " ..." : "");
    return true;
}

static bool check_alarms(struct probe *probe)
{
    return count_alarms(probe, "") && say_alarms(probe, "没有告警", "no alarm stands");
}

static bool check_reserve(struct probe *probe)
{
    return count_alarms(probe, "reserve-deficit") &&
           say_alarms(probe, "家医预留充足", "the reserve is kept everywhere");
}

/* Where no alarm was asked for, that none stands says nothing. */
static bool is_watched(struct probe *probe, const char *name)
{
    bool is_off = false;
    json_t *rows, *row;
    size_t i;
    int result;

    rows = ops_rows(probe->ctl, probe->client, REFERRAL__KIND__LIST_SETTINGS, "settings", &result);
    json_array_foreach(rows, i, row) if (strcmp(ops_string(row, "name"), name) == 0 &&
                                         json_object_get(row, "institution") == NULL) is_off =
        strcmp(ops_string(row, "value"), "0") == 0;
    json_decref(rows);
    if (result == EXIT_OK && !is_off)
        return true;
    snprintf(probe->text, sizeof probe->text,
             ctl_say(probe->ctl, "未设告警时限: referralctl set %s 时长", "nobody watches: referralctl set %s SPAN"),
             name);
    return false;
}

static bool check_backup(struct probe *probe)
{
    return count_alarms(probe, "backup-") && (probe->value != 0 || is_watched(probe, "backup_age_alarm_ms")) &&
           say_alarms(probe, "备份正常", "backups are as they should be");
}

static bool check_verify(struct probe *probe)
{
    return count_alarms(probe, "verify-") && (probe->value != 0 || is_watched(probe, "verify_age_alarm_ms")) &&
           say_alarms(probe, "校验正常", "verified as it should be, without a fault");
}

static bool check_store(struct probe *probe)
{
    int64_t limit = ops_number(probe->facts.status, "store_limit_bytes");

    if (limit == 0)
        return hidden(probe);
    probe->value = ops_number(probe->facts.status, "store_used_bytes") / (limit / 100 + 1);
    return say(probe, "存储已用 %lld%%", "%lld%% of the store is used");
}

static bool check_commit(struct probe *probe)
{
    if (json_object_get(probe->facts.status, "commit_p99_us") == NULL && probe->facts.alarms_hidden)
        return hidden(probe);
    probe->value = ops_number(probe->facts.status, "commit_p99_us") / 1000;
    return say(probe, "99%% 的提交不超过 %lld 毫秒", "99 of 100 commits take at most %lld ms");
}

static bool check_sessions(struct probe *probe)
{
    json_t *query = json_pack("{s:s}", "institution", probe->ctl->arguments[1]), *answer = NULL;
    int result = query_ask(probe->ctl, probe->client, REFERRAL__KIND__LIST_SESSIONS, query, false, &answer);

    probe->value = (int64_t)json_array_size(json_object_get(answer, "sessions"));
    json_decref(query);
    json_decref(answer);
    return result == EXIT_OK && say(probe, "%lld 个会话", "%lld sessions");
}

static const struct check {
    const char *name;
    measure *measure;
    const char *zh, *en;
    const char *unit; /* "s": thresholds are spans, of seconds where they are bare; "ms": of milliseconds */
    int64_t warn, crit;
    bool is_fewer; /* than a threshold is bad; else as many or more */
    bool of_one;   /* takes an institution */
} checks[] = {
    {"alive", check_alive, "答复用时", "how long an answer takes", "ms", 1000, 5000, false, false},
    {"ready", check_ready, "是否接收新业务", "does it take new work?", "", 1, 1, false, false},
    {"oldest-age", check_oldest_age, "最早的等待消息", "age of the oldest waiting message", "s", 600000, 3600000, false,
     false},
    {"waiting", check_waiting, "等待的消息数", "messages that wait", "", 1000, 10000, false, false},
    {"dead", check_dead, "死信数", "dead letters", "", 1, 10, false, false},
    {"at-risk", check_at_risk, "过半期限的消息及死信", "messages past half of their time, and dead letters", "", 1, 10,
     false, false},
    {"alarms", check_alarms, "当前告警; 有严重告警即为严重", "alarms that stand; a critical one is critical", "", 1, 10,
     false, false},
    {"reserve", check_reserve, "家医预留不足", "pools and groups short of their reserve", "", 1, 10, false, false},
    {"store", check_store, "存储已用比例", "how much of the store is used", "%", 75, 85, false, false},
    {"backup", check_backup, "备份过旧或失败", "backups too old, or failed", "", 1, 2, false, false},
    {"verify", check_verify, "校验过旧或未通过", "the last good verification too old, or the last one failed", "", 1, 2,
     false, false},
    {"commit", check_commit, "提交耗时 p99", "99 of 100 commits take at most so long", "ms", 250, 1000, false, false},
    {"sessions", check_sessions, "某机构的会话数, 少于即报", "sessions of INSTITUTION; fewer than this is bad", "", 1,
     1, true, true},
};

const char *ops_check_name(size_t i)
{
    return i < sizeof checks / sizeof *checks ? checks[i].name : NULL;
}

/* In the unit that thresholds are given in. */
static long long shown(const struct check *check, int64_t value)
{
    return check->unit[0] == 's' ? value / 1000 : value;
}

void ops_check_help(const struct ctl *ctl)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        char defaults[64];

        snprintf(defaults, sizeof defaults, "--warn %lld%s --crit %lld%s", shown(&checks[i], checks[i].warn),
                 checks[i].unit, shown(&checks[i], checks[i].crit), checks[i].unit);
        fprintf(ctl->out, "  %-11s %-28s %s\n", checks[i].name, defaults, ctl_say(ctl, checks[i].zh, checks[i].en));
    }
}

/* ---- Thresholds ---- */

static const struct check *find_check(struct ctl *ctl)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].name, ctl->arguments[0]) == 0) {
            if (checks[i].of_one == (ctl->arguments[1] != NULL))
                return &checks[i];
            ctl_complain(ctl, "%s",
                         checks[i].of_one ? ctl_say(ctl, "请指明机构", "name the institution")
                                          : ctl_say(ctl, "此项不带机构", "this check takes no institution"));
            return NULL;
        }
    ctl_complain(ctl, "%s",
                 ctl_say(ctl, "没有这项检查; referralctl check --help 列出全部",
                         "there is no such check; referralctl check --help lists them"));
    return NULL;
}

/* In the unit that is measured: ms for what has a time. */
static bool threshold(struct ctl *ctl, const struct check *check, const char *name, int64_t *ret_threshold)
{
    const char *text = ctl_option(ctl, name);
    bool is_time = check->unit[0] == 's' || strcmp(check->unit, "ms") == 0;
    bool is_bare = text != NULL && text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    int64_t number;

    if (text == NULL)
        return true;
    if (!span_parse(text, &number) || (!is_bare && !is_time)) {
        ctl_complain(ctl, ctl_say(ctl, "--%s 应为数字%s", "--%s must be a number%s"), name,
                     is_time ? ctl_say(ctl, "或时长, 如 10m", " or a length of time, as 10m") : "");
        return false;
    }
    *ret_threshold = is_bare && check->unit[0] == 's' ? number * 1000 : number;
    return true;
}

static bool thresholds(struct ctl *ctl, const struct check *check, int64_t *ret_warn, int64_t *ret_crit)
{
    *ret_warn = check->warn;
    *ret_crit = check->crit;
    if (!threshold(ctl, check, "warn", ret_warn) || !threshold(ctl, check, "crit", ret_crit))
        return false;
    if (!ctl_has(ctl, "crit") && (check->is_fewer ? *ret_crit > *ret_warn : *ret_crit < *ret_warn))
        *ret_crit = *ret_warn; /* a default that makes no sense beside what was given */
    if (!ctl_has(ctl, "warn") && (check->is_fewer ? *ret_warn < *ret_crit : *ret_warn > *ret_crit))
        *ret_warn = *ret_crit;
    if (check->is_fewer ? *ret_warn >= *ret_crit : *ret_warn <= *ret_crit)
        return true;
    ctl_complain(ctl, "%s", ctl_say(ctl, "--warn 应先于 --crit 达到", "--warn must be reached before --crit"));
    return false;
}

static enum verdict judge(const struct check *check, const struct probe *probe, int64_t warn, int64_t crit)
{
    if (check->is_fewer ? probe->value < crit : probe->value >= crit)
        return VERDICT_CRITICAL;
    if (probe->is_critical && !ctl_has(probe->ctl, "crit"))
        return VERDICT_CRITICAL;
    return (check->is_fewer ? probe->value < warn : probe->value >= warn) ? VERDICT_WARNING : VERDICT_OK;
}

/* ---- Asking and telling ---- */

static int ask(struct probe *probe)
{
    int64_t started_ms = progress_clock_ms();
    int result = connect_open(probe->ctl, 0, &probe->client);

    if (result == EXIT_OK)
        result = ops_facts_read(probe->ctl, probe->client, &probe->facts);
    probe->took_ms = progress_clock_ms() - started_ms;
    if (result == EXIT_OK)
        probe->totals = ops_totals(&probe->facts);
    return result;
}

static const char *const verdict_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* One line: what was complained of comes without the program's name and line feeds. */
static void tell_complaint(struct ctl *ctl, enum verdict verdict, const char *complaint)
{
    const char *colon = strstr(complaint, ": ");

    complaint = colon == NULL ? complaint : colon + 2;
    fprintf(ctl->out, "REFERRALD %s - ", verdict_names[verdict]);
    for (; *complaint != '\0'; complaint++)
        fputc(*complaint == '\n' ? ' ' : *complaint == '|' ? '/' : *complaint, ctl->out);
    fputc('\n', ctl->out);
}

static void tell_line(const struct check *check, const struct probe *probe, enum verdict verdict, int64_t warn,
                      int64_t crit)
{
    const char *from = check->is_fewer ? ":" : ""; /* "1:" is bad below 1 */

    fprintf(probe->ctl->out, "REFERRALD %s - %s | %s=%lld%s;%lld%s;%lld%s;0\n", verdict_names[verdict], probe->text,
            check->name, shown(check, probe->value), check->unit, shown(check, warn), from, shown(check, crit), from);
}

static void tell(enum ops_form form, const struct check *check, const struct probe *probe, enum verdict verdict,
                 int64_t warn, int64_t crit)
{
    if (form == OPS_JSON) {
        json_t *json =
            json_pack("{s:s,s:s,s:I,s:s,s:I,s:I,s:s}", "check", check->name, "status", verdict_names[verdict], "value",
                      (json_int_t)shown(check, probe->value), "unit", check->unit, "warn",
                      (json_int_t)shown(check, warn), "crit", (json_int_t)shown(check, crit), "text", probe->text);

        table_json(probe->ctl, json);
        json_decref(json);
    } else if (form == OPS_PROMETHEUS) {
        fprintf(probe->ctl->out,
                "# HELP referralctl_check_status 0 ok, 1 warning, 2 critical, 3 unknown\n"
                "# TYPE referralctl_check_status gauge\nreferralctl_check_status{check=\"%s\"} %d\n"
                "# HELP referralctl_check_value what was measured\n"
                "# TYPE referralctl_check_value gauge\nreferralctl_check_value{check=\"%s\"} %lld\n",
                check->name, (int)verdict, check->name, shown(check, probe->value));
    } else {
        tell_line(check, probe, verdict, warn, crit);
    }
}

/* Whether it is alive and ready is told by silence, too; the rest cannot be told. */
static enum verdict verdict_of_silence(const struct check *check, int result)
{
    bool is_silent = result == EXIT_NO_BROKER;

    return is_silent && (check->measure == check_alive || check->measure == check_ready) ? VERDICT_CRITICAL
                                                                                         : VERDICT_UNKNOWN;
}

static int run(struct ctl *ctl, const struct check *check, enum ops_form form, int64_t warn, int64_t crit)
{
    struct probe probe = {.ctl = ctl};
    enum verdict verdict = VERDICT_UNKNOWN;
    int result = ask(&probe);

    if (result == EXIT_OK && check->measure(&probe)) {
        verdict = judge(check, &probe, warn, crit);
        tell(form, check, &probe, verdict, warn, crit);
    } else {
        if (result != EXIT_OK)
            verdict = verdict_of_silence(check, result);
        if (probe.text[0] != '\0')
            ctl_complain(ctl, "%s", probe.text);
    }
    referral_close(probe.client);
    ops_facts_fini(&probe.facts);
    return (int)verdict;
}

int ops_check_run(struct ctl *ctl)
{
    FILE *err = ctl->err;
    char *complaint = NULL;
    size_t size;
    const struct check *check;
    enum ops_form form;
    int64_t warn, crit;
    int verdict = VERDICT_UNKNOWN;

    ctl->err = open_memstream(&complaint, &size);
    if (ctl->err == NULL) {
        ctl->err = err;
        return VERDICT_UNKNOWN;
    }
    check = find_check(ctl);
    if (check != NULL && ops_form(ctl, &form) && thresholds(ctl, check, &warn, &crit))
        verdict = run(ctl, check, form, warn, crit);
    fclose(ctl->err);
    ctl->err = err;
    if (complaint != NULL && complaint[0] != '\0')
        tell_complaint(ctl, (enum verdict)verdict, complaint);
    free(complaint);
    return verdict;
}
