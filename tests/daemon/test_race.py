#!/usr/bin/python3
"""test_race.py - two real clients, each with its own key, connection and thread, race for one unit, round after round: exactly one wins, each time, and
the pool's counts agree (Q2, Q3)."""
import collections
import threading
import unittest

import fixture
import places
from party import PartyTest, codes

ROUNDS = 1000           # for the last unreserved unit, and again for the last unit


class Racer(threading.Thread):
    """Waits at the line, and goes with the other."""

    def __init__(self, line, client, body):
        super().__init__(daemon=True)
        self.line, self.client, self.body = line, client, body
        self.kind = self.reply = None
        self.start()

    def run(self):
        try:
            while True:
                self.line.wait()
                self.reply = self.client.command(self.kind, self.body)
                self.line.wait()
        except threading.BrokenBarrierError:
            return  # the race is over

    def give_back(self):
        return self.client.command("CANCEL_PLACE", {"booking_id": self.reply.booking.booking_id, "reason": "PATIENT_DECLINED"})


class Race(PartyTest):
    def setUp(self):
        super().setUp()
        self.hospital = self.party("H1")
        self.date = places.day_of(self.hospital.welcome.now_ms, 10)

    def second_scheduler(self):
        key = self.broker.make_key("H1-2")
        self.broker.load([{"kind": "ADD_KEY", "body": {"public_key": key.hex(), "institution": "H1", "roles": ["SCHEDULE"]}}])
        return self.party("H1-2")

    def publish(self, resource, count):
        self.accepted(self.hospital.command("PUT_POOL", places.pool(resource, self.date, count)))
        return places.ref(resource, self.date)

    def refer(self, client, sender, number):
        return self.accepted(client.submit(places.sheet(number, sender))).referral_id

    def counts(self, resource):
        pool, = self.hospital.query("LIST_POOLS", hospital="H1", resource=resource, first_date=self.date).pools
        self.assertLessEqual(pool.general + pool.family + pool.blocked, pool.capacity, "Q2")
        return pool.general, pool.family

    def run_round(self, number, racers, line):
        """The winner."""
        for racer in racers:
            racer.kind = ("HOLD_PLACE", "BOOK_PLACE")[number % 2]
        line.wait()
        line.wait()
        winners = [racer for racer in racers if not racer.reply.refusals]
        self.assertEqual(1, len(winners), "round %d: %s" % (number, [codes(racer.reply) for racer in racers]))
        return winners[0]

    def race(self, resource, runners, rounds, refusal):
        """`runners` are two (client, body). The winner gives the unit back before the next round."""
        line = threading.Barrier(3, timeout=fixture.PATIENCE_S)
        self.addCleanup(line.abort)
        racers = [Racer(line, *runner) for runner in runners]
        before, wins = self.counts(resource), collections.Counter()
        for number in range(rounds):
            winner = self.run_round(number, racers, line)
            loser = racers[1 - racers.index(winner)]
            self.assertEqual([refusal], codes(loser.reply))
            is_family = winner.body["channel"] == "FAMILY_DOCTOR"
            self.assertEqual((before[0] + (not is_family), before[1] + is_family), self.counts(resource), "round %d" % number)
            self.accepted(winner.give_back())
            wins[racers.index(winner)] += 1
        self.assertEqual(before, self.counts(resource))
        line.abort()
        print("%s: won %d to %d" % (resource, wins[0], wins[1]), flush=True)

    def test_q3_of_two_clients_racing_for_the_last_unreserved_unit_exactly_one_wins(self):
        """A pool of 2 keeps 1: the other is all that the general channel has."""
        pool = self.publish("TWO", 2)
        runners = [(self.party("H1"), places.general(pool, "HIS-A")), (self.second_scheduler(), places.general(pool, "HIS-B"))]
        self.race("TWO", runners, ROUNDS, "RESERVED")
        self.check_store()

    def test_q2_of_two_clients_racing_for_the_last_unit_exactly_one_wins(self):
        """Family doctors of two centres; and, where the reserve is met, a family doctor and the hospital itself."""
        one, last = self.publish("ONE", 1), self.publish("LAST", 2)
        t07, t08 = self.party("T07"), self.party("T08")
        a, b, other = self.refer(t07, "T07", 1), self.refer(t08, "T08", 2), self.refer(t07, "T07", 3)
        self.race("ONE", [(t07, places.family(one, a)), (t08, places.family(one, b))], ROUNDS // 2, "NO_FREE")
        self.accepted(t07.command("BOOK_PLACE", places.family(last, other)))
        self.race("LAST", [(t07, places.family(last, a)), (self.party("H1"), places.general(last, "HIS-A"))], ROUNDS // 2, "NO_FREE")
        self.check_store()


if __name__ == "__main__":
    fixture.main()
