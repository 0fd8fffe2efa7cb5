"""The search space of launch/tune.py: a recipe in whose values stand variables, and a section [tune].

Variables, inside any value:

    {1e-4..1e-2 log}         a number, evenly spread on a log scale
    {0.1..0.5}               a number
    {0.1..0.5 step 0.05}     one of 0.1, 0.15 ... 0.5
    {16..64 step 16}         an integer, since both ends are written as integers
    {adam|nesterov}          one of these words
    {width: 16..64 step 16}  any of these with a name, a colon and a space in front
    {width}                  the value of that name once more
    {fit}                    a width that is not searched, but chosen so that the net has the `parameters` of [tune]

One without a name is called after its key, with a number where the key has several; in a phase, phase.1.key.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuning.domains import INTEGER, Choice, Range, parse_domain
from tuning.errors import UserError, closest

FIT = "fit"
TAKEN = (FIT, "number", "state", "value", "epochs", "seconds", "parameters")  # by columns of trials.csv

VARIABLE = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[A-Za-z_][\w-]*")
NAMED = re.compile(rf"({NAME.pattern}):\s+(.*)")


@dataclass(frozen=True)
class Settings:
    """Section [tune], with what holds for keys that are not there."""

    trials: int = 30
    sampler: str = "tpe"
    metric: str = "val_accuracy"
    pruner: str = "median"
    pruner_warmup: int = 3
    parameters: int = 0
    seed: int = 1

    @property
    def minimises(self) -> bool:
        return self.metric.endswith("loss")


BATCH_SIZES = {"batch-size", "global-batch-size"}
OF_A_TRIAL = {"config", "recipe", "out"}


@dataclass(frozen=True)
class Space:
    template: str  # a recipe all of whose variables read {name}
    domains: dict[str, Range | Choice]
    sources: dict[str, str]  # by name, the variable as it was written
    settings: Settings

    @property
    def has_fit(self) -> bool:
        return self.settings.parameters > 0

    @property
    def names(self) -> list[str]:
        return [*self.domains, FIT] if self.has_fit else list(self.domains)

    @property
    def searched_keys(self) -> set[str]:
        return {line.partition("=")[0].strip() for line in self.template.splitlines() if "{" in line}

    def refuse_overriding(self, options: list[str]) -> None:
        """@raises UserError if one of fer_dist_train's options would replace what is searched, or a trial's own files"""
        replaced = self.searched_keys
        if replaced & BATCH_SIZES:  # each of which replaces the other
            replaced |= BATCH_SIZES
        for option in options:
            key = option.partition("=")[0].removeprefix("--")
            if option.startswith("--") and key in OF_A_TRIAL:
                raise UserError(f"the further option {option} would replace a trial's own.")
            if option.startswith("--") and key in replaced:
                raise UserError(f"the further option {option} would replace what is searched for {key}.")

    def recipe(self, values: dict[str, object]) -> str:
        return VARIABLE.sub(lambda variable: value_text(values[variable[1]]), self.template)


def value_text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read_space(path: Path) -> Space:
    """@raises UserError naming file, line and text."""
    try:
        return SpaceReader(path).read(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"'{path}' cannot be read: {error}.") from None


def integer_from(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not INTEGER.fullmatch(text) or int(text) < least:
            raise ValueError(f"must be an integer, and {least} at least")
        return int(text)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


SETTINGS: dict[str, Callable[[str], object]] = {
    "trials": integer_from(1),
    "sampler": one_of("tpe", "gp"),
    "metric": str,
    "pruner": one_of("median", "none"),
    "pruner-warmup": integer_from(0),
    "parameters": integer_from(1),
    "seed": integer_from(0),
}


class SpaceReader:
    """Reads a space line by line; ValueError of a line becomes UserError with the place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.section = ""
        self.template: list[str] = []
        self.domains: dict[str, Range | Choice] = {}
        self.sources: dict[str, str] = {}
        self.settings: dict[str, object] = {}
        self.has_fit = False

    def read(self, text: str) -> Space:
        for line_number, line in enumerate(text.splitlines(), start=1):
            line = line.partition("#")[0].strip()
            try:
                self.read_line(line)
            except ValueError as error:
                raise UserError(f"'{self.path}', line {line_number}, '{line}': {error}.") from None
        settings = Settings(**self.settings)
        if self.has_fit != (settings.parameters > 0):
            raise UserError(f"'{self.path}': {{fit}} and the key parameters of [tune] go together; one is missing.")
        if not self.domains:
            raise UserError(f"'{self.path}' has no variable whose value is to be searched.")
        return Space("\n".join(self.template) + "\n", self.domains, self.sources, settings)

    def read_line(self, line: str) -> None:
        key, _, value = (part.strip() for part in line.partition("="))
        if line.startswith("["):
            self.section = line.strip("[] ")
            if self.section != "tune":
                self.template.append(line)
        elif line and self.section == "tune":
            self.read_setting(key, value)
        elif line:
            self.template.append(f"{key} = {self.with_names(key, value)}")

    def read_setting(self, key: str, value: str) -> None:
        if key not in SETTINGS:
            raise ValueError(f"there is no such key in [tune]; did you mean '{closest(key, SETTINGS)}'?")
        with naming(f"'{value}'"):
            self.settings[key.replace("-", "_")] = SETTINGS[key](value)

    def with_names(self, key: str, value: str) -> str:
        """The value with each variable as {name}; what they stand for is kept."""
        if re.search(r"[{}]", key + VARIABLE.sub("", value)):
            raise ValueError("a brace without its partner, or one inside another")
        bodies = [body.strip() for body in VARIABLE.findall(value)]
        nameless = sum(not NAME.fullmatch(body) and not NAMED.fullmatch(body) for body in bodies)
        name = f"{self.section}.{key}" if self.section else key
        names = iter([name] if nameless == 1 else [f"{name}-{i + 1}" for i in range(nameless)])
        return VARIABLE.sub(lambda variable: "{" + self.name_of(variable[1].strip(), names) + "}", value)

    def name_of(self, body: str, names: Iterator[str]) -> str:
        """@param names  for variables without one"""
        if body == FIT:
            if self.has_fit:
                raise ValueError("{fit} may stand in one place only")
            self.has_fit = True
            return FIT
        if body in self.domains and NAME.fullmatch(body):
            return body
        named = NAMED.fullmatch(body)
        name, source = named.groups() if named else ("", body)
        with naming(f"{{{body}}}"):
            domain = parse_domain(source)
        name = name or next(names)
        if name in TAKEN or name in self.domains:
            raise ValueError(f"the name '{name}' is taken; another would stand as in {{other: {source}}}")
        self.domains[name] = domain
        self.sources[name] = "{" + source + "}"
        return name


@contextmanager
def naming(text: str) -> Iterator[None]:
    """What is wrong within is wrong with the text."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None
