"""Whether what a generator draws still improved, or grew worse, at the end of its fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from qaugbench.appraisal.measures import measured, with_error
from qaugbench.image_facts import Measure
from qaugbench.metrics.kernel_distance import kernel_distance

BLOCKS = 10
CLEAR = 2.0
"""Standard errors from which a difference counts."""
RISING = "rising"


def training_measures(
    features: Mapping[int, np.ndarray], reference: np.ndarray, extractor: str, rng: np.random.Generator
) -> dict[str, Measure]:
    """Return the KID of what was drawn after each percentage of the steps, and the gain over the last quarter.

    ``features`` [N, D] by percentage, 100 among them, are of images for the same labels and seeds; ``reference`` [M, D] is real.
    """
    facts: dict[str, Any] = {"n_real": len(reference), "extractor": extractor}

    def kid(of: np.ndarray) -> Measure:
        found = kernel_distance(reference, of, rng)
        return with_error(found.value, found.se, n=len(of), **facts)

    measures = {f"training/kid/{percent} %": measured(partial(kid, of)) for percent, of in sorted(features.items())}
    if {75, 100} <= set(features):
        measures["training/gain"] = measured(lambda: _gain(features[75], features[100], reference, rng, facts))
    return measures


def training_state(gain: Measure | None, trends: Mapping[str, str]) -> str:
    """Return the word for a fit, from the gain over its last quarter and the course of its losses (``falling``, ``rising``, ...).

    ``undertrained``: samples still came clearly nearer to real images. ``unstable``: they went clearly away from them, or the fit
    was ``lost``, its one loss clearly lower before, whatever samples did at the end. Where nothing was drawn on the way, one loss
    that falls or rises at the end says the same; several losses of adversaries do not.

    >>> training_state(Measure(value=0.01, ci_low=0.005, ci_high=0.015), {}), training_state(None, {"denoising": "falling"})
    ('undertrained', 'undertrained')
    >>> training_state(Measure(value=0.0, ci_low=-0.01, ci_high=0.01), {"critic": "rising", "generator": "falling"})
    'converged'
    >>> training_state(Measure(value=0.01, ci_low=0.005, ci_high=0.015), {"denoising": "lost"})
    'unstable'
    """
    if "lost" in trends.values():
        return "unstable"
    if gain is not None and gain.ci_low is not None and gain.ci_high is not None:
        return "undertrained" if gain.ci_low > 0 else "unstable" if gain.ci_high < 0 else "converged"
    if len(trends) == 1:
        (word,) = trends.values()
        return {"falling": "undertrained", "rising": "unstable", "flat": "converged"}.get(word, "not measured")
    return "not measured"


def _gain(
    before: np.ndarray, after: np.ndarray, reference: np.ndarray, rng: np.random.Generator, facts: dict[str, Any]
) -> Measure:
    """Return KID(before) - KID(after) with the jackknife error of the difference: both share reference, labels and seeds."""

    def difference(rows: np.ndarray, real: np.ndarray) -> float:
        return (
            kernel_distance(reference[real], before[rows], rng).value
            - kernel_distance(reference[real], after[rows], rng).value
        )

    rows, real = np.arange(len(before)), np.arange(len(reference))
    variance = 0.0
    for index, which in ((rows, "rows"), (real, "real")):
        block = rng.permutation(len(index)) % BLOCKS
        left = [index[block != b] for b in range(BLOCKS)]
        found = np.array([difference(kept, real) if which == "rows" else difference(rows, kept) for kept in left])
        variance += (BLOCKS - 1) / BLOCKS * float(np.square(found - found.mean()).sum())
    return with_error(difference(rows, real), float(np.sqrt(variance)), n=len(rows), **facts)
