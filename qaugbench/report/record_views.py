"""What a reader asks of a record's scores: values, differences and what to beware of. Nothing is computed anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qaugbench.predictions import ArmInfo
from qaugbench.record import FractionFacts, Record
from qaugbench.report.circuit_influence import influence_notes
from qaugbench.stats.decide import LISTED_REPLICATES

Facts = dict[str, Any]
QUANTUM_KINDS = ("quantum", "hybrid")


def fraction_scores(record: Record, key: str) -> Facts:
    """Return the scores at one fraction; empty when it could not be scored."""
    found: Facts = record.scores.get("fractions", {}).get(key, {})
    return found


def endpoint_scores(record: Record, key: str, endpoint: str) -> Facts:
    """Return one endpoint's scores at one fraction; empty when it could not be scored."""
    found: Facts = fraction_scores(record, key).get("endpoints", {}).get(endpoint, {})
    return found


def contrasts(record: Record, key: str, endpoint: str, family: str) -> list[Facts]:
    """Return the differences of one family (``reference``, ``best-classical``, ``control``), by arm."""
    order = [arm.id for arm in record.arms]
    found = [
        entry for entry in endpoint_scores(record, key, endpoint).get("contrasts", []) if entry["family"] == family
    ]
    return sorted(found, key=lambda entry: (order.index(entry["arm"]), order.index(entry["against"])))


def verdicts(record: Record, key: str, endpoint: str) -> dict[str, Facts]:
    """Return what is said of each generator on one endpoint at one fraction, quantum and hybrid ones first."""
    found = endpoint_scores(record, key, endpoint).get("verdicts", {})
    return {arm.id: found[arm.id] for arm in generators_first_quantum(record.arms) if arm.id in found}


def worth_sentence(record: Record, key: str, arm: str) -> str | None:
    """Return how many real images the synthetic ones were worth; None where no arm ran that could tell."""
    found: Facts | None = record.scores.get("worth", {}).get(key, {}).get(arm)
    return None if found is None or found["worth"]["method"] is None else str(found["sentence"])


def verdict_sentences(record: Record) -> list[Facts]:
    """Return the verdicts on the primary endpoint with their fraction, arm, and what the images were worth."""
    primary = record.endpoints[0].id
    return [
        {**found, "fraction": fraction.key, "arm": arm, "worth": worth_sentence(record, fraction.key, arm)}
        for fraction in record.fractions
        for arm, found in verdicts(record, fraction.key, primary).items()
    ]


def adjusted(record: Record) -> list[Facts]:
    """Return the members of the confirmatory family, in the order of fractions and generators."""
    order = [arm.id for arm in generators_first_quantum(record.arms)]
    keys = [fraction.key for fraction in record.fractions]
    found: list[Facts] = record.scores.get("confirmatory", {}).get("members", [])
    return sorted(found, key=lambda entry: (keys.index(entry["fraction"]), order.index(entry["arm"])))


def ranks(record: Record, key: str) -> dict[str, tuple[int, int]]:
    """Return the first and last possible place of every competing arm, best first."""
    found = fraction_scores(record, key).get("ranks", {})
    places = {arm: (rank["low"], rank["high"]) for arm, rank in found.items()}
    return dict(sorted(places.items(), key=lambda entry: (entry[1], entry[0])))


def generators_first_quantum(arms: Iterable[ArmInfo]) -> list[ArmInfo]:
    """Return the arms that are generators themselves, quantum and hybrid ones first."""
    return sorted((arm for arm in arms if arm.role == "synthetic"), key=lambda arm: arm.kind not in QUANTUM_KINDS)


def grouping(record: Record) -> str:
    """Return what the images of a test set are grouped by, as a plural."""
    return "patients" if record.data.patients_known else "groups"


def banner(record: Record) -> list[str]:
    """Return what must stand above every number of this record; empty for clean real data."""
    lines = []
    if record.data.phantom:
        lines.append(
            "PHANTOM DATA. These images were drawn by a program, not taken of patients. The numbers show that the "
            "pipeline works; they say nothing about medicine."
        )
    if record.data.leaky:
        lines.append(
            f"LEAKY SPLIT. {record.data.crossing_groups} patients or near-duplicate groups lie on both sides of the "
            "split that these data come with, so every arm scores too high. Do not compare these values with "
            "those of a clean split."
        )
    return lines


def notes(record: Record) -> list[str]:
    """Return what a reader should know before using the numbers, one sentence or two each."""
    lines = []
    if record.replicates < LISTED_REPLICATES:
        lines.append(f"Provisional: {record.replicates} replicates; a listed result needs {LISTED_REPLICATES}.")
    lines += [f"Departs from its track, so it cannot be a leaderboard entry: {what}." for what in record.departures]
    if not record.data.patients_known:
        lines.append("Patients are not known: every image, or group of near-duplicates, counts as a patient.")
    lines += record.data.notes
    for fraction in record.fractions:
        lines += _fraction_notes(record, fraction)
    lines += _attribution_notes(record)
    lines += influence_notes(record)
    if record.failures:
        first = record.failures[0]
        lines.append(
            f"Failed cells: {len(record.failures)}. "
            f"The first: {first.stage} {first.name} ({first.outcome}): {first.reason}"
        )
    return lines


def low_power(record: Record, key: str) -> str | None:
    """Return a sentence when the primary endpoint's margin is smaller than what this fraction could show, else None."""
    primary = record.endpoints[0]
    found = contrasts(record, key, primary.id, "reference")
    smallest = [entry["mde"] for entry in found if entry["mde"] > 0 and _role(record, entry["arm"]) == "synthetic"]
    if primary.margin is None or not smallest or min(smallest) <= primary.margin:
        return None
    reach = f"{min(smallest):.3f}" if min(smallest) == max(smallest) else f"{min(smallest):.3f} to {max(smallest):.3f}"
    sample = f"{record.replicates} replicates and {found[0]['n_groups']} test {grouping(record)}"
    return (
        f"Low power at {key}: {sample} detect differences of {reach} (80 % power, two-sided 5 %), "
        f"but {primary.margin:g} would already matter. "
        "No difference found is not no difference."
    )


def _role(record: Record, arm: str) -> str:
    return next(info.role for info in record.arms if info.id == arm)


def _fraction_notes(record: Record, fraction: FractionFacts) -> list[str]:
    scored = fraction_scores(record, fraction.key)
    lines = []
    if fraction.reason:
        lines.append(f"{fraction.reason.rstrip('.')}.")
    if not fraction.oracle and any(arm.role == "oracle" for arm in record.arms):
        lines.append(f"At {fraction.key} there are no further real patients, so the oracle arm is not run.")
    power = low_power(record, fraction.key)
    lines += [power] if power else []
    for arm, replicates in scored.get("flagged", {}).items():
        lines.append(
            f"At {fraction.key}, {arm} failed in {len(replicates)} of {record.replicates} replicates; "
            f"there it has the predictions of {scored['substitute']} (intention to treat)."
        )
    oracle = {arm.id for arm in record.arms if arm.role == "oracle" and not fraction.oracle}
    lines += [
        f"At {fraction.key}, {arm} is left out: {why}."
        for arm, why in scored.get("dropped", {}).items()
        if arm not in oracle
    ]
    for endpoint in scored.get("endpoints", {}).values():
        if endpoint["note"]:
            lines.append(f"At {fraction.key}, {endpoint['title']}: {endpoint['note']}.")
        lines += [
            f"At {fraction.key}, {endpoint['title']} leaves out {name}: {why}."
            for name, why in endpoint["left_out"].items()
        ]
    return lines


def _attribution_notes(record: Record) -> list[str]:
    controlled = {arm.generator for arm in record.arms if arm.role == "control"}
    alone = [
        arm.id
        for arm in generators_first_quantum(record.arms)
        if arm.kind in QUANTUM_KINDS and arm.generator not in controlled
    ]
    return [f"{arm} ran without its controls: whether the quantum part matters was not tested." for arm in alone]
