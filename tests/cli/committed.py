"""A folder with one finished run, made from an entry that is committed in ``results``: nothing is computed for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def committed_entry() -> Path:
    """Return the folder of the committed entry that has a quantum generator with its controls."""
    (found,) = (ROOT / "results").glob("*/*/entries/brainmri-nickparvar-lite-qldm+ddpm-*")
    return found


def write_committed_run(runs: Path) -> Path:
    """Write the run of which the committed entry was made into ``runs`` and return its folder."""
    entry = committed_entry()
    run = runs / entry.name
    run.mkdir(parents=True)
    record = json.loads((entry / "entry.json").read_text(encoding="utf-8"))["record"]
    (run / "record.json").write_text(json.dumps(record), encoding="utf-8")
    shutil.copy(entry / "predictions.npz", run)
    return run


def copied_entry(root: Path) -> Path:
    """Copy the committed entry to its place below ``root`` and return its folder."""
    entry = committed_entry()
    return Path(shutil.copytree(entry, root / entry.relative_to(ROOT / "results")))
