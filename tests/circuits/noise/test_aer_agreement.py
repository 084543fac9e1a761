from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from tests.circuits.agreement import Question
from tests.circuits.noise.aer_reference import aer_outputs

NOISES = {
    "short T2": NoiseModel(
        one_qubit_error=0.01,
        two_qubit_error=0.04,
        t1_s=9e-6,
        t2_s=5e-6,
        one_qubit_duration_s=40e-9,
        two_qubit_duration_s=300e-9,
        readout_0_to_1=0.02,
        readout_1_to_0=0.05,
        free_gates=("RZ", "PhaseShift", "S"),
    ),
    "T2 of 2 T1": NoiseModel(t1_s=4e-6, one_qubit_duration_s=200e-9, two_qubit_duration_s=50e-9),
}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("seed", range(5))
def test_values_and_slopes_are_those_of_aer_with_qiskits_schedule(
    noise: str, seed: int, random_circuit: Callable[..., Circuit]
) -> None:
    circuit = without_embedding(random_circuit, 50 * seed)
    question = Question(circuit, seed, batch=1)
    direction = Question(circuit, 100 + seed, batch=1)
    executor = noisy_executor(circuit, NOISES[noise]).double()

    def ours(step: torch.Tensor) -> torch.Tensor:
        weights = question.weights + step * direction.weights
        return executor((question.inputs + step * direction.inputs)[None], weights[None])[0, 0]

    def theirs(step: float) -> torch.Tensor:
        weights = question.weights + step * direction.weights
        return aer_outputs(circuit, (question.inputs + step * direction.inputs)[0], weights, NOISES[noise])

    zero = torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(ours(zero), theirs(0.0), atol=1e-6, rtol=0)
    slope = torch.autograd.functional.jvp(ours, zero, torch.ones_like(zero))[1]
    torch.testing.assert_close(slope, (theirs(1e-4) - theirs(-1e-4)) / 2e-4, atol=1e-6, rtol=0)


def without_embedding(random_circuit: Callable[..., Circuit], seed: int) -> Circuit:
    """Return the first circuit from ``seed`` on with several wires that starts in |0>."""
    circuits = (random_circuit(seed + k, max_gates=25) for k in range(50))
    return next(replace(c) for c in circuits if c.start is None and c.n_wires > 1 and len(c.gates) > 8)
