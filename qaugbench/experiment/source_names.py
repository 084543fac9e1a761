"""What sources are called: the name of a user's own images, and the answer to a name that no source has here."""

from __future__ import annotations

import re
from pathlib import Path

from qaugbench.datasets.own.images import data_name
from qaugbench.datasets.phantom.source import PHANTOM
from qaugbench.datasets.sources import sources, sources_of
from qaugbench.errors import DataError, near_names
from qaugbench.places import data_home
from qaugbench.task import Task

__all__ = ["PHANTOM", "own_name", "source_name", "source_not_here"]


def own_name(data: Path, source: str | None = None) -> str:
    """Return what the user's own ``data`` are called on a board: ``source`` where it is given, else after the path."""
    name = source_name(source or data_name(data))
    if name == PHANTOM:
        raise DataError(
            "The name 'phantom' is kept for drawn images. Name your data with --source, or rename the file."
        )
    return name


def source_name(name: str) -> str:
    """Return ``name`` as boards and folders can carry it: lower case, digits, dots and hyphens.

    >>> source_name("My Scans (2024)")
    'my-scans-2024'
    """
    cleaned = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    if not cleaned:
        raise DataError(f"{name!r} cannot name a source; give a name with letters or digits with --source.")
    return cleaned


def source_not_here(task: Task, source: str) -> DataError:
    """Return the error for a source that is not on this machine, with near names where there is none so called for this task."""
    known = [entry.id for entry in sources_of(task.id)]
    if source not in known:
        of = f"; {source!r} is one of {' and '.join(sources()[source].tasks)}" if source in sources() else ""
        return DataError(
            f"There is no source {source!r} of task {task.id!r}{of}.{near_names(source, known)} Images of your own go in with "
            "--data."
        )
    return DataError(
        f"The source {source!r} of task {task.id!r} is not prepared in {data_home()}. Run 'qaugbench data info {source}' "
        "for how to get it, give a folder or .zip with --data, or use --source phantom."
    )
