#!/usr/bin/python3
"""test_ctl_places.py - referralctl for places: publishing, a day at a glance, searching, and the way of a family-doctor team to a place."""
import copy
import json
import os
import re
import time

import fixture
import sheets
from ctl import OK, REFUSED, USAGE, BAD_FILE, CtlTest
from terminal import Terminal, columns_of

os.environ["TZ"] = "UTC-8"  # what people type and read is local time: eight hours east, as the hospitals here
for variable in ("COLUMNS", "NO_COLOR", "REFERRALD_LANG"):
    os.environ.pop(variable, None)

START_MS = 1_796_086_800_000  # 2026-12-01 09:00
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
HOLD_LEFT = r"(10:00|9:\d\d) left"  # a slow machine may come to show a second later than the first
OFFER_LEFT = r"(2:00:00|1:59:\d\d) left"
CTL = fixture.BUILD / "clients" / "ctl" / "referralctl"
WANG = "EXPERT/NK/WANG-AM/2026-12-04"
LI = "EXPERT/NK/LI-PM/2026-12-04"


class PlacesTest(CtlTest):
    """A broker for each test: each begins with no places, on 2026-12-01 at 09:00."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.broker = fixture.Broker(test_time_ms=START_MS)
        self.addCleanup(self.broker.close)
        self.patients = 0
        self.terminals = []

    def tearDown(self):
        for terminal in self.terminals:
            terminal.close()
        self.assertIsNone(self.broker.process.poll(), "the broker lives:\n" + self.broker.log_text())
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.broker.ctl_offline("verify", *where)

    # -- what most tests begin with --------------------------------------------------------------------------------------
    def publish(self, pool=WANG, count=10, start="08:00", minutes=15, *more):
        return self.run_ctl("publish", pool, "--doctor", "王主任", "--count", str(count), "--start", start, "--minutes", str(minutes),
                            *more, key="H1")

    def refer(self, **more):
        """A referral by a team, each of another patient."""
        sheet = copy.deepcopy({**sheets.UP, "team_id": "TEAM1", **more})
        self.patients += 1
        sheet["patient"]["id_value"] = sheets.resident_id("120224196005%02d101" % self.patients)
        sheet["patient"]["birth_date"] = "1960-05-%02d" % self.patients
        return self.send(sheet)["referral_id"]

    def pools(self, key="H1", **more):
        arguments = [word for name, value in more.items() for word in ("--" + name, value)]
        return {p["pool"]["resource"]: p for p in self.ask("places", "--date", "2026-12-04", *arguments, key=key).get("pools", [])}

    def numbers(self, resource="WANG-AM"):
        """C, B, G, F and free."""
        view = self.pools()[resource]
        return tuple(view[name] for name in ("capacity", "blocked", "general", "family", "free"))

    def sell(self, pool=WANG, units=1, reference="HIS-1"):
        return self.ask("book", "place", pool, "--channel", "general", "--reference", reference, "--units", str(units),
                        key="H1")["booking"]["booking_id"]

    def bookings(self, referral, key="T07"):
        return self.ask("bookings", referral, key=key).get("bookings", [])

    def booking_of(self, booking, key="H1"):
        return self.ask("bookings", "--booking", booking, key=key)["bookings"][0]

    def states(self, referral):
        return [b["state"] for b in self.bookings(referral)]

    def terminal(self, *arguments, key="T07", lang="en", columns=120):
        command = [CTL, "--address", self.broker.endpoint, "--server-key", self.broker.public_hex("server"), "--key",
                   self.broker.key_file(key), "--lang", lang, *arguments]
        terminal = Terminal([str(word) for word in command], columns)
        self.terminals.append(terminal)
        return terminal

    def advance(self, ms):
        """The broker's time is later, and it has taken notice."""
        self.broker.set_clock(self.broker.clock_ms + ms)
        fixture.until(lambda: self.ask("status")["now_ms"] >= self.broker.clock_ms, "the broker's clock")


class Capacity(PlacesTest):
    def test_q1_a_session_is_published_from_options_and_changed_by_saying_it_again(self):
        self.publish()
        self.assertEqual(self.numbers(), (10, 0, 0, 0, 10))
        view = self.pools()["WANG-AM"]
        self.assertEqual((view["reserve"], view["reserve_bp"], view["doctor"]), (2, 2000, "王主任"))
        self.assertEqual((view["start_ms"], view["end_ms"]), (START_MS + 71 * HOUR_MS, START_MS + 71 * HOUR_MS + 150 * MINUTE_MS))
        self.publish(WANG, 12, "8:00", 15, "--reserve", "25%")
        self.assertEqual((self.numbers(), self.pools()["WANG-AM"]["reserve"]), ((12, 0, 0, 0, 12), 3))
        self.assertIn("RESERVE_TOO_SMALL (Q1)", self.run_ctl("publish", WANG, "--count", "12", "--start", "8:00",
                                                                    "--minutes", "15", "--reserve", "19.9%", key="H1", expect=REFUSED).stderr)

    def test_q6_times_of_day_are_of_the_service_date_and_others_are_said_in_full(self):
        self.publish(WANG, 10, "08:00", 15, "--opens", "2026-12-02 07:00", "--general-opens", "2026-12-02 08:00", "--release",
                     "2026-12-03 12:00")
        view = self.pools()["WANG-AM"]
        self.assertEqual([(view[f] - START_MS) / HOUR_MS for f in ("fd_opens_at_ms", "general_opens_at_ms", "release_at_ms")], [22, 23, 51])
        self.assertIn("--start: must be a time from 00:00 to 23:59",
                      self.run_ctl("publish", WANG, "--count", "10", "--start", "25:00", key="H1", expect=USAGE).stderr)

    def test_q6_where_nothing_names_a_time_zone_times_are_those_of_china(self):
        """Servers often run in UTC: 08:00 must not become 16:00 there."""
        here = os.environ.pop("TZ")
        self.addCleanup(os.environ.__setitem__, "TZ", here)
        self.publish(WANG, 10, "08:00")
        self.assertEqual(self.pools()["WANG-AM"]["start_ms"], START_MS + 71 * HOUR_MS)
        self.assertIn("08:00-10:30", self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout)

    def test_q10_a_session_is_not_emptied_by_leaving_its_units_out(self):
        self.publish()
        self.assertIn("give --count", self.run_ctl("publish", WANG, "--reserve", "30%", key="H1", expect=USAGE).stderr)
        self.assertEqual(self.numbers(), (10, 0, 0, 0, 10))

    def test_q_beds_are_a_days_places_from_eight_on(self):
        self.run_ctl("publish", "BED/NK/WARD-3/2026-12-04", "--count", "6", key="H1")
        ward = self.pools()["WARD-3"]
        self.assertEqual((ward["capacity"], ward["start_ms"], ward["end_ms"]),
                         (6, START_MS + 71 * HOUR_MS, START_MS + 72 * HOUR_MS))

    def test_q_who_changes_places_is_told_what_is_now_true_of_them(self):
        why = ("--reason", "teaching", "--person", "何主任")
        name = "EXPERT/NK/WANG-AM/2026-12-04: "
        self.assertEqual(self.publish(WANG, 10, "08:00", 15, "--general-opens", "2026-12-02 08:00").stdout, name +
                         "10 units, 2 reserved until 12-03 08:00, 10 free; general from 12-02 08:00\n")
        self.run_ctl("hold", "H1/" + WANG, "--referral", self.refer(), "--channel", "family-doctor", key="T07")
        self.assertEqual(self.run_ctl("block", WANG, "--count", "1", *why, "--lang", "zh", key="H1").stdout, name +
                         "容量 10, 预留 2 至 12-03 08:00, 家医 1, 停用 1, 空余 8; 一般 12-02 08:00 起\n")
        self.assertEqual(self.run_ctl("cancel-session", WANG, *why, key="H1").stdout, "affected 1\n" + name + "cancelled\n")
        for resource in ("A", "B"):
            self.publish("EXPERT/QK/%s/2026-12-04" % resource, 2)
        self.assertEqual(self.run_ctl("group", "expert", "QK", "2026-12-04", key="H1").stdout,
                         "expert QK 2026-12-04: 4 units, 1 reserved until 12-03 08:00, 4 free\n")
        self.assertIn(": 3 units, in its group 1 reserved until", self.publish("EXPERT/QK/A/2026-12-04", 3).stdout)

    def test_q_a_pool_is_one_word(self):
        self.publish("expert/NK/WANG-AM/2026-12-04")
        self.publish("H1/EXPERT/NK/LI-PM/2026-12-04")
        self.publish("class=EXPERT,department=NK,resource=A/B,date=2026-12-04")
        self.assertEqual(set(self.pools()), {"WANG-AM", "LI-PM", "A/B"})
        for wrong in ("EXPERT/NK/2026-12-04", "EXPERT/NK//2026-12-04", "H1/H1/EXPERT/NK/X/2026-12-04", "SOFA/NK/X/2026-12-04"):
            self.assertIn("POOL", self.run_ctl("publish", wrong, "--count", "3", key="H1", expect=USAGE).stderr)
        self.run_ctl("publish", "H2/EXPERT/NK/X/2026-12-04", "--count", "3", "--start", "08:00", "--minutes", "10", key="H1", expect=REFUSED)

    def test_q10_q14_capacity_goes_and_comes_back(self):
        self.publish()
        why = ("--reason", "staff-absent", "--person", "何主任")
        self.run_ctl("block", WANG, "--count", "2", *why, key="H1")
        self.assertEqual(self.numbers(), (10, 2, 0, 0, 8))
        self.run_ctl("unblock", WANG, "--units", "10", key="H1")
        self.assertEqual(self.numbers(), (10, 1, 0, 0, 9))
        self.run_ctl("cut", WANG, "--units", "1,2", *why, key="H1")
        self.assertEqual(self.numbers(), (8, 1, 0, 0, 7))
        self.run_ctl("block", WANG, "--count", "7", "--reason", "teaching", "--person", "何主任", key="H1", expect=REFUSED)
        referral = self.refer()
        self.run_ctl("book", referral, "--first", "--yes", key="T07")
        self.run_ctl("cut", WANG, "--count", "8", *why, key="H1", expect=REFUSED)
        answer = self.ask("cancel-session", WANG, *why, key="H1")
        self.assertEqual(answer["affected"], 1)
        self.assertTrue(self.pools()["WANG-AM"]["cancelled"])
        self.assertEqual(self.states(referral), ["PLACE_DISPLACED"])
        self.assertEqual(self.ask("show", referral, key="T07")["summary"]["state"], "WAITLISTED")

    def test_q13_every_unit_that_a_row_of_the_ledger_names_is_told(self):
        self.publish(count=60, minutes=5)
        self.run_ctl("block", WANG, "--units", ",".join(str(unit) for unit in range(2, 51)), "--reason", "device-down", "--person", "何主任", key="H1")
        row = self.run_ctl("ledger", "-o", "csv", key="H1").stdout.splitlines()[-1].split(",")
        self.assertIn(" ".join(str(unit) for unit in range(2, 51)), row)
        self.assertEqual("hospital", row[12])
        self.assertNotIn("hospital", self.run_ctl("--lang", "zh", "ledger", key="H1").stdout)  # P4

    def test_q13_of_a_day_without_places_no_share_was_kept_or_not(self):
        self.publish()
        self.run_ctl("cancel-session", WANG, "--reason", "staff-absent", "--person", "何主任", key="H1")
        days = ("report", "reserve", "--from", "2026-12-04", "--to", "2026-12-04")
        self.assertRegex(self.run_ctl(*days, key="H1").stdout, r"EXPERT 2026-12-04 +1 +0 +0 +0( +0){4}\n")
        self.assertIn("EXPERT,2026-12-04,1,0,0,0,,0,0,", self.run_ctl(*days, "-o", "csv", key="H1").stdout)
        self.assertEqual(self.ask(*days, key="H1")["lines"][0]["kept_bp"], 0)
        self.assertIn("EXPERT total: capacity 0, reserved 0; family 0,", self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout)

    def test_q11_small_sessions_share_one_reserve(self):
        for name, start in (("A", "08:00"), ("B", "10:00"), ("C", "14:00")):
            self.publish("EXPERT/NK/%s/2026-12-04" % name, 2, start)
        self.run_ctl("group", "expert", "NK", "2026-12-04", "--reserve", "20%", key="H1")
        shown = self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout
        self.assertRegex(shown, r"NK +A +08:00-08:30 .*\| ")
        self.assertRegex(shown, r"NK += group +6  [R.]{6}\D+2   0   0   0    6 +6/4\n")
        self.assertIn("EXPERT total: capacity 6, reserved 2, now kept 2 = 33.33 %;", shown)

    def test_p1_only_what_says_so_is_read_from_a_file(self):
        """A reference that a script passes on comes from elsewhere: it never brings a file of this machine along."""
        self.publish()
        self.assertEqual("@/etc/hostname", self.booking_of(self.sell(reference="@/etc/hostname"))["reference"])
        self.run_ctl("show", "@/etc/hostname", expect=REFUSED)

    def test_q15_an_allotment_is_taken_and_given_back_in_part(self):
        self.publish()
        booking = self.ask("allot", WANG, "--count", "5", "--reference", "APP-1", key="H1")["booking"]
        self.assertEqual((len(booking["units"]), booking["allotment"], self.numbers()), (5, True, (10, 0, 5, 0, 5)))
        units = ",".join(str(unit) for unit in booking["units"][:2])
        self.run_ctl("allot", "return", booking["booking_id"], "--units", units, key="H1")
        self.assertEqual(self.numbers(), (10, 0, 3, 0, 7))
        self.run_ctl("allot", "return", booking["booking_id"], key="H1")
        self.assertEqual(self.numbers(), (10, 0, 0, 0, 10))
        self.run_ctl("allot", WANG, "--count", "9", "--reference", "APP-2", key="H1", expect=REFUSED)

    def test_q7_a_place_without_a_referral_is_marked_moved_and_displaced(self):
        self.publish()
        self.publish(LI, 4, "14:00")
        first, second, third = (self.sell(reference="HIS-%d" % n) for n in range(3))
        moved = self.ask("move", first, LI, key="H1")["booking"]
        self.assertEqual((moved["pool"]["resource"], self.numbers("LI-PM")), ("LI-PM", (4, 0, 1, 0, 3)))
        self.assertEqual(self.ask("displace", second, "--reason", "not-available", "--person", "何主任", key="H1")["booking"]["state"],
                         "PLACE_DISPLACED")
        self.assertEqual(self.numbers(), (10, 1, 2, 0, 7))  # one is blocked, and another one offered at once (Q8)
        offer = next(b for b in self.ask("bookings", "--pool", WANG, key="H1")["bookings"] if b["state"] == "PLACE_HELD")
        self.assertEqual(offer["reference"], "HIS-1")
        told = self.run_ctl("listen", "--idle", "1", key="H1").stdout
        self.assertRegex(told, r"place-offered +%s  EXPERT NK WANG-AM 王主任 12-04 08:\d\d, to be confirmed before 12-01 11:00  #1 " %
                         offer["booking_id"])
        self.run_ctl("cancel-place", first, "--reason", "patient-declined", key="H1")
        self.broker.set_clock(START_MS + 72 * HOUR_MS)
        self.assertEqual(self.ask("mark", "used", third, "--at", "2026-12-04 08:20", key="H1")["booking"]["state"], "PLACE_USED")
        fourth = self.ask("bookings", "--booking", third, key="H1")["bookings"][0]
        self.assertEqual(fourth["reference"], "HIS-2")

    def test_q_a_timetable_is_published_day_by_day(self):
        example = fixture.SOURCE / "clients" / "ctl" / "examples" / "timetable.json"
        self.run_ctl("timetable", "put", example, key="H1")
        fixture.until(lambda: self.ask("timetables", key="H1")["timetables"][0].get("published_to", "") > "2026-12-14", "two weeks")
        pools = self.ask("places", "--date", "2026-12-01", "--to", "2026-12-14", key="H1")["pools"]
        weekdays = {time.strptime(p["pool"]["date"], "%Y-%m-%d").tm_wday for p in pools}
        timetable = json.loads(example.read_text())
        self.assertEqual(weekdays, {s["weekday"] - 1 for s in timetable["sessions"]})
        self.run_ctl("timetable", "delete", timetable["class"], timetable["department"], timetable["id"], key="H1")
        self.assertEqual(self.ask("timetables", key="H1").get("timetables", []), [])
        self.assertEqual(len(self.ask("places", "--date", "2026-12-01", "--to", "2026-12-14", key="H1")["pools"]), len(pools))
        self.run_ctl("timetable", "put", "/nonexistent", key="H1", expect=BAD_FILE)


class Glance(PlacesTest):
    def fill(self):
        """10 places, of which the reserve is 2: one of a family doctor's, three general, one blocked."""
        self.publish()
        self.sell(units=3)
        self.run_ctl("block", WANG, "--count", "1", "--reason", "teaching", "--person", "何主任", key="H1")
        self.run_ctl("hold", "H1/" + WANG, "--referral", self.refer(), "--channel", "family-doctor", key="T07")

    def test_q3_one_line_a_session_says_who_has_what_and_for_whom_the_rest_is(self):
        self.fill()
        self.publish(LI, 4, "14:00")
        self.assertEqual(self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout.splitlines(), [
            "2026-12-04 Fri  H1 县人民医院  EXPERT",
            "dept  session  time         doctor   cap             res fam gen blk free  for fam/gen",
            "NK    WANG-AM  08:00-10:30  王主任    10  FGGGR....x   2   1   3   1    5          5/4  held 1",
            "NK    LI-PM    14:00-15:00  王主任     4  R...         1   0   0   0    4          4/3",
            "EXPERT total: capacity 14, reserved 3, now kept 3 = 21.42 %; family 1, general 3, blocked 1, free 9",
            "",
            "F family doctors' patients   G general   R free, kept for family doctors   . free for everybody   x blocked",
            "a bar counts units; where they lie in the session it does not say"])

    def test_p4_the_same_in_chinese(self):
        self.fill()
        shown = self.run_ctl("places", "--date", "2026-12-04", "--lang", "zh", key="H1").stdout.splitlines()
        self.assertEqual(shown[0], "2026-12-04 周五  H1 县人民医院  专家号")
        self.assertIn("FGGGR....x    2    1    3    1    5         5/4  暂占 1", shown[2])
        self.assertEqual(shown[3], "专家号合计: 容量 10, 预留 2, 现保住 2 = 20.00 %; 家医 1, 一般 3, 停用 1, 空余 5")

    def test_q6_q10_what_is_not_as_it_should_be_is_marked(self):
        self.publish(WANG, 10, "08:00", 15, "--opens", "2026-12-02 07:00", "--general-opens", "2026-12-02 08:00")
        self.publish("EXPERT/NK/SOON/2026-12-02", 5, "08:00")
        self.publish("EXPERT/NK/GONE/2026-12-02", 5, "10:00")
        self.run_ctl("cancel-session", "EXPERT/NK/GONE/2026-12-02", "--reason", "staff-absent", "--person", "何主任", key="H1")
        for _ in range(4):
            self.sell("EXPERT/NK/SOON/2026-12-02")
        self.run_ctl("block", "EXPERT/NK/SOON/2026-12-02", "--count", "1", "--reason", "staff-absent", "--person", "何主任", key="H1")
        shown = self.run_ctl("places", "--date", "2026-12-02", "--to", "2026-12-04", key="H1").stdout
        self.assertRegex(shown, r"SOON .*GGGGx .* 0/0  DEFICIT 1  short notice\n")
        self.assertRegex(shown, r"GONE .* 0/0  cancelled")
        self.assertRegex(shown, r"WANG-AM .* 0/0  family from 12-02 07:00\s+general from 12-02 08:00\n")
        self.assertIn("EXPERT total: capacity 5, reserved 1, now kept 0 = 0.00 %; family 0, general 4, blocked 1, free 0, DEFICIT 1", shown)
        narrow = self.run_ctl("places", "--date", "2026-12-02", "--to", "2026-12-04", key="H1", env={**os.environ, "COLUMNS": "80"}).stdout
        self.assertLessEqual(max(map(columns_of, narrow.splitlines())), 80)
        self.assertRegex(narrow, r"WANG-AM +08:00-10:30 .* 0/0\n {6}family from 12-02 07:00  general from 12-02 08:00\n")
        self.advance(69 * HOUR_MS)  # 2026-12-04 06:00
        self.assertRegex(self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout, r"10  \.{10} .* 10/10  released\n")

    def test_q6_what_has_begun_is_nobodys_any_more(self):
        """In mid-session: what the doctor has sat through unbooked cannot be booked."""
        self.publish()
        self.sell(units=3)
        self.advance(71 * HOUR_MS + 14 * MINUTE_MS)  # 08:14: the first has begun
        shown = self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout
        self.assertRegex(shown, r" 10  GGG\.{6}- .* 7 +6/6  released\n")
        self.assertIn("   - free, but begun\nx blocked\n", shown)
        self.advance(MINUTE_MS)
        shown = self.run_ctl("places", "--date", "2026-12-04", "--lang", "zh", key="H1").stdout
        self.assertRegex(shown, r" 10  GGG\.{5}-- .* 7 +5/5  预留已释放\n")
        self.assertIn("- 空, 已到开始时间", shown)
        self.assertEqual(5, len(self.ask("search", "--from", "2026-12-04", "--class", "expert", key="H1")["places"][0]["first"]))

    def test_q13_what_was_kept_until_the_release_the_report_says(self):
        """The whole reserve was missing for days, until it was released: the day's total must not say that it is kept."""
        self.publish()
        self.run_ctl("block", WANG, "--count", "10", "--reason", "staff-absent", "--person", "何主任", key="H1")
        self.assertIn("reserved 2, now kept 0 = 0.00 %;", self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout)
        self.advance(48 * HOUR_MS)
        shown = self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout
        self.assertIn("EXPERT total: capacity 10, reserved 2; family 0, general 0, blocked 10, free 0\n", shown)
        self.assertRegex(self.run_ctl("report", "reserve", key="H1").stdout, r"EXPERT 2026-12-04 +1 +10 +2 +0 +0.00 %")

    def test_q13_no_name_looks_like_a_line_of_ours(self):
        """A hospital chooses names and codes, a team what it waits for, and they may hold a line feed."""
        self.publish("EXPERT/NK/LI\nGGGG/2026-12-04", 10, "08:00", 15, "--doctor", "李\nRRRR")
        self.run_ctl("contact", "put", "H1", "UP", "--name", "何\nRRRR", "--phone", "022-29000001", key="H1")
        shown = self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout
        referral = self.refer()
        shown += self.run_ctl("book", "place", "H1/EXPERT/NK/LI\nGGGG/2026-12-04", "--channel", "family-doctor", "--referral", referral, key="T07", expect=OK).stdout
        shown += self.run_ctl("why", referral, key="T07").stdout + self.run_ctl("trace", referral, key="T07").stdout
        shown += self.run_ctl("listen", "--count", "2", key="H1").stdout
        waiting = self.refer()
        self.run_ctl("waitlist", "join", waiting, "--class", "exam", "--department", "NK", "--resource", "CT\nGGGG", "--from", "2026-12-04",
                     "--to", "2026-12-04", "--channel", "family-doctor", key="T07")
        shown += self.run_ctl("why", waiting, key="H1").stdout
        for line in shown.splitlines():
            self.assertFalse(line.startswith(("GGGG", "RRRR")), shown)
        for name in ("LI GGGG", "李 RRRR", "何 RRRR", "NK CT GGGG 2026-12-04 to"):
            self.assertIn(name, shown)

    def test_q_the_bar_fits_the_terminal_and_has_colour_only_there(self):
        self.publish(WANG, 200, "08:00", 1)
        self.run_ctl("hold", "H1/" + WANG, "--referral", self.refer(), "--channel", "family-doctor", key="T07")
        self.assertNotIn("\033", self.run_ctl("places", "--date", "2026-12-04", key="H1").stdout)
        for columns in (80, 100, 160):
            terminal = self.terminal("places", "--date", "2026-12-04", key="H1", columns=columns)
            self.assertEqual(terminal.end(), OK)
            self.assertIn("\033[32mF\033[0m", terminal.shown)
            plain = re.sub(r"\033\[[\d;]*m", "", terminal.shown).splitlines()
            self.assertRegex("\n".join(plain), r"WANG-AM .*  200  FR+\.+ .*\s+held 1\n")
            self.assertLessEqual(max(map(columns_of, plain)), columns)
            self.assertRegex(plain[0], r"EXPERT  \(a sign is about \d+ units\)$")

    def test_p2_observers_and_operators_see_counts_of_a_hospital_they_name(self):
        self.fill()
        for key in ("OBS", "operator"):
            self.assertIn("FGGGR....x", self.run_ctl("places", "--hospital", "H1", "--date", "2026-12-04", key=key).stdout)
        self.assertEqual(self.pools(key="OBS", hospital="H1")["WANG-AM"].get("units"), None)
        self.assertIn("(no places)", self.run_ctl("places", "--date", "2026-12-04", key="H2").stdout)


class Searching(PlacesTest):
    def test_q3_q6_each_channel_sees_what_it_could_book_and_what_opens_later(self):
        self.publish(WANG, 10, "08:00", 15, "--general-opens", "2026-12-02 08:00")
        self.publish(LI, 2, "07:30")
        self.sell(LI)
        family = self.run_ctl("search", "--hospital", "H1", key="T07").stdout.splitlines()
        self.assertEqual(family[0], "channel: FAMILY_DOCTOR")
        self.assertRegex(family[2], r"^H1/EXPERT/NK/LI-PM/2026-12-04 +王主任 07:30-08:00 +1 07:30 *$")
        self.assertRegex(family[3], r"^H1/EXPERT/NK/WANG-AM/2026-12-04 +王主任 08:00-10:30 +10 08:00 08:15 08:30 08:45 \.\.\. *$")
        general = self.run_ctl("search", key="H1").stdout  # a hospital's own schedulers book for everybody else
        self.assertEqual(general, self.run_ctl("search", "--channel", "general", key="H1").stdout)
        self.assertTrue(general.startswith("channel: GENERAL\n"), general)
        early = self.run_ctl("book", "place", WANG, "--channel", "general", "--reference", "HIS-1", key="H1", expect=REFUSED).stderr
        self.assertRegex(early, r"NOT_OPEN_YET .*\n  try again in 23h\n")
        self.assertTrue(self.run_ctl("search", "--lang", "zh", key="H1").stdout.startswith("渠道: 一般\n"))
        for key in ("H1", "T07"):
            narrow = self.run_ctl("search", key=key, env={**os.environ, "COLUMNS": "80"}).stdout
            self.assertLessEqual(max(map(columns_of, narrow.splitlines())), 80)
        self.assertRegex(general, r"WANG-AM/2026-12-04 .* 0 +8 from 12-02 08:00")
        self.assertRegex(general, r"LI-PM/2026-12-04 .* 0 +1 from 12-03 07:30")
        self.assertEqual(self.ask("search", "--class", "exam", key="T07").get("places", []), [])
        self.assertIn("(nothing is free)", self.run_ctl("search", "--doctor", "李", key="T07").stdout)

    def test_q3_q6_what_the_opening_does_not_bring_the_release_does(self):
        """Of five units the one in the middle is kept: three in a row are free to all only when it is released."""
        self.publish(WANG, 5, "08:00", 15, "--general-opens", "2026-12-02 08:00")
        self.assertRegex(self.run_ctl("search", "--channel", "general", "--units", "3", key="H1").stdout, r" 0 +3 from 12-03 08:00")
        self.assertRegex(self.run_ctl("search", "--channel", "general", "--units", "2", key="H1").stdout, r" 0 +2 from 12-02 08:00")


class Views(PlacesTest):
    def test_p4_who_must_be_said_is_said_nicely(self):
        self.assertIn("say whose: a REFERRAL, --booking,", self.run_ctl("bookings", key="H1", expect=USAGE).stderr)
        self.assertIn("say whose: a REFERRAL, --entry,", self.run_ctl("waitlist", key="H1", expect=USAGE).stderr)
        self.assertIn("such as --month 2026-11", self.run_ctl("report", "service", key="H1", expect=USAGE).stderr)

    def test_q_a_device_without_a_doctor_is_named_once(self):
        self.run_ctl("publish", "EXAM/NK/MRI-1/2026-12-04", "--count", "4", "--start", "08:00", "--minutes", "10", key="H1")
        referral = self.refer(kind="EXAMINATION")
        self.assertRegex(self.run_ctl("book", referral, "--first", "--yes", key="T07").stdout, r"session +EXAM NK MRI-1\n")
        self.assertIn("EXAM NK MRI-1 12-04 08:00: booked", self.run_ctl("why", referral, key="T07").stdout)

    def test_q7_what_a_referral_holds_and_has_booked_stands_in_its_views(self):
        self.publish()
        referral = self.refer()
        booking = self.ask("hold", "H1/" + WANG, "--referral", referral, "--channel", "family-doctor", key="T07")["booking"]["booking_id"]
        self.assertIn("EXPERT NK WANG-AM 王主任 12-04 08:00: held until 12-01 09:10 (%s)" % booking, self.run_ctl("why", referral).stdout)
        self.assertIn("PLACE_HELD", self.run_ctl("show", referral, key="T07").stdout)
        self.assertRegex(self.run_ctl("confirm", booking, "--person", "王医生", key="T07").stdout, r"\nunits +no\. 1\n")
        for key in ("T07", "H1", "operator"):
            self.assertIn("12-04 08:00: booked (%s)" % booking, self.run_ctl("why", referral, key=key).stdout)
        self.assertIn("专家号 NK WANG-AM 王主任 12-04 08:00: 已预约", self.run_ctl("why", referral, "--lang", "zh").stdout)
        trace = self.run_ctl("trace", referral, key="T07").stdout
        self.assertIn("place-held", trace)
        self.assertRegex(trace, r"bookings:\n.*\n%s +PLACE_BOOKED FAMILY_DOCTOR H1/EXPERT/NK/WANG-AM/2026-12-04" % booking)
        self.assertEqual([b["booking_id"] for b in self.ask("show", referral, key="T07")["bookings"]], [booking])
        self.run_ctl("cancel-booking", referral, "--reason", "patient-declined", key="T07")
        self.assertNotIn("WANG-AM", self.run_ctl("why", referral).stdout)

    def test_q8_who_waits_sees_how_many_are_before_it_and_until_when_an_offer_stands(self):
        self.publish(LI, 1, "14:00")
        taken = self.refer()
        self.run_ctl("book", taken, "--first", "--yes", key="T07")
        waiting = [self.refer() for _ in range(2)]
        for referral in waiting:
            self.run_ctl("waitlist", "join", referral, "--class", "expert", "--department", "NK", "--from", "2026-12-04", "--to",
                         "2026-12-10", "--channel", "family-doctor", key="T07")
        entry = self.ask("waitlist", waiting[1], key="T07")["entries"][0]
        self.assertEqual(entry["ahead"], 1)
        self.assertIn("EXPERT NK 2026-12-04 to 2026-12-10: number 2 of the wait-list (%s)" % entry["entry_id"],
                      self.run_ctl("why", waiting[1], key="T07").stdout)
        self.assertIn("wait-list:", self.run_ctl("show", waiting[1], key="T07").stdout)
        self.assertEqual([e["referral_id"] for e in self.ask("waitlist", "--class", "expert", "--department", "NK", key="H1")["entries"]],
                         waiting)
        self.run_ctl("cancel-booking", taken, "--reason", "patient-declined", key="T07")
        self.assertRegex(self.run_ctl("why", waiting[0], key="T07").stdout,
                         r"EXPERT NK LI-PM 王主任 12-04 14:00: offered from the wait-list, to be confirmed before 12-01 11:00")
        self.run_ctl("waitlist", "leave", entry["entry_id"], key="T07")
        self.assertEqual(self.ask("waitlist", waiting[1], key="T07").get("entries", []), [])
        offer = self.bookings(waiting[0])[0]["booking_id"]
        self.assertEqual(self.ask("confirm", offer, key="T07")["state"], "BOOKED")

    def test_q8_who_waits_for_one_doctor_is_told_which(self):
        self.publish(LI, 1, "14:00", 30)
        self.run_ctl("book", self.refer(), "--first", "--yes", key="T07")
        referral = self.refer()
        self.run_ctl("waitlist", "join", referral, "--class", "expert", "--department", "NK", "--resource", "LI-PM", "--from", "2026-12-04",
                     "--to", "2026-12-04", "--channel", "family-doctor", key="T07")
        self.assertIn("EXPERT NK LI-PM 2026-12-04 to 2026-12-04: number 1 of the wait-list", self.run_ctl("why", referral, key="T07").stdout)

    def test_q7_what_a_notice_of_an_arrival_or_a_no_show_does_not_mean_is_said(self):
        self.publish()
        early, silent = self.refer(), self.refer()
        for referral in (early, silent):
            self.run_ctl("book", referral, "--first", "--yes", key="T07")
        self.run_ctl("arrive", early, "--at", "2026-12-01 09:00", key="H1")
        self.assertRegex(self.run_ctl("listen", "--count", "1", key="T07").stdout,
                         r" arrive +\S+  T07 -> H1  EXPERT NK WANG-AM 王主任 12-04 08:\d\d, came before its day: the place is free again  #1")
        self.advance(96 * HOUR_MS)
        self.assertRegex(self.run_ctl("--lang", "zh", "listen", "--count", "2", "--idle", "5", key="T07").stdout,
                         r" T07 -> H1  专家号 NK WANG-AM 王主任 12-04 08:\d\d, 未收到到诊消息, 按爽约处理  #1")

    def test_q8_a_hospitals_own_patients_wait_by_its_own_number(self):
        self.publish(LI, 1, "14:00", 30, "--general-opens", "2026-12-02 08:00")
        self.run_ctl("waitlist", "join", "--class", "expert", "--department", "NK", "--from", "2026-12-04", "--to", "2026-12-04",
                     "--channel", "general", "--reference", "HIS-9", key="H1")
        listed = self.run_ctl("waitlist", "--class", "expert", "--department", "NK", key="H1").stdout
        self.assertRegex(listed, r"bd-\S+ +0 GENERAL EXPERT NK +2026-12-04 2026-12-04 +1 .* HIS-9")
        self.advance(54 * HOUR_MS)  # 2026-12-03 15:00: the reserve is released
        offer = self.ask("bookings", "--pool", LI, key="H1")["bookings"][0]
        self.assertEqual((offer["state"], offer["reference"]), ("PLACE_HELD", "HIS-9"))
        self.assertEqual(self.ask("confirm", offer["booking_id"], key="H1")["booking"]["state"], "PLACE_BOOKED")

    def test_p2_places_of_others_are_nobodys_business(self):
        self.publish()
        referral = self.refer()
        self.run_ctl("book", referral, "--first", "--yes", key="T07")
        booking = self.bookings(referral)[0]["booking_id"]
        for verb in (("bookings", referral), ("bookings", "--booking", booking), ("waitlist", referral), ("confirm", booking),
                     ("cancel-place", booking, "--reason", "patient-declined")):
            self.run_ctl(*verb, key="T08", expect=REFUSED)


class Scripted(PlacesTest):
    """`book` without questions."""

    def test_q5_the_first_free_place_is_booked_at_once(self):
        self.publish(LI, 1, "14:00")
        self.publish(WANG, 5)
        referral = self.refer()
        shown = self.run_ctl("book", referral, "--first", "--yes", "--person", "王医生", key="T07").stdout
        for line in (r"booked +bd-", r"referral +%s T07-2026-000001" % referral, r"team +TEAM1", r"when +2026-12-04 Fri 08:00-08:15",
                     r"where +H1 县人民医院, NK 内科", r"session +EXPERT NK WANG-AM 王主任", r"contact +联系人H1 022-29000001"):
            self.assertRegex(shown, line)
        self.assertEqual(self.states(referral), ["PLACE_BOOKED"])
        again = self.run_ctl("book", referral, "--first", "--yes", key="T07", expect=REFUSED)
        self.assertIn("has, or waits for, a place of this class", again.stderr)
        self.assertIn("booked", again.stdout)
        answer = self.ask("book", self.refer(), "--first", "--yes", key="T07")
        self.assertEqual((answer["booking"]["state"], answer["receiver_contact"]["name"]), ("PLACE_BOOKED", "联系人H1"))

    def test_q5_options_narrow_the_search(self):
        self.publish()
        self.publish(LI, 4, "14:00")
        for arguments, resource in ((("--resource", "LI-PM"), "LI-PM"), (("--units", "3"), "WANG-AM"), (("--from", "2026-12-04"), "WANG-AM")):
            booking = self.ask("book", self.refer(), "--first", "--yes", *arguments, key="T07")["booking"]
            self.assertEqual(booking["pool"]["resource"], resource)
        self.assertEqual(len(booking["units"]), 1)
        referral = self.refer()
        nothing = self.ask("book", referral, "--first", "--yes", "--from", "2026-12-05", key="T07", expect=REFUSED)
        self.assertEqual({"referral_id": referral}, nothing)  # programs are told, too
        self.assertIn("--class", self.run_ctl("book", self.refer(kind="REHABILITATION"), "--first", "--yes", key="T07", expect=USAGE).stderr)
        self.run_ctl("book", "bd-1-999-0", "--first", "--yes", key="T07", expect=REFUSED)
        self.run_ctl("book", self.refer(), "--minutes", "31", key="T07", expect=USAGE)

    def test_q5_a_refusal_that_no_other_place_cures_is_told(self):
        self.publish()
        without_team = self.send({k: v for k, v in sheets.UP.items() if k != "team_id"})["referral_id"]
        refused = self.run_ctl("book", without_team, "--first", "--yes", key="T07", expect=REFUSED)
        self.assertIn("TEAM_NEEDED (Q5)", refused.stderr)
        answer = json.loads(self.run_ctl("--json", "book", without_team, "--first", "--yes", key="T07", expect=REFUSED).stdout)
        self.assertEqual([r["code"] for r in answer["refusals"]], ["TEAM_NEEDED"])
        self.assertEqual(self.ask("book", without_team, "--channel", "general", "--first", "--yes", key="T07")["booking"]["channel"],
                         "GENERAL")

    def test_q8_where_nothing_is_free_it_waits_if_told_to(self):
        self.publish(LI, 1, "14:00")
        first, second = self.refer(), self.refer()
        self.run_ctl("book", first, "--first", "--yes", key="T07")
        self.assertIn("nothing is free", self.run_ctl("book", second, "--first", "--yes", key="T07", expect=REFUSED).stderr)
        self.assertIn("in the wait-list as bd-", self.run_ctl("book", second, "--first", "--yes", "--waitlist", key="T07").stdout)
        entry = self.ask("waitlist", second, key="T07")["entries"][0]
        self.assertEqual((entry["first_date"], entry["last_date"], entry["channel"]), ("2026-12-01", "2026-12-15", "FAMILY_DOCTOR"))
        self.run_ctl("book", second, "--first", "--yes", key="T07", expect=REFUSED)
        self.run_ctl("cancel-booking", first, "--reason", "patient-declined", key="T07")
        self.assertEqual(self.ask("book", second, "--first", "--yes", key="T07")["booking"]["state"], "PLACE_BOOKED")

    def test_q7_answers_may_come_from_a_pipe_and_its_end_gives_the_hold_back(self):
        self.publish()
        referral = self.refer()
        self.run_ctl("book", referral, key="T07", input="1 08:30\n", expect=REFUSED)
        self.assertEqual((self.states(referral), self.numbers()), (["PLACE_CANCELLED"], (10, 0, 0, 0, 10)))
        self.run_ctl("book", referral, "--minutes", "30", key="T07", input="9\nm\n1 08:01\n1 08:30\nc\n")
        booking = self.bookings(referral)[-1]
        self.assertEqual((booking["state"], booking["units"]), ("PLACE_BOOKED", [3]))


class Wizard(PlacesTest):
    """`book` as a person uses it, on a terminal."""

    def test_q7_search_choose_hold_confirm(self):
        self.publish()
        self.publish(LI, 4, "14:00")
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"1 2026-12-04 Fri 08:00-10:30 NK WANG-AM")
        terminal.expect(r"2 2026-12-04 Fri 14:00-15:00 NK LI-PM")
        terminal.expect(r"which\? 1-2")
        terminal.type("2\n")
        terminal.expect(r"12-04 14:00 NK LI-PM 王主任, " + HOLD_LEFT + r"  \[c\]onfirm, \[a\]nother, \[g\]ive up: ")
        self.assertFalse(terminal.is_echoing())
        self.assertEqual(self.states(referral), ["PLACE_HELD"])
        begun = terminal.seen
        terminal.expect(r"\r(\033\[\?7l)?12-04 14:00 .*9:\d\d left")
        self.assertNotIn("\n", terminal.shown[begun:terminal.seen])  # one line, rewritten
        terminal.type("x")  # no key of the line
        terminal.type("c")
        terminal.expect(r"booked +bd-")
        self.assertEqual(terminal.end(), OK)
        self.assertEqual(self.states(referral), ["PLACE_BOOKED"])
        self.assertEqual(self.ask("show", referral, key="T07")["summary"]["state"], "BOOKED")

    def test_p4_keys_are_digits_too_for_whoever_types_chinese(self):
        self.publish()
        referral = self.refer()
        terminal = self.terminal("book", referral, lang="zh")
        terminal.expect(r"选择 1-1")
        terminal.type("\n")
        terminal.expect(r"还剩 (10:00|9:\d\d)  \[1\]确认 \[2\]另选 \[3\]放弃")
        terminal.type("1")
        terminal.expect(r"已预约 +bd-")
        self.assertEqual(terminal.end(), OK)

    def test_q7_another_one_and_giving_up_leave_nothing_held(self):
        self.publish()
        self.publish(LI, 4, "14:00")
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1\n")
        terminal.expect(HOLD_LEFT)
        terminal.type("a")
        terminal.expect(r"given back")
        terminal.expect(r"which\?")
        self.assertEqual(self.numbers(), (10, 0, 0, 0, 10))
        terminal.type("2\n")
        terminal.expect("LI-PM 王主任, " + HOLD_LEFT)
        terminal.type("g")
        terminal.expect(r"given back")
        self.assertEqual(terminal.end(), REFUSED)
        self.assertEqual(self.states(referral), ["PLACE_CANCELLED", "PLACE_CANCELLED"])

    def test_q7_ctrl_c_gives_the_hold_back_and_the_terminal_too(self):
        self.publish()
        referral = self.refer()
        for held in (False, True):
            terminal = self.terminal("book", referral)
            terminal.expect(r"which\?")
            if held:
                terminal.type("1\n")
                terminal.expect(HOLD_LEFT)
            terminal.type("\x03")
            if held:
                terminal.expect(r"given back")
            self.assertEqual(terminal.end(), REFUSED)
        self.assertEqual((self.states(referral), self.numbers()), (["PLACE_CANCELLED"], (10, 0, 0, 0, 10)))

    def test_q7_a_terminal_that_is_closed_gives_the_hold_back(self):
        self.publish()
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1\n")
        terminal.expect(HOLD_LEFT)
        terminal.hang_up()
        self.assertEqual(self.states(referral), ["PLACE_CANCELLED"])

    def test_d2_a_hold_outlives_a_killed_broker(self):
        self.publish()
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1\n")
        terminal.expect(HOLD_LEFT)
        self.broker.kill()
        terminal.expect(r"9:5\d left")
        self.broker.start()
        terminal.type("c")
        terminal.expect(r"booked +bd-")
        self.assertEqual(terminal.end(), OK)
        self.assertEqual(self.states(referral), ["PLACE_BOOKED"])

    def test_q7_a_hold_that_expires_is_told_and_may_be_taken_again(self):
        self.publish()
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1 08:45\n")
        terminal.expect(HOLD_LEFT)
        self.advance(10 * MINUTE_MS)  # C1: in that instant it has expired
        terminal.expect(r"the hold has expired")
        terminal.expect(r"\[t\]ake it again")
        self.assertEqual((self.states(referral), self.numbers()), (["PLACE_LAPSED"], (10, 0, 0, 0, 10)))
        terminal.type("t")
        terminal.expect("12-04 08:45 NK WANG-AM 王主任, " + HOLD_LEFT)
        terminal.type("c")
        self.assertEqual(terminal.end(), OK)
        self.assertEqual(self.bookings(referral)[-1]["units"], [4])

    def test_q7_what_somebody_took_meanwhile_leads_back_to_the_list(self):
        self.publish(WANG, 2)
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1 08:00\n")
        terminal.expect(HOLD_LEFT)
        self.advance(10 * MINUTE_MS)
        terminal.expect(r"\[t\]ake it again")
        self.sell()  # takes 08:00 or 08:15, whichever is not kept
        other = self.refer()
        self.run_ctl("book", other, "--first", "--yes", key="T07")
        terminal.type("t")
        terminal.expect(r"refused: (UNIT_TAKEN|NO_FREE)")
        terminal.expect(r"nothing is free")
        terminal.expect(r"join the \[w\]ait-list, \[s\]earch again, \[g\]ive up")
        terminal.type("w")
        terminal.expect(r"in the wait-list as bd-")
        self.assertEqual(terminal.end(), OK)
        self.assertEqual(self.ask("show", referral, key="T07")["summary"]["state"], "WAITLISTED")

    def test_q10_a_session_cancelled_while_it_is_held_is_told(self):
        self.publish()
        self.publish(LI, 4, "14:00")
        referral = self.refer()
        terminal = self.terminal("book", referral)
        terminal.expect(r"which\?")
        terminal.type("1\n")
        terminal.expect(HOLD_LEFT)
        self.run_ctl("cancel-session", WANG, "--reason", "staff-absent", "--person", "何主任", key="H1")
        terminal.expect(r"the place was taken back")
        terminal.expect(r"12-04 14:00 NK LI-PM 王主任, " + OFFER_LEFT)  # the patient waits first, and is offered the next one (Q10)
        terminal.type("c")
        terminal.expect(r"booked +bd-")
        self.assertEqual(terminal.end(), OK)
        self.assertEqual(self.states(referral), ["PLACE_DISPLACED", "PLACE_BOOKED"])

    def test_q8_an_offer_is_confirmed_declined_or_left(self):
        self.publish(LI, 1, "14:00")
        first, second = self.refer(), self.refer()
        self.run_ctl("book", first, "--first", "--yes", key="T07")
        self.run_ctl("book", second, "--first", "--yes", "--waitlist", key="T07")
        self.run_ctl("cancel-booking", first, "--reason", "patient-declined", key="T07")
        for key in ("l", "\x03"):  # what was there before is left as it is
            terminal = self.terminal("book", second)
            terminal.expect(r"a place is held for this referral already")
            terminal.expect(OFFER_LEFT + r"  \[c\]onfirm, \[d\]ecline, \[l\]ater")
            terminal.type(key)
            self.assertEqual(terminal.end(), REFUSED)
            self.assertEqual(self.states(second), ["PLACE_HELD"])
        terminal = self.terminal("book", second)
        terminal.expect(r"\[d\]ecline")
        terminal.type("d")
        self.assertEqual(terminal.end(), REFUSED)
        self.assertEqual(self.states(second), ["PLACE_CANCELLED"])
        self.assertEqual(len(self.ask("waitlist", second, key="T07")["entries"]), 1)  # it keeps its rank


if __name__ == "__main__":
    fixture.main()
