#!/usr/bin/python3
"""test_checkpoint.py - what a commission keeps: a signed checkpoint of the audit chain, by which it sees that the tail was cut, written anew, or left behind by
a restore (P3)."""
import json
import shutil

import fixture
import sheets
from party import PartyTest

OK, REFUSED, USAGE, BAD_FILE, CHECK_FAILED = 0, 1, 2, 4, 5


class Checkpoint(PartyTest):
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
        self.kept = self.broker.folder / "kept"
        self.kept.mkdir()

    def offline(self, *arguments, expect=OK, store=None):
        result = self.broker.ctl_offline("--lang", "en", *arguments, "--store", store or self.broker.store, "--host-key",
                                         self.broker.keys / "host.key", check=False)
        self.assertEqual(expect, result.returncode, result.stdout + result.stderr)
        return result

    def send(self, count=3):
        centre = self.party("T07")
        for _ in range(count):
            self.accepted(centre.submit(sheets.made("up")))

    def hold_against(self, file, *more, **how):
        result = self.offline("verify", "--checkpoint", file, *more, **how)
        return result.stdout + result.stderr

    def make(self, to):
        return json.loads(self.offline("--json", "checkpoint", to).stdout)

    def test_p3_it_is_written_beside_the_broker_and_the_chain_passes_through_it_for_ever(self):
        first = self.make(self.kept)
        self.send()
        second = self.make(self.kept)
        self.assertEqual(2, len(list(self.kept.iterdir())))
        self.assertGreater(second["index"], first["index"])
        for made in (first, second):
            self.assertIn("passes through the checkpoint of turn %d\n" % made["index"], self.hold_against(made["file"]))
            self.hold_against(made["file"], "--public-key", made["public_key"])
        self.hold_against(first["file"], "--public-key", "0" * 64, expect=BAD_FILE)
        self.hold_against(first["file"], "--public-key", "00", expect=USAGE)
        text = self.offline("checkpoint").stdout
        self.assertTrue(text.startswith("referrald checkpoint 1\nstore_id = "), text)

    def test_p3_a_later_one_is_never_overwritten_nor_anything_else(self):
        early, late = self.kept / "early", self.kept / "late"
        self.make(early)
        self.send()
        self.make(late)
        self.make(late)  # as late as it was
        kept = late.read_bytes()
        backup = self.broker.folder / "copy"
        self.broker.kill()
        shutil.copytree(self.broker.store, backup)
        self.broker.start()
        self.send()
        self.make(late)
        self.assertNotEqual(kept, late.read_bytes())
        later = late.read_bytes()
        self.assertIn("is a later checkpoint", self.offline("checkpoint", late, store=backup, expect=REFUSED).stderr)
        self.assertEqual(later, late.read_bytes())
        self.make(early)
        other = self.kept / "notes"
        other.write_text("what somebody wrote\n")
        self.assertIn("not overwritten", self.offline("checkpoint", other, expect=REFUSED).stderr)
        self.assertEqual("what somebody wrote\n", other.read_text())
        self.assertEqual([], list(self.kept.glob("*.part")))

    def test_p3_a_tail_that_was_cut_off_and_mended_is_told(self):
        copy = self.broker.folder / "cut"
        self.send()
        self.broker.kill()
        shutil.copytree(self.broker.store, copy)  # what somebody who wants turns to be gone puts back
        (copy / "owner.lock").unlink()
        self.broker.start()
        self.send()
        made = self.make(self.kept)
        self.offline("verify", store=copy)  # the chain by itself is sound
        self.assertIn("the audit was cut", self.hold_against(made["file"], store=copy, expect=CHECK_FAILED))

    def test_p3_what_a_restore_left_behind_is_told_and_what_it_kept_holds(self):
        self.send()
        before = self.make(self.kept)
        self.offline("backup", self.kept)
        backup = next(self.kept.glob("*.backup"))
        self.send()
        after = self.make(self.kept)
        self.hold_against(before["file"], "--backup", backup)
        restored = self.broker.folder / "restored"
        self.broker.ctl_offline("restore", backup, restored, "--host-key", self.broker.keys / "host.key", "--broker-config",
                                self.broker.config_file)
        self.assertIn("passes through", self.hold_against(before["file"], store=restored))
        self.assertIn("a restore of an older copy left it behind", self.hold_against(after["file"], store=restored, expect=CHECK_FAILED))

    def test_p3_of_another_store_or_changed_it_says_nothing_of_this_one(self):
        other = fixture.Broker(register=False)
        self.addCleanup(other.close)
        file = self.kept / "other"
        other.ctl_offline("checkpoint", file, "--store", other.store, "--host-key", other.keys / "host.key")
        self.assertIn("of another store", self.hold_against(file, expect=BAD_FILE))
        file = self.kept / "ours"
        self.make(file)
        text = file.read_text()
        file.write_text(text.replace("index = ", "index = 1"))
        self.assertIn("signature does not hold", self.hold_against(file, expect=BAD_FILE))
        file.write_text(text[:-20])
        self.assertIn("is no checkpoint", self.hold_against(file, expect=BAD_FILE))
        self.hold_against(self.kept / "none", expect=BAD_FILE)
        self.assertFalse((self.broker.store / "verify.state").exists(), "no alarm for a wrong file")

    def test_p3_init_shows_the_public_key(self):
        made = json.loads(self.broker.ctl_offline("--json", "init", "--store", self.broker.folder / "new", "--name", "bd", "--institution", "OPS",
                                                  "--institution-name", "运维", "--keys", self.broker.folder / "new-keys").stdout)
        checkpoint = json.loads(self.broker.ctl_offline("--json", "checkpoint", "--store", self.broker.folder / "new", "--host-key",
                                                        self.broker.folder / "new-keys" / "host.key").stdout)
        self.assertEqual(made["checkpoint_key"], checkpoint["public_key"])
        self.assertRegex(made["checkpoint_key"], "^[0-9a-f]{64}$")


if __name__ == "__main__":
    fixture.main()
