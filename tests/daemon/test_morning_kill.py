#!/usr/bin/python3
"""test_morning_kill.py - a scripted morning of holds, confirmations, cancellations and displacements (morning.py), with kill -9 at every boundary of a
turn: while a command is on its way, and again right after its answer. Each time the broker starts on the same store, and the command is sent again with
the same message id (D1, D2). After each step the store is what it is after the same step of a morning nobody disturbed: no unit lost, none sold twice, no
phantom hold (Q2, Q7)."""
import os
import random
import time
import unittest

import fixture
import morning
from foreign_client import Client, body_of

PASSES = 50 if fixture.LONG else 2
SEED = int(os.environ.get("REFERRALD_SEED", "20261122"))
ON_ITS_WAY_US_MOST = 10000  # from sending a command to the kill: long enough for some to be done, too short for most


def said(reply):
    """What an answer says, without ids and indexes."""
    return ([(r.code, r.field) for r in reply.refusals], reply.state, reply.booking.state, list(reply.booking.units), reply.affected)


class Killed(unittest.TestCase):
    def broker_with_morning(self):
        broker = fixture.Broker(test_time_ms=morning.START_MS)
        self.addCleanup(broker.close)

        def connect(who):
            return Client(broker.endpoint, broker.key_pair("server")[0], broker.key_pair("operator" if who == "OPS" else who))

        world = morning.Morning(connect)
        self.addCleanup(world.close)
        return broker, world

    def pass_time(self, broker, world, ms):
        """The clock's own turn: nobody is answered, so what it does is waited for."""
        broker.set_clock(broker.clock_ms + ms)
        fixture.until(lambda: world.client("OPS").query("GET_STATUS").now_ms >= broker.clock_ms, "the time to pass")

    def undisturbed(self):
        """[(what was said, picture)] after each step."""
        broker, world = self.broker_with_morning()
        pages = []
        for number, (who, kind, body, name) in enumerate(morning.STEPS):
            if kind == "CLOCK":
                self.pass_time(broker, world, body)
                pages.append((None, world.picture()))
                continue
            body = body(world) if callable(body) else body
            reply = world.client(who).command(kind, body, message_id="morning-%d" % number)
            world.learn(name, reply)
            pages.append((said(reply), world.picture()))
        self.check_store(broker)
        world.close()
        return pages

    def check_store(self, broker):
        where = ("--store", broker.store, "--host-key", broker.keys / "host.key")
        for check in (("verify",), ("recount",), ("replay", "--all")):
            broker.ctl_offline(*check, *where)

    def check_units(self, world):
        """Each unit that is taken is one of exactly one living booking, and the other way round."""
        bookings = world.bookings()
        taken = [(p.pool.resource, u.unit, u.booking_id) for p in world.pools() for u in p.units if u.booking_id]
        living = [(b.pool.resource, unit, b.booking_id) for b in bookings.values() if b.state <= 4 for unit in b.units]
        self.assertEqual(sorted(taken), sorted(living))
        self.assertEqual(len({unit[:2] for unit in living}), len(living), "no unit has two bookings")

    def restart(self, broker, world):
        broker.kill()
        world.close()
        broker.start()

    def disturb(self, broker, world, chance, step, number):
        """One step with both kills; the answer, or None for the clock."""
        who, kind, body, name = step
        if kind == "CLOCK":
            broker.set_clock(broker.clock_ms + body)
            self.spin(chance)
            self.restart(broker, world)
            self.pass_time(broker, world, 0)
            self.restart(broker, world)
            return None
        body = body_of(kind, body(world) if callable(body) else body).SerializeToString()
        key = {"message_id": "morning-%d" % number}
        client = world.client(who)
        client.send_frame(client.ask(kind, body, **key)[0])
        self.spin(chance)
        self.restart(broker, world)
        index = world.client("OPS").query("GET_STATUS").index
        reply = world.client(who).request(kind, body, **key)
        self.done_before_the_kill += 0 < reply.index <= index
        world.learn(name, reply)
        self.restart(broker, world)
        again = world.client(who).request(kind, body, **key)
        self.assertEqual(said(reply), said(again), "step %d" % number)
        if not reply.refusals:
            self.assertEqual(reply.index, again.index, "step %d was done once" % number)
        return reply

    def spin(self, chance):
        """No wait for anything: the kill shall come at any moment of the command's way."""
        end = time.monotonic_ns() + 1000 * chance.randrange(ON_ITS_WAY_US_MOST)
        while time.monotonic_ns() < end:
            pass

    def test_d1_q7_a_morning_killed_at_every_turn_ends_as_an_undisturbed_one(self):
        pages, self.done_before_the_kill = self.undisturbed(), 0
        for number in range(PASSES):
            chance = random.Random(SEED + number)
            broker, world = self.broker_with_morning()
            for i, (step, (answer, picture)) in enumerate(zip(morning.STEPS, pages)):
                where = "seed %d, step %d, %s" % (SEED + number, i, step[1])
                reply = self.disturb(broker, world, chance, step, i)
                self.assertEqual(answer, reply and said(reply), where)
                self.assertEqual(picture, world.picture(), where)
                self.check_units(world)
            self.check_store(broker)
            world.close()
            broker.close()
        print("%d passes of %d steps, %d kills; %d commands were done and unanswered" % (
            PASSES, len(pages), PASSES * 2 * len(pages), self.done_before_the_kill), flush=True)


if __name__ == "__main__":
    fixture.main()
