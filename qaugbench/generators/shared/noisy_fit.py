"""A generator that is fitted while its circuits run under noise, as on the device that is to draw from it."""

from __future__ import annotations

from typing import Any

import torch

from qaugbench.circuits.block import Block
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.generators.contract import Batch, Generator, Optimizers
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.one_per_label import OnePerLabel
from qaugbench.seeds import child_seed, torch_generator


class NoisyModel(Model):
    """The ``model``, not fitted, in whose steps of training circuits are evaluated under ``execution``.

    What noise draws at random in a step follows from the seed, the step and the number of the block alone, so that a fit that
    resumes gives the same bits. Afterwards circuits are exact again: ``sample`` says what it draws under.
    """

    def __init__(self, model: Model, execution: Execution) -> None:
        self.execution = execution
        super().__init__(model.recipe, model.space, model.n_labels)

    def _new(self, seed: int) -> Generator:
        made = super()._new(seed)
        members = made.members if isinstance(made, OnePerLabel) else [made]
        for place, member in enumerate(members):
            _steps_under(member, self.execution, child_seed(seed, "noise", place))
        return made


def _steps_under(generator: Any, execution: Execution, seed: int) -> None:
    """Let every step of ``generator`` evaluate its circuits under ``execution``."""
    step = generator.step

    def noisy_step(batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        blocks = [part for part in generator.modules() if isinstance(part, Block)]
        for number, block in enumerate(blocks):
            block.run_under(execution, torch_generator(child_seed(seed, "step", batch.step, number)))
        try:
            losses: dict[str, torch.Tensor] = step(batch, optimizers, random)
        finally:
            for block in blocks:
                block.run_under(IDEAL)
        return losses

    generator.step = noisy_step
