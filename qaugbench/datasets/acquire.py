"""A prepared source made ready for runs: audited, near-duplicates grouped with their patients, split without a leak."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from qaugbench import definitions
from qaugbench.datasets.audit.entry import audit
from qaugbench.datasets.audit.report import AuditReport
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.download import Tell, get
from qaugbench.datasets.prepare import prepare
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.datasets.progress import shown_progress
from qaugbench.datasets.regroup import Grouped, with_groups, write_grouped
from qaugbench.datasets.sources import source
from qaugbench.task import Task


def _silent(text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Ready:
    """A source ready for runs: its path, how it was grouped and split, and its audit (None if it was audited before)."""

    path: Path
    how: str
    report: AuditReport | None

    def text(self) -> str:
        """Return what was prepared and what the audit found, in lines of at most 110 columns."""
        audited = (
            "Audited before; 'qaugbench data audit' repeats the findings."
            if self.report is None
            else self.report.text()
        )
        return f"Prepared: {self.path}\nGroups and split: {self.how}\n{audited}"


def get_ready(name: str, *, size: int | None = None, jobs: int = 1, tell: Tell = _silent) -> Ready:
    """Return the source ``name`` after downloading, preparing, auditing and grouping it; errors as ``download.get``.

    ``tell`` hears what is waited for.
    """
    with shown_progress() as progress:
        path = get(name, size=size, progress=progress, tell=tell, jobs=jobs)
    tell(f"Auditing {name}: duplicates, leaks, damaged images ...")
    return make_ready(path, definitions.task(source(name).tasks[0]), name=name, jobs=jobs)


def prepare_ready(
    name: str, raw: Sequence[Path], *, size: int | None = None, jobs: int = 1, tell: Tell = _silent
) -> Ready:
    """Return the source ``name`` prepared from files fetched by hand, audited and grouped; errors as ``prepare``."""
    tell(f"Converting the images of {name} ...")
    path = prepare(name, raw, size=size, jobs=jobs)
    tell(f"Auditing {name}: duplicates, leaks, damaged images ...")
    return make_ready(path, definitions.task(source(name).tasks[0]), name=name, jobs=jobs)


def make_ready(path: Path, task: Task, *, name: str | None = None, jobs: int = 1) -> Ready:
    """Return the source at ``path`` after writing its audit, groups and split into it, unless that was done before.

    Image files do not change. The published split is kept if no patient and no near-duplicate crosses it. Raises DataError for a
    source that cannot be read or has too few groups to split.
    """
    prepared = open_prepared(path, task.labels, name=name)
    stored = _manifest(prepared)
    if "grouping" in stored:
        return Ready(prepared.path, str(stored["grouping"]["how"]), None)
    scanned = scan(prepared, jobs=jobs)
    grouped = with_groups(prepared, audit(prepared, task, scanned=scanned, jobs=jobs).pairs)
    report = audit(_regrouped(prepared, grouped), task, scanned=scanned, jobs=jobs)
    write_grouped(prepared, grouped, facts={"audit": report.to_dict()})
    return Ready(prepared.path, grouped.how, report)


def _regrouped(prepared: PreparedData, grouped: Grouped) -> PreparedData:
    """Return the source with its new labels.csv; the images are the same."""
    table = pd.DataFrame(grouped.rows, dtype=object).astype(str)
    codes, names = pd.factorize(table["group"])
    return replace(prepared, table=table, groups=codes.astype("int64"), group_names=tuple(names), group_column="group")


def _manifest(prepared: PreparedData) -> dict[str, Any]:
    if prepared.archive.problem("manifest.json"):
        return {}
    found: dict[str, Any] = json.loads(prepared.archive.read("manifest.json"))
    return found
