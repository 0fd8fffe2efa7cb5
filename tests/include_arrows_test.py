"""Reads every #include of src/ and checks that it follows the arrows of CONTRIBUTING.md."""

import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parents[1] / "src"
LAYERS = ["base", "kernels", "comm", "middle", "train", "cli", "apps"]
MIDDLE = {"model", "optim", "data", "artifacts"}
OWNERS = {"mpi.h": "comm", "nccl.h": "comm", "hdf5.h": "data"}


def level(folder: str) -> int:
    return LAYERS.index("middle" if folder in MIDDLE else folder)


def faults(path: pathlib.Path) -> list[str]:
    """Includes of one file that point up, sideways between the middle folders, or at somebody else's library."""
    folder = path.relative_to(SRC).parts[0]
    found = []
    for target in re.findall(r'^#include ["<]([^">]+)[">]', path.read_text(), re.MULTILINE):
        if OWNERS.get(target, folder) != folder:
            found.append(f"{path.relative_to(SRC)} includes {target}, which belongs to {OWNERS[target]}/")
        other = target.split("/")[0]
        if other == folder or not (SRC / target).is_file():
            continue
        if level(other) >= level(folder):
            found.append(f"{path.relative_to(SRC)} includes {target}, against the arrows")
    return found


sources = [path for ending in ("h", "cpp", "cu") for path in SRC.glob(f"*/**/*.{ending}")]
assert len(sources) > 50, "the sources were not found"
wrong = [fault for path in sources if path.relative_to(SRC).parts[0] != "cmake" for fault in faults(path)]
sys.exit("\n".join(wrong) or 0)
