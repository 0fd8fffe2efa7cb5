"""Every recipe trains two ranks on drawn faces for a few steps; those of others' systems must get better at it."""

import csv
import json
import pathlib

from app_test import ROOT, AppTest, Result, main

NON_FINITE = 3
FEW = 16  # samples, of nets that take large pictures or have many weights
LARGE = {"s3-inception", "s3-vgg16", "s3-joint", "s4-efficientnet", "strong", "fer-vgg19", "fer-resnet18"}
# A rate made for fifty epochs would not show in three; three nets in one write large checkpoints.
OTHERWISE = {"s2-cnn2": ("--lr", 0.05), "s3-joint": ("--input-size", 64, "--keep", 0)}


def tensors(path: pathlib.Path) -> dict[str, bytes]:
    """The bytes of a safetensors file's tensors by name."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


class Recipes(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.few = cls.folder / "few"
        made = cls.run_app("fer_dataset", "synth", "--out", cls.few, "--train", FEW, "--validation", 4, "--test", 4)
        assert made.code == 0, made

    def train_recipe(self, recipe: str, *options: object, out: str = "", epochs: int = 3) -> Result:
        large = recipe in LARGE
        return self.run_app("fer_dist_train", "--recipe", recipe, "--dataset", self.few if large else self.dataset,
                            "--out", self.folder / (out or recipe), "--global-batch-size", 8 if large else 32,
                            "--epochs", epochs, "--threads", 1, *options, ranks=2)

    def losses(self, run: str) -> list[float]:
        with open(self.folder / run / "history.csv", newline="") as file:
            return [float(row["train_loss"]) for row in csv.DictReader(file)]

    def checkpoint(self, run: str) -> pathlib.Path:
        return self.folder / run / "checkpoints/last.safetensors"

    def test_those_of_others_learn(self) -> None:
        for path in sorted((ROOT / "launch/recipes").glob("s*-*.ini")):
            if path.stem in ("s4-cnn", "s3-resnet50", "s3-cnn7-ensemble"):  # of which other tests are
                continue
            with self.subTest(recipe=path.stem):
                result = self.train_recipe(path.stem, *OTHERWISE.get(path.stem, ()))
                self.assertEqual(result.code, 0, result)
                losses = self.losses(path.stem)
                self.assertLess(min(losses[1:]), losses[0], result)

    def test_an_ensemble_is_one_launch(self) -> None:
        result = self.train_recipe("s3-cnn7-ensemble", "--members", 2)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(len(list((self.folder / "s3-cnn7-ensemble").glob("member-*/predictions.csv"))), 2)
        self.assertTrue((self.folder / "s3-cnn7-ensemble/ensemble.json").is_file())

    def test_ours_start(self) -> None:
        for recipe in ("default", "fast-s", "fast-m", "strong", "fer-vgg19", "fer-resnet18"):
            with self.subTest(recipe=recipe):
                result = self.train_recipe(recipe, epochs=1)
                self.assertEqual(result.code, 0, result)

    # Frozen layers of random weights would have nothing to tell: they come from a run that is not frozen, its head does
    # not.
    def test_frozen_layers_keep_weights_and_statistics(self) -> None:
        small = ("--input-size", 64)
        whole = self.train_recipe("s3-resnet50", *small, "--freeze", "none", "--head", "dense:16", out="whole")
        self.assertEqual(whole.code, 0, whole)
        result = self.train_recipe("s3-resnet50", *small, "--init-from", self.checkpoint("whole"))
        self.assertEqual(result.code, 0, result)
        losses = self.losses("s3-resnet50")
        self.assertLess(min(losses[1:]), losses[0], result)
        before, after = (tensors(self.checkpoint(run)) for run in ("whole", "s3-resnet50"))
        backbone = [name for name in before if not name.startswith(("head.", "state."))]
        self.assertEqual([name for name in backbone if before[name] != after[name]], [])

    def test_phases_follow_each_other(self) -> None:
        result = self.run_app("fer_dist_train", "--recipe", "s4-efficientnet", "--dataset", self.few, "--out",
                              self.folder / "phases", "--global-batch-size", 8, "--epochs", 1, "--threads", 1, "--keep", 2,
                              ranks=2)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(len(self.losses("phases")), 2)
        before, after = (tensors(self.folder / f"phases/checkpoints/epoch-000{epoch}.safetensors") for epoch in (1, 2))
        frozen = [name for name in before if name.startswith("features.")]
        self.assertGreater(len(frozen), 300)
        self.assertEqual([name for name in frozen if before[name] != after[name]], [])
        for part in ("phase  1 of 2", "nothing frozen", "phase  2 of 2"):
            self.assertIn(part, result.out)

    def test_the_net_whose_loss_became_nan_stops_where_it_does(self) -> None:
        result = self.train_recipe("s4-cnn")
        self.assertEqual(result.code, NON_FINITE, result)
        self.assertRegex(result.err, r"step \d+ went non-finite: the output of log at layer 'classifier.2' on rank [01]")


if __name__ == "__main__":
    main()
