"""What a reader asks of a record's scores: values and differences in reading order. Nothing is computed anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qaugbench.board.check_arms import space_ceiling
from qaugbench.board.no_verdict import contrast_with_reasons, verdict_with_reasons
from qaugbench.formatting import fraction_words, unsigned
from qaugbench.kinds import is_quantum
from qaugbench.predictions import CHECK_ROLES, ArmInfo
from qaugbench.record import Record
from qaugbench.stats.results import Adjusted, ArmVerdict, Contrast, EndpointScore, MetricScore

INDENT = "  "


@dataclass(frozen=True)
class Said:
    """The verdict on a generator at one fraction, how many real images its synthetic ones replace, and the ceiling of its space.

    The last two are None where they are not known.
    """

    fraction: str
    arm: str
    verdict: ArmVerdict
    worth: str | None
    ceiling: str | None = None


def endpoint_score(record: Record, key: str, endpoint: str) -> EndpointScore | None:
    """Return one endpoint's scores at one fraction; None when it could not be scored."""
    fraction = record.scores.fractions.get(key)
    return None if fraction is None else fraction.endpoints.get(endpoint)


def reference_arm(record: Record, key: str) -> str | None:
    """Return R* at one fraction, or None where there is none."""
    fraction = record.scores.fractions.get(key)
    return None if fraction is None else fraction.reference.arm


def best_classical_arm(record: Record, key: str) -> str | None:
    """Return the best classical arm at one fraction, or None where there is none."""
    fraction = record.scores.fractions.get(key)
    return None if fraction is None else fraction.best_classical.arm


def contrasts(record: Record, key: str, endpoint: str, family: str) -> list[Contrast]:
    """Return the differences of one family (``reference``, ``augmented``, ``best-classical``, ``control``, ``execution``), by arm.

    One without a verdict has every reason for that, not the first alone.
    """
    scored = endpoint_score(record, key, endpoint)
    order = [arm.id for arm in record.arms]
    own = [] if scored is None else [one for one in scored.contrasts if one.family == family]
    found = [contrast_with_reasons(record, key, endpoint, one) for one in own]
    return sorted(found, key=lambda one: (order.index(one.arm), order.index(one.against)))


def verdicts(record: Record, key: str, endpoint: str) -> dict[str, ArmVerdict]:
    """Return what is said of each generator on one endpoint at one fraction, quantum and hybrid ones first.

    Where there is no verdict, it names every reason for that.
    """
    scored = endpoint_score(record, key, endpoint)
    found = {} if scored is None else scored.verdicts
    order = [arm.id for arm in generators_first_quantum(record.arms) if arm.id in found]
    return {arm: verdict_with_reasons(record, key, endpoint, found[arm]) for arm in order}


def worth_sentence(record: Record, key: str, arm: str) -> str | None:
    """Return how many real images the synthetic ones replace; None where no arm ran that could tell."""
    found = record.scores.worth.get(key, {}).get(arm)
    return None if found is None or found.worth.method is None else found.sentence


def said(record: Record) -> list[Said]:
    """Return the verdicts on the primary endpoint in the order of fractions and generators."""
    primary = record.endpoints[0].id
    return [
        Said(
            fraction.key,
            arm,
            found,
            worth_sentence(record, fraction.key, arm),
            space_ceiling(record, fraction.key, arm),
        )
        for fraction in record.fractions
        for arm, found in verdicts(record, fraction.key, primary).items()
    ]


def why_no_verdict(record: Record) -> str:
    """Return why a record holds no verdict at all."""
    if record.test_withheld:
        return "No verdict: test scores are withheld (--no-test)."
    generators = {arm.id for arm in record.arms if arm.role == "synthetic"}
    if not generators:
        return "No verdict: no generator was run."
    dropped = [set(fraction.dropped) for fraction in record.scores.fractions.values()]
    if dropped and all(generators <= arms for arms in dropped):
        return "No verdict: every generator failed (see Notes)."
    return "No verdict: no generator could be compared with the reference R* (see Notes)."


def adjusted(record: Record) -> list[Adjusted]:
    """Return the members of the confirmatory family, in the order of fractions and generators."""
    order = [arm.id for arm in generators_first_quantum(record.arms)]
    keys = [fraction.key for fraction in record.fractions]
    members = record.scores.confirmatory.members
    return sorted(members, key=lambda one: (keys.index(one.fraction), order.index(one.arm)))


def ranks(record: Record, key: str) -> dict[str, tuple[int, int]]:
    """Return the first and last possible rank of every competing arm, best first."""
    fraction = record.scores.fractions.get(key)
    found = {} if fraction is None else {arm: (rank.low, rank.high) for arm, rank in fraction.ranks.items()}
    return dict(sorted(found.items(), key=lambda entry: (entry[1], entry[0])))


def other_metrics(record: Record, key: str) -> list[MetricScore]:
    """Return the metrics that decide nothing and have a value, the ensemble of the replicates at the end."""
    fraction = record.scores.fractions.get(key)
    found = [] if fraction is None else [*fraction.metrics.values(), fraction.ensemble]
    return [metric for metric in found if metric.arms]


def generators_first_quantum(arms: Iterable[ArmInfo]) -> list[ArmInfo]:
    """Return the arms that are generators themselves, quantum and hybrid ones first."""
    return sorted((arm for arm in arms if arm.role == "synthetic"), key=lambda arm: not is_quantum(arm.kind))


def drawn_first_quantum(arms: Iterable[ArmInfo]) -> list[ArmInfo]:
    """Return the generators themselves, quantum and hybrid ones first, each with what was drawn under noise after it."""
    arms = list(arms)
    noisy = [arm for arm in arms if arm.role == "noisy"]
    return [
        arm
        for own in generators_first_quantum(arms)
        for arm in (own, *(one for one in noisy if one.generator == own.generator))
    ]


def main_arms(record: Record) -> list[ArmInfo]:
    """Return the arms of a record but those that check the benchmark itself."""
    return [arm for arm in record.arms if arm.role not in CHECK_ROLES]


def indented_names(record: Record, shown: Iterable[str]) -> list[str]:
    """Return the names of rows below one another, those of controls and noisy arms short and indented below their generator."""
    controls = {arm.id: arm for arm in record.arms if arm.role in ("control", "noisy")}
    names, above = [], None
    for name in shown:
        control = controls.get(name)
        above = name if control is None else above
        under = control is not None and control.generator == above
        names.append(f"{INDENT}{name.removeprefix(str(above)).removeprefix(':')}" if under else name)
    return names


def training_words(record: Record, key: str) -> dict[str, str]:
    """Return the word for the fit of the first replicate, by arm: converged, undertrained or unstable."""
    found = record.appraisals.get(key, {})
    words = {arm.id: found[arm.id].states.get("training", "not measured") for arm in record.arms if arm.id in found}
    return {arm: word for arm, word in words.items() if word != "not measured"}


def scored_part(record: Record) -> str:
    """Return which images were scored: ``test``, or ``validation`` where the test is withheld."""
    return "validation" if record.test_withheld else "test"


def grouping(record: Record) -> str:
    """Return what is drawn and resampled as one, as a plural: patients, or groups or images where patients are unknown."""
    return f"{record.data.grouped_by}s"


def share_words(record: Record, key: str) -> str:
    """Return a fraction of the training data in words: ``10 % of the training patients``."""
    return f"{fraction_words(key)} of the training {grouping(record)}"


def sizes_words(record: Record, scored: EndpointScore) -> str:
    """Return on how many images of how many patients or groups an endpoint was scored."""
    images = f"{scored.n_images:,} {scored_part(record)} images"
    grouped = record.data.grouped_by != "image"
    return f"{images} of {scored.n_patients:,} {grouping(record)}" if grouped else images


def reference_sentence(record: Record, key: str) -> str:
    """Return which arm R* is at one fraction and how it was chosen."""
    fraction = record.scores.fractions.get(key)
    if fraction is None:
        return f"At {fraction_words(key)} nothing could be scored."
    reference = fraction.reference
    if reference.arm is None:
        return f"There is no reference R*: {reference.reason}."
    means = reference.validation_means
    order = sorted(means, key=lambda arm: (arm != reference.arm, -means[arm]))
    listed = ", ".join(f"{arm} {unsigned(means[arm])}" for arm in order)
    return f"Reference R*: {reference.arm}, {reference.reason} ({listed})."
