"""What a run leaves, what repeats it, and that `fer_evaluate` agrees with it on every number of ranks."""

import contextlib
import csv
import json
import os
import re
import subprocess

from app_test import AppTest, main
from saved_tensors import describe


class RunFolder(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.out = cls.folder / "run"
        cls.result = cls.run_app("fer_dist_train", "--dataset", cls.dataset, "--global-batch-size", 32, "--epochs", 2,
                                 "--out", cls.out, ranks=2)

    def rows(self, name: str) -> list[dict[str, str]]:
        with open(self.out / name, newline="") as file:
            return list(csv.DictReader(file))

    def test_every_promised_file_is_there(self) -> None:
        self.assertEqual(self.result.code, 0, self.result)
        for name in ("run.json", "config.ini", "history.csv", "predictions.csv", "submission.csv", "log/rank-0.txt",
                     "log/rank-1.txt", "checkpoints/best.safetensors", "checkpoints/last.safetensors",
                     "checkpoints/epoch-0002.safetensors"):
            self.assertTrue((self.out / name).is_file(), name)
        self.assertEqual(list(self.out.rglob("*.tmp")), [])
        self.assertFalse((self.out / "checkpoints/epoch-0001.safetensors").exists())  # --keep 1

    def test_an_odd_last_epoch_is_one_of_those_kept(self) -> None:
        out = self.folder / "odd"
        result = self.run_app("fer_dist_train", "--dataset", self.dataset, "--global-batch-size", 32, "--epochs", 5,
                              "--checkpoint-every", 2, "--keep", 2, "--out", out)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(sorted(path.name for path in (out / "checkpoints").glob("epoch-*")),
                         ["epoch-0004.safetensors", "epoch-0005.safetensors"])

    def test_run_json_says_how_it_ended(self) -> None:
        record = json.loads((self.out / "run.json").read_text())
        self.assertEqual((record["state"], record["exit_code"], record["world_size"]), ("finished", 0, 2))
        self.assertEqual(record["dataset"]["digest"][:5], "xxh3:")

    def test_a_checkpoint_says_what_made_it(self) -> None:
        record = json.loads((self.out / "run.json").read_text())
        for name in ("best", "last", "epoch-0002"):
            about = describe(self.out / f"checkpoints/{name}.safetensors")
            self.assertEqual(about["config"], (self.out / "config.ini").read_text())
            self.assertIn("\nseed = 1\n", about["config"])
            self.assertEqual((about["build"], about["world_size"], about["global_batch_size"], about["dataset_digest"]),
                             (record["build"], 2, 32, record["dataset"]["digest"]))

    def test_run_json_says_which_epoch_was_the_best_and_by_which_metric(self) -> None:
        best = json.loads((self.out / "run.json").read_text())["best"]
        self.assertEqual(best["metric"], "val_accuracy")
        values = [float(row["val_accuracy"]) for row in self.rows("history.csv")]
        self.assertEqual(best["epoch"], 1 + values.index(max(values)))
        self.assertAlmostEqual(best["metrics"]["val_accuracy"], max(values), places=5)

    def test_the_report_shows_data_augmentation_answers_and_ranks(self) -> None:
        page = (self.out / "report.html").read_text()
        classes = json.loads((self.dataset / "dataset.json").read_text())["classes"]
        for part in ("<dt>equal pictures</dt>", "<dt>pictures of one value</dt>", "<dt>skipped at import</dt><dd>none</dd>",
                     "<h3>Augmentation</h3>", f'alt="picture {len(classes)}, change 5 of 5"', ", by Grad-CAM", ", by gradient",
                     'aria-label="Seconds of each rank"', "not used to train or to choose", 'aria-label="config.ini"'):
            self.assertIn(part, page)
        ranks = page.split('<section id="ranks">')[1].split("</section>")[0]
        self.assertEqual(re.findall(r'<tr><th scope="row">(\w+)</th>', ranks), ["0", "1", "all"])

    def test_quiet_says_nothing_where_nothing_is_wrong(self) -> None:
        result = self.run_app("fer_dist_train", "--dataset", self.dataset, "--global-batch-size", 32, "--epochs", 1,
                              "--quiet", "--out", self.folder / "quiet", ranks=2)
        self.assertEqual((result.code, result.out, result.err), (0, "", ""), result)
        self.assertIn("epoch 1", (self.folder / "quiet/log/rank-0.txt").read_text())

    def test_history_has_a_row_per_epoch(self) -> None:
        history = self.rows("history.csv")
        self.assertEqual([row["epoch"] for row in history], ["1", "2"])
        self.assertTrue(all(float(row["images_per_second"]) > 0 for row in history))

    def test_predictions_and_submission_cover_the_test_split(self) -> None:
        predictions, submission = self.rows("predictions.csv"), self.rows("submission.csv")
        self.assertEqual([row["Id"] for row in submission], [str(i) for i in range(40)])
        classes = json.loads((self.dataset / "dataset.json").read_text())["classes"]
        for predicted, submitted in zip(predictions, submission, strict=True):
            self.assertEqual(predicted["label"], classes[int(submitted["Category"])])
            self.assertAlmostEqual(sum(float(predicted[f"p_{name}"]) for name in classes), 1.0, places=4)
            self.assertIn(predicted["truth"], classes)

    def test_no_escape_codes_where_nobody_watches(self) -> None:
        self.assertNotIn("\033", self.result.out)
        self.assertNotIn("\r", self.result.out)

    def test_a_bar_where_somebody_watches(self) -> None:
        watcher, terminal = os.openpty()
        command = self.command("fer_dist_train", "--dataset", self.dataset, "--global-batch-size", 32, "--epochs", 1,
                               "--out", self.folder / "watched")
        job = subprocess.Popen(command, stdout=terminal, env=os.environ | {"COLUMNS": "80"})
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # what Linux answers when the last writer has left the terminal
            while block := os.read(watcher, 4096):
                shown += block
        os.close(watcher)
        self.assertEqual(job.wait(timeout=60), 0)
        bars = [line for line in re.split(r"[\r\n]", shown.decode()) if line.startswith("Epoch 1/1 ")]
        self.assertTrue(bars, shown)
        for bar in bars:
            self.assertRegex(bar, r" \d+/\d+ .*\d+img/s loss [\d.]+ acc [\d.]+% lr [\d.]+ left \d+:\d\d")
            self.assertLess(len(bar.removesuffix("\033[K")), 80)
        self.assertTrue(shown.decode().splitlines()[-1].startswith("done"), shown)  # the bar has given way to plain lines

    def test_the_console_tells_of_set_up_epochs_and_outcome(self) -> None:
        lines = self.result.out.splitlines()
        labels = [line[:7].strip() for line in lines]
        for label in ("hosts", "ranks", "data", "class", "change", "model", "engine", "batch", "out", "epoch", "best",
                      "test", "took", "report", "done"):
            self.assertEqual(labels.count(label), 1, (label, self.result))
        rows = [line.split()[0] for line in lines if re.match(r" *\d+/\d+ ", line)]
        self.assertEqual(rows, [f"{row['epoch']}/{len(self.rows('history.csv'))}" for row in self.rows("history.csv")])
        self.assertRegex(lines[labels.index("epoch") + 1],
                         r"^ *1/2 +[\d.]+ +[\d.]+% +[\d.]+ +[\d.]+% +[\d.]+% +[\d.]+ +\d+ +[\d.]+ \*$")
        for name in json.loads((self.dataset / "dataset.json").read_text())["classes"]:
            self.assertRegex(self.result.out, rf"(?m)^       {name} +[\d.]+% +[\d.]+% +[\d.]+% +\d+$")
        for line in lines:
            if str(self.folder) not in line:
                self.assertLessEqual(len(line), 80)

    def test_its_config_repeats_the_run(self) -> None:
        again = self.folder / "again"
        result = self.run_app("fer_dist_train", "--config", self.out / "config.ini", "--out", again, ranks=2,
                              cwd=self.folder)
        self.assertEqual(result.code, 0, result)
        self.assertEqual((again / "predictions.csv").read_text(), (self.out / "predictions.csv").read_text())

    def test_fer_evaluate_prints_the_same_figures_on_1_to_4_ranks(self) -> None:
        figures = set()
        for ranks in (0, 1, 2, 3, 4):
            out = self.folder / f"scores-{ranks}"
            result = self.run_app("fer_evaluate", "--checkpoint", self.out / "checkpoints/best.safetensors", "--dataset",
                                  self.dataset, "--split", "test", "--out", out, ranks=ranks)
            self.assertEqual(result.code, 0, result)
            figures.add((out / "metrics.json").read_text())
            self.assertEqual((out / "predictions.csv").read_text(), (self.out / "predictions.csv").read_text())
        self.assertEqual(len(figures), 1)

    def test_debug_mode_needs_no_launcher(self) -> None:
        result = self.run_app("fer_dist_train", "--dataset", self.dataset, "--debug", "--epochs", 1, "--global-batch-size",
                              32, "--out", self.folder / "debug")
        self.assertEqual(result.code, 0, result)

    def test_a_dry_run_leaves_nothing(self) -> None:
        out = self.folder / "dry"
        result = self.run_app("fer_dist_train", "--dataset", self.dataset, "--dry-run", "--out", out, ranks=2)
        self.assertEqual(result.code, 0, result)
        self.assertFalse(out.exists())

    def test_help_and_version_need_no_dataset(self) -> None:
        for app in ("fer_dist_train", "fer_dataset", "fer_evaluate", "fer_predict"):
            for option, part in (("--help", "--quiet"), ("--version", "LibTorch")):
                result = self.run_app(app, option)
                self.assertEqual((result.code, part in result.out), (0, True), result)


if __name__ == "__main__":
    main()
