#!/usr/bin/python3
"""test_rotate.py - data keys and the host key change beside a running broker: under load, killed in the middle, with backups and an archive from before;
nothing is lost, no row is left under an older key, and no marked patient is anywhere on disk (P1)."""
import json
import re
import resource
import signal
from pathlib import Path

import fixture
import ops
import sheets
from foreign_client import Client
from party import PartyTest
from test_archive import DAY_MS, START_MS, ArchiveTest, Shelved
from test_logs import MARK, PICTURE, UP, marked

OK, REFUSED, BAD_FILE = 0, 1, 4
REFERRALS = 100  # of 60 KB each: some forty steps
KILLS = 3
STEPS = 3        # of a walk, about, before a kill


class Keys:
    """What is asked about the keys, for any of these tests."""

    def offline(self, *arguments, expect=OK, store=None, key=None):
        result = self.broker.ctl_offline("--lang", "en", *arguments, "--store", store or self.broker.store, "--host-key",
                                         key or self.broker.keys / "host.key", check=False)
        self.assertEqual(expect, result.returncode, result.stdout + result.stderr)
        return result

    def status(self, store=None):
        return json.loads(self.offline("--json", "rotate", "--status", store=store).stdout)

    def reload(self):
        self.broker.process.send_signal(signal.SIGHUP)

    def until_logged(self, event, meanwhile=lambda: None):
        fixture.until(lambda: meanwhile() or "event=%s " % event in self.broker.log_text(), event)

    def rotate(self):
        """Adds a key, and waits for the last row."""
        number = json.loads(self.offline("--json", "rotate").stdout)["data_key"]
        self.reload()
        fixture.until(lambda: "event=resealed data_key=%d " % number in self.broker.log_text(), "the rows to have moved")
        return number

    def restore(self, backup, name):
        """Verified there, and all its rows go on."""
        copy = self.broker.folder / name
        result = self.broker.ctl_offline("restore", backup, copy, "--host-key", self.broker.keys / "host.key", "--broker-config",
                                         self.broker.config_file)
        self.assertIn(str(copy), result.stdout)
        self.offline("verify", store=copy)
        return copy

    def backup(self):
        kept = self.broker.folder / "kept"
        kept.mkdir(exist_ok=True)
        before = set(kept.glob("*.backup"))
        self.offline("backup", str(kept), "--staging", str(self.broker.folder / "staging"))
        return (set(kept.glob("*.backup")) - before).pop()


class UnderLoad(Keys, PartyTest):
    def send(self, client):
        reply = self.accepted(client.submit(sheets.made("up", dict(UP, sender_reference="R%d" % len(self.ids)))))
        self.ids.append(reply.referral_id)

    def kill_in_the_middle(self, left):
        """While rows move and referrals come in; how many rows are left then."""
        centre = self.party("T07")
        self.until_logged("resealing", lambda: self.send(centre))
        for _ in range(STEPS):
            self.send(centre)
        self.broker.kill()
        now = self.status()["rows_left"]
        self.assertLessEqual(now, left, "it goes on where it was")
        self.offline("verify")
        return now

    def test_p1_under_load_and_killed_nothing_is_lost_and_no_row_is_left(self):
        self.ids = []
        centre = self.party("T07")
        for _ in range(REFERRALS):
            self.send(centre)
        before = self.backup()
        added = json.loads(self.offline("--json", "rotate").stdout)["data_key"]
        self.assertEqual(2, added)
        self.assertNotIn("key_taken", self.broker.log_text(), "not before it is told")
        self.reload()
        kills, during, left = 0, None, self.status()["rows_left"]
        while kills < KILLS:
            now = self.kill_in_the_middle(left)
            if 0 < now < left:
                kills += 1
                during = self.backup()
            if now == 0:  # the rows were faster
                self.offline("rotate")
            left = self.status()["rows_left"]
            self.broker.start()
        newest = self.status()["newest"]
        centre = self.party("T07")
        self.until_logged("resealed", lambda: self.send(centre))
        status = self.status()
        self.assertEqual((newest, True, 0), (status["newest"], status["done"], status["rows_left"]))
        self.assertEqual([0] * (newest - 1), [key["rows"] for key in status["keys"]][:-1])
        self.check_store()

        # All that was accepted is delivered, as it was sent.
        hospital, got = self.party("H1", credit=1000), {}
        while len(got) < len(self.ids):
            delivery = hospital.receive()
            self.assertEqual(MARK, marked(delivery.body))
            self.assertIn(PICTURE["content"], delivery.body)
            got[delivery.referral_id] = got.get(delivery.referral_id, 0) + 1
            hospital.ack(delivery)
        self.assertEqual({i: 1 for i in self.ids}, got)
        self.restore(before, "from-before")
        copy = self.restore(during, "from-the-middle")
        self.assertGreater(self.status(copy)["rows_left"], 0, "it is of the middle")


class Changes(Keys, PartyTest):
    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.broker = ops.Broker()
        self.addCleanup(self.broker.close)

    def test_p1_the_page_of_metrics_says_how_far(self):
        newest = self.rotate()
        self.assertEqual(newest, self.status()["newest"])

        def shown():
            text = ops.get(self.broker.http, "/metrics").body.decode()
            return "referrald_data_key %d\n" % newest in text and "referrald_reseal_rows_left 0\n" in text
        fixture.until(shown, "the metrics")

    def test_p1_another_host_key_is_taken_and_the_old_one_opens_nothing(self):
        old, new = self.broker.keys / "host.key", self.broker.keys / "host.new.key"
        self.offline("rotate", "--host-key-new", new)
        self.assertEqual(0o600, new.stat().st_mode & 0o777)
        self.offline("rotate", "--host-key-new", new)  # done before: the same again
        self.offline("verify", key=new)
        refused = self.offline("verify", expect=BAD_FILE)
        self.assertIn("not wrapped by this host key", refused.stderr)
        self.offline("rotate", expect=BAD_FILE)
        self.reload()
        self.until_logged("reload_refused")  # the configuration still names the old one
        kept = old.read_bytes()
        old.write_bytes(new.read_bytes())
        self.reload()
        self.until_logged("reloaded")
        self.assertNotIn("host.key", self.broker.log_text(), "no restart")
        self.assertEqual(0, self.broker.stop())
        self.broker.start()
        self.rotate()
        self.assertNotEqual(kept, old.read_bytes())

    def test_p1_a_key_file_that_is_damaged_or_of_another_store_is_not_taken(self):
        path = self.broker.store / "keys"
        kept, log = path.read_bytes(), len(self.broker.log_text())
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        self.reload()
        fixture.until(lambda: "event=reload_refused" in self.broker.log_text()[log:], "the refusal")
        path.write_bytes(kept)
        self.assertIn("damaged", self.broker.log_text()[log:])
        self.accepted(self.party("T07").submit(sheets.made("up")))

    def test_p1_keys_are_locked_in_memory_and_in_no_core_file(self):
        pages = Path("/proc/%d/smaps" % self.broker.process.pid).read_text()
        areas = re.findall(r"^VmFlags: (.*)$", pages, re.M)
        self.assertTrue(any({"dd"} <= set(area.split()) for area in areas), "pages that no dump has")
        limit, _ = resource.prlimit(self.broker.process.pid, resource.RLIMIT_MEMLOCK)
        if limit != resource.RLIM_INFINITY and limit < 1 << 20:
            self.skipTest("not run: this machine lets nobody lock memory")
        locked = [area.split() for area in areas if "lo" in area.split()]
        self.assertTrue(locked)
        self.assertTrue(all("dd" in area for area in locked), locked)
        status = Path("/proc/%d/status" % self.broker.process.pid).read_text()
        self.assertGreaterEqual(int(re.search(r"VmLck:\s+(\d+) kB", status)[1]), 12, "all data keys and the index key")
        self.assertEqual("0", re.search(r"VmSwap:\s+(\d+) kB", status)[1])


class Marked(Keys, ArchiveTest):
    """A life that ends in the archive and among the dropped dead letters; then a rotation, a backup and its compacted copy."""

    def open_broker(self, count=10):
        self.broker = Shelved(test_time_ms=START_MS)
        self.addCleanup(self.broker.close)
        centre, hospital, other = self.party("T07", credit=1000), self.party("H1", credit=100), self.party("H2", credit=100)
        self.ids = []
        for i in range(count):
            for receiver, client in (("H1", hospital), ("H2", other)):
                sheet = sheets.made("up", dict(UP, receiver=receiver, sender_reference="%s%s%d" % (MARK, receiver, i)))
                reply = self.accepted(centre.submit(sheet))
                self.ids.append(reply.referral_id)
                delivery = client.receive()
                self.assertEqual(MARK, marked(delivery.body), "the control")
                if client is hospital:
                    hospital.ack(delivery)
                    self.accepted(hospital.event(reply.referral_id, "REJECT", reason="OTHER_REASON", text=MARK))
                else:
                    other.nack(delivery, "NACK_UNREADABLE", MARK)
        operator = self.party("OPS")
        fixture.until(lambda: self.books(operator)["H2"][3] == count, "the dead letters")
        self.accepted(operator.command("DROP_DEAD", {"institution": "H2", "all": True, "reason": "test"}))

        def is_drained():
            centre.hear(0)
            while centre.deliveries:
                centre.ack(centre.receive())
            return not self.books(operator)["T07"][2]
        fixture.until(is_drained, "the notices")
        self.close_parties()

    def files(self):
        for path in sorted(self.broker.folder.rglob("*")):
            if path.is_file() and path.name != "keys.jsonl":
                yield path

    def test_p1_no_marked_patient_is_on_disk_after_all_that_moves_rows(self):
        self.open_broker()
        self.rotate()
        self.broker.set_clock(START_MS + 400 * DAY_MS)
        self.broker.ctl("set", "retention_finished_ms", "365d")
        hospital_ids = self.ids[0::2]

        def archived():
            self.reload()
            client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("T07"))
            try:
                return all(client.query("GET_REFERRAL", referral_id=i).summary.archived_in for i in hospital_ids)
            finally:
                client.close()
        fixture.until(archived, "the archive")
        self.rotate()  # what the archive has is of the first and the second key, and stays so
        self.offline("verify", "--archives", self.broker.archive)
        shown = self.broker.ctl_offline("--json", "archive", "show", hospital_ids[0], "--reason", "test", "--archives", self.broker.archive,
                                        "--host-key", self.broker.keys / "host.key", "--broker-config", self.broker.config_file).stdout
        self.assertEqual(MARK, marked(shown), "the control: it is there to be read by who may")
        self.restore(self.backup(), "compacted")
        self.offline("checkpoint", str(self.broker.folder / "kept"))
        self.offline("verify")
        self.assertEqual(0, self.broker.stop())
        kinds = {}
        for path in self.files():
            data = path.read_bytes()
            self.assertIsNone(marked(data), path)
            kinds[path.suffix or path.name] = kinds.get(path.suffix or path.name, 0) + len(data)
        for kind in (".mdb", ".rfa", ".backup", ".checkpoint", "keys", "looks", ".log"):
            self.assertGreater(kinds.get(kind, 0), 0, kinds)
        print("bytes looked through: %s" % kinds)
        data = (self.broker.store / "data.mdb").read_bytes()
        self.assertIn(b"NOCONTACT", data, "the control: what is not sealed is found in this file")
        plain = self.broker.folder / "unsealed"
        plain.write_bytes(data + shown.encode())
        self.assertEqual(MARK, marked(plain.read_bytes()), "the control: a copy that is not sealed is found out")
        self.broker.start()


if __name__ == "__main__":
    fixture.main()
