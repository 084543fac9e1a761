"""What a mitigated run has taken and what it had to put right, counted over its calls."""

from __future__ import annotations

from dataclasses import dataclass, fields

from qaugbench.circuits.block import Block
from qaugbench.formatting import count


@dataclass(frozen=True)
class Tally:
    """Counts since a run began: its first call, or the first one that draws from another generator.

    ``shots`` read circuits, ``calibration_shots`` the confusion matrices; both 0 where values are exact. ``clipped`` of the
    ``outputs`` were outside [-1, 1]. ``not_fitted``: outputs without an exponential fit, left as measured. ``negative`` is the
    mass below 0, summed over ``distributions``.
    """

    shots: int = 0
    calibration_shots: int = 0
    outputs: int = 0
    clipped: int = 0
    not_fitted: int = 0
    distributions: int = 0
    negative: float = 0.0

    @property
    def charged(self) -> int:
        """All shots."""
        return self.shots + self.calibration_shots

    @property
    def negative_mass(self) -> float | None:
        """Mean mass below 0 of a quasi-distribution; None where there was none."""
        return self.negative / self.distributions if self.distributions else None

    @property
    def words(self) -> str:
        """The tally in words."""
        parts = [f"{count(self.charged, 'shot')}, {self.calibration_shots:,} of them to calibrate"]
        if self.outputs:
            parts.append(f"{self.clipped:,} of {count(self.outputs, 'output')} outside [-1, 1] and clipped")
        if self.not_fitted:
            parts.append(f"{self.not_fitted:,} without an exponential fit left as measured")
        if self.negative_mass is not None:
            parts.append(f"mean negative mass {self.negative_mass:.3g} in {count(self.distributions, 'distribution')}")
        return "; ".join(parts)

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Tally)))


def tally_of(block: Block) -> Tally | None:
    """Return the Tally of a block's present execution; None where that mitigates nothing, or nothing has run.

    Here rather than in the block, because every stored fit of a circuit is named by the code of the block.
    """
    executor = getattr(block, "_others", {}).get(block.execution)
    found: Tally | None = getattr(executor, "tally", None)
    return found
