"""The named sources of each task, where their prepared form lies on this machine, and how to get it."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from qaugbench.errors import DefinitionError, near_names


@dataclass(frozen=True)
class Source:
    """One named source. ``obtain`` says whether it is downloaded, fetched by hand, or drawn by this program."""

    id: str
    tasks: tuple[str, ...]
    title: str
    obtain: Literal["download", "manual", "generated"]
    licence: str
    citation: str
    url: str
    archive: str
    patients: str
    steps: tuple[str, ...]


@cache
def sources() -> dict[str, Source]:
    """Return the named sources by id, from sources.toml."""
    table = tomllib.loads(resources.files(__package__).joinpath("sources.toml").read_text(encoding="utf-8"))
    return {name: _source(name, entry) for name, entry in table.items()}


def source(name: str) -> Source:
    """Return the source called ``name``; raise DefinitionError with near names where there is none."""
    known = sources()
    if name not in known:
        raise DefinitionError(f"There is no source {name!r}.{near_names(name, known)}")
    return known[name]


def sources_of(task_id: str) -> tuple[Source, ...]:
    """Return the sources that can feed the task ``task_id``, in the order of sources.toml."""
    return tuple(entry for entry in sources().values() if task_id in entry.tasks)


def data_home() -> Path:
    """Return the folder of prepared sources: the environment variable QAUGBENCH_DATA, else ~/.cache/qaugbench/data."""
    return Path(os.environ.get("QAUGBENCH_DATA") or "~/.cache/qaugbench/data").expanduser()


def prepared_path(task_id: str, name: str) -> Path:
    """Return where the prepared .zip of a source belongs."""
    return data_home() / task_id / f"{name}.zip"


def find_prepared(task_id: str, name: str) -> Path | None:
    """Return the prepared .zip or folder of a source, or None where it is not on this machine."""
    archive = prepared_path(task_id, name)
    return next((path for path in (archive, archive.with_suffix("")) if path.exists()), None)


def instructions(name: str) -> str:
    """Return in plain text where a source comes from, how its prepared form must look, and where to put it."""
    entry = source(name)
    facts = (("Licence", entry.licence), ("Cite", entry.citation), ("From", entry.url), ("Archive", entry.archive))
    lines = [f"{entry.id}: {entry.title}", *(f"{key}: {value}" for key, value in facts if value)]
    lines += [f"Patients: {entry.patients}", "", *(f"{n}. {step}" for n, step in enumerate(entry.steps, start=1))]
    if entry.obtain == "manual":
        lines += ["", LAYOUT, "", *(f"Put it at {prepared_path(task, name)}" for task in entry.tasks)]
    return "\n".join(lines) + "\n"


LAYOUT = """\
The prepared form is a folder or a .zip that holds
  images/      all images: PNG or JPEG, 8 or 16 bit, of any size
  labels.csv   one line per image, with the columns
               filename     the name below images/
               label        the class; for chestxray instead one 0/1 column per finding
               patient_id   the patient; or group, which closes over patients and near-duplicates
               split        train, val or test; or group_split, which no group crosses
               age, sex, site, licence and any others, if known"""


def _source(name: str, entry: dict[str, object]) -> Source:
    keys = {field.name for field in fields(Source)} - {"id"}
    if set(entry) != keys:
        raise DefinitionError(
            f"Source {name!r} in sources.toml: keys {sorted(set(entry) ^ keys)} are missing or unknown."
        )
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Source(id=name, **values)  # type: ignore[arg-type]
