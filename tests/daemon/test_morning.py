#!/usr/bin/python3
"""test_morning.py - the demonstration's morning plays, and every promise of it is kept (Q1-Q15, by real clients and an independent reader)."""
import subprocess
import tempfile
import unittest

import fixture


class Morning(unittest.TestCase):
    def test_q_a_morning_of_appointments_and_its_proof(self):
        with tempfile.TemporaryDirectory(prefix="referrald-morning.") as work:
            played = subprocess.run(["sh", fixture.SOURCE / "clients" / "demo" / "morning.sh", fixture.BUILD, work],
                                    capture_output=True, text=True, timeout=4 * fixture.PATIENCE_S)
        said = played.stdout + played.stderr
        self.assertEqual(0, played.returncode, said)
        self.assertNotIn(" FAIL ", said)
        for promise in ("Q3 in every session the reserve is whole", "Q8 they wait first", "C1 a millisecond before its release",
                        "no general booking ever took a reserved place"):
            self.assertRegex(said, " ok +.*" + promise)


if __name__ == "__main__":
    fixture.main()
