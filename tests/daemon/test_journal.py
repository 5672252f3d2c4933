#!/usr/bin/python3
"""test_journal.py - what the service manager is told: READY, STATUS, WATCHDOG, RELOADING, STOPPING; entries of the journal with their fields and
ids, as journald would get them; the pace of events; and the catalogue that explains them."""
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import unittest
from pathlib import Path

import fixture
import machine
import sheets
from foreign_client import message_id
from party import PartyTest

MADE = fixture.BUILD / "clients" / "pages" / "made"
EVENTS = re.findall(r'EVENT\((\w+), (\w+), "([0-9a-f]{32})"', (fixture.SOURCE / "broker" / "sys" / "journal_events.def").read_text())
JOURNAL_FOLDER = Path("/run/systemd/journal")


class Heard:
    """A thread that empties the socket: few datagrams wait in one, and their sender would stand still."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.texts = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.texts[-1:] != [""]:
            self.texts.append(self.socket.recv(65536).decode())

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class Managed(fixture.Broker):
    """A broker under a service manager: this script."""
    journal = None

    def prepare_store(self):
        self.notify = Heard(self.folder / "notify")

    def spawn(self):
        self.log_file.touch()
        where = self.log_file.stat()
        mine = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        if self.journal:
            mine["JOURNAL_STREAM"] = "%d:%d" % (where.st_dev, where.st_ino)
        os.environ.update(mine)
        try:
            super().spawn()
        finally:
            for name in mine:
                del os.environ[name]

    def notices(self):
        """All that was told, as lists of lines."""
        return [text.splitlines() for text in self.notify.texts]

    def lines(self, prefix):
        return [line for notice in self.notices() for line in notice if line.startswith(prefix)]

    def log_text(self):
        if not self.journal:
            return super().log_text()
        return "".join("event=%(EVENT)s %(MESSAGE)s\n" % entry for entry in self.entries())

    def entries(self):
        return [dict(line.split("=", 1) for line in text.splitlines()) for text in list(self.journal.texts)]

    def close(self):
        self.end()
        self.notify.close()
        super().close()


class Notices(PartyTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = Managed()

    def test_ready_watchdog_and_the_status_line(self):
        self.assertIn("READY=1", self.broker.notices()[0])
        fixture.until(lambda: len(self.broker.lines("WATCHDOG=1")) > 1, "the watchdog to be fed")
        self.accepted(self.party("T07").submit(sheets.made("up")))
        pattern = r"STATUS=ready · waiting [1-9]\d* · oldest \d+[smhd] · p99 \d+ ms$"
        fixture.until(lambda: re.match(pattern, self.broker.lines("STATUS=")[-1]), "a status line with what waits")

    def test_reload_is_told_and_names_what_needs_a_restart(self):
        before = len(self.broker.lines("READY=1"))
        self.broker.write_config(extra="log_level = debug\nwindow = 7\n")
        key = self.broker.keys / "server.key"
        text = key.read_text()
        self.broker.make_key("server")
        try:
            self.broker.process.send_signal(signal.SIGHUP)
            fixture.until(lambda: len(self.broker.lines("READY=1")) > before, "the reload to end")
        finally:
            key.write_text(text)
        self.assertTrue(self.broker.lines("RELOADING=1"))
        self.assertIn("event=reloaded log_level=debug restart=window,server.key\n", self.broker.log_text())

    def test_a_reload_with_a_bad_key_file_is_refused_and_changes_nothing(self):
        key = self.broker.keys / "host.key"
        key.chmod(0o644)
        try:
            self.broker.process.send_signal(signal.SIGHUP)
            fixture.until(lambda: "event=reload_refused" in self.broker.log_text(), "the reload to be refused")
        finally:
            key.chmod(0o600)
        line = next(line for line in self.broker.log_text().splitlines() if "event=reload_refused" in line)
        self.assertIn(str(key), line)
        self.assertIn("600", line)
        fixture.until(lambda: "STATUS=ready; the last reload was refused, see the log" in self.broker.lines("STATUS="), "a status of it")

    def test_stopping_is_told(self):
        self.assertEqual(0, self.broker.stop())
        self.assertEqual(1, len(self.broker.lines("STOPPING=1")))
        self.broker.write_config()
        self.broker.start()


class Lines(PartyTest):
    broker_options = {"config": 'log_level = "debug"\n'}

    def lines(self, *parts):
        return [line for line in self.broker.log_text().splitlines() if all(part in line for part in parts)]

    def test_a_command_is_found_by_its_referral_and_by_the_key_of_its_message_id(self):
        key = message_id()
        reply = self.accepted(self.party("T07").submit(sheets.made("up"), message_id=key))
        line = fixture.until(lambda: self.lines("event=command", reply.referral_id), "the line")[0]
        self.assertIn("institution=T07", line)
        self.assertIn("kind=SUBMIT code=ok", line)
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        shown = self.broker.ctl_offline("message-key", *where, input=key + "\n").stdout.strip()
        self.assertIn("message_key=%s " % shown, line)
        self.assertNotIn(key, self.broker.log_text())
        self.assertEqual(2, self.broker.ctl_offline("message-key", *where, input="", check=False).returncode)

    def test_sessions_failed_deliveries_and_dead_letters_have_lines(self):
        centre, receiver = self.party("T07"), self.party("H2", credit=1)
        id_ = self.accepted(centre.submit(sheets.made("up", {"receiver": "H2"}))).referral_id
        fixture.until(lambda: self.lines("event=session_begun", "institution=H2"), "the session")
        receiver.nack(receiver.receive(), "NACK_RETRY")
        fixture.until(lambda: self.lines("level=info event=redelivery", "institution=H2", id_, "cause=nack attempt=1"), "the failure")
        other = self.accepted(centre.submit(sheets.made("up", {"receiver": "H2"}))).referral_id
        receiver.credit(1)
        receiver.nack(receiver.receive(), "NACK_UNREADABLE")
        fixture.until(lambda: self.lines("level=warning event=dead_letter", "institution=H2", other, "cause=nack"), "the dead letter")
        receiver.close()
        self.parties.remove(receiver)
        fixture.until(lambda: self.lines("event=session_lost institution=H2 why=connection-lost"), "the end of the session")

    def test_alarms_and_refused_keys_have_lines(self):
        emergency = sheets.made("emergency", {"sender": "T07", "receiver": "NOCONTACT"})
        self.accepted(self.party("T07").submit(emergency))
        fixture.until(lambda: self.lines("event=alarm_raised institution=T07 alarm=emergency-gap"), "the alarm")
        public = self.broker.make_key("stranger")
        self.party("stranger", hello=False).say_hello()
        fixture.until(lambda: self.lines("level=warning event=key_refused key=%s address=127.0.0.1" % public.hex()[:16]), "the refused key")

    def test_a_flood_of_one_event_is_cut_off_and_counted(self):
        centre = self.party("T08")
        for _ in range(300):
            centre.hello()
        told = fixture.until(lambda: self.lines("level=warning event=suppressed of=session_begun lines="), "what was left out")
        left_out = sum(int(line.rsplit("=", 1)[1]) for line in told)
        self.assertGreater(left_out, 100)
        self.assertLess(len(self.lines("event=session_begun institution=T08")), 200)


class Journal(PartyTest):
    """In a mount namespace with a journald of its own: this script."""

    @classmethod
    def setUpClass(cls):
        machine.own_mounts()
        machine.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        JOURNAL_FOLDER.mkdir(parents=True)
        Managed.journal = Heard(JOURNAL_FOLDER / "socket")
        cls.broker = Managed(config="log_level = debug\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        Managed.journal.close()
        Managed.journal = None

    def entry(self, event, **fields):
        for entry in self.broker.entries():
            if entry["EVENT"] == event and fields.items() <= entry.items():
                return entry
        return None

    def test_an_entry_has_the_fields_of_the_catalogue_and_of_what_it_is_about(self):
        key = message_id()
        id_ = self.accepted(self.party("T07").submit(sheets.made("up"), message_id=key)).referral_id
        entry = fixture.until(lambda: self.entry("command", REFERRAL_ID=id_), "the entry")
        ids = {name: id_ for name, _, id_ in EVENTS}
        self.assertEqual(("7", ids["command"], "referrald", "T07"), tuple(
            entry[name] for name in ("PRIORITY", "MESSAGE_ID", "SYSLOG_IDENTIFIER", "INSTITUTION")))
        self.assertRegex(entry["MESSAGE_KEY"], "^[0-9a-f]{32}$")
        self.assertNotIn("REFERRAL_ID", self.entry("ready"))
        for entry in self.broker.entries():
            self.assertEqual(ids[entry["EVENT"]], entry["MESSAGE_ID"])
            self.assertNotIn(key, str(entry))


class Catalogue(unittest.TestCase):
    def test_p4_journalctl_reads_every_event_in_both_languages(self):
        machine.need("journalctl")
        self.assertGreater(len(EVENTS), 25)
        for name in ("referrald.catalog", "referrald.zh_CN.catalog"):
            root = Path(tempfile.mkdtemp(prefix="referrald-catalogue."))
            self.addCleanup(shutil.rmtree, root)
            folder = root / "usr/lib/systemd/catalog"
            folder.mkdir(parents=True)
            shutil.copy(MADE / name, folder)
            made = machine.run("journalctl", "--root", root, "--update-catalog")
            self.assertEqual("", made.stdout)
            listed = machine.run("journalctl", "--root", root, "--list-catalog").stdout if name == "referrald.catalog" else None
            for event, _, id_ in EVENTS:
                self.assertIn("-- " + id_, (folder / name).read_text())
                if listed is not None:
                    self.assertRegex(listed, "(?m)^%s referrald: %s$" % (id_, event))


if __name__ == "__main__":
    os.environ.pop("JOURNAL_STREAM", None)
    fixture.main()
