"""What PyTorch and the C++ tests both compute from formulas, so that no pictures or weights need to be stored.

Everything here is integer arithmetic, or one correctly rounded operation in float64 followed by one rounding to
float32: a C++ test that repeats the formulas gets the same bits.
"""

import math

import numpy as np
import torch
from torch import nn

PERMUTATION_STREAM = 0x5045524D  # "PERM", as in src/data/permutation.cpp
FIRST_WEIGHT_STREAM = 1000

CONVOLUTION_DROPOUT = 0.25
LINEAR_DROPOUT = 0.5


def philox_words(count: int, seed: int, stream: int, index: int) -> np.ndarray:
    """The first `count` words of PhiloxStream(seed, stream, index) in src/kernels/philox.h.

    Returns [count] uint64, each below 2^32. Blocks are independent, so all of them go through the rounds together.
    """
    low_word, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    blocks = (count + 3) // 4
    counter = [
        np.arange(blocks, dtype=np.uint64),
        np.full(blocks, stream, dtype=np.uint64),
        np.full(blocks, index & 0xFFFFFFFF, dtype=np.uint64),
        np.full(blocks, index >> 32, dtype=np.uint64),
    ]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        product0 = counter[0] * np.uint64(0xD2511F53)
        product1 = counter[2] * np.uint64(0xCD9E8D57)
        counter = [
            (product1 >> shift) ^ counter[1] ^ np.uint64(key[0]),
            product1 & low_word,
            (product0 >> shift) ^ counter[3] ^ np.uint64(key[1]),
            product0 & low_word,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(counter, axis=1).reshape(-1)[:count]


def philox_permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order [n] int64 in which an epoch visits its samples: epoch_permutation in src/data/permutation.cpp.

    Fisher and Yates from the top; each position takes one word and scales it by the high word of a product.
    """
    order = np.arange(n, dtype=np.int64)
    words = philox_words(n, seed, PERMUTATION_STREAM, epoch).tolist()
    for word, i in zip(words, range(n, 1, -1)):
        j = (word * i) >> 32
        order[i - 1], order[j] = order[j], order[i - 1]
    return order


def hashed_words(count: int, stream: int) -> np.ndarray:
    """[count] uint64 below 2^32: word i is murmur3's finalizer of a counter. In C++, all in std::uint32_t:

        h = i * 2654435761u + stream * 40503u + 12345u;
        h ^= h >> 16;  h *= 0x85ebca6bu;  h ^= h >> 13;  h *= 0xc2b2ae35u;  h ^= h >> 16;
    """
    low_word = np.uint64(0xFFFFFFFF)
    h = np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(stream * 40503 + 12345)
    h &= low_word
    h ^= h >> np.uint64(16)
    h = h * np.uint64(0x85EBCA6B) & low_word
    h ^= h >> np.uint64(13)
    h = h * np.uint64(0xC2B2AE35) & low_word
    return h ^ (h >> np.uint64(16))


def hashed_uniform(count: int, stream: int) -> np.ndarray:
    """[count] float32, uniform over [-1, 1]: static_cast<float>(h / 2147483648.0 - 1.0), with h of hashed_words.

    The double is exact; the one rounding is the last, to nearest (it takes the largest words to 1 itself).
    """
    return (hashed_words(count, stream).astype(np.float64) / 2147483648.0 - 1.0).astype(np.float32)


def hashed_images(count: int, side: int, classes: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright band whose height tells the class: learnable, and made of integers alone.

        label[n]       = hashed_words(stream + 1)[n] % classes
        noise[n][r][c] = hashed_words(stream)[(n * side + r) * side + c] >> 25        // the top byte, halved: 0 to 127
        image[n][r][c] = noise + (r * classes / side == label[n] ? 100 : 0)           // integer division; at most 227

    Returns images [count, side, side] uint8 and labels [count] int64 in [0, classes).
    """
    labels = hashed_words(count, stream + 1) % np.uint64(classes)
    noise = (hashed_words(count * side * side, stream) >> np.uint64(25)).reshape(count, side, side)
    band_of_row = np.arange(side, dtype=np.uint64) * np.uint64(classes) // np.uint64(side)
    in_band = band_of_row[None, :] == labels[:, None]
    images = noise + np.uint64(100) * in_band[:, :, None].astype(np.uint64)
    return images.astype(np.uint8), labels.astype(np.int64)


class Cnn3Mlp(nn.Module):
    """The net of src/model/cnn3_mlp.cpp, with its names: features.0.weight ... classifier.17.bias.

    Takes images [N, 1, height, width] float32 in [0, 1]; gives logits [N, classes].
    """

    def __init__(self, classes: int, height: int, width: int, dropout_scale: float = 1.0) -> None:
        super().__init__()
        features: list[nn.Module] = []
        channels = 1
        for filters in (32, 64, 128):
            features += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
            features += [nn.MaxPool2d(2), nn.Dropout(CONVOLUTION_DROPOUT * dropout_scale)]
            channels = filters
        classifier: list[nn.Module] = []
        inputs = channels * (height // 8) * (width // 8)
        for outputs, dropout in ((256, True), (128, True), (64, False), (32, False), (16, False)):
            classifier += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]
            if dropout:
                classifier.append(nn.Dropout(LINEAR_DROPOUT * dropout_scale))
            inputs = outputs
        classifier.append(nn.Linear(inputs, classes))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(*classifier)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(images).flatten(1))


def set_hashed_weights(net: nn.Module) -> None:
    """Gives every parameter of `net` a value that follows from its place alone.

    Parameter number k of named_parameters(), counted over all of them: element i, in NCHW order whatever the layout in
    memory, of a convolution's or linear layer's weight or bias becomes

        static_cast<float>(static_cast<double>(uniform[i]) / std::sqrt(static_cast<double>(fan_in)))

    with uniform = hashed_uniform(numel, 1000 + k) and fan_in, for the bias too, the layer's inputs per output. A batch
    norm gets weight 1 and bias 0.
    """
    layers = dict(net.named_modules())
    with torch.no_grad():
        for k, (name, parameter) in enumerate(net.named_parameters()):
            layer_name, kind = name.rsplit(".", 1)
            layer = layers[layer_name]
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
                parameter.fill_(1.0 if kind == "weight" else 0.0)
                continue
            fan_in = layer.weight[0].numel()
            uniform = hashed_uniform(parameter.numel(), FIRST_WEIGHT_STREAM + k).astype(np.float64)
            values = (uniform / math.sqrt(fan_in)).astype(np.float32)
            parameter.copy_(torch.from_numpy(values).view(parameter.shape))


def use_channels_last(net: nn.Module) -> None:
    """Lays every convolution's weight out channels last, as src/model/memory_format.cpp does.

    net.to(memory_format=torch.channels_last) would leave a weight of one input channel as it is, since its strides fit
    both layouts, and then the whole net would run contiguous.
    """
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() == 4:
                laid_out = torch.empty(parameter.shape, dtype=parameter.dtype, memory_format=torch.channels_last)
                parameter.data = laid_out.copy_(parameter)
