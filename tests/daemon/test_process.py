#!/usr/bin/python3
"""test_process.py - referrald as a process: exit codes that tell reasons apart, signals, alarms over a restart, and test time (C4)."""
import hashlib
import os
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import fixture
import sheets
from foreign_client import Client
from party import PartyTest

USAGE, BAD_CONFIG, BAD_SECRET, NO_STORE, IN_USE, NO_ENDPOINT, TEST_TIME = 2, 3, 4, 5, 6, 10, 12
START_MS = 1_800_000_000_000


class Process(fixture.BrokerTest):
    broker_options = {"register": False}

    def setUp(self):
        if self.broker.process.poll() is None:
            self.assertEqual(0, self.broker.stop())
        self.broker.write_config()

    def run_it(self, *arguments):
        arguments = arguments or ("--config", self.broker.config_file)
        return subprocess.run([fixture.BUILD / "referrald", *arguments], capture_output=True, text=True, timeout=fixture.PATIENCE_S)

    def exit_code(self, *arguments):
        return self.run_it(*arguments).returncode

    def test_each_reason_not_to_start_has_an_exit_code_of_its_own(self):
        self.assertEqual(USAGE, self.exit_code("--no-such-argument"))
        self.assertEqual(USAGE, self.exit_code("argument"))
        self.assertEqual(BAD_CONFIG, self.exit_code("--config", self.broker.folder / "absent.conf"))
        self.broker.write_config(extra='host_key_file = "/dev/null"\n')
        self.assertEqual(BAD_SECRET, self.exit_code())
        self.broker.write_config(extra='store_directory = "%s"\n' % (self.broker.folder / "absent"))
        self.assertEqual(NO_STORE, self.exit_code())
        self.broker.write_config(extra='test_clock_file = "%s"\n' % self.broker.clock_file)
        self.assertEqual(TEST_TIME, self.exit_code())
        self.broker.write_config()
        self.broker.start()
        self.assertEqual(IN_USE, self.exit_code())

    def test_an_endpoint_in_use_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            wanted = "tcp://127.0.0.1:%d" % taken.getsockname()[1]
            self.broker.write_config('tcp://127.0.0.1:*", "' + wanted)
            result = self.run_it()
            self.assertEqual(NO_ENDPOINT, result.returncode)
            self.assertIn("endpoint %s of " % wanted, result.stderr, "which of them it is")

    def test_help_and_version_need_no_configuration(self):
        self.assertEqual(0, self.exit_code("--help"))
        self.assertEqual(0, self.exit_code("--version"))

    def test_d2_a_store_never_stands_where_the_log_is_written(self):
        """Started with input, output and errors closed: what is opened first would have their numbers."""
        self.broker.write_config(self.broker.endpoint)
        self.broker.process = subprocess.Popen(["sh", "-c", 'exec "$0" --config "$1" <&- >&- 2>&-', fixture.BUILD / "referrald", self.broker.config_file])
        fixture.until(lambda: self.broker.ctl("status", check=False).returncode == 0, "referrald to be ready")
        self.assertEqual(0, self.broker.stop())
        self.broker.ctl_offline("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")

    def test_sigint_stops_as_sigterm_does(self):
        self.broker.start()
        self.broker.process.send_signal(signal.SIGINT)
        self.assertEqual(0, self.broker.process.wait(timeout=5))
        self.assertIn("event=stopped", self.broker.log_text())

    def test_sighup_reads_the_log_level_again_and_a_bad_file_changes_nothing(self):
        self.broker.start()
        self.broker.write_config(extra="log_level = loud\n")
        self.broker.process.send_signal(signal.SIGHUP)
        fixture.until(lambda: "event=reload_refused" in self.broker.log_text(), "the bad file to be refused")
        self.broker.write_config(extra="log_level = debug\n")
        self.broker.process.send_signal(signal.SIGHUP)
        fixture.until(lambda: "event=reloaded log_level=debug" in self.broker.log_text(), "the good file to be read")
        self.assertIsNone(self.broker.process.poll())

    def test_sighup_waits_for_no_pipe(self):
        """What `--config <(...)` names is a pipe whose other end has gone by then: opening it again would take for ever."""
        self.broker.start()
        self.broker.config_file.unlink()
        os.mkfifo(self.broker.config_file)
        try:
            self.broker.process.send_signal(signal.SIGHUP)
            fixture.until(lambda: "event=reload_refused" in self.broker.log_text(), "the pipe to be refused", limit_s=10)
            self.broker.process.terminate()
            self.assertEqual(0, self.broker.process.wait(timeout=10))
        finally:
            if self.broker.process.poll() is None:
                self.broker.process.kill()
                self.broker.process.wait()
            self.broker.config_file.unlink()

    def test_p1_there_is_never_a_core_file(self):
        self.broker.start()
        limits = Path("/proc/%d/limits" % self.broker.process.pid).read_text()
        self.assertRegex(limits, r"Max core file size +0 +0")


class Filling(PartyTest):
    broker_options = {"config": "store_map_bytes = 16M\n"}

    def alarms(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("operator"))
        try:
            return [alarm.code for alarm in client.query("LIST_ALARMS").alarms]
        finally:
            client.close()

    def test_d6_an_alarm_of_a_filling_store_ends_though_the_room_came_with_a_restart(self):
        centre, content = self.party("T07"), os.urandom(400_000)
        picture = {"name": "图", "media_type": "image/png", "size_bytes": len(content), "content": content,
                   "sha256": hashlib.sha256(content).digest()}

        def is_filling():
            centre.submit(sheets.made("up", {"attachments": [picture]}))
            return "store-filling" in self.alarms()

        fixture.until(is_filling, "the store to fill")
        self.assertEqual(0, self.broker.stop())
        self.broker.extra_config = ""
        self.broker.write_config()
        self.broker.start()
        fixture.until(lambda: "store-filling" not in self.alarms(), "the alarm to end", limit_s=10)


class StandsStill(fixture.BrokerTest):
    broker_options = {"config": "ping_interval_ms = 500\n"}

    def test_d4_a_broker_that_stood_still_takes_nobody_for_silent(self):
        """Suspended for longer than a session may be silent, while its clients spoke on."""
        server = self.broker.key_pair("server")[0]
        clients = [Client(self.broker.endpoint, server, self.broker.key_pair(name)) for name in ("T07", "H1", "H2")]
        self.broker.process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 2.5  # three intervals, and a tick
        while time.monotonic() < end:
            for client in clients:
                client.send_frame(client.envelope("PING"))
            clients[0].socket.poll(200)  # nobody answers: the pace of the pings
        self.broker.process.send_signal(signal.SIGCONT)
        fixture.until(lambda: "event=stood_still" in self.broker.log_text(), "the broker to go on")
        for client in clients:
            session = client.session
            self.assertEqual([], list(client.command("LIST_SETTINGS", {}).refusals))
            self.assertEqual(session, client.session)
            client.close()
        self.assertNotIn("why=silent", self.broker.log_text())


class TestTime(fixture.BrokerTest):
    broker_options = {"register": False, "test_time_ms": START_MS}

    def status(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("operator"))
        try:
            return client.query("GET_STATUS")
        finally:
            client.close()

    def test_c4_the_time_is_the_files_and_never_goes_back(self):
        self.assertEqual(START_MS, self.status().now_ms)
        self.assertTrue(self.status().test_time)
        self.broker.set_clock(START_MS + 3_600_000)
        self.assertEqual(START_MS + 3_600_000, self.status().now_ms)
        self.broker.set_clock(START_MS)
        self.assertEqual(START_MS + 3_600_000, self.status().now_ms)
        self.broker.clock_file.write_text("noon\n")
        self.assertEqual(START_MS + 3_600_000, self.status().now_ms)
        self.broker.set_clock(START_MS + 7_200_000)
        self.assertEqual(START_MS + 7_200_000, self.status().now_ms)

    def test_c4_a_store_for_test_time_does_not_start_without_its_clock(self):
        self.assertEqual(0, self.broker.stop())
        self.broker.clock_file.rename(self.broker.clock_file.with_suffix(".away"))
        self.broker.spawn()
        self.assertEqual(TEST_TIME, self.broker.process.wait(timeout=fixture.PATIENCE_S))
        self.broker.clock_file.with_suffix(".away").rename(self.broker.clock_file)
        self.broker.start()


if __name__ == "__main__":
    fixture.main()
