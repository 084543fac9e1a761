"""The scores of a run as plain frozen data: each number beside its n, unit, direction and how it was made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.stats.bayes import Posterior
from qaugbench.stats.image_equivalents import Worth
from qaugbench.stats.ladder import Ladder
from qaugbench.stats.metric_kinds import AUROC_UNIT, HIGHER
from qaugbench.stats.mrmc import Comparison


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
    direction: str = HIGHER


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
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class ArmVerdict:
    """What is said of one generator: its claims, in words and as a sentence, and a companion that decides nothing.

    ``posterior`` gives the probabilities that the difference from the reference is below, within and above the margin.
    """

    ladder: Ladder
    words: str
    sentence: str
    posterior: Posterior | None


@dataclass(frozen=True)
class EndpointScore:
    """One endpoint: what it was computed on, every arm's value, the contrasts, and the verdict on every generator.

    ``classes`` are those that the test images can decide, ``left_out`` the others with a reason. ``n_rarer`` is the
    number of test images on the rarer side when a single AUROC decides, and None where classes are pooled. ``note`` says
    what is missing.
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
    verdicts: dict[str, ArmVerdict]
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class Exploratory:
    """A difference from the reference that carries no verdict.

    ``q_value`` is the false discovery rate (Benjamini & Hochberg 1995) among all of its kind at this fraction.
    """

    difference: Comparison
    q_value: float


@dataclass(frozen=True)
class MetricScore:
    """Another metric of the same predictions; exploratory. ``note`` says what is missing."""

    id: str
    title: str
    kind: str
    classes: list[str]
    note: str | None
    arms: dict[str, ArmScore]
    differences: dict[str, Exploratory]
    unit: str
    direction: str


@dataclass(frozen=True)
class ClassScore:
    """One class against the rest; exploratory."""

    name: str
    n_positive: int
    n_negative: int
    n_positive_patients: int
    note: str | None
    arms: dict[str, ArmScore]
    differences: dict[str, Exploratory]
    unit: str = AUROC_UNIT
    direction: str = HIGHER


@dataclass(frozen=True)
class BestClassical:
    """The classical arm with the best validation mean of the primary endpoint, chosen without the test images."""

    arm: str | None
    endpoint: str
    validation_means: dict[str, float]
    n_images: int
    reason: str
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class Rank:
    """The places, 1 the best, that simultaneous 95 % intervals of all pairwise differences leave to an arm."""

    low: int
    high: int


@dataclass(frozen=True)
class FractionScore:
    """Everything at one fraction of the training data; ``flagged`` are the replicates filled in from ``substitute``.

    ``ranks`` are of the arms that compete, on the primary endpoint; ``ensemble`` scores the averaged logits of all
    replicates, which answers another question than a single model does.
    """

    n_replicates: int
    best_classical: BestClassical
    dropped: dict[str, str]
    flagged: dict[str, list[int]]
    substitute: str | None
    endpoints: dict[str, EndpointScore]
    ranks: dict[str, Rank]
    metrics: dict[str, MetricScore]
    ensemble: MetricScore
    classes: dict[str, ClassScore]


@dataclass(frozen=True)
class Adjusted:
    """One member of the confirmatory family: simultaneous 95 % limits, adjusted p-values, and a bootstrap beside them.

    ``p_single_step`` belongs to the limits; ``p_step_down`` (Romano & Wolf 2005) is never larger.
    """

    fraction: str
    arm: str
    against: str
    estimate: float
    se: float
    low: float
    high: float
    p_value: float
    p_single_step: float
    p_step_down: float
    bootstrap_low: float
    bootstrap_high: float


@dataclass(frozen=True)
class Confirmatory:
    """Every generator against the reference at every fraction, on the primary endpoint, adjusted for one another."""

    method: str
    bootstrap: str
    df: float | None
    quantile: float | None
    members: list[Adjusted]


@dataclass(frozen=True)
class ArmWorth:
    """What one generator's images were worth, and the sentence that says it.

    ``by_curve`` is the same by the reference's learning curve, None where it was run with one number of real images.
    """

    worth: Worth
    by_curve: Worth | None
    sentence: str


@dataclass(frozen=True)
class Scores:
    """The scores of a run, one entry a fraction key ("10%"), and what is asked of all fractions together.

    ``worth`` says, by fraction and generator, how many real images its synthetic ones were worth.
    """

    fractions: dict[str, FractionScore]
    confirmatory: Confirmatory
    worth: dict[str, dict[str, ArmWorth]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and finite numbers, for JSON; what is not finite becomes None."""
        found: dict[str, Any] = _finite(asdict(self))
        return found


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
