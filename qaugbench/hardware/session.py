"""A session: one folder that holds a fitted generator, what is drawn of it, and all that a device answered.

    FOLDER/session.json        generator, space, label vectors, seed, device, shots
           state.safetensors   what generator and space have learned
           answers/            job ids and counts, as ``circuits.devices.store`` writes them
           drawn.npz           images [n, h, w, c] and points of the device, and the ideal ones
           drawn.png           a row of the device's images over a row of the ideal ones

The first two are enough to draw again; with ``answers`` they are drawn without the device.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.errors import DefinitionError, StoreError
from qaugbench.files import json_text, write_folder, write_whole
from qaugbench.npz_archive import members, unpacked

FORMAT_VERSION = 1
SESSION, STATE, ANSWERS, DRAWN, SHEET = "session.json", "state.safetensors", "answers", "drawn.npz", "drawn.png"


@dataclass(frozen=True)
class Session:
    """What is drawn. ``hyper`` and ``space`` (``name``, ``hyper``) are those of the fit, ``seed`` that of a run's own sample."""

    task: str
    source: str
    phantom: bool
    track: str
    fraction: str
    replicate: int
    generator: str
    class_of: str
    hyper: Mapping[str, Any]
    per_label: bool
    space: Mapping[str, Any]
    image_shape: tuple[int, int, int]
    label_names: tuple[str, ...]
    labels: tuple[tuple[float, ...], ...]
    seed: int
    backend: str
    shots: int
    fit: str
    state_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"format": FORMAT_VERSION, **asdict(self)}

    @property
    def vectors(self) -> np.ndarray:
        """The label vectors, float32 [n, n_labels]."""
        return np.asarray(self.labels, dtype=np.float32)

    @property
    def title(self) -> str:
        """What is drawn, in one line."""
        phantom = ", a phantom" if self.phantom and self.source != "phantom" else ""
        return (
            f"{len(self.labels)} images of {self.generator} ({self.task}, {self.source}{phantom}, {self.track}, {self.fraction}, "
            f"replicate {self.replicate}) on {self.backend}, {self.shots:,} shots"
        )


def check_free(folder: Path) -> None:
    """Raise StoreError where neither a new session can begin nor one is held."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is no folder; choose another with --folder.")
    if folder.exists() and not (folder / SESSION).exists() and any(folder.iterdir()):
        raise StoreError(f"{folder} is not empty and holds no session; choose another folder with --folder.")


def no_circuits(generator: str, backend: str) -> DefinitionError:
    """Return the error of a generator that has nothing for a device to run."""
    return DefinitionError(f"{generator!r} runs no circuit of qubits, so there is nothing to send to {backend}.")


def begin(folder: Path, session: Session, state: bytes) -> None:
    """Write a new session, or raise StoreError if the folder holds another one."""
    if not (folder / SESSION).exists():
        check_free(folder)
        if folder.exists():
            folder.rmdir()
        write_folder(folder, {SESSION: json_text(session.to_dict()), STATE: state})
        return
    there = read(folder)
    apart = [field.name for field in fields(Session) if getattr(there, field.name) != getattr(session, field.name)]
    if apart:
        raise StoreError(
            f"{folder} holds another session: it differs in {', '.join(apart)}. Choose another folder with --folder."
        )


def read(folder: Path) -> Session:
    """Return the session of a folder, or raise StoreError where there is none that can be read."""
    path = folder / SESSION
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format", None) != FORMAT_VERSION:
            raise StoreError(f"{path} is not of format {FORMAT_VERSION}, the only one that can be read.")
        for name in ("image_shape", "label_names"):
            found[name] = tuple(found[name])
        found["labels"] = tuple(map(tuple, found["labels"]))
        return Session(**found)
    except OSError as error:
        raise StoreError(f"{folder} holds no session of a device ({path.name}): {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} was not written by qaugbench: {error}.") from error


def answered(folder: Path) -> Session:
    """Return the session of a folder whose device has answered; StoreError for one that cannot be replayed, without PyTorch."""
    session = read(folder)
    if not (folder / ANSWERS).is_dir():
        raise StoreError(f"{folder} holds no answers of a device yet: draw the session on {session.backend} first.")
    read_state(folder, session)
    stored_arrays(folder)
    return session


def stored_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return what a session drew, or raise StoreError where it was changed or has not been drawn."""
    path = folder / DRAWN
    try:
        found = {name: unpacked(member) for name, member in members(path.read_bytes()).items()}
    except OSError as error:
        raise StoreError(f"Cannot use {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise StoreError(f"{path} was changed after it was written: {error}") from error
    if not {"images", "points"} <= found.keys():
        raise StoreError(f"{path} holds images of another session.")
    return found


def read_state(folder: Path, session: Session) -> bytes:
    """Return the stored state, or raise StoreError where it was changed."""
    path = folder / STATE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"Cannot use {path}: {error.strerror or error}.") from error
    if sha256(content) != session.state_sha256:
        raise StoreError(f"{path} was changed after it was written: its checksum differs.")
    return content


def write(folder: Path, name: str, content: bytes | str) -> None:
    """Write a file of a session, whole or not at all."""
    try:
        write_whole(folder / name, content)
    except OSError as error:
        raise StoreError(f"{folder / name} cannot be written: {error.strerror or error}.") from error


def sha256(content: bytes) -> str:
    """Return a checksum as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
