"""The order of a run's cells. One replicate of every generator is fitted and sampled before anything else is trained.

A generator that cannot work then shows it in its first minute, not after the trainings on real images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qaugbench.experiment.cells import YIELD, Cell
from qaugbench.experiment.execute import LIGHT_STAGES

MADE_BY_GENERATORS = ("space", "fit", "sample", "fill")
MEASURING = ("influence", "geometry", "judge", "grade", "truth", "appraise", "measure", YIELD)
STAGES = (*MADE_BY_GENERATORS, "train", "classify", *MEASURING)
"""The stages that take time, in the order in which a replicate goes through them."""
LIGHT, TRIED, FIRST_TRAINED, FURTHER, MEASURED = range(5)
"""Light cells, generators of replicate 0, classifiers of replicate 0, everything of further replicates, what is measured."""


def steps_of(cells: Iterable[Cell]) -> list[Cell]:
    """Return the cells that people see and count as steps: those that take time."""
    return [cell for cell in cells if cell.stage not in LIGHT_STAGES]


def with_upstream(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return ``cells`` and all that they need, each once, in the order of computing; none comes before what it needs."""
    found: dict[str, Cell] = {}
    ranks: dict[str, int] = {}
    for cell in cells:
        for needed in _upstream(cell):
            if needed.name not in found:
                found[needed.name] = needed
                ranks[needed.name] = max([_rank(needed), *(ranks[need.name] for need in needed.needs.values())])
    return tuple(sorted(found.values(), key=lambda cell: (ranks[cell.name], cell.depth, _stage(cell), cell.label)))


def _rank(cell: Cell) -> int:
    if cell.stage in LIGHT_STAGES:
        return LIGHT
    if cell.stage not in STAGES or cell.stage in MEASURING:
        return MEASURED
    if cell.place.replicate not in (None, 0):
        return FURTHER
    return TRIED if cell.stage in MADE_BY_GENERATORS else FIRST_TRAINED


def _stage(cell: Cell) -> int:
    """Return the place of a cell's stage: where others wait for it, early."""
    return STAGES.index(cell.stage) if cell.stage in STAGES else -1


def _upstream(cell: Cell) -> Iterator[Cell]:
    for needed in cell.needs.values():
        yield from _upstream(needed)
    yield cell
