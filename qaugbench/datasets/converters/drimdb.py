"""DRIMDB: good and bad photographs; outliers show no retina and are left out."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.folders import class_folders
from qaugbench.datasets.raw import Raw


def convert(raw: Raw) -> Converted:
    """Return the photographs of the folders Good and Bad as Good and Reject."""
    files = class_folders(raw, {"good": "Good", "bad": "Reject"})
    notes = (
        "Good became Good and Bad became Reject; no image is Usable, which is left out. Outliers show no retina and are left out.",
        "There is no published split.",
    )
    return Converted([row for _, row in files], raw.stream([item for item, _ in files]), notes=notes)
