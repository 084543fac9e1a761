"""The claims ladder: what may be said of a generator, each claim only where the weaker ones before it hold.

Every rung is one contrast tested against 0, one-sided at 2.5 %, in a fixed sequence (helps, assay, retains, superior); a
rung that is not reached is shown and claims nothing. Whether the circuit is what helps is tested apart: an
intersection-union test over the generator's controls (Berger 1982), tested only for a generator that helps. That two arms
are equal is claimed by two one-sided tests inside the task's margin (Schuirmann 1987), never from a difference that was
not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError, near_names
from qaugbench.stats.decide import LISTED_REPLICATES, MAX_FLAGGED, too_few_replicates
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.mrmc import NO_VARIATION, Comparison, interval
from qaugbench.stats.unbounded import UnboundedAbove

LadderVerdict = Literal[
    "SUPERIOR",
    "NON-INFERIOR",
    "HELPS",
    "HURTS",
    "NEITHER-HELPS",
    "INFERIOR",
    "NO-ASSAY-SENSITIVITY",
    "EQUIVALENT",
    "INCONCLUSIVE",
    "NO-VERDICT",
]
Attribution = Literal["QUANTUM-ATTRIBUTED", "NOT-ATTRIBUTED", "NOT-TESTED"]
Weights = Mapping[str, float]

RETAINED = 0.5
REQUIRED_CONTROLS = ("twin", "no-entanglement")
EQUIVALENCE_LEVEL = 0.05


@dataclass(frozen=True)
class Competitors:
    """What a generator is measured against, as arm ids; ``controls`` by control name, in the order of reading.

    ``reference`` is R*. ``best_classical`` was chosen on validation and is not the generator itself; it may be R*, and
    ``classical_generator`` is then the best of those that generate. ``oracle`` trained on further real images. ``quantum``
    says that there is a circuit to which a gain could be attributed, ``unattributable`` why it cannot be all the same.
    """

    reference: str
    best_classical: str | None
    oracle: str | None
    controls: Mapping[str, str]
    quantum: bool
    classical_generator: str | None = None
    unattributable: str | None = None


@dataclass(frozen=True)
class Rung:
    """The claim that ``contrast`` is above 0: estimate, two-sided 95 % limits, one-sided p-value.

    ``passed`` is None where the claim was not tested, and ``reason`` says why; the numbers are shown all the same.
    """

    claim: str
    contrast: str
    estimate: float
    se: float
    df: UnboundedAbove
    ci_low: float
    ci_high: float
    p_value: float
    passed: bool | None
    reason: str | None = None


@dataclass(frozen=True)
class Equivalence:
    """Whether ``contrast`` is within +-``margin``: 90 % limits, and the larger of the two one-sided p-values.

    ``passed`` is None where no verdict may be given.
    """

    contrast: str
    estimate: float
    ci_low: float
    ci_high: float
    margin: float
    p_value: float
    passed: bool | None


@dataclass(frozen=True)
class Ladder:
    """What one generator may claim on one endpoint.

    ``rungs`` are helps, assay (by the best classical generator, by the oracle), retains and superior. ``equivalences``
    compare the arm and the best classical arm with the reference, then the two. ``below_margin`` says of a difference that
    was found that it was also shown to be smaller than what matters. ``attribution`` is None for a classical generator.
    ``gain`` is the difference from the reference, and ``mde`` the one that would have been found with 80 % power. Where a
    run has too few replicates for an interval over training runs, there is no rung, equivalence or control, and no mde.
    """

    arm: str
    reference: str
    best_classical: str | None
    oracle: str | None
    verdict: LadderVerdict
    reason: str | None
    below_margin: bool
    margin: float | None
    gain: float
    mde: float | None
    rungs: list[Rung]
    equivalences: list[Equivalence]
    attribution: Attribution | None
    attribution_reason: str | None
    controls: list[Rung]


def climb(
    arm: str,
    against: Competitors,
    measurements: Mapping[str, Measurement],
    *,
    n_eff: int,
    margin: float | None,
    why_none: str | None = None,
    flagged: Mapping[str, float] | None = None,
) -> Ladder:
    """Return the Ladder of ``arm`` from the arms' ``measurements``, values [R] with influence [R, C], higher is better.

    ``n_eff`` as in ``mrmc.compare``; ``margin`` is the smallest difference that matters, in the metric's unit, None for
    an endpoint without one; ``why_none`` withholds every verdict, for that reason; ``flagged`` are the arms' shares of
    replicates that were filled in, and a control with too many of them tests nothing. Below ten replicates neither
    superiority nor a circuit's part is claimed. Raises StatisticsError for an arm without a measurement.

    >>> noise = np.random.default_rng(0).normal(size=(3, 10, 200)) * 1e-3
    >>> gains = {"R+os": 0.0, "ddpm": 0.01, "qgan": 0.03}
    >>> measurements = {name: (0.8 + gains[name] + own.mean(axis=1), own / 200) for name, own in zip(gains, noise)}
    >>> found = climb("qgan", Competitors("R+os", "ddpm", None, {}, quantum=True), measurements, n_eff=200, margin=0.01)
    >>> found.verdict, found.attribution, found.attribution_reason
    ('SUPERIOR', 'NOT-TESTED', 'it ran without its controls twin and no-entanglement')
    """
    measure = _Measure(measurements, n_eff, flagged or {})
    reference, best = against.reference, against.best_classical
    if too_few_replicates(measure.n_replicates) is not None:
        return _without_rungs(arm, against, margin, measure)
    helps = measure.rung("helps", {arm: 1.0}, {reference: 1.0})
    classical = against.classical_generator if best == reference else best
    proofs = [proof for proof in (classical, against.oracle) if proof is not None]
    assays = [measure.rung("assay", {proof: 1.0}, {reference: 1.0}) for proof in proofs]
    higher = [] if best is None else _higher_rungs(measure, arm, best, reference)
    rungs = _gatekept(helps, assays, higher, measure.n_replicates)
    equivalences = [] if margin is None else _equivalences(measure, arm, best, reference, margin)
    controls = [measure.rung(name, {arm: 1.0}, {control: 1.0}) for name, control in against.controls.items()]
    verdict = _verdict(rungs, equivalences) if why_none is None else "NO-VERDICT"
    attribution, attribution_reason = None, None
    if against.quantum:
        attribution, attribution_reason = _attribution(
            controls, helps, measure.n_replicates, against.unattributable, why_none
        )
    if why_none is not None:
        rungs = [replace(rung, passed=None, reason=why_none) for rung in rungs]
        equivalences = [replace(found, passed=None) for found in equivalences]
    if attribution == "NOT-TESTED":
        controls = [replace(control, passed=None, reason=attribution_reason) for control in controls]
    return Ladder(
        arm=arm,
        reference=reference,
        best_classical=best,
        oracle=against.oracle,
        verdict=verdict,
        reason=why_none,
        below_margin=_below_margin(verdict, equivalences),
        margin=margin,
        gain=helps.estimate,
        mde=measure.compare({arm: 1.0}, {reference: 1.0}).mde,
        rungs=rungs,
        equivalences=equivalences,
        attribution=attribution,
        attribution_reason=attribution_reason,
        controls=controls,
    )


def _without_rungs(arm: str, against: Competitors, margin: float | None, measure: _Measure) -> Ladder:
    """Return what can be said where the replicates are too few for an interval over training runs: the difference alone."""
    reason = too_few_replicates(measure.n_replicates)
    return Ladder(
        arm=arm,
        reference=against.reference,
        best_classical=against.best_classical,
        oracle=against.oracle,
        verdict="NO-VERDICT",
        reason=reason,
        below_margin=False,
        margin=margin,
        gain=float(measure.difference({arm: 1.0}, {against.reference: 1.0})[0].mean()),
        mde=None,
        rungs=[],
        equivalences=[],
        attribution="NOT-TESTED" if against.quantum else None,
        attribution_reason=(against.unattributable or "there is no verdict") if against.quantum else None,
        controls=[],
    )


def above_zero(comparison: Comparison) -> bool:
    """Return whether the estimate is above 0, one-sided at 2.5 %; never where nothing varied."""
    return comparison.ci_low > 0 and comparison.method != NO_VARIATION


def one_sided_p(comparison: Comparison) -> float:
    """Return the p-value against "at most 0", in [0, 1]; 1 where nothing varied."""
    if comparison.se == 0:
        return 1.0
    return float(stats.t.sf(comparison.estimate / comparison.se, comparison.df))


def equivalence(comparison: Comparison, margin: float, contrast: str = "") -> Equivalence:
    """Return whether the estimate is shown to be within +-``margin``: two one-sided tests at 5 %.

    Equal arms (estimate and se 0) are equivalent; a difference that never varied shows nothing. Raises StatisticsError
    for a margin that is not above 0.

    >>> equivalence(Comparison(0.001, 0.004, 20.0, -0.007, 0.009, 0.8, 0.012, "", 10, 500), 0.01).passed
    True
    """
    if not margin > 0:
        raise StatisticsError(f"A margin must be above 0, in the metric's unit; given {margin}.")
    estimate, se = comparison.estimate, comparison.se
    if comparison.method == NO_VARIATION:
        return Equivalence(contrast, estimate, estimate, estimate, margin, 1.0, passed=False)
    if se == 0:
        return Equivalence(contrast, estimate, estimate, estimate, margin, 0.0, passed=abs(estimate) < margin)
    reach = float(stats.t.ppf(1 - EQUIVALENCE_LEVEL, comparison.df)) * se
    low, high = estimate - reach, estimate + reach
    p_value = float(stats.t.sf((margin - abs(estimate)) / se, comparison.df))
    return Equivalence(contrast, estimate, low, high, margin, p_value, passed=-margin < low and high < margin)


@dataclass(frozen=True)
class _Measure:
    """Contrasts of the arms' measurements."""

    measurements: Mapping[str, Measurement]
    n_eff: int
    flagged: Mapping[str, float]

    @property
    def n_replicates(self) -> int:
        return next(iter(self.measurements.values()))[0].size

    def compare(self, plus: Weights, minus: Weights) -> Comparison:
        """Return the Comparison of the weighted arms of ``plus`` minus those of ``minus``."""
        return interval(*self.difference(plus, minus), self.n_eff)

    def difference(self, plus: Weights, minus: Weights) -> Measurement:
        """Return the weighted arms of ``plus`` minus those of ``minus``."""
        weights = {name: plus.get(name, 0.0) - minus.get(name, 0.0) for name in (*plus, *minus)}
        missing = [name for name in weights if name not in self.measurements]
        if missing:
            raise StatisticsError(
                f"There is no measurement of arm {missing[0]!r}.{near_names(missing[0], self.measurements)}"
            )
        theta = np.sum([weight * self.measurements[name][0] for name, weight in weights.items()], axis=0)
        influence = sum(weight * self.measurements[name][1] for name, weight in weights.items())
        return theta, np.asarray(influence)

    def rung(self, claim: str, plus: Weights, minus: Weights) -> Rung:
        found = self.compare(plus, minus)
        filled = [name for name in (*plus, *minus) if self.flagged.get(name, 0.0) > MAX_FLAGGED]
        reason = f"too many replicates of {filled[0]} failed and were filled in" if filled else None
        return Rung(
            claim=claim,
            contrast=_words(plus, minus),
            estimate=found.estimate,
            se=found.se,
            df=found.df,
            ci_low=found.ci_low,
            ci_high=found.ci_high,
            p_value=one_sided_p(found),
            passed=None if filled else above_zero(found),
            reason=reason,
        )


def _words(plus: Weights, minus: Weights) -> str:
    """Return a contrast as text: ``qldm - R+``, ``qldm - 0.5 R+os - 0.5 R+``."""
    shown = [
        f"{'' if weight == 1 else f'{weight:g} '}{name}" for part in (plus, minus) for name, weight in part.items()
    ]
    return " - ".join(shown)


def _higher_rungs(measure: _Measure, arm: str, best: str, reference: str) -> list[Rung]:
    halves = {best: 1.0} if best == reference else {best: RETAINED, reference: 1 - RETAINED}
    return [measure.rung("retains", {arm: 1.0}, halves), measure.rung("superior", {arm: 1.0}, {best: 1.0})]


def _gatekept(helps: Rung, assays: Sequence[Rung], higher: Sequence[Rung], n_replicates: int) -> list[Rung]:
    """Return the rungs in order, those that are not reached marked as not tested (Pigeot et al. 2003 for the assay)."""
    barred = None if helps.passed else "it was not shown to help"
    if barred is None and not any(assay.passed for assay in assays):
        barred = "the task was not shown to be able to show a classical gain"
    rungs = [helps, *assays]
    for rung in higher:
        if barred is None and rung.claim == "superior" and n_replicates < LISTED_REPLICATES:
            barred = f"a claim to be better needs {LISTED_REPLICATES} replicates"
        rungs.append(rung if barred is None else replace(rung, passed=None, reason=barred))
        if barred is None and not rung.passed:
            barred = "it was not shown to keep half of the classical gain"
    return rungs


def _equivalences(measure: _Measure, arm: str, best: str | None, reference: str, margin: float) -> list[Equivalence]:
    pairs = [(arm, reference)]
    if best is not None and best != reference:
        pairs += [(best, reference), (arm, best)]
    return [equivalence(measure.compare({a: 1.0}, {b: 1.0}), margin, _words({a: 1.0}, {b: 1.0})) for a, b in pairs]


def _verdict(rungs: Sequence[Rung], equivalences: Sequence[Equivalence]) -> LadderVerdict:
    """Return the highest claim that holds; without a gain, the plainest thing that was shown instead."""
    passed = {rung.claim for rung in rungs if rung.passed}
    if "helps" in passed:
        return "SUPERIOR" if "superior" in passed else "NON-INFERIOR" if "retains" in passed else "HELPS"
    if _below_zero(rungs[0]):
        return "HURTS"
    against_reference, against_best = equivalences[:2], equivalences[2:]
    if against_reference and all(found.passed for found in against_reference):
        return "NEITHER-HELPS"
    if rungs[-1].claim == "superior" and _below_zero(rungs[-1]):
        return "INFERIOR"
    if "assay" not in passed:
        return "NO-ASSAY-SENSITIVITY"
    if against_best and against_best[0].passed:
        return "EQUIVALENT"
    return "INCONCLUSIVE"


def _below_zero(rung: Rung) -> bool:
    return rung.se > 0 and rung.ci_high < 0


def _below_margin(verdict: LadderVerdict, equivalences: Sequence[Equivalence]) -> bool:
    """Return whether the difference that the verdict names is also shown to be smaller than the margin."""
    if not equivalences:
        return False
    if verdict in ("HELPS", "HURTS"):
        return bool(equivalences[0].passed)
    return verdict in ("SUPERIOR", "INFERIOR") and bool(equivalences[-1].passed)


def _attribution(
    controls: Sequence[Rung], helps: Rung, n_replicates: int, unattributable: str | None, why_none: str | None
) -> tuple[Attribution, str | None]:
    """Return whether a gain is due to the circuit: every control beaten, each at the full level (Berger 1982)."""
    if unattributable is not None:
        return "NOT-TESTED", unattributable
    if why_none is not None:
        return "NOT-TESTED", "there is no verdict"
    if not helps.passed:
        return "NOT-TESTED", "it was not shown to help, so there is no gain to attribute"
    missing = [name for name in REQUIRED_CONTROLS if name not in {control.claim for control in controls}]
    if missing:
        return "NOT-TESTED", f"it ran without its control{'s' * (len(missing) > 1)} {' and '.join(missing)}"
    unusable = next((control.reason for control in controls if control.passed is None), None)
    if unusable is not None:
        return "NOT-TESTED", unusable
    unbeaten = [control.claim for control in controls if not control.passed]
    if unbeaten:
        return "NOT-ATTRIBUTED", f"it was not shown to be better than {' and '.join(unbeaten)}"
    if n_replicates < LISTED_REPLICATES:
        return "NOT-TESTED", f"a claim on the circuit needs {LISTED_REPLICATES} replicates"
    return "QUANTUM-ATTRIBUTED", None
