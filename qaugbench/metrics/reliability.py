"""Whether stated probabilities happen as often as they say: the reliability curve and its debiased calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError

BINS = 15
FEWEST_PER_BIN = 5


@dataclass(frozen=True)
class ReliabilityBin:
    """Images of neighbouring probabilities: how many, their mean probability, and how often it happened."""

    n: int
    stated: float
    happened: float


@dataclass(frozen=True)
class Reliability:
    """``error`` is the root mean square difference between stated and happened over the bins, in [0, 1], lower is better.

    What chance alone adds to a mean of squares is taken off, so it is 0 on average for calibrated probabilities, never above the
    plain error ``plain``, and 0 where less than nothing would remain.
    """

    error: float
    plain: float
    bins: tuple[ReliabilityBin, ...]


def reliability(stated: np.ndarray, happened: np.ndarray, bins: int = BINS) -> Reliability:
    """Return the calibration of probabilities ``stated`` [N] of events that ``happened`` [N] (0 or 1).

    Bins hold equally many images, 5 at least, and equal probabilities are kept together; the error is the debiased estimator of
    Kumar, Liang & Ma (2019, arXiv 1909.10155, section 5): the mean over bins of (stated - happened)^2 - happened (1 - happened) /
    (n - 1). Raises StatisticsError for other shapes, values outside [0, 1], and fewer than 10 images.

    >>> found = reliability(np.full(10, 0.9), np.array([1] * 6 + [0] * 4))
    >>> round(found.plain, 3), round(found.error, 3)  # .3 from what happened; chance takes .24 / 9 off its square
    (0.3, 0.252)
    """
    stated, happened = np.asarray(stated, np.float64), np.asarray(happened, np.float64)
    if stated.ndim != 1 or stated.shape != happened.shape:
        raise StatisticsError(
            f"Probabilities and events must be two rows of one length, not {stated.shape} and {happened.shape}."
        )
    if not (((stated >= 0) & (stated <= 1)).all() and np.isin(happened, (0, 1)).all()):
        raise StatisticsError("Probabilities must be in [0, 1] and events 0 or 1.")
    if len(stated) < 2 * FEWEST_PER_BIN:
        raise StatisticsError(f"A calibration error needs {2 * FEWEST_PER_BIN} images, not {len(stated)}.")
    bin_of = np.searchsorted(_edges(stated, min(bins, len(stated) // FEWEST_PER_BIN)), stated, side="right")
    counts = np.bincount(bin_of)
    means = (np.bincount(bin_of, of)[counts > 0] / counts[counts > 0] for of in (stated, happened))
    found = tuple(
        ReliabilityBin(int(n), *map(float, pair)) for n, *pair in zip(counts[counts > 0], *means, strict=True)
    )
    weights = np.array([one.n for one in found]) / len(stated)
    squares = np.array([(one.stated - one.happened) ** 2 for one in found])
    chance = np.array([one.happened * (1 - one.happened) / max(one.n - 1, 1) for one in found])
    debiased = float(weights @ (squares - chance))
    return Reliability(float(np.sqrt(max(debiased, 0.0))), float(np.sqrt(weights @ squares)), found)


def _edges(stated: np.ndarray, bins: int) -> np.ndarray:
    """Return the least probability of every bin but the first: bins are of nearly equal size, none parting equal values."""
    places = np.linspace(0, len(stated), bins + 1).round().astype(int)[1:-1]
    return np.unique(np.partition(stated, places)[places])
