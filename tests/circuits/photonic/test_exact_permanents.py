from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.meshes import count_weights, phase_encoding, rectangular, triangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from tests.circuits.agreement import gradients
from tests.circuits.photonic import cases, exact
from tests.circuits.photonic.running import ask, plainly, run

STEP = 1e-5  # of central differences, whose own error is about 1e-9 here


def assert_same(
    circuit: PhotonicCircuit,
    seed: int,
    noise: PhotonicNoise | None = None,
    *,
    draws: int = 2,
    batch: int = 2,
    copies: int = 2,
) -> None:
    """Compare values, and slopes along random directions of all inputs and weights at once."""
    inputs, weights, cotangent = ask(circuit, seed, batch, copies)
    given = [torch.tensor(values, requires_grad=True) for values in (inputs, weights)]
    outputs = build_executor(circuit, Execution(noise=noise)).double()(*given)
    np.testing.assert_allclose(outputs.detach(), plainly(circuit, inputs, weights, noise), atol=1e-10, rtol=0)
    of_inputs, of_weights = (slope.numpy() for slope in gradients((outputs * torch.tensor(cotangent)).sum(), given))
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        dx, dw = rng.normal(size=inputs.shape), rng.normal(size=weights.shape)
        ahead, behind = (plainly(circuit, inputs + h * dx, weights + h * dw, noise) for h in (STEP, -STEP))
        slope = (cotangent * (ahead - behind)).sum() / (2 * STEP)
        np.testing.assert_allclose((of_inputs * dx).sum() + (of_weights * dw).sum(), slope, atol=1e-6, rtol=1e-7)


@pytest.mark.parametrize("seed", range(30))
def test_ideal_equals_exact_permanents(seed: int) -> None:
    assert_same(cases.random_circuit(seed), seed)


@pytest.mark.parametrize("seed", range(100, 120))
def test_noise_equals_exact_permanents(seed: int) -> None:
    circuit = cases.random_circuit(seed, max_modes=6)
    assert_same(circuit, seed, cases.random_noise(np.random.default_rng(seed), circuit.n_modes), draws=1)


EIGHT_MODES = {
    "apart": ((1, 0, 1, 0, 0, 1, 0, 0), PhotonicNoise()),
    "two together": ((0, 2, 0, 0, 1, 0, 0, 0), PhotonicNoise()),
    "all together": ((0, 0, 0, 3, 0, 0, 0, 0), PhotonicNoise()),
    "apart, noisy": ((1, 0, 1, 0, 0, 1, 0, 0), PhotonicNoise(0.8, 0.95, indistinguishability=0.9)),
    "two together, noisy": ((0, 2, 0, 0, 1, 0, 0, 0), PhotonicNoise(0.8, 0.95, indistinguishability=0.9)),
}


@pytest.mark.parametrize("case", EIGHT_MODES)
@pytest.mark.parametrize("detection", ["number", "threshold"])
def test_three_photons_in_eight_modes_equal_exact_permanents(case: str, detection: str) -> None:
    state, noise = EIGHT_MODES[case]
    components = rectangular(8)[:20] + phase_encoding(range(8))
    components += triangular(8, first_weight=count_weights(components))[:20]
    circuit = PhotonicCircuit(8, components, state, PhotonicReadout("probabilities", detection, at_least=1))
    assert_same(circuit, 7, noise, draws=1, batch=1, copies=1)


@pytest.mark.parametrize("seed", range(4))
def test_each_loss_in_a_mode_of_its_own_gives_the_same(seed: int) -> None:
    components = [*rectangular(3)[:4], *phase_encoding([1]), Component("BS.Rx", [2, 0], Angle.weight(4))]
    state = [(1, 1, 0), (1, 0, 2), (2, 0, 0), (1, 1, 1)][seed]
    circuit = PhotonicCircuit(3, components, state, PhotonicReadout("probabilities", at_least=0))
    noise = PhotonicNoise(0.9, 0.8, (0.7, 1.0, 0.5), indistinguishability=0.7)
    inputs, weights, _ = ask(circuit, seed, batch=1, copies=1)
    found = exact.outputs(circuit, inputs[0, 0], weights[0], noise, explicit=True)
    np.testing.assert_allclose(run(circuit, inputs, weights, noise)[0, 0], found, atol=1e-10, rtol=0)


@pytest.mark.parametrize("detection", ["number", "threshold"])
@pytest.mark.parametrize("state", [(1, 1, 0), (2, 0, 1)])
def test_second_photons_of_sources_equal_exact_permanents(detection: str, state: tuple[int, ...]) -> None:
    components = [*rectangular(3), *phase_encoding([1]), Component("BS.H", [0, 2], Angle.weight(6))]
    circuit = PhotonicCircuit(3, components, state, PhotonicReadout("probabilities", detection, at_least=0))
    assert_same(circuit, 3, PhotonicNoise(0.8, 0.97, indistinguishability=0.8, g2=0.07))
