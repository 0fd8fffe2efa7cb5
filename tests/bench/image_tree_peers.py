"""Pictures per second of reading a tree of picture files: `fer_dataset import`, and torchvision's ImageFolder.

    .venv-peers/bin/python tests/bench/image_tree_peers.py build/bin/fer_dataset FOLDER [--rounds 5]

FOLDER holds train/CLASS/*.jpg, and perhaps more such splits, of gray pictures of one size. All run in turn on one core,
with the files in the system's cache. Ours is the whole process: start, listing, decoding, digests, shards written. The
peers list, decode and stack into one tensor per split, within a process that has started; they write nothing. The first
two are ImageFolder as its users write it: its own loader, which makes RGB, then ToTensor, or Grayscale and ToTensor. The
others have a loader that decodes to gray bytes at once.
Prints the median, with the least and most of the rounds.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import default_loader
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import Compose, Grayscale, ToTensor
from torchvision.transforms.functional import pil_to_tensor


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fer_dataset", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def run_on_one_core() -> None:
    """Children inherit it."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)


def read_every_file(folder: Path) -> int:
    """Brings the files into the system's cache; tells how many there are."""
    return sum(1 for path in folder.rglob("*.*") if path.is_file() and path.read_bytes())


def import_by_ours(program: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        command = [program, "import", folder, "--out", Path(scratch) / "dataset", "--threads", "1", "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def load_then(transform: Callable[[Image.Image], torch.Tensor]) -> Callable[[str], torch.Tensor]:
    return lambda path: transform(default_loader(path))


def load_by_pillow(path: str) -> torch.Tensor:
    return pil_to_tensor(Image.open(path).convert("L"))


def load_by_torchvision(path: str) -> torch.Tensor:
    return decode_image(path, ImageReadMode.GRAY)


def stack_by_peer(folder: Path, loader: Callable[[str], torch.Tensor]) -> None:
    for split in sorted(path for path in folder.iterdir() if path.is_dir()):
        torch.stack([picture for picture, _ in ImageFolder(str(split), loader=loader)])


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    options = read_options()
    run_on_one_core()
    files = read_every_file(options.folder)
    contestants = {
        "fer_dataset import": lambda: import_by_ours(options.fer_dataset.resolve(), options.folder),
        "ImageFolder, ToTensor": lambda: stack_by_peer(options.folder, load_then(ToTensor())),
        "ImageFolder, Grayscale, ToTensor": lambda: stack_by_peer(
            options.folder, load_then(Compose([Grayscale(), ToTensor()]))
        ),
        "ImageFolder, Pillow": lambda: stack_by_peer(options.folder, load_by_pillow),
        "ImageFolder, torchvision.io": lambda: stack_by_peer(options.folder, load_by_torchvision),
    }
    rates = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, work in contestants.items():
            rates[name].append(files / seconds(work))
    print(f"{files} pictures, {options.rounds} rounds, one core\n")
    print(f"{'':<36}{'pictures/s':>12}{'least':>10}{'most':>10}{'us each':>10}")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name:<36}{median:>12.0f}{min(values):>10.0f}{max(values):>10.0f}{1e6 / median:>10.1f}")


main()
