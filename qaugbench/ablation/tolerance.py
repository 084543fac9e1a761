"""How much noise a generator stands, of each sweep of a study: where it has lost something, and where its advantage is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.study import MEASURES, RECIPE, LevelResult, Side, StudyResult
from qaugbench.formatting import unsigned
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.thresholds import advantage_threshold, degradation_threshold, maximum_off_zero

LOST = 0.01
"""Of a score: the loss whose level of noise is estimated (p_delta)."""
LOST_QUESTION = f"noise at which {unsigned(LOST)} is lost"
ADVANTAGE_QUESTION = "noise at which the advantage over {} is gone"
TWIN, REAL = "the clean twin", "real images alone"
TWIN_QUESTION = ADVANTAGE_QUESTION.format(TWIN)
LEAST_LEVELS = 3
SCORES = ("probe", RECIPE)
NEGATED = ("kid",)
"""Lower is better."""


@dataclass(frozen=True)
class Answer:
    """What one sweep says to one question about one measure; ``strength`` of noise is what thresholds count.

    ``mitigation`` names what the images were drawn with, "" for none.
    """

    sweep: str
    measure: str
    question: str
    words: str
    mitigation: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Curve:
    """A measure, higher being better, at those levels of a sweep where every replicate has it: ``theta`` [L, R]."""

    levels: tuple[LevelResult, ...]
    theta: np.ndarray

    @property
    def strength(self) -> np.ndarray:
        """The strength of noise at each level [L]."""
        return np.array([one.level.strength for one in self.levels])


def answers(found: StudyResult) -> list[Answer]:
    """Return what can be said of every sweep of which the levels are done; nothing where replicates or levels are too few."""
    if not is_complete(found):
        return []
    names = (*NEGATED, *SCORES)
    plain = [one for sweep in found.study.sweeps for name in names for one in _of(found, sweep, name)]
    mended = [
        one
        for sweep in found.study.sweeps
        for mitigation in found.study.mitigations
        for name in SCORES
        for one in _mitigated(found, sweep, name, mitigation)
    ]
    return [*plain, *mended]


def is_complete(found: StudyResult) -> bool:
    """Return whether all levels are done, in as many replicates as intervals need."""
    planned = sum(len(sweep.levels) for sweep in found.study.sweeps)
    return too_few_replicates(found.study.replicates) is None and len(found.levels) >= planned


def titles() -> dict[str, str]:
    """Return the title of every measure that answers are about."""
    return {one.name: one.title for one in MEASURES} | {RECIPE: "classifier"}


def curve_of(
    found: StudyResult,
    sweep: Sweep,
    measure: str,
    side: Callable[[LevelResult], Side | None] = lambda one: one.generator,
) -> Curve | None:
    """Return a measure along a sweep; None with fewer than three levels that have it, or without the one without noise.

    ``side`` says what is looked at, by default the generator itself.
    """
    levels = [one for one in found.of(sweep) if values_of(side(one), measure) is not None]
    if len(levels) < LEAST_LEVELS or not levels[0].level.is_clean:
        return None
    return Curve(tuple(levels), _sign(measure) * np.array([values_of(side(one), measure) for one in levels]))


def values_of(side: Side | None, measure: str) -> list[float] | None:
    """Return a measure in every replicate, or None where one has none."""
    if side is None:
        return None
    values = [value for value in side.values(measure) if value is not None]
    return values if values and len(values) == len(side.measures) else None


def comparator(side: Side | None, measure: str) -> np.ndarray | None:
    """Return an arm [R] to compare a curve with, higher being better; None where there is none."""
    values = values_of(side, measure)
    return None if values is None else _sign(measure) * np.array(values)


def _of(found: StudyResult, sweep: Sweep, measure: str) -> Iterator[Answer]:
    curve = curve_of(found, sweep, measure)
    if curve is None:
        return
    yield Answer(sweep.name, measure, "whether noise ever helps", maximum_off_zero(curve.strength, curve.theta).words)
    yield from _thresholds(found, sweep, measure, curve, "")
    noisy = _twins(found, curve.levels, measure)
    if noisy is not None:
        gone = advantage_threshold(curve.strength, curve.theta, noisy)
        yield Answer(sweep.name, measure, ADVANTAGE_QUESTION.format("the twin with equal noise"), gone.words)


def _mitigated(found: StudyResult, sweep: Sweep, measure: str, mitigation: str) -> Iterator[Answer]:
    curve = curve_of(found, sweep, measure, lambda one: one.with_mitigation(mitigation))
    if curve is not None:
        yield from _thresholds(found, sweep, measure, curve, mitigation)


def _thresholds(found: StudyResult, sweep: Sweep, measure: str, curve: Curve, mitigation: str) -> Iterator[Answer]:
    """Yield where something is lost, and where the advantage over what has no noise is gone."""
    if measure in SCORES:
        lost = degradation_threshold(curve.strength, curve.theta, LOST).words
        yield Answer(sweep.name, measure, LOST_QUESTION, lost, mitigation)
    for side, name in ((found.twin, TWIN), (found.real_only, REAL)):
        against = comparator(side, measure)
        if against is not None:
            gone = advantage_threshold(curve.strength, curve.theta, against).words
            question = ADVANTAGE_QUESTION.format(name)
            yield Answer(sweep.name, measure, question, gone, mitigation)


def _twins(found: StudyResult, levels: Sequence[LevelResult], measure: str) -> np.ndarray | None:
    """Return the twin [L, R] with noise as strong as the generator's, clean where it has none; None where a value is missing."""
    sides = [found.twin if one.level.is_clean else one.twin_with_noise for one in levels]
    known = [row for row in (comparator(side, measure) for side in sides) if row is not None]
    return np.array(known) if len(known) == len(sides) else None


def _sign(measure: str) -> float:
    return -1.0 if measure in NEGATED else 1.0
