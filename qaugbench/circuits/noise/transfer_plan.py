"""The order of operations on a Pauli vector: which wires come first in memory, and what acts on them.

The Pauli vector of n wires holds tr(P rho) for the 4^n Pauli words P, each wire being a digit I X Y Z. A block multiplies the
digits of the first wires and moves them last, so that the next block finds its own wires first. Gates that only
exchange and scale words (CZ, CNOT, SWAP, depolarising) are gathered into one reordering, which may leave the wires in
any order that suits what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from qaugbench.circuits.noise.fusion import Block, fuse
from qaugbench.circuits.noise.layout import Layout, leading
from qaugbench.circuits.noise.pauli_permutations import Exchange, in_memory
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.wire_channels import Run

TABLE_BYTES = 2**29  # the most that the tables of all reorderings may take
_ENTRY_BYTES = 16  # two numbers of four bytes and a scale


@dataclass
class Local:
    """Runs on some wires."""

    runs: dict[int, Run]


@dataclass(frozen=True)
class Gather:
    """A reordering of entries in memory, from one order of the wires to another, and the exchanges of words on the way."""

    before: Layout
    after: Layout
    exchange: Exchange


PlanStep = Local | Exchange | Block


@dataclass
class TransferPlan:
    """``start``: the run of each wire on |0>, laid out in ``start_layout``; then ``actions``; then ``end``.

    Under an amplitude embedding, the runs of ``start`` are empty and its wires come first in the layout.
    ``is_tabulated``: whether reorderings are tables; otherwise no words are exchanged on the way.
    """

    n_wires: int
    start: list[Run]
    start_layout: Layout
    is_tabulated: bool
    actions: list[Block | Gather] = field(default_factory=list)
    end_layout: Layout = ()
    end: Exchange = field(default_factory=Exchange)

    def locate(self, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where in memory the Pauli ``words`` (their numbers) are at the end, and their factors."""
        source, scale = self.end.trace(words, self.n_wires)
        return in_memory(source, self.end_layout), scale


def plan_transfer(program: Program) -> TransferPlan:
    """Return the plan of a program."""
    plan = _plan(program, is_tabulated=True)
    tables = {action for action in plan.actions if isinstance(action, Gather)}
    if len(tables) * 4**program.n_wires * _ENTRY_BYTES > TABLE_BYTES:
        plan = _plan(program, is_tabulated=False)
    return plan


def _plan(program: Program, *, is_tabulated: bool) -> TransferPlan:
    first, *steps = _steps(program, is_tabulated=is_tabulated)
    assert isinstance(first, Local)
    start = {} if program.start else first.runs
    steps = [first, *steps] if program.start else steps
    end = steps.pop() if steps and isinstance(steps[-1], Exchange) else None
    actions: list[Block | Exchange] = []
    for step in steps:
        actions += _paired(step, program) if isinstance(step, Local) else [step]
    layout = tuple(range(program.n_wires))
    if program.start:
        layout = program.start.wires + tuple(wire for wire in layout if wire not in program.start.wires)
    else:
        layout = _wanted(actions, layout)
    runs = [start.get(wire, Run()) for wire in range(program.n_wires)]
    plan = TransferPlan(program.n_wires, runs, layout, is_tabulated)
    for number, action in enumerate(actions):
        following = actions[number + 1 :] if isinstance(action, Exchange) else actions[number:]
        if isinstance(action, Exchange) or layout[: len(action.wires)] != action.wires:
            # A table makes every reordering equally expensive; without one, the less is moved the better.
            wanted = _wanted(following if is_tabulated else following[:1], layout)
            plan.actions.append(Gather(layout, wanted, action if isinstance(action, Exchange) else Exchange()))
            layout = wanted
        if isinstance(action, Block):
            plan.actions.append(action)
            layout = layout[len(action.wires) :] + action.wires
    plan.end_layout, plan.end = layout, end if isinstance(end, Exchange) else Exchange()
    return plan


def _steps(program: Program, *, is_tabulated: bool) -> list[PlanStep]:
    blocks, left = fuse(program)
    steps = _Steps(program.n_wires)
    for block in blocks:
        if is_tabulated and block.is_monomial:
            for wire, run in zip(block.wires, block.runs[0], strict=True):
                steps.run(wire, run, may_exchange=True)
            steps.exchange(block.wires, block.cores[0])
        else:
            steps.block(block)
    for wire, run in enumerate(left):
        steps.run(wire, run, may_exchange=is_tabulated)
    return steps.steps


class _Steps:
    """Collects steps; each joins an earlier one of its kind where no other comes between. The first is a Local."""

    def __init__(self, n_wires: int) -> None:
        self.steps: list[PlanStep] = [Local({})]
        self.last = [-1] * n_wires  # the last step on each wire

    def run(self, wire: int, run: Run, *, may_exchange: bool) -> None:
        if run.is_identity:
            return
        if may_exchange and run.is_monomial:
            self.exchange((wire,), run.constants[0])
            return
        step = self._joinable(Local, (wire,))
        if step is None:
            step = Local({})
            self._append(step, (wire,))
        assert isinstance(step, Local)
        step.runs.setdefault(wire, Run()).then_run(run)

    def exchange(self, wires: tuple[int, ...], matrix: np.ndarray) -> None:
        step = self._joinable(Exchange, wires)
        if step is None:
            step = Exchange()
            self._append(step, wires)
        assert isinstance(step, Exchange)
        step.then(wires, matrix)

    def block(self, block: Block) -> None:
        first = list(block.runs[0])
        for position, wire in enumerate(block.wires):
            if self.last[wire] < 0:
                self.run(wire, first[position], may_exchange=False)  # a part of the product that the circuit starts in
                first[position] = Run()
        self._append(Block(block.wires, [tuple(first), *block.runs[1:]], block.cores), block.wires)

    def _joinable(self, kind: type[PlanStep], wires: Sequence[int]) -> PlanStep | None:
        first = max(0, *(self.last[wire] for wire in wires))
        for number in range(first, len(self.steps)):
            if isinstance(self.steps[number], kind):
                for wire in wires:
                    self.last[wire] = number
                return self.steps[number]
        return None

    def _append(self, step: PlanStep, wires: Sequence[int]) -> None:
        self.steps.append(step)
        for wire in wires:
            self.last[wire] = len(self.steps) - 1


def _paired(step: Local, program: Program) -> list[Block]:
    """Return the runs in pairs of the same kind: without an angle, with shared angles, with sampled ones."""

    def kind(wire: int) -> tuple[bool, bool, int]:
        rows = step.runs[wire].rows
        return any(program.angles[row].inputs for row in rows), bool(rows), wire

    wires = sorted(step.runs, key=kind)
    pairs = [tuple(wires[k : k + 2]) for k in range(0, len(wires), 2)]
    return [Block(pair, [tuple(step.runs[wire] for wire in pair)]) for pair in pairs]


def _wanted(actions: Sequence[Block | Exchange], layout: Layout) -> Layout:
    return leading((action.wires if isinstance(action, Block) else None for action in actions), layout)
