"""rush.py - the release rush: the same asks to the broker and to its rivals, in turns, and a table of medians. README.md tells how to read it."""
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fixture
import parties
import rush_rivals

CLIENTS, PLACES, RESERVE_BP = 64, 40, 2000
ASKS_EACH = 2 * PLACES
SESSIONS = 1000
SEARCHES_PER_SECOND, SEARCH_GOAL_MS = 100, 5.0
HOSPITALS = 4  # the rush is one hospital's; all are searched
DEPARTMENTS = fixture.DEPARTMENTS + [{"code": "D%02d" % i, "name": "科室%02d" % i} for i in range(25)]
ORDERS = ("hot", "spread")
# (ahead of whom, in which order of asks): how many times as many grants.
GOALS = {("PostgreSQL", "hot"): 3.0, ("PostgreSQL", "spread"): 1.5, ("Redis", "hot"): 0.7, ("Redis", "spread"): 0.7}


class Echo:
    """The ceiling of the broker: frames over CURVE with nothing behind them."""
    name, program = "CURVE echo", "rush-echo"

    def open(self):
        self.process = subprocess.Popen([rush_rivals.TOOLS / "referral-echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.words = [self.process.stdout.readline().strip().split("=", 1)[1] for _ in ("endpoint", "key")]

    def address(self):
        return " ".join(self.words)

    def close(self):
        self.process.communicate()


class Broker:
    """The broker's own side of the rush. Its load is rush-broker: rush.c linked with a rush_broker.c that speaks through rush_session.h."""
    name, program = "referrald", "rush-broker"

    def __init__(self):
        self.broker = None

    def missing(self):
        return None if (rush_rivals.TOOLS / self.program).exists() else "not built: " + self.program

    def open(self):
        self.broker = fixture.Broker(register=False, config="store_map_bytes = %d\n" % (64 << 30))
        self.register()

    def register(self):
        """Whom rush-broker speaks for: the hospital that publishes and sells, by a key for each of its schedulers, and the township centres,
        each with a family-doctor team."""
        centres, schedulers = range(len(range(0, CLIENTS, 3))), [client for client in range(CLIENTS) if client % 3 != 0]
        commands = list(parties.commands(len(centres), HOSPITALS, DEPARTMENTS))
        for i in centres:
            commands.append({"kind": "PUT_TEAM", "body": {"id": "BS%02d-T1" % i, "institution": "BS%02d" % i, "name": "家庭医生团队",
                                                          "members": [{"name": "医生", "phone": "19900000000"}], "active_from": "2020-01-01"}})
        keys = [("BS%02d" % i, "BS%02d" % i, "REFER") for i in centres] + [("RG%02d" % i, "BR00", "SCHEDULE") for i in schedulers]
        keys += [("BR%02d" % i, "BR%02d" % i, "SCHEDULE") for i in range(HOSPITALS)]
        for name, institution, role in keys:
            commands.append({"kind": "ADD_KEY", "body": {"public_key": self.broker.make_key(name).hex(), "institution": institution, "roles": [role]}})
        self.broker.load(commands)

    def address(self):
        return "%s %s %s" % (self.broker.endpoint, self.broker.public_hex("server"), self.broker.keys)

    def search(self, *words, **more):
        return subprocess.Popen([rush_rivals.TOOLS / "rush-search", "--server", self.address(), *words], text=True, stdout=subprocess.PIPE, **more)

    def publish_million(self):
        if self.search("publish").wait() != 0:
            raise SystemExit("a million places could not be published")

    @property
    def process(self):
        return self.broker.process

    def close(self):
        if self.broker:
            self.broker.close()


def children(pid):
    return Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()


def processor_s(pid):
    """Processor time of a process and its children, the dead ones included."""
    after_name = [Path("/proc/%s/stat" % each).read_text().rpartition(")")[2].split() for each in [pid, *children(pid)]]
    own, dead = sum(int(ticks) for words in after_name for ticks in words[11:13]), sum(int(ticks) for ticks in after_name[0][13:15])
    return (own + dead) / os.sysconf("SC_CLK_TCK")


def syncs_per_second(seconds=1):
    """What the disk can do for one who writes a page in place and waits: nobody commits more often than this."""
    with tempfile.NamedTemporaryFile() as file:
        page, count = os.urandom(8192), 0
        os.posix_fallocate(file.fileno(), 0, 64 * len(page))
        os.fsync(file.fileno())
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            os.pwrite(file.fileno(), page, count % 64 * len(page))
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.monotonic() - start)


class Rush:
    def __init__(self, sessions):
        self.sessions = sessions  # of each order
        self.servers, self.absent = [], []
        self.runs = collections.defaultdict(list)  # (order, server's name): one entry a round
        self.syncs, self.searches, self.published = [], [], 0

    def open(self):
        for server in (Broker(), rush_rivals.Redis(), rush_rivals.Postgres()):
            reason = server.missing()
            if reason is None:
                self.servers.append(server)
                reason = self.start(server)
            if reason is not None:
                self.absent.append("%s: %s" % (server.name, reason))

    def start(self, server):
        """None, or why a rival is left out. A broker that does not start ends everything."""
        try:
            server.open()
            return None
        except rush_rivals.NotMeasured as reason:
            self.servers.remove(server)
            server.close()
            return str(reason)

    def close(self):
        for server in self.servers:
            server.close()

    def once(self, server, order, first_session, name=None, beside=None):
        command = [rush_rivals.TOOLS / server.program, "--server", server.address(), "--clients", CLIENTS, "--sessions",
                   self.sessions[order], "--first-session", first_session, "--asks-each", ASKS_EACH, "--capacity", PLACES, "--reserve-bp", RESERVE_BP]
        load = subprocess.Popen([str(word) for word in command] + ["--spread"] * (order == "spread"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        times = []
        for moment in ("begin", "end"):
            if load.stdout.readline():
                times.append(processor_s(server.process.pid))
                if beside:
                    beside(moment)
        line = load.stdout.readline()  # communicate() would miss what came in one piece with "end"
        _, error = load.communicate(timeout=900)
        if load.returncode != 0:
            raise SystemExit("%s, %s: %s" % (server.name, order, error))
        found = json.loads(line)
        found["server_cpu_us"] = (times[1] - times[0]) / found["asks"] * 1e6
        self.runs[order, name or server.name].append(found)

    def echo_round(self):
        echo = Echo()
        echo.open()
        try:
            self.once(echo, ORDERS[-1], 0)
        finally:
            echo.close()

    def round(self):
        """Everybody in turns, so that a slow minute of the machine meets all of them."""
        self.syncs.append(syncs_per_second())
        self.echo_round()
        for order in ORDERS:
            for server in self.servers:
                self.once(server, order, self.published)
            self.published += self.sessions[order]

    def search_round(self):
        """The broker's rush once more, while somebody searches a million places."""
        broker, asking = self.servers[0], []

        def beside(moment):
            if moment == "begin":
                asking.append(broker.search("ask", str(SEARCHES_PER_SECOND), stdin=subprocess.PIPE))
            else:
                asking[0].stdin.close()

        self.once(broker, ORDERS[-1], self.published, name="searched", beside=beside)
        self.published += self.sessions[ORDERS[-1]]
        with asking[0] as process:
            found = process.stdout.read()
        if process.returncode != 0:
            raise SystemExit("searching failed")
        self.searches.append(json.loads(found))

    # -- the table -------------------------------------------------------------------------------------------------------------
    def median(self, order, server, figure, of=None):
        return statistics.median((run[of] if of else run)[figure] for run in self.runs[order, server])

    def row(self, label, order, server):
        values = [self.median(order, server.name, "per_second", of) for of in ("granted", "refused")]
        values += [self.median(order, server.name, figure, of) for of in ("granted", "refused") for figure in ("p50_ms", "p99_ms")]
        values += [self.median(order, server.name, figure) for figure in ("server_cpu_us", "load_cpu_percent")]
        print("  %-7s %-11s %9s %9s  %7.2f %7.2f  %7.2f %7.2f  %8.1f %7.0f %%" % (
            label, server.name, *("{:,.0f}".format(value) for value in values[:2]), *values[2:]))

    def ratio(self, order, server, other):
        """Of grants, round by round: both had the same minute."""
        pairs = zip(self.runs[order, server.name], self.runs[order, other.name])
        return statistics.median(a["granted"]["per_second"] / b["granted"]["per_second"] for a, b in pairs)

    def ratios(self, order):
        first, *others = self.servers
        for other in others:
            ratio = self.ratio(order, first, other)
            goal = GOALS[other.name, order]
            verdict = "  goal %.1f: %s" % (goal, "met" if ratio >= goal else "NOT met") if first.name == Broker.name else ""
            print("  %-7s %s beside %s: %.2f times the grants%s" % (order, first.name, other.name, ratio, verdict))

    def report_searches(self):
        if not self.searches:
            return
        p50, p99, places = (statistics.median(found[figure] for found in self.searches) for figure in ("p50_ms", "p99_ms", "places_each"))
        granted = self.median(ORDERS[-1], "searched", "per_second", "granted")
        print("  search among 1,000,000 places, %d/s while the spread rush grants %s/s: %.0f sessions found, p50 %.2f ms, p99 %.2f ms  goal %.0f ms: %s" % (
            SEARCHES_PER_SECOND, "{:,.0f}".format(granted), places, p50, p99, SEARCH_GOAL_MS, "met" if p99 < SEARCH_GOAL_MS else "NOT met"))

    def report(self):
        print("the release rush: %d clients, sessions of %d places, each asked for %d times; %d hot ones, one after the other, and %d at "
              "once; medians of %d rounds" % (CLIENTS, PLACES, ASKS_EACH, *(self.sessions[order] for order in ORDERS), len(self.syncs)))
        print("  %-19s %9s %9s  %15s  %15s  %8s %9s" % ("", "granted", "refused", "granted, ms", "refused, ms", "CPU us", "load's"))
        print("  %-19s %9s %9s  %7s %7s  %7s %7s  %8s %9s" % ("", "/s", "/s", "p50", "p99", "p50", "p99", "an ask", "processor"))
        for order in ORDERS:
            for server in self.servers:
                self.row(order, order, server)
        self.row("ceiling", ORDERS[-1], Echo)
        for order in ORDERS:
            if self.servers:
                self.ratios(order)
        self.report_searches()
        print("  the disk: %s syncs a second of one writer" % " / ".join("{:,.0f}".format(syncs) for syncs in sorted(self.syncs)))
        for reason in self.absent:
            print("  not measured: %s" % reason)


def run(rounds, small):
    rush = Rush({"hot": SESSIONS // 4 if small else SESSIONS, "spread": SESSIONS})
    try:
        rush.open()
        for number in range(rounds):
            print("the rush, round %d of %d ..." % (number + 1, rounds), file=sys.stderr, flush=True)
            rush.round()
        if rush.servers and rush.servers[0].name == Broker.name:
            print("the rush, while a million places are searched ...", file=sys.stderr, flush=True)
            rush.servers[0].publish_million()
            for _ in range(rounds):
                rush.search_round()
        rush.report()
    finally:
        rush.close()
