"""fer_doctor says whether a machine will do, and how long all-reduce takes."""

import csv
import ctypes
import errno
import io
import platform
import resource
import struct
import subprocess
import sys
import unittest

from app_test import ROOT, AppTest, main

TOPICS = ["build", "ranks", "threads", "cores", "memory", "device", "network", "clocks", "shm", "memlock", "nofile",
          "folder", "space", "locks", "mpi"]
FLOCK = 73  # its number on x86-64


def refuse_locks() -> None:
    """From here on flock() fails as it does on a network's disk without locks: by a filter of system calls."""
    rules = [(0x20, 0, 0, 0),  # load the call's number
             (0x15, 0, 1, FLOCK),  # another: skip one
             (0x06, 0, 0, 0x00050000 | errno.ENOLCK),
             (0x06, 0, 0, 0x7FFF0000)]  # allowed
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, by_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) != 0 or libc.prctl(set_filter, by_filter, program) != 0:
        raise OSError(ctypes.get_errno(), "no filter of system calls")


def few_open_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


class DoctorTest(AppTest):
    def test_a_machine_in_order(self) -> None:
        for ranks in (0, 1, 2):
            result = self.run_app("fer_doctor", "--folder", self.folder, "--device", "cpu", ranks=ranks)
            self.assertEqual(result.code, 0, result)
            topics = [line.split()[0] for line in result.out.splitlines()]
            self.assertEqual(topics, TOPICS, result)
            self.assertNotIn("NOT IN ORDER", result.out)
        self.assertIn("numbers of 2 ranks through memory that they share", result.out)
        self.assertRegex(result.out, r"threads  MPI grants MPI_THREAD_(SERIALIZED|MULTIPLE), HDF5 is (not )?thread-")
        self.assertRegex(result.out, r"network  .*; MPI(, mpirun)? by TCP: ")
        self.assertRegex(result.out, r"space    \d+ MiB free in .*, room for \d+ checkpoints of the recipe default, ")
        self.assertEqual(list(self.folder.glob("fer_doctor*")), [])

    def test_a_folder_that_cannot_be_written_is_named(self) -> None:
        (self.folder / "file").write_text("")
        result = self.run_app("fer_doctor", "--folder", self.folder / "file", "--device", "cpu", ranks=2)
        self.assertEqual(result.code, 74, result)
        self.assertIn("folder   NOT IN ORDER", result.out)
        self.assertIn(str(self.folder / "file"), result.out)

    def test_low_limits_are_warnings_which_the_trainer_gives_too(self) -> None:
        found = self.run_command(self.command("fer_doctor", "--folder", self.folder, "--device", "cpu", "--quiet"),
                                 before=few_open_files)
        self.assertEqual(found.code, 0, found)
        self.assertRegex(found.out, r"nofile   200 files and connections \(ulimit -n\)\. WARNING: .*ulimit -n 258")
        training = self.command("fer_dist_train", "--dataset", self.dataset, "--dry-run", "--device", "cpu")
        low = self.run_command(training, before=few_open_files)
        self.assertEqual(low.code, 0, low)
        self.assertRegex(low.out, r"nofile on .*: 200 files and connections \(ulimit -n\)\. .*ulimit -n 258")
        self.assertNotIn(" on ", self.run_command([*training, "--quiet"]).out)

    def test_a_network_that_is_not_there_is_a_warning_which_the_trainer_gives_too(self) -> None:
        setting = ["env", "OMPI_MCA_btl_tcp_if_include=nothing7"]
        advice = f"{setting[1]} leaves MPI none of this host's interfaces: change it, or leave it out."
        found = self.run_command([*setting, *self.command("fer_doctor", "--folder", self.folder, "--device", "cpu")])
        self.assertEqual(found.code, 0, found)
        self.assertRegex(found.out, r"network  .*MPI by TCP: none; .*\. WARNING: " + advice)
        training = self.command("fer_dist_train", "--dataset", self.dataset, "--dry-run", "--device", "cpu", "--quiet")
        low = self.run_command([*setting, *training])
        self.assertEqual(low.code, 0, low)
        self.assertRegex(low.out, r"network on .*MPI by TCP: none; .*\. " + advice)

    @unittest.skipIf(platform.machine() != "x86_64", "knows the system calls of x86-64 alone")
    def test_a_folder_without_locks_is_a_warning_for_it_serves_us(self) -> None:
        result = self.run_command(self.command("fer_doctor", "--folder", self.folder, "--device", "cpu"),
                                  before=refuse_locks)
        self.assertEqual(result.code, 0, result)
        self.assertIn("holds HDF5 files, which all ranks read back", result.out)
        self.assertRegex(result.out, "locks    files in '.*' cannot be locked: No locks available; "
                                     "HDF5_USE_FILE_LOCKING is not set. WARNING: ")
        self.assertIn("HDF5_USE_FILE_LOCKING=FALSE", result.out)
        told = self.run_command(["env", "HDF5_USE_FILE_LOCKING=FALSE", *self.command(
            "fer_doctor", "--folder", self.folder, "--device", "cpu")], before=refuse_locks)
        self.assertIn("No locks available; HDF5_USE_FILE_LOCKING is FALSE\n", told.out)

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
