"""The photonic GAN: its circuits and parameters as published, dead angles, how parts fill an image, and its perturbations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.errors import NoControlError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.photonic_qgan import PhotonicQgan
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.shared.perturbations import slope_along_one
from qaugbench.generators.shared.photonic_painter import fitted, photonic_circuit, variational_layer
from qaugbench.seeds import torch_generator, torch_seeded
from tests.circuits.photonic import exact
from tests.generators.published import published

STATE = (0, 1, 0, 1, 0)


def gan(hyper: PhotonicQgan.Hyper, channels: int = 1) -> PhotonicQgan:
    with torch_seeded(1):
        return PhotonicQgan((channels, 8, 8), 1, hyper, CircuitLayers(seed=1))


def one_step(made: PhotonicQgan, step: int, steps: int = 20) -> dict[str, torch.Tensor]:
    random = torch_generator(step)
    points = torch.rand(4, *made.shape, generator=random) * 2 - 1
    return made.step(
        Batch(points, torch.ones(4, 1), step, steps), made.optimizers(Training(learning_rate=0.01)), random
    )


def test_the_released_generator_has_the_published_number_of_parameters() -> None:
    made = published("photonic-qgan:as-released")
    assert len(variational_layer(5, 0)) == 13
    assert trainable_parameters(made.block) == 208
    assert trainable_parameters(made.critic) == 64 * 64 + 64 + 64 * 16 + 16 + 16 + 1
    assert trainable_parameters(made) == 208 + trainable_parameters(made.critic)


def test_the_intended_one_lacks_the_dead_angles_and_learns_the_brightness_of_each_part() -> None:
    made = published("photonic-qgan")
    assert trainable_parameters(made.block) == 4 * (52 - 7)
    assert made.brightness.shape == (4, 1)
    assert trainable_parameters(published("photonic-qgan", channels=3).block) == 3 * 4 * 45


def test_angles_are_dead_where_the_kept_ones_give_the_same_probabilities() -> None:
    whole, kept = (photonic_circuit(STATE, keep_dead=keep) for keep in (True, False))
    random = np.random.default_rng(1)
    weights, inputs = random.uniform(0, 2 * math.pi, 52), random.uniform(0, 2 * math.pi, 1)
    dead = {0, 1, 2, 3, 4, 5, 7}  # the first five phases, and those of the first splitters, whose first modes are empty
    alive = [k for k in range(52) if k not in dead]
    found = exact.outputs(kept, inputs, weights[alive])
    np.testing.assert_allclose(found, exact.outputs(whole, inputs, weights), atol=1e-12)
    assert len(found) == 15


def test_under_loss_two_clicks_are_counted_as_in_a_plain_computation() -> None:
    made = published("photonic-qgan:lossy")
    circuit = made.block.circuit
    assert circuit.n_outputs == 10
    with torch.no_grad():
        made.painted(torch.full((1, 1), 0.7))
        assert made.block.execution == Execution(noise=PhotonicNoise(transmission=0.08, indistinguishability=0.92))
        found = made.block(torch.full((1, 1), 0.7))[0].view(4, 10)
    for copy in range(4):
        weights = made.block.weights[copy].detach().double().numpy()
        expected = exact.outputs(circuit, np.array([0.7]), weights, made.noise)
        np.testing.assert_allclose(found[copy], expected, atol=1e-4)


def test_parts_are_put_in_the_middle_as_in_the_code() -> None:
    assert fitted(torch.arange(1.0, 16.0), 16).tolist() == [0.0, *range(1, 16)]
    assert fitted(torch.arange(1.0, 11.0), 16).tolist() == [0.0] * 3 + [*range(1, 11)] + [0.0] * 3
    assert fitted(torch.arange(15.0), 12).tolist() == list(range(1, 13))


@pytest.mark.parametrize(("released", "bright"), [(True, True), (False, False)])
def test_only_the_released_one_always_has_a_white_pixel_in_each_part(released: bool, bright: bool) -> None:
    made = gan(PhotonicQgan.Hyper(released=released))
    with torch.no_grad():
        made.brightness.fill_(0.5)
        largest = made.painted(torch.linspace(0, 6, 9)[:, None]).view(9, 4, 16).amax(dim=2)
    assert bool((largest == 1).all()) is bright
    assert bool((largest < 1).all()) is not bright


def test_the_slope_along_a_direction_is_that_of_the_gradient() -> None:
    made, noise = (
        gan(PhotonicQgan.Hyper(released=True)).double(),
        torch.rand(4, 1, generator=torch_generator(1)).double(),
    )
    made._fooled(noise).backward()
    gradient = made.block.weights.grad
    (slope,) = slope_along_one([made.block.weights], lambda: made._fooled(noise), 1e-6, torch_generator(2))
    along = float((gradient * slope.sign()).sum())
    assert float(slope.abs().max()) == pytest.approx(abs(along), rel=0.02)


def test_perturbations_move_the_angles_with_the_gain_of_the_first_and_leave_the_critic_its_own_rate() -> None:
    made = gan(PhotonicQgan.Hyper(released=True))
    before, critic = made.block.weights.clone(), made.critic[0].weight.clone()
    losses = one_step(made, 0)
    gain = float(made.gain)
    assert 10 <= gain <= 100
    assert losses["generator"].isfinite()
    assert not torch.equal(made.block.weights, before)
    assert not torch.equal(made.critic[0].weight, critic)
    one_step(made, 1)
    assert float(made.gain) == gain


def test_noise_about_small_probabilities_is_no_control() -> None:
    with pytest.raises(NoControlError, match="clipped"):
        published("photonic-qgan", control="random")


def test_gradients_reach_angles_and_brightness() -> None:
    made = gan(PhotonicQgan.Hyper())
    before = made.block.weights.clone(), made.brightness.clone()
    for step in range(2):
        one_step(made, step)
    assert not any(torch.equal(*pair) for pair in zip(before, (made.block.weights, made.brightness), strict=True))
