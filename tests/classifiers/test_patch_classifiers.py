"""HQCNN and DAQCNN: filters equal PennyLane's, the analog block is the evolution it stands for, grey and colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from torch import nn

from qaugbench.circuits.audit.reference_state import final_states
from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.controls.twin import ClassicalTwin
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Trained
from qaugbench.classifiers.daqcnn import GRAPHS, Daqcnn, analog_block, filter_circuit
from qaugbench.classifiers.hqcnn import DepthwiseSeparable, Hqcnn
from qaugbench.classifiers.shared.patch_filters import PatchFilters
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.seeds import torch_generator, torch_seeded

qml = pytest.importorskip("pennylane")


def made(kind: type[Trained], shape: tuple[int, ...] = (1, 8, 8), control: str = "none", **hyper: object) -> Trained:
    with torch_seeded(1):
        return kind(shape, 3, kind.Hyper(**hyper), CircuitLayers(control, 1)).eval()


def images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch_generator(2))


def loop(shape: tuple[int, ...], pictures: torch.Tensor, read: Callable[[torch.Tensor], list[float]]) -> torch.Tensor:
    """Return the channels of each 2x2 patch, one after another, of images of one colour."""
    n, _, side, _ = pictures.shape
    found = torch.empty(n, *shape)
    for image in range(n):
        for row in range(side // 2):
            for column in range(side // 2):
                patch = pictures[image, 0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                found[image, :, row, column] = torch.tensor(read(patch.flatten()))
    return found


def test_hqcnn_encodes_patches_as_pennylane_does_on_the_same_weights() -> None:
    found, pictures = made(Hqcnn, (1, 4, 4)), images(2, 1, 4, 4)
    weights = [block.weights.detach().view(2, 4) for block in found.encode.blocks]

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit(pixels: torch.Tensor, layers: torch.Tensor) -> object:
        qml.AngleEmbedding(np.pi * pixels.numpy(), wires=range(4), rotation="Y")
        for layer in layers.numpy():
            for wire in range(4):
                qml.RY(layer[wire], wire)
            for wire in range(4):
                qml.CNOT([wire, (wire + 1) % 4])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    theirs = loop((8, 2, 2), pictures, lambda patch: [float(z) for one in weights for z in circuit(patch, one)])
    torch.testing.assert_close(found.encode(pictures), theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_analog_block_comes_near_the_evolution_that_it_stands_for(graph: str) -> None:
    """The error of a symmetric product falls to about a quarter when its steps are halved."""
    errors = [np.linalg.norm(unitary(graph, steps) - exact(graph), 2) for steps in (4, 8)]
    assert errors[0] < 0.25
    assert 3.5 < errors[0] / errors[1] < 4.5


def unitary(graph: str, steps: int) -> np.ndarray:
    """Return what the gates of the block do to each basis state, column by column."""
    columns = []
    for state in range(16):
        ones = [Gate("X", (wire,)) for wire in range(4) if state >> (3 - wire) & 1]
        circuit = Circuit(4, (*ones, *analog_block(graph, 1.0, 1.0, 1.0, steps)), Readout.each_wire(4))
        columns.append(final_states(circuit, np.zeros((1, 0)), np.zeros((1, 0)))[0])
    return np.array(columns).T


def exact(graph: str) -> np.ndarray:
    paulis = {"X": np.array([[0, 1], [1, 0]]), "Z": np.diag([1, -1])}

    def word(letters: dict[int, str]) -> np.ndarray:
        product = np.eye(1)
        for wire in range(4):
            product = np.kron(product, paulis[letters[wire]] if wire in letters else np.eye(2))
        return product

    couplings = sum(word({first: "Z", second: "Z"}) for first, second in GRAPHS[graph])
    return expm(-1j * (couplings + sum(word({wire: "X"}) for wire in range(4))))


def test_daqcnn_filters_patches_as_pennylane_does() -> None:
    found, pictures = made(Daqcnn, (1, 4, 4)), images(1, 1, 4, 4)

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit(pixels: torch.Tensor, graph: str) -> object:
        qml.AngleEmbedding(np.pi * pixels.numpy(), wires=range(4), rotation="Y")
        couplings = [qml.PauliZ(first) @ qml.PauliZ(second) for first, second in GRAPHS[graph]]
        field = [qml.PauliX(wire) for wire in range(4)]
        hamiltonian = qml.Hamiltonian([1.0] * (len(couplings) + 4), couplings + field)
        qml.evolve(hamiltonian, coeff=1.0)
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    fine = made(Daqcnn, (1, 4, 4), steps_of_evolution=64)
    theirs = loop((16, 2, 2), pictures, lambda patch: [float(z) for graph in GRAPHS for z in circuit(patch, graph)])
    torch.testing.assert_close(fine.filter(pictures), theirs, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.filter(pictures), theirs, atol=0.15, rtol=0)


def test_without_a_field_every_expectation_is_the_cosine_of_its_own_pixel() -> None:
    filters = PatchFilters((1, 4, 4), CircuitLayers(), [filter_circuit("complete", 1.0, 1.0, 0.0, 4)])
    pictures = images(1, 1, 4, 4)
    expected = torch.cos(torch.pi * nn.functional.pixel_unshuffle(pictures, 2))
    torch.testing.assert_close(filters(pictures), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [Hqcnn, Daqcnn])
def test_colours_pass_through_the_same_circuits_one_by_one(kind: type[Trained]) -> None:
    colour, grey = made(kind, (3, 8, 8)), made(kind, (1, 8, 8))
    pictures, random = images(2, 3, 8, 8), torch_generator(1)
    filters, one = (getattr(network, "encode", None) or network.filter for network in (colour, grey))
    apart = torch.cat([one(pictures[:, [channel]]) for channel in range(3)], dim=1)
    torch.testing.assert_close(filters(pictures), apart)
    assert colour(pictures, random).shape == (2, 3)


def test_the_filters_of_daqcnn_are_not_trained_and_neither_are_those_of_their_twin() -> None:
    for control in ("none", "twin"):
        found = made(Daqcnn, control=control).train()
        found(images(2, 1, 8, 8), torch_generator(1)).sum().backward()
        assert not found.filter(images(2, 1, 8, 8)).requires_grad
        assert all(p.grad is not None for p in found.network.parameters())


def test_the_twin_of_daqcnn_is_as_many_fixed_random_filters() -> None:
    found = made(Daqcnn, control="twin")
    assert [type(block) for block in found.filter.blocks] == [ClassicalTwin] * 4
    pictures = images(2, 1, 8, 8)
    assert found.filter(pictures).shape == made(Daqcnn).filter(pictures).shape


def test_trained_filters_have_the_channels_of_the_circuits() -> None:
    found = made(Daqcnn, (3, 8, 8), trained_filters=True)
    assert found.filter(images(1, 3, 8, 8)).shape == (1, 48, 4, 4)
    assert all(p.requires_grad for p in found.filter.parameters())


def test_a_depthwise_separable_convolution_has_the_parameters_of_its_two_factors() -> None:
    block = DepthwiseSeparable(8, 32)
    assert sum(p.numel() for p in block.parameters()) == 8 * 9 + 8 * 32 + 2 * 32


def test_images_of_an_odd_side_are_refused() -> None:
    with pytest.raises(DefinitionError, match="do not fill images of 9"):
        made(Hqcnn, (1, 9, 9))
