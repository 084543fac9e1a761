"""The folders that commands use: data that were downloaded or converted, runs, and entries; and the files that tell what one is."""

from __future__ import annotations

import os
from pathlib import Path

RUNS = Path("runs")
"""Where runs are written unless told otherwise, and where the name of a run is looked up."""
RESULTS = Path("results")
"""The folder of all entries: boards below it, their entries below them."""
RECORD_FILE = "record.json"
ENTRY_FILE = "entry.json"
MANIFEST_FILE = "manifest.json"
STUDY_FILE = "tuning.json"
NOISE_FILE = "noise.json"
CLASSIFIERS_FILE = "classifiers.json"
COMPARISONS = "classifiers"
"""The folder in that of all entries that keeps comparisons of classifiers."""


def data_home() -> Path:
    """Return the data folder: $QAUGBENCH_DATA, else qaugbench/data in $XDG_CACHE_HOME or ~/.cache.

    As the XDG specification requires, an XDG_CACHE_HOME that is not an absolute path is ignored.
    """
    said = os.environ.get("QAUGBENCH_DATA")
    if said:
        return Path(said).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return (cache if cache.is_absolute() else Path("~/.cache").expanduser()) / "qaugbench" / "data"
