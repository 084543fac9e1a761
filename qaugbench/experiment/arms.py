"""The arms of a run: what the classifier is trained on, and what a person asked for as a generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qaugbench.augmentations import AugmentationName, LossName
from qaugbench.definitions import GeneratorCard
from qaugbench.predictions import ArmInfo, Role

Fill = Literal["repeat", "oversample", "oracle", "synthetic", "noise", "shuffled", "lowres", "copies", "true"]
MADE_FILLS: tuple[Fill, ...] = ("noise", "shuffled", "lowres", "copies", "true")
"""Fills that are made in a cell of their own, neither drawn from the real images as they are nor by a generator."""


@dataclass(frozen=True)
class Arm:
    """What the classifier is trained on: real slots always, ``fill`` in the synthetic slots of each batch (None: no slots).

    ``augment`` and ``loss`` are their names: by default the locked augmentation and the class-balanced loss.
    ``fill_settings`` are arguments of a made fill, and ``images_of`` is the generator whose images it changes. An arm that is
    ``reseeded`` has classifier seeds of its own, derived under this name from the replicate's.
    """

    info: ArmInfo
    fill: Fill | None
    augment: AugmentationName = "locked"
    loss: LossName = "balanced"
    fill_settings: Mapping[str, Any] = field(default_factory=dict)
    images_of: str | None = None
    reseeded: str | None = None


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
    code that its numbers depend on, and ``identity`` what else they depend on. ``images`` is where images are that something
    else made.
    """

    card: GeneratorCard
    generator: str
    module: str
    identity: Mapping[str, Any]
    images: Path | None = None

    @property
    def supplied(self) -> tuple[str, ...]:
        """The arguments of the class's constructor that the run fills in, beside those that the generator's file sets."""
        return () if self.images is None else ("path", "label_space")


def variant_name(generator: str, control: str) -> str:
    """Return how a variant is written.

    >>> variant_name("qldm", "none"), variant_name("qldm", "twin")
    ('qldm', 'qldm:twin')
    """
    return generator if control == "none" else f"{generator}:{control}"


def variant_arms(card: GeneratorCard) -> Iterator[Arm]:
    """Yield the arms of a generator: itself, then each of its controls."""
    for control in ("none", *card.controls):
        role: Role = "synthetic" if control == "none" else "control"
        info = ArmInfo(
            id=variant_name(card.id, control),
            role=role,
            generator=card.id,
            control=control,
            kind=card.kind if _runs_circuit(card, control) else "classical",
            fidelity=card.fidelity,
        )
        yield Arm(info, fill="synthetic")


def _runs_circuit(card: GeneratorCard, control: str) -> bool:
    """Return whether an arm is of its generator's kind: the generator itself, or a control that still runs a circuit."""
    if control == "none":
        return True
    from qaugbench.circuits.controls.build import CONTROLS

    return control in CONTROLS and CONTROLS[control].runs_circuit
