#!/usr/bin/python3
"""test_hostile_transport.py - attacks below the protocol (issue: bad input; rules P1, D6): each is closed or ignored, changes nothing, costs little
memory, and every other client is served meanwhile.
"""
import os
import resource
import socket
import time
import unittest

import zmq
from zmq.utils import z85

import fixture
import sheets
from foreign_client import Client

HANDSHAKE_S = 10
SOCKETS = 1000
NUMBERS = 40
ROUNDS_LEAST, ROUNDS_MOST = 3, 9
MIB = 1 << 20

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"CURVE".ljust(20, b"\0") + b"\x00" + bytes(31)


def address(endpoint):
    host, port = endpoint[len("tcp://"):].rsplit(":", 1)
    return host, int(port)


def is_closed(sock):
    """Has the other side ended this connection?"""
    sock.setblocking(False)
    try:
        while True:
            if sock.recv(65536) == b"":
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


class HostileTransport(fixture.BrokerTest):
    def setUp(self):
        self.client = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("T07"))

    def tearDown(self):
        self.client.close()
        self.assertIsNone(self.broker.process.poll(), "the broker lives")

    def assert_served(self):
        reply = self.client.submit(sheets.made("up"))
        self.assertEqual([], list(reply.refusals))

    def referrals(self):
        return self.client_status().referrals

    def client_status(self):
        operator = Client(self.broker.endpoint, self.broker.key_pair("server")[0], self.broker.key_pair("operator"))
        try:
            return operator.query("GET_STATUS")
        finally:
            operator.close()

    def raw(self, payload=b""):
        sock = socket.create_connection(address(self.broker.endpoint))
        if payload:
            sock.sendall(payload)
        return sock

    def assert_ignored(self, **socket_options):
        """A DEALER with these options never gets an answer to a HELLO, but another client does."""
        before = self.referrals()
        dealer = zmq.Context.instance().socket(zmq.DEALER)
        dealer.linger = 0
        for name, value in socket_options.items():
            dealer.setsockopt(getattr(zmq, name.upper()), value)
        monitor = dealer.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED)
        dealer.connect(self.broker.endpoint)
        dealer.send(b"\x0a\x00")
        self.assertTrue(monitor.poll(fixture.PATIENCE_S * 1000), "the broker ends the handshake")
        self.assertEqual(0, dealer.poll(0), "and never answers")
        dealer.disable_monitor()
        monitor.close()
        dealer.close()
        self.assert_served()
        self.assertEqual(before + 1, self.referrals(), "nothing changed but our own submission")

    def curve(self, public, secret, server):
        return dict(curve_publickey=z85.encode(public), curve_secretkey=z85.encode(secret), curve_serverkey=z85.encode(server))

    def test_no_curve_at_all(self):
        self.assert_ignored()

    def test_an_unknown_key(self):
        public, secret = (z85.decode(k) for k in zmq.curve_keypair())
        self.assert_ignored(**self.curve(public, secret, self.broker.key_pair("server")[0]))

    def test_a_wrong_server_key(self):
        other = z85.decode(zmq.curve_keypair()[0])
        self.assert_ignored(**self.curve(*self.broker.key_pair("T07"), other))

    def test_a_plain_password(self):
        self.assert_ignored(plain_username=b"T07", plain_password=b"secret")

    def test_connections_that_ask_for_numbers_to_come(self):
        """libzmq ends the process that gives a new connection a number which another one asked for: nobody may guess the next ones."""
        begins = 0xe43c9869  # as the numbers of every process do in which nobody draws lots
        askers, t07, server = [], self.broker.key_pair("T07"), self.broker.key_pair("server")[0]
        for number in range(begins, begins + NUMBERS):
            asker = zmq.Context.instance().socket(zmq.DEALER)
            asker.linger = 0
            asker.routing_id = b"\0" + number.to_bytes(4, "big")
            for name, value in self.curve(*t07, server).items():
                asker.setsockopt(getattr(zmq, name.upper()), value)
            monitor = asker.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            asker.connect(self.broker.endpoint)
            askers.append((asker, monitor))
        for asker, monitor in askers:
            self.assertTrue(monitor.poll(fixture.PATIENCE_S * 1000), "an asker is connected")
        for _ in range(NUMBERS):
            Client(self.broker.endpoint, server, t07).close()
            self.assertIsNone(self.broker.process.poll(), "the broker lives")
        for asker, monitor in askers:
            asker.disable_monitor()
            monitor.close()
            asker.close()
        self.assert_served()

    def test_http_on_the_port(self):
        sock = self.raw(b"GET / HTTP/1.1\r\nHost: referrald\r\n\r\n")
        fixture.until(lambda: is_closed(sock), "HTTP to be closed", HANDSHAKE_S * 3)
        sock.close()
        self.assert_served()

    def test_random_bytes(self):
        sock = self.raw(os.urandom(4096))
        fixture.until(lambda: is_closed(sock), "random bytes to be closed", HANDSHAKE_S * 3)
        sock.close()
        self.assert_served()

    def test_a_byte_a_second(self):
        sock = self.raw()
        end, sent = time.monotonic() + HANDSHAKE_S * 3, 0
        while not is_closed(sock):
            self.assertLess(time.monotonic(), end, "a slow greeting is closed within the handshake limit")
            try:
                if sent < len(GREETING):
                    sock.send(GREETING[sent:sent + 1])
                    sent += 1
            except OSError:
                break
            fixture.until_closed_or(sock, 1.0)
        sock.close()
        self.assert_served()

    def test_a_thousand_sockets_cost_little_and_are_closed(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < SOCKETS + 100:
            print("not run: file descriptors limited to", hard)
            self.skipTest("too few file descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, SOCKETS + 200), hard))
        giant = GREETING + b"\x06" + (1 << 30).to_bytes(8, "big") + b"x" * 64
        self.assert_served()
        before, growth = self.broker.resident_bytes(), []

        def has_settled():
            return len(growth) >= ROUNDS_LEAST and growth[-1] - growth[-2] < 2 * MIB

        while not has_settled() and len(growth) < ROUNDS_MOST:
            payloads = (b"", GREETING, giant, GREETING[:10])
            socks = [self.raw(payloads[i % len(payloads)]) for i in range(SOCKETS)]
            self.assert_served()
            growth.append(self.broker.resident_bytes() - before)
            open_socks = set(socks)

            def all_closed():
                open_socks.difference_update([s for s in open_socks if is_closed(s)])
                return not open_socks

            fixture.until(all_closed, "all sockets to be closed", HANDSHAKE_S * 4)
            for sock in socks:
                sock.close()
            self.assert_served()
        print("resident growth with %d raw sockets, each time: %s MiB" % (SOCKETS, ["%.1f" % (g / MIB) for g in growth]))
        # The allocator settles within the second round, or where a busy machine took some sockets late within a later one; seven rounds by hand went
        # 4.4, 8.4, 9.5, 9.7, 9.9, 10.0, 10.0 MB. What is lost with each socket is lost in every round, and comes to no end.
        self.assertLess(max(growth), 20 * MIB)
        self.assertTrue(has_settled(), "no growth on repetition")


if __name__ == "__main__":
    fixture.main()
