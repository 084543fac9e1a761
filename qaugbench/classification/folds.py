"""The comparisons of K folds as one: every number fold by fold and averaged, intervals over runs and the patients of all folds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.board.entry_id import HASH_DIGITS, several
from qaugbench.classification.judged import judged
from qaugbench.classification.page import comparison_page
from qaugbench.classification.results import Comparison, Row
from qaugbench.classification.stored import CURVES, OF_FOLD, PAGE
from qaugbench.classification.verified import CheckedComparison, checked_comparison
from qaugbench.errors import EntryError, StoreError, first_offenders, shown
from qaugbench.files import json_text, write_whole
from qaugbench.places import CLASSIFIERS_FILE
from qaugbench.predictions import PredictionSet
from qaugbench.stats.folds import check_folds
from qaugbench.task import canonical_hash
from qaugbench.untrusted import MIB, exists, parse_json, read_bytes

FOLD = re.compile(r"fold:(\d+)/(\d+)")
DEPARTURES = "Computed with "
REMEDY = "Run the same command with --split fold:1/K to fold:K/K."
NO_EFFECT = ("--no-plateau-check", "--no-metrics")
"""Options that a command may name and that change nothing in a comparison."""


@dataclass(frozen=True)
class _Fold:
    """The comparison of one fold; ``asked`` is its command without the fold."""

    folder: Path
    checked: CheckedComparison
    number: int
    of: int
    asked: tuple[str, ...]

    @property
    def found(self) -> Comparison:
        return self.checked.found


@dataclass(frozen=True)
class OverFolds:
    """The comparison over all folds, the predictions of each, and the courses of all trainings."""

    found: Comparison
    predictions: tuple[PredictionSet, ...]
    looks: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """A name for its folder: what was compared, and a hash of the folds' commands and data."""
        found = self.found
        named = several(list(dict.fromkeys(board.classifier for board in found.boards)))
        digits = canonical_hash({"command": found.command, "data": found.source_sha256})[:HASH_DIGITS]
        task = found.task.partition("@")[0]
        return f"classifiers-{task}-{found.source}-{found.track}-{named}-{found.n_folds}-folds-{digits}"

    def write(self, out: Path) -> Path:
        """Write the comparison with its predictions, courses and page into a folder in ``out``, and return that folder."""
        folder = out / self.name
        files: dict[str, bytes | str] = {
            OF_FOLD.format(number): one.to_bytes() for number, one in enumerate(self.predictions, 1)
        }
        files[CURVES] = json_text(list(self.looks))
        files[CLASSIFIERS_FILE] = json_text(self.found.to_dict())
        files[PAGE] = comparison_page(self.found, self.looks)
        try:
            for name, content in files.items():
                write_whole(folder / name, content)
        except OSError as error:
            raise StoreError(
                f"{shown(folder, None)} cannot be written: {error.strerror}. Choose another folder."
            ) from error
        return folder


def over_folds(folders: Sequence[Path]) -> OverFolds:
    """Return the comparisons in ``folders``, one for each fold, as one.

    Raises EntryError for a comparison that is not of a fold or does not hold, for other settings or data, and for a fold that is
    missing or given twice; StatisticsError for an image or a patient in the test images of two.
    """
    folds = sorted(map(_read, folders), key=lambda fold: fold.number)
    _check_alike(folds)
    predictions = [fold.checked.predictions[0] for fold in folds]
    for key in folds[0].found.recipe:
        check_folds(predictions, key)
    looks = tuple(look for fold in folds for look in _looks(fold.folder))
    return OverFolds(judged(_together(folds), predictions), tuple(predictions), looks)


def _read(folder: Path) -> _Fold:
    checked = checked_comparison(folder)
    if checked.found.n_folds > 1:
        raise EntryError(f"{shown(folder, None)} is over all folds already. Give the comparisons that it was made of.")
    words = [word for word in shlex.split(checked.found.command) if word not in NO_EFFECT]
    split = words[words.index("--split") + 1] if "--split" in words[:-1] else ""
    fold = FOLD.fullmatch(split)
    if fold is None:
        raise EntryError(f"{shown(folder, None)} is not the comparison of one fold. {REMEDY}")
    return _Fold(folder, checked, int(fold[1]), int(fold[2]), tuple(word for word in words if word != split))


def _check_alike(folds: Sequence[_Fold]) -> None:
    first = folds[0]
    for fold in folds:
        for what, fact in ALIKE.items():
            if fact(fold) != fact(first):
                raise EntryError(
                    f"{shown(fold.folder, None)} and {shown(first.folder, None)} differ in their {what}. {REMEDY}"
                )
    numbers = [fold.number for fold in folds]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise EntryError(f"Given twice of the {first.of} folds: {first_offenders(twice)}. Give each fold once.")
    missing = sorted(set(range(1, first.of + 1)) - set(numbers))
    if missing:
        raise EntryError(
            f"Missing of the {first.of} folds: {first_offenders(missing)}. Give the comparisons of all folds."
        )


ALIKE: Mapping[str, Callable[[_Fold], Any]] = {
    "number of folds": lambda fold: fold.of,
    "settings": lambda fold: fold.asked,
    "task": lambda fold: (fold.found.task, fold.found.track, fold.found.class_names),
    "data": lambda fold: (fold.found.source, fold.found.source_sha256),
    "replicates": lambda fold: fold.found.replicates,
    "fractions": lambda fold: list(fold.found.recipe),
    "classifiers": lambda fold: [
        (row.id, board.fraction, dict(row.parameters), row.steps) for board in fold.found.boards for row in board.rows
    ],
}


def _together(folds: Sequence[_Fold]) -> Comparison:
    """Return the comparison over all folds, of which nothing is measured yet."""
    found = [fold.found for fold in folds]
    first = found[0]
    notes = [[_without_fold(note) for note in one.notes] for one in found]
    shared = [note for note in notes[0] if note and all(note in of_one for of_one in notes)]
    return replace(
        first,
        command="; ".join(one.command for one in found),
        recipe={key: _course([one.recipe[key] for one in found]) for key in first.recipe},
        boards=tuple(
            replace(
                board,
                rows=tuple(_course(rows) for rows in zip(*(one.boards[place].rows for one in found), strict=True)),
            )
            for place, board in enumerate(first.boards)
        ),
        notes=(*shared, *_of_folds([[note for note in of_one if note and note not in shared] for of_one in notes])),
        failures=tuple(_of_folds([one.failures for one in found])),
        endpoint_title=first.decided_by[0].title.partition(" without ")[0],
        decided_by=tuple(endpoint for one in found for endpoint in one.decided_by),
        n_folds=len(folds),
    )


def _of_folds(said: Sequence[Sequence[str]]) -> list[str]:
    return [f"Fold {number}: {one}" for number, of_one in enumerate(said, 1) for one in of_one]


def _without_fold(note: str) -> str:
    """Return a note without the words that name its fold; "" where nothing is left.

    >>> _without_fold("Computed with 3 replicates instead of the 5 of the track; fold:1/3 as its split, one of several.")
    'Computed with 3 replicates instead of the 5 of the track.'
    """
    if not note.startswith(DEPARTURES):
        return note
    parts = note.removeprefix(DEPARTURES).removesuffix(".").split("; ")
    kept = [part for part in parts if not part.startswith("fold:")]
    return f"{DEPARTURES}{'; '.join(kept)}." if kept else ""


def _course(rows: Sequence[Row]) -> Row:
    """Return the row of all folds, with the means of what is said of its trainings."""
    names = (
        "best_step",
        "steps_to_95",
        "look_every",
        "step_wall_s",
        "step_cpu_s",
        "block_movement",
        "calibration_scaled",
    )
    known = {name: [getattr(row, name) for row in rows if getattr(row, name) is not None] for name in names}
    means: dict[str, Any] = {name: float(np.mean(values)) if values else None for name, values in known.items()}
    return replace(rows[0], **means)


def _looks(folder: Path) -> list[Any]:
    """Return the courses of a comparison's trainings; none where they were not kept."""
    path = folder / CURVES
    found = parse_json(read_bytes(path, 64 * MIB), path) if exists(path) else []
    return list(found)
