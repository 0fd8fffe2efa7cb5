#!/usr/bin/env python3
"""Says whether a job is to be started again: requeue.py RUN EXIT_CODE, from a Slurm job.

Exit code 0: yes; 1: no. Prints why. What run.json says counts more than the launcher's exit code, which may be its own.
A run goes on that was stopped by a signal, lost a rank or a host, or ended without a word, until three starts in a row
have come no further.
"""

import json
import os
import sys
from pathlib import Path

PREEMPTED, PEER = 75, 76
MPIRUN_LOST_A_HOST = 205
KILLED = 128  # and the signal's number
MOST_STARTS = 3


def reason_to_go_on(record: dict | None, code: int) -> str | None:
    if record is None:
        lost = code in (PREEMPTED, PEER, MPIRUN_LOST_A_HOST) or code > KILLED
        return f"it ended with {code} before its run began" if lost else None
    if record["state"] == "preempted":
        return "it was stopped by a signal"
    if record["state"] == "failed" and record["exit_code"] in (PREEMPTED, PEER):
        return record["why"]
    if record["state"] == "running":
        return f"it ended with {code} and without a word"
    return None


def starts_without_progress(record: dict | None) -> int:
    """How many of the last starts, this one with them, began where the run's checkpoints still are."""
    saved = (record or {}).get("saved_step", 0)
    if saved == 0:
        return int(os.environ.get("SLURM_RESTART_COUNT", "0")) + 1
    starts = [0, *(start["behind_step"] for start in record.get("resumed", []))]
    count = 0
    while count < len(starts) and starts[-1 - count] == saved:
        count += 1
    return count


def main() -> int:
    run, code = Path(sys.argv[1]), int(sys.argv[2])
    try:
        record = json.loads((run / "run.json").read_text())
    except FileNotFoundError:
        record = None
    reason = reason_to_go_on(record, code)
    if reason is None:
        print("requeue: no, the run has ended" if record else f"requeue: no, exit code {code} would come again")
        return 1
    if (starts := starts_without_progress(record)) >= MOST_STARTS:
        print(f"requeue: no, {starts} starts have come no further; the last one: {reason}")
        return 1
    print(f"requeue: yes, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
