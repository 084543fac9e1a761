"""The stored result of a run: what ``experiment`` writes and ``report`` and ``board`` read.

A run folder holds ``record.json`` (this schema), ``predictions.npz`` (every logit on real validation and test images, from
which every score is recomputed), ``curves.json``, ``samples.npz`` (pictures for the report; may hold real images and never
leaves the machine by itself) and ``report.html``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.predictions import ArmInfo, Facts
from qaugbench.task import Endpoint

SCHEMA_VERSION: Literal[3] = 3
SMALL_INFLUENCE = 0.05
"""A change of the images below this share of the difference between two samples is small (docs/method.md says why)."""
HARDLY_REACHES = "the circuit hardly reaches the images; attribution cannot be tested"
Outcome = Literal["ok", "error", "diverged", "timeout", "infeasible"]


class Board(Facts):
    """Only rows of one board are comparable."""

    task: str
    source: str
    track: str

    @property
    def task_id(self) -> str:
        """The task without its version."""
        return self.task.partition("@")[0]

    def __str__(self) -> str:
        return f"{self.task}/{self.source}/{self.track}"


class LabelFacts(Facts):
    """The label space: kind, class names in the order of every array, and their titles."""

    kind: str
    names: list[str]
    titles: list[str]


class FractionFacts(Facts):
    """One fraction of the training patients: asked for, used, and why they differ; image counts of replicate 0."""

    key: str
    requested: float
    used: float
    reason: str | None = None
    n_real: int
    n_fill: int
    oracle: bool


class DataFacts(Facts):
    """The data a run used, by counts and hashes; no image."""

    source: str
    phantom: bool
    description: str
    manifest_sha256: str
    split_sha256: str
    split_how: str
    leaky: bool
    crossing_groups: int
    patients_known: bool
    n_images: dict[str, int]
    n_groups: dict[str, int]
    class_counts: dict[str, dict[str, int]]
    licence: str | None = None
    citation: str | None = None
    notes: list[str] = Field(default_factory=list)


class GeneratorFacts(Facts):
    """A generator variant as run: hyper-parameters, trainable parameters (in total and in the circuit block), citation."""

    id: str
    control: str
    kind: str
    fidelity: str
    settings: dict[str, Any]
    parameters: dict[str, int]
    citation: str
    deviations: list[str] = Field(default_factory=list)


class StageCost(Facts):
    """What the cells of one stage cost when they were computed, wherever that was."""

    cells: int
    computed_now: int
    wall_s: float
    cpu_s: float
    peak_memory_mb: float


class CellOutcome(Facts):
    """A cell that did not succeed: which stage, and for which arm, fraction and replicate where it served only one."""

    stage: str
    name: str
    arm: str | None = None
    fraction: str | None = None
    replicate: int | None = None
    outcome: Outcome
    reason: str


class Plateau(Facts):
    """Whether doubling the classifier's steps still helps: one replicate of the matched real-only arms, on validation.

    ``gains`` is the validation score at ``2 * steps`` minus that at ``steps``, by arm; ``gain`` their mean. The classifier
    ``climbs`` where every arm gained and ``gain`` is above ``limit``, half of the primary endpoint's margin.
    """

    fraction: str
    replicate: int
    steps: int
    gains: dict[str, float]
    gain: float
    limit: float
    climbs: bool


class BlockInfluence(Facts):
    """How far a generator's circuits reach its images, as mean absolute differences of samples for equal labels.

    ``seed_difference`` is the difference between two samples of the generator under different seeds, in grey levels of 255.
    All others are between samples under equal seeds, relative to it: ``controls`` between the generator and each control,
    ``mean_replaced`` and ``noise_replaced`` when the outputs of its circuits are replaced by their means or by noise of equal
    mean and variance. None, or no control, where that cannot be said: no circuit runs while it samples, or two samples are
    equal. ``parameter_share`` is the share of trainable parameters in the circuits' places. Means over ``n_replicates`` of
    ``n_images`` images each.
    """

    seed_difference: float
    controls: dict[str, float]
    mean_replaced: float | None
    noise_replaced: float | None
    parameter_share: float
    n_images: int
    n_replicates: int

    @property
    def hardly_reaches_images(self) -> bool:
        """Whether replacing the circuits' outputs, by their means and by noise, changes the images by less than 5 %."""
        return hardly_reaches_images(self.mean_replaced, self.noise_replaced)


def hardly_reaches_images(mean_replaced: float | None, noise_replaced: float | None) -> bool:
    """Return whether both changes are known and below ``SMALL_INFLUENCE``.

    >>> hardly_reaches_images(0.002, 0.004), hardly_reaches_images(0.002, 0.3), hardly_reaches_images(None, None)
    (True, False, False)
    """
    return all(change is not None and change < SMALL_INFLUENCE for change in (mean_replaced, noise_replaced))


def unattributable(influence: Mapping[str, Mapping[str, BlockInfluence]]) -> dict[str, dict[str, str]]:
    """Return, by fraction key and generator, why a gain cannot be attributed to a circuit that hardly reaches the images."""
    reasons = {
        fraction: {name: HARDLY_REACHES for name, found in generators.items() if found.hardly_reaches_images}
        for fraction, generators in influence.items()
    }
    return {fraction: generators for fraction, generators in reasons.items() if generators}


class Environment(Facts):
    """Where and with what a run was made."""

    created: str
    qaugbench: str
    commit: str | None
    code_sha256: str
    python: str
    platform: str
    processor: str
    cores: int
    accelerator: str
    packages: dict[str, str]


class Record(Facts):
    """Everything a run states, except the logits. ``departures`` from the track's amounts keep a run off the leaderboard."""

    schema_version: Literal[3] = SCHEMA_VERSION
    id: str
    board: Board
    title: str
    question: str
    labels: LabelFacts
    endpoints: list[Endpoint]
    arms: list[ArmInfo]
    fractions: list[FractionFacts]
    replicates: int
    image_size: int
    recipe: dict[str, Any]
    generators: list[GeneratorFacts]
    data: DataFacts
    task_sha256: str
    recipe_sha256: str
    config_sha256: str
    predictions_sha256: str
    environment: Environment
    cost: dict[str, StageCost]
    failures: list[CellOutcome] = Field(default_factory=list)
    departures: list[str] = Field(default_factory=list)
    plateau: list[Plateau] = Field(default_factory=list)
    plateau_skipped: str | None = None
    influence: dict[str, dict[str, BlockInfluence]] = Field(default_factory=dict)
    scores: dict[str, Any]


def read_record(path: Path) -> Record:
    """Return the record in ``path`` (a file, or a run folder that holds ``record.json``)."""
    file = path / "record.json" if path.is_dir() else path
    try:
        return Record.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EntryError(
            f"There is no record at {file}: {error.strerror}. Give the folder that 'qaugbench run' printed."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        if first["loc"] == ("schema_version",) and first["input"] == 1:
            raise EntryError(f"{file} has schema 1; 'qaugbench rescore {file.parent}' brings it up to date.") from error
        raise EntryError(f"{file} is not a record of schema {SCHEMA_VERSION}: {where}: {first['msg']}.") from error


def record_text(record: Record) -> str:
    """Return a record as the text of ``record.json``."""
    return json_text(record.model_dump(mode="json"))
