#!/usr/bin/python3
"""test_kill.py - kill -9 of the broker, and now and then of its clients too, in the middle of traffic (D1 to D4, D7).

Four senders and four receivers keep ledgers of their own (tests/bench/ledger.h), which are compared with each other and with what the
broker says: acknowledged is stored, each effect is there once, lanes keep their order, the books balance.
"""
import collections
import os
import random
import subprocess
import sys
import unittest

import fixture
from foreign_client import Client

sys.path.insert(0, str(fixture.HERE.parent / "bench"))
import parties  # noqa: E402

CYCLES = 1000 if fixture.LONG else 10
SEED = int(os.environ.get("REFERRALD_SEED", "20261122"))
ANSWERS_MOST = 400        # before a kill
CLIENTS_DIE_EVERY = 3     # cycles
IN_FLIGHT = 64
Got = collections.namedtuple("Got", "number referral lane attempt redelivered")


class Load:
    """One life of referral-load: all senders and receivers, going on from their ledgers."""

    def __init__(self, broker, folder):
        self.process = subprocess.Popen(
            parties.load_command(broker, "ledger", ledger=folder, in_flight=IN_FLIGHT),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait_for_answers(self, count):
        while count > 0:
            line = self.process.stdout.readline()
            assert line, "the load ended by itself: exit %s" % self.process.wait()
            count -= int(line.split()[1])

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def drain(self):
        """No new referrals; returns when all that were sent are answered. Receivers go on."""
        self.process.stdin.write("drain\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line == "drained\n":
                return
        raise AssertionError("the load ended before it was drained: exit %s" % self.process.wait())

    def end(self):
        self.process.communicate(timeout=fixture.PATIENCE_S)
        return self.process.returncode


class Ledgers:
    """What the clients know, whatever the broker says."""

    def __init__(self, folder):
        self.sent, self.done, self.received = {}, collections.defaultdict(set), {}
        for path in sorted(folder.iterdir()):
            entries = [line.split() for line in path.read_text().splitlines()]
            for word, number, *rest in entries:
                if word == "send":
                    self.sent[rest[0]] = int(number)
                elif word == "done":
                    self.done[rest[0]].add(rest[1])
            self.received[path.name] = [Got(int(number), rest[0], *map(int, rest[1:])) for word, number, *rest in entries if word == "got"]

    def deliveries(self):
        return [got for party in self.received.values() for got in party]


def place(referral):
    """Ids are (store, incarnation, turn, ordinal): the order in which the broker accepted them."""
    _, incarnation, index, ordinal = referral.rsplit("-", 3)
    return int(incarnation, 36), int(index), int(ordinal)


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = fixture.Broker(register=False)
        cls.addClassCleanup(cls.broker.close)
        parties.register(cls.broker, senders=4, receivers=4)
        cls.folder = cls.broker.folder / "ledgers"
        cls.folder.mkdir()
        cls.run_cycles()
        cls.ledgers = Ledgers(cls.folder)
        received = cls.ledgers.deliveries()
        print("%d referrals sent, %d deliveries, %d of them again" % (
            len(cls.ledgers.sent), len(received), len(received) - len({got.referral for got in received})), flush=True)

    @classmethod
    def run_cycles(cls):
        chance = random.Random(SEED)
        load = Load(cls.broker, cls.folder)
        instants = []
        for cycle in range(CYCLES):
            answers = chance.randint(1, ANSWERS_MOST)
            instants.append(answers)
            load.wait_for_answers(answers)
            cls.broker.kill()
            if cycle % CLIENTS_DIE_EVERY == CLIENTS_DIE_EVERY - 1:
                load.kill()
                load = None
            cls.broker.start()
            load = load or Load(cls.broker, cls.folder)
        print("seed %d: %d kills, after %s answers" % (SEED, CYCLES, instants), flush=True)
        load.wait_for_answers(ANSWERS_MOST)
        load.drain()
        # Senders take nothing; what they are told of deadlines that passed in a long run stays.
        fixture.until(lambda: not any(books.waiting for books in cls.books() if books.institution.startswith("BR")), "the inboxes to be empty")
        if load.end() != 0:
            raise AssertionError("the load failed")

    @classmethod
    def books(cls):
        client = cls.client("operator")
        try:
            return list(client.query("GET_STATUS").inboxes)
        finally:
            client.close()

    @classmethod
    def client(cls, party):
        return Client(cls.broker.endpoint, cls.broker.key_pair("server")[0], cls.broker.key_pair(party))

    def test_d1_each_message_id_was_answered_and_always_with_the_same_referral(self):
        self.assertEqual(set(self.ledgers.sent), set(self.ledgers.done))
        self.assertEqual([], [m for m, referrals in self.ledgers.done.items() if len(referrals) != 1])

    def test_d1_each_message_id_had_one_effect(self):
        referrals = [next(iter(r)) for r in self.ledgers.done.values()]
        self.assertEqual(len(referrals), len(set(referrals)), "one referral for each message id")
        operator = self.client("operator")
        self.addCleanup(operator.close)
        self.assertEqual(len(referrals), operator.query("GET_STATUS").referrals, "and no others in the store")

    def test_d2_each_acknowledged_message_id_is_stored(self):
        clients = [self.client("BS%02d" % i) for i in range(4)]
        for client in clients:
            self.addCleanup(client.close)
        for message_id, referrals in self.ledgers.done.items():
            view = clients[self.ledgers.sent[message_id] % 4].query("GET_REFERRAL", message_id=message_id)
            self.assertEqual({view.summary.referral_id}, referrals)

    def test_d4_each_acknowledged_referral_was_delivered_and_no_other(self):
        accepted = {next(iter(r)): self.ledgers.sent[m] for m, r in self.ledgers.done.items()}
        delivered = {got.referral: got.number for got in self.ledgers.deliveries()}
        self.assertEqual({}, {r: n for r, n in accepted.items() if delivered.get(r) != n}, "accepted, not delivered as such")
        self.assertEqual({}, {r: n for r, n in delivered.items() if r not in accepted}, "delivered, known to no sender")

    def test_d3_a_lane_keeps_its_order(self):
        """Of first deliveries: one that went back because a receiver died comes when it comes, and says so."""
        for party, received in self.ledgers.received.items():
            last, seen = {}, set()
            for got in received:
                if got.attempt == 1 and got.referral not in seen:
                    self.assertLess(last.get(got.lane, (0,)), place(got.referral), "%s, lane %d" % (party, got.lane))
                    last[got.lane] = place(got.referral)
                seen.add(got.referral)

    def test_d4_what_comes_twice_says_so(self):
        for party, received in self.ledgers.received.items():
            seen = set()
            for got in received:
                if got.referral in seen:
                    self.assertTrue(got.redelivered or got.attempt > 1, "%s: %s" % (party, got.referral))
                seen.add(got.referral)

    def test_d7_the_books_balance_and_the_store_is_sound(self):
        for books in self.books():
            self.assertEqual(books.accepted, books.acknowledged + books.waiting + books.dead + books.dropped, books.institution)
        for verb in ("recount", "verify"):
            self.broker.ctl_offline(verb, "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")


if __name__ == "__main__":
    fixture.main()
