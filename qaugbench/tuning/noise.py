"""How far the means of two trials differ by chance, from replicates that all trials share, and what has to be exceeded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.tuning.trial_result import TrialResult

LEVEL = 0.05
"""How often a study without any real difference may recommend a trial over the untuned default."""


@dataclass(frozen=True)
class Noise:
    """The noise of a difference between the means of two trials.

    ``standard_error`` is that of the difference, ``degrees_of_freedom`` those of its estimate, ``compared`` the number of
    trials with other settings than the default's, of which the best one is looked at.
    """

    standard_error: float
    degrees_of_freedom: int
    compared: int

    @property
    def needed(self) -> float:
        """The difference that the best trial has to exceed: one-sided t at ``LEVEL`` over the trials compared (Bonferroni)."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, 1 - LEVEL / self.compared)) * self.standard_error


def noise_of(results: Sequence[TrialResult]) -> Noise | None:
    """Return the noise of differences between trials, None where it is unknown: one replicate, or one trial to compare.

    The trials share their replicates, so what a replicate adds to all of them cancels in a difference. What is left over from
    the means of trials and replicates (a randomised block design) has (trials - 1) (replicates - 1) degrees of freedom.
    Trials with equal settings count as one; a trial without all of its scores is left out.
    """
    scores = _table(results)
    n_trials, n_replicates = scores.shape
    if n_trials < 2 or n_replicates < 2:
        return None
    left = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0, keepdims=True) + scores.mean()
    degrees = (n_trials - 1) * (n_replicates - 1)
    variance = float((left**2).sum()) / degrees
    return Noise(math.sqrt(2 * variance / n_replicates), degrees, n_trials - 1)


def _table(results: Sequence[TrialResult]) -> np.ndarray:
    """Return the scores of the trials that have all of them, float64 [trials with different settings, replicates]."""
    complete = {repr(sorted(result.settings.items())): result.scores for result in results if result.mean is not None}
    return np.array(list(complete.values()), dtype=float).reshape(len(complete), -1 if complete else 0)
