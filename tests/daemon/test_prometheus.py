#!/usr/bin/python3
"""test_prometheus.py - a real Prometheus at a real broker: every metric that the alert rules and the dashboard name is there, every query of the
dashboard shows something, the rules are evaluated without a fault, and an alert comes up by itself.
"""
import itertools
import re
import unittest

import fixture
import ops
import places
import sheets
import watch
from foreign_client import Client

TODAY, TOMORROW = "2026-03-10", "2026-03-11"
# What a healthy broker with a little work has no sample of: nothing is past its deadline, short or dead.
MAY_BE_EMPTY = ("死信与有风险的消息", "启动 · Starts", "预留缺口 · Deficits A")


class Watched(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = ops.Broker(test_time_ms=places.at(TODAY, "10:00"))
        cls.addClassCleanup(cls.broker.close)
        cls.numbers = itertools.count()
        cls.clients = {}
        cls.addClassCleanup(lambda: [client.close() for client in cls.clients.values()])
        cls.work()
        cls.known = watch.metrics(ops.get(cls.broker.http, "/metrics").body.decode()) | watch.recorded() | watch.OF_PROMETHEUS
        cls.prometheus = watch.Prometheus(cls.broker.http)
        cls.addClassCleanup(cls.prometheus.close)

    @classmethod
    def client(cls, name):
        if name not in cls.clients:
            cls.clients[name] = Client(cls.broker.endpoint, cls.broker.key_pair("server")[0], cls.broker.key_pair(name))
        return cls.clients[name]

    @classmethod
    def send(cls):
        reply = cls.client("T07").submit(places.sheet(next(cls.numbers)))
        assert not reply.refusals, reply.refusals

    @classmethod
    def work(cls):
        """A message that was acknowledged, one that waits, an emergency with an alarm, and a session of today and of tomorrow."""
        cls.send()
        receiver = cls.client("H1")
        receiver.credit(1)
        receiver.ack(receiver.receive())
        receiver.close()
        del cls.clients["H1"]
        reply = cls.client("E120").submit(sheets.made("emergency", {"receiver": "NOCONTACT"}))
        assert not reply.refusals, reply.refusals
        for date in (TODAY, TOMORROW):
            reply = cls.client("H2").command("PUT_POOL", {"pool": places.ref("D1", date, hospital="H2"),
                                                          "units": [{"count": 10, "start_ms": places.at(date, "15:00")}]})
            assert not reply.refusals, reply.refusals
        cls.send()

    def until_shown(self, expression, what):
        def shown():
            found = self.prometheus.query(expression)
            if not found:
                self.send()  # rates need something that goes on
            return found
        return fixture.until(shown, "%s to show something: %s" % (what, expression))

    def unknown(self, expressions):
        return set().union(*(watch.names(expression) for expression in expressions)) - self.known

    def test_every_metric_of_the_rules_exists(self):
        self.assertEqual(set(), self.unknown(rule["expr"] for rule in watch.rules()))

    def test_every_metric_of_the_dashboard_exists(self):
        self.assertEqual(set(), self.unknown(expression for _, expression in watch.queries(watch.dashboard())))

    def test_a_renamed_metric_would_be_found(self):
        for expression in itertools.chain((rule["expr"] for rule in watch.rules()), (q for _, q in watch.queries(watch.dashboard()))):
            for name in watch.names(expression) - watch.OF_PROMETHEUS:
                self.assertEqual({name + "_gone"}, self.unknown([re.sub(r"\b%s\b" % name, name + "_gone", expression)]))

    def test_every_label_that_is_looked_at_exists(self):
        self.until_shown("referrald_inbox_waiting", "a scrape")
        series = self.prometheus.ask("series", **{"match[]": '{__name__=~"referrald.*"}'})
        self.assertGreater(len(series), 100)
        has = {}
        for one in series:
            has.setdefault(one["__name__"], set()).update(one)
        for expression in [rule["expr"] for rule in watch.rules()] + [q for _, q in watch.queries(watch.dashboard())]:
            for name, labels in watch.labels(expression).items():
                if name in has:
                    self.assertLessEqual(labels, has[name], expression)

    def test_the_broker_serves_every_page_of_the_runbook(self):
        for page in watch.RUNBOOK.glob("*.md"):
            answer = ops.get(self.broker.http, "/runbook/" + page.stem)
            self.assertEqual((200, page.read_bytes()), (answer.status, answer.body), page.stem)

    def test_every_query_of_the_dashboard_shows_something(self):
        asked = 0
        for where, expression in watch.queries(watch.dashboard()):
            with self.subTest(where):
                if where.startswith(MAY_BE_EMPTY):
                    self.prometheus.query(expression)
                else:
                    self.until_shown(expression, where)
                asked += 1
        self.assertGreater(asked, 60)

    def test_the_rules_are_evaluated_without_a_fault(self):
        def evaluated():
            rules = [rule for group in self.prometheus.ask("rules")["groups"] for rule in group["rules"]]
            return all(rule["health"] != "unknown" for rule in rules) and rules
        rules = fixture.until(evaluated, "all rules to be evaluated")
        self.assertEqual(len(watch.rules()), len(rules))
        self.assertEqual({}, {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"})

    def test_an_alert_comes_up_and_says_what_is_the_matter(self):
        self.until_shown('ALERTS{alertname="ReferraldEmergencyGap", alertstate="firing"}', "the alert")
        self.until_shown('ALERTS{alertname="ReferraldNoConsumer", alertstate="pending", institution="H1"}', "the alert")
        found = {alert["labels"]["alertname"]: alert for alert in self.prometheus.ask("alerts")["alerts"]}
        self.assertEqual("1 emergencies went ahead without relation, tier, department or contact",
                         found["ReferraldEmergencyGap"]["annotations"]["summary"])
        for alert in found.values():
            for text in alert["annotations"].values():
                self.assertNotIn("error expanding", text)
                self.assertNotIn("<no value>", text)


class Dashboard(unittest.TestCase):
    def setUp(self):
        self.panels = watch.dashboard()["panels"]

    def test_every_panel_is_titled_in_both_languages(self):
        for panel in self.panels:
            self.assertRegex(panel["title"], r"^.*[\u4e00-\u9fff].* · .*[A-Za-z]|^Prometheus 告警 · ", panel["id"])
            if panel["type"] != "row":
                self.assertRegex(panel["description"], "[\u4e00-\u9fff].*[a-z]", panel["title"])

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        self.assertEqual(len(self.panels), len({panel["id"] for panel in self.panels}))
        taken = {}
        for panel in self.panels:
            grid = panel["gridPos"]
            self.assertLessEqual(grid["x"] + grid["w"], 24)
            for cell in itertools.product(range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])):
                self.assertNotIn(cell, taken, "%s lies on %s" % (panel["title"], taken.get(cell)))
                taken[cell] = panel["title"]

    def test_every_query_goes_to_the_chosen_source(self):
        for panel in self.panels:
            if panel["type"] != "row":
                self.assertEqual({"type": "prometheus", "uid": "${datasource}"}, panel["datasource"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(references), len(set(references)), panel["title"])

    def test_no_variable_is_left_over(self):
        for where, expression in watch.queries(watch.dashboard()):
            self.assertNotIn("$", expression, where)


if __name__ == "__main__":
    fixture.main()
