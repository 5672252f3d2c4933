/* words.js - every word of the page, Chinese and English (P4). {0} and {1} are filled in. */
"use strict";

const WORDS = {
  zh: {
    at_risk: "条消息有风险", alarms: "告警", no_alarms: "没有未解除的告警", since: "自 {0} 起,已 {1}", critical: "严重", warning: "警告", runbook: "处置手册",
    destinations: "目的地", by_urgency: "最先到期的在前",
    nothing_waits: "没有消息在等待,没有死信。",
    idle: "{0} 个目的地没有积压", left_out: "另有 {0} 个目的地未显示",
    column_who: "目的地", column_due: "期限", column_lanes: "等待(急诊 / 加急 / 常规)", column_in_flight: "在途", column_redelivered: "重投", column_dead: "死信",
    column_seen: "系统连接", column_call: "联系人",
    lane_EMERGENCY: "急诊", lane_URGENT: "加急", lane_ROUTINE: "常规",
    due_in: "还剩 {0}", overdue: "已超期 {0}", oldest: "最早 {0}前", nothing_due: "无等待", returned: "退回 {0} 次",
    connections: "{0} 个连接", onlookers: "{0} 个连接,均不收取", gone: "{0}前断开", never: "启动以来未连接", unattended: "无人收取",
    paused: "已暂停", down: "无应答", full: "已满", disabled: "已停用", query_only: "仅查询", deputy: "副", no_contact: "无联系人",
    waiting: "等待", in_flight: "在途", dead: "死信", connected: "已连接", referrals: "转诊", store: "存储", of: "{0} / {1}",
    reserve: "家庭医生预留", reserve_note: "今天起 8 天 · 统计于 {0}", no_pools: "今天起 8 天内没有公布号源。", reserve_left_out: "另有 {0} 行未显示",
    EXPERT: "专家号", BED: "床位", EXAM: "检查",
    family: "家庭医生已用", kept: "为家庭医生保留", general: "一般渠道已用", released: "已释放未用", free: "空闲", blocked: "停用", deficit: "预留缺口",
    capacity: "总量", required: "应留", short: "缺口 {0}", today: "今天",
    pace: "提交延迟与速率", two_minutes: "最近 2 分钟,每秒一点", latency: "提交延迟 p99", commands: "每秒命令", deliveries: "每秒投递与确认",
    commands_series: "命令", turns_series: "提交", deliveries_series: "投递", acks_series: "确认", peak: "最高 {0}", ago: "{0} 秒前", now: "现在",
    events: "时间线", events_note: "未解除的告警,最近 20 项运维操作", alarm: "告警",
    lost: "自 {0} 起无法连接,正在自动重试。以下为当时的情况。", waiting_first: "正在连接…", clock: "系统时间 {0}", held: "(时间存疑)", test_time: "(测试时间)", started: "启动于 {0}",
    draining: "按运维要求暂不接收新业务(急诊除外)。", time_held: "系统时间存疑,到期处理等待运维确认。",
    d: "{0} 天", h: "{0} 小时", min: "{0} 分钟", s: "{0} 秒",
  },
  en: {
    at_risk: "messages at risk now", alarms: "Alarms", no_alarms: "No alarm stands", since: "since {0}, for {1}", critical: "critical", warning: "warning", runbook: "runbook",
    destinations: "Destinations", by_urgency: "the first deadline first",
    nothing_waits: "Nothing waits, and there are no dead letters.",
    idle: "{0} destinations with nothing waiting", left_out: "{0} more destinations are not shown",
    column_who: "Destination", column_due: "Deadline", column_lanes: "Waiting: emerg. / urgent / routine", column_in_flight: "In flight", column_redelivered: "Came again", column_dead: "Dead",
    column_seen: "Its system", column_call: "Call",
    lane_EMERGENCY: "emerg.", lane_URGENT: "urgent", lane_ROUTINE: "routine",
    due_in: "due in {0}", overdue: "overdue {0}", oldest: "oldest {0}", nothing_due: "nothing waits", returned: "came back {0} times",
    connections: "connected ({0})", onlookers: "connected ({0}), takes nothing", gone: "gone for {0}", never: "not since the start", unattended: "nobody takes any",
    paused: "paused", down: "no answer", full: "full", disabled: "disabled", query_only: "query only", deputy: "deputy", no_contact: "no contact",
    waiting: "waiting", in_flight: "in flight", dead: "dead letters", connected: "connected", referrals: "referrals", store: "store", of: "{0} of {1}",
    reserve: "Reserve for family doctors", reserve_note: "today and the next 7 days · as of {0}", no_pools: "No places are published for these 8 days.", reserve_left_out: "{0} more rows are not shown",
    EXPERT: "Expert", BED: "Bed", EXAM: "Exam",
    family: "family doctors", kept: "kept for family doctors", general: "general", released: "released unused", free: "free", blocked: "blocked", deficit: "missing of the reserve",
    capacity: "capacity", required: "to reserve", short: "short by {0}", today: "today",
    pace: "Commit latency and rates", two_minutes: "the last 2 minutes, a point a second", latency: "Commit latency, p99", commands: "Commands a second", deliveries: "Deliveries and acks a second",
    commands_series: "commands", turns_series: "commits", deliveries_series: "deliveries", acks_series: "acks", peak: "peak {0}", ago: "{0} s ago", now: "now",
    events: "Time line", events_note: "alarms that stand, and the last 20 operator actions", alarm: "alarm",
    lost: "No connection since {0}; trying again by itself. Below is how it was then.", waiting_first: "connecting…", clock: "broker time {0}", held: "(in doubt)", test_time: "(test time)", started: "started {0}",
    draining: "Draining: no new work is taken, but emergencies.", time_held: "The time is in doubt: expiry waits for an operator.",
    d: "{0} d", h: "{0} h", min: "{0} min", s: "{0} s",
  },
};

/* What was done, as the audit names it; one that is not here is shown by its name. */
const ACTIONS_ZH = {
  PUT_INSTITUTION: "登记机构", PUT_CONTACT: "登记联系人", PUT_RELATION: "登记协作关系", DELETE_RELATION: "删除协作关系", PUT_DELEGATION: "登记代办",
  DELETE_DELEGATION: "删除代办", PUT_TEAM: "登记团队", ADD_KEY: "添加密钥", REVOKE_KEY: "吊销密钥", PUT_SETTING: "修改设置", PUT_CALENDAR_DAY: "修改日历",
  PAUSE: "暂停投递", RESUME: "恢复投递", REPLAY_DEAD: "重投死信", DROP_DEAD: "丢弃死信", CONFIRM_TIME: "确认时间", SHOW_PAYLOAD: "查看内容",
  DRAIN: "停收新业务", FIND_PATIENT: "按患者查找", HOLD_REFERRAL: "法律保全", RELEASE_REFERRAL: "解除法律保全", RELEASE_COMMAND: "放行被隔离的命令",
};

let language = chosenLanguage();

function chosenLanguage() {
  try {
    const kept = localStorage.getItem("language");
    if (kept in WORDS) return kept;
  } catch { /* a browser that keeps nothing asks the browser's language each time */ }
  return (navigator.language || "en").startsWith("zh") ? "zh" : "en";
}

function keepLanguage(chosen) {
  language = chosen;
  try { localStorage.setItem("language", chosen); } catch { /* see above */ }
}

function say(name, ...values) {
  return values.reduce((text, value, i) => text.replace("{" + i + "}", value), WORDS[language][name] ?? name);
}

function actionText(kind) {
  return language === "zh" ? ACTIONS_ZH[kind] ?? kind : kind.toLowerCase().replaceAll("_", " ");
}

/* In the largest unit of which there are at least two. */
function duration(ms) {
  for (const [unit, size] of [["d", 86400000], ["h", 3600000], ["min", 60000]])
    if (ms >= 2 * size) return say(unit, Math.floor(ms / size));
  return say("s", Math.max(0, Math.floor(ms / 1000)));
}

function formatted(ms, options) {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", options).format(ms);
}

function clock(ms) {
  return formatted(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/* Of this browser, in which every time here is told: "GMT+8". */
function zone() {
  return new Intl.DateTimeFormat("en-GB", { timeZoneName: "shortOffset" }).formatToParts().find((part) => part.type === "timeZoneName").value;
}

/* With the day, where that is not the day of `now`. */
function moment(ms, now) {
  const day = { month: "short", day: "numeric" };
  return formatted(ms, day) === formatted(now, day) ? clock(ms) : formatted(ms, day) + " " + clock(ms);
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; count >= 1024 && i < units.length - 1; i++) count /= 1024;
  return (i ? count.toFixed(1) : count) + " " + units[i];
}
