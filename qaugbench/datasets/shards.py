"""Pictures converted in parallel, shard by shard, so that a killed run loses at most the unfinished shards.

A shard is a line of JSON with names and hashes, followed by the finished pictures. It is written under a temporary name
and renamed, and its content depends on its own input alone, not on the number of processes or on interruptions.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate, islice
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from qaugbench.child_processes import in_processes
from qaugbench.datasets.formats.archive import MAX_FILE_BYTES, Archive, FolderArchive, ZipArchive
from qaugbench.datasets.formats.declared import refuse_swelling
from qaugbench.datasets.manifest import sha256
from qaugbench.errors import DataError, first_offenders
from qaugbench.formatting import count

SHARD_SIZE = 64


@dataclass(frozen=True)
class Member:
    """A file inside a folder or a .zip, to be read by the process that converts it."""

    archive: Path
    name: str


Picture = Any
"""A Path or a Member, whose content the converting process reads; or the content itself, bytes or whatever converts."""


@dataclass(frozen=True)
class Made:
    """One finished picture: its file name, its encoded file, and facts about it that JSON can represent."""

    name: str
    content: bytes
    facts: Mapping[str, Any] = field(default_factory=dict)


Convert = Callable[[str, Any], Sequence[Made]]
"""Makes the pictures of one file from its name and content, or raises DataError; must be importable by its name."""


def convert_in_shards(
    pictures: Iterable[tuple[str, Picture]],
    convert: Convert,
    folder: Path,
    *,
    jobs: int | None = 1,
    shard_size: int = SHARD_SIZE,
    keep_refused: bool = True,
) -> Shards:
    """Return the finished pictures of all files, made by ``jobs`` processes and kept in ``folder``.

    ``pictures`` yields (name, picture) and is read once, as fast as the processes convert: about 2 x ``jobs`` x
    ``shard_size`` files are in memory. Complete shards in ``folder`` that were made from files of the same names are
    reused; the caller gives another folder if the content may have changed, and holds ``alone`` while it uses the
    folder. All files are tried first: one DataError then names the first that could not be converted and their number,
    and every finished shard is kept, unless ``keep_refused`` is False: then the folder is removed.
    """
    _make_folder(folder)
    for leftover in folder.glob(".*.partial"):
        leftover.unlink()
    made: list[list[dict[str, Any]]] = []
    refused: list[str] = []
    for index, problems in _each_shard(pictures, convert, folder, jobs, shard_size):
        made.append(index)
        refused += problems
    if refused:
        if not keep_refused:
            shutil.rmtree(folder, ignore_errors=True)
        raise not_converted(refused, "the others are kept" if keep_refused else "")
    return Shards(folder, made)


def not_converted(refused: Sequence[str], kept: str = "") -> DataError:
    """Return the error that names files that cannot be converted, each with its reason, and what of the others is ``kept``."""
    again = f"run the same command again{f': {kept}' if kept else ''}"
    number = count(len(refused), "file")
    return DataError(
        f"{number} cannot be converted: {first_offenders(refused)}. Replace or leave out these files and {again}."
    )


class Shards:
    """Finished pictures by name, read back one at a time; ``facts`` holds the conversion's facts about each."""

    def __init__(self, folder: Path, made: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        self.folder = folder
        self.facts: dict[str, Mapping[str, Any]] = {}
        self._place: dict[str, tuple[int, int, int, str]] = {}
        twice = []
        for number, entries in enumerate(made):
            for entry in entries:
                if entry["name"] in self._place:
                    twice.append(entry["name"])
                self._place[entry["name"]] = number, entry["start"], entry["size"], entry["sha256"]
                self.facts[entry["name"]] = entry["facts"]
        if twice:
            raise DataError(f"{len(twice)} pictures have a name that another has: {first_offenders(twice)}.")

    def __len__(self) -> int:
        return len(self._place)

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __contains__(self, name: object) -> bool:
        return name in self._place

    def read(self, name: str) -> bytes:
        """Return the encoded file of the picture ``name``; raise DataError if it has changed since it was written."""
        number, start, size, expected = self._place[name]
        path = _shard_path(self.folder, number)
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(size)
        if sha256(content) != expected:
            raise DataError(f"{path} has changed since it was written. Run the same command again: it is made anew.")
        return content

    def remove(self) -> None:
        """Remove the folder of shards."""
        shutil.rmtree(self.folder, ignore_errors=True)


def content_of(picture: Picture) -> Any:
    """Return the content of a picture; raise OSError or DataError if it cannot be read."""
    if isinstance(picture, Path):
        if picture.stat().st_size > MAX_FILE_BYTES:
            raise DataError(f"holds more than {MAX_FILE_BYTES:,} bytes")
        return picture.read_bytes()
    if not isinstance(picture, Member):
        return picture
    return _opened(picture.archive, picture.archive.stat().st_mtime_ns).read(picture.name)


def refuse_swelling_pictures(where: Path, pictures: Iterable[tuple[str, Picture]]) -> None:
    """Raise DataError, before any decoding, if the ``pictures`` of ``where`` would unpack to an unreasonable size."""
    refuse_swelling(where, ((name, _size(picture), partial(_open, picture)) for name, picture in pictures))


def _size(picture: Picture) -> int | None:
    if isinstance(picture, Path):
        return picture.stat().st_size if picture.is_file() else None
    if isinstance(picture, Member):
        return _opened(picture.archive, picture.archive.stat().st_mtime_ns).size(picture.name)
    return len(picture) if isinstance(picture, bytes) else None


def _open(picture: Picture) -> IO[bytes]:
    if isinstance(picture, Path):
        return picture.open("rb")
    if isinstance(picture, Member):
        return _opened(picture.archive, picture.archive.stat().st_mtime_ns).open(picture.name)
    return io.BytesIO(picture)


@lru_cache(maxsize=4)
def _opened(path: Path, changed: int) -> Archive:
    """Return a folder or .zip, opened once per process: the directory of a .zip with 100,000 files takes a second to read."""
    return FolderArchive(path, path) if path.is_dir() else ZipArchive(path, "")


def _each_shard(
    pictures: Iterable[tuple[str, Picture]], convert: Convert, folder: Path, jobs: int | None, shard_size: int
) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
    from joblib import delayed

    walk = iter(pictures)
    batches = enumerate(iter(lambda: list(islice(walk, shard_size)), []))
    tasks = (delayed(_shard)(_shard_path(folder, number), batch, convert) for number, batch in batches)
    yield from in_processes(tasks, jobs, batch_size=1)


def _shard_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.shard"


def _shard(
    path: Path, batch: Sequence[tuple[str, Picture]], convert: Convert
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return (index, problems) of one shard, written to ``path`` if there are no problems."""
    names = [name for name, _ in batch]
    kept = _kept(path, names)
    if kept is not None:
        return kept, []
    made: list[Made] = []
    problems: list[str] = []
    for name, picture in batch:
        try:
            made += convert(name, content_of(picture))
        except (DataError, OSError) as error:
            problems.append(f"{name} ({error})")
    if problems:
        return [], problems
    index = [
        {"name": one.name, "size": len(one.content), "sha256": sha256(one.content), "facts": dict(one.facts)}
        for one in made
    ]
    header = json.dumps({"of": names, "made": index}).encode() + b"\n"
    _write(path, header + b"".join(one.content for one in made))
    return _placed(index, len(header)), []


def _kept(path: Path, names: list[str]) -> list[dict[str, Any]] | None:
    """Return the index of a complete shard made from the files ``names``; None otherwise."""
    try:
        content = path.read_bytes()
        header = content[: content.index(b"\n") + 1]
        said = json.loads(header)
        placed = _placed(said["made"], len(header))
        ends = ((one, content[one["start"] : one["start"] + one["size"]]) for one in placed)
        whole = all(sha256(picture) == one["sha256"] for one, picture in ends)
        return placed if whole and said["of"] == names else None
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _placed(index: Sequence[Mapping[str, Any]], header: int) -> list[dict[str, Any]]:
    """Return the entries of an index with the byte at which each picture starts."""
    starts = accumulate((one["size"] for one in index), initial=header)
    return [{**one, "start": start} for one, start in zip(index, starts, strict=False)]


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lock ``folder``; other processes wait, and the lock ends with its process."""
    _make_folder(folder.parent)
    lock = _lock_of(folder)
    try:
        held = FileLock(lock)
        held.acquire()
    except OSError as error:
        raise _cannot_write(lock, error) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        held.release()


def remove_unused(folders: Iterable[Path]) -> None:
    """Remove folders of shards, except those that another process holds ``alone``."""
    for folder in folders:
        lock = _lock_of(folder)
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name.lstrip('.')}.lock")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be written: {error.strerror or error}. Free some space or choose another data folder "
        "(QAUGBENCH_DATA), and run the same command again: finished shards are kept."
    )
