"""How most training scripts are fed: a Dataset, torchvision's transforms on each picture, a DataLoader. Imported by
ddp_peer.py."""

import argparse
import itertools
from collections.abc import Iterator

from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.distributed import DistributedSampler
from torchvision import transforms
from torchvision.transforms import InterpolationMode

CROP = 44  # side of the pictures that come out, in pixels


def changes() -> transforms.Compose:
    """What loader.sh has --augment do.

    From `transforms`, which takes 135 us a picture where `transforms.v2` takes 160 us (EPYC).
    """
    return transforms.Compose(
        [
            transforms.RandomHorizontalFlip(),
            transforms.RandomAffine(
                10, translate=(0.1, 0.1), scale=(0.8, 1.2), shear=5, interpolation=InterpolationMode.BILINEAR
            ),
            transforms.RandomCrop(CROP),
            transforms.ToTensor(),
            transforms.RandomErasing(0.5),
        ]
    )


class Faces(Dataset):
    def __init__(self, images: Tensor, labels: Tensor):
        """images: [N, 1, H, W] uint8; labels: [N] int64."""
        self.images = images.squeeze(1).numpy()
        self.labels = labels.tolist()
        self.change = changes()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.change(Image.fromarray(self.images[row])), self.labels[row]


def loader_batches(
    images: Tensor, labels: Tensor, options: argparse.Namespace, rank: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's batches, [batch_size, 1, CROP, CROP] float32 and [batch_size] int64, without end.

    Whoever closes the iterator ends its workers.
    """
    faces = Faces(images, labels)
    sampler = DistributedSampler(faces, options.processes, rank, seed=options.seed, drop_last=True)
    loader = DataLoader(
        faces,
        options.batch_size,
        sampler=sampler,
        num_workers=options.loader,
        persistent_workers=options.loader > 0,
        drop_last=True,
    )
    for epoch in itertools.count():
        sampler.set_epoch(epoch)
        yield from loader
