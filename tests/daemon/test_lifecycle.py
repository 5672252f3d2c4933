#!/usr/bin/python3
"""test_lifecycle.py - over the real socket: every state that can be reached, and in it every event the table does not have, by both parties. Each
is refused with the state, what may be done, and whose turn it is, and changes nothing (L1, L5)."""
import json
import unittest
from datetime import datetime, timedelta, timezone

from google.protobuf import json_format

import fixture
import sheets
from foreign_client import Client, referral_pb2

DAY_MS = 86400 * 1000
START_MS = 1_780_000_000_000
TABLE = json.loads((fixture.HERE.parent / "data" / "lifecycle.json").read_text())
PERSON = {"name": "何医生", "phone": "022-29000003"}
OWN_COMMAND = ("submit", "return")  # by SUBMIT, never by EVENT
PLACES = ("waitlist", "displace")  # by the commands for places, never by EVENT
BOOKING = ("book", "move", "cancel-booking", "leave-list", "no-show") + PLACES
EVENTS = [name[len("EVENT_"):].lower().replace("_", "-") for name, number in referral_pb2.EventType.items() if number <= 27]
PARTIES = {"up": {"sender": "T07", "receiver": "H1"}, "down": {"sender": "H1", "receiver": "T07"}}


class Lifecycle(fixture.BrokerTest):
    broker_options = {"test_time_ms": START_MS}

    def setUp(self):
        server = self.broker.key_pair("server")[0]
        self.clients = {name: Client(self.broker.endpoint, server, self.broker.key_pair(name)) for name in ("T07", "H1", "H2", "C1")}
        self.operator = Client(self.broker.endpoint, server, self.broker.key_pair("operator"))

    def tearDown(self):
        for client in list(self.clients.values()) + [self.operator]:
            client.close()

    # -- how to get there ------------------------------------------------------------------------------------------------
    def fields(self, event, direction):
        place = {"class": "EXPERT", "start_ms": self.broker.clock_ms + DAY_MS, "department": "NK", "doctor": "何医生"}
        new_sheet = sheets.made(direction, {"past_history": "补充"} if direction == "up" else {"further_plan": "补充方案"})
        sheet = referral_pb2.Sheet()
        json_format.ParseDict(new_sheet, sheet)
        return {
            "acknowledge": {"person": PERSON}, "accept": {"person": PERSON}, "amend": {"sheet": sheet.SerializeToString()},
            "request-info": {"text": "请补充心电图"}, "supply-info": {"text": "心电图正常"},
            "reject": {"reason": "OUT_OF_SCOPE"}, "redirect": {"reason": "BETTER_PLACE", "receiver": "H2", "department": "NK"},
            "book": {"place": place}, "move": {"place": dict(place, start_ms=place["start_ms"] + 3600000)},
            "arrive": {"occurred_at_ms": self.broker.clock_ms}, "report": {"diagnoses": [{"text": "心绞痛"}], "treatment": "药物"},
            "close": {"close_code": "NO_FOLLOW_UP"}, "cancel": {"reason": "PATIENT_DECLINED"},
            "request-cancel": {"reason": "PATIENT_DECLINED"}, "answer-cancel": {"agreed": False}, "void": {"reason": "SENT_IN_ERROR"},
            "displace": {"reason": "NOT_AVAILABLE"}, "cancel-booking": {"reason": "PATIENT_DECLINED"},
        }.get(event, {})

    def act(self, direction, party, referral_id, event, client=None):
        client = client or self.clients[PARTIES[direction][party]]
        return client.event(referral_id, event.upper().replace("-", "_"), **self.fields(event, direction))

    def must(self, reply):
        self.assertEqual([], list(reply.refusals))
        return reply

    def reach(self, direction, state):
        """A referral in this state; its id."""
        sender = self.clients[PARTIES[direction]["sender"]]
        id_ = self.must(sender.submit(sheets.made(direction))).referral_id
        if state == "SUBMITTED":
            return id_
        way = {
            "INFO_REQUESTED": ["r request-info"], "ACCEPTED": ["r accept"], "WAITLISTED": ["r accept", "wait"], "BOOKED": ["r accept", "s book"],
            "NO_SHOW": ["r accept", "s book", "day", "r no-show"], "ARRIVED": ["r arrive"], "IN_CARE": ["r arrive", "r start"],
            "CANCEL_REQUESTED": ["r arrive", "s request-cancel"], "REPORTED": ["r arrive", "r report"],
            "RETURNED": ["r arrive", "r report", "return"], "CLOSED": ["r arrive", "r report", "s confirm-receipt"] if direction == "up"
            else ["r confirm-receipt"], "REJECTED": ["r reject"], "REDIRECTED": ["r redirect"], "CANCELLED": ["s cancel"],
            "EXPIRED": ["clock"], "VOID": ["s void"], "DELIVERED": ["r acknowledge"],
        }[state]
        for step in way:
            if step == "clock":
                self.broker.set_clock(self.broker.clock_ms + 15 * DAY_MS)
                fixture.until(lambda: self.state(id_) == "EXPIRED", "the referral to expire")
            elif step == "day":  # nobody came: the place begins in the course of it
                self.broker.set_clock(self.broker.clock_ms + DAY_MS)
                fixture.until(lambda: self.operator.query("GET_STATUS").now_ms >= self.broker.clock_ms, "the time to pass")
            elif step == "wait":
                day = datetime.fromtimestamp(self.broker.clock_ms / 1000, timezone(timedelta(hours=8))).strftime("%Y-%m-%d")
                self.must(self.clients["T07"].command("JOIN_LIST", {"class": "EXPERT", "department": "NK", "first_date": day, "last_date": day,
                                                                    "channel": "GENERAL", "referral_id": id_}))
            elif step == "return":
                down = sheets.made("down", {"parent_referral_id": id_})
                self.must(self.clients["H1"].submit(down))
            else:
                self.must(self.act(direction, {"r": "receiver", "s": "sender"}[step[0]], id_, step[2:]))
        return id_

    def state(self, id_):
        return referral_pb2.State.Name(self.operator.query("GET_REFERRAL", referral_id=id_).summary.state)

    # -- what must not be ------------------------------------------------------------------------------------------------
    def check(self, direction, state, party, id_, event, legal):
        reply = self.act(direction, party, id_, event)
        place = "%s %s %s by the %s" % (direction, state, event, party)
        self.assertEqual(1, len(reply.refusals), place)
        refusal = reply.refusals[0]
        if event in OWN_COMMAND or (direction == "down" and event in BOOKING) or event in PLACES:
            return  # another refusal comes first: not an EVENT, never booked (L5), a command for places (Q)
        self.assertEqual("NOT_NOW", refusal.code, place)
        self.assertEqual("L1", refusal.rule, place)
        self.assertEqual(state, referral_pb2.State.Name(refusal.state), place)
        allowed = {referral_pb2.EventType.Name(e)[len("EVENT_"):].lower().replace("_", "-") for e in refusal.allowed_events}
        self.assertEqual(set(legal), allowed, place)
        self.assertTrue(refusal.next_actor, place)

    def walk(self, direction):
        tried = 0
        for state, parties in TABLE[direction].items():
            id_ = self.reach(direction, state)
            self.assertEqual(state, self.state(id_), "%s: the way there" % state)
            for party, legal in parties.items():
                for event in EVENTS:
                    if event not in legal:
                        self.check(direction, state, party, id_, event, legal)
                        tried += 1
            self.assertEqual(state, self.state(id_), "%s: nothing changed" % state)
        print("%s: %d illegal events tried" % (direction, tried))

    def test_l1_every_illegal_event_from_every_state_of_an_up_referral(self):
        self.walk("up")

    def test_l5_every_illegal_event_from_every_state_of_a_down_referral(self):
        self.walk("down")


if __name__ == "__main__":
    fixture.main()
