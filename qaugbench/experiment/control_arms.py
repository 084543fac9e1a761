"""The optional arms that check the benchmark itself: placebos, duplicates and oracles, each with the question it answers.

No verdict rests on any of them. Every row of ``CONTROL_ARMS`` is one name of the option ``--arm``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qaugbench.errors import DefinitionError
from qaugbench.experiment.arms import Arm, GeneratorChoice
from qaugbench.predictions import ArmInfo

DEFAULT_SHRINKING = 4
PHANTOMS_ONLY = "only a phantom can be asked for new patients of its true distribution, and this source is not one"


@dataclass(frozen=True)
class ArmContext:
    """What the optional arms of a run depend on; ``phantom_side`` is the side of a phantom's pictures, None for other sources."""

    task: str
    image_size: int
    generators: tuple[GeneratorChoice, ...]
    phantom_side: int | None


Maker = Callable[[str, ArmContext], Sequence[Arm]]


@dataclass(frozen=True)
class OptionalArm:
    """One name of ``--arm``: ``make`` returns its arms from what follows the colon (empty without one).

    ``argument`` says what may follow, ``impossible`` why a run cannot have it (None where it can).
    """

    name: str
    words: str
    make: Maker
    argument: str | None = None
    impossible: Callable[[ArmContext], str | None] = lambda context: None


def _noise(argument: str, context: ArmContext) -> list[Arm]:
    return [Arm(ArmInfo(id="P-noise", role="placebo"), fill="noise")]


def _shuffled(argument: str, context: ArmContext) -> list[Arm]:
    known = [choice.card.id for choice in context.generators]
    if argument and argument not in known:
        raise DefinitionError(f"--arm P-shuf:{argument} shuffles a generator of the run; these are {', '.join(known)}.")
    return [
        Arm(ArmInfo(id=f"P-shuf:{name}", role="placebo"), fill="shuffled", images_of=name)
        for name in ([argument] if argument else known)
    ]


def _duplicate(argument: str, context: ArmContext) -> list[Arm]:
    return [Arm(ArmInfo(id="R+dup", role="duplicate"), fill=None, reseeded="R+dup")]


def _low_resolution(argument: str, context: ArmContext) -> list[Arm]:
    size = context.image_size
    side = int(argument) if argument.isdecimal() else 0
    if not argument:
        side = size // DEFAULT_SHRINKING
    if not 1 <= side < size:
        raise DefinitionError(
            f"--arm R+lowres:SIDE needs a side of 1 to {size - 1} pixels, below the {size} of the track; given {argument!r}."
        )
    return [Arm(ArmInfo(id=f"R+lowres:{side}", role="resolution"), fill="lowres", fill_settings={"side": side})]


def _copycat(argument: str, context: ArmContext) -> list[Arm]:
    return [Arm(ArmInfo(id="copycat", role="copycat"), fill="copies")]


def _true_oracle(argument: str, context: ArmContext) -> list[Arm]:
    drawn = {"task": context.task, "drawn_at": context.phantom_side}
    return [Arm(ArmInfo(id="O-true", role="oracle-true"), fill="true", fill_settings=drawn)]


CONTROL_ARMS = (
    OptionalArm("P-noise", "class means plus pixel noise: does any filling help?", _noise),
    OptionalArm(
        "P-shuf",
        "a generator's images, labels permuted: do they matter?",
        _shuffled,
        argument="GENERATOR",
    ),
    OptionalArm("R+dup", "R+ under other seeds: any difference is a false positive", _duplicate),
    OptionalArm(
        "R+lowres",
        "R+os through SIDE pixels: what does low resolution cost?",
        _low_resolution,
        argument="SIDE",
    ),
    OptionalArm("copycat", "copies of training images: what memorising would give", _copycat),
    OptionalArm(
        "O-true",
        "new phantom patients: what a perfect generator would give",
        _true_oracle,
        impossible=lambda context: PHANTOMS_ONLY if context.phantom_side is None else None,
    ),
)
