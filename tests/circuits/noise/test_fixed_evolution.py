"""What is read of product states after one evolution: as if every state had been pushed through it."""

from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, each_wire, qldm_circuit, ring, stacked
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise import density
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.seeds import torch_generator

RELAXING = NoiseModel(
    one_qubit_error=0.01,
    two_qubit_error=0.03,
    t1_s=1e-5,
    t2_s=1e-5,
    one_qubit_duration_s=1e-7,
    two_qubit_duration_s=5e-7,
    readout_0_to_1=0.02,
    readout_1_to_0=0.06,
)
VARYING = NoiseModel(two_qubit_error=0.03, over_rotation=0.2, over_rotation_kind="per run")
ONCE = qldm_circuit(4, 2)
AGAIN = Circuit(
    3,
    stacked(*[[*angle_embedding(3), *each_wire(3, "RY"), *ring(3)]] * 2),
    Readout("expectation", ["Z0", "X1 Z2", "Y0 Y1 Y2"]),
)
TWICE = Circuit(  # each wire is turned by two angles of the inputs before the first gate on two wires
    2,
    (*angle_embedding(2), *each_wire(2, "RY"), *angle_embedding(2, "RZ"), *each_wire(2, "RX"), *ring(2)),
    Readout("expectation", ["Z0", "X0 Y1"]),
)
WIDE = Circuit(1, (*angle_embedding(1), *each_wire(1, "RY")), Readout.each_wire(1))


def outputs(circuit: Circuit, noise: NoiseModel, rows: int = 5, copies: int = 2) -> torch.Tensor:
    random = torch_generator(3)
    weights = torch.rand(copies, circuit.n_weights, generator=random, dtype=torch.float64)
    inputs = torch.rand(copies, 5, circuit.n_inputs, generator=random, dtype=torch.float64)[:, :rows]
    with torch.no_grad():
        return noisy_executor(circuit, noise).double()(inputs, weights, torch_generator(1))


@pytest.mark.parametrize("noise", [RELAXING, VARYING], ids=["relaxing", "varying"])
@pytest.mark.parametrize(
    "circuit", [ONCE, AGAIN, TWICE, WIDE], ids=["inputs first", "inputs again", "two turns at first", "one wire"]
)
def test_what_is_pulled_back_is_what_is_pushed_forward(
    circuit: Circuit, noise: NoiseModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = outputs(circuit, noise)
    assert noisy_executor(circuit, noise).evolution.is_alike == (circuit is not AGAIN)
    monkeypatch.setattr(density, "pays", lambda *_: False)
    torch.testing.assert_close(found, outputs(circuit, noise), atol=1e-12, rtol=0)


def test_a_row_does_not_depend_on_the_others() -> None:
    torch.testing.assert_close(outputs(ONCE, RELAXING, rows=1), outputs(ONCE, RELAXING)[:, :1], atol=1e-14, rtol=0)


def test_it_is_found_once_for_given_weights_and_again_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made, pull = [], density.pulled_back
    monkeypatch.setattr(density, "pulled_back", lambda *args, **options: made.append(1) or pull(*args, **options))
    executor = noisy_executor(ONCE, RELAXING).float()
    weights, inputs = torch.zeros(1, ONCE.n_weights), torch.zeros(1, 2, 4)
    with torch.no_grad():
        first = executor(inputs, weights)
        assert torch.equal(executor(inputs, weights), first)
        assert len(made) == 1
        weights += 0.3
        assert not torch.equal(executor(inputs, weights), first)
    assert len(made) == 2


def test_gradients_are_those_of_the_evolution() -> None:
    executor = noisy_executor(ONCE, RELAXING).float()
    weights = torch.zeros(1, ONCE.n_weights, requires_grad=True)
    executor(torch.ones(1, 2, 4), weights).sum().backward()
    assert weights.grad is not None
    assert weights.grad.abs().sum() > 0
