"""A signal has all ranks save at one step and leave with 75; the run then goes on to where an unbroken one ends."""

import os
import pathlib
import signal

from app_test import main
from broken_runs import BrokenRunTest
from saved_tensors import describe


class PreemptTest(BrokenRunTest):
    def stopped(self, name: str, number: signal.Signals, to: str, behind: int = 1, ranks: int = 2, times: int = 1,
                options: dict[str, object] | None = None) -> pathlib.Path:
        """Sends a signal, once so many epochs are done, to `one` rank, to `all`, or to the `launcher`."""
        out = self.folder / name
        job = self.start(name, options or {}, ranks)
        self.wait_for(job, lambda: bool(self.record(out)) and self.epochs_done(out) >= behind)
        receivers = [job.pid] if to == "launcher" else self.processes("fer_dist_train")
        for process in receivers[-1:] if to == "one" else receivers:
            for _ in range(times):
                os.kill(process, number)
        self.code = job.wait(timeout=30)
        self.assertEqual(self.left_over(), [])
        return out

    def expect_preempted(self, out: pathlib.Path) -> None:
        self.assertEqual(self.code, 75)
        record = self.record(out)
        self.assertEqual((record["state"], record["exit_code"]), ("preempted", 75))
        self.assertIn("signal", record["why"])
        self.assertIn(f"after step {describe(out / 'checkpoints/last.safetensors')['step']}", record["why"])

    def test_a_signal_to_one_rank_stops_all_of_them(self) -> None:
        expected = self.run_to("unbroken", {})
        for number in (signal.SIGUSR1, signal.SIGTERM):
            out = self.stopped(f"one-{number.name}", number, "one")
            self.expect_preempted(out)
            self.expect_same(self.run_to(out.name, {}), expected)
            self.assertEqual(self.record(out)["state"], "finished")

    def test_it_may_come_to_all_of_them_and_again(self) -> None:
        expected = self.run_to("straight", {})
        out = self.stopped("all", signal.SIGUSR1, "all", times=3)
        self.expect_preempted(out)
        self.code = 0
        out = self.stopped("all", signal.SIGUSR1, "launcher", behind=3)  # mpirun hands it on
        self.expect_preempted(out)
        self.expect_same(self.run_to(out.name, {}), expected)

    def test_it_may_come_ahead_of_the_first_step(self) -> None:
        out = self.stopped("early", signal.SIGUSR1, "one", behind=0)
        self.expect_preempted(out)
        self.expect_same(self.run_to(out.name, {}), self.run_to("in-time", {}))

    def test_another_signal_may_be_chosen(self) -> None:
        out = self.stopped("chosen", signal.SIGUSR2, "one", ranks=1, options={"--preempt-signal": "USR2"})
        self.expect_preempted(out)
        refused = self.train("--preempt-signal", "KILL", "--out", self.folder / "refused")
        self.assertEqual(refused.code, 2, refused)
        self.assertIn("known are HUP, INT, TERM, USR1, USR2", refused.err)

    def test_mpirun_on_its_way_out_leaves_what_can_go_on(self) -> None:
        """mpirun gives its ranks two seconds, a second behind its own signal, and may end with 0."""
        options = {"--epochs": 12}  # or fast machines are done by then
        out = self.stopped("mpirun", signal.SIGTERM, "launcher", options=options, behind=2)
        self.assertIn(self.record(out)["state"], ("preempted", "running"))
        self.expect_same(self.run_to(out.name, options), self.run_to("longer", options))

    def test_members_stop_together(self) -> None:
        options = {"--members": 2, "--ema": 0}
        out = self.folder / "members"
        job = self.start("members", options)
        self.wait_for(job, lambda: self.epochs_done(out / "member-01") >= 1)
        for process in self.processes("fer_dist_train"):
            os.kill(process, signal.SIGUSR1)
        self.assertEqual(job.wait(timeout=30), 75)
        self.assertFalse((out / "ensemble.json").exists())
        self.run_to("members", options)
        self.assertTrue((out / "ensemble.json").exists())


if __name__ == "__main__":
    main()
