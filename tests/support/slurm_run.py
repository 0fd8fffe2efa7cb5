"""A training that cluster/'s scripts run on two Slurm hosts, and what it promises when it is broken off."""

import json
import os
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from slurm_hosts import SlurmHosts, wait_until

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 10  # of the hosts' partition `low`
KILL_WAIT_SECONDS = 6  # between SIGTERM and SIGKILL, where there is no grace
LIMIT_CHECK_SECONDS = 30  # Slurm looks at time limits so often


def expect(condition: object, text: object) -> None:
    if not condition:
        raise AssertionError(text)


class SlurmRun:
    """A rank on each host.

    @param options  of fer_dist_train, --out among them
    """

    def __init__(self, hosts: SlurmHosts, programs: Path, out: Path, script: str, options: Sequence[object],
                 *job_options: str) -> None:
        self.hosts, self.out, self.log = hosts, out, out / "slurm.log"
        self.lost_host = False
        out.mkdir(exist_ok=True)
        home = project_with(hosts.folder / "project", programs)
        self.job = hosts.submit(*job_options, f"--output={self.log}", ROOT / "cluster" / script, *options, FER_HOME=home)

    def record(self) -> dict[str, Any]:
        """run.json, empty where there is none yet."""
        path = self.out / "run.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def saved_step(self) -> int:
        return self.record().get("saved_step", 0)

    def state(self) -> str:
        return self.hosts.job(self.job)["JobState"]

    def wait_for(self, what: str, condition: Callable[[], object], within: float) -> float:
        try:
            return wait_until(condition, within)
        except TimeoutError as late:
            log = self.log.read_text(errors="replace") if self.log.exists() else ""
            raise AssertionError(f"{what}: {late}; job {self.state()}, {self.record()}\n{log[-3000:]}\n{self.hosts.report()}"
                                 ) from None

    def wait_for_state(self, *states: str, within: float) -> float:
        return self.wait_for(" or ".join(states), lambda: self.state() in states, within)

    def wait_for_epochs(self, count: int) -> None:
        self.wait_for(f"{count} epochs", lambda: self.record().get("epochs_done", -1) >= count, 60)

    def wait_for_stop(self, within: float) -> float:
        """Until it has saved the step it was at, and lost none."""
        seconds = self.wait_for("saved on request", lambda: self.record().get("state") == "preempted", within)
        record = self.record()
        expect(f"after step {record['saved_step']}," in record["why"], record)
        return seconds

    def preempt(self) -> float:
        self.hosts.submit("--partition=high", "--output=/dev/null", "--wrap=sleep 1")
        return self.wait_for_stop(GRACE_SECONDS)

    def requeue(self) -> float:
        """By an operator: Slurm sends SIGTERM at once, without grace."""
        self.hosts.call("scontrol", "requeue", self.job)
        return self.wait_for_stop(KILL_WAIT_SECONDS)

    def lose_rank(self, process: int) -> float:
        """Until the job's script has asked for another start."""
        before = self.saved_step()
        os.kill(process, signal.SIGKILL)
        seconds = self.wait_for_state("PENDING", within=60)
        expect(self.saved_step() >= before, f"at step {self.saved_step()}, there was a checkpoint of step {before}")
        expect("requeue: yes" in self.log.read_text(errors="replace"), self.log.read_text(errors="replace"))
        return seconds

    def reach_time_limit(self) -> float:
        """Of a job with --time=1, whose warning is due from the start. The limit is raised then: one warning is enough."""
        seconds = self.wait_for_stop(within=LIMIT_CHECK_SECONDS + 15)
        self.wait_for_state("PENDING", within=30)
        self.hosts.call("scontrol", "update", f"JobId={self.job}", "TimeLimit=10")
        return seconds

    def lose_host(self, lose: Callable[[], None], bring_back: Callable[[], None]) -> float:
        """Until Slurm has the job wait for both hosts, at the last checkpoint. It comes back then.

        What is to end the step there is kept for a host that does not answer, for up to a minute. It names but job and
        step, which the next start has again, and so may end that, too (REQUEST_SIGNAL_TASKS of Slurm 22.05).
        """
        before, self.lost_host = self.saved_step(), True
        lose()
        seconds = self.wait_for_state("PENDING", within=60)
        expect(self.saved_step() >= before, f"at step {self.saved_step()}, there was a checkpoint of step {before}")
        bring_back()
        return seconds

    def expect_to_go_on(self) -> None:
        """By itself, from its last checkpoint to the end, or anew where none was saved; its log has both starts."""
        before = self.record()
        self.wait_for_state("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", within=300)
        record, log = self.record(), self.log.read_text(errors="replace")
        expect((self.state(), record["state"]) == ("COMPLETED", "finished"), f"{self.state()}, {record}\n{log}")
        self.expect_resumed(before)

    def expect_resumed(self, before: dict[str, Any]) -> None:
        """@param before  the record of the start that was broken off"""
        record, log = self.record(), self.log.read_text(errors="replace")
        starts = re.split("^ranks ", log, flags=re.MULTILINE)[1:]
        saved, resumed = before.get("saved_step", 0), [start["behind_step"] for start in record.get("resumed", [])]
        expect(resumed == sorted(resumed), record)
        if self.lost_host and len(starts) == 3 and ended_by_slurm(starts[1]):  # by what was meant for the first
            expect("\nresume " in starts[1] or saved == 0, f"the second start began anew\n{log}")
            starts, resumed = [starts[0], starts[2]], resumed[:1]
        if before["state"] == "preempted":
            expect(resumed == [saved], f"{record}, {saved} expected\n{log}")
        else:  # a save may have been done whose step was not on record yet
            told = len(resumed) == 1 and resumed[0] >= saved if resumed else saved == 0
            expect(told, f"{record}, {saved} expected\n{log}")
        expect([rank["host"] for rank in record["ranks"]] == ["n1", "n2"], record)
        expect(["\nresume " in start for start in starts] == [False, bool(resumed)], log)


def ended_by_slurm(log: str) -> bool:
    """Ahead of anything that the run or its launcher has to complain about."""
    first = re.search(r"(STEP \S+ ON \S+ CANCELLED AT)|fer_dist_train:|(srun|mpirun|ORTE).*error|MPI communication peer", log)
    return bool(first and first[1])


def project_with(home: Path, programs: Path) -> Path:
    """The project as its job scripts see it, with programs that may have been built elsewhere."""
    if not home.exists():
        (home / "build").mkdir(parents=True)
        (home / "build/bin").symlink_to(programs.resolve())
        for name in ("cluster", "launch"):
            (home / name).symlink_to(ROOT / name)
    return home
