"""Readout errors undone by arithmetic: inverses of known matrices, the nearest distribution, calibration counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from qaugbench.circuits.mitigation.confusion import (
    calibrated,
    inverse_confusion,
    nearest_distribution,
    negative_mass,
    on_each_wire,
)
from qaugbench.circuits.noise.pauli_readout import confusion
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

MISREAD = [(0.02, 0.05), (0.3, 0.1), (0.0, 0.2)]


def test_inverse_on_each_wire_undoes_the_whole_confusion_matrix_exactly() -> None:
    whole = np.eye(1)
    for wire in MISREAD:
        whole = np.kron(whole, confusion(wire))
    true = torch.rand(4, 5, 8, generator=torch_generator(0), dtype=torch.float64)
    read = true @ torch.from_numpy(whole.T.copy())
    torch.testing.assert_close(on_each_wire(inverse_confusion(MISREAD), read), true, atol=1e-14, rtol=0)


def test_nearest_distribution_is_the_minimum_of_the_distance() -> None:
    quasi = np.array([0.5, 0.45, 0.2, -0.05, -0.1])
    found = nearest_distribution(torch.from_numpy(quasi)).numpy()
    least = minimize(
        lambda p: ((p - quasi) ** 2).sum(),
        np.full(5, 0.2),
        bounds=[(0, 1)] * 5,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        tol=1e-14,
    )
    assert found == pytest.approx(least.x, abs=1e-6)
    assert found.sum() == pytest.approx(1)
    assert float(negative_mass(torch.from_numpy(quasi))) == pytest.approx(0.15)


def test_a_distribution_is_its_own_nearest() -> None:
    given = torch.tensor([[0.1, 0.0, 0.9], [1.0, 0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(nearest_distribution(given), given)
    assert negative_mass(given).tolist() == [0.0, 0.0]


def test_calibration_counts_scatter_around_the_truth_and_repeat() -> None:
    shots = 100_000
    found = np.array(calibrated(MISREAD, shots, torch_generator(1)))
    spread = np.sqrt(np.array(MISREAD) * (1 - np.array(MISREAD)) / shots)
    assert (np.abs(found - MISREAD) <= 5 * spread).all()
    assert ((found * shots).round(6) % 1 == 0).all()
    assert np.array_equal(calibrated(MISREAD, shots, torch_generator(1)), found)


def test_wire_that_says_nothing_and_calibration_without_a_generator_are_refused() -> None:
    with pytest.raises(CircuitError, match=r"Read wire number 1 reads 1 for 0 in 0\.6"):
        inverse_confusion([(0.0, 0.0), (0.6, 0.4)])
    with pytest.raises(CircuitError, match=r"give a torch\.Generator"):
        calibrated(MISREAD, 10, None)
