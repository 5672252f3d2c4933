#!/usr/bin/python3
"""test_privacy.py - P2: what is not yours and what does not exist answer alike, byte for byte, for every command and query; observers see counts and
no single referral; nobody sees another's inbox, references or numbers."""
import fixture
import sheets
from foreign_client import BODIES, Kind, message_id, referral_pb2
from party import PartyTest, codes

PERSON = {"name": "何医生", "phone": "022-29000003"}
EVENT_FIELDS = {
    "ACKNOWLEDGE": {"person": PERSON}, "ACCEPT": {"person": PERSON}, "REQUEST_INFO": {"text": "?"}, "SUPPLY_INFO": {"text": "!"},
    "REJECT": {"reason": "OUT_OF_SCOPE"}, "REDIRECT": {"reason": "BETTER_PLACE", "receiver": "H2", "department": "NK"},
    "BOOK": {"place": {"class": "EXPERT", "start_ms": 1 << 41, "department": "NK", "doctor": "何"}}, "ARRIVE": {"occurred_at_ms": 1},
    "REPORT": {"diagnoses": [{"text": "t"}], "treatment": "t"}, "CLOSE": {"close_code": "DIED"}, "CANCEL": {"reason": "DUPLICATE"},
    "REQUEST_CANCEL": {"reason": "DUPLICATE"}, "ANSWER_CANCEL": {"agreed": True}, "VOID": {"reason": "SENT_IN_ERROR"},
}
QUERIES = ["GET_REFERRAL", "WHY", "GET_JOURNEY"]
LISTS = ["LIST_REFERRALS", "LIST_INBOX", "LIST_DEAD", "LIST_INSTITUTIONS", "LIST_RELATIONS", "LIST_DELEGATIONS", "LIST_TEAMS", "LIST_KEYS",
         "LIST_SETTINGS", "LIST_CALENDAR", "LIST_AUDIT", "LIST_ALARMS", "GET_STATUS", "LIST_SESSIONS", "LIST_WAITERS"]


class Privacy(PartyTest):
    def setUp(self):
        super().setUp()
        self.operator, self.centre, self.hospital = self.party("OPS"), self.party("T07"), self.party("H1", credit=50)
        self.up = self.accepted(self.centre.submit(sheets.made("up"))).referral_id
        self.absent = self.up[:-1] + ("2" if self.up[-1] != "2" else "3")
        self.refused(self.operator.command("GET_REFERRAL", {"referral_id": self.absent}), "NOT_FOUND")

    def answer(self, client, kind, fields):
        """The reply's bytes but for what the request itself gave."""
        reply = client.command(kind, fields)
        reply.ClearField("request")
        return reply

    def assert_alike(self, client, kind, theirs, absent):
        """About what is another's, and about what is not there."""
        first, second = self.answer(client, kind, theirs), self.answer(client, kind, absent)
        self.assertEqual(first.SerializeToString(), second.SerializeToString(), "%s by %s:\n%s%s" % (
            kind, client.welcome.institution, first, second))
        return first

    def outsiders(self):
        return [self.party(who) for who in ("T08", "H2", "C1", "OBS")]

    def test_p2_a_referral(self):
        before = self.operator.query("GET_REFERRAL", referral_id=self.up)
        for client in self.outsiders():
            for kind in QUERIES + ["SHOW_PAYLOAD"]:
                reply = self.assert_alike(client, kind, {"referral_id": self.up}, {"referral_id": self.absent})
                self.assertIn(codes(reply), (["NOT_FOUND"], ["NOT_ALLOWED"]))
            self.assert_alike(client, "SHOW_PAYLOAD", {"referral_id": self.up, "sheet_version": 7, "reason": "r"},
                              {"referral_id": self.absent, "sheet_version": 7, "reason": "r"})
            for name, number in referral_pb2.EventType.items():
                if number > 27:
                    continue
                event = name[len("EVENT_"):]
                for fields in (EVENT_FIELDS.get(event, {}), {}, {"text": "x", "agreed": True, "sheet": b"\xff"}):
                    reply = self.assert_alike(client, "EVENT", dict(fields, referral_id=self.up, type=name),
                                              dict(fields, referral_id=self.absent, type=name))
                    self.assertTrue(reply.refusals)
        after = self.operator.query("GET_REFERRAL", referral_id=self.up)
        self.assertEqual(before.summary, after.summary)
        self.assertEqual(before.timeline, after.timeline)

    def test_p2_a_parent_a_journey_and_a_team(self):
        for who, base in (("T08", "up"), ("H2", "down"), ("C1", "down")):
            client = self.party(who)
            for path in ("parent_referral_id", "journey_id"):
                sheet = {"sender": who, "receiver": "H1" if base == "up" else "T07"}
                self.assert_alike(client, "SUBMIT", sheets.made(base, dict(sheet, **{path: self.up})),
                                  sheets.made(base, dict(sheet, **{path: self.absent})))
        client = self.party("T08")
        self.assert_alike(client, "SUBMIT", sheets.made("up", {"sender": "T08", "team_id": "TEAM1"}),
                          sheets.made("up", {"sender": "T08", "team_id": "NO-TEAM"}))

    def test_p2_a_message_id_and_a_reference(self):
        key = message_id()
        self.accepted(self.centre.submit(sheets.made("up", {"sender_reference": "REF-77"}), message_id=key))
        for client in self.outsiders() + [self.hospital]:
            for kind in QUERIES:
                self.assert_alike(client, kind, {"message_id": key}, {"message_id": message_id()})
                self.assert_alike(client, kind, {"sender_reference": "REF-77"}, {"sender_reference": "REF-78"})

    def test_p2_an_institution_and_what_belongs_to_it(self):
        bodies = {
            "PUT_INSTITUTION": lambda i: {"id": i, "name": "x", "kind": "HOSPITAL", "tier": "COUNTY"},
            "PUT_CONTACT": lambda i: {"institution": i, "direction": "UP", "contact": PERSON},
            "PUT_RELATION": lambda i: {"from": i, "to": "T08"}, "DELETE_RELATION": lambda i: {"from": i, "to": "C1"},
            "PUT_DELEGATION": lambda i: {"agent": "T08", "principal": i}, "DELETE_DELEGATION": lambda i: {"agent": "T07", "principal": i},
            "PUT_TEAM": lambda i: {"id": "TX", "institution": i, "name": "x", "members": [PERSON], "active_from": "2020-01-01"},
            "ADD_KEY": lambda i: {"public_key": b"\7" * 32, "institution": i, "roles": ["REFER"]},
            "PUT_SETTING": lambda i: {"name": "ack_timeout_ms", "institution": i, "value": "1000"},
            "PAUSE": lambda i: {"institution": i, "reason": "x"}, "RESUME": lambda i: {"institution": i},
            "REPLAY_DEAD": lambda i: {"institution": i, "all": True}, "DROP_DEAD": lambda i: {"institution": i, "all": True, "reason": "x"},
            "LIST_REFERRALS": lambda i: {"institution": i}, "LIST_INBOX": lambda i: {"institution": i}, "LIST_DEAD": lambda i: {"institution": i},
            "LIST_RELATIONS": lambda i: {"institution": i}, "LIST_DELEGATIONS": lambda i: {"institution": i},
            "LIST_TEAMS": lambda i: {"institution": i}, "LIST_KEYS": lambda i: {"institution": i}, "LIST_ALARMS": lambda i: {"institution": i},
        }
        before = self.books(self.operator)
        for who in ("T08", "H2"):
            client = self.party(who)
            for kind, body in bodies.items():
                for theirs in ("H1", "V1", "OPS"):
                    if (who, kind, theirs) != ("H2", "LIST_RELATIONS", "H1"):  # the one between the two of them
                        self.assert_alike(client, kind, body(theirs), body("NOBODY"))
            # The status tells the time and the numbers of the asker's own inbox.
            self.assertEqual([["NOT_FOUND"]] * 2, [codes(client.command("GET_STATUS", {"institution": i})) for i in ("H1", "NOBODY")])
        self.assertEqual({b: before[b] for b in before if b != "T07"}, {b: v for b, v in self.books(self.operator).items() if b != "T07"})

    def test_p2_acting_for_another(self):
        client = self.party("T08")
        for kind, fields in (("GET_REFERRAL", {"referral_id": self.up}), ("LIST_INBOX", {}), ("SUBMIT", sheets.made("up"))):
            replies = []
            for other in ("T07", "V1", "NOBODY", "no such id!"):
                reply = client.command(kind, fields, acting_for=other)
                self.refused(reply, "WRONG_SENDER")
                reply.ClearField("request")
                replies.append(reply.SerializeToString())
            self.assertEqual(1, len(set(replies)), kind)

    def test_p2_a_dead_letter(self):
        receiver = self.party("H2", credit=1)
        id_ = self.accepted(self.centre.submit(sheets.made("up", {"receiver": "H2"}))).referral_id
        delivery = receiver.receive()
        self.assertEqual(id_, delivery.referral_id)
        receiver.nack(delivery, "NACK_UNREADABLE")
        fixture.until(lambda: self.books(self.operator)["H2"][3] == 1, "the dead letter")
        dead = delivery.delivery_id
        absent = dead[:-1] + bytes([dead[-1] ^ 1])
        for who in ("T07", "T08", "H1", "C1", "OBS"):
            self.assert_alike(self.party(who), "SHOW_PAYLOAD", {"dead_delivery_id": dead}, {"dead_delivery_id": absent})
        self.accepted(receiver.command("SHOW_PAYLOAD", {"dead_delivery_id": dead}))

    def test_p2_observers_see_counts_and_no_referral(self):
        observer = self.party("OBS")
        for kind in set(BODIES) - {"LIST_ALARMS", "LIST_POOLS", "LIST_LEDGER", "GET_SERVICE_FACTS"}:  # test_reports looks into these
            self.refused(observer.command(kind, {}), "NOT_ALLOWED")
        self.refused(observer.command("LIST_KEYS", {}), "NOT_ALLOWED")
        known = (self.up.encode(), sheets.UP["sender_reference"].encode())
        for kind in LISTS:
            reply = observer.command(kind, {"rows": 200})
            for one in known:
                self.assertNotIn(one, reply.SerializeToString(), kind)
        self.assertGreater(observer.query("GET_STATUS", rows=200).referrals, 0)

    def test_p2_an_institution_is_told_of_its_own_inbox_and_not_how_busy_others_are(self):
        status = self.party("T08").query("GET_STATUS", rows=200)
        self.assertEqual(["T08"], [b.institution for b in status.inboxes])
        for name in ("referrals", "sessions", "commands", "refused", "turns", "store_used_bytes"):
            self.assertFalse(status.HasField(name), name)
        self.assertTrue(status.now_ms and status.store_id)

    def test_p2_a_delegate_sees_what_its_principal_does_and_no_longer_when_it_ends(self):
        id_ = self.accepted(self.party("V1").submit(sheets.made("up", {"sender": "V1"}))).referral_id
        self.assertEqual(id_, self.centre.query("GET_REFERRAL", referral_id=id_).summary.referral_id)
        delegation = {"agent": "T07", "principal": "V1"}
        self.accepted(self.operator.command("DELETE_DELEGATION", delegation))
        self.assert_alike(self.centre, "GET_REFERRAL", {"referral_id": id_}, {"referral_id": self.absent})
        self.accepted(self.operator.command("PUT_DELEGATION", delegation))

    def test_p2_operators_need_a_reason_for_a_payload_and_leave_a_trace(self):
        self.refused(self.operator.command("SHOW_PAYLOAD", {"referral_id": self.up}), "MISSING")
        self.refused(self.operator.command("SHOW_PAYLOAD", {"referral_id": self.up, "reason": " \u3000"}), "MISSING")
        self.accepted(self.operator.command("SHOW_PAYLOAD", {"referral_id": self.up, "reason": "投诉核查"}))
        shown = [e for e in self.centre.query("GET_REFERRAL", referral_id=self.up).timeline if e.event == referral_pb2.EVENT_PAYLOAD_SHOWN]
        self.assertEqual(["operator"], [e.by for e in shown])
        rows, index = [], 1
        while index:
            page = self.operator.query("LIST_AUDIT", from_index=index, rows=200)
            rows += page.rows
            index = page.next_index
        looks = [r for r in rows if r.kind == Kind.Value("SHOW_PAYLOAD") and r.subject == self.up]
        self.assertEqual([("OPS", "投诉核查")], [(r.institution, r.reason) for r in looks if not r.code])


class RefusalSummaries(PartyTest):
    broker_options = {"test_time_ms": 1_780_000_000_000}

    def audit(self, operator, from_index):
        rows, index = [], from_index
        while index:
            page = operator.query("LIST_AUDIT", from_index=index, rows=200)
            rows += page.rows
            index = page.next_index
        return [(r.institution, r.code, r.count) for r in rows if r.code]

    def test_p3_the_first_refusal_of_a_key_and_code_at_once_and_the_rest_of_the_minute_as_one(self):
        operator, centre, hospital = self.party("OPS"), self.party("T07"), self.party("H1")
        begin = operator.query("GET_STATUS").index + 1
        for _ in range(50):
            self.refused(centre.submit(sheets.made("up", {"patient.phone": "1"})), "BAD_PHONE")
        for _ in range(7):
            self.refused(centre.submit(sheets.made("up", {"receiver": "NOBODY"})), "UNKNOWN_RECEIVER")
        self.refused(hospital.event("bd-aaaaaa-1-1", "START"), "NOT_FOUND")
        first = [("T07", "BAD_PHONE", 0), ("T07", "UNKNOWN_RECEIVER", 0), ("H1", "NOT_FOUND", 0)]
        self.assertEqual(first, self.audit(operator, begin))
        self.broker.set_clock(self.broker.clock_ms + 60000 - 1)
        self.refused(centre.submit(sheets.made("up", {"patient.phone": "1"})), "BAD_PHONE")
        self.assertEqual(first, self.audit(operator, begin), "the minute has not ended")
        self.broker.set_clock(self.broker.clock_ms + 1)
        expected = first + [("T07", "BAD_PHONE", 50), ("T07", "UNKNOWN_RECEIVER", 6)]
        fixture.until(lambda: len(self.audit(operator, begin)) == len(expected), "the summaries")
        self.assertEqual(expected, self.audit(operator, begin))
        self.refused(centre.submit(sheets.made("up", {"patient.phone": "1"})), "BAD_PHONE")
        self.assertEqual(expected + [("T07", "BAD_PHONE", 0)], self.audit(operator, begin), "a new minute begins with a row")
        self.check_store()

    def test_p3_what_never_became_a_command_is_counted_and_no_row(self):
        operator, centre = self.party("OPS"), self.party("T07")
        before = operator.query("GET_STATUS")
        for data in (b"\xff", centre.envelope("SUBMIT", b"", version=9, request=1), centre.envelope(250, b"", request=1)):
            centre.send_frame(data)
            self.assertTrue(centre.wait(lambda: centre.replies))
            centre.replies.clear()
        centre.send_bytes(b"\xff\xff")
        self.assertTrue(centre.wait(lambda: centre.replies))
        self.refused(centre.command("GET_REFERRAL", {"referral_id": "bd-aaaaaa-1-1"}), "NOT_FOUND")
        after = operator.query("GET_STATUS")
        self.assertEqual(before.index, after.index, "no turn, no row")
        self.assertEqual(before.dropped_frames + 4, after.dropped_frames)


if __name__ == "__main__":
    fixture.main()
