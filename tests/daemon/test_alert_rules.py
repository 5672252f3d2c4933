#!/usr/bin/python3
"""test_alert_rules.py - the alert rules by themselves: promtool is content, each alert fires in its unit test when it should and not before, and a
rule that is spoilt is noticed; each speaks two languages and names its page of the runbook; no alarm of the broker is without an alert.
"""
import copy
import re
import tempfile
import unittest
from pathlib import Path

import yaml

import fixture
import watch

UNIT_TESTS = fixture.SOURCE / "tests" / "data" / "alerts" / "rules_test.yml"
THRESHOLD = re.compile(r"([<>]=?) ((?:[1-9]|0\.)[\d.]*)")
TEMPLATE_LABELS = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


def unit_tests():
    return yaml.safe_load(UNIT_TESTS.read_text())["tests"]


def failing(change):
    """The alerts whose unit tests fail after `change` has been at each alert; it says whether it changed that one."""
    groups = copy.deepcopy(watch.groups())
    changed = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule and change(rule)}
    with tempfile.TemporaryDirectory(prefix="referrald-rules.") as folder:
        (Path(folder) / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
        tests = yaml.safe_load(UNIT_TESTS.read_text())
        tests["rule_files"] = ["rules.yml"]
        tests["tests"] = [test for test in tests["tests"] if test["name"] in changed]
        (Path(folder) / "tests.yml").write_text(yaml.safe_dump(tests))
        _, said = watch.promtool("test", "rules", "tests.yml", cwd=folder)
    return changed, set(re.findall(r'expr: "ALERTS\{alertname=\\"(\w+)\\"', said))


class UnitTests(unittest.TestCase):
    def test_promtool_finds_no_fault(self):
        self.assertEqual(0, watch.promtool("check", "rules", watch.RULES)[0])

    def test_the_configuration_in_the_readme_is_one(self):
        shown = re.search(r"```yaml\n(rule_files:.*?)```", (fixture.SOURCE / "README.md").read_text(), re.S)[1]
        self.assertEqual(["referrald"], [job["job_name"] for job in yaml.safe_load(shown)["scrape_configs"]])
        with tempfile.TemporaryDirectory(prefix="referrald-rules.") as folder:
            path = Path(folder) / "prometheus.yml"
            path.write_text(shown.replace("/usr/share/referrald/prometheus", str(watch.RULES.parent)))
            code, said = watch.promtool("check", "config", path)
        self.assertEqual(0, code, said)
        self.assertIn("%d rules found" % len(watch.rules()), said)

    def test_each_alert_fires_when_it_should(self):
        code, said = watch.promtool("test", "rules", UNIT_TESTS.name, cwd=UNIT_TESTS.parent)
        self.assertEqual(0, code, said)

    def test_each_alert_has_a_unit_test_with_a_series_that_fires_it_and_one_that_does_not(self):
        tests = unit_tests()
        self.assertEqual(sorted(watch.alerts()), sorted(test["name"] for test in tests))
        for test in tests:
            silent, fires = test["promql_expr_test"]
            self.assertNotIn("exp_samples", silent, test["name"])
            for look in (silent, fires):
                self.assertEqual('ALERTS{alertname="%s", alertstate="firing"}' % test["name"], look["expr"])
            self.assertEqual(1, len(fires["exp_samples"]), test["name"])
            self.assertNotIn('"good"', fires["exp_samples"][0]["labels"], test["name"])
            self.assertTrue(any('instance="good"' in series["series"] for series in test["input_series"]), test["name"])

    def test_an_alert_that_never_fires_is_noticed(self):
        def never(rule):
            rule["expr"] = "(%s) and on () vector(0) == 1" % rule["expr"]
            return True
        changed, failed = failing(never)
        self.assertEqual(changed, failed)
        self.assertEqual(set(watch.alerts()), failed)

    def test_an_alert_that_does_not_wait_is_noticed(self):
        changed, failed = failing(lambda rule: rule.pop("for", None))
        self.assertEqual(changed, failed)
        self.assertGreater(len(failed), 10)

    def test_a_threshold_that_is_twice_or_half_as_high_is_noticed(self):
        for factor in (2, 0.5):
            def scaled(rule):
                before = rule["expr"]
                rule["expr"] = THRESHOLD.sub(lambda found: "%s %g" % (found[1], float(found[2]) * factor), before)
                return rule["expr"] != before
            changed, failed = failing(scaled)
            self.assertEqual(changed, failed, factor)
            self.assertGreater(len(failed), 5)


class Words(unittest.TestCase):
    def test_each_alert_is_said_in_both_languages(self):
        for name, alert in watch.alerts().items():
            said = alert["annotations"]
            self.assertEqual({"summary", "summary_zh", "description", "description_zh", "runbook"}, set(said), name)
            for key, text in said.items():
                self.assertEqual(key.endswith("_zh"), bool(watch.CHINESE.search(text)), text)
            self.assertEqual(set(TEMPLATE_LABELS.findall(said["summary"])), set(TEMPLATE_LABELS.findall(said["summary_zh"])), name)

    def test_each_alert_has_a_level(self):
        for name, alert in watch.alerts().items():
            self.assertIn(alert["labels"]["severity"], ("critical", "warning"), name)

    def test_each_alert_names_a_page_of_the_runbook(self):
        for name, alert in watch.alerts().items():
            self.assertTrue((watch.RUNBOOK / (watch.page_of(alert) + ".md")).is_file(), name)

    def test_no_alarm_is_without_an_alert_of_its_level(self):
        levels = {(watch.page_of(alert), alert["labels"]["severity"]) for alert in watch.alerts().values()}
        self.assertGreater(len(watch.alarm_levels()), 15)
        for alarm in watch.alarm_levels().items():
            self.assertIn(alarm, levels)

    def test_no_alert_reads_an_alarm_that_is_none(self):
        for name, alert in watch.alerts().items():
            for code in re.findall(r'code="([^"]*)"', alert["expr"]):
                self.assertIn(code, watch.alarm_levels(), name)


if __name__ == "__main__":
    fixture.main()
