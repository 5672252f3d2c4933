#!/usr/bin/python3
"""test_faults.py - the real daemon while its Nth storage call or allocation fails (faults.py); few descriptors, little address space (D1, D2, D4). Clients
send again; each command has one effect. Without memory libzmq ends the process by its own assertion, and the broker by base/alloc.h: then it is started
again, as the service manager does, and everything acknowledged is there."""
import errno
import hashlib
import os
import resource
import socket

import fixture
import sheets
from faults import HALF, LASTING, MEMORY, ONCE, STORAGE, Broker
from foreign_client import body_of
from party import PartyTest

STEP = 1 if fixture.LONG else 5
BOUND = 2000  # calls of one submission; they are fewer
LARGE_BYTES = 900 << 10
LITTLE_BYTES = 256 << 20  # less than the map of the store


class Faults(PartyTest):
    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.plan = self.broker.plan()
        self.accepted_ids = {}

    def restart(self):
        self.broker.stop()
        self.broker.start()

    def revive(self):
        """Started again if it has ended; how often it had to be."""
        if self.broker.process.poll() is None:
            return 0
        self.plan.disarm()
        print("ended with %d: %s" % (self.broker.process.returncode, self.broker.log_text().splitlines()[-1][:160]), flush=True)
        self.broker.start()
        return 1

    def walk(self, fault_class, error, mode=ONCE, step=STEP):
        """A submission for each N, until one meets no fault; sent again until it is taken. How often the daemon ended."""
        ends, runs, fired = 0, 0, True
        for nth in range(1, BOUND, step):
            if not fired:
                break
            runs += 1
            message_id = "M-%d-%d-%d-%d" % (fault_class, error, mode, nth)
            self.plan.arm(fault_class, nth, error, mode)
            reply = None
            try:
                client = self.party("T07", patience_s=3)
                reply = client.submit(sheets.made("up"), message_id=message_id)
            except TimeoutError:
                pass  # sent again, below
            fired = self.plan.fired() != 0
            self.plan.disarm()
            ends += self.revive()
            if reply is None or reply.refusals:
                client = self.party("T07")
                reply = client.submit(sheets.made("up"), message_id=message_id)
            self.accepted(reply)
            self.accepted_ids[message_id] = reply.referral_id
        print("class %d, %s: %d runs, the daemon ended %d times" % (fault_class, errno.errorcode[error], runs, ends), flush=True)
        return ends

    def assert_promises(self):
        client = self.party("T07")
        for message_id, referral in self.accepted_ids.items():
            self.assertEqual(referral, client.query("GET_REFERRAL", message_id=message_id).summary.referral_id)
        self.assertEqual(len(self.accepted_ids), len(set(self.accepted_ids.values())), "one effect each")
        self.check_store()

    def test_d2_a_storage_call_that_fails_once_ends_nothing(self):
        self.restart()
        self.assertEqual(0, self.walk(STORAGE, errno.EIO) + self.walk(STORAGE, errno.ENOSPC, HALF))
        self.assert_promises()

    def test_d2_a_disk_that_fails_for_ever_stops_it_with_a_line_and_nobody_is_told_anything(self):
        self.restart()
        client = self.party("T07", patience_s=3)
        before = self.accepted(client.submit(sheets.made("up"))).referral_id
        self.plan.arm(STORAGE, 1, errno.EIO, LASTING)
        body = body_of("SUBMIT", sheets.made("up")).SerializeToString()
        data, number = client.ask("SUBMIT", body, message_id="M-LAST")
        client.send_frame(data)
        self.assertEqual(1, self.broker.process.wait(timeout=fixture.PATIENCE_S))
        self.assertIn("event=store_failed", self.broker.log_text())
        self.assertNotIn("event=stopped", self.broker.log_text(), "that would say that all is on disk")
        while client.hear(0):
            pass
        self.assertNotIn(number, client.replies)
        self.plan.disarm()
        self.broker.start()
        client = self.party("T07")
        self.accepted(client.submit(body, message_id="M-LAST"))
        self.assertEqual(before, client.query("GET_REFERRAL", referral_id=before).summary.referral_id)
        self.check_store()

    def test_d2_without_memory_it_may_end_and_keeps_its_promises(self):
        self.restart()
        self.walk(MEMORY, errno.ENOMEM, step=1 if fixture.LONG else 31)
        self.assert_promises()

    def test_d4_few_descriptors_keep_strangers_out_and_nothing_else(self):
        self.broker.environment = {}
        self.broker.limits = {resource.RLIMIT_NOFILE: 64}
        self.restart()
        client = self.party("T07")
        crowd = [self.stranger() for _ in range(100)]
        for one in crowd:
            self.addCleanup(one.close)
        self.accepted(client.submit(sheets.made("up")))
        self.assertIsNone(self.broker.process.poll())
        for one in crowd:
            one.close()
        self.accepted(self.party("T08").submit(sheets.made("up", {"sender": "T08"})))

    def test_d2_without_address_space_it_does_not_start_and_says_so(self):
        self.broker.stop()
        self.broker.limits = {resource.RLIMIT_AS: LITTLE_BYTES}
        self.broker.spawn()
        self.assertGreater(self.broker.process.wait(timeout=fixture.PATIENCE_S), 0, "an exit, and no signal")
        self.assertIn("memory", self.broker.log_text())
        self.broker.limits = {}
        self.broker.start()
        self.accepted(self.party("T07").submit(sheets.made("up")))

    def test_d2_address_space_that_runs_out_loses_nothing(self):
        """Sheets of a megabyte, until there is no room for one: whoever ends is started again."""
        self.broker.environment = {}
        self.restart()
        content, ends = os.urandom(LARGE_BYTES), 0
        picture = {"name": "图", "media_type": "image/png", "size_bytes": LARGE_BYTES, "content": content,
                   "sha256": hashlib.sha256(content).digest()}
        body = body_of("SUBMIT", sheets.made("up", {"attachments": [picture]})).SerializeToString()
        for i in range(3):
            self.limit_space(self.address_space() + i * (LARGE_BYTES // 2))
            reply = None
            try:
                reply = self.party("T07", patience_s=1).submit(body, message_id="M-%d" % i)
            except TimeoutError:
                pass
            ends += self.revive()
            self.limit_space(resource.RLIM_INFINITY)
            if reply is None or reply.refusals:
                reply = self.party("T07").submit(body, message_id="M-%d" % i)
            self.accepted_ids["M-%d" % i] = self.accepted(reply).referral_id
        self.assertGreater(ends, 0, "there was too little of it")
        self.assert_promises()

    def limit_space(self, most):
        if self.broker.process.poll() is None:
            resource.prlimit(self.broker.process.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))

    def address_space(self):
        status = fixture.Path("/proc/%d/statm" % self.broker.process.pid).read_text()
        return int(status.split()[0]) * resource.getpagesize()

    def stranger(self):
        host, port = self.broker.endpoint[len("tcp://"):].rsplit(":", 1)
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((host, int(port)))
        return one


if __name__ == "__main__":
    fixture.main()
