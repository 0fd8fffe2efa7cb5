"""A run that was broken off goes on to where an unbroken one ends, to the last bit, also on other ranks where it is
`--deterministic world`."""

import contextlib
import json
import os
import shutil
import signal
import subprocess

from app_test import main
from broken_runs import STEPS, BrokenRunTest
from saved_tensors import digest_of


class ResumeTest(BrokenRunTest):
    def test_a_killed_run_ends_like_an_unbroken_one(self) -> None:
        for optimizer, lr in (("adam", 0.003), ("nesterov", 0.02)):
            options = {"--optimizer": optimizer, "--lr": lr}
            expected = self.run_to(f"unbroken-{optimizer}", options)
            found = self.broken_off(f"broken-{optimizer}", options, behind=2)
            self.expect_same(self.run_to(found.name, options), expected)
            record = self.record(found)
            self.assertEqual((record["state"], record["epochs_done"]), ("finished", 6))
            self.assertGreaterEqual(record["resumed"][0]["behind_epoch"], 1)

    def test_checkpoints_within_epochs_count(self) -> None:
        """Where statistics of batch norms, and their averages, are each rank's own."""
        for name, more, ranks in (("steps", {}, 2), ("streamed", {"--resident-mb": 0}, 2),
                                  ("alone", {"--optimizer": "nesterov", "--lr": 0.02}, 1)):
            expected = self.run_to(f"{name}-unbroken", more, ranks)
            found = self.broken_off(name, more | {"--checkpoint-every": "7steps"}, behind=2, ranks=ranks, within=True)
            self.run_to(name, more | {"--checkpoint-every": "7steps"}, ranks)
            self.expect_same(found, expected)
            self.assertNotEqual(self.record(found)["resumed"][0]["behind_step"] % STEPS, 0)

    def test_an_epoch_that_was_over_is_not_ended_again(self) -> None:
        """Where a checkpoint is due behind its last step."""
        options = {"--checkpoint-every": f"{STEPS}steps"}
        found = self.broken_off("due-at-the-end", options, behind=3)
        before = self.history(found)
        self.run_to(found.name, options)
        resumed = self.record(found)["resumed"][0]
        self.assertEqual(resumed["behind_step"], resumed["behind_epoch"] * STEPS)
        self.assertEqual(self.history(found)[:resumed["behind_epoch"]], before[:resumed["behind_epoch"]])

    def test_an_epoch_that_was_saved_in_part_is_saved_whole(self) -> None:
        """Where a run is killed between two of the files of its end."""
        options = {"--keep": 2, "--checkpoint-every": "7steps"}
        out = self.run_to("between-files", options | {"--epochs": 2})
        last, named, best = ((out / "checkpoints" / f"{name}.safetensors") for name in ("last", "epoch-0002", "best"))
        shutil.copy(last, best)
        expected = digest_of(last)
        for lost, epochs in (((last,), 2), ((named,), 2), ((last, named), 1)):
            for path in lost:
                path.unlink()
            record = self.record(out) | {"state": "running"}
            (out / "run.json").write_text(json.dumps(record))
            self.run_to(out.name, options | {"--epochs": epochs})
            self.assertEqual([digest_of(path) for path in (last, named)], [expected, expected])
            self.assertEqual(self.record(out)["resumed"][-1]["from"] == last.name, last not in lost)

    def test_other_ranks_go_on_with_a_world_of_virtual_ones(self) -> None:
        options = {"--deterministic": "world", "--virtual-ranks": 4}
        expected = self.run_to("world", options, ranks=1)
        found = self.broken_off("broken-world", options, behind=2)
        self.expect_same(self.run_to(found.name, options, ranks=4), expected)
        within = self.broken_off("within-world", options | {"--checkpoint-every": "5steps"}, behind=1, within=True)
        self.expect_same(self.run_to(within.name, options, ranks=3), expected)
        crowded = self.run_command([*self.training("crowded", options, ranks=5)])
        self.assertEqual((crowded.code, "4 virtual ranks for 5 ranks" in crowded.err), (2, True), crowded)

    def test_a_run_goes_on_without_the_weights_that_it_began_with(self) -> None:
        weights = self.folder / "weights.safetensors"
        shutil.copy(self.run_to("earlier", {"--epochs": 1}) / "checkpoints/best.safetensors", weights)
        expected = self.run_to("begun-with-weights", {"--init-from": weights})
        found = self.broken_off("broken-with-weights", {"--init-from": weights}, behind=2)
        weights.unlink()
        self.expect_same(self.run_to(found.name, {"--init-from": weights, "--keep": 0}), expected)
        self.assertEqual(list((found / "checkpoints").glob("epoch-*")), [])

    def test_a_damaged_checkpoint_is_passed_over(self) -> None:
        expected = self.run_to("whole", {})
        found = self.broken_off("damaged", {}, behind=3)
        last = found / "checkpoints/last.safetensors"
        last.write_bytes(last.read_bytes()[:-1])
        result = self.run_command([*self.training("damaged", {}), "--resume", "auto"])
        self.assertEqual(result.code, 0, result)
        self.assertIn("passed over", result.out)
        self.expect_same(found, expected)

    def test_where_no_checkpoint_can_be_read_none_is_removed(self) -> None:
        found = self.broken_off("unreadable", {}, behind=1)
        files = sorted((found / "checkpoints").glob("*.safetensors"))
        for path in files:
            path.write_bytes(path.read_bytes()[:-1])
        result = self.run_command([*self.training("unreadable", {}), "--resume", "auto"])
        self.assertEqual(result.code, 65, result)
        self.assertIn("none that can be read", result.err)
        self.assertEqual(sorted((found / "checkpoints").glob("*.safetensors")), files)

    def test_a_run_that_came_to_its_options_alone_begins_anew(self) -> None:
        """Killed ahead of its record."""
        whole = self.run_to("begun", {"--epochs": 1})
        begun = self.folder / "cut-short"
        begun.mkdir()
        (begun / "config.ini").write_text((whole / "config.ini").read_text())
        self.expect_same(self.run_to(begun.name, {"--epochs": 1}), whole)

    def test_checkpoints_of_nobody_are_not_gone_on_with(self) -> None:
        of_nobody = self.run_to("of-nobody", {"--epochs": 1})
        (of_nobody / "run.json").unlink()
        for resume in ("never", "auto"):
            result = self.run_command([*self.training(of_nobody.name, {}), "--resume", resume])
            self.assertEqual(result.code, 2, result)
            self.assertIn("holds checkpoints, but no run.json", result.err)

    def test_a_run_taken_up_behind_an_early_stop_trains(self) -> None:
        """Also if it was broken off ahead of its first checkpoint."""
        stopped = self.run_to("stopped", {"--stop-at-accuracy": 0.01})
        self.assertEqual(self.record(stopped)["state"], "stopped_early")
        taken_up = self.folder / "taken-up"
        job = subprocess.Popen([*self.training(taken_up.name, {}), "--resume", stopped], stdout=subprocess.DEVNULL)
        self.wait_for(job, lambda: (taken_up / "run.json").exists())
        self.signal_all(self.processes(), signal.SIGKILL)
        job.wait()
        self.assertEqual(self.history(self.run_to(taken_up.name, {}))[-1]["epoch"], "6")

    def test_a_second_start_waits_for_the_first(self) -> None:
        """Whether that finishes, which is left as it is, or is killed."""
        expected = self.run_to("one-start", {})
        for killed in (False, True):
            out = self.folder / f"two-starts-{killed}"
            first = subprocess.Popen(self.training(out.name, {}), stdout=subprocess.DEVNULL)
            self.wait_for(first, lambda: self.epochs_done(out) >= 1)
            of_first = self.processes()
            self.signal_all(of_first, signal.SIGSTOP)
            second = subprocess.Popen([*self.training(out.name, {}), "--resume", "auto"], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True)
            while "another process is training" not in (line := second.stdout.readline()):
                self.assertTrue(line, "the second start has ended")
            self.signal_all(of_first, signal.SIGKILL if killed else signal.SIGCONT)
            said = second.communicate(timeout=120)[0]
            self.assertEqual(second.returncode, 0, said)
            self.assertEqual(first.wait(), -signal.SIGKILL if killed else 0)
            self.expect_same(out, expected)
            self.assertEqual("resumed" in self.record(out), killed)

    def signal_all(self, processes: list[int], number: signal.Signals) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def test_more_epochs_are_trained_behind_a_finished_run(self) -> None:
        more = self.run_to("more", {"--epochs": 2})
        self.assertEqual(len(self.history(more)), 2)
        self.run_to("more", {"--epochs": 4})
        self.expect_same(more, self.run_to("at-once", {"--epochs": 4}))
        result = self.run_command([*self.training("more", {"--epochs": 4}), "--resume", "auto"])
        self.assertIn("holds this run, finished", result.out)

    def test_another_folder_takes_a_run_up_from_a_checkpoint(self) -> None:
        expected = self.run_to("straight", {"--keep": 9})
        for path in (expected / "checkpoints/epoch-0003.safetensors", self.broken_off("left", {}, behind=2)):
            out = f"from-{path.name}"
            result = self.run_command([*self.training(out, {}), "--resume", path])
            self.assertEqual(result.code, 0, result)
            begun = int(self.history(self.folder / out)[0]["epoch"]) - 1
            self.assertEqual(self.losses(self.folder / out), self.losses(expected)[begun:])
            self.assertEqual(self.record(self.folder / out)["resumed"][0]["behind_epoch"], begun)
        for option, value, where, code, part in (
                ("--model", "cnn4", path, 2, "its net is 'cnn7', here it is 'cnn4'"),
                ("--seed", 2, path, 2, "there 'seed = 1', here 'seed = 2'"),
                ("--global-batch-size", 32, path, 2, "of 64 samples a step, here it is 32"),
                ("--augment", "none", path, 2, "of other options"),
                ("--seed", 1, self.folder / "nothing", 65, "nothing")):
            result = self.run_command([*self.training("odd", {option: value}), "--resume", where])
            self.assertEqual(result.code, code, result)
            self.assertIn(part, result.err)
        result = self.run_command([*self.training("slower", {"--lr": 0.0005}), "--resume", path])
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.record(self.folder / "slower")["resumed"][0]["changed"], ["lr = 0.0005"])

    def test_phases_go_on_in_the_middle(self) -> None:
        recipe = self.folder / "phases.ini"
        recipe.write_text("[phase.1]\nlr = 0.01\n[phase.2]\nlr = 0.001\nfreeze = ^(?!classifier)\n")
        options = {"--recipe": recipe, "--ema": 0, "--epochs": 3}
        expected = self.run_to("phases", options)
        for behind in (1, 3, 4):
            found = self.broken_off(f"phases-{behind}", options, behind=behind)
            self.expect_same(self.run_to(found.name, options), expected)

    def test_the_best_epoch_of_a_phase_that_chose_by_another_metric_does_not_count(self) -> None:
        recipe = self.folder / "metrics.ini"
        recipe.write_text("[phase.1]\nmonitor = val_accuracy\n[phase.2]\nmonitor = val_loss\n")
        options = {"--recipe": recipe, "--ema": 0, "--epochs": 2, "--checkpoint-every": "3steps"}
        expected = self.run_to("metrics", options)
        found = self.broken_off("metrics-broken", options, behind=2, within=True)
        self.expect_same(self.run_to(found.name, options), expected)
        self.assertEqual(self.record(found)["best"], self.record(expected)["best"])

    def test_what_matters_may_not_change(self) -> None:
        found = self.broken_off("refused", {}, behind=1)
        for option, value, part in (("--model", "cnn4", "here 'model = cnn4'"), ("--seed", 2, "here 'seed = 2'"),
                                    ("--global-batch-size", 32, "64 samples a step, here it is 32")):
            result = self.run_command([*self.training("refused", {option: value}), "--resume", "auto"])
            self.assertEqual(result.code, 2, result)
            self.assertIn(part, result.err)
        self.run_to("refused", {"--lr": 0.0005})
        self.assertIn("lr = 0.0005", self.record(found)["resumed"][0]["changed"])

    def test_nor_may_what_a_file_says_that_an_option_names(self) -> None:
        weights = self.folder / "class-weights.csv"
        classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
        weights.write_text("".join(f"{name},1\n" for name in classes))
        self.broken_off("weighed", {"--class-weights": weights}, behind=1)
        weights.write_text("".join(f"{name},{2 if name == 'sad' else 1}\n" for name in classes))
        result = self.run_command([*self.training("weighed", {"--class-weights": weights}), "--resume", "auto"])
        self.assertEqual(result.code, 2, result)
        self.assertIn("the run has other --class-weights: there 1, 1, 1, 1, 1, 1, 1, here 0.8", result.err)


if __name__ == "__main__":
    main()
