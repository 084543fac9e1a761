"""QLDM: what its settings build, and that it differs from its classical counterpart in the block alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.qldm import Qldm
from qaugbench.generators.quantum_residual import ANSAETZE, QuantumResidualBlock
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.latent import Latents
from qaugbench.inspection.build import new_model
from qaugbench.typed import from_dict

TRACKS = tuple(definitions.generator_card("qldm").tracks)
OF_THE_BLOCK = {"place", "q", "residual", "ansatz", "channels_per_circuit", "layers"}


def model(control: str = "none", **hyper: Any) -> Model:
    space = Latents((32, 32, 1), Latents.Hyper())
    return Model(Recipe(Qldm, Qldm.Hyper(**hyper), Training(), control), space, 4)


def block(found: Model) -> QuantumResidualBlock:
    (only,) = [module for module in found.generator.modules() if isinstance(module, QuantumResidualBlock)]
    return only


def test_hyper_parameters_set_the_circuits() -> None:
    found = model(place="bottleneck", q=0.2, channels_per_circuit=3, layers=2)
    assert [(block.copies, block.circuit.n_wires) for block in found.circuits] == [(3, 12), (3, 12)]
    weights = sum(block.weights.numel() for block in found.circuits)
    assert found.parameter_counts()["block"] == weights == 2 * 3 * 12 * (3 * 2 - 1)


def test_with_all_channels_in_circuits_and_no_residual_path_nothing_else_passes_the_bottleneck() -> None:
    """Whatever comes in, circuits of constant outputs leave the bottleneck the same but for the time."""
    found = block(model(place="bottleneck", q=1.0, residual=False))
    assert [half.convolution for half in (found.first, found.second)] == [None, None]
    with torch.no_grad():
        for half in (found.first, found.second):
            half.block.register_forward_hook(lambda block, inputs, outputs: torch.zeros_like(outputs))
        grids, time = torch.randn(5, 48, 2, 2), torch.randn(1, 96).expand(5, 96)
        outputs = found(grids, time)
    assert (outputs - outputs[:1]).abs().max() == 0


def test_at_the_end_the_block_has_the_grid_and_width_of_the_last_level() -> None:
    found = model(place="end", q=0.5, layers=1, channels_per_circuit=2)
    assert [(half.norm.num_channels, half.block.copies) for half in (block(found).first, block(found).second)] == [
        (24, 6)
    ] * 2
    grids: list[torch.Size] = []
    block(found).register_forward_hook(lambda module, inputs, outputs: grids.append(outputs.shape))
    with torch.no_grad():
        denoiser: Any = found.generator.denoiser
        denoiser(torch.randn(3, *found.space.shape), torch.tensor([1, 500, 900]), torch.eye(4)[:3])
    assert grids == [(3, 24, *found.space.shape[1:])]


def test_at_the_end_without_a_residual_path_the_points_follow_the_circuits_alone() -> None:
    found = model(place="end", q=1.0, layers=1, residual=False)
    denoiser: Any = found.generator.denoiser
    for half in (block(found).first, block(found).second):
        half.block.register_forward_hook(lambda block, inputs, outputs: torch.zeros_like(outputs))
    with torch.no_grad():
        outputs = denoiser(torch.randn(4, *found.space.shape), torch.full((4,), 300), torch.eye(4)[[0, 0, 0, 0]])
    assert (outputs - outputs[:1]).abs().max() == 0


def test_another_place_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'place'.*'middle'"):
        from_dict(Qldm.Hyper, {"place": "middle"}, "here")


@pytest.mark.parametrize(("track", "size", "copies"), [("smoke", 32, 4), ("lite", 64, 4), ("standard", 128, 8)])
def test_the_narrow_variant_has_the_circuits_of_the_first_records(track: str, size: int, copies: int) -> None:
    found = new_model("qldm:narrow", track=track, image_shape=(size, size, 1))
    assert [(one.copies, one.circuit) for one in found.circuits] == [(copies, qldm_circuit(8, 3))] * 2
    assert block(found).residual


def test_the_narrow_variant_computes_what_the_first_records_did() -> None:
    """Numbers of the network before q was a setting, from its own code, for the same seeds."""
    denoiser: torch.nn.Module = new_model("qldm:narrow").generator.denoiser  # type: ignore[assignment]
    points = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        found = denoiser(points, torch.tensor([10, 700]), torch.eye(4)[:2]).double()
    assert sum(tensor.numel() for tensor in denoiser.parameters()) == 1_134_636
    assert sum(tensor.double().sum().item() for tensor in denoiser.parameters()) == pytest.approx(3324.780467, abs=1e-4)
    assert found.sum().item() == pytest.approx(59.094580, abs=1e-3)
    assert found.abs().sum().item() == pytest.approx(539.277520, abs=1e-3)
    np.testing.assert_allclose(found.flatten()[:4], [0.1324637, 0.0185190, 0.1027652, -0.1150468], atol=1e-5)


@pytest.mark.parametrize("track", TRACKS)
def test_it_is_trained_and_drawn_as_its_classical_counterpart_is(track: str) -> None:
    quantum, classical = (definitions.generator_card(name).settings(track) for name in ("qldm", "ldm"))
    assert {name: value for name, value in quantum.items() if name not in OF_THE_BLOCK} == classical


def test_every_ansatz_has_a_name_to_run_it_by() -> None:
    card = definitions.generator_card("qldm")
    named = [definitions.generator_card(f"qldm:{variant}").settings("lite")["ansatz"] for variant in card.variants]
    assert {card.settings("lite")["ansatz"], *named} == set(ANSAETZE)


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(DefinitionError, match="given 24"):
        model(q=24)


def test_an_unknown_control_is_answered_with_near_names() -> None:
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        model("twins")
