"""Which settings each trial tries: the untuned default first, then points of a scrambled Sobol sequence (Owen, 1998).

The design is fixed in advance and free of order: trial k is the same whatever the number of trials, the task, and the results
of other trials. Generators with equal search spaces try equal settings.
"""

from __future__ import annotations

import numpy as np

from qaugbench.errors import QaugbenchError
from qaugbench.search_space import SearchSpace
from qaugbench.seeds import BENCH_SEED, child_seed, numpy_generator

DESIGN_SEED = child_seed(BENCH_SEED, "tuning design")


def design(space: SearchSpace, trials: int) -> list[dict[str, object]]:
    """Return the tuned settings of ``trials`` trials, the untuned ones first.

    Raises:
        QaugbenchError: fewer than one trial.
    """
    if trials < 1:
        raise QaugbenchError(f"--trials must be at least 1, got {trials}; the first trial is the untuned default.")
    points = unit_points(len(space.dimensions), trials - 1)
    return [dict(space.default), *(space.at(point) for point in points)]


def unit_points(n_dimensions: int, n_points: int) -> np.ndarray:
    """Return the first points of the scrambled Sobol sequence in the unit cube, float64 [n_points, n_dimensions]."""
    if n_points == 0:
        return np.empty((0, n_dimensions))
    from scipy.stats.qmc import Sobol

    sequence = Sobol(n_dimensions, scramble=True, seed=numpy_generator(DESIGN_SEED))
    points: np.ndarray = sequence.random_base2((n_points - 1).bit_length())
    return points[:n_points]
