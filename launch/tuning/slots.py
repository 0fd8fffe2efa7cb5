"""Shares out this machine to the trials that are trained at once."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from tuning.errors import UserError


@dataclass(frozen=True)
class Slot:
    """The part of this machine on which one trial after the other is trained; with nothing in it, any part."""

    cores: list[int]
    gpus: list[str]


def divide_machine(parallel: int, ranks: int | None) -> tuple[list[Slot], int]:
    """The slots, and the ranks of a trial."""
    cores, gpus = sorted(os.sched_getaffinity(0)), gpu_names()
    ranks = ranks or max(1, len(gpus or cores) // parallel)
    if gpus and parallel * ranks > len(gpus):
        raise UserError(f"--parallel {parallel} with {ranks} ranks each wants {parallel * ranks} GPUs, and there are "
                        f"{len(gpus)}; CUDA_VISIBLE_DEVICES= hides them from trials that are to use the CPUs.")
    slots = [Slot(cores_of_slot(cores, i, parallel), gpus[i * ranks : (i + 1) * ranks]) for i in range(parallel)]
    return slots, ranks


def gpu_names() -> list[str]:
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    if not shutil.which("nvidia-smi"):
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout
    return [str(i) for i, _ in enumerate(re.findall("^GPU ", listed, re.MULTILINE))]


def cores_of_slot(cores: list[int], slot: int, slots: int) -> list[int]:
    if len(cores) < slots:  # some share one
        return [cores[slot % len(cores)]]
    return cores[slot * len(cores) // slots : (slot + 1) * len(cores) // slots]
