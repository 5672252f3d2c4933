#!/usr/bin/python3
"""test_alarms.py - every condition of an alarm really happens, and ends, on a real broker: each is raised once and cleared once, and is seen by
LIST_ALARMS and on /status.json, with what to do. Time is the test's; the broker looks again when it is told (SIGHUP), else once a minute.
"""
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import fixture
import ops
import places
import sheets
import test_clock
from foreign_client import body_of
from party import PartyTest

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_780_000_000_000  # a Friday, 04:26 in China
PERSON = {"name": "何医生", "phone": "022-29000003"}
SLOW_COPY = fixture.BUILD / "tests" / "daemon" / "libslow_copy.so"
SLOW_SYNC = fixture.BUILD / "tests" / "daemon" / "libslow_sync.so"
KEYS = {"code", "subject", "level", "since_ms", "text_zh", "text_en", "detail", "todo_zh", "todo_en", "runbook"}


class AlarmsTest(PartyTest):
    """A broker for each test: alarms and their past are all its own."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def make_broker(self):
        return ops.Broker(test_time_ms=START_MS)

    def setUp(self):
        super().setUp()
        self.broker = self.make_broker()
        self.addCleanup(self.broker.close)
        self.operator = self.party("OPS")

    def tell(self, who, kind, fields):
        return self.accepted(self.party(who).command(kind, fields))

    def set(self, name, value=None, **more):
        self.tell("OPS", "PUT_SETTING", dict({"name": name}, **({"value": str(value)} if value is not None else {}), **more))

    def submit(self, receiver="H1", **more):
        return self.accepted(self.party("T07").submit(sheets.made("up", dict({"receiver": receiver}, **more)))).referral_id

    def later(self, ms):
        self.broker.set_clock(self.broker.clock_ms + ms)

    def listed(self, past=False):
        """{(code, subject): alarm}, of which each is there once."""
        alarms = self.operator.query("LIST_ALARMS", rows=200, **({"past": True} if past else {})).alarms
        if not past:
            self.assertEqual(len(alarms), len({(a.code, a.subject) for a in alarms}))
        return [(a.code, a.subject) for a in alarms], alarms

    def meet(self, damaged):
        """Its row is damaged: whoever asks for it is refused."""
        data, number = self.operator.ask("GET_REFERRAL", body_of("GET_REFERRAL", {"referral_id": damaged}).SerializeToString())
        self.operator.send_frame(data)
        self.assertTrue(self.operator.wait(lambda: number in self.operator.replies))
        self.refused(self.operator.replies.pop(number), "FAILED")

    def look(self):
        """It has looked at the time that is now: at its machine as soon as it is told, at its destinations for the next page."""
        self.broker.process.send_signal(signal.SIGHUP)
        for _ in range(2):
            self.operator.query("GET_STATUS", rows=1)
        if self.broker.test_time:
            fixture.until(lambda: ops.status(self.broker.http)["at_ms"] >= self.broker.clock_ms, "a page of now")

    def stands(self, code, subject="broker"):
        self.look()
        return (code, subject) in self.listed()[0]

    def raised(self, code, subject="broker"):
        """It comes to stand, over the wire and on the page, and says what to do."""
        fixture.until(lambda: self.stands(code, subject), "the alarm %s %s" % (code, subject))
        alarm = next(a for a in self.listed()[1] if (a.code, a.subject) == (code, subject))
        self.assertIn(alarm.level, ("warning", "critical"))
        self.assertEqual("/runbook/" + code, alarm.runbook)
        self.assertTrue(alarm.todo_zh and alarm.todo_en and alarm.text_zh and alarm.text_en)
        self.assertFalse(alarm.HasField("ended_at_ms"))

        def shown():
            status = ops.status(self.broker.http)
            return next((a for a in status["alarms"] if (a["code"], a["subject"]) == (code, subject)), None)

        shown = fixture.until(shown, "%s on the page" % code)
        self.assertEqual(KEYS, set(shown))
        self.assertEqual((alarm.since_ms, alarm.level, alarm.todo_zh, alarm.runbook),
                         (shown["since_ms"], shown["level"], shown["todo_zh"], shown["runbook"]))
        return alarm

    def cleared(self, code, subject="broker"):
        """It ends, and is one row of the past."""
        fixture.until(lambda: not self.stands(code, subject), "the end of %s %s" % (code, subject))
        names, alarms = self.listed(past=True)
        self.assertEqual(1, names.count((code, subject)), "raised once, cleared once: %s" % names)
        alarm = alarms[names.index((code, subject))]
        self.assertGreaterEqual(alarm.ended_at_ms, alarm.since_ms)
        fixture.until(lambda: code not in [a["code"] for a in ops.status(self.broker.http)["alarms"]], "%s off the page" % code)


class Destinations(AlarmsTest):
    def test_d4_nobody_connected_where_messages_wait(self):
        self.look()
        self.submit()
        self.later(59 * SECOND_MS)
        self.assertFalse(self.stands("no-consumer", "H1"))
        self.later(SECOND_MS)
        alarm = self.raised("no-consumer", "H1")
        self.assertEqual("waiting=1", alarm.detail)
        since = alarm.since_ms
        self.broker.kill()
        self.broker.start()
        self.operator = self.party("OPS")
        self.assertEqual(since, self.raised("no-consumer", "H1").since_ms, "the same one, over a restart")
        onlooker = self.party("H1")
        fixture.until(lambda: ["H1"] == [d["id"] for d in ops.status(self.broker.http)["destinations"] if d["connections"] == 1],
                      "it on the page")
        self.later(SECOND_MS)
        self.assertTrue(self.stands("no-consumer", "H1"), "whoever only looks takes nothing")
        onlooker.close()
        receiver = self.party("H1", credit=1)
        receiver.ack(receiver.receive())
        self.cleared("no-consumer", "H1")
        metrics = ops.get(self.broker.http, "/metrics").body.decode().splitlines()
        self.assertIn('referrald_alarms{code="no-consumer",level="warning"} 0', metrics)

    def test_l4_the_oldest_message_past_half_its_deadline(self):
        self.submit(priority="URGENT")
        self.later(HOUR_MS - SECOND_MS)
        self.assertFalse(self.stands("inbox-half-deadline", "H1"))
        self.later(SECOND_MS)
        self.assertEqual("critical", self.raised("inbox-half-deadline", "H1").level)
        health = ops.get(self.broker.http, "/healthz?verbose")
        self.assertEqual(503, health.status)
        self.assertIn(b"inbox-half-deadline=1", health.body)
        metrics = ops.get(self.broker.http, "/metrics").body.decode().splitlines()
        self.assertIn('referrald_alarms{code="inbox-half-deadline",level="critical"} 1', metrics)
        receiver = self.party("H1", credit=1)
        receiver.ack(receiver.receive())
        self.cleared("inbox-half-deadline", "H1")

    def test_d5_a_dead_letter(self):
        self.submit()
        receiver = self.party("H1", credit=1)
        receiver.nack(receiver.receive(), "NACK_NOT_FOR_US")
        self.assertEqual("dead=1", self.raised("dead-letters", "H1").detail)
        self.tell("OPS", "DROP_DEAD", {"institution": "H1", "all": True, "reason": "无法处理"})
        self.cleared("dead-letters", "H1")

    def test_q10_a_reserve_that_is_short(self):
        date = places.day_of(START_MS, 1)
        self.tell("H1", "PUT_POOL", places.pool("CT", date, 10, class_="EXAM"))
        pool, subject = places.ref("CT", date, "EXAM"), "H1/EXAM/NK/CT/" + date
        self.tell("H1", "BLOCK_UNITS", {"pool": pool, "count": 10, "reason": "DEVICE_DOWN", "person": PERSON})
        self.raised("reserve-deficit", subject)
        self.tell("H1", "UNBLOCK_UNITS", {"pool": pool, "count": 10})
        self.cleared("reserve-deficit", subject)

    def test_t5_a_key_that_ends_soon_and_has_no_successor(self):
        def add(name, **more):
            self.tell("OPS", "ADD_KEY", dict({"public_key": self.broker.make_key(name), "institution": "T09", "roles": ["REFER", "RECEIVE"]}, **more))

        self.tell("OPS", "PUT_INSTITUTION", {"id": "T09", "name": "新卫生院", "kind": "PRIMARY", "tier": "TOWNSHIP"})
        add("first", valid_to_ms=START_MS + 31 * DAY_MS)
        self.assertFalse(self.stands("key-expires", "T09"))
        self.later(DAY_MS)
        self.assertIn("2026", self.raised("key-expires", "T09").detail)
        add("onlooker", roles=["OBSERVE"])
        self.assertTrue(self.stands("key-expires", "T09"), "another role is no successor")
        add("second")
        self.cleared("key-expires", "T09")


    def test_t5_where_no_time_is_set_nobody_is_warned_of_a_key(self):
        self.set("key_alarm_ms", 0)
        self.tell("OPS", "PUT_INSTITUTION", {"id": "T09", "name": "新卫生院", "kind": "PRIMARY", "tier": "TOWNSHIP"})
        self.tell("OPS", "ADD_KEY", {"public_key": self.broker.make_key("soon"), "institution": "T09", "roles": ["REFER"],
                                     "valid_to_ms": START_MS + DAY_MS})
        self.assertFalse(self.stands("key-expires", "T09"))
        self.set("key_alarm_ms", 2 * DAY_MS)
        self.raised("key-expires", "T09")


class Machine(AlarmsTest):
    def backup(self, **more):
        target = self.broker.folder / "kept"
        target.mkdir(exist_ok=True)
        return [fixture.BUILD / "clients" / "ctl" / "referralctl", "backup", target, "--store", self.broker.store, "--host-key",
                self.broker.keys / "host.key"]

    def test_a_backup_too_old(self):
        self.set("backup_age_alarm_ms", HOUR_MS)
        self.raised("backup-old")
        subprocess.run(self.backup(), check=True, capture_output=True, timeout=fixture.PATIENCE_S)
        self.cleared("backup-old")

    def test_what_was_done_while_the_clock_was_ahead_is_nothing_to_rely_on(self):
        """Its time says nothing once the clock is right again: it would be new for a year."""
        verify = ("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        ahead_ms = int(time.time() * 1000) + 365 * DAY_MS
        (self.broker.store / "backup.state").write_text("made_ms=%d failed_ms=0 fault=-\n" % ahead_ms)
        (self.broker.store / "verify.state").write_text("sound_ms=%d failed_ms=0\n" % ahead_ms)
        self.set("backup_age_alarm_ms", HOUR_MS)
        self.set("verify_age_alarm_ms", HOUR_MS)
        self.raised("backup-old")
        self.raised("verify-old")
        subprocess.run(self.backup(), check=True, capture_output=True, timeout=fixture.PATIENCE_S)
        self.cleared("backup-old")
        self.broker.ctl_offline(*verify)
        self.cleared("verify-old")

    def test_a_store_that_nobody_looked_through(self):
        self.set("verify_age_alarm_ms", HOUR_MS)
        self.raised("verify-old")
        self.broker.ctl_offline("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.cleared("verify-old")

    def test_a_store_in_which_faults_were_found(self):
        """Also where nobody had looked for long, and that has been said already."""
        self.set("verify_age_alarm_ms", HOUR_MS)
        self.raised("verify-old")
        (self.broker.store / "verify.state").write_text("sound_ms=%d failed_ms=%d\n" % (START_MS, START_MS + 1))
        self.assertEqual("critical", self.raised("verify-failed").level)
        self.assertTrue(self.stands("verify-old"))
        self.broker.ctl_offline("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.cleared("verify-failed")
        self.cleared("verify-old")

    def test_a_row_that_is_damaged(self):
        """Whoever needs it is refused, whenever he asks; nobody else is."""
        sound, damaged = self.submit(), self.submit()
        tool = [fixture.BUILD / "tests" / "daemon" / "break_chain", self.broker.store, "1", "REFERRAL"]
        verify = ("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.assertEqual(0, self.broker.stop())
        subprocess.run(tool, check=True)
        self.broker.start()
        self.assertFalse(self.stands("store-damaged"), "nobody has met it")
        ahead_ms = int(time.time() * 1000) + 365 * DAY_MS
        (self.broker.store / "verify.state").write_text("sound_ms=%d failed_ms=0\n" % ahead_ms)  # by a clock that was ahead
        for _ in range(2):
            self.meet(damaged)
        self.assertEqual("critical", self.raised("store-damaged").level)
        self.assertEqual(sound, self.operator.query("GET_REFERRAL", referral_id=sound).summary.referral_id)
        self.assertRegex(self.broker.log_text(), "event=row_damaged .*table REFERRAL")
        self.assertEqual(0, self.broker.stop())
        subprocess.run(tool, check=True)
        self.broker.ctl_offline(*verify)
        self.broker.start()
        self.cleared("store-damaged")

    def test_a_process_that_pins_an_old_state(self):
        """A backup whose copy stands still."""
        gate = self.broker.folder / "gate"
        self.set("reader_alarm_ms", HOUR_MS)
        reader = subprocess.Popen(self.backup(), env=dict(os.environ, LD_PRELOAD=str(SLOW_COPY), SLOW_COPY=str(gate)),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(reader.wait)
        self.addCleanup(gate.touch)
        fixture.until(lambda: Path(str(gate) + ".reached").exists(), "the copy to have begun")
        self.submit()
        self.assertFalse(self.stands("reader-lag"))
        self.later(HOUR_MS - SECOND_MS)
        self.assertFalse(self.stands("reader-lag"), "it may take its time")
        self.later(SECOND_MS)
        self.assertRegex(self.raised("reader-lag").detail, r"^pid=\d+$")
        gate.touch()
        self.assertEqual(0, reader.wait(timeout=fixture.PATIENCE_S))
        self.cleared("reader-lag")


class SlowDisk(AlarmsTest):
    def make_broker(self):
        self.gate = Path(os.environ.get("TMPDIR", "/tmp")) / ("slow-sync.%d" % os.getpid())
        self.addCleanup(self.gate.unlink, missing_ok=True)
        os.environ.update(LD_PRELOAD=str(SLOW_SYNC), SLOW_SYNC=str(self.gate))
        try:
            return ops.Broker(test_time_ms=START_MS)
        finally:
            del os.environ["LD_PRELOAD"], os.environ["SLOW_SYNC"]

    def test_commits_that_take_their_time(self):
        self.set("commit_alarm_ms", 10)
        self.gate.touch()
        for _ in range(3):
            self.submit()
        self.assertRegex(self.raised("commit-slow").detail, r"^p99_ms=\d+$")
        self.set("commit_alarm_ms", 10_000)
        self.cleared("commit-slow")


class ClockBroker(test_clock.ShiftedBroker, ops.Broker):
    pass


class Clock(AlarmsTest):
    def make_broker(self):
        return ClockBroker()

    def test_c4_a_clock_that_steps(self):
        self.broker.shift(10 * MINUTE_MS)
        self.raised("clock-differs")
        self.tell("OPS", "CONFIRM_TIME", {"reason": "已核对"})
        self.cleared("clock-differs")

    def test_a_row_that_was_met_while_the_clock_was_ahead(self):
        """A verification after it, by a clock that is right, seems to be earlier."""
        _, damaged = self.submit(), self.submit()
        self.assertEqual(0, self.broker.stop())
        subprocess.run([fixture.BUILD / "tests" / "daemon" / "break_chain", self.broker.store, "1", "REFERRAL"], check=True)
        self.broker.start()
        self.operator = self.party("OPS")
        self.broker.shift(365 * DAY_MS)
        self.raised("clock-differs")
        self.meet(damaged)
        self.raised("store-damaged")
        self.broker.shift(0)
        self.assertTrue(self.stands("store-damaged"))
        (self.broker.store / "verify.state").write_text("sound_ms=%d failed_ms=0\n" % (int(time.time() * 1000) + MINUTE_MS))
        self.cleared("store-damaged")


class Filling(AlarmsTest):
    def make_broker(self):
        return ops.Broker(test_time_ms=START_MS, config="store_map_bytes = 16M\n")

    def test_d6_a_store_that_fills_until_there_is_more_room(self):
        content = os.urandom(400_000)
        big = {"attachments": [{"name": "图", "media_type": "image/png", "size_bytes": len(content), "content": content,
                                "sha256": hashlib.sha256(content).digest()}]}

        def fill():
            self.party("T07").submit(sheets.made("up", big))
            return self.stands("store-filling")

        fixture.until(fill, "the store to fill")
        self.raised("store-filling")
        self.assertEqual(0, self.broker.stop())
        self.broker.extra_config = ""
        self.broker.write_config()
        self.broker.start()
        self.operator = self.party("OPS")
        self.cleared("store-filling")


class WithoutHttp(PartyTest):
    broker_options = {"test_time_ms": START_MS}

    def test_alarms_are_raised_where_nobody_looks(self):
        operator = self.party("OPS")
        self.accepted(self.party("T07").submit(sheets.made("up", {"priority": "URGENT"})))
        self.broker.set_clock(START_MS + HOUR_MS)

        def codes():
            self.broker.process.send_signal(signal.SIGHUP)
            return {a.code for a in operator.query("LIST_ALARMS").alarms}

        fixture.until(lambda: "inbox-half-deadline" in codes(), "the alarm")


class Runbook(AlarmsTest):
    def test_p4_each_alarm_has_its_page_and_no_other_path_is_one(self):
        for page in sorted((fixture.SOURCE / "systemd" / "runbook").glob("*.md")):
            answer = ops.get(self.broker.http, "/runbook/" + page.stem)
            self.assertEqual((200, "text/plain; charset=utf-8"), (answer.status, answer.headers["content-type"]))
            self.assertEqual(page.read_bytes(), answer.body)
        for other in ("/runbook/", "/runbook/nosuch", "/runbook", "/runbook/no-consumer.md", "/runbook/no-consumer/"):
            self.assertEqual(404, ops.get(self.broker.http, other).status, other)

    def test_p4_referralctl_says_what_to_do_and_what_was(self):
        self.set("backup_age_alarm_ms", HOUR_MS)
        self.raised("backup-old")
        said = self.broker.ctl("alarms", "--lang", "en").stdout
        for part in ("backup-old", "warning", "make a backup at once"):
            self.assertIn(part, said)
        self.assertIn("警告", self.broker.ctl("alarms", "--lang", "zh").stdout)
        self.set("backup_age_alarm_ms")
        self.cleared("backup-old")
        self.assertNotIn("backup-old", self.broker.ctl("alarms", "--lang", "en").stdout)
        self.assertIn("backup-old", self.broker.ctl("alarms", "--past", "--lang", "en").stdout)


if __name__ == "__main__":
    fixture.main()
