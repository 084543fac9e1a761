"""Noise measured from fixed devices: the permanents, the Haar measure, and the classical laws that stand in its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared import quantum_latents
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.shared.quantum_latents import LatentSource, QuantumLatents, boson_sampler
from qaugbench.seeds import numpy_generator, torch_generator
from tests.circuits.photonic import exact
from tests.generators.published import published

FEW = LatentSource(width=5, photons=3)
ROWS = 6000


def noise(source: LatentSource, rows: int = ROWS, control: str = "none") -> torch.Tensor:
    return QuantumLatents(source.width, source, CircuitLayers(control)).training_noise(rows, torch_generator(4))


@pytest.mark.parametrize("distinguishable", [False, True])
def test_photons_are_measured_as_often_as_the_permanents_say(distinguishable: bool) -> None:
    source = replace(FEW, distinguishable=distinguishable)
    latents = QuantumLatents(5, source, CircuitLayers())
    with torch.no_grad():
        found = latents.device(torch.zeros(1, 0))[0]
    expected = exact.outputs(boson_sampler(source), np.zeros(0), np.zeros(0))
    assert len(found) == 35
    np.testing.assert_allclose(found, expected, atol=2e-6)
    drawn = quantum_latents.measured(
        latents.outcomes, found.double(), torch.rand(ROWS, 1, generator=torch_generator(1))
    )
    frequencies = (drawn[:, None] == latents.outcomes).all(dim=2).double().mean(dim=0)
    assert (frequencies - found).abs().max() < 4 * (0.25 / ROWS) ** 0.5


def test_interferometers_are_drawn_from_the_haar_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Haar-random unitaries, a squared modulus has the mean 1 / n, and its square the mean 2 / (n (n + 1)), in every entry."""
    shares = []
    for seed in range(400):
        monkeypatch.setattr(quantum_latents, "_stream", lambda name, width, seed=seed: numpy_generator(seed))
        circuit = boson_sampler(LatentSource(width=4, photons=1))
        through = np.eye(4, dtype=complex)
        for part in circuit.components:
            through[list(part.modes)] = exact.matrix(part.name, part.angle.offset) @ through[list(part.modes)]
        shares.append(np.abs(through) ** 2)
    np.testing.assert_allclose(np.mean(shares, axis=0), 1 / 4, atol=0.05)
    np.testing.assert_allclose(np.mean(np.square(shares), axis=0), 1 / 10, atol=0.035)


@pytest.mark.parametrize("device", ["iqp", "haar"])
def test_bits_are_measured_from_the_state_of_the_gates(device: str) -> None:
    source = LatentSource(device=device, width=6)
    latents = QuantumLatents(6, source, CircuitLayers())
    empty = torch.zeros(1, 1, 0, dtype=torch.float64)
    expected = StateVector(latents.device.circuit).double()(empty, empty[0])[0, 0]
    with torch.no_grad():
        found = latents.device(torch.zeros(1, 0))[0]
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
    collisions = float(expected.square().sum() * 2**6)
    assert 1.3 < collisions < 3.0  # 2 for a Haar-random state, 1 for uniform bits


@pytest.mark.parametrize("law", ["measured", "gaussian", "copula"])
@pytest.mark.parametrize("device", ["boson-sampling", "iqp", "haar"])
def test_noise_is_standardised_and_a_row_depends_on_its_own_numbers(device: str, law: str) -> None:
    latents = QuantumLatents(14, LatentSource(device=device, width=6, photons=3, law=law), CircuitLayers())
    drawn = latents.training_noise(ROWS, torch_generator(2))
    assert drawn.shape == (ROWS, 14)
    assert drawn.mean(dim=0).abs().max() < 0.1
    assert (drawn.std(dim=0) - 1).abs().max() < 0.12
    rows = latents.noise(RowRandom(1, range(4)))
    assert torch.equal(latents.noise(RowRandom(1, [2, 3])), rows[2:])


def test_a_copula_keeps_each_distribution_and_nearly_the_correlations() -> None:
    measured, coupled, apart = (noise(replace(FEW, law=law)) for law in ("measured", "copula", "gaussian"))
    for column in range(5):
        assert set(coupled[:, column].unique().tolist()) <= set(measured[:, column].unique().tolist())
    wanted = torch.corrcoef(measured.T)
    assert (torch.corrcoef(coupled.T) - wanted).abs().max() < 0.2
    assert (torch.corrcoef(apart.T) - torch.eye(5)).abs().max() < 0.06
    assert (wanted - torch.eye(5)).abs().max() > 0.2


def test_the_control_without_entanglement_is_distinguishable_photons() -> None:
    assert without_entanglement(boson_sampler(FEW)) == boson_sampler(replace(FEW, distinguishable=True))
    alike, unlike = noise(FEW), noise(replace(FEW, distinguishable=True))
    assert torch.equal(noise(FEW, control="no-entanglement"), unlike)
    assert not torch.equal(alike, unlike)


@pytest.mark.parametrize("name", ["qlatents", "qlatents-flow"])
def test_only_noise_differs_from_the_classical_model(name: str) -> None:
    made, classical = published(name), published({"qlatents": "cwgan-gp", "qlatents-flow": "flow"}[name])
    assert trainable_parameters(made) == trainable_parameters(classical)
    assert trainable_parameters(made.latents) == 0
    assert isinstance(made.latents.device.circuit, PhotonicCircuit)
    assert made.latents.device.circuit.n_outputs == 3876


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match="photons enter 4 modes"):
        boson_sampler(LatentSource(width=4, photons=5))
    with pytest.raises(NoControlError, match="averages out"):
        published("qlatents", control="random")
