#!/usr/bin/python3
"""test_boot.py - the long form of the packages: a machine of its own boots (systemd-nspawn over an overlay of this root), gets our packages,
and runs the unit that is scored, from `init` to a reboot.

Runs with REFERRALD_LONG=1 only. Each test leaves a serving broker to the next.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid
from pathlib import Path

import fixture
import machine
import sheets
from machine import run

UNIT = "referrald.service"
CONFIGURATION = "etc/referrald/referrald.conf"
REBOOT_EXIT = 133  # of systemd-nspawn


class Booted(machine.Root):
    """The overlay as a running machine without a network but its own loopback."""

    def __init__(self):
        super().__init__()
        (self.path / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
        (self.path / "usr/sbin/policy-rc.d").unlink(missing_ok=True)  # images of containers forbid packages to start services
        self.log_file = self.folder / "console"
        self.boot()

    def boot(self):
        command = ["systemd-nspawn", "-D", self.path, "-M", "referrald-%d" % os.getpid(), "--register=no", "--keep-unit", "--link-journal=no",
                   "--private-network", "--capability=CAP_BPF,CAP_NET_ADMIN", "--system-call-filter=bpf",  # address filters of services
                   "--console=pipe", "--boot", "systemd.unit=multi-user.target"]
        environment = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")  # as Debian boots, whatever this machine does
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

        def booted():
            if self.process.poll() is not None:
                raise unittest.SkipTest("not run: no machine boots here:\n" + self.log_file.read_text(errors="replace"))
            return self.leader() and self.inside("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")
        fixture.until(booted, "the machine to boot")

    def reboot(self):
        """It ends, and asks whoever runs it to boot it again."""
        self.inside("systemctl", "reboot", check=False)
        if self.process.wait(timeout=fixture.PATIENCE_S) != REBOOT_EXIT:
            raise AssertionError("the machine ended without asking for a reboot")
        self.boot()

    def leader(self):
        """The machine's process 1, as seen from here."""
        children = Path("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read_text().split()
        return children[0] if children else None

    def inside(self, *command, **more):
        leader = self.leader()
        if not leader:
            raise AssertionError("the machine is off")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("nsenter", "-t", leader, "-a", "--", *command, env=environment, **more)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # an orderly shutdown
            try:
                self.process.wait(timeout=fixture.PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        super().close()


@unittest.skipUnless(fixture.LONG, "not run: long form only")
class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("systemd-nspawn", "dpkg-deb"):
            machine.need(program)
        cls.folder = tempfile.mkdtemp(prefix="referrald-packages.")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.packages = machine.build_packages(cls.folder)
        cls.machine = Booted()
        cls.addClassCleanup(cls.machine.close)
        cls.install(cls.packages.values())
        cls.before_init = cls.machine.inside("systemctl", "start", UNIT, check=False)
        cls.state_before_init = cls.show("ActiveState")
        cls.found()

    # -- the machine --------------------------------------------------------------------------------------------------
    @classmethod
    def install(cls, packages):
        return cls.machine.inside("dpkg", "--force-confold", "--force-unsafe-io", "-i", *cls.machine.take(*packages))

    @classmethod
    def show(cls, what, unit=UNIT):
        return cls.machine.inside("systemctl", "show", "--value", "-p", what, unit).stdout.strip()

    @classmethod
    def systemctl(cls, *arguments, **more):
        return cls.machine.inside("systemctl", *arguments, **more)

    @classmethod
    def journal(cls, unit=UNIT):
        return cls.machine.inside("journalctl", "-u", unit, "--no-pager", "-o", "cat").stdout

    def new_process(self, old, why):
        """Waits until the service is active with another process than `old`."""
        return fixture.until(lambda: self.show("ActiveState") == "active" and self.show("MainPID") not in ("0", old) and self.show("MainPID"), why)

    # -- the broker ---------------------------------------------------------------------------------------------------
    @classmethod
    def ctl(cls, *arguments, key=None, **more):
        who = [] if key is None else [  # root finds the operator's configuration by itself
            "--address", "tcp://127.0.0.1:5570", "--server-key", "/etc/referrald/server.pub", "--key", "/root/%s.key" % key]
        return cls.machine.inside("referralctl", *who, *arguments, **more).stdout

    @classmethod
    def found(cls):
        cls.machine.inside("runuser", "-u", "referrald", "--", "referralctl", "init", "--store", "/var/lib/referrald/store", "--keys",
                           "/etc/referrald", "--name", "bd", "--institution", "OPS")
        with open(cls.machine.path / CONFIGURATION, "a") as configuration:  # an address of its own is looked up by netlink
            configuration.write('endpoints = { "tcp://*:5570", "tcp://127.0.0.1:5571" }\n'
                                'http_listen = "unix:/run/referrald/ops.sock"\n')
        cls.systemctl("start", UNIT)
        commands = list(fixture.district())
        for name in ("T07", "H1"):
            public = cls.machine.inside("referralctl", "keygen", "/root/%s.key" % name).stdout.strip()
            commands.append({"kind": "ADD_KEY", "body": {"public_key": public, "institution": name, "roles": ["REFER", "RECEIVE", "SCHEDULE"]}})
        (cls.machine.path / "root/district.jsonl").write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in commands))
        (cls.machine.path / "root/up.json").write_text(json.dumps(sheets.UP, ensure_ascii=False))
        cls.ctl("load", "/root/district.jsonl")

    def send(self):
        return self.ctl("send", "/root/up.json", "--print", "referral_id", key="T07").strip()

    def check_serves(self, *referrals):
        """A referral goes through from end to end, and those sent before are known."""
        new = self.send()
        heard = self.ctl("listen", "--idle", "1", key="H1")
        self.assertIn(new, heard)
        for referral in (new,) + referrals:
            self.assertIn("DELIVERED", self.ctl("show", referral, "--json", key="T07"))
        return new

    def drop_in(self, text):
        """A drop-in of the unit for this test only."""
        folder = self.machine.path / "etc/systemd/system" / (UNIT + ".d")
        folder.mkdir(exist_ok=True)
        path = folder / "test.conf"
        path.write_text("[Service]\n" + text)

        def undo():
            path.unlink()
            self.systemctl("daemon-reload")
            self.systemctl("restart", UNIT)
        self.addCleanup(undo)
        self.systemctl("daemon-reload")
        self.systemctl("restart", UNIT)

    # -- what must hold ---------------------------------------------------------------------------------------------------
    def test_before_init_nothing_starts_and_it_says_why(self):
        self.assertNotEqual(0, self.before_init.returncode)
        self.assertIn("Assertion failed", self.before_init.stdout)
        self.assertEqual("inactive", self.state_before_init)

    def test_it_says_ready_and_how_it_is(self):
        self.assertEqual(("active", "running", "notify"), (self.show("ActiveState"), self.show("SubState"), self.show("Type")))
        self.check_serves()
        told = fixture.until(lambda: re.match(r"ready · waiting \d+( · oldest \d+[smhd])? · p99 \d+ ms$", self.show("StatusText")), "a status")
        print("\n" + told[0])

    def entries(self, *match):
        lines = self.machine.inside("journalctl", "--no-pager", "-o", "json", "-u", UNIT, *match).stdout.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def test_the_journal_has_fields_to_search_by_and_says_what_an_event_means(self):
        self.check_serves()
        entry = fixture.until(lambda: self.entries("EVENT=session_begun", "INSTITUTION=H1"), "an entry about an institution")[-1]
        self.assertEqual(("6", "referrald", UNIT), (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"], entry["_SYSTEMD_UNIT"]))
        explained = self.machine.inside("journalctl", "--no-pager", "-x", "-u", UNIT, "MESSAGE_ID=" + entry["MESSAGE_ID"]).stdout
        self.assertIn("A system of this institution has connected.", explained)

    def test_a_backup_is_made_beside_it_and_verified(self):
        self.check_serves()
        self.assertEqual("active", self.show("ActiveState", "referrald-backup.timer"))
        self.systemctl("start", "referrald-backup.service")
        self.assertEqual("success", self.show("Result", "referrald-backup.service"))
        files = sorted((self.machine.path / "var/lib/referrald-backup").iterdir())
        self.assertEqual(1, len(files), files)
        verified = self.machine.inside("runuser", "-u", "referrald", "--", "referralctl", "verify", "--backup",
                                       "/var/lib/referrald-backup/" + files[0].name).stdout
        self.assertIn("no fault found", verified)
        self.assertNotIn("backup-failed", self.ctl("alarms"))
        print("\n%s: %d bytes" % (files[0].name, files[0].stat().st_size))
        self.check_checkpoint_without_backup()

    def check_checkpoint_without_backup(self):
        """P3: by a drop-in as the manual has it, whose backup fails."""
        checkpoints = self.machine.path / "var/lib/referrald-checkpoint"
        self.assertEqual(1, len(list(checkpoints.iterdir())))
        next(checkpoints.iterdir()).unlink()
        drop_in = self.machine.path / "etc/systemd/system/referrald-backup.service.d/elsewhere.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nExecStart=\nExecStart=/usr/bin/referralctl backup /nowhere\n")
        self.systemctl("daemon-reload")
        self.assertNotEqual(0, self.machine.inside("systemctl", "start", "referrald-backup.service", check=False).returncode)
        fixture.until(lambda: list(checkpoints.iterdir()), "a checkpoint")
        shutil.rmtree(drop_in.parent)
        self.systemctl("daemon-reload")
        self.systemctl("start", "referrald-backup.service")  # no alarm is left to the next

    def test_operators_ask_it_over_its_socket(self):
        ask = ("import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/referrald/ops.sock'); "
               "s.sendall(b'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.recv(100).decode().splitlines()[0])")
        self.assertIn(" 200 ", self.machine.inside("/usr/bin/python3", "-c", ask).stdout)
        self.assertNotEqual(0, self.machine.inside("runuser", "-u", "nobody", "--", "/usr/bin/python3", "-c", ask, check=False).returncode)

    def test_a_referral_goes_through(self):
        self.check_serves()

    def test_the_unit_that_runs_is_the_one_that_is_scored(self):
        found = self.machine.inside("systemd-analyze", "security", "--no-pager", "--threshold=10", UNIT, check=False)
        self.assertEqual(0, found.returncode, found.stdout)
        print("\n" + found.stdout.strip().splitlines()[-1])
        self.assertEqual("", self.show("DropInPaths"))
        status = self.machine.inside("cat", "/proc/%s/status" % self.show("MainPID")).stdout
        self.assertRegex(self.machine.inside("cat", "/proc/%s/limits" % self.show("MainPID")).stdout, r"Max core file size +0 +0")
        for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
            self.assertIn(line, status)
        user = self.machine.inside("id", "-u", "referrald").stdout.strip()
        self.assertNotEqual("0", user)
        self.assertEqual([user] * 4, re.search(r"^Uid:\t(.*)$", status, re.M)[1].split())

    def test_only_private_networks_get_in(self):
        layout = self.machine.inside("stat", "-f", "-c", "%T", "/sys/fs/cgroup").stdout.strip()
        if layout != "cgroup2fs" or "does not support BPF" in self.machine.inside("journalctl", "--no-pager", "-o", "cat").stdout:
            self.skipTest("not run: no address filter for services here")
        for address, admitted in (("10.1.2.3", True), ("127.0.0.1", True), ("203.0.113.1", False)):
            self.machine.inside("ip", "address", "replace", address + "/32", "dev", "lo")
            reached = self.machine.inside("timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/%s/5570" % address, check=False)
            self.assertEqual(admitted, reached.returncode == 0, address)

    def test_killed_it_comes_again_and_nothing_is_lost(self):
        referral, old = self.check_serves(), self.show("MainPID")
        self.machine.inside("kill", "-9", old)
        self.new_process(old, "a restart after kill -9")
        self.check_serves(referral)
        fixture.until(lambda: self.show("ActiveState", "referrald-verify.timer") == "active", "the verify timer to come with it")

    def test_an_archive_elsewhere_is_written_where_a_drop_in_names_it(self):
        def write():
            return self.machine.inside("nsenter", "-t", self.show("MainPID"), "-m", "--", "touch", "/srv/archive/x", check=False)

        self.machine.inside("mkdir", "-p", "/srv/archive")
        self.assertIn("Read-only file system", write().stdout)
        self.drop_in("ReadWritePaths=/srv/archive\n")
        self.assertEqual(0, write().returncode)

    def test_hung_it_is_ended_by_the_watchdog(self):
        self.assertEqual("1min", self.show("WatchdogUSec"))
        self.drop_in("WatchdogSec=2s\n")
        old = self.show("MainPID")
        self.machine.inside("kill", "-STOP", old)
        self.new_process(old, "the watchdog to end a process that hangs")
        self.assertIn("Watchdog timeout", self.journal())
        self.check_serves()

    def test_a_bad_configuration_is_left_to_people(self):
        path = self.machine.path / CONFIGURATION
        good = path.read_text()
        path.write_text(good + "windo = 7\n")
        try:
            self.assertNotEqual(0, self.systemctl("restart", UNIT, check=False).returncode)
            self.assertEqual(("failed", "3", "0"), (self.show("ActiveState"), self.show("ExecMainStatus"), self.show("NRestarts")))
            self.assertIn("did you mean 'window'?", self.journal())
        finally:
            path.write_text(good)
        self.systemctl("reset-failed", UNIT)
        self.systemctl("start", UNIT)
        self.check_serves()

    def test_an_address_that_comes_late_is_waited_for(self):
        """As that of a VPN does, minutes after a power cut."""
        path = self.machine.path / CONFIGURATION
        good = path.read_text()
        path.write_text(good.replace('"tcp://127.0.0.1:5571"', '"tcp://10.77.0.1:5571"'))
        try:
            self.systemctl("restart", UNIT, check=False)
            fixture.until(lambda: int(self.show("NRestarts")) > 12 or self.show("ActiveState") == "failed", "it to be tried again and again")
            self.machine.inside("ip", "address", "add", "10.77.0.1/32", "dev", "lo")
            fixture.until(lambda: self.show("ActiveState") == "active", "the service, now that its address is there")
        finally:
            path.write_text(good)
        self.systemctl("reset-failed", UNIT)
        self.systemctl("restart", UNIT)
        self.check_serves()

    def test_a_reload_changes_the_log_level_without_a_restart(self):
        path, old = self.machine.path / CONFIGURATION, self.show("MainPID")
        good = path.read_text()
        path.write_text(good + "log_level = debug\n")
        try:
            self.systemctl("reload", UNIT)
            fixture.until(lambda: "log_level=debug" in self.journal(), "the reload")
        finally:
            path.write_text(good)
        self.systemctl("reload", UNIT)
        self.assertEqual(old, self.show("MainPID"))
        self.check_serves()

    def move_keys(self, way):
        for name in ("host.key", "server.key"):
            source, target = ("/etc/referrald/" + name, "/etc/credstore/referrald." + name)[::way]
            self.machine.inside("mv", source, target)

    def test_keys_may_be_roots_own_and_handed_over(self):
        self.machine.inside("mkdir", "-p", "-m", "700", "/etc/credstore")
        referral = self.check_serves()
        self.move_keys(1)
        try:
            self.machine.inside("chown", "-R", "root:root", "/etc/credstore")
            self.systemctl("restart", UNIT)
            self.check_serves(referral)
            self.systemctl("start", "referrald-verify.service")
        finally:
            self.move_keys(-1)
            self.machine.inside("chown", "referrald:referrald", "/etc/referrald/host.key", "/etc/referrald/server.key")
        self.systemctl("restart", UNIT)
        self.check_serves(referral)

    def test_keys_may_be_sealed(self):
        self.machine.inside("mkdir", "-p", "-m", "700", "/etc/credstore.encrypted")
        for name in ("host.key", "server.key"):
            self.machine.inside("systemd-creds", "encrypt", "--with-key=host", "--name=" + name, "/etc/referrald/" + name,
                                "/etc/credstore.encrypted/referrald." + name)
        folder = "/etc/credstore.encrypted/referrald."
        self.drop_in("LoadCredential=\nLoadCredentialEncrypted=host.key:%shost.key\nLoadCredentialEncrypted=server.key:%sserver.key\n"
                     "[Unit]\nAssertPathExists=\n" % (folder, folder))
        self.machine.inside("mv", "/etc/referrald/host.key", "/etc/referrald/server.key", "/root/")
        self.addCleanup(self.machine.inside, "mv", "/root/host.key", "/root/server.key", "/etc/referrald/")
        self.systemctl("restart", UNIT)
        self.check_serves()

    def test_the_store_is_verified_beside_it(self):
        self.assertEqual("active", self.show("ActiveState", "referrald-verify.timer"))
        self.systemctl("start", "referrald-verify.service")
        self.assertEqual("success", self.show("Result", "referrald-verify.service"))
        self.assertIn("no fault found", self.journal("referrald-verify.service"))

    def test_an_upgrade_restarts_what_runs_and_starts_nothing_that_was_stopped(self):
        referral, old = self.check_serves(), self.show("MainPID")
        version = run("dpkg-deb", "-f", self.packages["referrald"], "Version").stdout.strip()
        self.install(machine.later_version(deb, self.folder, version + "+1") for deb in self.packages.values())
        self.new_process(old, "the upgrade's restart")
        self.check_serves(referral)
        self.systemctl("stop", UNIT)
        self.install(machine.later_version(deb, self.folder, version + "+2") for deb in self.packages.values())
        self.assertEqual("inactive", self.show("ActiveState"))
        self.systemctl("start", UNIT)
        self.check_serves(referral)

    def test_asked_to_stop_it_ends_well(self):
        self.systemctl("stop", UNIT)
        self.assertEqual(("inactive", "success", "0"), (self.show("ActiveState"), self.show("Result"), self.show("ExecMainStatus")))
        self.systemctl("start", UNIT)
        self.check_serves()

    def test_z_after_a_reboot_it_serves(self):
        referral = self.check_serves()
        self.machine.reboot()
        self.assertEqual("active", self.show("ActiveState"))
        self.check_serves(referral)

    def test_zz_removed_it_stops_and_purged_it_is_gone(self):
        self.machine.inside("dpkg", "--remove", "referrald")
        self.assertEqual("", self.machine.inside("pgrep", "-x", "referrald", check=False).stdout)
        self.assertTrue((self.machine.path / "var/lib/referrald/store/data.mdb").exists())
        self.machine.inside("dpkg", "--purge", "referrald")
        self.assertFalse((self.machine.path / "var/lib/referrald").exists())
        self.assertEqual("", self.systemctl("list-unit-files", "--no-legend", "referrald*", check=False).stdout)


if __name__ == "__main__":
    fixture.main()
