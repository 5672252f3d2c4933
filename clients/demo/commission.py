#!/usr/bin/python3
"""commission.py - an independent reader of a hospital's ledger of places: it shares no code with the broker, and needs nothing but Python.

    referralctl ledger H1 -o hex >ledger.txt                  or -o json; each line holds one page's bytes
    referralctl report reserve H1 -o json >report.json
    python3 commission.py ledger.txt [report.json]

It follows the chain of digests, rebuilds every session from its rows by its own statement of the rules, and shows that no general booking ever
took a place that was kept for family doctors. With a report it makes that report again and compares every number.
Exits 0: all is as it should be; 1: it is not, and the last lines say what; 2: these are not the files it wants."""
import hashlib
import json
import sys

CLASSES = {1: "EXPERT", 2: "BED", 3: "EXAM"}
EVENTS = {number: name for number, name in enumerate(
    "PUBLISHED CHANGED ADDED CUT POOL_CANCELLED BLOCKED UNBLOCKED HELD BOOKED LAPSED CANCELLED MOVED_OUT MOVED_IN DISPLACED USED NO_SHOW "
    "OFFERED RELEASED REFUSED GROUPED ALLOTTED RETURNED OUTSIDE".split(), 1)}
FAMILY, GENERAL = 1, 2
REASONS = {number: name for number, name in enumerate(
    "STAFF_ABSENT DEVICE_DOWN SAFETY EMERGENCY_USE PLAN_CHANGED MAINTENANCE TEACHING NOT_KEPT".split(), 1)}
MAY_EAT_RESERVE = {"STAFF_ABSENT", "DEVICE_DOWN", "SAFETY", "EMERGENCY_USE"}  # Q14
FOREVER = 1 << 62
MINUTE_MS = 60000
UNITS_MOST = 500  # of one session


class Fault(Exception):
    """The ledger contradicts itself or the rules."""


# ---- The pages: protocol buffers, as far as a ledger needs them (proto/place.proto) ----------------------------------------------------

NUMBERS = {1: ("capacity", int), 2: ("reserve", int), 3: ("blocked", int), 4: ("general", int), 5: ("family", int)}
NEW_UNITS = {1: ("first", int), 2: ("count", int), 3: ("start_ms", int), 4: ("minutes", int)}
ROW = {1: ("event", int), 2: ("class", int), 3: ("department", str), 4: ("resource", str), 5: ("date", str), 6: ("booking_id", str),
       7: ("channel", int), 8: ("units", [int]), 9: ("new_units", [NEW_UNITS]), 10: ("count", int), 11: ("code", str),
       12: ("block_reason", int), 13: ("person", str), 14: ("by", str), 15: ("was_held", int), 16: ("emergency", int),
       17: ("to_blocked", int), 18: ("numbers", NUMBERS), 19: ("group", NUMBERS), 20: ("deficit", int), 21: ("reserve_bp", int),
       22: ("span", int), 23: ("fd_opens_at_ms", int), 24: ("general_opens_at_ms", int), 25: ("release_at_ms", int),
       26: ("short_notice", int)}
PAGE = {1: ("hospital", str), 2: ("first_row", int), 3: ("index", int), 4: ("at_ms", int), 5: ("previous", bytes), 6: ("rows", [ROW])}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value - (1 << 64) if value >= 1 << 63 else value, at


def decode(data, fields):
    """A message as a dictionary; lists are there even when empty."""
    message = {name: [] for name, kind in fields.values() if isinstance(kind, list)}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        name, kind = fields[key >> 3]
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if at > len(data):
                raise IndexError
        else:
            raise KeyError(key)
        one = kind[0] if isinstance(kind, list) else kind
        if isinstance(one, dict):
            value = decode(value, one)
        elif one is str:
            value = value.decode()
        elif one is int and isinstance(value, bytes):  # packed
            end = 0
            while end < len(value):
                number, end = varint(value, end)
                message[name].append(number)
            continue
        if isinstance(kind, list):
            message[name].append(value)
        else:
            message[name] = value
    return message


# ---- The rules, as they are written: Q1 to Q4, Q10, Q11 ---------------------------------------------------------------------------------

def up_to_multiple(number, of):
    return -(-number // of) * of


class Unit:
    def __init__(self, number, start, end):
        self.number, self.start, self.end = number, start, end
        self.state, self.booking, self.emergency = "free", None, False


class Pool:
    def __init__(self, row):
        self.klass, self.department, self.resource, self.date = (row[n] for n in ("class", "department", "resource", "date"))
        self.units = {}  # by number
        self.last_number = 0
        self.p = self.span = self.fd_opens = self.general_opens = self.release_at = 0
        self.short_notice = self.released = self.cancelled = self.grouped = False
        self.refused_by_reserve = self.family_cancelled = self.blocked_into_reserve = self.released_unused = 0
        self.set = None

    def count(self, state):
        return sum(unit.state == state for unit in self.units.values())

    def name(self):
        return "%s %s %s %s" % (CLASSES[self.klass], self.department, self.resource, self.date)


class Set:
    """What the reserve is counted over: one pool, or all of a group (Q11)."""

    def __init__(self, pools, since=0):
        self.pools = pools
        self.required = 0
        self.deficit = self.stood = 0
        self.cause = self.stood_cause = None
        self.since = since
        self.had_time = False
        self.shortfall = self.shortfall_ms = 0
        self.shortfall_cause = None

    def count(self, state):
        return sum(pool.count(state) for pool in self.pools)

    def capacity(self):
        return sum(len(pool.units) for pool in self.pools)

    def reserve(self):
        """R: p of C, rounded up to whole units, then to whole exams, at most C (Q1)."""
        first, capacity = self.pools[0], self.capacity()
        return min(capacity, up_to_multiple(-(-capacity * first.p // 10000), first.span))

    def keeps_nothing(self):
        lives = [pool for pool in self.pools if not pool.cancelled]
        return not lives or any(pool.released for pool in lives)

    def owed(self):
        return max(0, self.reserve() - self.count("family"))

    def shortage(self):
        """d: what is owed and not free, until the release (Q10)."""
        return 0 if self.keeps_nothing() else max(0, self.owed() - self.count("free"))

    def marked(self, as_if_kept=False):
        """The free units that general may not take (Q3), as pairs of pool and number."""
        if self.keeps_nothing() and not as_if_kept:
            return set()
        span = self.pools[0].span
        owed = up_to_multiple(self.owed(), span)
        order = sorted((unit.start, place, unit.number) for place, pool in enumerate(self.pools) for unit in pool.units.values())
        runs, stretch = [], {}
        for start, place, number in order:
            unit = self.pools[place].units[number]
            before = stretch.get(place)
            if unit.state != "free":
                stretch[place] = None
                continue
            if not before or not (before[-1].end == start or before[-1].start == start):
                before = []
            before = before + [unit]
            stretch[place] = before
            if len(before) == span:
                runs.append((order.index((before[0].start, place, before[0].number)) if span > 1 else len(runs), place, before))
                stretch[place] = None
        runs.sort(key=lambda run: run[0])
        k, j = len(runs), min(len(runs), owed // span)
        marks = set()
        for i, (_, place, units) in enumerate(runs):
            if ((i + 1) * j + k // 2) // k > (i * j + k // 2) // k:
                marks.update((place, unit.number) for unit in units)
        for start, place, number in reversed(order):  # what the runs do not hold: the latest free ones
            if len(marks) >= owed:
                break
            if self.pools[place].units[number].state == "free":
                marks.add((place, number))
        return {(self.pools[place].resource, number) for place, number in marks}

    # -- how long the reserve was short, between opening and release (Q13) --
    def past(self, until, stands):
        """(largest, milliseconds, cause) with what stood up to `until`."""
        opened, release = self.pools[0].fd_opens, self.pools[0].release_at
        start, end = max(self.since, opened), min(until, release)
        if not self.deficit or start > end or (start == end and not (stands and start < release)):
            return self.shortfall, self.shortfall_ms, self.shortfall_cause
        larger = self.deficit > self.shortfall
        return (max(self.deficit, self.shortfall), self.shortfall_ms + end - start, self.cause if larger else self.shortfall_cause)

    def has_time(self, until=FOREVER):
        """Some time lies between opening and release: without it nobody could use the reserve."""
        first = self.pools[0]
        return self.had_time or max(self.since, first.fd_opens) < min(until, first.release_at)

    def kept(self, shortfall):
        return max(0, self.required - shortfall) if self.has_time() else 0

    def time_passes(self, now):
        if now > self.since:
            self.had_time = self.has_time(now)
            self.shortfall, self.shortfall_ms, self.shortfall_cause = self.past(now, False)
            self.since, self.stood, self.stood_cause = now, self.deficit, self.cause

    def inherit(self, alone, now):
        """What a pool was short of while it stood alone its group cannot make good."""
        alone.time_passes(now)
        self.had_time = self.had_time or alone.had_time
        self.required += alone.required
        self.shortfall += alone.shortfall
        if alone.shortfall_ms > self.shortfall_ms:
            self.shortfall_ms, self.shortfall_cause = alone.shortfall_ms, alone.shortfall_cause

    def note(self, deficit, cause):
        if deficit <= self.stood:
            self.cause = self.stood_cause
        elif deficit > self.deficit:
            self.cause = cause
        self.deficit = deficit
        reserve = self.reserve()
        if not any(pool.released for pool in self.pools) or reserve < self.required:
            self.required = reserve


# ---- The ledger, row by row --------------------------------------------------------------------------------------------------------------

class Ledger:
    def __init__(self):
        self.pools, self.days, self.groups, self.outside = {}, {}, {}, {}
        self.hospital = None
        self.rows = self.index = self.now = 0
        self.digest = bytes(32)
        self.lifted = {}
        self.general_granted = self.family_granted = 0

    def need(self, condition, what):
        if not condition:
            raise Fault("row %d: %s" % (self.rows, what))

    def page(self, data):
        try:
            page = decode(data, PAGE)
            hospital, first, index, now = page["hospital"], page["first_row"], page["index"], page["at_ms"]
        except (KeyError, IndexError, UnicodeDecodeError) as fault:
            raise Fault("after row %d: this is no page of a ledger" % self.rows) from fault
        if page.get("previous") != self.digest:
            raise Fault("after row %d: the chain is broken" % self.rows)
        if first != self.rows + 1 or (self.hospital or hospital) != hospital or now < self.now or index < self.index:
            raise Fault("after row %d: another page belongs here" % self.rows)
        if index != self.index:
            self.end_turn()
        self.hospital, self.index, self.now = hospital, index, now
        for row in page["rows"]:
            self.rows += 1
            try:
                self.row(row)
            except KeyError as fault:
                raise Fault("row %d: lacks %s" % (self.rows, fault)) from fault
        self.digest = hashlib.blake2b(data, digest_size=32).digest()

    def end_turn(self):
        self.need(not self.lifted, "a booking moved out, and not in")

    def row(self, row):
        event = EVENTS[row["event"]]
        if event == "OUTSIDE":
            day = row["class"], row["date"]
            self.outside[day] = self.outside.get(day, 0) + 1
            return
        key = row["class"], row["department"], row["resource"], row["date"]
        if event == "PUBLISHED":
            self.need(key not in self.pools, "published twice")
            self.publish(key, row)
        self.need(key in self.pools, "of a session that was not published")
        pool = self.pools[key]
        pool.set.time_passes(self.now)
        getattr(self, event.lower())(pool, row)
        pool.set.time_passes(self.now)  # it may be another one by now
        self.check_numbers(pool, row)
        pool.set.note(row.get("deficit", 0), ("LEDGER_" + event, REASONS.get(row.get("block_reason"))))

    def check_numbers(self, pool, row):
        def as_said(numbers, of, reserve):
            return numbers is not None and (numbers.get("capacity", 0), numbers.get("blocked", 0), numbers.get("general", 0),
                                            numbers.get("family", 0), numbers.get("reserve", 0)) == \
                (of.capacity(), of.count("blocked"), of.count("general"), of.count("family"), reserve)

        alone, reserve = Set([pool]), pool.set.reserve()
        self.need(as_said(row.get("numbers"), alone, 0 if pool.grouped else reserve), "other numbers than its rows make")
        self.need(not pool.grouped or as_said(row.get("group"), pool.set, reserve), "other numbers than its group's rows make")
        self.need(row.get("deficit", 0) == pool.set.shortage(), "another deficit than there is")

    # -- capacity and terms --
    def publish(self, key, row):
        pool = self.pools[key] = Pool(row)
        day = key[0], key[1], key[3]
        self.days.setdefault(day, []).append(pool)
        group = self.groups.get(day)
        if group is None:
            pool.set = Set([pool])
            return
        other = group.pools[0]
        pool.p, pool.span, pool.fd_opens, pool.general_opens, pool.release_at = \
            other.p, other.span, other.fd_opens, other.general_opens, other.release_at
        self.join(group, pool)

    @staticmethod
    def join(group, pool):
        pool.set, pool.grouped = group, True
        group.pools = sorted(group.pools + [pool], key=lambda pool: pool.resource.encode())

    def terms(self, pool, row):
        self.need(2000 <= row["reserve_bp"] <= 10000 and row["span"] >= 1, "less than a fifth is kept (Q1)")
        self.need(row["fd_opens_at_ms"] <= row["general_opens_at_ms"], "general opens first (Q6)")
        pool.p, pool.span = row["reserve_bp"], row["span"]
        pool.fd_opens, pool.general_opens, pool.release_at = \
            row["fd_opens_at_ms"], row["general_opens_at_ms"], row["release_at_ms"]
        pool.short_notice = bool(row.get("short_notice"))
        if pool.release_at > self.now:
            pool.released, pool.released_unused = False, 0

    def published(self, pool, row):
        self.terms(pool, row)
        self.added(pool, row)

    def changed(self, pool, row):
        self.need(pool.last_number == 0 or (row["fd_opens_at_ms"] <= pool.fd_opens and row["release_at_ms"] >= pool.release_at and
                                            row["general_opens_at_ms"] >= pool.general_opens), "a time moves against family doctors (Q6)")
        self.terms(pool, row)
        if pool.release_at > self.now:  # put off for one of a group, it is put off for all, whose rows follow
            for other in pool.set.pools:
                other.released = False

    def grouped(self, pool, row):
        day = pool.klass, pool.department, pool.date
        if day not in self.groups:
            group = self.groups[day] = Set([], self.now)
            for other in self.days[day]:
                group.inherit(other.set, self.now)
                self.need(all(unit.booking is None for unit in other.units.values()), "grouped after the first booking (Q11)")
                self.terms(other, row)
                self.join(group, other)
        self.terms(pool, row)

    def added(self, pool, row):
        for run in row["new_units"]:
            self.need(len(pool.units) + run["count"] <= UNITS_MOST, "more units than a session has")
            step = run.get("minutes", 0) * MINUTE_MS
            for i in range(run["count"]):
                number, start = run["first"] + i, run["start_ms"] + i * step
                self.need(number > pool.last_number, "a number is given twice")
                pool.units[number] = Unit(number, start, start + (step or 60 * MINUTE_MS))
                pool.last_number = number

    def cut(self, pool, row):
        for number in row["units"]:
            self.need(number in pool.units and pool.units[number].booking is None, "a booked unit goes (Q10)")
            del pool.units[number]

    def pool_cancelled(self, pool, row):
        pool.cancelled = True
        self.cut(pool, row)

    def blocked(self, pool, row):
        before, after = pool.set.deficit, row.get("deficit", 0)
        self.need(after == 0 or REASONS.get(row.get("block_reason")) in MAY_EAT_RESERVE, "a block eats the reserve (Q14)")
        pool.blocked_into_reserve += max(0, after - before)
        self.turn(pool, row, "free", "blocked")

    def unblocked(self, pool, row):
        self.turn(pool, row, "blocked", "free")

    def turn(self, pool, row, before, after):
        for number in row["units"]:
            self.need(number in pool.units and pool.units[number].state == before, "a unit is not %s" % before)
            pool.units[number].state = after

    # -- bookings --
    def take(self, pool, row, moves=False):
        general = row["channel"] == GENERAL
        self.need(row["units"], "no unit")
        self.need(moves or (not pool.cancelled and self.now >= (pool.general_opens if general else pool.fd_opens)), "not open (Q6)")
        if general and not moves:
            kept = pool.set.marked()
            self.need(not any((pool.resource, number) in kept for number in row["units"]), "A GENERAL BOOKING TOOK A RESERVED PLACE (Q3)")
        for number in row["units"]:
            unit = pool.units.get(number)
            self.need(unit is not None and unit.state == "free" and unit.start > self.now, "a unit is not free, or has begun (Q2)")
            unit.state, unit.booking, unit.emergency = "general" if general else "family", row["booking_id"], bool(row.get("emergency"))
        if general:
            self.general_granted += len(row["units"])
        else:
            self.family_granted += len(row["units"])

    held = offered = allotted = take

    def booked(self, pool, row):
        if row.get("was_held"):
            self.used(pool, row)
        else:
            self.take(pool, row)

    def used(self, pool, row):
        """The booking has these units, and keeps them (Q12)."""
        self.need(row["units"], "no unit")
        for number in row["units"]:
            self.need(number in pool.units and pool.units[number].booking == row["booking_id"], "a unit of somebody else")

    no_show = used

    def give(self, pool, row):
        self.used(pool, row)
        for number in row["units"]:
            unit = pool.units[number]
            unit.state, unit.booking, unit.emergency = "blocked" if row.get("to_blocked") else "free", None, False

    lapsed = returned = give

    def cancelled(self, pool, row, by_hospital=None):
        if by_hospital is None:
            by_hospital = row.get("by") == "hospital"
        if by_hospital and row.get("channel") == FAMILY and not row.get("was_held"):
            pool.family_cancelled += len(row["units"])
        self.give(pool, row)

    def displaced(self, pool, row):
        self.cancelled(pool, row, by_hospital=True)

    def moved_out(self, pool, row):
        self.give(pool, row)
        self.lifted[row["booking_id"]] = pool, len(row["units"])

    def moved_in(self, pool, row):
        origin, count = self.lifted.pop(row["booking_id"], (None, 0))
        self.need(count == len(row["units"]), "moved in, and not out (Q9)")
        self.take(pool, row, moves=origin is pool)

    # -- the end of the reserve, and refusals --
    def released(self, pool, row):
        kept = sum(resource == pool.resource for resource, _ in pool.set.marked(as_if_kept=True))
        late = pool.set.keeps_nothing() and row.get("count", 0) == 0
        self.need(not pool.released and not pool.cancelled and self.now >= pool.release_at, "released before its time (Q6)")
        self.need(row.get("count", 0) == kept or late, "another number was released")
        pool.released, pool.released_unused = True, row.get("count", 0)

    def refused(self, pool, row):
        pool.refused_by_reserve += row.get("code") in ("RESERVED", "GENERAL_CLOSED")


# ---- The report (Q13) --------------------------------------------------------------------------------------------------------------------

SUMS = ("sessions", "short_notice", "capacity", "required", "kept", "family", "general", "emergency", "released_unused",
        "refused_by_reserve", "blocked", "blocked_into_reserve", "family_cancelled", "outside")


def line(klass, date=None):
    made = {"class": CLASSES[klass], **dict.fromkeys(SUMS, 0)}
    return made if date is None else {**made, "date": date}


def add_pool(line, pool):
    for name, number in (("sessions", 1), ("short_notice", pool.short_notice), ("capacity", len(pool.units)),
                         ("family", pool.count("family")), ("general", pool.count("general")), ("blocked", pool.count("blocked")),
                         ("emergency", sum(unit.emergency for unit in pool.units.values())),
                         ("released_unused", pool.released_unused), ("refused_by_reserve", pool.refused_by_reserve),
                         ("blocked_into_reserve", pool.blocked_into_reserve), ("family_cancelled", pool.family_cancelled)):
        line[name] += int(number)


def gap(pool, units, ms, cause):
    made = {"class": CLASSES[pool.klass], "date": pool.date, "department": pool.department, "shortfall": units,
            "minutes": -(-ms // MINUTE_MS)}
    if not pool.grouped:
        made["resource"] = pool.resource
    if cause:
        made["cause"] = cause[0]
        if cause[1]:
            made["reason"] = cause[1]
    return made


def with_share(line):
    return {**line, "kept_bp": line["kept"] * 10000 // line["capacity"] if line["capacity"] else 0}


def make_report(ledger, first_date, last_date, by):
    def within(date):
        return (first_date or "") <= date <= (last_date or "9999")

    def line_of(klass, date):
        text = date if by == "day" else date[:7]
        return lines.setdefault((klass, text), line(klass, text))

    lines, gaps = {}, []
    for pool in ledger.pools.values():
        if not within(pool.date):
            continue
        own = line_of(pool.klass, pool.date)
        add_pool(own, pool)
        if pool.set.pools[0] is pool:
            units, ms, cause = pool.set.past(ledger.now, True)
            own["required"] += pool.set.required
            own["kept"] += pool.set.kept(units)
            if units:
                gaps.append((pool.klass, pool.date, pool.department.encode(), pool.resource.encode(), gap(pool, units, ms, cause)))
    for (klass, date), bookings in ledger.outside.items():
        if within(date):
            line_of(klass, date)["outside"] += bookings
    totals = {}
    for (klass, _), one in sorted(lines.items()):
        total = totals.setdefault(klass, line(klass))
        for name in SUMS:
            total[name] += one[name]
    return {"report": "reserve", "hospital": ledger.hospital, "from": first_date, "to": last_date, "by": by,
            "ledger": {"first_row": 1 if ledger.rows else 0, "last_row": ledger.rows, "index": ledger.index, "at_ms": ledger.now,
                       "digest": ledger.digest.hex()},
            "lines": [with_share(one) for _, one in sorted(lines.items())],
            "totals": [with_share(one) for _, one in sorted(totals.items())],
            "gaps": [one[-1] for one in sorted(gaps, key=lambda one: one[:-1])]}


def differences(said, found, path=""):
    if isinstance(said, dict) and isinstance(found, dict):
        for name in sorted(said.keys() | found.keys()):
            yield from differences(said.get(name), found.get(name), "%s.%s" % (path, name) if path else name)
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for i, (one, other) in enumerate(zip(said, found)):
            yield from differences(one, other, "%s[%d]" % (path, i))
    elif said != found:
        yield "%s: %s in the report, %s by the ledger" % (path, said, found)


# ---- The files ---------------------------------------------------------------------------------------------------------------------------

def pages(path):
    with open(path, encoding="utf-8") as file:
        for text in file:
            if text.strip():
                yield bytes.fromhex(json.loads(text)["page"] if text.startswith("{") else text.strip())


def read(path, last_row=FOREVER):
    ledger = Ledger()
    for data in pages(path):
        if ledger.rows >= last_row:
            break
        ledger.page(data)
    ledger.end_turn()
    return ledger


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        report = None
        if len(arguments) == 2:
            with open(arguments[1], encoding="utf-8") as file:
                report = json.load(file)
        ledger = read(arguments[0], report["ledger"]["last_row"] if report else FOREVER)
        if report and not ledger.rows:  # made before the first row
            ledger.hospital = report["hospital"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        print("commission: cannot be read: %s" % type(fault).__name__, file=sys.stderr)
        return 2
    except Fault as fault:
        print("台账有误 the ledger is wrong: %s" % fault)
        return 1
    refused = sum(pool.refused_by_reserve for pool in ledger.pools.values())
    print("%s: %d 条 rows, %d 场 sessions, 摘要 digest %s" % (ledger.hospital, ledger.rows, len(ledger.pools), ledger.digest.hex()))
    if report is None and not ledger.rows:
        return 0  # nothing is shown by nothing
    print("先后占号 taken over time: 家医 family doctors %d, 一般 general %d; 因预留拒绝 refused for the reserve %d" %
          (ledger.family_granted, ledger.general_granted, refused))
    print("没有一般预约占用预留号 no general booking ever took a reserved place")
    if report is None:
        return 0
    said = {name: value for name, value in report.items() if name != "test_time"}  # that one is the store's
    found = list(differences(said, make_report(ledger, report["from"], report["to"], report["by"])))
    for one in found:
        print(one)
    print("报告属实 the report is as the ledger has it" if not found else "报告不符 %d differences" % len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
