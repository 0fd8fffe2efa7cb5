"""What goes wrong while a run writes."""

import errno
import functools
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leavings import Failed, expect, outcome
from rehearsal import IO, KILLED, ROOT, WATCHDOG_SECONDS, Bench, Job, kill_all_of, named


@contextmanager
def traced(process: int, *rules: str) -> Iterator[None]:
    """strace changes a process's system calls until that ends."""
    options = [part for rule in rules for part in ("-e", rule)]
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *options, "-p", str(process)],
                              stderr=subprocess.DEVNULL)
    try:
        yield
    except BaseException:
        tracer.terminate()  # it would wait for a process that may never end
        raise
    finally:
        tracer.wait()


# Each kind of checkpoint, soon, of a net with few tensors, each of which is a write.
SAVED: dict[str, object] = {"model": "mlp", "stages": None, "head": None, "epochs": 2, "checkpoint_every": "16steps", "keep": 1}
EACH_CALL = 240  # of a run's first, at which it is broken in turn: its record and all that it saves in an epoch
LIBRARY = Path("lib/libbreak_at_call.so")  # of a build


def why_not_broken() -> str:
    return "" if (ROOT / "build" / LIBRARY).exists() else f"build/{LIBRARY} has not been built"


def broken_at(bench: Bench, out: Path, call: int, error: int = 0) -> list[str]:
    """A run's command that is killed ahead of a call, or has it fail; of no call it writes how many there are into
    OUT.calls."""
    settings = [f"LD_PRELOAD={bench.programs.parent / LIBRARY}", f"BREAK_FOLDER={out}", f"BREAK_CALL={call}"]
    return ["env", *settings, f"BREAK_ERRNO={error}", *bench.command(out, 2, named(SAVED))]


@functools.cache
def calls_of(bench: Bench) -> int:
    out = bench.folder / "counted"
    subprocess.run(broken_at(bench, out, 0), check=True, capture_output=True)
    return max(int(line) for line in Path(f"{out}.calls").read_text().split())  # of the ranks, of which one saves


def call_of(bench: Bench, draw: random.Random, number: int) -> int:
    return number + 1 if number < EACH_CALL else draw.randrange(EACH_CALL, calls_of(bench) + 1)


def saves(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Rank 0 is killed ahead of a call that saves something, of the first 240 in turn, then at random: whatever is there is
    whole, and the run goes on."""
    code, _, errors = Job(broken_at(bench, out, call_of(bench, draw, number)), out).end(within=60)
    expect(code == KILLED, f"was not killed, but ended with {code}: {errors}")
    bench.expect_recovery(out, 2, **SAVED)
    return 0


def errors(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A call that saves something fails for want of room, of the first 240 in turn, then at random with other errors:
    whatever is there is whole, the run ends with 74 or does without, and goes on."""
    error = errno.ENOSPC if number < EACH_CALL else draw.choice((errno.EIO, errno.EDQUOT, errno.EXDEV))
    job = Job(broken_at(bench, out, call_of(bench, draw, number), error), out)
    code, _, said = job.end(within=60)
    expect(code in (0, IO), f"ends with {code}: {said}")
    expect(code == 0 or os.strerror(error) in said, said)
    bench.expect_recovery(out, 2, **SAVED)
    return 0


def slow_disk(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A save takes four times as long as the watchdog waits: nobody ends the run."""
    pause = 4 * WATCHDOG_SECONDS / 5 * 1_000_000  # microseconds; a save flushes five times and more
    job = bench.start(out, 2, epochs=2, checkpoint_every=1, watchdog=WATCHDOG_SECONDS)
    with traced(job.wait_for_ranks(2)[0], "trace=fsync", f"inject=fsync:delay_enter={pause:.0f}"):
        code, seconds, errors = job.end(within=300)
    expect(code == 0, f"ends with {code}: {errors}")
    expect(seconds > 4 * WATCHDOG_SECONDS, f"the disk was not slow: {seconds:.1f} s")
    bench.expect_recovery(out, 2, epochs=2, checkpoint_every=1)
    return 0


def fill(job: Job, disk: Path, share: float) -> Path:
    """Leaves room for so many checkpoints, between two saves, once the first is there. @return what takes the room"""
    checkpoint = job.out / "checkpoints/last.safetensors"
    filler = disk / "filler"
    while job.process.poll() is None:
        if checkpoint.exists() and not in_save(job):
            room = subprocess.run(["df", "--output=avail", "-B1", disk], capture_output=True, text=True, check=True).stdout
            size = max(int(room.split()[1]) - int(share * checkpoint.stat().st_size), 1)
            filled = subprocess.run(["fallocate", "-l", str(size), filler], capture_output=True).returncode == 0
            if filled and not in_save(job):
                return filler
            filler.unlink(missing_ok=True)
        time.sleep(0.01)
    raise Failed("was over ahead of a full disk")


def in_save(job: Job) -> bool:
    return any((job.out / "checkpoints").glob(".*"))


def full_disk(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A disk has room for nothing, or for up to two checkpoints more: what is there is whole, and the run goes on once
    there is room."""
    disk = out.with_name(out.name + "-disk")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "none", disk], check=True)
    run = disk / "run"
    try:
        return without_room(bench, run, disk, ("stop", "warn")[number % 2], share=number / 25)
    except BaseException:
        if run.exists():
            shutil.copytree(run, out, dirs_exist_ok=True)
        raise
    finally:
        kill_all_of(run)
        subprocess.run(["umount", "-l", disk], check=True)
        disk.rmdir()


def without_room(bench: Bench, run: Path, disk: Path, reaction: str, share: float) -> float:
    job = bench.start(run, 2, on_disk_full=reaction)
    job.wait_for_ranks(2)
    filler = fill(job, disk, share)
    code, _, errors = job.end(within=60)
    if reaction == "stop" or code != 0:  # two saves behind that of an epoch's end three checkpoints are there at once
        expect(code == IO, f"ends with {code}: {errors}")
        expect("No space left on device" in errors or "could not be written" in errors, errors)
    else:
        expect("The run goes on without." in job.output(), f"there was room: {job.output()}")
    expect(not in_save(job), "half a file is left")
    filler.unlink()
    if code == 0:  # trained to the end; the best epoch it scores is the last for which there was room
        expect(outcome(run)[0] == bench.unbroken(2)[0], "trained otherwise than with room")
    else:
        bench.expect_recovery(run, 2)
    return 0
