"""The quantum residual block: its shapes, its share of channels through circuits, and the way of gradients."""

from __future__ import annotations

import doctest
import itertools

import pytest
import torch
from torch import nn

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.shared import quantum_residual
from qaugbench.generators.shared.quantum_residual import (
    ANSAETZE,
    QuantumHalfBlock,
    QuantumPart,
    QuantumResidualBlock,
    from_squares,
    in_squares,
    residual_circuit,
)
from qaugbench.seeds import torch_seeded

WIDTH, TIME = 16, 12


def block(time_width: int = TIME, control: str = "none", **part: object) -> QuantumResidualBlock:
    with torch_seeded(1):
        settings = QuantumPart(**{"layers": 2, **part})  # type: ignore[arg-type]
        return QuantumResidualBlock(WIDTH, CircuitLayers(control), settings, time_width=time_width)


def test_examples_hold() -> None:
    assert doctest.testmod(quantum_residual).failed == 0


@pytest.mark.parametrize(("q", "copies"), [(0.01, 1), (0.125, 1), (0.25, 2), (0.3, 2), (0.5, 4), (0.95, 8), (1.0, 8)])
def test_circuits_take_the_share_of_channels_that_is_asked_for(q: float, copies: int) -> None:
    assert QuantumPart(q).copies(WIDTH) == copies
    half = block(q=q).first
    assert (half.block.copies, half.block.in_features, half.block_width) == (copies, 8 * copies, 2 * copies)
    assert isinstance(half.convolution, nn.Conv2d) == (copies < 8)


def test_channels_that_no_circuit_can_take_go_through_the_convolution() -> None:
    half = block(q=1.0, channels_per_circuit=3, layers=1).first
    assert (half.block.copies, half.block_width) == (5, 15)
    assert half.convolution is not None
    assert half.convolution.weight.shape == (1, 1, 3, 3)


@pytest.mark.parametrize(("side", "time_width"), [(2, TIME), (4, 0), (6, TIME)])
def test_the_shape_stays_on_every_even_grid(side: int, time_width: int) -> None:
    grid, time = torch.randn(3, WIDTH, side, side), torch.randn(3, TIME) if time_width else None
    assert block(time_width, q=0.5, layers=1)(grid, time).shape == grid.shape


def test_a_grid_of_an_odd_side_is_refused() -> None:
    with pytest.raises(DefinitionError, match="its side must be even; it is 5"):
        block(0)(torch.randn(1, WIDTH, 5, 5))


def test_squares_are_the_sites_of_the_grid_and_come_back() -> None:
    grid = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    squares = in_squares(grid)
    for n, row, column in itertools.product(range(2), range(2), range(2)):
        found = squares[4 * n + 2 * row + column]
        assert torch.equal(found, grid[n, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2])
    assert torch.equal(from_squares(squares, 4), grid)


def test_every_square_passes_through_the_same_circuits() -> None:
    """Without a norm over the grid, a grid of equal squares becomes a grid of equal squares, as each alone would."""
    half = block(0, q=1.0).first
    half.norm = nn.Identity()
    square = torch.randn(2, WIDTH, 2, 2)
    torch.testing.assert_close(half(square.repeat(1, 1, 3, 3)), half(square).repeat(1, 1, 3, 3))


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("q", [0.25, 1.0])
def test_gradients_reach_every_weight_of_both_halves_and_the_input(q: float, residual: bool) -> None:
    grid, time = torch.randn(6, WIDTH, 2, 2).requires_grad_(), torch.randn(6, TIME)
    found = block(q=q, residual=residual)
    found(grid, time).square().sum().backward()
    assert grid.grad is not None
    assert (grid.grad != 0).all()
    for name, parameter in found.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad.abs() > 1e-9).all(), name


def test_the_residual_path_is_the_grid_itself() -> None:
    grid, time = torch.randn(2, WIDTH, 2, 2), torch.randn(2, TIME)
    torch.testing.assert_close(block()(grid, time) - block(residual=False)(grid, time), grid, atol=1e-6, rtol=0)


def test_a_circuit_sees_its_own_channels_only() -> None:
    """The first circuit reads channels 0 and 1: its eight outputs do not move with channels 2 and 3."""
    half = block(q=0.25).first
    half.norm = nn.Identity()
    half.convolution = nn.Identity()  # type: ignore[assignment]
    grid, time = torch.randn(5, WIDTH, 2, 2), torch.zeros(5, TIME)
    moved = grid.clone()
    moved[:, 2:4] += 0.5
    difference = (half(grid, time) - half(moved, time)).abs().amax(dim=(0, 2, 3))
    assert (difference[:2] == 0).all()
    assert (difference[2:4] > 1e-4).all()


@pytest.mark.parametrize("control", ["twin", "no-entanglement", "frozen"])
def test_a_control_changes_the_circuits_alone(control: str) -> None:
    own, other = (dict(block(q=0.5, control=name).named_parameters()) for name in ("none", control))
    shared = [name for name in own if ".block." not in name]
    assert shared == [name for name in other if ".block." not in name]
    assert all(torch.equal(own[name], other[name]) for name in shared)


def test_ansaetze_have_these_weights_on_two_channels() -> None:
    weights = {name: residual_circuit(name, 8, 3).n_weights for name in ANSAETZE}
    assert weights == {
        "nearest-neighbour": 8 * (3 * 3 - 1),
        "strongly-entangling": 8 * (3 * 3 - 1),
        "hqconv": 3 * (2 * 8 + 2),
        "fqconv": 3 * 2 * 8,
        "hardware-efficient": 3 * 8,
    }
    assert residual_circuit("nearest-neighbour", 8, 3) == qldm_circuit(8, 3)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"q": 0.0}, r"share of channels that pass through circuits, in \(0, 1\]; given 0.0"),
        ({"q": 1.5}, "given 1.5"),
        ({"channels_per_circuit": 17}, "cannot take 17 of 16 channels"),
        ({"ansatz": "hq-conv"}, "no ansatz 'hq-conv'.*Did you mean 'hqconv'"),
    ],
)
def test_what_cannot_be_built_is_refused(part: dict[str, object], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        block(**part)  # type: ignore[arg-type]


def test_half_blocks_are_found_in_the_block() -> None:
    assert [type(half) for half in block().children()] == [QuantumHalfBlock, QuantumHalfBlock]
