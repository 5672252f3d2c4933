#!/usr/bin/python3
"""test_clock.py - whose time it is (C2, C4): a wall clock in doubt holds back expiry and no-show until an operator confirms the time, never turns it
back and never makes it jump; and nobody sends it over the wire."""
import errno
import os
import signal
import struct
import unittest

import faults
import fixture
import places
import sheets
from foreign_client import Kind, body_of, referral_pb2, wire_pb2
from party import PartyTest, codes

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_780_000_000_000
SHIM = fixture.BUILD / "tests" / "daemon" / "libwall_clock.so"
PERSON = {"name": "何医生", "phone": "022-29000003"}


class ShiftedBroker(fixture.Broker):
    """Its wall clock is ours plus what `shift` says."""
    preloads = [SHIM]

    def prepare_store(self):
        self.shift_file = self.folder / "shift"
        self.shift(0)

    def shift(self, ms):
        with open(self.shift_file, "wb" if not self.shift_file.exists() else "r+b") as file:
            file.write(struct.pack("=q", ms))

    def spawn(self):
        os.environ.update(LD_PRELOAD=" ".join(map(str, self.preloads)), WALL_CLOCK=str(self.shift_file))
        try:
            super().spawn()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["WALL_CLOCK"]


class Doubt(PartyTest):
    """A broker for each test: doubt stays."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.broker = ShiftedBroker()
        super().setUp()
        self.operator, self.centre = self.party("OPS"), self.party("E120")

    def tearDown(self):
        try:
            self.check_store()
            super().tearDown()
        finally:
            self.broker.close()

    def status(self):
        return self.operator.query("GET_STATUS")

    def alarms(self):
        return {a.code for a in self.operator.query("LIST_ALARMS").alarms} & {"long-stop", "clock-differs"}

    def state(self, id_):
        return referral_pb2.State.Name(self.operator.query("GET_REFERRAL", referral_id=id_).summary.state)

    def restart_after(self, ms):
        self.assertEqual(0, self.broker.stop())
        self.broker.shift(ms)
        self.broker.start()

    def held(self, alarm):
        fixture.until(lambda: self.alarms() == {alarm}, "the alarm " + alarm)
        self.assertTrue(self.status().time_held)

    def confirm(self):
        self.refused(self.centre.command("CONFIRM_TIME", {"reason": "核对"}), "NOT_ALLOWED")
        self.accepted(self.operator.command("CONFIRM_TIME", {"reason": "核对"}))
        fixture.until(lambda: not self.status().time_held and not self.alarms(), "the doubt to be settled")
        self.refused(self.operator.command("CONFIRM_TIME", {"reason": "核对"}), "TIME_NOT_HELD")

    def audit(self, kind):
        rows, index = [], 1
        while index:
            page = self.operator.query("LIST_AUDIT", from_index=index, rows=200)
            rows += page.rows
            index = page.next_index
        return [r for r in rows if r.kind == Kind.Value(kind) and not r.code]

    def test_c4_a_start_long_after_the_last_turn_holds_expiry_until_an_operator_confirms(self):
        emergency = self.accepted(self.centre.submit(sheets.made("emergency"))).referral_id  # expires after 24 h
        booked, before = self.booked(), self.status().now_ms
        self.restart_after(3 * DAY_MS)
        self.held("long-stop")
        # Whatever asks for it, the clock has its say first (C3), and holds its tongue.
        self.assertEqual("SUBMITTED", self.state(emergency))
        self.accepted(self.party("H1").event(emergency, "ACKNOWLEDGE", person=PERSON))
        self.assertEqual(("DELIVERED", "BOOKED"), (self.state(emergency), self.state(booked)))
        self.accepted(self.centre.submit(sheets.made("emergency")))
        self.assertGreaterEqual(self.status().now_ms, before + 3 * DAY_MS)
        # Doubt is on record: it outlives the process.
        self.broker.kill()
        self.broker.start()
        self.held("long-stop")
        self.assertEqual("DELIVERED", self.state(emergency))
        self.confirm()
        # What was held back happens within a minute, and before any command on it (C3).
        hospital = self.party("H1")
        for id_, state in ((emergency, referral_pb2.EXPIRED), (booked, referral_pb2.NO_SHOW)):
            reply = hospital.event(id_, "START")
            self.assertEqual((["NOT_NOW"], state), (codes(reply), reply.refusals[0].state))
        self.assertEqual(["核对"], [r.reason for r in self.audit("CONFIRM_TIME")], "P3")

    def booked(self):
        """A referral whose session ended long ago three days from now."""
        sender, hospital = self.party("T07"), self.party("H1")
        id_ = self.accepted(sender.submit(sheets.made("up"))).referral_id
        self.accepted(hospital.event(id_, "ACCEPT", person=PERSON))
        place = {"class": "EXPERT", "start_ms": self.status().now_ms + HOUR_MS, "department": "NK", "doctor": "何医生"}
        self.accepted(hospital.event(id_, "BOOK", place=place))
        return id_

    def test_c4_a_doubt_that_found_no_room_on_disk_is_on_record_later(self):
        path = self.broker.folder / "plan"
        plan = faults.Plan(path, self.broker.store)
        self.broker.preloads = [SHIM, fixture.BUILD / "tests" / "fault" / "libfault_preload.so"]
        os.environ["REFERRALD_FAULT"] = str(path)
        self.addCleanup(os.environ.pop, "REFERRALD_FAULT")
        self.restart_after(0)
        plan.arm(faults.STORAGE, 1, errno.ENOSPC, faults.LASTING)
        self.broker.shift(HOUR_MS)
        fixture.until(lambda: self.status().time_held and plan.fired(), "the doubt")
        self.assertEqual(set(), self.alarms())
        plan.disarm()
        self.broker.process.send_signal(signal.SIGHUP)  # it looks, as it does each minute
        self.held("clock-differs")
        # What only memory had known would be forgotten now, and what is due would happen.
        self.broker.kill()
        self.broker.shift(0)
        self.broker.start()
        self.held("clock-differs")
        self.confirm()

    def test_c4_a_wall_clock_that_jumps_moves_no_deadline(self):
        emergency = self.accepted(self.centre.submit(sheets.made("emergency"))).referral_id
        before = self.status().now_ms
        self.broker.shift(30 * DAY_MS)
        self.held("clock-differs")
        self.assertLess(self.status().now_ms - before, 5 * MINUTE_MS, "C2: the time does not jump")
        self.assertEqual("SUBMITTED", self.state(emergency))
        self.confirm()
        # Confirmed, it is followed by a second a minute: the deadline is as far as ever.
        self.assertLess(self.status().now_ms - before, 5 * MINUTE_MS)
        self.assertEqual("SUBMITTED", self.state(emergency))

    def test_c2_c4_a_wall_clock_stepped_by_an_hour_forth_and_back_moves_nothing(self):
        first = self.accepted(self.centre.submit(sheets.made("emergency")))
        before = last = self.status().now_ms
        for step in (HOUR_MS, -HOUR_MS):
            self.broker.shift(step)
            self.held("clock-differs")
            second = self.accepted(self.centre.submit(sheets.made("emergency")))
            self.assertGreaterEqual(second.answer_due_at_ms, first.answer_due_at_ms)
            self.assertLess(second.answer_due_at_ms - first.answer_due_at_ms, 5 * MINUTE_MS)
            self.assertLessEqual(last, self.status().now_ms, "C2")
            last = self.status().now_ms
            self.assertLess(last - before, 5 * MINUTE_MS)
            self.broker.shift(0)
            self.confirm()
        self.assertEqual(("SUBMITTED", "SUBMITTED"), (self.state(first.referral_id), self.state(second.referral_id)))

    def test_c2_c4_a_wall_clock_that_goes_back_never_turns_the_time_back(self):
        first = self.accepted(self.centre.submit(sheets.made("emergency")))
        before = self.status().now_ms
        self.broker.shift(-2 * DAY_MS)
        self.held("clock-differs")
        self.assertGreaterEqual(self.status().now_ms, before)
        # Not even a restart does.
        self.restart_after(-2 * DAY_MS)
        self.held("clock-differs")
        second = self.accepted(self.centre.submit(sheets.made("emergency")))
        self.assertGreaterEqual(second.answer_due_at_ms, first.answer_due_at_ms)
        self.confirm()
        self.assertGreaterEqual(self.status().now_ms, before)

    def test_c4_a_wall_clock_stepped_back_over_the_release_keeps_nothing_again(self):
        hospital, now = self.party("H1"), self.status().now_ms
        pools = {}
        for name, hours in (("SOON", 20), ("LATER", 22)):  # on short notice: released 2 h before
            start = now + hours * HOUR_MS
            pools[name] = places.ref(name, places.day_of(start))
            unit = {"count": 1, "start_ms": start, "minutes": 1}
            self.accepted(hospital.command("PUT_POOL", {"pool": pools[name], "units": [unit]}))
            self.refused(hospital.command("BOOK_PLACE", places.general(pools[name], "HIS-1")), "RESERVED")
        self.restart_after(19 * HOUR_MS)
        before = self.status().now_ms
        self.broker.shift(17 * HOUR_MS)
        self.held("clock-differs")
        self.assertGreaterEqual(self.status().now_ms, before)
        self.accepted(hospital.command("BOOK_PLACE", places.general(pools["SOON"], "HIS-1")))
        self.refused(hospital.command("BOOK_PLACE", places.general(pools["LATER"], "HIS-2")), "RESERVED")
        self.restart_after(17 * HOUR_MS)
        self.held("clock-differs")
        pool, = hospital.query("LIST_POOLS", resource="SOON", first_date=pools["SOON"]["date"]).pools
        self.assertEqual((True, 1, 0), (pool.released, pool.general, pool.marked))

    def test_c4_five_minutes_and_a_day_of_rest_are_no_doubt(self):
        self.broker.shift(4 * MINUTE_MS)
        self.restart_after(23 * HOUR_MS)
        self.accepted(self.centre.submit(sheets.made("emergency")))
        self.assertEqual((set(), False), (self.alarms(), self.status().time_held))
        self.refused(self.operator.command("CONFIRM_TIME", {"reason": "核对"}), "TIME_NOT_HELD")


class Wire(PartyTest):
    """C4: nobody can send the time."""

    def setUp(self):
        super().setUp()
        self.operator, self.centre = self.party("OPS"), self.party("T07")

    def test_c4_the_daemons_own_commands_are_no_kinds_of_the_wire(self):
        before = self.operator.query("GET_STATUS")
        for client in (self.operator, self.centre):
            for kind in range(1001, 1006):
                envelope, number = client.ask(kind, b"", message_id="own-%d" % kind)
                client.send_frame(envelope)
                client.wait(lambda: number in client.replies)
                self.refused(client.replies.pop(number), "BAD_KIND")
        self.assertEqual(before.index, self.operator.query("GET_STATUS").index)

    def test_c2_a_time_in_a_message_is_a_fact_about_the_patient_and_never_the_turns_time(self):
        hospital, now = self.party("H1"), self.operator.query("GET_STATUS").now_ms
        id_ = self.accepted(self.centre.submit(sheets.made("up"))).referral_id
        self.refused(hospital.event(id_, "ARRIVE", occurred_at_ms=now + DAY_MS), "IN_FUTURE")
        self.refused(hospital.event(id_, "ARRIVE", occurred_at_ms=-1), "OUT_OF_RANGE")
        self.accepted(hospital.event(id_, "ARRIVE", occurred_at_ms=now - DAY_MS))
        arrived = [e for e in self.centre.query("GET_REFERRAL", referral_id=id_).timeline if e.event == referral_pb2.EVENT_ARRIVE][0]
        self.assertEqual(now - DAY_MS, arrived.occurred_at_ms)
        self.assertGreaterEqual(arrived.at_ms, now)
        self.assertLess(self.operator.query("GET_STATUS").now_ms, now + 5 * MINUTE_MS)

    def test_c4_an_envelope_has_no_room_for_a_time(self):
        data, number = self.centre.ask("SUBMIT", body_of("SUBMIT", sheets.made("up")).SerializeToString())
        for field in range(7, 64):
            self.centre.replies.clear()
            tag = bytes([field << 3 & 127 | 128, field >> 4]) if field > 15 else bytes([field << 3])
            self.centre.send_frame(data + tag + b"\xff\xff\xff\xff\x7f")
            self.assertTrue(self.centre.wait(lambda: number in self.centre.replies))
            self.refused(self.centre.replies[number], "BAD_ENVELOPE")

    def test_c4_a_normal_store_says_so_and_takes_no_test_clock(self):
        self.assertFalse(self.centre.welcome.test_time)
        self.assertFalse(self.operator.query("GET_STATUS").test_time)
        self.assertEqual(0, self.broker.stop())
        clock = self.broker.folder / "clock"
        clock.write_text("%d\n" % START_MS)
        self.broker.write_config(self.broker.endpoint, 'test_clock_file = "%s"\n' % clock)
        self.broker.spawn()
        self.assertNotEqual(0, self.broker.process.wait(timeout=fixture.PATIENCE_S))
        self.assertIn("test_clock_file", self.broker.log_text())
        self.broker.write_config(self.broker.endpoint)
        self.broker.start()


class TestTime(PartyTest):
    broker_options = {"test_time_ms": START_MS}

    def test_c4_test_time_is_named_wherever_a_time_is_told(self):
        operator = self.party("OPS")
        self.assertTrue(operator.welcome.test_time)
        self.assertTrue(operator.query("GET_STATUS").test_time)
        self.assertEqual(0, self.broker.stop())
        self.broker.test_time = False
        self.broker.write_config(self.broker.endpoint)
        self.broker.spawn()
        self.assertNotEqual(0, self.broker.process.wait(timeout=fixture.PATIENCE_S), "a test store without its clock")
        self.broker.test_time = True
        self.broker.write_config(self.broker.endpoint)
        self.broker.start()

    def test_c2_test_time_never_goes_back_either(self):
        operator, later_ms = self.party("OPS"), self.broker.clock_ms + 10 * HOUR_MS
        self.broker.set_clock(later_ms)
        fixture.until(lambda: operator.query("GET_STATUS").now_ms == later_ms, "the clock to have moved")
        self.broker.set_clock(START_MS)
        self.accepted(self.party("E120").submit(sheets.made("emergency")))
        self.assertEqual(later_ms, operator.query("GET_STATUS").now_ms)
        self.broker.set_clock(later_ms)

    def test_c1_c3_what_is_due_happens_before_the_command_that_comes_too_late(self):
        centre, hospital, operator = self.party("E120"), self.party("H1"), self.party("OPS")
        self.broker.set_clock(self.broker.clock_ms + 1)
        id_ = self.accepted(centre.submit(sheets.made("emergency"))).referral_id
        until_ms = operator.query("GET_REFERRAL", referral_id=id_).valid_until_ms
        self.broker.set_clock(until_ms - 1)
        fixture.until(lambda: operator.query("GET_STATUS").now_ms == until_ms - 1, "the last millisecond")
        self.accepted(hospital.event(id_, "ACKNOWLEDGE", person=PERSON))
        self.broker.set_clock(until_ms)
        fixture.until(lambda: operator.query("GET_STATUS").now_ms == until_ms, "the end")
        reply = hospital.event(id_, "ARRIVE", occurred_at_ms=until_ms)
        self.assertEqual((["NOT_NOW"], referral_pb2.EXPIRED), (codes(reply), reply.refusals[0].state))


if __name__ == "__main__":
    if not SHIM.exists():
        print("not run: %s is not built" % SHIM.name)
        Doubt = unittest.skip("not built")(Doubt)
    fixture.main()
