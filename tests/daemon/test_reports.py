#!/usr/bin/python3
"""test_reports.py - what a health commission can know without trusting anybody: ledgers given out and read again, the report of the reserve and the
service report by their numbers, saved reports that are checked, and an independent reader that comes to the same (Q13)."""
import copy
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys

import fixture
import sheets
from ctl import BAD_FILE, CHECK_FAILED, REFUSED, USAGE, CtlTest
from foreign_client import place_pb2, wire_pb2
from party import PartyTest
from terminal import columns_of

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_795_221_000_000  # 2026-11-21 08:30 in China, a Saturday
TUESDAY = "2026-11-24"
WANG = {"hospital": "H1", "class": "EXPERT", "department": "NK", "resource": "WANG-AM", "date": TUESDAY}
LI = dict(WANG, resource="LI-AM")
CT = dict(WANG, **{"class": "EXAM", "resource": "CT-1"})
MR = dict(CT, resource="MR-1")
PERSON = {"name": "何主任", "phone": "022-29000003"}
READER = fixture.SOURCE / "clients" / "demo" / "commission.py"


def at(hour, minute=0, day=24):
    """Local time of that day of November 2026."""
    return START_MS - 8 * HOUR_MS - 30 * MINUTE_MS + (day - 21) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS


class Commission(PartyTest, CtlTest):
    """A morning at H1, once for all tests; each looks at it."""
    broker_options = {"test_time_ms": START_MS}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patients = 0
        one = cls("pass_a_morning")
        one.setUp()
        try:
            one.pass_a_morning()
        finally:
            one.tearDown()

    # -- the morning --
    def publish(self, pool, count, **more):
        self.accepted(self.h1.command("PUT_POOL", dict(pool=pool, units=[{"count": count, "start_ms": at(8), "minutes": 10}], **more)))

    def sell(self, pool, reference, **more):
        return self.h1.command("BOOK_PLACE", dict(pool=pool, channel="GENERAL", reference=reference, **more))

    def refer(self, **changes):
        """A referral of a patient of its own by T07's team."""
        type(self).patients += 1
        n = self.patients
        return self.accepted(self.t07.submit(sheets.made("up", {
            "team_id": "TEAM1", "sender_reference": "秘密编号%d" % n, "patient.name": "秘密患者%d" % n,
            "patient.id_value": sheets.resident_id("12022419600512%03d" % (100 + 2 * n + 1)), **changes}))).referral_id

    def take(self, kind, pool, referral, **more):
        return self.t07.command(kind, dict(pool=pool, channel="FAMILY_DOCTOR", referral_id=referral, **more))

    def pass_a_morning(self):
        self.h1, self.t07 = self.party("H1"), self.party("T07")
        self.publish(WANG, 10)
        self.publish(LI, 5)
        for i in range(8):
            self.accepted(self.sell(WANG, "秘密病历号%d" % i))
        self.refused(self.sell(WANG, "秘密病历号"), "RESERVED")  # two of ten are kept
        self.refused(self.sell(WANG, "秘密病历号"), "RESERVED")
        self.accepted(self.take("BOOK_PLACE", WANG, self.refer()))
        held = self.accepted(self.take("HOLD_PLACE", WANG, self.refer()))
        self.accepted(self.t07.command("CONFIRM_PLACE", {"booking_id": held.booking.booking_id}))
        self.accepted(self.h1.command("BLOCK_UNITS", {"pool": LI, "count": 5, "reason": "STAFF_ABSENT", "person": PERSON}))
        self.broker.set_clock(START_MS + 25 * MINUTE_MS)
        self.refused(self.sell(LI, "秘密病历号"), "NO_FREE")
        self.accepted(self.h1.command("UNBLOCK_UNITS", {"pool": LI, "count": 5, "person": PERSON}))
        taken = self.accepted(self.take("BOOK_PLACE", LI, self.refer())).booking.booking_id
        self.accepted(self.h1.command("CANCEL_PLACE", {"booking_id": taken, "reason": "NOT_AVAILABLE", "person": PERSON}))
        self.publish(CT, 2)
        self.publish(MR, 2)
        self.accepted(self.h1.command("PUT_GROUP", {"hospital": "H1", "class": "EXAM", "department": "NK", "date": TUESDAY}))
        self.accepted(self.sell(CT, "秘密病历号"))
        self.broker.set_clock(at(8, 0, day=23))  # a day before: released
        fixture.until(lambda: self.counted("RELEASED") == 4, "all reserves to be released")

    # -- looking --
    def pages(self, *arguments, key="OBS"):
        return [json.loads(line) for line in self.run_ctl("ledger", "H1", "-o", "json", *arguments, key=key).stdout.splitlines()]

    def counted(self, event):
        return sum(row["event"] == "LEDGER_" + event for page in self.pages() for row in page["rows"])

    def offline(self, *arguments, expect=0):
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        result = self.broker.ctl_offline("--lang", "en", *arguments, *where, check=False)
        self.assertEqual(result.returncode, expect, "%s\n%s%s" % (arguments, result.stdout, result.stderr))
        return result

    def save(self, name, text):
        path = self.broker.folder / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    def report(self, *arguments, key="OBS"):
        return json.loads(self.run_ctl("report", "reserve", "H1", "-o", "json", *arguments, key=key).stdout)

    def read_independently(self, *files, expect=0):
        result = subprocess.run([sys.executable, "-I", READER, *files], capture_output=True, text=True, timeout=fixture.PATIENCE_S)
        self.assertEqual(result.returncode, expect, result.stdout + result.stderr)
        return result.stdout


class Ledger(Commission):
    def test_q13_whoever_has_no_ledger_names_the_hospital(self):
        """An empty report of the commission itself would read like a good one."""
        for verb in (("report", "reserve"), ("report", "service", "--month", "2026-11"), ("ledger",), ("replay",)):
            self.assertIn("name the hospital: OBS is none", self.run_ctl(*verb, key="OBS", expect=USAGE).stderr)

    def test_q13_the_independent_reader_claims_nothing_of_an_empty_ledger(self):
        self.assertNotIn("no general booking", self.read_independently(self.save("empty.txt", "")))

    def test_q13_a_ledger_is_given_out_in_pages_that_chain(self):
        digest, rows = bytes(32), 0
        for page in self.pages():
            data = bytes.fromhex(page["page"])
            read = place_pb2.LedgerPage.FromString(data)
            self.assertEqual((read.hospital, read.first_row, read.previous), ("H1", rows + 1, digest))
            self.assertEqual([r.event for r in read.rows], [place_pb2.LedgerEvent.Value(r["event"]) for r in page["rows"]])
            digest, rows = hashlib.blake2b(data, digest_size=32).digest(), rows + len(read.rows)
            self.assertEqual(page["digest"], digest.hex())
        told = self.run_ctl("ledger", "H1", "-o", "hex", key="OBS")
        self.assertIn("H1: %d rows, digest %s" % (rows, digest.hex()), told.stderr)
        self.assertEqual(told.stdout.split(), [page["page"] for page in self.pages()])

    def test_q13_a_long_ledger_comes_in_several_answers(self):
        self.h1, observer = self.party("H1"), self.party("OBS")
        for i in range(300):
            self.refused(self.sell(LI, "秘密病历号", first_unit=77), "UNKNOWN_UNIT")  # a row each
        pages, row, answers = [], 1, 0
        while row:
            answer = observer.query("LIST_LEDGER", hospital="H1", from_row=row)
            pages += answer.pages
            row, answers = answer.next_row, answers + 1
        self.assertGreater(answers, 1)
        self.assertEqual([page.hex() for page in pages], [page["page"] for page in self.pages()])
        self.assertEqual((answer.rows, answer.digest), (self.pages()[-1]["first_row"], hashlib.blake2b(pages[-1], digest_size=32).digest()))
        group = next(page for page in self.pages() if page["rows"][0]["event"] == "LEDGER_GROUPED")
        within = observer.query("LIST_LEDGER", hospital="H1", from_row=group["first_row"] + 1)
        self.assertEqual(within.pages[0].hex(), group["page"])  # the page that holds the row
        beyond = observer.query("LIST_LEDGER", hospital="H1", from_row=answer.rows + 1)
        self.assertEqual((len(beyond.pages), beyond.next_row, beyond.digest), (0, 0, answer.digest))
        self.offline("replay")

    def test_q13_the_store_gives_out_the_same_ledger(self):
        self.assertEqual(self.offline("ledger", "H1", "-o", "json").stdout, self.run_ctl("ledger", "H1", "-o", "json").stdout)
        self.assertEqual(self.offline("ledger", "-o", "hex").stdout, self.run_ctl("ledger", "-o", "hex", key="H1").stdout)

    def test_q13_people_read_it_too(self):
        table = self.run_ctl("ledger", "H1", key="OBS").stdout
        self.assertIn("LEDGER_RELEASED", table)
        self.assertIn("释放预留", self.run_ctl("ledger", "H1", "--lang", "zh", key="OBS").stdout)
        rows = list(csv.reader(io.StringIO(self.run_ctl("ledger", "H1", "-o", "csv", key="OBS").stdout)))
        self.assertEqual(len(rows) - 1, sum(len(page["rows"]) for page in self.pages()))

    def test_p2_it_is_for_the_hospital_operators_and_observers(self):
        for key in ("H1", "OBS", "operator"):
            self.run_ctl("ledger", "H1", key=key)
        for key in ("H2", "T07"):
            self.assertRegex(self.run_ctl("ledger", "H1", key=key, expect=REFUSED).stderr, "NOT_FOUND|NOT_ALLOWED")
        self.run_ctl("ledger", "NOBODY", key="OBS", expect=REFUSED)
        self.offline("ledger", "NOBODY", expect=BAD_FILE)
        self.run_ctl("ledger", "H1", "-o", "pdf", expect=USAGE)

    def test_p1_nobodys_data_is_in_a_ledger_or_report(self):
        whole = "".join(self.run_ctl(*words, "-o", form, key="OBS").stdout
                        for words in (("ledger", "H1"), ("report", "reserve", "H1"), ("report", "service", "H1", "--month", "2026-11"))
                        for form in ("table", "json", "csv"))
        raw = b"".join(bytes.fromhex(page["page"]) for page in self.pages()).decode("utf-8", "replace")
        for secret in ("秘密", sheets.UP["patient"]["phone"], "120224", "测试路", "TEAM1", "王医生"):
            self.assertNotIn(secret, whole + raw)

    def test_q13_replay_rebuilds_every_pool(self):
        found = json.loads(self.run_ctl("--json", "replay", "H1", key="OBS").stdout)
        self.assertEqual((found[0]["hospital"], found[0]["pools"], found[0]["fault"]), ("H1", 4, ""))
        self.assertIn("the pools of the store are what they say", self.offline("replay").stdout)
        offline = json.loads(self.offline("--json", "replay", "--all").stdout)
        self.assertEqual(offline, found)
        self.assertEqual({one["hospital"]: one["rows"] for one in json.loads(self.run_ctl("--json", "replay", "--all", key="OBS").stdout)
                          if one["rows"]}, {"H1": found[0]["rows"]})


    def test_q13_nothing_is_made_of_a_ledger_that_breaks_off(self):
        """Its last page is gone: what is left of it would read like a whole one."""
        copy = self.broker.folder / "cut"
        shutil.copytree(self.broker.store, copy)
        subprocess.run([fixture.BUILD / "tests" / "daemon" / "break_chain", copy, "ledger"], check=True)
        for verb in ("ledger", "replay", "report reserve"):
            result = self.broker.ctl_offline("--lang", "en", *verb.split(), "H1", "--store", copy,
                                             "--host-key", self.broker.keys / "host.key", check=False)
            self.assertEqual(result.returncode, CHECK_FAILED, verb)
            self.assertIn("the ledger of H1 breaks off after row", result.stderr)


class Reserve(Commission):
    EXPERT = {"class": "EXPERT", "sessions": 2, "short_notice": 0, "capacity": 15, "required": 3, "kept": 2, "kept_bp": 1333, "family": 2,
              "general": 8, "emergency": 0, "released_unused": 1, "refused_by_reserve": 2, "blocked": 1, "blocked_into_reserve": 1,
              "family_cancelled": 1, "outside": 0}
    EXAM = {"class": "EXAM", "sessions": 2, "short_notice": 0, "capacity": 4, "required": 1, "kept": 1, "kept_bp": 2500, "family": 0,
            "general": 1, "emergency": 0, "released_unused": 1, "refused_by_reserve": 0, "blocked": 0, "blocked_into_reserve": 0,
            "family_cancelled": 0, "outside": 0}

    def test_q13_the_report_says_whether_the_reserve_was_kept(self):
        report = self.report()
        self.assertEqual(report["lines"], [dict(self.EXPERT, date=TUESDAY), dict(self.EXAM, date=TUESDAY)])
        self.assertEqual(report["totals"], [self.EXPERT, self.EXAM])
        self.assertEqual(report["gaps"], [{"class": "EXPERT", "date": TUESDAY, "department": "NK", "resource": "LI-AM", "shortfall": 1,
                                           "minutes": 25, "cause": "LEDGER_BLOCKED", "reason": "STAFF_ABSENT"}])
        last = self.pages()[-1]
        self.assertEqual(report["ledger"], {"first_row": 1, "last_row": last["first_row"] + len(last["rows"]) - 1, "index": last["index"],
                                            "at_ms": last["at_ms"], "digest": last["digest"]})
        self.assertTrue(report["test_time"])

    def test_q13_by_month_and_between_dates(self):
        month = self.report("--by", "month")
        self.assertEqual([line["date"] for line in month["lines"]], ["2026-11", "2026-11"])
        self.assertEqual(month["totals"], self.report()["totals"])
        self.assertEqual(self.report("--from", TUESDAY, "--to", TUESDAY)["lines"], self.report()["lines"])
        self.assertEqual(self.report("--from", "2026-11-25")["lines"], [])
        self.assertEqual(self.report("--to", "2026-11-23")["totals"], [])
        for words in (("--by", "week"), ("--from", "2026-02-30"), ("--to", "tomorrow"), ("--from", "2026-12-01", "--to", "2026-11-01")):
            self.run_ctl("report", "reserve", "H1", *words, expect=USAGE)

    def test_p4_people_read_it_in_both_languages(self):
        for language in ("zh", "en"):
            table = self.run_ctl("report", "reserve", "H1", "--lang", language, key="OBS").stdout
            for text in ("应预留", "required", "13.33 %", "25.00 %", "合计 total", "测试时间 test time", "digest", self.report()["ledger"]["digest"]):
                self.assertIn(text, table)
            self.assertLessEqual(max(map(columns_of, table.splitlines())), 100)
            self.assertRegex(table, r"另计 beside:\n(.*\n){2}\S+ +%s +0 +1 +1 +0 +1 +0\n" % TUESDAY)
        self.assertIn("专家号", table if language == "zh" else self.run_ctl("report", "reserve", "H1", "--lang", "zh", key="OBS").stdout)

    def test_q13_programs_read_it_as_csv(self):
        text = self.run_ctl("report", "reserve", "H1", "-o", "csv", key="OBS").stdout
        lines, gaps, source = (list(csv.reader(io.StringIO(part))) for part in re.split(r"\n\r?\n", text))
        self.assertEqual([one[1] for one in lines[1:]], [TUESDAY, TUESDAY, "total", "total"])
        heading = [one.split()[-1] for one in lines[0]]
        self.assertEqual(lines[1][heading.index("required")], "3")
        self.assertIn("13.33", lines[1])
        self.assertEqual(gaps[1][4:6], ["1", "25"])
        self.assertIn(self.report()["ledger"]["digest"], source[1])
        self.assertIn("test", source[1])

    def test_q13_the_store_makes_the_same_report(self):
        self.assertEqual(json.loads(self.offline("report", "reserve", "H1", "-o", "json").stdout), self.report())
        self.assertEqual(self.offline("report", "reserve").stdout, self.run_ctl("report", "reserve", key="H1").stdout)

    def test_q13_a_report_is_confirmed_and_stays_so(self):
        report = self.save("report.json", self.report("--by", "month"))
        self.assertIn("as the ledger has it", self.offline("verify", "--report", report).stdout)
        self.run_ctl("verify", "--report", report, key="OBS")
        self.h1 = self.party("H1")
        self.accepted(self.sell(LI, "秘密病历号"))
        self.accepted(self.h1.command("CANCEL_PLACE", {"booking_id": self.h1.query("LIST_BOOKINGS", pool=LI).bookings[-1].booking_id,
                                                       "reason": "PATIENT_DECLINED", "person": PERSON}))
        self.offline("verify", "--report", report)  # over its own rows

    def test_q13_every_changed_number_of_a_report_is_found(self):
        report = self.report()

        def numbers(value, path=()):
            if isinstance(value, (dict, list)):
                for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
                    yield from numbers(inner, path + (name,))
            elif isinstance(value, int):
                yield path

        paths = [path for path in numbers(report) if path != ("ledger", "last_row")]
        self.assertGreater(len(paths), 60)
        changed = []
        for path in paths:
            other = inner = copy.deepcopy(report)
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = not inner[path[-1]] if isinstance(inner[path[-1]], bool) else inner[path[-1]] + 1
            changed.append((path, other))
        for path, other in changed[::7] + changed[-3:]:
            found = self.offline("--json", "verify", "--report", self.save("changed.json", other), expect=CHECK_FAILED)
            self.assertEqual(json.loads(found.stdout)["faults"], 1, path)
        for path, other in changed:
            ledger = self.save("ledger.txt", self.run_ctl("ledger", "H1", "-o", "hex", key="OBS").stdout) if path == paths[0] else ledger
            if path != ("test_time",):
                self.read_independently(ledger, self.save("changed.json", other), expect=1)

    def test_q13_a_digest_from_elsewhere_is_found(self):
        report = self.report()
        for digest in ("00" * 32, self.pages()[-2]["digest"]):
            other = copy.deepcopy(report)
            other["ledger"]["digest"] = digest
            found = self.offline("verify", "--report", self.save("changed.json", other), expect=CHECK_FAILED)
            self.assertIn("ledger.digest", found.stdout)
        other = copy.deepcopy(report)
        other["ledger"]["last_row"] += 100  # rows that there are not
        self.offline("verify", "--report", self.save("changed.json", other), expect=CHECK_FAILED)
        other["hospital"] = "H2"
        self.offline("verify", "--report", self.save("changed.json", other), expect=CHECK_FAILED)
        for text in ("{}", "[]", '{"report": "reserve"}', "no json"):
            self.offline("verify", "--report", self.save("changed.json", text), expect=BAD_FILE)
        self.offline("verify", "--report", self.broker.folder / "absent.json", expect=BAD_FILE)


class Beginning(Commission):
    """Before and after a second hospital's first row."""

    def test_q13_a_report_of_nothing_stays_true(self):
        nothing = json.loads(self.run_ctl("report", "reserve", "H2", "-o", "json", key="OBS").stdout)
        self.assertEqual((nothing["ledger"]["last_row"], nothing["lines"], nothing["gaps"]), (0, [], []))
        self.assertRegex(self.run_ctl("report", "reserve", "H2", key="OBS").stdout, r"台账 ledger: 空 empty\n$")
        report = self.save("nothing.json", nothing)
        self.offline("verify", "--report", report)
        self.h1 = self.party("H2")
        self.publish(dict(WANG, hospital="H2"), 5)
        self.offline("verify", "--report", report)
        self.run_ctl("verify", "--report", report, key="OBS")
        self.read_independently(self.save("ledger.txt", self.run_ctl("ledger", "H2", "-o", "hex", key="OBS").stdout), report)
        self.offline("ledger", expect=USAGE)  # of two hospitals now

    def test_q13_what_was_short_before_its_group_stays_short_for_both_readers(self):
        h2, pools = self.party("H2"), [dict(WANG, hospital="H2", date="2026-11-26", resource=name) for name in ("WANG-AM", "LI-AM")]
        for pool in pools:
            self.accepted(h2.command("PUT_POOL", {"pool": pool, "units": [{"count": 5, "start_ms": at(8, 0, 26), "minutes": 10}]}))
            self.accepted(h2.command("BLOCK_UNITS", {"pool": pool, "count": 5, "reason": "STAFF_ABSENT", "person": PERSON}))
        self.broker.set_clock(at(8, 20, 23))
        for pool in pools:
            self.accepted(h2.command("UNBLOCK_UNITS", {"pool": pool, "count": 5, "person": PERSON}))
        self.accepted(h2.command("PUT_GROUP", {"hospital": "H2", "class": "EXPERT", "department": "NK", "date": "2026-11-26"}))
        made = json.loads(self.run_ctl("report", "reserve", "H2", "--from", "2026-11-26", "-o", "json", key="OBS").stdout)
        self.assertEqual([(gap["shortfall"], gap["minutes"]) for gap in made["gaps"]], [(2, 20)])
        self.assertEqual((made["totals"][0]["required"], made["totals"][0]["kept"]), (2, 0))
        self.read_independently(self.save("ledger.txt", self.run_ctl("ledger", "H2", "-o", "hex", key="OBS").stdout),
                                self.save("report.json", made))


class Independent(Commission):
    """The reader that shares nothing with the broker."""

    def files(self):
        return (self.save("ledger.txt", self.run_ctl("ledger", "H1", "-o", "json", key="OBS").stdout),
                self.save("report.json", self.report()))

    def test_q13_the_independent_reader_comes_to_the_same_report(self):
        said = self.read_independently(*self.files())
        self.assertIn("no general booking ever took a reserved place", said)
        self.assertIn("as the ledger has it", said)
        for words in (("--by", "month"), ("--from", TUESDAY), ("--to", "2026-11-23")):
            self.read_independently(self.files()[0], self.save("other.json", self.report(*words)))
        self.read_independently(self.save("ledger.hex", self.run_ctl("ledger", "H1", "-o", "hex", key="OBS").stdout))

    def plant(self, change):
        """The ledger with its pages changed and chained anew."""
        pages = [place_pb2.LedgerPage.FromString(bytes.fromhex(page["page"])) for page in self.pages()]
        digest, row, lines = bytes(32), 1, []
        change([one for page in pages for one in page.rows])
        for page in pages:
            page.previous, page.first_row = digest, row
            data = page.SerializeToString()
            digest, row = hashlib.blake2b(data, digest_size=32).digest(), row + len(page.rows)
            lines.append(data.hex())
        return self.save("planted.txt", "\n".join(lines))

    def find(self, change, text):
        self.assertIn(text, self.read_independently(self.plant(change), expect=1))

    def test_q3_it_finds_a_general_booking_of_a_reserved_place(self):
        def sell_the_reserve(rows):
            """The second sale gets a unit that was kept: the fourth of the nine that were free."""
            sales = [row for row in rows if row.event == place_pb2.LEDGER_BOOKED]
            sales[1].units[0] = 4

        self.find(sell_the_reserve, "A GENERAL BOOKING TOOK A RESERVED PLACE")

    def test_q13_it_finds_what_else_is_not_as_it_was(self):
        def first(rows, event):
            return next(row for row in rows if row.event == place_pb2.LedgerEvent.Value("LEDGER_" + event))

        def set_number(rows):
            first(rows, "BOOKED").numbers.general += 1

        def set_share(rows):
            first(rows, "PUBLISHED").reserve_bp = 1999

        def set_reason(rows):
            first(rows, "BLOCKED").block_reason = place_pb2.MAINTENANCE

        def set_count(rows):
            first(rows, "RELEASED").count += 1

        def sell_twice(rows):
            sales = [row for row in rows if row.event == place_pb2.LEDGER_BOOKED]
            sales[1].units[0] = sales[0].units[0]

        def flood(rows):
            first(rows, "PUBLISHED").new_units[0].count = 4 * 10**9

        for change, text in ((lambda rows: None, None), (flood, "more units than a session has"), (set_number, "other numbers"), (set_share, "less than a fifth"), (set_reason, "(Q14)"),
                             (set_count, "another number was released"), (sell_twice, "(Q2)")):
            if text is None:
                self.read_independently(self.plant(change))
            else:
                self.find(change, text)

    def test_q13_it_finds_a_broken_chain(self):
        ledger = self.files()[0].read_text().splitlines()
        for lines in (ledger[1:], ledger[:3] + ledger[4:], ledger[:2] + [ledger[3], ledger[2]] + ledger[4:]):
            self.assertIn("the chain is broken", self.read_independently(self.save("cut.txt", "\n".join(lines)), expect=1))
        data = bytearray(bytes.fromhex(json.loads(ledger[4])["page"]))
        data[-1] ^= 1
        self.read_independently(self.save("cut.txt", "\n".join(ledger[:4] + [data.hex()] + ledger[5:])), expect=1)
        for text in ("no hex", '{"no": "page"}'):
            self.read_independently(self.save("cut.txt", text), expect=2)
        self.read_independently(expect=2)


class Service(Commission):
    """The monthly report: H1 answers, rejects, sends down."""

    def service(self, month="2026-11", key="OBS"):
        return json.loads(self.run_ctl("report", "service", "H1", "--month", month, "-o", "json", key=key).stdout)

    def event(self, party, referral, type_, **fields):
        return self.accepted(party.event(referral, type_, **fields))

    def send_down(self, n):
        """H1 sends a patient down, T07 confirms: the same n is the same person."""
        sheet = sheets.made("down", {"patient.name": "秘密下转%d" % n, "patient.id_value": sheets.resident_id("12022419600512%03d" % (501 + 2 * n))})
        child = self.accepted(self.h1.submit(sheet)).referral_id
        self.event(self.t07, child, "CONFIRM_RECEIPT", person=PERSON)

    def pass_a_morning(self):
        self.h1, self.t07 = self.party("H1"), self.party("T07")
        for hours in (1, 2, 3, 50):  # 50 h on a weekend are within two working days
            referral = self.refer()
            self.broker.set_clock(self.broker.clock_ms + hours * HOUR_MS)
            self.event(self.h1, referral, "ACCEPT", person=PERSON)
        late = self.refer(priority="URGENT")
        self.broker.set_clock(self.broker.clock_ms + 3 * HOUR_MS)  # two were allowed
        self.event(self.h1, late, "REJECT", person=PERSON, reason="NO_CAPACITY")
        self.refer(priority="URGENT")  # nobody answers
        self.broker.set_clock(self.broker.clock_ms + 5 * HOUR_MS)
        void = self.refer()
        self.event(self.t07, void, "VOID", reason="SENT_IN_ERROR")
        self.refer()
        for n in (1, 2, 1):
            self.send_down(n)

    def test_l4_the_service_report_counts_answers(self):
        report = self.service()
        up = {line["priority"]: line for line in report["lines"] if line["direction"] == "UP"}
        self.assertEqual(up["ROUTINE"], {"direction": "UP", "priority": "ROUTINE", "referrals": 5, "answered": 4, "in_time": 4, "overdue": 0,
                                         "in_time_bp": 10000, "median_seconds": 7200, "p90_seconds": 180000, "open": 5, "rejected": 0,
                                         "no_shows": 0})
        self.assertEqual(up["URGENT"], {"direction": "UP", "priority": "URGENT", "referrals": 2, "answered": 1, "in_time": 0, "overdue": 1,
                                        "in_time_bp": 0, "median_seconds": 10800, "p90_seconds": 10800, "open": 1, "rejected": 1,
                                        "no_shows": 0})
        self.assertEqual(report["rejections"], [{"reason": "NO_CAPACITY", "referrals": 1}])
        total = next(line for line in report["totals"] if line["direction"] == "UP")
        self.assertEqual((total["referrals"], total["in_time_bp"]), (7, 6666))  # 4 of 6 that were due
        self.assertTrue(report["test_time"])

    def test_q13_persons_sent_down_are_counted_once(self):
        self.assertEqual(self.service()["down_persons"], {"year": 2026, "persons": 2, "year_before": 0, "whole_year_before": 0})
        self.assertEqual(self.service("2027-01")["down_persons"], {"year": 2027, "persons": 0, "year_before": 0, "whole_year_before": 2})
        self.assertEqual(self.service("2027-12")["down_persons"], {"year": 2027, "persons": 0, "year_before": 2, "whole_year_before": 2,
                                                                   "growth_bp": -10000})
        self.assertEqual(self.service("2026-10")["lines"], [])
        for month in ("2026-13", "2026-1", "november"):
            self.run_ctl("report", "service", "H1", "--month", month, expect=USAGE)
        self.run_ctl("report", "service", "H1", expect=USAGE)

    def test_p4_tables_and_csv_bear_both_languages(self):
        table = self.run_ctl("report", "service", "H1", "--month", "2026-11", key="OBS").stdout
        for text in ("按时率", "in time of due", "66.66 %", "2d 2h", "下转人数", "audit chain", "测试时间 test time"):
            self.assertIn(text, table)
        parts = re.split(r"\n\r?\n", self.run_ctl("report", "service", "H1", "--month", "2026-11", "-o", "csv", key="OBS").stdout)
        self.assertEqual([len(list(csv.reader(io.StringIO(part)))) for part in parts], [6, 2, 2, 2])

    def test_q13_a_service_report_is_confirmed_as_of_its_turn(self):
        report = self.service()
        saved = self.save("service.json", report)
        self.assertEqual(json.loads(self.offline("report", "service", "H1", "--month", "2026-11", "-o", "json").stdout), report)
        self.offline("verify", "--report", saved)
        self.h1, self.t07 = self.party("H1"), self.party("T07")
        before = self.service()["totals"]
        referral = self.refer()  # in the same instant of test time
        self.event(self.h1, referral, "REJECT", person=PERSON, reason="OUT_OF_SCOPE")
        self.assertNotEqual(self.service()["totals"], before)
        self.assertIn("the report is as the store has it", self.offline("verify", "--report", saved).stdout)
        for path, value in ((("audit", "digest"), "00" * 32), (("audit", "index"), report["audit"]["index"] - 3), (("lines", 0, "answered"), 5),
                            (("down_persons", "persons"), 3), (("test_time",), False), (("audit", "index"), 10 ** 9)):
            other = inner = copy.deepcopy(report)
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
            self.offline("verify", "--report", self.save("changed.json", other), expect=CHECK_FAILED)
        self.run_ctl("verify", "--report", saved, key="OBS", expect=USAGE)  # the audit chain is not for everybody

    def test_q13_the_time_of_a_turn_without_a_record_is_not_believed(self):
        """With a later time its report could count what came later: the turn in which a notice was acknowledged stands in no audit."""
        h1, operator, waiting = self.party("H1", credit=100), self.party("OPS"), []
        while len(waiting) < self.books(operator)["H1"][2]:
            waiting.append(h1.receive())
        notices = [one for one in waiting if one.kind != wire_pb2.SHEET]
        self.assertGreater(len(notices), 0)
        h1.ack(*[one for one in waiting if one.kind == wire_pb2.SHEET])
        fixture.until(lambda: self.books(operator)["H1"][2] == len(notices), "the sheets to be acknowledged")
        h1.ack(*notices)
        fixture.until(lambda: self.books(operator)["H1"][2] == 0, "the notices to be acknowledged")
        report = self.service()
        self.offline("verify", "--report", self.save("service.json", report))
        report["audit"]["at_ms"] += 40 * DAY_MS
        self.offline("verify", "--report", self.save("changed.json", report), expect=CHECK_FAILED)

    def test_p2_the_service_report_is_for_the_hospital_and_observers(self):
        for key in ("H1", "OBS", "operator"):
            self.service(key=key)
        for key in ("H2", "T07"):
            self.run_ctl("report", "service", "H1", "--month", "2026-11", key=key, expect=REFUSED)


if __name__ == "__main__":
    fixture.main()
