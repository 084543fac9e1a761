"""Style-qGAN: circuits and parameters as published, how angles follow noise, and the model of three features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from qaugbench.cards import Training
from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.style_qgan import StyleQgan, style_circuit
from qaugbench.seeds import numpy_generator, torch_generator, torch_seeded
from tests.circuits import papers
from tests.generators.published import published

COVARIANCE = [[0.5, 0.1, 0.25], [0.1, 0.5, 0.1], [0.25, 0.1, 0.5]]
"""Of the published Gaussian, whose samples are divided by 4."""


def style(features: int = 3, control: str = "none", **changes: int | float) -> StyleQgan:
    with torch_seeded(1):
        return StyleQgan((features,), 1, StyleQgan.Hyper(**changes), CircuitLayers(control, 1))  # type: ignore[arg-type]


def test_the_circuit_of_three_features_has_34_parameters() -> None:
    found = style()
    assert trainable_parameters(found.generator) == 34
    assert found.generator.block.circuit.n_weights == 17


def test_an_image_takes_five_of_the_published_circuits() -> None:
    assert trainable_parameters(published("style-qgan").generator) == 5 * 34


@pytest.mark.parametrize("layers", [2, 5])
def test_the_circuit_is_the_published_one(layers: int) -> None:
    """With the bias of each angle as a weight, where the paper's circuit is driven by the whole angle."""
    ours, theirs = style_circuit(layers), papers.style_qgan(layers)
    assert [(gate.name, gate.wires) for gate in ours.gates] == [(gate.name, gate.wires) for gate in theirs.gates]
    assert ours.readout == theirs.readout
    assert ours.n_inputs == ours.n_weights == theirs.n_inputs


def test_every_angle_is_a_scale_times_a_noise_number_plus_a_bias() -> None:
    """The noise numbers take turns, angle by angle; the published circuit driven by these angles computes the same."""
    found, noise = style(noise=5), torch.randn(4, 5, generator=torch_generator(1))
    places = torch.arange(17) % 5
    angles = found.generator.scales[0] * noise[:, places] + found.generator.block.weights[0]
    torch.testing.assert_close(found.generator(noise), QuantumBlock(papers.style_qgan())(angles), atol=1e-5, rtol=1e-5)


def test_circuits_start_with_small_angles() -> None:
    weights = published("style-qgan").generator.block.weights.detach()
    assert 0.1 < float(weights.abs().max()) <= 0.15
    assert float(weights.min()) < 0 < float(weights.max())


def test_what_a_control_puts_in_the_place_of_a_circuit_starts_as_ever() -> None:
    made = style(control="twin").generator.block
    with torch_seeded(1):
        own = CircuitLayers("twin", 1).block(style_circuit(2), copies=1)
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), own.parameters(), strict=True))


def test_features_that_circuits_cannot_share_are_refused() -> None:
    with pytest.raises(DefinitionError, match="2 circuits write 6 features, but a point of the space has 7"):
        style(7, circuits=2)


def gaussian(n: int, seed: int) -> np.ndarray:
    return numpy_generator(seed).multivariate_normal(np.zeros(3), COVARIANCE, n).astype(np.float32) / 4


def divergences(real: np.ndarray, drawn: np.ndarray) -> list[float]:
    """Return the divergence of each feature's histogram of 99 bins, as the published code computes it with 1e-6 added to each."""
    bins = np.linspace(-1, 1, 100)
    shares = [[np.histogram(one[:, k], bins)[0] / len(one) + 1e-6 for one in (real, drawn)] for k in range(3)]
    return [float(entropy(*pair)) for pair in shares]


@pytest.mark.slow
def test_the_model_of_three_features_learns_the_published_gaussian() -> None:
    """Covariances and each histogram come near in 1,000 steps on quarter batches; the published code takes 30,000 whole ones."""
    found, points = style(noise=5), torch.from_numpy(gaussian(10_000, 1))
    optimizers = found.optimizers(Training(learning_rate=0.5))
    found.range.follow(torch.tensor([[-1.0, 1.0]]), anew=True)  # features are scaled already
    for step in range(1, 1001):
        random = torch_generator(step)
        rows = torch.randint(len(points), (32,), generator=random)
        with torch_seeded(step):
            found.step(Batch(points[rows], torch.ones(32, 1), step, 1001), optimizers, random)
    with torch.no_grad():
        drawn = found.eval().draw(torch.ones(20_000, 1), RowRandom(1, range(20_000))).numpy()
    assert max(divergences(gaussian(20_000, 2), drawn)) < 0.15
    assert np.cov(drawn.T) == pytest.approx(np.array(COVARIANCE) / 16, abs=0.01)
