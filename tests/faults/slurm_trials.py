"""Trials of cluster/'s job scripts on real Slurm: two hosts in namespaces of this machine, anew for each trial."""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rehearsal import ROOT, Bench, named, processes_of

sys.path.insert(0, str(ROOT / "tests/support"))
from slurm_hosts import COMPUTE, SlurmHosts, why_not  # noqa: E402
from slurm_run import SlurmRun, expect  # noqa: E402

EACH = 5
EPOCHS, EPOCHS_TO_LIMIT = 40, 170  # some 15 and 70 seconds on two cores
Start = Callable[..., SlurmRun]  # with options of sbatch, and epochs


def at_some_moment(run: SlurmRun, draw: random.Random) -> None:
    """Ahead of the first step, too: the ranks listen to signals once their run is on record."""
    run.wait_for("on record", run.record, 60)
    time.sleep(draw.uniform(0, 4))


def preempted(start: Start, draw: random.Random, number: int) -> float:
    run = start()
    at_some_moment(run, draw)
    seconds = run.preempt()
    run.expect_to_go_on()
    return seconds


def requeued(start: Start, draw: random.Random, number: int) -> float:
    run = start()
    at_some_moment(run, draw)
    seconds = run.requeue()
    run.wait_for_state("PENDING", within=30)
    run.expect_to_go_on()
    return seconds


def time_limit(start: Start, draw: random.Random, number: int) -> float:
    time.sleep(draw.uniform(0, 12))  # Slurm looks at limits half a minute after it began
    run = start("--time=1", epochs=EPOCHS_TO_LIMIT)
    run.reach_time_limit()
    run.expect_to_go_on()
    return 0


def host_killed(start: Start, draw: random.Random, number: int) -> float:
    run, host = start(), COMPUTE[number % 2]  # n1 has the job's script
    at_some_moment(run, draw)
    seconds = run.lose_host(lambda: run.hosts.kill(host), lambda: run.hosts.boot(host))
    run.expect_to_go_on()
    return seconds


def rank_killed(start: Start, draw: random.Random, number: int) -> float:
    run = start()
    at_some_moment(run, draw)
    seconds = run.lose_rank(draw.choice(processes_of(run.out, "fer_dist_train")))
    run.expect_to_go_on()
    return seconds


def host_cut_off(start: Start, draw: random.Random, number: int) -> float:
    """Not the one with the job's script: its old processes are there still when it is back, and Slurm drains it for that."""
    run = start()
    at_some_moment(run, draw)
    seconds = run.lose_host(lambda: run.hosts.cut("n2"), lambda: run.hosts.heal("n2"))
    run.expect_to_go_on()
    return seconds


def cancelled(start: Start, draw: random.Random, number: int) -> float:
    run = start()
    at_some_moment(run, draw)
    run.hosts.call("scancel", run.job)
    seconds = run.wait_for_stop(within=10)
    run.wait_for_state("CANCELLED", within=30)
    expect(run.hosts.job(run.job)["Restarts"] == "0", "was started again")
    start().expect_to_go_on()
    return seconds


KINDS = (preempted, requeued, time_limit, rank_killed, host_killed, cancelled)
KINDS_OF_MPIRUN = (*KINDS, host_cut_off)


def trial(bench: Bench, out: Path, draw: random.Random, script: str, kind: Callable[..., float], number: int) -> float:
    epochs = EPOCHS_TO_LIMIT if kind is time_limit else EPOCHS
    with SlurmHosts([bench.folder, ROOT, bench.programs]) as hosts:
        def start(*job_options: str, epochs: int = EPOCHS) -> SlurmRun:
            return SlurmRun(hosts, bench.programs, out, script, bench.options(out, named({"epochs": epochs})), *job_options)

        seconds = kind(start, draw, number)
    bench.expect_unbroken(out, 2, epochs=epochs)
    return seconds


def slurm(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """A job of train.sbatch is preempted with 10 s of grace, requeued, warned of its limit, cancelled, loses a rank or a
    host, has one cut off: a signal loses no step, a loss none up to the last checkpoint; all but a cancelled job go on by
    themselves."""
    kinds = KINDS_OF_MPIRUN
    return trial(bench, out, draw, "train.sbatch", kinds[number % len(kinds)], number // len(kinds))


def srun(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """The same of train-srun.sbatch, but for a host cut off."""
    return trial(bench, out, draw, "train-srun.sbatch", KINDS[number % len(KINDS)], number // len(KINDS))
