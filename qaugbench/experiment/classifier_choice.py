"""From the names given with ``--classifier`` to what the plan needs to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qaugbench.classifier_cards import BOTTLENECK, LINEAR, ClassifierCard, classifier_card, split_classifier
from qaugbench.errors import DefinitionError, QaugbenchError
from qaugbench.task import Task, Track

FROZEN = "frozen"
FEATURES = 64
"""A width of features to try out whether a classifier can be built; the network's own is known once it is built."""


@dataclass(frozen=True)
class ClassifierChoice:
    """A classifier of this run, with its controls; ``module`` is the code that its numbers depend on.

    ``below`` says whether it is solved on a network that was trained with the plain last layer.
    """

    card: ClassifierCard
    module: str
    below: bool = False

    @property
    def controls(self) -> tuple[str, ...]:
        """What it is trained under: as it is, then each control."""
        return ("none", *self.card.controls)


def check_classifiers(names: Sequence[str]) -> None:
    """Raise DefinitionError for a name that no classifier or control has, with near ones; nothing heavy is imported."""
    for name in names:
        split_classifier(name)
        if name.endswith(":"):
            raise DefinitionError(
                f"{name!r} names no control or variant after its last colon; add one, or give {name.rstrip(':')!r}."
            )


def choose_classifiers(names: Sequence[str], task: Task, track: Track) -> tuple[ClassifierChoice, ...]:
    """Return the classifiers of a run, each once, in the order given, with all controls that their files name.

    ``qumi:twin`` chooses ``qumi``, and ``qumi:fourier`` adds a control that does not come along by itself. Every one is built once
    under every control, so that what it cannot be built with is said before anything is computed.
    """
    from qaugbench.classifiers.build import blocks_of, bound, check_labels, classifier_class, module_of
    from qaugbench.classifiers.contract import Solved

    chosen: dict[str, ClassifierChoice] = {}
    for name in names:
        of, control = split_classifier(name)
        card = classifier_card(of)
        if of not in chosen:
            check_labels(card, task.labels.kind)
            chosen[of] = ClassifierChoice(card, module_of(card), issubclass(classifier_class(card), Solved))
        one = chosen[of]
        controls = dict.fromkeys(
            (*one.card.controls, *([control] if control else []), *([LINEAR] if one.below else []))
        )
        chosen[of] = replace(one, card=replace(one.card, controls=tuple(controls)))
    for choice in chosen.values():
        for control in choice.controls:
            made = bound(choice.card, track.name, control)
            images = (task.channels, track.image_size, track.image_size)
            try:
                built = made.new(images if made.kind.reads == "images" else (FEATURES,), len(task.labels), 0)
                if control == BOTTLENECK and made.kind.noise_fed:
                    raise DefinitionError(
                        "its circuits are given random numbers, so passing their inputs on would leave noise that nothing can "
                        "train; leave it out."
                    )
                if control == FROZEN and not any(block.circuit.n_weights for block in blocks_of(built)):
                    raise DefinitionError(
                        "its circuits have no weights to freeze: it would be the same classifier; leave it out."
                    )
            except QaugbenchError as error:
                raise type(error)(f"{choice.card.id}{'' if control == 'none' else f':{control}'}: {error}") from error
            except Exception as error:  # the class may raise anything
                raise DefinitionError(
                    f"The classifier {choice.card.id!r} cannot be built under the control {control!r} for {len(task.labels)} "
                    f"labels: {type(error).__name__}: {error}"
                ) from error
    return tuple(chosen.values())
