#!/usr/bin/python3
"""test_restore.py - an older copy of the store goes on: as another incarnation, in which no id is given twice, acknowledgements of the lost time are
stale, nobody resends blindly, and what waits is delivered again, marked (design: ideas 2 and 3; D1, D4, D7)."""
import shutil

import fixture
import sheets
from foreign_client import OtherStore, message_id, wire_pb2
from party import PartyTest


class Restore(PartyTest):
    def copy_of(self, name):
        """A backup: the store's folder while the broker is stopped."""
        self.assertEqual(0, self.broker.stop())
        copy = self.broker.folder / name
        shutil.copytree(self.broker.store, copy)
        self.broker.start()
        return copy

    def restored(self, copy):
        """The broker goes on from that copy, at the same address."""
        if self.broker.process.poll() is None:
            self.broker.kill()
        shutil.rmtree(self.broker.store)
        self.broker.ctl_offline("restore", copy, self.broker.store, "--host-key", self.broker.keys / "host.key")
        self.check_store()
        self.broker.start()

    def sent(self, client, count):
        return [self.accepted(client.submit(sheets.made("up", {"receiver": "H2"}))) for _ in range(count)]

    def taken(self, consumer, count):
        deliveries = [consumer.receive() for _ in range(count)]
        self.assertNotIn(None, deliveries)
        return deliveries

    def test_d4_d7_the_older_copy_goes_on_and_gives_no_id_twice(self):
        centre, hospital = self.party("T07"), self.party("H2", credit=4)
        before = self.sent(centre, 6)
        acknowledged, held = self.taken(hospital, 2), self.taken(hospital, 2)
        hospital.ack(*acknowledged)
        operator = self.party("OPS")
        fixture.until(lambda: self.books(operator)["H2"][1] == 2, "two acks to be counted")
        copy = self.copy_of("copy-1")
        first = centre.hello()

        # What the copy will not know: more referrals, and acks of what waits in it.
        hospital.hello()
        lost = self.sent(centre, 5)
        redelivered = self.taken(hospital, 4)
        self.assertTrue(all(d.possibly_redelivered for d in redelivered), "accepted before the last start")
        hospital.ack(*redelivered)
        fixture.until(lambda: self.books(operator)["H2"][1] == 6, "the acks to be counted")
        self.assertEqual(0, self.broker.stop())
        self.restored(copy)

        second = centre.hello()
        self.assertEqual(first.store_id, second.store_id)
        self.assertGreater(second.incarnation, first.incarnation)
        after = self.sent(centre, 6)
        old_ids = {r.referral_id for r in before + lost}
        self.assertFalse(old_ids & {r.referral_id for r in after}, "no id twice")
        self.assertFalse({r.journey_id for r in before + lost} & {r.journey_id for r in after})
        for reply in lost:
            self.refused(centre.command("GET_REFERRAL", {"referral_id": reply.referral_id}), "NOT_FOUND")

        # What waited in the copy comes again, under new ids, marked; the old ids are stale.
        consumer = self.party("H2")
        stale = consumer.request("ACK", wire_pb2.Ack(delivery_ids=[d.delivery_id for d in redelivered]).SerializeToString())
        self.refused(stale, "STALE")
        nack = wire_pb2.Nack(delivery_id=held[0].delivery_id, code=wire_pb2.NACK_UNREADABLE).SerializeToString()
        self.refused(consumer.request("NACK", nack), "STALE")
        self.assertEqual(10, self.books(self.party("OPS"))["H2"][2], "four of the copy and six new ones")
        consumer.credit(10)
        again = self.taken(consumer, 10)
        self.assertEqual([r.referral_id for r in before[2:]] + [r.referral_id for r in after], [d.referral_id for d in again])
        self.assertEqual([True] * 4 + [False] * 6, [d.possibly_redelivered for d in again])
        seen = {d.delivery_id for d in acknowledged + held + redelivered}
        self.assertFalse(seen & {d.delivery_id for d in again}, "no delivery id twice")
        consumer.ack(*again)
        operator = self.party("OPS")
        fixture.until(lambda: self.books(operator)["H2"][2] == 0, "the inbox to be drained")
        self.check_store()

    def test_d1_a_client_does_not_resend_blindly_into_a_restored_store(self):
        centre = self.party("T07")
        key = message_id()
        copy = self.copy_of("copy-2")
        centre.hello()
        done = self.accepted(centre.submit(sheets.made("up"), message_id=key))
        # The answer is lost: the same command is under way when the store that knew it is gone.
        self.broker.kill()
        self.restored(copy)
        with self.assertRaises(OtherStore):
            centre.submit(sheets.made("up"), message_id=key)
        # A person looked, and the sender says it anew: the restored store does not remember it.
        centre.hello()
        again = self.accepted(centre.submit(sheets.made("up"), message_id=key))
        self.assertNotEqual(done.referral_id, again.referral_id)

    def test_restoring_the_same_copy_twice_gives_two_incarnations(self):
        copy = self.copy_of("copy-3")
        ids, incarnations = set(), []
        for _ in range(2):
            self.restored(copy)
            centre = self.party("T07")
            incarnations.append(centre.welcome.incarnation)
            ids |= {r.referral_id for r in self.sent(centre, 3)}
        self.assertLess(incarnations[0], incarnations[1])
        self.assertEqual(6, len(ids))

    def test_of_what_is_no_copy_nothing_new_is_advised(self):
        """Whoever has lost a store and mistypes a name is not told to make another one."""
        nowhere, empty = self.broker.folder / "nowhere", self.broker.folder / "empty"
        empty.mkdir()
        for source, words in ((nowhere, "No such file or directory"), (empty, "is no backup and no copy of a store")):
            said = self.broker.ctl_offline("--lang", "en", "restore", source, self.broker.folder / "to",
                                           "--host-key", self.broker.keys / "host.key", check=False)
            self.assertEqual(4, said.returncode)
            self.assertIn(words, said.stderr)
            self.assertNotIn("init", said.stderr)

    def test_p3_the_audit_chain_goes_on_from_the_copy(self):
        copy = self.copy_of("copy-4")
        where = ("--store", copy, "--host-key", self.broker.keys / "host.key")
        self.broker.ctl_offline("verify", *where)
        self.sent(self.party("T07"), 2)
        self.restored(copy)
        self.sent(self.party("T07"), 2)
        after = self.check_store()
        self.assertEqual(0, after["faults"])
        operator = self.party("OPS")
        rows, index = [], 1
        while index:
            page = operator.query("LIST_AUDIT", from_index=index, rows=200)
            rows += page.rows
            index = page.next_index
        self.assertEqual(2, len([r for r in rows[-2:] if r.kind == wire_pb2.SUBMIT]), "and is read to its end")


if __name__ == "__main__":
    fixture.main()
