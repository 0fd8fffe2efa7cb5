"""What the user is told when a search cannot go on, and the exit code that goes with it."""

import difflib
from collections.abc import Iterable

USAGE, NON_FINITE, BAD_INPUT, INTERNAL, CANNOT_WRITE = 2, 3, 65, 70, 74  # as fer_dist_train has them


class UserError(Exception):
    """One paragraph that tells the user what was wrong, and an exit code."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


def closest(word: str, known: Iterable[str]) -> str:
    """What was probably meant."""
    return difflib.get_close_matches(word, known, n=1, cutoff=0)[0]
