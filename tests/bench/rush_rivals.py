"""rush_rivals.py - the servers beside which the broker is measured: each on a scratch folder and a port of its own, gone afterwards.

A server of the rush is anything with: name, program (the load that is linked for it), missing(), open(), address(), process, close().
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import fixture

TOOLS = fixture.BUILD / "tests" / "bench"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


class NotMeasured(Exception):
    """This machine does not let a rival run; why."""


class Rival:
    """What both have in common: a folder where tempfile makes them, a log in it, and a process that is nobody's where we are root."""
    name = program = binary = package = library = None

    def __init__(self):
        self.folder = self.process = None

    def missing(self):
        """Why it cannot be measured; None: it can."""
        wanted = ((self.package, self.server()), (self.library, (TOOLS / self.program).exists()))
        absent = [package for package, is_there in wanted if not is_there]
        return "not installed: " + ", ".join(absent) if absent else None

    def server(self):
        return shutil.which(self.binary)

    def open(self):
        self.folder = Path(tempfile.mkdtemp(prefix=self.program + "."))
        self.log_file, self.port = self.folder / "log", free_port()
        self.user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "nobody", "nogroup")
        self.prepare()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder, **self.user)
        fixture.until(self.ready, "%s to be ready" % self.name)

    def ready(self):
        if self.process.poll() is not None:
            raise NotMeasured("it ended with %d:\n%s" % (self.process.returncode, self.log_file.read_text()[-2000:]))
        return accepts(self.port)

    def prepare(self):
        """What must be there before the server starts."""

    def close(self):
        if self.process:
            self.stop()
            self.process.wait()
        if self.folder:
            shutil.rmtree(self.folder)

    def stop(self):
        self.process.kill()


class Redis(Rival):
    name, program, binary, package, library = "Redis", "rush-redis", "redis-server", "redis-server", "libhiredis-dev"

    def command(self):
        """Its log is never rewritten meanwhile, and it makes no snapshots: nothing but the rush."""
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self.folder, "appendonly": "yes", "appendfsync": "always",
                   "save": "", "auto-aof-rewrite-percentage": 0}
        return [self.server()] + [str(word) for name, value in options.items() for word in ("--" + name, value)]

    def address(self):
        return "127.0.0.1:%d" % self.port


class Postgres(Rival):
    name, program, binary, package, library = "PostgreSQL", "rush-postgres", "postgres", "postgresql", "libpq-dev"

    def server(self):
        """Distributions keep it out of the path, one folder a version."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
        return str(found[-1]) if found else shutil.which(self.binary)

    def prepare(self):
        done = subprocess.run([Path(self.server()).parent / "initdb", "-D", self.folder / "data", "-U", "rush", "-A", "trust",
                               "-E", "UTF8", "--locale=C", "--no-sync"], capture_output=True, text=True, cwd=self.folder, **self.user)
        if done.returncode != 0:
            raise NotMeasured("initdb: %s" % done.stderr)

    def command(self):
        """No checkpoint falls into the rush, and what it touches fits into memory."""
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "on",
                   "synchronous_commit": "on", "max_connections": 100, "shared_buffers": "256MB", "max_wal_size": "4GB",
                   "checkpoint_timeout": "1h"}
        return [self.server(), "-D", str(self.folder / "data")] + [
            word for name, value in options.items() for word in ("-c", "%s=%s" % (name, value))]

    def ready(self):
        return super().ready() and "ready to accept connections" in self.log_file.read_text()

    def address(self):
        return "host=127.0.0.1 port=%d user=rush dbname=postgres" % self.port

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)  # at once, with all its children
