"""A task as plain, frozen data: label space, endpoints, preprocessing, tracks and the frozen classifier recipe.

Nothing here reads a file; ``definitions`` builds these objects from TOML. A task's identity is the SHA-256 of its canonical
JSON, so two tasks with one hash are the same protocol.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

LabelKind = Literal["multilabel", "multiclass", "ordinal"]
EndpointKind = Literal["macro_auroc", "auroc", "qwk"]
BalanceMode = Literal["prior", "tailfill"]
FRACTION_LADDER = (0.05, 0.10, 0.25, 1.0)
MIN_FOR_INTERVAL = 10
"""Test images on the rarer side of a class that an interval needs."""
MIN_FOR_VERDICT = 30
"""Test images on the rarer side of a class that a verdict needs."""


@dataclass(frozen=True)
class LabelSpace:
    """Class names in order; ``titles`` are what a reader sees."""

    kind: LabelKind
    names: tuple[str, ...]
    titles: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Endpoint:
    """One number computed from predictions on real test images; larger is better for every kind.

    ``macro_auroc`` is the mean one-versus-rest AUROC over ``classes`` (with ``restrict``, only over images whose true class is
    among them); ``auroc`` has the union of ``classes`` as positives; ``qwk`` is the quadratic weighted kappa of the most
    probable grade.
    """

    id: str
    title: str
    kind: EndpointKind
    classes: tuple[str, ...]
    restrict: bool = False
    margin: float | None = None


@dataclass(frozen=True)
class Augment:
    """The locked classical augmentation of the reference arm; every range is symmetric about "no change"."""

    flip: bool
    rotate_degrees: float
    translate: float
    scale: float
    brightness: float
    contrast: float
    erase: float


@dataclass(frozen=True)
class Recipe:
    """The frozen downstream classifier: everything that training it needs besides the data and the seeds."""

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


@dataclass(frozen=True)
class Track:
    """How much: image size in pixels, fractions of the training patients, replicates, the recipe, the phantom's patients."""

    name: str
    image_size: int
    fractions: tuple[float, ...]
    replicates: int
    phantom_patients: int
    recipe: Recipe


@dataclass(frozen=True)
class TailCounts:
    """Training counts at 100 % that make a finding ``head`` (above) or ``tail`` (below); between them it is ``medium``."""

    head_above: int
    tail_below: int


@dataclass(frozen=True)
class Task:
    """A clinical question with everything that is fixed about it; ``endpoints[0]`` decides."""

    id: str
    version: int
    title: str
    question: str
    default_source: str
    channels: int
    labels: LabelSpace
    endpoints: tuple[Endpoint, ...]
    balance: BalanceMode
    balance_kappa: float
    ratio: float
    tracks: Mapping[str, Track]
    tail: TailCounts | None = None
    tail_margin: float | None = None

    @property
    def name(self) -> str:
        """The task with its version, as boards name it: ``brainmri@1``."""
        return f"{self.id}@{self.version}"

    def track_identity(self, track: str) -> dict[str, Any]:
        """Return everything of this task that determines numbers on one track."""
        facts = asdict(self)
        facts["tracks"] = {track: facts["tracks"][track]}
        return facts


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no spaces: the form that is hashed. NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_hash(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as 64 hexadecimal digits.

    >>> canonical_hash({"b": 1, "a": 2}) == canonical_hash({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def tail_endpoints(task: Task, training_counts: Mapping[str, int]) -> tuple[Endpoint, ...]:
    """Return the head, medium and tail endpoints of a multi-label task; empty groups are left out."""
    if task.tail is None:
        return ()
    groups: dict[str, list[str]] = {"head": [], "medium": [], "tail": []}
    for name in task.labels.names:
        count = training_counts[name]
        group = "head" if count > task.tail.head_above else "tail" if count < task.tail.tail_below else "medium"
        groups[group].append(name)
    return tuple(
        Endpoint(
            id=group, title=f"{group} macro-AUROC", kind="macro_auroc", classes=tuple(names), margin=task.tail_margin
        )
        for group, names in groups.items()
        if names
    )
