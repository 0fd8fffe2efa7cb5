"""Signals that ask a run to stop."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from leavings import expect
from rehearsal import PREEMPTED, ROOT, SAVE_EVERY, STEPS, Bench, Job, named
from saved_tensors import describe

RECEIVERS = ("one", "all", "launcher", "twice", "script", "ended launcher")
MOMENTS = ("whenever", "early", "save", "validation")
# As the job scripts do; what they start is the launcher.
SCRIPT = f". '{ROOT}/cluster/job.sh'; run_and_pass_signals \"$0\" \"$@\""
# mpirun sends its ranks SIGTERM a second behind its own: the run must not be over by then.
LATEST_OF_ENDED_LAUNCHER = 3  # checkpoints
LAST_STEP_SECONDS = 0.2  # within which the last step of an epoch is done, behind the one before it
VALIDATION_SECONDS = 0.3  # of those that it takes, in the first of which a signal comes


def signals(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A signal to one rank, to all, to mpirun, to a job's script, or twice; ahead of the first step, in a save, in
    validation, or whenever: one checkpoint at one step, 75; SIGTERM to mpirun leaves one whole; the run goes on."""
    receiver, moment = RECEIVERS[number % 6], MOMENTS[number // 6 % 4]
    draws = (signal.SIGUSR1, signal.SIGTERM)
    asked_by = {"launcher": signal.SIGUSR1, "ended launcher": signal.SIGTERM}.get(receiver, draw.choice(draws))
    epoch = draw.randrange(1, 4)  # the first of its validations, where there is to be one
    more = {}
    if moment == "validation":
        more = {"dataset": long_validation(bench), "checkpoint_every": f"{epoch * STEPS - 1}steps"}
    command = bench.command(out, 3, named(more))
    job = Job(["bash", "-c", SCRIPT, str(out), *command] if receiver == "script" else command, out)
    ended = receiver == "ended launcher"
    ranks = job.wait_for_listeners(3)
    receivers = {"one": [draw.choice(ranks)], "all": ranks, "twice": ranks[:1] * 2, "script": [job.process.pid]}
    processes = receivers.get(receiver, job.processes("mpirun"))  # known ahead: a save is over soon
    place = wait_for_moment(job, moment, draw, ended, epoch)
    for process in processes:
        with suppress(ProcessLookupError):  # the second of two may come too late
            os.kill(process, asked_by)
    code, seconds, errors = job.end(within=10)
    record = job.record()
    state = record.get("state")
    about = f"{asked_by.name} to {receiver}, {moment}: ends as {state} with {code}: {record.get('why')} {errors}"
    if ended:  # it gives its ranks two seconds, and may end with 0
        expect(state in ("preempted", "running") or (state is None and moment == "early"), about)
    else:
        expect((code, state) == (PREEMPTED, "preempted"), about)
        expect(place in record["why"], f"{about}; expected is '{place}'")
    if state == "preempted":
        step = describe(out / "checkpoints/last.safetensors")["step"]
        expect(f"after step {step}," in record["why"], f"{record['why']}, saved is {step}")
    bench.expect_recovery(out, 3, **more)
    return seconds


def wait_for_moment(job: Job, moment: str, draw: random.Random, ended: bool, epoch: int) -> str:
    """@return how the record is to say where a signal found the run; empty: anywhere"""
    if moment == "early":
        expect(not job.record(), "was on record ahead of the fault")
        return "after step 1, with 0 whole epochs"
    if moment == "validation":
        return wait_for_validation(job, draw, epoch)
    job.wait_for("its record", job.record)
    if moment == "save":
        wait_for_save(job, draw.randrange(1, LATEST_OF_ENDED_LAUNCHER if ended else 10))
    elif ended:
        job.wait_for_some_step(draw, LATEST_OF_ENDED_LAUNCHER * SAVE_EVERY)
    else:
        job.wait_for_some_step(draw)
    return ""


def long_validation(bench: Bench) -> Path:
    """Faces of which validation takes a second where machines are fast, which is more than passes until a signal comes."""
    faces = bench.folder / "long-validation"
    if not faces.exists():
        bench.make_faces(faces, validation=30000)
    return faces


def wait_for_validation(job: Job, draw: random.Random, epoch: int) -> str:
    """Of an epoch whose last step but one is saved. A signal has it saved then as a whole epoch."""
    job.wait_for_saved(epoch * STEPS - 1)
    time.sleep(LAST_STEP_SECONDS + draw.uniform(0, VALIDATION_SECONDS))
    record = job.record()
    saved, done = record["saved_step"], record.get("epochs_done", 0)
    expect((saved, done) == (epoch * STEPS - 1, epoch - 1), "validation was over")
    return f"after step {epoch * STEPS}, with {epoch} whole epochs"


def wait_for_save(job: Job, count: int) -> None:
    """The save of that number: its file has its temporary name then."""
    for _ in range(count):
        for there in (False, True):
            while bool(list((job.out / "checkpoints").glob(".*"))) != there and job.process.poll() is None:
                time.sleep(0.001)
    job.expect_running()
