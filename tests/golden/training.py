"""The training loop of src/train/trainer.cpp for one rank, on hashed data, in PyTorch."""

from collections.abc import Iterator

import numpy as np
import torch

from oracle import Cnn3Mlp, hashed_images, philox_permutation, set_hashed_weights, use_channels_last


class HashedRun:
    """A net with hashed weights and no dropout, hashed pictures, and Adam with L2 weight decay."""

    def __init__(
        self,
        *,
        classes: int,
        side: int,
        samples: int,
        stream: int,
        seed: int,
        batch_size: int,
        learning_rate: float,
        weight_decay: float,
        channels_last: bool = True,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.seed, self.samples, self.batch_size = seed, samples, batch_size
        pixels, labels = hashed_images(samples, side, classes, stream)
        self.images = (torch.from_numpy(pixels).float() / 255.0).unsqueeze(1).to(dtype)  # [samples, 1, side, side]
        self.labels = torch.from_numpy(labels)
        self.net = Cnn3Mlp(classes, side, side, dropout_scale=0.0)
        set_hashed_weights(self.net)
        self.net.to(dtype)
        if channels_last:
            use_channels_last(self.net)
        # The fused kernel, as in src/optim/adam.cpp: in float32 another rounding of Adam leads elsewhere in a few steps.
        self.optimizer = torch.optim.Adam(
            self.net.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
        )

    def train_epoch(self, epoch: int) -> Iterator[tuple[float, int]]:
        """Trains one pass; yields every step's (mean loss, samples). Epochs count from 1."""
        order = torch.from_numpy(philox_permutation(self.samples, self.seed, epoch))
        self.net.train()
        for rows in order.split(self.batch_size):
            self.optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(self.net(self.images[rows]), self.labels[rows])
            loss.backward()
            self.optimizer.step()
            yield loss.item(), len(rows)

    def epoch_loss(self, epoch: int) -> float:
        """Trains one pass and returns the mean loss over its samples, summed in float64."""
        losses, counts = np.array(list(self.train_epoch(epoch)), dtype=np.float64).T
        return float(np.dot(losses, counts) / counts.sum())
