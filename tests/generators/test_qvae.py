"""The quantum variational autoencoder: ``vae`` with a block in its encoder and one in its decoder, and nothing else."""

from __future__ import annotations

import pytest
import torch

from qaugbench import definitions
from qaugbench.cards import TRAINING_KEYS
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.quantum_residual import QuantumResidualBlock
from qaugbench.generators.qvae import Qvae
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.seeds import torch_generator, torch_seeded
from tests.generators.published import published

OWN = ("q", "channels_per_circuit", "layers", "ansatz", "residual")


def without_blocks(state: dict[str, torch.Tensor], names: list[str]) -> list[torch.Tensor]:
    return [value for name, value in state.items() if not name.startswith(tuple(f"{one}." for one in names))]


def test_it_begins_as_vae_with_a_block_on_either_side_of_the_code() -> None:
    own, classical = published("qvae"), published("vae")
    blocks = [name for name, module in own.named_modules() if isinstance(module, QuantumResidualBlock)]
    assert blocks == [f"encoder.{len(own.encoder) - 2}", "decoder.1"]
    pairs = zip(without_blocks(own.state_dict(), blocks), classical.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("track", ["smoke", "lite", "standard", "full"])
def test_its_training_and_its_network_are_those_of_vae(track: str) -> None:
    own, classical = (definitions.generator_card(name).settings(track) for name in ("qvae", "vae"))
    assert {key: value for key, value in own.items() if key not in OWN} == classical
    assert set(own) & set(TRAINING_KEYS) == set(classical) & set(TRAINING_KEYS)
    tuned = [definitions.generator_card(name).tune for name in ("qvae", "vae")]
    assert tuned[0] == tuned[1]


@pytest.mark.parametrize("control", ["twin", "no-entanglement", "frozen"])
def test_a_control_differs_in_the_circuits_alone(control: str) -> None:
    own, other = published("qvae"), published("qvae", control=control)
    shared = [name for name in own.state_dict() if ".block." not in name]
    assert shared == [name for name in other.state_dict() if ".block." not in name]
    assert all(torch.equal(own.state_dict()[name], other.state_dict()[name]) for name in shared)


def test_twin_and_circuits_have_as_many_parameters_within_five_per_cent() -> None:
    sizes = {control: trainable_parameters(published("qvae", control=control)) for control in ("none", "twin")}
    assert sizes["none"] > trainable_parameters(published("vae"))
    assert sizes["twin"] == pytest.approx(sizes["none"], rel=0.05)


def test_gradients_reach_every_circuit_and_everything_before_it() -> None:
    made = published("qvae")
    points = torch.rand(4, *made.shape, generator=torch_generator(0)) * 2 - 1
    labels = torch.eye(3)[[0, 1, 2, 0]]
    mean, log_variance = made.encode(points, labels)
    (made.decode(mean + log_variance, labels) - points).square().sum().backward()
    for name, parameter in made.named_parameters():
        if name.startswith("prior"):
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_a_grid_that_cannot_be_cut_into_squares_is_refused() -> None:
    with pytest.raises(DefinitionError, match="the coarsest grid is 1x1"), torch_seeded(1):
        Qvae((1, 16, 16), 3, Qvae.Hyper(channels=(4, 4, 4, 4)), CircuitLayers(seed=1))
