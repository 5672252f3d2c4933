"""stage.py - what rows of tests/data/bad_input find in the store: pools of H1 and C1, and referrals and bookings in every state worth a refusal. Rows
name them as `$WANG`, `$HELD`; a day as `$DAY`, a time as `$DAY 09:30`."""
import fixture
import places
import sheets

START_MS = 1_795_395_600_000  # 2026-11-23 09:00 in China, a Monday
MINUTE_MS = 60_000
PERSON = {"name": "赵护士", "phone": "022-29000003"}
DAYS = {"$YESTERDAY": -1, "$TODAY": 0, "$TOMORROW": 1, "$EVE": 9, "$DAY": 10, "$NEXT": 11, "$FAR": 400}


class Stage:
    def __init__(self, broker, client):
        self.broker, self.client = broker, client
        self.ids = {name: places.day_of(START_MS, days) for name, days in DAYS.items()}
        self.last_patient = 0
        self.say("T07", "SUBMIT", sheets.made("up"), "UP")
        self.publish_pools()
        self.refer_patients()
        self.take_places()
        self.let_time_pass()

    def filled(self, value):
        """Stand-ins for what they stand for, wherever they are."""
        if isinstance(value, dict):
            return {name: self.filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        day, _, time = value.partition(" ")
        return places.at(self.ids[day], time) if time else self.ids[value]

    def say(self, who, kind, body, name=None):
        reply = self.client(who).command(kind, self.filled(body))
        assert not reply.refusals, (kind, body, reply.refusals)
        if name:
            self.ids["$" + name] = reply.booking.booking_id or reply.entry.entry_id or reply.referral_id
        return reply

    # -- pools -----------------------------------------------------------------------------------------------------------------
    def publish(self, name, count, who="H1", day="$DAY", class_="EXPERT", department=places.DEPARTMENT, time="09:00", minutes=10, **more):
        self.ids["$" + name] = places.ref(name, self.ids[day], class_, who, department)
        self.say(who, "PUT_POOL", dict({"pool": "$" + name, "units": [{"count": count, "start_ms": day + " " + time, "minutes": minutes}]}, **more))

    def publish_pools(self):
        for name, count in (("WANG", 10), ("ONE", 1), ("FULL", 1), ("SCATTERED", 5), ("GONE", 5), ("MANY", 10), ("LOSING", 1)):
            self.publish(name, count)
        self.publish("SHORT", 10, reserve_bp=5000)
        self.publish("LATER", 5, fd_opens_at_ms="$TOMORROW 08:00", general_opens_at_ms="$TOMORROW 09:00")
        self.publish("NOW", 3, day="$TODAY", time="09:10")
        self.publish("EARLY", 4, day="$TODAY", time="09:02", minutes=2)
        self.publish("CT", 4, class_="EXAM")
        self.publish("WARD", 4, class_="BED", time="08:00")
        self.publish("ZHOU", 5, who="C1")
        self.publish("SMALL", 1, department="QK")
        self.say("H1", "PUT_GROUP", {"hospital": "H1", "class": "EXPERT", "department": "QK", "date": "$DAY"})
        self.say("H1", "CANCEL_POOL", {"pool": "$GONE", "reason": "STAFF_ABSENT", "person": PERSON})
        self.say("H1", "BLOCK_UNITS", {"pool": "$SHORT", "count": 6, "reason": "STAFF_ABSENT", "person": PERSON})

    # -- referrals ---------------------------------------------------------------------------------------------------------------
    def refer(self, name, sender="T07", patient=None, **changes):
        self.last_patient += 1
        self.say(sender, "SUBMIT", places.sheet(patient or self.last_patient, sender, **changes), name)

    def refer_patients(self):
        for name in ("FREE", "BOOKING", "HOLDING", "REJECTED", "CLOSED", "FULL_ONE", "SCATTERED_2", "SCATTERED_4", "LATE", "LATER_ONE", "WAITING",
                     "MISSED", "COMING"):
            self.refer(name)
        for i in range(5):
            self.refer("T08_%d" % i, "T08")
        self.refer("SIXTH", "T08")
        self.refer("SAME_PATIENT", "T08", patient=1000)
        self.refer("PATIENT", patient=1000)
        self.refer("TO_H2", receiver="H2")
        self.refer("EMERGENCY", priority="EMERGENCY", emergency_category="STROKE")
        self.say("H1", "SUBMIT", sheets.made("up", {"sender": "H1", "receiver": "C1"}), "HOSPITALS")
        self.say("H1", "SUBMIT", sheets.made("down"), "DOWN")
        self.say("H1", "EVENT", {"referral_id": "$REJECTED", "type": "EVENT_REJECT", "person": PERSON, "reason": "NO_CAPACITY"})
        self.say("H1", "EVENT", {"referral_id": "$CLOSED", "type": "EVENT_ARRIVE", "occurred_at_ms": START_MS})
        self.say("H1", "EVENT", {"referral_id": "$CLOSED", "type": "EVENT_CLOSE", "close_code": "NO_FOLLOW_UP",
                                 "diagnoses": [{"text": "心绞痛"}], "treatment": "药物治疗"})

    # -- bookings ----------------------------------------------------------------------------------------------------------------
    def take(self, who, kind, pool, name, referral, **more):
        self.say(who, kind, places.family("$" + pool, "$" + referral, **more), name)

    def take_places(self):
        self.take("T07", "BOOK_PLACE", "WANG", "BOOKED", "BOOKING")
        self.take("T07", "HOLD_PLACE", "WANG", "HELD", "HOLDING", hold_minutes=30)
        self.take("T07", "BOOK_PLACE", "WANG", "OF_PATIENT", "PATIENT")
        self.take("T07", "BOOK_PLACE", "FULL", "LAST", "FULL_ONE")
        self.take("T07", "BOOK_PLACE", "SCATTERED", "SECOND", "SCATTERED_2", first_unit=2)
        self.take("T07", "BOOK_PLACE", "SCATTERED", "FOURTH", "SCATTERED_4", first_unit=4)
        self.take("T07", "HOLD_PLACE", "LOSING", "LOST", "LATE", hold_minutes=1)
        for i in range(5):
            self.take("T08", "HOLD_PLACE", "MANY", "FOREIGN_%d" % i, "T08_%d" % i, hold_minutes=30)
        self.say("H1", "BOOK_PLACE", places.general("$WANG", "HIS-1"), "GENERAL")
        self.say("H1", "BOOK_PLACE", places.general("$WANG", "APP", units=3, allotment=True), "ALLOTMENT")
        self.say("H1", "BOOK_PLACE", places.general("$WANG", "HIS-2"), "CANCELLED")
        self.say("H1", "CANCEL_PLACE", {"booking_id": "$CANCELLED", "reason": "PATIENT_DECLINED"})
        self.say("H1", "BLOCK_UNITS", {"pool": "$MANY", "units": [10], "reason": "TEACHING", "person": PERSON})
        self.take("T07", "BOOK_PLACE", "NOW", "COME", "COMING", first_unit=1)
        self.say("T07", "JOIN_LIST", {"class": "EXAM", "department": "QK", "first_date": "$DAY", "last_date": "$NEXT", "channel": "FAMILY_DOCTOR",
                                      "referral_id": "$WAITING"}, "ENTRY")

    # -- the clock ---------------------------------------------------------------------------------------------------------------
    def set_clock(self, minutes):
        self.broker.set_clock(START_MS + minutes * MINUTE_MS)
        fixture.until(lambda: self.client("OPS").query("GET_STATUS").now_ms >= self.broker.clock_ms, "the time to pass")

    def let_time_pass(self):
        """It is 09:15: the hold of LOSING is over and another has its unit; the first unit of NOW has begun, and its patient came."""
        for i in range(3):  # the first booking, and two after a no-show
            self.take("T07", "BOOK_PLACE", "EARLY", "MISS_%d" % i, "MISSED")
            self.set_clock(2 * (i + 1))
            self.say("H1", "EVENT", {"referral_id": "$MISSED", "type": "EVENT_NO_SHOW", "reason": "PATIENT_DECLINED"})
        self.set_clock(15)
        self.take("T07", "BOOK_PLACE", "LOSING", "TAKEN", "LATER_ONE")
        self.say("H1", "EVENT", {"referral_id": "$COMING", "type": "EVENT_ARRIVE", "occurred_at_ms": START_MS + 14 * MINUTE_MS})
