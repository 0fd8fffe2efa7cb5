"""Follows the metric in the history.csv of a run that is going on."""

import csv
import io
import math
from pathlib import Path

from tuning.errors import UserError, closest
from tuning.search_space import Settings


class History:
    def __init__(self, path: Path, settings: Settings) -> None:
        self.path, self.metric = path, settings.metric
        self.worst = math.inf if settings.minimises else -math.inf
        self.rows_seen = 0

    def new_epochs(self) -> list[tuple[int, float]]:
        """Epoch and value of the rows that came since the last call."""
        rows = list(csv.DictReader(io.StringIO(self.path.read_text()))) if self.path.exists() else []
        new = rows[self.rows_seen :]
        self.rows_seen = len(rows)
        return [(int(row["epoch"]), self.value(row)) for row in new]

    def value(self, row: dict[str, str]) -> float:
        if self.metric not in row:
            raise UserError(f"metric = {self.metric}: history.csv has no such column; did you mean "
                            f"'{closest(self.metric, row)}'?")
        if self.metric.startswith("val_") and not row["val_accuracy"]:
            raise UserError(f"metric = {self.metric} needs a validation split, and the dataset has none.")
        value = float(row[self.metric] or "nan")
        return self.worst if math.isnan(value) else value
