#!/usr/bin/python3
"""watched.py - does looking hold up the work? 500 trips a second, quiet and watched in turns, with much waiting for receivers that are not there.

    watched.py [--waiting N] [--rounds N] [--institutions N] [--questions]

Watched means: a client on the same machine asks for status, metrics and health over HTTP, one after the other without a pause; with --questions another
one asks the broker itself, as an operator's tools do, for status, waiters, alarms, sessions, dead letters and all referrals, page after page. Prints the
median of each, and the median of the ratios of the rounds. To reach: the p99 of the answer within 1.25 times of quiet.
"""
import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "daemon"))
import fixture  # noqa: E402
import ops  # noqa: E402
import parties  # noqa: E402
from foreign_client import Client  # noqa: E402

GOAL = 1.25
SENDERS, RECEIVERS = 4, 4  # and as many receivers again that are never there
SECONDS = 6
TARGETS = ("/status.json", "/metrics", "/healthz?verbose")


class Watcher(threading.Thread):
    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.ended, self.answers_ms = address, threading.Event(), []

    def run(self):
        while not self.ended.is_set():
            for target in TARGETS:
                begun = time.monotonic()
                ops.get(self.address, target)
                self.answers_ms.append(1000 * (time.monotonic() - begun))


class Asker(threading.Thread):
    """An operator's session: every list from its first page to its last."""

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.client = Client(broker.endpoint, broker.key_pair("server")[0], broker.key_pair("operator"))
        self.ended, self.answers = threading.Event(), 0

    def ask(self, kind, **fields):
        answer = self.client.query(kind, **fields)
        self.answers += 1
        return answer

    def run(self):
        while not self.ended.is_set():
            for kind in ("GET_STATUS", "LIST_WAITERS", "LIST_ALARMS", "LIST_SESSIONS", "LIST_DEAD"):
                self.ask(kind)
            page = {}
            while page is not None and not self.ended.is_set():
                following = self.ask("LIST_REFERRALS", **page).next
                page = {"cursor": following} if following else None
        self.client.close()


class Watched:
    def __init__(self, options):
        self.options = options
        self.questions = 0
        self.broker = ops.Broker(register=False, config="store_map_bytes = %d\n" % (64 << 30))
        parties.register(self.broker, SENDERS, 2 * RECEIVERS)
        for first in range(0, options.institutions, 1000):  # some that nobody sends to: a province has them
            self.broker.load([{"kind": "PUT_INSTITUTION", "body": {
                "id": "X%05d" % i, "name": "测试机构%05d" % i, "kind": "PRIMARY", "tier": "VILLAGE", "consortium": "BD",
                "departments": fixture.DEPARTMENTS}} for i in range(first, min(first + 1000, options.institutions))])

    def load(self, mode, **more):
        command = parties.load_command(self.broker, mode, senders=SENDERS, receivers=RECEIVERS, broker=self.broker.process.pid, **more)
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise SystemExit("%s: %s\n%s" % (mode, done.stderr, self.broker.log_text()[-2000:]))
        return json.loads(done.stdout)

    def fill(self):
        if self.options.waiting:
            self.load("submit", in_flight=1024, first_receiver=RECEIVERS, count=self.options.waiting)

    def latency(self):
        found = self.load("rate", per_second=500, seconds=SECONDS)
        return found["answered_ms"]["p50"], found["answered_ms"]["p99"]

    def watched_latency(self):
        watcher = Watcher(self.broker.http)
        watchers = [watcher] + ([Asker(self.broker)] if self.options.questions else [])
        for each in watchers:
            each.start()
        try:
            return self.latency(), watcher
        finally:
            for each in watchers:
                each.ended.set()
                each.join()
            self.questions = sum(each.answers for each in watchers[1:])

    def run(self):
        self.fill()
        quiet, watched, answers, ratios = [], [], [], []
        self.latency()  # warm
        for number in range(self.options.rounds):
            quiet.append(self.latency())
            found, watcher = self.watched_latency()
            watched.append(found)
            answers += watcher.answers_ms
            ratios.append(found[1] / quiet[-1][1])
            print("round %d: p99 %.2f ms quiet, %.2f ms watched, %d answers, %d of questions" % (
                number + 1, quiet[-1][1], found[1], len(watcher.answers_ms) + self.questions, self.questions),
                  file=sys.stderr, flush=True)
        for name, rows in (("quiet", quiet), ("watched", watched)):
            print("%-8s p50 %6.2f ms   p99 %6.2f ms" % (name, *(statistics.median(row[i] for row in rows) for i in (0, 1))))
        ratio = statistics.median(ratios)
        answers.sort()
        size = len(ops.get(self.broker.http, "/status.json").body)
        print("answers  p50 %6.2f ms   p99 %6.2f ms   %d a second, /status.json %d bytes, %d waiting" % (
            answers[len(answers) // 2], answers[len(answers) * 99 // 100], len(answers) / SECONDS / self.options.rounds, size,
            ops.status(self.broker.http)["totals"]["waiting"]))
        print("p99 watched / quiet, median of %d rounds: %.2f; goal %.2f: %s" % (
            self.options.rounds, ratio, GOAL, "met" if ratio <= GOAL else "NOT met"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--waiting", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--institutions", type=int, default=0)
    parser.add_argument("--questions", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends, and what was made goes
    tempfile.tempdir = str(fixture.BUILD)
    watched = Watched(options)
    try:
        watched.run()
    finally:
        watched.broker.close()


if __name__ == "__main__":
    main()
