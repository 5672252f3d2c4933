#!/usr/bin/python3
"""test_disk_full.py - a disk without room: new work is refused with a retry time, acks, ends and queries go on, nothing accepted is lost, and when
room is back all goes on by itself (D2, D6, D7; design: the engine's discipline)."""
import hashlib
import os
import resource
import signal
import subprocess

import fixture
import sheets
from foreign_client import body_of, referral_pb2, wire_pb2
from party import PartyTest, codes

MIB = 1 << 20
DISK_MIB = 160


def mount(folder, *options):
    return subprocess.run(["mount"] + list(options) + [str(folder)], capture_output=True, text=True)


def large_sheet(kib, **changes):
    content = os.urandom(kib * 1024)
    picture = {"name": "图", "media_type": "image/png", "size_bytes": len(content), "content": content,
               "sha256": hashlib.sha256(content).digest()}
    return body_of("SUBMIT", sheets.made("up", dict(changes, attachments=[picture]))).SerializeToString()


class SmallDisk(fixture.Broker):
    """Its store lies on a disk of its own, of DISK_MIB."""

    def prepare_store(self):
        self.store.mkdir(0o700)
        result = mount(self.store, "-t", "tmpfs", "-o", "size=%dm,mode=700" % DISK_MIB, "tmpfs")
        if result.returncode != 0:
            raise PermissionError(result.stderr.strip())

    def resize(self, mib):
        result = mount(self.store, "-o", "remount,size=%dm" % mib)
        assert result.returncode == 0, result.stderr

    def close(self):
        self.end()
        subprocess.run(["umount", str(self.store)], check=True)
        super().close()


class Full(PartyTest):
    """What each kind of disk is tried with."""

    def setUp(self):
        super().setUp()
        self.operator, self.centre = self.party("OPS"), self.party("T07")

    def tearDown(self):
        self.check_store()
        super().tearDown()

    def limit(self, size):
        """The process may not make a file longer than that."""
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def fill(self, kib):
        """Referrals until one is refused for lack of room; ids of the accepted."""
        accepted = []
        for _ in range(10000):
            reply = self.centre.submit(large_sheet(kib))
            if reply.refusals:
                self.assert_is_full(reply)
                return accepted
            accepted.append(reply.referral_id)
        raise AssertionError("the disk does not fill")

    def assert_is_full(self, reply):
        self.refused(reply, "DISK_FULL")
        self.assertEqual("D6", reply.refusals[0].rule)
        self.assertGreater(reply.refusals[0].retry_after_ms, 0)

    def assert_refuses_new_work_only(self, ids):
        """`ids` were accepted before; the last one is cancelled."""
        for sheet in (sheets.made("up"), sheets.made("up", {"priority": "URGENT"})):
            self.assert_is_full(self.centre.submit(sheet))
        self.assert_is_full(self.operator.command("PUT_TEAM", {"id": "LATE", "institution": "T07", "name": "团队", "members": [
            {"name": "医生", "phone": "19900000000"}], "active_from": "2020-01-01"}))
        self.accepted(self.centre.event(ids[-1], "CANCEL", reason="PATIENT_DECLINED"))
        self.assertEqual(referral_pb2.CANCELLED, self.centre.query("GET_REFERRAL", referral_id=ids[-1]).summary.state)
        self.assertTrue(self.operator.query("WHY", referral_id=ids[0]).sentence)
        self.assertTrue(self.operator.query("GET_STATUS").store_full)

    def assert_drains(self, ids):
        """Each accepted sheet is delivered once, whole, and its ack is taken."""
        hospital, seen = self.party("H1", credit=20), []

        def is_empty():
            while hospital.deliveries or hospital.hear(0):
                if hospital.deliveries:
                    delivery = hospital.deliveries.pop(0)
                    if delivery.kind == wire_pb2.SHEET:
                        for picture in referral_pb2.Sheet.FromString(delivery.body).attachments:
                            self.assertEqual(picture.sha256, hashlib.sha256(picture.content).digest())
                        seen.append(delivery.referral_id)
                    hospital.ack(delivery)
            return self.books(self.operator)["H1"][2] == 0

        fixture.until(is_empty, "the inbox to be drained while the disk is full")
        self.assertEqual(ids, list(dict.fromkeys(i for i in seen if i in set(ids))))

    def assert_recovers(self):
        def is_accepted():
            reply = self.centre.submit(sheets.made("up"))
            return reply if not reply.refusals else self.assertEqual(["DISK_FULL"], codes(reply))

        id_ = fixture.until(is_accepted, "new work to be taken again").referral_id
        self.assertEqual(id_, self.centre.query("GET_REFERRAL", referral_id=id_).summary.referral_id)
        self.assertFalse(self.operator.query("GET_STATUS").store_full)


class OwnDisk(Full):
    @classmethod
    def setUpClass(cls):
        try:
            cls.broker = SmallDisk()
        except PermissionError as denied:
            print("not run: a disk of its own needs the right to mount (%s)" % denied)
            cls.skipTest(cls, "no mount")

    def test_1_d6_the_store_fills_its_disk_and_only_new_work_waits(self):
        ids = self.fill(500)
        self.assertGreater(len(ids), 50)
        print("%d referrals of 0.5 MB in %d MiB, then DISK_FULL" % (len(ids), DISK_MIB))
        fixture.until(lambda: "store-filling" in {a.code for a in self.operator.query("LIST_ALARMS").alarms}, "the alarm")
        self.assert_refuses_new_work_only(ids)
        self.assert_drains(ids)
        self.assert_is_full(self.centre.submit(sheets.made("up")))
        self.broker.resize(3 * DISK_MIB)
        self.assert_recovers()

    def take_all(self):
        """Another program's file, with every byte that was left."""
        path = self.broker.store / "ballast"
        with open(path, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * MIB) == MIB:
                    pass
            except OSError:
                pass
        self.assertEqual(0, os.statvfs(self.broker.store).f_bavail)
        return path

    def test_2_d2_another_program_takes_all_that_is_left(self):
        self.broker.resize(3 * DISK_MIB)
        ids = [self.accepted(self.centre.submit(large_sheet(100))).referral_id for _ in range(20)]
        ballast = self.take_all()
        ids += self.fill(100)  # what the store had put by: the rest of it is for acks
        self.assert_refuses_new_work_only(ids)
        self.assert_drains(ids)
        # Not even a crash in this state loses anything, and the broker starts without a byte to spare.
        self.broker.kill()
        self.broker.start()
        self.assertEqual(referral_pb2.DELIVERED, self.centre.query("GET_REFERRAL", referral_id=ids[0]).summary.state)
        self.assert_is_full(self.centre.submit(sheets.made("up")))
        ballast.unlink()
        self.assert_recovers()

    def has_alarm(self, code):
        self.broker.process.send_signal(signal.SIGHUP)  # it looks, as it does each minute
        return code in {a.code for a in self.operator.query("LIST_ALARMS").alarms}

    def test_0_d8_a_backup_that_finds_no_room_is_heard_of(self):
        kept = self.broker.folder / "kept"
        kept.mkdir()
        backup = ("backup", kept, "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.broker.ctl_offline(*backup)
        ballast = self.take_all()
        self.assertNotEqual(0, self.broker.ctl_offline(*backup, "--staging", self.broker.store / "staging", check=False).returncode)
        ballast.unlink()
        fixture.until(lambda: self.has_alarm("backup-failed"), "the alarm, which the full disk had no new file for")
        self.broker.ctl_offline(*backup)
        fixture.until(lambda: not self.has_alarm("backup-failed"), "its end")


class FileLimit(Full):
    """A disk without a disk: no right needed."""

    def test_d6_a_file_that_may_not_grow_is_a_full_disk_and_a_raised_limit_is_room(self):
        ids = [self.accepted(self.centre.submit(large_sheet(100))).referral_id for _ in range(40)]
        # As on a disk, some pages are put by: a store that could not grow by one page might find none free for an ack.
        self.limit((self.broker.store / "data.mdb").stat().st_size + MIB // 4)
        self.assert_refuses_new_work_only(ids)
        self.assert_drains(ids)
        self.limit(resource.RLIM_INFINITY)
        self.assert_recovers()

    def test_d2_in_the_middle_of_traffic_what_was_accepted_stays_and_the_rest_was_told(self):
        size, keys, accepted = (self.broker.store / "data.mdb").stat().st_size, [], []
        bodies = [large_sheet(20) for _ in range(8)]
        for i in range(40):
            if i == 10:
                self.limit(size + MIB)
            if i == 30:
                self.limit(resource.RLIM_INFINITY)
            asked = [self.centre.ask("SUBMIT", body) for body in bodies]
            self.centre.send_frame(*(data for data, _ in asked))
            self.assertTrue(self.centre.wait(lambda: all(number in self.centre.replies for _, number in asked)))
            for _, number in asked:
                reply = self.centre.replies[number]
                if reply.refusals:
                    self.assert_is_full(reply)
                    keys.append(number)
                else:
                    accepted.append(reply.referral_id)
        self.assertTrue(keys, "some were refused")
        self.broker.kill()
        self.broker.start()
        for id_ in accepted:
            self.assertEqual(id_, self.centre.query("GET_REFERRAL", referral_id=id_).summary.referral_id)
        print("%d accepted and there after a crash, %d told DISK_FULL" % (len(accepted), len(keys)))
        self.assert_recovers()


class FailingCommit(Full):
    """There seemed to be room, and the disk said no in the middle of the commit."""

    def test_d2_a_commit_that_finds_no_room_accepts_nothing_and_says_so(self):
        small = [self.accepted(self.centre.submit(sheets.made("up"))).referral_id for _ in range(5)]
        status = self.operator.query("GET_STATUS")
        self.limit(status.store_used_bytes * 100 // 80)
        self.assertFalse(self.operator.query("GET_STATUS").store_full)
        body = large_sheet(900)
        for _ in range(5):
            self.assert_is_full(self.centre.submit(body, message_id="too-large-for-now"))
        self.assert_drains(small)
        self.refused(self.centre.command("GET_REFERRAL", {"message_id": "too-large-for-now"}), "NOT_FOUND")
        self.limit(resource.RLIM_INFINITY)
        self.assert_recovers()
        self.accepted(self.centre.submit(body, message_id="too-large-for-now"))

if __name__ == "__main__":
    fixture.main()
