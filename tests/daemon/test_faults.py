#!/usr/bin/python3
"""test_faults.py - the real daemon while its Nth call fails: sockets, storage and memory (fault.c, preloaded); few descriptors, little address space, a
process that stood still (D1, D2, D4). Clients send again; each command has one effect. Without memory libzmq ends the process by its own assertion, and
the broker by base/alloc.h: then it is started again, as the service manager does, and everything acknowledged is there."""
import errno
import mmap
import os
import resource
import signal
import socket
import struct

import fixture
import sheets
from foreign_client import body_of
from party import PartyTest

STEP = 1 if fixture.LONG else 5
BOUND = 2000  # calls of one submission; they are fewer
NONE, MEMORY, STORAGE, SOCKET = range(4)
ONCE, LASTING, HALF = range(3)
PLAN = struct.Struct("=IIiIIxxxxQQQ256s")  # struct fault_plan of fault.h
LITTLE_BYTES = 256 << 20  # less than the map of the store
STILL_S = 40 if fixture.LONG else 3


class Plan:
    """What is to fail next; shared with the daemon."""

    def __init__(self, path, root):
        path.write_bytes(bytes(PLAN.size))
        self.root = str(root).encode()
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), PLAN.size)

    def arm(self, fault_class, nth, error=0, mode=ONCE):
        self.memory[:] = PLAN.pack(NONE, mode, error, 0, 0, nth, 0, 0, self.root)
        self.memory[0:4] = struct.pack("=I", fault_class)

    def disarm(self):
        self.memory[0:4] = struct.pack("=I", NONE)

    def fired(self):
        return PLAN.unpack(self.memory[:])[7]


class Broker(fixture.Broker):
    environment, limits = {}, {}

    def spawn(self):
        """As the fixture does, with what is preloaded and what is limited."""
        before = {name: os.environ.get(name) for name in self.environment}
        held = {what: resource.getrlimit(what) for what in self.limits}
        os.environ.update(self.environment)
        for what, most in self.limits.items():
            resource.setrlimit(what, (most, held[what][1]))
        try:
            super().spawn()
        finally:
            for what, limit in held.items():
                resource.setrlimit(what, limit)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


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
        self.plan = Plan(self.broker.folder / "plan", self.broker.store)
        self.broker.environment = {"LD_PRELOAD": str(fixture.BUILD / "tests" / "fault" / "libfault_preload.so"),
                                   "REFERRALD_FAULT": str(self.broker.folder / "plan")}
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

    def test_d1_a_socket_call_that_fails_ends_nothing(self):
        self.restart()
        ends = sum(self.walk(SOCKET, error) for error in (errno.ECONNRESET, errno.EAGAIN, errno.EINTR, errno.ENOBUFS))
        self.assertEqual(0, ends)
        self.assert_promises()

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

    def test_d2_without_address_space_it_does_not_start_and_says_so(self):
        self.broker.stop()
        self.broker.limits = {resource.RLIMIT_AS: LITTLE_BYTES}
        self.broker.spawn()
        self.assertGreater(self.broker.process.wait(timeout=fixture.PATIENCE_S), 0, "an exit, and no signal")
        self.assertIn("memory", self.broker.log_text())
        self.broker.limits = {}
        self.broker.start()
        self.accepted(self.party("T07").submit(sheets.made("up")))

    def stranger(self):
        host, port = self.broker.endpoint[len("tcp://"):].rsplit(":", 1)
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((host, int(port)))
        return one

    def test_d2_a_process_that_stood_still_goes_on(self):
        client = self.party("T07")
        self.accepted(client.submit(sheets.made("up")))
        self.broker.process.send_signal(signal.SIGSTOP)
        client.wait(lambda: False, STILL_S)
        self.broker.process.send_signal(signal.SIGCONT)
        self.accepted(client.submit(sheets.made("up")))


if __name__ == "__main__":
    fixture.main()
