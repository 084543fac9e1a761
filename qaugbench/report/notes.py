"""What is shown with the numbers of a record: banners above them, and what to know before using them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qaugbench.board.appraisal_notes import appraisal_notes
from qaugbench.board.circuit_influence import influence_notes
from qaugbench.board.fit_notes import fit_notes
from qaugbench.board.plateau_notes import plateau_notes
from qaugbench.board.short_fits import short_fits_notes
from qaugbench.errors import first_offenders
from qaugbench.formatting import PHANTOM_BANNER, count, fraction_words, unsigned
from qaugbench.image_facts import COPY_WORDS
from qaugbench.kinds import is_quantum
from qaugbench.record import FractionFacts, Record
from qaugbench.report.failures import failure_note
from qaugbench.report.record_views import contrasts, generators_first_quantum, grouping
from qaugbench.stats.decide import LISTED_REPLICATES, why_no_interval
from qaugbench.stats.results import ClassNote


def banner(record: Record) -> list[str]:
    """Return what must be read before any number of this record; empty for clean real data."""
    lines = [PHANTOM_BANNER] if record.data.phantom else []
    if record.test_withheld:
        lines.append(
            "TEST SCORES WITHHELD. No test image was predicted. All scores are those on the validation images, on which "
            "checkpoints and comparators were chosen too: they serve for tuning and prove nothing."
        )
    if record.recipe_name != "A":
        lines.append(
            f"RECIPE {record.recipe_name}, A ROBUSTNESS COLUMN. The task's second classifier ({record.recipe.get('model')}) was "
            "trained instead of the first. Read whether differences keep their sign and size; nothing here is a verdict."
        )
    if record.data.leaky:
        lines.append(
            f"LEAKY SPLIT. {record.data.crossing_groups} patients or near-duplicate groups are on both sides of the split "
            "that these data come with, so every arm scores too high. Do not compare these values with those of a clean "
            "split."
        )
    return lines


def notes(record: Record) -> list[str]:
    """Return what a reader should know before using the numbers, one or two sentences each, each once.

    What means most for the numbers comes first: copies, lost labels, collapse, what was trained too briefly; then how much was
    run and compared, what the circuits do, the classes; forms and counts of the data come last, before ``failures``.
    """
    of_data = [note for note in record.data.notes if not (record.data.phantom and note == record.data.description)]
    of_copies = [note for note in of_data if any(words in note for words in COPY_WORDS)]
    lines = [*of_copies, *appraisal_notes(record)]
    lines += [*plateau_notes(record), *fit_notes(record), *short_fits_notes(record)]
    if record.replicates < LISTED_REPLICATES:
        lines.append(
            f"Provisional: {count(record.replicates, 'replicate')}; a listed result needs {LISTED_REPLICATES}."
        )
    lines += [f"Departs from its track, so it cannot be a leaderboard entry: {what}." for what in record.departures]
    for fraction in record.fractions:
        lines += _fraction_notes(record, fraction)
    lines += [*influence_notes(record), *_attribution_notes(record), *_class_notes(record)]
    if not record.data.patients_known:
        lines.append("Patients are not known: every image, or group of near-duplicates, counts as a patient.")
    lines += of_data
    if record.failures:
        lines.append(failure_note(record))
    return list(dict.fromkeys(lines))


def missing_words(record: Record, too_few: str) -> str:
    """Return what so few replicates leave out; the intervals of a single one are those of its trained models alone."""
    if record.replicates > 1:
        return f"No intervals, verdicts, ranks or power ({too_few})."
    return f"No verdicts, ranks or power ({too_few}). {interval_words(record)[0].upper()}{interval_words(record)[1:]}."


def without_controls(arm: str) -> str:
    """Return what is not known of a quantum generator that ran alone."""
    return f"{arm} ran without its controls: whether the quantum part matters was not tested."


def interval_words(record: Record) -> str:
    """Return what the intervals of a record cover."""
    if record.replicates == 1:
        return f"intervals are over {grouping(record)} alone, for the one trained model of each arm (DeLong)"
    if why_no_interval(record.replicates) is not None:
        return f"no intervals: {count(record.replicates, 'replicate')}"
    return f"intervals: over both replicates and {grouping(record)}"


def low_power(record: Record, key: str) -> str | None:
    """Return a sentence when the primary endpoint's margin is smaller than what this fraction could show, else None.

    What could be shown is the difference from R* that would have been detected, of the generator where it is smallest.
    """
    primary = record.endpoints[0]
    generators = {arm.id for arm in record.arms if arm.role == "synthetic"}
    found = [one for one in contrasts(record, key, primary.id, "reference") if one.arm in generators]
    detected = [one.mde for one in found if one.mde]
    if primary.margin is None or not detected or min(detected) <= primary.margin:
        return None
    least, most = unsigned(min(detected)), unsigned(max(detected))
    reach = least if least == most else f"{least} to {most}"
    sample = f"{count(record.replicates, 'replicate')} and {found[0].n_groups:,} test {grouping(record)}"
    return (
        f"Low power at {fraction_words(key)}: {sample} detect differences of {reach} (80 % power, two-sided 5 %), "
        f"but {unsigned(primary.margin)} would already matter. A difference that was not found may still be there."
    )


def _fraction_notes(record: Record, fraction: FractionFacts) -> Iterator[str]:
    at = f"At {fraction_words(fraction.key)}"
    if fraction.reason:
        yield f"{fraction.reason.rstrip('.')}."
    if not fraction.oracle and any(arm.role == "oracle" for arm in record.arms):
        yield f"{at} there are no further real {grouping(record)}, so the oracle arm is not run."
    if fraction.oracle and fraction.n_oracle is not None and fraction.n_oracle < fraction.n_fill:
        yield f"{at} the oracle arm has {fraction.n_oracle:,} further real images, and the other arms {fraction.n_fill:,} images."
    scored = record.scores.fractions.get(fraction.key)
    if scored is None:
        return
    if scored.too_few_replicates is not None:
        yield missing_words(record, scored.too_few_replicates)
    power = None if record.test_withheld else low_power(record, fraction.key)
    if power is not None:
        yield power
    order = [arm.id for arm in record.arms]
    for arm, replicates in sorted(scored.flagged.items(), key=lambda one: order.index(one[0])):
        yield (
            f"{at}, {arm} failed in {len(replicates)} of {record.replicates} replicates; there it has the predictions of "
            f"{scored.substitute} (intention to treat)."
        )
    not_run = {arm.id for arm in record.arms if arm.role == "oracle" and not fraction.oracle}
    reasons: dict[str, list[str]] = {}
    for arm, why in sorted(scored.dropped.items(), key=lambda one: order.index(one[0])):
        if arm not in not_run:
            reasons.setdefault(why, []).append(arm)
    for why, arms in reasons.items():
        yield f"{at}, {first_offenders(arms)} {'is' if len(arms) == 1 else 'are'} left out: {why}."


def _class_notes(record: Record) -> Iterator[str]:
    """Yield what is missing of endpoints and classes; the test images are the same at every fraction, so each only once."""
    for scored in record.scores.fractions.values():
        for endpoint in scored.endpoints.values():
            if endpoint.note and endpoint.note != scored.too_few_replicates:
                yield f"{endpoint.title}: {endpoint.note}."
        left_out = [note for endpoint in scored.endpoints.values() for note in endpoint.left_out]
        yield from map(_with_counts, left_out or scored.class_notes)


def _with_counts(note: ClassNote) -> str:
    """Return the sentence of a note with a colon before each number of images: that of grade 0 in "0: 10"."""
    sentence = note.sentence
    for name in note.classes:
        sentence = re.sub(rf"(?<=[:,] )({re.escape(name)}) (?=\d+[,.])", r"\1: ", sentence)
    return sentence


def _attribution_notes(record: Record) -> list[str]:
    controlled = {arm.generator for arm in record.arms if arm.role == "control"}
    alone = [
        arm.id
        for arm in generators_first_quantum(record.arms)
        if is_quantum(arm.kind) and arm.generator not in controlled
    ]
    return [without_controls(arm) for arm in alone]
