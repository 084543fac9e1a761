from __future__ import annotations

import time

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.memory import check_batch
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError


@pytest.mark.parametrize("n_wires", [36, 60, 300])
def test_a_circuit_too_large_for_the_machine_is_refused_at_once(n_wires: int) -> None:
    circuit = Circuit(n_wires, angle_embedding(n_wires), Readout.each_wire(n_wires))
    start = time.process_time()
    with pytest.raises(CircuitError, match=rf"vector of {n_wires} wires.*takes [\d,]+ bytes.*use at most \d+ wires"):
        QuantumBlock(circuit)
    assert time.process_time() - start < 1


def test_a_batch_that_does_not_fit_is_refused_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qaugbench.circuits.memory._free", lambda device: 2**28)
    state_vector = StateVector(qldm_circuit(16, 1)).float()
    inputs, weights = torch.zeros(2, 512, 16), torch.zeros(2, 32)
    needed = 4 * 8 * 2 * 512 * 2**16  # states, bytes of an amplitude, copies, samples, amplitudes
    with pytest.raises(CircuitError, match=rf"take {needed:,} bytes .* 268,435,456 bytes .*use at most 64 samples"):
        state_vector(inputs, weights)
    monkeypatch.setattr("qaugbench.circuits.memory._free", lambda device: 2**20)
    with pytest.raises(CircuitError, match="use fewer wires, fewer copies or float32"):
        state_vector(inputs, weights)


def test_a_gradient_counts_and_so_does_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qaugbench.circuits.memory._free", lambda device: 2**31)
    check_batch(18, 1, 200, torch.zeros(1), is_sampled=False, wants_gradient=False)
    with pytest.raises(CircuitError):
        check_batch(18, 1, 200, torch.zeros(1), is_sampled=False, wants_gradient=True)
    with pytest.raises(CircuitError):
        check_batch(18, 1, 200, torch.zeros(1, dtype=torch.float64), is_sampled=False, wants_gradient=False)
