"""Quantum hybrid diffusion: its size and circuits as published, the defects of the released code, and the transfer."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

import pennylane as qml
import pytest
import torch

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.qhdm import Qhdm, quantum_block
from qaugbench.generators.shared.model import Model, Recipe, trainable_parameters
from qaugbench.generators.shared.vertex_circuits import QuantumHalf, spare_circuit, vertex_circuit
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.seeds import torch_generator, torch_seeded
from qaugbench.testing.images import bright_quadrants
from tests.generators.published import published

WIRES = 12


def made(side: int = 8, n_labels: int = 3, **settings: object) -> Qhdm:
    with torch_seeded(1):
        return Qhdm((1, side, side), n_labels, Qhdm.Hyper(**settings), CircuitLayers("none", 1))  # type: ignore[arg-type]


def in_circuits(generator: Qhdm) -> int:
    return sum(trainable_parameters(block) for block in generator.modules() if isinstance(block, QuantumBlock))


@pytest.mark.parametrize(
    ("settings", "total", "circuits"),
    [
        ({"vertex": "classical"}, 483_321, 0),
        ({"q": 1}, 475_329, 336),
        ({"q": 1, "ansatz": "fqconv"}, 475_281, 288),
        ({"q": 5}, 449_841, 1_680),
        ({"q": 5, "ansatz": "fqconv"}, 449_601, 1_440),
        ({"q": 10}, 432_561, 3_360),
        ({"q": 10, "ansatz": "fqconv"}, 432_081, 2_880),
        ({"q": 13}, 429_993, 4_432),  # 13 circuits of 84 weights and one of 16, in four halves
        ({"q": 1, "released": True}, 475_329, 336),
    ],
)
def test_parameters_are_as_many_as_in_the_released_code(settings: dict[str, object], total: int, circuits: int) -> None:
    """On MNIST, whose images have 28 pixels; labels add a linear layer to the 40 numbers of the time embedding."""
    found = made(28, n_labels=4, **settings)
    labels = trainable_parameters(found.denoiser.network.labels)
    assert (trainable_parameters(found) - labels, labels, in_circuits(found)) == (total, 40 * 4 + 40, circuits)


def as_in_the_code(name: str, theta: torch.Tensor) -> None:
    """Apply one layer: HQConv with its rings, which the released code leaves out, or FQConv."""
    wires, turns = range(WIRES), iter(theta)
    if name == "hqconv":
        for last in (12, 8, 4):
            group = wires[last - 4 : last]
            for target in (3, 2, 1, 0):
                _linked(next(turns), next(turns), group[(target + 1) % 4], group[target])
    if name != "fqconv":
        for last in (11, 7):
            _linked(next(turns), next(turns), wires[last - 7], wires[last - 3])
        return
    for last in (11, 7, 3):
        controls, targets = [(last + j) % WIRES for j in range(1, 5)], wires[last - 3 : last + 1]
        for gate in (qml.CRZ, qml.CRX):
            for site in (3, 2, 1, 0):
                gate(next(turns), wires=[controls[site], targets[site]])


def _linked(first: torch.Tensor, second: torch.Tensor, control: int, target: int) -> None:
    qml.CRZ(first, wires=[control, target])
    qml.CRX(second, wires=[control, target])


def from_pennylane(name: str, values: torch.Tensor, layers: Sequence[torch.Tensor]) -> torch.Tensor:
    @qml.qnode(qml.device("default.qubit", wires=WIRES))
    def measured() -> list[object]:
        qml.AngleEmbedding(values, wires=range(WIRES))
        for theta in layers:
            as_in_the_code(name, theta)
        return [qml.expval(qml.PauliZ(wire)) for wire in range(WIRES)]

    return torch.stack([torch.as_tensor(float(one)) for one in measured()])


def run(circuit: Circuit, values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    block = QuantumBlock(circuit, dtype=torch.float64)
    with torch.no_grad():
        block.weights.copy_(weights.view(1, -1))
        return block(values.view(1, -1))[0]


@pytest.mark.parametrize(("name", "per_layer"), [("hqconv", 28), ("fqconv", 24)])
def test_the_circuit_is_that_of_the_paper(name: str, per_layer: int) -> None:
    """Gate by gate in the order of the released code, on the same weights."""
    circuit = vertex_circuit(name, 3)  # type: ignore[arg-type]
    values, weights = (
        torch.rand(n, generator=torch_generator(n), dtype=torch.float64) for n in (12, circuit.n_weights)
    )
    assert circuit.n_weights == 3 * per_layer
    weights = 2 * math.pi * weights
    expected = from_pennylane(name, values, weights.view(3, per_layer))
    torch.testing.assert_close(run(circuit, values, weights).float(), expected, atol=1e-5, rtol=0)


def test_the_released_circuit_applies_four_of_its_28_gates_a_layer() -> None:
    circuit = vertex_circuit("hqconv", 3, released=True)
    values, weights = (torch.rand(n, generator=torch_generator(n), dtype=torch.float64) for n in (12, 84))
    assert (circuit.n_weights, len(circuit.gates)) == (84, 12 + 3 * 4)
    expected = from_pennylane("released", values, weights.view(3, 28)[:, :4])
    torch.testing.assert_close(run(circuit, values, weights).float(), expected, atol=1e-5, rtol=0)
    assert vertex_circuit("fqconv", 3, released=True) == vertex_circuit("fqconv", 3)


def test_a_single_channel_goes_through_four_layers_of_rx_and_a_ring() -> None:
    circuit = spare_circuit()
    values, weights = (torch.rand(n, generator=torch_generator(n), dtype=torch.float64) for n in (4, 16))

    @qml.qnode(qml.device("default.qubit", wires=4))
    def measured() -> list[object]:
        qml.AngleEmbedding(values, wires=range(4))
        for theta in weights.view(4, 4):
            for wire in range(4):
                qml.RX(theta[wire], wires=wire)
            for wire in range(4):
                qml.CNOT(wires=[wire, (wire + 1) % 4])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    expected = torch.stack([torch.as_tensor(float(one)) for one in measured()])
    torch.testing.assert_close(run(circuit, values, weights).float(), expected, atol=1e-5, rtol=0)


class Recorded(torch.nn.Module):
    """Stands where a block would: keeps what it is given, and returns it."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.values = values
        return values


@pytest.mark.parametrize(("released", "order"), [(False, "qcs"), (True, "qsc")])
def test_a_circuit_reads_channel_by_channel_and_as_released_site_by_site(*, released: bool, order: str) -> None:
    """What it returns stands where what it read stood."""
    half = QuantumHalf(40, CircuitLayers(), q=2, ansatz="hqconv", layers=1, released=released)
    half.block = Recorded()  # type: ignore[assignment]
    grid = torch.randn(3, 40, 2, 2, generator=torch_generator(1))
    torch.testing.assert_close(half.measured(grid), grid[:, :6])
    by_axis = grid[:, :6].reshape(3, 2, 3, 4)
    expected = by_axis if order == "qcs" else by_axis.transpose(2, 3)
    assert torch.equal(half.block.values, expected.flatten(1))


@pytest.mark.parametrize(
    ("settings", "live"),
    [
        ({}, [84, 84]),
        ({"ansatz": "fqconv"}, [72, 72]),
        ({"released": True}, [12, 0]),
        ({"released": True, "ansatz": "fqconv"}, [72, 0]),
    ],
)
def test_gradient_reaches_every_weight_and_as_released_few_of_the_first_circuit(
    settings: dict[str, object], live: list[int]
) -> None:
    with torch_seeded(1):
        block = quantum_block(Qhdm.Hyper(**settings), CircuitLayers("none", 1))  # type: ignore[arg-type]
    grid, time = torch.randn(4, 40, 2, 2, generator=torch_generator(1)), torch.randn(4, 40)
    block(grid, time)[:, :3].square().sum().backward()
    weights = [half.block.weights.grad for half in (block.first, block.second)]
    assert [0 if one is None else int((one.abs() > 1e-9).sum()) for one in weights] == live


def test_the_vertex_alone_differs_from_the_classical_one() -> None:
    """At equal seeds, all other weights start the same."""
    quantum, classical = (made(vertex=vertex).state_dict() for vertex in ("quantum", "classical"))
    shared = {name for name in classical if ".vertex." not in name}
    assert shared == {name for name in quantum if ".vertex." not in name}
    assert all(torch.equal(quantum[name], classical[name]) for name in shared)


def test_the_classical_variant_says_so_and_has_no_controls() -> None:
    card = definitions.generator_card("qhdm:classical")
    assert (card.kind, card.controls) == ("classical", ())
    assert not [part for part in published("qhdm:classical").modules() if isinstance(part, Block)]


@pytest.mark.parametrize("side", [8, 12, 16, 28, 32])
def test_every_grid_comes_to_a_vertex_of_four_sites(side: int) -> None:
    found = made(side, vertex="classical")
    seen: list[tuple[int, ...]] = []
    found.denoiser.network.vertex.register_forward_hook(lambda _, given, __: seen.append(tuple(given[0].shape)))
    points, times = torch.zeros(2, 1, side, side), torch.tensor([3, 700])
    assert found.denoiser(points, times, torch.zeros(2, 3)).shape == points.shape
    assert seen == [(2, 40, 2, 2)]


@pytest.mark.parametrize(("track", "side"), [("smoke", 16), ("lite", 32), ("standard", 32), ("full", 28)])
def test_blocks_of_pixels_bring_the_images_of_every_track_to_a_grid_that_fits(track: str, side: int) -> None:
    found = published("qhdm", track=track, channels=3)
    assert found.pixel_blocks.grid[1:] == (side, side)
    pixels = torch.randn(2, *found.shape, generator=torch_generator(1))
    found.pixel_blocks.measure(pixels)
    blocks = found.pixel_blocks.blocks(pixels)
    assert blocks.shape[1:] == found.pixel_blocks.grid
    torch.testing.assert_close(found.pixel_blocks.pixels(blocks), pixels, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("side", "settings", "message"),
    [
        (64, {}, "8 to 32 sites per side, a multiple of 4, but it has 64"),
        (32, {"patch": 3}, "Blocks of 3 pixels per side do not fill images of 32"),
        (32, {"q": 14}, r"14 circuits of 3 channels.*choose q from 1 to 13"),
        (32, {"widths": (10, 20, 40)}, r"four widths, multiples of 10, but was given \[10, 20, 40\]"),
        (32, {"transfer": 1.0}, "transfer is a share of the steps, from 0 and below 1, not 1.0"),
    ],
)
def test_what_does_not_fit_is_refused(side: int, settings: dict[str, object], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        made(side, **settings)


def test_circuits_take_the_place_of_the_classical_vertex_after_their_share_of_the_steps() -> None:
    found = made(q=1, layers=1, transfer=0.5)
    vertex = found.denoiser.network.vertex
    optimizers, moved = found.optimizers(Training(steps=4, batch_size=2)), []
    for step in range(4):
        before = [[one.clone() for one in part.parameters()] for part in (vertex.classical, vertex.quantum)]
        pixels = torch.randn(2, 1, 8, 8, generator=torch_generator(step))
        found.step(Batch(pixels, torch.eye(3)[:2], step, 4), optimizers, torch_generator(step))
        after = [list(part.parameters()) for part in (vertex.classical, vertex.quantum)]
        moved.append([any(map(lambda a, b: not torch.equal(a, b), *pair)) for pair in zip(before, after, strict=True)])
    assert moved == [[True, False], [True, False], [False, True], [False, True]]


class Stopped(Exception):
    """A fit was broken off."""


@pytest.mark.parametrize("stop", [1, 3])
def test_a_transfer_resumes_to_the_bit_before_and_after_the_swap(tmp_path: Path, stop: int) -> None:
    data = bright_quadrants(n=6, size=8)
    hyper = Qhdm.Hyper(q=1, layers=1, transfer=0.5, sampling_steps=2)
    training = Training(steps=4, batch_size=2, average=0.9)

    def fitted(stop: int = 0, checkpoint: Checkpoint | None = None) -> Model:
        def tell(step: int, total: int, loss: float) -> None:
            if step == stop:
                raise Stopped

        model = Model(Recipe(Qhdm, hyper, training), Pixels((8, 8, 1), Pixels.Hyper()), 3)
        model.fit(data, seed=2, progress=tell, checkpoint=checkpoint)
        return model

    checkpoint = Checkpoint(tmp_path, every_s=0.0)
    with contextlib.suppress(Stopped):
        fitted(stop, checkpoint)
    resumed, whole = fitted(checkpoint=checkpoint).state(), fitted().state()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)
