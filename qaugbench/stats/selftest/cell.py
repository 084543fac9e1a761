"""One line of the self-test: what is simulated, how the outcome is judged, and the band that it must fall in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from scipy import stats

RowVerdict = Literal["ok", "warning: conservative", "FAILS", "caught", "MISSED"]
Outcomes = Mapping[str, np.ndarray]
"""One array for each thing observed, with an entry a simulation."""

BAND, SHORT_BAND = 0.99, 0.999
ENOUGH = 2_000
SIZE_BAND = (0.037, 0.063)
COVERAGE_BAND = (0.935, 0.965)


class Simulation(Protocol):
    """Something that can be simulated in parts; equal ones are simulated once and judged by several cells."""

    @property
    def stream(self) -> str:
        """Names the stream of random numbers."""
        ...

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return the outcomes of ``n`` simulations."""
        ...


@dataclass(frozen=True)
class Finding:
    """An observed figure, the band [low, high] that it must fall in, and what follows."""

    quantity: str
    observed: float
    low: float
    high: float
    verdict: RowVerdict


Judge = Callable[[Outcomes], Finding]


@dataclass(frozen=True)
class Row:
    """A line of the table: what a check found over ``n`` simulations."""

    section: str
    check: str
    setting: str
    n: int
    finding: Finding


@dataclass(frozen=True)
class Cell:
    """A check of one setting, with its numbers of simulations: ``full``, and ``short`` (0: not in the short form).

    ``mutant`` says that the analysis is wrong on purpose, and that the check must fail.
    """

    section: str
    check: str
    setting: str
    simulation: Simulation
    judge: Judge
    full: int = 2_000
    short: int = 0
    mutant: bool = False

    @property
    def name(self) -> str:
        """The check with its setting: unique in the suite."""
        return f"{self.check}, {self.setting}"

    def row(self, outcomes: Outcomes) -> Row:
        """Return the line of this cell."""
        n = len(next(iter(outcomes.values())))
        found = self.judge(outcomes)
        if self.mutant:
            found = replace(found, verdict="caught" if found.verdict == "FAILS" else "MISSED")
        return Row(self.section, self.check, self.setting, n, found)


def confidence(n: int) -> float:
    """Return the probability of a band over ``n`` simulations: .99, and .999 below 2,000.

    The short form cannot tell a small error from chance, and some forty checks have to hold in it at once.
    """
    return BAND if n >= ENOUGH else SHORT_BAND


def binomial_band(share: float, n: int) -> tuple[float, float]:
    """Return the exact band of an observed share over ``n`` simulations whose true share is ``share``.

    >>> binomial_band(0.05, 2_000)
    (0.038, 0.063)
    """
    beyond = (1 - confidence(n)) / 2
    low, high = stats.binom.ppf([beyond, 1 - beyond], n, share) / n
    return float(low), float(high)


def size(rejected: np.ndarray, level: float = 0.05, quantity: str = "rejected") -> Finding:
    """Return the share of ``rejected`` [n] (bool) against its band: above it fails, below it is conservative.

    At 5 % the band is .037 to .063, as the protocol has it, or the exact one where that is wider.
    """
    low, high = binomial_band(level, rejected.size)
    if level == 0.05:
        low, high = min(low, SIZE_BAND[0]), max(high, SIZE_BAND[1])
    observed = float(rejected.mean())
    verdict: RowVerdict = "FAILS" if observed > high else "warning: conservative" if observed < low else "ok"
    return Finding(quantity, observed, low, high, verdict)


def at_most(rejected: np.ndarray, level: float = 0.05, quantity: str = "rejected") -> Finding:
    """Return the share of ``rejected`` [n] (bool) where a low one is no fault: the band of ``size``, from 0."""
    judged = size(rejected, level, quantity)
    return replace(judged, low=0.0, verdict="FAILS" if judged.verdict == "FAILS" else "ok")


def within(observed: float, low: float, high: float, quantity: str) -> Finding:
    """Return a figure that must fall in [low, high]."""
    return Finding(quantity, observed, low, high, "ok" if low <= observed <= high else "FAILS")
