"""Whether an entry holds what it claims: its hashes, its arrays, and every number recomputed from the predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.board import protocol
from qaugbench.board.appraised import false_words
from qaugbench.board.bundle import ENTRY_FILE, SAMPLES_FILE, entry_folder
from qaugbench.board.changed import SEAL_FILE, matches_seal
from qaugbench.board.predictions_fit import check_failures, check_predictions
from qaugbench.board.reader import Bundle, read_bundle
from qaugbench.board.releasable import releasable_arms, why_withheld
from qaugbench.board.sheet_layout import sheet_fault
from qaugbench.board.telltales import exact, suspicious
from qaugbench.errors import EntryError, StatisticsError, shown
from qaugbench.kinds import is_quantum
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record, robustness_only, unattributable
from qaugbench.stats.choices import choose
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_on_images import Images, metric_of
from qaugbench.stats.reference import validation_means
from qaugbench.stats.results import BestClassical, Reference, Scores
from qaugbench.stats.score import score

TOLERANCE = 1e-9
PHANTOM = "phantom"


@dataclass(frozen=True)
class Verification:
    """What was checked of an entry or a run folder that holds what it claims.

    ``warnings`` say what no honest run is expected to leave, though one could. ``predictions`` are those that were read.
    """

    path: Path
    record: Record
    predictions: PredictionSet
    n_numbers: int
    n_logits: int
    is_entry: bool
    warnings: tuple[str, ...] = ()

    @property
    def attribution_tested(self) -> bool:
        """Whether every quantum or hybrid generator ran beside at least one of its controls."""
        controlled = {arm.generator for arm in self.record.arms if arm.role == "control"}
        quantum = {arm.generator for arm in self.record.arms if arm.role == "synthetic" and is_quantum(arm.kind)}
        return quantum <= controlled


def verify(path: Path) -> Verification:
    """Check the entry, or the run folder, in ``path`` and return what was checked.

    What ``reader.read_bundle`` refuses, the board against the data, ids, labels and groups, failed cells against missing
    logits, the frozen choices against the validation predictions, and every score against one recomputed from the predictions
    (within 1e-9), and the record against its seal, where it has one. The words of appraisals follow from their measures. An
    entry moreover says nothing that its board does not fix (``protocol``), and its predictions have nothing that no training
    leaves (``telltales``). Raises EntryError naming the first thing that does not hold. What this cannot show is that the logits
    were produced by the classifiers the record describes: docs/trust.md.
    """
    bundle = read_bundle(Path(path))
    record, predicted = bundle.record, bundle.predictions
    _check_board(bundle)
    if bundle.entry is not None:
        _check_place(bundle)
    check_predictions(bundle.path, record, predicted)
    _refuse_any(bundle.path, false_words(record))
    if bundle.entry is not None:
        _refuse_any(bundle.path, protocol.departures(record, predicted))
    check_failures(bundle.path, record, predicted)
    _check_choices(bundle.path, record, predicted)
    n_numbers = _check_scores(bundle.path, record, predicted)
    if not matches_seal(bundle.path):
        raise EntryError(
            f"{shown(bundle.path, None)}: every score follows from the predictions, but something else in the record was changed "
            f"after it was written: its SHA-256 is not the one in {SEAL_FILE}. Bring back the original."
        )
    is_entry = bundle.entry is not None
    if is_entry:
        _check_candidates(bundle.path, record, predicted)
        _refuse_any(bundle.path, exact(record, predicted))
    warnings = tuple(suspicious(record, predicted)) if is_entry else ()
    n_logits = record.prediction_shape.n_logits
    return Verification(bundle.path, record, predicted, n_numbers, n_logits, is_entry, warnings)


def _refuse_any(path: Path, faults: Iterator[str]) -> None:
    """Raise EntryError for the first of ``faults``."""
    fault = next(faults, None)
    if fault is not None:
        raise EntryError(f"{shown(path, None)}: {fault}.")


def _check_board(bundle: Bundle) -> None:
    path, record = shown(bundle.path, None), bundle.record
    if record.data.source != record.board.source:
        raise EntryError(
            f"{path}: the board's source is {shown(record.board.source)!r}, that of the data {shown(record.data.source)!r}."
        )
    if record.data.phantom != (record.board.source == PHANTOM):
        kind = "phantom" if record.data.phantom else "real"
        raise EntryError(
            f"{path}: {kind} data cannot be on the board {shown(record.board)}; phantom results stay on phantom boards."
        )


def _check_place(bundle: Bundle) -> None:
    """Compare an entry with the folder that it is in, and its pictures with what it says of them."""
    path, record = bundle.path, bundle.record
    place = entry_folder(record.board, record.id)
    resolved = path.resolve()
    if resolved.parent.name == "entries" and resolved.parts[-len(place.parts) :] != place.parts:
        raise EntryError(
            f"{shown(path, None)} is not where it belongs: move it to {place} below the folder of all entries."
        )
    has_samples = bundle.sheet is not None
    if has_samples and not releasable_arms(record):
        raise EntryError(
            f"{shown(path / SAMPLES_FILE, None)}: pictures fitted to real patients are part of an entry only where they "
            "were found to be no copies of training images."
        )
    fault = None if bundle.sheet is None else sheet_fault(bundle.sheet, record)
    if fault is not None:
        raise EntryError(f"{shown(path / SAMPLES_FILE, None)}: {fault}. Submit the run again.")
    entry = bundle.entry
    if entry is not None and not has_samples == entry.samples == (entry.samples_withheld is None):
        raise EntryError(
            f"{shown(path / ENTRY_FILE, None)} and the folder disagree on whether there is a {SAMPLES_FILE}, and why not."
        )
    if entry is not None and entry.samples_withheld not in (None, why_withheld(record)):
        raise EntryError(
            f"{shown(path / ENTRY_FILE, None)} gives a reason for missing pictures that its record does not: "
            f"{shown(entry.samples_withheld, 160)!r}."
        )


def _check_choices(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare the frozen choices with the validation predictions: each mean, and that the arm chosen has the best of them."""
    seen = predicted.on_validation()
    names, kind = tuple(record.labels.names), record.labels.kind
    metric = metric_of(record.endpoints[0], Images(seen.val_labels, seen.val_groups, names, kind))
    for key, choice in record.choices.items():
        present = Present.of(seen.arms, seen.fractions[key], {arm.id: arm for arm in record.arms})
        for what, chosen in (("reference", choice.reference), ("best classical arm", choice.best_classical)):
            stated = chosen.validation_means
            where = f"{shown(path, None)}: the {what} chosen at {shown(key)}"
            found = validation_means(present, [arm for arm in stated if arm in present.arms], metric)
            if set(found) != set(stated) or not all(_agree(stated[arm], found[arm]) for arm in stated):
                raise EntryError(f"{where} has other mean validation scores than the predictions give.")
            if chosen.arm != max(stated, key=lambda arm: stated[arm], default=None):
                raise EntryError(f"{where} is {shown(chosen.arm)}, which does not have the best mean validation score.")


def _check_candidates(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare among which arms was chosen with those that this release lets compete: a run keeps the rule of its time."""
    found = choose(predicted, record.arms, record.endpoints[0], record.labels.kind, record.labels.names)
    for key, choice in record.choices.items():
        pairs = (choice.reference, found[key].reference), (choice.best_classical, found[key].best_classical)
        if any(_considered(stated) != _considered(recomputed) for stated, recomputed in pairs):
            raise EntryError(
                f"{shown(path, None)}: at {shown(key)} other arms were chosen from than those that were trained."
            )


def _considered(found: Reference | BestClassical) -> set[str | None]:
    """Return the arms among which was chosen, the chosen one included."""
    return {found.arm, *found.validation_means}


def _check_scores(path: Path, record: Record, predicted: PredictionSet) -> int:
    """Recompute every score and return how many numbers were compared.

    A profile that the record does not have, since an older version scored it, states nothing that could be wrong.
    """
    try:
        found = record.scored(scores_of(record, predicted)).scores.to_dict()
    except StatisticsError as error:
        raise EntryError(f"{shown(path, None)}: the predictions cannot be scored: {error}") from error
    for key, scored in record.scores.fractions.items():
        if scored.profile is None and key in found["fractions"]:
            found["fractions"][key]["profile"] = None
    n_numbers = 0
    for where, stated, recomputed in _leaves(record.scores.to_dict(), found, "scores"):
        if not _agree(stated, recomputed):
            raise EntryError(
                f"{shown(path, None)}: {shown(where, 160)}: stated {shown(repr(stated), 120)}, recomputed "
                f"{shown(repr(recomputed), 120)}."
            )
        n_numbers += isinstance(stated, int | float) and not isinstance(stated, bool)
    return n_numbers


def scores_of(record: Record, predicted: PredictionSet, *, reference: Mapping[str, str] | None = None) -> Scores:
    """Return the scores that ``predicted`` give under the record's own arms, endpoints, classes and image counts.

    ``reference`` names R* by fraction key where it is not to be chosen from these predictions alone.
    """
    return score(
        predicted,
        record.arms,
        record.endpoints,
        record.labels.kind,
        record.labels.names,
        task=record.board.task_id,
        n_real={fraction.key: fraction.n_real for fraction in record.fractions},
        n_fill={fraction.key: fraction.n_fill for fraction in record.fractions},
        n_oracle={fraction.key: fraction.n_oracle for fraction in record.fractions if fraction.n_oracle},
        choices=record.choices,
        reference=reference,
        unattributable=unattributable(record.influence),
        training_counts={name: record.data.class_counts.get(name, {}).get("train", 0) for name in record.labels.names},
        test_withheld=record.test_withheld,
        no_verdict=robustness_only(record.recipe_name),
    )


def _leaves(stated: Any, recomputed: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, stated, recomputed) of every leaf, and of every place where the two trees differ in shape."""
    if isinstance(stated, dict) and isinstance(recomputed, dict):
        for key in sorted({*stated, *recomputed}):
            yield from _leaves(stated.get(key, "(missing)"), recomputed.get(key, "(missing)"), f"{where}.{key}")
    elif isinstance(stated, list) and isinstance(recomputed, list) and len(stated) == len(recomputed):
        for number, (one, other) in enumerate(zip(stated, recomputed, strict=True)):
            yield from _leaves(one, other, f"{where}[{number}]")
    else:
        yield where, stated, recomputed


def _agree(stated: Any, recomputed: Any) -> bool:
    if isinstance(stated, bool) or isinstance(recomputed, bool):
        return stated is recomputed
    if isinstance(stated, int | float) and isinstance(recomputed, int | float):
        return math.isclose(stated, recomputed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(stated == recomputed)
