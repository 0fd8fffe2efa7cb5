#!/usr/bin/env python3
"""Says whether a job is to be started again: requeue.py RUN EXIT_CODE, from a Slurm job.

Exit code 0: yes; 1: no. Prints why. What run.json says, of --members each of theirs, counts more than the launcher's exit
code, which may be its own. A run goes on that was stopped by a signal, lost a rank or a host, or ended without a word,
until three starts in a row have saved nothing new; how far each came is kept in RUN/starts.json.
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
    for record in records:
        if record["state"] == "preempted":
            return "it was stopped by a signal"
        if record["state"] == "failed" and record["exit_code"] in (PREEMPTED, PEER):
            return record["why"]
        if record["state"] == "running":
            return f"it ended with {code} and without a word"
    lost = code in (PREEMPTED, PEER, MPIRUN_LOST_A_HOST) or code > KILLED
    return f"it ended with {code}" if lost else None


def starts_without_progress(run: Path, records: list[dict]) -> int:
    """How many of this job's last starts, this one with them, left the run where it still is."""
    kept = run / "starts.json"
    job = os.environ.get("SLURM_JOB_ID", "")
    starts = json.loads(kept.read_text()) if kept.exists() else {}
    if starts.get("job") != job:
        starts = {"job": job, "saved_steps": []}
    saved = sum(record.get("saved_step", 0) for record in records)
    starts["saved_steps"].append(saved)
    run.mkdir(parents=True, exist_ok=True)
    whole = kept.with_name(".starts.json")
    whole.write_text(json.dumps(starts))
    whole.replace(kept)  # a job may be killed here, too
    count = 0
    while count < len(starts["saved_steps"]) and starts["saved_steps"][-1 - count] == saved:
        count += 1
    return count


def main() -> int:
    run, code = Path(sys.argv[1]), int(sys.argv[2])
    records = records_of(run)
    reason = reason_to_go_on(records, code)
    if reason is None:
        print(f"requeue: no, it has ended with {code}, {WOULD_COME_AGAIN.get(code, 'and there is nothing left to do')}")
        return 1
    # The first of them has got somewhere, or was the job's first.
    if (starts := starts_without_progress(run, records)) > MOST_STARTS:
        print(f"requeue: no, {starts - 1} starts in a row have saved nothing new; the last one: {reason}")
        return 1
    print(f"requeue: yes, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
