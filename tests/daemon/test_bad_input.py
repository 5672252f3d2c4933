#!/usr/bin/python3
"""test_bad_input.py - every row of tests/data/bad_input over the real socket: exactly the named refusals, both texts, nothing changed but the
audit, no patient data echoed, and the broker serves on (F2, P1, P4).
"""
import json
import unittest

import fixture
import places
import sheets
import stage
from foreign_client import Client, body_of

SECRETS = ("测试患者", sheets.UP["patient"]["id_value"], "活动后胸闷", "T07-2026", "HIS-", "DROP TABLE")  # patients', and partners' own
ROWS = sorted((fixture.HERE.parent / "data" / "bad_input").glob("*.jsonl"))


def rows():
    for path in ROWS:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip():
                yield "%s:%d" % (path.name, number), json.loads(line)


class BadInput(fixture.BrokerTest):
    broker_options = {"test_time_ms": stage.START_MS}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {}
        cls.stage = stage.Stage(cls.broker, cls.client)

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients.values():
            client.close()
        super().tearDownClass()

    @classmethod
    def client(cls, name):
        if name not in cls.clients:
            key = "operator" if name == "OPS" else name
            cls.clients[name] = Client(cls.broker.endpoint, cls.broker.key_pair("server")[0], cls.broker.key_pair(key))
        return cls.clients[name]

    def body(self, row):
        """(kind, serialised body)"""
        if "base" not in row:
            if "raw_hex" in row:
                return row["kind"], bytes.fromhex(row["raw_hex"])
            return row["kind"], body_of(row["kind"], self.stage.filled(row["body"])).SerializeToString() + bytes.fromhex(row.get("append_hex", ""))
        sheet = sheets.made(row["base"], row.get("set"), row.get("drop", ()))
        if "repeat" in row:
            path, text, count = row["repeat"]
            sheets.put(sheet, path, text * count)
        placeholder = "~~raw~~"
        if "hex" in row:
            sheets.put(sheet, row["hex"][0], placeholder)
        message = body_of("SUBMIT", sheet)
        data = message.SerializeToString()
        if "hex" in row:  # same length field: swap the placeholder for the raw bytes, padded with spaces
            raw = bytes.fromhex(row["hex"][1]).ljust(len(placeholder), b" ")
            data = data.replace(placeholder.encode(), raw)
        for path, number in row.get("enum", {}).items():
            data += enum_bytes(message, path, number)
        return "SUBMIT", data

    def books(self):
        """Q13: a refusal is a row of the ledger, and changes no pool."""
        status = self.client("OPS").query("GET_STATUS")
        days = {"first_date": places.day_of(stage.START_MS), "last_date": places.day_of(stage.START_MS, 12)}
        pools = [self.client("OPS").query("LIST_POOLS", hospital=hospital, **days).SerializeToString() for hospital in ("H1", "C1")]
        return status.referrals, [(b.institution, b.accepted, b.waiting, b.dead) for b in status.inboxes], pools

    def check(self, row):
        kind, body = self.body(row)
        by = row.get("by") or {"down": "H1", "emergency": "E120"}.get(row.get("base"), "T07")
        before = self.books()
        reply = self.client(by).request(kind, body, **row.get("envelope", {}))
        got = sorted([r.code, r.field] for r in reply.refusals)
        self.assertEqual(sorted(row["expect"]), got)
        for refusal in reply.refusals:
            self.assertTrue(refusal.text_zh and refusal.text_en and refusal.rule, "P4: code, rule, both texts")
            for text in SECRETS:
                self.assertNotIn(text, refusal.text_zh + refusal.text_en + refusal.field, "P1")
        self.assertEqual(before, self.books(), "a refused command changes nothing")

    def test_each_row_gets_its_named_refusals(self):
        failed = []
        for place, row in rows():
            try:
                self.check(row)
            except AssertionError as fault:
                failed.append("%s %s\n    %s" % (place, row["name"], str(fault).splitlines()[0]))
        self.assertEqual([], failed, "\n" + "\n".join(failed))
        self.assertIsNone(self.broker.process.poll())
        self.assertFalse(self.client("T07").submit(sheets.made("up")).refusals)
        log = self.broker.log_text()
        for text in SECRETS:
            self.assertNotIn(text, log, "P1: no patient data in the log")


def enum_bytes(message, path, number):
    """A field with an enum number that the code list does not have, appended: the last value of a field wins, and messages merge."""
    *way, last = path.split(".")
    target = message
    for step in way:
        target = getattr(target, step)
    data = varint(target.DESCRIPTOR.fields_by_name[last].number << 3) + varint(number)
    for step in reversed(way):
        holder = message
        for outer in way[:way.index(step)]:
            holder = getattr(holder, outer)
        data = varint(holder.DESCRIPTOR.fields_by_name[step].number << 3 | 2) + varint(len(data)) + data
    return data


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


if __name__ == "__main__":
    fixture.main()
