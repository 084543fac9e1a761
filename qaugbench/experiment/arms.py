"""The arms of a run: what the classifier is trained on, and what a person asked for as a generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qaugbench.definitions import GeneratorCard
from qaugbench.predictions import ArmInfo, Role

Fill = Literal["repeat", "oversample", "oracle", "synthetic"]


@dataclass(frozen=True)
class Arm:
    """What the classifier is trained on: real slots always, ``fill`` in the synthetic slots of each batch (None: no slots)."""

    info: ArmInfo
    fill: Fill | None
    augment: bool = True
    balance_loss: bool = True


REAL_ARMS = (
    Arm(ArmInfo(id="R", role="real-only"), fill=None, augment=False, balance_loss=False),
    Arm(ArmInfo(id="R+", role="augmented"), fill=None),
    Arm(ArmInfo(id="R+cm", role="compute-matched"), fill="repeat"),
    Arm(ArmInfo(id="R+os", role="oversampling"), fill="oversample"),
    Arm(ArmInfo(id="O-real", role="oracle"), fill="oracle"),
)


@dataclass(frozen=True)
class SpaceChoice:
    """A data space of this run: its name, its settings on the track, and a title that tells it from others of the name.

    ``is_identity`` marks pixels at the size of the images, which reconstruct an image without loss.
    """

    name: str
    settings: Mapping[str, Any]
    title: str
    is_identity: bool


@dataclass(frozen=True)
class GeneratorChoice:
    """A generator of this run.

    ``card.id`` names it in this run and ``generator`` names its class (they differ for a folder of images); ``module`` is the
    code that its numbers depend on, and ``identity`` what else they depend on. It learns points of ``space``, or ``images``
    is where images are that something else made. ``weights`` is where pretrained weights are that it starts from.
    """

    card: GeneratorCard
    generator: str
    module: str
    identity: Mapping[str, Any]
    space: SpaceChoice | None = None
    images: Path | None = None
    weights: Path | None = None


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
