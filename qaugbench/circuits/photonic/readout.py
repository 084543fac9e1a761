"""What is read from the photons that leave a photonic circuit, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qaugbench.circuits.checks import as_tuple, is_index, only_keys
from qaugbench.errors import CircuitError, near_names

PhotonicKind = Literal["probabilities", "counts", "samples"]
Detection = Literal["number", "threshold"]
_KINDS = ("probabilities", "counts", "samples")
_DETECTIONS = ("number", "threshold")


@dataclass(frozen=True)
class Detected:
    """The condition that ``modes`` together (all if empty) detect from ``at_least`` to ``at_most`` photons or clicks.

    >>> print(Detected([2, 3], at_least=1, at_most=1))
    exactly 1 in modes 2 3
    """

    modes: tuple[int, ...] = ()
    at_least: int = 0
    at_most: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "modes", distinct_modes(self.modes, "a condition on detected photons"))
        highest = self.at_least if self.at_most is None else self.at_most
        if not is_index(self.at_least) or not is_index(highest) or highest < self.at_least:
            raise CircuitError(
                f"A condition on detected photons runs from at_least >= 0 to at_most >= at_least, given "
                f"at_least={self.at_least!r}, at_most={self.at_most!r}."
            )

    def __str__(self) -> str:
        where = f"in modes {' '.join(map(str, self.modes))}" if self.modes else "in all modes"
        if self.at_most is None:
            return f"at least {self.at_least} {where}"
        span = f"exactly {self.at_least}" if self.at_most == self.at_least else f"{self.at_least} to {self.at_most}"
        return f"{span} {where}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"modes": list(self.modes), "at_least": self.at_least, "at_most": self.at_most}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Detected:
        """Return the condition that ``to_dict`` wrote."""
        keys = {"modes", "at_least", "at_most"}
        only_keys(data, keys, "a condition on detected photons", required=keys)
        return cls(data["modes"], data["at_least"], data["at_most"])


@dataclass(frozen=True)
class PhotonicReadout:
    """What a photonic circuit returns, for detectors that count photons ("number") or only click ("threshold").

    - "probabilities": of the detected patterns on ``modes`` (all if empty), sorted as numbers whose most significant
      digit is the first mode named; other modes are summed over.
    - "counts": the mean number of photons, or the probability of a click, of each of ``modes``. Unless something is
      post-selected, mean numbers of photons are those of photons that do not interfere; clicks are not.
    - "samples": one detected pattern per sample, as numbers of photons or clicks of ``modes``; no gradient passes.

    ``accept`` holds conditions that a detection must all fulfil; others are discarded, and what is returned is conditional
    on acceptance (nan where that has probability zero). ``at_least`` photons (or clicks) must be detected in total; None
    means what is detected without loss (all photons, or one click) for probabilities and samples, and 0 for counts.
    """

    kind: PhotonicKind
    detection: Detection = "number"
    modes: tuple[int, ...] = ()
    at_least: int | None = None
    accept: tuple[Detected, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "modes", distinct_modes(self.modes, "a photonic readout"))
        object.__setattr__(self, "accept", as_tuple(self.accept, "the conditions of a readout"))
        if self.kind not in _KINDS:
            raise CircuitError(f"Unknown photonic readout {self.kind!r}.{near_names(str(self.kind), _KINDS)}")
        if self.detection not in _DETECTIONS:
            raise CircuitError(f"Unknown detection {self.detection!r}.{near_names(str(self.detection), _DETECTIONS)}")
        if not (self.at_least is None or is_index(self.at_least)):
            raise CircuitError(f"A readout takes at_least of 0 or more photons, given at_least={self.at_least!r}.")
        if not all(isinstance(condition, Detected) for condition in self.accept):
            raise CircuitError(f"The conditions of a readout must be Detected objects, given {self.accept!r}.")

    @property
    def counts_photons(self) -> bool:
        """Whether detectors tell one photon from two."""
        return self.detection == "number"

    def least(self, n_photons: int) -> int:
        """Return how many photons or clicks must be detected in total, of ``n_photons`` sent in."""
        if self.at_least is not None:
            return self.at_least
        if self.kind == "counts":
            return 0
        return n_photons if self.counts_photons else 1

    def used_modes(self) -> list[int]:
        """Return every mode that is named."""
        return [*self.modes, *(mode for condition in self.accept for mode in condition.modes)]

    def __str__(self) -> str:
        noun = "photon numbers" if self.counts_photons else "clicks"
        what = {"probabilities": "probabilities of", "counts": "mean", "samples": "one sample of"}[self.kind]
        where = f"modes {' '.join(map(str, self.modes))}" if self.modes else "all modes"
        total = [] if self.at_least is None else [f"at least {self.at_least} in all modes"]
        given = ", ".join(total + [str(condition) for condition in self.accept])
        return f"{what} {noun} of {where}" + (f" given {given}" if given else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; parts at their default are left out."""
        parts: dict[str, Any] = {"modes": list(self.modes), "accept": [each.to_dict() for each in self.accept]}
        parts = {key: value for key, value in parts.items() if value}
        total = {} if self.at_least is None else {"at_least": self.at_least}
        return {"kind": self.kind, "detection": self.detection, **parts, **total}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhotonicReadout:
        """Return the readout that ``to_dict`` wrote."""
        keys = {"kind", "detection"}
        only_keys(data, keys | {"modes", "at_least", "accept"}, "a photonic readout", required=keys)
        accept = tuple(Detected.from_dict(each) for each in data.get("accept", ()))
        return cls(data["kind"], data["detection"], data.get("modes", ()), data.get("at_least"), accept)


def no_bunching(n_modes: int) -> tuple[Detected, ...]:
    """Return the conditions that no mode detects more than one photon."""
    return tuple(Detected((mode,), at_most=1) for mode in range(n_modes))


def distinct_modes(modes: Any, what: str) -> tuple[int, ...]:
    """Return ``modes`` as a tuple, or raise unless they are distinct and counted from 0."""
    named = as_tuple(modes, f"the modes of {what}")
    if not all(is_index(mode) for mode in named) or len(set(named)) != len(named):
        raise CircuitError(f"{what[0].upper()}{what[1:]} needs distinct modes counted from 0, given {list(named)}.")
    return named
