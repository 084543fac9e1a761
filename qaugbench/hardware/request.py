"""What is asked to be drawn on a device, as plain data, and what names alone can say against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qaugbench import definitions
from qaugbench.circuits.devices.device import Device
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.experiment.request import Accelerator, RunRequest

REPLAY = "replay:"


@dataclass(frozen=True)
class HardwareRequest:
    """``images`` of a generator as a run on the same images fitted it, in one replicate, its circuits run on ``backend``.

    ``backend`` is ``fake:NAME``, ``aer`` or ``ibm:NAME``, ``shots`` are those of each measurement setting, and ``folder`` is
    where everything is kept; None stands for one in ``out`` named after the rest.
    """

    task: str
    generator: str
    backend: str
    images: int = 16
    shots: int = 1024
    data: Path | None = None
    source: str | None = None
    track: str = "lite"
    fraction: float | None = None
    replicate: int = 0
    split: str | None = None
    allow_leaky_split: bool = False
    jobs: int | None = None
    accelerator: Accelerator = "cpu"
    folder: Path | None = None
    out: Path = field(default_factory=lambda: Path("runs"))
    quiet: bool = False

    @property
    def run(self) -> RunRequest:
        """The run whose fit is drawn from."""
        return RunRequest(
            task=self.task,
            generators=(self.generator,),
            data=self.data,
            source=self.source,
            track=self.track,
            fraction=None if self.fraction is None else (self.fraction,),
            replicates=self.replicate + 1,
            split=self.split,
            allow_leaky_split=self.allow_leaky_split,
            jobs=self.jobs,
            plateau_check=False,
            metrics=False,
            accelerator=self.accelerator,
            out=self.out,
            quiet=self.quiet,
        )


def check_names(request: HardwareRequest) -> None:
    """Raise for numbers, a device or a generator that cannot be, before PyTorch is imported or data are read."""
    for what, number in (("images", request.images), ("shots", request.shots)):
        if number < 1:
            raise DefinitionError(f"At least one of {what} is needed, given {number}.")
    if request.replicate < 0:
        raise DefinitionError(f"Replicates are counted from 0, given {request.replicate}.")
    if request.backend.startswith(REPLAY):
        raise CircuitError("A replay needs neither task nor generator: give --replay FOLDER alone.")
    name = request.generator
    _, after = definitions.split_name(name)  # a variant is no control
    if after and not Path(after).exists():
        raise DefinitionError(f"{name!r} is a control; give the generator itself.")


def check_backend(request: HardwareRequest) -> Device:
    """Return the device that is asked for, or raise CircuitError for one that there is not."""
    from qaugbench.hardware.session import ANSWERS

    return Device.parse(request.backend, store=Path(ANSWERS))
