"""What the tests of the executables share: starting them, and small inputs. Python's own library alone."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable

BIN = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path("build/bin")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
MPIRUN = str(ROOT / "tests/support/mpirun.sh")


class Result:
    """How a command ended: exit code, both outputs, seconds."""

    def __init__(self, code: int, out: str, err: str, seconds: float) -> None:
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


class AppTest(unittest.TestCase):
    """A temporary folder, a small dataset in it, and ways to run the programs."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        cls.folder = pathlib.Path(cls.keeper.name)
        cls.dataset = cls.folder / "dataset"
        made = cls.run_app("fer_dataset", "synth", "--out", cls.dataset, "--train", 300, "--validation", 40, "--test", 40,
                           "--shards", 2)
        assert made.code == 0, made

    @classmethod
    def tearDownClass(cls) -> None:
        cls.keeper.cleanup()

    @staticmethod
    def command(app: str, *options: object, ranks: int = 0) -> list[str]:
        launcher = [MPIRUN, "-np", str(ranks)] if ranks else []
        return [*launcher, str(BIN / app), *map(str, options)]

    @classmethod
    def run_app(cls, app: str, *options: object, ranks: int = 0, cwd: pathlib.Path | None = None) -> Result:
        """Runs to the end, at most two minutes; ranks = 0: without mpirun."""
        return cls.run_command(cls.command(app, *options, ranks=ranks), cwd)

    @staticmethod
    def run_command(command: list[object], cwd: pathlib.Path | None = None, output: int = subprocess.PIPE,
                    before: Callable[[], None] | None = None) -> Result:
        """`output`: where standard output goes, if not into the result; `before` runs in the process ahead of it all."""
        start = time.monotonic()
        environment = os.environ | {"FER_RECIPES": str(ROOT / "launch/recipes")}
        done = subprocess.run([*map(str, command)], stdout=output, stderr=subprocess.PIPE, text=True, timeout=120, cwd=cwd,
                              env=environment, preexec_fn=before)
        return Result(done.returncode, done.stdout or "", done.stderr, time.monotonic() - start)

    @classmethod
    def train(cls, *options: object, ranks: int = 2, dataset: pathlib.Path | None = None) -> Result:
        return cls.run_app("fer_dist_train", "--dataset", dataset or cls.dataset, "--global-batch-size", 32, "--epochs", 1,
                           *options, ranks=ranks)

    def left_over(self) -> list[str]:
        """Processes of ours that outlived their job."""
        ps = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
        return [line for line in ps.splitlines() if str(self.folder) in line and "ps -eo" not in line]


def main() -> None:
    unittest.main(verbosity=1)
