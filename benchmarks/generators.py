"""Seconds per training step of each quantum generator, against running its circuits as published code does.

    OMP_NUM_THREADS=1 python benchmarks/generators.py [NAME ...] [--track lite] [--batch 8] [--steps 1]

Published code calls one circuit at a time: a QNode of PennyLane on default.qubit for each sample and each circuit, differentiated
by backpropagation. Here this is written anew for any generator, from the gates of its own circuits (``to_qnode``). Both sides fit
the same generator from the same weights to the same images with the settings of a track; only what runs its circuits differs.
Their losses have to agree before anything is printed. Times are processor times of one thread, of whole steps after a first one;
"evaluations" are those of single circuits in a step. A generator whose circuits have no QNode is named with the reason.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from unittest import mock

import torch
from torch import nn

from qaugbench import definitions
from qaugbench.circuits import block as block_module
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.export.pennylane import to_qnode
from qaugbench.errors import QaugbenchError
from qaugbench.formatting import markdown_table
from qaugbench.generators.shared.model import Model
from qaugbench.inspection.build import fit_space_without_training, images_needed, new_model
from qaugbench.inspection.generator_audit import few_images
from qaugbench.inspection.trial_fit import counted_runs
from qaugbench.kinds import may_run_circuits

TASK = "brainmri"
SEED = 0
AGREEMENT = 1e-3  # of losses, relative to the largest: our circuits are in single precision
HEADER = ("generator", "circuits", "batch", "evaluations", "ours (s)", "sample by sample (s)", "ratio")


class SampleBySample(nn.Module):
    """An executor of circuits that calls a QNode for each sample and each copy."""

    def __init__(self, circuit: Circuit, execution: Execution) -> None:
        super().__init__()
        self.qnode = to_qnode(circuit)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        by_copy = inputs.expand(len(weights), -1, -1)
        rows = [
            torch.stack([self._one(x, own) for x in samples]) for samples, own in zip(by_copy, weights, strict=True)
        ]
        return torch.stack(rows)

    def _one(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        outputs = self.qnode(inputs, weights)
        return (outputs if isinstance(outputs, torch.Tensor) else torch.stack(tuple(outputs))).to(weights.dtype)


@contextmanager
def sample_by_sample() -> Iterator[None]:
    """Let blocks that are made inside the context run their circuits sample by sample."""
    with mock.patch.object(block_module, "build_executor", SampleBySample):
        yield


@dataclass(frozen=True)
class Steps:
    """Processor seconds per step, the losses of the first one, and how many circuits ran in it."""

    seconds: float
    losses: dict[str, float]
    evaluations: int


def measured(model: Model, batch: int, steps: int) -> Steps:
    """Return what ``steps`` steps of ``model`` take, after a first one."""
    images = few_images(model.space.image_shape, model.n_labels, n=max(4 * batch, images_needed(model)))
    training = model.recipe.training
    fit_space_without_training(model, images.images)
    marks: list[float] = []
    with counted_runs() as counted:
        course = model.fit(
            images,
            seed=SEED,
            training=training.lasting(1 + steps, batch),
            progress=lambda *_: marks.append(time.process_time()),
        )
    seconds = [after - before for before, after in pairwise(marks)]
    first = {name: value for name, value in course.curve[0].items() if name != "step"}
    return Steps(statistics.median(seconds), first, sum(counted.runs.values()) // (1 + steps))


def compared(name: str, track: str, batch: int | None, steps: int) -> tuple[str, ...]:
    """Return the row of one generator; raises SystemExit if the two sides do not compute the same."""
    side = definitions.track(definitions.task(TASK), track).image_size
    ours = new_model(name, track=track, image_shape=(side, side, 1))
    unlike = [type(one.circuit).__name__ for one in ours.circuits if not isinstance(one.circuit, Circuit)]
    if unlike or not ours.circuits:
        return name, f"no QNode: {unlike[0] if unlike else 'no circuit'}", *["-"] * (len(HEADER) - 2)
    size = batch or ours.recipe.training.batch_size
    mine = measured(ours, size, steps)
    with sample_by_sample():
        theirs = measured(new_model(name, track=track, image_shape=(side, side, 1)), size, steps)
    check(name, mine.losses, theirs.losses)
    sizes = dict.fromkeys(f"{one.copies} x {one.circuit.n_wires} qubits" for one in ours.circuits)
    return (
        name,
        f"{len(ours.circuits)} x ({', '.join(sizes)})",
        str(size),
        f"{mine.evaluations:,}",
        f"{mine.seconds:.3g}",
        f"{theirs.seconds:.3g}",
        f"{theirs.seconds / mine.seconds:.3g}",
    )


def check(name: str, ours: dict[str, float], theirs: dict[str, float]) -> None:
    """Stop if the losses of a first step differ: only equal results can be compared in speed."""
    largest = max(map(abs, ours.values()))
    for loss, value in ours.items():
        if not abs(value - theirs[loss]) <= AGREEMENT * max(largest, 1.0):
            raise SystemExit(
                f"{name}: the loss {loss!r} is {value} with our circuits and {theirs[loss]} sample by sample"
            )


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    given = arguments()
    rows: list[Sequence[str]] = []
    for name in given.names or [card.id for card in definitions.usable_cards() if may_run_circuits(card.kind)]:
        try:
            rows.append(compared(name, given.track, given.batch, given.steps))
        except QaugbenchError as error:
            rows.append((name, str(error), *["-"] * (len(HEADER) - 2)))
    print(f"Track {given.track}, images as of {TASK}, {given.steps} steps after a first one.\n")
    print(markdown_table(HEADER, rows))


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="generators; all with circuits by default")
    parser.add_argument("--track", default="smoke", help="whose settings and image size are used (default: smoke)")
    parser.add_argument("--batch", type=int, help="images per step, where those of the track take too long")
    parser.add_argument("--steps", type=int, default=1, help="steps that are timed, after a first one (default: 1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
