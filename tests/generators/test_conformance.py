"""What every generator promises under every control; each is found, not listed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from qaugbench import definitions
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.datasets.prepared import LabelledImages
from qaugbench.errors import QaugbenchError
from qaugbench.generators.contract import Generator, NotFittedError
from qaugbench.inspection.generator_audit import LEARNS, audit_generator
from tests.generators.conftest import BUDGET, N_LABELS, SIZE, Variant, bright_quadrants

ALL_LABELS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]], np.float32)


def test_samples_are_images_of_the_training_shape(fitted: Generator) -> None:
    images = fitted.sample(ALL_LABELS, seed=1)
    assert images.dtype == np.uint8
    assert images.shape == (len(ALL_LABELS), SIZE, SIZE, 1)
    assert images.min() < images.max()


def test_colour_images_keep_their_channels(variant: Variant) -> None:
    generator = variant.fitted(bright_quadrants(8, SIZE, channels=3))
    assert generator.sample(ALL_LABELS[:2], seed=1).shape == (2, SIZE, SIZE, 3)


def test_no_labels_give_no_images(fitted: Generator) -> None:
    assert fitted.sample(ALL_LABELS[:0], seed=1).shape == (0, SIZE, SIZE, 1)


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_images(fitted: Generator) -> None:
    first, again, other = (fitted.sample(ALL_LABELS, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_same_fit_seed_gives_the_same_state(variant: Variant, fitted: Generator, data: LabelledImages) -> None:
    state, again = fitted.state(), variant.fitted(data).state()
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_every_label_changes_the_image_that_a_seed_gives(fitted: Generator) -> None:
    images = fitted.sample(ALL_LABELS[[0, 0, 0]], seed=1)
    changed = fitted.sample(np.eye(N_LABELS, dtype=np.float32), seed=1)
    assert all(not np.array_equal(image, other) for image, other in zip(images, changed, strict=True))


def test_a_sample_does_not_depend_on_its_neighbours(fitted: Generator) -> None:
    together, alone = fitted.sample(ALL_LABELS, seed=1), fitted.sample(ALL_LABELS[:2], seed=1)
    assert np.abs(together[:2].astype(int) - alone).max() <= 1  # rounding: kernels differ with the batch


def test_the_state_survives_safetensors_bit_for_bit(variant: Variant, fitted: Generator) -> None:
    copy = variant.new()
    copy.load(load(save(fitted.state())))
    assert np.array_equal(copy.sample(ALL_LABELS, seed=3), fitted.sample(ALL_LABELS, seed=3))


def test_the_state_of_a_latent_generator_holds_its_autoencoder(variant: Variant, fitted: Generator) -> None:
    holds = any(name.startswith("autoencoder.") for name in fitted.state())
    assert holds == type(fitted).uses_autoencoder == (definitions.generator_card(variant.name).space == "latent")


def test_progress_is_told_every_step(variant: Variant, data: LabelledImages) -> None:
    told: list[tuple[int, int, float]] = []
    variant.new().fit(data, budget=BUDGET, seed=1, progress=lambda *news: told.append(news))
    assert [(step, total) for step, total, _ in told] == [(1, 2), (2, 2)]
    assert all(np.isfinite(loss) for _, _, loss in told)


def test_nothing_can_be_drawn_before_a_fit(variant: Variant) -> None:
    with pytest.raises(NotFittedError, match="call fit or load"):
        variant.new().sample(ALL_LABELS, seed=1)


def test_label_vectors_of_another_width_are_refused(fitted: Generator) -> None:
    with pytest.raises(QaugbenchError, match=r"\[n, 3\].*\[5, 2\]"):
        fitted.sample(ALL_LABELS[:, :2], seed=1)


def test_facts_and_class_agree(variant: Variant) -> None:
    card = definitions.generator_card(variant.name)
    assert card.kind == type(variant.new()).kind
    for track in ("smoke", "lite", "standard", "full"):
        assert {"steps", "batch_size"} <= card.settings(track).keys()


def test_a_control_keeps_the_number_of_parameters(variant: Variant) -> None:
    counts, own = variant.new().parameter_counts(), Variant(variant.name, "none").new().parameter_counts()
    assert counts["total"] > counts["block"] >= 0
    assert counts["total"] - counts["block"] == own["total"] - own["block"]
    if CONTROLS[variant.control].keeps_parameters:
        frozen = own["block"] if variant.control == "frozen" else 0
        assert counts["block"] == pytest.approx(own["block"] - frozen, rel=0.05)


def test_a_control_changes_nothing_but_the_block(variant: Variant, data: LabelledImages) -> None:
    """Before its first step, a variant's classical weights are those of the generator itself."""
    if variant.control == "none":
        pytest.skip("is the generator itself")
    states = []
    for control in ("none", variant.control):
        generator = Variant(variant.name, control).new()
        generator.fit(data, budget=type(BUDGET)(steps=0, batch_size=8), seed=5)
        states.append({name: tensor for name, tensor in generator.state().items() if ".block." not in name})
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_what_stands_in_the_circuits_places_is_live(variant: Variant, data: LabelledImages) -> None:
    """Gradients arrive and pass on, weights move unless frozen, images follow them, nothing is declared and unused."""
    generator = variant.new()
    if generator.kind == "classical":
        pytest.skip("runs no circuit")
    found = audit_generator(generator, data, seed=11)
    assert found.is_live, "\n".join(map(str, found.failures))
    assert found.precision == "float64"
    assert found.state(LEARNS) == ("none" if variant.control == "frozen" else "fine")


def test_frozen_circuits_stay_as_they_were(variant: Variant, data: LabelledImages) -> None:
    generator = variant.new()
    if not generator.circuits or variant.control != "frozen":
        pytest.skip("has no frozen circuit")
    weights = []
    for steps in (0, 2):
        generator.fit(data, budget=type(BUDGET)(steps=steps, batch_size=8), seed=11)
        weights.append([block.weights for block in generator.circuits])
    assert all(torch.equal(first, last) for first, last in zip(*weights, strict=True))
