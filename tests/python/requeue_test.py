"""Which runs cluster/requeue.py has Slurm start again.

    python3 tests/python/requeue_test.py
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "cluster/requeue.py"


class Requeue(unittest.TestCase):
    def goes_on(self, record: dict[str, object] | None, code: int, restarts: int = 0) -> bool:
        with tempfile.TemporaryDirectory(prefix="fer-test-") as folder:
            if record is not None:
                (pathlib.Path(folder) / "run.json").write_text(json.dumps(record))
            done = subprocess.run([PROGRAM, folder, str(code)], capture_output=True, text=True,
                                  env=os.environ | {"SLURM_RESTART_COUNT": str(restarts)})
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.assertTrue(done.stdout.startswith("requeue: yes" if done.returncode == 0 else "requeue: no"), done.stdout)
            return done.returncode == 0

    def test_what_can_go_on_does(self) -> None:
        for record, code, expected in (
            ({"state": "preempted", "exit_code": 75, "saved_step": 9}, 75, True),
            ({"state": "failed", "exit_code": 76, "why": "rank 1 has died", "saved_step": 9}, 137, True),
            ({"state": "running", "exit_code": None, "saved_step": 9}, 0, True),  # mpirun's, of a host that was cut off
            ({"state": "running", "exit_code": None, "saved_step": 9}, 205, True),
            ({"state": "finished", "exit_code": 0, "saved_step": 9}, 0, False),
            ({"state": "stopped_early", "exit_code": 0, "saved_step": 9}, 0, False),
            ({"state": "failed", "exit_code": 3, "why": "the run has diverged", "saved_step": 9}, 3, False),
            ({"state": "failed", "exit_code": 74, "why": "the disk is full", "saved_step": 9}, 74, False),
            (None, 2, False),
            (None, 205, True),
            (None, 137, True),
            (None, 75, True),  # of --members, whose folders are below this one
        ):
            with self.subTest(record=record, code=code):
                self.assertEqual(self.goes_on(record, code), expected)

    def test_three_starts_without_progress_are_the_last(self) -> None:
        def lost(saved: int, *starts: int) -> dict[str, object]:
            return {"state": "running", "saved_step": saved, "resumed": [{"behind_step": step} for step in starts]}

        self.assertTrue(self.goes_on(lost(50, 50, 50), 137))
        self.assertFalse(self.goes_on(lost(50, 20, 50, 50, 50), 137))
        self.assertTrue(self.goes_on(lost(60, 50, 50, 50), 137))  # this one has saved
        self.assertTrue(self.goes_on({"state": "running"}, 137, restarts=1))  # none has saved yet
        self.assertFalse(self.goes_on({"state": "running"}, 137, restarts=2))


if __name__ == "__main__":
    unittest.main()
