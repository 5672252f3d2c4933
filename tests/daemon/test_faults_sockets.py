#!/usr/bin/python3
"""test_faults_sockets.py - the real daemon while its Nth socket call fails, in every script below: it lives, whoever was cut off comes again, each command
has one effect, and no descriptor is lost (D1, D2, D4). Long form: every call with every error, and from every fifth on all of them for a while."""
import errno
import hashlib
import os
import socket
import subprocess
import zlib
from pathlib import Path

import fixture
import ops
import places
import sheets
from faults import LASTING, ONCE, SOCKET, Failing
from foreign_client import Client, body_of
from party import PartyTest

STEP = 1 if fixture.LONG else 37
ALL = "submit deliver answer place crowd picture pages http tool come_and_go strangers revoke stop"
WANTED = os.environ.get("SCRIPTS", ALL).split()  # of these
BOUND = 5000  # calls of one script; they are fewer
ERRORS = (errno.ECONNRESET, errno.EAGAIN, errno.EINTR, errno.ENOBUFS)
PATIENCE_S, LAST_PATIENCE_S = 3, 30
PERSON = {"name": "何医生", "phone": "022-29000003"}
PICTURE = os.urandom(800 * 1024)


class Broker(Failing, ops.Broker):
    pass


def maps(process):
    """What it has mapped; nothing once it is gone."""
    try:
        return Path("/proc/%d/maps" % process).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Scripts(PartyTest):
    """What clients do. With the same tag it is the same again, to the byte: each command is done once, whoever had to send it twice (D1)."""

    def client(self, who, credit=0, **more):
        return self.party(who, credit, patience_s=self.patience_s, **more)

    def told(self, tag, reply):
        """Accepted; the answer of one message id never changes."""
        self.accepted(reply)
        self.assertEqual(self.answers.setdefault(tag, reply.referral_id), reply.referral_id)
        return reply

    def sent(self, client, tag, **changes):
        self.submitted.add(tag)
        return self.told(tag, client.submit(sheets.made("up", changes), message_id=tag)).referral_id

    def submit(self, tag):
        self.sent(self.client("T07"), tag)

    def deliver(self, tag):
        """Until the hospital's inbox is empty."""
        centre, hospital, operator = self.client("T07"), self.client("H1", credit=20), self.client("OPS")
        self.sent(centre, tag)

        def is_empty():
            while hospital.deliveries or hospital.hear(0.01):
                if hospital.deliveries:
                    hospital.ack(hospital.deliveries.pop(0))
            return self.books(operator)["H1"][2] == 0

        if not hospital.wait(is_empty):
            raise TimeoutError("the inbox is not emptied")

    def answer(self, tag):
        centre, hospital = self.client("T07"), self.client("H1")
        id_ = self.sent(centre, tag)
        self.told(tag + "-A", hospital.event(id_, "ACCEPT", envelope={"message_id": tag + "-A"}, person=PERSON))
        self.assertEqual(id_, centre.query("GET_REFERRAL", referral_id=id_).summary.referral_id)

    def place(self, tag):
        hospital, pool = self.client("H1"), places.pool(tag, places.day_of(self.now_ms, 3), 5)
        self.told(tag + "-P", hospital.command("PUT_POOL", pool, message_id=tag + "-P"))
        booked = self.told(tag, hospital.command("BOOK_PLACE", places.general(pool["pool"], "HIS-" + tag), message_id=tag)).booking.booking_id
        self.told(tag + "-C", hospital.command("CANCEL_PLACE", {"booking_id": booked, "reason": "PATIENT_DECLINED"}, message_id=tag + "-C"))

    def crowd(self, tag):
        """Thirty commands in one frame."""
        client, body = self.client("T07"), body_of("SUBMIT", sheets.made("up")).SerializeToString()
        asked = [client.ask("SUBMIT", body, message_id="%s-%d" % (tag, i)) for i in range(30)]
        client.send_frame(*(data for data, _ in asked))
        if not client.wait(lambda: all(number in client.replies for _, number in asked)):
            raise TimeoutError("not all are answered")
        for i, (_, number) in enumerate(asked):
            self.submitted.add("%s-%d" % (tag, i))
            self.told("%s-%d" % (tag, i), client.replies[number])

    def picture(self, tag):
        """A sheet of many packets."""
        attachment = {"name": "图", "media_type": "image/png", "size_bytes": len(PICTURE), "content": PICTURE,
                      "sha256": hashlib.sha256(PICTURE).digest()}
        self.sent(self.client("T07"), tag, attachments=[attachment])

    def pages(self, _):
        operator, index = self.client("OPS"), 1
        for _ in range(5):
            index = operator.query("LIST_AUDIT", from_index=index, rows=20).next_index or 1

    def http(self, _):
        for target in ("/metrics", "/status.json", "/"):
            answer = ops.ask(self.broker.http, (ops.GET % target).encode())
            if b"\r\n\r\n" not in answer or not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError("no answer: %r" % answer[:60])
            head, body = answer.split(b"\r\n\r\n", 1)
            if b"Content-Length: %d\r\n" % len(body) not in head + b"\r\n":
                raise ConnectionError("cut short")

    def tool(self, _):
        done = self.broker.ctl("status", check=False)
        if done.returncode != 0:
            raise ConnectionError(done.stderr)

    def come_and_go(self, _):
        for who in ("T07", "T08", "H1", "T07"):
            self.client(who).close()

    def strangers(self, _):
        """Neither a key that nobody knows, nor bytes that mean nothing, are anybody."""
        host, port = self.broker.endpoint[len("tcp://"):].rsplit(":", 1)
        with socket.create_connection((host, int(port)), PATIENCE_S) as one:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n" * 10)
        key = self.broker.make_key("stranger"), self.broker.key_pair("stranger")[1]
        other = Client(self.broker.endpoint, self.broker.key_pair("server")[0], key, hello=False)
        self.parties.append(other)
        other.say_hello()
        self.assertFalse(other.hear(0.2))

    def revoke(self, tag):
        """Who loses his key in mid-session is cut off."""
        operator = self.client("OPS")
        name = "key-%d" % zlib.crc32(tag.encode())
        public = self.broker.key_pair(name)[0] if self.broker.key_file(name).exists() else self.broker.make_key(name)
        self.told(tag + "-K", operator.command("ADD_KEY", {"public_key": public, "institution": "T08", "roles": ["REFER"]}, message_id=tag + "-K"))
        if tag not in self.revoked: # once that was said the key may be gone, whatever became of the answer
            self.client(name)
        self.revoked.add(tag)
        self.told(tag + "-R", operator.command("REVOKE_KEY", {"public_key": public}, message_id=tag + "-R"))

    def ended(self):
        """The exit code. A poll that is interrupted for ever ends nothing: so it is for a while."""
        try:
            return self.broker.stop(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.plan.disarm()
            return self.broker.process.wait(PATIENCE_S * 5)

    def stop(self, tag):
        """An orderly end, with clients."""
        if self.broker.process.poll() is None:
            self.sent(self.client("T07"), tag)
            self.client("H1", credit=5)
            self.assertEqual(0, self.ended())
        self.plan.disarm()
        self.broker.start()


class Sockets(Scripts):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.addClassCleanup(cls.broker.close)
        cls.plan = cls.broker.plan()
        cls.broker.stop()
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.answers, self.submitted, self.revoked, self.patience_s = {}, set(), set(), LAST_PATIENCE_S
        self.now_ms = self.client("OPS").query("GET_STATUS").now_ms

    def leave(self):
        for client in self.parties:
            client.close()
        self.parties.clear()

    def plays(self, script, tag):
        try:
            script(self, tag)
            return True
        except (TimeoutError, ConnectionError):
            return False
        finally:
            self.leave()

    def try_one(self, script, nth, error, mode):
        """Is there a later call?"""
        tag = "%s-%d-%d-%d" % (script.__name__, error, mode, nth)
        self.plan.arm(SOCKET, nth, error, mode)
        self.patience_s = PATIENCE_S
        is_played = self.plays(script, tag)
        fired = self.plan.fired() != 0
        self.plan.disarm()
        self.assertIsNone(self.broker.process.poll(), "%s ends the broker:\n%s" % (tag, self.broker.log_text()[-2000:]))
        self.assertTrue(is_played or fired, tag + " fails by itself")
        self.patience_s = LAST_PATIENCE_S
        self.assertTrue(is_played or self.plays(script, tag), tag + ": not even when nothing fails any more")
        return fired

    def walk(self, script, error, mode=ONCE, step=STEP):
        runs = 0
        for nth in range(1 + ERRORS.index(error) * step // len(ERRORS), BOUND, step):
            runs += 1
            if not self.try_one(script, nth, error, mode):
                break
        print("%s, %s%s: %d runs" % (script.__name__, errno.errorcode[error], " for a while" if mode == LASTING else "", runs), flush=True)

    def settled(self):
        """Descriptors when nobody is connected."""
        self.leave()
        last = []

        def is_steady():
            last.append(self.broker.descriptors())
            return len(last) > 20 and len(set(last[-20:])) == 1
        fixture.until(is_steady, "the connections to be gone")
        return last[-1]

    def assert_promises(self):
        client, referrals = self.client("T07"), [self.answers[tag] for tag in self.submitted]
        for tag in self.submitted:
            self.assertEqual(self.answers[tag], client.query("GET_REFERRAL", message_id=tag).summary.referral_id)
        self.assertEqual(len(referrals), len(set(referrals)), "one effect each")
        self.assertEqual(len(referrals), self.client("OPS").query("GET_STATUS").referrals, "and no others in the store")
        self.check_store()

    def test_d1_a_socket_call_that_fails_ends_nothing_and_loses_nothing(self):
        before = self.settled()
        for i, script in enumerate(getattr(Scripts, name) for name in WANTED):
            for error in ERRORS if fixture.LONG else ERRORS[i % 4:i % 4 + 1]:
                self.walk(script, error)
            if fixture.LONG:
                self.walk(script, errno.ECONNRESET, LASTING, 5)
        fixture.until(lambda: self.settled() <= before, "the descriptors to be given back")
        self.assert_promises()

    def test_a_broker_that_ends_would_be_noticed(self):
        def end(self, _):
            self.broker.kill()

        with self.assertRaisesRegex(AssertionError, "ends the broker"):
            self.try_one(end, 1, errno.ECONNRESET, ONCE)
        self.broker.start()

    def test_a_process_with_a_plan_ends_with_its_driver(self):
        plan = self.broker.folder / "another"
        plan.touch()
        environment = {**os.environ, **self.broker.environment, "REFERRALD_FAULT": str(plan)}
        driver = subprocess.Popen(["sh", "-c", "sleep 100 & echo $!; wait"], env=environment, stdout=subprocess.PIPE, text=True)
        process = int(driver.stdout.readline())
        # The shell has one, too, and so has what it forks, until that is another program.
        program = Path("/proc/%d/comm" % process)
        fixture.until(lambda: program.read_text() == "sleep\n" and str(plan) in maps(process), "the plan to be taken")
        driver.kill()
        driver.wait()
        driver.stdout.close()
        fixture.until(lambda: not maps(process), "the process to end")


if __name__ == "__main__":
    fixture.main()
