"""ctl.py - what the scripts that try referralctl share: running it, its exit codes, its JSON."""
import json

import fixture

OK, REFUSED, USAGE, NO_BROKER, BAD_FILE, CHECK_FAILED = range(6)


class CtlTest(fixture.BrokerTest):
    def run_ctl(self, *arguments, key="operator", expect=OK, **more):
        result = self.broker.ctl("--lang", "en", *arguments, key=key, check=False, **more)
        self.assertEqual(result.returncode, expect, "%s\n%s%s" % (arguments, result.stdout, result.stderr))
        return result

    def ask(self, *arguments, key="operator", **more):
        return json.loads(self.run_ctl("--json", *arguments, key=key, **more).stdout)

    def send(self, sheet, key="T07", **more):
        return self.ask("send", key=key, input=json.dumps(sheet), **more)

    def listen(self, key, *arguments, **more):
        """Every message that waits and is not backed off, as JSON; all are acknowledged."""
        now = self.ask("status")["now_ms"]
        count = sum(entry.get("not_before_ms", 0) <= now for entry in self.ask("inbox", key=key).get("entries", []))
        if count == 0:
            return []
        out = self.run_ctl("--json", "listen", "--count", str(count), "--idle", "5", *arguments, key=key, **more).stdout
        return [json.loads(line) for line in out.splitlines()]
