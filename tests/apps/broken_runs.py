"""Runs that are broken off, and what tells whether they go on to where an unbroken one ends."""

import contextlib
import csv
import json
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from app_test import AppTest
from saved_tensors import describe, digest_of

# Everything that a run remembers: plateau, early stopping, an average of the weights, momentum; of a net with batch norms
# whose epochs take half a second on two ranks.
OPTIONS = {"--model": "cnn7", "--stages": "8x1,8x1,8x1", "--head": "dense:1024", "--global-batch-size": 64, "--epochs": 6, "--ema": 0.9, "--lr-patience": 0, "--min-delta": 0.05,
           "--augment": "flip,shift=0.1"}
STEPS = 24  # of an epoch


class BrokenRunTest(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.faces = cls.folder / "faces"  # enough that an epoch takes longer than a kill
        made = cls.run_app("fer_dataset", "synth", "--out", cls.faces, "--train", 1500, "--validation", 100, "--test", 100)
        assert made.code == 0, made

    @classmethod
    def training(cls, name: str, options: dict[str, object], ranks: int = 2) -> list[str]:
        own = [part for option in (OPTIONS | options).items() for part in option]
        return cls.command("fer_dist_train", "--dataset", cls.faces, "--out", cls.folder / name, *own, ranks=ranks)

    def run_to(self, name: str, options: dict[str, object], ranks: int = 2) -> pathlib.Path:
        result = self.run_command([*self.training(name, options, ranks), "--resume", "auto"])
        self.assertEqual(result.code, 0, result)
        return self.folder / name

    def start(self, name: str, options: dict[str, object], ranks: int = 2) -> subprocess.Popen[bytes]:
        command = [*self.training(name, options, ranks), "--resume", "auto"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_for(self, job: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
        """Until it holds, the job has ended, or a minute has passed."""
        deadline = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline and job.poll() is None:
            time.sleep(0.01)

    def processes(self, program: str = "") -> list[int]:
        """Of this test's runs: the launcher and all ranks, or those of one program."""
        of_program = [line.split() for line in self.left_over() if line.split()[1].endswith(program)]
        return [int(words[0]) for words in of_program]

    def broken_off(self, name: str, options: dict[str, object], behind: int, ranks: int = 2,
                   within: bool = False) -> pathlib.Path:
        """Kills a run without warning once so many epochs are done, or once a checkpoint within the next is there."""
        out = self.folder / name
        job = self.start(name, options, ranks)
        self.wait_for(job, lambda: self.epochs_done(out) >= behind and (not within or self.last_is_within(out, behind)))
        while left := self.processes():
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        job.wait()
        self.assertEqual(self.record(out)["state"], "running")
        return out

    def record(self, out: pathlib.Path) -> dict[str, Any]:
        """run.json, empty where there is none yet."""
        path = out / "run.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def last_is_within(self, out: pathlib.Path, behind: int) -> bool:
        about = describe(out / "checkpoints/last.safetensors")
        return about["epoch"] >= behind and 0 < about["step"] - about["epoch"] * STEPS < STEPS / 2

    def epochs_done(self, out: pathlib.Path) -> int:
        """Those whose checkpoints are written."""
        return self.record(out).get("epochs_done", 0)

    def history(self, out: pathlib.Path) -> list[dict[str, str]]:
        with open(out / "history.csv", newline="") as file:
            return list(csv.DictReader(file))

    def losses(self, out: pathlib.Path) -> list[tuple[str, ...]]:
        return [(row["epoch"], row["lr"], row["train_loss"], row["val_loss"]) for row in self.history(out)]

    def expect_same(self, found: pathlib.Path, expected: pathlib.Path) -> None:
        self.assertEqual(self.losses(found), self.losses(expected))
        self.assertEqual((found / "predictions.csv").read_text(), (expected / "predictions.csv").read_text())
        self.assertEqual(*(digest_of(out / "checkpoints/last.safetensors") for out in (found, expected)))
