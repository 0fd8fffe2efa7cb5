"""Starts and stops the processes of trials, by mpirun, srun or sbatch."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from tuning.errors import UserError
from tuning.slots import Slot, divide_machine

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FER_BIN", ROOT / "build/bin")).resolve() / "fer_dist_train"
STOP_SECONDS = 10


class Launcher:
    def __init__(self, command: list[str], parallel: int, ranks: int | None) -> None:
        """@param command  mpirun, srun or sbatch, and what else is to stand on its command line"""
        self.kind, *self.words = command or [""]
        if self.kind not in ("mpirun", "srun", "sbatch"):
            raise UserError(f"--launcher is '{self.kind}', but must be one of mpirun, srun, 'sbatch FILE'.")
        for program in (self.kind, "setpriv", PROGRAM):
            if not shutil.which(program):
                raise UserError(f"there is no program '{program}'.")
        if self.kind == "mpirun":
            self.slots, self.ranks = divide_machine(parallel, ranks)
        elif ranks:
            self.slots, self.ranks = [Slot([], [])] * parallel, ranks
        else:
            raise UserError(f"--launcher {self.kind} wants --ranks.")
        self.environment = {"FER_HOME": str(ROOT)} | mpi_environment()

    def start(self, slot: Slot, folder: Path, options: list[str]) -> subprocess.Popen[bytes]:
        """A trial's training, which writes what it says to log.txt in the trial's folder."""
        with (folder / "log.txt").open("a") as log:
            return subprocess.Popen(tied([*self.command(folder), *options], slot), env=self.environment_of(slot),
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def run_alone(self, slot: Slot, options: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs fer_dist_train to its end, as one process of this machine."""
        return subprocess.run(tied([str(PROGRAM), *options], slot), env=self.environment_of(slot),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)

    def stop(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.cancel_job(folder)
        os.killpg(process.pid, signal.SIGTERM)
        if not ended_within(process, STOP_SECONDS):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def cancel_job(self, folder: Path) -> None:
        if self.kind == "sbatch":
            subprocess.run(["scancel", f"--name={job_name(folder)}"], check=False)

    def command(self, folder: Path) -> list[str]:
        """What stands ahead of the options of fer_dist_train."""
        if self.kind == "mpirun":
            return ["mpirun", "-np", str(self.ranks), *self.words, str(PROGRAM)]
        tasks = f"--ntasks={self.ranks}"
        if self.kind == "srun":
            return ["srun", "--exact", tasks, "--mpi=pmix", "--kill-on-bad-exit=1", *self.words, str(PROGRAM)]
        # A job that Slurm started again would find the run's folder taken.
        return ["sbatch", "--wait", "--no-requeue", tasks, f"--job-name={job_name(folder)}",
                f"--output={folder / 'log.txt'}", "--open-mode=append", *self.words]

    def environment_of(self, slot: Slot) -> dict[str, str]:
        return self.environment | ({"CUDA_VISIBLE_DEVICES": ",".join(slot.gpus)} if slot.gpus else {})


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def tied(command: list[str], slot: Slot) -> list[str]:
    """The command kept on the slot's cores, and ended by the kernel if this process dies.

    To the kernel the parent is the thread that starts it: a worker's, which waits for all that it starts.
    """
    cores = ["taskset", "--cpu-list", ",".join(map(str, slot.cores))] if slot.cores else []
    return ["setpriv", "--pdeathsig", "TERM", *cores, *command]


def job_name(folder: Path) -> str:
    """A Slurm job is cancelled by its name, which is known even where a kill came before sbatch had told the number."""
    return str(folder).strip("/").replace("/", "-")


def mpi_environment() -> dict[str, str]:
    """What launch/env.sh makes of the environment."""
    sourced = subprocess.run(["bash", "-c", '. "$0" && env -0', ROOT / "launch/env.sh"], capture_output=True, text=True,
                             check=True)
    return dict(line.split("=", 1) for line in sourced.stdout.split("\0") if line)
