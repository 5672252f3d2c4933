/* draw.js - what is drawn: the reserve as columns, a day each, and rates as lines, a point a second. Elements are made once and changed in place, so that
 * nothing flickers and what has the focus keeps it. */
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function put(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

function attribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/* The children of `parent` become one for each item, in their order; `make` makes one, `fill` says what it shows. */
function list(parent, items, keyOf, make, fill) {
  const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, i) => {
    const key = String(keyOf(item));
    let child = kept.get(key);
    kept.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
    fill(child, item);
  });
  kept.forEach((child) => child.remove());
}

/* ---- The reserve ---- */

const PARTS = ["family", "kept", "released", "general", "blocked", "free", "deficit"]; /* from the bottom */
const STYLES = { family: "s-family", kept: "s-kept", released: "s-released", free: "s-free", general: "s-general", blocked: "s-blocked", deficit: "s-short" };

/* What of a day is what; a released unit may have been taken by others since: then it is theirs. */
function partsOf(day) {
  const released = Math.min(day.released, day.free - day.reserved);
  return { family: day.family, kept: day.reserved, released, free: day.free - day.reserved - released, general: day.general, blocked: day.blocked, deficit: day.deficit };
}

function dayText(date, day) {
  const parts = partsOf(day);
  const said = PARTS.filter((name) => parts[name]).map((name) => say(name) + " " + parts[name]);
  return `${date} · ${say("capacity")} ${day.capacity} · ${say("required")} ${day.required} · ${said.join(" · ")}`;
}

function weekday(date) {
  return formatted(new Date(date), { weekday: "short", timeZone: "UTC" });
}

function makeReserveCard() {
  const card = element("article", "card", element("h3", "", element("span"), element("span")), element("div", "days"), element("p", "day-line"));
  card.chosen = null; /* a date; null: the first that is short, else the first with a pool */
  return card;
}

function makeDay(card) {
  const column = element("span", "column");
  const button = element("button", "day", element("span"), column, element("span", "weekday"), element("span", "muted"));
  button.type = "button";
  column.append(...PARTS.toReversed().map((name) => element("i", STYLES[name])));
  button.addEventListener("click", () => { card.chosen = button.dataset.key; card.refill(); });
  return button;
}

function fillDay(button, { date, day, scale, isFirst, chosen }) {
  const [sum, column, name, number] = button.children;
  const parts = day ? partsOf(day) : {};
  PARTS.toReversed().forEach((name, i) => {
    column.children[i].style.height = `${(100 * (parts[name] || 0)) / scale}%`;
    column.children[i].hidden = !parts[name];
  });
  put(sum, day?.deficit ? "−" + day.deficit : day ? day.capacity : "–");
  sum.className = day?.deficit ? "short-mark" : "muted";
  put(name, isFirst ? say("today") : weekday(date));
  put(number, `${Number(date.slice(5, 7))}/${Number(date.slice(8))}`);
  button.classList.toggle("today", isFirst);
  button.disabled = !day;
  attribute(button, "aria-pressed", date === chosen);
  attribute(button, "aria-label", day ? dayText(date, day) : date + " –");
  attribute(button, "title", day ? dayText(date, day) : "");
}

function fillReserveCard(card, row, dates) {
  const [title, days, line] = card.children;
  const short = row.days.findIndex((day) => day?.deficit);
  const first = short < 0 ? row.days.findIndex(Boolean) : short;
  const at = dates.includes(card.chosen) && row.days[dates.indexOf(card.chosen)] ? dates.indexOf(card.chosen) : first;
  const scale = Math.max(1, ...row.days.map((day) => (day ? day.capacity + day.deficit : 0)));
  const missing = row.days.reduce((sum, day) => sum + (day?.deficit ?? 0), 0);
  put(title.children[0], row.name ?? row.hospital);
  put(title.children[1], say(row.class) + (missing ? " · " + say("short", missing) : ""));
  title.children[1].className = missing ? "bad" : "";
  card.classList.toggle("short", missing > 0);
  card.refill = () => fillReserveCard(card, row, dates);
  list(days, dates.map((date, i) => ({ date, day: row.days[i], scale, isFirst: i === 0, chosen: dates[at] })), (item) => item.date, () => makeDay(card), fillDay);
  put(line, dayText(dates[at], row.days[at]));
}

function drawReserve(reserve) {
  const byId = (id) => document.getElementById(id);
  list(byId("legend"), reserve.rows.length ? PARTS : [], (name) => name, (name) => element("li", "", element("i", STYLES[name]), element("span")),
    (item, name) => put(item.lastChild, say(name)));
  list(byId("reserve"), reserve.rows, (row) => row.hospital + " " + row.class, makeReserveCard, (card, row) => fillReserveCard(card, row, reserve.dates));
  byId("no-reserve").hidden = reserve.at_ms === null || reserve.rows.length > 0;
  put(byId("reserve-note"), reserve.at_ms === null ? "" : say("reserve_note", clock(reserve.at_ms)) +
    (reserve.rows_left_out ? " · " + say("reserve_left_out", reserve.rows_left_out) : ""));
}

/* ---- Lines ---- */

const SECONDS = 120;
const CHARTS = [
  { name: "latency", series: [["p99_us", "p99"]], text: (us) => (us >= 10000 ? (us / 1000).toFixed(0) : (us / 1000).toFixed(1)) + " ms", least: 1000 },
  { name: "commands", series: [["commands", "commands_series"], ["turns", "turns_series"]], text: String, least: 4 },
  { name: "deliveries", series: [["deliveries", "deliveries_series"], ["acks", "acks_series"]], text: String, least: 4 },
];

function shape(tag, className, attributes) {
  const made = document.createElementNS(SVG, tag);
  if (className) made.setAttribute("class", className);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  return made;
}

function makeChart(chart) {
  const picture = shape("svg", "", { viewBox: "0 0 120 100", preserveAspectRatio: "none", role: "img" });
  picture.append(shape("g"), ...[0, 50, 100].map((y) => shape("line", "grid", { x1: 0, x2: SECONDS, y1: y, y2: y })));
  chart.series.forEach((_, i) => picture.append(shape("polyline", ["first", "second", "third"][i])));
  return element("article", "card chart", element("h3", "", element("span"), element("span")), picture,
    element("div", "axis", element("span"), element("span"), element("span")), element("ul", "legend"));
}

/* A second without a commit has no latency: the line goes on at the next. */
function pointsOf(name, history, scale) {
  const values = history[name].slice(-SECONDS), turns = history.turns.slice(-SECONDS);
  return values.map((value, x) => [SECONDS - values.length + x + 1, (100 - (100 * value) / scale).toFixed(1)])
    .filter((_, i) => name !== "p99_us" || turns[i] > 0).join(" ");
}

/* `marks`: how many seconds ago an operator did something. */
function fillChart(card, chart, { history, latency }, marks) {
  const [title, picture, axis, legend] = card.children;
  const values = chart.series.map(([name]) => history[name].slice(-SECONDS));
  const peak = Math.max(0, ...values.flat());
  const scale = Math.max(chart.least, peak);
  chart.series.forEach(([name], i) => attribute(picture.children[4 + i], "points", pointsOf(name, history, scale)));
  list(picture.firstChild, marks, (ago) => ago, (ago) => shape("line", "mark", { y1: 0, y2: 100 }), (line, ago) => {
    attribute(line, "x1", SECONDS - ago);
    attribute(line, "x2", SECONDS - ago);
  });
  const last = chart.name === "latency" ? chart.text(latency.p99_us) : values.map((line) => chart.text(line.at(-1) ?? 0)).join(" · ");
  put(title.children[0], say(chart.name));
  put(title.children[1], last);
  attribute(picture, "aria-label", `${say(chart.name)}: ${last}; ${say("peak", chart.text(peak))}`);
  [say("ago", SECONDS), say("peak", chart.text(peak)), say("now")].forEach((text, i) => put(axis.children[i], text));
  list(legend, chart.series.length > 1 ? chart.series : [], ([name]) => name, () => element("li", "", element("i"), element("span")), (item, [, word]) => {
    item.firstChild.className = "l-" + (chart.series.findIndex((series) => series[1] === word) + 1);
    put(item.lastChild, say(word));
  });
}

function drawCharts(status) {
  const marks = status.actions.map((action) => Math.round((status.at_ms - action.at_ms) / 1000)).filter((ago) => ago >= 0 && ago < SECONDS);
  list(document.getElementById("charts"), CHARTS, (chart) => chart.name, makeChart,
    (card, chart) => fillChart(card, chart, status, [...new Set(marks)]));
}
