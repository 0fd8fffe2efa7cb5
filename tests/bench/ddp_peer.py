"""The CPU peer: a net of launch/pytorch_nets.py trained by PyTorch's DistributedDataParallel over gloo, as fast as its
options make it; one process trains without DistributedDataParallel. Pictures are resident bytes, or, with --loader,
changed by torchvision and fed by a DataLoader.

Prints one line of JSON: images_per_second over all processes, the timed steps, the losses of the first steps, which
are means over the processes, and peak_memory_mib, of the process that took most. A timed step is whole: data read,
forward, backward, all-reduce, Adam. Not timed: start-up, warm-up, validation.
"""

import argparse
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "golden"), str(ROOT / "launch")]
from loader_feed import CROP, loader_batches
from oracle import philox_permutation, use_channels_last
from pytorch_nets import NETS, Config, net_of



def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=tuple(NETS), default="cnn3-mlp")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16"), default="fp32", help="bf16: autocast; parameters stay fp32"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--batch-size", type=int, default=64, help="per process")
    parser.add_argument("--steps", type=int, default=150, help="timed steps")
    parser.add_argument("--warmup", type=int, default=20, help="steps ahead of the timed ones")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--losses", type=int, default=20, metavar="N", help="report those of the first N steps")
    parser.add_argument("--no-dropout", action="store_true")
    parser.add_argument("--contiguous", action="store_true", help="weights channels first: slower, rounded otherwise")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of dataset.json")
    parser.add_argument(
        "--loader", type=int, metavar="WORKERS", help="feed changed pictures by a DataLoader of so many per process"
    )
    parser.add_argument("--init", type=Path, help="safetensors file of the initial weights; without it, PyTorch's own")
    parser.add_argument("--save-init", type=Path, help="where to write the initial weights as a safetensors file")
    parser.add_argument("--seed", type=int, default=7, help="of weights, sample order and dropout")
    return parser.parse_args()


def read_split(folder: Path, name: str) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Returns images [N, 1, H, W] uint8, labels [N] int64 and the number of classes."""
    manifest = json.loads((folder / "dataset.json").read_text())
    images, labels = [], []
    for shard in manifest["splits"][name]["shards"]:
        with h5py.File(folder / shard["file"]) as file:
            images.append(file["images"][:])
            labels.append(file["labels"][:])
    pixels = torch.from_numpy(np.concatenate(images)).unsqueeze(1)
    return pixels, torch.from_numpy(np.concatenate(labels)).long(), len(manifest["classes"])


def make_net(options: argparse.Namespace, classes: int, height: int, width: int) -> nn.Module:
    """The same on all processes."""
    torch.manual_seed(options.seed)
    net = net_of(Config(options.model, classes, height, width))
    if options.init:
        tensors = load_file(options.init)
        # A checkpoint of fer_dist_train also holds the optimizer's state.
        net.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith("state.")})
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True  # as whoever wants speed would write it
        if isinstance(module, nn.Dropout) and options.no_dropout:
            module.p = 0.0
    return net


def replicate(net: nn.Module) -> DistributedDataParallel:
    """DDP with all that makes it fast here.

    Running statistics stay each process's own: sending them along every step would cost the peer time that ours, which
    combines them once an epoch, does not spend.
    """
    return DistributedDataParallel(net, gradient_as_bucket_view=True, static_graph=True, broadcast_buffers=False)


def batches(samples: int, options: argparse.Namespace, rank: int) -> Iterator[torch.Tensor]:
    """This rank's row indices [batch_size] of every step, in the order of src/data/sampler.cpp, without end.

    What an epoch has left over after its last whole global batch is not visited.
    """
    global_batch_size = options.batch_size * options.processes
    epoch = 0
    while True:
        epoch += 1
        order = torch.from_numpy(philox_permutation(samples, options.seed, epoch))
        for begin in range(0, samples - global_batch_size + 1, global_batch_size):
            own_begin = begin + rank * options.batch_size
            yield order[own_begin : own_begin + options.batch_size]


def resident_batches(
    images: torch.Tensor, labels: torch.Tensor, options: argparse.Namespace, rank: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """This rank's batches, [batch_size, 1, H, W] float32 in [0, 1] and [batch_size] int64, of all steps.

    Which rows they hold is found out here and now, so that the time of no step has it.
    """
    order = batches(len(images), options, rank)
    all_rows = [next(order) for _ in range(options.warmup + options.steps)]
    return ((images[rows].float().div_(255.0), labels[rows]) for rows in all_rows)


def peak_memory_mib() -> float:
    """Of the process that took most, on all processes."""
    peak = torch.tensor(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    dist.all_reduce(peak, dist.ReduceOp.MAX)
    return peak.item()


def train(rank: int, options: argparse.Namespace, port: int) -> None:
    """One process of the job. Rank 0 prints the result."""
    torch.set_num_threads(options.threads)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=options.processes)
    images, labels, classes = read_split(options.dataset, "train")
    global_batch_size = options.batch_size * options.processes
    if len(images) < global_batch_size:
        raise SystemExit(f"{len(images)} samples do not fill one global batch of {global_batch_size}")
    height, width = images.shape[2:] if options.loader is None else (CROP, CROP)
    net = make_net(options, classes, height, width)
    if rank == 0 and options.save_init:
        save_file(net.state_dict(), options.save_init)
    if not options.contiguous:
        use_channels_last(net)
    torch.manual_seed(options.seed + 1 + rank)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.learning_rate, weight_decay=1e-4, fused=True)
    model = replicate(net) if options.processes > 1 else net
    model.train()

    make_feed = resident_batches if options.loader is None else loader_batches
    feed = make_feed(images, labels, options, rank)
    losses = []
    for step in range(options.warmup + options.steps):
        if step == options.warmup:
            dist.barrier()
            start = time.perf_counter()
        batch, targets = next(feed)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            loss = nn.functional.cross_entropy(model(batch), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    dist.barrier()
    elapsed_seconds = time.perf_counter() - start
    feed.close()

    first = torch.stack(losses[: options.losses]).double() / options.processes
    dist.all_reduce(first)
    result = {
        "images_per_second": options.steps * global_batch_size / elapsed_seconds,
        "steps": options.steps,
        "losses": first.tolist(),
        "peak_memory_mib": peak_memory_mib(),
    }
    if rank == 0:
        print(json.dumps(result), flush=True)
    # Without taking anything down: DDP's reducer would wait for a thread of gloo, which may wait for the interpreter's
    # lock, for ever.
    os._exit(0)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main() -> None:
    options = read_options()
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.multiprocessing.spawn(train, args=(options, free_port()), nprocs=options.processes)


if __name__ == "__main__":
    main()
