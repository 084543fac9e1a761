"""Which of the true variety of a phantom's factors synthetic images show: lesions of every size and place, or always the same.

What a synthetic image was drawn by is unknown, so a network estimates it, and what it makes of synthetic images is held against
what it makes of fresh phantom images: both pass through the same errors. A factor that it cannot read off is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from qaugbench.datasets.strata import rarest_positive
from qaugbench.errors import StatisticsError
from qaugbench.extractors.contract import Provenance
from qaugbench.image_facts import Measure
from qaugbench.metrics.copies import matching_weights
from qaugbench.metrics.known_factors import FactorDistance, category_distance, number_distance, ranges

LEAST_SKILL = 0.5
"""Share of a factor's variance, in images whose truth is known, that its estimates must explain."""
TOGETHER, PARTS = 3, 3
"""Up to so many factors, those estimated best, are divided into so many ranges each, whose combinations are counted."""
ESTIMATOR = "factor network"


@dataclass(frozen=True, eq=False)
class KnownFactors:
    """The ``true`` factors [M, F] of fresh phantom images, NaN where one has none, and their ``labels`` [M, K].

    ``estimated`` [M, F] is what a network that has not seen these images makes of them, and ``synthetic`` [N, F] what it makes of
    the synthetic ones; ``weights_sha256`` is that of its weights.
    """

    names: tuple[str, ...]
    true: np.ndarray
    labels: np.ndarray
    estimated: np.ndarray
    synthetic: np.ndarray
    weights_sha256: str

    @property
    def provenance(self) -> Provenance:
        """What the estimates come from."""
        return Provenance(ESTIMATOR, self.weights_sha256, "means of squares of pixels, to at most 64 on a side")


def factor_measures(known: KnownFactors, labels: np.ndarray, rng: np.random.Generator) -> dict[str, Measure]:
    """Return for each factor how far its distribution is from the true one, the modes reached, and the skill of its estimates.

    ``labels`` [N, K] are those asked for of the synthetic images; fresh images count as often as their classes were asked for.
    ``collapse/modes/all`` counts combinations of the factors that are estimated best.
    """
    measures: dict[str, Measure] = {}
    skills = [estimation_skill(*pair) for pair in zip(known.true.T, known.estimated.T, strict=True)]
    for number, name in enumerate(known.names):
        with_truth = int(np.isfinite(known.true[:, number]).sum())
        measures[f"collapse/skill/{name}"] = Measure(value=skills[number], n_real=with_truth, extractor=ESTIMATOR)
        measures |= _measured(name, partial(_alone, known, labels, number, skills[number], rng))
    best = [number for number in np.argsort(skills)[::-1][:TOGETHER] if skills[number] >= LEAST_SKILL]
    if len(best) > 1:
        both = _measured("all", partial(_together, known, labels, best, rng))
        measures |= {name: one for name, one in both.items() if name == "collapse/modes/all"}
    return measures


def estimation_skill(true: np.ndarray, estimated: np.ndarray) -> float:
    """Return the share of the variance of ``true`` [M] that ``estimated`` [M] explain, rows without a truth left out.

    1: without error; 0: no better than the mean; below 0: worse.

    >>> estimation_skill(np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 2.0, 4.0, 9.0]))
    0.5
    """
    known = np.isfinite(true)
    error = np.square(true[known] - estimated[known]).sum()
    return float(1 - error / np.square(true[known] - true[known].mean()).sum())


def _measured(name: str, make: Callable[[], FactorDistance]) -> dict[str, Measure]:
    """Return a distance and the modes reached as measures, or the reason why there are none."""
    facts: dict[str, Any] = {"extractor": ESTIMATOR}
    try:
        found = make()
    except StatisticsError as error:
        return {f"collapse/factor/{name}": Measure(value=None, reason=str(error), **facts)}
    facts |= {"n": found.n, "n_real": found.n_true}
    limits: dict[str, Any] = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {
        f"collapse/factor/{name}": Measure(value=found.distance, real=found.floor, **limits, **facts),
        f"collapse/modes/{name}": Measure(value=found.modes_reached, real=found.modes_expected, **facts),
    }


def _alone(
    known: KnownFactors, labels: np.ndarray, number: int, skill: float, rng: np.random.Generator
) -> FactorDistance:
    if skill < LEAST_SKILL:
        raise StatisticsError(
            f"Its estimates explain {max(skill, 0.0):.0%} of its variance in images whose truth is known; at least "
            f"{LEAST_SKILL:.0%} are needed to tell from images how it is distributed."
        )
    own, fresh, weights = _compared(known, labels, [number])
    return number_distance(known.synthetic[own, number], known.estimated[fresh, number], rng, weights)


def _together(
    known: KnownFactors, labels: np.ndarray, numbers: Sequence[int], rng: np.random.Generator
) -> FactorDistance:
    own, fresh, weights = _compared(known, labels, numbers)
    codes = [np.zeros(len(rows), dtype=np.int64) for rows in (own, fresh)]
    for number in numbers:
        borders = ranges(known.estimated[fresh, number], PARTS, weights)
        for code, values in zip(codes, (known.synthetic[own, number], known.estimated[fresh, number]), strict=True):
            code *= PARTS
            code += np.searchsorted(borders, values, "right")
    return category_distance(codes[0], codes[1], rng, weights)


def _compared(
    known: KnownFactors, labels: np.ndarray, numbers: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of synthetic and of fresh images of classes that always have these factors, and weights of the latter."""
    counts = known.labels.sum(axis=0)
    asked, drawn = rarest_positive(labels, counts), rarest_positive(known.labels, counts)
    lacking = np.unique(drawn[~np.isfinite(known.true[:, numbers]).all(axis=1)])
    own = np.flatnonzero(np.isin(asked, np.setdiff1d(drawn, lacking)))
    if not len(own):
        raise StatisticsError("No synthetic image is of a class that has this factor.")
    fresh = np.flatnonzero(np.isin(drawn, asked[own]))
    return own, fresh, matching_weights(asked[own], drawn[fresh])
