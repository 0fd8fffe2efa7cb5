"""File systems whose locks do not work: datasets are read, and written, all the same."""

import shutil
import unittest

from app_test import AppTest, Result, main

ERRORS = ("ENOLCK", "EOPNOTSUPP", "EAGAIN", "EINTR", "ENOSYS")
SETTINGS = (None, "TRUE", "FALSE", "BEST_EFFORT")  # of HDF5_USE_FILE_LOCKING


@unittest.skipUnless(shutil.which("strace"), "strace makes locks fail, and is not here")
class LockTest(AppTest):
    def run_without_locks(self, error: str, setting: str | None, *command: object) -> Result:
        rules = ["-f", "-qq", "-o", str(self.folder / "calls"), "-e", "trace=flock,fcntl", "-e",
                 f"inject=flock:error={error}"]
        variable = [] if setting is None else [f"HDF5_USE_FILE_LOCKING={setting}"]
        return self.run_command(["env", "-u", "HDF5_USE_FILE_LOCKING", *variable, "strace", *rules, *self.command(*command)])

    def test_datasets_are_read_whatever_locks_answer(self) -> None:
        for error in ERRORS:
            for setting in SETTINGS:
                with self.subTest(error=error, setting=setting):
                    result = self.run_without_locks(error, setting, "fer_dataset", "verify", self.dataset)
                    self.assertEqual(result.code, 0, result)

    def test_datasets_are_written_whatever_locks_answer(self) -> None:
        for number, setting in enumerate(SETTINGS):
            with self.subTest(setting=setting):
                out = self.folder / f"written-{number}"
                result = self.run_without_locks("ENOLCK", setting, "fer_dataset", "synth", "--out", out, "--train", 64,
                                                "--validation", 16, "--test", 16)
                self.assertEqual(result.code, 0, result)
                self.assertEqual(self.run_app("fer_dataset", "verify", out).code, 0)


if __name__ == "__main__":
    main()
