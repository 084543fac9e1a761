"""A study of noise as it is kept beside the entries of a leaderboard: what was measured, and nothing that follows from it.

``<task>/<source>-<track>/noise/<generator>-<hash>/noise.json``; the hash is that of the file. What such a study says is checked
as far as it can be (``study_checks``); what is concluded from it is computed anew wherever it is shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from qaugbench.ablation.stored import study_of
from qaugbench.ablation.study import LevelResult, Side, StudyResult
from qaugbench.board.bundle import entry_folder
from qaugbench.board.entry import displayable
from qaugbench.board.noise_places import FOLDER, LARGEST_STUDY
from qaugbench.board.safe_text import unsafe
from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.files import json_text
from qaugbench.places import NOISE_FILE
from qaugbench.predictions import Facts
from qaugbench.record import Board, Sha256, parse_facts
from qaugbench.untrusted import parse_json, read_bytes

MOST_REPLICATES, MOST_SWEEPS, MOST_LEVELS = 100, 20, 40

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e9)]
Measured = dict[str, Number | int | str | None]


class StatedSide(Facts):
    """What was measured of one set of images: each measure in every replicate, or why it failed."""

    outcome: Literal["ok", "error", "diverged", "timeout", "infeasible"]
    reason: str
    replicates: list[dict[str, Measured]] = Field(max_length=MOST_REPLICATES)


class StatedCharge(Facts):
    """The shots of drawing."""

    per_image: NotNegative
    each: int = Field(ge=1)
    assumed: bool
    calibration: int = Field(ge=0)
    clipped: Share | None
    not_fitted: Share | None
    negative_mass: NotNegative | None


class StatedMitigation(Facts):
    """A level drawn with a mitigation, or why it does not apply."""

    name: str
    reason: str
    deviation: NotNegative | None
    charge: StatedCharge | None
    generator: StatedSide | None


class StatedLevel(Facts):
    """One strength of noise and what came of it."""

    label: str
    value: Number | None
    strength: NotNegative
    execution: dict[str, Number | int | bool | str | list[Number | int | str] | None]
    expected_errors: list[NotNegative] | None = Field(max_length=100)
    errors_by_cause: dict[str, NotNegative] | None
    deviation: NotNegative | None
    generator: StatedSide
    twin_with_noise: StatedSide | None
    charge: StatedCharge | None
    mitigated: list[StatedMitigation] = Field(max_length=10)
    photon_yield: Share | None
    seconds: NotNegative


class StatedSweep(Facts):
    """The levels of one kind of noise."""

    name: str
    kind: Literal["axis", "device", "scale"]
    title: str
    unit: str
    reference: str | None
    levels: list[StatedLevel] = Field(min_length=2, max_length=MOST_LEVELS)


class StatedClassifier(Facts):
    """What the classifier is scored by where it is trained at all."""

    endpoint: str
    title: str


class StatedStudy(Facts):
    """The content of ``noise.json`` beside the entries of a board."""

    schema_version: Literal[1] = 1
    generator: str
    task: str
    source: str
    source_sha256: Sha256
    phantom: Literal[False]
    track: str
    fraction: str
    mode: Literal["sample", "both", "train"]
    mitigations: list[str] = Field(max_length=10)
    replicates: int = Field(ge=1, le=MOST_REPLICATES)
    images: int = Field(ge=1, le=10_000_000)
    circuits: list[str] = Field(max_length=100)
    classifier: StatedClassifier
    twin_missing: str | None
    equal_noise_missing: str | None
    twin: StatedSide | None
    real_only: StatedSide | None
    sweeps: list[StatedSweep] = Field(min_length=1, max_length=MOST_SWEEPS)


@dataclass(frozen=True)
class PublishedStudy:
    """A study beside the entries of a board: its folder, what it says, and the hash of its file."""

    path: Path
    found: StudyResult
    sha256: str

    @property
    def board(self) -> Board:
        """The board that it is beside, whether any entry is on it or not."""
        study = self.found.study
        return Board(task=study.task, source=study.source, track=study.track)


def study_text(found: StudyResult) -> str:
    """Return the text of ``noise.json`` for a board: what was measured, without what follows from it."""
    levels = [{**one.to_dict(), "sweep": one.sweep} for one in found.levels]
    sweeps = [
        {**sweep.to_dict(), "levels": [one for one in levels if one["sweep"] == sweep.name]}
        for sweep in found.study.sweeps
    ]
    return json_text(_kept(StatedStudy, {**found.to_dict(), "sweeps": sweeps, "schema_version": 1}))


def study_place(found: StudyResult, text: str) -> Path:
    """Return the folder of a study below that of all boards; its name ends in the hash of its file."""
    study = found.study
    name = f"{study.generator.replace(':', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    board = entry_folder(Board(task=study.task, source=study.source, track=study.track), name)
    return board.parent.parent / FOLDER / name


def read_published(path: Path) -> PublishedStudy:
    """Return the study in a folder beside the entries of a board.

    It has one file, of the form that qaugbench writes and of bounded size, texts that can be displayed, and the name that follows
    from its content. Raises EntryError naming the first thing that is otherwise; ``study_checks`` looks at what it says.
    """
    if not path.is_dir():
        raise EntryError(f"{shown(path, None)} is not a folder. Give the one that 'qaugbench submit' printed.")
    others = sorted(one.name for one in path.iterdir() if one.name != NOISE_FILE)
    if others:
        raise EntryError(f"{shown(path, None)} holds {first_offenders(others)}, which no study has. Remove it.")
    content = read_bytes(path / NOISE_FILE, LARGEST_STUDY)
    stated = parse_facts(content, path / NOISE_FILE, StatedStudy)
    fault = next(unsafe(parse_json(content, path / NOISE_FILE), NOISE_FILE), None)
    if fault is not None:
        raise EntryError(f"{shown(path, None)}: {fault}. Use the study that 'qaugbench submit' wrote.")
    found = study_of(stated.model_dump(), path / NOISE_FILE)
    text = study_text(found)
    if text.encode() != content:
        raise EntryError(
            f"{shown(path / NOISE_FILE, None)} is not written as 'qaugbench submit' writes it. Submit it again."
        )
    place = study_place(found, text)
    if path.absolute().parts[-len(place.parts) :] != place.parts:
        raise EntryError(f"{shown(path, None)} belongs in {shown(place, None)}, by what it says.")
    return PublishedStudy(path, found, hashlib.sha256(content).hexdigest())


def sides(found: StudyResult) -> list[tuple[str, Side]]:
    """Return everything that was measured in a study, each with its name for messages."""
    listed: list[tuple[str, Side | None]] = [("the twin", found.twin), ("real images alone", found.real_only)]
    for one in found.levels:
        listed += [(one.level.label, one.generator), (f"{one.level.label}, twin", one.twin_with_noise)]
        listed += [(f"{one.level.label}, {mended.name}", mended.generator) for mended in one.mitigated]
    return [(name, side) for name, side in listed if side is not None]


def clean_levels(found: StudyResult) -> list[LevelResult]:
    """Return the levels without noise, one a sweep: the same images each time."""
    return [one for one in found.levels if one.level.is_clean]


def _kept(kind: type[Facts], content: dict[str, Any]) -> dict[str, Any]:
    """Return of plain data what a model has fields for, at every depth, as texts that can be displayed."""
    fields = kind.model_fields
    found: dict[str, Any] = {}
    for name, field in fields.items():
        value, inner = content.get(name), _model_in(field.annotation)
        if inner is None or value is None:
            found[name] = displayable(value)
        elif isinstance(value, list):
            found[name] = [_kept(inner, one) for one in value]
        else:
            found[name] = _kept(inner, value)
    return found


def _model_in(hint: Any) -> type[Facts] | None:
    """Return the model that a field holds, alone, in a list or optionally; None for plain values."""
    if isinstance(hint, type):
        return hint if issubclass(hint, Facts) else None
    return next((one for one in map(_model_in, getattr(hint, "__args__", ())) if one is not None), None)
