"""Images per second of torchvision's transforms on one thread, with the operations of augment_speed.cpp: flip, affine,
crop 44, to float, erase, 48 x 48 pixels. Prints CSV lines "name,images_per_second".

    torchvision_pil     each picture on its own, as a PIL image: what most training scripts do
    torchvision_tensor  each picture on its own, as a tensor
    torchvision_batch   128 pictures at once, which all get the same draw: less than the task
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

PICTURES, BATCH, SIDE, CROP = 1024, 128, 48, 44
SECONDS = 2.0


def moves() -> list[torch.nn.Module]:
    return [
        v2.RandomHorizontalFlip(0.5),
        v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.8, 1.2), interpolation=InterpolationMode.BILINEAR),
        v2.RandomCrop(CROP),
    ]


def images_per_second(make_batch: Callable[[np.ndarray], torch.Tensor], pictures: np.ndarray) -> float:
    """Makes batches of [128, 1, 44, 44] float32 from [1024, 48, 48] uint8 for some seconds."""
    assert make_batch(pictures[:BATCH]).shape == (BATCH, 1, CROP, CROP)
    start, images = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        first = images % PICTURES
        make_batch(pictures[first : first + BATCH])
        images += BATCH
    return images / (time.perf_counter() - start)


def peers() -> dict[str, Callable[[np.ndarray], torch.Tensor]]:
    to_float, erase = v2.ToDtype(torch.float32, scale=True), v2.RandomErasing(0.5)
    pil = v2.Compose([*moves(), v2.PILToTensor(), to_float, erase])
    # Float first: uint8 would be turned to float and back for the warp.
    tensor = v2.Compose([to_float, *moves(), erase])
    return {
        "torchvision_pil": lambda some: torch.stack([pil(Image.fromarray(one)) for one in some]),
        "torchvision_tensor": lambda some: torch.stack([tensor(one) for one in torch.from_numpy(some)[:, None]]),
        "torchvision_batch": lambda some: tensor(torch.from_numpy(some)[:, None]),
    }


def main() -> None:
    torch.set_num_threads(1)
    pictures = np.random.default_rng(1).integers(0, 256, (PICTURES, SIDE, SIDE), dtype=np.uint8)
    for name, make_batch in peers().items():
        print(f"{name},{images_per_second(make_batch, pictures):.0f}")


main()
