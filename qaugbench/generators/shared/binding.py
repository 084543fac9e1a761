"""Whether a generator's facts fit its class: kind, controls, and every setting of a track, before anything is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qaugbench.cards import TRAINING_KEYS, GeneratorCard, split_settings
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError, QaugbenchError, near_names, shown
from qaugbench.generators.contract import Generator, Solved, Stepped
from qaugbench.generators.shared.author_code import described, place_of_class
from qaugbench.generators.shared.checked import check_signatures
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
    check_hyper(card, kind)
    training, hyper = split_settings(card.settings(track), origin)
    hyper |= with_weights(weights)
    steps = issubclass(kind, Stepped)
    if steps and not training.takes_steps:
        raise DefinitionError(f"{origin}: {kind.__name__} learns step by step; give steps and batch_size.")
    if not steps and training.takes_steps:
        raise DefinitionError(f"{origin}: {kind.__name__} is solved at once; remove its budget, steps and batch_size.")
    _refuse_unknown(kind, hyper, origin)
    return Recipe(kind, _hyper(kind, hyper, origin), training, control, card.per_label)


def check_hyper(card: GeneratorCard, kind: type[Generator]) -> None:
    """Raise DefinitionError unless the class has a dataclass called Hyper."""
    found = getattr(kind, "Hyper", None)
    if not (dataclasses.is_dataclass(found) and isinstance(found, type)):
        given = "no Hyper" if found is None else f"a Hyper that is no dataclass ({shown(repr(found))})"
        raise DefinitionError(
            f"{kind.__name__} ({place_of_class(kind) or kind.__module__}; {card.origin}) has {given}. Write its hyper-parameters "
            "as a class Hyper inside it, under @dataclass(frozen=True)."
        )


def _refuse_unknown(kind: type[Generator], settings: Mapping[str, Any], origin: str) -> None:
    """Raise DefinitionError for a setting that is neither in the class's Hyper nor of its training, with the near ones."""
    own = [field.name for field in dataclasses.fields(kind.Hyper)]
    for key in settings:
        if key not in own:
            known = [*own, *(TRAINING_KEYS if issubclass(kind, Stepped) else ())]
            raise DefinitionError(f"{origin}: unknown key {key!r}.{near_names(key, known)}")


def _hyper(kind: type[Generator], facts: dict[str, Any], origin: str) -> Any:
    """Return an instance of the class's Hyper; what its own checks or annotations raise is named with its line."""
    try:
        return from_dict(kind.Hyper, facts, origin)
    except QaugbenchError:
        raise
    except Exception as error:  # __post_init__ and annotations are the author's code, which may raise anything
        raise DefinitionError(
            f"{origin}: {kind.__name__}.Hyper does not take {shown(repr(facts), 200)}: {described(error, kind.__module__)}"
        ) from error


def with_weights(weights: Path | None) -> dict[str, str]:
    """Return the hyper-parameter that tells a class where its pretrained weights are; none without weights."""
    return {} if weights is None else {"pretrained": str(weights)}


def check_facts(card: GeneratorCard, kind: type[Generator]) -> None:
    """Raise DefinitionError if the card and the class contradict each other, or the card names an unknown control.

    A variant may be classical where the class is not.
    """
    stated = getattr(kind, "kind", None)
    if card.kind != stated and not (card.variant and card.kind == "classical"):
        raise DefinitionError(
            f"{card.origin} says that {card.id!r} is {card.kind!r}, but its class {kind.__name__} is {stated!r}; "
            "correct the one that is wrong."
        )
    if not issubclass(kind, Stepped | Solved):
        raise DefinitionError(
            f"{kind.__name__} ({place_of_class(kind) or kind.__module__}) is neither Stepped nor Solved, so nothing can fit it; "
            "derive it from one of the two (qaugbench.generators.contract)."
        )
    check_signatures(kind)
    for variant in card.variants:
        if variant in CONTROLS:
            raise DefinitionError(
                f"{card.origin}: the variant {variant!r} is called like a control; give it another name."
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
