"""The quantum residual block of QLDM."""

from __future__ import annotations

import pytest
import torch

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.qldm import QHalfBlock, Qldm, QResBlock
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.latent import Latents
from qaugbench.seeds import torch_seeded


@pytest.fixture
def block() -> QResBlock:
    with torch_seeded(1):
        halves = [QHalfBlock(16, 12, QuantumBlock(qldm_circuit(8, 2), copies=2), 4) for _ in range(2)]
    return QResBlock(*halves)


def test_gradients_reach_every_weight_of_both_halves_and_the_input(block: QResBlock) -> None:
    grid, time = torch.randn(6, 16, 2, 2).requires_grad_(), torch.randn(6, 12)
    block(grid, time).square().sum().backward()
    assert grid.grad is not None
    assert (grid.grad != 0).all()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad.abs() > 1e-9).all(), name


def test_a_circuit_sees_its_own_channels_only(block: QResBlock) -> None:
    """The first circuit reads channels 0 and 1: its eight outputs do not move with channels 2 and 3."""
    half = block.first
    half.norm = torch.nn.Identity()
    half.convolution = torch.nn.Identity()
    grid, time = torch.randn(5, 16, 2, 2), torch.zeros(5, 12)
    moved = grid.clone()
    moved[:, 2:4] += 0.5
    difference = (half(grid, time) - half(moved, time)).abs().amax(dim=(0, 2, 3))
    assert (difference[:2] == 0).all()
    assert (difference[2:4] > 1e-4).all()


def model(control: str = "none", **hyper: int) -> Model:
    space = Latents((32, 32, 1), Latents.Hyper())
    return Model(Recipe(Qldm, Qldm.Hyper(**hyper), Training(), control), space, 4)


def test_hyper_parameters_set_the_circuits() -> None:
    found = model(copies=3, channels_per_circuit=3, layers=2)
    assert [(block.copies, block.circuit.n_wires) for block in found.circuits] == [(3, 12), (3, 12)]
    weights = sum(block.weights.numel() for block in found.circuits)
    assert found.parameter_counts()["block"] == weights == 2 * 3 * 12 * (3 * 2 - 1)


def test_circuits_that_fill_the_bottleneck_are_refused() -> None:
    with pytest.raises(DefinitionError, match="48 channels, but the bottleneck has 48"):
        model(copies=24)


def test_an_unknown_control_is_answered_with_near_names() -> None:
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        model("twins")
