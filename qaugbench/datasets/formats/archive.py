"""The files of a source, read from a folder or .zip in place, never from outside it."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from qaugbench.errors import DataError, first_offenders

MAX_FILE_BYTES = 512 * 1024**2
"""A single file inside a source may not unpack to more than this."""
MAX_SWELLING = 100
"""An archive may hold at most so many times its own length (images and tables stay far below)."""
ALWAYS_ALLOWED_BYTES = 64 * 1024**2
"""An archive that holds no more than this in all is never too much."""

LAYOUT = (
    "Images are given as a folder or .zip with labels.csv and a folder images/, at its top or inside one top folder, or with one "
    "sub-folder per class (docs/data.md)."
)


class Archive(Protocol):
    """The interface of both kinds of source. Names are relative to the top folder, with forward slashes."""

    @property
    def path(self) -> Path:
        """The folder or .zip as given."""

    def problem(self, name: str) -> str | None:
        """Return why ``name`` cannot be read ("missing", ...), or None if it is a file inside the source."""

    def size(self, name: str) -> int | None:
        """Return how many bytes ``name`` has, or None if it cannot be read."""

    def open(self, name: str) -> IO[bytes]:
        """Return ``name`` opened for reading, for its header; errors as ``read``."""

    def read(self, name: str) -> bytes:
        """Return the content of ``name``; raise OSError, or DataError with the reason (but no path)."""


def open_archive(path: Path) -> Archive:
    """Return the archive at ``path``; raise DataError if it is neither a folder nor a complete .zip."""
    path = Path(path)
    if path.is_dir():
        return FolderArchive(path, _top_of_folder(path))
    if not path.exists():
        raise DataError(f"{path} does not exist. Give the path of a prepared folder or .zip. {LAYOUT}")
    try:
        with zipfile.ZipFile(path) as opened:
            infos = opened.infolist()
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{path} is not a whole .zip file ({error}). It may be cut short or of another kind: "
            f"fetch or copy it again ({path.stat().st_size:,} bytes are there)."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error}. Check that the file may be read.") from error
    refuse_swelling_zip(path, infos)
    return ZipArchive(path, _top_of_names(path, [info.filename for info in infos]))


def refuse_swelling_zip(path: Path, infos: Iterable[zipfile.ZipInfo]) -> None:
    """Raise DataError if the members of the .zip at ``path`` would unpack to far more than its own length."""
    length, total = path.stat().st_size, sum(info.file_size for info in infos)
    if total > max(ALWAYS_ALLOWED_BYTES, MAX_SWELLING * length):
        raise DataError(
            f"{path} has {length:,} bytes and would unpack to {total:,}, more than {MAX_SWELLING} times as many. Nothing of it was "
            "unpacked. Fetch it again from whoever made it; images hardly shrink in a .zip."
        )


def leaves_source(name: str) -> bool:
    """Return whether ``name`` is anything but a plain relative path: absolute, with a drive, a backslash or ``..``.

    >>> leaves_source("../a.png"), leaves_source("images/a.png")
    (True, False)
    """
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or name[1:2] == ":"


def below_images(name: str) -> str:
    """Return the path of an image inside its source, for a filename with or without the leading ``images/``.

    >>> below_images("a.png"), below_images("./images/a.png")
    ('images/a.png', 'images/a.png')
    """
    if not name or leaves_source(name):
        return name
    path = PurePosixPath(name)
    return str(path if path.parts[:1] == ("images",) else "images" / path)


@dataclass(frozen=True)
class FolderArchive:
    """A source in a folder. ``top`` is the folder that holds labels.csv."""

    path: Path
    top: Path

    @cached_property
    def _real_top(self) -> str:
        return os.path.realpath(self.top) + os.sep

    def problem(self, name: str) -> str | None:
        if leaves_source(name):
            return "points outside the source"
        real = os.path.realpath(self.top / name)
        if not real.startswith(self._real_top):
            return "is a link that points outside the source"
        return None if os.path.isfile(real) else "missing"

    def size(self, name: str) -> int | None:
        return None if self.problem(name) else (self.top / name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        why = self.problem(name)
        if why:
            raise DataError(why)
        return (self.top / name).open("rb")

    def read(self, name: str) -> bytes:
        why = self.problem(name)
        if why:
            raise DataError(why)
        return _within_limit((self.top / name).stat().st_size, (self.top / name).read_bytes)


@dataclass
class ZipArchive:
    """A source in a .zip. Each process opens the file once, so that the object can be pickled or forked."""

    path: Path
    top: str
    _open: tuple[int, zipfile.ZipFile] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "top": self.top, "_open": None}

    @property
    def _zip(self) -> zipfile.ZipFile:
        if self._open is None or self._open[0] != os.getpid():
            self._open = (os.getpid(), zipfile.ZipFile(self.path))
        return self._open[1]

    def problem(self, name: str) -> str | None:
        if leaves_source(name):
            return "points outside the source"
        info = self._zip.NameToInfo.get(self.top + name)
        if info is None or info.is_dir():
            return "missing"
        if stat.S_ISLNK(info.external_attr >> 16):
            return "is a link, not a file"
        return "is encrypted" if info.flag_bits & 1 else None

    def size(self, name: str) -> int | None:
        return None if self.problem(name) else self._zip.getinfo(self.top + name).file_size

    def open(self, name: str) -> IO[bytes]:
        why = self.problem(name)
        if why:
            raise DataError(why)
        try:
            return self._zip.open(self.top + name)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise DataError(f"is damaged: {error}") from error

    def read(self, name: str) -> bytes:
        why = self.problem(name)
        if why:
            raise DataError(why)
        info = self._zip.getinfo(self.top + name)
        try:
            return _within_limit(info.file_size, lambda: self._zip.read(info))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise DataError(f"is damaged: {error}") from error


def _within_limit(size: int, read: Callable[[], bytes]) -> bytes:
    if size > MAX_FILE_BYTES:
        raise DataError(f"holds {size:,} bytes; a file of a source may hold at most {MAX_FILE_BYTES:,}")
    return read()


def _is_junk(name: str) -> bool:
    return name.startswith(("__MACOSX", "."))


def _top_of_folder(path: Path) -> Path:
    if (path / "labels.csv").is_file():
        return path
    inner = [folder for folder in path.iterdir() if folder.is_dir() and not _is_junk(folder.name)]
    if len(inner) == 1 and (inner[0] / "labels.csv").is_file():
        return inner[0]
    raise _no_labels(path, (entry.name for entry in path.iterdir()))


def _top_of_names(path: Path, names: list[str]) -> str:
    present = set(names)
    if "labels.csv" in present:
        return ""
    tops = {name.split("/", 1)[0] for name in names if "/" in name and not _is_junk(name)}
    if len(tops) == 1 and f"{(top := tops.pop())}/labels.csv" in present:
        return f"{top}/"
    raise _no_labels(path, (name.split("/", 1)[0] for name in names))


def _no_labels(path: Path, entries: Iterable[str]) -> DataError:
    seen = sorted({name for name in entries if not _is_junk(name)})
    there = f"At its top: {first_offenders(seen)}." if seen else "It is empty."
    return DataError(f"{path} holds no labels.csv. {there} {LAYOUT}")
