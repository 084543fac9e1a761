"""The training curves that a run keeps, ``curves.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from qaugbench.record import parse_facts
from qaugbench.untrusted import MIB, exists, read_bytes

CURVES_BYTES = 64 * MIB
MOST_CURVES, MOST_POINTS = 5_000, 2_000
"""Far above any run: a curve is kept at 200 points."""

Drawn = Annotated[float, Field(ge=-1e100, le=1e100)]
"""A value whose distance from another can be drawn."""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Point(_Kept):
    """What was noted at one step; None where it was not."""

    step: float = Field(ge=0, le=1e15)
    train_loss: Drawn | None = None
    val_metric: Drawn | None = None
    loss: Drawn | None = None


class TrainingCurve(_Kept):
    """The curve of one arm (a classifier) or variant (a generator) in one replicate."""

    arm: str | None = None
    variant: str | None = None
    fraction: str
    replicate: int
    points: list[Point] = Field(max_length=MOST_POINTS)

    @property
    def method(self) -> str:
        """The arm whose curve it is."""
        return str(self.arm if self.variant is None else self.variant)


class CurveFile(_Kept):
    """The content of ``curves.json``."""

    classifier: list[TrainingCurve] = Field(default_factory=list, max_length=MOST_CURVES)
    generator: list[TrainingCurve] = Field(default_factory=list, max_length=MOST_CURVES)


def read_curves(path: Path) -> CurveFile:
    """Return the training curves in ``curves.json``; none without the file, EntryError for one that is not usable."""
    return parse_facts(read_bytes(path, CURVES_BYTES), path, CurveFile) if exists(path) else CurveFile()
