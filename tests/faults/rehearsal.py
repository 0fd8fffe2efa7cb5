"""Runs that are to be broken: starting them, waiting for their end, and what they have to have left."""

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from leavings import Failed, Outcome, behind_step, expect, expect_little_lost, outcome, record_in, step_of_root

ROOT = Path(__file__).resolve().parents[2]
MPIRUN = ROOT / "tests/support/mpirun.sh"

# A net whose steps take some 20 ms on three ranks of two cores, and what a run remembers: running statistics, momentum, an
# average of the weights. Its checkpoints are of 5 MB.
NET = {"--model": "cnn7", "--stages": "8x1,8x1,8x1", "--head": "dense:1024"}
STEPS, EPOCHS = 30, 4  # of an epoch, of which the last has fewer faces; of a run
SAVE_EVERY = 7  # steps, and at the end of an epoch that is the best so far
OPTIONS = NET | {"--global-batch-size": 48, "--epochs": EPOCHS, "--ema": 0.9, "--augment": "flip,shift=0.1", "--threads": 1,
                 "--checkpoint-every": f"{SAVE_EVERY}steps", "--keep": 0}
NON_FINITE, BAD_INPUT, IO, PREEMPTED, PEER = 3, 65, 74, 75, 76
KILLED = 128 + signal.SIGKILL  # of mpirun, one of whose ranks was
WATCHDOG_SECONDS = 5
LATEST = 11 * SAVE_EVERY  # of the checkpoints behind which a fault comes: the rest of the run takes longer than that


class Bench:
    """A folder with a dataset, and runs in it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.expected: dict[tuple[str, ...], Outcome] = {}
        if not (folder / "faces").exists():
            self.make_faces(folder / "faces")

    def make_faces(self, folder: Path, validation: int = 96, seed: int = 1) -> None:
        made = {"--train": 1400, "--validation": validation, "--test": 96, "--seed": seed}
        subprocess.run([self.programs / "fer_dataset", "synth", "--out", folder, "--quiet",
                        *(str(part) for option in made.items() for part in option)], check=True)

    def options(self, out: Path, more: dict[str, object]) -> list[object]:
        options = OPTIONS | {"--dataset": self.folder / "faces", "--out": out, "--resume": "auto"} | more
        given = [(name, value) for name, value in options.items() if value is not None]
        return [part for option in given for part in option if part != ""]  # a switch has no value

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

    def run_to_end(self, out: Path, ranks: int, begun: int = 0, **more: object) -> None:
        """Goes on from what is saved, if anything is, all of which is whole, and no more of which is lost than promised.

        @param begun  a step that rank 0 had begun when the run was broken off, where that is known
        """
        before = record_in(out)
        done = subprocess.run(self.command(out, ranks, named(more)), capture_output=True, text=True, timeout=300)
        expect(done.returncode == 0, f"ends with {done.returncode}: {done.stderr[-300:]}")
        expect("passed over" not in done.stdout, done.stdout)
        if before.get("state", "finished") != "finished":
            expect_little_lost(before, behind_step(out), max(begun, step_of_root(before)),
                               str(more.get("checkpoint_every", OPTIONS["--checkpoint-every"])))

    def unbroken(self, ranks: int, **more: object) -> Outcome:
        key = (str(ranks), *map(str, more.items()))
        if key not in self.expected:
            out = self.folder / f"unbroken-{len(self.expected)}"
            self.run_to_end(out, ranks, **more)
            self.expected[key] = outcome(out)
        return self.expected[key]

    def expect_recovery(self, out: Path, ranks: int, begun: int = 0, **more: object) -> None:
        """Goes on, to where an unbroken run ends."""
        self.run_to_end(out, ranks, begun, **more)
        self.expect_unbroken(out, ranks, **more)
        expect(not list(out.rglob(".*.tmp")), "half-written files are left")

    def expect_unbroken(self, out: Path, ranks: int, **more: object) -> None:
        for what, found, expected in zip(("history", "predictions", "tensors"), outcome(out), self.unbroken(ranks, **more)):
            expect(found == expected, f"goes on to other {what} than an unbroken run")


def named(options: dict[str, object]) -> dict[str, object]:
    return {f"--{name.replace('_', '-')}": value for name, value in options.items()}


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
        running = self.process.poll() is None and self.record().get("state", "running") == "running"
        expect(running, "was over ahead of the fault")

    def processes(self, name: str = "") -> list[int]:
        return processes_of(self.out, name)

    def wait_for(self, what: str, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            expect(time.monotonic() < deadline and self.process.poll() is None, f"was over ahead of {what}, or took a minute")
            time.sleep(0.005)

    def ranks(self) -> list[int]:
        return self.processes("fer_dist_train")

    def wait_for_processes(self, count: int) -> list[int]:
        """Of ranks, whatever they are at."""
        self.wait_for(f"{count} ranks", lambda: len(self.ranks()) == count)
        return self.ranks()

    def wait_for_listeners(self, count: int) -> list[int]:
        """Ranks that listen to signals, which is ahead of MPI's start."""
        self.wait_for("listening ranks", lambda: len(self.ranks()) == count and all(map(listens, self.ranks())))
        return self.ranks()

    def wait_for_ranks(self, count: int) -> list[int]:
        """Once their run is on record."""
        self.wait_for("its record", self.record)
        return self.wait_for_processes(count)

    def wait_for_saved(self, step: int) -> None:
        """Until a checkpoint of this step, or a later one, is on record."""
        self.wait_for(f"the checkpoint of step {step}", lambda: self.record().get("saved_step", 0) >= step)

    def wait_for_some_step(self, draw: random.Random, latest: int = LATEST) -> None:
        """Behind the start, or any checkpoint up to one, and up to two intervals later. The run is not over then."""
        self.wait_for_saved(draw.randrange(0, latest + 1, SAVE_EVERY))
        time.sleep(draw.uniform(0, 0.2))
        self.expect_running()

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


def listens(process: int) -> bool:
    """Whether it has handlers of both signals that ask a run to stop."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    caught = int(status["SigCgt"], 16)
    return all(caught >> (number - 1) & 1 for number in (signal.SIGUSR1, signal.SIGTERM))


Trial = Callable[[Bench, Path, random.Random, int], float]  # by its number; returns the seconds until the job had ended, or 0
