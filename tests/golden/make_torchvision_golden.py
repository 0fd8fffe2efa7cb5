"""Writes torchvision.json: logits, loss and gradients of torchvision's nets, in float64. Run by hand, where
torchvision's own layers are the authority:

    .venv-peers/bin/pip install torchvision==0.26.0
    .venv-peers/bin/python tests/golden/make_torchvision_golden.py

Weights and inputs come from formulas that tests/model/torchvision_test.cpp repeats, so the file holds results only:
each gradient is told by its norm and by its dot product with numbers from a formula, which no other gradient is likely
to share. Everything is computed in float64, from float32 numbers. In float32 a few ReLUs would switch by rounding
alone, and the batch norms, of few samples here, would make of that percents in the gradients of resnet50 and
inception_v3.
"""

import json
import math
from pathlib import Path

import torch
import torchvision
from oracle import hashed_uniform
from torch import nn
from torchvision.ops import StochasticDepth

FILE = Path(__file__).resolve().parent / "torchvision.json"
COUNT = 4
CLASSES = 10
DIGITS = 8
NOISE = 1e-12  # of the largest gradient's norm
FIRST_WEIGHT_STREAM = 1000
FIRST_STATISTIC_STREAM = 5000
INPUT_STREAM = 77
PROJECTION_STREAM = 9

# The side of the inputs, and what keeps torchvision from adding a second head and another normalisation.
NETS = {
    "resnet18": (64, {}),
    "resnet50": (64, {}),
    "vgg16": (64, {}),
    "vgg19": (64, {}),
    "inception_v3": (96, {"aux_logits": False, "transform_input": False, "init_weights": False}),
    "efficientnet_b2": (96, {}),
}


def hashed(shape: torch.Size, stream: int, scale: float, offset: float = 0.0) -> torch.Tensor:
    """float32: static_cast<float>(offset + scale * hashed_uniform), the sum in double."""
    uniform = hashed_uniform(shape.numel(), stream).astype("float64")
    return torch.from_numpy((offset + scale * uniform).astype("float32")).view(shape)


def set_weights(net: nn.Module) -> None:
    """Parameter number k, counted in the order of named_parameters(), gets numbers of stream 1000 + k.

    Weights of layers vary as He's, by +-sqrt(6 / fan_in); a batch norm's lie in 1 +- 0.1, and all biases in +-0.1. The
    running mean and variance of batch norm number b come from the streams 5000 + 2b and 5001 + 2b: +-0.1 and 1 +- 0.5.
    """
    buffers = dict(net.named_buffers())
    with torch.no_grad():
        for k, (name, parameter) in enumerate(net.named_parameters()):
            layer, kind = name.rsplit(".", 1)
            is_scale = kind == "weight" and f"{layer}.running_mean" in buffers
            scale = math.sqrt(6 / parameter[0].numel()) if parameter.dim() > 1 else 0.1
            parameter.copy_(hashed(parameter.shape, FIRST_WEIGHT_STREAM + k, scale, 1.0 if is_scale else 0.0))
        stream = FIRST_STATISTIC_STREAM
        for name, buffer in buffers.items():
            if name.endswith((".running_mean", ".running_var")):
                is_mean = name.endswith("mean")
                buffer.copy_(hashed(buffer.shape, stream, 0.1 if is_mean else 0.5, 0.0 if is_mean else 1.0))
                stream += 1


def train_without_chance(net: nn.Module) -> None:
    """Batch norms use the batch's statistics; nothing is dropped."""
    net.train()
    for module in net.modules():
        if isinstance(module, (nn.Dropout, StochasticDepth)):
            module.eval()


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def told_gradients(net: nn.Module) -> dict[str, list[float]]:
    """Norm and projection of each gradient, by the parameters' names and in their order.

    Rounding noise becomes 0: a bias whose effect the next batch norm subtracts again has no gradient.
    """
    noise = NOISE * max(parameter.grad.norm().item() for parameter in net.parameters())
    gradients = {}
    for name, parameter in net.named_parameters():
        gradient = parameter.grad.flatten()
        direction = torch.from_numpy(hashed_uniform(gradient.numel(), PROJECTION_STREAM)).double()
        told = [gradient.norm().item(), gradient.dot(direction).item()]
        gradients[name] = [rounded(value) for value in told] if told[0] > noise else [0.0, 0.0]
    return gradients


def golden(name: str) -> dict:
    side, options = NETS[name]
    net = torchvision.models.get_model(name, num_classes=CLASSES, **options).double()
    set_weights(net)
    inputs = hashed(torch.Size([COUNT, 3, side, side]), INPUT_STREAM, 1.0).double()
    net.eval()
    with torch.no_grad():
        logits = net(inputs)
    train_without_chance(net)
    loss = nn.functional.cross_entropy(net(inputs), torch.arange(COUNT))
    loss.backward()
    return {"side": side, "logits": [[rounded(value) for value in row] for row in logits.tolist()],
            "loss": rounded(loss.item()), "gradients": told_gradients(net)}


def main() -> None:
    # A net a line.
    lines = ",\n".join(f'"{name}":{json.dumps(golden(name), separators=(",", ":"))}' for name in NETS)
    version = torchvision.__version__.split("+")[0]
    FILE.write_text(f'{{"torchvision":"{version}","classes":{CLASSES},"nets":{{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
