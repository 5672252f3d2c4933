#!/usr/bin/python3
"""test_logs.py - patient data is where it belongs and nowhere else (P1, P2): one marked life, sent well-formed and malformed; then the log, every
refusal, the list of processes, what operators are shown, pages and metrics, and the bytes on disk and of a backup are searched for the marks."""
import hashlib
import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import fixture
import ops
import places
import sheets
from foreign_client import body_of, referral_pb2, wire_pb2
from party import PartyTest

MARK = "Q7ZMARK"
PHONE, ID_VALUE = "18877665544", sheets.resident_id("12022419600512371")
MARKS = (MARK, PHONE, ID_VALUE, ID_VALUE[:-1])
PERSON = {"name": "何医生", "phone": "022-29000003"}
PAGES = ["/", "/livez", "/readyz", "/healthz?verbose", "/metrics", "/status.json"]
BLOB = ("%s 影像 " % MARK).encode() * 3000
PICTURE = {"name": MARK + ".png", "media_type": "image/png", "size_bytes": len(BLOB), "content": BLOB, "sha256": hashlib.sha256(BLOB).digest()}
PATIENT = {"patient.name": MARK + "患者", "patient.id_value": ID_VALUE, "patient.phone": PHONE, "patient.address": MARK + " 村 1 号",
           "patient.guardian": MARK + " 监护人", "record_number": MARK + "-DA"}
CLINICAL = {"present_history": MARK + " 胸闷三天,休息可缓解。", "past_history": MARK + " 高血压", "treatment": MARK + " 口服药物"}
UP = dict(PATIENT, **CLINICAL, **{"sender_reference": MARK + "-REF", "diagnoses[0].text": MARK + " 胸痛", "attachments": [PICTURE],
                                  "main_results": MARK + " 心电图"})
DOWN = dict(PATIENT, **{"sender_reference": MARK + "-H1", "diagnoses[0].text": MARK + " 心绞痛", "treatment": MARK, "main_results": MARK,
                        "hospital_findings": MARK + " 住院五天", "further_plan": MARK + " 继续服药"})
BAD_SHEETS = [
    {"receiver": MARK}, {"department": MARK}, {"team_id": MARK}, {"journey_id": MARK}, {"parent_referral_id": MARK}, {"sender": MARK},
    {"patient.phone": PHONE + MARK}, {"patient.id_value": ID_VALUE[:-1] + "?"}, {"patient.birth_date": MARK}, {"patient.sex": "FEMALE"},
    {"sender_reference": MARK * 12}, {"present_history": "\u202e" + MARK}, {"patient.name": MARK * 60}, {"diagnoses[0].icd10": MARK},
    {"doctor.phone": MARK}, {"wanted_place.class": "EXPERT", "wanted_place.earliest_date": MARK}, {"attachments[0].sha256": b"\0" * 32},
    {"vitals": [{"item": "PULSE", "value_milli": 72000, "unit": MARK}]}, {"record_number": MARK * 10}, {"emergency_category": "STROKE"},
]


def marked(text):
    """The mark that stands in this text or these bytes, or None."""
    data = text.encode() if isinstance(text, str) else bytes(text)
    for mark in MARKS:
        if mark.encode() in data or mark.encode("utf-16-le") in data or mark.encode().hex().encode() in data:
            return mark
    return None


class Logs(PartyTest):
    broker_options = {"config": 'log_level = "debug"\nhttp_listen = "127.0.0.1:0"\n'}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.refusals, cls.ids = [], []
        life = cls()
        life.setUp()
        try:
            life.live()
        finally:
            life.tearDown()

    def runTest(self):
        """For the one that lives the life."""

    def live(self):
        """All that is done with patient data in these tests."""
        self.centre = self.party("T07", name=MARK)
        self.hospital, self.operator = self.party("H1"), self.party("OPS")
        up = self.send(self.centre, "up", UP)
        self.events(up)
        down = self.send(self.hospital, "down", dict(DOWN, parent_referral_id=up))
        self.keep(self.centre.event(down, "REJECT", reason="OTHER_REASON", text=MARK))
        emergency = {"sender": "T07", "patient.name": MARK, "diagnoses[0].text": MARK, "sender_reference": MARK + "-EM"}
        self.send(self.centre, "emergency", emergency)
        dead = self.send(self.centre, "up", dict(UP, receiver="H2"))
        self.deliver_and_refuse(dead)
        for changes in BAD_SHEETS:
            sheet = sheets.made("up", UP)
            for path, value in changes.items():
                sheets.put(sheet, path, value)
            self.keep(self.centre.submit(sheet, message_id="%s-%d" % (MARK, len(self.refusals))))
        self.ask_amiss(up)
        self.send_garbage()
        self.take_places()
        type(self).pages = self.ask_pages()
        self.back_up()
        self.fill_the_disk()
        self.broker.kill()
        self.broker.start()
        self.keep(self.centre.submit(sheets.made("up", UP), message_id=MARK + "-again"))

    def take_places(self):
        """A hold, bookings and a list for the marked patient, by marked references."""
        date = places.day_of(self.hospital.welcome.now_ms, 5)
        pool, person = places.ref("AM", date), PERSON
        up = self.send(self.centre, "up", dict(PATIENT, **CLINICAL, team_id="TEAM1", sender_reference=MARK + "-P"))
        commands = [
            (self.hospital, "PUT_POOL", places.pool("AM", date, 3, person=person)),
            (self.centre, "HOLD_PLACE", places.family(pool, up, person=person)), (self.hospital, "BOOK_PLACE", places.general(pool, MARK + "-G1")),
            (self.hospital, "BOOK_PLACE", places.general(pool, MARK + "-G2")), (self.hospital, "BOOK_PLACE", places.general(pool, MARK + "-G3")),
            (self.hospital, "JOIN_LIST", {"hospital": "H1", "class": "EXPERT", "department": "NK", "channel": "GENERAL", "reference": MARK}),
            (self.hospital, "CANCEL_POOL", {"pool": pool, "reason": "STAFF_ABSENT", "person": person}),
            (self.centre, "BOOK_PLACE", places.family(dict(pool, resource=MARK), up)), (self.hospital, "CUT_UNITS", {"pool": dict(pool, date=MARK)}),
            (self.hospital, "CONFIRM_PLACE", {"booking_id": MARK})]
        accepted = 0
        for i, (client, kind, body) in enumerate(commands):
            accepted += not self.keep(client.command(kind, body, message_id="%s-place-%d" % (MARK, i))).refusals
        self.assertGreaterEqual(accepted, 4)

    def http(self, path, *head):
        """All that is answered, head included."""
        address = next(line.split("address=")[1].split()[0] for line in self.broker.log_text().splitlines() if "event=http " in line)
        return ops.ask(address, "\r\n".join(["GET %s HTTP/1.1" % path, *(head or ["Host: localhost"]), "", ""]).encode())

    def ask_pages(self):
        """{path: answer}, and what is answered to whoever names patients in a request."""
        pages = {path: self.http(path) for path in PAGES}
        for path in ("/" + MARK, "/metrics?" + MARK, "/%51" + MARK, "/../" + MARK, "/status.json#" + PHONE):
            pages["with a mark: " + path] = self.http(path)
        for head in ("Host: " + MARK, "Host: localhost\r\nX-Patient: " + MARK, "Host: localhost\r\nCookie: " + PHONE, MARK):
            pages["with a head: " + head] = self.http("/", head)
        return pages

    def back_up(self):
        (self.broker.folder / "backups").mkdir()
        self.broker.ctl_offline("backup", self.broker.folder / "backups", "--store", self.broker.store, "--host-key",
                                self.broker.keys / "host.key", "--staging", self.broker.folder / "staging")

    def keep(self, reply):
        self.refusals += [r for r in reply.refusals]
        return reply

    def send(self, client, base, changes):
        reply = self.accepted(client.submit(sheets.made(base, changes), message_id="%s-%d" % (MARK, len(self.ids))))
        self.ids.append(reply.referral_id)
        return reply.referral_id

    def events(self, up):
        hospital, centre = self.hospital, self.centre
        sheet = body_of("SUBMIT", sheets.made("up", dict(UP, past_history=MARK + " 补充"))).SerializeToString()
        for client, event, fields in (
                (hospital, "REQUEST_INFO", {"text": MARK + " 心电图?"}), (centre, "SUPPLY_INFO", {"text": MARK, "attachments": [PICTURE]}),
                (centre, "AMEND", {"sheet": sheet}), (hospital, "ACCEPT", {"person": PERSON, "text": MARK}),
                (hospital, "ARRIVE", {"occurred_at_ms": hospital.welcome.now_ms}),
                (hospital, "REPORT", {"diagnoses": [{"text": MARK}], "treatment": MARK, "text": MARK, "attachments": [PICTURE]})):
            self.accepted(client.event(up, event, {"message_id": "%s-%s" % (MARK, event)}, **fields))
            self.keep(client.event(up, event, {"message_id": "%s-%s-again" % (MARK, event)}, **fields))  # NOT_NOW

    def deliver_and_refuse(self, id_):
        receiver = self.party("H2", credit=1)
        delivery = receiver.receive()
        self.assertEqual(id_, delivery.referral_id)
        receiver.nack(delivery, "NACK_RETRY", MARK)
        receiver.nack(delivery, "NACK_UNREADABLE", "no such form")
        fixture.until(lambda: self.books(self.operator)["H2"][3] == 1, "the dead letter")

    def ask_amiss(self, up):
        for client in (self.centre, self.hospital, self.operator):
            for kind, fields in (("GET_REFERRAL", {"referral_id": MARK}), ("GET_REFERRAL", {"sender_reference": MARK + "!"}),
                                 ("WHY", {"message_id": MARK + "!"}), ("GET_JOURNEY", {"referral_id": up + MARK}),
                                 ("LIST_REFERRALS", {"cursor": MARK.encode()}), ("LIST_INBOX", {"institution": MARK}),
                                 ("LIST_INSTITUTIONS", {"institution": MARK})):
                self.keep(client.command(kind, fields))
            for kind, fields in (("SHOW_PAYLOAD", {"referral_id": MARK}), ("PUT_INSTITUTION", {"id": MARK, "name": MARK + "\1"}),
                                 ("PUT_TEAM", {"id": MARK + "\2", "institution": MARK}), ("PUT_SETTING", {"name": MARK, "value": MARK}),
                                 ("PAUSE", {"institution": MARK}), ("REPLAY_DEAD", {"institution": MARK, "all": True}),
                                 ("EVENT", {"referral_id": MARK, "type": "EVENT_ACCEPT"}), ("REVOKE_KEY", {"public_key": MARK.encode()})):
                self.keep(client.command(kind, fields, message_id="%s-%d" % (MARK, len(self.refusals) + 5000)))
            self.keep(client.submit(sheets.made("up", UP), acting_for=MARK))
            self.keep(client.submit(sheets.made("up", UP), message_id=MARK * 20))
            self.keep(client.submit(sheets.made("up", UP), message_id=MARK + "\n"))

    def send_garbage(self):
        client, body = self.party("T07"), body_of("SUBMIT", sheets.made("up", UP)).SerializeToString()
        client.send_bytes(body)
        client.send_bytes(MARK.encode() * 100)
        client.socket.send_multipart([body, MARK.encode()])
        client.send_frame(body, MARK.encode())
        for data in (body[:-3], body[:200] + b"\xff" + body[200:], body + b"\x02\x00" + MARK.encode(), MARK.encode()):
            self.keep(client.submit(data))
            self.keep(client.submit(data, kind=250))
        self.keep(client.submit(body, version=9))
        # A key nobody knows, and one that names itself with the mark.
        self.broker.make_key("stranger")
        stranger = self.party("stranger", hello=False)
        stranger.say_hello()
        self.keep(self.operator.command("ADD_KEY", {"public_key": self.broker.key_pair("stranger")[0], "institution": MARK, "roles": ["REFER"]}))

    def fill_the_disk(self):
        """The store's own complaints go to the log as well."""
        size = (self.broker.store / "data.mdb").stat().st_size
        for limit in (size + 65536, size // 2):
            resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            for i in range(5):
                self.keep(self.centre.submit(sheets.made("up", UP), message_id="%s-full-%d-%d" % (MARK, limit, i)))
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    # -- where it must not be ------------------------------------------------------------------------------------------------------
    def test_p1_the_log_holds_none_of_it(self):
        log = self.broker.log_file.read_bytes()
        self.assertIn(b"event=ready", log)
        self.assertIsNone(marked(log))

    def test_p1_the_log_had_much_to_say(self):
        """The control: at debug level, with a line for each of these."""
        log = (self.broker.folder / "referrald.log").read_text(errors="replace")
        for event in ("command", "session_begun", "session_lost", "redelivery", "dead_letter", "key_refused"):
            self.assertIn("event=%s " % event, log)
        self.assertGreater(log.count("event=command"), 100)
        self.assertIn("message_key=", log)

    def test_p1_pages_and_metrics_hold_none_of_it_whoever_asks_for_what(self):
        for pages in (self.pages, self.ask_pages()):
            for path in PAGES:
                self.assertRegex(pages[path], rb"^HTTP/1.1 (200|503) ", path)
                self.assertGreater(len(pages[path].split(b"\r\n\r\n", 1)[1]), 2)
            for path, answer in pages.items():
                self.assertIsNone(marked(answer), "%s:\n%s" % (path, answer[:2000]))

    def test_p1_a_backup_holds_none_of_it_in_plain(self):
        files = list((self.broker.folder / "backups").iterdir())
        self.assertTrue(files)
        for path in files:
            self.assertIsNone(marked(path.read_bytes()), path.name)

    def test_p1_the_receiver_gets_all_of_it(self):
        """The control: the marks went through all that is searched here."""
        hospital = self.party("H1", credit=20)
        fixture.until(lambda: hospital.hear(0) or hospital.deliveries, "a delivery")
        for mark in (MARK, PHONE, ID_VALUE):
            self.assertTrue(any(mark.encode() in delivery.body for delivery in hospital.deliveries), mark)

    def owner_of_memory(self, program, *options):
        """Whose the files of this process in /proc are, once it has read its configuration: root's where nobody may look into it."""
        with tempfile.TemporaryDirectory(prefix="referrald-nobody.") as folder:
            os.chmod(folder, 0o755)
            command = [shutil.copy(program, folder), *options]  # the build may lie where only root may go
            os.mkfifo(folder + "/pipe", 0o644)
            process = subprocess.Popen([*command, folder + "/pipe"], user="nobody", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(folder + "/pipe", "w", encoding="utf-8"):  # opens once the other side reads, and has done what it does before
                owner = Path("/proc/%d/environ" % process.pid).stat().st_uid
            process.wait()
            return owner

    def test_p1_no_other_process_may_look_into_it_and_no_core_file_holds_it(self):
        limits = Path("/proc/%d/limits" % self.broker.process.pid).read_text()
        self.assertRegex(limits, r"Max core file size +0 +0")
        if os.geteuid() != 0:
            self.skipTest("not run: only root may run it as somebody else")
        self.assertEqual(0, self.owner_of_memory(fixture.BUILD / "referrald", "--check", "--config"))
        self.assertNotEqual(0, self.owner_of_memory(shutil.which("cat")), "the control")

    def test_p1_no_refusal_quotes_it_in_any_language(self):
        self.assertGreater(len({r.code for r in self.refusals}), 25, sorted({r.code for r in self.refusals}))
        for refusal in self.refusals:
            self.assertIsNone(marked(refusal.SerializeToString()), refusal)

    def test_p1_the_list_of_processes_shows_none_of_it(self):
        for name in ("cmdline", "comm", "environ", "status"):
            self.assertIsNone(marked(Path("/proc/%d/%s" % (self.broker.process.pid, name)).read_bytes()), name)

    def test_p1_the_files_of_the_store_hold_none_of_it_in_plain(self):
        self.assertEqual(0, self.broker.stop())
        size = 0
        for path in self.broker.store.iterdir():
            data = path.read_bytes()
            size += len(data)
            self.assertIsNone(marked(data), path.name)
            for text in ("胸闷三天", "住院五天", "继续服药"):
                self.assertNotIn(text.encode(), data, path.name)
        print("%d bytes on disk, none of them in plain" % size)
        self.broker.start()

    def shown(self, key, *arguments):
        result = self.broker.ctl(*arguments, key=key, check=False)
        return result.stdout + result.stderr

    def test_p1_p2_operators_and_observers_are_shown_none_of_it_without_asking_for_a_payload(self):
        verbs = [["list"], ["status"], ["alarms"], ["audit"], ["institutions"], ["relations"], ["delegations"], ["teams"], ["keys"], ["settings"],
                 ["calendar"]]
        verbs += [[verb, i] for verb in ("inbox", "dead") for i in ("T07", "H1", "H2")]
        verbs += [[verb, id_] for verb in ("show", "trace", "why", "journey") for id_ in self.ids]
        looked = 0
        for key in ("operator", "OBS"):
            for verb in verbs:
                for form in (["--json"], ["--lang", "zh"], ["--lang", "en"]):
                    text = self.shown(key, *form, *verb)
                    self.assertIsNone(marked(text), "%s %s %s:\n%s" % (key, form, verb, text[:2000]))
                    looked += len(text)
        print("%d characters looked through" % looked)

    def test_p1_verify_and_recount_show_none_of_it(self):
        where = ("--store", self.broker.store, "--host-key", self.broker.keys / "host.key")
        for verb in ("verify", "recount"):
            for form in ("--json", "--lang=zh"):
                result = self.broker.ctl_offline(form, verb, *where, check=False)
                self.assertIsNone(marked(result.stdout + result.stderr))

    def test_p2_a_reference_is_its_senders_alone(self):
        up = self.ids[0]
        centre, hospital = self.party("T07"), self.party("H1", credit=50)
        self.assertEqual(MARK + "-REF", centre.query("GET_REFERRAL", referral_id=up).summary.sender_reference)
        self.assertEqual("", hospital.query("GET_REFERRAL", referral_id=up).summary.sender_reference)
        self.refused(hospital.command("GET_REFERRAL", {"sender_reference": MARK + "-REF"}), "NOT_FOUND")
        self.assertEqual({""}, {r.sender_reference for r in hospital.query("LIST_REFERRALS", rows=200, as_receiver=True).referrals})
        operator, notices = self.party("OPS"), []

        def is_empty():
            while hospital.deliveries or hospital.hear(0):
                if hospital.deliveries:
                    delivery = hospital.deliveries.pop(0)
                    if delivery.kind == wire_pb2.NOTICE:
                        notices.append(referral_pb2.Notice.FromString(delivery.body))
                    hospital.ack(delivery)
            return self.books(operator)["H1"][2] == 0

        fixture.until(is_empty, "the inbox to be drained")
        of_theirs = [n for n in notices if n.referral_id == up]
        self.assertTrue(of_theirs)
        self.assertEqual({""}, {n.sender_reference for n in of_theirs})

    def test_p1_what_the_shell_is_told_of_a_bad_answer_is_the_refusal_and_no_more(self):
        sheet = sheets.made("up", {k: v for k, v in UP.items() if k != "attachments"})
        sheet["patient"]["id_value"] = ID_VALUE[:-1] + "?"
        for arguments, text in ((["send"], json.dumps(sheet)), (["show", MARK], None), (["show", "--reference", MARK], None),
                                (["show", "--sent-as", MARK + "!"], None), (["accept", MARK, "--person", "何"], None),
                                (["send"], '{"patient": {"name": "%s' % MARK)):
            result = self.broker.ctl(*arguments, key="T07", check=False, input=text)
            self.assertNotEqual(0, result.returncode)
            self.assertIsNone(marked(result.stderr + result.stdout), arguments)


if __name__ == "__main__":
    os.environ.pop("JOURNAL_STREAM", None)
    fixture.main()
