"""Searches for hyper-parameters: the syntax of a space, and studies that run through, are killed, or must not begin.

    FER_PYTHON=python3 python3 tests/apps/tune_test.py build/bin      default: .venv-tune/bin/python, with Optuna
"""

import csv
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable

from app_test import BIN, ROOT, AppTest, Result, main

sys.path.insert(0, str(ROOT / "launch"))
from tuning.domains import Choice, Range, parse_domain  # noqa: E402
from tuning.errors import UserError  # noqa: E402
from tuning.fit import fit_width  # noqa: E402
from tuning.search_space import Space, read_space  # noqa: E402

PYTHON = os.environ.get("FER_PYTHON", str(ROOT / ".venv-tune/bin/python"))
INSTALLATION = "python3 -m venv .venv-tune && .venv-tune/bin/python -m pip install optuna"
USAGE = 2

SPACE = """
# Drawn faces are learnt by a perceptron.
model = mlp
lr = {1e-4..1e-2 log}  # with a comment
label-smoothing = {0.0..0.2 step 0.05}
optimizer = {adam|nesterov}
global-batch-size = 32
epochs = %d
[tune]
trials = %d
pruner = none
"""


def has_optuna() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import optuna"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class SearchSpace(unittest.TestCase):
    def space(self, text: str) -> Space:
        with tempfile.TemporaryDirectory(prefix="fer-test-") as folder:
            path = pathlib.Path(folder) / "space.ini"
            path.write_text(text)
            return read_space(path)

    def test_domains(self) -> None:
        for text, domain in (("1e-4..1e-2 log", Range(1e-4, 1e-2, None, True)),
                             ("0.1..0.5", Range(0.1, 0.5, None, False)),
                             ("0.1..0.7 step 0.1", Range(0.1, 0.7, 0.1, False)),
                             ("16..64 step 16", Range(16, 64, 16, False)),
                             ("-2..2", Range(-2, 2, 1, False)),
                             ("adam | nesterov", Choice(("adam", "nesterov"))),
                             ("dense:64,relu|dense:128", Choice(("dense:64,relu", "dense:128"))),
                             ("|,erase=0.5", Choice(("", ",erase=0.5")))):
            with self.subTest(text=text):
                self.assertEqual(parse_domain(text), domain)
        self.assertIsInstance(parse_domain("16..64").low, int)
        self.assertIsInstance(parse_domain("16..64.0").low, float)

    def test_names_and_the_recipe_that_values_make(self) -> None:
        space = self.space("lr = {1e-4..1e-2 log}\n"
                           "stages = {w1: 24..48 step 8}x{1|2},{w2: 48..96 step 16}x{1|2},{w1}x1  # {none}\n"
                           "head = dense:{fit},relu\n"
                           "[tune]\nparameters = 1000\n"
                           "[phase.1]\nlr = {0.1..0.2}\n")
        self.assertEqual(list(space.domains), ["lr", "w1", "stages-1", "w2", "stages-2", "phase.1.lr"])
        self.assertEqual(space.searched_keys, {"lr", "stages", "head"})
        recipe = space.recipe({"lr": 0.001, "w1": 32, "stages-1": "1", "w2": 64, "stages-2": "2", "fit": 99,
                               "phase.1.lr": 0.1 + 0.05})
        self.assertEqual(recipe, "lr = 0.001\nstages = 32x1,64x2,32x1\nhead = dense:99,relu\n[phase.1]\nlr = 0.15\n")

    def test_errors_name_file_line_and_text(self) -> None:
        for line, part in (("lr = {1e-4..}", "LOW..HIGH step STEP"), ("lr = {1e-4..1e-2 lg}", "LOW..HIGH step STEP"),
                           ("lr = {1e-4..1e-2..1}", "'1e-2..1' is no number"), ("lr = {2..1}", "2 is not below 1"),
                           ("lr = {0..1 log}", "log scale"), ("lr = {0.1..0.5 step 0.15}", "do not meet 0.5"),
                           ("lr = {0.1..0.5 step 0}", "positive"), ("lr = {1..3 step 0.5}", "1.0 and 3.0"),
                           ("lr = {1..inf}", "not finite"), ("lr = {1..2", "brace"), ("lr = {1..{2}", "brace"),
                           ("model = {a|b|a}", "the same"), ("model = {}", "neither"), ("model = {mlp}", "nor a name"),
                           ("lr = {size: 1..2}", "'size' is taken"), ("epochs = {1..2}", "as in {other: 1..2}"),
                           ("head = dense:{fit},dense:{fit}", "one place only"),
                           ("[tune]\ntrails = 3", "did you mean 'trials'"), ("[tune]\ntrials = 0", "1 at least"),
                           ("[tune]\nsampler = best", "one of tpe, gp")):
            with self.subTest(line=line), self.assertRaises(UserError) as raised:
                self.space(f"batch-size = {{size: 16..64 step 16}}\n{line}\n")
            message, last = str(raised.exception), line.splitlines()[-1]
            self.assertRegex(message, rf"space.ini', line {1 + len(line.splitlines())}, ")
            for text in (last, part):
                self.assertIn(text, message)

    def test_what_a_space_must_have(self) -> None:
        for text, part in (("lr = 0.1\n", "no variable"), ("lr = {1..2}\n[tune]\nparameters = 9\n", "go together"),
                           ("lr = {1..2}\nhead = dense:{fit}\n", "go together")):
            with self.subTest(text=text), self.assertRaisesRegex(UserError, part):
                self.space(text)

    def test_without_optuna_there_is_advice(self) -> None:
        command = [sys.executable, "-S", ROOT / "launch/tune.py", "space.ini", "--dataset", "faces", "--out", "study"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, USAGE, done)
        self.assertRegex(done.stderr, rf"^tune.py: .*{re.escape(INSTALLATION)}.*\n$")

    def test_a_width_is_fitted_in_few_steps(self) -> None:
        def fit(count: Callable[[int], int], wanted: int) -> tuple[int, int, int]:
            calls = []
            return *fit_width(lambda width: calls.append(width) or count(width), wanted), len(calls)

        self.assertEqual(fit(lambda width: 1000 + 70 * width, 71_000), (1000, 71_000, 3))
        self.assertEqual(fit(lambda width: 1000 + 70 * width, 71_030), (1000, 71_000, 3))
        self.assertEqual(fit(lambda width: 1000 + 70 * width, 9), (8, 1560, 3))
        self.assertEqual(fit(lambda width: 1000 + 70 * width, 10**9), (4096, 287_720, 3))
        self.assertEqual(fit(lambda width: 5, 9), (64, 5, 2))
        width, parameters, calls = fit(lambda width: 500 + 30 * width + width * width // 50, 100_000)
        self.assertLess(abs(parameters - 100_000), 100)
        self.assertLessEqual(calls, 8)


@unittest.skipUnless(has_optuna(), f"'{PYTHON}' cannot import optuna: {INSTALLATION}")
class Tune(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        os.environ["FER_BIN"] = str(BIN.resolve())

    def tune_command(self, text: str, out: str, *options: object) -> list[str]:
        path = self.folder / f"{out}.ini"
        path.write_text(text)
        return [PYTHON, str(ROOT / "launch/tune.py"), str(path), "--dataset", str(self.dataset), "--out",
                str(self.folder / out), "--parallel", "2", "--ranks", "1", *map(str, options)]

    def tune(self, text: str, out: str, *options: object) -> Result:
        return self.run_command(self.tune_command(text, out, *options))

    def start(self, text: str, out: str, until: str) -> subprocess.Popen:
        """A study that has got so far that there is a file `until`."""
        driver = subprocess.Popen(self.tune_command(text, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(driver.communicate)
        self.addCleanup(driver.kill)
        deadline = time.monotonic() + 60
        while not (self.folder / out / until).exists():
            self.assertTrue(driver.poll() is None and time.monotonic() < deadline, until)
            time.sleep(0.02)
        return driver

    def rows(self, study: str) -> list[dict[str, str]]:
        with open(self.folder / study / "trials.csv", newline="") as file:
            return list(csv.DictReader(file))

    def assert_nothing_left_over(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (processes := self.left_over()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(processes, [])

    def test_a_study_keeps_every_trial_and_makes_a_recipe_of_the_best(self) -> None:
        result = self.tune(SPACE % (2, 5), "study", "--", "--fraction", 0.3)
        self.assertEqual(result.code, 0, result)
        rows = self.rows("study")
        self.assertEqual([(row["number"], row["state"], row["epochs"]) for row in rows],
                         [(str(number), "complete", "2") for number in range(5)])
        self.assertEqual(len({row["lr"] for row in rows}), 5)
        for row in rows:
            folder = self.folder / "study" / f"trial-{int(row['number']):04}"
            self.assertIn(f"lr = {row['lr']}\n", (folder / "recipe.ini").read_text())
            with open(folder / "run/history.csv", newline="") as file:
                best = max(float(epoch["val_accuracy"]) for epoch in csv.DictReader(file))
            self.assertAlmostEqual(float(row["value"]), best, places=5)
            self.assertIn(f"{row['parameters']} parameters", (folder / "run/log/rank-0.txt").read_text())
        winner = self.folder / "study/winner.ini"
        best = max(rows, key=lambda row: float(row["value"]))
        self.assertIn(f"lr = {best['lr']}\n", winner.read_text())
        self.assertRegex(winner.read_text(), r"# The best of 5 trials.*by tpe, seed 1: lr \{1e-4\.\.1e-2 log\}")
        self.assertEqual(self.train("--recipe", winner, "--dry-run", ranks=0).code, 0)

        refused = self.tune(SPACE % (3, 5), "study", "--", "--fraction", 0.3)
        self.assertEqual(refused.code, USAGE, refused)
        self.assertIn("begun with another SPACE.ini", refused.err)

    def test_a_killed_study_leaves_no_process_and_loses_no_trial(self) -> None:
        driver = self.start(SPACE % (40, 4), "killed", until="trial-0002/run/history.csv")
        driver.kill()
        self.assert_nothing_left_over(10)
        before = self.rows("killed")
        finished = [row for row in before if row["state"] == "complete"]
        self.assertTrue(finished)
        result = self.tune(SPACE % (40, 4), "killed")
        self.assertEqual(result.code, 0, result)
        rows = self.rows("killed")
        complete = [row for row in rows if row["state"] == "complete"]
        self.assertEqual(len(complete), 4, rows)
        for row in finished:
            self.assertIn(row, complete)
        interrupted = [row for row in rows if row["state"] == "interrupted"]
        self.assertIn("2", [row["number"] for row in interrupted])
        for row in interrupted:
            self.assertIn((row["lr"], row["optimizer"]), [(other["lr"], other["optimizer"]) for other in complete])

    def test_a_second_driver_is_refused_and_a_signal_ends_the_first(self) -> None:
        driver = self.start(SPACE % (4000, 4), "busy", until="trial-0001/run/history.csv")
        second = self.tune(SPACE % (4000, 4), "busy")
        self.assertEqual(second.code, USAGE, second)
        self.assertIn("another tune.py is at work", second.err)
        driver.terminate()
        self.assertEqual(driver.wait(timeout=15), 128 + signal.SIGTERM)
        self.assert_nothing_left_over(0)
        self.assertEqual([row["state"] for row in self.rows("busy")], ["running", "running"])

    def test_a_net_of_a_wanted_size(self) -> None:
        space = ("model = resnet18\ninput-size = 32\nhead = dense:{fit},relu,dropout:{0.2..0.6 step 0.1}\n"
                 "global-batch-size = 16\nepochs = 1\noptimizer = sgd\n[tune]\ntrials = 1\nparameters = %d\n")
        result = self.tune(space % 11_300_000, "fitted", "--", "--fraction", 0.1, "--keep", 0)
        self.assertEqual(result.code, 0, result)
        (row,) = self.rows("fitted")
        # A width more is 520 parameters more: 512 features, a bias, seven classes.
        self.assertLessEqual(abs(int(row["parameters"]) - 11_300_000), 260)
        self.assertIn(f"head = dense:{row['fit']},relu,dropout:{row['head']}\n",
                      (self.folder / "fitted/winner.ini").read_text())

    def test_trials_that_diverge_do_not_end_a_study(self) -> None:
        space = "model = mlp\noptimizer = sgd\nglobal-batch-size = 16\nlr = {1e30|1e35}\n[tune]\ntrials = 2\n"
        result = self.tune(space, "diverged")
        self.assertEqual(result.code, 0, result)
        self.assertEqual([row["state"] for row in self.rows("diverged")], ["non-finite"] * 2)
        self.assertFalse((self.folder / "diverged/winner.ini").exists())

    def test_values_that_cannot_be_trained_do_not_end_a_study(self) -> None:
        # By this seed the first batch is the one that can be filled; the other would look like a mistake of the user's.
        space = "model = mlp\nepochs = 1\nglobal-batch-size = {16|5000}\n[tune]\ntrials = 4\nseed = 2\n"
        result = self.tune(space, "large-batch")
        self.assertEqual(result.code, 0, result)
        ended = {(row["global-batch-size"], row["state"]) for row in self.rows("large-batch")}
        self.assertEqual(ended, {("16", "complete"), ("5000", "failed")})

    def test_what_would_befall_every_trial_ends_the_study(self) -> None:
        wrong_key = self.tune(SPACE.replace("epochs", "epoch") % (1, 2), "wrong-key")
        self.assertEqual(wrong_key.code, USAGE, wrong_key)
        self.assertIn("did you mean 'epochs'?", wrong_key.err)
        no_metric = self.tune(SPACE % (1, 2) + "metric = val_acuracy\n", "no-metric")
        self.assertEqual(no_metric.code, USAGE, no_metric)
        self.assertIn("did you mean 'val_accuracy'?", no_metric.err)
        batch = self.tune("global-batch-size = {16|32}\n[tune]\ntrials = 1\n", "batch", "--", "--batch-size", 8)
        self.assertEqual(batch.code, USAGE, batch)
        self.assertIn("--batch-size would replace what is searched", batch.err)
        overridden = self.tune(SPACE % (1, 2), "overridden", "--", "--lr", 0.1)
        self.assertEqual(overridden.code, USAGE, overridden)
        self.assertIn("--lr would replace what is searched", overridden.err)
        config = self.tune(SPACE % (1, 2), "config", "--", "--config", "other.ini")
        self.assertEqual(config.code, USAGE, config)
        self.assertIn("--config would replace a trial's own", config.err)
        self.assertEqual(self.left_over(), [])


if __name__ == "__main__":
    main()
