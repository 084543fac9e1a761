"""Images drawn from a Gaussian in the space of the principal components, about the mean image of their labels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from gaussianpca.components import expected_pixels, label_means, scaled_components
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Budget, Generator, NotFittedError, Progress, require_labels
from qaugbench.kinds import Kind
from qaugbench.seeds import numpy_generator


class GaussianPca(Generator):
    """``components`` is the number of principal components, at most the number of training images."""

    kind: ClassVar[Kind] = "classical"

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        n_labels: int,
        *,
        control: str = "none",
        device: str = "cpu",
        components: int = 32,
    ) -> None:
        super().__init__(image_shape, n_labels, control=control, device=device)
        self.components = components
        self.fitted_: dict[str, np.ndarray] = {}

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Fit the mean image of the labels and the components of the rest; see ``Generator.fit``."""
        pixels = data.images.reshape(len(data.images), -1).astype(np.float64)
        means = label_means(pixels, data.labels)
        residuals = pixels - expected_pixels(means, data.labels)
        self.fitted_ = {"means": means, "components": scaled_components(residuals, self.components)}

    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return uint8 images [n, H, W, C]; see ``Generator.sample``."""
        fitted, vectors = self._require_fit(), require_labels(labels, self.n_labels)
        coordinates = numpy_generator(seed).normal(size=(len(vectors), len(fitted["components"])))
        pixels = expected_pixels(fitted["means"], vectors) + coordinates @ fitted["components"]
        return pixels.round().clip(0, 255).astype(np.uint8).reshape(-1, *self.image_shape)

    def state(self) -> dict[str, torch.Tensor]:
        """Return means and components."""
        return {name: torch.from_numpy(array) for name, array in self._require_fit().items()}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take over means and components."""
        self.fitted_ = {name: tensor.numpy() for name, tensor in state.items()}

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of values that were fitted."""
        return {"total": sum(array.size for array in self.fitted_.values()), "block": 0}

    def _require_fit(self) -> dict[str, np.ndarray]:
        if not self.fitted_:
            raise NotFittedError("GaussianPca has been neither fitted nor loaded; call fit or load first.")
        return self.fitted_
