"""ops.py - an operator's side of the local HTTP port: plain sockets, so that a test sends exactly what it says."""
import json
import socket

import fixture

GET = "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(address, limit_s=fixture.PATIENCE_S):
    """`address` as the broker logs it."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(limit_s)
        sock.connect(address[len("unix:"):])
        return sock
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), limit_s)


def read_all(sock):
    """Everything until the broker closes."""
    parts = []
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def ask(address, request):
    with connect(address) as sock:
        sock.sendall(request)
        return read_all(sock)


class Answer:
    def __init__(self, data):
        head, self.body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        assert int(self.headers["content-length"]) == len(self.body), "all of it came"


def get(address, target):
    return Answer(ask(address, (GET % target).encode()))


def status(address):
    answer = get(address, "/status.json")
    assert answer.status == 200, answer.status
    return json.loads(answer.body)


class Broker(fixture.Broker):
    """With an HTTP port: self.http is its address."""

    def __init__(self, listen="127.0.0.1:0", **options):
        self.listen = listen
        super().__init__(**options)

    def write_config(self, endpoint="tcp://127.0.0.1:*", extra=""):
        super().write_config(endpoint, extra + 'http_listen = "%s"\n' % self.listen.replace("$FOLDER", str(self.folder)))

    def start(self):
        super().start()
        self.http = next(line.split("address=")[1].split()[0] for line in self.log_text().splitlines() if "event=http " in line)
