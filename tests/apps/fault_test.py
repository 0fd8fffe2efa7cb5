"""What goes wrong in a rank ends the job in bounded time, with its cause on record, and the run goes on from there."""

import contextlib
import os
import re
import signal
import time

from app_test import Result, main
from broken_runs import BrokenRunTest
from saved_tensors import header_of

LIMIT = 2  # seconds, of the watchdog
PEER = 76


class FaultTest(BrokenRunTest):
    def rehearse(self, name: str, kind: str, rank: int = 1, step: int = 30, ranks: int = 2, **more: object) -> Result:
        options = {"--watchdog": LIMIT, "--inject": f"rank={rank},step={step},kind={kind}", "--resume": "auto"}
        options |= {f"--{key.replace('_', '-')}": value for key, value in more.items()}
        result = self.run_command(self.training(name, options, ranks))
        self.assertEqual(self.left_over(), [])
        return result

    def expect_missed(self, name: str, result: Result, rank: int, what: str) -> None:
        self.assertEqual(result.code, PEER, result)
        record = self.record(self.folder / name)
        self.assertEqual((record["state"], record["exit_code"]), ("failed", PEER), result)
        self.assertEqual(record["watchdog"]["missing"], [rank], result)
        self.assertIn(what, record["why"])
        self.assertRegex(result.err, f"rank {rank} on .* {what}")
        told = {rank["rank"] for rank in record["watchdog"]["ranks"]}
        self.assertTrue(all(re.search(f"rank {rank} on [^ ]*, .*, after ", result.err) for rank in told), result.err)
        self.assertIn(self.rank_that_judges(rank), told)

    @staticmethod
    def rank_that_judges(missing: int) -> int:
        return 0 if missing else 1

    def test_a_rank_that_stops_is_named(self) -> None:
        expected = self.run_to("unbroken", {})
        for rank in (0, 1):
            result = self.rehearse(f"stop-{rank}", "stop", rank)
            self.expect_missed(f"stop-{rank}", result, rank, "silent")
            self.assertLess(result.seconds, 15, result)
            self.expect_same(self.run_to(f"stop-{rank}", {}), expected)

    def test_a_rank_that_stops_at_once_is_on_record(self) -> None:
        """Heard for the last time ahead of the run, it has not said which it is at."""
        for rank in (0, 1):
            result = self.rehearse(f"at-once-{rank}", "stop", rank, step=1)
            self.expect_missed(f"at-once-{rank}", result, rank, "silent")

    def test_a_rank_that_sleeps_is_named(self) -> None:
        for rank in (0, 2):
            result = self.rehearse(f"sleep-{rank}", "sleep", rank, ranks=3)
            self.expect_missed(f"sleep-{rank}", result, rank, "does not come back")
            self.assertIn("training at step 30", result.err)

    def test_a_rank_that_is_killed_is_on_record(self) -> None:
        """mpirun's own code is that of the signal; run.json says more."""
        result = self.rehearse("kill", "kill")
        self.assertNotEqual(result.code, 0)
        record = self.record(self.folder / "kill")
        self.assertEqual((record["state"], record["exit_code"]), ("failed", PEER), result)
        self.assertIn("rank 1 on", record["why"])
        self.assertIn("has died", record["why"])

    def test_a_slow_rank_is_left_alone(self) -> None:
        """Stopped half of the time."""
        out = self.folder / "slow"
        job = self.start("slow", {"--watchdog": LIMIT, "--epochs": 20})
        self.wait_for(job, lambda: bool(self.record(out)))
        slow = self.processes("fer_dist_train")[-1]
        end = time.monotonic() + 5 * LIMIT
        while time.monotonic() < end and job.poll() is None:
            for number in (signal.SIGSTOP, signal.SIGCONT):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(slow, number)
                time.sleep(LIMIT / 4)
        self.assertEqual(job.wait(timeout=60), 0)

    def test_a_pause_of_all_of_them_is_no_fault(self) -> None:
        """As `scontrol suspend` makes it."""
        out = self.folder / "paused"
        job = self.start("paused", {"--watchdog": LIMIT})
        self.wait_for(job, lambda: self.epochs_done(out) >= 1)
        ranks = self.processes("fer_dist_train")
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in ranks:
                os.kill(process, number)
            time.sleep(3 * LIMIT if number == signal.SIGSTOP else 0)
        self.assertEqual(job.wait(timeout=60), 0)

    def test_a_full_disk_ends_the_run_and_leaves_its_checkpoints(self) -> None:
        result = self.rehearse("full", "enospc", rank=0)
        self.assertEqual(result.code, 74, result)
        self.assertIn("No space left on device", result.err)
        out = self.folder / "full"
        self.assertEqual([path.name for path in (out / "checkpoints").iterdir() if path.name.startswith(".")], [])
        self.expect_same(self.run_to("full", {}), self.run_to("space", {}))

    def test_a_value_that_is_no_number_stops_all_ranks_in_its_step(self) -> None:
        result = self.rehearse("nan", "nan", rank=1, step=30)
        self.assertEqual(result.code, 3, result)
        self.assertIn("step 30 went non-finite", result.err)
        self.assertIn("rank 1", result.err)

    def test_what_led_to_it_is_left_behind(self) -> None:
        self.rehearse("bundle", "nan", rank=1, step=30)
        header = header_of(self.folder / "bundle/non_finite.safetensors")
        about = header["__metadata__"]
        self.assertEqual((about["step"], about["rank"], about["what"]), ("30", "1", "a picture"))
        self.assertEqual(header["images"]["shape"], [32, 1, 48, 48])
        self.assertEqual(header["labels"]["shape"], [32])
        self.assertTrue([name for name in header if name.startswith("weights.")])

    def test_the_layer_and_operation_that_began_it_are_left_behind(self) -> None:
        result = self.run_command(self.training("diverges", {"--optimizer": "sgd", "--lr": 1e20}))
        self.assertEqual(result.code, 3, result)
        about = header_of(self.folder / "diverges/non_finite.safetensors")["__metadata__"]
        self.assertRegex(about["what"], "the output of .* at layer 'features.6'")
        self.assertIn(about["what"], result.err)

    def test_a_bad_step_may_be_left_out(self) -> None:
        result = self.rehearse("skip", "nan", rank=1, step=30, skip_non_finite=1)
        self.assertEqual(result.code, 0, result)
        self.assertIn("up to step 30 one step was left out", result.out + result.err)
        self.assertEqual(self.record(self.folder / "skip")["skipped_steps"], 1)

    def test_an_odd_fault_is_refused(self) -> None:
        for fault, part in (("kind=explode", "kinds are kill"), ("rank=one,kind=kill", "must be a number")):
            result = self.run_command(self.training("odd", {"--inject": fault}))
            self.assertEqual(result.code, 2, result)
            self.assertIn(part, result.err)


if __name__ == "__main__":
    main()
