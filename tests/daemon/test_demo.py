#!/usr/bin/python3
"""test_demo.py - the demonstration's main job plays, and every promise of it is kept (the morning: test_morning.py)."""
import subprocess
import tempfile
import unittest

import fixture

DEMO = fixture.SOURCE / "clients" / "demo"
PLAY = 'set -e; sh "$1/prepare.sh" "$2" "$3"; . "$3/env.sh"; exec "$2/clients/demo/referral-demo" "$2/referrald" "$3" "$REFERRALD_ADDRESS"'


class MainJob(unittest.TestCase):
    def test_d1_a_referrals_life_an_emergency_and_a_kill(self):
        with tempfile.TemporaryDirectory(prefix="referrald-demo.") as work:
            played = subprocess.run(["sh", "-c", PLAY, "sh", DEMO, fixture.BUILD, work], capture_output=True, text=True,
                                    timeout=4 * fixture.PATIENCE_S)
        said = played.stdout + played.stderr
        self.assertEqual(0, played.returncode, said)
        self.assertNotIn(" FAIL ", said)
        for promise in ("F1, F2 both missing fields", "D3 the emergency came first", "L4 acknowledged within its minute",
                        "D1 the same message id with another content", "D2 every acknowledged referral is present"):
            self.assertRegex(said, " ok +.*" + promise)


if __name__ == "__main__":
    fixture.main()
