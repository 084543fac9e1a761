"""How a check reports that it fails or does not apply."""

from __future__ import annotations

from typing import NoReturn


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
