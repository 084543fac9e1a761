"""Principal components: points are the leading coefficients of an image, each of unit variance, or the first of them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from sklearn.utils.extmath import randomized_svd

from qaugbench.cards import Training
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import InfeasibleError, Progress
from qaugbench.generators.spaces.space import Space
from qaugbench.seeds import child_seed

if TYPE_CHECKING:
    from qaugbench.generators.training.checkpoint import Checkpoint

EXACT_UP_TO = 2000


class PrincipalComponents(Space):
    """Points [components]: the image minus the mean image, projected on the leading directions and divided by their deviations.

    Unless it is to ``whiten``, all are divided by the deviation of the first, so that weak components stay small.

    Above ``EXACT_UP_TO`` images the directions come from a randomised singular value decomposition (Halko, Martinsson &
    Tropp, SIAM Review 53, 2011).
    """

    @dataclass(frozen=True)
    class Hyper:
        """``components``: how many directions are kept; ``whiten``: whether each coefficient has unit variance."""

        components: int = 64
        whiten: bool = True

    name: ClassVar[str] = "pca"
    hyper: Hyper
    mean: torch.Tensor
    directions: torch.Tensor
    deviations: torch.Tensor

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper) -> None:
        super().__init__(image_shape, hyper)
        size = int(np.prod(image_shape))
        if not 1 <= hyper.components <= size:
            raise DefinitionError(
                f"Images of {size} values have 1 to {size} principal components, but components = {hyper.components}."
            )
        self.shape = (hyper.components,)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("directions", torch.zeros(hyper.components, size))
        self.register_buffer("deviations", torch.ones(hyper.components))

    @property
    def title(self) -> str:
        return super().title + ("" if self.hyper.whiten else "-unwhitened")

    def fit(
        self,
        images: np.ndarray,
        *,
        training: Training,
        seed: int,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Find mean, directions and deviations; raises ``InfeasibleError`` with fewer images than components + 1."""
        kept = self.hyper.components
        if len(images) <= kept or self.directions.shape[1] < kept:
            raise InfeasibleError(
                f"{kept} principal components need at least {kept + 1} images of at least {kept} values, but there are "
                f"{len(images)} of {self.directions.shape[1]}; lower 'components' or use more images."
            )
        rows = self.pixels(images).flatten(1).cpu().numpy()
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        values, directions = _leading(rows - mean, kept, child_seed(seed, "directions") % 2**32)
        self.mean.copy_(torch.from_numpy(mean))
        self.directions.copy_(torch.from_numpy(np.ascontiguousarray(directions)))
        deviations = values / np.sqrt(len(rows) - 1)
        self.deviations.copy_(torch.from_numpy(deviations if self.hyper.whiten else deviations[:1]).clamp_min(1e-6))

    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels.flatten(1) - self.mean) @ self.directions.T / self.deviations

    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        height, width, channels = self.image_shape
        flat = (points * self.deviations) @ self.directions + self.mean
        return flat.unflatten(1, (channels, height, width))


def _leading(centred: np.ndarray, kept: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``kept`` largest singular values of ``centred`` and their right vectors [kept, values]."""
    if min(centred.shape) <= EXACT_UP_TO:
        _, values, directions = np.linalg.svd(centred, full_matrices=False)
    else:
        _, values, directions = randomized_svd(centred, kept, n_iter=4, random_state=seed)
    return values[:kept], directions[:kept]
