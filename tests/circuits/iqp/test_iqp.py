"""IQP circuits: probabilities and correlators against a gate-by-gate state, the estimate, and what such a circuit can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Gate
from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.iqp.circuit import IqpCircuit, correlator_words, iqp_circuit
from qaugbench.circuits.iqp.executor import IqpExecutor
from qaugbench.circuits.iqp.walsh import bit_signs, walsh_hadamard, word_shares
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded

WIDTHS = (1, 2, 5, 8, 10)


def random_weights(circuit: IqpCircuit, copies: int = 2) -> torch.Tensor:
    return 6 * torch.rand(copies, circuit.n_weights, generator=torch_generator(3), dtype=torch.float64)


def no_inputs(copies: int = 2) -> torch.Tensor:
    return torch.zeros(copies, 1, 0, dtype=torch.float64)


@pytest.mark.parametrize("n", WIDTHS)
@pytest.mark.parametrize("entangled", [True, False])
def test_probabilities_are_those_of_the_gates(n: int, entangled: bool) -> None:
    circuit = iqp_circuit(n) if entangled else without_entanglement(iqp_circuit(n))
    weights = random_weights(circuit)
    found = IqpExecutor(circuit).double()(no_inputs(), weights)
    torch.testing.assert_close(found, StateVector(circuit).double()(no_inputs(), weights))


@pytest.mark.parametrize("n", WIDTHS)
def test_correlators_over_all_strings_are_those_of_the_gates(n: int) -> None:
    circuit = iqp_circuit(n, exact=False)
    executor, weights = IqpExecutor(circuit).double(), random_weights(circuit)
    found = executor.correlators(bit_signs(n).double(), *executor.fields(weights))
    torch.testing.assert_close(found, StateVector(circuit).double()(no_inputs(), weights)[:, 0])


@pytest.mark.parametrize("n", WIDTHS)
def test_the_transform_of_probabilities_is_every_correlator(n: int) -> None:
    """Brute force: the sum over all bit strings of their probability times the product of signs."""
    probabilities = torch.rand(2**n, generator=torch_generator(1), dtype=torch.float64)
    signs, chosen = bit_signs(n).double(), (1 - bit_signs(n)) / 2
    expected = [float((signs**word).prod(dim=1) @ probabilities) for word in chosen]
    torch.testing.assert_close(walsh_hadamard(probabilities), torch.tensor(expected, dtype=torch.float64))


def test_the_estimate_is_right_within_its_error_and_repeats_with_its_stream() -> None:
    circuit = iqp_circuit(6, exact=False)
    executor, weights = IqpExecutor(circuit).double(), random_weights(circuit)
    found, again = (executor(no_inputs(), weights, torch_generator(5)) for _ in range(2))
    assert torch.equal(found, again)
    expected = StateVector(circuit).double()(no_inputs(), weights)
    assert 0 < float((found - expected).abs().max()) < 5 / 32


def test_gradients_are_those_of_the_gates() -> None:
    circuit = iqp_circuit(5)
    found = []
    for executor in (IqpExecutor(circuit).double(), StateVector(circuit).double()):
        weights = random_weights(circuit).requires_grad_()
        (executor(no_inputs(), weights) @ torch.arange(32.0).double()).sum().backward()
        found.append(weights.grad)
    torch.testing.assert_close(*found)


def test_two_hundred_wires_have_all_correlators_of_two() -> None:
    circuit = iqp_circuit(200, width=0.02)
    assert (circuit.n_weights, circuit.n_outputs) == (200 + 19_900, 200 + 19_900)
    with torch_seeded(1):
        block = QuantumBlock(circuit)
    found = block(torch.zeros(1, 0))
    found.square().sum().backward()
    assert found.abs().max() <= 1 + 1e-5
    assert block.weights.grad is not None
    assert block.weights.grad.isfinite().all()


def test_finite_shots_run_the_gates() -> None:
    circuit = iqp_circuit(3)
    with torch_seeded(1):
        block = QuantumBlock(circuit)
    block.run_under(Execution(shots=50), torch_generator(2))
    with torch.no_grad():
        frequencies = block(torch.zeros(1, 0))
    assert torch.equal((50 * frequencies).round() / 50, frequencies)


def test_shares_of_words_sum_to_one_and_have_the_mean_number_of_letters() -> None:
    shares = word_shares(6, 2.0)
    letters = ((1 - bit_signs(6)) / 2).sum(dim=1)
    torch.testing.assert_close(torch.stack([shares.sum(), shares @ letters]), torch.tensor([1.0, 2.0]))


def test_other_circuits_are_refused() -> None:
    circuit = iqp_circuit(3)
    with pytest.raises(CircuitError, match="H on each wire"):
        replace(circuit, gates=circuit.gates[1:])
    with pytest.raises(CircuitError, match="H on each wire"):
        replace(circuit, gates=(*circuit.gates[:3], *chain(3, "CZ"), *circuit.gates[3:]))
    with pytest.raises(CircuitError, match="reads the probabilities"):
        replace(circuit, readout=Readout.each_wire(3))
    assert replace(circuit, readout=Readout("expectation", correlator_words(3))).n_outputs == 6
    assert Gate("H", (0,)) == circuit.gates[0]
