"""The scores of a run as plain frozen data: each number beside its n, unit, direction and how it was made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.stats.mrmc import Comparison

DIRECTION = "higher is better"
AUROC_UNIT = "AUROC, 0 to 1, chance .5"
KAPPA_UNIT = "kappa, -1 to 1, chance 0"
UNITS = {"auroc": AUROC_UNIT, "macro_auroc": AUROC_UNIT, "qwk": KAPPA_UNIT}
LOWEST = {"auroc": 0.0, "macro_auroc": 0.0, "qwk": -1.0}


@dataclass(frozen=True)
class ArmScore:
    """One arm's value of one endpoint, a replicate and on average; no interval (None) from too few images."""

    arm: str
    role: str
    values: list[float]
    mean: float
    sd: float | None
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    method: str
    n_replicates: int
    n_flagged: int
    n_images: int
    n_patients: int
    unit: str
    direction: str = DIRECTION


@dataclass(frozen=True)
class Contrast:
    """The difference ``arm`` minus ``against`` of one endpoint; ``family`` says which question it answers."""

    arm: str
    against: str
    family: str
    estimate: float
    se: float
    df: float
    ci_low: float
    ci_high: float
    p_value: float
    mde: float
    method: str
    n_replicates: int
    n_groups: int
    n_images: int
    flagged_fraction: float
    verdict: str
    words: str
    reason: str | None
    sentence: str
    unit: str
    direction: str = DIRECTION


@dataclass(frozen=True)
class EndpointScore:
    """One endpoint: what it was computed on, the value of every arm, and the contrasts; ``note`` says what is missing.

    ``classes`` are those that the test images can decide, ``left_out`` the others with a reason. ``n_rarer`` is the
    number of test images on the rarer side when a single AUROC decides, and None where classes are pooled.
    """

    id: str
    title: str
    kind: str
    classes: list[str]
    left_out: dict[str, str]
    n_images: int
    n_patients: int
    n_rarer: int | None
    n_eff: int | None
    margin: float | None
    note: str | None
    arms: dict[str, ArmScore]
    contrasts: list[Contrast]
    unit: str
    direction: str = DIRECTION


@dataclass(frozen=True)
class ClassScore:
    """One class against the rest; ``differences`` from the reference are exploratory and carry no verdict."""

    name: str
    n_positive: int
    n_negative: int
    n_positive_patients: int
    note: str | None
    arms: dict[str, ArmScore]
    differences: dict[str, Comparison]
    unit: str = AUROC_UNIT
    direction: str = DIRECTION


@dataclass(frozen=True)
class BestClassical:
    """The classical arm with the best validation mean of the primary endpoint, chosen without the test images."""

    arm: str | None
    endpoint: str
    validation_means: dict[str, float]
    n_images: int
    reason: str
    unit: str
    direction: str = DIRECTION


@dataclass(frozen=True)
class FractionScore:
    """Everything at one fraction of the training data; ``flagged`` are the replicates filled in from ``substitute``."""

    n_replicates: int
    best_classical: BestClassical
    dropped: dict[str, str]
    flagged: dict[str, list[int]]
    substitute: str | None
    endpoints: dict[str, EndpointScore]
    classes: dict[str, ClassScore]


@dataclass(frozen=True)
class Scores:
    """The scores of a run, one entry a fraction key ("10%")."""

    fractions: dict[str, FractionScore]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and finite numbers, for JSON; infinite degrees of freedom become None."""
        return {"fractions": {key: _finite(asdict(fraction)) for key, fraction in self.fractions.items()}}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
