"""What a study tells its user: trials.csv, winner.ini and the lines on the console."""

from __future__ import annotations

import csv
import io
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tuning.search_space import value_text
from tuning.study import TRAINED, Study, outcome, variable_values

if TYPE_CHECKING:
    import optuna


def write_results(study: Study) -> None:
    """trials.csv and winner.ini."""
    rows = [row(study, trial) for trial in study.trials()]
    if not rows:
        return
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(study.folder / "trials.csv", table.getvalue())
    if best := study.best():
        write_file(study.folder / "winner.ini", winner(study, best[0]))


def row(study: Study, trial: optuna.trial.FrozenTrial) -> dict[str, str]:
    """Of trials.csv; empty where something is not known of the trial."""
    facts = {"number": trial.number, "state": outcome(trial), "value": study.value(trial),
             "epochs": len(trial.intermediate_values),
             "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
             "parameters": trial.user_attrs.get("parameters")}
    facts |= dict.fromkeys(study.space.names) | variable_values(trial)
    return {column: "" if fact is None else value_text(fact) for column, fact in facts.items()}


def winner(study: Study, trial: optuna.trial.FrozenTrial) -> str:
    """The recipe of the best trial, under a line that tells how it was found."""
    settings, further = study.space.settings, study.asked["further options"]
    trained = sum(outcome(other) in TRAINED for other in study.trials())
    searched = ", ".join(f"{name} {source}" for name, source in study.space.sources.items())
    with_options = f" Trained with {shlex.join(further)}." if further else ""
    return (f"# The best of {trained} trials, trial-{trial.number:04}: {settings.metric} "
            f"{value_text(study.value(trial))}. Searched by {settings.sampler}, seed {settings.seed}: {searched}."
            f"{with_options}\n{study.space.recipe(variable_values(trial))}")


def write_file(path: Path, text: str) -> None:
    """Whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def print_trial(study: Study, trial: optuna.trial.FrozenTrial) -> None:
    print("  ".join(f"{column} {text}" for column, text in row(study, trial).items() if text), flush=True)


def print_best(study: Study) -> None:
    if best := study.best():
        print_table([row(study, trial) for trial in best[:5]])
        print(f"The first of these is {study.folder / 'winner.ini'}.")


def print_table(rows: list[dict[str, str]]) -> None:
    lines = [tuple(rows[0]), *(tuple(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
