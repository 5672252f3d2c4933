#!/usr/bin/python3
"""test_quarantine.py - a command that ends the broker does so once (D2): it is held back until an operator releases it, and everybody else is
served. The faults are planted in the real broker (planted.c)."""
import json
import resource
import signal

import fixture
import sheets
from foreign_client import body_of
from party import PartyTest, codes


class Planted(fixture.Broker):
    program = "tests/daemon/referrald_planted"


class Quarantine(PartyTest):
    def setUp(self):
        super().setUp()
        self.broker = Planted()
        self.operator, self.centre, self.other = self.party("OPS"), self.party("T07"), self.party("T08")

    def tearDown(self):
        super().tearDown()
        self.check_store()
        self.broker.close()

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def planted(self, fault):
        return sheets.made("up", {"patient.name": "PLANTED " + fault})

    def send(self, sheet, message_id):
        """Sent, and not waited for. After a restart something else is asked first, so that the session is the present one."""
        data, _ = self.centre.ask("SUBMIT", body_of("SUBMIT", sheet).SerializeToString(), message_id=message_id)
        self.centre.send_frame(data)

    def dies(self):
        return fixture.until(lambda: self.broker.process.poll() is not None and self.broker.process, "the broker to die").returncode

    def hangs(self):
        """It neither answers nor ends: the state of its process is sleep in pause(2), and a question finds no answer."""
        def is_paused():
            wchan = (fixture.Path("/proc/%d/syscall" % self.broker.process.pid)).read_text().split()
            return wchan and wchan[0] == PAUSE
        fixture.until(is_paused, "the broker to hang")

    def assert_others_are_served(self):
        self.accepted(self.other.submit(sheets.made("up", {"sender": "T08"})))

    def assert_held_back(self, fault, message_id):
        self.assertEqual(["QUARANTINED"], codes(self.centre.submit(self.planted(fault), message_id=message_id)))
        self.assert_others_are_served()
        self.accepted(self.centre.submit(sheets.made("up")))
        held = self.operator.query("LIST_QUARANTINE").commands
        self.assertEqual([("T07", 20)], [(c.institution, c.kind) for c in held])
        self.assertEqual(["quarantined"], [a.code for a in self.operator.query("LIST_ALARMS").alarms])
        return held[0].hash

    def assert_ends_once(self, fault, exit_code):
        self.send(self.planted(fault), "M-" + fault)
        self.assertEqual(exit_code, self.dies())
        self.broker.start()
        self.assertIn("event=quarantined", self.broker.log_text())
        hash_ = self.assert_held_back(fault, "M-" + fault)
        self.assertEqual(0, self.broker.stop())  # it outlives the process
        self.broker.start()
        self.assertEqual(hash_, self.assert_held_back(fault, "M-" + fault))
        self.assertNotIn(fault, self.broker.log_text(), "P1: the log names neither patient nor message")

    def test_d2_an_assertion_ends_the_broker_once_and_a_release_lets_a_mended_one_take_the_command(self):
        self.assert_ends_once("ASSERTION", -signal.SIGABRT)
        shown = json.loads(self.broker.ctl("--json", "quarantine").stdout)["commands"]
        self.assertEqual(["T07"], [c["institution"] for c in shown])
        self.broker.stop()
        self.broker.program = "referrald"  # the mended one
        self.broker.start()
        self.assertEqual(["QUARANTINED"], codes(self.centre.submit(self.planted("ASSERTION"), message_id="M-ASSERTION")))
        self.refused(self.centre.command("RELEASE_COMMAND", {"hash": shown[0]["hash"], "reason": "r"}), "NOT_ALLOWED")
        self.refused(self.operator.command("RELEASE_COMMAND", {"hash": "00" * 16, "reason": "r"}), "NOT_QUARANTINED")
        self.refused(self.operator.command("RELEASE_COMMAND", {}), "MISSING", "MISSING")
        self.broker.ctl("quarantine", "release", shown[0]["hash"], "--reason", "fixed")
        self.accepted(self.centre.submit(self.planted("ASSERTION"), message_id="M-ASSERTION"))
        self.assertEqual([], list(self.operator.query("LIST_QUARANTINE").commands))
        self.assertEqual([], list(self.operator.query("LIST_ALARMS").alarms))

    def test_d2_a_released_command_that_is_as_bad_as_before_is_held_back_again(self):
        self.assert_ends_once("FAULT", -signal.SIGSEGV)
        hash_ = self.operator.query("LIST_QUARANTINE").commands[0].hash
        self.accepted(self.operator.command("RELEASE_COMMAND", {"hash": hash_.hex(), "reason": "r"}))
        self.send(self.planted("FAULT"), "M-FAULT")
        self.assertEqual(-signal.SIGSEGV, self.dies())
        self.broker.start()
        self.assertEqual(hash_, self.assert_held_back("FAULT", "M-FAULT"))

    def start_without_room(self):
        """No file of the broker may grow beyond what its first pages need."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, limits[1]))
        try:
            self.broker.start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def test_d6_on_a_full_disk_the_culprit_waits_for_room(self):
        self.send(self.planted("ASSERTION"), "M-ASSERTION")
        self.dies()
        for _ in range(2):
            self.start_without_room()
            self.assertIn("event=crash_unwatched", self.broker.log_text())
            self.assertEqual([], list(self.operator.query("LIST_QUARANTINE").commands))
            self.broker.kill()
        self.broker.start()
        self.centre.query("GET_STATUS")
        self.assert_held_back("ASSERTION", "M-ASSERTION")

    def test_d2_an_overflown_stack_is_a_fault_like_others(self):
        self.assert_ends_once("OVERFLOW", -signal.SIGSEGV)

    def test_d2_a_command_that_hangs_is_ended_by_the_watchdog_and_held_back(self):
        self.send(self.planted("HANG"), "M-HANG")
        self.hangs()
        self.broker.process.send_signal(signal.SIGABRT)  # as the service manager does
        self.assertEqual(-signal.SIGABRT, self.dies())
        self.broker.start()
        self.assert_held_back("HANG", "M-HANG")

    def test_d2_who_is_killed_over_the_same_command_twice_holds_it_back(self):
        for _ in range(2):
            self.assertNotIn("event=quarantined", self.broker.log_text())
            self.send(self.planted("HANG"), "M-TWICE")
            self.hangs()
            self.broker.kill()
            self.broker.start()
            self.centre.query("GET_STATUS")
        self.assert_held_back("HANG", "M-TWICE")

    def ends_of_a_bad_page(self):
        self.assertNotIn("event=quarantined", self.broker.log_text())
        self.send(self.planted("BAD PAGE"), "M-PAGE")
        self.assertEqual(-signal.SIGBUS, self.dies())
        self.broker.start()
        self.centre.query("GET_STATUS")

    def test_d2_a_page_that_the_disk_does_not_give_is_no_fault_of_the_command_unless_it_ends_every_start(self):
        self.ends_of_a_bad_page()
        self.assertEqual([], list(self.operator.query("LIST_QUARANTINE").commands))
        self.assert_others_are_served()
        self.ends_of_a_bad_page()
        self.assert_held_back("BAD PAGE", "M-PAGE")

    def test_d2_a_kill_from_outside_holds_nothing_back(self):
        for _ in range(3):
            self.broker.kill()
            self.broker.start()
            self.assert_others_are_served()
        self.centre.query("GET_STATUS")
        self.send(self.planted("HANG"), "M-ONCE")
        self.hangs()
        self.broker.kill()
        self.broker.program = "referrald"
        self.broker.start()
        self.assertEqual([], list(self.operator.query("LIST_QUARANTINE").commands))
        self.accepted(self.centre.submit(self.planted("HANG"), message_id="M-ONCE"))


PAUSE = {"x86_64": "34", "aarch64": "73"}.get(fixture.os.uname().machine, "34")

if __name__ == "__main__":
    fixture.main()
