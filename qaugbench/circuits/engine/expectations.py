"""Expectations of Pauli words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.engine.basis_states import sources, units
from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.local_step import ApplyLocal
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.plan import Local, Operation, Plan
from qaugbench.circuits.engine.products import Products
from qaugbench.circuits.engine.square_magnitudes import square_magnitudes
from qaugbench.circuits.readout import parse_word

BASIS_CHANGE = {"X": "H", "Y": "RX+90"}
_NOTHING = Operands({}, {}, batch_first=False)
Word = Sequence[tuple[int, str]]


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
