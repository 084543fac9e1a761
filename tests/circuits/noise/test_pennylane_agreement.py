from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise import noisy_circuit as insertion
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from tests.circuits.agreement import Question, gradients
from tests.circuits.noise.reference import default_mixed

NOISES = {
    "joint": NoiseModel(one_qubit_error=0.01, two_qubit_error=0.05, readout_0_to_1=0.03, readout_1_to_0=0.08),
    "each wire": NoiseModel(one_qubit_error=0.02, two_qubit_error=0.07, two_qubit_channel="each wire"),
    "relaxation": NoiseModel(
        one_qubit_error=0.02,
        two_qubit_error=0.03,
        t1_s=1e-5,
        t2_s=7e-6,
        one_qubit_duration_s=1e-7,
        two_qubit_duration_s=5e-7,
        free_gates=("RZ", "T"),
        readout_1_to_0=0.05,
    ),
    "long T2": NoiseModel(t1_s=1e-5, t2_s=1.6e-5, one_qubit_duration_s=2e-7, two_qubit_duration_s=9e-7),
    "over-rotation": NoiseModel(over_rotation=0.05, two_qubit_error=0.01),
}


@pytest.fixture
def small_circuit(random_circuit: Callable[..., Circuit]) -> Callable[[int], Circuit]:
    """Return a function from a number to a circuit of at most 4 wires and 12 gates."""

    def made(number: int) -> Circuit:
        circuits = (random_circuit(seed, max_gates=12) for seed in range(1000 * number, 1000 * (number + 1)))
        return next(circuit for circuit in circuits if circuit.n_wires <= 4 and len(circuit.gates) > 5)

    return made


@pytest.fixture
def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing relaxes between gates; how long wires wait is held against Qiskit's schedule in test_aer_agreement."""
    found = insertion.schedule
    monkeypatch.setattr(insertion, "schedule", lambda *given: replace(found(*given), idles=()))


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("number", range(4))
@pytest.mark.usefixtures("without_waits")
def test_values_and_gradients_are_those_of_default_mixed(
    noise: str, number: int, small_circuit: Callable[[int], Circuit]
) -> None:
    circuit = small_circuit(number)
    question = Question(circuit, number, batch=2)
    given = [tensor.requires_grad_() for tensor in (question.inputs, question.weights)]
    ours = noisy_executor(circuit, NOISES[noise]).double()(given[0][None], given[1][None])[0]
    reference = default_mixed(circuit, NOISES[noise])
    theirs = torch.stack([reference(sample, given[1]) for sample in given[0]])
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    found, expected = (gradients((outputs * question.cotangent).sum(), given) for outputs in (ours, theirs))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
