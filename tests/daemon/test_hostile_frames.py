#!/usr/bin/python3
"""test_hostile_frames.py - an institution's own key in hostile hands: whatever frames it sends, each is refused or is exactly the message that its bytes
say; nothing else happens, memory stays bounded, and others are served meanwhile (issue: bad input; F3, D6, D7, P2)."""
import hashlib
import random

import fixture
import sheets
from foreign_client import ENVELOPES_MAX, Client, Kind, body_of, referral_pb2, registry_pb2, wire_pb2
from party import PartyTest, codes
from stage import START_MS

MIB = 1 << 20
ENVELOPE_BYTES_MAX = MIB
FRAME_BYTES_MAX = MIB + 65536


def delimited(number, data):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def sheet_bytes(base="up", changes=None, without=()):
    return body_of("SUBMIT", sheets.made(base, changes, without)).SerializeToString()


class Attacker(Client):
    """Keeps its session whatever it hears, and every reply in the order they came."""

    def __init__(self, *arguments):
        self.heard = []
        super().__init__(*arguments)

    def hear_reply(self, body, session):
        super().hear_reply(body, session)
        self.heard.append(wire_pb2.Reply.FromString(body))

    def hear_no_session(self, _, __):
        self.heard.append("NO_SESSION")

    def hear_goodbye(self, body, session):
        super().hear_goodbye(body, session)
        self.heard.append("GOODBYE")

    def hear_welcome(self, body, session):
        super().hear_welcome(body, session)
        self.heard.append("WELCOME")

    def ask_marker(self, session):
        """A query that is answered after all that was said before it; but what concerns no session of the broker's is said last of a turn,
        so where nothing was heard yet another one makes sure of the turn before."""
        marker = 1 << 60
        for _ in range(2):
            self.replies.pop(marker, None)
            data, _ = self.ask("LIST_CALENDAR", b"", request=marker)
            self.send_frame(data, session=session)
            if not self.wait(lambda: marker in self.replies or "GOODBYE" in self.heard, 20):
                raise AssertionError("no answer to a question after the frame: %s" % self.heard)
            if [one for one in self.heard if isinstance(one, str) or one.request != marker]:
                break

    def outcome(self, frame):
        """All that the broker said to this frame."""
        self.heard.clear()
        self.send_bytes(frame)
        self.ask_marker(self.session)
        return [one for one in self.heard if isinstance(one, str) or one.request != 1 << 60]


class HostileFrames(PartyTest):
    broker_options = {"test_time_ms": START_MS}  # no deadline of what was accepted comes while books are compared

    def setUp(self):
        super().setUp()
        self.operator = self.party("OPS")
        self.bystander = self.party("T08")
        self.attacker = self.new_attacker()

    def tearDown(self):
        self.assert_served()
        self.check_store()
        super().tearDown()

    def new_attacker(self, name="T07"):
        attacker = Attacker(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair(name))
        self.parties.append(attacker)
        return attacker

    def assert_served(self):
        self.accepted(self.bystander.submit(sheets.made("up", {"sender": "T08", "receiver": "H2"})))

    def referrals(self):
        return self.operator.query("GET_STATUS").referrals

    def valid_frame(self, message_id, body=None, kind="SUBMIT", request=7):
        attacker = self.attacker
        envelope = attacker.envelope(kind, sheet_bytes() if body is None else body, request=request, message_id=message_id)
        return wire_pb2.Frame(session=attacker.session, envelopes=[envelope]).SerializeToString()

    def assert_nothing_happens(self, frames, attacker=None):
        """Each frame is answered by refusals, or by nothing; and afterwards the books are what they were."""
        attacker = attacker or self.attacker
        before, answers = (self.referrals(), self.books(self.operator)), []
        for frame in frames:
            said = attacker.outcome(frame)
            for one in said:
                self.assertTrue(isinstance(one, str) or one.refusals, "accepted: %r" % frame[:200])
            answers.append([codes(one) if not isinstance(one, str) else one for one in said])
        self.assertEqual(before, (self.referrals(), self.books(self.operator)))
        return answers

    # -- not a frame ---------------------------------------------------------------------------------------------------------------
    def test_an_empty_frame_and_frames_without_envelopes(self):
        session = self.attacker.session
        empty = wire_pb2.Frame(session=session).SerializeToString()
        nothing = wire_pb2.Frame(session=session, envelopes=[b""]).SerializeToString()
        answers = self.assert_nothing_happens([b"", empty, empty * 1000, nothing, wire_pb2.Frame(envelopes=[b""] * 64).SerializeToString()])
        self.assertEqual([["BAD_ENVELOPE"]], answers[0])
        self.assertEqual([["BAD_VERSION"]], answers[3])
        self.assertEqual([["BAD_VERSION"]], answers[4])

    def test_extra_parts_are_no_frame(self):
        before = self.referrals()
        frame = self.valid_frame("extra-parts")
        for parts in ([frame, b"x"], [frame, b""], [b"", frame], [frame, frame], [frame] + [b"y" * 1000] * 500):
            self.attacker.socket.send_multipart(parts)
        self.assertEqual([], self.attacker.outcome(b"\xff")[1:])
        self.assertEqual(before, self.referrals())

    def test_an_oversize_frame_ends_the_connection_and_nothing_else(self):
        before = self.referrals()
        attacker = self.new_attacker()
        attacker.send_bytes(self.valid_frame("oversize") + b"\0" * (2 * MIB))
        attacker.hello()  # on a new connection
        self.refused(attacker.command("GET_REFERRAL", {"message_id": "oversize"}), "NOT_FOUND")
        self.assertEqual(before, self.referrals())

    def test_random_bytes(self):
        chance = random.Random(20261121)
        frames = [chance.randbytes(chance.randrange(0, 600)) for _ in range(1500)]
        session = wire_pb2.Frame(session=self.attacker.session).SerializeToString()
        frames += [session + delimited(2, chance.randbytes(chance.randrange(0, 200))) for _ in range(1000)]
        head = b"\x08\x01\x10\x14\x18\x07" + delimited(4, b"random")
        frames += [session + delimited(2, head + delimited(6, chance.randbytes(chance.randrange(0, 300)))) for _ in range(1000)]
        self.assert_nothing_happens(frames)

    def test_a_valid_frame_truncated_at_every_byte(self):
        frame = self.valid_frame("truncated")
        for answers in self.assert_nothing_happens(frame[:size] for size in range(len(frame))):
            self.assertIn(answers, ([["BAD_ENVELOPE"]], ["NO_SESSION"]))
        self.refused(self.attacker.command("GET_REFERRAL", {"message_id": "truncated"}), "NOT_FOUND")

    # -- other messages than they were -----------------------------------------------------------------------------------------
    def assert_is_what_it_says(self, frame, said, seen):
        """An accepted frame is exactly the message it now is."""
        accepted = [one for one in said if not isinstance(one, str) and not one.refusals]
        if not accepted:
            return 0
        self.assertEqual(1, len(said))
        envelope = wire_pb2.Envelope.FromString(wire_pb2.Frame.FromString(frame).envelopes[0])
        if envelope.kind >= Kind.Value("GET_REFERRAL"):
            return 0
        self.assertEqual(Kind.Value("SUBMIT"), envelope.kind)
        self.assertEqual(envelope.request, accepted[0].request)
        id_ = accepted[0].referral_id
        self.assertNotIn(id_, seen)
        seen.add(id_)
        shown = self.accepted(self.attacker.command("SHOW_PAYLOAD", {"referral_id": id_}))
        self.assertEqual(envelope.body, registry_pb2.Payload.FromString(shown.result).body)
        sheet = referral_pb2.Sheet.FromString(envelope.body)
        own = self.attacker.query("GET_REFERRAL", message_id=envelope.message_id).summary
        self.assertEqual((id_, "T07", sheet.receiver, sheet.department, sheet.sender_reference),
                         (own.referral_id, own.sender, own.receiver, own.department, own.sender_reference))
        self.assertEqual((sheet.direction, sheet.kind, sheet.priority), (own.direction, own.kind, own.priority))
        return 1

    def flip_each_bit(self, name, body, step=1):
        before, books = self.referrals(), self.books(self.operator)
        size, tried, accepted, seen = len(self.valid_frame("%s-%06d" % (name, 0), body)), 0, 0, set()
        for bit in range(0, size * 8, step):
            frame = bytearray(self.valid_frame("%s-%06d" % (name, bit * 7919 % 999983), body))
            frame[bit // 8] ^= 1 << bit % 8
            accepted += self.assert_is_what_it_says(bytes(frame), self.attacker.outcome(bytes(frame)), seen)
            tried += 1
        after = self.books(self.operator)
        self.assertEqual(before + accepted, self.referrals())
        self.assertEqual(accepted, sum(after[i][0] - books.get(i, (0,))[0] for i in after))
        print("%s: %d single bits flipped, %d accepted as what they then were" % (name, tried, accepted))

    def test_f3_each_single_bit_flipped_of_an_up_referral(self):
        self.flip_each_bit("up", sheet_bytes())

    def test_f3_each_single_bit_flipped_of_an_emergency(self):
        self.flip_each_bit("em", sheet_bytes("emergency", {"sender": "T07", "direction": "UP"}))

    def test_a_body_truncated_at_every_byte_is_refused_or_the_shorter_message(self):
        seen = set()
        for base, changes in (("up", {}), ("emergency", {"sender": "T07", "direction": "UP"})):
            body, before, accepted = sheet_bytes(base, changes), self.referrals(), 0
            for size in range(len(body)):
                frame = self.valid_frame("%s-%d" % (base, size), body[:size])
                accepted += self.assert_is_what_it_says(frame, self.attacker.outcome(frame), seen)
            self.assertEqual(before + accepted, self.referrals())

    def test_each_single_bit_flipped_of_an_event_acts_on_no_other_referral(self):
        sender, hospital = self.attacker, self.new_attacker("H1")
        others = [self.accepted(sender.submit(sheets.made("up", {"receiver": "H2"}))).referral_id for _ in range(16)]
        id_ = self.accepted(sender.submit(sheets.made("up"))).referral_id
        event = body_of("EVENT", {"referral_id": id_, "type": "EVENT_ACKNOWLEDGE", "person": {"name": "何医生"}}).SerializeToString()
        envelope = hospital.envelope("EVENT", event, request=7, message_id="flip-000000")
        size, accepted = len(wire_pb2.Frame(session=hospital.session, envelopes=[envelope]).SerializeToString()), 0
        for bit in range(size * 8):
            envelope = hospital.envelope("EVENT", event, request=7, message_id="flip-%06d" % (bit * 7919 % 999983))
            frame = bytearray(wire_pb2.Frame(session=hospital.session, envelopes=[envelope]).SerializeToString())
            frame[bit // 8] ^= 1 << bit % 8
            for one in hospital.outcome(bytes(frame)):
                accepted += not isinstance(one, str) and not one.refusals
        for other in others:
            view = sender.query("GET_REFERRAL", referral_id=other)
            self.assertEqual((referral_pb2.SUBMITTED, 1), (view.summary.state, len(view.timeline)))
        view = sender.query("GET_REFERRAL", referral_id=id_)
        self.assertEqual([], [e for e in view.timeline if e.by not in ("T07", "H1", "broker")])
        print("event: %d single bits flipped, %d accepted" % (size * 8, accepted))

    # -- bounds ------------------------------------------------------------------------------------------------------------------
    def test_65_envelopes_are_refused_as_a_whole_and_64_are_served(self):
        def frame(count, name):
            body = sheet_bytes()
            envelopes = [self.attacker.envelope("SUBMIT", body, request=i + 1, message_id="%s-%d" % (name, i)) for i in range(count)]
            return wire_pb2.Frame(session=self.attacker.session, envelopes=envelopes).SerializeToString()

        self.assertEqual([[["BAD_ENVELOPE"]]], self.assert_nothing_happens([frame(ENVELOPES_MAX + 1, "many")]))
        said = self.attacker.outcome(frame(ENVELOPES_MAX, "most"))
        self.assertEqual(list(range(1, ENVELOPES_MAX + 1)), sorted(self.accepted(one).request for one in said))

    def filled(self, envelope_bytes, name):
        """The envelope of a valid sheet, filled by an unknown field to exactly this size."""
        def made(fill):
            return self.attacker.envelope("SUBMIT", sheet_bytes() + delimited(1023, b"\0" * fill), request=7, message_id=name)

        fill = envelope_bytes - len(made(0))
        while len(made(fill)) > envelope_bytes:
            fill -= 1
        self.assertEqual(envelope_bytes, len(made(fill)))
        return made(fill)

    def test_an_envelope_of_1_mib_is_taken_and_of_one_byte_more_is_not(self):
        session = self.attacker.session

        def frame(envelope, *more):
            return wire_pb2.Frame(session=session, envelopes=[envelope] + list(more)).SerializeToString()

        largest = self.filled(ENVELOPE_BYTES_MAX, "largest")
        reply, = self.attacker.outcome(frame(largest))
        shown = self.accepted(self.attacker.command("SHOW_PAYLOAD", {"referral_id": self.accepted(reply).referral_id}))
        self.assertEqual(wire_pb2.Envelope.FromString(largest).body, registry_pb2.Payload.FromString(shown.result).body)
        larger = self.filled(ENVELOPE_BYTES_MAX + 1, "larger")
        self.assertEqual([[["TOO_LARGE"]]], self.assert_nothing_happens([frame(larger)]))
        # The other envelope of the frame is served.
        small = self.attacker.envelope("SUBMIT", sheet_bytes(), request=8, message_id="beside")
        first, second = self.attacker.outcome(frame(larger, small))
        self.refused(first, "TOO_LARGE")
        self.assertEqual(8, self.accepted(second).request)
        # The largest frame there may be, filled to its last byte with what nobody can read.
        rest = FRAME_BYTES_MAX - len(frame(largest)) - 16
        self.assertEqual([["BAD_ENVELOPE"]], [codes(one) for one in self.attacker.outcome(frame(largest, b"\xff" * rest)) if one.refusals])

    def test_bombs_of_nesting_and_repetition_stay_within_the_memory_of_their_size(self):
        nested = b""
        while len(nested) < 200000:
            nested = delimited(15, nested)  # "patient" within what would be its own field 15
        deep = b"\x7b" * 30000  # groups that begin and never end
        patients = delimited(15, b"") * (MIB // 2 - 500)
        small_vital, small_diagnosis = delimited(24, b"\x10\x01"), delimited(17, b"")
        bombs = {
            "nested": nested, "groups": deep, "closed groups": deep + b"\x7c" * 30000,
            "patients": patients, "vitals": small_vital * (MIB // len(small_vital) - 500),
            "diagnoses": small_diagnosis * (MIB // len(small_diagnosis) - 500),
            "attachments": delimited(26, b"\x0a\x01a") * 150000,
            "unknown fields": b"\xf8\x3f\x00" * (MIB // 3 - 500),
            "same text": delimited(18, b"") * (MIB // 3 - 500),
            "endless varint": b"\x38" + b"\xff" * 100000,
            "merged": delimited(15, delimited(1, b"a" * 200) + delimited(9, b"b" * 400)) * 1600,
        }
        answers = {}

        def round_of_bombs(number):
            for name, bomb in bombs.items():
                if len(bomb) > MIB - 200:
                    self.fail("the bomb %s is no envelope" % name)
                for kind in ("SUBMIT", "EVENT", "ACK", "PUT_INSTITUTION", "LIST_REFERRALS", "CREDIT"):
                    data = self.attacker.envelope(kind, bomb, request=7, message_id="%s-%s-%d" % (name, kind, number))
                    frame = wire_pb2.Frame(session=self.attacker.session, envelopes=[data]).SerializeToString()
                    answers[name, kind] = [codes(one) for one in self.attacker.outcome(frame)]

        before = (self.referrals(), self.books(self.operator))
        round_of_bombs(0)
        first = self.broker.resident_bytes()
        for number in range(1, 4):
            round_of_bombs(number)
        growth = self.broker.resident_bytes() - first
        self.assertEqual(before, (self.referrals(), self.books(self.operator)))
        for (name, kind), said in answers.items():
            self.assertTrue(said and all(said), "%s as %s: %s" % (name, kind, said))
        print("%d bombs; resident growth over three more rounds: %.1f MiB" % (len(answers), growth / MIB))
        self.assertLess(growth, 8 * MIB)

    def test_small_questions_with_large_answers_do_not_fill_the_memory(self):
        picture = b"\0" * 900000
        sheet = sheets.made("up", {"attachments": [{"name": "a", "media_type": "image/png", "size_bytes": len(picture), "content": picture,
                                                    "sha256": hashlib.sha256(picture).digest()}]})
        id_ = self.accepted(self.attacker.submit(sheet)).referral_id
        body, before, peak = body_of("SHOW_PAYLOAD", {"referral_id": id_}).SerializeToString(), self.broker.resident_bytes(), 0
        asked = [self.attacker.ask("SHOW_PAYLOAD", body, request=100 + i) for i in range(256)]
        for i in range(0, len(asked), ENVELOPES_MAX):
            self.attacker.send_frame(*(data for data, _ in asked[i:i + ENVELOPES_MAX]))
        for _ in range(100):  # nobody reads the answers
            peak = max(peak, self.broker.resident_bytes() - before)
            self.assert_served()
        print("256 looks at a payload of 0.9 MB: peak %.1f MiB" % (peak / MIB))
        self.assertLess(peak, 64 * MIB)

    def test_many_questions_with_long_answers_do_not_fill_the_memory(self):
        body = sheet_bytes(changes={"sender_reference": "x" * 64})
        for _ in range(4):
            asked = [self.attacker.ask("SUBMIT", body) for _ in range(ENVELOPES_MAX)]
            self.attacker.send_frame(*(data for data, _ in asked))
            self.assertTrue(self.attacker.wait(lambda: all(number in self.attacker.replies for _, number in asked)))
        before, peak, all_rows = self.broker.resident_bytes(), 0, body_of("LIST_REFERRALS", {"rows": 200}).SerializeToString()
        asked = [self.attacker.ask("LIST_REFERRALS", all_rows) for _ in range(256)]
        for i in range(0, len(asked), ENVELOPES_MAX):
            self.attacker.send_frame(*(data for data, _ in asked[i:i + ENVELOPES_MAX]))
        for _ in range(20):
            peak = max(peak, self.broker.resident_bytes() - before)
            self.assert_served()
        self.assertTrue(self.attacker.wait(lambda: all(number in self.attacker.replies for _, number in asked)))
        print("256 lists of 200 referrals: peak %.1f MiB" % (peak / MIB))
        self.assertLess(peak, 64 * MIB)

    # -- sessions ------------------------------------------------------------------------------------------------------------------
    def test_t5_frames_without_a_live_session_or_with_anothers_do_nothing(self):
        envelope = self.attacker.envelope("SUBMIT", sheet_bytes(), request=7, message_id="foreign-session")
        theirs, mine = self.bystander.session, self.attacker.session
        frames = [wire_pb2.Frame(session=s, envelopes=[envelope]).SerializeToString() for s in (theirs, mine + 1, mine - 1, 1, (1 << 64) - 1)]
        frames.append(wire_pb2.Frame(envelopes=[envelope]).SerializeToString())
        for answers in self.assert_nothing_happens(frames):
            self.assertEqual(["NO_SESSION"], answers)
        self.refused(self.attacker.command("GET_REFERRAL", {"message_id": "foreign-session"}), "NOT_FOUND")
        self.refused(self.bystander.command("GET_REFERRAL", {"message_id": "foreign-session"}), "NOT_FOUND")

    def test_t5_no_body_makes_a_key_speak_for_another(self):
        before = self.books(self.operator)
        for changes, fields in (({"sender": "H1"}, {}), ({"sender": "T08"}, {"acting_for": "T08"}), ({"sender": "OPS"}, {"acting_for": "OPS"}),
                                ({"sender": "T07"}, {"acting_for": "H1"})):
            reply = self.attacker.submit(sheets.made("up", changes), **fields)
            self.assertTrue(set(codes(reply)) & {"WRONG_SENDER", "NOT_ALLOWED"}, reply)
        self.assertEqual(before, self.books(self.operator))

    def test_what_only_the_broker_says_and_what_nobody_says_is_refused(self):
        kinds = ["WELCOME", "NO_SESSION", "REPLY", "DELIVERY"] + [n for n in range(0, 300) if n not in Kind.values()]
        frames = []
        for kind in kinds:
            envelope = self.attacker.envelope(kind, b"", request=7, message_id="kind-%s" % kind)
            frames.append(wire_pb2.Frame(session=self.attacker.session, envelopes=[envelope]).SerializeToString())
        for answers in self.assert_nothing_happens(frames):
            self.assertEqual([["BAD_KIND"]], answers)
        bare = self.attacker.envelope("SUBMIT", sheet_bytes(), request=7, message_id="version")
        for version in (0, 2, 1 << 31):
            envelope = wire_pb2.Envelope.FromString(bare)
            envelope.version = version
            frame = wire_pb2.Frame(session=self.attacker.session, envelopes=[envelope.SerializeToString()]).SerializeToString()
            self.assertEqual([[["BAD_VERSION"]]], self.assert_nothing_happens([frame]))
        with_more = wire_pb2.Frame(session=self.attacker.session, envelopes=[bare + b"\x38\x01"]).SerializeToString()
        self.assertEqual([[["BAD_ENVELOPE"]]], self.assert_nothing_happens([with_more]))

    def test_memory_does_not_grow_with_refusals(self):
        def flood():
            bad = self.attacker.envelope("SUBMIT", sheet_bytes(without=["consent"]), request=7, message_id="flood")
            frame = wire_pb2.Frame(session=self.attacker.session, envelopes=[bad] * ENVELOPES_MAX).SerializeToString()
            for _ in range(40):
                self.assertEqual({("NO_CONSENT",)}, {tuple(codes(one)) for one in self.attacker.outcome(frame)})

        flood()
        before = self.broker.resident_bytes()
        for _ in range(3):
            flood()
        self.assertLess(self.broker.resident_bytes() - before, 4 * MIB)


if __name__ == "__main__":
    fixture.main()
