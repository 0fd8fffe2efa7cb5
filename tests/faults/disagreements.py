"""Ranks that were started with different things, all of which say so ahead of the first step."""

import random
import shutil
import socket
import subprocess
from pathlib import Path

from rehearsal import BAD_INPUT, PEER, Bench, expect

SECONDS = 8  # until all have ended: mpirun starts, libraries and dataset are read

# Another value than the runs here have of each option that --print-config tells; of numbers it is one more.
OTHERS = {"recipe": "s2-cnn2", "device": "cpu", "backend": "mpi", "deterministic": "off", "bucket-precision": "bf16",
          "cuda-graph": "off", "classes": "angry,happy", "augment": "flip",
          "fraction": "0.5", "class-weights": "balanced", "sampler": "balanced", "validation-split": "test",
          "test-split": "validation", "model": "cnn4", "head": "dense:8", "stages": "8x1", "dropout": "0.5",
          "init-from": "weights.safetensors", "freeze": "features", "sync-batch-norm": "on",
          "memory-format": "contiguous", "precision": "bf16", "engine": "plain", "optimizer": "sgd", "lr": "0.002",
          "momentum": "0.5", "weight-decay-on": "weights", "loss": "mse", "label-smoothing": "0.2", "ema": "0.5", "threads": "2",
          "schedule": "cosine", "monitor": "val_loss", "lr-factor": "0.5", "stop-at-accuracy": "0.5",
          "min-delta": "0.1", "checkpoint-every": "2", "preempt-signal": "USR2", "on-disk-full": "warn",
          "resident-mb": "64", "virtual-ranks": "16", "resume": "never"}

# What all ranks then have, so that the odd one is not refused by itself.
FOR_ALL = {"loss": {"--label-smoothing": 0}}

# Of options that decide whether there is a run, what the runs here have; --print-config does not tell them.
OF_THIS_START = {"resume": "auto", "dry-run": "false", "print-config": "false"}


def all_options(bench: Bench, out: Path) -> dict[str, str]:
    told = subprocess.run([*map(str, bench.program(out, {})), "--print-config"],
                          capture_output=True, text=True, check=True).stdout
    options = dict(line.partition(" = ")[::2] for line in told.splitlines())
    return {name: value for name, value in options.items() if name != "dataset"} | OF_THIS_START  # a path may differ


def option(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """One rank has another value of an option: all end with 76 in 8 s of their start, ahead of the first step, and name
    option, values, ranks and hosts."""
    options = all_options(bench, out)
    name = list(options)[number % len(options)]
    is_switch = options[name] == "false"
    other = "true" if is_switch else OTHERS[name] if name in OTHERS else str(int(options[name]) + 1)
    expect(other != options[name], f"--{name} {other} is what all ranks have")
    odd, given = 1 + number % 2, {f"--{name}": "" if is_switch else other}
    job = bench.start_each(out, [FOR_ALL.get(name, {}) | (given if rank == odd else {}) for rank in range(3)])
    code, seconds, errors = job.end(within=SECONDS)
    expect(code == PEER, f"--{name} {other}: {code}, {errors}")
    host = socket.gethostname()
    told = f"rank 0 on {host} has '{name} = {options[name]}', rank {odd} on {host} '{name} = {other}'"
    expect(told in errors, f"{told} is not in: {errors}")
    expect(not any(out.glob("*")), "has begun to train")
    return seconds


def change_a_byte(shard: Path, draw: random.Random) -> list[str]:
    content = bytearray(shard.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    shard.write_bytes(content)
    return [shard.name]


def lose(shard: Path, draw: random.Random) -> list[str]:
    shard.unlink()
    return [shard.name]


def change_places(shard: Path, draw: random.Random) -> list[str]:
    """With another shard."""
    other = draw.choice([path for path in shard.parent.glob("train-*.h5") if path != shard])
    held = shard.with_name("held")
    shard.rename(held)
    other.rename(shard)
    held.rename(other)
    return [shard.name, other.name]


def dataset(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """One rank finds a shard changed, lost, or swapped with another, which ends all with 65, or a dataset of other faces,
    with 76: in 8 s of their start, ahead of the first step, and the shard, rank and host are named."""
    faces, other = bench.folder / "faces", bench.folder / f"other-{number}"
    damage = (change_a_byte, lose, change_places, None)[number % 4]
    if damage:
        shutil.copytree(faces, other)
        shard = other / f"train-0000{draw.randrange(1, 8, 2)}-of-00008.h5"  # of those that the second rank reads
        named = damage(shard, draw)
    else:
        named = ["test-00000-of-00008.h5"]  # the first that differs
        bench.make_faces(other, seed=draw.randrange(2, 1000))
    job = bench.start_each(out, [{}, {"--dataset": other}])
    code, seconds, errors = job.end(within=SECONDS)
    shutil.rmtree(other)
    expect(code == (BAD_INPUT if damage else PEER), f"ends with {code}: {errors}")
    expect(any(name in errors for name in named) and f"rank 1 on {socket.gethostname()}" in errors, errors)
    expect(not any(out.glob("*")), "has begun to train")
    return seconds
