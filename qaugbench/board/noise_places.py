"""Where studies of noise are kept beside the entries of a board, and what of one nobody can recompute."""

from __future__ import annotations

from pathlib import Path

from qaugbench.errors import EntryError, shown
from qaugbench.places import NOISE_FILE
from qaugbench.untrusted import MIB, exists

FOLDER = "noise"
STUDIES = (f"{FOLDER}/*", f"*/{FOLDER}/*", f"*/*/{FOLDER}/*")
"""Where studies are below a board, a task's boards, and the folder of all boards."""
MOST_STUDIES = 1_000
LARGEST_STUDY = 4 * MIB
"""How many bytes of the file of a study are read at most."""
NOT_RECOMPUTED = (
    "every measure of every replicate",
    "expected errors and the deviation of outputs",
    "shots and yields",
    "computing time",
    "the circuits, in words",
)
"""What a study states that nobody can recompute from it: it holds no images and no predictions."""


def study_paths(root: Path) -> list[Path]:
    """Return the folders of all studies of noise below ``root``, the folder of all boards, sorted."""
    return _checked(root, [path for path in root.glob(STUDIES[-1]) if not path.name.startswith(".")])


def studies_below(path: Path) -> list[Path]:
    """Return the studies that a folder stands for: itself, or those of a board, of a task's boards, or of all boards."""
    if is_published(path):
        return [path]
    found = [one for pattern in STUDIES for one in path.glob(pattern) if is_published(one)]
    return _checked(path, found)


def is_published(path: Path) -> bool:
    """Return whether a folder is a study beside the entries of a board."""
    return path.absolute().parent.name == FOLDER and exists(path / NOISE_FILE)


def _checked(root: Path, found: list[Path]) -> list[Path]:
    if len(found) > MOST_STUDIES:
        raise EntryError(f"{shown(root, None)} has {len(found):,} studies of noise; at most {MOST_STUDIES:,} are read.")
    return sorted(found)
