"""Agreement with Perceval, in an environment of your own that has both packages; skipped elsewhere.

Perceval needs exqalibur, licensed CC BY-NC-ND 4.0, so it is no dependency of this project:

    python -m venv perceval && perceval/bin/pip install perceval-quandela pytest -e .
    perceval/bin/python -m pytest tests/circuits/photonic/test_perceval.py
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.readout import PhotonicReadout
from tests.circuits.photonic import cases

perceval = pytest.importorskip("perceval")

STEP = 1e-5  # of central differences
KINDS = {
    "ideal": PhotonicNoise(),
    "distinguishable": PhotonicNoise(indistinguishability=0.0),
    "partly": PhotonicNoise(indistinguishability=0.83),
    "loss": PhotonicNoise(transmission=0.7, component_transmission=0.95),
    "all": PhotonicNoise(0.8, 0.97, (0.9, 0.8, 1.0, 0.7), indistinguishability=0.9),
    "two a source": PhotonicNoise(transmission=0.9, indistinguishability=0.85, g2=0.05),
}


def theirs(
    circuit: PhotonicCircuit, inputs: np.ndarray, weights: np.ndarray, noise: PhotonicNoise
) -> dict[tuple[int, ...], float]:
    """Return Perceval's probability of each detection."""
    model = perceval.NoiseModel(
        transmittance=noise.transmission, indistinguishability=noise.indistinguishability, g2=noise.g2
    )
    processor = perceval.Processor("SLOS", circuit.n_modes, noise=model)
    for component in circuit.components:
        part = {"PS": perceval.PS, "BS.Rx": perceval.BS.Rx, "BS.Ry": perceval.BS.Ry, "BS.H": perceval.BS.H}[
            component.name
        ]
        processor.add(list(component.modes), part(_value(component.angle, inputs, weights)))
        _lose(processor, component.modes, noise.component_transmission)
    for mode, survival in enumerate(noise.mode_transmissions):
        _lose(processor, (mode,), survival)
    if circuit.readout.detection == "threshold":
        for mode in range(circuit.n_modes):
            processor.add(mode, perceval.Detector.threshold())
    processor.min_detected_photons_filter(0)
    processor.with_input(perceval.BasicState(list(circuit.input_state)))
    return {tuple(state): float(chance) for state, chance in processor.probs(precision=0)["results"].items()}


def _value(angle: Angle, inputs: np.ndarray, weights: np.ndarray) -> float:
    return angle.offset + sum(s * weights[i] for i, s in angle.weights) + sum(s * inputs[j] for j, s in angle.inputs)


def _lose(processor: object, modes: tuple[int, ...], survival: float) -> None:
    for mode in modes if survival < 1 else ():
        processor.add(mode, perceval.LC(1 - survival))


def accepted(circuit: PhotonicCircuit, found: dict[tuple[int, ...], float]) -> np.ndarray:
    """Return Perceval's probabilities of our outcomes, given one of them."""
    chances = np.array([found.get(outcome, 0.0) for outcome in circuit.outcomes])
    return chances / chances.sum()


@pytest.mark.parametrize("detection", ["number", "threshold"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_probabilities_and_their_slopes_equal_percevals(kind: str, detection: str, seed: int) -> None:
    circuit = _circuit(seed, 4 if kind == "all" else 8 if kind == "ideal" else 5, detection)
    rng = np.random.default_rng(seed)
    inputs, weights = 2 * rng.normal(size=(2, circuit.n_inputs)), 2 * rng.normal(size=circuit.n_weights)
    given = [torch.tensor(inputs[None], requires_grad=True), torch.tensor(weights[None], requires_grad=True)]
    ours = build_executor(circuit, Execution(noise=KINDS[kind])).double()(*given)[0]
    for sample, row in zip(inputs, ours.detach().numpy(), strict=True):
        expected = accepted(circuit, theirs(circuit, sample, weights, KINDS[kind]))
        np.testing.assert_allclose(row, expected, atol=1e-9, rtol=0)
    cotangent, direction = rng.normal(size=circuit.n_outputs), rng.normal(size=circuit.n_weights)
    (slope,) = (
        torch.autograd.grad(ours[0] @ torch.tensor(cotangent), given[1], allow_unused=True)
        if ours.requires_grad
        else (None,)
    )
    values = [
        cotangent @ accepted(circuit, theirs(circuit, inputs[0], weights + sign * STEP * direction, KINDS[kind]))
        for sign in (1, -1)
    ]
    mine = 0.0 if slope is None else float(slope[0].numpy() @ direction)
    assert mine == pytest.approx((values[0] - values[1]) / (2 * STEP), abs=1e-6)


def _circuit(seed: int, n_modes: int, detection: str) -> PhotonicCircuit:
    readout = PhotonicReadout("probabilities", detection, at_least=1)
    while True:
        circuit = cases.random_circuit(seed, max_modes=n_modes, readout=readout)
        if circuit.n_modes == n_modes and not circuit.distinguishable:
            return circuit
        seed += 1000
