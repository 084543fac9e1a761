"""What every generator of a board gained over the board's reference, R*, from the predictions of all entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.board.comparable import HeldOut, Submitted, check_same
from qaugbench.board.reader import read_run_predictions
from qaugbench.board.shared_reference import (
    SharedReference,
    own_references,
    present_at,
    shared_references,
    with_reference,
)
from qaugbench.errors import EntryError
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record
from qaugbench.stats.metric_on_images import Images, Measurement, MetricOnImages, metric_of
from qaugbench.stats.ranks import rank_sets
from qaugbench.stats.results import Reference
from qaugbench.task import Endpoint


@dataclass(frozen=True)
class Place:
    """A generator of one entry at one fraction: a row of a board."""

    entry: Path
    fraction: str
    arm: str


@dataclass(frozen=True)
class Gains:
    """The gains of M rows on one endpoint: ``theta`` [M, R] with ``influence`` [M, R, C], and ``n_eff``.

    All rows have the same C patients in the same order, and replicate r of each has the same seeds.
    """

    places: tuple[Place, ...]
    theta: np.ndarray
    influence: np.ndarray
    n_eff: int

    def mean_of(self, fraction: str, arm: str) -> Measurement:
        """Return (theta [R], influence [R, C]) of a generator's gain as the mean over all entries that have it."""
        rows = [number for number, place in enumerate(self.places) if (place.fraction, place.arm) == (fraction, arm)]
        return self.theta[rows].mean(axis=0), self.influence[rows].mean(axis=0)


@dataclass(frozen=True)
class Measured:
    """A board with its gains: on the primary endpoint, and on macro-AUROC over all classes, in which tasks can be pooled.

    Gains are None where the test images cannot decide the endpoint. ``macro`` is also None on phantom data, and where
    the primary endpoint is asked of some of the test images only; it is ``primary`` itself where they ask the same.
    ``references`` are R* by fraction, from which all entries are scored.
    """

    entries: tuple[Submitted, ...]
    references: Mapping[str, SharedReference]
    primary: Gains | None
    macro: Gains | None

    @property
    def record(self) -> Record:
        """The first entry's record, for what all entries have in common."""
        return self.entries[0].record


def measure(entries: Sequence[Submitted]) -> Measured:
    """Return the gains of the entries of one board.

    Raises EntryError when two of them were not scored on the same test images.
    """
    primary, macro = entries[0].record.endpoints[0], _macro_endpoint(entries[0].record)
    asked = [primary] if macro in (None, primary) else [primary, macro]
    own, images = _own_references(entries)
    references = shared_references(own)
    metrics = [metric_of(endpoint, images) for endpoint in asked]
    rows: list[list[tuple[Place, Measurement]]] = [[] for _ in asked]
    for entry in entries:
        predicted = read_run_predictions(entry.path, entry.record)
        for found, metric in zip(rows, metrics, strict=True):
            found += _gains_of(entry, predicted, metric, references)
    gains = [_stacked(found, metric) for found, metric in zip(rows, metrics, strict=True)]
    scored = tuple(with_reference(entry, references) for entry in entries)
    return Measured(scored, references, gains[0], None if macro is None else gains[-1])


def _own_references(entries: Sequence[Submitted]) -> tuple[dict[Path, dict[str, Reference]], Images]:
    """Return the references that the entries chose by themselves, by entry and fraction, and the test images of all."""
    own: dict[Path, dict[str, Reference]] = {}
    first: HeldOut | None = None
    for entry in entries:
        predicted = read_run_predictions(entry.path, entry.record)
        test = HeldOut.of(entry, predicted)
        first = first or test
        check_same(first, test)
        own[entry.path] = own_references(entry.record, predicted)
    if first is None:
        raise EntryError("A board needs at least one entry.")
    return own, first.images


def gains_at(
    record: Record, predicted: PredictionSet, key: str, metric: MetricOnImages, reference: str | None
) -> dict[str, Measurement]:
    """Return (theta [R], influence [R, C]) of every generator minus the ``reference`` arm at the fraction ``key``.

    By intention to treat, as everywhere: a failed replicate is filled in. Empty where there is no reference, or it was
    dropped.
    """
    present = present_at(record, predicted, key)
    if reference is None or reference not in present.arms:
        return {}
    theta, influence = metric.evaluate(present.test_logits(reference), {})
    answers = {arm: metric.evaluate(present.test_logits(arm), {}) for arm in present.with_role("synthetic")}
    return {arm: (own[0] - theta, own[1] - influence) for arm, own in answers.items()}


@dataclass(frozen=True)
class Ranking:
    """The first and last rank, 1 the best, that the data leave to each row, and ``separable``.

    That is the smallest difference between two rows that would have told them apart; None where there are no two.
    """

    spans: Mapping[Place, tuple[int, int]]
    separable: float | None


def ranking(gains: Gains | None, fraction: str) -> Ranking:
    """Return the Ranking of the rows of a fraction (see ``stats.ranks``); without spans where there are no gains."""
    rows = [] if gains is None else [n for n, place in enumerate(gains.places) if place.fraction == fraction]
    if gains is None or not rows:
        return Ranking({}, None)
    found = rank_sets(gains.theta[rows], gains.influence[rows], gains.n_eff)
    spans = zip(found.low.tolist(), found.high.tolist(), strict=True)
    return Ranking({gains.places[n]: span for n, span in zip(rows, spans, strict=True)}, found.separable)


def _macro_endpoint(record: Record) -> Endpoint | None:
    """Return macro-AUROC over all classes as the task asks it, made up where it does not; None where it cannot be had."""
    primary, names = record.endpoints[0], record.labels.names
    if record.data.phantom or primary.restrict:
        return None
    asked = [one for one in record.endpoints if one.kind == "macro_auroc" and not one.restrict]
    whole = [one for one in asked if sorted(one.classes) == sorted(names)]
    return whole[0] if whole else Endpoint(id="macro", title="macro-AUROC", kind="macro_auroc", classes=tuple(names))


def _gains_of(
    entry: Submitted, predicted: PredictionSet, metric: MetricOnImages, references: Mapping[str, SharedReference]
) -> list[tuple[Place, Measurement]]:
    if metric.why_undefined is not None or metric.why_no_interval is not None:
        return []
    return [
        (Place(entry.path, key, arm), gain)
        for key in sorted(predicted.fractions)
        for arm, gain in gains_at(entry.record, predicted, key, metric, references[key].arm).items()
    ]


def _stacked(rows: Sequence[tuple[Place, Measurement]], metric: MetricOnImages) -> Gains | None:
    if not rows:
        return None
    return Gains(
        places=tuple(place for place, _ in rows),
        theta=np.stack([theta for _, (theta, _) in rows]),
        influence=np.stack([influence for _, (_, influence) in rows]),
        n_eff=int(metric.n_eff or 0),
    )
