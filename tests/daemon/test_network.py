#!/usr/bin/python3
"""test_network.py - a link between clients and broker that loses packets, is slow, is cut in one direction, and goes down (D1 to D4, D7).

The broker lives in a network namespace of this script, its clients in another; a veth pair joins them. Senders and receivers keep the ledgers of
test_kill.py, which are compared when the link is whole again: nothing is lost, each command had one effect, lanes kept their order, all is delivered.
"""
import ctypes
import os
import select
import shutil
import subprocess
import sys

import fixture
import test_kill
from test_kill import parties

CLONE_NEWNET = 0x40000000
BROKER, CLIENTS = "10.231.7.1", "10.231.7.2"
ROUNDS = 20 if fixture.LONG else 1
SILENT_S = 15 if fixture.LONG else 2
ANSWERS = 100
NAMESPACE = "referrald-%d" % os.getpid()


def run(command):
    return subprocess.run(command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def must(command):
    done = run(command)
    if done.returncode != 0:
        raise OSError("%s: %s" % (command, done.stderr.strip()))


def at_clients(command):
    return "ip netns exec %s %s" % (NAMESPACE, command)


def join():
    """This process goes into a namespace of its own, joined to that of the clients."""
    if os.geteuid() != 0:
        raise OSError("not root")
    if not all(shutil.which(tool) for tool in ("ip", "tc", "nft")):
        raise OSError("ip, tc and nft are wanted")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError("no namespace: %s" % os.strerror(ctypes.get_errno()))
    must("ip netns add %s" % NAMESPACE)
    must("ip link add broker type veth peer name clients netns %s" % NAMESPACE)
    for command in ("ip link set lo up", "ip link set broker up", "ip address add %s/24 dev broker" % BROKER):
        must(command)
    for command in ("ip link set lo up", "ip link set clients up", "ip address add %s/24 dev clients" % CLIENTS):
        must(at_clients(command))


def both(command):
    """The same at both ends of the pair; %s is its name there."""
    must(command % "broker")
    must(at_clients(command % "clients"))


class Lossy:
    """One packet in five is lost; where the kernel has netem, each is late by 100 ms too."""
    name = "20 % lost"

    def begin(self):
        self.by_queue = run("tc qdisc add dev broker root netem loss 20% delay 100ms").returncode == 0
        if self.by_queue:
            must(at_clients("tc qdisc add dev clients root netem loss 20% delay 100ms"))
            return
        must("nft add table inet lossy")
        for hook in ("input", "output"):
            must("nft add chain inet lossy %s { type filter hook %s priority 0 ; }" % (hook, hook))
            must("nft add rule inet lossy %s ip saddr %s ip daddr %s numgen random mod 100 < 20 drop" % (
                hook, *((CLIENTS, BROKER) if hook == "input" else (BROKER, CLIENTS))))

    def end(self):
        if self.by_queue:
            both("tc qdisc del dev %s root")
        else:
            must("nft delete table inet lossy")


class Slow:
    name = "256 kbit/s"

    def begin(self):
        both("tc qdisc add dev %s root tbf rate 256kbit burst 16kb latency 400ms")

    def end(self):
        both("tc qdisc del dev %s root")


class OneWay:
    """What the clients say does not arrive; what the broker says does."""
    name = "one direction cut"

    def begin(self):
        must("nft add table inet cut")
        must("nft add chain inet cut input { type filter hook input priority 0 ; }")
        must("nft add rule inet cut input ip saddr %s drop" % CLIENTS)

    def end(self):
        must("nft delete table inet cut")


class Down:
    name = "down"

    def begin(self):
        must("ip link set broker down")

    def end(self):
        must("ip link set broker up")


class Broker(fixture.Broker):
    def write_config(self, endpoint="tcp://%s:*" % BROKER, extra=""):
        super().write_config(endpoint, extra)


class Load(test_kill.Load):
    def __init__(self, broker, folder):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", NAMESPACE] + parties.load_command(broker, "ledger", ledger=folder, in_flight=16),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def hears_for(self, limit_s):
        """So many answers in one report of the load; 0: none came in that time."""
        ready = select.select([self.process.stdout], [], [], limit_s)[0]
        return int(self.process.stdout.readline().split()[1]) if ready else 0


class Network(test_kill.Kill):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(register=False)
        cls.addClassCleanup(cls.broker.close)
        parties.register(cls.broker, senders=4, receivers=4)
        cls.folder = cls.broker.folder / "ledgers"
        cls.folder.mkdir()
        cls.run_rounds()
        cls.ledgers = test_kill.Ledgers(cls.folder)
        print("%d referrals sent, %d deliveries" % (len(cls.ledgers.sent), len(cls.ledgers.deliveries())), flush=True)

    @classmethod
    def run_rounds(cls):
        load = Load(cls.broker, cls.folder)
        cls.addClassCleanup(load.process.kill)
        for trouble in [Lossy(), Slow(), OneWay(), Down()] * ROUNDS:
            load.wait_for_answers(ANSWERS)
            trouble.begin()
            if isinstance(trouble, (OneWay, Down)):
                cls.wait_for_silence(load)
            else:
                load.wait_for_answers(ANSWERS)
            trouble.end()
            print("%s: over" % trouble.name, flush=True)
        load.wait_for_answers(ANSWERS)
        load.drain()
        # Senders take nothing; what they are told of deadlines that passed in a long run stays.
        fixture.until(lambda: not any(books.waiting for books in cls.books() if books.institution.startswith("BR")), "the inboxes to be empty")
        if load.end() != 0:
            raise AssertionError("the load failed")

    @classmethod
    def wait_for_silence(cls, load):
        """Until nothing came for a while: a link that is cut is one over which no answer comes."""
        while load.hears_for(SILENT_S) != 0:
            pass


if __name__ == "__main__":
    try:
        join()
    except OSError as error:
        run("ip netns del %s" % NAMESPACE)
        print("not run: %s" % error)
        sys.exit(0)
    try:
        fixture.main()
    finally:
        run("ip netns del %s" % NAMESPACE)
