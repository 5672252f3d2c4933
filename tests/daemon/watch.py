"""watch.py - what is watched with: the alert rules and the dashboard as data, the metrics an expression names, and a real Prometheus."""
import json
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

import fixture

RULES = fixture.SOURCE / "systemd" / "prometheus" / "referrald.rules.yml"
DASHBOARD = fixture.SOURCE / "systemd" / "grafana" / "referrald.json"
RUNBOOK = fixture.SOURCE / "systemd" / "runbook"
INSTALLED_RUNBOOK = "/usr/share/referrald/runbook/"
OF_PROMETHEUS = {"up", "ALERTS"}
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
CHINESE = re.compile("[\u4e00-\u9fff]")


def promtool(*arguments, cwd=None):
    result = subprocess.run(["promtool"] + [str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            cwd=cwd, timeout=fixture.PATIENCE_S)
    return result.returncode, result.stdout


def groups():
    return yaml.safe_load(RULES.read_text())["groups"]


def rules():
    return [rule for group in groups() for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded():
    return {rule["record"] for rule in rules() if "record" in rule}


def alarm_levels():
    """{code: level} of the broker's own alarms."""
    table = (fixture.SOURCE / "broker" / "engine" / "alarm.def").read_text()
    return dict(re.findall(r'^ALARM\("([a-z-]+)", "([a-z]+)"', table, re.M))


def page_of(alert):
    """The page of the runbook an alert names, without its folder and ending."""
    return re.fullmatch(INSTALLED_RUNBOOK + r"([a-z-]+)\.md", alert["annotations"]["runbook"])[1]


def dashboard():
    return json.loads(DASHBOARD.read_text())


def queries(board):
    """(where, expression) of all that a dashboard asks for, with its variables as they are when all is chosen."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield "%s %s" % (panel["title"], target["refId"]), chosen(target["expr"])
    for note in board["annotations"]["list"]:
        yield note["name"], chosen(note["expr"])
    for variable in board["templating"]["list"]:
        labels = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
        if labels:
            yield variable["label"], "count by (%s) (%s)" % (labels[2], chosen(labels[1]))


def chosen(expression):
    for name, value in (("$__rate_interval", "5m"), ("$instance", ".*"), ("$institution", ".*")):
        expression = expression.replace(name, value)
    return expression


def names(expression):
    """The metrics that an expression selects."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    found = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
    return {name for name in found if name not in WORDS}


def labels(expression):
    """{metric: labels} that its selectors look at."""
    looked_at = {}
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", expression):
        looked_at.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]~?\"", re.sub(r'(")[^"]*"', r'\1', matchers)))
    return looked_at


def metrics(text):
    """The names of all samples that a page of metrics may have: its families, a histogram's three among them."""
    shown = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)", text, re.M):
        shown |= {name + part for part in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return shown


class Prometheus:
    """Scrapes one broker every second, and evaluates our rules as often."""

    def __init__(self, address):
        self.folder = Path(tempfile.mkdtemp(prefix="referrald-prometheus."))
        job = {"job_name": "referrald", "static_configs": [{"targets": [address]}]}
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)], "scrape_configs": [job]}
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log_file = self.folder / "log"
        self.spawn()
        fixture.until(self.is_ready, "prometheus to be ready")

    def spawn(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                                             "--web.listen-address", self.address], cwd=self.folder, stdout=log, stderr=log)

    def is_ready(self):
        if self.process.poll() is not None:
            said = self.log_file.read_text()
            if "address already in use" not in said:  # somebody was faster
                raise AssertionError("prometheus ended:\n" + said)
            self.spawn()
        try:
            with urllib.request.urlopen("http://%s/-/ready" % self.address, timeout=5):
                return True
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=fixture.PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, path, **fields):
        with urllib.request.urlopen("http://%s/api/v1/%s?%s" % (self.address, path, urllib.parse.urlencode(fields)),
                                    timeout=fixture.PATIENCE_S) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]
