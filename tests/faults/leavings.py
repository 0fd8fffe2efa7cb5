"""What a run leaves, and whether it went on from it as promised."""

import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from saved_tensors import digest_of  # noqa: E402

Outcome = tuple[list[tuple[str, ...]], str, str]  # what a run has trained: epochs, predictions, digest of all tensors


class Failed(AssertionError):
    """What went otherwise than promised."""


def expect(condition: object, text: object) -> None:
    if not condition:
        raise Failed(text)


def record_in(out: Path) -> dict:
    """run.json, empty where there is none."""
    path = out / "run.json"
    return json.loads(path.read_text()) if path.exists() else {}


def outcome(out: Path) -> Outcome:
    with open(out / "history.csv", newline="") as file:
        rows = [(row["epoch"], row["lr"], row["train_loss"], row["val_loss"]) for row in csv.DictReader(file)]
    return rows, (out / "predictions.csv").read_text(), digest_of(out / "checkpoints/last.safetensors")


def behind_step(out: Path) -> int:
    """Where a run went on last; 0: it began anew."""
    starts = record_in(out).get("resumed", [])
    return starts[-1]["behind_step"] if starts else 0


def step_of_root(record: dict) -> int:
    """The last that rank 0 is known to have begun, of what the watchdog has put on record; 0: nothing is known."""
    return max((rank["step"] for rank in record.get("watchdog", {}).get("ranks", []) if rank["rank"] == 0), default=0)


def expect_little_lost(before: dict, found: int, begun: int, checkpoint_every: str) -> None:
    """A signal loses no step. Otherwise a checkpoint that is on record is the least; and a save is begun once the one before
    it is done, so that whoever has begun a step is at most one checkpoint short of those due ahead of it.

    @param before  run.json of the run that was broken off
    @param found  the step behind which it went on
    @param begun  a step that rank 0 had begun; 0: none is known
    """
    saved = before.get("saved_step", 0)
    if before["state"] == "preempted":
        expect(found == saved, f"goes on behind step {found}, a signal had it save step {saved}")
    expect(found >= saved, f"goes on behind step {found}, {saved} was saved")
    if checkpoint_every.endswith("steps"):
        every = int(checkpoint_every.removesuffix("steps"))
        least = (begun - 1) // every * every - every
        expect(found >= least, f"goes on behind step {found}, {least} must have been saved ahead of step {begun}")
