"""What came of one trial, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qaugbench.record import Outcome


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial.

    ``scores`` are the validation scores of the replicates, None where one failed. ``mean`` is None unless all are there;
    such a trial cannot be chosen, and still counts. ``seconds`` is the computing time of its own cells, whenever it was.
    """

    number: int
    settings: Mapping[str, Any]
    outcome: Outcome
    reason: str
    scores: tuple[float | None, ...]
    seconds: float

    @property
    def mean(self) -> float | None:
        """The mean validation score over the replicates."""
        scores = [score for score in self.scores if score is not None]
        return sum(scores) / len(scores) if len(scores) == len(self.scores) else None
