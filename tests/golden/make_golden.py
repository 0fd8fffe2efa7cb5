"""Writes the golden files of this folder. Run by hand, where PyTorch's own arithmetic is the authority:

    tests/bench/setup.sh && OMP_NUM_THREADS=1 .venv-peers/bin/python tests/golden/make_golden.py

It takes about a minute on one core. Pictures and weights come from the formulas of oracle.py, which the C++ tests
repeat, so a golden file holds results only.

    make_golden.py --float32 FOLDER    writes what only a test on the same machine can compare: 20 steps in float32
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from oracle import Cnn3Mlp, hashed_images, hashed_uniform, philox_permutation, set_hashed_weights
from training import HashedRun

FOLDER = Path(__file__).resolve().parent

S0_STEPS = {
    "classes": 3,
    "side": 48,
    "samples": 1280,
    "stream": 11,
    "seed": 7,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "weight_decay": 1e-4,
}

PLATEAU_RUN = {
    "classes": 3,
    "side": 16,
    "samples": 256,
    "stream": 57,
    "seed": 7,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "weight_decay": 0.0,
}
PLATEAU_FACTOR, PLATEAU_PATIENCE, PLATEAU_THRESHOLD = 0.1, 1, 0.6
EARLY_STOP_PATIENCE = 3
MOST_EPOCHS = 12
SMALLEST_MARGIN = 0.05

SEQUENCES, SEQUENCE_LENGTH = 40, 60


class RunsInARow:
    """Counts values in a row that do not improve on the best by more than the share `threshold`."""

    def __init__(self, mode: str, threshold: float) -> None:
        self.mode, self.threshold, self.bad = mode, threshold, 0
        self.best = float("inf") if mode == "min" else float("-inf")

    def update(self, value: float) -> int:
        if self.mode == "min":
            better = value < self.best * (1.0 - self.threshold)
        else:
            better = value > self.best * (1.0 + self.threshold)
        self.best, self.bad = (value, 0) if better else (self.best, self.bad + 1)
        return self.bad


def sample(tensor: torch.Tensor) -> torch.Tensor:
    """Every stride-th element of the NCHW order: about 1024. The stride is odd, so that it does not follow the rows."""
    flat = tensor.detach().contiguous().view(-1)
    return flat[:: (flat.numel() // 1024) | 1].clone()


def biases_without_gradient(net: Cnn3Mlp) -> set[str]:
    """Biases straight ahead of a batch norm, which subtracts them again.

    Their true gradient is zero; Adam divides the noise that is computed instead by its own size.
    """
    names = set()
    for prefix, sequence in (("features", net.features), ("classifier", net.classifier)):
        for i, (layer, following) in enumerate(zip(sequence, sequence[1:])):
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and isinstance(following, (nn.BatchNorm1d, nn.BatchNorm2d)):
                names.add(f"{prefix}.{i}.bias")
    return names


def adam_steps(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """One epoch, 20 steps.

    losses [20] float64, and sample.<name> in `dtype` of every parameter with a gradient and every running statistic.
    """
    run = HashedRun(**S0_STEPS, dtype=dtype)
    result = {"losses": torch.tensor([loss for loss, _ in run.train_epoch(1)], dtype=torch.float64)}
    left_out = biases_without_gradient(run.net)
    for name, parameter in run.net.named_parameters():
        if name in left_out:
            continue
        result[f"sample.{name}"] = sample(parameter)
    for name, buffer in run.net.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            result[f"sample.{name}"] = sample(buffer)
    return result


def write_adam_steps(dtype: torch.dtype, folder: Path) -> None:
    """Writes the 20 steps as s0_adam_steps_<type>.safetensors.

    In float32 training with Adam is chaotic: where a gradient is about as small as its rounding error, Adam still moves
    the weight by the whole learning rate, in either direction, and the deep net magnifies that. Two layouts of one
    program drift apart within a few steps, and so may two processors. In float64 they stay together, to 1e-9.
    """
    # One entry: the order of several in the file would be left to chance.
    about = {"config": json.dumps(S0_STEPS | {"torch": torch.__version__.split("+")[0]})}
    save_file(adam_steps(dtype), folder / f"s0_adam_steps_{str(dtype).removeprefix('torch.')}.safetensors", about)


def random_metric(random: np.random.Generator, mode: str) -> list[float]:
    """A loss that falls, rests and jitters, or the accuracy that mirrors it; five decimals, so that ties occur."""
    falls = random.uniform(0.0, 0.12, SEQUENCE_LENGTH)
    for _ in range(random.integers(1, 4)):
        begin = random.integers(0, SEQUENCE_LENGTH - 8)
        falls[begin : begin + random.integers(4, 20)] = 0.0
    noise = random.normal(0.0, random.choice([0.0, 0.003, 0.03]), SEQUENCE_LENGTH)
    loss = (0.05 + 0.9 * np.exp(-np.cumsum(falls))) * np.exp(noise)
    values = loss if mode == "min" else 1.0 - np.minimum(loss, 0.99)
    return [round(float(value), 5) for value in values]


def plateau_sequence(random: np.random.Generator, mode: str) -> dict:
    """The decisions over one random metric, of PyTorch's scheduler and of a count of bad epochs that no cut resets."""
    case = {
        "mode": mode,
        "learning_rate": float(random.choice([0.1, 0.01, 1e-3, 3e-4])),
        "factor": float(random.choice([0.1, 0.1, 0.2, 0.5, 0.7])),
        "patience": int(random.choice([0, 1, 2, 3, 5])),
        "threshold": float(random.choice([0.0, 1e-4, 1e-3, 1e-2, 0.05])),
        "early_stop_patience": int(random.choice([1, 2, 3, 5, 8, 12])),
        "metric": random_metric(random, mode),
    }
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=case["learning_rate"])
    scheduler = ReduceLROnPlateau(
        optimizer, mode=mode, factor=case["factor"], patience=case["patience"], threshold=case["threshold"]
    )
    counter = RunsInARow(mode, case["threshold"])
    rates, bad_epochs = [], []
    for value in case["metric"]:
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
        bad_epochs.append(counter.update(value))
    reached = [i for i, bad in enumerate(bad_epochs) if bad >= case["early_stop_patience"]]
    case["early_stop_index"] = reached[0] if reached else -1
    case["learning_rate_after"] = rates
    return case


def write_plateau_sequences() -> None:
    random = np.random.default_rng(20)
    cases = [plateau_sequence(random, "min" if i % 2 == 0 else "max") for i in range(SEQUENCES)]
    text = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / "plateau_sequences.json").write_text(f"[\n{text}\n]\n")


def plateau_run(dtype: torch.dtype, channels_last: bool) -> list[dict]:
    """Trains until early stopping; per epoch its rate, its loss and how far that was from turning the decision."""
    run = HashedRun(**PLATEAU_RUN, channels_last=channels_last, dtype=dtype)
    scheduler = ReduceLROnPlateau(
        run.optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE, threshold=PLATEAU_THRESHOLD
    )
    counter = RunsInARow("min", PLATEAU_THRESHOLD)
    epochs = []
    for epoch in range(1, MOST_EPOCHS + 1):
        rate = run.optimizer.param_groups[0]["lr"]
        loss = run.epoch_loss(epoch)
        margin = abs(loss / (counter.best * (1.0 - PLATEAU_THRESHOLD)) - 1.0)
        bad_epochs = counter.update(loss)
        scheduler.step(loss)
        epochs.append(
            {"epoch": epoch, "lr": rate, "train_loss": loss, "bad_epochs": bad_epochs, "margin": round(margin, 4)}
        )
        if bad_epochs >= EARLY_STOP_PATIENCE:
            return epochs
    raise SystemExit(f"no early stop within {MOST_EPOCHS} epochs")


def write_plateau_run() -> None:
    """Refuses a run whose decisions rounding could turn: other layouts and types must decide alike, with room left."""
    epochs = plateau_run(torch.float32, channels_last=True)
    contiguous = plateau_run(torch.float32, channels_last=False)
    double = plateau_run(torch.float64, channels_last=True)
    for other in (contiguous, double):
        if [(e["lr"], e["bad_epochs"]) for e in other] != [(e["lr"], e["bad_epochs"]) for e in epochs]:
            raise SystemExit("two roundings of the plateau run decide differently; choose another stream or threshold")
    if min(e["margin"] for run in (epochs, contiguous, double) for e in run) < SMALLEST_MARGIN:
        raise SystemExit("a decision of the plateau run is too close; choose another stream or threshold")
    for own, a, b in zip(epochs, contiguous, double):
        own["train_loss_float64"] = b["train_loss"]
        own["spread"] = max(abs(own["train_loss"] - other["train_loss"]) for other in (a, b))
    config = PLATEAU_RUN | {
        "factor": PLATEAU_FACTOR,
        "patience": PLATEAU_PATIENCE,
        "threshold": PLATEAU_THRESHOLD,
        "early_stop_patience": EARLY_STOP_PATIENCE,
    }
    lines = ",\n".join(f"    {json.dumps(epoch)}" for epoch in epochs)
    (FOLDER / "plateau_run.json").write_text(
        f'{{\n  "config": {json.dumps(config)},\n  "stop_epoch": {epochs[-1]["epoch"]},\n'
        f'  "epochs": [\n{lines}\n  ]\n}}\n'
    )


def write_hashed_check() -> None:
    """The formulas' first values, so that a C++ test first finds out whether it repeats them."""
    images, labels = hashed_images(S0_STEPS["samples"], S0_STEPS["side"], S0_STEPS["classes"], S0_STEPS["stream"])
    net = Cnn3Mlp(S0_STEPS["classes"], S0_STEPS["side"], S0_STEPS["side"], dropout_scale=0.0)
    set_hashed_weights(net)
    weights = ("features.0.weight", "features.0.bias", "features.1.weight", "classifier.0.weight", "classifier.17.bias")
    check = {
        "hashed_uniform_stream_3": [float(value) for value in hashed_uniform(8, stream=3)],
        "images": {
            "config": {key: S0_STEPS[key] for key in ("samples", "side", "classes", "stream")},
            "first_bytes": images.reshape(-1)[:16].tolist(),
            "first_labels": labels[:8].tolist(),
            "sum_of_bytes": int(images.sum(dtype=np.int64)),
            "class_counts": np.bincount(labels).tolist(),
        },
        "first_weights": {name: net.get_parameter(name).detach().reshape(-1)[:3].tolist() for name in weights},
        "permutation_of_10_seed_7": {str(epoch): philox_permutation(10, 7, epoch).tolist() for epoch in (1, 2)},
    }
    (FOLDER / "hashed_check.json").write_text(json.dumps(check, indent=2) + "\n")


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--float32"]:
        write_adam_steps(torch.float32, Path(sys.argv[2]))
        return
    write_hashed_check()
    write_plateau_sequences()
    write_plateau_run()
    write_adam_steps(torch.float64, FOLDER)


main()
