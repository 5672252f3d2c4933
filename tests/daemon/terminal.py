"""terminal.py - a program on a terminal of its own: what it shows, what is typed, and Ctrl-C as a person sends it."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
import unicodedata

LIMIT_S = 60


def columns_of(line):
    """What it takes of a terminal's line: a Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


class Terminal:
    """Runs `command` with input, output and errors on a new terminal with colours, which is its controlling one."""

    def __init__(self, command, columns=120, environment=None):
        self.shown = ""
        self.seen = 0  # up to here `expect` has looked
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
                os.execve(command[0], command, {**plain, "TERM": "xterm", **(environment or {})})
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def read_some(self, limit_s):
        ready, _, _ = select.select([self.fd], [], [], limit_s)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            data = b""
        self.shown += data.decode("utf-8", "replace")
        return data != b""

    def expect(self, pattern, limit_s=LIMIT_S):
        """Waits for it in what was not looked at yet; returns the match."""
        end = time.monotonic() + limit_s
        while True:
            match = re.search(pattern, self.shown[self.seen:])
            if match:
                self.seen += match.end()
                return match
            left = end - time.monotonic()
            if left <= 0 or not self.read_some(left):
                raise AssertionError("%r was not shown, but\n%s" % (pattern, self.shown[self.seen:]))

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Waits for the end of the program; its exit code."""
        while self.read_some(LIMIT_S):
            pass
        return self.wait()

    def wait(self):
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.fd)
        return self.status

    def hang_up(self):
        """The window is closed; returns when the program has ended."""
        os.close(self.fd)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def is_echoing(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def close(self):
        if self.status is None:
            os.kill(self.pid, 9)
            self.wait()
