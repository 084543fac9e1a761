"""A cell: the smallest unit of work whose result is stored, named by the hash of everything that determines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from qaugbench.datasets.splits import Split
from qaugbench.task import LabelSpace, canonical_hash

EARLIER = "earlier"
"""The fact by which a stage tells the wall and processor time, in seconds, of earlier attempts that it went on from."""

YIELD = "yield"
"""The stage that measures which share of detections photonic circuits keep."""
UNDER_NOISE = ("fit", "sample")


@dataclass(frozen=True)
class Place:
    """The part of a run that a cell serves: None where it serves every arm, fraction or replicate."""

    arm: str | None = None
    fraction: str | None = None
    replicate: int | None = None

    def __str__(self) -> str:
        replicate = None if self.replicate is None else f"r{self.replicate}"
        return " ".join(part for part in (self.arm, self.fraction, replicate) if part is not None)


@dataclass(frozen=True)
class Inputs:
    """What a cell reads from outside the store. Where it is found cannot change a number: hashes of the content are in the key.

    ``path`` holds images in the prepared form (for a fit, pretrained weights), ``labels`` how its labels.csv is read, ``split``
    the rows of the parts, and ``weights`` the files of extractors by name.
    """

    path: Path | None = None
    labels: LabelSpace | None = None
    split: Split | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """``key`` determines the numbers and is hashed; ``needs`` names the cells it reads (their names are in the hash too).

    ``place`` and ``note`` are for people and records. A cell with the same stage, key and needs is the same cell, whichever
    run asks for it.
    """

    stage: str
    key: Mapping[str, Any]
    needs: Mapping[str, Cell] = field(default_factory=dict)
    place: Place = Place()
    note: str = ""
    inputs: Inputs = field(default=Inputs(), compare=False)

    @cached_property
    def name(self) -> str:
        """The SHA-256 that names the cell."""
        upstream = {role: cell.name for role, cell in self.needs.items()}
        return canonical_hash({"stage": self.stage, "key": dict(self.key), "needs": upstream})

    @property
    def label(self) -> str:
        """What the log calls the cell, after its stage; for print only."""
        return " ".join(part for part in (str(self.place), self.note) if part)

    @property
    def is_noisy(self) -> bool:
        """Whether it fits or draws otherwise than a run does by itself: under an execution that its key writes down."""
        return self.stage in UNDER_NOISE and not isinstance(self.key.get("execution", "ideal"), str)

    @cached_property
    def level_class(self) -> str | None:
        """What cells have in common that differ in the strength of noise, seeds and code alone; None where there is no noise.

        They take about equally long. A measurement of images does not depend on how these were drawn; a fit has a line of its own.
        """
        if self.stage in ("measure", YIELD):
            return self.stage
        if not self.is_noisy or self.stage == "fit":
            return None
        under = {
            name: None if isinstance(value, int | float) else value for name, value in self.key["execution"].items()
        }
        return canonical_hash({"fit": self.needs["fit"].cost_class, "under": under})

    @cached_property
    def depth(self) -> int:
        """How many waves of cells must be done before this one."""
        return 1 + max((cell.depth for cell in self.needs.values()), default=-1)

    @cached_property
    def cost_class(self) -> str:
        """Cells of one cost class take about equally long: they and what they need differ in seeds and code only."""
        fixed = {name: value for name, value in self.key.items() if name not in ("seeds", "code")}
        upstream = {role: cell.cost_class for role, cell in self.needs.items()}
        return canonical_hash({"stage": self.stage, "key": fixed, "needs": upstream})
