#!/usr/bin/env python3
"""Says whether a job is to go on: requeue.py RUN when it starts, requeue.py RUN EXIT_CODE when it ends, from a Slurm job.

Exit code 0: yes; 1: no. Prints why. What run.json says, of --members each of theirs, counts more than the launcher's exit
code, which may be its own; what was there when the job started says nothing of this start. A run goes on that was stopped by
a signal, lost a rank or a host, or ended without a word, until three starts in a row have saved nothing new. Where each start
began is kept in RUN/starts.json: of a start that takes its host down nobody hears the end. A file that cannot be read or
written is no reason to stop.
"""

from __future__ import annotations  # compute nodes may have Python 3.8

import json
import os
import sys
from pathlib import Path

WOULD_COME_AGAIN = {2: "wrong options", 3: "no finite numbers", 65: "bad input", 70: "an error", 74: "nothing can be written"}
PREEMPTED, PEER = 75, 76
MPIRUN_LOST_A_HOST = 205
KILLED = 128  # and the signal's number
MOST_STARTS = 3
OVER = ("finished", "stopped_early")


class Run:
    """What is known of a run, and of the starts of this job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = {path: record for path in [*folder.glob("run.json"), *sorted(folder.glob("member-*/run.json"))]
                        if (record := read(path))}
        kept = read(folder / "starts.json")
        if kept.get("job") != os.environ.get("SLURM_JOB_ID", ""):
            kept = {}
        self.starts: list[int] = kept.get("saved_steps", [])  # from which they began
        self.found: dict[str, int] = kept.get("records", {})  # when the last one began, and when they were written

    def records_of_this_start(self) -> list[dict]:
        return [record for path, record in self.records.items() if self.is_of_this_start(path)]

    def is_over(self) -> bool:
        """Whether this start has ended the run, whatever its launcher made of it. Members that are done may have more to do."""
        own = self.folder / "run.json"
        return own in self.records and self.is_of_this_start(own) and self.records[own]["state"] in OVER

    def is_of_this_start(self, record: Path) -> bool:
        return self.found.get(self.name(record)) != written(record)

    def saved_step(self) -> int:
        return sum(record.get("saved_step", 0) for record in self.records.values())

    def starts_in_vain(self) -> int:
        """How many of the last starts began where the run still is."""
        saved, count = self.saved_step(), 0
        while count < len(self.starts) and self.starts[-1 - count] == saved:
            count += 1
        return count

    def keep_start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self.folder / ".starts.json"
        with open(whole, "w") as file:
            json.dump({"job": os.environ.get("SLURM_JOB_ID", ""), "saved_steps": [*self.starts, self.saved_step()],
                       "records": {self.name(path): written(path) for path in self.records}}, file)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self.folder / "starts.json")  # a job may be killed here, too

    def name(self, record: Path) -> str:
        return str(record.relative_to(self.folder))


def read(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        print(f"requeue: {path} is passed over: {error}")
        return {}


def written(path: Path) -> int:
    return path.stat().st_mtime_ns


def reason_to_go_on(records: list[dict], code: int) -> str | None:
    if code in WOULD_COME_AGAIN:
        return None
    unfinished = [record for record in records if record["state"] not in OVER]
    if unfinished and all(record["exit_code"] in WOULD_COME_AGAIN for record in unfinished):
        return None  # whatever srun makes of the ranks that it then killed
    for record in records:
        if record["state"] == "preempted":
            return "it was stopped by a signal"
        if record["state"] == "failed" and record["exit_code"] in (PREEMPTED, PEER):
            return record["why"]
        if record["state"] == "running":
            return f"it ended with {code} and without a word"
    lost = code in (PREEMPTED, PEER, MPIRUN_LOST_A_HOST) or code > KILLED
    return f"it ended with {code}" if lost else None


def what_ended(records: list[dict], code: int) -> str:
    failed = [record["why"] for record in records if record["state"] == "failed"]
    return failed[0] if failed else WOULD_COME_AGAIN.get(code, "and there is nothing left to do")


def main() -> int:
    run = Run(Path(sys.argv[1]))
    in_vain = run.starts_in_vain()
    if len(sys.argv) == 2:
        if in_vain >= MOST_STARTS:
            print(f"requeue: no, {in_vain} starts in a row have saved nothing new")
            return 1
        try:
            run.keep_start()
        except OSError as error:
            print(f"requeue: this start is not counted: {error}")
        return 0
    code = int(sys.argv[2])
    if run.is_over():
        print("requeue: no, the run is over")
        return 1
    records = run.records_of_this_start()
    reason = reason_to_go_on(records, code)
    if reason is None:
        print(f"requeue: no, it has ended with {code}, {what_ended(records, code)}")
        return 1
    if in_vain >= MOST_STARTS:
        print(f"requeue: no, {in_vain} starts in a row have saved nothing new; the last one: {reason}")
        return 1
    print(f"requeue: yes, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
