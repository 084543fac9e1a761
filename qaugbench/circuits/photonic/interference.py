"""How partly distinguishable photons interfere: which exchanges of photons count, and how much."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import combinations, permutations

from qaugbench.errors import CircuitError

MAX_INTERFERING = 8
Term = tuple[tuple[int, int], ...]


def interference_terms(column_of_photon: Sequence[int], alike: float) -> dict[Term, float]:
    """Return the weight J of each exchange of photons, a tuple of (column, exchanged column) pairs, one per photon.

    Each photon is, with probability ``alike``, in one internal state common to all such photons, and otherwise in its
    own ("orthogonal bad bit", Sparrow 2017). Only photons that are alike exchange, and k of them in one input
    mode have the norm 1 / k!. With one photon per mode, J = alike^(number of photons moved), as for pure internal states
    with a pairwise overlap of ``alike`` (Tichy, arXiv 1410.7687). Exchanges of equal columns are added, and so are
    inverse ones, whose contributions are complex conjugates: take the real part. A weight of 0 is left out.

    Raises:
        CircuitError: more than 8 photons, unless ``alike`` is 0.

    >>> interference_terms([0, 1], alike=0.5)
    {((0, 0), (1, 1)): 1.0, ((0, 1), (1, 0)): 0.25}
    """
    photons = tuple(range(len(column_of_photon)))
    if alike and len(photons) > MAX_INTERFERING:
        raise CircuitError(
            f"Under noise the {math.factorial(len(photons)):,} exchanges of {len(photons)} photons are summed, at most "
            f"{MAX_INTERFERING} photons' exchanges; use fewer photons."
        )
    weights: dict[Term, float] = defaultdict(float)
    weight = cache(lambda moved: _weight(column_of_photon, moved, alike))
    for exchange in permutations(photons) if alike else [photons]:
        moved = frozenset(photon for photon in photons if exchange[photon] != photon)
        pairs = [(column_of_photon[photon], column_of_photon[exchange[photon]]) for photon in photons]
        term = min(tuple(sorted(pairs)), tuple(sorted((after, before) for before, after in pairs)))
        weights[term] += weight(moved)
    return {term: weight for term, weight in weights.items() if weight}


def _weight(column_of_photon: Sequence[int], moved: frozenset[int], alike: float) -> float:
    """Return the sum, over groups of alike photons that contain ``moved``, of their probability over the norm of their state."""
    n_photons = len(column_of_photon)
    unmoved = [photon for photon in range(n_photons) if photon not in moved]
    total = 0.0
    for size in range(len(unmoved) + 1):
        for others in combinations(unmoved, size):
            together = Counter(column_of_photon[photon] for photon in (*moved, *others))
            chance = alike ** (len(moved) + size) * (1 - alike) ** (len(unmoved) - size)
            total += chance / math.prod(map(math.factorial, together.values()))
    return total
