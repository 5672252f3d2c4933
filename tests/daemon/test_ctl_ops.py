#!/usr/bin/python3
"""test_ctl_ops.py - what an operator asks at 3 a.m.: status, top, queues, show, check, trace, dead letters, drain; on a screen of 80 columns."""
import json
import os
import re
import subprocess
from pathlib import Path

import fixture
import ops
import sheets
from ctl import BAD_FILE, OK, REFUSED, USAGE, CtlTest
from foreign_client import Client, body_of
from terminal import Terminal

for variable in ("COLUMNS", "NO_COLOR", "REFERRALD_LANG"):
    os.environ.pop(variable, None)

CTL = fixture.BUILD / "clients" / "ctl" / "referralctl"
METRICS = (fixture.SOURCE / "broker" / "net" / "ops_metrics.def").read_text() + \
    (fixture.SOURCE / "broker" / "net" / "ops_metrics.c").read_text()
WARNING, CRITICAL, UNKNOWN = 1, 2, 3
WIDE = re.compile("[\u2e80-\uffef]")


def columns_of(line):
    return len(line) + len(WIDE.findall(line))


class OpsTest(CtlTest):
    """A broker for each test, in test time where a deadline is to pass."""
    START_MS = 1_796_086_800_000

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.broker = fixture.Broker(test_time_ms=self.START_MS)
        self.addCleanup(self.broker.close)

    def tearDown(self):
        self.assertIsNone(self.broker.process.poll(), "the broker lives:\n" + self.broker.log_text())

    def urgent(self, **more):
        return self.send({**sheets.UP, "priority": "URGENT", **more})["referral_id"]

    def advance(self, ms):
        self.broker.set_clock(self.broker.clock_ms + ms)
        fixture.until(lambda: self.ask("status")["now_ms"] >= self.broker.clock_ms, "the broker's clock")

    def terminal(self, *arguments, key="operator", lang="en", columns=80):
        command = [CTL, "--address", self.broker.endpoint, "--server-key", self.broker.public_hex("server"), "--key",
                   self.broker.key_file(key), "--lang", lang, *arguments]
        terminal = Terminal([str(word) for word in command], columns)
        self.addCleanup(terminal.close)
        return terminal

    def assert_fits(self, text):
        for line in text.splitlines():
            self.assertLessEqual(columns_of(line), 80, line)

    def client(self, name):
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair(name))
        self.addCleanup(client.close)
        return client

    def die(self):
        """One message of H1's becomes a dead letter."""
        referral = self.urgent()
        self.run_ctl("listen", "--count", "1", "--exec", "cat >/dev/null; exit 67", key="H1")
        return referral


class Seeing(OpsTest):
    def test_p4_status_says_first_what_is_wrong_and_whom_to_call(self):
        self.assertIn("all is well", self.run_ctl("status").stdout)
        self.urgent()
        self.assertIn("destinations with waiting messages that nobody takes: 1", self.run_ctl("status").stdout)
        self.advance(3 * 3600 * 1000)
        for lang, words in (("en", ("overdue for 1h", "not connected", "call 联系人H1 022-29000001", "at risk ")),
                            ("zh", ("已超期 1h", "未连接", "请联系 联系人H1", "有风险 "))):
            shown = self.run_ctl("--lang", lang, "status").stdout
            for word in words:
                self.assertIn(word, " ".join(shown.split()))
            self.assert_fits(shown)
            self.assertNotIn("\033", shown, "no colours but on a terminal")
            self.assertLessEqual(len(shown.splitlines()), 24)

    def test_l4_queues_come_in_the_order_of_their_deadlines(self):
        self.urgent(receiver="H2")
        self.advance(60_000)
        self.urgent()
        self.send(sheets.UP)
        queues = self.ask("queues")["queues"]
        self.assertEqual(["H2", "H1"], [q["institution"] for q in queues])
        self.assertEqual("URGENT", queues[1]["lane"])
        waiters = self.ask("show", "waiters")["waiters"]
        self.assertEqual([("H2", "URGENT"), ("H1", "URGENT"), ("H1", "ROUTINE")], [(w["institution"], w["lane"]) for w in waiters])
        self.assertEqual(waiters[0]["due_at_ms"], self.START_MS + 2 * 3600 * 1000)
        for verb in (("queues",), ("show", "waiters"), ("--lang", "zh", "queues")):
            shown = self.run_ctl(*verb).stdout
            self.assertLess(shown.index("H2"), shown.index("H1"))
            self.assert_fits(shown)

    def test_d3_only_what_is_stuck(self):
        self.assertIn("nothing is stuck", self.run_ctl("queues", "--stuck").stdout)
        self.urgent()
        self.assertEqual(["H1"], [q["institution"] for q in self.ask("queues", "--stuck")["queues"]])
        self.assertIn("not connected", self.run_ctl("queues", "--stuck").stdout)
        self.listen("H1")
        self.assertEqual([], [q for q in self.ask("queues", "--stuck")["queues"] if q["institution"] == "H1"])

    def test_d4_show_sessions_says_who_is_connected(self):
        self.client("H1")
        sessions = [s for s in self.ask("show", "sessions")["sessions"] if s["institution"] == "H1"]
        self.assertEqual(1, len(sessions))
        self.assertEqual(["REFER", "RECEIVE", "SCHEDULE"], sessions[0]["roles"])
        shown = self.run_ctl("show", "sessions").stdout
        self.assertIn("H1 县人民医院", shown)
        self.assertIn("referralctl", shown)
        self.assert_fits(shown)
        self.assertEqual("(none)\n", self.run_ctl("show", "sessions", "--institution", "C2").stdout)
        # P2: others see their own.
        self.assertEqual({"T07"}, {s["institution"] for s in self.ask("show", "sessions", key="T07")["sessions"]})
        self.run_ctl("show", "sessions", "--institution", "H1", key="T07", expect=REFUSED)

    def test_show_keys_settings_and_alarms(self):
        self.assertIn("inbox_age_alarm_ms", self.run_ctl("show", "settings").stdout)
        self.assertIn("T07", self.run_ctl("show", "keys").stdout)
        self.assertIn("no alarm stands", self.run_ctl("show", "alarms").stdout)
        self.run_ctl("show", "keys", key="T07", expect=REFUSED)
        self.assertIn("T07", [k["institution"] for k in json.loads(self.run_ctl("show", "keys", "-o", "json").stdout)["keys"]])
        self.run_ctl("show", "keys", "-o", "prometheus", expect=USAGE)

    def test_prometheus_text_has_the_names_of_the_brokers_own_metrics(self):
        self.urgent()
        self.die()
        text = "".join(self.run_ctl(*verb, "-o", "prometheus").stdout for verb in (("status",), ("queues",), ("show", "alarms")))
        for name in set(re.findall(r"^(referrald_\w+)", text, re.M)):
            if name != "referrald_draining":
                self.assertIn(name, METRICS)
        self.assertIn('referrald_inbox_waiting{institution="H1",lane="urgent"} 1\n', text)
        self.assertIn('referrald_inbox_dead{institution="H1"} 1\n', text)
        for line in self.run_ctl("status", "-o", "prometheus").stdout.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[0-9.]+)$')
        self.assertEqual(1, len(re.findall(r"^# TYPE referrald_inbox_dead ", self.run_ctl("status", "-o", "prometheus").stdout, re.M)))
        self.run_ctl("status", "-o", "yaml", expect=USAGE)

    def test_top_is_redrawn_and_ends_by_a_key(self):
        terminal = self.terminal("top")
        terminal.expect(r"all is well")
        terminal.expect(r"a second: commands")
        self.die()
        terminal.expect(r"dead letters wait")
        terminal.type("q")
        self.assertEqual(OK, terminal.end())
        self.assertIn("\033[?1049h", terminal.shown)
        self.assertTrue(terminal.shown.rstrip().endswith("\033[?1049l"), "the terminal is as it was")
        self.assertIn("\033[1;31m", terminal.shown, "colours on a terminal")

    def test_top_ends_by_ctrl_c_and_leaves_the_terminal_as_it_was(self):
        terminal = self.terminal("top")
        terminal.expect(r"all is well")
        terminal.type("\003")
        self.assertEqual(OK, terminal.end())
        self.assertIn("\033[?1049l", terminal.shown)

    def test_top_for_scripts_ends_by_itself(self):
        shown = self.run_ctl("top", "--count", "2").stdout
        self.assertEqual(2, shown.count("all is well"))
        self.assertEqual(1, shown.count("a second: commands"))
        self.assertNotIn("\033", shown)
        self.run_ctl("top", "--count", "0", expect=USAGE)


    def test_top_for_programs_is_json(self):
        self.assertIn("now_ms", self.ask("top", "--count", "1"))

    def test_top_ends_when_nobody_reads_it(self):
        command = [fixture.BUILD / "clients" / "ctl" / "referralctl", "--address", self.broker.endpoint, "--server-key",
                   self.broker.public_hex("server"), "--key", self.broker.key_file("operator"), "top"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as top:
            try:
                top.stdout.readline()
                top.stdout.close()
                self.assertEqual(BAD_FILE, top.wait(timeout=fixture.PATIENCE_S))
            finally:
                top.kill()

    def test_every_verb_answers_programs(self):
        referral = self.urgent()
        for words in (("why", referral), ("trace", referral), ("dead", "H1"), ("pause", "H1", "--reason", "x"), ("drain", "--off"), ("alarms",)):
            json.loads(self.run_ctl(*words, "-o", "json").stdout)
            self.run_ctl(*words, "-o", "csv", expect=USAGE)

    def test_p4_why_fits_a_terminal(self):
        referral = self.urgent()
        terminal = self.terminal("why", referral)
        self.assertEqual(OK, terminal.end())
        self.assertIn("022-29000001", terminal.shown)
        self.assert_fits(terminal.shown.replace("\r", ""))


class Checking(OpsTest):
    def check(self, *arguments, expect=OK, **more):
        result = self.run_ctl("check", *arguments, expect=expect, **more)
        self.assertEqual(1, len(result.stdout.splitlines()), result.stdout)
        self.assertEqual("", result.stderr)
        word = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[expect]
        self.assertTrue(result.stdout.startswith("REFERRALD %s - " % word), result.stdout)
        return result.stdout.strip()

    def test_d8_what_nobody_watches_is_unknown_and_not_fine(self):
        for what in ("backup", "verify"):
            self.assertIn("%s_age_alarm_ms" % what, self.check(what, expect=UNKNOWN))
            self.run_ctl("set", "%s_age_alarm_ms" % what, "1d")
            self.assertNotEqual(UNKNOWN, self.broker.ctl("check", what, check=False).returncode)

    def test_each_check_has_a_line_with_its_figures(self):
        for what in ("alive", "ready", "oldest-age", "waiting", "dead", "at-risk", "alarms", "reserve", "store", "commit"):
            line = self.check(what)
            self.assertRegex(line, r" \| %s=\d+\S*;\d+;\d+;0$" % what)

    def test_thresholds_decide(self):
        self.urgent()
        self.advance(1200_000)
        self.check("oldest-age", expect=WARNING)
        self.check("oldest-age", "--warn", "1h", "--crit", "2h")
        self.check("oldest-age", "--crit", "600", expect=CRITICAL)
        self.assertIn("20m", self.check("oldest-age", "--warn", "1s", expect=WARNING))
        self.check("waiting", "--warn", "1", "--crit", "2", expect=WARNING)
        self.check("waiting", "--warn", "2", "--crit", "3")
        self.check("waiting", "--crit", "1", expect=CRITICAL)

    def test_d5_dead_letters_and_what_is_at_risk(self):
        self.die()
        self.check("dead", expect=WARNING)
        self.check("dead", "--crit", "1", expect=CRITICAL)
        self.check("at-risk", expect=WARNING)
        self.urgent()
        self.advance(3 * 3600_000)
        self.assertIn("联系人H1", self.check("at-risk", expect=WARNING))

    def test_d4_fewer_sessions_than_wanted(self):
        self.check("sessions", "H1", expect=CRITICAL)
        self.client("H1")
        self.check("sessions", "H1")
        self.check("sessions", "H1", "--warn", "2", expect=WARNING)
        self.check("sessions", "NOBODY", expect=UNKNOWN)

    def test_a_broker_that_is_not_there(self):
        where = ("--timeout", "1", "--address", "tcp://127.0.0.1:1")
        self.check("alive", *where, expect=CRITICAL)
        self.check("ready", *where, expect=CRITICAL)
        self.check("dead", *where, expect=UNKNOWN)

    def test_bad_arguments_are_unknown(self):
        for arguments in (("nonsense",), ("dead", "--warn", "many"), ("dead", "--warn", "10m"), ("dead", "--warn", "5", "--crit", "2"),
                          ("sessions",), ("dead", "H1"), ("dead", "-o", "yaml")):
            self.check(*arguments, expect=UNKNOWN)
        self.run_ctl("check", expect=UNKNOWN)
        self.run_ctl("check", "dead", "--nope", expect=UNKNOWN)

    def test_p2_what_a_key_may_not_see_is_unknown_and_not_fine(self):
        self.check("alarms", key="T07", expect=UNKNOWN)
        self.check("store", key="T07", expect=UNKNOWN)
        self.check("alarms", key="OBS")

    def test_other_forms(self):
        answer = json.loads(self.run_ctl("check", "dead", "-o", "json").stdout)
        self.assertEqual(("OK", 0), (answer["status"], answer["value"]))
        self.assertIn('referralctl_check_status{check="dead"} 0', self.run_ctl("check", "dead", "-o", "prometheus").stdout)
        self.assertTrue(self.run_ctl("--lang", "zh", "check", "dead").stdout.startswith("REFERRALD OK - 0 条死信 | dead=0;1;10;0"))


class Tracing(OpsTest):
    def test_d5_every_hop_of_a_referral(self):
        self.run_ctl("send", "--message-id", "MINE-1", key="T07", input=json.dumps({**sheets.UP, "priority": "URGENT"}))
        self.run_ctl("listen", "--count", "1", "--exec", "cat >/dev/null; exit 67", key="H1")
        referral = self.ask("show", "--sent-as", "MINE-1", key="T07")["summary"]["referral_id"]
        for arguments in ((referral,), ("--message", "MINE-1", "--from", "T07")):
            shown = self.run_ctl("trace", *arguments).stdout
            for word in (referral, "T07 → H1", "submit", "dead letters:", "NACK_NOT_FOR_US"):
                self.assertIn(word, shown)
        shown = self.run_ctl("--lang", "zh", "trace", referral).stdout  # P4: also who did it, and why it failed
        for word in ("平台", "对方拒收"):
            self.assertIn(word, shown)
        self.assertNotIn("broker", shown)
        view = self.ask("trace", "--message", "MINE-1", "--from", "T07")
        self.assertEqual("EVENT_SUBMIT", view["timeline"][0]["event"])
        self.assertEqual(1, len(view["dead"]))
        self.assertEqual(view["timeline"][0]["index"], self.ask("find", "message", "MINE-1", "--from", "T07")["index"])
        self.run_ctl("trace", "--message", "OTHER", "--from", "T07", expect=REFUSED)
        self.run_ctl("trace", expect=USAGE)
        self.run_ctl("trace", referral, "--patient", expect=USAGE)

    def test_f3_a_long_question_is_shown_to_its_end(self):
        referral = self.urgent()
        question = "请补充既往病史," * 60 + "何时起病?"
        self.run_ctl("request-info", referral, "--person", "何医生", "--text", question, key="H1")
        self.assertIn("何时起病?", self.run_ctl("trace", referral, key="T07").stdout)

    def test_p1_a_patients_id_is_typed_unseen_and_stays_nowhere(self):
        id_value = sheets.UP["patient"]["id_value"]
        referral = self.urgent()
        terminal = self.terminal("trace", "--patient", "--reason", "complaint 17", columns=120)
        terminal.expect("the patient's id number: ")
        fixture.until(lambda: not terminal.is_echoing(), "the echo to be off")
        line = Path("/proc/%d/cmdline" % terminal.pid).read_text()
        self.assertNotIn(id_value, line)
        terminal.type(id_value + "\n")
        terminal.expect(re.escape(referral))
        self.assertEqual(OK, terminal.end())
        self.assertNotIn(id_value, terminal.shown)
        self.assertNotIn(id_value, self.broker.log_text())
        rows = self.ask("audit", "--rows", "1000")["rows"]
        looks = [r for r in rows if r.get("kind") == "FIND_PATIENT"]
        self.assertEqual(["complaint 17"], [r["reason"] for r in looks])
        self.assertNotIn(id_value, json.dumps(rows))

    def test_p2_a_party_finds_its_own_and_an_operator_says_why(self):
        id_value = sheets.UP["patient"]["id_value"]
        one, other = self.urgent(), self.urgent()
        found = self.ask("find", "patient", key="T07", input=id_value + "\n")["referrals"]
        self.assertEqual([one, other], [r["referral_id"] for r in found])
        self.assertEqual([], self.ask("find", "patient", key="T08", input=id_value + "\n")["referrals"])
        self.run_ctl("find", "patient", input=id_value + "\n", expect=REFUSED)
        self.assertEqual(2, len(self.ask("find", "patient", "--reason", "投诉", input=id_value + "\n")["referrals"]))
        self.assertIn("one of them", self.run_ctl("trace", "--patient", "--reason", "x", input=id_value + "\n").stdout)
        self.run_ctl("find", "patient", "--reason", "x", input="\n", expect=USAGE)
        for slip in ("abc", id_value[:-1], id_value[:-2] + ("55" if id_value[-2:] != "55" else "66")):  # no sheet has such a number
            refused = self.run_ctl("find", "patient", "--reason", "x", input=slip + "\n", expect=USAGE)
            self.assertNotIn(slip, refused.stdout + refused.stderr)
            self.run_ctl("trace", "--patient", "--reason", "x", input=slip + "\n", expect=USAGE)
        self.run_ctl("find", "patient", "--reason", "x", "--id-type", "passport", input="E12345678\n")
        self.run_ctl("find", "patient", "--id-type", "badge", input=id_value + "\n", expect=USAGE)


class Acting(OpsTest):
    def test_d5_dead_letters_are_only_shown_until_it_is_meant(self):
        self.die()
        shown = self.run_ctl("dead", "replay", "H1", "--all").stdout
        self.assertIn("nothing was done: would replay 1 dead letters; --yes does it", shown)
        answer = self.ask("dead", "drop", "H1", "--all")
        self.assertTrue(answer["dry_run"])
        entry = answer["entries"][0]["entry"]["delivery_id"]
        self.assertEqual(1, len(self.ask("dead", "H1")["entries"]))
        self.assertEqual(1, len(self.ask("dead", "replay", "H1", "--id", entry)["entries"]))
        self.assertEqual([], self.ask("dead", "replay", "H1", "--id", "ff" + entry[2:])["entries"])
        self.run_ctl("dead", "replay", "H1", expect=USAGE)
        listed = self.run_ctl("dead", "H1").stdout
        self.assertIn("--id " + entry, listed)
        self.assert_fits(listed)
        self.assertEqual(1, self.ask("dead", "replay", "H1", "--id", entry, "--yes")["affected"])
        self.assertEqual([], self.ask("dead", "H1").get("entries", []))

    def test_t7_a_drain_lets_emergencies_in_and_ends(self):
        self.run_ctl("drain", expect=REFUSED)
        self.run_ctl("drain", "--reason", "maintenance", key="T07", expect=REFUSED)
        self.run_ctl("drain", "--reason", "maintenance")
        self.assertIn("draining", self.run_ctl("status").stdout)
        self.assertEqual(CRITICAL, self.run_ctl("check", "ready", expect=CRITICAL).returncode)
        sender = self.client("T07")
        frame, number = sender.ask("SUBMIT", body_of("SUBMIT", sheets.UP).SerializeToString())  # once: a request would be asked again
        sender.send_frame(frame)
        sender.wait(lambda: number in sender.replies)
        self.assertEqual(["DRAINING"], [r.code for r in sender.replies[number].refusals])
        self.assertEqual([], list(self.client("E120").command("SUBMIT", sheets.EMERGENCY).refusals))
        self.run_ctl("drain", "--off")
        self.send(sheets.UP)
        rows = [r for r in self.ask("audit", "--rows", "1000")["rows"] if r.get("kind") == "DRAIN" and "code" not in r]
        self.assertEqual([("on", "maintenance"), ("off", None)], [(r["subject"], r.get("reason")) for r in rows])

    def test_a_drain_waits_until_nothing_is_in_flight(self):
        receiver = self.client("H1")
        receiver.credit(4)
        self.urgent()
        delivery = receiver.receive()
        terminal = self.terminal("drain", "--wait", "--reason", "maintenance")
        terminal.expect(r"in flight 1, waiting 1")
        receiver.ack(delivery)
        terminal.expect(r"in flight 0, waiting 0")
        self.assertEqual(OK, terminal.end())
        self.run_ctl("drain", "--wait", "--off", expect=USAGE)

    def test_while_draining_it_is_not_ready_but_alive(self):
        self.broker.close()
        self.broker = ops.Broker(test_time_ms=self.START_MS)
        self.addCleanup(self.broker.close)
        self.assertEqual(200, ops.get(self.broker.http, "/readyz").status)
        self.run_ctl("drain", "--reason", "maintenance")
        fixture.until(lambda: ops.get(self.broker.http, "/readyz").status == 503, "/readyz to say so")
        self.assertIn(b"draining", ops.get(self.broker.http, "/healthz?verbose").body)
        self.assertEqual(200, ops.get(self.broker.http, "/livez").status)
        self.assertIn("Draining", ops.status(self.broker.http)["state"]["text_en"])
        self.run_ctl("drain", "--off")
        fixture.until(lambda: ops.get(self.broker.http, "/readyz").status == 200, "/readyz to be ready")

    def test_a_restart_ends_a_drain(self):
        self.run_ctl("drain", "--reason", "maintenance")
        self.broker.stop()
        self.broker.start()
        self.send(sheets.UP)


if __name__ == "__main__":
    fixture.main()
