"""The content-addressed store: a cell is a folder named by the hash of everything that determines it.

A result is written under a temporary name, synced and renamed, so a folder that exists is whole. A cell that exists and whose
checksums hold is never computed twice; that is the whole of resume, of sharing between generators and of running several
processes or machines over one store.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from qaugbench.errors import StoreError
from qaugbench.experiment.claims import Claim, holder_of, host, is_alive, remove_abandoned, take
from qaugbench.files import json_text, write_whole

META = "cell.json"
STALE_AFTER_S = 24 * 3600
UNFINISHED_KEPT_S = 30 * STALE_AFTER_S
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
"""How long a process sleeps between two looks at a claim that another holds: longer every time."""


class Store:
    """Cells under ``root``; every method raises ``StoreError`` with the remedy when the disk refuses."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self._verified: set[Path] = set()
        with _explained(self.root):
            for name in ("cells", "locks", "failed", "partial"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root / "partial"):
                pass

    def folder(self, stage: str, name: str) -> Path:
        """Return the folder of the cell, whether it is there or not."""
        return self.root / "cells" / stage / name[:2] / name

    def has(self, stage: str, name: str) -> bool:
        """Return whether the cell exists with sound checksums; a damaged one is removed, to be computed again."""
        folder = self.folder(stage, name)
        if folder in self._verified:
            return True
        if not folder.is_dir():
            return False
        with _explained(self.root):
            if not _sound(folder):
                self._discard(folder)
                return False
        self._verified.add(folder)
        return True

    def holds(self, stage: str, name: str) -> bool:
        """Return whether the cell is there, without reading it: for counts that people see."""
        folder = self.folder(stage, name)
        return folder in self._verified or folder.is_dir()

    def holds_file(self, stage: str, name: str, file: str) -> bool:
        """Return whether a cell has a file of this name."""
        return (self.folder(stage, name) / file).is_file()

    def meta(self, stage: str, name: str) -> dict[str, Any]:
        """Return what is written beside a cell's files: its key, cost and facts."""
        with _explained(self.root):
            return json.loads((self.folder(stage, name) / META).read_text(encoding="utf-8"))

    def array(self, stage: str, name: str, file: str, *, mapped: bool = False) -> np.ndarray:
        """Return one array of a cell, memory-mapped on request."""
        with _explained(self.root):
            return np.load(
                self.folder(stage, name) / f"{file}.npy", mmap_mode="r" if mapped else None, allow_pickle=False
            )

    def read(self, stage: str, name: str, file: str) -> bytes:
        """Return the bytes of one file of a cell."""
        with _explained(self.root):
            return (self.folder(stage, name) / file).read_bytes()

    def unfinished(self, stage: str, name: str) -> Path:
        """Return a folder for what a cell is built up from: a large array, or the checkpoint of a fit. It is kept for 30 days."""
        return self.root / "partial" / f"{stage}-{name[:16]}"

    def write(
        self, stage: str, name: str, files: Mapping[str, bytes | np.ndarray | Path], meta: Mapping[str, Any]
    ) -> None:
        """Write a cell whole or not at all; arrays become ``<file>.npy``. A cell that is there already stays as it is.

        A file given by its path, in the folder of ``unfinished``, is moved into the cell under its own name.
        """
        folder = self.folder(stage, name)
        temporary = self.root / "partial" / f"{stage}-{name[:16]}.{uuid4().hex[:8]}.{host()}.{os.getpid()}"
        with _explained(self.root):
            try:
                temporary.mkdir()
                sums = {}
                for file, content in files.items():
                    if isinstance(content, Path):
                        sums[content.name] = _file_sha256(content)
                        content.replace(temporary / content.name)
                        continue
                    target, data = (
                        (file, content) if isinstance(content, bytes) else (f"{file}.npy", npy_bytes(content))
                    )
                    _write_synced(temporary / target, data)
                    sums[target] = hashlib.sha256(data).hexdigest()
                _write_synced(temporary / META, json_text({**meta, "stage": stage, "files": sums}).encode())
                folder.parent.mkdir(parents=True, exist_ok=True)
                _rename_unless_there(temporary, folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(self.unfinished(stage, name), ignore_errors=True)
        (self.root / "failed" / f"{stage}-{name}.json").unlink(missing_ok=True)

    def write_failure(self, stage: str, name: str, outcome: str, reason: str) -> None:
        """Note that a cell failed; the next run tries it again."""
        with _explained(self.root):
            write_whole(
                self.root / "failed" / f"{stage}-{name}.json", json_text({"outcome": outcome, "reason": reason})
            )

    def claim(self, stage: str, name: str) -> Claim | None:
        """Return the claim on a cell, which keeps other processes from computing it too, or None while another has it."""
        with _explained(self.root):
            return take(self._claim_path(stage, name))

    @contextmanager
    def computing(self, stage: str, name: str, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the cell against other processes; ``waiting`` is told once who holds it. The claim ends with its process."""
        pause = FIRST_PAUSE_S
        while (claim := self.claim(stage, name)) is None:
            if waiting is not None:
                held = holder_of(self._claim_path(stage, name))
                by = "" if held is None else f" ({held})"
                waiting(f"Waiting for {stage} {name[:12]}, which another run on this store is computing{by}.")
                waiting = None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        try:
            yield
        finally:
            claim.release()

    @contextmanager
    def in_use(self) -> Iterator[bool]:
        """Mark the store as used by this run; yields whether another run uses it already."""
        with _explained(self.root):
            claim = take(self.root / "in-use.lock")
            if claim is not None:
                self._remove_leftovers()
        try:
            yield claim is None
        finally:
            if claim is not None:
                claim.release()

    def _claim_path(self, stage: str, name: str) -> Path:
        return self.root / "locks" / f"{stage}-{name}.lock"

    def _discard(self, folder: Path) -> None:
        """Remove a damaged cell in one step, so that no other process meets half of it."""
        aside = self.root / "partial" / f"damaged-{uuid4().hex[:8]}.{host()}.{os.getpid()}"
        try:
            folder.rename(aside)
        except FileNotFoundError:  # another process saw the damage too
            return
        shutil.rmtree(aside, ignore_errors=True)

    def _remove_leftovers(self) -> None:
        """Remove what killed processes left: claims, and cells half-written on this machine or a day ago.

        What unfinished cells are built up from, such as the checkpoint of a fit, is kept for 30 days after its last change.
        """
        remove_abandoned(self.root / "locks")
        for path in (self.root / "partial").iterdir():
            rest, _, process = path.name.rpartition(".")
            dead = rest.endswith(f".{host()}") and process.isdigit() and not is_alive(int(process))
            kept = UNFINISHED_KEPT_S if not rest else STALE_AFTER_S
            if dead or _age_s(path) > kept:
                shutil.rmtree(path, ignore_errors=True)


def npy_bytes(array: np.ndarray) -> bytes:
    """Return an array as the bytes of an .npy file; object arrays are refused."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _age_s(path: Path) -> float:
    """Return how long ago a path was changed; 0 for one that another process has just finished with."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sound(folder: Path) -> bool:
    try:
        sums = json.loads((folder / META).read_text(encoding="utf-8"))["files"]
        return all(_file_sha256(folder / file) == wanted for file, wanted in sums.items())
    except (FileNotFoundError, ValueError, KeyError):
        return False


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _rename_unless_there(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again: finished steps are kept",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again: finished steps are kept",
    errno.EFBIG: "a file would grow past the size limit; raise it and run the same command again: finished steps are kept",
    errno.EROFS: "the file system is read-only; choose another folder with --out",
    errno.EACCES: "there is no permission to write; choose another folder with --out",
    errno.EPERM: "there is no permission to write; choose another folder with --out",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another folder with --out",
}


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(
            error.errno or 0, "check the disk and run the same command again: finished steps are kept"
        )
        raise StoreError(f"The store {root} cannot be used ({error.strerror or error}): {remedy}.") from error
