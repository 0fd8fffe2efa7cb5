"""The CPU peer: S0's net trained by PyTorch's DistributedDataParallel over gloo, as fast as its options make it.

Prints one line of JSON: images_per_second over all processes, the timed steps, and the losses of the first 20 steps.
A timed step is whole: data read, forward, backward, all-reduce, Adam. Not timed: start-up, warm-up, validation.
"""

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load_file
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
from oracle import Cnn3Mlp, hashed_images, philox_permutation, set_hashed_weights, use_channels_last

ADAM_VARIANTS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}
REPORTED_LOSSES = 20
HASHED_SAMPLES = 8192
HASHED_SIDE = 48
HASHED_CLASSES = 3
HASHED_STREAM = 11


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--batch-size", type=int, default=64, help="per process")
    parser.add_argument("--steps", type=int, default=150, help="timed steps")
    parser.add_argument("--warmup", type=int, default=20, help="steps ahead of the timed ones")
    parser.add_argument("--memory-format", choices=("contiguous", "channels_last"), default="channels_last")
    parser.add_argument("--adam", choices=tuple(ADAM_VARIANTS), default="fused", help="fused is the fastest")
    parser.add_argument("--dropout-scale", type=float, default=1.0, help="multiplies the dropout rates; 0: none")
    parser.add_argument("--dataset", type=Path, help="folder of dataset.json; without it, hashed pictures")
    parser.add_argument("--init", type=Path, help="safetensors file of the initial weights; without it, hashed weights")
    parser.add_argument("--seed", type=int, default=7, help="of sample order and dropout")
    return parser.parse_args()


def read_train_split(folder: Path) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Returns images [N, 1, H, W] uint8, labels [N] int64 and the number of classes."""
    manifest = json.loads((folder / "dataset.json").read_text())
    images, labels = [], []
    for shard in manifest["splits"]["train"]["shards"]:
        with h5py.File(folder / shard["file"]) as file:
            images.append(file["images"][:])
            labels.append(file["labels"][:])
    pixels = torch.from_numpy(np.concatenate(images)).unsqueeze(1)
    return pixels, torch.from_numpy(np.concatenate(labels)).long(), len(manifest["classes"])


def make_data(options: argparse.Namespace) -> tuple[torch.Tensor, torch.Tensor, int]:
    if options.dataset:
        return read_train_split(options.dataset)
    images, labels = hashed_images(HASHED_SAMPLES, HASHED_SIDE, HASHED_CLASSES, HASHED_STREAM)
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels), HASHED_CLASSES


def make_net(options: argparse.Namespace, classes: int, height: int, width: int) -> Cnn3Mlp:
    net = Cnn3Mlp(classes, height, width, options.dropout_scale)
    if options.init:
        tensors = load_file(options.init)
        # A checkpoint of fer_dist_train also holds the optimizer's state.
        net.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith("state.")})
    else:
        set_hashed_weights(net)
    if options.memory_format == "channels_last":
        use_channels_last(net)
    return net


def replicate(net: Cnn3Mlp) -> DistributedDataParallel:
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
    if samples < global_batch_size:
        raise SystemExit(f"{samples} samples do not fill one global batch of {global_batch_size}")
    epoch = 0
    while True:
        epoch += 1
        order = torch.from_numpy(philox_permutation(samples, options.seed, epoch))
        for begin in range(0, samples - global_batch_size + 1, global_batch_size):
            own_begin = begin + rank * options.batch_size
            yield order[own_begin : own_begin + options.batch_size]


def train(rank: int, options: argparse.Namespace, port: int) -> None:
    """One process of the job. Rank 0 prints the result."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed + 1 + rank)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=options.processes)
    images, labels, classes = make_data(options)
    net = make_net(options, classes, images.shape[2], images.shape[3])
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4, **ADAM_VARIANTS[options.adam])
    model = replicate(net) if options.processes > 1 else net
    model.train()

    total = options.warmup + options.steps
    order = batches(len(images), options, rank)
    all_rows = [next(order) for _ in range(total)]
    losses = []
    for step, rows in enumerate(all_rows):
        if step == options.warmup:
            dist.barrier()
            start = time.perf_counter()
        batch = images[rows].float().div_(255.0)
        loss = torch.nn.functional.cross_entropy(model(batch), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    dist.barrier()
    elapsed_seconds = time.perf_counter() - start

    first = torch.stack(losses[:REPORTED_LOSSES]).double() / options.processes
    dist.all_reduce(first)
    if rank == 0:
        images_per_second = options.steps * options.batch_size * options.processes / elapsed_seconds
        result = {"images_per_second": images_per_second, "steps": options.steps, "losses": first.tolist()}
        print(json.dumps(result), flush=True)
    dist.destroy_process_group()


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
