"""A task as plain, frozen data: label space, endpoints, preprocessing and tracks; each track has a recipe (``recipe``).

Nothing here reads a file; ``definitions`` builds these objects from TOML. A task's identity is the SHA-256 of its canonical
JSON, so two tasks with one hash are the same protocol.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from qaugbench.augmentations import NO_AUGMENTATIONS, NO_LOSSES, Augmentations, Losses
from qaugbench.recipe import LabelKind, Recipe

EndpointKind = Literal["macro_auroc", "auroc", "qwk"]
BalanceMode = Literal["prior", "tailfill"]
RecipeName = Literal["A", "B"]
"""A: the recipe of a track. B: its second one, whose numbers carry no verdict."""
OPTIONAL_OF_TASKS = ("augmentations", "losses")
OPTIONAL_OF_TRACKS = ("plateau", "recipe_b")
FRACTION_LADDER = (0.05, 0.10, 0.25, 1.0)
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class LabelSpace:
    """Class names in order; ``titles`` are for display."""

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
class KnownPlateau:
    """Whether a track's recipe is at its plateau, where twice its steps no longer help, as ``found`` when it was chosen.

    ``found`` names the data, the steps tried and the validation scores.
    """

    reached: Literal["yes", "no", "not measured"]
    found: str


@dataclass(frozen=True)
class Track:
    """The size of a run: image size in pixels, fractions of the training patients, replicates, recipe, and the
    phantom's patients.

    ``recipe_b`` is another classifier, run on request beside ``recipe`` and never in its place.
    """

    name: str
    image_size: int
    fractions: tuple[float, ...]
    replicates: int
    phantom_patients: int
    recipe: Recipe
    plateau: KnownPlateau
    recipe_b: Recipe | None = None


@dataclass(frozen=True)
class TailCounts:
    """Training counts at 100 % that make a finding ``head`` (above) or ``tail`` (below); between them it is ``medium``."""

    head_above: int
    tail_below: int


@dataclass(frozen=True)
class Task:
    """A clinical question with everything that is fixed about it; ``endpoints[0]`` is the primary one."""

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
    augmentations: Augmentations = NO_AUGMENTATIONS
    losses: Losses = NO_LOSSES

    @property
    def name(self) -> str:
        """The task with its version, as boards name it: ``brainmri@1``."""
        return f"{self.id}@{self.version}"

    def track_identity(self, track: str) -> dict[str, Any]:
        """Return everything in this task that determines the numbers of a track's own arms.

        Findings on its plateau do not, nor what only optional arms or another recipe use: those are in the cells that use them.
        """
        facts = {name: value for name, value in asdict(self).items() if name not in OPTIONAL_OF_TASKS}
        own = {name: value for name, value in facts["tracks"][track].items() if name not in OPTIONAL_OF_TRACKS}
        return {**facts, "tracks": {track: own}}

    def optional_identity(self, track: str) -> dict[str, Any]:
        """Return what optional arms of one track and its second recipe use beside ``track_identity``."""
        facts = asdict(self)
        recipe_b = facts["tracks"][track]["recipe_b"]
        return {**{name: facts[name] for name in OPTIONAL_OF_TASKS}, "recipe_b": recipe_b}


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


def learnable_endpoints(endpoints: Iterable[Endpoint], training_counts: Mapping[str, int]) -> tuple[Endpoint, ...]:
    """Return ``endpoints`` without the classes that have no training image, if they average over classes.

    ``qwk``, which is about all grades at once, is then computed on the images of the other grades alone; ``auroc``,
    whose classes form one question, is unchanged. An endpoint without any remaining class is left out.

    >>> macro = Endpoint("macro", "macro-AUROC", "macro_auroc", ("a", "b"))
    >>> [endpoint.classes for endpoint in learnable_endpoints([macro], {"a": 5, "b": 0})]
    [('a',)]
    """
    kept = []
    for endpoint in endpoints:
        classes = tuple(name for name in endpoint.classes if training_counts[name])
        if endpoint.kind == "auroc" or classes == endpoint.classes:
            kept.append(endpoint)
        elif classes:
            without = [name for name in endpoint.classes if name not in classes]
            title = f"{endpoint.title} without {', '.join(without)} (no training image)"
            restrict = endpoint.restrict or endpoint.kind == "qwk"
            kept.append(replace(endpoint, title=title, classes=classes, restrict=restrict))
    return tuple(kept)
