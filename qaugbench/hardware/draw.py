"""Draws the images of a session: on its device, as far as it has not answered yet, or from its answers alone."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.store import JobRecord, stored_jobs
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.errors import DefinitionError, StoreError
from qaugbench.files import npz_bytes
from qaugbench.generators.shared.model import Model
from qaugbench.hardware.session import (
    ANSWERS,
    DRAWN,
    SHEET,
    Session,
    answered,
    no_circuits,
    read,
    read_state,
    stored_arrays,
    write,
)

POINTS_APART, LEVELS_APART = 1e-3, 1
"""By how much points, and images in levels of grey, may differ where another processor replays them."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Drawn:
    """What a device drew, beside the ideal images of the same noise and labels.

    ``deviation`` is the root mean square by which the outputs of the circuits missed the exact ones, ``shot_noise`` that of as
    many shots on a perfect device (both None where circuits draw single bitstrings); ``levels`` the mean absolute difference of
    images from the ideal ones, of 255. Figures of circuits are the largest over all settings, after routing.
    """

    title: str
    folder: str
    backend: str
    calibrated: str | None
    versions: dict[str, str]
    job_ids: tuple[str, ...]
    shots: int
    seconds: float
    qubits: int
    depth: int
    two_qubit_gates: int
    deviation: float | None
    shot_noise: float | None
    levels: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    def text(self) -> str:
        """Return it in lines."""
        jobs = f"{len(self.job_ids)} jobs" if len(self.job_ids) > 1 else "1 job"
        calibrated = f", calibrated {self.calibrated}" if self.calibrated else ""
        lines = [
            self.title,
            f"{self.shots:,} shots in {jobs} on {self.backend}{calibrated}, {self.seconds:,.1f} s; first job id {self.job_ids[0]}",
            f"after routing: at most {self.qubits} qubits, depth {self.depth}, {self.two_qubit_gates} two-qubit gates",
        ]
        if self.deviation is not None:
            lines.append(
                f"outputs of the circuits missed the exact ones by {self.deviation:.4f} (root mean square), of which shots explain "
                f"{self.shot_noise:.4f}"
            )
        lines.append(
            f"images differ from the ideal ones by {self.levels:.1f} of 255 levels on average: {self.folder}/{SHEET}"
        )
        return "\n".join(lines)


@dataclass(frozen=True)
class Replayed:
    """What replaying gave: how far points and images are from the stored ones at most, and whether they are the same."""

    drawn: Drawn
    points_apart: float
    levels_apart: int

    @property
    def holds(self) -> bool:
        """Whether no more differs than another processor explains."""
        return self.points_apart <= POINTS_APART and self.levels_apart <= LEVELS_APART

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        apart = {"points_apart": self.points_apart, "levels_apart": self.levels_apart, "holds": self.holds}
        return {**self.drawn.to_dict(), **apart}

    def text(self) -> str:
        """Return it in lines."""
        same = "the same images, bit for bit" if not self.levels_apart else f"images within {self.levels_apart} level"
        found = same if self.holds else f"other images, up to {self.levels_apart} levels away"
        return f"{self.drawn.text()}\nreplayed: {found}; points within {self.points_apart:.2g} of the stored ones"


def draw(folder: Path, progress: Progress | None = None) -> Drawn:
    """Draw the session in ``folder`` on its device and write images and a sheet; jobs that were answered are not run again.

    Raises:
        CircuitError: a device that cannot be reached, or a job that failed: the same call resumes.
        StoreError: a folder that cannot be read or written.
    """
    session = read(folder)
    model = model_of(folder, session)
    device = Device.parse(session.backend, store=folder / ANSWERS)
    arrays, drawn = _drawn(folder, session, model, device, progress)
    write(folder, DRAWN, npz_bytes(arrays))
    write(folder, SHEET, _sheet(arrays["images"], arrays["ideal"]))
    return drawn


def replay(folder: Path, progress: Progress | None = None) -> Replayed:
    """Draw the session in ``folder`` from its answers alone, and compare with the stored images. Nothing is written.

    Raises:
        CircuitError: answers are missing, or belong to other circuits or angles.
        StoreError: files are missing or were changed.
    """
    session = answered(folder)
    model = model_of(folder, session)
    arrays, drawn = _drawn(folder, session, model, Device.parse(f"replay:{folder / ANSWERS}"), progress)
    stored = stored_arrays(folder)
    if any(stored[name].shape != arrays[name].shape for name in ("images", "points")):
        raise StoreError(f"{folder / DRAWN} holds images of another session.")
    return Replayed(
        drawn,
        float(np.abs(stored["points"] - arrays["points"]).max(initial=0.0)),
        int(np.abs(stored["images"].astype(int) - arrays["images"]).max(initial=0)),
    )


def model_of(folder: Path, session: Session) -> Model:
    """Return the fitted generator of a session.

    Raises:
        DefinitionError: it runs circuits that no device of qubits runs, or none.
    """
    from safetensors.torch import load

    from qaugbench.cards import Training
    from qaugbench.generators.shared.discovery import generator_class
    from qaugbench.generators.shared.model import Recipe, load_tensors
    from qaugbench.generators.spaces.named import new_space
    from qaugbench.typed import from_dict

    kind = generator_class(session.class_of)
    recipe = Recipe(
        kind=kind,
        hyper=from_dict(kind.Hyper, dict(session.hyper), "hyper"),
        training=Training(steps=0, batch_size=1),
        per_label=session.per_label,
    )
    settings = {**session.space["training"], **session.space["hyper"]}
    space, _ = new_space(session.space["name"], session.image_shape, settings)
    state = load(read_state(folder, session))
    load_tensors(
        space, {name.removeprefix("space."): value for name, value in state.items() if name.startswith("space.")}
    )
    model = Model(recipe, space.eval(), len(session.label_names))
    if not model.circuits or not all(isinstance(block.circuit, Circuit) for block in model.circuits):
        raise no_circuits(session.generator, session.backend)
    prefix = "generator."
    model.load({name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)})
    return model


def _drawn(
    folder: Path, session: Session, model: Model, device: Device, progress: Progress | None
) -> tuple[dict[str, np.ndarray], Drawn]:
    with _told(progress):
        points, deviation = _points(model, session, Execution(shots=session.shots, device=device))
    _, shot_noise = _points(model, session, Execution(shots=session.shots))
    ideal, _ = _points(model, session, IDEAL)
    arrays = {
        "images": model.space.decode(points),
        "points": points.cpu().numpy(),
        "ideal": model.space.decode(ideal),
        "labels": session.vectors,
    }
    jobs = stored_jobs(folder / ANSWERS)
    if not jobs:
        raise DefinitionError(f"{session.generator!r} runs its circuits in training alone, none while it draws images.")
    apart = float(np.abs(arrays["images"].astype(float) - arrays["ideal"]).mean())
    return arrays, _report(folder, session, jobs, deviation, shot_noise, apart)


def _points(model: Model, session: Session, execution: Execution) -> tuple[torch.Tensor, float | None]:
    """Return the points, and by how much the circuits' outputs missed the exact ones; None where there are no exact ones."""
    from qaugbench.generators.shared.added_noise import mean_squares, recorded_deviations

    with recorded_deviations(model.blocks) as recorded:
        points = model.points(session.vectors, seed=session.seed, execution=execution)
    squares = [mean_squares(moments) for moments in recorded.values() if moments.rows]
    return points, float(np.sqrt(np.concatenate(squares).mean())) if squares else None


def _report(
    folder: Path,
    session: Session,
    jobs: list[tuple[JobRecord, int]],
    deviation: float | None,
    shot_noise: float | None,
    levels: float,
) -> Drawn:
    costs = [cost for job, _ in jobs for cost in job.costs]
    first = jobs[0][0]
    return Drawn(
        title=session.title,
        folder=str(folder),
        backend=first.backend,
        calibrated=first.calibrated,
        versions=dict(first.versions),
        job_ids=tuple(job.job_id for job, _ in jobs),
        shots=sum((job.stop - job.start) * len(job.settings) * shots for job, shots in jobs),
        seconds=sum(job.seconds or 0.0 for job, _ in jobs),
        qubits=max(len(cost["qubits"]) for cost in costs),
        depth=max(cost["depth"] for cost in costs),
        two_qubit_gates=max(cost["two_qubit_gates"] for cost in costs),
        deviation=deviation,
        shot_noise=shot_noise if deviation is not None else None,
        levels=levels,
    )


@contextmanager
def _told(progress: Progress | None) -> Iterator[None]:
    """Tell ``progress`` each job of the devices, whose executors write them into the log."""
    log = logging.getLogger("qaugbench.circuits.devices.executor")
    level = log.level

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if progress:
                progress(record.getMessage())

    teller = Teller()
    log.addHandler(teller)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(teller)
        log.setLevel(level)


def _sheet(images: np.ndarray, ideal: np.ndarray) -> bytes:
    """Return a PNG of the first 16 images, the ideal ones below."""
    from PIL import Image

    rows = [np.concatenate([*part[:16]], axis=1) for part in (images, ideal)]
    sheet = np.concatenate(rows, axis=0)
    buffer = io.BytesIO()
    Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet).save(buffer, "PNG")
    return buffer.getvalue()
