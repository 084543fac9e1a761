"""What a comparison of classifiers found, as plain data, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.recipe import LabelKind
from qaugbench.task import Endpoint

FORMAT = 1
RECIPE = "recipe"
"""What the locked recipe is called beside the classifiers of a comparison."""
PLAIN_ARM = "R+"
"""The real images with the locked augmentation, on which all controls of a classifier are trained."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval over patients and, with two replicates or more, over runs; None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One classifier under one control on one board; every mean is over replicates.

    ``score`` is the primary endpoint, ``accuracy`` the share of right answers where classes exclude one another, ``log_loss`` is in
    nats, ``calibration`` and ``calibration_scaled`` are debiased errors as trained and after temperature scaling.
    ``uncertainty_gap`` is the mean entropy of wrong answers minus that of right ones, in nats. ``steps_to_95`` are the steps after
    which the validation score reached 95 % of that at the end, in looks that are
    ``look_every`` steps apart at most. ``step_wall_s`` and ``step_cpu_s`` are of one training step, ``block_movement`` the
    root mean square by which the trained numbers of circuits, or of what replaces them, moved. What a row cannot have is None.
    ``reason`` says why there is no score.
    """

    id: str
    classifier: str
    control: str
    kind: str
    parameters: Mapping[str, int]
    score: Estimate | None
    scores: tuple[float, ...]
    log_loss: float | None
    calibration: float | None
    calibration_scaled: float | None
    uncertainty_gap: Estimate | None
    steps: int | None
    best_step: float | None
    steps_to_95: float | None
    look_every: float | None
    step_wall_s: float | None
    step_cpu_s: float | None
    block_movement: float | None
    reason: str = ""
    accuracy: float | None = None


@dataclass(frozen=True)
class Difference:
    """``arm`` minus ``against`` in the primary endpoint.

    The interval of ``estimate`` is its own; [``low_together``, ``high_together``] is of those that hold at once for all differences
    of the family, and ``p_together`` is adjusted for them. None where there is no interval.
    """

    arm: str
    against: str
    question: str
    estimate: Estimate
    p_value: float | None
    low_together: float | None
    high_together: float | None
    p_together: float | None


@dataclass(frozen=True)
class ClassifierBoard:
    """The rows of one classifier on one task, source, track and fraction: no row of another classifier is among them."""

    task: str
    source: str
    track: str
    classifier: str
    fraction: str
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]

    @property
    def key(self) -> str:
        """The name of the board.

        >>> ClassifierBoard("brainmri@2", "phantom", "smoke", "qumi", "10%", (), ()).key
        'brainmri@2/phantom/smoke/qumi'
        """
        return "/".join((self.task, self.source, self.track, self.classifier))


@dataclass(frozen=True)
class Gain:
    """What a generator's images added under one classifier: its gain over ``reference``, the best real-only arm under that one."""

    generator: str
    judge: str
    reference: str | None
    gain: Estimate | None
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison found.

    ``boards`` are one for each classifier and fraction; ``against_each_other`` the differences between classifiers as they are, by
    fraction; ``gains`` the gains of generators under the recipe and under each classifier, by fraction. ``label_kind``,
    ``class_names`` and ``decided_by``, the primary endpoint of each test set, say how predictions are scored; there are ``n_folds``
    test sets.
    """

    task: str
    source: str
    source_sha256: str
    phantom: bool
    track: str
    replicates: int
    endpoint: str
    endpoint_title: str
    n_test_images: int
    n_test_patients: int
    command: str
    recipe: Mapping[str, Row]
    boards: tuple[ClassifierBoard, ...]
    against_each_other: Mapping[str, tuple[Difference, ...]]
    gains: Mapping[str, tuple[Gain, ...]]
    disclosed: Mapping[str, tuple[str, ...]]
    citations: Mapping[str, str]
    notes: tuple[str, ...]
    failures: tuple[str, ...]
    label_kind: LabelKind = "multiclass"
    class_names: tuple[str, ...] = ()
    decided_by: tuple[Endpoint, ...] = ()
    n_folds: int = 1

    @property
    def failed(self) -> bool:
        """Whether any training failed."""
        return bool(self.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        facts = asdict(self)
        boards = [{"board": board.key, **facts["boards"][place]} for place, board in enumerate(self.boards)]
        return {"format": FORMAT, "what": "comparison of classifiers", **facts, "boards": boards}
