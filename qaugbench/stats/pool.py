"""One difference over several tasks: their plain mean, with every task counting the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.mrmc import NO_VARIATION, SINGLE_RUN, Comparison, comparison

POOLED = "mean over tasks as fixed effects, equal weights; Satterthwaite degrees of freedom"


def pool(
    estimates: Sequence[float] | np.ndarray,
    ses: Sequence[float] | np.ndarray,
    dfs: Sequence[float] | np.ndarray,
    *,
    n_replicates: int,
    n_groups: int,
) -> Comparison:
    """Return the Comparison of the mean of ``estimates`` [T] of T tasks, with ``ses`` [T] and ``dfs`` [T], against 0.

    Tasks have different patients, so they are independent: se = sqrt(sum se^2) / T. They are the tasks named, not a
    sample of tasks: their spread does not enter. df by Satterthwaite 1946. ``n_replicates`` is that of each task (the
    smallest, where they differ), ``n_groups`` the patients of all. Raises StatisticsError for no task, shapes that
    differ, values that are not finite, a negative se, and a df that is not positive.

    >>> pooled = pool([0.01, 0.03], [0.003, 0.004], [9.0, 16.0], n_replicates=10, n_groups=900)
    >>> pooled.estimate, pooled.se, round(pooled.df, 3)
    (0.02, 0.0025, 25.0)
    """
    estimate, se, df = (np.asarray(column, dtype=np.float64) for column in (estimates, ses, dfs))
    if estimate.ndim != 1 or not estimate.shape == se.shape == df.shape:
        raise StatisticsError(
            f"Every task needs an estimate, se and df; given {estimate.shape}, {se.shape} and {df.shape}."
        )
    if estimate.size == 0:
        raise StatisticsError("There is no task to pool: give at least one.")
    unusable = np.flatnonzero(~(np.isfinite(estimate) & np.isfinite(se) & (se >= 0) & (df > 0)))
    if unusable.size:
        raise StatisticsError(
            "Estimates must be finite, standard errors finite and not negative, and df positive; "
            f"they are not in tasks {first_offenders(unusable)}. Leave out what was not computed."
        )
    variances = (se / se.size) ** 2
    of_each = float((variances**2 / df).sum())
    pooled_df = float(variances.sum()) ** 2 / of_each if of_each > 0 else math.inf
    return comparison(
        float(estimate.mean()),
        math.sqrt(float(variances.sum())),
        pooled_df,
        method=POOLED,
        n_replicates=n_replicates,
        n_groups=n_groups,
    )


def pool_comparisons(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the Comparison of the mean of one difference per task; each task has its own patients.

    A task of a single run, or one whose uncertainty cannot be estimated, makes the mean so too, and the method says it.
    Errors as ``pool``.
    """
    if not comparisons:
        raise StatisticsError("There is no task to pool: give at least one.")
    pooled = pool(
        [task.estimate for task in comparisons],
        [task.se for task in comparisons],
        [task.df for task in comparisons],
        n_replicates=min(task.n_replicates for task in comparisons),
        n_groups=sum(task.n_groups for task in comparisons),
    )
    methods = [task.method for task in comparisons] + [pooled.method]
    method = next((method for method in (NO_VARIATION, SINGLE_RUN) if method in methods), POOLED)
    return replace(pooled, method=method)
