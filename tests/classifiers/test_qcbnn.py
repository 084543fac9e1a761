"""QCBNN: weights are what PennyLane computes, drawn once a pass; the divergence against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from qaugbench.circuits.block import QuantumBlock
from qaugbench.classifiers.qcbnn import CircuitWeights, GaussianWeights, Qcbnn, normal_divergence, weight_circuit
from qaugbench.errors import DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.seeds import torch_generator, torch_seeded


def made(control: str = "none", **hyper: object) -> Qcbnn:
    with torch_seeded(1):
        return Qcbnn((6,), 3, Qcbnn.Hyper(**hyper), CircuitLayers(control, 1)).eval()  # type: ignore[arg-type]


ROWS = torch.randn(5, 6, generator=torch_generator(2))


def test_weights_are_pennylanes_on_the_same_noise() -> None:
    qml = pytest.importorskip("pennylane")
    layers = 2
    with torch_seeded(3):
        block = QuantumBlock(weight_circuit(layers))

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit(noise: np.ndarray, angles: np.ndarray) -> object:
        qml.AngleEmbedding(noise, wires=range(4), rotation="Y")
        angle = iter(angles)
        for _ in range(layers):
            for wire in range(4):
                qml.RY(next(angle), wire)
            for wire in range(4):
                qml.CRX(next(angle), [wire, (wire + 1) % 4])
        for wire in range(4):
            qml.RY(next(angle), wire)
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    noise = np.pi * (torch.rand(3, 4, generator=torch_generator(1)).numpy() - 0.5)
    theirs = 1.5 * np.array([circuit(row, block.weights[0].detach().numpy()) for row in noise])
    np.testing.assert_allclose(CircuitWeights(block, 1.5)(3, torch_generator(1)).detach(), theirs, atol=1e-5)


def test_a_pass_draws_its_weights_once_whatever_the_rows() -> None:
    found = made()
    with torch.no_grad():
        whole = found(ROWS, torch_generator(1))
        parts = torch.cat([found(rows, torch_generator(1)) for rows in ROWS.split(2)])
        other = found(ROWS, torch_generator(2))
    torch.testing.assert_close(whole, parts)
    assert not torch.allclose(whole, other)
    assert found.draws == 32


def test_weights_stay_within_reach() -> None:
    drawn = made(reach=0.5).weights(200, torch_generator(1)).detach()
    assert drawn.shape == (200, 24)
    assert 0.1 < float(drawn.abs().max()) <= 0.5


def test_the_divergence_of_normal_weights_is_torchs() -> None:
    means, deviations = torch.randn(7, generator=torch_generator(1)), torch.rand(7, generator=torch_generator(2)) + 0.1
    theirs = kl_divergence(Normal(means, deviations), Normal(0.0, 2.0)).sum()
    torch.testing.assert_close(normal_divergence(means, deviations.square(), 2.0), theirs)


def test_the_penalty_is_the_divergence_for_each_image_and_reaches_the_circuits() -> None:
    for gaussian in (False, True):
        found = made(gaussian=gaussian).train()
        found(ROWS, torch_generator(1))
        half, again = found.penalty(50), found.penalty(50)
        assert half is not None
        assert again is None
        found(ROWS, torch_generator(1))
        whole = found.penalty(25)
        assert whole is not None
        torch.testing.assert_close(2 * half, whole)
        whole.backward()
        assert all(p.grad is not None and p.grad.any() for p in found.weights.parameters() if p.numel())


def test_a_prediction_has_no_penalty() -> None:
    found = made()
    found(ROWS, torch_generator(1))
    assert found.penalty(10) is None


def test_the_estimate_for_circuits_comes_near_the_divergence_itself() -> None:
    """On draws of normal weights, whose divergence is known."""
    with torch_seeded(1):
        weights = GaussianWeights(24)
    drawn = weights(20_000, torch_generator(1))
    exact, estimated = weights.divergence(drawn, 1.0), CircuitWeights.divergence(made().weights, drawn, 1.0)
    assert float(estimated.detach()) == pytest.approx(float(exact.detach()), rel=0.02)


@pytest.mark.parametrize("control", ["twin", "no-entanglement", "permuted", "frozen", "random", "fourier"])
def test_controls_generate_weights_by_name(control: str) -> None:
    found = made(control).train()
    found(ROWS, torch_generator(1)).sum().backward()
    assert found.penalty(10) is not None
    assert found.narrow.weight.grad is not None


def test_the_gaussian_twin_has_two_numbers_a_weight() -> None:
    assert sum(p.numel() for p in made(gaussian=True).weights.parameters()) == 2 * 24
    assert sum(p.numel() for p in made().weights.parameters()) == 6 * weight_circuit(2).n_weights


def test_a_width_that_circuits_do_not_fill_is_refused() -> None:
    with pytest.raises(DefinitionError, match="not 6"):
        made(width=6)
