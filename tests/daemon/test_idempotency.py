#!/usr/bin/python3
"""test_idempotency.py - D1: a command said again has one effect and one answer; an id with other content is a conflict; what was refused occupies
nothing. Acks and nacks need no id, and repeating or inventing them does nothing (D4)."""
import threading

import fixture
import sheets
from foreign_client import body_of, message_id, referral_pb2, wire_pb2
from party import PartyTest, codes

SENDERS = 8
EACH = 125


def sheet_bytes(changes=None):
    return body_of("SUBMIT", sheets.made("up", changes)).SerializeToString()


class Idempotency(PartyTest):
    def setUp(self):
        super().setUp()
        self.operator = self.party("OPS")
        self.centre = self.party("T07")

    def tearDown(self):
        self.check_store()
        super().tearDown()

    def referrals(self):
        return self.operator.query("GET_STATUS").referrals

    def all_at_once(self, make_body):
        """SENDERS connections of one key each say EACH times the same SUBMIT; `make_body(n)` is the body of the nth sender. All replies."""
        key, answers = message_id(), []
        clients = [self.party("T07") for _ in range(SENDERS)]
        barrier = threading.Barrier(SENDERS)

        def say(n, client):
            asked = [client.ask("SUBMIT", make_body(n), message_id=key) for _ in range(EACH)]
            barrier.wait()
            for i in range(0, EACH, 5):
                client.send_frame(*(data for data, _ in asked[i:i + 5]))
            client.wait(lambda: all(number in client.replies for _, number in asked))
            answers.extend(client.replies.get(number) for _, number in asked)

        threads = [threading.Thread(target=say, args=a) for a in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(SENDERS * EACH, len(answers))
        self.assertNotIn(None, answers)
        return answers

    # -- the same again ------------------------------------------------------------------------------------------------------------
    def test_d1_a_thousand_times_at_once_over_eight_connections_is_one_effect_with_one_answer(self):
        before, books = self.referrals(), self.books(self.operator).get("H1", (0,))
        body = sheet_bytes()
        answers = self.all_at_once(lambda _: body)
        for reply in answers:
            self.accepted(reply)
            reply.request = reply.position = 0
        self.assertEqual(1, len({reply.SerializeToString() for reply in answers}))
        self.assertEqual(before + 1, self.referrals())
        self.assertEqual(books[0] + 1, self.books(self.operator)["H1"][0])

    def test_d1_two_contents_racing_for_one_id_have_one_winner_and_the_rest_are_conflicts(self):
        before = self.referrals()
        bodies = [sheet_bytes({"record_number": "DA-%d" % i}) for i in range(2)]
        answers = self.all_at_once(lambda n: bodies[n % 2])
        won = [reply for reply in answers if not reply.refusals]
        lost = [reply for reply in answers if reply.refusals]
        self.assertEqual((SENDERS * EACH // 2, SENDERS * EACH // 2), (len(won), len(lost)))
        self.assertEqual(1, len({reply.referral_id for reply in won}))
        self.assertEqual({("CONFLICT", "D1", "message_id")}, {(r.code, r.rule, r.field) for reply in lost for r in reply.refusals})
        self.assertEqual(before + 1, self.referrals())

    def test_d1_the_answer_outlives_a_restart_and_a_crash(self):
        key, body = message_id(), sheet_bytes()
        first = self.accepted(self.centre.submit(body, message_id=key))
        for again in (self.broker.kill, self.broker.stop):
            again()
            self.broker.start()
            reply = self.accepted(self.centre.submit(body, message_id=key))
            self.assertEqual((first.referral_id, first.index, first.journey_id, first.answer_due_at_ms),
                             (reply.referral_id, reply.index, reply.journey_id, reply.answer_due_at_ms))

    def test_d1_an_event_said_again_answers_as_before_though_the_state_went_on(self):
        hospital = self.party("H1")
        id_ = self.accepted(self.centre.submit(sheet_bytes())).referral_id
        key = message_id()
        accept = body_of("EVENT", {"referral_id": id_, "type": "EVENT_ACCEPT", "person": {"name": "何医生"}}).SerializeToString()
        first = self.accepted(hospital.request("EVENT", accept, message_id=key))
        waiting = self.books(self.operator)["T07"][2]
        self.accepted(hospital.event(id_, "ARRIVE", occurred_at_ms=hospital.welcome.now_ms))
        again = self.accepted(hospital.request("EVENT", accept, message_id=key))
        self.assertEqual((first.index, referral_pb2.ACCEPTED), (again.index, again.state))
        self.assertEqual(waiting + 1, self.books(self.operator)["T07"][2], "the arrival's notice, and no second one of the acceptance")
        view = self.centre.query("GET_REFERRAL", referral_id=id_)
        self.assertEqual(referral_pb2.ARRIVED, view.summary.state)
        self.assertEqual(1, [e.event for e in view.timeline].count(referral_pb2.EVENT_ACCEPT))

    def test_d1_p3_a_look_at_a_payload_said_again_is_one_look(self):
        id_ = self.accepted(self.centre.submit(sheet_bytes())).referral_id
        key, body = message_id(), body_of("SHOW_PAYLOAD", {"referral_id": id_}).SerializeToString()
        first = self.accepted(self.centre.request("SHOW_PAYLOAD", body, message_id=key))
        again = self.accepted(self.centre.request("SHOW_PAYLOAD", body, message_id=key))
        self.assertEqual((first.index, first.result), (again.index, again.result))
        shown = [e.event for e in self.centre.query("GET_REFERRAL", referral_id=id_).timeline].count(referral_pb2.EVENT_PAYLOAD_SHOWN)
        self.assertEqual(1, shown)

    # -- not the same ----------------------------------------------------------------------------------------------------------------
    def test_d1_other_content_another_kind_and_other_bytes_of_the_same_meaning_are_conflicts(self):
        key, body = message_id(), sheet_bytes()
        id_ = self.accepted(self.centre.submit(body, message_id=key)).referral_id
        before = self.referrals()
        self.refused(self.centre.submit(sheet_bytes({"treatment": "别的"}), message_id=key), "CONFLICT")
        self.refused(self.centre.event(id_, "CANCEL", {"message_id": key}, reason="PATIENT_DECLINED"), "CONFLICT")
        # The priority said twice: the same sheet in other bytes. The key is of bytes, not of meaning.
        self.refused(self.centre.submit(body + b"\x38\x03", message_id=key), "CONFLICT")
        self.refused(self.centre.submit(b"", message_id=key), "CONFLICT")
        self.assertEqual(before, self.referrals())
        self.assertEqual(referral_pb2.SUBMITTED, self.centre.query("GET_REFERRAL", referral_id=id_).summary.state)
        self.assertEqual(id_, self.accepted(self.centre.submit(body, message_id=key)).referral_id)

    def test_d1_a_refused_command_does_not_occupy_its_id(self):
        key = message_id()
        self.refused(self.centre.submit(sheet_bytes({"patient.phone": "12"}), message_id=key), "BAD_PHONE")
        self.refused(self.centre.submit(sheet_bytes({"receiver": "NOBODY"}), message_id=key), "UNKNOWN_RECEIVER")
        first = self.accepted(self.centre.submit(sheet_bytes(), message_id=key))
        self.refused(self.centre.submit(sheet_bytes({"patient.phone": "12"}), message_id=key), "CONFLICT")
        # L1: refused today, possible tomorrow, with the same id.
        hospital, key = self.party("H1"), message_id()
        event = body_of("EVENT", {"referral_id": first.referral_id, "type": "EVENT_START"}).SerializeToString()
        self.refused(hospital.request("EVENT", event, message_id=key), "NOT_NOW")
        self.accepted(hospital.event(first.referral_id, "ARRIVE", occurred_at_ms=hospital.welcome.now_ms))
        self.accepted(hospital.request("EVENT", event, message_id=key))

    def test_d1_t5_ids_belong_to_the_sender_for_whom_it_was_said(self):
        key = message_id()
        own = self.accepted(self.centre.submit(sheet_bytes(), message_id=key)).referral_id
        other = self.accepted(self.party("T08").submit(sheet_bytes({"sender": "T08"}), message_id=key)).referral_id
        body = sheet_bytes({"sender": "V1"})
        clinic = self.accepted(self.centre.submit(body, message_id=key, acting_for="V1")).referral_id
        self.assertEqual(3, len({own, other, clinic}))
        # The clinic itself, on its own line, with the same words: the same command.
        self.assertEqual(clinic, self.accepted(self.party("V1").submit(body, message_id=key)).referral_id)

    def test_d6_what_was_answered_busy_was_not_written(self):
        before, window = self.referrals(), self.centre.welcome.window
        body, keys = sheet_bytes(), []
        asked = []
        for i in range(4 * window):
            keys.append("busy-%s" % message_id())
            asked.append(self.centre.ask("SUBMIT", body, message_id=keys[-1]))
        for i in range(0, len(asked), 64):
            self.centre.send_frame(*(data for data, _ in asked[i:i + 64]))
        self.assertTrue(self.centre.wait(lambda: all(number in self.centre.replies for _, number in asked)))
        answers = [self.centre.replies[number] for _, number in asked]
        busy = [i for i, reply in enumerate(answers) if codes(reply) == ["BUSY"]]
        self.assertEqual(before + len(asked) - len(busy), self.referrals())
        for i in busy:
            self.assertGreater(answers[i].refusals[0].retry_after_ms, 0)
        for i in busy[:20]:
            self.refused(self.centre.command("GET_REFERRAL", {"message_id": keys[i]}), "NOT_FOUND")
        print("%d of %d were answered BUSY" % (len(busy), len(asked)))

    # -- acks and nacks ----------------------------------------------------------------------------------------------------------------
    def hand(self, receiver):
        """One message, delivered to a consumer that holds nothing else: (consumer, delivery)."""
        consumer = self.party(receiver, credit=1)
        operator = self.operator

        def drained():
            while consumer.deliveries:
                consumer.ack(consumer.deliveries.pop(0))
            consumer.hear(0)
            return self.books(operator).get(receiver, (0,) * 5)[2] == 0 and not consumer.deliveries

        fixture.until(drained, "the inbox of %s to be drained" % receiver)
        self.accepted(self.centre.submit(sheet_bytes({"receiver": receiver})))
        return consumer, consumer.receive()

    def settled(self, client):
        """What this client said before has been applied: its next question is answered after it."""
        self.accepted(client.submit(sheets.made("down", {"sender": client.welcome.institution})))

    def test_d4_an_ack_said_again_changes_nothing(self):
        consumer, delivery = self.hand("H2")
        before = self.books(self.operator)["H2"]
        for _ in range(3):
            consumer.ack(delivery)
        ack = consumer.envelope("ACK", wire_pb2.Ack(delivery_ids=[delivery.delivery_id] * 500).SerializeToString())
        consumer.send_frame(ack, ack)
        fixture.until(lambda: self.books(self.operator)["H2"][1] == before[1] + 1, "the ack to be counted")
        self.settled(consumer)
        accepted, acknowledged, waiting, dead, dropped = self.books(self.operator)["H2"]
        self.assertEqual((before[0], before[1] + 1, before[2] - 1, before[3], before[4]),
                         (accepted, acknowledged, waiting, dead, dropped))

    def test_d4_p2_nobody_acknowledges_or_refuses_what_another_was_sent(self):
        consumer, delivery = self.hand("H2")
        before = self.books(self.operator)
        thieves = [self.party("H1"), self.centre]
        for thief in thieves:
            thief.ack(delivery)
            for code in ("NACK_RETRY", "NACK_UNREADABLE"):
                thief.nack(delivery, code)
        ack = wire_pb2.Ack(delivery_ids=[delivery.delivery_id]).SerializeToString()
        self.centre.send_frame(self.centre.envelope("ACK", ack, acting_for="V1"))
        for thief in thieves:
            self.accepted(thief.command("SHOW_PAYLOAD", {"referral_id": self.own(thief)}))  # a turn after the thefts
        # No inbox, no role: told so, where others are told nothing because there is nothing to tell.
        outsider = self.party("OPS")
        self.refused(outsider.request("ACK", ack), "NOT_ALLOWED")
        self.assertEqual(before["H2"], self.books(self.operator)["H2"])
        entry, = self.party("H2").query("LIST_INBOX").entries
        self.assertEqual((delivery.delivery_id, 0, True), (entry.delivery_id, entry.attempts, entry.in_flight))
        consumer.ack(delivery)

    def own(self, client):
        return client.query("LIST_REFERRALS", rows=1).referrals[0].referral_id

    def test_d4_acks_and_nacks_of_nothing_are_taken_in_silence(self):
        consumer, delivery = self.hand("H2")
        before = self.books(self.operator)
        id_ = delivery.delivery_id
        invented = [b"", b"\0", id_[:-1], id_ + b"\0", b"\xff" * len(id_), id_[:-1] + bytes([id_[-1] ^ 1]), id_[:8] + bytes(len(id_) - 8)]
        heard = []
        consumer.hear_reply, normal = lambda body, _: heard.append(wire_pb2.Reply.FromString(body)), consumer.hear_reply
        for one in invented:
            consumer.send_frame(consumer.envelope("ACK", wire_pb2.Ack(delivery_ids=[one]).SerializeToString()))
            for code in (wire_pb2.NACK_RETRY, wire_pb2.NACK_INTERNAL):
                consumer.send_frame(consumer.envelope("NACK", wire_pb2.Nack(delivery_id=one, code=code).SerializeToString()))
        consumer.send_frame(consumer.envelope("ACK"))
        consumer.hear_reply = normal
        self.settled(consumer)
        self.assertEqual(set(), {r.code for reply in heard for r in reply.refusals} - {"STALE"})
        self.assertEqual(before["H2"], self.books(self.operator)["H2"])
        consumer.ack(delivery)


if __name__ == "__main__":
    fixture.main()
