"""Writes affine_torchvision.json: what torchvision makes of one 16 x 16 picture. Run by hand, where torchvision's own
arithmetic is the authority:

    .venv-peers/bin/pip install torchvision==0.26.0
    .venv-peers/bin/python tests/golden/make_affine_golden.py

The picture comes from a formula that tests/kernels/augment_test.cpp repeats, so the file holds results only. Each case
is flipped first, then warped about its centre (bilinear, black outside), then a window is cut out.
"""

import json
from pathlib import Path

import torch
import torchvision
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

FILE = Path(__file__).resolve().parent / "affine_torchvision.json"
SIDE = 16
DIGITS = 6

# rotate and shear in degrees, shift in pixels, the window as [top, left, height, width]
CASES = [
    {"rotate": 0, "shift": [0, 0], "zoom": 1, "shear": 0},
    {"rotate": 10, "shift": [0, 0], "zoom": 1, "shear": 0},
    {"rotate": -37.5, "shift": [0, 0], "zoom": 1, "shear": 0},
    {"rotate": 90, "shift": [0, 0], "zoom": 1, "shear": 0},
    {"rotate": 0, "shift": [3, -2], "zoom": 1, "shear": 0},
    {"rotate": 0, "shift": [0, 0], "zoom": 0.8, "shear": 0},
    {"rotate": 0, "shift": [0, 0], "zoom": 1.2, "shear": 0},
    {"rotate": 0, "shift": [0, 0], "zoom": 1, "shear": 15},
    {"rotate": 7, "shift": [1, 2], "zoom": 0.9, "shear": -8},
    {"rotate": 7, "shift": [1, 2], "zoom": 0.9, "shear": -8, "flip": True},
    {"rotate": -12, "shift": [-1, 0], "zoom": 1.1, "shear": 3, "vertical_flip": True, "window": [1, 3, 12, 11]},
    {"rotate": 171, "shift": [5, -4], "zoom": 1.7, "shear": 20, "flip": True, "window": [4, 0, 10, 16]},
]


def picture() -> torch.Tensor:
    """[1, 16, 16] uint8."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return ((37 * x + 91 * y + 5 * x * y) % 256).to(torch.uint8)[None]


def changed(case: dict) -> torch.Tensor:
    """[1, height, width] float32 in [0, 1]."""
    image = picture().to(torch.float32) / 255
    if case["flip"]:
        image = F.horizontal_flip(image)
    if case["vertical_flip"]:
        image = F.vertical_flip(image)
    image = F.affine(image, angle=case["rotate"], translate=case["shift"], scale=case["zoom"],
                     shear=[case["shear"], 0.0], interpolation=InterpolationMode.BILINEAR)
    return F.crop(image, *case["window"])


def golden(case: dict) -> dict:
    case = {"flip": False, "vertical_flip": False, "window": [0, 0, SIDE, SIDE]} | case
    values = [round(float(value), DIGITS) for value in changed(case).flatten()]
    return case | {"values": values}


def main() -> None:
    # A case a line: the file stays small, and a difference can be read.
    cases = ",\n".join(json.dumps(golden(case), separators=(",", ":")) for case in CASES)
    version = torchvision.__version__.split("+")[0]
    FILE.write_text(f'{{"torchvision": "{version}", "side": {SIDE}, "cases": [\n{cases}\n]}}\n')


main()
