"""What the finished cells of a run know of synthetic images: for the record, and the pairs of pictures for its report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.image_facts import Appraisal

Reports = Mapping[str, CellReport]


def appraisals(plan: Plan, store: Store, reports: Reports) -> dict[str, dict[str, Appraisal]]:
    """Return what is known of the images of each appraised arm, by fraction key and arm; an arm whose cell failed is left out."""
    found: dict[str, dict[str, Appraisal]] = {}
    for (arm, fraction), cell in plan.appraisal_cells.items():
        if reports[cell.name].outcome == "ok":
            content = store.read("appraise", cell.name, "appraisal.json")
            found.setdefault(fraction, {})[arm] = Appraisal.model_validate_json(content, strict=True)
    return found


def closest_pairs(plan: Plan, store: Store, reports: Reports) -> dict[str, np.ndarray]:
    """Return the closest synthetic and training images of each appraised arm at the first fraction, as ``pairs.npz`` holds them.

    The arrays are ARM/synthetic and ARM/training uint8 [n, H, W, C], closest first. They hold real images.
    """
    first = plan.fractions[0].key
    found: dict[str, np.ndarray] = {}
    for (arm, fraction), cell in plan.appraisal_cells.items():
        if fraction == first and reports[cell.name].outcome == "ok":
            pairs = {part: store.array("appraise", cell.name, f"pair_{part}") for part in ("synthetic", "training")}
            found |= {f"{arm}/{part}": images for part, images in pairs.items() if len(images)}
    return found
