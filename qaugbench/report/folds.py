"""The runs of K folds read together, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qaugbench.board.reader import check_folder, check_test_scores, read_run_predictions, run_record
from qaugbench.errors import EntryError, shown
from qaugbench.formatting import (
    NONE,
    WIDTH,
    Row,
    count,
    fraction_words,
    interval,
    p_value,
    signed,
    unsigned,
)
from qaugbench.record import Record
from qaugbench.stats.folds import CrossFitted, crossfit
from qaugbench.text_table import aligned, wrapped

HEADER = ("arm", "mean", "vs R* ({reference})", "95 % CI", "p")


def folds_text(folders: Sequence[Path], width: int = WIDTH) -> str:
    """Return ``folds_scores`` as tables at most ``width`` columns wide."""
    found = folds_scores(folders)
    first = run_record(folders[0])
    blocks = [f"{first.board}: {first.title}, {len(folders)} folds"]
    for key, scored in found.items():
        blocks += [f"{fraction_words(key)} of the training patients", *(_table(one, width) for one in scored)]
    legend = (
        "Means over folds of each fold's own value; intervals over replicates and the test patients of all folds. "
        "Exploratory: no verdict."
    )
    return "\n\n".join([*blocks, wrapped(legend, width=width)]) + "\n"


def folds_scores(folders: Sequence[Path]) -> dict[str, list[CrossFitted]]:
    """Return the scores of the runs in ``folders``, one run per fold, scored together, by fraction.

    Raises EntryError for runs of different boards, data or generators, StatisticsError for folds that overlap.
    """
    for folder in folders:
        check_folder(folder)
    records = [run_record(folder) for folder in folders]
    for folder, record in zip(folders, records, strict=True):
        check_test_scores(folder, record)
    _check_alike(folders, records)
    first = records[0]
    predictions = [read_run_predictions(folder, record) for folder, record in zip(folders, records, strict=True)]
    return {
        fraction.key: crossfit(
            predictions, first.arms, first.endpoints, first.labels.kind, first.labels.names, fraction.key
        )
        for fraction in first.fractions
    }


def _table(found: CrossFitted, width: int) -> str:
    rare = "" if found.n_rarer is None else f", {count(found.n_rarer, 'image')} on the rarer side"
    title = f"{found.title}, {count(found.n_folds, 'fold')}{rare}{f': {found.note}' if found.note else ''}"
    header = tuple(column.format(reference=found.reference) for column in HEADER)
    body = [_row(found, arm, mean) for arm, mean in found.means.items()]
    return "\n".join([wrapped(title, width=width), *(aligned(header, body, width) if body else [])])


def _row(found: CrossFitted, arm: str, mean: float) -> Row:
    other = found.differences.get(arm)
    if other is None:
        return arm, unsigned(mean), NONE, NONE, NONE
    if found.note is not None:
        return arm, unsigned(mean), signed(other.estimate), NONE, NONE
    return arm, unsigned(mean), signed(other.estimate), interval(other.ci_low, other.ci_high), p_value(other.p_value)


def _check_alike(folders: Sequence[Path], records: Sequence[Record]) -> None:
    for folder, record in zip(folders, records, strict=True):
        for what, same in (
            ("board", record.board == records[0].board),
            ("data", record.data.manifest_sha256 == records[0].data.manifest_sha256),
            ("task", record.task_sha256 == records[0].task_sha256),
            ("classifier's code", record.recipe_sha256 == records[0].recipe_sha256),
            ("recipe", record.recipe_name == records[0].recipe_name),
            ("arms", [arm.id for arm in record.arms] == [arm.id for arm in records[0].arms]),
            ("fractions", [f.key for f in record.fractions] == [f.key for f in records[0].fractions]),
        ):
            if not same:
                raise EntryError(
                    f"{shown(folder, None)} and {shown(folders[0], None)} differ in their {what}. Run the same command with "
                    "--split fold:1/K to fold:K/K."
                )
