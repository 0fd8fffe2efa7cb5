"""What goes wrong in a rank, or is asked of it."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from rehearsal import KILLED, NON_FINITE, PEER, PREEMPTED, WATCHDOG_SECONDS, Bench, Job, describe, expect, kill_all_of, outcome


def killed(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is killed at some moment: mpirun ends in 5 s, nothing is left, the run goes on."""
    job = bench.start(out, 4)
    ranks = job.wait_for_ranks(4)
    time.sleep(draw.uniform(0, 3))
    job.expect_running()
    with suppress(ProcessLookupError):  # at its end, which some reach in that time
        os.kill(ranks[number % 4], signal.SIGKILL)
    code, seconds, _ = job.end(within=5)
    state = job.record()["state"]
    told = code in (0, KILLED) if state == "finished" else code != 0 and state in ("running", "failed")
    expect(told, f"ends as {state} with {code}")
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
    expect("--inject" in log.read_text(), f"{fault}: nothing of it is said")
    code, seconds, errors = job.end(within=10)
    record = job.record()
    expect((code, record["state"], record["exit_code"]) == (PEER, "failed", PEER), f"{fault}: {code}, {record}")
    expect(record["watchdog"]["missing"] == [rank], f"{fault}: {record['why']}")
    expect(f"rank {rank} on" in errors, errors)
    bench.expect_recovery(out, 3)
    return seconds


def slow(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is stopped half of the time for a minute, as long at once as the watchdog nearly waits: nobody ends it."""
    job = bench.start(out, 3, epochs=400, watchdog=WATCHDOG_SECONDS)
    ranks = job.wait_for_ranks(3)
    end = time.monotonic() + 60
    while time.monotonic() < end and job.process.poll() is None:
        for change in (signal.SIGSTOP, signal.SIGCONT):
            with suppress(ProcessLookupError):
                os.kill(ranks[number % 3], change)
            time.sleep(0.6 * WATCHDOG_SECONDS)
    expect(job.process.poll() is None, f"has ended with {job.process.poll()}")
    os.kill(ranks[0], signal.SIGUSR1)
    code, seconds, errors = job.end(within=10)
    expect(code == PREEMPTED, f"ends with {code}: {errors}")
    return seconds


def signals(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A signal to one rank, to all, to mpirun, or twice; ahead of the first step, in a save, in validation, or whenever: one
    checkpoint at one step, 75; SIGTERM to mpirun leaves one whole; the run goes on."""
    receiver = ("one", "all", "launcher", "twice", "ended launcher")[number % 5]
    moment = ("whenever", "early", "save", "validation")[number // 5 % 4]
    draws = (signal.SIGUSR1, signal.SIGTERM)
    asked_by = {"launcher": signal.SIGUSR1, "ended launcher": signal.SIGTERM}.get(receiver, draw.choice(draws))
    more = {"dataset": long_validation(bench)} if moment == "validation" else {}
    job = bench.start(out, 3, **more)
    ranks = job.wait_for_ranks(3)
    if moment in ("whenever", "validation"):
        time.sleep(draw.uniform(0, 2))
    elif moment == "save":
        wait_for_save(job, draw)
    receivers = {"one": [draw.choice(ranks)], "all": ranks, "twice": ranks[:1] * 2}
    for process in receivers.get(receiver, job.processes("mpirun")):
        with suppress(ProcessLookupError):
            os.kill(process, asked_by)
    code, seconds, errors = job.end(within=10)
    record = job.record()
    if receiver == "ended launcher":  # it gives its ranks two seconds, and may end with 0
        expect(record["state"] in ("preempted", "running", "finished"), f"{moment}: {record}")
    elif record["state"] == "finished":  # it had come too late
        expect(code in (0, 128 + asked_by), f"{receiver}, {asked_by.name}: {code} {errors}")
    else:
        expect((code, record["state"]) == (PREEMPTED, "preempted"), f"{receiver}, {asked_by.name}: {code} {record} {errors}")
    if record["state"] == "preempted":
        about = describe(out / "checkpoints/last.safetensors")
        expect(f"after step {about['step']}," in record["why"], f"{record['why']}, saved is {about['step']}")
    bench.expect_recovery(out, 3, **more)
    return seconds


def long_validation(bench: Bench) -> Path:
    """Faces of which validation takes half of the time."""
    faces = bench.folder / "long-validation"
    if not faces.exists():
        bench.make_faces(faces, validation=4000)
    return faces


def wait_for_save(job: Job, draw: random.Random) -> None:
    """Some save of the first ten: its file has its temporary name then."""
    for _ in range(draw.randrange(1, 10)):
        for there in (False, True):
            while bool(list((job.out / "checkpoints").glob(".*"))) != there and job.process.poll() is None:
                time.sleep(0.001)


def worlds(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Another number of ranks goes on: to the same bits in a world of virtual ranks, else close to them."""
    before, after = PAIRS[number % len(PAIRS)]
    same_world = {before, after} <= {1, 2, 4}
    more: dict[str, object] = {"deterministic": "world", "virtual_ranks": 4} if same_world else {}
    job = bench.start(out, before, **more)
    job.wait_for_ranks(before)
    time.sleep(draw.uniform(0.2, 1.5))
    job.expect_running()
    kill_all_of(out)
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
