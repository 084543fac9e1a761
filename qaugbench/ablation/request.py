"""What a study of noise is asked to do, as plain data, and what names alone can say against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.experiment.request import Accelerator, RunRequest

if TYPE_CHECKING:
    from qaugbench.experiment.noise_cells import Mode

NO_MITIGATION = "none"
IMAGES = 150
"""Images of a level in each replicate where nothing else is asked for."""
FEWEST_IMAGES = 20


@dataclass(frozen=True)
class NoiseRequest:
    """What is studied; the command line's options have the same names.

    ``axes`` are ``NAME`` or ``NAME=VALUES``, ``devices`` presets, snapshots or TOML files. ``scale`` makes each device a sweep,
    and ``recipe_levels`` trains the classifier at some of its strengths. ``mitigations`` are drawn beside every level.
    ``images`` are drawn at each level in each replicate: without it ``IMAGES``, or all that the run draws where these are fewer or
    the classifier is trained on them.
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
    images: int | Literal["all"] | None = None
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

    def first_images(self, drawn: int) -> int | None:
        """Return how many images a level has in each replicate, of as many as are ``drawn`` by the run; None for all of them.

        Raises DefinitionError where more are asked for than the run draws.
        """
        if self.images == "all" or self.recipe_levels:
            return None
        if self.images is not None and self.images > drawn:
            raise DefinitionError(f"--images is {self.images}, and the run draws {drawn}; give fewer, or 'all'.")
        asked = IMAGES if self.images is None else self.images
        return asked if asked < drawn else None

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
    _check_images(request)
    if request.mitigation_names and request.mode == "train":
        raise DefinitionError(
            "--mode train draws without noise, so there is nothing to mitigate; leave out --mitigation, or give --mode both."
        )
    name = request.generator
    _, after = definitions.split_name(name)  # a variant is no control
    if after and not Path(after).exists():
        raise DefinitionError(f"{name!r} is a control; give the generator itself, its twin is measured beside it.")


def _check_images(request: NoiseRequest) -> None:
    asked: object = request.images
    if asked is None or asked == "all":
        return
    if isinstance(asked, bool) or not isinstance(asked, int):
        raise DefinitionError(f"--images is {asked!r}, which is neither a number of images nor 'all'.")
    if asked < FEWEST_IMAGES:
        raise DefinitionError(f"--images is {asked}, and measures need at least {FEWEST_IMAGES}; give more, or 'all'.")
    if request.recipe_levels:
        raise DefinitionError("--recipe-levels trains the classifier on all images of a level; leave out --images.")
