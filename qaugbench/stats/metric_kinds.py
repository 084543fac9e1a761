"""What each kind of metric is, as data: unit, range, direction, the labels that it fits and what it is a mean of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from qaugbench.metrics.discrimination import LABEL_KINDS

HIGHER = "higher is better"
LOWER = "lower is better"
EXCLUSIVE = ("multiclass", "ordinal")


@dataclass(frozen=True)
class Kind:
    """One kind of metric.

    ``made_of`` is what its value is made of: "any" one binary problem whose positives have any of the classes; "each" the
    mean of one binary problem per class; "grades" the one class of each image; "images" a mean over images. ``whole`` says
    that labels which exclude one another must be taken together: every class, or only the images of those named.
    """

    unit: str
    lowest: float
    highest: float
    direction: str
    made_of: Literal["any", "each", "grades", "images"]
    label_kinds: tuple[str, ...] = LABEL_KINDS
    whole: bool = True


AUROC_UNIT = "AUROC, 0 to 1, chance .5"
KINDS = {
    "auroc": Kind(AUROC_UNIT, 0.0, 1.0, HIGHER, "any", whole=False),
    "macro_auroc": Kind(AUROC_UNIT, 0.0, 1.0, HIGHER, "each", whole=False),
    "macro_ap": Kind("AP, 0 to 1, chance the share of positives", 0.0, 1.0, HIGHER, "each", whole=False),
    "qwk": Kind("kappa, -1 to 1, chance 0", -1.0, 1.0, HIGHER, "grades", EXCLUSIVE),
    "balanced_accuracy": Kind("mean recall, 0 to 1, chance 1 / classes (multilabel .5)", 0.0, 1.0, HIGHER, "each"),
    "recall": Kind("recall, 0 to 1, best 1", 0.0, 1.0, HIGHER, "each", whole=False),
    "mae": Kind("grades off, 0 and more, best 0", 0.0, math.inf, LOWER, "images", ("ordinal",)),
    "brier": Kind("Brier score, 0 to 2 (multilabel 0 to 1), best 0", 0.0, 2.0, LOWER, "images"),
    "log_loss": Kind("nats, 0 and more, best 0", 0.0, math.inf, LOWER, "images"),
}

UNITS = {name: kind.unit for name, kind in KINDS.items()}
LOWEST = {name: kind.lowest for name, kind in KINDS.items()}
HIGHEST = {name: kind.highest for name, kind in KINDS.items()}
DIRECTIONS = {name: kind.direction for name, kind in KINDS.items()}
