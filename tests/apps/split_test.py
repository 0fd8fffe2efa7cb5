"""What becomes of splits that are dealt anew, and of those without labels beside them."""

import csv
import json
import pathlib

from app_test import AppTest, main

USAGE = 2


class Unlabelled(AppTest):
    """A competition's sort of data: answers to `train`, none to `public_test`."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        faces = cls.folder / "faces.csv"
        assert cls.run_app("fer_dataset", "export", cls.dataset, "--out", faces).code == 0
        with open(faces, newline="") as file:
            rows = list(csv.DictReader(file))
        cls.write("answered.csv", ["emotion", "pixels", "Usage"], rows, "Training")
        cls.write("open.csv", ["pixels", "Usage"], rows, "PublicTest")
        cls.data = cls.folder / "data"
        made = cls.run_app("fer_dataset", "import", cls.folder / "answered.csv", cls.folder / "open.csv", "--out", cls.data)
        assert made.code == 0, made

    @classmethod
    def write(cls, name: str, columns: list[str], rows: list[dict[str, str]], usage: str) -> None:
        with open(cls.folder / name, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row for row in rows if row["Usage"] == usage)

    def split(self, name: str) -> pathlib.Path:
        out = self.folder / name
        dealt = self.run_app("fer_dataset", "split", self.data, "--fractions", "80,20", "--out", out)
        self.assertEqual(dealt.code, 0, dealt)
        self.assertEqual(set(json.loads((out / "dataset.json").read_text())["splits"]), {"train", "test", "public_test"})
        return out

    def test_a_run_validates_on_answers_alone(self) -> None:
        out = self.folder / "run"
        result = self.train("--out", out, dataset=self.split("trained"))
        self.assertEqual(result.code, 0, result)
        with open(out / "history.csv", newline="") as file:
            self.assertEqual([row["val_loss"] for row in csv.DictReader(file)], [""])
        asked = self.train("--validation-split", "public_test", "--out", self.folder / "asked", dataset=self.data)
        self.assertNotEqual(asked.code, 0)
        self.assertIn("the validation split has no labels", asked.err)

    def test_a_run_tells_of_validation_what_an_unlabelled_test_cannot(self) -> None:
        dealt = self.split("dealt")
        splits = ("--validation-split", "test", "--test-split", "public_test")
        for name, members in (("alone", ()), ("ensemble", ("--members", 2))):
            out = self.folder / name
            result = self.train(*splits, *members, "--out", out, dataset=dealt)
            self.assertEqual(result.code, 0, result)
            page = (out / "report.html").read_text()
            for part in ("these figures flatter", "Confusion matrix", "Reliability", "Sure and wrong"):
                self.assertTrue(part in page, part)
            self.assertRegex(result.out, r"\nscore +accuracy .*\n +on 60 samples of 'test'; by class:\n +class +recall")
            with open(out / "submission.csv", newline="") as file:
                self.assertEqual(len(list(csv.DictReader(file))), 40)
        behind = result.out[result.out.index("2 members on 'test'"):]
        self.assertRegex(behind, r"\nscore +accuracy(.*\n)+ +The best epoch was chosen by 'test', so these figures flatter")
        self.assertTrue("Grad-CAM" in (self.folder / "alone/report.html").read_text())
        self.assertRegex(behind, r"test +40 samples of 'public_test' without labels, answered in submission.csv")
        self.assertNotIn("test", json.loads((self.folder / "alone/run.json").read_text()))

    def test_what_has_answers_is_exported(self) -> None:
        out = self.folder / "again.csv"
        result = self.run_app("fer_dataset", "export", self.split("exported"), "--out", out)
        self.assertEqual(result.code, 0, result)
        with open(out, newline="") as file:
            usages = [row["Usage"] for row in csv.DictReader(file)]
        self.assertEqual((len(usages), set(usages)), (300, {"Training", "PrivateTest"}))


if __name__ == "__main__":
    main()
