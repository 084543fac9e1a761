"""Whether predictions are those of their record: arms, images, labels and groups, and what is missing against what failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.predictions import PredictionSet
from qaugbench.record import Record


def check_predictions(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare the arms, ids, labels and groups with one another and with the record."""
    _same(path, "arms", [arm.id for arm in record.arms], list(predicted.arms))
    for part in ("val",) if record.test_withheld else ("test", "val"):
        groups = getattr(predicted, f"{part}_groups")
        _same(path, f"the number of {part} groups", record.data.n_groups.get(part), len(np.unique(groups)))
        labels = getattr(predicted, f"{part}_labels")
        _check_labels(path, part, labels, record.labels.kind)
        stated = [record.data.class_counts[name][part] for name in record.labels.names]
        _same(path, f"the {part} images of the classes", stated, labels.sum(axis=0, dtype=int).tolist())
    both = np.intersect1d(predicted.test_ids, predicted.val_ids)
    if both.size:
        raise EntryError(
            f"{shown(path, None)}: image ids are in test and in validation: {first_offenders(both.tolist())}."
        )
    shared = np.intersect1d(predicted.test_groups, predicted.val_groups)
    if shared.size and not record.data.leaky:
        raise EntryError(
            f"{shown(path, None)}: {len(shared)} patients are in test and in validation, and the record does not call the "
            f"split leaky: {first_offenders(shared.tolist())}."
        )


def _check_labels(path: Path, part: str, labels: np.ndarray, kind: str) -> None:
    wrong = np.flatnonzero(labels.sum(axis=1) != 1)
    if kind != "multilabel" and wrong.size:
        raise EntryError(
            f"{shown(path, None)}: {part} images must have exactly one class; images {first_offenders(wrong)} do not."
        )


def check_failures(path: Path, record: Record, predicted: PredictionSet) -> None:
    """Compare missing logits with the cells recorded as failed, and with fractions that leave an oracle no patients."""
    failed = _failed(path, record)
    without_oracle = {fraction.key for fraction in record.fractions if not fraction.oracle}
    roles = {arm.id: arm.role for arm in record.arms}
    for key, part in predicted.fractions.items():
        missing = np.concatenate([np.isnan(part.test_logits), np.isnan(part.val_logits)], axis=2)
        some, every = np.asarray(missing.any(axis=(2, 3))), np.asarray(missing.all(axis=(2, 3)))
        for place, arm in enumerate(predicted.arms):
            not_run = key in without_oracle and roles[arm] == "oracle"
            for replicate in range(record.replicates):
                outcome = failed.get((arm, key, replicate))
                where = f"{shown(path, None)}: {shown(arm)} at {key} in replicate {replicate}"
                gone = bool(every[place, replicate]) and (outcome is not None or not_run)
                if some[place, replicate] and not gone:
                    n_missing = int(missing[place, replicate].sum())
                    raise EntryError(f"{where} lacks {n_missing} logits, and no failure in the record explains it.")
                if outcome is not None and not every[place, replicate]:
                    raise EntryError(f"{where} is recorded as failed ({outcome}) but has logits.")


def _failed(path: Path, record: Record) -> Mapping[tuple[str, str, int], str]:
    """Return the outcomes of the classifiers that could not be trained, by arm, fraction and replicate.

    A training that served none of these (the check of the plateau) has no logits in the predictions.
    """
    found: dict[tuple[str, str, int], str] = {}
    for failure in record.failures:
        placed = (failure.arm, failure.fraction, failure.replicate) != (None, None, None)
        if failure.stage == "train" and placed:
            if failure.arm is None or failure.fraction is None or failure.replicate is None:
                raise EntryError(
                    f"{shown(path, None)}: the failed cell {shown(failure.name)!r} does not say its arm, fraction and replicate."
                )
            found[failure.arm, failure.fraction, failure.replicate] = failure.outcome
    unknown = [where for where in found if not _is_cell(record, where)]
    if unknown:
        raise EntryError(f"{shown(path, None)}: a cell failed that the run did not have: {first_offenders(unknown)}.")
    return found


def _is_cell(record: Record, where: tuple[str, str, int]) -> bool:
    arm, fraction, replicate = where
    return (
        any(one.id == arm for one in record.arms)
        and any(one.key == fraction for one in record.fractions)
        and 0 <= replicate < record.replicates
    )


def _same(path: Path, what: str, stated: Any, found: Any) -> None:
    if stated != found:
        raise EntryError(
            f"{shown(path, None)}: {what} differ between record and predictions: {shown(stated, 120)} and "
            f"{shown(found, 120)}."
        )
