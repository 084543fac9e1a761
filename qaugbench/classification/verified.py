"""Whether a comparison holds what it states: every number that its predictions give, computed from them again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qaugbench.board.verify import TOLERANCE
from qaugbench.classification.judged import ROLES, judged
from qaugbench.classification.results import RECIPE, Comparison
from qaugbench.classification.stored import stored_comparison, stored_predictions
from qaugbench.errors import EntryError, StatisticsError, first_offenders, shown
from qaugbench.formatting import count
from qaugbench.places import CLASSIFIERS_FILE
from qaugbench.predictions import PredictionSet

REMEDY = "Use the files that 'qaugbench run' wrote."
STATED = (
    "parameters",
    "steps",
    "best_step",
    "steps_to_95",
    "look_every",
    "step_wall_s",
    "step_cpu_s",
    "block_movement",
)
"""What a row says of its trainings, which predictions cannot tell."""


@dataclass(frozen=True)
class CheckedComparison:
    """A comparison that holds: as it was computed again, its predictions, and how many numbers were compared."""

    found: Comparison
    predictions: tuple[PredictionSet, ...]
    n_numbers: int

    def facts(self) -> dict[str, Any]:
        """Return what was checked as plain data."""
        return {"numbers": self.n_numbers, "logits": self.n_logits}

    @property
    def n_logits(self) -> int:
        """The logits on test images."""
        return sum(part.test_logits.size for one in self.predictions for part in one.fractions.values())


def checked_comparison(folder: Path) -> CheckedComparison:
    """Return the comparison in a folder, its numbers computed from its predictions again (within 1e-9).

    Raises EntryError naming the first number that is another. What predictions cannot tell (sizes, steps, times) is as stated, and
    so are calibration after scaling and the choice of R* where predictions on validation images were not kept.
    """
    stated = stored_comparison(folder)
    predictions = stored_predictions(folder, stated)
    _check_complete(folder / CLASSIFIERS_FILE, stated, predictions)
    try:
        again = judged(stated, predictions)
    except StatisticsError as error:
        raise EntryError(f"{shown(folder, None)} cannot be scored again: {error}") from error
    said, found = dict(_facts(stated)), dict(_facts(again))
    for place in dict.fromkeys((*said, *found)):
        one, other = said.get(place), found.get(place)
        if not _equal(one, other) and not (place.endswith("/accuracy") and one is None):
            file = shown(folder / CLASSIFIERS_FILE, None)
            raise EntryError(
                f"{file} says {place} is {shown(one)}, and by its predictions it is {shown(other)}. {REMEDY}"
            )
    numbers = sum(isinstance(value, int | float) for value in found.values())
    return CheckedComparison(again, tuple(predictions), numbers)


def _check_complete(file: Path, stated: Comparison, predictions: Sequence[PredictionSet]) -> None:
    """Raise EntryError where a comparison states other replicates than were predicted, or leaves out what was."""
    for one in predictions:
        replicates = next(iter(one.fractions.values())).test_logits.shape[1]
        if stated.replicates != replicates:
            said = count(stated.replicates, "replicate")
            raise EntryError(f"{shown(file, None)} says {said}, and there are predictions of {replicates}. {REMEDY}")
        for key in one.fractions:
            known = set(_stated_arms(stated, key))
            lacking = [arm for arm in one.arms if arm not in known]
            if lacking:
                what = f"{first_offenders(lacking)} at {key}"
                raise EntryError(f"{shown(file, None)} lacks {what}, of which there are predictions. {REMEDY}")


def _stated_arms(stated: Comparison, key: str) -> Iterator[str]:
    """Yield the arms of a fraction that a comparison says something of, as predictions name them."""
    if key not in stated.recipe:
        return
    judges = (RECIPE, *(row.id for board in stated.boards if board.fraction == key for row in board.rows))
    yield from judges
    for gain in stated.gains.get(key, ()):
        yield f"{gain.judge} on {gain.generator}"
    yield from (f"{judge} on {arm}" for judge in judges for arm in ROLES)


def _facts(found: Comparison) -> Iterator[tuple[str, Any]]:
    """Yield everything that follows from predictions, by its place."""
    kept = replace(found, recipe={}, boards=())
    stated = asdict(kept)
    names = ("n_test_images", "n_test_patients", "against_each_other", "gains")
    rows = [(f"recipe/{key}", row) for key, row in found.recipe.items()]
    rows += [(f"{board.key}/{board.fraction}/{row.id}", row) for board in found.boards for row in board.rows]
    for name in names:
        yield from _leaves(stated[name], name)
    for place, row in rows:
        yield from _leaves({name: value for name, value in asdict(row).items() if name not in STATED}, place)
    for board in found.boards:
        yield from _leaves([asdict(one) for one in board.differences], f"{board.key}/{board.fraction}/differences")


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}/{name}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}/{number}")
    else:
        yield place, value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)
