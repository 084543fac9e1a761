"""``qaugbench data get``: the one place that may use the network."""

from __future__ import annotations

from pathlib import Path

from qaugbench.datasets.medmnist_source import get_chestmnist
from qaugbench.datasets.sources import data_home, instructions, source, sources
from qaugbench.errors import DataError, first_offenders

DOWNLOADS = {"chestmnist": get_chestmnist}


def get_source(name: str, size: int) -> Path:
    """Download and prepare the source called ``name``; return the prepared .zip.

    Raises ``DataError`` with instructions where a source has to be fetched by hand.
    """
    entry = source(name)
    if entry.id not in DOWNLOADS:
        ready = first_offenders(sorted(set(sources()) & set(DOWNLOADS)))
        raise DataError(f"{name!r} cannot be downloaded by this command (these can: {ready}).\n{instructions(name)}")
    return DOWNLOADS[entry.id](size, data_home())
