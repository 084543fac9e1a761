"""The tuning studies in a folder of runs: what each tunes, on which data, how far it is, and what it found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qaugbench.errors import EntryError, shown
from qaugbench.formatting import WIDTH, count, unsigned
from qaugbench.places import RUNS, STUDY_FILE
from qaugbench.report.run_list import changed_at
from qaugbench.text_table import wrapped
from qaugbench.untrusted import MIB, exists, read_bytes

LARGEST_STUDY = 16 * MIB
HEADING = "STUDIES of 'qaugbench tune'; 'qaugbench show NAME' prints one and what it recommends"


class _Budget(BaseModel):
    trials: int
    trials_done: int


class _Trial(BaseModel):
    trial: int
    mean: float | None


class _Head(BaseModel):
    """Of ``tuning.json`` what a list shows; all else is not read."""

    variant: str
    task: str
    source: str
    track: str
    budget: _Budget
    trials: list[_Trial]


@dataclass(frozen=True)
class ListedStudy:
    """One study: its folder, its state in words, what it tunes and what was best; None is what its file does not say.

    ``best`` is the number of the best trial (0: the untuned default), ``best_mean`` its mean validation score. Whether that is
    beyond the noise is a question for ``show``.
    """

    path: Path
    state: str
    date: str | None = None
    task: str | None = None
    source: str | None = None
    track: str | None = None
    generator: str | None = None
    trials_done: int | None = None
    trials: int | None = None
    best: int | None = None
    best_mean: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain data."""
        return {**asdict(self), "path": str(self.path)}


def is_study(path: Path, file: str = STUDY_FILE) -> bool:
    """Return whether a folder holds what ``qaugbench tune`` writes, or another study, whose ``file`` is named."""
    return exists(path / file)


def study_folder(name: str, runs: Path = RUNS, file: str = STUDY_FILE) -> Path | None:
    """Return the folder of the study that ``name`` means, a path or a name in the folder ``runs``; None if it is no study."""
    return next((path for path in (Path(name), runs / name) if is_study(path, file)), None)


def study_names(runs: Path = RUNS, file: str = STUDY_FILE) -> list[str]:
    """Return the names of the studies in a folder, sorted; none if there is no such folder."""
    return sorted(path.name for path in runs.iterdir() if is_study(path, file)) if runs.is_dir() else []


def listed_studies(runs: Path = RUNS) -> list[ListedStudy]:
    """Return the studies in the folder ``runs``, the newest first; none if there is no such folder."""
    found = [_listed(runs / name) for name in study_names(runs)]
    return sorted(found, key=lambda study: (study.date or "", study.path), reverse=True)


def studies_text(found: list[ListedStudy], width: int = WIDTH) -> str:
    """Return studies as text: each one's folder, which ``show`` takes, and below it what it tunes and what it found."""
    if not found:
        return "STUDIES\n  There is no tuning study. 'qaugbench tune' makes one; --out names another folder."
    return "\n".join([wrapped(HEADING, width=width), *(line for study in found for line in _lines(study, width))])


def read_study(path: Path, name: str = STUDY_FILE) -> Any:
    """Return the content of a study's file ``name``; EntryError where it cannot be read or is no JSON.

    The seed of a tuning study has more digits than files of other people may have, which are read more strictly.
    """
    file = path / name
    try:
        return json.loads(read_bytes(file, LARGEST_STUDY))
    except (ValueError, RecursionError) as error:
        raise EntryError(f"{shown(file, None)} is not usable JSON: {shown(error, 160)}.") from error


def _listed(path: Path) -> ListedStudy:
    try:
        head = _Head.model_validate(read_study(path))
    except (EntryError, ValidationError):
        return ListedStudy(path, "its file cannot be read")
    done, total = head.budget.trials_done, head.budget.trials
    means = [(trial.mean, -trial.trial) for trial in head.trials if trial.mean is not None]
    mean, place = max(means, default=(None, None))
    return ListedStudy(
        path,
        "finished" if done >= total else "not finished",
        changed_at(path / STUDY_FILE),
        head.task,
        head.source,
        head.track,
        head.variant,
        done,
        total,
        None if place is None else -place,
        mean,
    )


def _lines(study: ListedStudy, width: int) -> Iterator[str]:
    yield f"  {study.path}"
    parts = [" / ".join(part for part in (study.task, study.source, study.track) if part)]
    parts += [f"generator {study.generator}"] if study.generator else []
    parts += (
        [f"{study.trials_done} of {count(study.trials, 'trial')} done"] if study.trials is not None else [study.state]
    )
    if study.best is not None:
        named = f"trial {study.best}" if study.best else "the untuned default"
        parts.append(f"best {unsigned(study.best_mean)} ({named})")
    parts += [study.date.replace("T", " ")[:16]] if study.date else []
    yield from wrapped("; ".join(part for part in parts if part), "      ", width).splitlines()
