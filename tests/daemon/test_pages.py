#!/usr/bin/python3
"""test_pages.py - manual pages and completion name all that the programs do, and nothing else."""
import re
import shutil
import subprocess
import unittest

import fixture

MADE = fixture.BUILD / "clients" / "pages" / "made"
CTL = fixture.BUILD / "clients" / "ctl" / "referralctl"


def output(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout


def rendered(page):
    """The page as people see it, wide enough that no word is broken."""
    if not shutil.which("man"):
        raise unittest.SkipTest("not run: no man")
    text = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", MADE / page], capture_output=True, text=True,
                          env={"MANWIDTH": "400", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, check=True)
    if text.stderr:
        raise AssertionError("%s: %s" % (page, text.stderr))
    return text.stdout


def flat(text):
    return re.sub(r"\s+", " ", text)


class Pages(unittest.TestCase):
    def test_every_verb_stands_in_its_page_with_its_options(self):
        page = flat(rendered("referralctl.1"))
        shown = output(CTL, "--help", "--lang", "en")
        verbs = re.findall(r"^  ([a-z][a-z -]*?)((?: \[?[A-Z][A-Z_|]*\]?)*)  +(\S.*)$", shown, re.M)
        self.assertGreater(len(verbs), 50)
        for verb, arguments, text in verbs:
            self.assertIn(flat(" %s%s %s" % (verb, arguments, text)), page)
            for option, value in re.findall(r"^  --(\S+)(?: (\S+))?  ", output(CTL, *verb.split(), "--help", "--lang", "en"), re.M):
                self.assertIn((" --%s %s" % (option, value)).rstrip(), page)

    def test_every_key_and_exit_code_of_the_daemon_stands_in_its_pages(self):
        program = fixture.BUILD / "referrald"
        shown = output(program, "--help")
        keys = re.findall(r"^  ([a-z_]+)  +(\S.*)\n  +(\S.*)$", shown[shown.index("Keys"):shown.index("Exit")], re.M)
        self.assertGreater(len(keys), 8)
        page = flat(rendered("referrald.conf.5"))
        for key, text, more in keys:
            self.assertIn(flat(" %s %s %s" % (key, text, more)), page)
        page = flat(rendered("referrald.8"))
        exits = re.findall(r"^  (\d+)  +(\S.*)$", shown, re.M)
        self.assertGreater(len(exits), 10)
        for code, text in exits:
            self.assertIn(" %s %s" % (code, flat(text)), page)
        for option in re.findall(r"^  (--\w+)", shown, re.M):
            self.assertIn(option, page)

    def test_every_function_of_the_library_stands_in_its_page(self):
        page = rendered("libreferral.3")
        symbols = output("nm", "-D", "--defined-only", fixture.BUILD / "clients" / "libreferral.so")
        functions = re.findall(r" T (referral_[a-z_]+)", symbols)
        functions = [f for f in functions if not f.startswith("referral__")]
        self.assertGreater(len(functions), 20)
        for function in functions:
            self.assertIn(function + "(", page)

    def test_a_page_that_names_no_table_is_refused(self):
        result = subprocess.run([fixture.BUILD / "clients" / "pages" / "pages", "/dev/stdin"], input="@no-such@\n",
                                capture_output=True, text=True)
        self.assertEqual(1, result.returncode)


class Completion(unittest.TestCase):
    """Each line of words is completed as bash would, the last word being the one under the cursor."""

    def completed(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _referralctl; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "-uc", script, "bash", MADE / "referralctl", "referralctl", *words],
                                capture_output=True, text=True, cwd=fixture.HERE)
        self.assertEqual("", result.stderr)
        return result.stdout.split()

    def test_verbs(self):
        self.assertEqual(["accept"], self.completed("acc"))
        self.assertIn("dead", self.completed(""))
        self.assertEqual(len(set(self.completed(""))), len(self.completed("")))
        self.assertEqual(["drop", "replay", "show"], sorted(self.completed("dead", "")))
        self.assertEqual(["put"], self.completed("institution", ""))
        self.assertEqual(["alarms", "keys", "sessions", "settings", "waiters"], sorted(self.completed("show", "")))
        self.assertIn("oldest-age", self.completed("check", ""))
        self.assertEqual(["prometheus"], self.completed("check", "dead", "--output", "p"))
        self.assertEqual(["verify", "void"], sorted(self.completed("help", "v")))

    def test_options_are_those_of_the_verb_and_of_every_verb(self):
        self.assertEqual(["--person", "--phone", "--print", "--progress"], sorted(self.completed("accept", "R", "--p")))
        self.assertIn("--all", self.completed("dead", "replay", "--"))
        self.assertNotIn("--all", self.completed("dead", "show", "--"))
        self.assertEqual(["--json"], self.completed("--j"))

    def test_values(self):
        self.assertEqual(["EMERGENCY"], self.completed("list", "--priority", "E"))
        self.assertEqual(["en", "zh"], sorted(self.completed("--lang", "")))
        self.assertEqual(["zh"], self.completed("status", "--lang", "=", "z"))
        self.assertEqual(["en", "zh"], sorted(self.completed("status", "--lang", "=")))
        self.assertEqual(["inbox_age_alarm_ms"], self.completed("set", "inbox_ag"))
        self.assertEqual(["DOWN", "UP"], sorted(self.completed("contact", "put", "H1", "")))
        self.assertEqual([], self.completed("accept", "R", "--person", ""))

    def test_files_and_folders(self):
        self.assertIn("fixture.py", self.completed("send", "fix"))
        self.assertIn("fixture.py", self.completed("status", "--key", "fix"))
        self.assertEqual([], self.completed("verify", "--store", "fix"))

    def test_an_option_before_the_verb_does_not_hide_it(self):
        self.assertEqual(["--person"], self.completed("--lang", "zh", "accept", "--pe"))
        self.assertEqual(["--person"], self.completed("--lang", "=", "zh", "accept", "--pe"))


if __name__ == "__main__":
    fixture.main()
