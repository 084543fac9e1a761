"""The phantom of a task in the prepared form, drawn once and kept, and its export."""

from __future__ import annotations

import os
from pathlib import Path

from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import DRAWING_SIZE, render_phantom
from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.seeds import BENCH_SEED, child_seed
from qaugbench.task import Task, Track

PHANTOM = "phantom"
PHANTOM_VERSION = 1
"""Raised whenever a phantom's pictures change, so that a kept archive of older pictures is not taken for it."""
NOTE = f"{PHANTOM_BANNER} Drawn by this program from a seed."


def phantom_archive(task: Task, track: Track, folder: Path) -> Path:
    """Return the .zip of the phantom that ``track`` runs on, drawn into ``folder`` unless it is there."""
    size = max(DRAWING_SIZE, track.image_size)
    path = folder / f"{task.id}-{track.phantom_patients}-patients-{size}px-v{PHANTOM_VERSION}.zip"
    if not path.exists():
        own = path.with_name(f".{path.stem}.{os.getpid()}.zip")  # another run may be drawing the same phantom
        export_phantom(task.id, track.phantom_patients, size, own).replace(path)
    return path


def export_phantom(task_id: str, n_patients: int, size: int, path: Path) -> Path:
    """Write the phantom of ``n_patients`` patients, ``size`` pixels per side, as a prepared .zip or folder; return its path.

    Raises DataError if ``path`` exists or cannot be written.
    """
    phantom = render_phantom(task_id, n_patients, child_seed(BENCH_SEED, "phantom", task_id), size)
    facts = {"name": PHANTOM, "task": task_id, "phantom": True, "description": NOTE, "notes": [NOTE]}
    facts |= {"licence": "CC0-1.0", "citation": "qaugbench contributors, qaugbench phantoms"}
    write_prepared(path, phantom.images, phantom.rows, facts)
    return path
