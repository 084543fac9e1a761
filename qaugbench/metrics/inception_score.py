"""The inception score, for comparison with papers that print nothing else; it looks at no real image."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import log_softmax, logsumexp

from qaugbench.errors import StatisticsError
from qaugbench.metrics.features import checked_features


@dataclass(frozen=True)
class InceptionScore:
    """The ``mean`` over parts of the set, in [1, K], and the standard deviation ``sd`` between the parts."""

    mean: float
    sd: float


def inception_score(logits: np.ndarray, splits: int = 10) -> InceptionScore:
    """Return exp(mean KL(p(class | image) || p(class))) of ``logits`` [n, K], over ``splits`` consecutive parts; higher is better.

    Salimans et al. 2016. Shuffle the images before. Raises StatisticsError for logits that are not finite and [n, K], and
    fewer images than parts.

    >>> inception_score(1000.0 * np.eye(4), splits=1).mean
    4.0
    """
    logits = checked_features(logits, "The inception score", least=max(splits, 1))
    if splits < 1:
        raise StatisticsError(f"The inception score needs at least one part; given {splits}.")
    edges = len(logits) * np.arange(splits + 1) // splits
    scores = [_score(log_softmax(logits[a:b], axis=1)) for a, b in pairwise(edges)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(log_chances: np.ndarray) -> float:
    log_marginal = logsumexp(log_chances, axis=0) - np.log(len(log_chances))
    return float(np.exp((np.exp(log_chances) * (log_chances - log_marginal)).sum(axis=1).mean()))
