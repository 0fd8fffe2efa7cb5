"""Bad input: a clear message, the promised exit code, all ranks gone within five seconds, nothing half-written."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from app_test import BIN, MPIRUN, AppTest, Result, main

USAGE, BAD_INPUT, IO, PEER = 2, 65, 74, 76
GONE_WITHIN = 5.0
START_OF_MPIRUN = 3.0  # what mpirun itself takes on a small machine, ahead of any fault


class FaultTest(AppTest):
    def expect(self, result: Result, code: int, *parts: str) -> None:
        self.assertEqual(result.code, code, result)
        for part in parts:
            self.assertIn(part, result.err, result)
        said = [line for line in result.err.splitlines() if line.startswith("fer_")]
        self.assertEqual(len(said), 1, f"said once, by one rank: {result}")
        self.assertLess(result.seconds, GONE_WITHIN + START_OF_MPIRUN, result)
        self.assertEqual(self.left_over(), [])


class BadInput(FaultTest):
    def copy_of_dataset(self, name: str) -> pathlib.Path:
        copy = self.folder / name
        shutil.copytree(self.dataset, copy)
        return copy

    def test_missing_dataset(self) -> None:
        self.expect(self.train(dataset=self.folder / "nowhere"), BAD_INPUT, "nowhere", "fer_dataset synth")

    def test_missing_shard(self) -> None:
        dataset = self.copy_of_dataset("missing-shard")
        (dataset / "train-00001-of-00002.h5").unlink()
        self.expect(self.train(dataset=dataset), BAD_INPUT, "train-00001-of-00002.h5", "missing")

    def test_cut_shard(self) -> None:
        dataset = self.copy_of_dataset("cut-shard")
        shard = dataset / "train-00000-of-00002.h5"
        os.truncate(shard, shard.stat().st_size // 2)
        self.expect(self.train(dataset=dataset), BAD_INPUT, "train-00000-of-00002.h5", "cut")

    def test_shard_of_another_dataset(self) -> None:
        dataset = self.copy_of_dataset("foreign-shard")
        other = self.folder / "other"
        self.run_app("fer_dataset", "synth", "--out", other, "--train", 300, "--validation", 40, "--test", 40, "--seed", 9,
                     "--shards", 2)
        shutil.copy(other / "train-00000-of-00002.h5", dataset)
        self.expect(self.train(dataset=dataset), BAD_INPUT, "train-00000-of-00002.h5", "another dataset")

    def test_a_rank_that_sees_other_bytes_is_named_with_its_shard(self) -> None:
        """Whether the pictures are held in memory or stay on the disk, and before a run's folder is made."""
        copy = self.copy_of_dataset("other-bytes")
        with open(copy / "train-00001-of-00002.h5", "r+b") as shard:
            shard.seek(-1000, os.SEEK_END)
            shard.write(b"not what was written")
        for resident_mb in (-1, 0):
            out = self.folder / f"other-bytes-{resident_mb}"
            ranks = [["-np", "1", BIN / "fer_dist_train", "--dataset", dataset, "--global-batch-size", "32", "--out", out,
                      "--resident-mb", resident_mb] for dataset in (self.dataset, copy)]
            result = self.run_command([MPIRUN, *ranks[0], ":", *ranks[1]])
            self.expect(result, BAD_INPUT, f"rank 1 on {os.uname().nodename}", str(copy / "train-00001-of-00002.h5"))
            self.assertFalse(out.exists())

    def test_ranks_with_other_class_weights_are_named(self) -> None:
        """Of files of one name, as each host may have its own."""
        ranks = []
        for name, weight in (("here", 1), ("there", 2)):
            (self.folder / name).mkdir()
            (self.folder / name / "weights.csv").write_text(
                "".join(f"{face},{weight if face == 'sad' else 1}\n"
                        for face in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")))
            ranks.append(["-np", "1", "-wdir", self.folder / name, BIN.resolve() / "fer_dist_train", "--dataset",
                          self.dataset, "--global-batch-size", "32", "--class-weights", "weights.csv", "--out",
                          self.folder / "weighed"])
        result = self.run_command([MPIRUN, *ranks[0], ":", *ranks[1]])
        self.expect(result, PEER, "--class-weights", f"rank 1 on {os.uname().nodename}")
        self.assertFalse((self.folder / "weighed").exists())

    def test_ranks_of_which_one_is_to_resume_are_named(self) -> None:
        rank = ["-np", "1", BIN / "fer_dist_train", "--dataset", self.dataset, "--out", self.folder / "unlike"]
        for name, other in (("resume", "auto"), ("dry-run", ""), ("print-config", "")):
            result = self.run_command([MPIRUN, *rank, ":", *rank, f"--{name}", *([other] if other else [])])
            self.expect(result, PEER, f"'{name} = {other or 'true'}'", f"rank 1 on {os.uname().nodename}")

    def test_unknown_option(self) -> None:
        self.expect(self.train("--epoch", 3), USAGE, "--epoch", "did you mean 'epochs'")

    def test_unwritable_out(self) -> None:
        self.expect(self.train("--out", "/proc/fer-run"), IO, "/proc/fer-run")

    def test_out_that_holds_a_run(self) -> None:
        out = self.folder / "held"
        out.mkdir()
        (out / "run.json").write_text("{}")
        self.expect(self.train("--out", out), USAGE, "already holds a run")
        self.assertEqual((out / "run.json").read_text(), "{}")

    def test_batch_larger_than_the_dataset(self) -> None:
        out = self.folder / "large-batch"
        self.expect(self.run_app("fer_dist_train", "--dataset", self.dataset, "--batch-size", 200, "--out", out, ranks=2),
                    USAGE, "300 samples", "global batch of 400")
        self.assertFalse(out.exists())

    def test_more_parts_than_samples_of_a_step(self) -> None:
        self.expect(self.train("--accumulate", 17), USAGE, "--accumulate 17", "16 samples that a rank has in a step")

    def test_class_names_of_no_use(self) -> None:
        for names, part in (("angry,happy,angry", "'angry' twice"), ("angry,,happy", "a name is empty")):
            self.expect(self.run_app("fer_dataset", "import", "faces.csv", "--classes", names, "--out", self.folder / "n"),
                        USAGE, "--classes", part)

    def test_more_ranks_than_samples(self) -> None:
        dataset = self.folder / "three-faces"
        self.run_app("fer_dataset", "synth", "--out", dataset, "--train", 3, "--validation", 3, "--test", 0)
        self.expect(self.train(dataset=dataset, ranks=4), USAGE, "3 samples", "4 ranks")

    def test_diverged_run(self) -> None:
        out = self.folder / "diverged"
        self.expect(self.train("--lr", 1e30, "--out", out), 3, "no finite number", "--lr")
        self.assertIn('"failed"', (out / "run.json").read_text())
        self.assertEqual(list((out / "checkpoints").iterdir()), [])

    def test_cuda_without_a_gpu(self) -> None:
        if os.path.exists("/dev/nvidia0"):
            self.leave_out("this machine has a GPU")
        self.expect(self.train("--device", "cuda"), USAGE, "--device cuda")

    def test_damaged_checkpoint(self) -> None:
        checkpoint = self.folder / "damaged.safetensors"
        checkpoint.write_bytes(b"not a checkpoint")
        self.expect(self.run_app("fer_evaluate", "--checkpoint", checkpoint, "--dataset", self.dataset, "--out",
                                 self.folder / "scores", ranks=2), BAD_INPUT, "damaged.safetensors")
        self.assertFalse((self.folder / "scores").exists())

    def start_endless_run(self, out: pathlib.Path) -> subprocess.Popen:
        """Starts two ranks and waits for their first checkpoint."""
        job = subprocess.Popen(self.command("fer_dist_train", "--dataset", self.dataset, "--global-batch-size", 32,
                                            "--epochs", 100000, "--out", out, ranks=2),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (out / "checkpoints/last.safetensors").exists():
            self.assertIsNone(job.poll(), "the job ended before its first checkpoint")
            time.sleep(0.05)
        return job

    def test_one_ranks_failure_ends_the_job(self) -> None:
        out = self.folder / "vanished"
        job = self.start_endless_run(out)
        out.rename(self.folder / "elsewhere")  # rank 0 cannot write its next checkpoint; rank 1 is waiting for it in a collective
        vanished = time.monotonic()
        _, err = job.communicate(timeout=60)
        self.assertLess(time.monotonic() - vanished, GONE_WITHIN)
        self.assertEqual(job.returncode, IO, err)
        self.assertIn("rank 0 on", err)
        self.assertEqual(self.left_over(), [])

    def test_rank_killed_in_mid_epoch(self) -> None:
        out = self.folder / "killed"
        job = self.start_endless_run(out)
        victim = subprocess.run(["pgrep", "-nf", f"bin/fer_dist_train.*{out}"], capture_output=True, text=True).stdout
        os.kill(int(victim), signal.SIGKILL)
        killed = time.monotonic()
        job.communicate(timeout=60)
        self.assertLess(time.monotonic() - killed, GONE_WITHIN)
        self.assertNotEqual(job.returncode, 0)
        self.assertEqual(self.left_over(), [])
        record = json.loads((out / "run.json").read_text())  # by the rank that is left, if mpirun gave it the time
        self.assertIn((record["state"], record["exit_code"]), (("failed", PEER), ("running", None)))
        for name in ("last", "best"):
            scored = self.run_app("fer_evaluate", "--checkpoint", out / f"checkpoints/{name}.safetensors", "--dataset",
                                  self.dataset, "--out", self.folder / f"killed-{name}")
            self.assertEqual(scored.code, 0, scored)


    def test_two_jobs_with_one_folder(self) -> None:
        out = self.folder / "twice"
        jobs = [subprocess.Popen(self.command("fer_dist_train", "--dataset", self.dataset, "--global-batch-size", 32,
                                              "--epochs", 1, "--threads", 1, "--out", out),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        errors = [job.communicate(timeout=60)[1] for job in jobs]
        self.assertEqual(sorted(job.returncode for job in jobs), [0, USAGE], errors)
        self.assertRegex("".join(errors), "already holds a run|another process is training")

    def leave_out(self, reason: str) -> None:
        print(f"bad_input_test: {self._testMethodName} is skipped, {reason}", file=sys.stderr)
        self.skipTest(reason)

    def small_disk(self, megabytes: int) -> pathlib.Path:
        if os.geteuid() != 0:
            self.leave_out("only root may mount a small disk")
        disk = self.folder / f"disk-{megabytes}"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk], capture_output=True,
                                 text=True)
        if mounted.returncode != 0:
            self.leave_out(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount, disk)
        return disk

    def unmount(self, disk: pathlib.Path) -> None:
        deadline = time.monotonic() + GONE_WITHIN
        while self.left_over() and time.monotonic() < deadline:  # mpirun may end ahead of its ranks
            time.sleep(0.05)
        subprocess.run(["umount", disk], check=True)

    def test_no_room_for_checkpoints(self) -> None:
        disk = self.small_disk(4)
        self.expect(self.train("--out", disk / "run"), IO, "has room for", "4 checkpoints of 15 MB")
        record = json.loads((disk / "run/run.json").read_text())
        self.assertEqual((record["state"], record["exit_code"]), ("failed", IO))

    def test_a_disk_that_fills_up_is_survived_where_that_is_asked_for(self) -> None:
        run = self.small_disk(40) / "run"  # room for two checkpoints
        result = self.train("--out", run, "--on-disk-full", "warn")
        self.assertEqual(result.code, 0, result)
        for part in ("has room for", "No space left on device", "The run goes on without."):
            self.assertIn(part, result.out + result.err)
        self.assertEqual(json.loads((run / "run.json").read_text())["state"], "finished")
        self.assertEqual({path.name for path in (run / "checkpoints").iterdir()},
                         {"best.safetensors", "last.safetensors"})


class BadCsv(FaultTest):
    """Faults of headerless CSV files; each row is a picture of 2x2."""

    def expect_refused(self, name: str, data: str, target: str, *parts: str) -> None:
        source, out = self.folder / name, self.folder / f"{name}-out"
        source.mkdir()
        (source / "train_data.csv").write_text(data)
        (source / "train_target.csv").write_text(target)
        self.expect(self.run_app("fer_dataset", "import", source, "--classes", "angry,happy", "--out", out), BAD_INPUT,
                    *parts)
        self.assertFalse(out.exists())

    def test_short_row(self) -> None:
        self.expect_refused("short", "1,2,3,4\n1,2,3\n", "0\n1\n", "train_data.csv' line 2", "3 pixels")

    def test_letter(self) -> None:
        self.expect_refused("letter", "1,2,3,4\n1,x,3,4\n", "0\n1\n", "line 2", "value 2 is 'x'")

    def test_too_bright(self) -> None:
        self.expect_refused("bright", "1,2,3,256\n", "0\n", "line 1", "value 4 is '256'")

    def test_negative(self) -> None:
        self.expect_refused("negative", "-1,2,3,4\n", "0\n", "line 1", "value 1 is '-1'")

    def test_label_out_of_range(self) -> None:
        self.expect_refused("label", "1,2,3,4\n", "2\n", "train_target.csv' line 1", "label 2")

    def test_row_counts_differ(self) -> None:
        self.expect_refused("counts", "1,2,3,4\n1,2,3,4\n", "0\n", "train_data.csv' has 2 rows", "has 1")

    def test_an_option_of_another_command(self) -> None:
        self.expect(self.run_app("fer_dataset", "verify", self.dataset, "--near"), USAGE, "--near is for inspect, not for verify")

    def test_fewer_rows_than_expected(self) -> None:
        source = self.folder / "expected"
        source.mkdir()
        (source / "train_data.csv").write_text("1,2,3,4\n")
        (source / "train_target.csv").write_text("0\n")
        self.expect(self.run_app("fer_dataset", "import", source, "--out", self.folder / "expected-out", "--expect-rows", 2),
                    BAD_INPUT, "1 rows", "--expect-rows says 2")


if __name__ == "__main__":
    main()
