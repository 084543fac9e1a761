"""What an audit found: one line per question, and whether every answer is as it should be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["fine", "fails", "note", "none"]


@dataclass(frozen=True)
class Check:
    """The answer to one question.

    ``subject`` is what was examined ("" for the whole), ``detail`` what was found. State "none" means that there was
    nothing to examine, "note" that something is worth knowing but is not a defect.
    """

    state: State
    question: str
    detail: str = ""
    subject: str = ""

    @property
    def words(self) -> str:
        """The question and what was found, without the state."""
        return ": ".join(part for part in (self.subject, self.question, self.detail) if part)

    def __str__(self) -> str:
        return f"{self.state:<6} {self.words}"


@dataclass(frozen=True)
class Liveness:
    """The answers to all questions of an audit; ``precision`` is that of its arithmetic."""

    checks: tuple[Check, ...]
    precision: str = "float64"

    @property
    def is_live(self) -> bool:
        """Whether no check fails."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if check.state == "fails")

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the failed checks say, each once; further subjects of which the same was found are named after it."""
        alike: dict[tuple[str, str], list[Check]] = {}
        for check in self.failures:
            alike.setdefault((check.question, check.detail), []).append(check)
        return tuple(
            first.words + (f"; the same of {', '.join(one.subject for one in others)}" if others else "")
            for first, *others in alike.values()
        )

    def state(self, question: str, subject: str | None = None) -> State:
        """Return the state of the check of ``question``, the worst one if it concerns several subjects."""
        found = [c.state for c in self.checks if c.question == question and subject in (None, c.subject)]
        if not found:
            raise KeyError(question)
        order: tuple[State, ...] = ("fails", "note", "fine", "none")
        return min(found, key=order.index)

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"live": self.is_live, "precision": self.precision, "checks": [asdict(check) for check in self.checks]}
