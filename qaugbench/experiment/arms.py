"""The arms of a run: what the classifier is trained on, and what a person asked for as a generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from qaugbench.augmentations import AugmentationName, LossName
from qaugbench.circuits.execution import Execution
from qaugbench.definitions import GeneratorCard
from qaugbench.errors import DefinitionError
from qaugbench.predictions import ArmInfo, Role

Fill = Literal[
    "repeat", "oversample", "oracle", "synthetic", "noise", "shuffled", "lowres", "copies", "true", "reconstructed"
]
MADE_FILLS: tuple[Fill, ...] = ("noise", "shuffled", "lowres", "copies", "true", "reconstructed")
"""Fills that are made in a cell of their own, neither drawn from the real images as they are nor by a generator."""


@dataclass(frozen=True)
class SpaceChoice:
    """A data space of this run: its name, its settings on the track, and a title that tells it from others of the name.

    ``is_identity`` marks pixels at the size of the images, which reconstruct an image without loss.
    """

    name: str
    settings: Mapping[str, Any]
    title: str
    is_identity: bool

    @property
    def arm(self) -> str | None:
        """The id of the arm that trains on real images sent through this space; None where that changes nothing."""
        return None if self.is_identity else f"R+rec:{self.title}"


@dataclass(frozen=True)
class Arm:
    """What the classifier is trained on: real slots always, ``fill`` in the synthetic slots of each batch (None: no slots).

    ``augment`` and ``loss`` are their names: by default the locked augmentation and the class-balanced loss.
    ``fill_settings`` are arguments of a made fill, ``images_of`` is the generator whose images it changes, and ``space`` the one
    that real images are sent through. An arm that is
    ``reseeded`` has classifier seeds of its own, derived under this name from the replicate's. ``execution`` is how circuits
    are evaluated while the images are drawn, None for exactly.
    """

    info: ArmInfo
    fill: Fill | None
    augment: AugmentationName = "locked"
    loss: LossName = "balanced"
    fill_settings: Mapping[str, Any] = field(default_factory=dict)
    images_of: str | None = None
    space: SpaceChoice | None = None
    reseeded: str | None = None
    execution: Execution | None = None


REAL_ARMS = (
    Arm(ArmInfo(id="R", role="real-only"), fill=None, augment="none", loss="plain"),
    Arm(ArmInfo(id="R+", role="augmented"), fill=None),
    Arm(ArmInfo(id="R+cm", role="compute-matched"), fill="repeat"),
    Arm(ArmInfo(id="R+os", role="oversampling"), fill="oversample"),
    Arm(ArmInfo(id="O-real", role="oracle"), fill="oracle"),
)


@dataclass(frozen=True)
class GeneratorChoice:
    """A generator of this run.

    ``card.id`` names it in this run and ``generator`` names its class (they differ for a folder of images); ``module`` is the
    code that its numbers depend on, and ``identity`` what else they depend on. It learns points of ``space``, or ``images``
    is where images are that something else made, in the prepared form, and ``folder`` where its user has them. ``weights`` is where
    pretrained weights are that it starts from.
    """

    card: GeneratorCard
    generator: str
    module: str
    identity: Mapping[str, Any]
    space: SpaceChoice | None = None
    images: Path | None = None
    folder: Path | None = None
    weights: Path | None = None


def variant_name(generator: str, control: str) -> str:
    """Return how a variant is written.

    >>> variant_name("qldm", "none"), variant_name("qldm", "twin")
    ('qldm', 'qldm:twin')
    """
    return generator if control == "none" else f"{generator}:{control}"


def variant_arms(choice: GeneratorChoice) -> Iterator[Arm]:
    """Yield the arms of a generator: itself, then each of its controls."""
    card = choice.card
    for control in ("none", *card.controls):
        role: Role = "synthetic" if control == "none" else "control"
        info = ArmInfo(
            id=variant_name(card.id, control),
            role=role,
            generator=card.id,
            control=control,
            kind=card.kind_under(control),
            fidelity=card.fidelity,
            space_arm=None if choice.space is None else choice.space.arm,
            space_twin_of=card.space_twin_of or None,
        )
        yield Arm(info, fill="synthetic")


def noisy_name(generator: str, execution: str) -> str:
    """Return how the arm of a generator's noisy images is written.

    >>> noisy_name("qldm", "fake:torino")
    'qldm@fake:torino'
    """
    return f"{generator}@{execution}"


def generator_arms(choice: GeneratorChoice, executions: Mapping[str, Execution]) -> tuple[Arm, ...]:
    """Return the arms of a generator: itself, the same fits drawn under each of ``executions`` by name, its controls."""
    own, *controls = variant_arms(choice)
    noisy = [
        replace(
            own,
            info=own.info.model_copy(
                update={
                    "id": noisy_name(choice.card.id, name),
                    "role": "noisy",
                    "execution": name,
                    "space_twin_of": None,
                }
            ),
            execution=execution,
        )
        for name, execution in executions.items()
    ]
    return (own, *noisy, *controls)


def reconstruction_arms(choices: Iterable[GeneratorChoice]) -> tuple[Arm, ...]:
    """Return one arm per space of the run that loses anything: the drawn real images sent through it, ``R+rec``.

    It is the ceiling of every generator that learns in the space, and is shown beside their verdicts.
    """
    spaces: dict[str, SpaceChoice] = {}
    for space in (choice.space for choice in choices if choice.space is not None):
        if space.arm is not None and spaces.setdefault(space.arm, space) != space:
            raise DefinitionError(
                f"Two spaces of this run, with different settings, are called {space.title!r}: run the generators apart."
            )
    return tuple(
        Arm(ArmInfo(id=name, role="reconstruction"), fill="reconstructed", space=space)
        for name, space in spaces.items()
    )
