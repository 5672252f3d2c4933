"""faults.py - a broker whose Nth call fails (fault/fault.c, preloaded): the plan that it shares with a script, and the broker that is started with it."""
import mmap
import os
import resource
import struct

import fixture

NONE, MEMORY, STORAGE, SOCKET = range(4)
ONCE, LASTING, HALF = range(3)
PLAN = struct.Struct("=IIiIIxxxxQQQ256s")  # struct fault_plan of fault.h


class Plan:
    """What is to fail next; shared with the daemon."""

    def __init__(self, path, root):
        path.write_bytes(bytes(PLAN.size))
        self.root = str(root).encode()
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), PLAN.size)

    def arm(self, fault_class, nth, error=0, mode=ONCE):
        self.memory[:] = PLAN.pack(NONE, mode, error, 0, 0, nth, 0, 0, self.root)
        self.memory[0:4] = struct.pack("=I", fault_class)

    def disarm(self):
        self.memory[0:4] = struct.pack("=I", NONE)

    def fired(self):
        return PLAN.unpack(self.memory[:])[7]


class Failing:
    """For a Broker of the fixture: what is preloaded, and what is limited."""
    environment, limits = {}, {}

    def plan(self):
        """From its next start on it does as this says."""
        path = self.folder / "plan"
        self.environment = {"LD_PRELOAD": str(fixture.BUILD / "tests" / "fault" / "libfault_preload.so"), "REFERRALD_FAULT": str(path)}
        return Plan(path, self.store)

    def spawn(self):
        """As the fixture does."""
        before = {name: os.environ.get(name) for name in self.environment}
        held = {what: resource.getrlimit(what) for what in self.limits}
        os.environ.update(self.environment)
        for what, most in self.limits.items():
            resource.setrlimit(what, (most, held[what][1]))
        try:
            super().spawn()
        finally:
            for what, limit in held.items():
                resource.setrlimit(what, limit)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))


class Broker(Failing, fixture.Broker):
    pass
