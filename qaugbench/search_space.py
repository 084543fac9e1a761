"""What of a generator is tuned, and between which values: the table ``[tune]`` of its file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError, near_names
from qaugbench.formatting import count
from qaugbench.typed import from_dict

Scale = Literal["linear", "log"]
EXAMPLE = (
    '[tune], such as learning_rate = { low = 1e-4, high = 1e-2, scale = "log" } and layers = { choices = [1, 2, 4] }'
)
DIGITS = 3  # of a value drawn from a range: what is printed and pasted is what was tried


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included, uniform on the ``scale``; whole numbers where both limits are.

    >>> Range(1e-4, 1e-2, "log").at(0.5), Range(1, 3).at(0.99)
    (0.001, 3)
    """

    low: int | float
    high: int | float
    scale: Scale = "linear"

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def size(self) -> int | None:
        """How many values there are, None for a continuum."""
        return int(self.high - self.low) + 1 if self.is_whole else None

    def at(self, unit: float) -> int | float:
        """Return the value at ``unit`` in [0, 1), a continuous one rounded to three digits."""
        end = self.high + 1 if self.is_whole else self.high
        if self.scale == "log":
            value = math.exp(math.log(self.low) + unit * (math.log(end) - math.log(self.low)))
        else:
            value = self.low + unit * (end - self.low)
        return min(self.high, max(self.low, math.floor(value) if self.is_whole else float(f"{value:.{DIGITS}g}")))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (" (log)" if self.scale == "log" else "")


@dataclass(frozen=True)
class Choices:
    """One of a few values, each equally often.

    >>> Choices((1, 2, 4)).at(0.7)
    4
    """

    choices: tuple[Any, ...]

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.choices)

    def at(self, unit: float) -> Any:
        """Return the value at ``unit`` in [0, 1)."""
        return self.choices[int(unit * len(self.choices))]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"choices": list(self.choices)}

    def __str__(self) -> str:
        return f"one of {', '.join(map(json.dumps, self.choices))}"


@dataclass(frozen=True)
class SearchSpace:
    """The tuned settings of a generator on one track, in alphabetical order, and their untuned values (``default``)."""

    dimensions: Mapping[str, Range | Choices]
    default: Mapping[str, Any]

    def at(self, point: Sequence[float]) -> dict[str, Any]:
        """Return the settings at a point of the unit cube, one coordinate per setting."""
        return {name: one.at(float(unit)) for (name, one), unit in zip(self.dimensions.items(), point, strict=True)}

    @property
    def combinations(self) -> int:
        """How many combinations of the settings with countably many values there are."""
        return math.prod(one.size or 1 for one in self.dimensions.values())

    @property
    def n_continuous(self) -> int:
        """How many settings are continuous."""
        return sum(one.size is None for one in self.dimensions.values())

    @property
    def size(self) -> str:
        """The size of the space in words."""
        continuous = count(self.n_continuous, "continuous setting")
        discrete = f"{self.combinations:,} combinations" + (" of the others" if self.n_continuous else "")
        return ", ".join([continuous] * (self.n_continuous > 0) + [discrete] * (self.combinations > 1))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "settings": {name: one.to_dict() for name, one in self.dimensions.items()},
            "default": dict(self.default),
            "n_continuous": self.n_continuous,
            "combinations": self.combinations,
        }


def search_space(card: GeneratorCard, track: str) -> SearchSpace:
    """Return what ``[tune]`` of a generator's file states, for one track.

    Raises:
        DefinitionError: no such table, a setting that the track's settings do not state, limits that are none, or values
            of another type than the untuned one; file, key and remedy are named.
    """
    if not card.tune:
        raise DefinitionError(f"{card.origin} says nothing about what to tune. Add a table {EXAMPLE}.")
    settings = card.settings(track)
    for name in card.tune:
        if name not in settings:
            raise DefinitionError(
                f"{card.origin}, [tune]: {card.id!r} has no setting {name!r} on the track {track}.{near_names(name, settings)} "
                "Only a setting whose untuned value [hyper] or the track states can be tuned."
            )
    names = sorted(card.tune)
    return SearchSpace(
        {name: _dimension(card.tune[name], settings[name], f"{card.origin}, [tune], key {name!r}") for name in names},
        {name: settings[name] for name in names},
    )


def _dimension(stated: Any, default: Any, where: str) -> Range | Choices:
    if not isinstance(stated, dict):
        raise DefinitionError(f"{where}: expected limits or choices, got {stated!r}. Write them as in {EXAMPLE}.")
    if "choices" in stated:
        return _checked_choices(from_dict(Choices, stated, where), default, where)
    return _checked_range(from_dict(Range, stated, where), default, where)


def _checked_choices(found: Choices, default: Any, where: str) -> Choices:
    if len(set(map(json.dumps, found.choices))) < max(2, len(found.choices)):
        raise DefinitionError(f"{where}: choices must be at least two different values, got {list(found.choices)!r}.")
    odd = [value for value in found.choices if not _alike(value, default)]
    if odd:
        raise DefinitionError(
            f"{where}: {odd[0]!r} is not of the type of the untuned value, {default!r}; give values of its type."
        )
    return found


def _checked_range(found: Range, default: Any, where: str) -> Range:
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    if not is_number or (isinstance(default, int) and not found.is_whole):
        needed = "whole limits" if is_number else "choices"
        raise DefinitionError(f"{where}: the untuned value is {default!r}, so give {needed}, not {found}.")
    if not (math.isfinite(found.low) and math.isfinite(found.high) and found.low < found.high):
        raise DefinitionError(f"{where}: low must be below high and both finite, got {found.low} and {found.high}.")
    if found.scale == "log" and found.low <= 0:
        raise DefinitionError(f"{where}: a logarithmic scale needs low above 0, got {found.low}; use scale = 'linear'.")
    return found if isinstance(default, int) else Range(float(found.low), float(found.high), found.scale)


def _alike(value: Any, default: Any) -> bool:
    """Return whether a value may stand for the untuned one: of the same type, or a whole number for a float."""
    return type(value) is type(default) or (type(default) is float and type(value) is int)
