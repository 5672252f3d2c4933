"""party.py - several parties on one real broker: what the scripts of this folder share."""
import json

import fixture
from foreign_client import Client


def codes(reply):
    return [r.code for r in reply.refusals]


class PartyTest(fixture.BrokerTest):
    """Tests whose parties are closed, and whose broker must live, at the end of each."""

    def setUp(self):
        self.parties = []

    def tearDown(self):
        for client in self.parties:
            client.close()
        self.assertIsNone(self.broker.process.poll(), "the broker lives:\n" + self.broker.log_text())

    def party(self, who, credit=0, **more):
        """A connected client; `who` is an institution, or the name of a key file."""
        client = Client(self.broker.endpoint, self.broker.key_pair("server")[0],
                        self.broker.key_pair("operator" if who == "OPS" else who), **more)
        self.parties.append(client)
        if credit:
            client.credit(credit)
        return client

    def accepted(self, reply):
        self.assertEqual([], ["%s %s" % (r.code, r.field) for r in reply.refusals])
        return reply

    def refused(self, reply, *expected):
        """Exactly these codes."""
        self.assertEqual(sorted(expected), sorted(codes(reply)))
        return reply

    def books(self, operator):
        """{institution: (accepted, acknowledged, waiting, dead, dropped)}"""
        return {b.institution: (b.accepted, b.acknowledged, b.waiting, b.dead, b.dropped)
                for b in operator.query("GET_STATUS", rows=200).inboxes}

    def check_store(self):
        """D7, P3: the books balance and the chain holds, recounted from the rows beside the running broker."""
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        for check in ("verify", "recount"):
            self.broker.ctl_offline(check, *where)
        return json.loads(self.broker.ctl_offline("--json", "verify", *where).stdout)
