#!/usr/bin/python3
"""test_stall.py - SIGSTOP in the middle of traffic: first the broker stands still, then all its clients, then both; the ledgers of test_kill.py are
compared when everybody goes on. In the long form for longer than the heartbeats (30 s), the sessions and the acks' patience (30 s) last (D1 to D4, D7)."""
import select
import signal
import subprocess
import time

import fixture
import test_kill
from test_kill import parties

STILL_S = 45 if fixture.LONG else 1
ROUNDS = 3 if fixture.LONG else 1
ANSWERS = 100


class Load(test_kill.Load):
    def __init__(self, broker, folder):
        self.process = subprocess.Popen(parties.load_command(broker, "ledger", ledger=folder, in_flight=16),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def hear_for(self, limit_s):
        """So long, whatever it says; its words are read, so that it can go on."""
        end = time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0:
            if select.select([self.process.stdout], [], [], left)[0]:
                self.process.stdout.readline()


class Stall(test_kill.Kill):
    @classmethod
    def setUpClass(cls):
        cls.broker = fixture.Broker(register=False)
        cls.addClassCleanup(cls.broker.close)
        parties.register(cls.broker, senders=4, receivers=4)
        cls.folder = cls.broker.folder / "ledgers"
        cls.folder.mkdir()
        cls.pid = cls.broker.process.pid
        cls.run_rounds()
        cls.ledgers = test_kill.Ledgers(cls.folder)
        print("%d referrals sent, %d deliveries" % (len(cls.ledgers.sent), len(cls.ledgers.deliveries())), flush=True)

    @classmethod
    def run_rounds(cls):
        load = Load(cls.broker, cls.folder)
        cls.addClassCleanup(load.process.kill)
        for still in ([cls.broker], [load], [cls.broker, load]) * ROUNDS:
            load.wait_for_answers(ANSWERS)
            for one in still:
                one.process.send_signal(signal.SIGSTOP)
            load.hear_for(STILL_S)
            for one in still:
                one.process.send_signal(signal.SIGCONT)
        load.wait_for_answers(ANSWERS)
        load.drain()
        fixture.until(lambda: not any(books.waiting for books in cls.books() if books.institution.startswith("BR")), "the inboxes to be empty")
        if load.end() != 0:
            raise AssertionError("the load failed")

    def test_d2_the_broker_that_stood_still_is_the_one_that_goes_on(self):
        self.assertEqual(self.pid, self.broker.process.pid)
        self.assertIsNone(self.broker.process.poll())
        self.assertNotIn("level=error", self.broker.log_text())


if __name__ == "__main__":
    fixture.main()
