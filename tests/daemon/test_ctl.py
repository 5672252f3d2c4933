#!/usr/bin/python3
"""test_ctl.py - referralctl does the whole job against the real daemon: the life of a referral, and what an operator does.
"""
import json
import signal
import stat
import subprocess

import fixture
import sheets
from ctl import BAD_FILE, NO_BROKER, OK, REFUSED, USAGE, CtlTest


class Life(CtlTest):
    def test_l_an_up_referral_and_its_return(self):
        referral = self.send(sheets.UP)["referral_id"]
        received = [m for m in self.listen("H1") if m["referral_id"] == referral]
        self.assertEqual(received[0]["sheet"]["patient"]["name"], sheets.UP["patient"]["name"])
        self.assertIn("Waiting for", self.run_ctl("why", referral).stdout)
        self.assertIn("等待", self.run_ctl("why", referral, "--lang", "zh").stdout)

        def act(verb, *arguments, key="H1", **more):
            return self.ask(*verb.split(), referral, *arguments, key=key, **more)["state"]

        self.assertEqual(act("request-info", "--text", "心电图?"), "INFO_REQUESTED")
        self.assertEqual(act("supply-info", "--text", "@-", key="T07", input="正常\n"), "DELIVERED")
        self.assertEqual(act("accept", "--person", "张医生", "--phone", "022-29000000"), "ACCEPTED")
        self.assertEqual(act("book outside", "--class", "expert", "--start", "2027-01-04 08:30", "--department", "NK", "--doctor", "张医生"),
                         "BOOKED")
        self.assertEqual(act("move outside", "--class", "expert", "--start", "2027-01-05 08:30", "--department", "NK", "--doctor", "张医生"),
                         "BOOKED")
        self.assertEqual(act("cancel-booking", "--reason", "patient-declined", key="T07"), "ACCEPTED")
        self.assertEqual(act("arrive", "--at", "now"), "ARRIVED")
        self.assertEqual(act("start"), "IN_CARE")
        diagnoses = json.dumps({"diagnoses": [{"icd10": "I20.9"}, {"text": "高血压"}]})
        self.assertEqual(act("report", "--body", "-", "--treatment", "药物", input=diagnoses), "REPORTED")
        child = self.send({**sheets.DOWN, "parent_referral_id": referral}, key="H1")["referral_id"]
        self.assertEqual(self.ask("show", referral, key="T07")["summary"]["state"], "RETURNED")
        self.assertEqual({r["referral_id"] for r in self.ask("journey", referral, key="T07")["referrals"]}, {referral, child})
        self.listen("T07")
        self.assertEqual(self.ask("confirm-receipt", child, "--person", "李医生", key="T07")["state"], "CLOSED")
        self.assertEqual(self.ask("show", referral, key="T07")["summary"]["state"], "CLOSED")
        events = [e["event"] for e in self.ask("trace", referral)["timeline"]]
        self.assertEqual(events[:2], ["EVENT_SUBMIT", "EVENT_DELIVERY_CONFIRMED"])
        self.assertIn("EVENT_RETURN", events)

    def test_l1_a_step_that_is_not_possible_says_what_is(self):
        referral = self.send(sheets.UP)["referral_id"]
        refused = self.run_ctl("confirm-receipt", referral, key="T07", expect=REFUSED)
        self.assertIn("NOT_NOW (L1)", refused.stderr)
        self.assertIn("cancel", refused.stderr)

    def test_l_ends_before_arrival(self):
        for verb, key, state, more in (("reject", "H1", "REJECTED", ("--reason", "out-of-scope", "--person", "张")),
                                       ("cancel", "T07", "CANCELLED", ("--reason", "patient-declined")),
                                       ("void", "T07", "VOID", ("--reason", "sent-in-error"))):
            referral = self.send(sheets.UP)["referral_id"]
            self.assertEqual(self.ask(verb, referral, *more, key=key)["state"], state)

    def test_l_redirect_gives_a_child(self):
        referral = self.send(sheets.UP)["referral_id"]
        answer = self.ask("redirect", referral, "--receiver", "H2", "--department", "NK", "--reason", "better-place", "--person", "张",
                          key="H1")
        self.assertEqual(answer["state"], "REDIRECTED")
        self.assertEqual(self.ask("show", answer["child_referral_id"], key="H2")["summary"]["receiver"], "H2")

    def test_l_amend_takes_the_whole_new_sheet(self):
        referral = self.send(sheets.UP)["referral_id"]
        sheet = {**sheets.UP, "past_history": "高血压十年"}
        self.assertEqual(self.ask("amend", referral, "--sheet", "-", key="T07", input=json.dumps(sheet))["sheet_version"], 2)
        shown = self.ask("payload", referral, key="T07")
        self.assertEqual(shown["past_history"], "高血压十年")
        self.assertEqual(self.ask("payload", referral, "--sheet-version", "1", key="T07")["past_history"], "无")

    def test_l2_what_came_with_an_event_is_shown_by_its_number(self):
        referral = self.send(sheets.UP)["referral_id"]
        self.run_ctl("request-info", referral, "--person", "何医生", "--text", "何时起病?", key="H1")
        asked = [entry for entry in self.ask("show", referral, key="T07")["timeline"] if entry["event"] == "EVENT_REQUEST_INFO"][0]
        number = str(asked["event_number"])
        self.assertEqual("何时起病?", self.ask("payload", referral, "--event", number, key="T07")["text"])
        for language, word in (("zh", "要求补充资料"), ("en", "request-info")):
            shown = self.run_ctl("--lang", language, "payload", referral, "--event", number, key="T07").stdout
            self.assertIn("何时起病?", shown)
            self.assertIn(word, shown)
        self.run_ctl("payload", referral, "--event", number, key="T08", expect=REFUSED)

    def test_f1_f2_a_bad_sheet_brings_all_its_faults_in_both_languages(self):
        sheet = {k: v for k, v in sheets.DOWN.items() if k not in ("further_plan", "hospital_findings")}
        refused = self.run_ctl("send", key="H1", input=json.dumps(sheet), expect=REFUSED)
        self.assertEqual(len(refused.stderr.splitlines()), 2)
        self.assertIn("further_plan", refused.stderr)
        self.assertIn("后续治疗方案及康复建议", refused.stderr)
        codes = {r["code"] for r in self.ask("send", key="H1", input=json.dumps(sheet), expect=REFUSED)["refusals"]}
        self.assertEqual(codes, {"NOT_DOWN_WITHOUT_FINDINGS", "NOT_DOWN_WITHOUT_PLAN"})

    def test_d1_a_message_id_of_our_own_has_one_effect(self):
        first = self.ask("send", "--message-id", "MINE-1", key="T07", input=json.dumps(sheets.UP))
        again = self.ask("send", "--message-id", "MINE-1", key="T07", input=json.dumps(sheets.UP))
        self.assertEqual(first, again)
        other = {**sheets.UP, "past_history": "另"}
        refused = self.ask("send", "--message-id", "MINE-1", key="T07", input=json.dumps(other), expect=REFUSED)
        self.assertEqual(refused["refusals"][0]["code"], "CONFLICT")
        self.assertEqual(self.ask("show", "--sent-as", "MINE-1", key="T07")["summary"]["referral_id"], first["referral_id"])

    def test_t5_acting_for_another_needs_a_delegation(self):
        sheet = {**sheets.UP, "sender": "V1"}
        self.assertIn("referral_id", self.ask("--acting-for", "V1", "send", key="T07", input=json.dumps(sheet)))
        self.run_ctl("--acting-for", "V1", "send", key="T08", input=json.dumps(sheet), expect=REFUSED)

    def test_p2_only_parties_see_it_and_a_payload_needs_a_reason(self):
        referral = self.send(sheets.UP)["referral_id"]
        self.run_ctl("show", referral, key="T08", expect=REFUSED)
        self.run_ctl("payload", referral, expect=REFUSED)
        self.assertEqual(self.ask("payload", referral, "--reason", "投诉核查")["patient"], sheets.UP["patient"])
        for verb in ("show", "trace", "why"):
            text = self.run_ctl(verb, referral).stdout + self.run_ctl("--json", verb, referral).stdout
            self.assertNotIn(sheets.UP["patient"]["name"], text)
            self.assertNotIn(sheets.UP["patient"]["id_value"], text)


class Receiving(CtlTest):
    def setUp(self):
        self.listen("H1")
        self.listen("T07")

    def decide(self, code, *arguments):
        self.run_ctl("listen", "--count", "1", "--exec", "cat >/dev/null; exit %s" % code, *arguments, key="H1")

    def dead(self):
        return self.ask("dead", "H1").get("entries", [])

    def test_d4_d5_the_exit_code_of_a_command_decides(self):
        self.run_ctl("dead", "drop", "H1", "--all", "--reason", "test", "--yes")
        for code, nack in ((65, "NACK_UNREADABLE"), (67, "NACK_NOT_FOR_US"), (1, "NACK_INTERNAL")):
            referral = self.send(sheets.UP)["referral_id"]
            self.decide(code)
            last = self.dead()[-1]
            self.assertEqual((last["entry"]["referral_id"], last["nack_code"]), (referral, nack))
        self.assertEqual(self.ask("inbox", "H1").get("entries", []), [])
        # Replayed ones come again, with the same ids; dropping needs a reason.
        first = self.dead()[0]["entry"]
        self.assertEqual(self.ask("dead", "replay", "H1", "--id", first["delivery_id"], "--yes")["affected"], 1)
        self.assertEqual([m["delivery_id"] for m in self.listen("H1")], [first["delivery_id"]])
        self.run_ctl("dead", "drop", "H1", "--all", "--yes", expect=REFUSED)
        shown = self.ask("dead", "show", self.dead()[0]["entry"]["delivery_id"], "--reason", "核查")
        self.assertEqual(shown["patient"]["name"], sheets.UP["patient"]["name"])
        self.assertEqual(self.ask("dead", "drop", "H1", "--all", "--reason", "test", "--yes")["affected"], 2)
        self.assertEqual(self.dead(), [])

    def test_d4_what_says_nothing_of_the_message_is_tried_again(self):
        before = self.dead()
        for code in ("75", "127", "$(kill -9 $$)", "137"):  # the last as a script ends whose program was killed
            self.send(sheets.UP)
            self.decide(code)
        waiting = self.ask("inbox", "H1")["entries"]
        self.assertEqual([e["attempts"] for e in waiting], [1, 1, 1, 1])
        self.assertEqual(self.dead(), before)

    def test_d4_a_command_has_one_message_in_hand(self):
        """Those behind it would wait out the ack time-out here, and each would count as a failed attempt."""
        for _ in range(2):
            self.send(sheets.UP)
        look = "cat >/dev/null; %s --lang en --json --address %s --server-key %s --key %s inbox H1" % (
            fixture.BUILD / "clients" / "ctl" / "referralctl", self.broker.endpoint, self.broker.public_hex("server"), self.broker.key_file("operator"))
        seen = self.run_ctl("listen", "--count", "2", "--json", "--exec", look, key="H1").stdout.splitlines()
        self.assertEqual([1, 1], [sum(e.get("in_flight", False) for e in json.loads(line)["entries"]) for line in seen])

    def test_d4_what_a_listener_took_before_it_left_is_acknowledged(self):
        """Its last acks give credit back, by which the broker speaks to it while it leaves."""
        self.listen("H1")
        for _ in range(12):
            self.send(sheets.UP)
        for left in (9, 6, 3):
            self.run_ctl("listen", "--count", "3", "--exec", "cat >/dev/null", key="H1")
            fixture.until(lambda: len(self.ask("inbox", "H1")["entries"]) <= left, "%d messages to be left" % left)
            self.assertEqual(len(self.ask("inbox", "H1")["entries"]), left)
        self.listen("H1")

    def test_d4_what_could_not_be_written_is_not_acknowledged(self):
        referral = self.send(sheets.UP)["referral_id"]
        with open("/dev/full", "w") as full:
            command = [str(fixture.BUILD / "clients" / "ctl" / "referralctl"), "--address", self.broker.endpoint, "--server-key",
                       self.broker.public_hex("server"), "--key", str(self.broker.key_file("H1")), "listen", "--count", "1"]
            self.assertEqual(subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60).returncode, BAD_FILE)
        self.assertIn(referral, [m["referral_id"] for m in self.listen("H1")])

    def test_d3_a_listener_outlives_a_killed_broker_and_ends_when_asked(self):
        command = [str(fixture.BUILD / "clients" / "ctl" / "referralctl"), "--address", self.broker.endpoint, "--server-key",
                   self.broker.public_hex("server"), "--key", str(self.broker.key_file("H1")), "--json", "listen"]
        self.send(sheets.UP)
        with subprocess.Popen(command + ["--idle", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as idle:
            idle.stdout.readline()
            self.broker.kill()
            self.assertEqual(idle.wait(timeout=30), NO_BROKER)  # without a connection nobody knows whether nothing came
        self.broker.start()
        self.listen("H1")
        listener = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            first = self.send(sheets.UP)["referral_id"]
            self.assertEqual(json.loads(listener.stdout.readline())["referral_id"], first)
            self.broker.kill()
            self.broker.start()
            second = self.send(sheets.UP)["referral_id"]
            seen = json.loads(listener.stdout.readline())["referral_id"]
            while seen == first:  # its ack may have died with the broker: at least once
                seen = json.loads(listener.stdout.readline())["referral_id"]
            self.assertEqual(seen, second)
            listener.send_signal(signal.SIGTERM)
            self.assertEqual(listener.wait(timeout=30), OK)
        finally:
            listener.kill()
            listener.wait()
            listener.stdout.close()
        self.assertEqual(self.ask("inbox", "H1").get("entries", []), [])


class Operating(CtlTest):
    def test_d9_pause_is_seen_in_why(self):
        self.run_ctl("pause", "H2", "--reason", "检修")
        referral = self.send({**sheets.UP, "receiver": "H2"})["referral_id"]
        self.assertEqual(self.ask("why", referral)["waits_for"], "paused")
        self.run_ctl("resume", "H2")
        self.assertEqual([m["referral_id"] for m in self.listen("H2")], [referral])

    def test_l_help_lists_the_reasons_that_fit_and_no_other(self):
        patient, mistake = "PATIENT_DECLINED, PATIENT_DIED, PATIENT_WENT_ELSEWHERE", "DUPLICATE, SENT_IN_ERROR"
        for verb, reasons in (("reject", "OUT_OF_SCOPE, NO_CAPACITY, NOT_INDICATED, INCOMPLETE, BETTER_PLACE, %s, %s" % (patient, mistake)),
                              ("redirect", "OUT_OF_SCOPE, NO_CAPACITY, NOT_INDICATED, BETTER_PLACE, PATIENT_DECLINED"),
                              ("cancel", "NOT_INDICATED, BETTER_PLACE, %s, %s" % (patient, mistake)),
                              ("cancel-place", "NO_CAPACITY, BETTER_PLACE, %s, %s, NOT_AVAILABLE" % (patient, mistake)),
                              ("displace", "NO_CAPACITY, NOT_AVAILABLE"), ("void", mistake)):
            self.assertIn("coded reason: %s, OTHER_REASON\n" % reasons, self.run_ctl(verb, "--help").stdout)
        for verb in ("block", "cut", "cancel-session"):  # Q14: NOT_KEPT is the broker's to say
            self.assertIn("EMERGENCY_USE, PLAN_CHANGED, MAINTENANCE, TEACHING\n", self.run_ctl(verb, "--help").stdout)

    def test_l4_settings_and_calendar(self):
        self.run_ctl("set", "answer_urgent_ms", "3600000", "--institution", "H2")
        own = [s for s in self.ask("settings")["settings"] if s.get("institution") == "H2"]
        self.assertEqual([(s["name"], s["value"]) for s in own], [("answer_urgent_ms", "3600000")])
        self.run_ctl("set", "answer_urgent_ms", "90m", "--institution", "H2")
        own = [s for s in self.ask("settings")["settings"] if s.get("institution") == "H2"]
        self.assertEqual(own[0]["value"], "5400000")
        self.assertIn("90m", self.run_ctl("settings").stdout)
        self.run_ctl("set", "answer_urgent_ms", "--institution", "H2")
        self.assertIn("settings --help", self.run_ctl("set", "answer_urgent_ms", "1", expect=REFUSED).stderr)
        self.run_ctl("set", "no_such_thing", "1", expect=REFUSED)
        self.run_ctl("calendar", "set", "2027-10-01", "--working", "no", "--note", "国庆节")
        self.assertIn({"date": "2027-10-01", "working": False, "note": "国庆节"}, self.ask("calendar")["days"])
        self.run_ctl("calendar", "set", "2027-10-01")
        self.assertEqual(self.ask("calendar").get("days", []), [])

    def test_t_the_registry(self):
        self.run_ctl("institution", "put", "NEW", "--name", "新医院", "--kind", "hospital", "--tier", "county", "--consortium", "BD",
                     "--department", "code=NK,name=内科", "--department", "code=WK,name=外科")
        self.run_ctl("contact", "put", "NEW", "up", "--name", "王主任", "--phone", "022-29000009")
        self.run_ctl("relation", "allow", "C2", "NEW", "--kinds", "outpatient,inpatient")
        self.run_ctl("relation", "deny", "T08", "NEW")
        self.run_ctl("delegation", "put", "T08", "NEW")
        self.run_ctl("team", "put", "TEAM-X", "--institution", "T08", "--name", "团队", "--member", "name=李,phone=19900000001", "--from",
                     "2020-01-01")
        new = [i for i in self.ask("institutions")["institutions"] if i["id"] == "NEW"][0]
        self.assertEqual([d["code"] for d in new["departments"]], ["NK", "WK"])
        self.assertEqual(new["up_contact"]["name"], "王主任")
        relations = {(r["from"], r["to"]): r for r in self.ask("relations")["relations"]}
        self.assertEqual(relations["C2", "NEW"]["kinds"], ["OUTPATIENT", "INPATIENT"])
        self.assertTrue(relations["T08", "NEW"]["deny"])
        self.run_ctl("relation", "delete", "C2", "NEW")
        self.assertNotIn(("C2", "NEW"), {(r["from"], r["to"]) for r in self.ask("relations")["relations"]})
        self.run_ctl("delegation", "delete", "T08", "NEW")
        self.assertNotIn({"agent": "T08", "principal": "NEW"}, self.ask("delegations")["delegations"])
        self.assertIn("TEAM-X", [t["id"] for t in self.ask("teams")["teams"]])

    def test_p2_keys_are_made_added_and_revoked(self):
        path = self.broker.key_file("second")
        public = self.broker.ctl_offline("keygen", path).stdout.strip()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(self.broker.ctl_offline("keygen", path, check=False).returncode, REFUSED)
        self.run_ctl("status", key="second", expect=NO_BROKER)
        self.run_ctl("key", "add", path, "--institution", "T08", "--roles", "refer,receive", "--label", "second")
        self.assertEqual([k["label"] for k in self.ask("keys")["keys"] if k["public_key"] == public], ["second"])
        self.run_ctl("list", key="second")
        self.run_ctl("key", "revoke", public)
        self.run_ctl("list", key="second", expect=NO_BROKER)
        self.run_ctl("key", "revoke", self.broker.public_hex("operator"), expect=REFUSED)

    def test_p3_the_audit_is_paged_to_its_end(self):
        self.run_ctl("pause", "H2", "--reason", "审计测试")
        self.run_ctl("resume", "H2")
        rows = self.ask("audit", "--rows", "100000")["rows"]
        self.assertEqual(rows[0]["index"], 1)
        self.assertIn("审计测试", [r.get("reason") for r in rows])
        indexes = [r["index"] for r in rows]
        self.assertEqual(indexes, sorted(indexes))

    def test_d7_status_shows_the_books(self):
        status = self.ask("status")
        self.assertEqual({b["institution"] for b in status["inboxes"]} >= {"H1", "T07"}, True)
        for books in status["inboxes"]:
            total = sum(books.get(k, 0) for k in ("acknowledged", "waiting", "dead", "dropped"))
            self.assertEqual(books.get("accepted", 0), total, books)
        self.send(sheets.UP)
        shown = self.run_ctl("queues").stdout
        self.assertIn("H1 县人民医院", shown)
        self.assertNotIn("NOCONTACT", shown)  # never had a message
        self.assertIn("inboxes that never had a message", shown)

    def test_load_stops_at_a_refusal_or_goes_on(self):
        def load(*arguments, expect, commands):
            path = self.broker.folder / "some.json"
            path.write_text(json.dumps(commands))
            return json.loads(self.run_ctl("--json", "load", path, *arguments, expect=expect).stdout)

        good = {"kind": "PUT_CALENDAR_DAY", "body": {"date": "2027-05-01", "working": False}}
        bad = {"kind": "PUT_SETTING", "body": {"name": "none"}}
        self.assertEqual(load(expect=OK, commands=[good, good]), {"sent": 2, "accepted": 2, "refused": 0})
        self.assertEqual(load("--keep-going", expect=REFUSED, commands=[bad, good, bad]), {"sent": 3, "accepted": 1, "refused": 2})
        counts = load(expect=REFUSED, commands=[bad] + [good] * 2000)
        self.assertLess(counts["sent"], 1000)
        self.assertEqual(counts["sent"], counts["accepted"] + 1)
        load(expect=BAD_FILE, commands=[{"kind": "HELLO", "body": {}}])
        load(expect=BAD_FILE, commands=[{"kind": "PAUSE", "body": {"institute": "H1"}}])
        for member in ("message_id", "acting_for"):  # one that is no text is not passed over: it would be done twice, or as somebody else
            load(expect=BAD_FILE, commands=[{"kind": "PAUSE", "body": {"institution": "H1"}, member: 7}])

    def test_one_field_alone_is_for_scripts(self):
        referral = self.run_ctl("send", "--print", "referral_id", key="T07", input=json.dumps(sheets.UP)).stdout.strip()
        self.assertEqual(self.run_ctl("show", referral, "--print", "summary.state").stdout, "SUBMITTED\n")
        self.assertIn(referral, self.run_ctl("list", "--print", "referrals.referral_id").stdout.splitlines())
        self.assertEqual(self.run_ctl("show", referral, "--print", "timeline.booking_id").stdout, "", "it may have one, and has none")
        for verb, path, meant in ((("show", referral), "summary.sate", "state"), (("list",), "referral.state", "referrals"),
                                  (("pause", "H1"), "afected", "affected"), (("show", referral), "summary.state.x", "--json")):
            self.assertIn(meant, self.run_ctl(*verb, "--print", path, expect=USAGE).stderr)
        refused = self.run_ctl("accept", referral, "--print", "state", key="H1", expect=REFUSED)
        self.assertEqual(refused.stdout, "")
        self.assertIn("PERSON_NEEDED", refused.stderr)

    def test_whose_inbox_is_empty_is_said(self):
        for verb in ("inbox", "dead"):
            self.assertIn("OPS: none", self.run_ctl(verb).stdout)
            self.assertIn("referralctl %s INSTITUTION" % verb, self.run_ctl(verb).stdout)
            self.assertEqual([], self.ask(verb)["entries"])

    def test_a_slip_of_the_second_word_is_no_referral(self):
        for words, meant in ((("show", "sesions"), "show sessions"), (("dead", "rpelay", "H1"), "dead replay"), (("calendar", "sett"), "calendar set")):
            self.assertIn("did you mean %s?" % meant, self.run_ctl(*words, expect=USAGE).stderr)
        self.assertIn("did you mean status?", self.run_ctl("stauts", expect=USAGE).stderr)
        self.run_ctl("show", "bd-sessions-1", expect=REFUSED)

    def test_wrong_words_are_a_usage_error_and_said_in_their_own_terms(self):
        for words, said in ((("list", "--older-than", "5x"), "2h"), (("publish", "BED/NK/W/2026-12-04", "--count", "3", "--reserve", "abc"), "20%"),
                            (("calendar", "set", "2027-05-01", "--working", "maybe"), "yes or no"),
                            (("publish", "BED/NK/W/2026-12-04", "--count", "99999999999"), "range"),
                            (("dead", "replay", "H1", "--yes", "--id", "zz"), "hex"), (("quarantine", "release", "zz"), "hex"),
                            (("publish", "EXPERT/NK/W/2026-12-04", "--count", "3", "--start", "08:00"), "--minutes")):
            self.assertIn(said, self.run_ctl(*words, expect=USAGE).stderr)
        self.run_ctl("send", expect=BAD_FILE, input='{"direction": 7}')
        self.run_ctl("pause", "H1", "--body", "-", expect=BAD_FILE, input='{"reason": 7}')

    def test_the_audit_ends_with_the_latest(self):
        for note in ("one", "two", "three"):
            self.run_ctl("calendar", "set", "2027-05-03", "--working", "no", "--note", note)
        rows = self.ask("audit")["rows"]
        self.assertEqual(rows[-2:], self.ask("audit", "--rows", "2")["rows"])
        self.assertEqual("PUT_CALENDAR_DAY", rows[-1]["kind"])
        self.assertEqual(rows[:1], self.ask("audit", "--from", "1", "--rows", "1")["rows"][:1])

    def test_every_list_is_a_table_too(self):
        for verb in ("institutions", "relations", "delegations", "teams", "keys", "settings", "calendar", "audit", "alarms", "status",
                     "list", "inbox", "dead"):
            for language in ("zh", "en"):
                self.assertNotEqual(self.run_ctl(verb, "--lang", language).stdout, "", verb)


if __name__ == "__main__":
    fixture.main()
