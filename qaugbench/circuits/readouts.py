"""What is read from a state: probabilities of basis states, or expectations of Pauli words."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit, parse_word
from qaugbench.circuits.plan import basis_bits
from qaugbench.circuits.rows import permute_rows


def probabilities(state: torch.Tensor) -> torch.Tensor:
    """Return |amplitude|^2 of complex amplitudes, of the same shape."""
    return state.real.square() + state.imag.square()


class Expectations(nn.Module):
    """Maps states [copies, 2^n, batch] to expectations [copies, n_words, batch], each in [-1, 1].

    A word flips the bits of its X and Y and signs the bits of its Y and Z: <P> = i^(number of Y) sum_k s(k) conj(a[k^flip])
    a[k]. Words of one flip share the products; without a flip the products are the probabilities.
    """

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        words = [parse_word(word) for word in circuit.readout.words]
        bits, states = basis_bits(circuit.n_wires), np.arange(2**circuit.n_wires)
        flips = [sum(1 << (circuit.n_wires - 1 - wire) for wire, letter in word if letter in "XY") for word in words]
        self.flips = sorted(set(flips))
        order = [number for flip in self.flips for number in range(len(words)) if flips[number] == flip]
        for f, flip in enumerate(self.flips):
            real, imaginary = [], []
            for number in (number for number in order if flips[number] == flip):
                signs = np.prod([1 - 2 * bits[wire] for wire, letter in words[number] if letter in "YZ"], axis=0)
                phase = 1j ** sum(letter == "Y" for _, letter in words[number])
                real.append(phase.real * signs * np.ones(len(states)))
                imaginary.append(-phase.imag * signs * np.ones(len(states)))
            self.register_buffer(f"real_{f}", torch.from_numpy(np.round(real)), persistent=False)
            self.register_buffer(f"imaginary_{f}", torch.from_numpy(np.round(imaginary)), persistent=False)
            self.register_buffer(f"flipped_{f}", torch.from_numpy(states ^ flip), persistent=False)
        self.register_buffer("order", torch.from_numpy(np.argsort(order)), persistent=False)
        self.is_ordered = order == sorted(order)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        values = torch.cat([self._words(f, state) for f in range(len(self.flips))], dim=1)
        return values if self.is_ordered else values.index_select(1, self.order)

    def _words(self, f: int, state: torch.Tensor) -> torch.Tensor:
        real, imaginary = getattr(self, f"real_{f}"), getattr(self, f"imaginary_{f}")
        if self.flips[f] == 0:
            return real @ probabilities(state)
        source = getattr(self, f"flipped_{f}")
        products = permute_rows(state, source, source).conj() * state
        return real @ products.real + imaginary @ products.imag
