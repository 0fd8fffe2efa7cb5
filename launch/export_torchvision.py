#!/usr/bin/env python3
"""Writes weights of a torchvision net as a safetensors file for `fer_dist_train --init-from`.

    launch/export_torchvision.py resnet50-11ad3fa6.pth --out resnet50.safetensors
    launch/export_torchvision.py resnet50 --out resnet50.safetensors [--seed 1]
    launch/export_torchvision.py resnet50=resnet50-11ad3fa6.pth vgg16=vgg16-397923af.pth --out joint.safetensors

The first takes a state dict that was saved by torch.save, such as those that torchvision downloads; it needs PyTorch and
the safetensors package. The second makes a net of that name with random weights, and needs torchvision besides. The
third names the branches of a net that has several, as s3-joint: their tensors get that name in front.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where needed, so that --help and advice come without it
    import torch


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="[BRANCH=]SOURCE",
                        help="a .pth file, or the name of a net of torchvision")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of random weights")
    options = parser.parse_args()
    if not options.out.parent.is_dir():
        parser.error(f"there is no folder '{options.out.parent}'")
    return options


def state_dict(source: str, seed: int) -> dict[str, "torch.Tensor"]:
    import torch

    if Path(source).is_file():
        # Nothing but tensors is loaded: a .pth file may hold any program.
        return torch.load(source, map_location="cpu", weights_only=True)
    if source.endswith((".pth", ".pt")):
        raise SystemExit(f"there is no file '{source}'")
    import torchvision

    torch.manual_seed(seed)
    return torchvision.models.get_model(source, weights=None).state_dict()


def export(options: argparse.Namespace) -> None:
    from safetensors.torch import save_file

    tensors = {}
    for source in options.sources:
        branch, _, weights = source.rpartition("=")
        for name, tensor in state_dict(weights, options.seed).items():
            tensors[f"{branch}.{name}" if branch else name] = tensor.contiguous()
    save_file(tensors, options.out, metadata={"format": "pt"})
    print(f"{options.out}: {len(tensors)} tensors")


def main() -> int:
    options = read_options()
    try:
        export(options)
    except ModuleNotFoundError as error:
        print(f"export_torchvision.py: there is no {error.name} here; tests/bench/setup.sh makes .venv-peers, whose "
              "bin/python has all that is needed.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"export_torchvision.py: cannot write: {error}", file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main())
