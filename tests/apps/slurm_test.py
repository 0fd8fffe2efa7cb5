"""The job scripts on real Slurm, two hosts in namespaces of this machine: whatever befalls a job, it goes on by itself.

    python3 tests/apps/slurm_test.py build/bin      as root, with Slurm and munge installed; it is skipped otherwise
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from app_test import BIN, ROOT, AppTest, main
from broken_runs import BrokenRunTest
from slurm_hosts import SlurmHosts, wait_until, why_not
from slurm_run import SlurmRun

LONG = {"--epochs": 10, "--threads": 1}  # some ten seconds
LONGER = {"--epochs": 1000, "--threads": 1}


class SlurmTest(BrokenRunTest):
    @classmethod
    def setUpClass(cls) -> None:
        if reason := why_not():
            print(f"slurm_test: skipped, {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def setUp(self) -> None:
        self.addCleanup(lambda: self.assertEqual(self.left_over(), []))
        up = contextlib.ExitStack()
        self.addCleanup(up.close)
        self.hosts = up.enter_context(SlurmHosts([self.folder, ROOT, BIN]))

    def submit(self, name: str, script: str, options: dict[str, object], *job_options: str) -> SlurmRun:
        of_training = self.training(name, options, ranks=0)[1:]
        return SlurmRun(self.hosts, BIN, self.folder / name, script, of_training, *job_options)

    def unbroken(self) -> pathlib.Path:
        return self.run_to("unbroken", LONG)

    def test_a_preempted_job_loses_no_step(self) -> None:
        run = self.submit("preempted", "train.sbatch", LONG)
        run.wait_for_epochs(1)
        run.preempt()
        run.expect_to_go_on()
        self.expect_same(run.out, self.unbroken())

    def test_a_job_that_lost_a_host_goes_on_from_its_last_checkpoint(self) -> None:
        run = self.submit("killed", "train.sbatch", LONG | {"--checkpoint-every": "10steps"})
        run.wait_for_epochs(1)
        run.lose_host(lambda: self.hosts.kill("n2"), lambda: self.hosts.boot("n2"))
        run.expect_to_go_on()
        self.expect_same(run.out, self.unbroken())

    def test_srun_warns_of_the_time_limit(self) -> None:
        run = self.submit("limit", "train-srun.sbatch", LONGER, "--time=1")
        run.reach_time_limit()
        before = run.record()
        run.wait_for("an epoch more", lambda: run.saved_step() > before["saved_step"], 60)
        run.expect_resumed(before)


class HostsTest(AppTest):
    """What a test may do to the hosts leaves nothing behind."""

    @classmethod
    def setUpClass(cls) -> None:
        if reason := why_not():
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def test_a_start_that_fails(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "ctl does not start"), SlurmHosts([self.folder / "nowhere"]):
            pass
        self.assertEqual(self.left_over(), [])

    def test_hosts_end_with_whoever_made_them(self) -> None:
        program = ("import pathlib, slurm_hosts, sys, time\n"
                   "with slurm_hosts.SlurmHosts([pathlib.Path(sys.argv[1])]):\n"
                   "    print(flush=True)\n"
                   "    time.sleep(60)\n")
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/support"), "TMPDIR": str(self.folder)}
        with subprocess.Popen([sys.executable, "-c", program, self.folder], stdout=subprocess.PIPE, env=environment) as maker:
            maker.stdout.readline()
            self.assertGreater(len(self.left_over()), 1)
            maker.send_signal(signal.SIGKILL)
        wait_until(lambda: self.left_over() == [], 5)


if __name__ == "__main__":
    main()
