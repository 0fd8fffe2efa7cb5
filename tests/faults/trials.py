#!/usr/bin/env python3
"""Breaks runs on purpose, again and again, and counts what goes otherwise than promised.

    tests/faults/trials.py [--bin build/bin] [GROUP...]     default: all of them

Groups: killed, hung, slow, signals, worlds, values, saves, slurm. What is done is kept in tests/faults/results/, by a digest
of the sources: the same call goes on. Prints a table; exit code 1 if a trial failed. Hours for all of them.
"""

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import slurm_trials

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "tests/faults/results"
MPIRUN = ROOT / "tests/support/mpirun.sh"

OPTIONS = {"--global-batch-size": 48, "--epochs": 6, "--ema": 0.9, "--augment": "flip,shift=0.1", "--threads": 1,
           "--checkpoint-every": "7steps", "--keep": 0}
PREEMPTED, PEER, NON_FINITE = 75, 76, 3
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
        subprocess.run([programs / "fer_dataset", "synth", "--out", folder / "faces", "--train", "1500", "--validation",
                        "200", "--test", "100", "--quiet"], check=True)

    def options(self, out: Path, **more: object) -> list[object]:
        options = OPTIONS | {"--resume": "auto"} | named(more) | {"--dataset": self.folder / "faces", "--out": out}
        return [part for option in options.items() for part in option]

    def command(self, out: Path, ranks: int, **more: object) -> list[str]:
        return [*map(str, (MPIRUN, "-np", ranks, self.programs / "fer_dist_train", *self.options(out, **more)))]

    def start(self, out: Path, ranks: int, **more: object) -> "Job":
        return Job(self.command(out, ranks, **more), out)

    def run_to_end(self, out: Path, ranks: int, **more: object) -> None:
        done = subprocess.run(self.command(out, ranks, **more), capture_output=True, text=True, timeout=300)
        expect(done.returncode == 0, f"ends with {done.returncode}: {done.stderr[-300:]}")

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

    def expect_unbroken(self, out: Path, ranks: int, **more: object) -> None:
        expect(outcome(out) == self.unbroken(ranks, **more), "goes on to another end than an unbroken run")


def named(options: dict[str, object]) -> dict[str, object]:
    return {f"--{name.replace('_', '-')}": value for name, value in options.items()}


def outcome(out: Path) -> tuple[list[tuple[str, ...]], str]:
    with open(out / "history.csv", newline="") as file:
        rows = [(row["epoch"], row["lr"], row["train_loss"], row["val_loss"]) for row in csv.DictReader(file)]
    return rows, (out / "predictions.csv").read_text()


class Job:
    def __init__(self, command: list[str], out: Path) -> None:
        self.out = out
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def record(self) -> dict:
        path = self.out / "run.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def processes(self, name: str = "") -> list[int]:
        """Those of this run, the launcher's and the ranks', the ranks in their order."""
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and str(self.out) in (line := (folder / "cmdline").read_text()):
                    if line.split("\0")[0].endswith(name):
                        found.append((rank_of(folder), int(folder.name)))
        return [process for _, process in sorted(found)]

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
            for process in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            raise Failed(f"has not ended after {within + 30:.0f} s") from None
        seconds = time.monotonic() - start
        expect(seconds <= within, f"took {seconds:.1f} s to end, {within} are promised")
        expect(not self.processes(), f"left processes behind: {self.processes()}")
        return self.process.returncode, seconds, errors


def rank_of(process: Path) -> int:
    for entry in (process / "environ").read_text().split("\0"):
        if entry.startswith("OMPI_COMM_WORLD_RANK="):
            return int(entry.partition("=")[2])
    return -1


Trial = Callable[[Bench, Path, random.Random, int], float]  # by its number; returns the seconds that it is about


def killed(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is killed at some moment: mpirun ends in 5 s, nothing is left, the run goes on."""
    job = bench.start(out, 4)
    ranks = job.wait_for_ranks(4)
    time.sleep(draw.uniform(0, 3))
    if job.process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(ranks[number % 4], signal.SIGKILL)
    code, seconds, _ = job.end(within=5)
    state = job.record()["state"]
    expect(state in ("running", "failed") or (state == "finished" and code in (0, 137)), f"ends as {state} with {code}")
    bench.expect_recovery(out, 4)
    return seconds


def hung(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank stops or sleeps: within 10 s of that the job has ended and named it."""
    rank, kind = number % 3, ("stop", "sleep")[number % 2]
    fault = f"rank={rank},step={draw.randrange(2, 150)},kind={kind}"
    job = bench.start(out, 3, watchdog=WATCHDOG_SECONDS, inject=fault)
    job.wait_for_ranks(3)
    log = out / f"log/rank-{rank}.txt"
    deadline = time.monotonic() + 60
    while "--inject" not in (log.read_text() if log.exists() else "") and time.monotonic() < deadline:
        time.sleep(0.02)
    code, seconds, errors = job.end(within=10)
    record = job.record()
    expect((code, record["state"], record["exit_code"]) == (PEER, "failed", PEER), f"{fault}: {code}, {record}")
    expect(record["watchdog"]["missing"] == [rank], f"{fault}: {record['why']}")
    expect(f"rank {rank} on" in errors, errors)
    return seconds


def slow(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is stopped half of the time for a minute: nobody ends it."""
    job = bench.start(out, 3, epochs=40)
    rank = job.wait_for_ranks(3)[number % 3]
    end = time.monotonic() + 60
    while time.monotonic() < end and job.process.poll() is None:
        for change in (signal.SIGSTOP, signal.SIGCONT):
            with suppress(ProcessLookupError):
                os.kill(rank, change)
            time.sleep(0.5)
    code, seconds, errors = job.end(within=300)
    expect(code == 0, f"ends with {code}: {errors}")
    return seconds


def signals(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A signal to one rank, to all, to mpirun, or twice: one checkpoint at one step, 75; the run goes on."""
    receiver = ("one", "all", "launcher", "twice")[number % 4]
    asked_by = signal.SIGUSR1 if receiver == "launcher" else draw.choice((signal.SIGUSR1, signal.SIGTERM))
    job = bench.start(out, 3)
    ranks = job.wait_for_ranks(3)
    time.sleep(draw.choice((0, draw.uniform(0, 2))))  # some of them ahead of the first step
    receivers = {"one": [draw.choice(ranks)], "all": ranks, "launcher": job.processes("mpirun"), "twice": ranks[:1] * 2}
    for process in receivers[receiver]:
        with suppress(ProcessLookupError):
            os.kill(process, asked_by)
    code, seconds, errors = job.end(within=10)
    record = job.record()
    if record["state"] != "finished":  # it had come too late
        expect((code, record["state"]) == (PREEMPTED, "preempted"), f"{receiver}, {asked_by.name}: {code} {record} {errors}")
        about = describe(out / "checkpoints/last.safetensors")
        expect(f"behind step {about['step']}," in record["why"], f"{record['why']}, saved is {about['step']}")
    bench.expect_recovery(out, 3)
    return seconds


def worlds(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Another number of ranks goes on: to the same bits in a world of virtual ranks, else close to them."""
    before, after = PAIRS[number % len(PAIRS)]
    same_world = {before, after} <= {1, 2, 4}
    more: dict[str, object] = {"deterministic": "world", "virtual_ranks": 4} if same_world else {}
    job = bench.start(out, before, **more)
    job.wait_for_ranks(before)
    time.sleep(draw.uniform(0.2, 1.5))
    for process in job.processes():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    job.process.communicate()
    if same_world:
        bench.expect_recovery(out, after, **more)
        expect(outcome(out) == bench.unbroken(1, **more), "other bits than one rank's")
    else:
        bench.run_to_end(out, after)
        found, expected = (float(rows[-1][2]) for rows in (outcome(out)[0], bench.unbroken(before)[0]))
        expect(abs(found / expected - 1) < 0.1, f"{before} to {after} ranks: loss {found}, unbroken {expected}")
    return 0


PAIRS = [(before, after) for before in (1, 2, 3, 4) for after in (1, 2, 3, 4)]


def values(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A picture becomes no number: all ranks stop in that step, and no checkpoint holds such a value."""
    rank, step = number % 3, draw.randrange(1, 150)
    job = bench.start(out, 3, inject=f"rank={rank},step={step},kind=nan")
    code, seconds, errors = job.end(within=60)
    expect(code == NON_FINITE, f"ends with {code}: {errors}")
    expect(f"step {step} went non-finite" in errors and f"rank {rank}" in errors, errors)
    if (out / "checkpoints/last.safetensors").exists():
        bench.expect_recovery(out, 3)
    return seconds


def saves(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Rank 0 is killed at some call of a save: whatever is there is whole, and the run goes on."""
    call = ("openat", "write", "fsync", "rename", "close")[number % 5]
    rule = f"inject={call}:signal=KILL:when={draw.randrange(1, 400 if call in ('write', 'close', 'openat') else 60)}"
    job = bench.start(out, 2)
    ranks = job.wait_for_ranks(2)
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", rule, "-p",
                               str(ranks[0])], stderr=subprocess.DEVNULL)
    job.end(within=60)
    tracer.wait()
    bench.expect_recovery(out, 2)
    return 0


def describe(checkpoint: Path) -> dict:
    with open(checkpoint, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(size))["__metadata__"]["fer_dist_train"])


@dataclass(frozen=True)
class Group:
    trial: Trial
    count: int
    why_not: Callable[[], str] = lambda: ""  # why it cannot be done here


GROUPS = {"killed": Group(killed, 50), "hung": Group(hung, 60), "slow": Group(slow, 3), "signals": Group(signals, 100),
          "worlds": Group(worlds, 32), "values": Group(values, 100), "saves": Group(saves, 200),
          "slurm": Group(slurm_trials.slurm, slurm_trials.COUNT, slurm_trials.why_not)}


def digest_of_sources() -> str:
    digest = hashlib.sha256()
    sources = [*(ROOT / "src").rglob("*"), *(ROOT / "cluster").iterdir(), *(ROOT / "tests/faults").glob("*.py"),
               *(ROOT / "tests/support").glob("slurm_*.py")]
    for path in sorted(sources):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def run_group(name: str, bench: Bench, results: Path, count: int) -> None:
    path = results / f"{name}.jsonl"
    done = len(path.read_text().splitlines()) if path.exists() else 0
    for number in range(done, count):
        out = bench.folder / f"{name}-{number}"
        try:
            row = {"trial": number, "seconds": GROUPS[name].trial(bench, out, random.Random(f"{name}-{number}"), number)}
        except (AssertionError, RuntimeError) as failure:
            row = {"trial": number, "failure": str(failure)}
            shutil.copytree(out, results / f"failed-{name}-{number}", dirs_exist_ok=True)
        print(json.dumps({"group": name} | row), file=sys.stderr)
        with open(path, "a") as file:
            file.write(json.dumps(row) + "\n")
        shutil.rmtree(out, ignore_errors=True)


def table(results: Path) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"Trials of {time.strftime('%Y-%m-%d')}, commit {commit}.", "", "| what | trials | failures | worst, s |",
             "|---|---:|---:|---:|"]
    for name, group in GROUPS.items():
        path = results / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        failures = sum("failure" in row for row in rows)
        worst = max((row.get("seconds", 0) for row in rows), default=0)
        lines.append(f"| {group.trial.__doc__} | {len(rows)} | {failures} | {f'{worst:.1f}' if worst else ''} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", default=list(GROUPS))
    parser.add_argument("--bin", type=Path, default=ROOT / "build/bin")
    parser.add_argument("--trials", type=int, help="of each group, instead of all")
    options = parser.parse_args()
    results = RESULTS / digest_of_sources()
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fer-faults-") as folder:
        bench = Bench(options.bin.resolve(), Path(folder))
        for name in options.groups:
            if reason := GROUPS[name].why_not():
                print(f"{name}: left out, {reason}", file=sys.stderr)
            else:
                run_group(name, bench, results, min(options.trials or GROUPS[name].count, GROUPS[name].count))
    text = table(results)
    (results / "table.md").write_text(text + "\n")
    print(text)
    return int(any("failure" in line for path in results.glob("*.jsonl") for line in path.read_text().splitlines()))


if __name__ == "__main__":
    sys.exit(main())
