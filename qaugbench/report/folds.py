"""The runs of K folds read together, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qaugbench.board.bundle import PREDICTIONS_FILE
from qaugbench.errors import EntryError
from qaugbench.predictions import read_predictions
from qaugbench.record import Record, read_record
from qaugbench.report.numbers import p_value, signed
from qaugbench.report.tables import aligned, reference_arm
from qaugbench.stats.folds import CrossFitted, crossfit

HEADER = ("arm", "mean", "vs {reference}", "95 % CI", "p")


def folds_text(folders: Sequence[Path]) -> str:
    """Return the tables of the runs in ``folders``, one a fold, scored together; at most 110 columns wide.

    Raises EntryError for runs of different boards, data or generators, StatisticsError for folds that overlap.
    """
    records = [read_record(folder) for folder in folders]
    _check_alike(folders, records)
    first = records[0]
    predictions = [read_predictions(folder / PREDICTIONS_FILE) for folder in folders]
    blocks = [f"{first.board}: {first.title}, {len(records)} folds"]
    for fraction in first.fractions:
        found = crossfit(predictions, first.arms, first.endpoints, first.labels.kind, first.labels.names, fraction.key)
        blocks.append(f"{fraction.key} of the training patients")
        blocks += [_table(one, str(reference_arm(first))) for one in found]
    blocks.append(
        "Means over folds of each fold's own value; intervals over replicates and the test patients of all folds. "
        "Exploratory: no verdict."
    )
    return "\n\n".join(blocks) + "\n"


def _table(found: CrossFitted, reference: str) -> str:
    rare = "" if found.n_rarer is None else f", {found.n_rarer} images on the rarer side"
    title = f"{found.title}, {found.n_folds} folds{rare}{f': {found.note}' if found.note else ''}"
    body = []
    for arm, mean in found.means.items():
        other = found.differences.get(arm)
        cells = ("-", "-", "-")
        if other is not None:
            cells = (
                signed(other.estimate),
                f"[{signed(other.ci_low)}, {signed(other.ci_high)}]",
                p_value(other.p_value),
            )
        body.append((arm, f"{mean:.4f}", *cells))
    header = tuple(column.format(reference=reference) for column in HEADER)
    return "\n".join([title, *(aligned(header, body) if body else [])])


def _check_alike(folders: Sequence[Path], records: Sequence[Record]) -> None:
    for folder, record in zip(folders, records, strict=True):
        for what, same in (
            ("board", record.board == records[0].board),
            ("data", record.data.manifest_sha256 == records[0].data.manifest_sha256),
            ("task", record.task_sha256 == records[0].task_sha256),
            ("arms", [arm.id for arm in record.arms] == [arm.id for arm in records[0].arms]),
            ("fractions", [f.key for f in record.fractions] == [f.key for f in records[0].fractions]),
        ):
            if not same:
                raise EntryError(
                    f"{folder} and {folders[0]} differ in their {what}. Run the same command with --split fold:1/K to fold:K/K."
                )
