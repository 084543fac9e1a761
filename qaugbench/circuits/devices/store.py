"""Answers of devices, stored so that they can be replayed without them.

    FOLDER/<key of the request>/request.json   the circuit, shots, samples, ticket and backend
                                angles.npz      the angles of every sample
                                job-0000.json   job id, backend, calibration, versions, cost, checksum of the counts
                                job-0000.npz    the bits of every shot, packed, one array per setting

Files are written whole. A job that was submitted but not answered has only its .json.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.circuits.circuit import Circuit
from qaugbench.errors import CircuitError, StoreError
from qaugbench.files import json_text, write_whole

FORMAT_VERSION = 1
TOLERANCE = 1e-4  # radians: other processors may differ by this much on the same inputs
Bits = tuple[np.ndarray, ...]  # uint8 [samples, shots, bytes] of each setting


@dataclass(frozen=True)
class Request:
    """What is asked of a device; ``ticket`` is the number that the executor drew for this call."""

    circuit: Circuit
    shots: int
    samples: int
    ticket: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"circuit": self.circuit.to_dict(), "shots": self.shots, "samples": self.samples, "ticket": self.ticket}

    @property
    def key(self) -> str:
        """The name of the request's folder, 16 hexadecimal digits."""
        return _sha256(json_text({"format": FORMAT_VERSION, **self.to_dict()}).encode())[:16]


@dataclass(frozen=True)
class JobRecord:
    """One job: ``settings`` of the circuit and samples ``start`` to ``stop``, and where and how they were run."""

    index: int
    settings: tuple[int, ...]
    start: int
    stop: int
    job_id: str
    backend: str
    calibrated: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    costs: tuple[Mapping[str, Any], ...] = ()
    seconds: float | None = None
    sha256: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**asdict(self), "settings": list(self.settings), "costs": [dict(cost) for cost in self.costs]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> JobRecord:
        """Return the record that ``to_dict`` wrote."""
        return cls(**{**data, "settings": tuple(data["settings"]), "costs": tuple(data["costs"])})


class Answers:
    """The folder of one request."""

    def __init__(self, folder: Path, request: Request) -> None:
        self.folder = folder / request.key
        self.request = request

    @property
    def exists(self) -> bool:
        """Whether the request has been stored."""
        return (self.folder / "request.json").exists()

    def begin(self, angles: np.ndarray, backend: str) -> None:
        """Store the request, or raise if the folder holds another one, or answers of another backend, under its key."""
        if self.exists:
            found = self.check(angles)
            if found != backend:
                raise CircuitError(f"{self.folder} holds answers of {found}, not of {backend}; use another folder.")
            return
        buffer = io.BytesIO()
        np.savez_compressed(buffer, angles=angles)
        _write(self.folder / "angles.npz", buffer.getvalue())
        facts = {"format": FORMAT_VERSION, **self.request.to_dict()}
        about = {"backend": backend, "angles_sha256": _sha256(buffer.getvalue())}
        _write(self.folder / "request.json", json_text({**facts, **about}))

    def check(self, angles: np.ndarray) -> str:
        """Return the backend that was asked; raise unless the stored request is this one, for these angles."""
        path = self.folder / "request.json"
        data = _read_json(path)
        stored = {key: data.get(key) for key in self.request.to_dict()}
        if stored != json.loads(json.dumps(self.request.to_dict())):
            raise StoreError(
                f"{path} was changed after it was written: it does not hold the request that its name stands for."
            )
        with _open_arrays(self.folder / "angles.npz", data.get("angles_sha256")) as arrays:
            kept = arrays["angles"]
        apart = float(np.abs(kept - angles).max(initial=0)) if kept.shape == angles.shape else np.inf
        if apart > TOLERANCE:
            raise CircuitError(
                f"{self.folder} holds answers for other inputs or weights (angles differ by up to {apart:.3g} rad); "
                "use the generator's state and inputs of the stored run, or another folder."
            )
        return str(data["backend"])

    def jobs(self) -> list[JobRecord]:
        """Return the records of all jobs, answered or only submitted, by index."""
        paths = sorted(self.folder.glob("job-*.json"))
        try:
            return [JobRecord.from_dict(_read_json(path)) for path in paths]
        except (KeyError, TypeError) as error:
            raise StoreError(f"A job in {self.folder} was not written by qaugbench: {error}.") from error

    def submitted(self, job: JobRecord) -> None:
        """Store that a job was submitted, so that a later call can fetch its answer."""
        _write(self._path(job, "json"), json_text(job.to_dict()))

    def forget(self, job: JobRecord) -> None:
        """Remove a job that failed, so that it is run again."""
        self._path(job, "json").unlink(missing_ok=True)

    def finished(self, job: JobRecord, bits: Bits) -> JobRecord:
        """Store a job's answer and return its record with the checksum."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {f"setting_{s}": part for s, part in zip(job.settings, bits, strict=True)}
        np.savez_compressed(buffer, **arrays)
        _write(self._path(job, "npz"), buffer.getvalue())
        done = replace(job, sha256=_sha256(buffer.getvalue()))
        _write(self._path(job, "json"), json_text(done.to_dict()))
        return done

    def bits(self, job: JobRecord) -> Bits:
        """Return a finished job's answer; raises StoreError if its file was changed."""
        with _open_arrays(self._path(job, "npz"), job.sha256) as arrays:
            found = tuple(arrays[f"setting_{s}"] for s in job.settings)
        wanted = (job.stop - job.start, self.request.shots)
        if any(part.dtype != np.uint8 or part.shape[:2] != wanted for part in found):
            raise StoreError(f"{self._path(job, 'npz')} does not hold {wanted[0]} samples of {wanted[1]} shots.")
        return found

    def _path(self, job: JobRecord, suffix: str) -> Path:
        return self.folder / f"job-{job.index:04d}.{suffix}"


def stored_jobs(folder: Path) -> list[tuple[JobRecord, int]]:
    """Return every answered job of all requests in ``folder``, each with its shots, in the order of their folders and numbers."""
    found = []
    for path in sorted(folder.glob("*/request.json")):
        shots = int(_read_json(path)["shots"])
        records = [JobRecord.from_dict(_read_json(one)) for one in sorted(path.parent.glob("job-*.json"))]
        found += [(job, shots) for job in records if job.sha256]
    return found


def explain_missing(folder: Path, request: Request) -> str:
    """Return how the nearest request in ``folder`` differs from one that is not there."""
    wanted = json.loads(json.dumps(request.to_dict()))
    others = [_read_json(path) for path in sorted(folder.glob("*/request.json"))]
    if not others:
        return f"{folder} holds no answers of a device."
    apart = [sorted(key for key in wanted if other.get(key) != wanted[key]) for other in others]
    nearest = min(range(len(others)), key=lambda number: len(apart[number]))
    told = [
        f"another {key}" if key in {"circuit", "ticket"} else f"{key} {others[nearest].get(key)} (asked: {wanted[key]})"
        for key in apart[nearest]
    ]
    return (
        f"{folder} holds no answer to this request; the nearest of {len(others)} has {', '.join(told)}. "
        "Calls must come in the same order, from a generator of the same seed, as when they were stored."
    )


def _write(path: Path, content: bytes | str) -> None:
    _guard(lambda: write_whole(path, content), path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_guard(lambda: path.read_text(encoding="utf-8"), path))
    except ValueError as error:
        raise StoreError(f"{path} is not JSON: {error}.") from error
    if not isinstance(data, dict) or data.get("format", FORMAT_VERSION) != FORMAT_VERSION:
        raise StoreError(f"{path} is not of format {FORMAT_VERSION}, the only one that can be read.")
    return data


def _open_arrays(path: Path, sha256: str | None) -> Any:
    content = _guard(path.read_bytes, path)
    if _sha256(content) != sha256:
        raise StoreError(f"{path} was changed after it was written: its checksum differs.")
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error


def _guard(action: Callable[[], Any], path: Path) -> Any:
    try:
        return action()
    except OSError as error:
        raise StoreError(f"Cannot use {path}: {error.strerror or error}.") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
