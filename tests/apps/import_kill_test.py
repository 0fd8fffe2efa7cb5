"""Imports that are killed at a random moment, and started again in the same folder.

    python3 tests/apps/import_kill_test.py build/bin [KILLS]      default: 25
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from app_test import AppTest, Result, main

OK, USAGE, BAD_INPUT = 0, 2, 65
KILLS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 25
ROWS, SIDE = 4000, 48


def write_faces(path: pathlib.Path) -> None:
    """Faces of noise: a row is one of 97 pictures with its number in its first pixels."""
    source = random.Random(3)
    pictures = [" ".join(str(source.randrange(256)) for _ in range(SIDE * SIDE - 2)) for _ in range(97)]
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for row in range(ROWS):
            usage = "Training" if row % 10 < 8 else "PublicTest" if row % 10 == 8 else "PrivateTest"
            file.write(f"{row % 7},{row // 256} {row % 256} {pictures[row % 97]},{usage}\n")


class KilledImport(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        cls.keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        cls.folder = pathlib.Path(cls.keeper.name)
        cls.source = cls.folder / "faces.csv"
        write_faces(cls.source)
        cls.random = random.Random(11)
        cls.import_into(cls.folder / "cold")
        whole = cls.import_into(cls.folder / "whole")
        assert whole.code == OK, whole
        cls.seconds = whole.seconds
        cls.contents = cls.contents_of(cls.folder / "whole")

    @classmethod
    def options(cls, out: pathlib.Path, shards: int) -> tuple:
        return "import", cls.source, "--out", out, "--shards", shards, "--threads", 2, "--quiet"

    @classmethod
    def import_into(cls, out: pathlib.Path, shards: int = 8) -> Result:
        return cls.run_app("fer_dataset", *cls.options(out, shards))

    @staticmethod
    def contents_of(out: pathlib.Path) -> dict[str, str]:
        """The digest of each split's pictures and labels."""
        splits = json.loads((out / "dataset.json").read_text())["splits"]
        return {name: split["content_digest"] for name, split in splits.items()}

    def kill_import(self, out: pathlib.Path, delay: float) -> None:
        job = subprocess.Popen(self.command("fer_dataset", *self.options(out, shards=8)), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        time.sleep(delay)
        job.kill()
        job.wait()

    def verify(self, out: pathlib.Path) -> Result:
        return self.run_app("fer_dataset", "verify", out)

    def strangers(self, out: pathlib.Path) -> list[str]:
        """Files that are no part of the dataset."""
        manifest = json.loads((out / "dataset.json").read_text())
        own = {shard["file"] for split in manifest["splits"].values() for shard in split["shards"]} | {"dataset.json"}
        return sorted({path.name for path in out.iterdir()} - own)

    def delays(self, count: int) -> list[float]:
        """Spread over an import, each at random within its share."""
        return [self.seconds * (i + self.random.random()) / count for i in range(count)]

    def expect_whole(self, out: pathlib.Path) -> None:
        verified = self.verify(out)
        self.assertEqual(verified.code, OK, verified)
        self.assertEqual(self.contents_of(out), self.contents)

    def test_two_imports_give_the_same_bytes(self) -> None:
        time.sleep(1.1)  # whatever second they are made in
        again = self.folder / "again" / "whole"
        self.assertEqual(self.import_into(again).code, OK)
        differing = [path.name for path in sorted(again.iterdir())
                     if path.read_bytes() != (self.folder / "whole" / path.name).read_bytes()]
        self.assertEqual(differing, [])

    def test_of_two_imports_into_a_folder_one_is_made_and_the_other_refused(self) -> None:
        out = self.folder / "contested"
        jobs = [subprocess.Popen(self.command("fer_dataset", *self.options(out, shards=8)), stderr=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, text=True) for _ in range(2)]
        errors = [job.communicate(timeout=60)[1] for job in jobs]
        self.assertEqual(sorted(job.returncode for job in jobs), [OK, USAGE], errors)
        said = f"another process is writing a dataset to '{out}'|'{out}' already holds a dataset"  # one may be early
        self.assertRegex("".join(errors), said)
        self.expect_whole(out)
        self.assertEqual(self.strangers(out), [])

    def test_a_bad_row_ends_the_work_of_all_ranks_and_threads(self) -> None:
        source, out = self.folder / "one-bad.csv", self.folder / "one-bad"
        rows = self.source.read_text().splitlines(keepends=True)
        rows[401] = rows[401].replace(" ", " x", 1)
        source.write_text("".join(rows))
        for ranks in (1, 2):
            result = self.run_app("fer_dataset", "import", source, "--out", out, "--shards", 2, "--threads", 2, "--quiet",
                                  ranks=ranks)
            self.assertEqual(result.code, BAD_INPUT, result)
            self.assertIn("line 402", result.err)
            self.assertFalse(out.exists())

    def test_a_killed_import_is_no_dataset_and_can_be_repeated(self) -> None:
        completed = with_shards = 0
        littered = []
        for number, delay in enumerate(self.delays(KILLS)):
            with self.subTest(number=number, delay=delay):
                out = self.folder / f"killed-{number}"
                self.kill_import(out, delay)
                is_whole = (out / "dataset.json").exists()
                completed += is_whole
                with_shards += any(out.glob("*.h5")) and not is_whole
                if is_whole:
                    self.expect_whole(out)
                else:
                    verified = self.verify(out)
                    self.assertEqual(verified.code, BAD_INPUT, verified)
                again = self.import_into(out)
                self.assertEqual(again.code, USAGE if is_whole else OK, again)
                if is_whole:
                    self.assertIn("already holds a dataset", again.err)
                self.expect_whole(out)
                if self.strangers(out):
                    littered.append((round(delay, 2), self.strangers(out)))
        print(f"{KILLS} imports of {self.seconds:.2f} s killed: {completed} had completed, {with_shards} left shards, "
              f"{len(littered)} left files that stayed after the repetition")
        self.assertEqual(littered, [], "files of killed imports remain")

    def test_a_repetition_with_fewer_shards_leaves_none_of_the_others(self) -> None:
        for number, delay in enumerate(self.delays(10)[4:]):
            out = self.folder / f"fewer-{number}"
            self.kill_import(out, delay)
            if any(out.glob("*.h5")) and not (out / "dataset.json").exists():
                again = self.import_into(out, shards=3)
                self.assertEqual(again.code, OK, again)
                self.assertEqual(self.verify(out).code, OK)
                self.assertEqual(self.strangers(out), [], "shards of the killed import remain")
                return
        self.skipTest("no kill left shards without a dataset.json")


if __name__ == "__main__":
    main()
