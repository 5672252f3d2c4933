"""parties.py - the district of the load generator: senders BS00 ... in townships, receivers BR00 ... in the county."""
import fixture

LOAD = fixture.BUILD / "tests" / "bench" / "referral-load"


def commands(senders, receivers, departments=fixture.DEPARTMENTS):
    """Registers them, in order, as `referralctl load` reads it."""
    for prefix, count, kind, tier in (("BS", senders, "PRIMARY", "TOWNSHIP"), ("BR", receivers, "HOSPITAL", "COUNTY")):
        for i in range(count):
            id_ = "%s%02d" % (prefix, i)
            yield {"kind": "PUT_INSTITUTION", "body": {"id": id_, "name": "测试机构" + id_, "kind": kind, "tier": tier,
                                                       "consortium": "BD", "departments": departments}}
            for direction in ("UP", "DOWN"):
                contact = {"name": "联系人" + id_, "phone": "022-29000001", "deputy_name": "副" + id_,
                           "deputy_phone": "022-29000002", "hours": "24 h"}
                yield {"kind": "PUT_CONTACT", "body": {"institution": id_, "direction": direction, "contact": contact}}


def register(broker, senders, receivers):
    """Institutions, contacts and a key file for each in the broker's folder of keys."""
    wanted = list(commands(senders, receivers))
    for id_ in [c["body"]["id"] for c in wanted if c["kind"] == "PUT_INSTITUTION"]:
        wanted.append({"kind": "ADD_KEY", "body": {"public_key": broker.make_key(id_).hex(), "institution": id_,
                                                   "roles": ["REFER", "RECEIVE"]}})
    broker.load(wanted)


def load_command(target, mode, **options):
    """The command line of referral-load; in_flight=16 becomes --in-flight 16."""
    options = {"address": target.endpoint, "server_key": target.public_hex("server"), "keys": target.keys, **options}
    command = [LOAD, mode]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    return command
