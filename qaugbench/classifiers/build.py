"""From a classifier's name to its class with the settings of a track, checked before anything is computed."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.block import Block
from qaugbench.classifier_cards import LINEAR, ClassifierCard, ClassifierTraining, classifier_card
from qaugbench.classifiers.contract import Classifier, Solved, Trained
from qaugbench.classifiers.controls import ClassifierCircuits, PlainHead
from qaugbench.errors import DefinitionError, QaugbenchError, near_names
from qaugbench.recipe import LabelKind
from qaugbench.seeds import child_seed, torch_seeded
from qaugbench.typed import from_dict

LABELLED_SHAPE = (64,)


@dataclass(frozen=True)
class Bound:
    """What is trained: the class, its hyper-parameters, how it is trained, and under which control."""

    kind: type[Classifier]
    hyper: Any
    training: ClassifierTraining
    control: str = "none"

    def new(self, shape: tuple[int, ...], n_labels: int, seed: int) -> Classifier:
        """Return a new classifier; block k draws its weights from (seed, "circuit", k), all else from (seed, "head")."""
        circuits = ClassifierCircuits("none" if self.control == LINEAR else self.control, seed)
        with torch_seeded(child_seed(seed, "head")):
            return self.kind(shape, n_labels, self.hyper, circuits)


def module_of(card: ClassifierCard) -> str:
    """Return the module that holds a classifier's class: its file, or the one that the facts name."""
    family = card.id.partition(":")[0]
    return f"qaugbench.classifiers.{card.module or family.replace('-', '_')}"


def classifier_class(card: ClassifierCard) -> type[Classifier]:
    """Return the class of a classifier; DefinitionError where its file has none, or several, or contradicts the facts."""
    name = module_of(card)
    if importlib.util.find_spec(name) is None:
        raise DefinitionError(
            f"{card.origin}: there is no module {name!r}; name its file after the id, with an underscore for each dash."
        )
    module = importlib.import_module(name)
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Classifier) and member.__module__ == name
    ]
    if len(found) != 1 or inspect.isabstract(found[0]) or not issubclass(found[0], Trained | Solved):
        raise DefinitionError(
            f"{module.__file__} defines {len(found)} classifiers; it has to define exactly one, Trained or Solved, complete."
        )
    kind = found[0]
    if card.kind != kind.kind and not (card.variant and card.kind == "classical"):
        raise DefinitionError(
            f"{card.origin} says that {card.id!r} is {card.kind!r}, but its class {kind.__name__} is {kind.kind!r}; "
            "correct the one that is wrong."
        )
    return kind


def bound(card: ClassifierCard, track: str, control: str = "none") -> Bound:
    """Return what is trained on ``track`` under ``control``; DefinitionError for a setting that the class does not take."""
    kind = classifier_class(card)
    training, hyper = card.split_settings(track)
    origin = f"{card.origin}, settings of the track {track!r}"
    if not (isinstance(getattr(kind, "Hyper", None), type) and dataclasses.is_dataclass(kind.Hyper)):
        raise DefinitionError(f"{kind.__name__} ({card.origin}) has no dataclass called Hyper; write one inside it.")
    known = [field.name for field in dataclasses.fields(kind.Hyper)]
    for key in hyper:
        if key not in known:
            raise DefinitionError(f"{origin}: unknown key {key!r}.{near_names(key, known)}")
    settings = from_dict(kind.Hyper, hyper, origin)
    if control == LINEAR:
        return Bound(PlainHead, PlainHead.Hyper(), training, control)
    return Bound(kind, settings, training, control)


def check_labels(card: ClassifierCard, labels: LabelKind) -> None:
    """Raise DefinitionError if a task has images with several labels or none, and the class cannot handle them."""
    if labels == "multilabel" and not classifier_class(card).multi_label:
        raise DefinitionError(
            f"The classifier {card.id!r} tells classes apart that exclude one another, but an image of this task may have several "
            "findings or none; choose a task with classes or grades."
        )


def new_classifier(
    name: str,
    *,
    control: str = "none",
    track: str = "lite",
    shape: tuple[int, ...] = LABELLED_SHAPE,
    n_labels: int = 4,
    seed: int = 0,
) -> Classifier:
    """Return the classifier called ``name`` for inputs of ``shape``, not trained.

    DefinitionError where it cannot be built, with the reason.
    """
    card = classifier_card(name)
    try:
        return bound(card, track, control).new(shape, n_labels, seed)
    except QaugbenchError:
        raise
    except Exception as error:  # the class may raise anything
        raise DefinitionError(
            f"The classifier {name!r} cannot be built for inputs of the shape {list(shape)} and {n_labels} labels: "
            f"{type(error).__name__}: {error}"
        ) from error


def blocks_of(classifier: Classifier) -> list[Block]:
    """Return the layers that run circuits, or stand where one would under a control."""
    return [module for module in classifier.modules() if isinstance(module, Block)]


def parameter_counts(classifier: Classifier) -> dict[str, int]:
    """Return the trainable parameters: ``total`` without the network below, ``block`` those of circuits or what replaces them."""

    def trained(module: Any) -> int:
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    return {"total": trained(classifier), "block": sum(map(trained, blocks_of(classifier)))}
