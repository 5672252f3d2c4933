#!/usr/bin/python3
"""test_archive.py - finished referrals move to the archive by themselves, are found and read back, and a broker killed at any step of it loses nothing
and archives nothing twice; old message ids are forgotten by themselves, too (D8)."""
import json
import os
import signal
import subprocess

import fixture
import sheets
from foreign_client import Client, message_id
from party import PartyTest

OK, REFUSED, USAGE, BAD_FILE, CHECK_FAILED = 0, 1, 2, 4, 5
SHIM = fixture.BUILD / "tests" / "daemon" / "libcrash_at.so"
DAY_MS = 86400000
START_MS = 1772413200000  # 2026-03-02 09:00 in China
MARKER = "独一无二之现病史"


class Shelved(fixture.Broker):
    """In test time; `crash_at` names the step at which the next process ends."""
    crash_at = None

    def spawn(self):
        environment = dict(os.environ)
        if self.crash_at:
            environment.update(LD_PRELOAD=str(SHIM), CRASH_AT=self.crash_at)
        log = open(self.log_file, "ab")
        self.log_from = self.log_file.stat().st_size
        self.process = subprocess.Popen([fixture.BUILD / "referrald", "--config", self.config_file], stderr=log, stdout=log, env=environment)
        log.close()

    @property
    def archive(self):
        return self.store.with_name(self.store.name + ".archive")

    def look(self):
        """The archiver looks once an hour, or when it is told."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)


class ArchiveTest(PartyTest):
    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def open_broker(self, count=3):
        """With so many referrals that ended 400 days ago."""
        self.broker = Shelved(test_time_ms=START_MS)
        self.addCleanup(self.broker.close)
        centre, hospital = self.party("T07", credit=100), self.party("H1", credit=100)
        self.ids = []
        for _ in range(count):
            reply = self.accepted(centre.submit(sheets.made("up", {"present_history": MARKER})))
            self.ids.append(reply.referral_id)
            self.accepted(hospital.event(reply.referral_id, "REJECT", reason="OTHER_REASON", text="不收"))
        self.take(hospital, count)
        self.take(centre, count)
        operator = self.party("OPS")
        fixture.until(lambda: not any(books[2] for books in self.books(operator).values()), "nothing to wait")
        self.close_parties()
        self.broker.set_clock(START_MS + 400 * DAY_MS)
        self.broker.ctl("set", "retention_finished_ms", "365d")

    def take(self, client, count):
        """So many messages, acknowledged."""
        for _ in range(count):
            client.ack(client.receive())

    def close_parties(self):
        for client in self.parties:
            client.close()
        self.parties = []

    def files(self):
        return sorted(p.name for p in self.broker.archive.glob("*.rfa")) if self.broker.archive.exists() else []

    def archived_in(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("T07"))
        try:
            return [client.query("GET_REFERRAL", referral_id=id_).summary.archived_in for id_ in self.ids]
        finally:
            client.close()

    def until_archived(self):
        def done():
            self.broker.look()
            return all(self.archived_in())
        fixture.until(done, "all to be archived")

    def offline(self, *arguments, expect=OK):
        result = self.broker.ctl_offline(*arguments, "--archives", self.broker.archive, "--host-key", self.broker.keys / "host.key", check=False)
        self.assertEqual(expect, result.returncode, result.stdout + result.stderr)
        return result

    def verify(self, expect=OK):
        return self.offline("verify", "--store", self.broker.store, expect=expect)

    def check_all_there_once(self):
        """Each can be read from the one file that the store names, which holds it once."""
        for id_, file in zip(self.ids, self.archived_in()):
            found = json.loads(self.offline("--json", "archive", "find", id_).stdout)[0]
            self.assertEqual(file, found["file"])
            shown = json.loads(self.offline("--json", "archive", "show", id_, "--reason", "test").stdout)
            self.assertEqual(MARKER, shown["sheets"][0]["present_history"])
        listed = json.loads(self.offline("--json", "archive").stdout)
        self.assertEqual(len(self.ids), sum(f["referrals"] for f in listed), "and in no other one")
        self.verify()


class Life(ArchiveTest):
    def test_d8_what_has_ended_moves_is_found_and_read_back(self):
        self.open_broker()
        self.until_archived()
        self.assertEqual(["archive-2027-04-06-1.rfa"], self.files())
        for path in (self.broker.archive / self.files()[0], self.broker.archive / "keys"):
            self.assertEqual(0o600, path.stat().st_mode & 0o777)
        self.assertNotIn(MARKER.encode(), (self.broker.archive / self.files()[0]).read_bytes())
        self.check_all_there_once()

        # Online it is found, and says where it is; its payload is not there any more.
        trace = self.broker.ctl("trace", self.ids[0]).stdout
        self.assertIn("reject", trace)
        self.assertIn(self.files()[0], self.broker.ctl("--lang", "en", "show", self.ids[0]).stdout)
        refused = self.broker.ctl("payload", self.ids[0], "--reason", "test", check=False)
        self.assertEqual(REFUSED, refused.returncode)
        self.assertIn("ARCHIVED", refused.stdout + refused.stderr)
        self.assertEqual(3, len(json.loads(self.broker.ctl("--json", "list").stdout)["referrals"]))

        # P3: whoever reads by the host's key says why, and that is kept.
        self.offline("archive", "show", self.ids[0], expect=USAGE)
        looks = json.loads(self.offline("--json", "archive", "looks").stdout)
        self.assertEqual(self.ids, [look["referral_id"] for look in looks])
        self.assertEqual({"test"}, {look["reason"] for look in looks})
        log = bytearray((self.broker.archive / "looks").read_bytes())
        self.assertNotIn(b"test", log)
        log[20] ^= 1
        (self.broker.archive / "looks").write_bytes(log)
        self.offline("archive", "looks", expect=CHECK_FAILED)
        shown = self.offline("archive", "show", self.ids[0], "--reason", "test", expect=CHECK_FAILED)
        self.assertNotIn(MARKER, shown.stdout, "what cannot be noted is not shown")

        # Without the host's key, and with the wrong one.
        other = self.broker.folder / "other.key"
        other.touch(0o600)
        other.write_text("key = %s\n" % os.urandom(32).hex())
        result = self.broker.ctl_offline("archive", "--archives", self.broker.archive, "--host-key", other, check=False)
        self.assertEqual(BAD_FILE, result.returncode)

    def test_what_is_no_archive_is_said(self):
        self.open_broker(1)
        self.until_archived()
        empty = self.broker.folder / "empty"
        empty.mkdir()
        key = ("--host-key", self.broker.keys / "host.key")
        said = self.broker.ctl_offline("--lang", "en", "archive", "--archives", empty, *key, check=False)
        self.assertEqual((BAD_FILE, "holds no archive" in said.stderr), (said.returncode, True), said.stderr)
        (self.broker.archive / "keys").rename(empty / "keys")
        self.assertIn("the file `keys` is missing", self.offline("--lang", "en", "archive", expect=BAD_FILE).stderr)
        (empty / "keys").rename(self.broker.archive / "keys")
        self.offline("archive")

    def test_d8_where_its_file_is_known_no_other_is_read(self):
        """Of years of them every byte would be."""
        self.open_broker(1)
        self.until_archived()
        file, key = self.files()[0], self.ids[0]
        other = self.broker.archive / "archive-2020-01-01-1.rfa"
        other.write_bytes(b"?" * 1000)
        for words in (["find", key], ["show", key, "--reason", "test"]):
            self.assertIn(other.name, self.offline("--lang", "en", "archive", *words).stderr)
            self.assertEqual("", self.offline("--lang", "en", "archive", *words, "--file", file).stderr)
            self.assertIn("no such file", self.offline("--lang", "en", "archive", *words, "--file", "archive-2020-01-01-2.rfa", expect=BAD_FILE).stderr)
        self.offline("archive", "find", "bd-1-1-1", "--file", file, expect=REFUSED)

    def test_d8_a_changed_byte_is_found(self):
        self.open_broker(1)
        self.until_archived()
        path = self.broker.archive / self.files()[0]
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 40)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            self.verify(expect=CHECK_FAILED)
        path.write_bytes(data)
        self.verify()
        path.unlink()
        self.verify(expect=CHECK_FAILED)

    def test_p3_a_manifest_is_not_believed_before_its_file_is_checked(self):
        """It stands in the open: another id in it, and the referral would not be in the archive."""
        self.open_broker(1)
        self.until_archived()
        path = self.broker.archive / self.files()[0]
        data = bytearray(path.read_bytes())
        _, incarnation, index, ordinal = self.ids[0].split("-")
        line = int(incarnation, 36).to_bytes(4, "big") + int(index).to_bytes(8, "big") + int(ordinal).to_bytes(2, "big")
        at = data.rfind(line)
        self.assertGreater(at, 0)
        data[at + 11] ^= 1
        path.write_bytes(data)
        for words in (["archive"], ["archive", "find", self.ids[0]], ["archive", "show", self.ids[0], "--reason", "test"]):
            result = self.offline("--lang", "en", *words, expect=CHECK_FAILED)
            self.assertIn("is damaged", result.stderr, words)
        self.assertEqual([], json.loads(self.offline("--json", "archive", "looks").stdout))

    def test_d8_a_backup_takes_the_archive_along(self):
        self.open_broker()
        self.until_archived()
        kept = self.broker.folder / "kept"
        copies = kept / "bd.archive"
        kept.mkdir()

        def backup():
            for old in kept.glob("*.backup"):
                old.unlink()
            self.offline("backup", kept, "--store", self.broker.store)
            for name in self.files() + ["keys"]:
                self.assertEqual((self.broker.archive / name).read_bytes(), (copies / name).read_bytes())
            return (copies / self.files()[0]).stat()

        first = backup()
        self.assertEqual(sorted(self.files() + ["keys"]), sorted(path.name for path in copies.iterdir()))
        self.assertEqual(0o600, first.st_mode & 0o777)
        self.assertEqual(first.st_ino, backup().st_ino, "what is there is not copied again")
        (copies / self.files()[0]).write_bytes((copies / self.files()[0]).read_bytes()[:-1] + b"?")
        backup()  # a file of the same name is another file where its digest differs

        # What is put back agrees with what was kept.
        to = self.broker.folder / "to"
        key = ("--host-key", self.broker.keys / "host.key")
        self.broker.ctl_offline("restore", next(kept.glob("*.backup")), to, *key)
        self.broker.ctl_offline("verify", "--store", to, "--archives", copies, *key)

    def open_backed_up(self):
        """Archived, looked into twice, and backed up; where the copies lie."""
        self.open_broker(2)
        self.until_archived()
        for id_ in self.ids:
            self.offline("archive", "show", id_, "--reason", "test")
        (self.broker.folder / "kept").mkdir()
        self.back_up()
        return self.broker.folder / "kept" / "bd.archive"

    def back_up(self, expect=OK):
        return self.offline("--lang", "en", "backup", self.broker.folder / "kept", "--store", self.broker.store, expect=expect)

    def test_d8_copies_are_replaced_by_what_is_sound_and_of_the_same_store(self):
        copies = self.open_backed_up()
        path = self.broker.archive / self.files()[0]
        sound = path.read_bytes()
        path.write_bytes(sound[:len(sound) // 2])  # as of a copy back that was cut short
        self.assertIn("is damaged", self.back_up().stderr)
        self.assertEqual(sound, (copies / path.name).read_bytes())
        path.write_bytes(sound)
        (copies / "keys").chmod(0o755)  # a file system that knows no modes
        self.assertEqual("", self.back_up().stderr)
        (copies / "keys").write_bytes(b"of a store of the same name")
        self.assertIn("is of another store", self.back_up(expect=BAD_FILE).stderr)
        self.assertEqual(b"of a store of the same name", (copies / "keys").read_bytes())

    def test_p3_a_log_of_looks_that_was_cut_does_not_replace_its_copy(self):
        copies = self.open_backed_up()
        path = self.broker.archive / "looks"
        first = (copies / "looks").read_bytes()
        self.offline("archive", "show", self.ids[0], "--reason", "test")
        self.back_up()
        whole = (copies / "looks").read_bytes()
        self.assertEqual(first, whole[:len(first)], "one that goes on does")
        self.assertFalse((copies / "looks.1").exists())
        path.write_bytes(first)
        self.assertIn("looks", self.back_up().stderr)
        self.assertEqual(whole, (copies / "looks.1").read_bytes())
        self.assertEqual(first, (copies / "looks").read_bytes())
        self.assertEqual("", self.back_up().stderr, "said once")

    def test_d8_the_store_of_the_configuration_is_verified_with_its_archive(self):
        self.open_broker(1)
        self.until_archived()

        def verify():
            return self.broker.ctl_offline("--lang", "en", "verify", "--broker-config", self.broker.config_file, check=False)
        sound = verify()
        self.assertEqual(OK, sound.returncode, sound.stderr)
        self.assertIn("no fault found in the archive", sound.stdout)
        found = json.loads(self.broker.ctl_offline("--json", "verify", "--broker-config", self.broker.config_file).stdout)
        self.assertEqual([0, 1, 0], [found[name] for name in ("faults", "archive_files", "archive_faults")], "one document")
        (self.broker.archive / self.files()[0]).unlink()
        self.assertEqual(CHECK_FAILED, verify().returncode)

    def test_d8_a_legal_hold_keeps_it(self):
        self.open_broker(2)
        self.broker.ctl("legal", "hold", self.ids[0], "--reason", "case 12")
        fixture.until(lambda: (self.broker.look(), self.archived_in()[1])[1], "the other one to be archived")
        self.assertEqual("", self.archived_in()[0])
        self.assertIn("case 12", self.broker.ctl("show", self.ids[0]).stdout)
        self.broker.ctl("legal", "release", self.ids[0], "--reason", "case 12 is closed")
        self.until_archived()
        self.verify()

    def test_d6_without_room_it_says_so_and_goes_on_when_there_is(self):
        self.open_broker()
        self.broker.archive.mkdir(0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(self.broker.archive)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("not run: nothing can be mounted here")
        try:
            fixture.until(lambda: (self.broker.look(), "archive-failed" in self.broker.ctl("--json", "alarms").stdout)[1], "the alarm")
            self.assertEqual([], self.files())
            self.assertEqual(["", "", ""], self.archived_in())
            subprocess.run(["mount", "-o", "remount,size=200m", str(self.broker.archive)], check=True)
            self.until_archived()
            fixture.until(lambda: (self.broker.look(), "archive-failed" not in self.broker.ctl("--json", "alarms").stdout)[1], "its end")
            self.check_all_there_once()
        finally:
            self.broker.stop()
            subprocess.run(["umount", str(self.broker.archive)], check=True)
            self.broker.start()


    def test_d6_the_alarm_says_why_and_when_that_is_another_reason(self):
        self.open_broker(1)
        self.broker.ctl("set", "retention_finished_ms")  # not before there is a reason

        def until_why(why):
            def alarm():
                self.broker.look()
                standing = [a for a in json.loads(self.broker.ctl("--json", "alarms").stdout)["alarms"] if a["code"] == "archive-failed"]
                return [a.get("detail") for a in standing] == why
            fixture.until(alarm, "the alarm to be %s" % why)

        self.broker.archive.write_text("no directory")
        self.broker.ctl("set", "retention_finished_ms", "365d")
        until_why(["ENOTDIR"])
        self.broker.archive.unlink()
        self.broker.archive.mkdir()
        for name in ("keys", "archive-2020-01-01-1.rfa"):
            (self.broker.archive / name).write_bytes(b"of another store")
            (self.broker.archive / name).chmod(0o600)
        until_why(["other-keys"])
        for path in self.broker.archive.iterdir():
            path.unlink()
        until_why([])
        self.until_archived()


class Forgotten(ArchiveTest):
    def test_d1_a_message_id_is_a_new_command_s_when_it_is_older_than_is_set(self):
        self.broker = Shelved(test_time_ms=START_MS)
        self.addCleanup(self.broker.close)
        key, sheet = message_id(), sheets.made("up")
        centre = self.party("T07")
        first = self.accepted(centre.submit(sheet, message_id=key)).referral_id
        self.accepted(centre.event(first, "CANCEL", reason="PATIENT_DECLINED"))
        self.close_parties()
        self.broker.set_clock(START_MS + 401 * DAY_MS)
        self.broker.ctl("set", "retention_keys_ms", "402d")
        self.broker.look()
        self.assertEqual(first, self.accepted(self.party("T07").submit(sheet, message_id=key)).referral_id)
        self.close_parties()
        self.broker.ctl("set", "retention_keys_ms")

        def forgotten():
            self.broker.look()
            return "event=forgotten" in self.broker.log_text()
        fixture.until(forgotten, "what is older to be forgotten")
        fixture.until(lambda: self.broker.ctl("trace", "--message", key, "--from", "T07", check=False).returncode != OK, "the id among it")
        self.assertNotEqual(first, self.accepted(self.party("T07").submit(sheet, message_id=key)).referral_id)
        self.assertIn("keys-forgotten", self.broker.ctl("audit").stdout)
        self.verify()


class Killed(ArchiveTest):
    def crash(self, step):
        self.open_broker()
        self.broker.ctl("set", "retention_finished_ms")  # not before it is told where to end
        self.broker.kill()
        self.broker.crash_at = step
        self.broker.start()
        self.broker.ctl("set", "retention_finished_ms", "365d")

        def ended():
            self.broker.look()
            return self.broker.process.poll() is not None
        fixture.until(ended, "it to end")
        self.assertEqual(-signal.SIGKILL, self.broker.process.returncode)
        self.broker.crash_at = None

    def finish(self):
        self.broker.start()
        self.until_archived()
        self.assertEqual([], [p.name for p in self.broker.archive.iterdir() if p.name.endswith(".part")])
        self.check_all_there_once()

    def test_d8_before_the_file_has_its_name(self):
        self.crash("before-rename")
        self.assertEqual([], self.files())
        self.finish()

    def test_d8_before_the_store_knows_of_it(self):
        self.crash("after-rename")
        self.assertEqual(1, len(self.files()))
        self.finish()
        self.assertEqual(1, len(self.files()), "the same file")

    def test_d8_in_the_middle_of_the_turn(self):
        self.crash("sync-1")
        self.finish()
        self.assertEqual(1, len(self.files()))

    def test_d8_after_the_turn(self):
        self.open_broker()
        self.until_archived()
        self.broker.kill()
        self.finish()
        self.assertEqual(1, len(self.files()))


if __name__ == "__main__":
    fixture.main()
