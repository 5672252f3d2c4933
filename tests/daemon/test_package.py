#!/usr/bin/python3
"""test_package.py - the Debian packages: what is in them, what they need, and what stays after install, upgrade, remove and purge."""
import fnmatch
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import fixture
import machine
from machine import run

NAMES = ["libreferral-dev", "libreferral0", "referral-tools", "referrald"]
LIB = "/usr/lib/*-linux-*"
FILES = {  # beside copyright and changelog
    "referrald": ["/etc/referrald/referrald.conf", "/usr/sbin/referrald", "/usr/lib/systemd/system/referrald*.service",
                  "/usr/lib/systemd/system/referrald-*.timer", "/usr/lib/sysusers.d/referrald.conf", "/usr/lib/systemd/catalog/referrald*.catalog",
                  "/usr/lib/tmpfiles.d/referrald.conf", "/usr/share/man/man8/referrald.8.gz",
                  "/usr/share/man/man5/referrald.conf.5.gz",
                  "/usr/share/referrald/prometheus/referrald.rules.yml", "/usr/share/referrald/grafana/referrald.json",
                  "/usr/share/referrald/runbook/*.md"],
    "libreferral0": [LIB + "/libreferral.so.0", LIB + "/libreferral.so.0.*"],
    "libreferral-dev": [LIB + "/libreferral.so", LIB + "/libreferral.a", LIB + "/pkgconfig/referral.pc",
                        "/usr/include/referral/client.h", "/usr/include/referral/key.h", "/usr/include/referral/limits.h",
                        "/usr/include/referral/*.pb-c.h", "/usr/share/referral/proto/*.proto",
                        "/usr/share/man/man3/libreferral.3.gz", "/usr/share/doc/libreferral-dev/PROTOCOL.md"],
    "referral-tools": ["/usr/bin/referralctl", "/usr/share/man/man1/referralctl.1.gz",
                       "/usr/share/bash-completion/completions/referralctl", "/usr/share/referral/examples/*.json"],
}
NEEDS = {
    "referrald": ["libevent-2.1-7", "libzmq5", "libprotobuf-c1", "liblmdb0", "libsodium23", "libconfuse2", "libsystemd0", "libc6"],
    "libreferral0": ["libzmq5", "libprotobuf-c1", "libsodium23", "libc6"],
    "libreferral-dev": ["libprotobuf-c-dev", "libzmq3-dev", "libsodium-dev"],
    "referral-tools": ["libjansson4", "libsmartcols1", "liblmdb0", "libconfuse2", "libc6"],
}
PROGRAM = """#include <referral/client.h>
#include <stdio.h>
int main(void) { return puts(referral_status_name(REFERRAL_OK)) < 0; }
"""


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        machine.need("dpkg-deb")
        cls.folder = tempfile.mkdtemp(prefix="referrald-packages.")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.packages = machine.build_packages(cls.folder)

    def field(self, name, field):
        return run("dpkg-deb", "-f", self.packages[name], field).stdout.strip()

    def depends(self, name):
        return {d.split()[0]: d for d in re.split(r", *", self.field(name, "Depends"))}


class Contents(Packages):
    def test_there_are_four_of_one_version(self):
        self.assertEqual(NAMES, sorted(self.packages))
        self.assertEqual(1, len({self.field(name, "Version") for name in NAMES}))

    def test_each_holds_its_files_and_no_others(self):
        for name in NAMES:
            wanted = FILES[name] + ["/usr/share/doc/%s/%s" % (name, document) for document in ("copyright", "changelog.gz")]
            lines = run("dpkg-deb", "-c", self.packages[name]).stdout.splitlines()
            files = [line.split(" -> ")[0].split()[-1][1:] for line in lines if not line.startswith("d")]
            for file in files:
                self.assertTrue(any(fnmatch.fnmatch(file, pattern) for pattern in wanted), "%s holds %s" % (name, file))
            for pattern in wanted:
                self.assertTrue(fnmatch.filter(files, pattern), "%s has no %s" % (name, pattern))
            self.assertEqual({"root/root"}, {line.split()[1] for line in lines})

    def test_each_names_what_it_needs(self):
        version = self.field("referrald", "Version")
        for name in NAMES:
            self.assertLessEqual(set(NEEDS[name]), set(self.depends(name)), name)
        self.assertEqual("referral-tools (= %s)" % version, self.depends("referrald")["referral-tools"])
        self.assertEqual("libreferral0 (= %s)" % version, self.depends("libreferral-dev")["libreferral0"])
        self.assertNotIn("libzmq3-dev", self.depends("libreferral0"))

    def test_programs_linked_to_the_library_will_need_its_package(self):
        shlibs = run("dpkg-deb", "-I", self.packages["libreferral0"], "shlibs").stdout
        self.assertEqual("libreferral 0 libreferral0 (>= %s)" % self.field("libreferral0", "Version"), shlibs.strip())

    def test_the_configuration_is_the_administrators(self):
        self.assertEqual("/etc/referrald/referrald.conf", run("dpkg-deb", "-I", self.packages["referrald"], "conffiles").stdout.strip())

    def test_lintian_finds_no_error(self):
        machine.need("lintian")
        found = run("lintian", "--no-cfg", "--allow-root", "--fail-on", "error", *self.packages.values(), check=False)
        self.assertEqual(0, found.returncode, found.stdout)


class Life(Packages):
    """In an overlay of this machine's root, where no service manager runs."""

    def setUp(self):
        self.root = machine.Root()
        self.addCleanup(self.root.close)
        self.root.mount_devices()
        (self.root.path / "var/lib/man-db/auto-update").unlink(missing_ok=True)  # no index of all manual pages, please
        self.version = self.field("referrald", "Version")

    def dpkg(self, *arguments):
        return self.root.inside("dpkg", "--force-confold", "--force-unsafe-io", *arguments)

    def install(self, packages):
        return self.dpkg("-i", *self.root.take(*packages))

    def as_user(self, *command, **more):
        return self.root.inside("runuser", "-u", "referrald", "--", *command, **more)

    def found(self):
        """A store and its keys, as the manual page says."""
        return self.as_user("referralctl", "init", "--store", "/var/lib/referrald/store", "--keys", "/etc/referrald", "--name", "bd",
                            "--institution", "OPS")

    def at(self, path):
        return self.root.path / path.lstrip("/")

    def owner(self, path):
        return self.root.inside("stat", "-c", "%U:%G %a", path).stdout.strip()

    def is_enabled(self, unit="referrald.service", target="multi-user.target"):
        return self.at("/etc/systemd/system/%s.wants/%s" % (target, unit)).is_symlink()

    def later(self, change=lambda tree: None):
        return [machine.later_version(deb, self.folder, self.version + "+1", change) for deb in self.packages.values()]

    def test_a_fresh_install_is_ready_for_init(self):
        self.install(self.packages.values())
        self.assertEqual("referrald:referrald 700", self.owner("/var/lib/referrald"))
        self.assertEqual("referrald:referrald 750", self.owner("/etc/referrald"))
        self.assertEqual("root:root 644", self.owner("/etc/referrald/referrald.conf"))
        self.assertTrue(self.is_enabled())
        self.assertTrue(self.is_enabled("referrald-verify.timer", "referrald.service"))
        self.assertTrue(self.is_enabled("referrald-backup.timer", "referrald.service"))
        refused = self.as_user("referrald", "--check", check=False)
        self.assertEqual(4, refused.returncode, refused.stdout)
        self.assertIn("referralctl init", refused.stdout)
        self.found()
        self.assertEqual("referrald:referrald 600", self.owner("/etc/referrald/host.key"))
        self.as_user("referrald", "--check")
        self.as_user("referralctl", "verify")

    def test_the_installed_units_are_without_a_warning(self):
        self.install(self.packages.values())
        units = ["referrald.service", "referrald-verify.service", "referrald-verify.timer", "referrald-backup.service",
                 "referrald-backup.timer"]
        self.assertEqual("", self.root.inside("systemd-analyze", "verify", *("/usr/lib/systemd/system/" + u for u in units)).stdout)

    def test_a_program_is_built_against_the_installed_library(self):
        self.install(self.packages.values())
        (self.root.path / "first.c").write_text(PROGRAM)
        self.root.inside("sh", "-c", "cc -Wall -Werror -o /first /first.c $(pkg-config --cflags --libs referral)")
        self.assertEqual("OK", self.root.inside("/first").stdout.strip())

    def test_an_upgrade_keeps_store_keys_and_what_was_changed(self):
        self.install(self.packages.values())
        self.found()
        key = self.at("/etc/referrald/host.key").read_bytes()
        configuration = self.at("/etc/referrald/referrald.conf")
        configuration.write_text(configuration.read_text() + "window = 7\n")
        self.at("/etc/systemd/system/multi-user.target.wants/referrald.service").unlink()  # as `systemctl disable` does

        def change(tree):
            if (tree / "etc").exists():
                path = tree / "etc/referrald/referrald.conf"
                path.write_text("# another default\n" + path.read_text())
        self.install(self.later(change))
        self.assertIn("+1", self.root.inside("dpkg-query", "-W", "-f", "${Version}", "referrald").stdout)
        self.assertEqual(key, self.at("/etc/referrald/host.key").read_bytes())
        self.assertIn("window = 7", self.root.inside("referrald", "--dump").stdout)
        self.assertFalse(self.is_enabled())
        self.as_user("referralctl", "verify")

    def test_removing_keeps_and_purging_drops_store_keys_and_configuration(self):
        self.install(self.packages.values())
        self.found()
        self.dpkg("--remove", *NAMES)
        self.assertFalse(self.at("/usr/sbin/referrald").exists())
        for path in ("/etc/referrald/referrald.conf", "/etc/referrald/host.key", "/var/lib/referrald/store/data.mdb"):
            self.assertTrue(self.at(path).exists(), path)
        self.install(self.packages.values())
        self.as_user("referrald", "--check")
        self.dpkg("--purge", *NAMES)
        for path in ("/etc/referrald", "/var/lib/referrald", "/usr/lib/systemd/system/referrald.service",
                     "/etc/systemd/system/multi-user.target.wants/referrald.service", "/usr/include/referral"):
            self.assertFalse(self.at(path).is_symlink() or self.at(path).exists(), path)
        self.assertEqual(0, self.root.inside("id", "referrald").returncode)


if __name__ == "__main__":
    fixture.main()
