"""The scores of a run as plain frozen data: each number beside its n, unit, direction and how it was made.

Of every difference, estimates are always there. The rest of it (standard error, interval, p-value, what could have been
detected) is None where a run has too few replicates for an interval over training runs, and ``method`` then says so.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from qaugbench.metrics.reliability import ReliabilityBin
from qaugbench.stats.bayes import Posterior
from qaugbench.stats.decide import VerdictCode
from qaugbench.stats.image_equivalents import Worth
from qaugbench.stats.ladder import Ladder
from qaugbench.stats.metric_kinds import AUROC_UNIT, HIGHER, LOWER
from qaugbench.stats.mrmc import Comparison

ContrastFamily = Literal["reference", "augmented", "best-classical", "control", "execution"]
"""What an arm is compared with: R*, classical augmentation alone (R+), the best classical arm, a control of its own; what was
drawn under noise with the same fits drawn exactly and with the twin."""


@dataclass(frozen=True)
class ArmScore:
    """One arm's value of one endpoint per replicate and on average; no interval (None) from too few images or replicates."""

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
    """The difference ``arm`` minus ``against`` of one endpoint; ``family`` says which question it answers.

    ``mde`` is the difference that the run would have detected with 80 % power. Contrasts of the family "augmented" are what
    papers report; the two arms are not matched for computing, so these carry no verdict.
    """

    arm: str
    against: str
    family: ContrastFamily
    estimate: float
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    mde: float | None
    method: str
    n_replicates: int
    n_groups: int
    n_images: int
    flagged_fraction: float
    verdict: VerdictCode
    words: str
    reason: str | None
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class ArmVerdict:
    """What is said of one generator: its claims, in words and as a sentence, and a companion that decides nothing.

    ``posterior`` gives the probabilities that the difference from R* is below, within and above the margin.
    """

    ladder: Ladder
    words: str
    sentence: str
    posterior: Posterior | None


@dataclass(frozen=True)
class ClassNote:
    """The ``classes`` of which one and the same thing has to be said, and it in one sentence."""

    reason: str
    classes: list[str]
    sentence: str


@dataclass(frozen=True)
class EndpointScore:
    """One endpoint: what it was computed on, every arm's value, the contrasts, and the verdict on every generator.

    ``title`` says over how many classes the values are ("macro-AUROC over 1 of 14 findings: Pneumonia"), ``classes`` which
    those are, and ``left_out`` the others, one note per reason. ``n_rarer`` is the number of test images on the rarer side
    when a single AUROC decides, and None where classes are pooled. ``note`` says what is missing.
    """

    id: str
    title: str
    kind: str
    classes: list[str]
    left_out: list[ClassNote]
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
    """A difference from R* that carries no verdict.

    ``q_value`` is the false discovery rate (Benjamini & Hochberg 1995) among all of its kind at this fraction.
    """

    difference: Comparison
    q_value: float


@dataclass(frozen=True)
class MetricScore:
    """Another metric of the same predictions; exploratory. ``title``, ``classes`` and ``left_out`` as in EndpointScore."""

    id: str
    title: str
    kind: str
    classes: list[str]
    left_out: list[ClassNote]
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
class Calibration:
    """The calibration error of one arm per replicate and on average, and the reliability curve of all replicates together."""

    values: list[float]
    mean: float
    sd: float | None
    curve: list[ReliabilityBin]


@dataclass(frozen=True)
class ArmCalibration:
    """One arm's probabilities ``as_trained`` and ``scaled``: with logits divided by its ``temperatures``, one per replicate.

    Those were fitted on validation images. ``scaled`` is None where these are the images scored.
    """

    arm: str
    as_trained: Calibration
    scaled: Calibration | None
    temperatures: list[float]


@dataclass(frozen=True)
class CalibrationScore:
    """Whether probabilities happen as often as they say; exploratory. ``n_statements`` of them are on ``n_images``.

    ``statements`` says what they are of. ``note`` says why nothing could be measured.
    """

    statements: str
    n_statements: int
    n_images: int
    note: str | None
    arms: dict[str, ArmCalibration]
    unit: str
    direction: str = LOWER


@dataclass(frozen=True)
class SubgroupScore:
    """The test images of one group of people; ``note`` says why it has no score, where that is so."""

    name: str
    n_images: int
    n_patients: int
    note: str | None
    arms: dict[str, ArmScore]


@dataclass(frozen=True)
class SubgroupScores:
    """The macro-AUROC in the groups of one column of the source (age, sex or site), over the same classes in each; exploratory.

    ``gaps`` are the highest minus the lowest mean over the groups, by arm.
    """

    title: str
    classes: list[str]
    groups: list[SubgroupScore]
    gaps: dict[str, float]
    unit: str = AUROC_UNIT
    direction: str = HIGHER


@dataclass(frozen=True)
class Profile:
    """What else is known of the classifiers, and decides nothing: calibration, recall by rarity of a class, scores by group.

    ``recalls`` are by ``head``, ``medium`` and ``tail``, ``subgroups`` by column of the source. Of arms that check the benchmark
    itself nothing is said.
    """

    calibration: CalibrationScore
    recalls: dict[str, MetricScore]
    subgroups: dict[str, SubgroupScores]


@dataclass(frozen=True)
class Reference:
    """R*: the best of the arms that train on the real images alone, by mean validation score of the primary endpoint.

    Every claim, rank and worth in real images is measured from it. ``arm`` is None, and ``reason`` says why, where there is
    none; otherwise ``reason`` says how it was chosen. ``n_images`` are the validation images used. The test images play no
    part.
    """

    arm: str | None
    endpoint: str
    validation_means: dict[str, float]
    n_images: int
    reason: str
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class BestClassical:
    """C*: the best of R* and the classical generators, chosen on validation as R* is; it may be R* itself."""

    arm: str | None
    endpoint: str
    validation_means: dict[str, float]
    n_images: int
    reason: str
    unit: str
    direction: str = HIGHER


@dataclass(frozen=True)
class Choice:
    """What a run fixes at one fraction, from validation alone, before any test score is computed."""

    reference: Reference
    best_classical: BestClassical


FactorEffectName = Literal["generator", "space", "interaction"]
"""Circuits in the generator itself, circuits in its space, and how much more the one gives where the other is there."""


@dataclass(frozen=True)
class FactorEffect:
    """One effect of a ``TwoByTwo`` with its 95 % interval, which is None where a run has too few replicates for one.

    ``p_value`` is two-sided and not adjusted for anything.
    """

    name: FactorEffectName
    estimate: float
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    method: str
    n_replicates: int
    n_groups: int
    unit: str


@dataclass(frozen=True)
class TwoByTwo:
    """Circuits or their classical twins in a generator, crossed with circuits or twins in its space; exploratory, no verdict.

    The four arms: circuits in ``both``, in the generator alone (``in_generator``), in the space alone (``in_space``), and in
    ``neither``. The effect of "generator" is the mean of (both - in_space) and (in_generator - neither), that of "space" the mean
    of (both - in_generator) and (in_space - neither), and "interaction" is the difference of the two differences in either.
    """

    generator: str
    both: str
    in_generator: str
    in_space: str
    neither: str
    effects: list[FactorEffect]


@dataclass(frozen=True)
class Rank:
    """The possible ranks of an arm, 1 the best, by simultaneous 95 % intervals of all pairwise differences."""

    low: int
    high: int


@dataclass(frozen=True)
class FractionScore:
    """Everything at one fraction of the training data; ``flagged`` are the replicates filled in from ``substitute``.

    ``ranks`` are of the arms that compete, on the primary endpoint; ``ensemble`` scores the averaged logits of all
    replicates, which answers another question than a single model does. ``classes`` are those that have both positive and
    negative test images; ``class_notes`` name the others and those with too few, one note per reason.
    ``too_few_replicates`` says why there is no verdict, rank or power at all, and is None from three replicates on.
    ``profile`` is None in the scores of older versions. ``two_by_two`` has one entry per generator of which all four arms ran.
    """

    n_replicates: int
    too_few_replicates: str | None
    reference: Reference
    best_classical: BestClassical
    dropped: dict[str, str]
    flagged: dict[str, list[int]]
    substitute: str | None
    endpoints: dict[str, EndpointScore]
    ranks: dict[str, Rank]
    metrics: dict[str, MetricScore]
    ensemble: MetricScore
    classes: dict[str, ClassScore]
    class_notes: list[ClassNote]
    profile: Profile | None = None
    two_by_two: list[TwoByTwo] = field(default_factory=list)


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
    """Every generator against R* at every fraction, on the primary endpoint, adjusted for one another."""

    method: str
    bootstrap: str
    df: float | None
    quantile: float | None
    members: list[Adjusted]


@dataclass(frozen=True)
class ArmWorth:
    """How many real images one generator's images were worth, and the sentence that says it.

    ``by_curve`` is the same by the reference's learning curve, None where it was run with one number of real images.
    """

    worth: Worth
    by_curve: Worth | None
    sentence: str


@dataclass(frozen=True)
class Scores:
    """The scores of a run, one entry per fraction key ("10%"), and what concerns all fractions together.

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
