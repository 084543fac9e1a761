"""The Kaggle brain MRI of Nickparvar: folders Training and Testing with four classes; no patients."""

from __future__ import annotations

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.folders import class_folders
from qaugbench.datasets.raw import Raw

CLASSES = {name: name for name in ("glioma", "meningioma", "notumor", "pituitary")}


def convert(raw: Raw) -> Converted:
    """Return the images with the published part, which leaks near-duplicates."""
    files = class_folders(raw, CLASSES, parts={"training": "train", "testing": "test"})
    rows = [row for _, row in files]
    notes = (
        "The published split puts near-duplicates of most test images into Training: split by near-duplicate groups.",
    )
    return Converted(rows, raw.stream([item for item, _ in files]), notes=notes)
