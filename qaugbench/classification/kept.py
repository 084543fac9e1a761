"""A comparison kept among the results: what it states with its predictions on test images, checked before anything is written."""

from __future__ import annotations

from pathlib import Path

from qaugbench.classification.stored import OF_FOLD, PREDICTIONS
from qaugbench.classification.verified import checked_comparison
from qaugbench.errors import EntryError, StoreError, shown
from qaugbench.files import json_text, write_whole
from qaugbench.places import CLASSIFIERS_FILE, COMPARISONS
from qaugbench.untrusted import exists


def keep(folder: Path, root: Path) -> Path:
    """Write the comparison in ``folder`` below ``root``, the folder of all entries, and return the folder written.

    Its numbers are those that its predictions give. Predictions on validation images, courses and the page are left out. Raises
    EntryError for a comparison that does not hold, for a phantom's, and for one that is there already.
    """
    checked = checked_comparison(folder)
    if checked.found.phantom:
        raise EntryError(
            f"{shown(folder, None)} is about a phantom, which is evidence of nothing. Keep one of real images."
        )
    place = root / COMPARISONS / folder.absolute().name
    if exists(place):
        raise EntryError(f"{shown(place, None)} is there already. Remove it first to keep another of this name.")
    parts = checked.predictions
    names = [PREDICTIONS] if len(parts) == 1 else [OF_FOLD.format(fold) for fold in range(1, len(parts) + 1)]
    try:
        for name, one in zip(names, parts, strict=True):
            write_whole(place / name, one.without_validation().to_bytes())
        write_whole(place / CLASSIFIERS_FILE, json_text(checked.found.to_dict()))
    except OSError as error:
        raise StoreError(f"{shown(place, None)} cannot be written: {error.strerror}. Choose another folder.") from error
    return place
