from __future__ import annotations

from pathlib import Path

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.run import run_on_device
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError


def test_a_run_reports_what_it_took_and_replays_to_the_same(tmp_path: Path) -> None:
    circuit = qldm_circuit(3, 1)
    inputs, weights = torch.ones(4, 3), torch.ones(circuit.n_weights)
    told: list[str] = []
    outputs, report = run_on_device(
        circuit, inputs, weights, Device.parse("fake:manila"), 64, folder=tmp_path, progress=told.append
    )
    assert outputs.shape == (4, 3)
    assert len(told) == len(report.job_ids) == 1
    assert report.backend == "fake_manila"
    assert report.two_qubit_gates[0] >= 3
    assert "4 sample(s), 64 shot(s) in each of 1 setting(s) on fake_manila, calibrated 20" in str(report)
    assert report.job_ids[0] in str(report)
    again, replayed = run_on_device(circuit, inputs, weights, Device.parse(f"replay:{tmp_path}"), 64)
    assert torch.equal(again, outputs)
    assert replayed.job_ids == report.job_ids
    assert replayed.depths == report.depths


def test_the_share_kept_is_reported_where_there_is_a_selection() -> None:
    circuit = Circuit(2, angle_embedding(2), Readout.probabilities(postselect={0: 0}))
    inputs = torch.tensor([[torch.pi / 2, 0.0]]).expand(5, -1)
    _, report = run_on_device(circuit, inputs, torch.zeros(0), Device.parse("aer"), 1000)
    assert report.kept == pytest.approx(0.5, abs=0.05)
    assert "post-selection kept" in str(report)
    plain = Circuit(2, circuit.gates, Readout.each_wire(2))
    assert run_on_device(plain, inputs, torch.zeros(0), Device.parse("aer"), 10)[1].kept is None


@pytest.mark.parametrize(("inputs", "weights"), [((4, 2), (6,)), ((3,), (6,)), ((4, 3), (5,)), ((4, 3), (1, 6))])
def test_arguments_of_another_shape_are_refused(inputs: tuple[int, ...], weights: tuple[int, ...]) -> None:
    with pytest.raises(CircuitError, match=r"inputs \[samples, 3\] and weights \[6\]"):
        run_on_device(qldm_circuit(3, 1), torch.ones(inputs), torch.ones(weights), Device.parse("aer"), 10)


def test_what_is_no_circuit_of_qubits_is_refused() -> None:
    with pytest.raises(CircuitError, match="aer runs circuits of qubits; a object cannot be sent there"):
        run_on_device(object(), torch.ones(1, 1), torch.ones(1), Device.parse("aer"), 10)
