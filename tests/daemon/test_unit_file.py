#!/usr/bin/python3
"""test_unit_file.py - the units: no warning, little exposure, and what they say of the programs is what the programs do."""
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture
import machine
from machine import run

UNITS = fixture.SOURCE / "systemd"
SERVICES = ["referrald.service", "referrald-verify.service", "referrald-backup.service"]
PROGRAMS = {"/usr/sbin/referrald": fixture.BUILD / "referrald", "/usr/bin/referralctl": fixture.BUILD / "clients" / "ctl" / "referralctl"}
FOR_PEOPLE = ["USAGE", "BAD_CONFIG", "BAD_SECRET", "NO_STORE", "STORE_NEWER", "STORE_OLDER", "STORE_DAMAGED", "SELF_TEST", "TEST_TIME"]
CREDENTIALS_EXIT = "243"  # of the service manager, see systemd.exec(5)


def values(unit, key):
    return re.findall(r"^%s=(.*)$" % key, (UNITS / unit).read_text(), re.M)


class UnitFiles(unittest.TestCase):
    def setUp(self):
        machine.need("systemd-analyze")

    def test_exposure_is_at_most_1(self):
        for unit in SERVICES:
            found = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=10", UNITS / unit, check=False)
            self.assertEqual(0, found.returncode, found.stdout)

    def test_verify_has_no_warning(self):
        """Their programs stand where this build has them; pages are for the installed tree (test_package)."""
        folder = Path(tempfile.mkdtemp(prefix="referrald-units."))
        self.addCleanup(shutil.rmtree, folder)
        units = [path for path in UNITS.iterdir() if path.suffix in (".service", ".timer")]
        self.assertGreater(len(units), 2)
        for unit in units:
            text = unit.read_text()
            for installed, built in PROGRAMS.items():
                text = text.replace("=%s " % installed, "=%s " % built)
            (folder / unit.name).write_text(text)
        found = run("systemd-analyze", "verify", "--man=no", *(folder / unit.name for unit in units), check=False)
        self.assertEqual((0, ""), (found.returncode, found.stdout))

    def test_it_is_not_started_again_where_only_people_can_cure(self):
        text = (fixture.SOURCE / "broker" / "daemon.h").read_text()
        codes = dict(re.findall(r"X\((\w+), (\d+), ", text))
        self.assertEqual([sorted(map(int, [codes[name] for name in FOR_PEOPLE] + [CREDENTIALS_EXIT]))],
                         [sorted(map(int, v.split())) for v in values("referrald.service", "RestartPreventExitStatus")])

    def test_what_only_time_can_cure_has_minutes(self):
        """An address of a VPN that is not there yet (10), a store that another program has (6): until then a start fails at once."""
        seconds, = (int(v) for value in values("referrald.service", "RestartSec") for v in re.findall(r"^(\d+)s$", value))
        burst, = map(int, values("referrald.service", "StartLimitBurst"))
        self.assertGreaterEqual(burst * seconds, 5 * 60)
        interval, = (int(v) for value in values("referrald.service", "StartLimitIntervalSec") for v in re.findall(r"^(\d+)min$", value))
        self.assertLess(burst * seconds, interval * 60, "it does end")

    def test_it_reads_the_configuration_that_is_the_default(self):
        shown = run(fixture.BUILD / "referrald", "--help").stdout
        path = re.search(r"default (/etc/\S+)", shown)[1]
        self.assertEqual(["/usr/sbin/referrald --config " + path], values("referrald.service", "ExecStart"))

    def test_the_keys_it_takes_as_credentials_are_those_of_the_configuration(self):
        shown = run(fixture.BUILD / "referrald", "--help").stdout
        files = re.findall(r"_key_file .*\n.*default \S*/(\S+)", shown)
        self.assertEqual(["%s:referrald.%s" % (f, f) for f in files], values("referrald.service", "LoadCredential"))
        for helper in SERVICES[1:]:
            self.assertIn(values(helper, "LoadCredential")[0], values("referrald.service", "LoadCredential"))

    def test_the_two_filters_that_would_kill_libzmq_let_it_live(self):
        self.assertIn("AF_NETLINK", values("referrald.service", "RestrictAddressFamilies")[0])
        self.assertIn("~sched_setscheduler:0", values("referrald.service", "SystemCallFilter"))

    def test_verbs_that_units_call_exist(self):
        for unit in UNITS.glob("*.service"):
            for command in values(unit.name, "ExecStart") + values(unit.name, "ExecStopPost"):
                if "referralctl" in command:
                    known = subprocess.run([PROGRAMS["/usr/bin/referralctl"], command.split()[1], "--help"], capture_output=True)
                    self.assertEqual(0, known.returncode, command)

    def test_p3_a_checkpoint_is_left_whatever_becomes_of_the_backup(self):
        """One that is given up ends the commands of a start, and so does whoever names another directory in a drop-in."""
        self.assertEqual(["/usr/bin/referralctl checkpoint /var/lib/referrald-checkpoint"], values("referrald-backup.service", "ExecStopPost"))
        self.assertEqual(1, len(values("referrald-backup.service", "ExecStart")))

    def test_timers_have_a_time_that_comes(self):
        for timer in UNITS.glob("*.timer"):
            self.assertTrue((UNITS / (timer.stem + ".service")).exists())
            for calendar in values(timer.name, "OnCalendar"):
                run("systemd-analyze", "calendar", calendar)

    def test_user_and_folders_are_made_for_it(self):
        user = values("referrald.service", "User")[0]
        self.assertRegex((UNITS / "referrald.sysusers").read_text(), r"(?m)^u %s " % user)
        self.assertRegex((UNITS / "referrald.tmpfiles").read_text(), r"(?m)^d /var/lib/referrald 0700 %s %s " % (user, user))
        for name in SERVICES:
            self.assertEqual([user], values(name, "User"))


if __name__ == "__main__":
    fixture.main()
