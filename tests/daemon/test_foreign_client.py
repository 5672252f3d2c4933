#!/usr/bin/python3
"""test_foreign_client.py - a client in another language does the whole job against the real daemon, from the guide and the .proto files alone:
it sends, receives, acknowledges, is refused, loses its session, and takes a referral through its life. And the guide's own example runs.
"""
import os
import re
import subprocess
import sys
import unittest

import fixture
import sheets
from foreign_client import Client, body_of, message_id, opened, referral_pb2, wire_pb2

GUIDE = fixture.SOURCE / "proto" / "README.md"


class ForeignClient(fixture.BrokerTest):
    def setUp(self):
        self.open_clients = []
        self.kept = {}

    def tearDown(self):
        for client in self.open_clients:
            client.close()
        self.assertIsNone(self.broker.process.poll(), "the broker lives")

    def client(self, name, credit=0, **more):
        key = "operator" if name == "OPS" else name
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair(key), **more)
        self.open_clients.append(client)
        if credit:
            client.credit(credit)
        return client

    def drained(self, name):
        """A consumer whose inbox is empty."""
        client = self.client(name, credit=50)
        operator = self.client("OPS")

        def is_empty():
            while client.deliveries or client.hear(0):
                if client.deliveries:
                    client.ack(client.deliveries.pop(0))
            return all(b.waiting == 0 for b in operator.query("GET_STATUS", institution=name).inboxes if b.institution == name)

        fixture.until(is_empty, "the inbox of %s to be drained" % name)
        return client

    def accepted(self, reply):
        self.assertEqual([], ["%s %s" % (r.code, r.field) for r in reply.refusals])
        return reply

    def delivered(self, client, is_wanted):
        """The delivery that is wanted; others are acknowledged and kept until they are."""
        kept = self.kept.setdefault(client, [])
        while True:
            for delivery in kept:
                if is_wanted(delivery):
                    kept.remove(delivery)
                    return delivery
            kept.append(client.receive())
            self.assertIsNotNone(kept[-1], "waited for a delivery in vain")
            if not is_wanted(kept[-1]):
                client.ack(kept[-1])

    def notice(self, client, event):
        """The news of this event."""
        type_ = referral_pb2.EventType.Value("EVENT_" + event)
        delivery = self.delivered(client, lambda d: d.kind == wire_pb2.NOTICE and opened(d).event == type_)
        client.ack(delivery)
        return opened(delivery)

    def sheet_of(self, client, referral_id):
        """The delivery of this referral's sheet, not yet acknowledged."""
        return self.delivered(client, lambda d: d.kind == wire_pb2.SHEET and d.referral_id == referral_id)

    # -- session -------------------------------------------------------------------------------------------------------------------
    def test_t5_welcome_says_for_whom_the_key_speaks(self):
        welcome = self.client("T07").welcome
        self.assertEqual("T07", welcome.institution)
        self.assertEqual({wire_pb2.REFER, wire_pb2.RECEIVE, wire_pb2.SCHEDULE}, set(welcome.roles))
        self.assertRegex(welcome.store_id, "^[0-9a-f]{32}$")
        self.assertTrue(welcome.session and welcome.incarnation and welcome.window and welcome.ping_interval_ms)
        self.assertFalse(welcome.test_time)

    def test_p4_a_long_name_of_a_client_is_cut_between_characters(self):
        for who, name in (("T07", "x" + "院" * 30), ("T08", "中" * 21)):
            client = self.client(who)
            client.name = name
            client.hello()
        names = [s.client_name for s in self.client("OPS").query("LIST_SESSIONS", rows=200).sessions]
        self.assertIn("x" + "院" * 20, names)
        self.assertIn("中" * 21, names)

    def test_a_frame_without_a_live_session_is_told_and_hello_mends_it(self):
        client = self.client("T07")
        client.session += 1000
        self.accepted(client.submit(sheets.made("up")))  # NO_SESSION, HELLO, the same again

    def test_ping_is_answered(self):
        client = self.client("T07")
        heard = []
        client.hear_pong = lambda *_: heard.append("PONG")
        client.send_frame(client.envelope("PING"))
        self.assertTrue(client.wait(lambda: heard))

    # -- requests ------------------------------------------------------------------------------------------------------------------
    def test_f3_what_is_sent_arrives_byte_for_byte_with_unknown_fields(self):
        hospital = self.drained("H1")
        body = body_of("SUBMIT", sheets.made("up")).SerializeToString() + b"\xfa\x3f\x03own"  # field 1023, of the sender's own
        reply = self.accepted(self.client("T07").submit(body))
        delivery = self.sheet_of(hospital, reply.referral_id)
        self.assertEqual(body, delivery.body)
        self.assertEqual(("T07", "H1", "NK", 1), (delivery.sender, delivery.receiver, delivery.department, delivery.attempt))
        self.assertEqual("联系人T07", delivery.sender_contact.name)
        self.assertEqual("联系人H1", reply.receiver_contact.name)
        hospital.ack(delivery)

    def test_f1_f2_p4_a_down_referral_without_findings_and_plan_names_both_in_both_languages(self):
        reply = self.client("H1").submit(sheets.made("down", without=["hospital_findings", "further_plan"]))
        self.assertEqual([("NOT_DOWN_WITHOUT_FINDINGS", "F1", "hospital_findings"), ("NOT_DOWN_WITHOUT_PLAN", "F1", "further_plan")],
                         sorted((r.code, r.rule, r.field) for r in reply.refusals))
        for refusal in reply.refusals:
            self.assertTrue(re.search("[\u4e00-\u9fff]", refusal.text_zh) and refusal.text_en.isascii())

    def test_d1_the_same_again_is_one_effect_and_other_content_a_conflict(self):
        client, key = self.client("T07"), message_id()
        first = self.accepted(client.submit(sheets.made("up"), message_id=key))
        again = self.accepted(client.submit(sheets.made("up"), message_id=key))
        self.assertEqual((first.referral_id, first.index), (again.referral_id, again.index))
        other = client.submit(sheets.made("up", {"treatment": "别的"}), message_id=key)
        self.assertEqual(["CONFLICT"], [r.code for r in other.refusals])

    def test_many_envelopes_in_one_frame_are_answered_each(self):
        client = self.client("T07")
        body = body_of("SUBMIT", sheets.made("up")).SerializeToString()
        asked = [client.ask("SUBMIT", body) for _ in range(64)]
        client.send_frame(*(data for data, _ in asked))
        self.assertTrue(client.wait(lambda: all(number in client.replies for _, number in asked)))
        self.assertEqual(64, len({self.accepted(client.replies[number]).referral_id for _, number in asked}))

    def test_an_unreadable_envelope_is_named_by_its_position_and_the_others_are_served(self):
        client = self.client("T07")
        body = body_of("SUBMIT", sheets.made("up")).SerializeToString()
        (first, a), (last, b) = client.ask("SUBMIT", body), client.ask("SUBMIT", body)
        client.send_frame(first, b"\xff\xff\xff", last)
        self.assertTrue(client.wait(lambda: {0, a, b} <= set(client.replies)))
        bad = client.replies[0]
        self.assertEqual((1, ["BAD_ENVELOPE"]), (bad.position, [r.code for r in bad.refusals]))
        self.accepted(client.replies[a])
        self.accepted(client.replies[b])

    def test_f2_a_refused_hello_names_all_that_is_wrong(self):
        client = self.client("T07")
        hello = wire_pb2.Hello(client_name="n" * 257, language="e" * 65)
        client.send_frame(client.envelope("HELLO", hello.SerializeToString(), request=77), session=0)
        self.assertTrue(client.wait(lambda: 77 in client.replies))
        self.assertEqual([("TOO_LONG", "client_name"), ("TOO_LONG", "language")], [(r.code, r.field) for r in client.replies[77].refusals])
        self.accepted(client.submit(sheets.made("up")))

    def test_t5_a_centre_acts_for_its_village_clinic_and_for_no_other(self):
        client = self.client("T07")
        self.accepted(client.submit(sheets.made("up", {"sender": "V1"}), acting_for="V1"))
        reply = client.submit(sheets.made("up", {"sender": "T08"}), acting_for="T08")
        self.assertIn(reply.refusals[0].code, ("WRONG_SENDER", "NOT_ALLOWED"))

    # -- deliveries ----------------------------------------------------------------------------------------------------------------
    def test_d4_no_more_comes_than_there_is_credit_for(self):
        self.drained("H2").close()
        sender = self.client("T07")
        wanted = [self.accepted(sender.submit(sheets.made("up", {"receiver": "H2"}))).referral_id for _ in range(3)]
        hospital = self.client("H2", credit=2)
        first, second = hospital.receive(), hospital.receive()
        self.assertEqual(wanted[:2], [first.referral_id, second.referral_id])
        hospital.query("WHY", referral_id=wanted[2])  # the broker has had its say: nothing more came with the answer
        self.assertEqual([], hospital.deliveries)
        hospital.ack(first)
        third = hospital.receive()
        self.assertEqual(wanted[2], third.referral_id)
        hospital.ack(second, third)

    def test_d4_credit_given_back_at_the_limit_is_not_lost(self):
        self.drained("H2").close()
        sender, limit = self.client("T07"), 4096
        body = body_of("SUBMIT", sheets.made("up", {"receiver": "H2"})).SerializeToString()
        for _ in range(limit // 64 + 1):
            asked = [sender.ask("SUBMIT", body) for _ in range(64)]
            sender.send_frame(*(data for data, _ in asked))
            self.assertTrue(sender.wait(lambda: all(number in sender.replies for _, number in asked)))
        hospital = self.client("H2", credit=limit)
        self.assertTrue(hospital.wait(lambda: len(hospital.deliveries) == limit))
        hospital.ack(*hospital.deliveries[:64])
        self.assertTrue(hospital.wait(lambda: len(hospital.deliveries) == limit + 64))
        while hospital.deliveries:
            hospital.ack(*hospital.deliveries[:1024])
            del hospital.deliveries[:1024]

    def test_d4_what_was_in_hand_when_a_connection_broke_comes_again_as_no_failed_attempt(self):
        self.drained("H2").close()
        reply = self.accepted(self.client("T07").submit(sheets.made("up", {"receiver": "H2"})))
        first = self.client("H2", credit=1)
        taken = self.sheet_of(first, reply.referral_id)
        first.close()
        second = self.client("H2", credit=1)
        again = self.sheet_of(second, reply.referral_id)
        # The first may have been handed to a connection of before, whose end the broker had not noticed yet.
        self.assertEqual((taken.delivery_id, taken.attempt + 1), (again.delivery_id, again.attempt))
        entry = next(e for e in second.query("LIST_INBOX").entries if e.delivery_id == again.delivery_id)
        self.assertEqual((0, True), (entry.attempts, entry.in_flight))
        second.ack(again)

    def test_d5_a_permanent_refusal_moves_the_message_to_the_dead_letters_and_tells_the_sender(self):
        self.drained("H2").close()
        centre = self.drained("T07")
        reply = self.accepted(centre.submit(sheets.made("up", {"receiver": "H2"})))
        hospital = self.client("H2", credit=5)
        delivery = self.sheet_of(hospital, reply.referral_id)
        hospital.nack(delivery, "NACK_UNREADABLE", "no such form")
        self.assertEqual(reply.referral_id, self.notice(centre, "DEAD_LETTER").referral_id)
        dead = [d for d in hospital.query("LIST_DEAD").entries if d.entry.referral_id == reply.referral_id]
        self.assertEqual([(wire_pb2.NACK_UNREADABLE, "no such form")], [(d.nack_code, d.text) for d in dead])

    # -- the whole job -------------------------------------------------------------------------------------------------------------
    def test_l_a_referral_goes_up_is_answered_and_the_patient_comes_down_again(self):
        centre, hospital = self.drained("T07"), self.drained("H1")
        person = {"person": {"name": "何医生", "phone": "022-29002222"}}
        up = self.accepted(centre.submit(sheets.made("up", {"priority": "URGENT"}))).referral_id
        hospital.ack(self.sheet_of(hospital, up))
        self.accepted(hospital.event(up, "ACCEPT", **person))
        self.assertEqual(referral_pb2.ACCEPTED, self.notice(centre, "ACCEPT").state)
        for language, word in (("zh", "[\u4e00-\u9fff]"), ("en", "H1|hospital|sender|book")):
            self.assertRegex(centre.query("WHY", referral_id=up, language=language).sentence, word)
        now = centre.welcome.now_ms
        self.accepted(hospital.event(up, "ARRIVE", occurred_at_ms=now))
        self.accepted(hospital.event(up, "REPORT", diagnoses=[{"icd10": "I20.9", "text": "心绞痛"}], treatment="药物治疗"))
        report = self.notice(centre, "REPORT")
        self.assertEqual("药物治疗", referral_pb2.Event.FromString(report.original).treatment)
        down = self.accepted(hospital.submit(sheets.made("down", {"parent_referral_id": up}))).referral_id
        self.assertEqual(down, self.notice(centre, "RETURN").child_referral_id)
        centre.ack(self.sheet_of(centre, down))
        self.accepted(centre.event(down, "CONFIRM_RECEIPT"))
        view = centre.query("GET_REFERRAL", referral_id=up)
        self.assertEqual((referral_pb2.CLOSED, referral_pb2.CORE_CLOSED), (view.summary.state, view.summary.core_status))
        journey = [r.referral_id for r in centre.query("GET_JOURNEY", referral_id=up).referrals]
        self.assertEqual({up, down}, set(journey))

    def test_l1_what_is_not_possible_now_says_what_is(self):
        centre = self.client("T07")
        up = self.accepted(centre.submit(sheets.made("up"))).referral_id
        refusal = centre.event(up, "CONFIRM_RECEIPT").refusals[0]
        self.assertEqual(("NOT_NOW", referral_pb2.SUBMITTED), (refusal.code, refusal.state))
        self.assertIn(referral_pb2.EVENT_CANCEL, refusal.allowed_events)

    # -- restarts ------------------------------------------------------------------------------------------------------------------
    def test_d1_d2_after_a_crash_the_same_client_asks_again_and_there_is_one_effect(self):
        client, key = self.client("T07"), message_id()
        first = self.accepted(client.submit(sheets.made("up"), message_id=key))
        self.broker.kill()
        self.broker.start()
        again = self.accepted(client.submit(sheets.made("up"), message_id=key))
        self.assertEqual((first.referral_id, first.index), (again.referral_id, again.index))

    # -- the guide -----------------------------------------------------------------------------------------------------------------
    def test_the_example_of_the_guide_runs(self):
        example = re.search("```python\n(.*?)```", GUIDE.read_text(), re.DOTALL).group(1)
        modules = os.path.dirname(sys.modules["wire_pb2"].__file__)
        environment = dict(os.environ, PYTHONPATH=modules, REFERRALD_ADDRESS=self.broker.endpoint,
                           REFERRALD_SERVER_KEY=self.broker.public_hex("server"), REFERRALD_KEY=str(self.broker.key_file("T08")))
        for receiver, code, said in (("H1", 0, "accepted: "), ("NOBODY", 1, "refused: UNKNOWN_RECEIVER T1 receiver")):
            result = subprocess.run([sys.executable, "-c", example, receiver, "NK"], env=environment, capture_output=True, text=True,
                                    timeout=fixture.PATIENCE_S)
            self.assertEqual(code, result.returncode, result.stdout + result.stderr)
            self.assertIn("we are T08", result.stdout)
            self.assertIn(said, result.stdout)


if __name__ == "__main__":
    fixture.main()
