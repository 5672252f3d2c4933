#!/usr/bin/python3
"""test_keys.py - who may connect, from when, until when (T5, P2): keys are added, rotated, revoked and run out under live sessions."""
import threading
import unittest

import zmq
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

import fixture
import sheets
from foreign_client import Client, body_of
from party import PartyTest, codes

HOUR_MS = 3600 * 1000
START_MS = 1_780_000_000_000


def sheet_bytes(sender):
    return body_of("SUBMIT", sheets.made("up", {"sender": sender})).SerializeToString()


class Keys(PartyTest):
    def setUp(self):
        super().setUp()
        self.operator = self.party("OPS")

    def add_key(self, name, institution, roles=("REFER", "RECEIVE", "SCHEDULE"), make=True, **more):
        public = self.broker.make_key(name) if make else self.broker.key_pair(name)[0]
        return self.operator.command("ADD_KEY", dict(more, public_key=public, institution=institution, roles=roles))

    def revoke(self, name, operator=None):
        return (operator or self.operator).command("REVOKE_KEY", {"public_key": self.broker.key_pair(name)[0]})

    def connects(self, name):
        """Does the handshake of this key succeed? The socket's own monitor, there before the connection, says which of the two it was."""
        public, secret = self.broker.key_pair(name)
        dealer = zmq.Context.instance().socket(zmq.DEALER)
        dealer.linger = 0
        dealer.curve_publickey, dealer.curve_secretkey = z85.encode(public), z85.encode(secret)
        dealer.curve_serverkey = z85.encode(self.broker.key_pair("server")[0])
        monitor = dealer.get_monitor_socket()
        dealer.connect(self.broker.endpoint)
        try:
            while monitor.poll(fixture.PATIENCE_S * 1000):
                event = recv_monitor_message(monitor)["event"]
                if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    return True
                if event in (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                             zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL):
                    return False
            raise AssertionError("the handshake neither succeeded nor failed")
        finally:
            dealer.disable_monitor()
            monitor.close()
            dealer.close()

    def told_goodbye(self, client, reason):
        """Well before the silence of this client would end its session."""
        goodbye = fixture.until(client.goodbye, "GOODBYE", 10)
        self.assertEqual(reason, goodbye.reason)

    def was_stored(self, other_key, message_id):
        reply = other_key.command("GET_REFERRAL", {"message_id": message_id})
        return codes(reply) == []


class Rotation(Keys):
    def test_t5_an_unknown_key_is_refused_at_the_handshake_and_adding_it_takes_effect_at_once(self):
        self.broker.make_key("fresh")
        self.assertFalse(self.connects("fresh"))
        self.accepted(self.add_key("fresh", "H2", make=False))
        self.assertTrue(self.connects("fresh"))
        self.assertEqual("H2", self.party("fresh").welcome.institution)

    def test_d3_two_keys_of_an_institution_share_one_inbox_and_revoking_one_loses_nothing(self):
        self.accepted(self.add_key("h1-new", "H1"))
        sender, old, new = self.party("T07"), self.party("H1", credit=1), self.party("h1-new", credit=1)
        sent = [self.accepted(sender.submit(sheets.made("up"))).referral_id for _ in range(2)]
        first, second = old.receive(), new.receive()
        self.assertEqual(set(sent), {first.referral_id, second.referral_id}, "each message is with one connection")
        new.ack(second)
        self.accepted(self.revoke("H1"))
        again = new.receive()
        self.assertEqual((first.delivery_id, first.attempt + 1), (again.delivery_id, again.attempt))
        new.ack(again)
        self.told_goodbye(old, "key revoked")
        self.assertFalse(self.connects("H1"))
        self.refused(self.add_key("H1", "H1", make=False), "KEY_REVOKED")

    def test_t5_a_key_belongs_to_one_institution(self):
        self.accepted(self.add_key("t08-new", "T08"))
        self.refused(self.add_key("t08-new", "T07", make=False), "KEY_TAKEN")
        self.assertEqual("T08", self.party("t08-new").welcome.institution)


class Revoking(Keys):
    def test_p2_from_the_reply_on_no_command_is_accepted_and_nothing_delivered(self):
        self.accepted(self.add_key("t08-lost", "T08"))
        lost, other, sender = self.party("t08-lost", credit=100), self.party("T08"), self.party("H1")
        asked, count = [], 0
        for i in range(200):  # the connection is busy when the key goes
            data, _ = lost.ask("SUBMIT", sheet_bytes("T08"), message_id="lost-%d" % i)
            asked.append(data)
        for data in asked[:100]:
            lost.send_frame(data)
        self.accepted(self.revoke("t08-lost"))
        for data in asked[100:]:
            lost.send_frame(data)
        down = sheets.made("down", {"receiver": "T08", "patient.name": "后来者"})
        late = {self.accepted(sender.submit(down)).referral_id for _ in range(5)}
        self.told_goodbye(lost, "key revoked")
        stored = [i for i in range(200) if self.was_stored(other, "lost-%d" % i)]
        self.assertEqual([], [i for i in stored if i >= 100], "sent after the reply of REVOKE_KEY")
        self.assertEqual([], [d for d in lost.deliveries if d.referral_id in late])
        other.credit(100)
        while late:
            delivery = other.receive()
            other.ack(delivery)
            late.discard(delivery.referral_id)
        print("of 100 commands sent before, %d were accepted; of 100 sent after, none" % len(stored))

    def test_p2_a_hello_on_a_connection_that_was_let_in_before_is_not_welcomed(self):
        self.accepted(self.add_key("t08-idle", "T08"))
        idle = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("t08-idle"), hello=False)
        self.parties.append(idle)
        idle.send_frame(idle.envelope("PING"))  # NO_SESSION: the connection stands
        heard = []
        idle.hear_no_session = lambda *_: heard.append(1)
        self.assertTrue(idle.wait(lambda: heard))
        self.accepted(self.revoke("t08-idle"))
        idle.say_hello()
        self.told_goodbye(idle, "key revoked")
        self.assertIsNone(idle.welcome)
        self.assertFalse(self.connects("t08-idle"))

    def test_p2_roles_taken_away_are_gone_at_once(self):
        self.accepted(self.add_key("h2-less", "H2"))
        less, sender = self.party("h2-less", credit=10), self.party("T07")
        self.accepted(self.add_key("h2-less", "H2", roles=["OBSERVE"], make=False))
        self.accepted(sender.submit(sheets.made("up", {"receiver": "H2"})))
        self.refused(less.command("LIST_INBOX", {}), "NOT_ALLOWED")
        self.refused(less.submit(sheets.made("up", {"sender": "H2"})), "NOT_ALLOWED")
        self.assertEqual([], less.deliveries)
        self.accepted(self.add_key("h2-less", "H2", make=False))
        less.credit(10)
        less.ack(less.receive())

    def test_p2_revoking_again_is_fine_and_an_unknown_key_is_not_found(self):
        self.accepted(self.add_key("twice", "T08"))
        self.accepted(self.revoke("twice"))
        self.accepted(self.revoke("twice"))
        self.broker.make_key("never")
        self.refused(self.revoke("never"), "NOT_FOUND")

    def test_p2_nobody_but_an_operator_touches_keys_and_learns_nothing_of_them(self):
        centre = self.party("T07")
        self.broker.make_key("unheard")
        answers = set()
        for name in ("H1", "T07", "unheard", "operator"):
            reply = centre.command("REVOKE_KEY", {"public_key": self.broker.key_pair(name)[0]})
            answers.add(tuple((r.code, r.rule, r.field, r.text_en) for r in reply.refusals))
        self.assertEqual(1, len(answers), answers)
        self.refused(centre.command("ADD_KEY", {"public_key": b"\1" * 32, "institution": "T07", "roles": ["OPERATE"]}), "NOT_ALLOWED")
        self.refused(centre.command("LIST_KEYS", {}), "NOT_ALLOWED")


class LastOperator(Keys):
    def test_p2_the_last_operator_key_cannot_be_revoked_nor_weakened_nor_shortened(self):
        self.refused(self.revoke("operator"), "LAST_OPERATOR")
        now = self.operator.welcome.now_ms
        for change in ({"roles": ["OBSERVE"]}, {"valid_to_ms": now + HOUR_MS}):
            self.refused(self.add_key("operator", "OPS", make=False, **dict({"roles": ["OPERATE"]}, **change)), "LAST_OPERATOR")

    def test_p2_two_operators_who_revoke_each_other_at_once_leave_one(self):
        self.accepted(self.add_key("operator-2", "OPS", roles=["OPERATE"]))
        self.accepted(self.add_key("operator-3", "OPS", roles=["OPERATE"]))
        # The first key may go while two others stand; it is the class's own, so its work is done by the end.
        second, third = self.party("operator-2"), self.party("operator-3")
        self.accepted(self.revoke("operator", second))
        barrier, answers = threading.Barrier(2), {}

        def shoot(name, client, other):
            data, number = client.ask("REVOKE_KEY", body_of("REVOKE_KEY", {"public_key": self.broker.key_pair(other)[0]}).SerializeToString())
            barrier.wait()
            client.send_frame(data)
            client.wait(lambda: number in client.replies or client.last_goodbye, 20)
            answers[name] = client.replies.get(number)

        threads = [threading.Thread(target=shoot, args=a) for a in (("2", second, "operator-3"), ("3", third, "operator-2"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = [name for name, reply in answers.items() if reply and not reply.refusals]
        self.assertEqual(1, len(done), answers)
        self.assertTrue(self.connects("operator-" + done[0]))
        self.assertFalse(self.connects("operator-" + {"2": "3", "3": "2"}[done[0]]))
        winner = {"2": second, "3": third}[done[0]]
        self.refused(self.revoke("operator-" + done[0], winner), "LAST_OPERATOR")


class Validity(Keys):
    broker_options = {"test_time_ms": START_MS}

    def now(self):
        return self.broker.clock_ms

    def test_t5_a_key_that_runs_out_ends_its_session_by_itself(self):
        self.accepted(self.add_key("short", "T08", valid_to_ms=self.now() + HOUR_MS))
        short = self.party("short", credit=10)
        self.accepted(short.submit(sheets.made("up", {"sender": "T08"})))
        self.broker.set_clock(self.now() + HOUR_MS - 1)
        self.accepted(short.submit(sheets.made("up", {"sender": "T08"})))
        self.broker.set_clock(self.now() + 1)  # C1: from this instant on it does not live
        self.told_goodbye(short, "key expired")
        self.assertFalse(self.connects("short"))

    def test_t5_a_key_is_not_let_in_before_its_time(self):
        self.accepted(self.add_key("early", "T08", valid_from_ms=self.now() + HOUR_MS))
        self.assertFalse(self.connects("early"))
        self.broker.set_clock(self.now() + HOUR_MS)
        fixture.until(lambda: self.connects("early"), "the key to be admitted from its first instant on")

    def test_t5_a_command_sent_in_the_instant_the_key_ends_is_not_accepted(self):
        self.accepted(self.add_key("instant", "T08", valid_to_ms=self.now() + HOUR_MS))
        client, other = self.party("instant"), self.party("T08")
        self.broker.set_clock(self.now() + HOUR_MS)
        # The operator's answer bears the broker's time: from then on the next frame must fail.
        fixture.until(lambda: self.operator.query("GET_STATUS").now_ms >= self.now(), "the time to have come")
        data, _ = client.ask("SUBMIT", sheet_bytes("T08"), message_id="in-the-instant")
        client.send_frame(data)
        self.told_goodbye(client, "key expired")
        self.assertFalse(self.was_stored(other, "in-the-instant"))


if __name__ == "__main__":
    fixture.main()
