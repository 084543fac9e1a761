"""How strongly the circuits of a fitted generator affect its images, measured by replacing their outputs during sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.replaced_outputs import (
    OutputMoments,
    outputs_replaced_by_mean,
    outputs_replaced_by_noise,
    recorded_outputs,
)
from qaugbench.generators.spaces.space import Space
from qaugbench.seeds import child_seed

NO_VARIANCE = 1e-12


@dataclass(frozen=True)
class InfluenceDifferences:
    """Mean absolute differences of a generator's images for the same label vectors, in grey levels of 255.

    ``other_seed``: to a sample with another seed. ``mean_replaced`` and ``noise_replaced``: to a sample with the same
    seed in which the circuits' outputs are replaced; None if no circuit runs during sampling, or only such as say the same for
    every image. ``space_mean_replaced`` and ``space_noise_replaced``: likewise for the circuits of its space, while the same
    points are decoded.
    """

    other_seed: float
    mean_replaced: float | None
    noise_replaced: float | None
    n_images: int
    space_mean_replaced: float | None = None
    space_noise_replaced: float | None = None

    def relative(self, difference: float | None) -> float | None:
        """Return ``difference`` relative to that of another seed; None if either is missing or two samples are equal."""
        return None if difference is None or self.other_seed == 0 else difference / self.other_seed


def influence_differences(generator: Model, labels: np.ndarray, *, seed: int) -> InfluenceDifferences:
    """Return by how much replacing the outputs of ``generator.circuits`` changes its images for ``labels`` [n, n_labels].

    Samples four times and leaves the generator unchanged. Outputs are recorded in a sample with ``seed``, and replaced
    by their means and by noise of equal mean and variance in samples with the same seed. All four use the same n
    labels, so circuits without effect give exactly equal images. Circuits of the space are replaced apart from the generator's.
    A circuit without inputs whose output never varies, such as probabilities that images are drawn from, is left as it is: its
    mean is itself, and says nothing of what depends on it.

    Raises:
        DivergedError: a sample is not finite.
    """
    with recorded_outputs(generator.circuits) as recorded:
        points = generator.points(labels, seed=seed)
    with recorded_outputs(circuits_of(generator.space)) as decoding:
        images = generator.space.decode(points)
    other = generator.sample(labels, seed=child_seed(seed, "another sample"))
    in_space: dict[str, float | None] = {}
    if any(moments.rows for moments in decoding.values()):
        with outputs_replaced_by_mean(decoding):
            in_space["space_mean_replaced"] = mean_difference(images, generator.space.decode(points))
        with outputs_replaced_by_noise(decoding, seed):
            in_space["space_noise_replaced"] = mean_difference(images, generator.space.decode(points))
    recorded = {
        block: moments for block, moments in recorded.items() if moments.rows and not _says_one_thing(block, moments)
    }
    if not recorded:
        return InfluenceDifferences(mean_difference(images, other), None, None, len(images), **in_space)
    with outputs_replaced_by_mean(recorded):
        without = generator.sample(labels, seed=seed)
    with outputs_replaced_by_noise(recorded, seed):
        noisy = generator.sample(labels, seed=seed)
    return InfluenceDifferences(
        other_seed=mean_difference(images, other),
        mean_replaced=mean_difference(images, without),
        noise_replaced=mean_difference(images, noisy),
        n_images=len(images),
        **in_space,
    )


def _says_one_thing(block: Block, moments: OutputMoments) -> bool:
    return block.in_features == 0 and bool(moments.variance.max() < NO_VARIANCE)


def circuits_of(space: Space) -> list[QuantumBlock]:
    """Return the layers of a space that run circuits; none in most."""
    return [module for module in space.modules() if isinstance(module, QuantumBlock)]
