"""What goes wrong while a run writes."""

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal import IO, WATCHDOG_SECONDS, Bench, Job, expect, outcome


@contextmanager
def traced(process: int, *rules: str) -> Iterator[None]:
    """strace changes a process's system calls until that ends."""
    options = [part for rule in rules for part in ("-e", rule)]
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *options, "-p", str(process)],
                              stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        tracer.wait()


EACH_CALL = 100  # of a run's first, ahead of which it is killed in turn: its record, and five saves of 16 each
CALLS = 650  # of a whole run, all but a few


def saves(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Rank 0 is killed ahead of a call that saves something, of the first hundred each, then at random: whatever is there
    is whole, and the run goes on."""
    call = number + 1 if number < EACH_CALL else draw.randrange(EACH_CALL, CALLS)
    library = bench.programs.parent / "lib/libkill_at_call.so"
    settings = [f"LD_PRELOAD={library}", f"KILL_FOLDER={out}", f"KILL_CALL={call}"]
    code, _, errors = Job(["env", *settings, *bench.command(out, 2, {})], out).end(within=60)
    expect(code != 0, f"was not killed: {errors}")
    bench.expect_recovery(out, 2)
    return 0


def slow_disk(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A save takes four times as long as the watchdog waits: nobody ends the run."""
    pause = 4 * WATCHDOG_SECONDS / 5 * 1_000_000  # microseconds; a save flushes five times and more
    job = bench.start(out, 2, epochs=2, checkpoint_every=1, watchdog=WATCHDOG_SECONDS)
    with traced(job.wait_for_ranks(2)[0], "trace=fsync", f"inject=fsync:delay_enter={pause:.0f}"):
        code, seconds, errors = job.end(within=300)
    expect(code == 0, f"ends with {code}: {errors}")
    bench.expect_recovery(out, 2, epochs=2, checkpoint_every=1)
    return seconds


def fill(job: Job, disk: Path, share: float) -> Path:
    """Leaves room for so many checkpoints, once the first is there. @return what took the room"""
    checkpoint = job.out / "checkpoints/last.safetensors"
    while not checkpoint.exists() and job.process.poll() is None:
        time.sleep(0.01)
    filler = disk / "filler"
    room = subprocess.run(["df", "--output=avail", "-B1", disk], capture_output=True, text=True, check=True).stdout
    size = int(room.split()[1]) - int(share * checkpoint.stat().st_size)
    subprocess.run(["fallocate", "-l", str(max(size, 1)), filler], check=True)
    return filler


def full_disk(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A disk has room for nothing, or for up to two checkpoints more: what is there is whole, and the run goes on once
    there is room."""
    disk = out.with_name(out.name + "-disk")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "none", disk], check=True)
    try:
        run = disk / "run"
        job = bench.start(run, 2, on_disk_full=("stop", "warn")[number % 2])
        job.wait_for_ranks(2)
        filler = fill(job, disk, share=number / 25)
        code, seconds, errors = job.end(within=60)
        expect(code in (0, IO), f"ends with {code}: {errors}")
        expect(code == 0 or "No space left on device" in errors or "could not be written" in errors, errors)
        expect(not list((run / "checkpoints").glob(".*")), "half a file is left")
        filler.unlink()
        if code == 0:  # trained to the end; the best epoch it scores is the last for which there was room
            expect(outcome(run)[0] == bench.unbroken(2)[0], "trained otherwise than with room")
        else:
            bench.expect_recovery(run, 2)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
        disk.rmdir()
    return seconds
