"""Runs that are to be broken: starting them, waiting for their end, and what they have to have left."""

import csv
import json
import os
import random
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MPIRUN = ROOT / "tests/support/mpirun.sh"

OPTIONS = {"--global-batch-size": 48, "--epochs": 6, "--ema": 0.9, "--augment": "flip,shift=0.1", "--threads": 1,
           "--checkpoint-every": "7steps", "--keep": 0}
NON_FINITE, BAD_INPUT, IO, PREEMPTED, PEER = 3, 65, 74, 75, 76
KILLED = 128 + signal.SIGKILL  # of mpirun, one of whose ranks was
WATCHDOG_SECONDS = 5


class Failed(AssertionError):
    """What went otherwise than promised."""


def expect(condition: object, text: object) -> None:
    if not condition:
        raise Failed(text)


class Bench:
    """A folder with a dataset, and runs in it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.expected: dict[tuple[str, ...], tuple[list[tuple[str, ...]], str]] = {}
        if not (folder / "faces").exists():
            self.make_faces(folder / "faces")

    def make_faces(self, folder: Path, validation: int = 200, seed: int = 1) -> None:
        made = {"--train": 1500, "--validation": validation, "--test": 100, "--seed": seed}
        subprocess.run([self.programs / "fer_dataset", "synth", "--out", folder, "--quiet",
                        *(str(part) for option in made.items() for part in option)], check=True)

    def options(self, out: Path, more: dict[str, object]) -> list[object]:
        options = OPTIONS | {"--dataset": self.folder / "faces", "--out": out, "--resume": "auto"} | more
        return [part for option in options.items() for part in option if part != ""]  # a switch has no value

    def program(self, out: Path, more: dict[str, object]) -> list[object]:
        return [self.programs / "fer_dist_train", *self.options(out, more)]

    def command(self, out: Path, ranks: int, more: dict[str, object]) -> list[str]:
        return [*map(str, (MPIRUN, "-np", ranks, *self.program(out, more)))]

    def start(self, out: Path, ranks: int, **more: object) -> "Job":
        return Job(self.command(out, ranks, named(more)), out)

    def start_each(self, out: Path, ranks: list[dict[str, object]]) -> "Job":
        """Each rank with options of its own beside what all have."""
        parts = [part for more in ranks for part in (":", "-np", 1, *self.program(out, more))]
        return Job([*map(str, (MPIRUN, *parts[1:]))], out)

    def run_to_end(self, out: Path, ranks: int, **more: object) -> None:
        """Goes on from what is saved, if anything is, all of which is whole."""
        before = record_in(out)
        done = subprocess.run(self.command(out, ranks, named(more)), capture_output=True, text=True, timeout=300)
        expect(done.returncode == 0, f"ends with {done.returncode}: {done.stderr[-300:]}")
        expect("passed over" not in done.stdout, done.stdout)
        if saved := before.get("saved_step", 0) if before.get("state") != "finished" else 0:
            starts = record_in(out).get("resumed", [])
            expect(starts and starts[-1]["behind_step"] >= saved, f"goes on from {starts[-1:]}, {saved} was saved")

    def unbroken(self, ranks: int, **more: object) -> tuple[list[tuple[str, ...]], str]:
        key = (str(ranks), *map(str, more.items()))
        if key not in self.expected:
            out = self.folder / f"unbroken-{len(self.expected)}"
            self.run_to_end(out, ranks, **more)
            self.expected[key] = outcome(out)
        return self.expected[key]

    def expect_recovery(self, out: Path, ranks: int, **more: object) -> None:
        """Goes on, to where an unbroken run ends."""
        self.run_to_end(out, ranks, **more)
        self.expect_unbroken(out, ranks, **more)
        expect(not list(out.rglob(".*.tmp")), "half-written files are left")

    def expect_unbroken(self, out: Path, ranks: int, **more: object) -> None:
        expect(outcome(out) == self.unbroken(ranks, **more), "goes on to another end than an unbroken run")


def record_in(out: Path) -> dict:
    """run.json, empty where there is none."""
    path = out / "run.json"
    return json.loads(path.read_text()) if path.exists() else {}


def named(options: dict[str, object]) -> dict[str, object]:
    return {f"--{name.replace('_', '-')}": value for name, value in options.items()}


def outcome(out: Path) -> tuple[list[tuple[str, ...]], str]:
    with open(out / "history.csv", newline="") as file:
        rows = [(row["epoch"], row["lr"], row["train_loss"], row["val_loss"]) for row in csv.DictReader(file)]
    return rows, (out / "predictions.csv").read_text()


class Job:
    def __init__(self, command: list[str], out: Path) -> None:
        self.out = out
        self.output_file = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=self.output_file, stderr=subprocess.PIPE, text=True)

    def output(self) -> str:
        self.output_file.seek(0)
        return self.output_file.read()

    def record(self) -> dict:
        return record_in(self.out)

    def expect_running(self) -> None:
        expect(self.process.poll() is None, "was over ahead of the fault")

    def processes(self, name: str = "") -> list[int]:
        return processes_of(self.out, name)

    def wait_for_ranks(self, count: int) -> list[int]:
        """Once their run is on record: they listen to signals from then on."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            ranks = self.processes("fer_dist_train")
            if self.record() and len(ranks) == count:
                return ranks
            time.sleep(0.02)
        raise Failed("did not start")

    def end(self, within: float) -> tuple[int, float, str]:
        """Exit code, seconds, standard error."""
        start = time.monotonic()
        try:
            _, errors = self.process.communicate(timeout=within + 30)
        except subprocess.TimeoutExpired:
            raise Failed(f"has not ended after {within + 30:.0f} s") from None
        seconds = time.monotonic() - start
        expect(seconds <= within, f"took {seconds:.1f} s to end, {within} are promised")
        while self.processes() and time.monotonic() - start < within:  # those of another host may take longer
            time.sleep(0.05)
        expect(not self.processes(), f"left processes behind: {self.processes()}")
        return self.process.returncode, seconds, errors


def processes_of(out: Path, name: str = "") -> list[int]:
    """Those of a run, the launcher's and the ranks', the ranks in their order."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            words = (folder / "cmdline").read_text().split("\0") if folder.name.isdigit() else []
            if any(word == str(out) or word.startswith(f"{out}/") for word in words) and words[0].endswith(name):
                found.append((rank_of(folder), int(folder.name)))
    return [process for _, process in sorted(found)]


def kill_all_of(out: Path) -> None:
    for process in processes_of(out):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def rank_of(process: Path) -> int:
    for entry in (process / "environ").read_text().split("\0"):
        if entry.startswith("OMPI_COMM_WORLD_RANK="):
            return int(entry.partition("=")[2])
    return -1


def describe(checkpoint: Path) -> dict:
    with open(checkpoint, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(size))["__metadata__"]["fer_dist_train"])


Trial = Callable[[Bench, Path, random.Random, int], float]  # by its number; returns the seconds that it is about
