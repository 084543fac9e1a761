"""Whether an entry holds what it claims: its hashes, its arrays, and every number recomputed from the predictions."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.board.bundle import (
    ENTRY_FILE,
    MANIFEST_FILE,
    PREDICTIONS_FILE,
    SAMPLES_FILE,
    entry_folder,
    read_entry,
    read_manifest,
)
from qaugbench.errors import EntryError, StatisticsError, first_offenders
from qaugbench.predictions import PredictionSet, read_predictions
from qaugbench.record import Record, read_record, unattributable
from qaugbench.stats.score import score

TOLERANCE = 1e-9
PHANTOM = "phantom"
QUANTUM_KINDS = ("quantum", "hybrid")


@dataclass(frozen=True)
class Verification:
    """What was checked of an entry or a run folder that holds what it claims."""

    path: Path
    record: Record
    n_numbers: int
    n_logits: int

    @property
    def attribution_tested(self) -> bool:
        """Whether every quantum or hybrid generator ran beside at least one of its controls."""
        controlled = {arm.generator for arm in self.record.arms if arm.role == "control"}
        quantum = {arm.generator for arm in self.record.arms if arm.role == "synthetic" and arm.kind in QUANTUM_KINDS}
        return quantum <= controlled


def verify(path: Path) -> Verification:
    """Check the entry, or the run folder, in ``path`` and return what was checked.

    Hashes against the manifest, the schema, arms, shapes, image ids, labels and groups, failed cells against missing
    logits, the board against the data, and every score against one recomputed from the predictions (within 1e-9).
    Raises EntryError naming the first thing that does not hold. What this cannot show is that the logits were produced
    by the classifiers the record describes.
    """
    path = Path(path)
    is_entry = (path / ENTRY_FILE).is_file() or (path / MANIFEST_FILE).is_file()
    if is_entry:
        check_files(path)
    record = read_entry(path).record if is_entry else read_record(path)
    _check_board(path, record, is_entry=is_entry)
    predictions = path / PREDICTIONS_FILE
    predicted = read_predictions(predictions)
    if hashlib.sha256(predictions.read_bytes()).hexdigest() != record.predictions_sha256:
        raise EntryError(f"{predictions} is not the file that the record was made from: its SHA-256 is another.")
    _check_predictions(path, record, predicted)
    _check_failures(path, record, predicted)
    n_numbers = _check_scores(path, record, predicted)
    n_logits = sum(part.test_logits.size + part.val_logits.size for part in predicted.fractions.values())
    return Verification(path, record, n_numbers, n_logits)


def check_files(path: Path) -> None:
    """Compare the folder with its manifest: no file more, none less, none changed."""
    stated = read_manifest(path).files
    present = {file.name for file in path.iterdir()} - {MANIFEST_FILE}
    unknown, missing = sorted(present - set(stated)), sorted(set(stated) - present)
    if missing:
        raise EntryError(f"{path} lacks {first_offenders(missing)}, which its manifest lists. Copy the whole folder.")
    if unknown:
        raise EntryError(f"{path} holds {first_offenders(unknown)}, which its manifest does not list. Remove it.")
    for name, facts in sorted(stated.items()):
        found = hashlib.sha256((path / name).read_bytes()).hexdigest()
        if found != facts.sha256:
            raise EntryError(f"{path / name} is not the file in the manifest: stated {facts.sha256}, found {found}.")


def _check_board(path: Path, record: Record, *, is_entry: bool) -> None:
    if record.data.source != record.board.source:
        raise EntryError(f"{path}: the board's source is {record.board.source!r}, the data's {record.data.source!r}.")
    if record.data.phantom != (record.board.source == PHANTOM):
        kind = "phantom" if record.data.phantom else "real"
        raise EntryError(
            f"{path}: {kind} data cannot stand on the board {record.board}; phantom results stay on phantom boards."
        )
    if not is_entry:
        return
    place = entry_folder(record.board, record.id)
    resolved = path.resolve()
    if resolved.parent.name == "entries" and resolved.parts[-len(place.parts) :] != place.parts:
        raise EntryError(f"{path} does not lie where it belongs, {place}.")
    if (path / SAMPLES_FILE).exists() and not record.data.phantom:
        raise EntryError(f"{path / SAMPLES_FILE}: pictures fitted to real patients cannot be part of an entry yet.")
    if (path / SAMPLES_FILE).exists() != read_entry(path).samples:
        raise EntryError(f"{path / ENTRY_FILE} and the folder disagree on whether there is a {SAMPLES_FILE}.")


def _check_predictions(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare arms, fractions, shapes, ids, labels and groups with one another and with the record."""
    arms = tuple(arm.id for arm in record.arms)
    _same(path, "arms", arms, predicted.arms)
    if len(set(arms)) != len(arms):
        raise EntryError(f"{path}: an arm is listed twice: {first_offenders(_repeated(arms))}.")
    keys = [fraction.key for fraction in record.fractions]
    _same(path, "fractions", sorted(keys), sorted(predicted.fractions))
    for part in ("test", "val"):
        ids, labels = getattr(predicted, f"{part}_ids"), getattr(predicted, f"{part}_labels")
        groups = getattr(predicted, f"{part}_groups")
        _same(path, f"the shape of the {part} labels", (len(ids), len(record.labels.names)), labels.shape)
        _same(path, f"the shape of the {part} groups", (len(ids),), groups.shape)
        _same(path, f"the number of {part} images", record.data.n_images.get(part), len(ids))
        _same(path, f"the number of {part} groups", record.data.n_groups.get(part), len(np.unique(groups)))
        _check_labels(path, part, labels, record.labels.kind)
        for key, logits in predicted.fractions.items():
            wanted = (len(arms), record.replicates, len(ids), len(record.labels.names))
            _same(path, f"the shape of the {part} logits at {key}", wanted, getattr(logits, f"{part}_logits").shape)
    repeated = _repeated([*predicted.test_ids.tolist(), *predicted.val_ids.tolist()])
    if repeated:
        raise EntryError(f"{path}: image ids occur twice, or in test and validation: {first_offenders(repeated)}.")
    shared = np.intersect1d(predicted.test_groups, predicted.val_groups)
    if len(shared) and not record.data.leaky:
        raise EntryError(
            f"{path}: {len(shared)} patients lie in test and validation, and the record does not call the split leaky: "
            f"{first_offenders(shared.tolist())}."
        )


def _check_labels(path: Path, part: str, labels: np.ndarray, kind: str) -> None:
    if not np.isin(labels, (0, 1)).all():
        raise EntryError(f"{path}: {part} labels must be 0 or 1.")
    if kind != "multilabel" and not (labels.sum(axis=1) == 1).all():
        wrong = np.flatnonzero(labels.sum(axis=1) != 1)
        raise EntryError(f"{path}: {part} images must have exactly one class; images {first_offenders(wrong)} do not.")


def _check_failures(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare missing logits with the cells recorded as failed, and with fractions that leave an oracle no patients."""
    failed = {failure.name: failure.outcome for failure in record.failures if failure.stage == "train"}
    without_oracle = {fraction.key for fraction in record.fractions if not fraction.oracle}
    roles = {arm.id: arm.role for arm in record.arms}
    for key, part in predicted.fractions.items():
        for place, arm in enumerate(predicted.arms):
            for replicate in range(record.replicates):
                cell = f"{arm} {key} r{replicate}"
                logits = np.concatenate([part.test_logits[place, replicate], part.val_logits[place, replicate]])
                if np.isinf(logits).any():
                    raise EntryError(f"{path}: {cell} has infinite logits.")
                missing = np.isnan(logits)
                not_run = key in without_oracle and roles[arm] == "oracle"
                if missing.any() and not (missing.all() and (cell in failed or not_run)):
                    raise EntryError(
                        f"{path}: {cell} lacks {missing.sum()} logits, and no failure in the record explains it."
                    )
                if cell in failed and not missing.all():
                    raise EntryError(f"{path}: {cell} is recorded as failed ({failed[cell]}) but has logits.")


def _check_scores(path: Path, record: Record, predicted: PredictionSet) -> int:
    """Recompute every score and return how many numbers were compared."""
    try:
        found = scores_of(record, predicted)
    except StatisticsError as error:
        raise EntryError(f"{path}: the predictions cannot be scored: {error}") from error
    n_numbers = 0
    for where, stated, recomputed in _leaves(record.scores, found, "scores"):
        if not _agree(stated, recomputed):
            raise EntryError(f"{path}: {where}: stated {stated!r}, recomputed {recomputed!r}.")
        n_numbers += isinstance(stated, int | float) and not isinstance(stated, bool)
    return n_numbers


def scores_of(record: Record, predicted: PredictionSet) -> dict[str, Any]:
    """Return the scores that ``predicted`` give under the record's own arms, endpoints, classes and image counts."""
    return score(
        predicted,
        record.arms,
        record.endpoints,
        record.labels.kind,
        record.labels.names,
        task=record.board.task_id,
        n_real={fraction.key: fraction.n_real for fraction in record.fractions},
        n_fill={fraction.key: fraction.n_fill for fraction in record.fractions},
        unattributable=unattributable(record.influence),
    ).to_dict()


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


def _same(path: Path, what: str, stated: Any, found: Any) -> None:
    if stated != found:
        raise EntryError(f"{path}: {what} differ between record and predictions: {stated} and {found}.")


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
