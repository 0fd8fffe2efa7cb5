"""The GPU peer: a net of launch/pytorch_nets.py trained by PyTorch on one GPU, as fast as its options make it. Pictures
are resident bytes and stay as they are; without --dataset they are random, as their labels are.

A step is whole: rows gathered, bytes to floats, forward, backward, the recipe's optimizer in its fused form. Modes:

  eager      operation by operation
  compiled   forward and loss, and with them the backward pass, by torch.compile, mode reduce-overhead
  autotuned  the same in mode max-autotune, which takes minutes to compile
  captured   all of the step, after 11 eager ones, as one CUDA graph

Prints one line of JSON with the options that matter and

  images_per_second    median of five windows of --steps each, and that of each window
  step_ms_p50, _p95    milliseconds from one step's end on the GPU to the next one's, in a further window
  first_step_seconds   from the start of the process to the end of the first step, compiling included
  compile_seconds      what the steps ahead of the windows took longer than as many later ones
  peak_memory_mib      most that tensors took; gpu_memory_mib: what is gone of the GPU's memory, libraries and all
  loss                 of the last step
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "golden"), str(ROOT / "launch")]
from oracle import use_channels_last
from pytorch_nets import Config, net_of

SIDE = 48
CLASSES = 7
WARM_UP = 11  # steps; as many as a capture is customarily given
WINDOWS = 5
COMPILE_MODES = {"compiled": "reduce-overhead", "autotuned": "max-autotune"}

Step = Callable[[Tensor], Tensor]  # rows [B] int64 to the loss


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("fast-m", "strong", "cnn3-mlp"), default="fast-m")
    parser.add_argument("--mode", choices=("eager", *COMPILE_MODES, "captured"), default="eager")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16"), default="bf16", help="bf16: autocast; fp32: TF32 where torch has it on"
    )
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=200, help="of a window")
    parser.add_argument("--samples", type=int, default=28709)
    parser.add_argument("--dataset", type=Path, help="folder of dataset.json, whose train split is used; wants h5py")
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def seconds_since_process_start() -> float:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # since boot, as CLOCK_BOOTTIME counts
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start


def read_data(options: argparse.Namespace) -> tuple[Tensor, Tensor, int]:
    """Images [N, 1, H, W] uint8 and labels [N] int64, both on the GPU, and the number of classes."""
    if options.dataset:
        from ddp_peer import read_split

        images, labels, classes = read_split(options.dataset, "train")
    else:
        generator = torch.Generator().manual_seed(options.seed)
        shape = (options.samples, 1, SIDE, SIDE)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
        labels = torch.randint(CLASSES, (options.samples,), generator=generator)
        classes = CLASSES
    return images.cuda(), labels.cuda(), classes


def make_net(options: argparse.Namespace, classes: int, height: int, width: int) -> nn.Module:
    torch.manual_seed(options.seed)
    net = net_of(Config(options.model, classes, height, width))
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    use_channels_last(net)
    return net.cuda().train()


def make_optimizer(options: argparse.Namespace, net: nn.Module) -> torch.optim.Optimizer:
    """As launch/recipes has it for the net."""
    if options.model == "cnn3-mlp":
        captured = options.mode == "captured"
        return torch.optim.Adam(net.parameters(), lr=options.learning_rate, fused=True, capturable=captured)
    weights = [parameter for parameter in net.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in net.parameters() if parameter.dim() <= 1]
    groups = [{"params": weights, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=options.learning_rate, momentum=0.9, nesterov=True, fused=True)


def make_step(options: argparse.Namespace, net: nn.Module, images: Tensor, labels: Tensor) -> Step:
    optimizer = make_optimizer(options, net)
    smoothing = 0.0 if options.model == "cnn3-mlp" else 0.1
    lowers = options.precision == "bf16"
    caches = options.mode != "captured"  # weights in bf16, which a graph has to make anew each time

    def loss_of(pixels: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast("cuda", torch.bfloat16, enabled=lowers, cache_enabled=caches):
            return nn.functional.cross_entropy(net(pixels.float() / 255), targets, label_smoothing=smoothing)

    compiles = options.mode in COMPILE_MODES
    if compiles:
        loss_of = torch.compile(loss_of, mode=COMPILE_MODES[options.mode])

    def step(rows: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        if compiles:
            torch.compiler.cudagraph_mark_step_begin()
        # Gathered out here: what a compiled function takes, it copies, but for parameters.
        loss = loss_of(images[rows], labels[rows])
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def captured(step: Step, rows: Tensor, stream: torch.cuda.Stream) -> Step:
    """The step as a graph that is replayed, each time with the rows copied to where the first ones were."""
    own_rows = rows.clone()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        loss = step(own_rows)

    def replay(rows: Tensor) -> Tensor:
        own_rows.copy_(rows)
        graph.replay()
        return loss

    return replay


class Rows:
    """Row numbers [B] of one step after the other, each row once an epoch; a short last batch is left out."""

    def __init__(self, samples: int, batch_size: int) -> None:
        if samples < batch_size:
            raise SystemExit(f"{samples} samples do not fill a batch of {batch_size}")
        self.samples, self.batch_size = samples, batch_size
        self.at = samples

    def next(self) -> Tensor:
        if self.at + self.batch_size > self.samples:
            self.order = torch.randperm(self.samples, device="cuda")
            self.at = 0
        self.at += self.batch_size
        return self.order[self.at - self.batch_size : self.at]


def seconds_of(step: Step, rows: Rows, count: int) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(count):
        step(rows.next())
    torch.cuda.synchronize()
    return time.perf_counter() - start


def single_steps_ms(step: Step, rows: Rows, count: int) -> list[float]:
    ends = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
    ends[0].record()
    for end in ends[1:]:
        step(rows.next())
        end.record()
    torch.cuda.synchronize()
    return [earlier.elapsed_time(later) for earlier, later in zip(ends, ends[1:])]


def warm_up(step: Step, rows: Rows, stream: torch.cuda.Stream | None) -> float:
    """On a stream of its own where a capture is to follow. Returns when the first step was done, in seconds since the
    process started."""
    if stream is not None:
        stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step(rows.next())
        torch.cuda.synchronize()
        first_step_seconds = seconds_since_process_start()
        seconds_of(step, rows, WARM_UP - 1)
    return first_step_seconds


def main() -> None:
    options = read_options()
    torch.backends.cudnn.benchmark = True
    images, labels, classes = read_data(options)
    net = make_net(options, classes, *images.shape[2:])
    step = make_step(options, net, images, labels)
    rows = Rows(len(images), options.batch_size)

    start = time.perf_counter()
    stream = torch.cuda.Stream() if options.mode == "captured" else None
    first_step_seconds = warm_up(step, rows, stream)
    if stream is not None:
        step = captured(step, rows.next(), stream)
    seconds_ahead = time.perf_counter() - start

    windows = [seconds_of(step, rows, options.steps) for _ in range(WINDOWS)]
    speeds = [options.steps * options.batch_size / seconds for seconds in windows]
    percentiles = quantiles(single_steps_ms(step, rows, options.steps), n=20)
    loss = step(rows.next()).item()
    free, total = torch.cuda.mem_get_info()
    result = {
        "model": options.model,
        "mode": options.mode,
        "precision": options.precision,
        "batch_size": options.batch_size,
        "images_per_second": round(median(speeds), 1),
        "windows": [round(speed, 1) for speed in speeds],
        "step_ms_p50": round(percentiles[9], 4),
        "step_ms_p95": round(percentiles[18], 4),
        "first_step_seconds": round(first_step_seconds, 3),
        "compile_seconds": round(seconds_ahead - WARM_UP * median(windows) / options.steps, 3),
        "peak_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1),
        "gpu_memory_mib": round((total - free) / 2**20, 1),
        "loss": loss,
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
