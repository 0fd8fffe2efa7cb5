"""What a variable may stand for: a range of numbers, or some words."""

import re
from dataclasses import dataclass
from decimal import Decimal

INTEGER = re.compile(r"[-+]?\d+")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; integers where `low` is one."""

    low: int | float
    high: int | float
    step: int | float | None
    log: bool


@dataclass(frozen=True)
class Choice:
    words: tuple[str, ...]


def parse_domain(text: str) -> Range | Choice:
    """@raises ValueError saying what is wrong."""
    if "|" in text:
        words = tuple(word.strip() for word in text.split("|"))
        if len(set(words)) < len(words):
            raise ValueError("two of the words are the same")
        return Choice(words)
    if ".." in text:
        return parse_range(text)
    raise ValueError("is neither a range, as in {1e-4..1e-2 log} or {16..64 step 16}, nor a choice, as in "
                     "{adam|nesterov}, nor {fit}, nor a name given before")


def parse_range(text: str) -> Range:
    low_text, _, rest = text.partition("..")
    log, step = False, None
    match [low_text.strip(), *rest.split()]:
        case [low_text, high_text]:
            pass
        case [low_text, high_text, "log"]:
            log = True
        case [low_text, high_text, "step", step_text]:
            step = number(step_text)
        case _:
            raise ValueError("a range reads LOW..HIGH, LOW..HIGH log or LOW..HIGH step STEP")
    low, high = number(low_text), number(high_text)
    kind = int if INTEGER.fullmatch(low_text) and INTEGER.fullmatch(high_text) else float
    if kind is int and step is None:
        step = Decimal(1)
    check_range(kind, low, high, step, log)
    return Range(kind(low), kind(high), None if step is None else kind(step), log)


def number(text: str) -> Decimal:
    """A decimal, since 0.3 is three steps of 0.1, which floating-point numbers deny."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"'{text}' is no number") from None
    if not value.is_finite():
        raise ValueError(f"'{text}' is not finite")
    return value


def check_range(kind: type, low: Decimal, high: Decimal, step: Decimal | None, log: bool) -> None:
    if not low < high:
        raise ValueError(f"{low} is not below {high}")
    if log and low <= 0:
        raise ValueError(f"{low} has no place on a log scale")
    if step is None:
        return
    if step <= 0:
        raise ValueError("a step must be positive")
    if kind is int and step != int(step):
        raise ValueError(f"integers take no steps of {step}; write the ends as {low}.0 and {high}.0")
    if (high - low) % step:
        raise ValueError(f"steps of {step} from {low} do not meet {high}")
