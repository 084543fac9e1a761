"""The result of a check, and how a check reports that it fails or does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

State = Literal["passes", "fails", "does not apply"]
About = Literal["facts", "paper", "settings", "tuning", "drawing", "learning", "circuits"]
"""The kinds of check, in the order in which they are made."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check on one variant.

    ``promise`` says what should hold, ``detail`` what was seen or why it does not, ``about`` of which kind the check is.
    """

    variant: str
    promise: str
    state: State
    detail: str = ""
    about: About = "facts"

    @property
    def fails(self) -> bool:
        """Whether the promise does not hold."""
        return self.state == "fails"

    def __str__(self) -> str:
        detail = f" -- {self.detail}" if self.detail else ""
        return f"{self.state:<14}  {self.variant}: {self.promise}{detail}"


class CheckFailed(Exception):
    """A promise that does not hold; the message is a sentence for the author of the generator."""


class DoesNotApply(Exception):
    """A check that has no meaning for this generator; the message says why."""


def require(holds: object, otherwise: str) -> None:
    """Raise CheckFailed with the sentence ``otherwise`` unless ``holds``."""
    if not holds:
        raise CheckFailed(otherwise)


def does_not_apply(reason: str) -> NoReturn:
    """Raise DoesNotApply."""
    raise DoesNotApply(reason)
