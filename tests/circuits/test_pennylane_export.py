from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.pennylane_export import to_qnode
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

pennylane = pytest.importorskip("pennylane")
BATCH = 3


def assert_agrees(circuit: Circuit, seed: int) -> None:
    """Values to 1e-6 and gradients to 1e-5, of inputs and weights, in double precision."""
    generator = torch_generator(seed)
    inputs = 2 * torch.randn(BATCH, circuit.n_inputs, generator=generator, dtype=torch.float64)
    weights = 2 * torch.randn(circuit.n_weights, generator=generator, dtype=torch.float64)
    shape = (BATCH, circuit.n_outputs)
    cotangent = torch.randn(shape, generator=generator, dtype=torch.float64)
    results = []
    for is_ours in (True, False):
        given = [inputs.clone().requires_grad_(), weights.clone().requires_grad_()]
        if is_ours:
            outputs = StateVector(circuit).double()(given[0][None], given[1][None])[0]
        else:
            raw = to_qnode(circuit)(*given)
            columns = [torch.as_tensor(value).expand(BATCH) for value in raw] if circuit.readout.words else []
            outputs = torch.stack(columns, dim=1) if columns else torch.as_tensor(raw).expand(shape)
        loss = (outputs * cotangent).sum()
        found = torch.autograd.grad(loss, given, allow_unused=True) if loss.requires_grad else (None, None)
        filled = [torch.zeros_like(g) if f is None else f for f, g in zip(found, given, strict=True)]
        results.append((outputs.detach(), filled))
    torch.testing.assert_close(results[0][0], results[1][0].to(torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(results[0][1], results[1][1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(40))
def test_random_circuits_agree(seed: int, random_circuit: Callable[[int], Circuit]) -> None:
    assert_agrees(random_circuit(seed), seed)


@pytest.mark.parametrize("name", GATES)
def test_each_gate_agrees_within_an_entangled_state(name: str) -> None:
    kind = GATES[name]
    around = [*angle_embedding(3, "RY"), Gate("CNOT", [0, 1]), Gate("CNOT", [1, 2])]
    gate = Gate(name, [2, 0][: kind.n_wires], [Angle.weight(k) for k in range(kind.n_angles)])
    after = [Gate("Rot", [wire], [Angle.constant(0.3 + wire)] * 3) for wire in range(3)]
    assert_agrees(Circuit(3, [*around, gate, *after], Readout.each_wire(3, "XYZ")), seed=1)


@pytest.mark.parametrize(("n_wires", "layers"), [(1, 2), (2, 3), (4, 5)])
def test_strongly_entangling_layers_are_pennylanes(n_wires: int, layers: int) -> None:
    circuit = Circuit(n_wires, strongly_entangling_layers(n_wires, layers), Readout.probabilities())
    weights = torch.randn(layers, n_wires, 3, generator=torch_generator(0), dtype=torch.float64)

    @pennylane.qnode(pennylane.device("default.qubit", wires=n_wires))
    def theirs(weights: torch.Tensor) -> object:
        pennylane.StronglyEntanglingLayers(weights, wires=range(n_wires))
        return pennylane.probs(wires=range(n_wires))

    ours = StateVector(circuit).double()(torch.zeros(1, 1, 0, dtype=torch.float64), weights.reshape(1, -1))
    torch.testing.assert_close(ours.flatten(), theirs(weights), atol=1e-10, rtol=0)


def test_qldm_circuit_agrees_at_its_working_size() -> None:
    assert_agrees(qldm_circuit(8, 3), seed=2)


def test_missing_pennylane_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(CircuitError, match=r"pip install 'qaugbench\[pennylane\]'"):
        to_qnode(qldm_circuit(2, 1))
