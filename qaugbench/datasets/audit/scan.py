"""The facts of every image of a source, each file read and decoded once, in parallel and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from joblib import delayed

from qaugbench.child_processes import in_processes
from qaugbench.datasets.audit.image_facts import DETAIL, FRAME, THUMBNAIL, ImageFacts, image_facts
from qaugbench.datasets.formats.archive import Archive, open_archive
from qaugbench.datasets.identical_files import BLANK_TONES
from qaugbench.datasets.prepared import PreparedData, refuse_unpacking
from qaugbench.errors import DataError

CHUNK = 256
FEW_CHUNKS = 4
"""Up to this many images are scanned here: starting other processes would take longer."""


@dataclass(frozen=True)
class Scan:
    """Columns over the N images of a source, in its order; the entries are those of ``ImageFacts``.

    Hashes are uint64 [N, 2]; ``thumbnails`` uint8 [N, 32, 32]; ``details`` uint8 [N, 48, 48]; ``frame`` float32 [N, 15].
    """

    problem: np.ndarray
    file_hash: np.ndarray
    pixel_hash: np.ndarray
    turned_hash: np.ndarray
    format: np.ndarray
    bits: np.ndarray
    width: np.ndarray
    height: np.ndarray
    quantisation: np.ndarray
    coloured: np.ndarray
    tones: np.ndarray
    flat_rows: np.ndarray
    letters: np.ndarray
    thumbnails: np.ndarray
    details: np.ndarray
    frame: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        """Bool [N]: whether the image could be decoded."""
        return self.problem == ""

    @property
    def usable(self) -> np.ndarray:
        """Bool [N]: whether the image could be decoded and is not blank."""
        return self.readable & (self.tones > BLANK_TONES)


def scan(prepared: PreparedData, *, jobs: int = 1) -> Scan:
    """Return the facts of every image of ``prepared``, read by ``jobs`` processes of one thread each.

    About 3.6 kB per image are kept; the result does not depend on ``jobs``. ``problem`` says why a file cannot be read
    or decoded. Raises DataError for ``jobs`` below 1.
    """
    if jobs < 1:
        raise DataError(f"An audit needs at least one process; given jobs={jobs}.")
    refuse_unpacking(prepared, range(len(prepared)))
    pieces = list(_pieces(prepared, jobs))
    return Scan(*(np.concatenate([getattr(piece, column.name) for piece in pieces]) for column in fields(Scan)))


def _pieces(prepared: PreparedData, jobs: int) -> Iterator[Scan]:
    chunks = [prepared.files[start : start + CHUNK] for start in range(0, len(prepared), CHUNK)]
    if jobs == 1 or len(chunks) <= FEW_CHUNKS:
        yield from (_columns([_facts(prepared.archive, name) for name in chunk]) for chunk in chunks)
        return
    path = Path(prepared.path).absolute()
    state = path.stat()
    stamp = (state.st_mtime_ns, state.st_size)
    yield from in_processes((delayed(_scan_chunk)(path, stamp, chunk) for chunk in chunks), jobs)


@lru_cache(maxsize=1)
def _opened(path: Path, stamp: tuple[int, int]) -> Archive:
    """Return the archive, opened once per process; ``stamp`` distinguishes a rewritten file from the one opened before."""
    return open_archive(path)


def _scan_chunk(path: Path, stamp: tuple[int, int], names: Sequence[str]) -> Scan:
    archive = _opened(path, stamp)
    return _columns([_facts(archive, name) for name in names])


def _facts(archive: Archive, name: str) -> ImageFacts:
    try:
        content = archive.read(name)
    except (OSError, DataError) as error:
        return ImageFacts(str(error) or type(error).__name__, bytes(16))
    return image_facts(content)


def _columns(facts: Sequence[ImageFacts]) -> Scan:
    no_thumbnail = np.zeros((THUMBNAIL, THUMBNAIL), dtype=np.uint8)
    no_detail = np.zeros((DETAIL, DETAIL), dtype=np.uint8)
    no_frame = np.zeros(len(FRAME), dtype=np.float32)
    return Scan(
        problem=np.array([fact.problem for fact in facts], dtype=object),
        file_hash=_hashes([fact.file_hash for fact in facts]),
        pixel_hash=_hashes([fact.pixel_hash for fact in facts]),
        turned_hash=_hashes([fact.turned_hash for fact in facts]),
        format=np.array([fact.format for fact in facts], dtype=object),
        bits=np.array([fact.bits for fact in facts], dtype=np.int16),
        width=np.array([fact.width for fact in facts], dtype=np.int32),
        height=np.array([fact.height for fact in facts], dtype=np.int32),
        quantisation=np.array([fact.quantisation for fact in facts], dtype=np.float32),
        coloured=np.array([fact.coloured for fact in facts]),
        tones=np.array([fact.tones for fact in facts], dtype=np.int16),
        flat_rows=np.array([fact.flat_rows for fact in facts], dtype=np.float32),
        letters=np.array([fact.letters for fact in facts], dtype=np.int16),
        thumbnails=np.stack([no_thumbnail if fact.thumbnail is None else fact.thumbnail for fact in facts]),
        details=np.stack([no_detail if fact.detail is None else fact.detail for fact in facts]),
        frame=np.stack([no_frame if fact.frame is None else fact.frame for fact in facts]),
    )


def _hashes(digests: Sequence[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)
