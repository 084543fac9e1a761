"""The training curves that a run keeps, ``curves.json``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from qaugbench.record import parse_facts
from qaugbench.untrusted import MIB, exists, read_bytes

CURVES_BYTES = 64 * MIB


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Point(_Kept):
    """What was noted at one step; None where it was not."""

    step: float = Field(ge=0)
    train_loss: float | None = None
    val_metric: float | None = None
    loss: float | None = None


class TrainingCurve(_Kept):
    """The curve of one arm (a classifier) or variant (a generator) in one replicate."""

    arm: str | None = None
    variant: str | None = None
    fraction: str
    replicate: int
    points: list[Point]

    @property
    def method(self) -> str:
        """The arm whose curve it is."""
        return str(self.arm if self.variant is None else self.variant)


class CurveFile(_Kept):
    """The content of ``curves.json``."""

    classifier: list[TrainingCurve] = Field(default_factory=list)
    generator: list[TrainingCurve] = Field(default_factory=list)


def read_curves(path: Path) -> CurveFile:
    """Return the training curves in ``curves.json``; none without the file, EntryError for one that is not usable."""
    return parse_facts(read_bytes(path, CURVES_BYTES), path, CurveFile) if exists(path) else CurveFile()
