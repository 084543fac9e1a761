"""The audit of a prepared source: one pass over its images, then every check on the facts it collected."""

from __future__ import annotations

from typing import Any

import numpy as np

from qaugbench.datasets.audit.confounds import Told, confound_findings
from qaugbench.datasets.audit.duplicates import contradiction_findings, duplicate_findings, find_pairs
from qaugbench.datasets.audit.leaks import (
    closed_groups,
    group_findings,
    leak_findings,
    parts_of,
    split_columns,
)
from qaugbench.datasets.audit.report import AuditReport, Finding, Severity, ordered
from qaugbench.datasets.audit.scan import Scan, scan
from qaugbench.datasets.audit.small_parts import small_part_findings
from qaugbench.datasets.audit.unusable import unusable_findings
from qaugbench.datasets.part_words import check_parts
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split, choose_split, unusable_part
from qaugbench.errors import DataError
from qaugbench.seeds import BENCH_SEED, child_seed
from qaugbench.task import Task


def audit(
    prepared: PreparedData,
    task: Task,
    *,
    split: Split | None = None,
    scanned: Scan | None = None,
    jobs: int = 1,
    seed: int = BENCH_SEED,
) -> AuditReport:
    """Return the problems of ``prepared`` as data for ``task``, found from pixels, patients and published splits.

    ``split`` is the split in use; by default the one that ``choose_split`` returns. Leaks in it, and whatever a run
    refuses, are errors; leaks in other split columns are warnings. Images are read by ``jobs`` processes and decoded
    once, or not at all if ``scanned`` has their facts; the report does not depend on ``jobs``. Columns that already name
    duplicates are not used. Raises DataError for ``jobs`` below 1 and if no image can be decoded.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from qaugbench.datasets.phantom.source import export_phantom
    >>> from qaugbench.datasets.prepared import open_prepared
    >>> from qaugbench.definitions import task
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     knees = open_prepared(export_phantom("kneeoa", 20, 32, Path(folder) / "knees"), task("kneeoa").labels)
    ...     audit(knees, task("kneeoa")).clean
    True
    """
    scanned = scan(prepared, jobs=jobs) if scanned is None else scanned
    if not scanned.readable.any():
        raise DataError(f"None of the {len(prepared)} images in {prepared.where} can be decoded: {scanned.problem[0]}.")
    pairs = find_pairs(scanned)
    groups = closed_groups(prepared, pairs)
    findings = []
    in_use, refusal = _in_use(prepared, split)
    if in_use is None:
        findings.append(Finding("no-split", "error", "no split can be used", refusal, len(prepared), len(prepared)))
    else:
        parts = parts_of(in_use, len(prepared))
        findings += leak_findings(prepared, pairs, parts, in_use.name, "error")
        if why := unusable_part(prepared, in_use):
            findings.append(Finding("unusable-part", "error", why, "A run refuses this split: give more data.", 1, 1))
    for column, parts in split_columns(prepared).items():
        if in_use is None or column != in_use.name:
            severity: Severity = "error" if in_use is None and column == _wanted(prepared) else "warning"
            findings += leak_findings(prepared, pairs, parts, column, severity)
    findings += contradiction_findings(prepared, pairs)
    confounds, told = confound_findings(prepared, scanned, groups, jobs=jobs, seed=child_seed(seed, "audit"))
    findings += confounds
    findings += duplicate_findings(prepared, pairs)
    findings += unusable_findings(prepared, scanned, task.channels)
    if in_use is not None:
        findings += small_part_findings(prepared, parts_of(in_use, len(prepared)), in_use.name)
    findings += group_findings(prepared, pairs)
    return AuditReport(
        source=prepared.name,
        task=task.name,
        n_images=len(prepared),
        split_name=None if in_use is None else in_use.name,
        split_how=refusal if in_use is None else in_use.how,
        findings=ordered(findings),
        pairs=pairs,
        summary=_summary(scanned, groups, told),
    )


def _in_use(prepared: PreparedData, split: Split | None) -> tuple[Split | None, str]:
    if split is not None:
        return split, ""
    try:
        check_parts(prepared)
        return choose_split(prepared), ""
    except DataError as error:
        return None, str(error)


def _wanted(prepared: PreparedData) -> str:
    return "group_split" if "group_split" in prepared.table else "split"


def _summary(scanned: Scan, groups: np.ndarray, told: list[Told]) -> dict[str, Any]:
    """Return the sizes and formats of the images, the closed groups, and how well each cue predicts each class."""
    readable = scanned.readable
    formats = [f"{name} {bits} bit" for name, bits in zip(scanned.format, scanned.bits, strict=True)]
    kinds, counts = np.unique(np.array(formats, dtype=object)[readable].astype(str), return_counts=True)
    return {
        "readable": int(readable.sum()),
        "formats": {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
        "coloured": int(scanned.coloured.sum()),
        "width": _range(scanned.width[readable]),
        "height": _range(scanned.height[readable]),
        "closed_groups": len(np.unique(groups)),
        "confounds": [
            {"cue": one.cue, "label": one.label, "auroc": round(one.auroc, 4), "se": round(one.se, 4)} for one in told
        ],
    }


def _range(values: np.ndarray) -> dict[str, int]:
    return {"min": int(values.min()), "median": int(np.median(values)), "max": int(values.max())}
