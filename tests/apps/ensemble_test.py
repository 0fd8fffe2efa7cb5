"""Ensembles: several checkpoints scored together, and members that one launch trains."""

import csv
import json
import pathlib

from app_test import AppTest, Result, main

NON_FINITE, USAGE = 3, 2


class Ensembles(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.out = cls.folder / "four"
        cls.result = cls.train_members(4, cls.out, ranks=2)

    @classmethod
    def train_members(cls, members: int, out: pathlib.Path, *options: object, ranks: int, lr: float = 0.01,
                      dataset: pathlib.Path | None = None) -> Result:
        return cls.run_app("fer_dist_train", "--dataset", dataset or cls.dataset, "--model", "mlp", "--lr", lr,
                           "--global-batch-size", 32, "--epochs", 2, "--seed", 5, "--threads", 1, "--members", members,
                           "--out", out, *options, ranks=ranks)

    @staticmethod
    def probabilities(path: pathlib.Path) -> list[list[float]]:
        with open(path, newline="") as file:
            return [[float(row[key]) for key in row if key.startswith("p_")] for row in csv.DictReader(file)]

    def evaluate(self, out: pathlib.Path, members: list[int], *options: object) -> Result:
        checkpoints = [part for i in members for part in ("--checkpoint", self.checkpoint(i))]
        return self.run_app("fer_evaluate", *checkpoints, "--dataset", self.dataset, "--split", "test", "--out", out,
                            *options, ranks=2)

    def checkpoint(self, member: int) -> pathlib.Path:
        return self.out / f"member-{member:02}/checkpoints/best.safetensors"

    def test_every_member_is_a_run_of_its_own_seed(self) -> None:
        self.assertEqual(self.result.code, 0, self.result)
        for i in (1, 2, 3, 4):
            record = json.loads((self.out / f"member-{i:02}/run.json").read_text())
            self.assertEqual((record["state"], record["seed"], record["world_size"]), ("finished", 4 + i, 1))
        alone = self.folder / "alone"  # the second member's own config repeats it
        result = self.run_app("fer_dist_train", "--config", self.out / "member-02/config.ini", "--out", alone)
        self.assertEqual(result.code, 0, result)
        self.assertEqual((alone / "predictions.csv").read_text(), (self.out / "member-02/predictions.csv").read_text())

    def test_together_they_answer_the_mean(self) -> None:
        each = [self.probabilities(self.out / f"member-{i:02}/predictions.csv") for i in (1, 2, 3, 4)]
        for source in (self.out / "predictions.csv", self.scored("scored", [1, 2, 3, 4]) / "predictions.csv"):
            for row, own in zip(self.probabilities(source), zip(*each, strict=True), strict=True):
                for i, probability in enumerate(row):
                    self.assertAlmostEqual(probability, sum(member[i] for member in own) / 4, places=5)
        figures = json.loads((self.out / "ensemble.json").read_text())["test"]
        metrics = json.loads((self.folder / "scored/metrics.json").read_text())
        self.assertEqual(metrics["member_accuracies"], figures["member_accuracies"])
        self.assertEqual(metrics["accuracy"], figures["accuracy"])

    def test_the_report_is_about_all(self) -> None:
        page = (self.out / "report.html").read_text()
        figures = json.loads((self.out / "ensemble.json").read_text())["test"]
        for part in ("4 nets together on", "curves, times and configuration are those of member-01",
                     f"{100 * figures['accuracy']:.2f} %", f"{100 * figures['member_mean']:.2f} %",
                     f"<dt>member-03</dt><dd>{100 * figures['member_accuracies'][2]:.2f} %</dd>"):
            self.assertIn(part, page)
        scored = (self.scored("reported", [1, 2, 3, 4], "--report") / "report.html").read_text()
        self.assertIn(f"{100 * figures['member_mean']:.2f} %", scored)

    def scored(self, name: str, members: list[int], *options: object) -> pathlib.Path:
        out = self.folder / name
        result = self.evaluate(out, members, *options)
        self.assertEqual(result.code, 0, result)
        return out

    def test_weights_and_logits(self) -> None:
        each = [self.probabilities(self.out / f"member-{i:02}/predictions.csv") for i in (1, 2)]
        weighted = self.probabilities(self.scored("weighted", [1, 2], "--weights", "3,1") / "predictions.csv")
        for row, first, second in zip(weighted, *each, strict=True):
            for value, a, b in zip(row, first, second, strict=True):
                self.assertAlmostEqual(value, (3 * a + b) / 4, places=5)
        of_logits = self.probabilities(self.scored("logits", [1, 2], "--average", "logits") / "predictions.csv")
        for row, first, second in zip(of_logits, *each, strict=True):
            means = [(a * b) ** 0.5 for a, b in zip(first, second, strict=True)]  # the softmax of a mean of logarithms
            for value, mean in zip(row, means, strict=True):
                self.assertAlmostEqual(value, mean / sum(means), places=4)
        self.assertEqual(self.evaluate(self.folder / "x", [1, 2], "--weights", "1").code, USAGE)

    def test_groups_have_as_many_ranks_each(self) -> None:
        out = self.folder / "groups"
        result = self.train_members(2, out, ranks=4)
        self.assertEqual(result.code, 0, result)
        for i in (1, 2):
            self.assertEqual(json.loads((out / f"member-{i:02}/run.json").read_text())["world_size"], 2)

    def test_what_is_finished_is_not_trained_again(self) -> None:
        out = self.folder / "resumed"
        self.assertEqual(self.train_members(2, out, ranks=2).code, 0)
        kept, again = (json.loads((out / f"member-{i:02}/run.json").read_text()) for i in (1, 2))
        again["state"] = "running"  # as of a job that was killed
        (out / "member-02/run.json").write_text(json.dumps(again))
        self.assertEqual(self.train_members(2, out, ranks=2).code, USAGE)
        other = self.folder / "other"
        self.run_app("fer_dataset", "synth", "--out", other, "--train", 300, "--validation", 40, "--test", 40, "--seed", 9)
        refused = self.train_members(2, out, "--resume", "auto", ranks=2, dataset=other)
        self.assertEqual((refused.code, "another dataset" in refused.err), (USAGE, True), refused)
        result = self.train_members(2, out, "--resume", "auto", ranks=2)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(json.loads((out / "member-01/run.json").read_text()), kept)
        self.assertEqual(json.loads((out / "member-02/run.json").read_text())["state"], "finished")
        other = self.train_members(2, out, "--resume", "auto", "--momentum", 0.5, ranks=2)
        self.assertEqual((other.code, "momentum" in other.err), (USAGE, True), other)

    def test_members_that_fail_are_named(self) -> None:
        out = self.folder / "diverging"
        result = self.train_members(2, out, "--optimizer", "sgd", ranks=2, lr=1e30)
        self.assertEqual(result.code, NON_FINITE, result)
        for i in (1, 2):
            self.assertIn(f"member {i} failed", result.err)
            self.assertEqual(json.loads((out / f"member-{i:02}/run.json").read_text())["state"], "failed")


if __name__ == "__main__":
    main()
