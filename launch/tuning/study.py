"""A study of Optuna's in its folder, which one driver after the other may go on with."""

from __future__ import annotations

import fcntl
import importlib
import os
import sys
import warnings
from pathlib import Path
from typing import IO

from tuning.domains import Choice, Range
from tuning.errors import UserError
from tuning.search_space import FIT, Settings, Space

try:
    import optuna
except ImportError:  # --help comes without it, and require_optuna() tells how to get it
    optuna = None

INSTALLATION = "python3 -m venv .venv-tune && .venv-tune/bin/python -m pip install optuna"
TRAINED = ("complete", "pruned", "non-finite", "failed")


def require_optuna() -> None:
    if optuna is None:
        raise UserError(f"{sys.executable} has no Optuna: {INSTALLATION}, then start this with "
                        ".venv-tune/bin/python.")


class Study:
    """Its trials, past and to come. What they are told may come from several threads at once, ask() and tell() not."""

    def __init__(self, folder: Path, space: Space, trials: int, asked: dict[str, object]) -> None:
        """@param asked  what has to be the same whenever the study goes on"""
        self.folder, self.space, self.wanted, self.asked = folder, space, trials, asked
        self.distributions = {name: distribution(domain) for name, domain in space.domains.items()}
        self.lock_file = hold_folder(folder)
        self.study = open_journal(folder / "journal.log", space.settings)
        before = self.study.user_attrs.get("asked", asked)
        if before != asked:
            differing = " and ".join(key for key in asked if before[key] != asked[key])
            raise UserError(f"the study in '{folder}' was begun with another {differing}; choose another --out.")
        self.study.set_user_attr("asked", asked)

    def trials(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def trial_folder(self, trial: optuna.Trial | optuna.trial.FrozenTrial) -> Path:
        return self.folder / f"trial-{trial.number:04}"

    def ask(self) -> optuna.Trial | None:
        """The next trial; None once there are enough."""
        if sum(outcome(trial) in (*TRAINED, "running") for trial in self.trials()) >= self.wanted:
            return None
        return self.study.ask(self.distributions)

    def tell(self, trial: optuna.Trial, result: str) -> optuna.trial.FrozenTrial:
        """@param result  one of TRAINED, unfit or interrupted"""
        states = optuna.trial.TrialState
        trial.set_user_attr("outcome", result)
        if result == "complete":
            return self.study.tell(trial, self.value(self.trials()[trial.number]))
        # Of a pruned one the sampler learns to keep away; a failed one tells it nothing.
        return self.study.tell(trial, state=states.FAIL if result in ("failed", "interrupted") else states.PRUNED)

    def interrupted(self) -> list[optuna.trial.FrozenTrial]:
        """What an earlier driver left running."""
        return [trial for trial in self.trials() if outcome(trial) == "running"]

    def repeat(self, interrupted: optuna.trial.FrozenTrial) -> None:
        """Has the parameters of a trial run again, under a new number."""
        if parameters := interrupted.system_attrs.get("fixed_params", {}) | interrupted.params:
            self.study.enqueue_trial(parameters)
        self.tell(optuna.Trial(self.study, interrupted._trial_id), "interrupted")

    def value(self, trial: optuna.trial.FrozenTrial) -> float | None:
        """The metric's best over the epochs so far."""
        best = min if self.space.settings.minimises else max
        return best(trial.intermediate_values.values(), default=None)

    def best(self) -> list[optuna.trial.FrozenTrial]:
        """Those that were trained to their end, the best first."""
        complete = [trial for trial in self.trials() if outcome(trial) == "complete"]
        return sorted(complete, key=self.value, reverse=not self.space.settings.minimises)


def outcome(trial: optuna.trial.FrozenTrial) -> str:
    """One of TRAINED, unfit or interrupted; of a trial that has not ended, waiting or running."""
    return trial.user_attrs["outcome"] if trial.state.is_finished() else trial.state.name.lower()


def variable_values(trial: optuna.Trial | optuna.trial.FrozenTrial) -> dict[str, object]:
    return trial.params | ({FIT: trial.user_attrs[FIT]} if FIT in trial.user_attrs else {})


def hold_folder(folder: Path) -> IO[str]:
    """Keeps other drivers out for as long as the file that is returned stays open."""
    folder.mkdir(parents=True, exist_ok=True)
    lock_file = (folder / "tune.lock").open("w")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"another tune.py is at work on '{folder}'.") from None
    return lock_file


def open_journal(journal: Path, settings: Settings) -> optuna.Study:
    """Begins a study or goes on with it; its folder must be held."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    if journal.exists():
        drop_torn_line(journal)
    journal.with_name("journal.log.lock").unlink(missing_ok=True)  # of a driver that was killed
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    study = optuna.create_study(storage=storage, study_name="tune", load_if_exists=True, pruner=make_pruner(settings),
                                direction="minimize" if settings.minimises else "maximize")
    # A study that goes on with the seed it began with would draw the same trials again.
    study.sampler = make_sampler(settings.sampler, settings.seed + len(study.trials))
    return study


def drop_torn_line(journal: Path) -> None:
    """Takes away what a machine that went down left half written, behind which Optuna could not read."""
    os.truncate(journal, journal.read_bytes().rfind(b"\n") + 1)


def distribution(domain: Range | Choice) -> optuna.distributions.BaseDistribution:
    if isinstance(domain, Choice):
        return optuna.distributions.CategoricalDistribution(domain.words)
    if isinstance(domain.low, int):
        return optuna.distributions.IntDistribution(domain.low, domain.high, domain.log, domain.step)
    return optuna.distributions.FloatDistribution(domain.low, domain.high, domain.log, domain.step)


def make_sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    try:
        for module in ("scipy", "torch"):
            importlib.import_module(module)
    except ImportError as error:
        raise UserError(f"sampler = gp needs scipy and a PyTorch that Python can import ({error}): "
                        f"{INSTALLATION} scipy greenlet torch") from None
    return optuna.samplers.GPSampler(seed=seed)


def make_pruner(settings: Settings) -> optuna.pruners.BasePruner:
    if settings.pruner == "median":
        return optuna.pruners.MedianPruner(n_warmup_steps=settings.pruner_warmup)
    return optuna.pruners.NopPruner()
