#!/usr/bin/python3
"""test_start.py - the daemon starts only when it can keep its promises, says why in one clear line when not, and drains when asked to stop."""
import re
import shutil
import signal
import subprocess
import unittest

import fixture
import sheets
from foreign_client import Client

STORE_DAMAGED = 9


class Start(fixture.BrokerTest):
    def setUp(self):
        if self.broker.process.poll() is None:
            self.assertEqual(0, self.broker.stop())
        self.broker.write_config()

    def refused(self, *expected):
        """It ends by itself with a failure, and its log holds one line with all of `expected`."""
        self.broker.spawn()
        code = self.broker.process.wait(timeout=fixture.PATIENCE_S)
        self.assertNotEqual(0, code)
        lines = [line for line in self.broker.log_text().splitlines() if all(e in line for e in expected)]
        self.assertEqual(1, len(lines), "one line with %s in:\n%s" % (expected, self.broker.log_text()))
        self.assertNotIn("AddressSanitizer", self.broker.log_text())
        return lines[0]

    def test_a_bad_value_names_file_line_key_and_range(self):
        self.broker.write_config(extra="window = 0\n")
        number = len(self.broker.config_file.read_text().splitlines())
        self.refused("%s:%d" % (self.broker.config_file, number), "window")

    def test_an_unknown_key_names_file_and_line(self):
        self.broker.write_config(extra="no_such_key = 1\n")
        number = len(self.broker.config_file.read_text().splitlines())
        self.refused("%s:%d" % (self.broker.config_file, number), "no_such_key")

    def test_a_secret_readable_by_others_is_refused(self):
        for name in ("server.key", "host.key"):
            path = self.broker.keys / name
            path.chmod(0o644)
            try:
                self.refused(str(path), "600")
            finally:
                path.chmod(0o600)

    def test_a_missing_secret_is_refused(self):
        path = self.broker.keys / "server.key"
        path.rename(path.with_suffix(".away"))
        try:
            self.refused(str(path))
        finally:
            path.with_suffix(".away").rename(path)

    def test_no_store_names_the_command_that_makes_one(self):
        away = self.broker.store.with_suffix(".away")
        self.broker.store.rename(away)
        try:
            self.refused("referralctl init")
        finally:
            shutil.rmtree(self.broker.store, ignore_errors=True)
            away.rename(self.broker.store)

    def test_a_store_in_use_is_refused(self):
        self.broker.start()
        first = self.broker.process
        self.broker.write_config()
        try:
            self.refused("in use")
        finally:
            self.broker.process = first
        self.assertIsNone(first.poll())

    def test_the_wrong_host_key_is_refused(self):
        path = self.broker.keys / "host.key"
        text = path.read_text()
        path.write_text("key = " + "ab" * 32 + "\n")
        try:
            self.refused("host")
        finally:
            path.write_text(text)

    def test_an_older_copy_put_back_is_refused(self):
        copy = self.broker.folder / "copy"
        shutil.copytree(self.broker.store, copy)
        self.broker.start()
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("T07"))
        self.assertEqual([], list(client.submit(sheets.made("up")).refusals))
        client.close()
        self.assertEqual(0, self.broker.stop())
        newer = self.broker.store.with_suffix(".newer")
        shutil.copytree(self.broker.store, newer)
        shutil.copy(copy / "data.mdb", self.broker.store / "data.mdb")
        try:
            self.refused("restore")
        finally:
            shutil.rmtree(self.broker.store)
            newer.rename(self.broker.store)

    def flip(self, row):
        """One bit of an audit row; again: back."""
        subprocess.run([fixture.BUILD / "tests" / "daemon" / "break_chain", self.broker.store, str(row)], check=True)

    def test_p3_a_broken_end_of_the_chain_is_refused(self):
        for row in (1, 5):
            self.flip(row)
            line = self.refused("damaged", "audit chain", "referralctl verify")
            self.assertEqual(STORE_DAMAGED, self.broker.process.returncode)
            self.assertIn("event=start_refused", line)
            self.flip(row)
        self.broker.start()
        found = re.search(r"event=chain_checked records=(\d+) ms=(\d+)", self.broker.log_text())
        self.assertGreater(int(found[1]), 1)
        print("%s records of the chain checked in %s ms" % found.groups())

    def test_sigterm_says_goodbye_and_exits_0_within_5_seconds(self):
        self.broker.start()
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("H1"))
        self.broker.process.send_signal(signal.SIGTERM)
        goodbye = fixture.until(lambda: client.goodbye(), "GOODBYE")
        self.assertEqual("drain", goodbye.reason)
        self.assertGreater(goodbye.retry_after_ms, 0)
        self.assertEqual(0, self.broker.process.wait(timeout=5))
        client.close()

    def test_check_and_dump_read_the_same_configuration(self):
        program = fixture.BUILD / "referrald"
        checked = subprocess.run([program, "--config", self.broker.config_file, "--check"], capture_output=True, text=True)
        self.assertEqual(0, checked.returncode, checked.stderr)
        dumped = subprocess.run([program, "--config", self.broker.config_file, "--dump"], capture_output=True, text=True)
        self.assertEqual(0, dumped.returncode, dumped.stderr)
        path = self.broker.folder / "dumped.conf"
        path.write_text(dumped.stdout)
        again = subprocess.run([program, "--config", path, "--dump"], capture_output=True, text=True)
        self.assertEqual(dumped.stdout, again.stdout)


if __name__ == "__main__":
    fixture.main()
