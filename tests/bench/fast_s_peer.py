"""The recipe fast-s as a PyTorch script made to be fast on a CPU: one process, bf16 autocast, weights channels last,
resident bytes, a whole batch changed by one grid_sample, Nesterov and the weights' average by PyTorch's multi-tensor
operations. Trains on the split train, scores the averaged weights on public_test with the ten views of --views shift.

    tests/bench/fast_s_peer.py DATASET [--seed 1] [--threads 2]

Prints one line of JSON: accuracy, the seconds of training, and those from the import of torch to the end. The recipe also averages
the statistics of batch norms; here they are those of training.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

START = time.perf_counter()

import torch  # noqa: E402
from ddp_peer import ROOT, read_split, use_channels_last  # noqa: E402
from torch import Tensor, nn  # noqa: E402

sys.path.insert(0, str(ROOT / "launch"))
from pytorch_nets import Config, net_of  # noqa: E402

EPOCHS, BATCH, PEAK_RATE, MOMENTUM, DECAY = 24, 256, 0.2, 0.9, 5e-4
RISE, SMOOTHING, AVERAGE = 0.2, 0.1, 0.999
DEGREES, SHIFT, ZOOM = 8.6, 0.08, 0.1


def change(images: Tensor) -> Tensor:
    """images [N, 1, H, W] in [0, 1]; each mirrored in half of the cases, rotated, zoomed and shifted by a draw of its own."""
    count = len(images)
    angle = (torch.rand(count) * 2 - 1) * math.radians(DEGREES)
    zoom = 1 / (1 + (torch.rand(count) * 2 - 1) * ZOOM)
    mirror = torch.randint(0, 2, (count,)) * 2.0 - 1
    affine = torch.empty(count, 2, 3)
    affine[:, 0, 0], affine[:, 0, 1] = zoom * angle.cos() * mirror, -zoom * angle.sin()
    affine[:, 1, 0], affine[:, 1, 1] = zoom * angle.sin() * mirror, zoom * angle.cos()
    affine[:, :, 2] = (torch.rand(count, 2) * 2 - 1) * 2 * SHIFT  # of half the width
    grid = nn.functional.affine_grid(affine, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def views(images: Tensor) -> Iterator[Tensor]:
    """The pictures, and moved by a pixel up, down, to the left and to the right; and these mirrored."""
    for shift in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        moved = nn.functional.pad(images, (1, 1, 1, 1))
        moved = moved.roll(shift, (2, 3))[:, :, 1:-1, 1:-1]
        yield moved
        yield moved.flip(3)


def rate_at(position: float) -> float:
    """position: epochs done."""
    rise = RISE * EPOCHS
    return PEAK_RATE * (position / rise if position < rise else (EPOCHS - position) / (EPOCHS - rise))


def train(net: nn.Module, images: Tensor, labels: Tensor) -> list[Tensor]:
    """@return the averaged weights, in the order of net.parameters()"""
    parameters = list(net.parameters())
    weights = [parameter for parameter in parameters if parameter.dim() > 1]
    others = [parameter for parameter in parameters if parameter.dim() == 1]
    optimizer = torch.optim.SGD([{"params": weights, "weight_decay": DECAY}, {"params": others}], lr=PEAK_RATE,
                                momentum=MOMENTUM, nesterov=True, fused=True)
    average = [parameter.detach().clone() for parameter in parameters]
    steps = math.ceil(len(images) / BATCH)
    done = 0
    for epoch in range(EPOCHS):
        for step, rows in enumerate(torch.randperm(len(images)).split(BATCH)):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(epoch + step / steps)
            batch = change(images[rows].float().div_(255.0)).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                loss = nn.functional.cross_entropy(net(batch), labels[rows], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay = min(AVERAGE, (1 + done) / (10 + done))
            torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], 1 - decay)
            done += 1
    return average


@torch.inference_mode()
def score(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    right = 0
    for batch, truth in zip(images.split(512), labels.split(512), strict=True):
        with torch.autocast("cpu", torch.bfloat16):
            seen = [net(view).float().softmax(1) for view in views(batch.float().div_(255.0))]
        right += int((torch.stack(seen).mean(0).argmax(1) == truth).sum())
    return right / len(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    images, labels, classes = read_split(options.dataset, "train")
    net = net_of(Config("fast-s", classes, *images.shape[2:]))
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    use_channels_last(net)
    net.train()
    begin = time.perf_counter()
    average = train(net, images, labels)
    trained = time.perf_counter()
    with torch.no_grad():
        for parameter, mean in zip(net.parameters(), average, strict=True):
            parameter.copy_(mean)
    net.eval()
    test, truth, _ = read_split(options.dataset, "public_test")
    accuracy = score(net, test, truth)
    print(json.dumps({"accuracy": accuracy, "train_seconds": trained - begin, "seconds": time.perf_counter() - START}))


if __name__ == "__main__":
    main()
