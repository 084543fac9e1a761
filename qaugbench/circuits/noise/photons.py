"""Errors of photons: lost, distinguishable, or one too many. The ``Execution.noise`` of photonic circuits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qaugbench.circuits.checks import as_tuple, finite
from qaugbench.errors import CircuitError


@dataclass(frozen=True)
class PhotonicNoise:
    """Imperfect sources, components and detectors; each default is perfect. All are probabilities in [0, 1].

    - ``transmission``: that a photon survives the whole way, whatever its path.
    - ``component_transmission``: that a photon survives each phase shifter or beam splitter that it passes.
    - ``mode_transmissions``: that a photon leaving in each mode is detected; empty for perfect detectors.
    - ``indistinguishability``: the mean overlap of two photons' wave packets, the visibility of their Hong-Ou-Mandel
      dip. Each photon is, with probability ``sqrt(indistinguishability)``, like the others, and otherwise unlike all.
    - ``g2``: g2(0) of each source of one photon, at most 1/2: with the probability ``extra_photon`` it emits a second
      photon, unlike all others.

    Raises:
        CircuitError: a number outside these ranges.

    >>> PhotonicNoise(transmission=0.5, indistinguishability=0.9).is_lossless
    False
    """

    transmission: float = 1.0
    component_transmission: float = 1.0
    mode_transmissions: tuple[float, ...] = ()
    indistinguishability: float = 1.0
    g2: float = 0.0

    def __post_init__(self) -> None:
        for name in ("transmission", "component_transmission", "indistinguishability", "g2"):
            object.__setattr__(self, name, _probability(getattr(self, name), name))
        if self.g2 > 0.5:
            raise CircuitError(f"A source that always emits has g2 of at most 1/2, given g2={self.g2!r}.")
        each = as_tuple(self.mode_transmissions, "the transmissions of modes")
        checked = tuple(_probability(value, f"the transmission of mode {mode}") for mode, value in enumerate(each))
        object.__setattr__(self, "mode_transmissions", checked)

    @property
    def is_lossless(self) -> bool:
        """Whether every photon is detected."""
        return min(self.transmission, self.component_transmission, *self.mode_transmissions, 1.0) == 1.0

    @property
    def alike(self) -> float:
        """The probability that a photon is like the others."""
        return math.sqrt(self.indistinguishability)

    @property
    def extra_photon(self) -> float:
        """The probability p that a source emits a second photon: the root of g2 = 2 p / (1 + p)^2 in [0, 1]."""
        return self.g2 / (1 - self.g2 + math.sqrt(1 - 2 * self.g2))

    def detectors(self, n_modes: int) -> tuple[float, ...]:
        """Return the total transmission of each of ``n_modes`` from source to detector, without components."""
        each = self.mode_transmissions or (1.0,) * n_modes
        if len(each) != n_modes:
            raise CircuitError(f"The noise gives transmissions of {len(each)} modes, the circuit has {n_modes}.")
        return tuple(self.transmission * value for value in each)


def _probability(value: float, what: str) -> float:
    number = finite(value, what)
    if not 0 <= number <= 1:
        raise CircuitError(f"{what[0].upper()}{what[1:]} must be in [0, 1], given {value!r}.")
    return number
