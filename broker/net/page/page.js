/* page.js - asks for /status.json every second, shows it, and says since when it could not. */
"use strict";

const PACE_MS = 1000, HIDDEN_PACE_MS = 5000, PATIENCE_MS = 5000;
const LEVEL_COLOURS = { ok: "%2322a355", warning: "%23e09a1a", critical: "%23d9302c", lost: "%23808890" };
const byId = (id) => document.getElementById(id);

let status = null;    /* the last that came */
let lostSince = null; /* when the first try since then failed */

/* ---- First things ---- */

function setIcon(level) {
  attribute(byId("icon"), "href", `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='${LEVEL_COLOURS[level]}'/></svg>`);
}

function drawState() {
  const { state, broker, totals, work_at_risk: risk } = status;
  attribute(byId("state"), "data-level", state.level);
  put(byId("risk"), risk);
  put(byId("sentence"), language === "zh" ? state.text_zh : state.text_en);
  const marks = [broker.draining && say("draining"), broker.time_held && say("time_held")].filter(Boolean); /* beside whatever is worse */
  put(byId("marks"), marks.join(" "));
  byId("marks").hidden = marks.length === 0;
  put(byId("name"), broker.name);
  put(byId("clock"), [say("clock", formatted(status.at_ms, { month: "short", day: "numeric" }) + " " + clock(status.at_ms) + " " + zone()), broker.test_time && say("test_time"), broker.time_held && say("held")].filter(Boolean).join(" "));
  put(byId("version"), `referrald ${broker.version} · ${say("started", moment(broker.started_at_ms, status.at_ms))}`);
  document.title = (risk ? `(${risk}) ` : "") + `${broker.name} · referrald`;
  const facts = [
    ["waiting", totals.waiting], ["in_flight", totals.in_flight], ["dead", totals.dead, totals.dead > 0],
    ["connected", say("of", totals.connected, totals.destinations)], ["unattended", totals.without_consumer, totals.without_consumer > 0],
    ["paused", totals.paused], ["referrals", broker.referrals],
    ["store", `${bytes(status.store.used_bytes)} (${Math.round((100 * status.store.used_bytes) / status.store.limit_bytes)} %)`, status.store.full],
    ["latency", `${(status.latency.p99_us / 1000).toFixed(1)} ms`],
  ];
  list(byId("facts"), facts, ([name]) => name, () => element("div", "", element("dt"), element("dd")), (item, [name, value, isBad]) => {
    put(item.children[0], say(name));
    put(item.children[1], value);
    item.children[1].className = isBad ? "bad" : "";
  });
}

function alarmText(alarm) {
  return language === "zh" ? alarm.text_zh : alarm.text_en;
}

/* Critical ones first, the latest first of each. */
function drawAlarms() {
  const rank = (alarm) => (alarm.level === "critical" ? 0 : 1);
  const alarms = [...status.alarms].sort((a, b) => rank(a) - rank(b) || b.since_ms - a.since_ms);
  const count = byId("alarm-count");
  put(count, alarms.length + (status.alarms_left_out ? "+" : ""));
  count.classList.toggle("some", alarms.length > 0);
  list(byId("alarms"), alarms.length ? alarms : [null], (alarm) => alarm && alarm.code + " " + alarm.subject,
    (alarm) => (alarm ? element("li", alarm.level, element("b"), element("span"), element("span", "muted"),
      element("span", "todo", element("span"), element("a"))) : element("li", "none")),
    (item, alarm) => {
      if (!alarm) return put(item, say("no_alarms"));
      put(item.children[0], nameOf(alarm.subject));
      put(item.children[1], alarmText(alarm));
      put(item.children[2], say(alarm.level) + " · " + say("since", moment(alarm.since_ms, status.at_ms), duration(status.at_ms - alarm.since_ms)));
      put(item.children[3].children[0], (language === "zh" ? alarm.todo_zh : alarm.todo_en) + " ");
      put(item.children[3].children[1], say("runbook"));
      attribute(item.children[3].children[1], "href", alarm.runbook.slice(1)); /* as the page itself: below whatever path a proxy has */
    });
}

/* ---- Destinations ---- */

/* Alarms of places name the hospital first: "H1/EXAM/NK/CT/2026-03-04". */
function nameOf(id) {
  const [institution, ...rest] = id.split("/");
  return [status.names.get(institution) ?? institution, ...rest].join(" / ");
}

const isIdle = (d) => d.waiting === 0 && d.dead === 0 && d.in_flight === 0 && !d.paused && !d.down && !d.full;

function makeCell(className, ...children) {
  const cell = element("div", className, ...children);
  cell.setAttribute("role", "cell");
  return cell;
}

function makeNumber() {
  return makeCell("number", element("small", "label"), element("span"));
}

function makeDestination() {
  const row = element("div", "destination",
    makeCell("who", element("b"), element("span"), element("small")),
    makeCell("due", element("span"), element("small", "muted"), element("span", "bar-track", element("span", "bar-fill"))),
    makeCell("lanes"), makeNumber(), makeNumber(), makeNumber(),
    makeCell("seen", element("small", "label"), element("span")),
    makeCell("call", element("span"), element("a"), element("small", "", element("span"), element("a"))));
  row.setAttribute("role", "row");
  return row;
}

function fillDue(cell, d) {
  const [text, oldest, track] = cell.children;
  const left = d.due_at_ms === null ? null : d.due_at_ms - status.at_ms;
  const lane = d.lanes.find((l) => l.due_at_ms !== null && l.due_at_ms === d.due_at_ms);
  const isBad = left !== null && left <= 0, isHalf = lane && lane.half_at_ms <= status.at_ms;
  cell.className = "due " + (isBad ? "bad" : isHalf ? "warn" : "");
  put(text, left === null ? say("nothing_due") : say(isBad ? "overdue" : "due_in", duration(Math.abs(left))));
  text.className = left === null ? "muted" : "";
  const notes = [d.oldest_at_ms !== null && say("oldest", duration(status.at_ms - d.oldest_at_ms)), lane?.oldest_returned && say("returned", lane.oldest_returned)];
  put(oldest, notes.filter(Boolean).map((note) => " " + note).join(" ·"));
  track.hidden = left === null;
  if (lane) {
    const used = (status.at_ms - lane.oldest_at_ms) / Math.max(1, lane.due_at_ms - lane.oldest_at_ms);
    track.firstChild.style.width = `${Math.min(100, Math.max(2, 100 * used))}%`;
  }
}

function fillLanes(cell, d) {
  list(cell, d.lanes, (lane) => lane.lane, (lane) => element("span", "lane", element("b"), element("small")), (item, lane) => {
    item.className = `lane ${lane.lane[0].toLowerCase()}${lane.waiting ? "" : " zero"}`;
    put(item.children[0], lane.waiting);
    put(item.children[1], say("lane_" + lane.lane));
  });
}

function seenText(d) {
  if (d.connections) return say(d.consumers || !d.waiting ? "connections" : "onlookers", d.connections);
  return d.last_seen_at_ms === null ? say("never") : say("gone", duration(status.at_ms - d.last_seen_at_ms));
}

function fillPhone(link, phone) {
  put(link, phone ?? "");
  link.hidden = !phone;
  if (phone) attribute(link, "href", "tel:" + phone.replace(/[^0-9+]/g, ""));
}

function fillCall(cell, contact) {
  const [name, phone, more] = cell.children;
  put(name, contact ? contact.name + " " : say("no_contact"));
  name.className = contact ? "" : "muted";
  fillPhone(phone, contact?.phone);
  put(more.children[0], [contact?.deputy_name && `${say("deputy")} ${contact.deputy_name}`, contact?.hours].filter(Boolean).join(" · ") + " ");
  fillPhone(more.children[1], contact?.deputy_phone);
}

function fillDestination(row, d) {
  const [who, due, lanes, inFlight, redelivered, dead, seen, call] = row.children;
  const flags = ["paused", "down", "full", "query_only"].filter((name) => d[name]).concat(d.enabled ? [] : ["disabled"]);
  const isAlone = d.waiting > 0 && d.consumers === 0;
  row.className = "destination" + (d.at_risk ? " at-risk" : isAlone || d.paused || d.down || d.full ? " watch" : "");
  put(who.children[0], d.name ?? d.id);
  list(who.children[1], flags, (flag) => flag, () => element("span", "flag warn"), (item, flag) => put(item, say(flag)));
  put(who.children[2], d.id);
  fillDue(due, d);
  fillLanes(lanes, d);
  [[inFlight, "column_in_flight", d.in_flight], [redelivered, "column_redelivered", d.redelivered], [dead, "column_dead", d.dead]].forEach(([cell, word, value]) => {
    put(cell.children[0], say(word));
    put(cell.children[1], value);
    cell.children[1].className = value === 0 ? "muted" : "";
  });
  dead.children[1].className = d.dead ? "bad" : "muted";
  put(seen.children[0], say("column_seen"));
  put(seen.children[1], seenText(d));
  seen.children[1].className = isAlone ? "bad" : d.connections ? "good" : "muted";
  fillCall(call, d.contact);
}

function drawDestinations() {
  const busy = status.destinations.filter((d) => !isIdle(d)), idle = status.destinations.filter(isIdle);
  const columns = ["who", "due", "lanes", "in_flight", "redelivered", "dead", "seen", "call"];
  list(byId("columns"), columns, (name) => name, () => element("span"), (item, name) => {
    attribute(item, "role", "columnheader");
    put(item, say("column_" + name));
  });
  list(byId("busy"), busy, (d) => d.id, makeDestination, fillDestination);
  byId("no-busy").hidden = busy.length > 0;
  byId("idle-box").hidden = idle.length === 0;
  put(byId("idle-count"), say("idle", idle.length));
  list(byId("idle"), byId("idle-box").open ? idle : [], (d) => d.id, makeDestination, fillDestination);
  byId("left-out").hidden = status.destinations_left_out === 0;
  put(byId("left-out"), say("left_out", status.destinations_left_out));
}

/* ---- The time line ---- */

function drawEvents() {
  const alarms = status.alarms.map((alarm) => ({ at: alarm.since_ms, key: alarm.code + " " + alarm.subject, who: say("alarm"), text: `${nameOf(alarm.subject)}: ${alarmText(alarm)}`, isAlarm: true }));
  const actions = status.actions.map((action, i) => ({
    at: action.at_ms, key: `${action.index} ${action.kind} ${action.subject} ${i}`, who: nameOf(action.institution),
    text: actionText(action.kind) + (action.subject ? " " + nameOf(action.subject) : ""),
  }));
  list(byId("events"), alarms.concat(actions).sort((a, b) => b.at - a.at), (event) => event.key,
    (event) => element("li", event.isAlarm ? "alarm" : "", element("time", "muted"), element("span"), element("span")), (item, event) => {
      put(item.children[0], moment(event.at, status.at_ms));
      put(item.children[1], event.who);
      put(item.children[2], event.text);
    });
}

/* ---- All of it ---- */

function draw() {
  document.documentElement.lang = language;
  document.querySelectorAll("[data-text]").forEach((node) => put(node, say(node.dataset.text)));
  document.querySelectorAll("[data-lang]").forEach((button) => attribute(button, "aria-pressed", button.dataset.lang === language));
  document.body.className = lostSince !== null ? "is-lost" : status ? "is-live" : "";
  byId("lost").hidden = lostSince === null;
  if (lostSince !== null) put(byId("lost"), say("lost", clock(lostSince)));
  setIcon(lostSince !== null || !status ? "lost" : status.state.level);
  if (!status) return put(byId("sentence"), say("waiting_first"));
  drawState();
  drawAlarms();
  drawDestinations();
  drawReserve(status.reserve);
  drawCharts(status);
  drawEvents();
}

async function ask() {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const answer = await fetch("status.json", { signal: giveUp.signal, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    return await answer.json();
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function follow() {
  const asked = performance.now();
  const came = await ask();
  if (came && status && came.broker.version !== status.broker.version) return location.reload(); /* another page belongs to it */
  if (came) {
    came.names = new Map(came.destinations.map((d) => [d.id, d.name ?? d.id]));
    status = came;
    lostSince = null;
  } else {
    lostSince ??= Date.now();
  }
  draw();
  setTimeout(follow, Math.max(100, (document.hidden ? HIDDEN_PACE_MS : PACE_MS) - (performance.now() - asked)));
}

document.querySelectorAll("[data-lang]").forEach((button) => button.addEventListener("click", () => {
  keepLanguage(button.dataset.lang);
  draw();
}));
byId("idle-box").addEventListener("toggle", () => status && drawDestinations());
draw();
follow();
