#!/usr/bin/python3
"""backup.py - what a backup costs, and how soon the broker is back from one.

    backup.py [--waiting N]

With N messages waiting (1,000,000), a backup is made while 500 trips a second go on; then the store is restored from it, and verified. Prints how long each
step took, the p99 of the answer meanwhile and in quiet, and how much the store grew. To reach: restored and verified within 60 s.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import watched
from watched import fixture

GOAL_S = 60
GROWTH = "100"  # percent: at this load a store of 2 GiB grows by more than the standard of 5 while it is copied
WAITING, SMALL = 1000000, 200000


class Measured(watched.Watched):
    def __init__(self, waiting):
        super().__init__(argparse.Namespace(waiting=waiting, rounds=1, institutions=0))
        self.seconds = 30 if waiting > SMALL else 6  # less than the backup takes

    def ctl(self, *arguments):
        """Seconds it took."""
        begun = time.monotonic()
        done = subprocess.run([fixture.BUILD / "clients" / "ctl" / "referralctl"] + [str(a) for a in arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit("%s: exit %d\n%s%s" % (arguments[0], done.returncode, done.stdout, done.stderr))
        return time.monotonic() - begun

    def store_bytes(self):
        return (self.broker.store / "data.mdb").stat().st_size

    def rate(self):
        """The load as a process of its own, while something else goes on."""
        command = watched.parties.load_command(self.broker, "rate", senders=watched.SENDERS, receivers=watched.RECEIVERS,
                                               broker=self.broker.process.pid, per_second=500, seconds=self.seconds)
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def backed_up(self, kept, key):
        load = self.rate()
        took = self.ctl("backup", kept, "--store", self.broker.store, "--host-key", key, "--rate", "0", "--growth", GROWTH)
        found = json.loads(load.communicate()[0])
        return took, found["answered_ms"]["p99"]

    def run(self):
        folder, key = self.broker.folder, self.broker.keys / "host.key"
        kept, restored = folder / "kept", folder / "restored"
        kept.mkdir()
        self.fill()
        self.latency()  # warm
        quiet = self.latency()[1]
        before = self.store_bytes()
        backup_s, p99 = self.backed_up(kept, key)
        grown = self.store_bytes() - before
        file, = kept.iterdir()
        self.broker.stop()
        os.sync()
        restore_s = self.ctl("restore", file, restored, "--host-key", key)
        verify_s = self.ctl("verify", "--store", restored, "--host-key", key)
        mib = 1 << 20
        print("%d waiting: store %d MiB, backup %d MiB" % (self.options.waiting, before // mib, file.stat().st_size // mib))
        print("backup made and verified in %.1f s under 500 trips/s; the store grew by %d MiB in %d s" % (backup_s, grown // mib, self.seconds))
        print("p99 of the answer: %.2f ms quiet, %.2f ms meanwhile" % (quiet, p99))
        print("restored in %.1f s, verified in %.1f s: %.1f s; goal %d s: %s" % (
            restore_s, verify_s, restore_s + verify_s, GOAL_S, "met" if restore_s + verify_s <= GOAL_S else "NOT met"))


def run(waiting):
    measured = Measured(waiting)
    try:
        measured.run()
    finally:
        measured.broker.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--waiting", type=int, default=WAITING)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends, and what was made goes
    tempfile.tempdir = str(fixture.BUILD)
    run(options.waiting)


if __name__ == "__main__":
    main()
