"""What is read from a state: probabilities of basis states, or expectations of Pauli words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.plan import Plan, basis_bits
from qaugbench.circuits.readout import parse_word
from qaugbench.circuits.rows import permute_rows


def readout_of(plan: Plan) -> nn.Module:
    """Return the module that maps final states [copies, 2^n, batch] to outputs [copies, n_outputs, batch]."""
    return Expectations(plan) if plan.circuit.readout.words else Probabilities(plan)


class Probabilities(nn.Module):
    """Maps states to the probabilities of all basis states."""

    source: torch.Tensor
    inverse: torch.Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.register_buffer("source", torch.from_numpy(plan.relabelling), persistent=False)
        self.register_buffer("inverse", torch.from_numpy(np.argsort(plan.relabelling)), persistent=False)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        return permute_rows(state.real.square() + state.imag.square(), self.source, self.inverse)


class _SignedProbabilities(torch.autograd.Function):
    """``signs @ |state|^2`` for signs [n_words, 2^n], with one pass over the state in each direction."""

    generate_vmap_rule = True

    @staticmethod
    def forward(state: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
        products = torch.view_as_real(state * state.conj())
        return (signs @ products.flatten(-2)).unflatten(-1, (-1, 2))[..., 0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
        state, signs = ctx.saved_tensors
        return signs.T @ (2 * gradient) * state, None


class Expectations(nn.Module):
    """Maps states to expectations of Pauli words, each in [-1, 1].

    A word flips the bits of its X and Y and signs the bits of its Y and Z: its expectation is the sum over basis states
    k of i^(number of Y) sign(k) conj(a[k ^ flip]) a[k]. Words of one flip share the products; without a flip these are
    the probabilities.
    """

    order: torch.Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        n_wires = plan.circuit.n_wires
        words = [parse_word(word) for word in plan.circuit.readout.words]
        bits, states = basis_bits(n_wires), np.arange(2**n_wires)
        flips = [sum(1 << (n_wires - 1 - wire) for wire, letter in word if letter in "XY") for word in words]
        self.flips = sorted(set(flips))
        order = [number for flip in self.flips for number in range(len(words)) if flips[number] == flip]
        for f, flip in enumerate(self.flips):
            members = [words[number] for number in order if flips[number] == flip]
            signs = np.array([_signs(word, bits) for word in members])
            turns = np.array([1j ** sum(letter == "Y" for _, letter in word) for word in members])[:, None]
            phases = (np.round(turns.real) + 1j * np.round(turns.imag)) * signs[:, np.argsort(plan.relabelling)]
            self.register_buffer(f"real_{f}", torch.from_numpy(phases.real.copy()), persistent=False)
            self.register_buffer(f"imaginary_{f}", torch.from_numpy(phases.imag.copy()), persistent=False)
            self.register_buffer(f"flipped_{f}", torch.from_numpy(states ^ flip), persistent=False)
        self.register_buffer("order", torch.from_numpy(np.argsort(order)), persistent=False)
        self.is_ordered = order == sorted(order)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        values = torch.cat([self._words(f, state) for f in range(len(self.flips))], dim=1)
        return values if self.is_ordered else values.index_select(1, self.order)

    def _words(self, f: int, state: torch.Tensor) -> torch.Tensor:
        real, imaginary = getattr(self, f"real_{f}"), getattr(self, f"imaginary_{f}")
        if self.flips[f] == 0:
            return _SignedProbabilities.apply(state, real)
        source = getattr(self, f"flipped_{f}")
        products = permute_rows(state, source, source).conj() * state
        return real @ products.real - imaginary @ products.imag


def _signs(word: Sequence[tuple[int, str]], bits: np.ndarray) -> np.ndarray:
    """Return (-1)^(sum of the bits of the word's Y and Z) of every basis state."""
    return 1 - 2 * (bits[[wire for wire, letter in word if letter in "YZ"]].sum(axis=0) % 2)
