"""fixture.py - a real referrald on a fresh store with a small district, for scripts that drive the real binaries.

Nothing here waits for a fixed time: each wait is for a condition, with a limit after which the test fails.
"""
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import zmq
from zmq.utils import z85

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = Path(os.environ.get("REFERRALD_BUILD", SOURCE / "build" / "gcc"))
LONG = os.environ.get("REFERRALD_LONG", "0") == "1"
PATIENCE_S = 60

INSTITUTIONS = [  # id, name, kind, tier, consortium, parent
    ("H1", "县人民医院", "HOSPITAL", "COUNTY", "BD", None),
    ("H2", "县中医医院", "HOSPITAL", "COUNTY", "BD", None),
    ("T07", "大口屯镇中心卫生院", "PRIMARY", "TOWNSHIP", "BD", "H1"),
    ("T08", "王卜庄镇中心卫生院", "PRIMARY", "TOWNSHIP", "BD", "H1"),
    ("V1", "东刘举村卫生室", "PRIMARY", "VILLAGE", "BD", "T07"),
    ("C1", "市中心医院", "HOSPITAL", "CITY", "TJ", None),  # outside: reached by relation only
    ("C2", "市第二医院", "HOSPITAL", "CITY", "TJ", None),  # outside, and no relation
    ("E120", "120 急救站", "EMERGENCY_SERVICE", None, "BD", None),
    ("NOCONTACT", "无联系人医院", "HOSPITAL", "COUNTY", "BD", None),
    ("CLOSED", "已停用医院", "HOSPITAL", "COUNTY", "BD", None),
    ("DENIED", "被禁止医院", "HOSPITAL", "COUNTY", "BD", None),
    ("OBS", "卫生健康委员会", "OBSERVER", None, "BD", None),
]
DEPARTMENTS = [{"code": "NK", "name": "内科"}, {"code": "QK", "name": "全科"}]
ROLES = {"OBS": ["OBSERVE"]}


def district():
    """The commands that register the district, in order, as `referralctl load` reads them."""
    for id_, name, kind, tier, consortium, parent in INSTITUTIONS:
        body = {"id": id_, "name": name, "kind": kind, "consortium": consortium, "departments": DEPARTMENTS}
        if tier:
            body["tier"] = tier
        if parent:
            body["parent"] = parent
        if id_ == "CLOSED":
            body["enabled"] = False
        yield {"kind": "PUT_INSTITUTION", "body": body}
        if id_ not in ("NOCONTACT", "OBS"):
            for direction in ("UP", "DOWN"):
                contact = {"name": "联系人" + id_, "phone": "022-29000001", "deputy_name": "副" + id_,
                           "deputy_phone": "022-29000002", "hours": "24 h"}
                yield {"kind": "PUT_CONTACT", "body": {"institution": id_, "direction": direction, "contact": contact}}
    for a, b in (("H1", "C1"), ("C1", "H1"), ("H1", "H2"), ("E120", "H1")):
        yield {"kind": "PUT_RELATION", "body": {"from": a, "to": b}}
    yield {"kind": "PUT_RELATION", "body": {"from": "T07", "to": "DENIED", "deny": True}}
    yield {"kind": "PUT_DELEGATION", "body": {"agent": "T07", "principal": "V1"}}
    for team, institution, first, last in (("TEAM1", "T07", "2020-01-01", None), ("TEAM-OLD", "T07", "2020-01-01", "2021-01-01"),
                                           ("TEAM-T08", "T08", "2020-01-01", None)):
        body = {"id": team, "institution": institution, "name": "团队", "members": [{"name": "医生", "phone": "19900000000"}],
                "active_from": first}
        if last:
            body["active_to"] = last
        yield {"kind": "PUT_TEAM", "body": body}


def until(condition, what, limit_s=PATIENCE_S):
    """Asks again and again until `condition()` is true; returns what it returned."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain: %s" % (limit_s, what))
        select.select([], [], [], 0.005)


def until_closed_or(sock, limit_s):
    """Waits until `sock` has something to say (its end, too), at most `limit_s`: the pace of a slow sender."""
    select.select([sock], [], [], limit_s)


class Broker:
    """One referrald process on its own store, configuration and port."""
    program = "referrald"  # below the build

    def __init__(self, test_time_ms=None, config="", register=True):
        self.folder = Path(tempfile.mkdtemp(prefix="referrald-test."))
        self.keys = self.folder / "keys"
        self.store = self.folder / "store"
        self.config_file = self.folder / "referrald.conf"
        self.log_file = self.folder / "referrald.log"
        self.clock_file = self.folder / "clock"
        self.process = None
        self.endpoint = None
        self.extra_config = config
        self.prepare_store()
        arguments = ["init", "--store", self.store, "--name", "bd", "--institution", "OPS", "--institution-name", "运维",
                     "--keys", self.keys]
        self.test_time = test_time_ms is not None
        if self.test_time:
            self.set_clock(test_time_ms)
            arguments.append("--test-time")
        self.ctl_offline(*arguments)
        self.write_config()
        self.start()
        if register:
            self.register()

    def prepare_store(self):
        """What a test wants to be there before the store is made."""

    # -- the process ---------------------------------------------------------------------------------------------------
    def write_config(self, endpoint="tcp://127.0.0.1:*", extra=""):
        lines = ['store_directory = "%s"' % self.store, 'host_key_file = "%s"' % (self.keys / "host.key"),
                 'server_key_file = "%s"' % (self.keys / "server.key"), 'endpoints = { "%s" }' % endpoint,
                 "store_map_bytes = %d" % (1 << 30)]
        if self.test_time:
            lines.append('test_clock_file = "%s"' % self.clock_file)
        lines += (self.extra_config + extra).splitlines()
        given = {line.split("=")[0]: line for line in lines}  # a key may be given once: the last one is meant
        self.config_file.write_text("\n".join(given.values()) + "\n")

    def spawn(self):
        """Starts referrald without waiting for it to be ready."""
        log = open(self.log_file, "ab")
        self.log_from = self.log_file.stat().st_size
        self.process = subprocess.Popen([BUILD / self.program, "--config", self.config_file], stderr=log, stdout=log)
        log.close()

    def log_text(self):
        return self.log_file.read_bytes()[self.log_from:].decode("utf-8", "replace")

    def start(self):
        self.spawn()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError("referrald ended with %d:\n%s" % (self.process.returncode, self.log_text()))
            for line in self.log_text().splitlines():
                if "event=ready" in line and "endpoint=" in line:
                    return line.split("endpoint=")[1].split()[0]
            return None

        self.endpoint = until(ready, "referrald to be ready")
        self.write_config(self.endpoint)  # the same port after a restart

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, limit_s=5):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=limit_s)

    def end(self):
        """The process ends in order where it can: one that hangs is a fault of its own."""
        if self.process and self.process.poll() is None:
            try:
                self.stop(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    def close(self):
        try:
            self.end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def set_clock(self, ms):
        temporary = self.clock_file.with_suffix(".new")
        temporary.write_text("%d\n" % ms)
        temporary.rename(self.clock_file)
        self.clock_ms = ms

    def resident_bytes(self):
        """Memory of its own: without the mapped store file."""
        for line in Path("/proc/%d/status" % self.process.pid).read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon")

    # -- referralctl -----------------------------------------------------------------------------------------------------
    def ctl_offline(self, *arguments, check=True, **more):
        command = [BUILD / "clients" / "ctl" / "referralctl"] + [str(a) for a in arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, **more)
        if check and result.returncode != 0:
            raise AssertionError("%s: exit %d\n%s%s" % (arguments[0], result.returncode, result.stdout, result.stderr))
        return result

    def ctl(self, *arguments, key="operator", check=True, **more):
        return self.ctl_offline("--address", self.endpoint, "--server-key", self.public_hex("server"), "--key",
                                self.key_file(key), *arguments, check=check, **more)

    # -- keys and registry ---------------------------------------------------------------------------------------------------
    def key_file(self, name):
        return self.keys / (name + ".key")

    def key_pair(self, name):
        """(public, secret) as bytes."""
        values = dict(line.split(" = ") for line in self.key_file(name).read_text().splitlines() if " = " in line)
        return bytes.fromhex(values["public"]), bytes.fromhex(values["secret"])

    def public_hex(self, name):
        return self.key_pair(name)[0].hex()

    def make_key(self, name):
        public, secret = (z85.decode(k) for k in zmq.curve_keypair())
        path = self.key_file(name)
        path.touch(0o600)
        path.write_text("public = %s\nsecret = %s\n" % (public.hex(), secret.hex()))
        return public

    def register(self):
        commands = list(district())
        for id_, *_ in INSTITUTIONS:
            roles = ROLES.get(id_, ["REFER", "RECEIVE", "SCHEDULE"])
            commands.append({"kind": "ADD_KEY", "body": {"public_key": self.make_key(id_).hex(), "institution": id_,
                                                         "roles": roles}})
        self.load(commands)

    def load(self, commands):
        path = self.folder / "load.jsonl"
        path.write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in commands))
        return self.ctl("load", path)


class BrokerTest(unittest.TestCase):
    """One broker for all tests of a class."""
    broker_options = {}

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(**cls.broker_options)

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()


def main():
    """Runs the script's tests; prints `not run: ...` lines for what this machine does not grant."""
    unittest.main(verbosity=2, argv=[sys.argv[0]] + sys.argv[1:])
