"""browser.py - a real headless Chromium, driven by the WebDriver protocol over plain HTTP: what a person would see and press."""
import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
START = re.compile(rb"started successfully on port (\d+)")


def required():
    """The path of the driver; skips the test where there is none."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        raise unittest.SkipTest("not run: no chromium, or no chromedriver")
    return driver


class Browser:
    def __init__(self, language="en"):
        driver = required()
        self.folder = Path(tempfile.mkdtemp(prefix="referrald-browser."))
        self.log = open(self.folder / "driver.log", "w+b")
        self.driver = subprocess.Popen([driver, "--port=0"], stdout=self.log, stderr=self.log, env=self.environment(language))
        self.session = None
        try:
            port = fixture.until(self.port, "the driver's port")
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=fixture.PATIENCE_S)
            self.open_session(language)
        except BaseException:
            self.close()
            raise

    def environment(self, language):
        """With a home of its own; Debian's wrapper reads the language from there."""
        return dict(os.environ, HOME=str(self.folder), TMPDIR=str(self.folder), LANGUAGE=language, TZ="Asia/Shanghai")

    def port(self):
        if self.driver.poll() is not None:
            raise unittest.SkipTest("not run: chromedriver ends with %d" % self.driver.returncode)
        found = START.search((self.folder / "driver.log").read_bytes())
        return found and int(found.group(1))

    def open_session(self, language):
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1360,1000",
                     "--user-data-dir=%s" % (self.folder / "profile"), "--accept-lang=%s" % language, "--lang=%s" % language]
        options = {"binary": shutil.which("chromium"), "args": arguments}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}}, base="")["sessionId"]
        except AssertionError as fault:
            raise unittest.SkipTest("not run: no Chromium starts here: %s" % str(fault).splitlines()[0])

    def close(self):
        if self.session:
            self.call("DELETE", "")
        self.driver.terminate()
        self.driver.wait(timeout=fixture.PATIENCE_S)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the protocol ----------------------------------------------------------------------------------------------------
    def call(self, method, path, body=None, base=None):
        base = "/session/%s" % self.session if base is None else base
        self.connection.request(method, base + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        value = json.loads(answer.read())["value"]
        assert answer.status == 200, "%s %s: %s" % (method, path, value)
        return value

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    # -- what a person does -------------------------------------------------------------------------------------------------
    def go(self, url):
        self.call("POST", "/url", {"url": url})

    def script(self, body, *arguments):
        return self.call("POST", "/execute/sync", {"script": body, "args": list(arguments)})

    def press(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", "/element/%s/click" % found[ELEMENT], {})

    def text(self, selector="body"):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        return self.script("return [...document.querySelectorAll(arguments[0])].map((node) => node.innerText)", selector)

    def complaints(self):
        """What the console said since the last time, warnings and errors."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("WARNING", "SEVERE")]

    def screen(self, width, height, mobile=False, dark=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def shoot(self, path):
        """All of the page, as a picture."""
        picture = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture))
