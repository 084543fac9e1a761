"""How much noise a generator stands, of each sweep of a study: where it has lost something, and where its advantage is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
LEAST_LEVELS = 3
SCORES = ("probe", RECIPE)
NEGATED = ("kid",)
"""Lower is better."""


@dataclass(frozen=True)
class Answer:
    """What one sweep says to one question about one measure; ``strength`` of noise is what thresholds count."""

    sweep: str
    measure: str
    question: str
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def answers(found: StudyResult) -> list[Answer]:
    """Return what can be said of every sweep of which the levels are done; nothing where replicates or levels are too few."""
    if too_few_replicates(found.study.replicates) is not None or len(found.levels) < _planned(found):
        return []
    names = (*NEGATED, *SCORES)
    return [one for sweep in found.study.sweeps for name in names for one in _of(found, sweep, name)]


def study_data(found: StudyResult) -> dict[str, Any]:
    """Return the JSON form of a study (``noise.json``), with its answers."""
    return {**found.to_dict(), "tolerance": [one.to_dict() for one in answers(found)]}


def titles() -> dict[str, str]:
    """Return the title of every measure that answers are about."""
    return {one.name: one.title for one in MEASURES} | {RECIPE: "classifier"}


def _planned(found: StudyResult) -> int:
    return sum(len(sweep.levels) for sweep in found.study.sweeps)


def _of(found: StudyResult, sweep: Sweep, measure: str) -> Iterator[Answer]:
    levels = [one for one in found.of(sweep) if _values(one.generator, measure) is not None]
    if len(levels) < LEAST_LEVELS or not levels[0].level.is_clean:
        return
    sign = -1.0 if measure in NEGATED else 1.0
    noise = np.array([one.level.strength for one in levels])
    own = sign * _rows([one.generator for one in levels], measure)

    def told(question: str, words: str) -> Answer:
        return Answer(sweep.name, measure, question, words)

    yield told("whether noise ever helps", maximum_off_zero(noise, own).words)
    if measure in SCORES:
        yield told(f"noise at which {unsigned(LOST)} is lost", degradation_threshold(noise, own, LOST).words)
    clean = None if found.twin is None else _values(found.twin, measure)
    if clean is not None:
        gone = advantage_threshold(noise, own, sign * np.array(clean))
        yield told("noise at which the advantage over the clean twin is gone", gone.words)
    noisy = _twins(found, levels, measure)
    if noisy is not None:
        gone = advantage_threshold(noise, own, sign * noisy)
        yield told("noise at which the advantage over the twin with equal noise is gone", gone.words)
    real = None if found.real_only is None else _values(found.real_only, measure)
    if real is not None:
        gone = advantage_threshold(noise, own, np.array(real))
        yield told("noise at which the advantage over real images alone is gone", gone.words)


def _twins(found: StudyResult, levels: Sequence[LevelResult], measure: str) -> np.ndarray | None:
    """Return the twin [L, R] with noise as strong as the generator's, clean where it has none; None where a value is missing."""
    sides = [found.twin if one.level.is_clean else one.twin_with_noise for one in levels]
    known = [side for side in sides if side is not None and _values(side, measure) is not None]
    return _rows(known, measure) if len(known) == len(sides) else None


def _rows(sides: Sequence[Side], measure: str) -> np.ndarray:
    return np.array([side.values(measure) for side in sides], dtype=np.float64)


def _values(side: Side, measure: str) -> list[float] | None:
    """Return a measure in every replicate, or None where one has none."""
    values = [value for value in side.values(measure) if value is not None]
    return values if values and len(values) == len(side.measures) else None
