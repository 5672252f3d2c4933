#!/usr/bin/python3
"""test_tour.py - the tour of README.md does what it says: its programs and commands, as they stand there, against the demonstration's
district.

A block to run follows a line "<!-- tour:NAME -->". TOUR_FILE names another file than README.md.
"""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture

TOUR = Path(os.environ.get("TOUR_FILE", fixture.SOURCE / "README.md"))


def block(name):
    """The fenced block behind the marker."""
    found = re.search(r"^<!-- tour:%s -->\n```\w*\n(.*?)^```$" % re.escape(name), TOUR.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if found is None:
        raise AssertionError("%s has no block tour:%s" % (TOUR.name, name))
    return found.group(1)


class Tour(unittest.TestCase):
    """The tree's top is a folder of links, so that the tour's own build/ is not the real one."""

    @classmethod
    def setUpClass(cls):
        cls.top = Path(tempfile.mkdtemp(prefix="referrald-tour."))
        for name in ("clients", "proto"):
            (cls.top / name).symlink_to(fixture.SOURCE / name)
        (cls.top / "build").mkdir()
        cls.work = cls.top / "work"
        cls.work.mkdir()
        cls.broker = None
        prepared = subprocess.run(["sh", fixture.SOURCE / "clients" / "demo" / "prepare.sh", fixture.BUILD, cls.work],
                                  capture_output=True, text=True, timeout=fixture.PATIENCE_S)
        if prepared.returncode != 0:
            raise AssertionError("prepare.sh: %s%s" % (prepared.stdout, prepared.stderr))
        with open(cls.work / "referrald.log", "ab") as log:
            cls.broker = subprocess.Popen([fixture.BUILD / "referrald", "--config", cls.work / "referrald.conf"], stdout=log, stderr=log)

    @classmethod
    def tearDownClass(cls):
        if cls.broker is not None:
            cls.broker.send_signal(signal.SIGTERM)
            cls.broker.wait(timeout=fixture.PATIENCE_S)
        shutil.rmtree(cls.top, ignore_errors=True)

    def run_block(self, name):
        """Each command must succeed; what all of them said."""
        script = "set -e\n. %s/env.sh\n%s" % (self.work, block(name))
        environment = {**os.environ, "REFERRALD_LANG": "en", "PATH": "/usr/bin:/bin:" + os.environ["PATH"]}
        result = subprocess.run(["sh", "-c", script], cwd=self.top, env=environment, capture_output=True, text=True,
                                timeout=fixture.PATIENCE_S)
        self.assertEqual(result.returncode, 0, "%s\n%s%s" % (name, result.stdout, result.stderr))
        return result.stdout

    def save_block(self, name, path):
        (self.top / path).write_text(block(name), encoding="utf-8")

    def test_from_the_shell(self):
        said = self.run_block("shell")
        self.assertIn("Waiting to be delivered to 宝坻区人民医院", said)
        self.assertRegex(said, r"URGENT +SHEET +bd-\S+ .* acknowledged")
        self.assertIn("ACCEPTED", said)
        self.assertRegex(said, r"URGENT +accept +bd-\S+ .* acknowledged")
        self.assertIn("to book or send the patient", said)
        self.assertIn("delivery-confirmed", said)

    def test_from_c(self):
        self.save_block("c", "build/first.c")
        self.assertRegex(self.run_block("c-run"), r"^accepted bd-\S+, call \S+ 022-\d+\n$")

    def test_from_python(self):
        self.save_block("python", "build/first.py")
        self.assertRegex(self.run_block("python-run"), r"^accepted bd-\S+ call \S+ 022-\d+\n$")

    def test_places(self):
        said = self.run_block("places")
        self.assertRegex(said, r"5 units, 1 reserved until \S+ 16:00, 5 free\n")
        self.assertRegex(said, r"WARD-3 .* GGGGR +1 +0 +4 +0 +1 +1/0\n")
        self.assertRegex(said, r"booked +bd-")
        self.assertRegex(said, r"BED +合计 total +1 +5 +1 +1 20\.00 % +1 +4 ")
        self.assertIn("the report is as the ledger has it", said)

    def test_look_around(self):
        said = self.run_block("operator")
        self.assertRegex(said, r"at risk \d+  waiting \d+ ")


if __name__ == "__main__":
    fixture.main()
