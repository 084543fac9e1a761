from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.devices.binding import bind
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator


def arguments(circuit: Circuit) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch_generator(1)
    inputs = torch.randn(2, 5, circuit.n_inputs, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(2, circuit.n_weights, generator=generator, dtype=torch.float64)


def run_bound(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    binding = bind(circuit)
    angles = binding.values(inputs, weights)
    assert binding.circuit.n_weights == 0
    assert binding.circuit.n_inputs == angles.shape[-1]
    outputs = StateVector(binding.circuit).double()(angles.flatten(0, 1)[None], torch.zeros(1, 0).double())
    return outputs.unflatten(1, angles.shape[:2])[0]


def test_bound_circuit_gives_the_same_outputs() -> None:
    mixed = Angle(0.3, weights=((18, 2.0),), inputs=((1, -0.5), (3, 1.5)))
    gates = [
        *angle_embedding(3),
        *strongly_entangling_layers(3, 2),
        Gate("CRY", (0, 2), (mixed,)),
        Gate("RXX", (1, 2), (mixed,)),
        Gate("RZ", (0,), (Angle.constant(0.4),)),
    ]
    circuit = Circuit(3, gates, Readout.each_wire(3, "ZX"))
    inputs, weights = arguments(circuit)
    assert torch.allclose(run_bound(circuit, inputs, weights), StateVector(circuit).double()(inputs, weights))
    assert bind(circuit).circuit.n_inputs == 3 + 18 + 1


@pytest.mark.parametrize(
    ("n_wires", "wires", "n_features"),
    [(1, (0,), 2), (3, (0, 1, 2), 8), (3, (2, 0, 1), 5), (4, (3, 1), 4), (2, (1,), 1), (5, (4, 2, 0, 1, 3), 29)],
)
def test_rotations_prepare_the_embedded_amplitudes(n_wires: int, wires: tuple[int, ...], n_features: int) -> None:
    gates = strongly_entangling_layers(n_wires, 2)
    circuit = Circuit(n_wires, gates, Readout.each_wire(n_wires, "ZX"), AmplitudeEmbedding(wires, n_features))
    inputs, weights = arguments(circuit)
    inputs[0, 0, 1:] = 0.0
    assert torch.allclose(run_bound(circuit, inputs, weights), StateVector(circuit).double()(inputs, weights))


def test_circuits_without_open_angles_bind_to_nothing() -> None:
    circuit = Circuit(1, [Gate("H", (0,))], Readout.each_wire(1))
    assert bind(circuit).values(torch.zeros(1, 3, 0), torch.zeros(2, 0)).shape == (2, 3, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_angles_that_are_not_finite_are_refused(value: float) -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.each_wire(2))
    inputs = torch.zeros(1, 4, 2)
    inputs[0, 2, 1] = value
    with pytest.raises(CircuitError, match=r"1 sample\(s\) have others, the first at \[copy, sample\] \[0, 2\]"):
        bind(circuit).values(inputs, torch.zeros(1, 0))


def test_an_embedding_of_zeros_is_refused() -> None:
    circuit = Circuit(2, [], Readout.each_wire(2), AmplitudeEmbedding((0, 1), 3))
    with pytest.raises(CircuitError, match="needs one that is not 0"):
        bind(circuit).values(torch.tensor([[[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]]), torch.zeros(1, 0))
