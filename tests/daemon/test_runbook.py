#!/usr/bin/python3
"""test_runbook.py - the runbook: a page for each alarm and each alert, in two languages; every command on a page exists, with its options and
arguments, as does every unit, setting and page that is named.
"""
import functools
import json
import re
import shlex
import subprocess
import unittest

import fixture
import sheets
import watch
from foreign_client import Client

SECTIONS = ["含义 · What it means", "查看 · Look", "处理 · Do", "解除 · It clears", "联系 · Call"]
SPAN = re.compile(r"`([^`\n]+)`")
# Programs of the system that pages may name; ours are asked themselves.
OF_THE_SYSTEM = {"systemctl", "journalctl", "timedatectl", "df", "fuser", "cat", "man"}
AS_THE_SERVICE = "runuser -u referrald -- "
LINES_MAX = 50  # a screen, at 3 a.m.


def pages():
    return {path.stem: path.read_text() for path in sorted(watch.RUNBOOK.glob("*.md"))}


def commands(text):
    """The command lines among the code spans: those with a word of a program's name and something behind it."""
    return [span.removeprefix(AS_THE_SERVICE) for span in SPAN.findall(text) if re.match(r"[a-z]+ ", span)]


@functools.lru_cache(maxsize=None)
def help_of(*words):
    command = [str(fixture.BUILD / "clients" / "ctl" / "referralctl"), *words, "--help", "--lang", "en"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=fixture.PATIENCE_S)
    return result.stdout if result.returncode == 0 else None


def options(text):
    """{option: it takes a value}"""
    return {name: bool(value) for name, value in re.findall(r"^  --([a-z0-9-]+)( [^ ]+)?", text, re.M)}


def verb_of(words):
    """(its words, its help), two words before one; None: there is no such verb."""
    for count in (2, 1):
        text = help_of(*words[:count]) if len(words) >= count and not any(w.startswith("-") for w in words[:count]) else None
        if text and text.startswith("Usage: referralctl %s " % " ".join(words[:count])):
            return words[:count], text
    return None


def fault(command):
    """What referralctl would say against these words; None: nothing."""
    words = shlex.split(command)[1:]
    verb = verb_of(words)
    if verb is None:
        return "no such verb"
    name, text = verb
    known = dict(options(help_of()), **options(text))
    given, rest = 0, words[len(name):]
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            given += 1
        elif word[2:] not in known:
            return "no option " + word
        elif known[word[2:]] and not rest:
            return word + " needs a value"
        elif known[word[2:]]:
            rest.pop(0)
    usage = text.splitlines()[0].split("referralctl " + " ".join(name), 1)[1].replace("[OPTION...]", "")
    least, most = sum(not word.startswith("[") for word in usage.split()), len(usage.split())
    return None if least <= given <= most else "%d arguments where it takes %s" % (given, usage.strip() or "none")


class Pages(unittest.TestCase):
    def test_each_alarm_and_each_alert_has_a_page_and_no_page_is_for_nothing(self):
        named = {watch.page_of(alert) for alert in watch.alerts().values()} | set(watch.alarm_levels())
        self.assertEqual(sorted(named), sorted(pages()))

    def test_each_page_has_its_sections_in_both_languages(self):
        for name, text in pages().items():
            self.assertTrue(text.startswith("# %s · " % name), name)
            parts = re.split(r"^## (.*)$", text, flags=re.M)
            self.assertEqual(SECTIONS, parts[1::2], name)
            for part in parts[::2]:
                self.assertRegex(part, watch.CHINESE, name)
                self.assertRegex(part, r"[a-z]+ [a-z]+", name)
            self.assertLessEqual(len(text.splitlines()), LINES_MAX, name)

    def test_each_page_cites_a_rule(self):
        for name, text in pages().items():
            self.assertRegex(text.splitlines()[2], r"规则 Rules: [TFLDQCP]\d+(, [TFLDQCP]\d+)*$", name)

    def test_pages_that_are_referred_to_exist(self):
        for name, text in pages().items():
            for other in re.findall(r"\bsee ((?:[a-z]+-[a-z-]+(?:, )?)+)", text):
                for page in other.rstrip(", ").split(", "):
                    self.assertIn(page, pages(), name)


class Commands(unittest.TestCase):
    def each(self):
        return [(name, command) for name, text in pages().items() for command in commands(text)]

    def test_each_command_of_ours_exists_with_its_options_and_arguments(self):
        ours = [(name, command) for name, command in self.each() if command.startswith("referralctl ")]
        self.assertGreater(len(ours), 50)
        self.assertEqual([], ["%s: %s: %s" % (name, command, fault(command)) for name, command in ours if fault(command)])

    def test_what_opens_the_store_or_its_keys_is_run_as_their_owner(self):
        """As root it stops: run this as that user."""
        for name, text in pages().items():
            self.assertNotRegex(text, r"`referralctl (verify|recount|reindex|backup|restore|rotate|archive|checkpoint)\b", name)

    def test_a_wrong_command_would_be_found(self):
        for command in ("referralctl nosuch", "referralctl dead revive H1", "referralctl dead replay", "referralctl alarms --nosuch",
                        "referralctl confirm-time --reason", "referralctl pause H1 H2", "referralctl dead replay H1 --all yes please"):
            self.assertIsNotNone(fault(command), command)

    def test_other_programs_are_ones_that_operators_have(self):
        for name, command in self.each():
            self.assertIn(command.split()[0], OF_THE_SYSTEM | {"referralctl", "referrald"}, name)

    def test_units_that_are_named_exist(self):
        units = {path.name for path in (fixture.SOURCE / "systemd").glob("referrald*.*")}
        for name, command in self.each():
            if not command.startswith(("systemctl", "journalctl")):
                continue
            for unit in re.findall(r"\b(referrald(?:-[a-z]+)?(?:\.[a-z]+)?)\b", command):
                self.assertIn(unit if "." in unit else unit + ".service", units, "%s: %s" % (name, command))

    def test_settings_and_keys_that_are_named_exist(self):
        settings = (fixture.SOURCE / "broker" / "engine" / "settings.h").read_text()
        dump = subprocess.run([fixture.BUILD / "referrald", "--help"], capture_output=True, text=True).stdout
        for name, text in pages().items():
            for setting in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text):
                self.assertTrue("X(%s," % setting in settings or re.search(r"\b%s\b" % setting, dump), "%s: %s" % (name, setting))


class Looks(unittest.TestCase):
    """What a page says to look at is looked at: beside a broker with a dead letter, as its operator."""

    def test_each_command_to_look_with_answers(self):
        broker = fixture.Broker()
        self.addCleanup(broker.close)
        server = broker.key_pair("server")[0]
        sender, receiver = (Client(broker.endpoint, server, broker.key_pair(name)) for name in ("T07", "H1"))
        self.addCleanup(sender.close)
        self.addCleanup(receiver.close)
        referral = sender.submit(sheets.made("up")).referral_id
        receiver.credit(1)
        receiver.nack(receiver.receive(), "NACK_UNREADABLE")
        dead = fixture.until(lambda: json.loads(broker.ctl("dead", "H1", "--json").stdout)["entries"], "the dead letter")
        meant = {"INSTITUTION": "H1", "ID": "H1", "HOSPITAL": "H1", "REFERRAL": referral, "DELIVERY": dead[0]["entry"]["delivery_id"],
                 "TEXT": "看内容", "YYYY-MM-DD": "2026-03-10"}
        for command in sorted({c for text in pages().values() for c in commands(text.split("## 查看")[1].split("## 处理")[0])}):
            words = [meant.get(word, word) for word in shlex.split(command)]
            if words[0] == "referralctl" and words[1] in ("verify", "recount"):
                broker.ctl_offline(*words[1:], "--store", broker.store, "--host-key", broker.key_file("host"))
            elif words[0] == "referralctl":
                result = broker.ctl(*words[1:], check=False)
                worst = 2 if words[1] == "check" else 0  # it exits with what it found
                self.assertLessEqual(result.returncode, worst, command + result.stderr)
                self.assertTrue(result.stdout, command)


if __name__ == "__main__":
    fixture.main()
