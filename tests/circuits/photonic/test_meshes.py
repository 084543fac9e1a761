from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.interferometer import Interferometer
from qaugbench.circuits.photonic.meshes import count_weights, drop_dead, phase_encoding, rectangular, triangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.seeds import torch_generator

MESHES = [rectangular, triangular]


def matrix(components: list[Component], n_modes: int, weights: torch.Tensor) -> torch.Tensor:
    """Return the unitary of components without inputs, complex [n_modes, n_modes]."""
    circuit = PhotonicCircuit(n_modes, components, [1] * n_modes, PhotonicReadout("counts"))
    made = Interferometer(circuit, range(n_modes), PhotonicNoise()).double()
    return made(torch.zeros(1, 1, 0, dtype=torch.float64), weights[None])[0, :, :, 0]


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("n_modes", [2, 3, 4, 5])
def test_mesh_with_output_phases_reaches_every_unitary_nearby(mesh: type[rectangular], n_modes: int) -> None:
    components = mesh(n_modes, output_phases=True)
    weights = 6 * torch.rand(count_weights(components), generator=torch_generator(n_modes), dtype=torch.float64)
    unitary = matrix(components, n_modes, weights)
    np.testing.assert_allclose(unitary @ unitary.mH, np.eye(n_modes), atol=1e-12)
    jacobian = torch.autograd.functional.jacobian(lambda w: torch.view_as_real(matrix(components, n_modes, w)), weights)
    assert len(weights) == n_modes**2 == int(torch.linalg.matrix_rank(jacobian.flatten(0, 2), rtol=1e-8))


@pytest.mark.parametrize("mesh", MESHES)
def test_cells_lie_next_to_each_other_as_deep_as_their_papers_say(mesh: type[rectangular]) -> None:
    splitters = [component.modes for component in mesh(5) if len(component.modes) == 2]
    assert all(lower == upper + 1 for upper, lower in splitters)
    assert len(splitters) == 10
    depth = dict.fromkeys(range(5), 0)
    for pair in splitters:
        depth |= dict.fromkeys(pair, max(depth[mode] for mode in pair) + 1)
    assert max(depth.values()) == (5 if mesh is rectangular else 7)


def test_encoding_puts_an_input_on_each_mode() -> None:
    encoding = phase_encoding([2, 0], scale=0.5, first_input=1, offset=0.25)
    assert [str(component).split(maxsplit=2) for component in encoding] == [
        ["PS", "2", "0.25 + 0.5*x[1]"],
        ["PS", "0", "0.25 + 0.5*x[2]"],
    ]


@pytest.mark.parametrize("state", [(1, 0, 1, 0), (0, 0, 2, 0), (1, 1, 1, 1)])
def test_dropping_what_is_dead_changes_no_output_and_leaves_nothing_dead(state: tuple[int, ...]) -> None:
    whole = rectangular(4, output_phases=True) + phase_encoding(range(4))
    whole += triangular(4, first_weight=count_weights(whole), output_phases=True)
    kept = drop_dead(whole, state)
    circuits = [PhotonicCircuit(4, parts, state, PhotonicReadout("probabilities")) for parts in (whole, kept)]
    generator = torch_generator(1)
    inputs = torch.randn(1, 3, 4, generator=generator, dtype=torch.float64)
    weights = torch.randn(1, circuits[0].n_weights, generator=generator, dtype=torch.float64).requires_grad_()
    outputs = build_executor(circuits[0], IDEAL).double()(inputs, weights)
    loss = (outputs * torch.randn(outputs.shape, generator=generator, dtype=torch.float64)).sum()
    is_live = torch.autograd.grad(loss, weights)[0][0].abs() > 1e-10
    assert int(is_live.sum()) == circuits[1].n_weights < circuits[0].n_weights
    again = build_executor(circuits[1], IDEAL).double()(inputs, weights[:, is_live])
    torch.testing.assert_close(outputs, again, atol=1e-12, rtol=0)


def test_shared_weights_stay_shared_when_others_are_dropped() -> None:
    parts = [
        Component("PS", [0], Angle.weight(0)),
        Component("BS.H", [0, 1], Angle.weight(2)),
        Component("PS", [1], Angle.weight(1)),
    ]
    parts += [Component("BS.H", [0, 1], Angle.weight(2)), Component("PS", [1], Angle.weight(3))]
    kept = drop_dead(parts, [1, 0])
    assert [dict(component.angle.weights) for component in kept] == [{1: 1.0}, {0: 1.0}, {1: 1.0}]
