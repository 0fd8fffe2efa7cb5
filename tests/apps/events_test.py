"""A run as TensorBoard reads it: what it shows is what is in history.csv, also where the run was broken off.

    FER_PYTHON=python3 python3 tests/apps/events_test.py build/bin      default: .venv-tensorboard/bin/python
"""

import base64
import json
import os
import pathlib
import struct
import subprocess
import unittest
import zlib
from typing import Any

from app_test import ROOT, main
from broken_runs import STEPS, BrokenRunTest

PYTHON = os.environ.get("FER_PYTHON", str(ROOT / ".venv-tensorboard/bin/python"))
INSTALLATION = "python3 -m venv .venv-tensorboard && .venv-tensorboard/bin/python -m pip install tensorboard"
PRECISION = 1e-6  # of a float32, relative

# Tag, column of history.csv, half a unit of the last digit there.
SCALARS = (("loss/train", "train_loss", 0), ("accuracy/train", "train_accuracy", 0), ("loss/validation", "val_loss", 0),
           ("accuracy/validation", "val_accuracy", 0), ("macro_f1/validation", "val_macro_f1", 0),
           ("learning_rate", "lr", 0), ("images_per_second", "images_per_second", 0.05),
           ("seconds/compute", "compute_seconds", 0.0005), ("seconds/communication", "communication_seconds", 0.0005),
           ("seconds/data", "data_seconds", 0.0005), ("seconds/other", "other_seconds", 0.0005))


def has_tensorboard() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import tensorboard"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def png_values(png: bytes) -> tuple[int, int, int]:
    """Height, width, and how many values its pixels have, filters aside."""
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at:at + 4])
        kind, body = png[at + 4:at + 8], png[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + size:at + 12 + size])[0], kind
        data, at = data + (body if kind == b"IDAT" else b""), at + 12 + size
    assert depth == 8 and colours in (0, 2), (depth, colours)
    return height, width, len(zlib.decompress(data)) - height


@unittest.skipUnless(has_tensorboard(), f"'{PYTHON}' cannot import tensorboard: {INSTALLATION}")
class EventsTest(BrokenRunTest):
    def read(self, run: pathlib.Path) -> dict[str, Any]:
        done = subprocess.run([PYTHON, ROOT / "tests/apps/read_events.py", run], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def expect_history(self, scalars: dict[str, list[tuple[int, float]]], run: pathlib.Path) -> None:
        rows = self.history(run)
        for tag, column, rounding in SCALARS:
            with self.subTest(tag=tag):
                self.assertEqual([step for step, _ in scalars[tag]], [int(row["step"]) for row in rows])
                for (_, found), row in zip(scalars[tag], rows):
                    expected = float(row[column])
                    self.assertAlmostEqual(found, expected, delta=PRECISION * abs(expected) + rounding)

    def test_a_run_shows_what_its_history_says(self) -> None:
        run = self.run_to("whole", {"--epochs": 3, "--lr": 0.002, "--optimizer": "adam"})
        found = self.read(run)
        self.expect_history(found["scalars"], run)
        self.expect_pictures(found["images"])
        self.expect_histograms(found["histograms"])
        (row,) = found["runs"]
        self.assertEqual(row["hparams"]["optimizer"], "adam")
        self.assertAlmostEqual(row["hparams"]["lr"], 0.002)
        (session,) = row["sessions"]
        self.assertEqual(session["status"], "STATUS_SUCCESS")
        metrics = {metric["name"]["tag"]: metric["value"] for metric in session["metricValues"]}
        self.assertAlmostEqual(metrics["accuracy/validation"], float(self.history(run)[-1]["val_accuracy"]), places=6)
        self.assertIn("best/accuracy", metrics)
        self.assertIn("test/accuracy", metrics)

    def expect_pictures(self, images: dict[str, list[dict[str, Any]]]) -> None:
        self.assertEqual([image["step"] for image in images["faces"]], [1])
        self.assertEqual([image["step"] for image in images["confusion/validation"]], [STEPS, 2 * STEPS, 3 * STEPS])
        for tag, channels in (("faces", 1), ("confusion/validation", 3)):
            for image in images[tag]:
                height, width, values = png_values(base64.b64decode(image["png"]))
                self.assertEqual((height, width), (image["height"], image["width"]))
                self.assertEqual(values, height * width * channels)

    def expect_histograms(self, histograms: dict[str, list[dict[str, Any]]]) -> None:
        weights = [tag for tag in histograms if tag.startswith("weights/") and tag.endswith(".weight")]
        self.assertGreater(len(weights), 2, histograms.keys())
        for tag, found in histograms.items():
            with self.subTest(tag=tag):
                self.assertEqual([histogram["step"] for histogram in found], [STEPS, 2 * STEPS, 3 * STEPS])
                for histogram in found:
                    limits, counts = histogram["bucket_limit"], histogram["bucket"]
                    self.assertEqual(len(limits), len(counts))
                    self.assertEqual(sum(counts), histogram["num"])
                    self.assertEqual(limits, sorted(limits))
                    self.assertAlmostEqual(limits[-1], histogram["max"])

    def test_a_run_that_was_broken_off_is_one_line(self) -> None:
        """Where it went back by an epoch, and the file it left ends in half a record."""
        found = self.broken_off("broken", {"--keep": 9}, behind=3)
        checkpoints = found / "checkpoints"
        for path in [checkpoints / "last.safetensors", checkpoints / "best.safetensors", *checkpoints.glob("epoch-*")]:
            if path.name not in ("epoch-0001.safetensors", "epoch-0002.safetensors"):
                path.unlink(missing_ok=True)
        self.assertGreaterEqual(self.read(found)["scalars"]["loss/train"][-1][0], 3 * STEPS)
        (left,) = found.glob("events.out.tfevents.*")
        whole = left.read_bytes()
        left.write_bytes(whole + whole[:20])
        self.run_to(found.name, {"--keep": 9})
        self.assertEqual(self.record(found)["resumed"][0]["behind_epoch"], 2)
        self.assertEqual(len([*found.glob("events.out.tfevents.*")]), 2)
        events = self.read(found)
        self.expect_history(events["scalars"], found)
        self.assertEqual(len(events["runs"]), 1)
        for kind, tag in (("images", "faces"), ("images", "confusion/validation"), ("histograms", "weights/")):
            for name, series in events[kind].items():
                if name.startswith(tag):
                    steps = [event["step"] for event in series]
                    self.assertEqual(steps, sorted(set(steps)), name)


if __name__ == "__main__":
    main()
