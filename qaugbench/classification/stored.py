"""A comparison of classifiers read back from its folder: ``classifiers.json`` and the predictions of its test sets."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.classification.results import FORMAT, Comparison
from qaugbench.errors import DefinitionError, EntryError, first_offenders, shown
from qaugbench.places import CLASSIFIERS_FILE
from qaugbench.predictions import PredictionSet, read_predictions
from qaugbench.report.study_list import read_study
from qaugbench.task import learnable_endpoints
from qaugbench.typed import converted, from_dict

PREDICTIONS, CURVES, PAGE = "predictions.npz", "curves.json", "report.html"
"""The other files of a comparison: predictions, courses of training, the page."""
OF_FOLD = "predictions-{}.npz"
"""The predictions of one of several folds, from 1."""
NOT_LEARNT = re.compile(r" without (.+) \(no training image\)$")
"""How the title of an endpoint names the classes that are not in it."""


def stored_comparison(folder: Path) -> Comparison:
    """Return the comparison in a folder; EntryError where its file does not hold one.

    One from before predictions could be scored again does not say how; that is then what its task says.
    """
    content, file = read_study(folder, CLASSIFIERS_FILE), folder / CLASSIFIERS_FILE
    try:
        found = _with_scoring(_comparison(content, CLASSIFIERS_FILE))
        _check_parts(found)
    except (DefinitionError, KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        reason = shown(error if isinstance(error, DefinitionError) else repr(error), 200)
        raise EntryError(f"{shown(file, None)} holds no comparison that can be read: {reason}") from error
    return found


def stored_predictions(folder: Path, found: Comparison) -> list[PredictionSet]:
    """Return the predictions in the folder of a comparison, those of each fold where it is over several."""
    names = [OF_FOLD.format(fold) for fold in range(1, found.n_folds + 1)] if found.n_folds > 1 else [PREDICTIONS]
    return [read_predictions(folder / name, without_validation=True) for name in names]


def _comparison(content: Any, origin: str) -> Comparison:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DefinitionError(f"{origin} is not of format {FORMAT}.")
    facts = {name: value for name, value in content.items() if name not in ("format", "what")}
    facts["boards"] = [{name: value for name, value in one.items() if name != "board"} for one in facts["boards"]]
    for name, hint in typing.get_type_hints(Comparison).items():
        if typing.get_origin(hint) is Mapping and name in facts:
            facts[name] = _table(facts[name], typing.get_args(hint)[1], f"{origin}, key {name!r}")
    found = from_dict(Comparison, facts, origin)
    for row in (*found.recipe.values(), *(row for board in found.boards for row in board.rows)):
        _table(row.parameters, int, f"{origin}, key 'parameters'")
    return found


def _table(value: Any, hint: Any, origin: str) -> dict[str, Any]:
    """Return a table with every value in the form of ``hint``."""
    if not isinstance(value, dict):
        raise DefinitionError(f"{origin}: expected a table, got {value!r}.")
    return {key: converted(item, hint, f"{origin}, key {key!r}") for key, item in value.items()}


def _check_parts(found: Comparison) -> None:
    """Raise DefinitionError where the parts of a comparison do not fit together."""
    for name, size in {
        "replicates": found.replicates,
        "n_folds": found.n_folds,
        "fractions": len(found.recipe),
    }.items():
        if size < 1:
            raise DefinitionError(f"{name}: {size}; there must be 1 or more.")
    unknown = [name for one in found.decided_by for name in one.classes if name not in found.class_names]
    if unknown:
        raise DefinitionError(f"{first_offenders(unknown)} decide a score and are no classes of it.")
    for board in found.boards:
        place = f"the board {board.key} at {board.fraction}"
        if (board.task, board.source, board.track) != (found.task, found.source, found.track):
            raise DefinitionError(f"{place} is not on {found.task}/{found.source}/{found.track}.")
        if board.fraction not in found.recipe:
            raise DefinitionError(f"{place} has no row of the recipe.")
        if [row.id for row in board.rows if row.control == "none"] != [board.classifier]:
            raise DefinitionError(f"{place} has not one row of {board.classifier} without a control.")
        if len({row.id for row in board.rows}) < len(board.rows):
            raise DefinitionError(f"{place} has a row twice.")


def _with_scoring(found: Comparison) -> Comparison:
    if found.decided_by:
        return found
    task = definitions.task(found.task)
    endpoint = next(one for one in task.endpoints if one.id == found.endpoint)
    lacking = NOT_LEARNT.search(found.endpoint_title)
    counts = dict.fromkeys(task.labels.names, 1) | dict.fromkeys(lacking[1].split(", ") if lacking else (), 0)
    decided = learnable_endpoints([endpoint], counts)
    return replace(found, label_kind=task.labels.kind, class_names=task.labels.names, decided_by=decided)
