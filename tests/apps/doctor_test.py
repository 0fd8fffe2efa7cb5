"""fer_doctor says whether a machine will do, and how long all-reduce takes."""

import csv
import io
import subprocess
import sys
import unittest

from app_test import ROOT, AppTest, main


class DoctorTest(AppTest):
    def test_a_machine_in_order(self) -> None:
        for ranks in (0, 1, 2):
            result = self.run_app("fer_doctor", "--folder", self.folder, "--device", "cpu", ranks=ranks)
            self.assertEqual(result.code, 0, result)
            topics = [line.split()[0] for line in result.out.splitlines()]
            self.assertEqual(topics, ["build", "ranks", "cores", "memory", "network", "device", "folder", "mpi"], result)
        self.assertIn("numbers of 2 ranks through memory that they share", result.out)
        self.assertEqual(list(self.folder.glob("fer_doctor*")), [])

    def test_a_folder_that_cannot_be_written_is_named(self) -> None:
        (self.folder / "file").write_text("")
        result = self.run_app("fer_doctor", "--folder", self.folder / "file", "--device", "cpu", ranks=2)
        self.assertEqual(result.code, 74, result)
        self.assertIn("folder   NOT IN ORDER", result.out)
        self.assertIn(str(self.folder / "file"), result.out)

    def test_a_gpu_that_is_not_there_is_said_beside_all_else(self) -> None:
        if subprocess.run(["sh", "-c", "command -v nvidia-smi"], capture_output=True).returncode == 0:
            self.skipTest("this machine may have a GPU")
        result = self.run_app("fer_doctor", "--folder", self.folder, "--device", "cuda")
        self.assertEqual(result.code, 2, result)
        self.assertIn("device   NOT IN ORDER: --device cuda", result.out)
        self.assertIn("folder   '", result.out)

    def test_times_of_all_reduce_feed_the_prediction(self) -> None:
        alone = self.run_app("fer_doctor", "--all-reduce", ranks=1)
        self.assertEqual(alone.code, 2, alone)
        table = self.folder / "all-reduce.csv"
        result = self.run_app("fer_doctor", "--all-reduce", "--device", "cpu", "--out", table, ranks=2)
        self.assertEqual(result.code, 0, result)
        rows = list(csv.DictReader(io.StringIO(table.read_text())))
        self.assertEqual([int(row["bytes"]) for row in rows], [2**power for power in range(18, 27)])
        self.assertTrue(all(float(row["seconds"]) > 0 and row["ranks"] == "2" for row in rows))
        predicted = subprocess.run(
            [sys.executable, ROOT / "launch/predict_scaling.py", "--step-ms", "10", "--batch-size", "64", "--bucket-mb",
             "4.3,1", "--ranks", "2", "--all-reduce", table], capture_output=True, text=True)
        self.assertEqual(predicted.returncode, 0, predicted.stderr)
        self.assertIn("table", predicted.stdout)


if __name__ == "__main__":
    main()
