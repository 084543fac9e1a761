"""The studies of noise in a folder of runs: which generator, on which data, along what, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qaugbench.errors import EntryError
from qaugbench.formatting import WIDTH, count
from qaugbench.places import NOISE_FILE, RUNS
from qaugbench.report.run_list import changed_at
from qaugbench.report.study_list import is_study, read_study, study_folder, study_names
from qaugbench.text_table import wrapped

HEADING = (
    "NOISE, studies of 'qaugbench noise'; 'qaugbench show NAME' prints one and how much noise its generator stands"
)


class _Sweep(BaseModel):
    name: str


class _Head(BaseModel):
    """Of ``noise.json`` what a list shows; all else is not read."""

    generator: str
    task: str
    source: str
    track: str
    replicates: int
    levels: int
    levels_done: int
    sweeps: list[_Sweep]


@dataclass(frozen=True)
class ListedNoise:
    """One study of noise: its folder, its state in words, and what it studies; None is what its file does not say.

    ``sweeps`` are the kinds of noise and the devices that it goes through.
    """

    path: Path
    state: str
    date: str | None = None
    task: str | None = None
    source: str | None = None
    track: str | None = None
    generator: str | None = None
    replicates: int | None = None
    sweeps: tuple[str, ...] = ()
    levels_done: int | None = None
    levels: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain data."""
        return {**asdict(self), "path": str(self.path), "sweeps": list(self.sweeps)}


def is_noise_study(path: Path) -> bool:
    """Return whether a folder holds what ``qaugbench noise`` writes."""
    return is_study(path, NOISE_FILE)


def noise_folder(name: str, runs: Path = RUNS) -> Path | None:
    """Return the folder of the study that ``name`` means, a path or a name in the folder ``runs``; None if it is none."""
    return study_folder(name, runs, NOISE_FILE)


def noise_names(runs: Path = RUNS) -> list[str]:
    """Return the names of the studies of noise in a folder, sorted; none if there is no such folder."""
    return study_names(runs, NOISE_FILE)


def listed_noise(runs: Path = RUNS) -> list[ListedNoise]:
    """Return the studies of noise in the folder ``runs``, the newest first; none if there is no such folder."""
    found = [_listed(runs / name) for name in noise_names(runs)]
    return sorted(found, key=lambda study: (study.date or "", study.path), reverse=True)


def noise_text(found: list[ListedNoise], width: int = WIDTH) -> str:
    """Return studies as text: each one's folder, which ``show`` takes, and below it what it studies and how far it is."""
    if not found:
        return "NOISE\n  There is no study of noise. 'qaugbench noise' makes one; --out names another folder."
    return "\n".join([wrapped(HEADING, width=width), *(line for study in found for line in _lines(study, width))])


def _listed(path: Path) -> ListedNoise:
    try:
        head = _Head.model_validate(read_study(path, NOISE_FILE))
    except (EntryError, ValidationError):
        return ListedNoise(path, "its file cannot be read")
    return ListedNoise(
        path,
        "finished" if head.levels_done >= head.levels else "not finished",
        changed_at(path / NOISE_FILE),
        head.task,
        head.source,
        head.track,
        head.generator,
        head.replicates,
        tuple(sweep.name for sweep in head.sweeps),
        head.levels_done,
        head.levels,
    )


def _lines(study: ListedNoise, width: int) -> Iterator[str]:
    yield f"  {study.path}"
    parts = [" / ".join(part for part in (study.task, study.source, study.track) if part)]
    parts += [f"generator {study.generator}"] if study.generator else []
    parts += [", ".join(study.sweeps)] if study.sweeps else []
    parts += [count(study.replicates, "replicate")] if study.replicates else []
    parts += [f"{study.levels_done} of {count(study.levels, 'level')} done"] if study.levels else [study.state]
    parts += [study.date.replace("T", " ")[:16]] if study.date else []
    yield from wrapped("; ".join(part for part in parts if part), "      ", width).splitlines()
