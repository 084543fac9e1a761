"""The files of a folder or .zip, or around a table, by name, with their hashes."""

from __future__ import annotations

import os
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qaugbench.datasets.formats.archive import leaves_source, refuse_swelling_zip
from qaugbench.datasets.manifest import sha256
from qaugbench.datasets.shards import Member, Picture, content_of
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import canonical_json

JUNK = ("thumbs.db", "desktop.ini", "dicomdir", "readme", "license", "licence", "manifest.json")
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
NOT_PICTURES = (
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".json",
    ".xml",
    ".pdf",
    ".html",
    *SPREADSHEETS,
    ".bval",
    ".bvec",
    ".py",
)


@dataclass(frozen=True)
class OwnFiles:
    """Files by name, in or near ``root``; ``places`` [name] is where each is read from."""

    root: Path
    places: Mapping[str, Picture]

    def pictures(self) -> tuple[str, ...]:
        """Return the names of the files that may be pictures, sorted."""
        return tuple(sorted(name for name in self.places if may_be_picture(name)))

    def tables(self) -> tuple[str, ...]:
        """Return the names of the .csv files at the top, sorted; without any, that of a labels.tsv there."""
        found = tuple(sorted(name for name in self.places if "/" not in name and name.lower().endswith(".csv")))
        return found or tuple(name for name in self.places if name == "labels.tsv")

    def spreadsheets(self) -> tuple[str, ...]:
        """Return the names of the spreadsheets at the top, sorted."""
        return tuple(sorted(name for name in self.places if "/" not in name and is_spreadsheet(name)))

    def inner(self) -> str | None:
        """Return the name of the one folder at the top, or None if there are several, or pictures or tables beside it."""
        folders = {name.partition("/")[0] for name in self.places if "/" in name}
        beside = any("/" not in name and may_be_picture(name) for name in self.places) or self.tables()
        return None if beside or len(folders) != 1 else folders.pop()

    def below(self, folder: str) -> OwnFiles:
        """Return the files below ``folder``, named from there."""
        start = f"{folder}/"
        inside = {name.removeprefix(start): place for name, place in self.places.items() if name.startswith(start)}
        return OwnFiles(self.root / folder, inside)

    def only(self, names: Iterable[str]) -> OwnFiles:
        """Return only the files with these names."""
        return OwnFiles(self.root, {name: self.places[name] for name in names})

    def read(self, name: str) -> bytes:
        """Return the content of one file; raise DataError if it cannot be read."""
        try:
            return content_of(self.places[name])
        except (OSError, DataError) as error:
            raise DataError(f"{name} in {self.root} cannot be read: {error}.") from error

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """The sha256 of each file by name: detects every change, which sizes and times do not."""
        names = list(self.places)
        with ThreadPoolExecutor() as pool:  # hashing releases the lock, so other threads can read
            return dict(zip(names, pool.map(lambda name: sha256(self.read(name)), names), strict=True))

    @cached_property
    def key(self) -> bytes:
        """A secret for hashing names that can only be computed from all the files."""
        return bytes.fromhex(sha256(canonical_json(["names", sorted(self.hashes.values())]).encode()))


def files_of(path: Path) -> OwnFiles:
    """Return the files of the folder or .zip at ``path``, without hidden ones.

    Raises DataError for a .zip with links, encrypted files, or names that lead out of it.
    """
    return _of_folder(path) if path.is_dir() else _of_zip(path)


def files_around_labels(path: Path) -> OwnFiles:
    """Return the files of the folder or .zip at ``path``; if its one folder holds labels.csv, those of that folder."""
    files = files_of(path)
    inner = files.inner()
    below = files if inner is None else files.below(inner)
    return below if "labels.csv" in below.places else files


def names_in(path: Path) -> tuple[str, ...]:
    """Return the names of all files of a folder or .zip, unchecked, without hidden ones."""
    if path.is_dir():
        return tuple(str(place.relative_to(path).as_posix()) for place in _walk(path))
    with zipfile.ZipFile(path) as archive:
        return tuple(name for name in archive.namelist() if not name.endswith("/") and not _any_hidden(name))


def _of_folder(path: Path) -> OwnFiles:
    return OwnFiles(path, {str(place.relative_to(path).as_posix()): place for place in _walk(path)})


def _walk(path: Path) -> Iterator[Path]:
    for folder, inner, files in os.walk(path):
        inner[:] = sorted(name for name in inner if not _is_hidden(name))
        yield from (
            Path(folder) / name for name in sorted(files) if not _is_hidden(name) and is_file(Path(folder) / name)
        )


def is_file(path: Path) -> bool:
    """Return whether there is a regular file at ``path``; False for an impossible path, such as one that is too long."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _of_zip(path: Path) -> OwnFiles:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise DataError(f"{path} is not a whole .zip file ({error}). Fetch or copy it again.") from error
    for why, refused in (
        ("lead out of it", [i.filename for i in infos if leaves_source(i.filename)]),
        ("are links", [i.filename for i in infos if stat.S_ISLNK(i.external_attr >> 16)]),
        ("are encrypted", [i.filename for i in infos if i.flag_bits & 1]),
        ("occur twice", [name for name, count in Counter(i.filename for i in infos).items() if count > 1]),
    ):
        if refused:
            raise DataError(f"{len(refused)} names in {path} {why}: {first_offenders(refused)}. Pack the files again.")
    refuse_swelling_zip(path, infos)
    kept = [info.filename for info in infos if not _any_hidden(info.filename)]
    return OwnFiles(path, {name: Member(path, name) for name in kept})


def _any_hidden(name: str) -> bool:
    return any(_is_hidden(part) for part in name.split("/"))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def is_spreadsheet(name: str) -> bool:
    """Return whether a file of this name is a spreadsheet, which is not read as a table."""
    return name.lower().endswith(SPREADSHEETS)


def unread_spreadsheet(where: str) -> DataError:
    """Return the error that says what to do with a spreadsheet of labels."""
    return DataError(
        f"{where} is a spreadsheet, which is not read. Open it, save the sheet with the labels as CSV in UTF-8 (in Excel: Save As, "
        "'CSV UTF-8 (Comma delimited)') under the name labels.csv, and give that file or its folder with --data."
    )


def may_be_picture(name: str) -> bool:
    """Return whether a file of this name is worth opening as an image."""
    last = name.rsplit("/", 1)[-1].lower()
    return last not in JUNK and not last.endswith(NOT_PICTURES)
