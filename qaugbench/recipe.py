"""The settings of the locked classifier as plain, frozen data.

They are separate from the rest of a task so that the hash of the classifier's code (``downstream.recipe`` and all that
it imports) changes with the classifier and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LabelKind = Literal["multilabel", "multiclass", "ordinal"]


@dataclass(frozen=True)
class Augment:
    """The locked classical augmentation, used in every arm but ``R``; every range is symmetric about "no change"."""

    flip: bool
    rotate_degrees: float
    translate: float
    scale: float
    brightness: float
    contrast: float
    erase: float


@dataclass(frozen=True)
class Recipe:
    """The locked downstream classifier: everything that training needs besides the data and the seeds."""

    model: str
    steps: int
    batch_real: int
    learning_rate: float
    augment: Augment
    pretrained: str | None = None
    optimizer: Literal["adamw"] = "adamw"
    weight_decay: float = 0.05
    warmup_steps: int = 20
    evaluations: int = 5
    precision: Literal["float32", "bfloat16"] = "float32"
