#!/usr/bin/python3
"""test_ctl_trouble.py - referralctl where something is wrong, or there is no broker: exit codes, complaints, configuration; a store that is
checked, restored and founded without a daemon.
"""
import json
import os
import shutil
import signal
import stat
import subprocess
from datetime import date, timedelta
from pathlib import Path

import fixture
import sheets
from ctl import BAD_FILE, CHECK_FAILED, NO_BROKER, OK, REFUSED, USAGE, CtlTest


class Trouble(CtlTest):
    def test_exit_codes(self):
        self.run_ctl(expect=USAGE)
        self.run_ctl("frobnicate", expect=USAGE)
        self.run_ctl("accept", expect=USAGE)
        self.run_ctl("list", "--state", "happy", expect=USAGE)
        self.run_ctl("send", "/nonexistent", expect=BAD_FILE)
        self.run_ctl("send", input="{", expect=BAD_FILE)
        self.run_ctl("send", input='{"patient": {"nmae": "x"}}', expect=BAD_FILE)
        self.run_ctl("--timeout", "1", "--address", "tcp://127.0.0.1:1", "status", expect=NO_BROKER)
        self.run_ctl("--timeout", "1", "--server-key", self.broker.public_hex("T07"), "status", expect=NO_BROKER)
        self.run_ctl("--timeout", "1", "--key", self.broker.keys / "server.key", "status", expect=NO_BROKER)
        self.run_ctl("--timeout", "soon", "status", expect=USAGE)
        self.run_ctl("--server-key", "xyz", "status", expect=BAD_FILE)
        self.run_ctl("--help")
        for verb in ("send", "init", "settings", "dead replay"):
            self.assertIn(verb, self.run_ctl(*verb.split(), "--help").stdout)

    def test_complaints_name_what_is_wrong(self):
        keys = self.broker.keys
        for complaint, expect, *arguments in (
                ("tcp://127.0.0.1:1: nobody listens", NO_BROKER, "--timeout", "1", "--address", "tcp://127.0.0.1:1", "status"),
                ("wrong server key", NO_BROKER, "--timeout", "1", "--server-key", self.broker.public_hex("T07"), "status"),
                ("server.key: the broker does not know this key", NO_BROKER, "--timeout", "1", "--key", keys / "server.key", "status"),
                ("looks like tcp://", USAGE, "--address", "localhost:5570", "status"),
                ("/nonexistent: No such file", BAD_FILE, "--key", "/nonexistent", "status"),
                ("server.pub: others may read it: chmod 600", BAD_FILE, "--key", keys / "server.pub", "status"),
                ("did you mean accept?", USAGE, "acept", "x"),
                ("see referralctl send --help", USAGE, "send", "--nope"),
                ("Usage: referralctl dead replay INSTITUTION", USAGE, "dead", "replay"),
                ("DELIVERED, INFO_REQUESTED", USAGE, "list", "--state", "happy")):
            self.assertIn(complaint, self.run_ctl(*arguments, expect=expect).stderr)
        self.assertIn("MALE, FEMALE", self.run_ctl("send", input='{"patient": {"sex": "M"}}', expect=BAD_FILE).stderr)
        self.assertIn("OUT_OF_SCOPE", self.run_ctl("reject", "--help").stdout)

    def test_a_reader_that_has_gone_is_no_complaint(self):
        command = [str(fixture.BUILD / "clients" / "ctl" / "referralctl"), "--help"]
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, timeout=60)
        os.close(write_end)
        self.assertEqual(process.stderr, b"")

    def test_q13_what_could_not_be_written_is_no_success(self):
        """Also where a process of its own reads the store: half a ledger on a full disk is none."""
        self.run_ctl("publish", "BED/NK/WARD/%s" % (date.today() + timedelta(2)), "--count", "3", key="H1")
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        for arguments in (("status",), ("ledger", "H1"), ("ledger", "H1", *where), ("report", "reserve", "H1", *where), ("verify", *where)):
            command = [fixture.BUILD / "clients" / "ctl" / "referralctl", "--lang", "en", "--address", self.broker.endpoint, "--server-key",
                       self.broker.public_hex("server"), "--key", self.broker.key_file("operator"), *arguments]
            with open("/dev/full", "w") as full:
                result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual((BAD_FILE, 1), (result.returncode, result.stderr.count("the output cannot be written")), arguments)

    def test_p1_a_bad_file_is_not_quoted(self):
        for text in ('{"patient": {"name": "周桂兰", "sex": "周桂兰"}}', '{"patient": 周桂兰}', '{"patient": {"birth_date": 周桂兰'):
            self.assertNotIn("周桂兰", self.run_ctl("send", input=text, expect=BAD_FILE).stderr)

    def test_p1_the_command_line_does_not_stay_in_the_list_of_processes(self):
        with subprocess.Popen([str(fixture.BUILD / "clients" / "ctl" / "referralctl"), "--message-id=周桂兰-1", "--timeout",
                               "60", "--address", "tcp://127.0.0.1:1", "--server-key", self.broker.public_hex("server"), "--key",
                               str(self.broker.key_file("H1")), "report", "r", "--diagnosis", "周桂兰"]) as process:
            try:
                def is_wiped():
                    line = Path("/proc/%d/cmdline" % process.pid).read_text(encoding="utf-8")
                    return "referralctl" in line and "周桂兰" not in line

                fixture.until(is_wiped, "the command line to be wiped")
            finally:
                process.kill()

    def test_a_configuration_file_says_where_the_broker_is(self):
        path = self.broker.folder / "ctl.conf"
        path.write_text('address = "%s"\nserver_key = "%s"\nkey = "%s"\n' %
                        (self.broker.endpoint, self.broker.public_hex("server"), self.broker.key_file("operator")))
        self.broker.ctl_offline("--config", path, "status")
        home = self.broker.folder / "home"
        (home / ".config").mkdir(parents=True)
        shutil.copy(path, home / ".config" / "referralctl.conf")
        environment = {**os.environ, "HOME": str(home)}
        self.broker.ctl_offline("status", env=environment)
        # What stands nearest to the command wins: the file it names, then the environment, then the file at home.
        environment["REFERRALD_KEY"] = "/nonexistent"
        self.assertEqual(self.broker.ctl_offline("status", check=False, env=environment).returncode, BAD_FILE)
        self.broker.ctl_offline("--config", path, "status", env=environment)
        self.broker.ctl_offline("--key", self.broker.key_file("operator"), "status", env=environment)
        path.write_text('addres = "x"\n')
        self.assertEqual(self.broker.ctl_offline("--config", path, "status", check=False).returncode, BAD_FILE)


class Offline(CtlTest):
    """One test: each step needs what the last one left."""

    def local(self, *arguments, expect=OK):
        result = self.broker.ctl_offline("--lang", "en", *arguments, check=False)
        self.assertEqual(result.returncode, expect, "%s\n%s%s" % (arguments, result.stdout, result.stderr))
        return result

    def test_verify_recount_and_restore(self):
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        first = self.send(sheets.UP)["referral_id"]
        # Beside the running daemon.
        self.local("verify", *where)
        self.local("recount", *where)
        books = {b["institution"]: b for b in json.loads(self.local("--json", "recount", *where).stdout)}
        self.assertEqual((books["H1"]["accepted"], books["H1"]["counted_waiting"], books["H1"]["balances"]), (1, 1, True))
        self.assertIn("in use", self.local("reindex", *where, expect=BAD_FILE).stderr)
        self.broker.stop()
        self.local("verify", "--broker-config", self.broker.config_file)
        month = ("--month", "2026-11")
        self.assertIn("no institution", self.local("report", "service", "NOSUCH", *month, *where, expect=BAD_FILE).stderr)
        self.assertIn("no institution", self.local("report", "service", "X" * 300, *month, *where, expect=BAD_FILE).stderr)
        for _ in range(2):  # the second time only what was thrown away is indexed
            self.assertEqual(json.loads(self.local("--json", "reindex", *where).stdout), {"referrals": 1})
        self.local("verify", *where)
        self.local("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "server.key", expect=BAD_FILE)

        # An older copy that goes on gives no id twice.
        restored = self.broker.folder / "restored"
        self.local("restore", self.broker.store, restored, "--host-key", self.broker.keys / "host.key")
        self.local("restore", self.broker.store, restored, "--host-key", self.broker.keys / "host.key", expect=REFUSED)
        self.local("verify", "--store", restored, "--host-key", self.broker.keys / "host.key")
        identity = [json.loads(self.local("--json", "verify", "--store", s, "--host-key", self.broker.keys / "host.key").stdout)
                    for s in (self.broker.store, restored)]
        self.assertLess(identity[0]["incarnation"], identity[1]["incarnation"])
        self.assertEqual(identity[0]["digest"], identity[1]["digest"])

        # Each byte of a row counts: damage anywhere in the pages is a finding, whatever LMDB makes of it.
        damaged = self.broker.folder / "damaged"
        shutil.copytree(self.broker.store, damaged)
        data = bytearray((damaged / "data.mdb").read_bytes())
        for page in range(2, len(data) // 4096):
            data[page * 4096 + 2048] ^= 0xFF
            data[page * 4096 + 4000] ^= 0xFF
        (damaged / "data.mdb").write_bytes(data)
        self.local("verify", "--store", damaged, "--host-key", self.broker.keys / "host.key", expect=CHECK_FAILED)
        self.assertTrue(first)

    def killed_verify(self):
        """`verify` whose reading child is killed from outside; None: it was through before."""
        command = [fixture.BUILD / "clients" / "ctl" / "referralctl", "--lang", "en", "verify", "--store", self.broker.store,
                   "--host-key", self.broker.keys / "host.key"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            children = Path("/proc/%d/task/%d/children" % (process.pid, process.pid))
            while process.poll() is None:
                child = children.read_text().split()
                if child:
                    os.kill(int(child[0]), signal.SIGKILL)
                    break
            error = process.communicate(timeout=fixture.PATIENCE_S)[1]
        return (process.returncode, error) if "signal" in error else None

    def test_p3_a_verification_that_is_killed_found_no_damage(self):
        self.local("verify", "--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        before = (self.broker.store / "verify.state").read_bytes()
        killed = None
        while killed is None:  # a small store is read in milliseconds
            killed = self.killed_verify()
            before = before if killed else (self.broker.store / "verify.state").read_bytes()
        self.assertEqual(killed[0], BAD_FILE)
        self.assertIn("interrupted by signal 9", killed[1])
        self.assertEqual((self.broker.store / "verify.state").read_bytes(), before)

    def test_d8_before_the_first_pass_the_archive_is_empty(self):
        where = ("--broker-config", self.broker.config_file)
        for words in (("archive",), ("archive", "looks")):
            self.assertEqual("(none)\n", self.local(*words, *where).stdout)
        self.assertEqual([], json.loads(self.local("--json", "archive", *where).stdout))
        self.local("archive", "find", "bd-1-1-0", *where, expect=REFUSED)
        self.local("archive", "--archives", self.broker.folder / "nosuch", *where, expect=BAD_FILE)

    def test_init_says_what_a_configuration_that_it_keeps_has_otherwise(self):
        base = self.broker.folder / "kept"
        base.mkdir()
        conf = base / "referrald.conf"
        conf.write_text('store_directory = "/var/lib/elsewhere"\nhost_key_file = "%s/host.key"\nserver_key_file = "%s/server.key"\n'
                        'endpoints = {"tcp://10.0.0.1:5570"}\n' % (base, base))
        before = conf.read_bytes()
        made = self.local("init", "--store", base / "s", "--name", "x1", "--institution", "OPS", "--keys", base, "--listen", "tcp://*:7000")
        self.assertEqual(before, conf.read_bytes())
        self.assertIn("not changed", made.stdout)
        for words in ("store_directory is /var/lib/elsewhere", "endpoints is tcp://10.0.0.1:5570, not tcp://*:7000"):
            self.assertIn(words, made.stderr)
        self.assertNotIn("host_key_file", made.stderr)

    def test_init_overwrites_nothing(self):
        base = self.broker.folder / "again"
        arguments = ("init", "--store", base / "s", "--name", "x1", "--institution", "OPS", "--institution-name", "运维", "--keys", base)
        base.mkdir()
        self.local(*arguments)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in base.iterdir()}
        for secret in ("host.key", "server.key", "operator.key"):
            self.assertEqual(modes[secret], 0o600)
        before = {p.name: p.read_bytes() for p in base.iterdir() if p.is_file()}
        self.local(*arguments, expect=REFUSED)
        self.local("init", "--store", base / "s2", *arguments[3:], expect=REFUSED)
        self.assertFalse((base / "s2").exists())
        other = self.broker.folder / "other"
        self.local("init", "--store", base / "s", *arguments[3:-1], other, expect=REFUSED)
        self.assertEqual(list(other.iterdir()), [])
        self.assertEqual(before, {p.name: p.read_bytes() for p in base.iterdir() if p.is_file()})
        self.local("init", "--store", base / "s3", "--name", "No Name", *arguments[5:-1], self.broker.folder / "k3", expect=USAGE)
        self.local("init", "--store", base / "s3", expect=USAGE)
        for institution in ("O PS", "broker"):
            self.local("init", "--store", base / "s3", "--name", "x1", "--institution", institution, "--keys", self.broker.folder / "k3", expect=USAGE)
        for name in ("", "长" * 86, "a\x01b", os.fsdecode(b"\xb1\xa6\xdb\xe6")):  # what the broker could not read, such as GBK
            self.local(*("init", "--store", base / "s3", "--name", "x1", "--institution", "OPS", "--keys", self.broker.folder / "k3"),
                       "--institution-name", name, expect=USAGE)
        self.assertFalse((base / "s3" / "data.mdb").exists())


if __name__ == "__main__":
    fixture.main()
