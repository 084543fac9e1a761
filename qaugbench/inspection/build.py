"""A generator by its name, as a track configures it: not fitted, for inspecting its circuits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.cards import Training
from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.binding import bound
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.pretrained import require_pretrained
from qaugbench.generators.spaces.named import new_space

ANY_TASK = "brainmri"


def new_model(
    name: str,
    *,
    control: str = "none",
    track: str = "lite",
    image_shape: tuple[int, int, int] = (64, 64, 1),
    n_labels: int = 4,
    task: str = ANY_TASK,
    space_settings: Mapping[str, Any] | None = None,
) -> Model:
    """Return the generator called ``name`` with its settings of ``track`` in a space that is not fitted.

    ``space_settings`` lie over those of its space.

    An unknown name raises with near names; so does one that returns images made elsewhere, which has no model.
    """
    family, weights = _with_weights(name)
    card = definitions.generator_card(family)
    if card.kind == "external":
        raise DefinitionError(f"{name!r} returns images that something else made; there is no model to inspect.")
    settings = {**definitions.space_of(card, task, track), **(space_settings or {})}
    space, _ = new_space(card.space, image_shape, settings, origin=f"{card.origin}, space {card.space!r}")
    return Model(bound(card, generator_class(family), track, control, weights), space, n_labels)


def _with_weights(name: str) -> tuple[str, Path | None]:
    """Return the generator's id and the folder of its pretrained weights, which a name such as ``finetune:PATH`` states."""
    generator, asked = definitions.split_name(name)
    if generator not in definitions.generator_names() or not definitions.generator_card(generator).pretrained:
        return name, None
    return generator, require_pretrained(definitions.generator_card(generator), asked).folder


def quantum_model(name: str, *, track: str = "lite") -> Model:
    """Return the generator called ``name``, or raise DefinitionError if it runs no circuit."""
    model = new_model(name, track=track)
    if not model.circuits:
        raise DefinitionError(
            f"The generator {name!r} is {model.kind} and runs no circuit. Those of the kinds quantum and hybrid in "
            "'qaugbench list generators' do."
        )
    return model


def fit_space_without_training(model: Model, images: np.ndarray) -> None:
    """Fit the model's space to ``images`` [n, h, w, c] in no steps: enough to run code on, not to learn from."""
    model.space.fit(images, training=Training(steps=0, batch_size=1), seed=0)


def images_needed(model: Model) -> int:
    """Return how many images it takes at least to fit the model's space."""
    return 1 + model.space.shape[0] if len(model.space.shape) == 1 else 1


def distinct_blocks(model: Model) -> list[tuple[int, QuantumBlock]]:
    """Return the blocks of ``model`` that differ in their circuit, each with how many blocks run that circuit."""
    found: dict[object, list[QuantumBlock]] = {}
    for block in model.circuits:
        found.setdefault((block.circuit, block.copies, block.share_inputs), []).append(block)
    return [(len(blocks), blocks[0]) for blocks in found.values()]
