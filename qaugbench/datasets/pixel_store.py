"""The decoded images of a source in one memory-mapped file: written once, in parallel.

The file is allocated at its full size and filled stretch by stretch; a journal beside it holds the sha256 of every
finished stretch. So memory is bounded, an interrupted call resumes, and the bytes do not depend on the number of
processes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.child_processes import in_processes
from qaugbench.datasets.formats.archive import Archive, FolderArchive, ZipArchive
from qaugbench.datasets.formats.pictures import reason
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, refuse_unpacking
from qaugbench.datasets.preprocess import read_square
from qaugbench.datasets.shards import Member, content_of
from qaugbench.errors import DataError, first_offenders

STRETCH_BYTES = 32 * 1024**2
"""About so much is decoded by a process before it writes."""


@dataclass(frozen=True)
class Stretch:
    """Images ``start`` to ``start`` + len(``members``) of the file at ``path``."""

    path: Path
    start: int
    members: tuple[Member, ...]
    size: int
    channels: int


def write_pixels(prepared: PreparedData, size: int, channels: int, folder: Path, *, jobs: int | None = None) -> Path:
    """Return <folder>/images.npy: uint8 [N, size, size, channels] of all images, by ``preprocess``'s rules.

    The pixels are those of ``load_images``, bit for bit. ``folder`` must be used for this source, size and channels
    only, by one process at a time; what an interrupted call finished in it is reused. ``jobs`` processes decode (by
    default the number in joblib's ``parallel_config``, else one); each needs about 32 MiB. All images are tried first:
    one DataError then names the first unreadable files and their number.
    """
    from joblib import delayed

    refuse_unpacking(prepared, range(len(prepared)))
    folder.mkdir(parents=True, exist_ok=True)
    path, journal = folder / "images.npy", folder / "journal.jsonl"
    shape = (len(prepared), size, size, channels)
    done = _done(path, journal, shape)
    if not path.exists():
        _allocate(path, shape)
        journal.unlink(missing_ok=True)
    missing = [stretch for stretch in _stretches(prepared, size, channels, path) if stretch.start not in done]
    unreadable: list[str] = []
    if missing:
        work = (delayed(_decode)(stretch) for stretch in missing)
        jobs = 1 if len(missing) == 1 else jobs
        with journal.open("a", encoding="utf-8") as file:
            for entry, problems in in_processes(work, jobs, batch_size=1):
                unreadable += problems
                if not problems:
                    file.write(json.dumps(entry) + "\n")
                    file.flush()
    if unreadable:
        raise DataError(
            f"{len(unreadable)} of {len(prepared)} images in {prepared.path} cannot be read: "
            f"{first_offenders(unreadable)}. Replace these files, or remove their rows from labels.csv."
        )
    return path


def _stretches(prepared: PreparedData, size: int, channels: int, path: Path) -> Iterator[Stretch]:
    members = tuple(_member(prepared.archive, file) for file in prepared.files)
    length = max(1, STRETCH_BYTES // (size * size * channels))
    for start in range(0, len(members), length):
        yield Stretch(path, start, members[start : start + length], size, channels)


def _member(archive: Archive, file: str) -> Member:
    """Return the location of a file in a form that is cheap to send to another process."""
    if isinstance(archive, FolderArchive):
        return Member(archive.top, file)
    return Member(archive.path, f"{archive.top}{file}" if isinstance(archive, ZipArchive) else file)


def _decode(stretch: Stretch) -> tuple[dict[str, object], list[str]]:
    """Write one stretch of images; return its journal line and the files that cannot be read."""
    pixels = np.zeros((len(stretch.members), stretch.size, stretch.size, stretch.channels), dtype=np.uint8)
    problems = []
    for position, member in enumerate(stretch.members):
        try:
            pixels[position] = read_square(content_of(member), stretch.size, stretch.channels)
        except UNREADABLE as error:
            problems.append(f"{_below_top(member.name)} ({reason(error)})")
    content = pixels.data.cast("B")
    with stretch.path.open("r+b") as file:
        file.seek(_header_bytes(file) + stretch.start * pixels[0].nbytes)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return {"start": stretch.start, "n": len(pixels), "sha256": hashlib.sha256(content).hexdigest()}, problems


def _below_top(name: str) -> str:
    return name[name.rfind("images/") :] if "images/" in name else name


def _allocate(path: Path, shape: Sequence[int]) -> None:
    temporary = path.with_suffix(".partial")
    np.lib.format.open_memmap(temporary, "w+", np.uint8, tuple(shape))._mmap.close()  # type: ignore[attr-defined]
    temporary.replace(path)


def _header_bytes(file: io.BufferedRandom) -> int:
    file.seek(0)
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return file.tell()


def _done(path: Path, journal: Path, shape: Sequence[int]) -> set[int]:
    """Return the starts of the stretches that are complete; remove a file of another shape."""
    if not path.exists():
        return set()
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        pixels = np.empty(0, np.uint8)
    if pixels.shape != tuple(shape) or pixels.dtype != np.uint8:
        path.unlink()
        return set()
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    entries = [entry for line in lines if (entry := _entry(line))]
    return {
        start
        for start, n, digest in entries
        if hashlib.sha256(pixels[start : start + n].data.cast("B")).hexdigest() == digest
    }


def _entry(line: str) -> tuple[int, int, str] | None:
    """Return a journal line, or None if it is truncated."""
    try:
        entry = json.loads(line)
        return int(entry["start"]), int(entry["n"]), str(entry["sha256"])
    except (ValueError, KeyError, TypeError):
        return None
