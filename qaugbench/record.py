"""The stored result of a run: what ``experiment`` writes and ``report`` and ``board`` read.

A run folder holds ``record.json`` (this schema), ``predictions.npz`` (every logit on real validation and test images, from
which every score is recomputed), ``curves.json``, ``samples.npz`` (pictures for the report; may hold real images and never
leaves the machine by itself) and ``report.html``.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from qaugbench.errors import EntryError

SCHEMA_VERSION: Literal[2] = 2
Role = Literal["real-only", "reference", "compute-matched", "oversampling", "oracle", "synthetic", "control"]
Outcome = Literal["ok", "error", "diverged", "timeout", "infeasible"]


class Facts(BaseModel):
    """Base of every part of a record: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class ArmInfo(Facts):
    """What the frozen classifier was trained on in one arm; ``control`` is ``none`` for the generator itself."""

    id: str
    role: Role
    generator: str | None = None
    control: str | None = None
    kind: str | None = None
    fidelity: str | None = None


class LabelFacts(Facts):
    """The label space: kind, class names in the order of every array, and their titles."""

    kind: str
    names: list[str]
    titles: list[str]


class EndpointFacts(Facts):
    """One endpoint as scored; see ``qaugbench.task.Endpoint``."""

    id: str
    title: str
    kind: str
    classes: list[str]
    restrict: bool = False
    margin: float | None = None


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
    notes: list[str] = []


class GeneratorFacts(Facts):
    """A generator variant as run: hyper-parameters, trainable parameters (in total and in the circuit block), citation."""

    id: str
    control: str
    kind: str
    fidelity: str
    settings: dict[str, Any]
    parameters: dict[str, int]
    citation: str
    deviations: list[str] = []


class StageCost(Facts):
    """What the cells of one stage cost when they were computed, wherever that was."""

    cells: int
    computed_now: int
    wall_s: float
    cpu_s: float
    peak_memory_mb: float


class CellOutcome(Facts):
    """A cell that did not succeed."""

    stage: str
    name: str
    outcome: Outcome
    reason: str


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

    schema_version: Literal[2] = SCHEMA_VERSION
    id: str
    board: Board
    title: str
    question: str
    labels: LabelFacts
    endpoints: list[EndpointFacts]
    arms: list[ArmInfo]
    fractions: list[FractionFacts]
    replicates: int
    image_size: int
    recipe: dict[str, Any]
    generators: list[GeneratorFacts]
    data: DataFacts
    task_sha256: str
    config_sha256: str
    predictions_sha256: str
    environment: Environment
    cost: dict[str, StageCost]
    failures: list[CellOutcome] = []
    departures: list[str] = []
    scores: dict[str, Any]


@dataclass(frozen=True)
class FractionPredictions:
    """Logits at one fraction, float32; NaN where a cell failed. Shapes [A, R, N_test, K] and [A, R, N_val, K]."""

    test_logits: np.ndarray
    val_logits: np.ndarray


@dataclass(frozen=True)
class PredictionSet:
    """Every prediction of a run on real held-out images; ``fractions`` is keyed as in ``FractionFacts.key`` ("10%")."""

    arms: tuple[str, ...]
    test_ids: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray
    val_ids: np.ndarray
    val_labels: np.ndarray
    val_groups: np.ndarray
    fractions: Mapping[str, FractionPredictions]

    def to_bytes(self) -> bytes:
        """Return the bytes of ``predictions.npz``; equal predictions give equal bytes."""
        arrays: dict[str, np.ndarray] = {"arms": np.array(self.arms)}
        for part in ("test", "val"):
            arrays[f"{part}_ids"] = np.asarray(getattr(self, f"{part}_ids")).astype(np.str_)
            arrays[f"{part}_labels"] = np.asarray(getattr(self, f"{part}_labels"), dtype=np.uint8)
            arrays[f"{part}_groups"] = np.asarray(getattr(self, f"{part}_groups"), dtype=np.int64)
        for key, predictions in self.fractions.items():
            arrays[f"{key}/test_logits"] = np.asarray(predictions.test_logits, dtype=np.float32)
            arrays[f"{key}/val_logits"] = np.asarray(predictions.val_logits, dtype=np.float32)
        return npz_bytes(arrays)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return an .npz archive whose bytes depend on the arrays alone (fixed time stamps, sorted names)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), member.getvalue(), compresslevel=6
            )
    return buffer.getvalue()


def read_predictions(path: Path) -> PredictionSet:
    """Return the predictions of a run or an entry; a damaged or incomplete file raises ``EntryError`` naming it."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        keys = sorted({name.partition("/")[0] for name in arrays if name.endswith("/test_logits")})
        return PredictionSet(
            arms=tuple(str(arm) for arm in arrays["arms"]),
            **{
                f"{part}_{what}": arrays[f"{part}_{what}"]
                for part in ("test", "val")
                for what in ("ids", "labels", "groups")
            },
            fractions={
                key: FractionPredictions(arrays[f"{key}/test_logits"], arrays[f"{key}/val_logits"]) for key in keys
            },
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EntryError(
            f"{path} is not a usable predictions file: {error}. Write it again with 'qaugbench run'."
        ) from error


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


def json_text(value: Any) -> str:
    """Return indented JSON with sorted keys and a final newline; NaN is refused."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def record_text(record: Record) -> str:
    """Return a record as the text of ``record.json``."""
    return json_text(record.model_dump(mode="json"))


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all: to a temporary name in the same folder, synced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
