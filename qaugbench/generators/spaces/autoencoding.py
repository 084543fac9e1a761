"""What spaces have in common whose points are the codes of an autoencoder that takes steps."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from qaugbench.cards import Training
from qaugbench.generators.contract import Progress, adamw
from qaugbench.generators.spaces.space import Space, resized
from qaugbench.generators.training.loop import train
from qaugbench.generators.training.points import EncodedByBatch
from qaugbench.seeds import child_seed, torch_seeded

if TYPE_CHECKING:
    from qaugbench.generators.training.checkpoint import Checkpoint

LEAST_DEVIATION = 1e-6
"""Codes that vary less are divided by this."""


class Autoencoding(Space):
    """A space whose autoencoder learns from pixels at its own side, ``side``; codes are standardised once it has learned."""

    steps: ClassVar[bool] = True
    side: int

    def fresh(self, seed: int) -> Autoencoding:
        """Return the same space before it learned, its weights drawn from torch's global state; ``seed`` is that of the fit."""
        return type(self)(self.image_shape, self.hyper)

    @abstractmethod
    def standardise(self, codes: torch.Tensor) -> None:
        """Keep the mean and the deviation of the ``codes`` [n, *shape] of all images, if points are standardised."""

    def fit(
        self,
        images: np.ndarray,
        *,
        training: Training,
        seed: int,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Learn to reconstruct ``images``, then standardise their codes."""
        with torch_seeded(child_seed(seed, "weights")):
            self.load_state_dict(self.fresh(seed).state_dict())
        pixels = EncodedByBatch(self._pixels_at_own_side, images)
        no_labels = np.zeros((len(images), 0), np.float32)
        train(self, pixels, no_labels, training=training, seed=seed, progress=progress, checkpoint=checkpoint)
        self.standardise(self.encode(images))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Return AdamW over encoder and decoder."""
        return {"adamw": adamw(self, training)}

    @torch.no_grad()
    def _pixels_at_own_side(self, images: np.ndarray) -> torch.Tensor:
        return resized(self.pixels(images), self.side)
