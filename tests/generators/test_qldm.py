"""QLDM: what its settings build."""

from __future__ import annotations

import pytest

from qaugbench.cards import Training
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.qldm import Qldm
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.latent import Latents


def model(control: str = "none", **hyper: object) -> Model:
    space = Latents((32, 32, 1), Latents.Hyper())
    return Model(Recipe(Qldm, Qldm.Hyper(**hyper), Training(), control), space, 4)  # type: ignore[arg-type]


def test_hyper_parameters_set_the_circuits() -> None:
    found = model(q=0.2, channels_per_circuit=3, layers=2)
    assert [(block.copies, block.circuit.n_wires) for block in found.circuits] == [(3, 12), (3, 12)]
    weights = sum(block.weights.numel() for block in found.circuits)
    assert found.parameter_counts()["block"] == weights == 2 * 3 * 12 * (3 * 2 - 1)


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(DefinitionError, match="given 24"):
        model(q=24)


def test_an_unknown_control_is_answered_with_near_names() -> None:
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        model("twins")
