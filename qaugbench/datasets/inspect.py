"""The audit of a path or a named source, and its data card."""

from __future__ import annotations

from pathlib import Path

from qaugbench import definitions
from qaugbench.datasets.audit.entry import audit
from qaugbench.datasets.audit.report import AuditReport
from qaugbench.datasets.card import card, card_page
from qaugbench.datasets.own.images import data_name, open_own
from qaugbench.datasets.part_words import check_parts, with_parts
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.datasets.sources import find_prepared, instructions, sources
from qaugbench.datasets.splits import Split, choose_split
from qaugbench.errors import DataError, near_names
from qaugbench.files import write_whole
from qaugbench.task import Task


def open_any(target: str, task: Task) -> PreparedData:
    """Return the data at the path ``target``, or the prepared form of the source of that name.

    Raises DataError for anything else, with near names, and for a source that is not on this machine.
    """
    path = Path(target)
    if path.exists():
        return with_parts(open_own(path, task.labels, name=data_name(path)))
    if target not in sources():
        raise DataError(f"{target} is neither a path nor a source.{near_names(target, sources())}")
    found = find_prepared(task.id, target)
    if found is None:
        raise DataError(f"{target!r} is not prepared on this machine for {task.id}.\n{instructions(target)}")
    return with_parts(open_prepared(found, task.labels, name=target))


def audit_source(target: str, task_name: str, *, split: str | None = None, jobs: int = 1) -> AuditReport:
    """Return the audit of a path or named source for a task; ``split`` is a column to audit instead of the one in use.

    Errors as ``open_any`` and ``audit``; an unknown task or column raises with near names.
    """
    task = definitions.task(task_name)
    prepared = open_any(target, task)
    return audit(prepared, task, split=_split(prepared, split), jobs=jobs)


def write_cards(target: str, task_name: str, out: Path, *, jobs: int = 1) -> tuple[Path, Path]:
    """Write the data card of a path or named source as ``out``.md and ``out``.html and return both; errors as above."""
    task = definitions.task(task_name)
    prepared = open_any(target, task)
    report = audit(prepared, task, jobs=jobs)
    split = _split(prepared, None)
    pages = {
        out.with_suffix(".md"): card(prepared, task, report, split=split),
        out.with_suffix(".html"): card_page(prepared, task, report, split=split),
    }
    for path, text in pages.items():
        write_whole(path, text)
    markdown, page = pages
    return markdown, page


def _split(prepared: PreparedData, column: str | None) -> Split | None:
    """Return the split in a column, even if it leaks; without a column the one that a run would use, or None."""
    if column is not None:
        check_parts(prepared, column)
        return choose_split(with_parts(prepared, column), column=column, allow_leaky=True)
    try:
        return choose_split(prepared)
    except DataError:
        return None
