"""The nets of src/model as modules of PyTorch whose tensors have the names that they have in a checkpoint.

A net takes gray pictures [N, 1, H, W], float32 in [0, 1], and returns logits [N, classes]. All but one are chains of
named parts, in the order in which they run; parts without tensors may have any name. What the nets are for, and where
they come from, stands in the headers of src/model.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torchvision
from torch import Tensor, nn
from torchvision.ops import StochasticDepth


@dataclass(frozen=True)
class Config:
    """ModelConfig of src/model/model.h: what can be chosen of a net."""

    model: str
    classes: int
    height: int
    width: int
    input_size: int = 0  # side to which nets that resize bring pictures; 0: the net's own choice
    head: str = ""  # see make_head(); empty: the net's own
    stages: str = ""  # see make_stages(); empty: the net's own
    dropout: float = -1  # behind each stage; negative: the net's own


def make_net(description: dict) -> nn.Module:
    """A net with initial weights of PyTorch's, not of src/model's.

    description: the JSON that a checkpoint has in its metadata under `fer_dist_train`.
    """
    height, width = description["image_shape"]
    choices = {key: description[key] for key in ("input_size", "head", "stages", "dropout") if key in description}
    return net_of(Config(description["model"], len(description["classes"]), height, width, **choices))


def net_of(config: Config) -> nn.Module:
    if config.model not in NETS:
        raise ValueError(f"there is no net '{config.model}'")
    return NETS[config.model](config)


# Parts of nets


def chain(**parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(parts))


def bare_convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """Without bias; with stride 1 it keeps the maps' size."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def read_stages(spec: str) -> list[tuple[int, int]]:
    """'32x1,64x2' as [(32, 1), (64, 2)]."""
    return [tuple(map(int, stage.split("x"))) for stage in spec.split(",")]


def make_stages(spec: str, dropout: float | None = None, bias: bool = True, norm: bool = True) -> nn.Sequential:
    """Stages of 3x3 convolutions with ReLU, each ended by a max-pool 2; spec: width x convolutions of each."""
    layers: list[nn.Module] = []
    channels = 1
    for width, convolutions in read_stages(spec):
        for _ in range(convolutions):
            layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=bias))
            layers += [nn.BatchNorm2d(width), nn.ReLU()] if norm else [nn.ReLU()]
            channels = width
        layers += [nn.MaxPool2d(2)] if dropout is None else [nn.MaxPool2d(2), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


def features_of_stages(spec: str, config: Config) -> int:
    """How many numbers make_stages() leaves of a picture."""
    stages = read_stages(spec)
    return stages[-1][0] * (config.height >> len(stages)) * (config.width >> len(stages))


def make_head(spec: str, width: int, classes: int, flat: bool = True) -> nn.Sequential:
    """Layers by a list of parts, as in conv:128,relu,dense:64,norm,dropout:0.5, and a linear layer to the classes.

    width: of features [N, width], or, where these are not flat, of maps [N, width, H, W]. Maps are averaged over their
    places ahead of the first linear layer.
    """
    layers: list[nn.Module] = []
    for part in [*filter(None, spec.split(",")), f"dense:{classes}"]:
        kind, _, value = part.partition(":")
        if kind == "dense" and not flat:
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            flat = True
        match kind:
            case "conv":
                layers.append(nn.Conv2d(width, int(value), 3, padding=1))
                width = int(value)
            case "dense":
                layers.append(nn.Linear(width, int(value)))
                width = int(value)
            case "norm":
                layers.append(nn.BatchNorm1d(width) if flat else nn.BatchNorm2d(width))
            case "relu":
                layers.append(nn.ReLU())
            case "dropout":
                layers.append(nn.Dropout(float(value)))
            case _:
                raise ValueError(f"a head has no part '{part}'")
    return nn.Sequential(*layers)


class Rgb(nn.Module):
    """Gray pictures at a size (0: their own), over red, green and blue, as bright as weights are used to."""

    IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # means, deviations
    HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

    def __init__(self, size: int, brightness: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET) -> None:
        super().__init__()
        self.size = size
        self.brightness = brightness

    def forward(self, images: Tensor) -> Tensor:
        if self.size > 0:
            images = nn.functional.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
        means, deviations = (images.new_tensor(values).view(1, 3, 1, 1) for values in self.brightness)
        return (images - means) / deviations


# Nets of chains alone

CNN3_MLP_HEAD = (
    "dense:256,norm,relu,dropout:0.5,dense:128,norm,relu,dropout:0.5,"
    "dense:64,norm,relu,dense:32,norm,relu,dense:16,norm,relu"
)


def staged_cnn(config: Config, stages: str, dropout: float, head: str) -> nn.Module:
    stages = config.stages or stages
    return chain(
        features=make_stages(stages, config.dropout if config.dropout >= 0 else dropout),
        flatten=nn.Flatten(),
        classifier=make_head(config.head or head, features_of_stages(stages, config), config.classes),
    )


def cnn2(config: Config) -> nn.Module:
    features = nn.Sequential(
        nn.Conv2d(1, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 32, 4), nn.ReLU(), nn.MaxPool2d(2)
    )
    height, width = (((side - 4) // 2 - 3) // 2 for side in (config.height, config.width))
    return chain(
        features=features,
        flatten=nn.Flatten(),
        classifier=make_head("dense:256,relu,dense:128,relu", 32 * height * width, config.classes),
    )


def cnn9(config: Config) -> nn.Module:
    stages = "32x3,64x3,128x3"
    return chain(
        features=make_stages(stages, norm=False),
        flatten=nn.Flatten(),
        classifier=make_head("dense:64,relu,dense:64,relu", features_of_stages(stages, config), config.classes),
    )


def mlp(config: Config) -> nn.Module:
    head = make_head("dense:128,relu,dense:64,relu", config.height * config.width, config.classes)
    return chain(flatten=nn.Flatten(), classifier=head)


def averaged(features: nn.Module, head: str, channels: int, classes: int) -> nn.Module:
    """A head behind the mean of each channel."""
    return chain(
        features=features,
        average=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        classifier=make_head(head, channels, classes),
    )


def fer_vgg19(config: Config) -> nn.Module:
    features = make_stages("64x2,128x2,256x4,512x4,512x4", bias=False)
    return averaged(features, "dropout:0.5", 512, config.classes)


class LogOfShares(nn.Module):
    """Takes answers for probabilities, up to their sum, as the author of s4-cnn did."""

    def forward(self, answers: Tensor) -> Tensor:
        return (answers / answers.sum(1, keepdim=True)).log()


def s4_cnn(config: Config) -> nn.Module:
    size = config.input_size or 96
    features = nn.Sequential(
        nn.Conv2d(3, 256, 4), nn.ReLU(), nn.MaxPool2d(3), nn.Conv2d(256, 256, 4), nn.ReLU(), nn.MaxPool2d(3),
        nn.Conv2d(256, 256, 1), nn.Conv2d(256, 256, 1), nn.Conv2d(256, 10, 1),
    )
    side = ((size - 3) // 3 - 3) // 3
    head = make_head("dense:256,relu", 10 * side * side, config.classes)
    return chain(
        rgb=Rgb(size),
        features=features,
        flatten=nn.Flatten(),
        classifier=nn.Sequential(*head, nn.ReLU()),
        log=LogOfShares(),
    )


class LargestOfMaps(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps.amax((2, 3))


class Scale(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, values: Tensor) -> Tensor:
        return values * self.factor


def fast_net(config: Config, widths: tuple[int, ...]) -> nn.Module:
    channels = 32
    layers = [nn.Conv2d(1, channels, 4, stride=2, padding=1, bias=False), nn.ReLU()]
    for width in widths:
        layers += [bare_convolution(channels, width), nn.MaxPool2d(2), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [bare_convolution(width, width), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return chain(
        features=nn.Sequential(*layers),
        largest=LargestOfMaps(),
        classifier=nn.Linear(channels, config.classes, bias=False),
        scale=Scale(1 / 9),
    )


# Nets of residual blocks


def residual_body(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        bare_convolution(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs), nn.ReLU(),
        bare_convolution(outputs, outputs), nn.BatchNorm2d(outputs),
    )


class BasicBlock(nn.Module):
    """Of fer-resnet18."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = residual_body(inputs, outputs, stride)
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut.extend([bare_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)])

    def forward(self, maps: Tensor) -> Tensor:
        return (self.body(maps) + self.shortcut(maps)).relu()


class GatedBlock(nn.Module):
    """Of strong: a residual block with squeeze and excitation and stochastic depth."""

    def __init__(self, inputs: int, outputs: int, stride: int, depth_rate: float) -> None:
        super().__init__()
        self.body = residual_body(inputs, outputs, stride)
        self.gates = nn.Sequential(
            nn.Linear(outputs, outputs // 8), nn.ReLU(), nn.Linear(outputs // 8, outputs), nn.Sigmoid()
        )
        self.depth = StochasticDepth(depth_rate, "row")
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True))
        if inputs != outputs:
            self.shortcut.extend([bare_convolution(inputs, outputs, 1), nn.BatchNorm2d(outputs)])

    def forward(self, maps: Tensor) -> Tensor:
        branch = self.body(maps)
        gates = self.gates(branch.mean((2, 3)))[:, :, None, None]
        return (self.depth(branch * gates) + self.shortcut(maps)).relu()


def fer_resnet18(config: Config) -> nn.Module:
    channels = 64
    layers = [bare_convolution(1, channels), nn.BatchNorm2d(channels), nn.ReLU()]
    for width in (64, 128, 256, 512):
        layers += [BasicBlock(channels, width, 1 if width == channels else 2), BasicBlock(width, width, 1)]
        channels = width
    return averaged(nn.Sequential(*layers), "dropout:0.5", channels, config.classes)


def strong(config: Config) -> nn.Module:
    layers = [bare_convolution(1, 64), nn.BatchNorm2d(64), nn.ReLU()]
    layers += [bare_convolution(64, 64), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)]
    channels = 64
    for block, width in enumerate((128, 128, 256, 256, 512, 512, 512)):
        stride = 2 if block in (2, 4) else 1
        layers.append(GatedBlock(channels, width, stride, depth_rate=0.1 * block / 6))
        channels = width
    return averaged(nn.Sequential(*layers), "dropout:0.3", channels, config.classes)


# Nets of torchvision


def of_torchvision(config: Config, channels: int, **options: bool) -> nn.Module:
    """The parts of torchvision's net of that name. A head takes the place of all that follows the last maps.

    channels: of the last maps.
    """
    own = torchvision.models.get_model(config.model, num_classes=config.classes, **options)
    # What torchvision's forward() of inception_v3 makes, by transform_input, of pictures normalised like all others.
    parts = OrderedDict(rgb=Rgb(config.input_size, Rgb.HALVES if config.model == "inception_v3" else Rgb.IMAGENET))
    for name, part in own.named_children():
        if name == "avgpool" and config.head:
            parts["head"] = make_head(config.head, channels, config.classes, flat=False)
            break
        parts[name] = part
        if name == "avgpool":
            parts["flatten"] = nn.Flatten()  # in torchvision a line of forward()
    return nn.Sequential(parts)


# Several nets as one


class JointNet(nn.ModuleDict):
    """The logarithm of the average of several nets' softmax outputs."""

    def forward(self, images: Tensor) -> Tensor:
        answers = torch.stack([branch(images).log_softmax(1) for branch in self.values()])
        return answers.logsumexp(0) - math.log(len(self))


def s3_joint(config: Config) -> nn.Module:
    size = config.input_size or 224
    dense = "dense:32,norm,relu,dropout:0.5"
    branches = (
        replace(config, model="resnet50", input_size=size, head="dense:64,dropout:0.5"),
        replace(config, model="cnn-bayes"),
        replace(config, model="vgg16", input_size=size, head=f"{dense},{dense},{dense}"),
    )
    return JointNet({branch.model: net_of(branch) for branch in branches})


NETS: dict[str, Callable[[Config], nn.Module]] = {
    "cnn-bayes": lambda config: staged_cnn(config, "48x1,80x2,160x1,128x1", 0.05, "dense:2159,norm,relu,dropout:0.6"),
    "cnn2": cnn2,
    "cnn3-mlp": lambda config: staged_cnn(config, "32x1,64x1,128x1", 0.25, CNN3_MLP_HEAD),
    "cnn4": lambda config: staged_cnn(config, "48x1,96x1,192x1,384x1", 0.25, "dense:304,norm,relu,dropout:0.5"),
    "cnn7": lambda config: staged_cnn(config, "32x1,64x2,128x2,256x2", 0.25, "dense:96,norm,relu,dropout:0.5"),
    "cnn9": cnn9,
    "efficientnet_b2": lambda config: of_torchvision(config, 1408),
    "fast-m": lambda config: fast_net(config, (80, 160, 320)),
    "fast-s": lambda config: fast_net(config, (48, 96, 192)),
    "fer-resnet18": fer_resnet18,
    "fer-vgg19": fer_vgg19,
    "inception_v3": lambda config: of_torchvision(config, 2048, aux_logits=False, init_weights=False),
    "mlp": mlp,
    "resnet18": lambda config: of_torchvision(config, 512),
    "resnet50": lambda config: of_torchvision(config, 2048),
    "s3-joint": s3_joint,
    "s4-cnn": s4_cnn,
    "strong": strong,
    "vgg16": lambda config: of_torchvision(config, 512),
    "vgg19": lambda config: of_torchvision(config, 512),
}
