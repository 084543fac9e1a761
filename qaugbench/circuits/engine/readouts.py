"""What is read from states: probabilities of basis states, sampled bits, or expectations of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.local_step import ApplyLocal
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.plan import Local, Operation, Plan, linear_table, sources, spread, units
from qaugbench.circuits.engine.products import Products
from qaugbench.circuits.readout import parse_word
from qaugbench.circuits.sampling import draw_states, state_bits

BASIS_CHANGE = {"X": "H", "Y": "RX+90"}
_NOTHING = Operands({}, {}, batch_first=False)
Word = Sequence[tuple[int, str]]


def readout_of(plan: Plan) -> nn.Module:
    """Return the module ``(state, generator) -> outputs [copies, batch, n_outputs]``."""
    kinds = {"expectation": Expectations, "probabilities": Probabilities, "samples": Samples}
    return kinds[plan.circuit.readout.kind](plan)


class Probabilities(nn.Module):
    """Reads the probabilities of the basis states of the read wires, given the ancillas' bits.

    Where the ancillas' bits cannot be told from impossible at this precision, all probabilities are nan.
    """

    source: torch.Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        relabelled = linear_table(sources(plan.relabelling, plan.circuit.n_wires))
        order = relabelled[_states_by_output(plan.circuit)]
        self.is_conditional = bool(plan.circuit.readout.postselect)
        self.n_summed = order.shape[1]
        self.is_ordered = np.array_equal(order.flatten(), np.arange(len(relabelled)))
        self.register_buffer("source", torch.from_numpy(order.flatten()), persistent=False)

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        squares = square_magnitudes(state)
        if not self.is_ordered:
            squares = squares.index_select(2, self.source)
        found = squares.unflatten(2, (-1, self.n_summed)).sum(3) if self.n_summed > 1 else squares
        found = found.transpose(2, 3).flatten(1, 2)
        if not self.is_conditional:
            return found
        total = found.sum(2, keepdim=True)
        is_possible = total > (16 * torch.finfo(total.dtype).eps) ** 2
        return found / torch.where(is_possible, total, torch.nan)


class Samples(nn.Module):
    """Reads the bits of one measurement of the read wires of each sample, as 0.0 and 1.0."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.probabilities = Probabilities(plan)
        self.n_wires = len(plan.circuit.read_wires)

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        probabilities = self.probabilities(state.detach())
        drawn = draw_states(probabilities, 1, generator)[..., 0]
        return state_bits(drawn, self.n_wires, probabilities.dtype)


class Expectations(nn.Module):
    """Reads expectations of Pauli words, each in [-1, 1].

    Words that agree on the letter of every wire they share are read together.
    """

    order: torch.Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        words = [parse_word(word) for word in plan.circuit.readout.words]
        images = sources(plan.relabelling[::-1], plan.circuit.n_wires)
        settings = _settings(words)
        self.settings = nn.ModuleList(
            [_Setting(letters, [words[number] for number in numbers], images) for letters, numbers in settings]
        )
        order = np.argsort([number for _, numbers in settings for number in numbers])
        self.is_ordered = bool((order == np.arange(len(words))).all())
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        values = [setting(state) for setting in self.settings]
        found = torch.cat(values) if len(values) > 1 else values[0]
        return (found if self.is_ordered else found.index_select(0, self.order)).permute(1, 2, 0)


class _Setting(nn.Module):
    """Reads Pauli words, [words, copies, batch], that one change of basis turns into products of Z: signs of states."""

    def __init__(self, letters: Mapping[int, str], words: Sequence[Word], images: Sequence[int]) -> None:
        super().__init__()
        n_wires = len(images)
        changes = {wire: BASIS_CHANGE[letter] for wire, letter in letters.items() if letter in BASIS_CHANGE}
        runs = {wire: [Operation(name, (wire,))] for wire, name in changes.items()}
        self.change = ApplyLocal([Local(runs)], n_wires, Needs()) if runs else None
        self.signs = Products([_signs(word, images) for word in words], n_wires)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        if self.change is not None:
            if self.change.is_complex and not state.is_complex():
                state = torch.complex(state, torch.zeros_like(state))
            state = self.change.apply_one(state, self.change.prepare(_NOTHING, 1, slice(None)), 0, Buffers())
        return self.signs.project(square_magnitudes(state))


class _SquareMagnitudes(torch.autograd.Function):
    """|amplitude|^2 of complex amplitudes with few passes over the state in each direction."""

    generate_vmap_rule = True

    @staticmethod
    def forward(state: torch.Tensor) -> torch.Tensor:
        return state.real.square().add_(state.imag.square())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        (state,) = ctx.saved_tensors
        return 2 * gradient * state


def square_magnitudes(state: torch.Tensor) -> torch.Tensor:
    """Return |amplitude|^2."""
    return _SquareMagnitudes.apply(state) if state.is_complex() else state.square()


def _settings(words: Sequence[Word]) -> list[tuple[dict[int, str], list[int]]]:
    """Return (letter of each wire, numbers of the words read so) for groups of words that do not contradict."""
    settings: list[tuple[dict[int, str], list[int]]] = []
    for number, word in enumerate(words):
        for letters, members in settings:
            if all(letters.get(wire, letter) == letter for wire, letter in word):
                letters.update(word)
                members.append(number)
                break
        else:
            settings.append((dict(word), [number]))
    return settings


def _signs(word: Word, images: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Return the wires whose ones flip the sign of a product of Z, where state i is relabelled to ``images``."""
    unit = units(len(images))
    mask = sum(unit[wire] for wire, _ in word)
    return {wire: (1.0, -1.0) for wire, image in enumerate(images) if (image & mask).bit_count() % 2}


def _states_by_output(circuit: Circuit) -> np.ndarray:
    """Return the basis states that make up each output, int64 [n_outputs, states summed]."""
    n_wires = circuit.n_wires
    given = sum(bit << (n_wires - 1 - wire) for wire, bit in circuit.readout.postselect)
    ancillas = {wire for wire, _ in circuit.readout.postselect}
    summed = [wire for wire in range(n_wires) if wire not in ancillas | set(circuit.read_wires)]
    return given + spread(circuit.read_wires, n_wires)[:, None] + spread(summed, n_wires)[None]
