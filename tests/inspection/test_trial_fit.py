"""What a generator is made of: parameters under every control, and how often it runs its circuits."""

from __future__ import annotations

import json
import re

import pytest
import torch

from qaugbench import definitions
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.circuits.resources.card import resource_card
from qaugbench.errors import DefinitionError
from qaugbench.inspection.parameter_table import parameter_table, parameter_text
from qaugbench.inspection.resource_cards import generator_resources, resources_text
from qaugbench.inspection.trial_fit import circuit_uses, counted_runs, tried

SETTINGS = definitions.generator_card("qldm").settings("smoke")


def test_runs_of_a_circuit_are_counted() -> None:
    """Two halves of the bottleneck hold four copies each; sampling passes them once a denoising step."""
    (use,) = circuit_uses("qldm:narrow", track="smoke")
    assert use.copies == 2 * 4
    assert use.per_image == 2 * 4 * SETTINGS["sampling_steps"]
    assert (use.per_sample, use.shifted_per_sample) == (2 * 4,) * 2
    assert use.differentiates_inputs


def test_only_runs_that_pass_gradients_are_shifted() -> None:
    circuit, other = qldm_circuit(2, 1), qldm_circuit(3, 1)
    trained, frozen = QuantumBlock(circuit, copies=3), QuantumBlock(other, trainable=False)
    with counted_runs() as found:
        trained(torch.zeros(5, 6))
        frozen(torch.zeros(5, 3, requires_grad=True))
        with torch.no_grad():
            trained(torch.zeros(4, 6, requires_grad=True))
    trained(torch.zeros(5, 6))
    assert found.runs == {circuit: 3 * (5 + 4), other: 5}
    assert found.shifted == {circuit: 15, other: 0}
    assert found.with_inputs == {other}


def test_the_card_of_a_generator_is_that_of_its_circuits() -> None:
    resources = generator_resources("qldm:narrow", track="smoke", shots=100, images=10)
    (use,) = circuit_uses("qldm:narrow", track="smoke")
    (card,) = resources.circuits
    alone = resource_card(use.circuit, copies=use.copies, circuits_per_image=use.per_image, shots=100, images=10)
    assert (
        (card.programs, card.shots, card.parameters)
        == (alone.programs, alone.shots, alone.parameters)
        == (2000, 100, 512)
    )
    runs = SETTINGS["steps"] * SETTINGS["batch_size"] * use.per_sample
    assert card.training.evaluations == runs * (1 + 2 * (use.circuit.n_weights + use.circuit.n_inputs))
    assert resources.device_s is None
    assert json.loads(json.dumps(resources.to_dict()))["circuits"][0]["qubits"] == 8
    assert "qldm:narrow, circuit 1: 8 qubits" in resources_text(resources)


def test_parameters_of_every_control_stand_side_by_side() -> None:
    table = parameter_table("qldm:narrow", track="smoke")
    rows = {row.control: row for row in table.variants}
    assert list(rows) == list(CONTROLS)
    own = rows["none"]
    for control, row in rows.items():
        assert row.total - row.block == own.total - own.block
        if control not in ("frozen", "random"):
            assert row.of_circuits == pytest.approx(1, rel=0.05)
    assert (rows["frozen"].block, rows["random"].block) == (0, 2 * own.block // 8)
    assert own.block_share == own.block / own.total
    assert table.space > 0
    text = parameter_text(table)
    assert re.search(rf"^qldm:narrow:fourier +{rows['fourier'].block}\b", text, re.MULTILINE)
    assert f"shared by all of them: {table.space:,}" in text
    assert json.loads(json.dumps(table.to_dict()))["variants"][0]["control"] == "none"


def test_a_trial_is_fitted_in_the_space_of_the_track() -> None:
    model = tried("qldm", track="smoke", control="twin")
    assert model.space.name == "quantum-latent"
    assert model.recipe.control == "twin"
    assert any(name.startswith("denoiser.") for name in model.state())


@pytest.mark.parametrize("look", [parameter_table, circuit_uses], ids=["parameters", "runs"])
def test_a_generator_without_circuits_has_no_card(look: object) -> None:
    with pytest.raises(DefinitionError, match="'ldm' is classical and"):
        look("ldm", track="smoke")
