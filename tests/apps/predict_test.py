"""`fer_predict` says of pictures in files what `fer_evaluate` says of the same pixels, and of tensors what the net answers."""

import csv
import json
import math
import pathlib
import struct
import subprocess
import zlib

from app_test import AppTest, main

BAD_INPUT, USAGE = 65, 2


def write_png(path: pathlib.Path, side: int, pixels: bytes) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[row * side : (row + 1) * side] for row in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_tensor(path: pathlib.Path, name: str, shape: list[int], data: bytes) -> None:
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, len(data)]}
    header = json.dumps({name: entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def read_tensor(path: pathlib.Path, name: str) -> tuple[list[int], tuple[float, ...]]:
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    entry = json.loads(content[8 : 8 + size])[name]
    begin, end = entry["data_offsets"]
    data = content[8 + size :][begin:end]
    return entry["shape"], struct.unpack(f"<{len(data) // 4}f", data)


def softmax(logits: tuple[float, ...]) -> list[float]:
    powers = [math.exp(value - max(logits)) for value in logits]
    return [power / sum(powers) for power in powers]


class Predict(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        result = cls.train("--model", "cnn2", "--out", cls.folder / "run")
        assert result.code == 0, result
        cls.checkpoint = cls.folder / "run/checkpoints/best.safetensors"
        with open(cls.folder / "run/predictions.csv", newline="") as file:
            cls.expected = list(csv.DictReader(file))
        cls.pictures = cls.folder / "pictures"
        cls.pictures.mkdir()
        cls.pixels = cls.pixels_of_test_split()
        for i, pixels in enumerate(cls.pixels):
            write_png(cls.pictures / f"{i:03}.png", 48, pixels)

    @classmethod
    def pixels_of_test_split(cls) -> list[bytes]:
        table = cls.folder / "faces.csv"
        exported = cls.run_app("fer_dataset", "export", cls.dataset, "--out", table)
        assert exported.code == 0, exported
        with open(table, newline="") as file:
            return [bytes(map(int, row["pixels"].split())) for row in csv.DictReader(file) if row["Usage"] == "PrivateTest"]

    def predict(self, *options: object):
        return self.run_app("fer_predict", "--checkpoint", self.checkpoint, *options)

    def assert_as_expected(self, rows: list[dict[str, str]]) -> None:
        self.assertEqual(len(rows), len(self.expected))
        for row, expected in zip(rows, self.expected, strict=True):
            self.assertEqual(row["label"], expected["label"])
            for key in expected:
                if key.startswith("p_"):
                    self.assertAlmostEqual(float(row[key]), float(expected[key]), places=5)

    def test_a_folder_as_csv(self) -> None:
        out = self.folder / "labels.csv"
        result = self.predict(self.pictures, "--format", "csv", "--out", out)
        self.assertEqual(result.code, 0, result)
        with open(out, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["file"] for row in rows], sorted(str(path) for path in self.pictures.iterdir()))
        self.assert_as_expected(rows)

    def test_files_as_json_and_as_a_table(self) -> None:
        files = [self.pictures / "003.png", self.pictures / "001.png"]
        found = json.loads(self.predict(*files, "--format", "json").out)
        self.assertEqual([entry["file"] for entry in found], [str(file) for file in files])
        self.assertEqual([entry["label"] for entry in found], [self.expected[3]["label"], self.expected[1]["label"]])
        self.assertEqual([f"p_{name}" for name in found[0]["probabilities"]],
                         [key for key in self.expected[0] if key.startswith("p_")])  # in label order
        lines = self.predict(*files).out.splitlines()
        self.assertEqual(lines[0].split()[:2], ["file", "label"])
        self.assertEqual([line.split()[1] for line in lines[1:]], [entry["label"] for entry in found])
        self.assertEqual(len({len(line) for line in lines[1:]}), 1)

    def test_a_list_on_standard_input_of_which_some_cannot_be_read(self) -> None:
        broken = self.folder / "broken.png"
        broken.write_bytes((self.pictures / "000.png").read_bytes()[:-20])
        names = [self.pictures / "000.png", broken, self.folder / "missing.jpg", self.pictures / "001.png"]
        done = subprocess.run(self.command("fer_predict", "--checkpoint", self.checkpoint, "-", "--format", "csv"),
                              input="\n".join(map(str, names)) + "\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, BAD_INPUT, done)
        self.assertEqual([row["file"] for row in csv.DictReader(done.stdout.splitlines())], [str(names[0]), str(names[3])])
        self.assertIn("broken.png", done.stderr)
        self.assertIn("missing.jpg", done.stderr)

    def test_patterns_as_arguments_and_on_standard_input(self) -> None:
        pattern = self.pictures / "00[13].p*"
        expected = [str(self.pictures / name) for name in ("001.png", "003.png")]
        by_argument = self.predict(pattern, "--format", "json")
        self.assertEqual([entry["file"] for entry in json.loads(by_argument.out)], expected, by_argument)
        by_line = subprocess.run(self.command("fer_predict", "--checkpoint", self.checkpoint, "-", "--format", "json"),
                                 input=f"{pattern}\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(by_line.stdout, by_argument.out, by_line)
        none = self.predict(self.pictures / "*.jpg", self.pictures / "001.png", "--format", "json")
        self.assertEqual((none.code, len(json.loads(none.out))), (BAD_INPUT, 1), none)
        self.assertIn("*.jpg", none.err)

    def test_kinds_of_pictures_that_are_not_read_are_named_in_a_folder(self) -> None:
        folder = self.folder / "mixed"
        folder.mkdir()
        (folder / "moving.gif").write_bytes(b"GIF89a and more")
        (folder / "notes.txt").write_text("no picture")
        (folder / "face.png").write_bytes((self.pictures / "000.png").read_bytes())
        result = self.predict(folder, "--format", "json")
        self.assertEqual((result.code, len(json.loads(result.out))), (BAD_INPUT, 1), result)
        self.assertIn("moving.gif", result.err)
        self.assertNotIn("notes.txt", result.err)

    def test_pictures_of_another_size_are_scored_as_they_are_labelled(self) -> None:
        folder = self.folder / "small"
        for i, pixels in enumerate(self.pixels):
            file = folder / ("train" if i % 2 else "test") / self.expected[i]["truth"] / f"{i:03}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            half = [bytes(pixels[48 * row : 48 * (row + 1) : 2]) for row in range(0, 48, 2)]
            write_png(file, 24, b"".join(half))
        imported = self.run_app("fer_dataset", "import", folder, "--out", self.folder / "small-data")
        self.assertEqual(imported.code, 0, imported)
        scored = self.run_app("fer_evaluate", "--checkpoint", self.checkpoint, "--dataset", self.folder / "small-data",
                              "--split", "test", "--report", "--out", self.folder / "small-scores")
        self.assertEqual(scored.code, 0, scored)
        self.assertIn("pictures of 24x24 are brought to 48x48", scored.out)
        with open(self.folder / "small-scores/predictions.csv", newline="") as file:
            rows = [[row[key] for key in row if key.startswith("p_")] for row in csv.DictReader(file)]
        labelled = self.predict(folder / "test", "--format", "csv")
        found = [[row[key] for key in row if key.startswith("p_")] for row in csv.DictReader(labelled.out.splitlines())]
        self.assertEqual(len(rows), len(self.pixels) // 2)
        self.assertEqual(rows, found)

    def test_a_folder_without_pictures_is_named_and_the_rest_labelled(self) -> None:
        empty = self.folder / "nothing-here"
        empty.mkdir()
        result = self.predict(empty, self.pictures / "001.png", "--format", "json")
        self.assertEqual((result.code, len(json.loads(result.out))), (BAD_INPUT, 1), result)
        self.assertIn("nothing-here' holds no pictures", result.err)
        self.assertEqual(self.predict(empty).code, BAD_INPUT)

    def test_answers_are_explained_in_a_picture(self) -> None:
        sheet = self.folder / "explained.png"
        files = [self.pictures / "002.png", self.pictures / "000.png"]
        result = self.predict(*files, "--explain", sheet, "--views", "flip")
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.out, self.predict(*files, "--views", "flip").out)
        header = sheet.read_bytes()[:26]
        self.assertEqual(header[:8], b"\x89PNG\r\n\x1a\n")
        side, gap, rgb = 3 * 48, 4, 2
        self.assertEqual(struct.unpack(">IIBB", header[16:]), (3 * side + 2 * gap, len(files) * (side + gap) - gap, 8, rgb))

    def test_of_pictures_that_cannot_be_read_nothing_is_explained(self) -> None:
        sheet = self.folder / "none.png"
        result = self.predict(self.folder / "missing.png", "--explain", sheet)
        self.assertEqual(result.code, BAD_INPUT, result)
        self.assertFalse(sheet.exists())

    def test_tensors_are_answered_with_logits(self) -> None:
        source, out = self.folder / "in.safetensors", self.folder / "out.safetensors"
        values = [value / 255 for value in b"".join(self.pixels)]
        write_tensor(source, "input", [len(self.pixels), 1, 48, 48], struct.pack(f"<{len(values)}f", *values))
        result = self.run_app("fer_predict", "--model", "cnn2", "--init-from", self.checkpoint, "--tensors", source,
                              "--out", out)
        self.assertEqual(result.code, 0, result)
        shape, logits = read_tensor(out, "logits")
        classes = [key for key in self.expected[0] if key.startswith("p_")]
        self.assertEqual(shape, [len(self.pixels), len(classes)])
        for i, expected in enumerate(self.expected):
            row = softmax(logits[i * len(classes) : (i + 1) * len(classes)])
            for probability, name in zip(row, classes, strict=True):
                self.assertAlmostEqual(probability, float(expected[name]), places=5)

    def test_what_cannot_be_answered_is_refused(self) -> None:
        for code, part, options in (
            (USAGE, "what shall be labelled", ["--checkpoint", self.checkpoint]),
            (USAGE, "--tensors goes with", ["--tensors", "x.safetensors"]),
            (USAGE, "must end in .png", ["--checkpoint", self.checkpoint, self.pictures, "--explain", "sheet.jpg"]),
            (USAGE, "name fewer", ["--checkpoint", self.checkpoint, *65 * [self.pictures / "000.png"], "--explain",
                                   self.folder / "many.png"]),
            (USAGE, "and --explain", ["--model", "cnn2", "--init-from", self.checkpoint, "--tensors", "in", "--out", "out",
                                      "--explain", "x.png"]),
            (BAD_INPUT, "cannot read 'nowhere", ["--checkpoint", "nowhere.safetensors", self.pictures]),
            (BAD_INPUT, "no tensor `input`", ["--model", "cnn2", "--init-from", self.checkpoint, "--tensors",
                                              self.checkpoint, "--out", self.folder / "x"]),
        ):
            with self.subTest(part=part):
                result = self.run_app("fer_predict", *options)
                self.assertEqual(result.code, code, result)
                self.assertIn(part, " ".join(result.err.split()), result)


if __name__ == "__main__":
    main()
