"""What goes wrong in a rank."""

import array
import math
import os
import random
import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from leavings import behind_step, expect, outcome
from rehearsal import EPOCHS, NON_FINITE, PEER, PREEMPTED, SAVE_EVERY, STEPS, WATCHDOG_SECONDS, Bench, kill_all_of
from saved_tensors import header_of, tensors_of

LAST_STEP = EPOCHS * STEPS


def killed(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is killed: as soon as there is one, at some step, or once all epochs are done: mpirun ends in 5 s, nothing is
    left, the run goes on."""
    job = bench.start(out, 4)
    moment = ("start", "end", *["step"] * 8)[number % 10]
    ranks = job.wait_for_processes(4) if moment == "start" else job.wait_for_ranks(4)
    if moment == "start":
        time.sleep(draw.uniform(0, 0.2))
        expect(not job.record(), "was on record ahead of the fault")
    elif moment == "step":
        job.wait_for_some_step(draw)
    else:
        job.wait_for("all epochs", lambda: job.record().get("epochs_done") == EPOCHS)
    os.kill(draw.choice(ranks), signal.SIGKILL)
    code, seconds, errors = job.end(within=5)
    state = job.record().get("state")
    states = (None, "running", "failed") if moment == "start" else ("running", "failed")
    expect(code != 0 and state in states, f"{moment}: ends as {state} with {code}: {errors}")
    bench.expect_recovery(out, 4)
    return seconds


def hung(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank stops or sleeps: within 10 s of that the job has ended and named it."""
    rank, kind, step = number % 3, ("stop", "sleep")[number % 2], draw.randrange(2, LAST_STEP)
    fault = f"rank={rank},step={step},kind={kind}"
    job = bench.start(out, 3, watchdog=WATCHDOG_SECONDS, inject=fault)
    job.wait_for_ranks(3)
    log = out / f"log/rank-{rank}.txt"
    job.wait_for(f"a word of {fault}", lambda: log.exists() and "--inject" in log.read_text())
    code, seconds, errors = job.end(within=10)
    record = job.record()
    expect((code, record["state"], record["exit_code"]) == (PEER, "failed", PEER), f"{fault}: {code}, {record}")
    expect(record["watchdog"]["missing"] == [rank], f"{fault}: {record['why']}")
    expect(f"rank {rank} on" in record["why"] and record["why"] in errors, errors)
    bench.expect_recovery(out, 3, begun=step - 1)  # whoever begins a step has all others in the one before
    return seconds


def slow(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A rank is stopped for 3 s in every 6, for a minute, where the watchdog waits 5: it is named, and nobody ends it."""
    job = bench.start(out, 3, epochs=400, watchdog=WATCHDOG_SECONDS)
    ranks, straggler = job.wait_for_ranks(3), number % 3
    end = time.monotonic() + 60
    while time.monotonic() < end and job.process.poll() is None:
        for change in (signal.SIGSTOP, signal.SIGCONT):
            with suppress(ProcessLookupError):
                os.kill(ranks[straggler], change)
            time.sleep(0.6 * WATCHDOG_SECONDS)
    expect(job.process.poll() is None, f"has ended with {job.process.poll()}")
    os.kill(ranks[0], signal.SIGUSR1)
    code, _, errors = job.end(within=10)
    expect(code == PREEMPTED, f"ends with {code}: {errors}")
    told = re.findall(rf"rank {straggler} on {socket.gethostname()} took ([\d.]+) times as long", job.output())
    expect(told and max(map(float, told)) >= 2, f"of rank {straggler} is said: {told}")
    return 0


def worlds(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """Another number of ranks goes on: in a world of virtual ranks to the same bits, else to a loss within a tenth."""
    before, after = PAIRS[number % len(PAIRS)]
    same_world = number // len(PAIRS) % 2 == 0
    more: dict[str, object] = {"deterministic": "world", "virtual_ranks": 4} if same_world else {}
    job = bench.start(out, before, **more)
    job.wait_for_ranks(before)
    job.wait_for_some_step(draw)
    kill_all_of(out)
    job.process.communicate()
    expect(job.record()["state"] == "running", job.record())
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
    """A picture becomes no number: all ranks stop in that step, or pass over it if they may, and no checkpoint holds such a
    value."""
    rank, step = draw.randrange(3), draw.randrange(1, LAST_STEP)
    passes = number % 2 == 1
    more = {"skip_non_finite": 3} if passes else {}
    job = bench.start(out, 3, inject=f"rank={rank},step={step},kind=nan", **more)
    code, _, errors = job.end(within=60)
    for checkpoint in (out / "checkpoints").glob("*.safetensors"):
        expect_finite(checkpoint)
    if passes:
        expect(code == 0, f"ends with {code}: {errors}")
        record = job.record()
        expect((record["state"], record["skipped_steps"]) == ("finished", 1), record)
        expect(f"up to step {step} one step was left out" in job.output() + errors, job.output() + errors)
    else:
        expect(code == NON_FINITE, f"ends with {code}: {errors}")
        expect(f"step {step} went non-finite: a picture on rank {rank}" in errors, errors)
        expect_bundle(out / "non_finite.safetensors", rank, step)
        bench.expect_recovery(out, 3)
        due = (step - 1) // SAVE_EVERY * SAVE_EVERY  # which was waited for
        expect(behind_step(out) >= due, f"step {step}: goes on behind {behind_step(out)}, {due} was due")
    return 0


def expect_bundle(path: Path, rank: int, step: int) -> None:
    """What led to it: where, and what was no number, which here is no layer's doing; pictures, labels and weights."""
    header = header_of(path)
    told = {key: header["__metadata__"][key] for key in ("step", "rank", "what")}
    expect(told == {"step": str(step), "rank": str(rank), "what": "a picture"}, told)
    pictures = array.array("f", tensors_of(path)["images"][1])
    expect(all(map(math.isnan, pictures)), "the pictures are numbers")
    expect("labels" in header and any(name.startswith("weights.") for name in header), sorted(header))


def expect_finite(checkpoint: Path) -> None:
    """Weights, statistics and moments; of a metric's best there may be none."""
    for name, (about, content) in tensors_of(checkpoint).items():
        trained = not name.startswith("state.") or name.startswith(("state.optimizer.", "state.weights."))
        if trained and about["dtype"] == "F32":
            expect(all(map(math.isfinite, array.array("f", content))), f"'{name}' is not finite")
