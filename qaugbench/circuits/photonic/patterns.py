"""Where photons can be: the patterns of photons over modes, and which detection each leads to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.errors import CircuitError

MAX_PATTERNS = 2**18


def n_patterns(n_modes: int, n_photons: int) -> int:
    """Return the number of ways to distribute ``n_photons`` over ``n_modes``."""
    return math.comb(n_photons + n_modes - 1, n_photons)


def places(n_modes: int, n_photons: int) -> np.ndarray:
    """Return the mode of each photon, ascending within a pattern, for all patterns in order: int64 [patterns, photons].

    Raises:
        CircuitError: more patterns than can be listed.

    >>> places(2, 2).tolist()
    [[0, 0], [0, 1], [1, 1]]
    """
    if n_patterns(n_modes, n_photons) > MAX_PATTERNS:
        raise CircuitError(
            f"{n_photons} photons in {n_modes} places (modes, and one for lost photons) have "
            f"{n_patterns(n_modes, n_photons):,} patterns, more than the {MAX_PATTERNS:,} that can be listed; use fewer."
        )
    listed = list(combinations_with_replacement(range(n_modes), n_photons))
    return np.array(listed, dtype=np.int64).reshape(len(listed), n_photons)


def occupations(modes_of_photons: np.ndarray, n_modes: int) -> np.ndarray:
    """Return the number of photons in each mode, int64 [patterns, n_modes]."""
    return np.stack([(modes_of_photons == mode).sum(axis=1) for mode in range(n_modes)], axis=1)


def rank(modes_of_photons: np.ndarray, n_modes: int) -> np.ndarray:
    """Return the number of each pattern in the order of ``places``; the modes of a pattern must ascend."""
    n_photons = modes_of_photons.shape[-1]
    before = np.zeros(modes_of_photons.shape[:-1], dtype=np.int64)
    lowest = np.zeros_like(before)
    for position in range(n_photons):
        here = modes_of_photons[..., position]
        left = n_photons - position
        # patterns with a smaller mode at this position: the tails over modes >= that mode
        tails = np.array([n_patterns(n_modes - mode, left) for mode in range(n_modes + 1)])
        before += tails[lowest] - tails[here]
        lowest = here
    return before


def detected(occupied: np.ndarray, readout: PhotonicReadout, n_photons: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the read modes detect for each pattern [patterns, read modes], and whether it is accepted."""
    seen = occupied if readout.counts_photons else np.minimum(occupied, 1)
    accepted = seen.sum(axis=1) >= readout.least(n_photons)
    for condition in readout.accept:
        found = seen[:, list(condition.modes) or slice(None)].sum(axis=1)
        highest = np.inf if condition.at_most is None else condition.at_most
        accepted &= (found >= condition.at_least) & (found <= highest)
    return seen[:, list(readout.modes) or slice(None)], accepted


@cache
def outcomes(n_modes: int, n_photons: int, readout: PhotonicReadout) -> tuple[tuple[int, ...], ...]:
    """Return every accepted detection of up to ``n_photons`` photons, sorted with the first read mode leading."""
    lost = n_modes  # patterns over one more mode, whose photons are not detected
    occupied = occupations(places(n_modes + 1, n_photons), n_modes + 1)[:, :lost]
    seen, accepted = detected(occupied, readout, n_photons)
    return tuple(tuple(row) for row in np.unique(seen[accepted], axis=0).tolist())


@dataclass(frozen=True)
class Accepted:
    """The patterns of photons that a readout accepts, sorted by the outcome that each gives.

    ``places`` [patterns, photons] holds the mode of each photon, ``outcome`` [patterns] the number of its outcome.
    """

    places: np.ndarray
    outcome: np.ndarray
    is_everything: bool


def accepted_patterns(circuit: Any, *, n_photons: int, loses: bool) -> Accepted:
    """Return the patterns of ``n_photons`` that the readout of a photonic circuit accepts.

    With ``loses`` there is one more place, after the modes, for photons that are not detected. A detection that no
    pattern of the circuit's own photons gives is not accepted.
    """
    n_places = circuit.n_modes + loses
    everywhere = places(n_places, n_photons)
    seen, accepted = detected(
        occupations(everywhere, n_places)[:, : circuit.n_modes], circuit.readout, circuit.n_photons
    )
    number = {outcome: position for position, outcome in enumerate(circuit.outcomes)}
    outcome = np.array([number.get(tuple(row), -1) for row in seen.tolist()])
    kept = np.flatnonzero(accepted & (outcome >= 0))
    kept = kept[np.argsort(outcome[kept], kind="stable")]
    return Accepted(everywhere[kept], outcome[kept], len(kept) == len(everywhere))


def factorials(occupied: np.ndarray) -> np.ndarray:
    """Return the product of the factorials of each pattern's numbers of photons, float64 [patterns]."""
    table = np.array([float(math.factorial(count)) for count in range(int(occupied.max(initial=0)) + 1)])
    return table[occupied].prod(axis=1)
