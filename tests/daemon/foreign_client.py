"""foreign_client.py - a client in another language, written from proto/README.md and the .proto files alone: python3-zmq and python3-protobuf.

It blocks, belongs to one thread, and is meant to be read: what a hospital's own client needs is here, and little else.

    client = Client("tcp://10.1.2.3:5570", server_public, (public, secret))     # raw keys of 32 bytes
    reply = client.submit({"direction": "UP", "sender": "T07", ...})            # a dictionary, or a referral_pb2.Sheet
    for refusal in reply.refusals: print(refusal.code, refusal.field, refusal.text_zh)
    client.credit(10)
    delivery = client.receive(timeout_s=30)
    client.ack(delivery)
"""
import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq
from zmq.utils import z85

PROTO = Path(__file__).resolve().parent.parent.parent / "proto"
MODULES = ("referral", "wire", "registry", "query", "place")


def generate():
    """Our .proto files as Python modules, fresh from protoc, in a folder that goes when the program ends."""
    folder = tempfile.mkdtemp(prefix="referral-pb2.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["protoc", "-I", PROTO, "--python_out", folder] + [m + ".proto" for m in MODULES], check=True)
    sys.path.insert(0, folder)
    return [importlib.import_module(m + "_pb2") for m in MODULES]


referral_pb2, wire_pb2, registry_pb2, query_pb2, place_pb2 = generate()
Kind = wire_pb2.Kind

VERSION = 1
FRAME_BYTES_MAX = 1048576 + 65536
ENVELOPES_MAX = 64

# wire.proto says beside each kind what its body is, and for queries what comes back.
BODIES = {
    "SUBMIT": referral_pb2.Sheet, "EVENT": referral_pb2.Event, "PUT_INSTITUTION": registry_pb2.Institution,
    "PUT_CONTACT": registry_pb2.PutContact, "PUT_RELATION": registry_pb2.Relation, "DELETE_RELATION": registry_pb2.Relation,
    "PUT_DELEGATION": registry_pb2.Delegation, "DELETE_DELEGATION": registry_pb2.Delegation, "PUT_TEAM": registry_pb2.Team,
    "ADD_KEY": registry_pb2.AccessKey, "REVOKE_KEY": registry_pb2.RevokeKey, "PUT_SETTING": registry_pb2.Setting,
    "PUT_CALENDAR_DAY": registry_pb2.CalendarDay, "PAUSE": registry_pb2.Destination, "RESUME": registry_pb2.Destination,
    "REPLAY_DEAD": registry_pb2.DeadLetters, "DROP_DEAD": registry_pb2.DeadLetters, "SHOW_PAYLOAD": registry_pb2.ShowPayload,
    "RELEASE_COMMAND": registry_pb2.ReleaseCommand,
    "CONFIRM_TIME": registry_pb2.ConfirmTime, "HOLD_REFERRAL": registry_pb2.LegalHold, "RELEASE_REFERRAL": registry_pb2.LegalHold,
    "DRAIN": registry_pb2.Drain, "FIND_PATIENT": registry_pb2.FindPatient, "FIND_MESSAGE": query_pb2.MessageQuery,
    "GET_REFERRAL": query_pb2.ReferralQuery, "LIST_REFERRALS": query_pb2.ReferralsQuery, "GET_JOURNEY": query_pb2.ReferralQuery,
    "WHY": query_pb2.ReferralQuery, "LIST_INBOX": query_pb2.InboxQuery, "LIST_DEAD": query_pb2.InboxQuery,
    "LIST_AUDIT": query_pb2.AuditQuery,
    "PUT_POOL": place_pb2.Pool, "CUT_UNITS": place_pb2.PoolChange, "CANCEL_POOL": place_pb2.PoolChange,
    "BLOCK_UNITS": place_pb2.PoolChange, "UNBLOCK_UNITS": place_pb2.PoolChange, "PUT_GROUP": place_pb2.PoolGroup,
    "PUT_TIMETABLE": place_pb2.Timetable, "DELETE_TIMETABLE": place_pb2.Timetable,
    "HOLD_PLACE": place_pb2.TakePlace, "BOOK_PLACE": place_pb2.TakePlace, "CONFIRM_PLACE": place_pb2.PlaceChange,
    "CANCEL_PLACE": place_pb2.PlaceChange, "MOVE_PLACE": place_pb2.MovePlace, "DISPLACE_PLACE": place_pb2.PlaceChange,
    "MARK_PLACE": place_pb2.PlaceChange, "JOIN_LIST": place_pb2.JoinList, "LEAVE_LIST": place_pb2.LeaveList,
    "SEARCH_PLACES": place_pb2.PlaceQuery, "LIST_POOLS": place_pb2.PoolQuery, "LIST_BOOKINGS": place_pb2.BookingQuery,
    "LIST_WAITING": place_pb2.WaitQuery, "LIST_LEDGER": place_pb2.LedgerQuery, "GET_SERVICE_FACTS": place_pb2.ServiceQuery,
    "LIST_ALARMS": query_pb2.AlarmQuery,
    # the other queries: PageQuery
}
RESULTS = {
    "SHOW_PAYLOAD": registry_pb2.Payload, "FIND_PATIENT": query_pb2.PatientReferrals,
    "LIST_SESSIONS": query_pb2.SessionList, "LIST_WAITERS": query_pb2.WaiterList, "FIND_MESSAGE": query_pb2.MessageView,
    "GET_REFERRAL": query_pb2.ReferralView, "LIST_REFERRALS": query_pb2.ReferralList, "GET_JOURNEY": query_pb2.ReferralList,
    "WHY": query_pb2.WhyView, "LIST_INBOX": query_pb2.InboxList, "LIST_DEAD": query_pb2.DeadList,
    "LIST_INSTITUTIONS": query_pb2.InstitutionList, "LIST_RELATIONS": query_pb2.RelationList,
    "LIST_DELEGATIONS": query_pb2.DelegationList, "LIST_TEAMS": query_pb2.TeamList, "LIST_KEYS": query_pb2.KeyList,
    "LIST_SETTINGS": query_pb2.SettingList, "LIST_CALENDAR": query_pb2.CalendarList, "LIST_AUDIT": query_pb2.AuditList,
    "LIST_ALARMS": query_pb2.AlarmList, "LIST_QUARANTINE": query_pb2.QuarantineList, "GET_STATUS": query_pb2.StatusView,
    "SEARCH_PLACES": place_pb2.PlaceList, "LIST_POOLS": place_pb2.PoolList, "LIST_BOOKINGS": place_pb2.BookingList,
    "LIST_WAITING": place_pb2.WaitList, "LIST_TIMETABLES": place_pb2.TimetableList, "LIST_LEDGER": place_pb2.LedgerPages,
    "GET_SERVICE_FACTS": place_pb2.ServiceFacts,
}


def fill(message, fields):
    """A message from a dictionary: enum values by name, bytes as hex digits or bytes, the rest as it is."""
    for name, value in fields.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        is_list = field.label == field.LABEL_REPEATED
        for one in value if is_list else [value]:
            if field.message_type:
                target = getattr(message, name)
                fill(target.add() if is_list else target, one)
                if not is_list:
                    target.SetInParent()
                continue
            if field.enum_type and isinstance(one, str):
                one = field.enum_type.values_by_name[one].number
            elif field.type == field.TYPE_BYTES and isinstance(one, str):
                one = bytes.fromhex(one)
            if is_list:
                getattr(message, name).append(one)
            else:
                setattr(message, name, one)
    return message


def body_of(kind, fields):
    """The body of a kind, from a dictionary or already a message."""
    return fill(BODIES.get(kind, query_pb2.PageQuery)(), fields) if isinstance(fields, dict) else fields


def changes(kind):
    """Is it a command, which needs a message id, and not a query?"""
    number = Kind.Value(kind) if isinstance(kind, str) else 0
    return 20 <= number < 60 or 100 <= number < 130


def message_id():
    """A ULID: 48 bits of time, 80 of chance, in Crockford's base 32."""
    number = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> 5 * i & 31] for i in reversed(range(26)))


class Refused(Exception):
    """A query was refused; `reply` says why."""

    def __init__(self, reply):
        super().__init__(", ".join("%s %s" % (r.code, r.field) for r in reply.refusals))
        self.reply = reply


class OtherStore(Exception):
    """A command was unanswered when the broker came back with another or a restored store: whether it was done, look yourself."""


class Client:
    def __init__(self, endpoint, server_public, key_pair, name="foreign client", language="zh", patience_s=30, hello=True):
        self.name, self.language, self.patience_s = name, language, patience_s
        self.welcome = None
        self.session = 0
        self.last_request = 0
        self.replies = {}       # request number -> Reply
        self.deliveries = []    # arrived, not yet received by the program
        self.last_goodbye = None
        self.granted = 0        # credit the program wants to have, granted anew in each session
        self.in_hand = set()    # delivery ids of this session that are neither acknowledged nor refused
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in (("linger", 0), ("handshake_ivl", 10000), ("reconnect_ivl", 100), ("reconnect_ivl_max", 5000),
                              ("maxmsgsize", FRAME_BYTES_MAX + 33), ("ipv6", 1),
                              ("curve_serverkey", z85.encode(server_public)), ("curve_publickey", z85.encode(key_pair[0])),
                              ("curve_secretkey", z85.encode(key_pair[1]))):
            setattr(self.socket, option, value)
        self.socket.connect(endpoint)
        if hello:
            self.hello()

    def close(self):
        self.socket.close()

    # -- frames and envelopes ------------------------------------------------------------------------------------------------
    def envelope(self, kind, body=b"", **fields):
        """A serialised Envelope. `kind` is a name, or a number that no kind has."""
        tail = b""
        envelope = wire_pb2.Envelope(version=fields.pop("version", VERSION), **fields)
        if isinstance(kind, int):
            tail = b"\x10" + (bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7]))
        else:
            envelope.kind = Kind.Value(kind)
        if body:
            envelope.body = body
        return envelope.SerializeToString() + tail

    def send_frame(self, *envelopes, session=None):
        session = self.session if session is None else session
        frame = wire_pb2.Frame(envelopes=envelopes)
        if session:
            frame.session = session
        self.send_bytes(frame.SerializeToString())

    def send_bytes(self, data):
        """Whatever it is, as one ZeroMQ message of one part."""
        self.socket.send(data)

    def hear(self, timeout_s):
        """Waits for one frame and acts on what it holds. False: none came."""
        if not self.socket.poll(max(0, int(timeout_s * 1000))):
            return False
        frame = wire_pb2.Frame.FromString(self.socket.recv())
        for data in frame.envelopes:
            envelope = wire_pb2.Envelope.FromString(data)
            handler = getattr(self, "hear_" + Kind.Name(envelope.kind).lower(), None)
            if handler:
                handler(envelope.body, frame.session)
        return True

    def hear_welcome(self, body, _):
        self.welcome = wire_pb2.Welcome.FromString(body)
        self.session = self.welcome.session
        self.last_goodbye = None
        self.deliveries.clear()  # those of an earlier session come again
        self.in_hand.clear()
        if self.granted:
            self.send_frame(self.envelope("CREDIT", wire_pb2.Credit(add=self.granted).SerializeToString()))

    def hear_no_session(self, _, __):
        self.session = 0

    def hear_ping(self, _, __):
        self.send_frame(self.envelope("PONG"))

    def hear_goodbye(self, body, _):
        self.last_goodbye = wire_pb2.Goodbye.FromString(body)
        self.session = 0

    def hear_reply(self, body, _):
        reply = wire_pb2.Reply.FromString(body)
        self.replies[reply.request] = reply

    def hear_delivery(self, body, session):
        if session in (0, self.session):
            self.deliveries.append(wire_pb2.Delivery.FromString(body))
            self.in_hand.add(self.deliveries[-1].delivery_id)

    def wait(self, condition, timeout_s=None):
        """Hears frames until `condition()`; its value, or None when the time is up. Pings an idle broker, and greets one that has
        forgotten the session."""
        now = time.monotonic()
        end, pinged, greeted = now + (self.patience_s if timeout_s is None else timeout_s), now, now
        while not condition():
            now = time.monotonic()
            if now >= end:
                return None
            if not self.session and self.welcome and now >= greeted:
                self.say_hello()
                greeted = now + 1
            if self.session and now >= pinged + self.welcome.ping_interval_ms / 1000:
                self.send_frame(self.envelope("PING"))
                pinged = now
            self.hear(min(end - now, 0.5))
        return condition()

    # -- session -----------------------------------------------------------------------------------------------------------------
    def say_hello(self):
        hello = wire_pb2.Hello(client_name=self.name, client_version="1", language=self.language)
        self.send_frame(self.envelope("HELLO", hello.SerializeToString()), session=0)

    def hello(self):
        """A new session; its WELCOME."""
        self.session = 0
        self.say_hello()
        if not self.wait(lambda: self.session):
            raise TimeoutError("no WELCOME")
        return self.welcome

    def goodbye(self):
        """The GOODBYE the broker said, or None."""
        while self.hear(0):
            pass
        return self.last_goodbye

    # -- requests ----------------------------------------------------------------------------------------------------------------
    def next_request(self):
        self.last_request += 1
        return self.last_request

    def ask(self, kind, body=b"", /, **fields):
        """The serialised envelope of a request, and its number. Commands get a message id unless one is given."""
        number = fields.setdefault("request", self.next_request())
        if changes(kind) and "message_id" not in fields:
            fields["message_id"] = message_id()
        kind = fields.pop("kind", kind)
        return self.envelope(kind, body, **fields), number

    def request(self, kind, body=b"", /, **fields):
        """One request, and its Reply. `body` is bytes; `fields` go into the Envelope (message_id, acting_for, version, kind).
        What is not answered before the session ends is sent again in the next one, byte for byte: queries always, commands to the same
        store and incarnation only. BUSY, DRAINING and FAILED are asked again too."""
        data, number = self.ask(kind, body, **fields)
        store = (self.welcome.store_id, self.welcome.incarnation)
        is_command = changes(kind)
        end = time.monotonic() + self.patience_s
        while time.monotonic() < end:
            if not self.wait(lambda: self.session, end - time.monotonic()):
                break
            if is_command and store != (self.welcome.store_id, self.welcome.incarnation):
                raise OtherStore
            session = self.session
            self.replies.pop(0, None)
            self.send_frame(data)
            self.wait(lambda: number in self.replies or 0 in self.replies or self.session != session, end - time.monotonic())
            reply = self.replies.pop(number, None) or self.replies.pop(0, None)  # 0: the broker could not read the number
            if reply is None:
                continue
            if len(reply.refusals) == 1 and reply.refusals[0].code in ("BUSY", "DRAINING", "FAILED"):
                self.wait(lambda: False, min(end - time.monotonic(), reply.refusals[0].retry_after_ms / 1000))
                continue
            return reply
        raise TimeoutError("no answer to %s" % kind)

    def command(self, kind, fields, **envelope):
        return self.request(kind, body_of(kind, fields).SerializeToString(), **envelope)

    def submit(self, sheet, **envelope):
        """`sheet`: a dictionary, a Sheet, or its bytes."""
        return self.request("SUBMIT", sheet if isinstance(sheet, bytes) else body_of("SUBMIT", sheet).SerializeToString(), **envelope)

    def event(self, referral_id, type_, envelope=None, **fields):
        """event(id, "ACCEPT", person={"name": "何医生"})"""
        return self.command("EVENT", dict(fields, referral_id=referral_id, type="EVENT_" + type_), **(envelope or {}))

    def query(self, kind, **fields):
        """The result of a query, as its message; raises Refused."""
        reply = self.command(kind, fields)
        if reply.refusals:
            raise Refused(reply)
        return RESULTS[kind].FromString(reply.result)

    # -- deliveries --------------------------------------------------------------------------------------------------------------
    def credit(self, add):
        self.granted += add
        self.send_frame(self.envelope("CREDIT", wire_pb2.Credit(add=add).SerializeToString()))

    def receive(self, timeout_s=None):
        """The next Delivery, or None."""
        return self.deliveries.pop(0) if self.wait(lambda: self.deliveries, timeout_s) else None

    def give_back(self, delivery_ids):
        """Credit comes back once for each message of this session."""
        known = self.in_hand.intersection(delivery_ids)
        self.in_hand -= known
        return [self.envelope("CREDIT", wire_pb2.Credit(add=len(known)).SerializeToString())] if known else []

    def ack(self, *deliveries):
        ids = [d.delivery_id for d in deliveries]
        ack = self.envelope("ACK", wire_pb2.Ack(delivery_ids=ids).SerializeToString())
        self.send_frame(ack, *self.give_back(ids))

    def nack(self, delivery, code="NACK_RETRY", text=""):
        nack = wire_pb2.Nack(delivery_id=delivery.delivery_id, code=wire_pb2.NackCode.Value(code), text=text)
        self.send_frame(self.envelope("NACK", nack.SerializeToString()), *self.give_back([delivery.delivery_id]))


def opened(delivery):
    """What a delivery carries: a Sheet or a Notice."""
    return (referral_pb2.Sheet if delivery.kind == wire_pb2.SHEET else referral_pb2.Notice).FromString(delivery.body)
