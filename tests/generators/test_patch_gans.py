"""Patch quantum GANs: circuits and parameters as published, which pixel is which state, and what division by the largest makes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.shared.non_saturating import non_saturating_step
from qaugbench.generators.shared.patch_circuits import PatchCircuits, patch_circuit
from qaugbench.seeds import torch_generator, torch_seeded
from tests.circuits import papers
from tests.generators.published import published

NAMES = ("patch-qgan", "pqwgan", "andra-qgan")


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("name", "side", "patches", "weights", "brightness", "critic"),
    [
        ("patch-qgan", 8, 4, 120, 4, 64 * 64 + 64 + 64 * 16 + 16 + 16 + 1),
        ("patch-qgan:as-released", 8, 4, 120, 0, 64 * 64 + 64 + 64 * 16 + 16 + 16 + 1),
        ("pqwgan", 28, 28, 5_040 - 168, 28, 533_505),
        ("pqwgan:as-released", 28, 28, 5_040, 0, 533_505),
        ("andra-qgan", 32, 16, 16 * 10 * 8, 16, 1024 * 64 + 64 * 32 + 32 * 16 + 16 * 8 + 8 + 64 + 32 + 16 + 8 + 1),
    ],
)
def test_parameters_are_as_many_as_published(
    name: str, side: int, patches: int, weights: int, brightness: int, critic: int
) -> None:
    made = published(name, track="lite")
    assert made.shape == (1, side, side)
    assert made.generator.block.copies == patches
    assert trainable_parameters(made.generator.block) == weights
    assert trainable_parameters(made.generator) == weights + brightness
    assert trainable_parameters(made.critic) == critic


@pytest.mark.parametrize(("name", "circuit"), [("patch-qgan", papers.patch_gan()), ("pqwgan", papers.pqwgan())])
def test_the_released_circuit_is_the_published_one(name: str, circuit: object) -> None:
    """But for the readout: theirs is given that the ancilla is 0, which division by the largest cancels."""
    found = published(f"{name}:as-released", track="lite").generator.block.circuit
    assert found.gates == circuit.gates
    assert found.readout == Readout.probabilities()


def test_the_circuits_of_andra_have_seven_qubits_and_an_ancilla() -> None:
    made = published("andra-qgan", track="lite").generator
    assert made.block.circuit.gates == papers.patch_gan(8, 10).gates
    assert (made.states, made.pixels) == (128, 64)


def test_without_its_last_rotations_about_z_the_circuit_of_pqwgan_draws_the_same() -> None:
    whole, short = (published(name, track="lite").generator.block for name in ("pqwgan:as-released", "pqwgan"))
    last = torch.arange(54, 72).view(6, 3)  # the angles of Rot on each wire in the last of ten layers are 162 to 179
    before, ends = whole.weights[:, :162], whole.weights[:, 108 + last]
    short.weights.data = torch.cat([before, ends[..., 0], ends[..., 1]], dim=1)
    noise = torch.rand(3, 6, generator=torch_generator(0))
    torch.testing.assert_close(whole(noise), short(noise))


def circuits_of(patches: int, wires: int, side: int, *, channels: int = 1, stretched: bool = False) -> PatchCircuits:
    with torch_seeded(3):
        return PatchCircuits(
            (channels, side, side), patches, patch_circuit(wires, 2), CircuitLayers(), stretched=stretched
        )


def test_pixels_are_probabilities_with_the_ancilla_at_zero_row_by_row() -> None:
    made = circuits_of(2, 3, 2, channels=2)  # two pixels of four states
    noise = torch.rand(5, 3, generator=torch_generator(1))
    made.log_brightness.data = torch.tensor([[0.0], [math.log(2.0)], [0.0], [math.log(3.0)]])
    images, states = made(noise), made.block(noise).view(5, 4, 8)
    torch.testing.assert_close(images[:, 0, 0], states[:, 0, :2])
    torch.testing.assert_close(images[:, 0, 1], 2 * states[:, 1, :2])
    torch.testing.assert_close(images[:, 1, 1], 3 * states[:, 3, :2])


def test_it_starts_at_half_grey_on_average() -> None:
    """Over noise all around the circle, the ancilla is 0 about half of the time."""
    drawn = circuits_of(16, 5, 16)(2 * math.pi * torch.rand(500, 5, generator=torch_generator(2)))
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("stretched", [True, False])
def test_only_division_by_the_largest_makes_a_pixel_of_every_patch_white(stretched: bool) -> None:
    made = circuits_of(4, 5, 8, stretched=stretched)
    if not stretched:
        made.log_brightness.data -= 20.0
    brightest = made(torch.rand(20, 5, generator=torch_generator(4))).view(20, 4, 16).amax(dim=2)
    torch.testing.assert_close(brightest, torch.full_like(brightest, float(stretched)), atol=1e-6, rtol=0)


def test_the_largest_is_that_of_all_states_of_a_patch() -> None:
    made = circuits_of(2, 4, 4, stretched=True)  # eight pixels of eight states
    wider = circuits_of(2, 5, 4, stretched=True)  # eight pixels of sixteen states
    noise = torch.rand(200, 5, generator=torch_generator(5))
    assert made(noise[:, :4]).view(200, 2, 8).amax(dim=2).min().item() == 1.0
    brightest = wider(noise).view(200, 2, 8).amax(dim=2)
    states = wider.block(noise).view(200, 2, 32)[..., :16]
    torch.testing.assert_close(brightest, states[..., :8].amax(dim=2) / states.amax(dim=2))
    assert brightest.min().item() < 1.0


def test_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DefinitionError, match="64 pixels cannot be cut into 3 patches"):
        circuits_of(3, 6, 8)
    with pytest.raises(DefinitionError, match="4 qubits with one ancilla write 8 pixels, but a patch has 16"):
        circuits_of(4, 4, 8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("track", "channels"), [("smoke", 3), ("lite", 1), ("full", 3)])
def test_images_of_every_track_are_drawn(name: str, track: str, channels: int) -> None:
    made = published(name, track=track, channels=channels).eval()
    with torch.no_grad():
        drawn = made.draw(torch.eye(3)[:2], RowRandom(1, range(2)))
    assert drawn.shape == (2, *made.shape)
    assert made.shape[0] == channels
    assert drawn.min() >= -1


def test_the_critic_learns_first_and_the_generator_from_the_changed_critic() -> None:
    """One weight each: real 1, drawn w = 0; the critic's gradient at 0 is (0 - 1) / 2, the generator's -c / 2 at the new c."""
    critic = nn.Linear(1, 1, bias=False)
    weight = nn.Parameter(torch.zeros(1, 1))
    nn.init.zeros_(critic.weight)
    optimizers = {"critic": torch.optim.SGD(critic.parameters(), 0.4), "generator": torch.optim.SGD([weight], 1.0)}
    told = non_saturating_step(critic, torch.ones(1, 1), weight * 1.0, optimizers)
    assert critic.weight.item() == pytest.approx(0.2)
    assert weight.item() == pytest.approx(0.1)
    assert told["critic"].item() == pytest.approx(2 * math.log(2))
    assert told["generator"].item() == pytest.approx(math.log(2))
    assert told["gap"].item() == 0.0


def test_a_step_of_pqwgan_takes_five_of_its_critic() -> None:
    made = published("pqwgan")
    optimizers = made.optimizers(Training(learning_rate=0.01))
    random = torch_generator(6)
    made.step(Batch(torch.rand(10, 1, 28, 28, generator=random), torch.ones(10, 3), 0, 1), optimizers, random)
    steps = {name: int(next(iter(one.state.values()))["step"]) for name, one in optimizers.items()}
    assert steps == {"critic": 5, "generator": 1}
    assert {name: one.param_groups[0]["lr"] for name, one in optimizers.items()} == {"critic": 2e-4, "generator": 0.01}
