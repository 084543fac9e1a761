"""The stored result of a run: what ``experiment`` writes and ``report`` and ``board`` read.

A run folder holds ``record.json`` (this schema), ``predictions.npz`` (every logit on real validation and test images, from
which every score is recomputed), ``curves.json``, ``samples.npz`` (pictures for the report; may hold real images and never
leaves the machine by itself) and ``report.html``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_serializer, model_validator

from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.files import json_text
from qaugbench.image_facts import Appraisal, LatentGeometry
from qaugbench.outcomes import was_blocked
from qaugbench.places import RECORD_FILE
from qaugbench.predictions import (
    GENERATED_ROLES,
    MOST_ARMS,
    MOST_CLASSES,
    MOST_FRACTIONS,
    MOST_REPLICATES,
    SUBGROUP_COLUMNS,
    ArmInfo,
    Facts,
    PredictionShape,
    SubgroupColumn,
    percent,
)
from qaugbench.stats.results import Choice, Confirmatory, Scores
from qaugbench.task import Endpoint, LabelKind, RecipeName
from qaugbench.untrusted import MIB, exists, parse_json, read_bytes

SCHEMA_VERSION: Literal[3] = 3
OLDER_SCHEMAS = (1, 2)
SMALL_INFLUENCE = 0.05
"""A change of the images below this share of the difference between two samples is small (docs/method.md says why)."""
HARDLY_REACHES = "the circuit hardly reaches the images; attribution cannot be tested"
MOST_ENDPOINTS = 60
MOST_FAILURES = 100_000
RECORD_BYTES = 64 * MIB
SCORES = TypeAdapter(Scores)
UNSCORED = Scores({}, Confirmatory("not scored", "not scored", None, None, []), {})
Outcome = Literal["ok", "error", "diverged", "timeout", "infeasible"]
Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Kind = TypeVar("Kind", bound=BaseModel)
Found = TypeVar("Found")


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

    kind: LabelKind
    names: list[str] = Field(min_length=1, max_length=MOST_CLASSES)
    titles: list[str] = Field(min_length=1, max_length=MOST_CLASSES)


class FractionFacts(Facts):
    """One fraction of the training patients: asked for, used, and why they differ; image counts of replicate 0.

    ``n_oracle`` are the oracle's further real images, which may be fewer than the ``n_fill`` of the other arms; older records
    do not state them.
    """

    key: str
    requested: float
    used: float
    reason: str | None = None
    n_real: Count
    n_fill: Count
    oracle: bool
    n_oracle: Count | None = None


class DataFacts(Facts):
    """The data a run used, by counts and hashes; no image.

    ``subgroups`` are the columns of the source by which scores are told, of whose groups ``predictions.npz`` says which each
    held-out image is in; older records have none.
    """

    source: str
    phantom: bool
    description: str
    manifest_sha256: Sha256
    split_sha256: Sha256
    split_how: str
    leaky: bool
    crossing_groups: Count
    patients_known: bool
    n_images: dict[str, Count]
    n_groups: dict[str, Count]
    class_counts: dict[str, dict[str, Count]]
    licence: str | None = None
    citation: str | None = None
    notes: list[str] = Field(default_factory=list)
    subgroups: list[SubgroupColumn] = Field(default_factory=list, max_length=len(SUBGROUP_COLUMNS))

    @property
    def grouped_by(self) -> Literal["patient", "image", "group"]:
        """What is drawn and resampled as one: a patient; where none are known an image, or a group of near-duplicates."""
        if self.patients_known:
            return "patient"
        return "image" if self.n_groups == self.n_images else "group"


LABELS = "Labels: "
"""How a deviation begins that says of a generator that its labels were not seen to mean more after a fit than before it."""


class GeneratorFacts(Facts):
    """A generator variant as run: hyper-parameters, trainable parameters (in total and in the circuit block), citation.

    ``code_sha256`` is that of its code and all of ours, or of its plug-in, that this imports; ``package`` is the plug-in that
    brings it, with its version. Older records have neither. Of ``deviations``, those that begin with ``LABELS`` are ``on_labels``.
    """

    id: str
    control: str
    kind: str
    fidelity: str
    settings: dict[str, Any]
    parameters: dict[str, int]
    citation: str
    deviations: list[str] = Field(default_factory=list)
    code_sha256: Sha256 | None = None
    package: str | None = None

    @property
    def on_labels(self) -> list[str]:
        """What was measured of a generator whose labels mean no more after a fit than before it, in sentences."""
        return [one for one in self.deviations if one.startswith(LABELS)]


class LossSummary(Facts):
    """One loss over the last fifth of a variant's fits: its mean, and how many fits ended with which trend in words."""

    mean: float
    words: dict[str, int]


class FitSummary(Facts):
    """The course of a variant's fits at one fraction, means over ``fits`` replicates.

    ``seen_per_image``: training images drawn per image there is; ``cpu_s``: processor time of one fit in seconds;
    ``movement``: the change of each part's weights relative to their first values.
    """

    fits: int = Field(ge=1)
    updates: int = Field(ge=0)
    seen_per_image: float = Field(ge=0)
    cpu_s: float = Field(ge=0)
    losses: dict[str, LossSummary]
    movement: dict[str, float]


class StageCost(Facts):
    """What the cells of one stage cost when they were computed, wherever that was."""

    cells: int
    computed_now: int
    wall_s: float
    cpu_s: float
    peak_memory_mb: float


GENERATOR_STAGES = frozenset({"fit", "sample", "influence", "geometry"})
"""The stages that run a generator's own code."""


def cause_of(reason: str) -> str:
    """Return what failures with one cause have in common: the type and the line of code, or else the whole reason.

    >>> cause_of("ValueError: row 7 of 9 (mine/model.py, line 3, in draw)")
    'ValueError (mine/model.py, line 3, in draw)'
    """
    found = re.fullmatch(r"(\w+)(?:: .*)? (\(\S[^()]*, line \d+, in [^()]+\))\.?", reason, re.DOTALL)
    return reason if found is None else f"{found[1]} {found[2]}"


class CellOutcome(Facts):
    """A cell that did not succeed: which stage, and for which arm, fraction and replicate where it served only one."""

    stage: str
    name: str
    arm: str | None = None
    fraction: str | None = None
    replicate: int | None = None
    outcome: Outcome
    reason: str

    @property
    def blocked(self) -> bool:
        """Whether the cell was not tried, because one that it needs failed."""
        return was_blocked(self.reason)


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
    mean and variance. None, or no control, where that cannot be said: no circuit runs while it samples, its outputs are the same
    for every image, or two samples are equal. ``space_mean_replaced`` and ``space_noise_replaced`` are the same for circuits of
    its space, if any, as it decodes. ``parameter_share`` is the share of trainable parameters in the circuits'
    places. Means over ``n_replicates`` of ``n_images`` images each.
    """

    seed_difference: float
    controls: dict[str, float]
    mean_replaced: float | None
    noise_replaced: float | None
    parameter_share: float
    n_images: int
    n_replicates: int
    space_mean_replaced: float | None = None
    space_noise_replaced: float | None = None

    @property
    def hardly_reaches_images(self) -> bool:
        """Whether replacing the circuits' outputs, by their means and by noise, changes the images by less than 5 %."""
        return hardly_reaches_images(self.mean_replaced, self.noise_replaced)


class ExecutionFacts(Facts):
    """What circuits were drawn on besides exactly, under the name that arms have it by.

    ``written`` is what decides every number, and is in the names of the cells. ``facts`` are those of a preset or of a file of
    one's own, whole, as of ``date`` and from ``origin``; none for a snapshot, whose calibration is in the package that holds it.
    """

    title: str
    written: dict[str, Any]
    date: str | None = None
    origin: str | None = None
    facts: dict[str, Any] | None = None


class NoisyDrawing(Facts):
    """What noise did while an arm was drawn, over the replicates whose sample succeeded.

    ``expected_errors`` is the expected number of errors in one run of each of the generator's circuits, None where the noise has no
    such number. ``deviation`` is the root mean square by which the circuits' outputs missed the exact ones, None where these
    have no exact value.
    """

    expected_errors: list[Annotated[float, Field(ge=0)]] | None
    deviation: float | None = Field(ge=0)
    n_replicates: int = Field(ge=1)


class JudgedCount(Facts):
    """Of the ``n`` images of one ``replicate``, how many a judge takes for a group of classes, whatever each was asked for.

    ``real`` is the share of real images over the same mix of classes, in [0, 1]; None where it is not known.
    """

    replicate: Count
    count: Count
    n: int = Field(ge=1)
    real: float | None = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _possible(self) -> JudgedCount:
        if self.count > self.n:
            raise ValueError(f"{self.count} of {self.n} images")
        return self


def hardly_reaches_images(mean_replaced: float | None, noise_replaced: float | None) -> bool:
    """Return whether both changes are known and below ``SMALL_INFLUENCE``.

    >>> hardly_reaches_images(0.002, 0.004), hardly_reaches_images(0.002, 0.3), hardly_reaches_images(None, None)
    (True, False, False)
    """
    return all(change is not None and change < SMALL_INFLUENCE for change in (mean_replaced, noise_replaced))


def robustness_only(recipe: RecipeName) -> str | None:
    """Return why the numbers of a recipe carry no verdict, or None for the recipe of the track."""
    return None if recipe == "A" else f"recipe {recipe} is a robustness column and carries no verdict"


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
    code_sha256: Sha256
    python: str
    platform: str
    processor: str
    cores: Count
    accelerator: str
    packages: dict[str, str]


class Record(Facts):
    """Everything a run states, except the logits.

    ``departures`` from the track's amounts keep a run off the leaderboard, and so does a missing ``recipe_sha256``: records
    of schema 1 and 2 did not state which code trained the classifier. A ``recipe_name`` other than "A" keeps a run off it too,
    and its scores hold no verdict. Scores hold no number that is not finite: it is None.
    ``fits`` says by fraction and variant how generators were trained, ``appraisals`` by fraction and arm what its images of the
    first replicate are like, and ``geometry`` by fraction and variant how they change with their noise; all describe and decide
    nothing. ``judged`` says by fraction, group of classes and arm how many images a judge takes for the group, such as gradable
    photographs, one count per replicate. ``executions`` are what circuits were drawn on besides exactly, by name, and ``noisy``
    says by fraction and arm what noise did while that was drawn.
    ``choices`` are R* and the best classical arm by fraction, fixed on validation before anything was scored; older records
    do not have them. Where the test is ``test_withheld``, no test image was predicted and the scores are those on validation.
    ``command`` repeats the run where its data are, with no path in it; older records do not have it.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    id: str
    board: Board
    title: str
    question: str
    labels: LabelFacts
    endpoints: list[Endpoint] = Field(min_length=1, max_length=MOST_ENDPOINTS)
    arms: list[ArmInfo] = Field(min_length=1, max_length=MOST_ARMS)
    fractions: list[FractionFacts] = Field(min_length=1, max_length=MOST_FRACTIONS)
    replicates: int = Field(ge=1, le=MOST_REPLICATES)
    image_size: int = Field(ge=1, le=10_000)
    recipe_name: RecipeName = "A"
    recipe: dict[str, Any]
    generators: list[GeneratorFacts] = Field(max_length=MOST_ARMS)
    data: DataFacts
    task_sha256: Sha256
    recipe_sha256: Sha256 | None
    config_sha256: Sha256
    predictions_sha256: Sha256
    environment: Environment
    cost: dict[str, StageCost]
    failures: list[CellOutcome] = Field(default_factory=list, max_length=MOST_FAILURES)
    departures: list[str] = Field(default_factory=list)
    plateau: list[Plateau] = Field(default_factory=list)
    plateau_skipped: str | None = None
    influence: dict[str, dict[str, BlockInfluence]] = Field(default_factory=dict)
    fits: dict[str, dict[str, FitSummary]] = Field(default_factory=dict)
    appraisals: dict[str, dict[str, Appraisal]] = Field(default_factory=dict)
    judged: dict[str, dict[str, dict[str, list[JudgedCount]]]] = Field(default_factory=dict)
    geometry: dict[str, dict[str, LatentGeometry]] = Field(default_factory=dict)
    executions: dict[str, ExecutionFacts] = Field(default_factory=dict, max_length=MOST_ARMS)
    noisy: dict[str, dict[str, NoisyDrawing]] = Field(default_factory=dict)
    choices: dict[str, Choice] = Field(default_factory=dict)
    test_withheld: bool = False
    command: str | None = None
    scores: Scores

    @field_serializer("scores")
    def _plain(self, scores: Scores) -> dict[str, Any]:
        return scores.to_dict()

    @model_validator(mode="after")
    def _consistent(self) -> Record:
        wrong = next(_contradictions(self), None)
        if wrong is not None:
            raise ValueError(wrong)
        for name in ("influence", "fits", "appraisals", "geometry", "noisy"):
            object.__setattr__(self, name, self._in_order(getattr(self, name)))
        controls = [str(arm.control) for arm in self.arms]
        for reach in (one for own in self.influence.values() for one in own.values()):
            object.__setattr__(reach, "controls", _sorted(reach.controls, controls))
        # What is not finite becomes None at once, so that a record equals the one that is read back.
        object.__setattr__(self, "scores", SCORES.validate_python(self.scores.to_dict()))
        return self

    def _in_order(self, found: Mapping[str, Mapping[str, Found]]) -> dict[str, dict[str, Found]]:
        """Return what is known by fraction and arm in their order, which a file, sorted by name, does not keep."""
        fractions, arms = [one.key for one in self.fractions], [one.id for one in self.arms]
        return {key: _sorted(own, arms) for key, own in _sorted(found, fractions).items()}

    def scored(self, scores: Scores) -> Record:
        """Return the record with other scores."""
        return self.model_copy(update={"scores": SCORES.validate_python(scores.to_dict())})

    @property
    def prediction_shape(self) -> PredictionShape:
        """What the predictions of this record must hold; ValueError for a number of images that no file can have."""
        return PredictionShape(
            n_arms=len(self.arms),
            replicates=self.replicates,
            n_test=0 if self.test_withheld else self.data.n_images.get("test", 0),
            n_val=self.data.n_images.get("val", 0),
            n_classes=len(self.labels.names),
            fractions=tuple(fraction.key for fraction in self.fractions),
            withheld=self.test_withheld,
            subgroups=tuple(self.data.subgroups),
        )


def _sorted(found: Mapping[str, Found], order: Sequence[str]) -> dict[str, Found]:
    """Return a dictionary in a given order of its keys; others stay at its end."""
    places = {key: place for place, key in enumerate(order)}
    return dict(sorted(found.items(), key=lambda entry: places.get(entry[0], len(places))))


def _contradictions(record: Record) -> Iterator[str]:
    """Yield what of a record's lists cannot be true together."""
    names = record.labels.names
    lists: dict[str, Iterable[Hashable]] = {
        "subgroups": record.data.subgroups,
        "arms": (arm.id for arm in record.arms),
        "classes": names,
        "fractions": (fraction.key for fraction in record.fractions),
        "endpoints": (endpoint.id for endpoint in record.endpoints),
    }
    for what, values in lists.items():
        twice = [value for value, times in Counter(values).items() if times > 1]
        if twice:
            yield f"the {what} hold some twice: {first_offenders(twice)}"
    if len(names) != len(record.labels.titles):
        yield f"there are {len(names)} classes and {len(record.labels.titles)} titles"
    for endpoint in record.endpoints:
        unknown = [name for name in endpoint.classes if name not in names]
        if unknown or not endpoint.classes:
            yield f"the endpoint {shown(endpoint.id)!r} has no classes, or unknown ones: {first_offenders(unknown)}"
    for arm in record.arms:
        if (arm.role in GENERATED_ROLES) != (arm.generator is not None):
            yield f"the arm {shown(arm.id)!r} has role {arm.role!r} and generator {shown(arm.generator)}"
        if (arm.role == "noisy") != (arm.execution is not None):
            yield f"the arm {shown(arm.id)!r} has role {arm.role!r} and execution {shown(arm.execution)}"
        if arm.execution is not None and arm.execution not in record.executions:
            yield f"the arm {shown(arm.id)!r} was drawn on {shown(arm.execution)!r}, of which nothing is said"
    for fraction in record.fractions:
        try:
            percent(fraction.key)
        except EntryError as error:
            yield str(error)


def read_record(path: Path) -> Record:
    """Return the record in ``path`` (a file, or a run folder that holds ``record.json``)."""
    file = path / RECORD_FILE if path.is_dir() else path
    if not exists(file):
        raise EntryError(f"There is no record at {shown(file, None)}. Give the folder that 'qaugbench run' printed.")
    return parse_facts(read_bytes(file, RECORD_BYTES), file, Record)


def parse_facts(content: bytes, file: Path, kind: type[Kind]) -> Kind:
    """Return facts of one ``kind`` from strict JSON; ``file`` names it in messages. Another schema raises EntryError."""
    stated = parse_json(content, file)
    version = stated.get("schema_version", 1) if isinstance(stated, dict) else 1
    if type(version) is not int:
        raise EntryError(
            f"{shown(file, None)} has the schema_version {shown(repr(version))}, which is not a whole number."
        )
    try:
        return kind.model_validate_json(content, strict=True)
    except ValidationError as error:
        schema = _record_schema(stated, kind)
        if type(schema) is int and schema in OLDER_SCHEMAS:
            raise EntryError(
                f"{shown(file, None)} has a record of schema {schema}; 'qaugbench rescore --write {shown(file.parent, None)}' "
                f"brings it to schema {SCHEMA_VERSION}."
            ) from error
        raise EntryError(
            f"{shown(file, None)} does not have the form that qaugbench writes: {first_fault(error)}. Run or submit again."
        ) from error


def _record_schema(stated: Any, kind: type[BaseModel]) -> object:
    """Return the schema of the record in a file that holds one, or is one; None for any other."""
    record = stated if kind is Record else stated.get("record") if isinstance(stated, dict) else None
    return record.get("schema_version") if isinstance(record, dict) else None


def first_fault(error: ValidationError) -> str:
    """Return where a record is wrong and what is wrong there."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{shown(where, 120)}: {shown(message, 240)}"


def record_text(record: Record) -> str:
    """Return a record as the text of ``record.json``."""
    return json_text(record.model_dump(mode="json"))
