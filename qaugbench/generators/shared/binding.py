"""Whether a generator's facts fit its class: kind, controls, and every setting of a track, before anything is computed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from qaugbench.cards import BUDGET_KEYS, GeneratorCard, split_settings
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError, near_names
from qaugbench.generators.contract import Generator, Stepped
from qaugbench.generators.shared.model import Recipe
from qaugbench.recipe import LabelKind
from qaugbench.typed import from_dict


def bound(
    card: GeneratorCard, kind: type[Generator], track: str, control: str = "none", weights: Path | None = None
) -> Recipe:
    """Return what to fit on ``track``; DefinitionError names file, table and key of a setting that the class does not take.

    ``weights`` is the folder of the pretrained weights that it starts from.
    """
    origin = f"{card.origin}, settings of the track {track!r}"
    if not dataclasses.is_dataclass(getattr(kind, "Hyper", None)):
        raise DefinitionError(
            f"{kind.__name__} ({card.origin}) has no dataclass called Hyper, which holds its hyper-parameters."
        )
    training, hyper = split_settings(card.settings(track), origin)
    hyper |= with_weights(weights)
    steps = issubclass(kind, Stepped)
    if steps and not training.steps:
        raise DefinitionError(f"{origin}: {kind.__name__} learns step by step; give {' and '.join(BUDGET_KEYS)}.")
    if not steps and training.steps:
        raise DefinitionError(f"{origin}: {kind.__name__} is solved at once; remove {' and '.join(BUDGET_KEYS)}.")
    return Recipe(kind, from_dict(kind.Hyper, hyper, origin), training, control, card.per_label)


def with_weights(weights: Path | None) -> dict[str, str]:
    """Return the hyper-parameter that tells a class where its pretrained weights are; none without weights."""
    return {} if weights is None else {"pretrained": str(weights)}


def check_facts(card: GeneratorCard, kind: type[Generator]) -> None:
    """Raise DefinitionError if the card and the class contradict each other, or the card names an unknown control."""
    if card.kind != kind.kind:
        raise DefinitionError(
            f"{card.origin} says that {card.id!r} is {card.kind!r}, but its class {kind.__name__} is {kind.kind!r}; "
            "correct the one that is wrong."
        )
    for control in card.controls:
        if control not in CONTROLS or control == "none":
            known = [name for name in CONTROLS if name != "none"]
            raise DefinitionError(f"{card.origin}: there is no control {control!r}.{near_names(control, known)}")


def check_labels(card: GeneratorCard, kind: type[Generator], labels: LabelKind) -> None:
    """Raise DefinitionError if a task has images with several labels or none, and the class cannot handle them."""
    if labels == "multilabel" and not kind.multi_label:
        raise DefinitionError(
            f"{card.id!r} learns images of exactly one class each, but an image of this task may have several findings or "
            "none; choose a task with classes or grades."
        )
