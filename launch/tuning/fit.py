"""The number of a net's parameters, and the width {fit} that makes it what is wanted."""

import re
from collections.abc import Callable

WIDTHS = range(8, 4097)
MOST_COUNTS = 8


def fit_width(count: Callable[[int], int], wanted: int) -> tuple[int, int]:
    """The width whose net comes nearest to `wanted` parameters, and their number, by secant steps.

    @param count  the parameters at a width; mostly affine, so that the third call is the last
    """
    before, width = 64, 128
    counts = {before: count(before), width: count(width)}
    while len(counts) < MOST_COUNTS and counts[width] != counts[before]:
        step = (wanted - counts[width]) * (width - before) / (counts[width] - counts[before])
        before, width = width, min(max(round(width + step), WIDTHS[0]), WIDTHS[-1])
        if width in counts:
            break
        counts[width] = count(width)
    return min(counts.items(), key=lambda item: abs(item[1] - wanted))


def parameters_in(log: str) -> int | None:
    """What fer_dist_train says of its net."""
    found = re.search(r"model .*, (\d+) parameters", log)
    return int(found[1]) if found else None
