#!/usr/bin/env python3
"""Searches for the hyper-parameters of a recipe: trains trials of it, several at once, and keeps the best.

    python3 -m venv .venv-tune && .venv-tune/bin/python -m pip install optuna
    .venv-tune/bin/python launch/tune.py SPACE.ini --dataset DIR --out STUDY --parallel 2 [-- options of fer_dist_train]

SPACE.ini is a recipe in whose values stand variables, and a section [tune], here with its defaults:

    model = mlp
    lr = {1e-4..1e-2 log}            a number on a log scale; without log, evenly spread
    label-smoothing = {0.0..0.2 step 0.05}
    global-batch-size = {size: 32..128 step 32}      integers, and a name; {size} elsewhere is the same value again
    optimizer = {adam|nesterov}      one of these words

    [tune]
    trials = 30                      that are to be trained
    metric = val_accuracy            of history.csv, its best over the epochs; what ends in loss is minimised
    sampler = tpe                    or gp
    pruner = median                  stops trials that are worse than half of the others; or none
    pruner-warmup = 3                the first epoch after which it may
    seed = 1

With `parameters = 700000` besides, and {fit} for a width, as in `head = dense:{fit},relu`, that width is not searched,
but chosen so that the net has so many parameters, to 5 %; trials that cannot have them are left out.

Trials at once share out this machine: its GPUs, else its cores. The same command goes on with a study that was stopped
or killed: trials that had ended count, and those that were running start again under new numbers. STUDY/trial-0007
holds recipe.ini, run/ and log.txt of a trial, trials.csv a row for each, and winner.ini the best one's recipe. That is
as short as the trials were: fer_dist_train --recipe STUDY/winner.ini --epochs 40 --fraction 1 trains it for good.

fer_dist_train is that of build/bin, or of the folder $FER_BIN. Exit codes: 0 done, 2 wrong options, 130 or 143 stopped
by a signal, else the code with which every trial would end.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import shlex
import signal
import sys
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from tuning.errors import BAD_INPUT, CANNOT_WRITE, INTERNAL, NON_FINITE, USAGE, UserError
from tuning.fit import fit_width, parameters_in
from tuning.history import History
from tuning.launcher import Launcher, ended_within
from tuning.results import print_best, print_trial, write_results
from tuning.search_space import FIT, read_space
from tuning.slots import Slot
from tuning.study import Study, require_optuna, variable_values

if TYPE_CHECKING:
    import optuna

HITS_EVERY_TRIAL = (BAD_INPUT, CANNOT_WRITE)
MOST_IN_A_ROW = {"failed": 3, "unfit": 100}
FIT_TOLERANCE = 0.05
POLL_SECONDS = 1


class Unfit(Exception):
    """There is no such net."""


def read_options() -> argparse.Namespace:
    arguments = sys.argv[1:]
    dashes = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage="%(prog)s SPACE.ini --dataset DIR --out STUDY [options] [-- further ones]")
    parser.add_argument("space", type=Path, metavar="SPACE.ini")
    parser.add_argument("--dataset", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="STUDY", help="new, or begun before")
    parser.add_argument("--parallel", type=positive, default=1, metavar="P", help="trials at once; default: 1")
    parser.add_argument("--ranks", type=positive, metavar="R",
                        help="per trial; default: GPUs / P, or where there are none cores / P; srun and sbatch want it")
    parser.add_argument("--launcher", type=shlex.split, default=["mpirun"], metavar="COMMAND",
                        help="mpirun, srun inside an allocation, or 'sbatch FILE'; their options may follow the name. Jobs "
                             "of sbatch run in the project's folder: give further options absolute paths")
    parser.add_argument("--trials", type=positive, metavar="N", help="instead of those of [tune]; lengthens a study")
    options = parser.parse_args(arguments[:dashes])
    options.further = arguments[dashes + 1 :]
    options.dataset, options.out = options.dataset.resolve(), options.out.resolve()
    return options


def positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


class Driver:
    """Trains the trials of a study, in each slot one after the other."""

    def __init__(self, study: Study, launcher: Launcher, options: list[str]) -> None:
        """@param options  of fer_dist_train, for every trial"""
        self.study, self.launcher, self.options = study, launcher, options
        self.mutex = threading.Lock()  # held to ask for a trial and to finish one
        self.stopping = threading.Event()
        self.signal = 0
        self.last_outcome, self.in_a_row = "", 0

    def run(self) -> None:
        """Until there are enough trials, a signal comes, or a trial meets what would befall them all."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        for trial in self.study.interrupted():
            self.launcher.cancel_job(self.study.trial_folder(trial))
            self.study.repeat(trial)
        with ThreadPoolExecutor(len(self.launcher.slots)) as pool:
            workers = [pool.submit(self.work, slot) for slot in self.launcher.slots]
            wait(workers, return_when=FIRST_EXCEPTION)
            self.stopping.set()
        for worker in workers:
            worker.result()
        write_results(self.study)

    def on_signal(self, number: int, _frame: object) -> None:
        self.signal = number
        self.stopping.set()

    def work(self, slot: Slot) -> None:
        """A trial that is stopped for good stays running in the study, and is repeated when that goes on."""
        while trial := self.next_trial():
            if result := self.try_out(trial, slot):
                self.finish(trial, result)

    def next_trial(self) -> optuna.Trial | None:
        with self.mutex:
            return None if self.stopping.is_set() else self.study.ask()

    def try_out(self, trial: optuna.Trial, slot: Slot) -> str | None:
        """The outcome; None if all are to stop."""
        folder = self.study.trial_folder(trial)
        folder.mkdir()
        recipe = folder / "recipe.ini"
        if self.study.space.has_fit and not self.fit(trial, slot, recipe):
            return "unfit"
        if self.stopping.is_set():
            return None
        recipe.write_text(self.study.space.recipe(variable_values(trial)))
        result = self.train(trial, slot, folder)
        if (log := folder / "run/log/rank-0.txt").exists():
            trial.set_user_attr("parameters", parameters_in(log.read_text()))
        return result

    def fit(self, trial: optuna.Trial, slot: Slot, recipe: Path) -> bool:
        """Chooses {fit}. Returns whether the net can have the size that is wanted."""
        space = self.study.space

        def count(width: int) -> int:
            recipe.write_text(space.recipe(trial.params | {FIT: width}))
            done = self.launcher.run_alone(slot, ["--recipe", str(recipe), *self.options, "--dry-run"])
            if done.returncode == USAGE and self.study.best():
                raise Unfit
            if done.returncode != 0:
                raise UserError(f"'{recipe}' cannot be trained. {done.stderr.strip()}", done.returncode)
            return parameters_in(done.stdout)

        wanted = space.settings.parameters
        try:
            width, parameters = fit_width(count, wanted)
        except Unfit:
            return False
        trial.set_user_attr(FIT, width)
        trial.set_user_attr("parameters", parameters)
        return abs(parameters - wanted) <= FIT_TOLERANCE * wanted

    def train(self, trial: optuna.Trial, slot: Slot, folder: Path) -> str | None:
        """The outcome; None if all are to stop."""
        out = folder / "run"
        history = History(out / "history.csv", self.study.space.settings)
        options = ["--recipe", str(folder / "recipe.ini"), *self.options, "--out", str(out), "--quiet"]
        process = self.launcher.start(slot, folder, options)
        try:
            while not ended_within(process, POLL_SECONDS):
                if self.stopping.is_set():
                    return None
                if report_new_epochs(trial, history):
                    return "pruned"
        finally:
            if process.poll() is None:
                self.launcher.stop(process, folder)
        report_new_epochs(trial, history)  # it is too late to prune
        return self.ending(process.returncode, folder)

    def ending(self, code: int, folder: Path) -> str | None:
        """The outcome of a trial that ended by itself; None if all are to stop."""
        if code == 0:
            return "complete"
        if self.stopping.is_set():  # by a signal that may have reached the trial too
            return None
        if code == NON_FINITE:
            return "non-finite"
        if code in HITS_EVERY_TRIAL or (code == USAGE and not self.study.best()):  # else it is about this one's values
            log = (folder / "log.txt").read_text().strip()
            raise UserError(f"every trial would end as '{folder}' did. {log}", code)
        return "failed"

    def finish(self, trial: optuna.Trial, result: str) -> None:
        """Tells Optuna, the files and the user how a trial ended."""
        with self.mutex:
            ended = self.study.tell(trial, result)
            write_results(self.study)
            print_trial(self.study, ended)
            self.in_a_row = self.in_a_row + 1 if result == self.last_outcome else 1
            self.last_outcome = result
            if self.in_a_row >= MOST_IN_A_ROW.get(result, math.inf):
                raise UserError(f"{self.in_a_row} trials in a row were {result}, the last is in "
                                f"'{self.study.trial_folder(trial)}'.", INTERNAL)


def report_new_epochs(trial: optuna.Trial, history: History) -> bool:
    """Returns whether the trial is to be pruned."""
    pruned = False
    for epoch, value in history.new_epochs():
        trial.report(value, epoch)
        pruned = pruned or trial.should_prune()
    return pruned


def search(options: argparse.Namespace) -> int:
    require_optuna()
    space = read_space(options.space)
    space.refuse_overriding(options.further)
    launcher = Launcher(options.launcher, options.parallel, options.ranks)
    asked = {"SPACE.ini": hashlib.sha256(options.space.read_bytes()).hexdigest(), "dataset": str(options.dataset),
             "further options": options.further}
    study = Study(options.out, space, options.trials or space.settings.trials, asked)
    driver = Driver(study, launcher, ["--dataset", str(options.dataset), *options.further])
    driver.run()
    print_best(study)
    if driver.signal:
        print("Stopped by a signal; the same command goes on.")
        return 128 + driver.signal
    return 0


def main() -> int:
    options = read_options()
    try:
        return search(options)
    except UserError as error:
        print(f"tune.py: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"tune.py: {error}", file=sys.stderr)
        return CANNOT_WRITE


if __name__ == "__main__":
    sys.exit(main())
