#!/usr/bin/python3
"""bench.py - the figures of README.md: see there. Called by run.sh."""
import argparse
import collections
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "daemon"))
import backup  # noqa: E402
import fixture  # noqa: E402
import parties  # noqa: E402
import rush  # noqa: E402
from foreign_client import Client  # noqa: E402

ROUNDS = 3
IN_FLIGHT = (1, 16, 256)
GOAL_PERCENT = 60
PEAK_GOAL_MB = 100
RESTART_GOAL_MS = 1000
SENDERS, RECEIVERS = 4, 4  # and as many receivers again that are never there
TOOLS = fixture.BUILD / "tests" / "bench"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Figures:
    """All rounds of each figure: shown as min, median, max."""

    def __init__(self):
        self.values = collections.defaultdict(list)

    def add(self, name, value):
        self.values[name].append(value)

    def median(self, name):
        return statistics.median(self.values[name])

    def row(self, name, unit, note=""):
        values = self.values.get(name)
        if not values:
            return
        digits = 0 if max(values) >= 1000 else 1 if max(values) >= 10 else 3
        shown = ["{:,.{}f}".format(f(values), digits) for f in (min, statistics.median, max)]
        print("  %-52s %12s %12s %12s  %s" % (name, *shown, "%s  %s" % (unit, note) if note else unit))


class Memory(threading.Thread):
    """The largest resident memory of a process beyond its mapped file, looked at ten times a second."""

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.broker, self.peak_kb, self.ended = broker, 0, threading.Event()

    def look(self):
        for line in Path("/proc/%d/status" % self.broker.process.pid).read_text().splitlines():
            if line.startswith("RssAnon:"):
                self.peak_kb = max(self.peak_kb, int(line.split()[1]))

    def run(self):
        while not self.ended.wait(0.1):
            with contextlib.suppress(OSError):
                self.look()


class Echo:
    """The echo, with the keys and the shape of a broker for parties.load_command."""

    def __init__(self, broker):
        self.keys = broker.keys
        self.process = subprocess.Popen([TOOLS / "referral-echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().strip().split("=", 1)[1]
        self.key = self.process.stdout.readline().strip().split("=", 1)[1]

    def public_hex(self, _):
        return self.key

    def close(self):
        self.process.communicate()


class Bench:
    def __init__(self, options):
        self.options, self.figures = options, Figures()
        self.seconds = 1.5 if options.small else 3
        self.levels = (1000, 10000, 50000) if options.small else (1000, 100000, 1000000)
        self.broker = fixture.Broker(register=False, config="store_map_bytes = %d\n" % (64 << 30))
        parties.register(self.broker, SENDERS, 2 * RECEIVERS)
        self.memory = Memory(self.broker)
        self.memory.start()

    def close(self):
        self.memory.ended.set()
        self.memory.join()
        self.broker.close()

    # -- one measurement each ------------------------------------------------------------------------------------------------
    def load(self, target, mode, **options):
        command = parties.load_command(target, mode, senders=SENDERS, receivers=RECEIVERS, broker=target.process.pid, **options)
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise SystemExit("%s: %s\n%s" % (mode, done.stderr, self.broker.log_text()[-2000:]))
        return json.loads(done.stdout)

    def status(self):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("operator"))
        try:
            return client.query("GET_STATUS")
        finally:
            client.close()

    def trips(self, in_flight, label):
        """Round trips for a while; the figures, and how many trips there were in a turn."""
        before = self.status()
        found = self.load(self.broker, "trips", in_flight=in_flight, seconds=self.seconds)
        batch = found["all_trips"] / max(1, self.status().turns - before.turns)
        self.figures.add("round trips, " + label, found["per_second"])
        return found, batch

    def commits(self, batch):
        folder = tempfile.mkdtemp(prefix="referral-commits.")
        try:
            done = subprocess.run([TOOLS / "referral-commits", "--store", Path(folder) / "store", "--batch", str(max(1, round(batch))),
                                   "--seconds", str(self.seconds)], capture_output=True, text=True, check=True)
            return json.loads(done.stdout)
        finally:
            shutil.rmtree(folder)

    def echoes(self, in_flight):
        echo = Echo(self.broker)
        try:
            return self.load(echo, "trips", in_flight=in_flight, seconds=self.seconds)["per_second"]
        finally:
            echo.close()

    # -- the parts -------------------------------------------------------------------------------------------------------------
    def throughput_round(self):
        for in_flight in IN_FLIGHT:
            label = "%d in flight" % in_flight
            found, batch = self.trips(in_flight, label)
            commits = self.commits(batch)
            echo = self.echoes(in_flight)
            self.figures.add("trips a turn, " + label, batch)
            self.figures.add("broker CPU a trip, " + label, found["broker_cpu_us"])
            self.figures.add("ceiling: commits alone, " + label, commits["per_second"])
            self.figures.add("CPU a trip of commits alone, " + label, commits["cpu_us"])
            self.figures.add("ceiling: CURVE echo alone, " + label, echo)
            self.figures.add("share of the ceiling, " + label, 100 * found["per_second"] / min(commits["per_second"], echo))

    def latency_round(self):
        found = self.load(self.broker, "rate", per_second=500, seconds=2 * self.seconds)
        for what, name in (("answered_ms", "durable and answered"), ("acked_ms", "and delivered, acknowledged")):
            for percentile in ("p50", "p99", "p99.9"):
                self.figures.add("500/s, %s: %s" % (name, percentile), found[what][percentile])

    def fill_to(self, waiting):
        """Referrals to receivers that are not there."""
        already = sum(books.waiting for books in self.status().inboxes)
        if already >= waiting:
            return
        say("filling to %s waiting ..." % format(waiting, ","))
        found = self.load(self.broker, "submit", in_flight=1024, first_receiver=RECEIVERS, count=waiting - already)
        self.figures.add("submissions alone, up to %s waiting" % format(waiting, ","), found["per_second"])

    def waiting_rounds(self, waiting):
        self.fill_to(waiting)
        for _ in range(ROUNDS):
            for in_flight in IN_FLIGHT[1:]:
                label = "%d in flight, %s waiting" % (in_flight, format(waiting, ","))
                found, _ = self.trips(in_flight, label)
                self.figures.add("broker CPU a trip, " + label, found["broker_cpu_us"])

    def restart_round(self):
        """From kill -9 to the first delivery to a receiver that comes back at the same time."""
        self.fill_to(self.levels[-1])
        say("kill -9 ...")
        since = time.time_ns()
        self.broker.kill()
        self.broker.spawn()
        found = self.load(self.broker, "drain", first_receiver=RECEIVERS, seconds=1, since=since)
        self.figures.add("kill -9 to the first delivery", found["first_ms"])
        self.figures.add("drained, 4 receivers", found["per_second"])

    def run(self):
        for number in range(ROUNDS):
            say("round %d of %d: throughput, ceilings, latency ..." % (number + 1, ROUNDS))
            self.throughput_round()
            self.latency_round()
        for waiting in self.levels:
            self.waiting_rounds(waiting)
        for _ in range(ROUNDS):
            self.restart_round()
        self.memory.ended.set()

    # -- the table -------------------------------------------------------------------------------------------------------------
    def verdict(self, name, is_met):
        return "%s: %s" % (name, "met" if is_met else "NOT met")

    def report(self):
        figures, last = self.figures, format(self.levels[-1], ",")
        print("machine: %d processors, load %.1f; store on %s; 4 senders, 4 receivers, sheets of about 1 KiB, all over CURVE" % (
            os.cpu_count(), os.getloadavg()[0], self.broker.folder))
        print("  %-52s %12s %12s %12s" % ("", "min", "median", "max"))
        for in_flight in IN_FLIGHT:
            label = "%d in flight" % in_flight
            figures.row("round trips, " + label, "/s")
            figures.row("ceiling: commits alone, " + label, "/s")
            figures.row("ceiling: CURVE echo alone, " + label, "/s")
            met = figures.median("share of the ceiling, " + label) >= GOAL_PERCENT
            goal = self.verdict("goal %d %%" % GOAL_PERCENT, met) if in_flight > 1 else ""
            figures.row("share of the ceiling, " + label, "%", goal)
            figures.row("trips a turn, " + label, "")
            figures.row("broker CPU a trip, " + label, "us")
            figures.row("CPU a trip of commits alone, " + label, "us")
        for name in figures.values:
            if name.startswith("500/s"):
                figures.row(name, "ms")
        for waiting in self.levels:
            figures.row("submissions alone, up to %s waiting" % format(waiting, ","), "/s")
        for in_flight in IN_FLIGHT[1:]:
            for name, unit in (("round trips", "/s"), ("broker CPU a trip", "us")):
                for waiting in self.levels:
                    figures.row("%s, %d in flight, %s waiting" % (name, in_flight, format(waiting, ",")), unit)
        met = figures.median("kill -9 to the first delivery") < RESTART_GOAL_MS
        figures.row("kill -9 to the first delivery", "ms", "%s waiting; %s" % (last, self.verdict("goal 1 s", met)))
        figures.row("drained, 4 receivers", "/s", "%s waiting" % last)
        figures.add("peak memory beyond the mapped file", self.memory.peak_kb / 1024)
        figures.row("peak memory beyond the mapped file", "MiB",
                    self.verdict("goal %d MB" % PEAK_GOAL_MB, self.memory.peak_kb * 1024 < PEAK_GOAL_MB * 1e6))


def measure(options):
    bench = Bench(options)
    try:
        bench.run()
        bench.report()
    finally:
        bench.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="shorter rounds, fewer waiting")
    parser.add_argument("--tmpfs", action="store_true", help="the stores in /dev/shm instead of on the build folder's disk")
    parser.add_argument("--rush", action="store_true", help="the release rush alone")
    parser.add_argument("--backup", action="store_true", help="a backup beside a running broker alone")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends, and what was made goes
    tempfile.tempdir = "/dev/shm" if options.tmpfs else str(fixture.BUILD)
    everything = not (options.rush or options.backup)
    if everything:
        measure(options)
    if everything or options.rush:
        rush.run(ROUNDS, options.small)
    if everything or options.backup:
        backup.run(backup.SMALL if options.small else backup.WAITING)


if __name__ == "__main__":
    main()
