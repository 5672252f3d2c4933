#!/usr/bin/python3
"""test_page.py - the page for people in a real browser: it says what is so, follows by itself, survives a restart of the broker, is readable on a
phone, in two languages, by day and by night; and shows nothing of a patient (P1). Screenshots are left in BUILD/page for review.
"""
import re
import subprocess
import time
import unittest

import browser
import fixture
import morning
import ops
import places
import sheets
from foreign_client import Client

SHOTS = fixture.BUILD / "page"
HOUR_MS = 3600_000
STUCK_LIMIT_S = 5
PHONES = ((320, 640), (360, 740), (414, 896))
PERSON = {"name": "赵护士"}
SECRETS = ("测试患者", sheets.UP["patient"]["id_value"], "19912345678", "胸痛", "T07-", "HIS-", "维护")

# Text too faint for its background, as WCAG counts it: every visible text of the page, with the background that lies under it.
FAINT = r"""
const light = (c) => c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const parse = (text) => text.match(/[\d.]+/g).map(Number);
const under = (node) => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
const faint = [];
for (const node of document.querySelectorAll('body *')) {
  const said = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  if (!said || !node.checkVisibility()) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color).slice(0, 3)), light(under(node))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + node.className + ': ' + node.innerText);
}
return faint;
"""
NAMELESS = "return [...document.querySelectorAll('button, a, svg, summary')].filter((node) => node.checkVisibility() && !node.textContent.trim() && !node.getAttribute('aria-label')).map((node) => node.outerHTML)"
TWICE = "const ids = [...document.querySelectorAll('[id]')].map((node) => node.id); return ids.filter((id, i) => ids.indexOf(id) !== i)"


class PageTest(unittest.TestCase):
    """One broker with a day's work on it, and one browser, for all tests; each begins with a fresh load in English, by day."""
    clients = {}

    @classmethod
    def open_stage(cls):
        browser.required()
        cls.broker = ops.Broker(test_time_ms=morning.START_MS)
        unittest.addModuleCleanup(cls.broker.close)
        cls.broker.listen = cls.broker.http  # the same port after a restart
        cls.broker.write_config(cls.broker.endpoint)
        unittest.addModuleCleanup(cls.close_clients)
        cls.browser = browser.Browser()
        unittest.addModuleCleanup(cls.browser.close)
        cls.play()

    @classmethod
    def close_clients(cls):
        for client in cls.clients.values():
            client.close()
        cls.clients.clear()

    @classmethod
    def client(cls, who):
        if who not in cls.clients:
            key = "operator" if who == "OPS" else who
            cls.clients[who] = Client(cls.broker.endpoint, cls.broker.key_pair("server")[0], cls.broker.key_pair(key))
        return cls.clients[who]

    @classmethod
    def do(cls, who, kind, fields):
        reply = cls.client(who).command(kind, fields)
        assert not reply.refusals, "%s: %s" % (kind, reply.refusals)
        return reply

    @classmethod
    def play(cls):
        """Work that waits, a dead letter, a pause, places of eight days, and a reserve that is short."""
        for day in range(8):
            date = places.day_of(morning.START_MS, day)
            for resource, class_, count in (("WANG", "EXPERT", 12 + day), ("LI", "EXPERT", 8), ("CT", "EXAM", 10)):
                cls.do("H1", "PUT_POOL", places.pool(resource, date, count, class_=class_, time="18:00"))
            for i in range(max(0, 5 - day)):
                cls.do("H1", "BOOK_PLACE", places.general(places.ref("WANG", date), "HIS-%d-%d" % (day, i)))
        tomorrow = places.day_of(morning.START_MS, 2)
        for number in range(3):
            referral = cls.client("T07").submit(places.sheet(number)).referral_id
            cls.do("T07", "BOOK_PLACE", places.family(places.ref("WANG", tomorrow), referral))
        cls.do("H1", "BLOCK_UNITS", {"pool": places.ref("CT", tomorrow, "EXAM"), "count": 10, "reason": "DEVICE_DOWN", "person": PERSON})
        cls.client("H1").credit(1)
        cls.client("H1").nack(cls.client("H1").receive(), "NACK_NOT_FOR_US")
        cls.do("OPS", "PAUSE", {"institution": "T08", "reason": "维护"})

    def setUp(self):
        self.browser.screen(1360, 1000)
        self.load()
        self.browser.press("[data-lang=en]")

    def load(self):
        self.browser.go("http://%s/" % self.broker.http)
        fixture.until(lambda: self.browser.script("return document.body.className") == "is-live", "the first status")

    def says(self, selector, text, limit_s=fixture.PATIENCE_S):
        fixture.until(lambda: text in self.browser.text(selector), "%r in %s" % (text, selector), limit_s)


def setUpModule():
    PageTest.open_stage()


class Looks(PageTest):
    def test_it_loads_without_a_complaint_and_from_nowhere_else(self):
        self.browser.complaints()
        self.load()
        self.assertEqual([], self.browser.complaints())
        origin = "http://%s/" % self.broker.http
        loaded = self.browser.script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        self.assertGreaterEqual({name.rsplit("/", 1)[1] for name in loaded}, {"page.css", "words.js", "draw.js", "page.js", "status.json"})
        self.assertEqual([], [name for name in loaded if not name.startswith((origin, "data:"))])

    def test_what_matters_first_is_there(self):
        status = ops.status(self.broker.http)
        self.assertEqual(str(status["work_at_risk"]), self.browser.text("#risk"))
        self.assertEqual(status["state"]["text_en"], self.browser.text("#sentence"))
        self.assertEqual("critical", self.browser.script("return document.querySelector('#state').dataset.level"))
        shown = self.browser.texts("#busy .who small")
        busy = [d["id"] for d in status["destinations"] if d["id"] in shown]
        self.assertEqual(busy, shown, "the first deadline first")
        self.assertIn("H1", shown)
        self.assertIn("T08", shown)
        self.says("#busy", "paused")
        self.says("#alarms", "dead letters wait")
        self.says("#alarms", "List them with referralctl dead")
        self.assertEqual("critical", self.browser.script("return document.querySelector('#alarms li').className"), "the worst first")
        linked = self.browser.script("return [...document.querySelectorAll('#alarms a')].map((a) => a.href)")
        self.assertIn("http://%s/runbook/dead-letters" % self.broker.http, linked)
        self.says("#events", "pause 王卜庄镇中心卫生院")

    def test_q3_the_reserve_is_shown_as_it_is_counted(self):
        reserve = ops.status(self.broker.http)["reserve"]
        self.assertEqual([places.day_of(morning.START_MS, day) for day in range(8)], reserve["dates"])
        expert, exam = reserve["rows"]
        day = expert["days"][2]
        self.assertEqual((2, 22, 3, 3, 5), (day["pools"], day["capacity"], day["family"], day["general"], day["required"]))
        self.assertEqual(2, exam["days"][2]["deficit"])
        self.assertEqual(1, reserve["short_sets"])
        cards = self.browser.texts("#reserve .card h3")
        self.assertEqual(2, len(cards))
        self.assertIn("short by 2", cards[1])
        label = self.browser.script("return document.querySelectorAll('#reserve .card')[0].querySelectorAll('.day')[2].getAttribute('aria-label')")
        self.assertIn("capacity 22 · to reserve 5 · family doctors 3 · kept for family doctors %d" % day["reserved"], label)
        heights = self.browser.script("return [...document.querySelectorAll('#reserve .card:first-child .day:nth-child(3) i')].map((i) => i.offsetHeight)")
        self.assertEqual(4, sum(height > 4 for height in heights), "a part each: family, kept, free, general")

    def test_q3_the_reserve_pleases_promtool(self):
        text = ops.get(self.broker.http, "/metrics").body
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=fixture.PATIENCE_S)
        self.assertEqual((0, b""), (checked.returncode, checked.stdout + checked.stderr))
        self.assertIn('referrald_reserve_capacity{institution="H1",class="EXPERT",day="tomorrow"} 21', text.decode().splitlines())
        self.assertIn("referrald_reserve_short_sets 1", text.decode().splitlines())

    def test_a_drain_is_seen_beside_what_is_worse_and_the_zone_of_the_times(self):
        self.assertEqual("none", self.browser.script("return getComputedStyle(document.querySelector('#marks')).display"))
        self.do("OPS", "DRAIN", {"reason": "维护"})
        self.addCleanup(self.do, "OPS", "DRAIN", {"off": True})
        self.says("#marks", "Draining")
        self.assertNotIn("Draining", self.browser.text("#sentence"))
        self.assertRegex(self.browser.text("#clock"), r"\d\d:\d\d:\d\d (GMT|UTC)")

    def test_p4_both_languages_and_the_choice_is_remembered(self):
        status = ops.status(self.broker.http)
        self.browser.press("[data-lang=zh]")
        self.assertEqual(status["state"]["text_zh"], self.browser.text("#sentence"))
        self.assertIn("家庭医生预留", self.browser.texts("h2")[2])
        self.load()
        self.assertEqual("zh", self.browser.script("return document.documentElement.lang"))
        without_data = self.browser.script("document.querySelectorAll('.switch, #version, footer').forEach((node) => node.remove()); return document.body.innerText")
        english = set(re.findall(r"\b[a-z]{4,}\b", without_data)) - set(re.findall(r"[a-z]{4,}", str(status)))
        self.assertEqual(set(), english, "nothing is left in English")
        self.assertEqual([], self.browser.script("return Object.keys(WORDS.en).filter((name) => !(name in WORDS.zh)).concat(Object.keys(WORDS.zh).filter((name) => !(name in WORDS.en)))"))

    def test_p1_nothing_of_a_patient_or_a_message_is_shown(self):
        self.browser.press("#idle-box summary")
        html = self.browser.script("return document.documentElement.outerHTML")
        for secret in SECRETS:
            self.assertNotIn(secret, html)

    def test_a_phone_never_scrolls_sideways(self):
        for language in ("zh", "en"):
            for width, height in PHONES:
                self.browser.screen(width, height, mobile=True)
                self.browser.press("[data-lang=%s]" % language)
                size = self.browser.script("return [document.documentElement.scrollWidth, innerWidth]")
                self.assertEqual([width, width], size, language)

    def test_it_is_readable_by_day_and_by_night_and_everything_has_a_name(self):
        self.browser.press("#idle-box summary")
        for dark in (False, True):
            self.browser.screen(1360, 1000, dark=dark)
            self.assertEqual([], self.browser.script(FAINT), "dark" if dark else "light")
        self.assertEqual([], self.browser.script(NAMELESS))
        self.assertEqual([], self.browser.script(TWICE))

    def test_screenshots_for_review(self):
        for name, width, height, mobile, dark, language in (("night", 1360, 1000, False, True, "zh"), ("day", 1360, 1000, False, False, "en"),
                                                            ("phone", 390, 844, True, True, "zh"), ("phone-day", 390, 844, True, False, "en")):
            self.browser.screen(width, height, mobile, dark)
            self.browser.press("[data-lang=%s]" % language)
            path = SHOTS / ("%s-%s.png" % (name, language))
            self.browser.shoot(path)
            self.assertGreater(path.stat().st_size, 20000)


class Follows(PageTest):
    """No test here loads the page again: the mark on the window stays."""

    def setUp(self):
        super().setUp()
        self.browser.script("window.mark = 1; document.querySelector('#idle-box').open = true")

    def tearDown(self):
        self.assertEqual(1, self.browser.script("return window.mark"), "the page was not loaded again")

    def waiting(self, id_):
        return self.browser.script("const row = document.querySelector(`.destination[data-key=${arguments[0]}]`);"
                                   "return row && Number(row.querySelector('.lane.u b').innerText)", id_)

    def test_what_comes_is_shown_by_itself(self):
        before = self.waiting("H1")
        self.assertFalse(self.client("T07").submit(sheets.made("up", {"priority": "URGENT"})).refusals)
        fixture.until(lambda: self.waiting("H1") == before + 1, "one more")

    def test_a_stuck_destination_is_shown_within_5_s(self):
        self.assertFalse(self.client("H1").submit(sheets.made("up", {"priority": "URGENT", "sender": "H1", "receiver": "C1"})).refusals)
        fixture.until(lambda: self.waiting("C1") == 1, "the message")
        self.broker.set_clock(self.broker.clock_ms + HOUR_MS - 1000)  # a second before half its time
        self.says("#busy", "due in 60 min")
        self.assertNotIn("at-risk", self.browser.script("return document.querySelector('.destination[data-key=C1]').className"))
        stuck = time.monotonic()
        self.broker.set_clock(self.broker.clock_ms + HOUR_MS // 2)
        fixture.until(lambda: "at-risk" in self.browser.script("return document.querySelector('.destination[data-key=C1]').className"),
                           "C1 at risk", STUCK_LIMIT_S)
        self.assertLess(time.monotonic() - stuck, STUCK_LIMIT_S)
        self.assertIn("联系人C1", self.browser.text(".destination[data-key=C1] .call"), "whom to call")
        self.assertEqual("", self.browser.script("return document.querySelector('.destination[data-key=C1] .seen span.good')?.innerText ?? ''"))

    def test_it_survives_a_restart_of_the_broker(self):
        self.broker.stop()
        self.says("#lost", "No connection since")
        self.assertEqual("is-lost", self.browser.script("return document.body.className"))
        self.assertNotEqual("–", self.browser.text("#risk"), "what was known stays")
        self.browser.press("[data-lang=zh]")
        self.says("#lost", "无法连接")
        self.close_clients()
        self.broker.start()
        fixture.until(lambda: self.browser.script("return document.body.className") == "is-live", "the broker again")
        self.assertTrue(self.browser.script("return document.querySelector('#lost').hidden"))
        self.browser.complaints()  # of the time between
        index = ops.status(self.broker.http)["broker"]["index"]
        self.do("OPS", "PAUSE", {"institution": "C2", "reason": "维护"})
        self.says("#events", "暂停投递 市第二医院")
        self.assertGreater(ops.status(self.broker.http)["broker"]["index"], index)
        self.assertEqual([], self.browser.complaints())


if __name__ == "__main__":
    fixture.main()
