#!/usr/bin/env python3
"""Says whether a job is to go on: requeue.py RUN when it starts, requeue.py RUN EXIT_CODE when it ends, from a Slurm job.

Exit code 0: yes; 1: no. Prints why. What run.json says, of --members each of theirs, counts more than the launcher's exit
code, which may be its own. A run goes on that was stopped by a signal, lost a rank or a host, or ended without a word,
until three starts in a row have saved nothing new. Where each start began is kept in RUN/starts.json: of a start that takes
its host down nobody hears the end.
"""

import json
import os
import sys
from pathlib import Path

WOULD_COME_AGAIN = {2: "wrong options", 3: "no finite numbers", 65: "bad input", 70: "an error", 74: "nothing can be written"}
PREEMPTED, PEER = 75, 76
MPIRUN_LOST_A_HOST = 205
KILLED = 128  # and the signal's number
MOST_STARTS = 3


def records_of(run: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in [*run.glob("run.json"), *sorted(run.glob("member-*/run.json"))]]


def reason_to_go_on(records: list[dict], code: int) -> str | None:
    if code in WOULD_COME_AGAIN:
        return None
    unfinished = [record for record in records if record["state"] not in ("finished", "stopped_early")]
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


def saved_step(records: list[dict]) -> int:
    return sum(record.get("saved_step", 0) for record in records)


def starts_of(run: Path) -> list[int]:
    """Saved steps from which the starts of this job began."""
    kept = run / "starts.json"
    starts = json.loads(kept.read_text()) if kept.exists() else {}
    return starts["saved_steps"] if starts.get("job") == os.environ.get("SLURM_JOB_ID", "") else []


def add_start(run: Path, saved: int) -> None:
    run.mkdir(parents=True, exist_ok=True)
    whole = run / ".starts.json"
    whole.write_text(json.dumps({"job": os.environ.get("SLURM_JOB_ID", ""), "saved_steps": [*starts_of(run), saved]}))
    whole.replace(run / "starts.json")  # a job may be killed here, too


def starts_in_vain(run: Path, saved: int) -> int:
    """How many of this job's last starts began where the run still is."""
    starts = starts_of(run)
    count = 0
    while count < len(starts) and starts[-1 - count] == saved:
        count += 1
    return count


def main() -> int:
    run = Path(sys.argv[1])
    records = records_of(run)
    saved = saved_step(records)
    in_vain = starts_in_vain(run, saved)
    if len(sys.argv) == 2:
        if in_vain >= MOST_STARTS:
            print(f"requeue: no, {in_vain} starts in a row have saved nothing new")
            return 1
        add_start(run, saved)
        return 0
    code = int(sys.argv[2])
    reason = reason_to_go_on(records, code)
    if reason is None:
        print(f"requeue: no, it has ended with {code}, {WOULD_COME_AGAIN.get(code, 'and there is nothing left to do')}")
        return 1
    if in_vain >= MOST_STARTS:
        print(f"requeue: no, {in_vain} starts in a row have saved nothing new; the last one: {reason}")
        return 1
    print(f"requeue: yes, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
