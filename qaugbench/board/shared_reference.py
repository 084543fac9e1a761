"""R* of a board: one reference per fraction for all its entries, chosen on validation as each entry chooses its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from qaugbench.board.comparable import Submitted
from qaugbench.board.reader import read_run_predictions
from qaugbench.board.verify import scores_of
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, metric_of
from qaugbench.stats.reference import choose_reference
from qaugbench.stats.results import Reference


@dataclass(frozen=True)
class SharedReference:
    """The reference of all entries of a board at one fraction; ``own`` are those that the entries chose by themselves.

    ``validation_mean`` is the mean over the entries of the arm's mean validation score.
    """

    arm: str | None
    validation_mean: float | None
    own: Mapping[Path, str | None]

    @property
    def agreed(self) -> bool:
        """Whether every entry that has a reference chose this one by itself."""
        return {arm for arm in self.own.values() if arm is not None} <= {self.arm}


def shared_references(own: Mapping[Path, Mapping[str, Reference]]) -> dict[str, SharedReference]:
    """Return the reference by fraction: of the arms that every entry could choose, the best by its mean over the entries."""
    found: dict[str, dict[Path, Reference]] = {}
    for path, references in own.items():
        for key, reference in references.items():
            found.setdefault(key, {})[path] = reference
    return {key: _shared(references) for key, references in found.items()}


def with_reference(entry: Submitted, references: Mapping[str, SharedReference]) -> Submitted:
    """Return the entry with its scores measured from the board's references; unchanged where it chose the same itself."""
    record = entry.record
    keys = [fraction.key for fraction in record.fractions]
    shared = {key: references[key] for key in keys if key in references}
    forced = {key: one.arm for key, one in shared.items() if one.arm is not None}
    if all(one.own.get(entry.path) in (None, one.arm) for one in shared.values()):
        return entry
    predicted = read_run_predictions(entry.path, record)
    return replace(entry, record=record.scored(scores_of(record, predicted, reference=forced)))


def present_at(record: Record, predicted: PredictionSet, key: str) -> Present:
    """Return the arms of a record that have predictions at a fraction, by intention to treat."""
    return Present.of(predicted.arms, predicted.fractions[key], {arm.id: arm for arm in record.arms})


def own_references(record: Record, predicted: PredictionSet) -> dict[str, Reference]:
    """Return R* by fraction as a record froze it, or as its predictions choose it where it did not."""
    validation = Images(predicted.val_labels, predicted.val_groups, tuple(record.labels.names), record.labels.kind)
    primary = record.endpoints[0]
    metric = metric_of(primary, validation)
    return {
        key: record.choices[key].reference
        if key in record.choices
        else choose_reference(present_at(record, predicted, key), primary, metric)
        for key in predicted.fractions
    }


def _shared(references: Mapping[Path, Reference]) -> SharedReference:
    own = {path: reference.arm for path, reference in references.items()}
    with_one = [reference for reference in references.values() if reference.arm is not None]
    if not with_one:
        return SharedReference(None, None, own)
    common = [arm for arm in with_one[0].validation_means if all(arm in one.validation_means for one in with_one)]
    means = {arm: fmean(one.validation_means[arm] for one in with_one) for arm in common}
    best = max(means, key=lambda arm: means[arm], default=None)
    return SharedReference(best, None if best is None else means[best], own)
