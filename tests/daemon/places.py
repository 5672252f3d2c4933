"""places.py - patients, pools and days for the scripts that book places over the wire. All invented."""
import datetime

import sheets

CHINA = datetime.timezone(datetime.timedelta(hours=8))
TEAMS = {"T07": "TEAM1", "T08": "TEAM-T08"}
DEPARTMENT = "NK"


def day_of(now_ms, days=0):
    """The date in China, `days` later."""
    now = datetime.datetime.fromtimestamp(now_ms / 1000, CHINA)
    return (now + datetime.timedelta(days=days)).date().isoformat()


def at(date, time="09:00"):
    """Milliseconds of a local time."""
    return int(datetime.datetime.fromisoformat("%sT%s:00+08:00" % (date, time)).timestamp() * 1000)


def ref(resource, date, class_="EXPERT", hospital="H1", department=DEPARTMENT):
    return {"hospital": hospital, "class": class_, "department": department, "resource": resource, "date": date}


def pool(resource, date, count, minutes=10, time="09:00", class_="EXPERT", **more):
    """The body of PUT_POOL."""
    return dict({"pool": ref(resource, date, class_),
                 "units": [{"count": count, "start_ms": at(date, time), "minutes": minutes}]}, **more)


def sheet(number, sender="T07", **more):
    """For patient `number`, by the sender's team."""
    born = datetime.date(1950, 1, 1) + datetime.timedelta(days=number % 10000)
    changes = {"sender": sender, "sender_reference": "%s-%d" % (sender, number), "team_id": TEAMS[sender],
               "patient.birth_date": born.isoformat(),
               "patient.id_value": sheets.resident_id("120224%s%03d" % (born.strftime("%Y%m%d"), 1 + 2 * (number // 10000)))}
    return sheets.made("up", dict(changes, **more))


def family(pool_ref, referral, **more):
    """The body of HOLD_PLACE and BOOK_PLACE for a family doctor's patient."""
    return dict({"pool": pool_ref, "channel": "FAMILY_DOCTOR", "referral_id": referral}, **more)


def general(pool_ref, reference, **more):
    return dict({"pool": pool_ref, "channel": "GENERAL", "reference": reference}, **more)
