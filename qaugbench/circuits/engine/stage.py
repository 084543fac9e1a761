"""A run of steps during which the number type of the state, and whether copies and samples differ, stay the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import itemgetter

import torch
from torch import nn

from qaugbench.circuits.engine.basis_states import sources
from qaugbench.circuits.engine.blocks import partition
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.local_step import ApplyLocal
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.phase_step import ApplyPhase
from qaugbench.circuits.engine.plan import Local, Permutation, Phase, PlanStep
from qaugbench.circuits.engine.reversible import evolve
from qaugbench.circuits.engine.step import ApplyPermutation, Step, Use


class Stage(nn.Module):
    """Runs steps in order; those of one form are one module, used several times.

    ``is_suffix``: no step here or later differs from sample to sample.
    """

    def __init__(
        self, plan_steps: Sequence[PlanStep], n_wires: int, needs: Needs, *, is_complex: bool, is_suffix: bool
    ) -> None:
        super().__init__()
        self.is_complex, self.is_suffix = is_complex, is_suffix
        alike: dict[Hashable, list[int]] = {}
        for place, step in enumerate(plan_steps):
            alike.setdefault(_form(step, n_wires), []).append(place)
        self.runners: list[Step] = []
        uses: list[tuple[int, Use]] = []
        for places in alike.values():
            runner = _executable([plan_steps[place] for place in places], n_wires, needs, is_complex=is_complex)
            self.runners.append(runner)
            uses += [(place, Use(runner, number)) for number, place in enumerate(places)]
        self.uses = [use for _, use in sorted(uses, key=itemgetter(0))]
        self.steps = nn.ModuleList(self.runners)

    @property
    def work(self) -> int:
        """Multiplications per amplitude, roughly."""
        return sum(use.step.work for use in self.uses)

    def forward(self, state: torch.Tensor, operands: Operands, *, reversible: bool) -> torch.Tensor:
        copies, batch = (max(sizes) for sizes in zip(*(step.extent(operands) for step in self.runners), strict=True))
        state = expanded(state, copies, batch, batch_first=operands.batch_first)
        if self.is_complex and not state.is_complex():
            state = torch.complex(state, torch.zeros_like(state))
        if reversible:
            return evolve(state, operands, self.uses)
        made = {step: step.prepare(operands, len(state), slice(None)) for step in self.runners}
        for step, number in self.uses:
            state = step.apply_one(state, made[step], number, Buffers())
        return state


def expanded(state: torch.Tensor, copies: int, batch: int, *, batch_first: bool) -> torch.Tensor:
    """Return ``state`` with at least that many copies and samples."""
    first, last = (batch, 1) if batch_first else (1, batch)
    return state.expand(max(len(state), copies), max(state.shape[1], first), -1, max(state.shape[3], last))


def _form(step: PlanStep, n_wires: int) -> Hashable:
    """Return a key that is equal for steps that can share a module."""
    if isinstance(step, Local):
        return "local", *((key, tuple(first_wires)) for key, first_wires in partition(step.runs).items())
    if isinstance(step, Permutation):
        return "permutation", *sources(step.operations, n_wires)
    return "phase", *((o.name, o.wires, o.is_sampled) for o in step.operations)


def _executable(steps: Sequence[PlanStep], n_wires: int, needs: Needs, *, is_complex: bool) -> Step:
    if isinstance(steps[0], Local):
        return ApplyLocal([step for step in steps if isinstance(step, Local)], n_wires, needs)
    if isinstance(steps[0], Phase):
        phases = [step for step in steps if isinstance(step, Phase)]
        return ApplyPhase(phases, n_wires, needs, is_complex=is_complex)
    return ApplyPermutation(steps[0], n_wires)
