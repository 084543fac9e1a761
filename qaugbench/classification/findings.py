"""What a comparison found of each of its classifiers, in the words of the claims page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qaugbench.board.claims_page import ClassifierFinding
from qaugbench.classification.questions import QUESTIONS
from qaugbench.classification.results import ClassifierBoard, Comparison, Difference, Row
from qaugbench.classification.text import with_interval
from qaugbench.classifier_cards import BOTTLENECK, LINEAR
from qaugbench.formatting import NONE, change, count, share, unsigned

TOLD = (LINEAR, BOTTLENECK, "twin")
"""The controls whose own course, uncertainty and size stand beside those of the classifier."""


def classifier_findings(record: str, found: Comparison) -> list[ClassifierFinding]:
    """Return what the comparison called ``record`` found of each classifier, at each fraction."""
    return [_finding(record, found, board) for board in found.boards]


def _finding(record: str, found: Comparison, board: ClassifierBoard) -> ClassifierFinding:
    rows = {row.control: row for row in board.rows}
    own = rows["none"]
    told = {name: rows[name] for name in TOLD if name in rows}
    return ClassifierFinding(
        generator=board.classifier,
        controls=tuple(name for name in rows if name != "none"),
        record=record,
        board=board.key,
        fraction=board.fraction,
        replicates=found.replicates,
        folds=found.n_folds,
        score=_score(found, own, found.recipe[board.fraction]),
        differences=tuple(_differences(board, found.against_each_other.get(board.fraction, ()))),
        learned=_learned(own, told),
        uncertainty=_uncertainty(own, told),
        parameters=_parameters(own, told),
        aside="; its images are a phantom's" if found.phantom else "",
    )


def _score(found: Comparison, own: Row, recipe: Row) -> str:
    if own.score is None:
        return f"no score: {own.reason}"
    accurate = "" if own.accuracy is None else f", accuracy {share(own.accuracy, 1)}"
    of_recipe = NONE if recipe.score is None else unsigned(recipe.score.value)
    of_recipe += "" if recipe.accuracy is None else f", {share(recipe.accuracy, 1)}"
    title = found.endpoint_title.partition(" over ")[0]
    return f"{title} {with_interval(own.score)}{accurate} (the recipe {of_recipe})"


def _differences(board: ClassifierBoard, of_each_other: Sequence[Difference]) -> Iterator[str]:
    """Yield the differences of a classifier from its controls, and from the variants of its file."""
    by_other = {one.against: one for one in board.differences if one.arm == board.classifier}
    for control in (*TOLD, *(name for name in QUESTIONS if name not in TOLD)):
        one = by_other.get(f"{board.classifier}:{control}")
        if one is not None:
            yield f"{_change(one)} from {control}"
    for one in of_each_other:
        if one.arm == board.classifier and one.against.partition(":")[0] == board.classifier.partition(":")[0]:
            yield f"{_change(one)} from {one.against}"


def _change(one: Difference) -> str:
    return change(one.estimate.value, one.estimate.low, one.estimate.high)


def _learned(own: Row, told: dict[str, Row]) -> str:
    if own.steps is None or own.steps_to_95 is None:
        return ""
    others = {name: f"{row.steps_to_95:,.0f}" for name, row in told.items() if row.steps_to_95 is not None}
    return f"95 % of the last validation score after {own.steps_to_95:,.0f} of {own.steps:,} steps{_beside(others)}"


def _uncertainty(own: Row, told: dict[str, Row]) -> str:
    if own.uncertainty_gap is None:
        return ""
    gaps = {name: row.uncertainty_gap for name, row in told.items()}
    others = {name: unsigned(gap.value) for name, gap in gaps.items() if gap is not None}
    return f"uncertainty gap {with_interval(own.uncertainty_gap)}{_beside(others)}"


def _parameters(own: Row, told: dict[str, Row]) -> str:
    if not own.parameters:
        return ""
    total, block = own.parameters.get("total", 0), own.parameters.get("block", 0)
    others = {name: f"{row.parameters['total']:,}" for name, row in told.items() if "total" in row.parameters}
    of_circuits = f", {block or 'none'} of them of circuits" if total and own.kind != "classical" else ""
    return f"{count(total, 'parameter') if total else 'no parameters'}{of_circuits}{_beside(others)}"


def _beside(others: dict[str, str]) -> str:
    """Return what controls have, in brackets; "" without any.

    >>> _beside({"linear": "105", "twin": "143"}), _beside({})
    (' (linear 105, twin 143)', '')
    """
    return f" ({', '.join(f'{name} {value}' for name, value in others.items())})" if others else ""
