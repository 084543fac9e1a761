"""How strongly the circuits of a fitted generator affect its images, measured by replacing their outputs during sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.replaced_outputs import (
    outputs_replaced_by_mean,
    outputs_replaced_by_noise,
    recorded_outputs,
)
from qaugbench.seeds import child_seed


@dataclass(frozen=True)
class InfluenceDifferences:
    """Mean absolute differences of a generator's images for the same label vectors, in grey levels of 255.

    ``other_seed``: to a sample with another seed. ``mean_replaced`` and ``noise_replaced``: to a sample with the same
    seed in which the circuits' outputs are replaced; None if no circuit runs during sampling.
    """

    other_seed: float
    mean_replaced: float | None
    noise_replaced: float | None
    n_images: int

    def relative(self, difference: float | None) -> float | None:
        """Return ``difference`` relative to that of another seed; None if either is missing or two samples are equal."""
        return None if difference is None or self.other_seed == 0 else difference / self.other_seed


def influence_differences(generator: Model, labels: np.ndarray, *, seed: int) -> InfluenceDifferences:
    """Return by how much replacing the outputs of ``generator.circuits`` changes its images for ``labels`` [n, n_labels].

    Samples four times and leaves the generator unchanged. Outputs are recorded in a sample with ``seed``, and replaced
    by their means and by noise of equal mean and variance in samples with the same seed. All four use the same n
    labels, so circuits without effect give exactly equal images.

    Raises:
        DivergedError: a sample is not finite.
    """
    with recorded_outputs(generator.circuits) as recorded:
        images = generator.sample(labels, seed=seed)
    other = generator.sample(labels, seed=child_seed(seed, "another sample"))
    if not any(moments.rows for moments in recorded.values()):
        return InfluenceDifferences(mean_difference(images, other), None, None, len(images))
    with outputs_replaced_by_mean(recorded):
        without = generator.sample(labels, seed=seed)
    with outputs_replaced_by_noise(recorded, seed):
        noisy = generator.sample(labels, seed=seed)
    return InfluenceDifferences(
        other_seed=mean_difference(images, other),
        mean_replaced=mean_difference(images, without),
        noise_replaced=mean_difference(images, noisy),
        n_images=len(images),
    )
