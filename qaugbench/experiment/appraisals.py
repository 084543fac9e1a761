"""What the finished cells of a run know of synthetic images: for the record, and the pairs of pictures for its report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.store import Store
from qaugbench.image_facts import Appraisal, LatentGeometry

Reports = Mapping[str, CellReport]
FILES = "its images came as files"


def appraisals(plan: Plan, store: Store, reports: Reports) -> dict[str, dict[str, Appraisal]]:
    """Return what is known of the images of each appraised arm, by fraction key and arm; an arm whose cell failed is left out."""
    found: dict[str, dict[str, Appraisal]] = {}
    for (arm, fraction), cell in plan.appraisal_cells.items():
        if reports[cell.name].outcome == "ok":
            content = store.read("appraise", cell.name, "appraisal.json")
            found.setdefault(fraction, {})[arm] = Appraisal.model_validate_json(content, strict=True)
    return found


def geometries(plan: Plan, store: Store, reports: Reports) -> dict[str, dict[str, LatentGeometry]]:
    """Return how the images of each variant change with their noise, by fraction key and arm; where none can be named, why.

    A variant whose cell failed is left out, and so are all where the run has no metrics.
    """
    found: dict[str, dict[str, LatentGeometry]] = {}
    if not plan.appraisal_cells:
        return found
    variants = [arm.info.id for arm in plan.arms if arm.fill == "synthetic" and arm.execution is None]
    for fraction in plan.fractions:
        for arm in variants:
            cell = plan.geometry_cells.get((arm, fraction.key))
            if cell is None:
                geometry = LatentGeometry(reason=FILES)
            elif reports[cell.name].outcome == "ok":
                geometry = LatentGeometry(**store.meta("geometry", cell.name)["facts"])
            else:
                continue
            found.setdefault(fraction.key, {})[arm] = geometry
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
