"""The named sources of each task: their facts, where they are on this machine, and how to get them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from qaugbench.errors import DataError, DefinitionError, near_names
from qaugbench.places import data_home


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, by its publisher's name (a pattern such as ``*.zip`` if the user chooses it).

    ``urls`` are tried in order and are empty if the file has to be fetched by hand from ``page``. ``checksum`` is
    "md5:..." or "sha256:..." as stated by ``checksum_by``, or empty if none is published. ``bytes`` and ``image_size``
    (pixels per side, if the publisher offers several) are 0 if they do not apply.
    """

    name: str
    urls: tuple[str, ...] = ()
    page: str = ""
    bytes: int = 0
    checksum: str = ""
    checksum_by: str = ""
    image_size: int = 0
    optional: bool = False


@dataclass(frozen=True)
class Source:
    """One named source. ``obtain`` says whether it is downloaded, fetched by hand, or drawn by qaugbench.

    ``use`` is what the licence allows, ``images`` the published number of images (0 if there is none), ``opens`` the
    patterns of archives that are opened inside a folder or another archive.
    """

    id: str
    tasks: tuple[str, ...]
    title: str
    obtain: Literal["download", "manual", "generated"]
    licence: str
    use: str
    citation: str
    url: str
    archive: str
    images: int
    patients: str
    problems: tuple[str, ...]
    steps: tuple[str, ...]
    opens: tuple[str, ...]
    files: tuple[SourceFile, ...]

    def files_of(self, size: int | None) -> tuple[SourceFile, ...]:
        """Return the files to fetch; those for images of ``size`` pixels if the publisher offers several sizes."""
        sizes = self.image_sizes
        if sizes and size not in sizes:
            offered = ", ".join(map(str, sizes))
            raise DataError(f"{self.id} has the image sizes {offered}, not {size}. Choose one with --size.")
        return tuple(file for file in self.files if file.image_size in (0, size))

    @property
    def image_sizes(self) -> tuple[int, ...]:
        """The sizes in pixels that the publisher offers; empty if there is only one."""
        return tuple(sorted({file.image_size for file in self.files} - {0}))


@cache
def sources() -> dict[str, Source]:
    """Return the named sources by id, from sources.toml."""
    table = tomllib.loads(resources.files(__package__).joinpath("sources.toml").read_text(encoding="utf-8"))
    return {name: _source(name, entry) for name, entry in table.items()}


def source(name: str) -> Source:
    """Return the source called ``name``; raise DefinitionError with near names if there is none."""
    known = sources()
    if name not in known:
        raise DefinitionError(f"There is no source {name!r}.{near_names(name, known)}")
    return known[name]


def sources_of(task_id: str) -> tuple[Source, ...]:
    """Return the sources that can feed the task ``task_id``, in the order of sources.toml."""
    return tuple(entry for entry in sources().values() if task_id in entry.tasks)


def prepared_path(task_id: str, name: str, *, home: Path | None = None) -> Path:
    """Return where the prepared .zip of a source belongs."""
    return (home or data_home()) / task_id / f"{name}.zip"


def downloads_folder(name: str, *, home: Path | None = None) -> Path:
    """Return the folder that holds the files of a source as its publisher made them."""
    return (home or data_home()) / "downloads" / name


def find_prepared(task_id: str, name: str) -> Path | None:
    """Return the prepared .zip or folder of a source, or None if it is not on this machine."""
    archive = prepared_path(task_id, name)
    return next((path for path in (archive, archive.with_suffix("")) if path.exists()), None)


def instructions(name: str) -> str:
    """Return in plain text what a source is, where its files come from, and the commands that prepare it.

    >>> print(instructions("phantom").splitlines()[0])
    phantom: Phantom images drawn by qaugbench: no patients, for trying it out and for tests
    """
    entry = source(name)
    facts = (("Licence", entry.licence), ("Use", entry.use), ("Cite", entry.citation), ("From", entry.url))
    lines = [f"{entry.id}: {entry.title}", *(f"{key}: {value}" for key, value in facts if value)]
    lines += [f"Archive: {entry.archive}"] if entry.archive else []
    lines += [f"Patients: {entry.patients}", *(f"Known problem: {problem}" for problem in entry.problems), ""]
    if entry.files:
        lines += ["Files:", *(f"  {describe_file(file)}" for file in entry.files), ""]
    lines += [f"{n}. {step}" for n, step in enumerate(entry.steps, start=1)]
    if entry.obtain != "generated":
        lines += ["", *_commands(entry), f"The prepared form goes to {prepared_path(entry.tasks[0], entry.id)}."]
    if entry.obtain == "manual":
        lines += ["", "A copy prepared in another way may be put there too.", LAYOUT]
    return "\n".join(lines) + "\n"


def describe_file(file: SourceFile) -> str:
    """Return one line about a file: name, size, whether a program may fetch it, address, and checksum.

    >>> describe_file(SourceFile("a.zip", urls=("https://host.example/a.zip",), bytes=2_000_000))
    'a.zip (2.0 MB), downloaded from https://host.example/a.zip; no published checksum: pinned at the first download'
    """
    size = f" ({max(file.bytes / 1e6, 0.1):,.1f} MB)" if file.bytes else ""
    needed = " (optional)" if file.optional else ""
    if not file.urls:
        return f"{file.name}{size}{needed}, by hand from {file.page}"
    said = f"{file.checksum} as stated by {file.checksum_by}"
    check = said if file.checksum else "no published checksum: pinned at the first download"
    return f"{file.name}{size}{needed}, downloaded from {' or '.join(file.urls)}; {check}"


LAYOUT = """\
The prepared form is a folder or a .zip that holds
  images/      all images: PNG or JPEG, 8 or 16 bit, of any size
  labels.csv   one line per image, with the columns
               filename     the name below images/
               label        the class; for chestxray instead one 0/1 column per finding
               patient_id   the patient; or group, which also merges near-duplicates
               split        train, val or test; or group_split, which no group crosses
               age, sex, site, licence and any others, if known"""


def _commands(entry: Source) -> list[str]:
    prepare = f"qaugbench data prepare {entry.id} --from PATH...   (folders or archives that you fetched yourself)"
    if not any(file.urls for file in entry.files):
        return [prepare]
    by_hand = [file.name for file in entry.files if not file.urls and not file.optional]
    folder = downloads_folder(entry.id)
    first = [f"Put {', '.join(by_hand)} into {folder}, then:"] if by_hand else []
    return [*first, f"qaugbench data get {entry.id}   (resumes after an interruption)", prepare]


def _source(name: str, entry: dict[str, Any]) -> Source:
    _check_keys(name, Source, entry, {"id"}, set())
    files = tuple(_file(name, file) for file in entry["files"])
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Source(id=name, **(values | {"files": files}))


def _file(name: str, entry: dict[str, Any]) -> SourceFile:
    _check_keys(name, SourceFile, entry, set(), {field.name for field in fields(SourceFile)} - {"name"})
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    file = SourceFile(**values)
    if not file.urls and not file.page:
        raise DefinitionError(f"Source {name!r} in sources.toml: {file.name} has neither `urls` nor `page`.")
    if bool(file.checksum) != bool(file.checksum_by):
        raise DefinitionError(f"Source {name!r} in sources.toml: {file.name} must say who states its checksum.")
    return file


def _check_keys(name: str, kind: type, entry: dict[str, Any], derived: set[str], optional: set[str]) -> None:
    known = {field.name for field in fields(kind)} - derived
    wrong = (set(entry) - known) | (known - optional - set(entry))
    if wrong:
        raise DefinitionError(f"Source {name!r} in sources.toml: keys {sorted(wrong)} are missing or unknown.")
