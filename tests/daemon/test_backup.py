#!/usr/bin/python3
"""test_backup.py - backups beside a running broker: whole, sealed and verified, or not there at all; and the broker does not suffer from one that is slow,
killed or without room. What was acknowledged before one began is in it."""
import calendar
import hashlib
import json
import os
import signal
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import fixture
import sheets
from foreign_client import Client, body_of
from party import PartyTest

OK, REFUSED, BAD_FILE, CHECK_FAILED = 0, 1, 4, 5
SHIM = fixture.BUILD / "tests" / "daemon" / "libslow_copy.so"
KIB = 1024
READERS_AT, READER_SIZE = 128, 64  # of LMDB's lock file: a slot's process id stands behind 8 bytes


class BackupTest(PartyTest):
    """A broker for each test: what it leaves beside its store is looked at."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.broker = fixture.Broker()
        self.addCleanup(self.broker.close)
        self.broker.ctl("set", "commit_alarm_ms", "0")  # other alarms than those of a backup are a busy machine's
        self.target = self.broker.folder / "kept"
        self.target.mkdir()
        self.staging = Path(str(self.broker.store) + ".staging")
        self.host_key = self.broker.keys / "host.key"
        self.gate = self.broker.folder / "gate"

    def arguments(self, *more, target=None):
        return ["backup", str(target or self.target), "--store", str(self.broker.store), "--host-key", str(self.host_key),
                *(str(m) for m in more)]

    def backup(self, *more, expect=OK, target=None, slow=False):
        environment = {**os.environ, "LANG": "C.UTF-8"}
        if slow:
            environment.update(LD_PRELOAD=str(SHIM), SLOW_COPY=str(self.gate))
        result = self.broker.ctl_offline(*self.arguments(*more, target=target), check=False, env=environment)
        self.assertEqual(expect, result.returncode, result.stdout + result.stderr)
        return result

    def begin(self, *more, slow=True):
        """A backup that goes on by itself; slow: its copy stands still."""
        environment = dict(os.environ)
        if slow:
            environment.update(LD_PRELOAD=str(SHIM), SLOW_COPY=str(self.gate))
        process = subprocess.Popen([fixture.BUILD / "clients" / "ctl" / "referralctl"] + self.arguments(*more), env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        if slow:
            fixture.until(lambda: Path(str(self.gate) + ".reached").exists(), "the copy to have begun")
        return process

    def files(self):
        return sorted(path.name for path in self.target.iterdir())

    def made(self):
        """The one backup there is."""
        files = self.files()
        self.assertEqual(1, len(files), files)
        return self.target / files[0]

    def state(self):
        return (self.broker.store / "backup.state").read_text()

    def alarms(self):
        """As they are; and the daemon looks again, which it does once a minute or when it is told."""
        self.broker.process.send_signal(signal.SIGHUP)
        return [alarm.code for alarm in self.standing()]

    def standing(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("operator"))
        try:
            return list(client.query("LIST_ALARMS").alarms)
        finally:
            client.close()

    def until_alarms(self, *codes):
        fixture.until(lambda: sorted(self.alarms()) == sorted(codes), "the alarms to be %s" % (codes,))

    def readers(self):
        """Processes that read the store, other than the broker."""
        lock = (self.broker.store / "lock.mdb").read_bytes()
        pids = {struct.unpack_from("=i", lock, at + 8)[0] for at in range(READERS_AT, len(lock) - READER_SIZE + 1, READER_SIZE)}
        return pids - {0, self.broker.process.pid}

    def submit(self, client, kib=0):
        content = os.urandom(kib * KIB)
        picture = {"name": "图", "media_type": "image/png", "size_bytes": len(content), "content": content,
                   "sha256": hashlib.sha256(content).digest()}
        sheet = sheets.made("up", {"attachments": [picture]} if kib else None)
        return self.accepted(client.submit(body_of("SUBMIT", sheet).SerializeToString())).referral_id

    def verify(self, file, *more, expect=OK):
        result = self.broker.ctl_offline("--json", "verify", "--backup", file, "--host-key", self.host_key, "--staging", self.broker.folder,
                                         *more, check=False)
        self.assertIn(result.returncode, [expect] if isinstance(expect, int) else expect, result.stdout + result.stderr)
        return json.loads(result.stdout) if expect == OK else None


class Load:
    """Submits all the time, on a connection of its own; `ids` are those that were acknowledged."""

    def __init__(self, broker):
        self.broker, self.ids, self.ending, self.error = broker, [], False, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("T07"))
        try:
            while not self.ending:
                reply = client.submit(sheets.made("up"))
                if reply.refusals:
                    raise AssertionError(reply.refusals)
                self.ids.append(reply.referral_id)
        except Exception as error:  # told by end()
            self.error = error
        finally:
            client.close()

    def end(self):
        self.ending = True
        self.thread.join()
        if self.error:
            raise self.error


class Whole(BackupTest):
    def test_d2_d7_what_was_acknowledged_before_it_began_is_in_it(self):
        load = Load(self.broker)
        try:
            fixture.until(lambda: len(load.ids) > 300, "some load")
            before = list(load.ids)
            self.backup()
            fixture.until(lambda: len(load.ids) > len(before) + 100, "the load to go on")
        finally:
            load.end()
        file = self.made()
        self.assertEqual(0o600, file.stat().st_mode & 0o777)
        self.assertFalse(self.staging.exists(), "nothing is left behind")
        found = self.verify(file)
        self.assertEqual(0, found["faults"])
        self.assertGreaterEqual(found["referrals"], len(before))

        # It goes on in the place of the store, as another incarnation.
        old = self.party("T07").hello()
        self.assertEqual(0, self.broker.stop())
        self.broker.store.rename(self.broker.folder / "lost")
        where = (file, self.broker.store, "--host-key", self.host_key)
        self.broker.ctl_offline("restore", *where)
        self.assertEqual(REFUSED, self.broker.ctl_offline("restore", *where, check=False).returncode, "nothing is overwritten")
        self.broker.start()
        centre = self.party("T07")
        new = centre.hello()
        self.assertEqual(old.store_id, new.store_id)
        self.assertGreater(new.incarnation, old.incarnation)
        for id_ in before:
            self.assertEqual(id_, centre.query("GET_REFERRAL", referral_id=id_).summary.referral_id)
        self.assertNotIn(self.submit(centre), load.ids, "no id twice")
        self.check_store()
        self.broker.ctl_offline("replay", "--all", "--store", self.broker.store, "--host-key", self.host_key)

    def test_p1_it_says_nothing_without_its_key(self):
        self.submit(self.party("T07"))
        key = self.broker.folder / "backup.key"
        key.touch(0o600)
        key.write_text("key = %s\n" % os.urandom(32).hex())
        self.backup("--backup-key", key)
        data, store = self.made().read_bytes(), (self.broker.store / "data.mdb").read_bytes()
        for word in (b"T07", b"NOCONTACT"):
            self.assertIn(word, store, "in the open there, or this shows nothing")
        self.assertNotIn(b"NOCONTACT", data)
        self.assertNotIn("县人民医院".encode(), data)
        self.verify(self.made(), expect=BAD_FILE)
        self.verify(self.made(), "--backup-key", key)
        to = self.broker.folder / "to"
        where = (self.made(), to, "--host-key", self.host_key)
        self.assertEqual(BAD_FILE, self.broker.ctl_offline("restore", *where, check=False).returncode)
        self.broker.ctl_offline("restore", *where, "--backup-key", key)

    def test_a_flipped_byte_is_found_and_never_restored(self):
        self.submit(self.party("T07"), kib=300)
        self.backup()
        file = self.made()
        data = file.read_bytes()
        damaged, to = self.broker.folder / "damaged", self.broker.folder / "to"
        for at in [0, 9, 20, 60, 130, 200] + [len(data) * i // 9 for i in range(1, 9)] + [len(data) - 1]:
            damaged.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            self.verify(damaged, expect=(BAD_FILE, CHECK_FAILED))
            result = self.broker.ctl_offline("restore", damaged, to, "--host-key", self.host_key, check=False)
            self.assertIn(result.returncode, (BAD_FILE, CHECK_FAILED), "byte %d" % at)
            self.assertEqual([], list(to.iterdir()) if to.exists() else [], "byte %d" % at)
        damaged.write_bytes(data[:-1])
        self.verify(damaged, expect=CHECK_FAILED)
        self.verify(file)

    def test_nothing_is_overwritten_and_only_the_newest_are_kept(self):
        self.backup()
        mark = json.loads(self.broker.ctl_offline("--json", "verify", "--store", self.broker.store, "--host-key", self.host_key).stdout)
        taken = [time.strftime("bd-%Y%m%dT%H%M%SZ-", time.gmtime(time.time() + s)) + "%d-%d.backup" % (mark["incarnation"], mark["index"])
                 for s in range(20)]
        for name in taken[1:]:
            (self.target / name).write_text("mine")
        before = self.files()
        fixture.until(lambda: time.time() >= calendar.timegm(time.strptime(taken[1][3:19], "%Y%m%dT%H%M%SZ")), "a name that is taken")
        self.backup(expect=BAD_FILE)
        self.assertEqual(before, self.files())
        self.assertTrue(all((self.target / name).read_text() == "mine" for name in taken[1:]))
        (self.target / "bd-notes.backup").write_text("no date: not ours")
        for name in taken[1:]:
            (self.target / name).rename(self.target / ("bd-20200101" + name[11:]))
        self.backup("--keep", 3)
        left = self.files()
        self.assertEqual(4, len(left), left)
        self.assertIn("bd-notes.backup", left)
        self.verify(self.target / [name for name in left if name[3:5] == "20" and name[3:7] != "2020"][-1])

    def test_two_of_the_same_turn_are_two(self):
        self.backup()
        self.backup()
        self.assertEqual(2, len(self.files()), self.files())
        self.until_alarms()

    def test_what_root_leaves_beside_the_store_is_its_owners(self):
        """Else the next night's, which is the owner's, would fail of a lock that it may not open."""
        if os.geteuid() != 0:
            print("not run: whose a file is, only root can say")
            self.skipTest("not root")
        os.chown(self.broker.store, 65534, 65534)
        self.backup()
        for name in ("backup.lock", "backup.state"):
            self.assertEqual(65534, (self.broker.store / name).stat().st_uid, name)

    def test_the_newest_is_the_one_that_holds_most_whatever_the_clock_said(self):
        """A clock that stood in the future for a while: what was made then is not the newest for years."""
        self.backup()
        old = self.made()
        old.rename(self.target / ("bd-2099" + old.name[7:]))
        self.submit(self.party("T07"))
        self.backup("--keep", 1)
        self.assertNotIn("2099", self.made().name)
        self.assertEqual(1, self.verify(self.made())["referrals"])

    def test_an_alarm_tells_of_one_too_old_until_there_is_another(self):
        self.until_alarms()
        self.broker.ctl("set", "backup_age_alarm_ms", "1h")
        self.until_alarms("backup-old")
        self.backup()
        self.until_alarms()
        self.broker.ctl("set", "backup_age_alarm_ms", "1")
        self.until_alarms("backup-old")
        self.broker.ctl("set", "backup_age_alarm_ms")
        self.until_alarms()


class GivenUp(BackupTest):
    def assert_given_up(self, fault):
        self.assertEqual([], self.files())
        self.assertFalse(self.staging.exists())
        self.assertEqual(set(), self.readers(), "nobody pins the store's pages")
        self.assertIn("fault=" + fault, self.state())
        fixture.until(lambda: (self.alarms(), [(alarm.code, alarm.detail) for alarm in self.standing()])[1] == [("backup-failed", fault)], "the alarm")
        self.assertIn("alarm=backup-failed", self.broker.log_text())
        Path(self.gate).touch()
        self.backup()
        self.verify(self.made())
        self.until_alarms()

    def test_a_copy_that_takes_too_long(self):
        self.backup("--staging", self.broker.folder / "nowhere" / "at all", expect=BAD_FILE)
        self.until_alarms("backup-failed")  # for another reason
        self.backup("--within", "300ms", expect=REFUSED, slow=True)
        self.assert_given_up("slow")

    def test_a_store_that_grows_too_much_meanwhile(self):
        process, centre = self.begin(), self.party("T07")

        def has_ended():
            self.submit(centre, kib=700)
            return process.poll() is not None

        fixture.until(has_ended, "the copy to be given up")
        self.assertEqual(REFUSED, process.returncode, process.stdout.read())
        self.assert_given_up("grown")

    def test_two_at_once(self):
        first = self.begin()
        self.backup(expect=REFUSED)
        Path(self.gate).touch()
        self.assertEqual(OK, first.wait(timeout=fixture.PATIENCE_S))
        self.verify(self.made())


class Killed(BackupTest):
    def children(self, process):
        return [int(p) for p in Path("/proc/%d/task/%d/children" % (process.pid, process.pid)).read_text().split()]

    def kill(self, process):
        children = self.children(process)
        process.kill()
        process.wait()
        for child in children:
            fixture.until(lambda pid=child: not Path("/proc/%d" % pid).exists() or "Z" in Path("/proc/%d/stat" % pid).read_text().split()[2],
                          "its child to end with it")

    def test_while_it_copies_it_leaves_no_file_and_no_pinned_reader(self):
        process = self.begin()
        fixture.until(self.readers, "the copy to read")
        self.kill(process)
        self.assertEqual([], self.files())
        centre = self.party("T07")

        def is_forgotten():
            self.submit(centre)
            return not self.readers()

        fixture.until(is_forgotten, "the broker to forget the reader")
        Path(self.gate).touch()
        self.backup()
        self.verify(self.made())
        self.assertFalse(self.staging.exists())

    def test_while_it_moves_there_is_no_file_of_that_name(self):
        process = self.begin("--rate", 1000, slow=False)
        fixture.until(lambda: self.files() == [".bd.part"], "the file to be on its way")
        self.kill(process)
        self.assertEqual([".bd.part"], self.files())
        self.backup()
        self.verify(self.made())


class NoRoom(BackupTest):
    def test_a_target_without_room_keeps_nothing_and_an_alarm_says_so(self):
        small = Path(tempfile.mkdtemp(prefix="referrald-small."))
        self.addCleanup(small.rmdir)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, text=True)
        if mounted.returncode != 0:
            print("not run: a disk of its own needs the right to mount (%s)" % mounted.stderr.strip())
            self.skipTest("no mount")
        self.addCleanup(subprocess.run, ["umount", str(small)], check=True)
        self.submit(self.party("T07"), kib=300)
        self.backup(target=small, expect=BAD_FILE)
        self.assertEqual([], list(small.iterdir()))
        self.assertFalse(self.staging.exists())
        self.assertIn("fault=room", self.state())
        self.until_alarms("backup-failed")
        self.backup()
        self.until_alarms()

    def test_one_that_cannot_begin_is_one_that_fails(self):
        for words in (("--staging", self.broker.folder / "nowhere" / "at all"), ("--backup-key", self.broker.folder / "nowhere")):
            self.backup(*words, expect=BAD_FILE)
            self.assertIn("fault=other", self.state())
            self.until_alarms("backup-failed")
            self.backup()
            self.until_alarms()

    def test_no_target_no_store_and_wrong_options_are_said(self):
        self.backup(target=self.broker.folder / "nowhere", expect=BAD_FILE)
        self.backup("--rate", "fast", expect=2)
        self.backup("--within", "long", expect=2)
        self.backup("--keep", "0", expect=2)
        self.backup("--store", self.broker.folder / "nowhere", expect=BAD_FILE)
        self.assertEqual([], self.files())


if __name__ == "__main__":
    fixture.main()
