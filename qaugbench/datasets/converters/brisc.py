"""BRISC 2025: its classification part, with the plane of each slice; no patients."""

from __future__ import annotations

import re

from qaugbench.datasets.converters import Converted
from qaugbench.datasets.converters.folders import class_folders
from qaugbench.datasets.raw import Raw

CLASSES = {"glioma": "glioma", "meningioma": "meningioma", "no_tumor": "notumor", "pituitary": "pituitary"}
PLANES = {"ax": "axial", "co": "coronal", "sa": "sagittal"}


def convert(raw: Raw) -> Converted:
    """Return the images of classification_task with class, published part and plane."""
    parts = {"classification_task/train": "train", "classification_task/test": "test"}
    files = class_folders(raw, CLASSES, parts=parts)
    rows = [row | {"plane": _plane(item.stem)} for item, row in files]
    return Converted(rows, raw.stream([item for item, _ in files]))


def _plane(stem: str) -> str:
    """Return the plane named in a file such as brisc2025_train_00001_gl_ax_t1, "" if it names none."""
    match = re.search(r"_(ax|co|sa)_", stem)
    return PLANES[match[1]] if match else ""
