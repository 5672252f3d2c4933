"""morning.py - one scripted morning at H1, in steps that always go the same way: for scripts that kill the broker in it.

A step is (who, kind, body, name): the body may ask for what earlier steps made, and the answer's booking, entry or referral is known by `name` from
then on. The store is one with test time, so nothing depends on how long anything takes."""
import places

START_MS = 1_772_413_200_000  # 2026-03-02 09:00 in China, a Monday
PERSON = {"name": "赵护士"}
DAY, NEXT = "2026-03-05", "2026-03-06"
WANG, LI, CT = places.ref("WANG", DAY), places.ref("LI", NEXT), places.ref("CT", DAY, "EXAM")
SENDERS = {"r1": "T07", "r2": "T07", "r3": "T07", "r4": "T07", "r5": "T08", "r6": "T08"}
MINUTE_MS = 60_000


def booking(name, **more):
    return lambda w: dict({"booking_id": w.ids[name]}, **more)


def offer(name):
    """Of this referral or entry: the place it is offered now."""
    return lambda w: {"booking_id": w.offer_of(name)}


def cancel(name):
    return booking(name, reason="PATIENT_DECLINED", person=PERSON)


def take(pool, name, **more):
    return lambda w: places.family(pool, w.ids[name], **more)


def join(name):
    return lambda w: {"class": "EXPERT", "department": places.DEPARTMENT, "first_date": DAY, "last_date": NEXT,
                      "channel": "FAMILY_DOCTOR", "referral_id": w.ids[name]}


def event(name, type_, **more):
    return lambda w: dict({"referral_id": w.ids[name], "type": "EVENT_" + type_}, **more)


def change(pool, reason="PLAN_CHANGED", **more):
    return dict({"pool": pool, "reason": reason, "person": PERSON}, **more)


STEPS = [
    ("H1", "PUT_POOL", places.pool("WANG", DAY, 10), None),
    ("H1", "PUT_POOL", places.pool("LI", NEXT, 4), None),
    ("H1", "PUT_POOL", places.pool("CT", DAY, 6, class_="EXAM", span=2), None),
    *[(sender, "SUBMIT", places.sheet(int(name[1:]), sender), name) for name, sender in SENDERS.items()],
    ("H1", "EVENT", event("r1", "ACCEPT", person=PERSON), None),
    ("T07", "HOLD_PLACE", take(WANG, "r1"), "b1"),
    ("T07", "CONFIRM_PLACE", booking("b1"), None),
    ("T08", "HOLD_PLACE", take(WANG, "r5"), "b2"),
    ("T08", "CANCEL_PLACE", booking("b2"), None),
    ("T08", "BOOK_PLACE", take(WANG, "r5"), "b3"),
    *[("H1", "BOOK_PLACE", places.general(WANG, "HIS-%d" % i), "g%d" % i) for i in range(1, 5)],
    ("H1", "HOLD_PLACE", places.general(WANG, "HIS-5"), "g5"),
    ("H1", "CONFIRM_PLACE", booking("g5"), None),
    ("H1", "BOOK_PLACE", places.general(WANG, "APP", units=2, allotment=True), "a1"),
    ("T07", "BOOK_PLACE", take(WANG, "r2"), "b4"),
    ("H1", "BOOK_PLACE", places.general(WANG, "HIS-6"), None),             # refused: nothing is left
    ("T07", "JOIN_LIST", join("r3"), "w3"),
    ("H1", "JOIN_LIST", {"class": "EXPERT", "department": places.DEPARTMENT, "hospital": "H1", "resource": "WANG", "first_date": DAY,
                         "last_date": DAY, "channel": "GENERAL", "reference": "HIS-W"}, "w9"),
    ("T07", "CONFIRM_PLACE", offer("w3"), None),                          # LI had places
    ("T07", "MOVE_PLACE", lambda w: {"booking_id": w.ids["b1"], "pool": LI, "person": PERSON}, None),  # its unit goes to w9
    ("H1", "CANCEL_PLACE", offer("w9"), None),                            # declined
    ("H1", "CANCEL_PLACE", cancel("g1"), None),                           # and offered another
    ("H1", "CONFIRM_PLACE", offer("w9"), "g9"),
    ("T08", "HOLD_PLACE", take(CT, "r6", units=2), "b5"),
    ("T08", "CONFIRM_PLACE", booking("b5"), None),
    ("T07", "HOLD_PLACE", take(CT, "r4", units=2, hold_minutes=5), "b6"),
    ("H1", "CANCEL_PLACE", lambda w: {"booking_id": w.ids["a1"], "units": w.units_of("a1")[:1]}, None),
    ("H1", "BLOCK_UNITS", change(LI, count=1), None),
    ("H1", "UNBLOCK_UNITS", {"pool": LI, "count": 1}, None),
    ("H1", "CUT_UNITS", change(WANG, count=4, displace=True), None),
    ("", "CLOCK", 5 * MINUTE_MS, None),                                   # b6 lapses
    ("T07", "CONFIRM_PLACE", booking("b6"), None),                        # and is taken again
    ("H1", "DISPLACE_PLACE", booking("b3", reason="NO_CAPACITY", person=PERSON), None),
    ("T08", "CONFIRM_PLACE", offer("r5"), None),
    ("T07", "EVENT", event("r2", "CANCEL", reason="PATIENT_DECLINED"), None),
    ("T07", "EVENT", event("r1", "CANCEL_BOOKING", reason="PATIENT_DECLINED"), None),
    ("H1", "PUT_POOL", places.pool("LI", NEXT, 6), None),
    ("H1", "CANCEL_POOL", change(CT, "DEVICE_DOWN"), None),
    ("H1", "BOOK_PLACE", places.general(LI, "HIS-7"), "g7"),
    ("", "CLOCK", 3 * 60 * MINUTE_MS, None),                              # offers lapse, and others follow
]


class Morning:
    """What the steps have made so far, as a client of the broker sees it."""

    def __init__(self, connect):
        self.connect = connect  # who -> a new Client
        self.clients = {}
        self.ids = {}

    def close(self):
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def client(self, who):
        if who not in self.clients:
            self.clients[who] = self.connect(who)
        return self.clients[who]

    def learn(self, name, reply):
        """The answer may come twice, and says the same."""
        made = reply.booking.booking_id or reply.entry.entry_id or reply.referral_id
        if name and made:
            assert self.ids.setdefault(name, made) == made, "%s changed its id" % name

    def bookings_of(self, name):
        """Of a referral, all it ever had; of an entry without one, its live offer; of a booking, itself."""
        owner = self.client(SENDERS.get(name, "H1"))
        if name.startswith("r"):
            return list(owner.query("LIST_BOOKINGS", referral_id=self.ids[name], rows=50).bookings)
        if name.startswith("w"):
            entries = self.entries()
            return [e.offer for e in entries if e.entry_id == self.ids[name] and e.HasField("offer")]
        return list(owner.query("LIST_BOOKINGS", booking_id=self.ids[name]).bookings)

    def entries(self):
        return list(self.client("H1").query("LIST_WAITING", hospital="H1", department=places.DEPARTMENT, rows=50,
                                            **{"class": "EXPERT"}).entries)

    def units_of(self, name):
        return list(self.bookings_of(name)[0].units)

    def offer_of(self, name):
        return [b for b in self.bookings_of(name) if b.HasField("expires_at_ms")][-1].booking_id

    # -- what it looks like, without ids -------------------------------------------------------------------------------------
    def pools(self):
        return list(self.client("H1").query("LIST_POOLS", hospital="H1", first_date=DAY, last_date=NEXT, units=True).pools)

    def bookings(self):
        """{id: Booking}, of everybody."""
        offers = [e.offer for e in self.entries() if e.HasField("offer")]
        return {one.booking_id: one for name in self.ids for one in self.bookings_of(name) + offers}

    def picture(self):
        """Comparable with that of another store where the same steps were done."""
        pools = [(p.pool.resource, p.capacity, p.reserve, p.blocked, p.general, p.family, p.deficit,
                  [(u.unit, u.state, u.marked, u.booking_state) for u in p.units]) for p in self.pools()]
        bookings = {name: [(b.state, b.channel, list(b.units), b.pool.resource, b.expires_at_ms) for b in self.bookings_of(name)]
                    for name in self.ids}
        entries = [(e.displaced, e.channel, e.units, e.lapses, e.since_ms, e.offer.state, list(e.offer.units)) for e in self.entries()]
        states = [self.client(SENDERS[name]).query("GET_REFERRAL", referral_id=self.ids[name]).summary.state
                  for name in SENDERS if name in self.ids]
        inboxes = [(b.institution, b.accepted) for b in self.client("OPS").query("GET_STATUS").inboxes]
        return {"pools": pools, "bookings": bookings, "entries": entries, "states": states, "inboxes": inboxes}
