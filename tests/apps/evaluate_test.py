"""What `fer_evaluate` says of a score: what the split was to the nets, how they differ, whether a submission fits."""

import csv
import itertools
import json
import pathlib
import shutil
import signal

from app_test import BIN, AppTest, Result, main

BAD_INPUT, USAGE = 65, 2


class EvaluateTest(AppTest):
    def evaluate(self, out: str, checkpoints: list[pathlib.Path], *options: object,
                 dataset: pathlib.Path | None = None) -> tuple[Result, pathlib.Path]:
        named = [part for checkpoint in checkpoints for part in ("--checkpoint", checkpoint)]
        folder = self.folder / out
        result = self.run_app("fer_evaluate", *named, "--dataset", dataset or self.dataset, "--out", folder, *options)
        return result, folder


class Roles(EvaluateTest):
    """Of two runs one chose by `validation`, the other by `test`."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.own = cls.trained("own")
        cls.other = cls.trained("other", "--validation-split", "test", "--test-split", "validation", "--seed", 2)

    @classmethod
    def trained(cls, name: str, *options: object) -> pathlib.Path:
        done = cls.train("--model", "mlp", "--out", cls.folder / name, *options, ranks=0)
        assert done.code == 0, done
        return cls.folder / name / "checkpoints/best.safetensors"

    def expect_role(self, name: str, checkpoints: list[pathlib.Path], split: str, *parts: str,
                    dataset: pathlib.Path | None = None) -> None:
        with self.subTest(name=name):
            result, out = self.evaluate(name, checkpoints, "--split", split, dataset=dataset)
            self.assertEqual(result.code, 0, result)
            role = json.loads((out / "metrics.json").read_text())["role"]
            for part in (f"'{split}'", *parts):
                self.assertIn(part, role)
            self.assertIn(role, result.out)

    def test_what_the_split_was_to_a_net(self) -> None:
        self.expect_role("unused", [self.own], "test", "not used to train or to choose", "chosen by 'validation'")
        self.expect_role("chosen", [self.own], "validation", "chosen by 'validation', so these figures flatter")
        self.expect_role("trained", [self.own], "train", "trained on 'train'")
        self.expect_role("by-dot", [f"{self.own.parent}/./{self.own.name}"], "validation", "chosen by 'validation'")

    def test_what_cannot_be_known_is_said(self) -> None:
        another = self.folder / "another"
        made = self.run_app("fer_dataset", "synth", "--out", another, "--train", 40, "--validation", 40, "--test", 40,
                            "--seed", 9)
        self.assertEqual(made.code, 0, made)
        self.expect_role("elsewhere", [self.own], "train", "unknown", "another dataset", dataset=another)
        alone = self.folder / "alone.safetensors"
        shutil.copy(self.own, alone)
        self.expect_role("outside", [alone], "test", "unknown", "outside of its run's folder")

    def test_of_two_nets_the_worst_counts_wherever_it_stands(self) -> None:
        for name, nets in (("first", [self.other, self.own]), ("second", [self.own, self.other])):
            self.expect_role(name, nets, "test", "chosen by 'test'", f"for '{self.other}', one of 2 nets")

    def test_the_report_has_it_too(self) -> None:
        result, out = self.evaluate("page", [self.own], "--split", "validation", "--report")
        self.assertEqual(result.code, 0, result)
        self.assertIn("chosen by &#39;validation&#39;, so these figures flatter", (out / "report.html").read_text())

    def test_two_nets_are_held_against_each_other(self) -> None:
        result, out = self.evaluate("pair", [self.own, self.other])
        self.assertEqual(result.code, 0, result)
        (test,) = json.loads((out / "metrics.json").read_text())["mcnemar"]
        self.assertEqual((test["first"], test["second"]), (str(self.own), str(self.other)))
        rights = []
        for number, checkpoint in enumerate((self.own, self.other)):
            _, alone = self.evaluate(f"alone-{number}", [checkpoint])
            with open(alone / "predictions.csv", newline="") as file:
                rights.append([row["label"] == row["truth"] for row in csv.DictReader(file)])
        only = [sum(a and not b for a, b in zip(*order, strict=True)) for order in (rights, rights[::-1])]
        self.assertEqual([test["first_alone"], test["second_alone"]], only)
        self.assertTrue(0 < test["p_value"] <= 1)
        for checkpoint in (self.own, self.other):
            self.assertRegex(result.out, rf"(?m)^{checkpoint}: accuracy [\d.]+ % \(95 %: [\d.]+ to [\d.]+\)$")
        self.assertIn(f"{self.own} alone is right on {only[0]} samples, {self.other} on {only[1]}: p = ", result.out)
        self.assertIn("(McNemar)", result.out)

    def test_of_more_nets_one_line_sums_up(self) -> None:
        result, out = self.evaluate("three", [self.own, self.other, self.own])
        self.assertEqual(result.code, 0, result)
        self.assertEqual(len(json.loads((out / "metrics.json").read_text())["mcnemar"]), 3)
        self.assertRegex(result.out, r"(?m)^\d of 3 pairs of members differ by more than chance \(McNemar, 5 %\)")


class Submissions(EvaluateTest):
    """Kaggle's pair with labels for the test and a sample, whose ids go down."""

    IDS = list(range(27, 15, -1))
    CLASSES = ("angry", "happy", "sad")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source, cls.kaggle = cls.folder / "source", cls.folder / "kaggle"
        source.mkdir()
        cls.write(source / "train.csv", "emotion,pixels", [f"{i % 3},{cls.pixels(i)}" for i in range(36)])
        cls.write(source / "test.csv", "id,pixels", [f"{i},{cls.pixels(i)}" for i in sorted(cls.IDS)])
        cls.write(source / "test_labels.csv", "id,emotion", [f"{i},{i % 3}" for i in cls.IDS])
        cls.write(source / "sample_submission.csv", "id,emotion", [f"{i},0" for i in cls.IDS])
        made = cls.run_app("fer_dataset", "import", source, "--classes", ",".join(cls.CLASSES), "--out", cls.kaggle)
        assert made.code == 0, made
        for name, options in (("three", ()), ("two", ("--classes", "angry,happy"))):
            done = cls.train("--model", "mlp", "--global-batch-size", 12, "--out", cls.folder / name, *options, ranks=0,
                             dataset=cls.kaggle)
            assert done.code == 0, done
        cls.checkpoint = cls.folder / "three/checkpoints/best.safetensors"

    @classmethod
    def train(cls, *options: object, ranks: int = 2, dataset: pathlib.Path | None = None) -> Result:
        return cls.run_app("fer_dist_train", "--dataset", dataset, "--epochs", 1, *options, ranks=ranks)

    @staticmethod
    def write(path: pathlib.Path, header: str, rows: list[str]) -> None:
        path.write_text("\n".join([header, *rows]) + "\n")

    @staticmethod
    def pixels(seed: int) -> str:
        return " ".join(str((seed * 37 + pixel * (seed % 3 + 1)) % 256) for pixel in range(48 * 48))

    def submit(self, name: str, *options: object, net: str = "three") -> tuple[Result, pathlib.Path]:
        path = self.folder / f"{name}.csv"
        checkpoint = self.folder / net / "checkpoints/best.safetensors"
        result, out = self.evaluate(f"scored-{name}", [checkpoint], "--submission", path, *options, dataset=self.kaggle)
        if result.code != 0:
            self.assertEqual((path.exists(), out.exists()), (False, False))
        return result, path

    def test_rows_are_those_of_the_sample_that_was_imported(self) -> None:
        result, path = self.submit("imported")
        self.assertEqual(result.code, 0, result)
        lines = path.read_text().splitlines()
        self.assertEqual(lines[0], "id,emotion")
        self.assertEqual([int(line.split(",")[0]) for line in lines[1:]], self.IDS)
        self.assertEqual(path.read_text(), (self.folder / "three/submission.csv").read_text())

    def test_killed_at_any_call_it_leaves_a_whole_submission_or_none(self) -> None:
        whole = self.submit("whole")[1].read_text()
        path = self.folder / "killed/submission.csv"
        path.parent.mkdir()
        command = self.command("fer_evaluate", "--checkpoint", self.checkpoint, "--dataset", self.kaggle, "--out",
                               self.folder / "scored-killed", "--submission", path)
        library = BIN.parent / "lib/libbreak_at_call.so"
        for call in itertools.count(1):
            path.unlink(missing_ok=True)
            result = self.run_command(["env", f"LD_PRELOAD={library}", f"BREAK_FOLDER={path.parent}", f"BREAK_CALL={call}",
                                       *command])
            if result.code == 0:  # it makes fewer calls
                break
            self.assertEqual(result.code, -signal.SIGKILL, result)
            if path.exists():
                self.assertEqual(path.read_text(), whole)
        self.assertGreater(call, 6)  # open, write, fsync, close, rename, and the folder's
        self.assertEqual(path.read_text(), whole)

    def test_another_split_than_that_of_the_sample_is_refused(self) -> None:
        result, _ = self.submit("train-split", "--split", "train")
        self.assertEqual(result.code, USAGE, result)
        for part in ("all 12 samples of 'test'", "36 of 'train' would be submitted", "--split test"):
            self.assertIn(part, " ".join(result.err.split()))

    def test_a_net_that_knows_fewer_classes_cannot_submit_all_rows(self) -> None:
        result, _ = self.submit("two-classes", net="two")
        self.assertEqual(result.code, USAGE, result)
        self.assertIn("8 of 'test' would be submitted", " ".join(result.err.split()))

    def test_a_sample_of_other_ids_or_rows_is_refused(self) -> None:
        for name, ids, parts in (("ids", [99, *self.IDS[1:]], ("its row 1 has id 99, which is not among the samples answered",)),
                                 ("rows", self.IDS[:-1], ("has 11 rows", "would have 12"))):
            with self.subTest(name=name):
                sample = self.folder / f"sample-{name}.csv"
                self.write(sample, "id,emotion", [f"{i},0" for i in ids])
                result, _ = self.submit(name, "--sample-submission", sample)
                self.assertEqual(result.code, BAD_INPUT, result)
                for part in (sample.name, *parts):
                    self.assertIn(part, " ".join(result.err.split()))

    def test_a_run_without_validation_says_so(self) -> None:
        record = json.loads((self.folder / "three/run.json").read_text())
        self.assertEqual((record["best"]["epoch"], record["best"]["metric"]), (1, None))
        _, out = self.evaluate("plain", [self.checkpoint], dataset=self.kaggle)
        self.assertIn("without a validation split", json.loads((out / "metrics.json").read_text())["role"])

    def test_what_would_do_nothing_is_refused(self) -> None:
        for part, command in (
            ("not with --split", ["fer_evaluate", "--compare", "a", "b", "--split", "test", "--out", self.folder / "x"]),
            ("--out does nothing for inspect", ["fer_dataset", "inspect", self.dataset, "--out", self.folder / "x"]),
            ("two ways to deal", ["fer_dataset", "split", self.dataset, "--folds", 5, "--fold", 1, "--fractions", "70,30",
                                  "--out", self.folder / "x"]),
            ("--stages goes with --tensors", ["fer_predict", "--checkpoint", self.checkpoint, "a.png", "--stages", "8x1"]),
            ("--folder goes without it", ["fer_doctor", "--all-reduce", "--folder", self.folder]),
        ):
            with self.subTest(part=part):
                result = self.run_app(*command)
                self.assertEqual(result.code, USAGE, result)
                self.assertIn(part, " ".join(result.err.split()))

    def test_runs_of_other_classes_are_compared_by_their_curves(self) -> None:
        out = self.folder / "compared"
        result = self.run_app("fer_evaluate", "--compare", self.folder / "three", self.folder / "two", "--out", out)
        self.assertEqual(result.code, 0, result)
        self.assertIn("'two' has no scores here: it tells the classes angry, happy apart", result.out)
        page = (out / "comparison.html").read_text()
        for part in ("Scores on test (12 samples)", "has no scores here", "Training loss"):
            self.assertIn(part, page)
        self.assertNotIn("McNemar", page)


if __name__ == "__main__":
    main()
