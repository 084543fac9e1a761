"""What a study of noise is asked to do, as plain data, and what names alone can say against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.experiment.request import Accelerator, RunRequest

if TYPE_CHECKING:
    from qaugbench.experiment.noise_cells import Mode

NO_MITIGATION = "none"


@dataclass(frozen=True)
class NoiseRequest:
    """What is studied; the command line's options have the same names.

    ``axes`` are ``NAME`` or ``NAME=VALUES``, ``devices`` presets, snapshots or TOML files. ``scale`` makes each device a sweep,
    and ``recipe_levels`` trains the classifier at some of its strengths. ``mitigations`` are drawn beside every level.
    """

    task: str
    generator: str
    axes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    scale: bool = False
    recipe_levels: bool = False
    mode: Mode = "sample"
    mitigations: tuple[str, ...] = ()
    data: Path | None = None
    source: str | None = None
    track: str = "lite"
    fraction: float | None = None
    replicates: int | None = None
    split: str | None = None
    allow_leaky_split: bool = False
    jobs: int | None = None
    accelerator: Accelerator = "auto"
    out: Path = field(default_factory=lambda: Path("runs"))
    quiet: bool = False

    @property
    def mitigation_names(self) -> tuple[str, ...]:
        """The full names of what mitigates, each once, without "none"."""
        from qaugbench.circuits.mitigation.names import full_name

        return tuple(dict.fromkeys(full_name(name) for name in self.mitigations if name != NO_MITIGATION))

    @property
    def run(self) -> RunRequest:
        """The run whose fits are drawn from."""
        return RunRequest(
            task=self.task,
            generators=(self.generator,),
            data=self.data,
            source=self.source,
            track=self.track,
            fraction=None if self.fraction is None else (self.fraction,),
            replicates=self.replicates,
            split=self.split,
            allow_leaky_split=self.allow_leaky_split,
            jobs=self.jobs,
            plateau_check=False,
            metrics=False,
            accelerator=self.accelerator,
            out=self.out,
            quiet=self.quiet,
        )


def check_names(request: NoiseRequest) -> None:
    """Raise for an axis, a device or a generator that nothing has, before PyTorch is imported or data are read."""
    from qaugbench.ablation.axes import asked_axis
    from qaugbench.circuits.noise.named import named_device

    for text in request.axes:
        asked_axis(text)
    for text in request.devices:
        named_device(text)
    if request.mitigation_names and request.mode == "train":
        raise DefinitionError(
            "--mode train draws without noise, so there is nothing to mitigate; leave out --mitigation, or give --mode both."
        )
    name = request.generator
    _, after = definitions.split_name(name)  # a variant is no control
    if after and not Path(after).exists():
        raise DefinitionError(f"{name!r} is a control; give the generator itself, its twin is measured beside it.")
