"""What is read from Pauli vectors if bits may be misread: expectations of words, probabilities of outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.noise.outcomes import Letters
from qaugbench.circuits.noise.pauli_vector import multiply_first
from qaugbench.circuits.noise.program import Misread
from qaugbench.circuits.noise.transfer_plan import TransferPlan

_PER_PRODUCT = 4  # wires whose change from Pauli words to outcomes is one matrix product


def confusion(misread: Misread) -> np.ndarray:
    """Return the matrix from the probabilities of true bits to those of the bits read, for (1 for 0, 0 for 1)."""
    one_for_zero, zero_for_one = misread
    return np.array([[1.0 - one_for_zero, zero_for_one], [one_for_zero, 1.0 - zero_for_one]])


def misread_letter(misread: Misread) -> tuple[float, float]:
    """Return (a, b) such that a Pauli letter P, read with these errors, has expectation a <P> + b."""
    one_for_zero, zero_for_one = misread
    return 1.0 - one_for_zero - zero_for_one, zero_for_one - one_for_zero


class Words(nn.Module):
    """Maps Pauli vectors [rows, 4^n] to the expectations [rows, n_words] that a readout with errors finds."""

    entries: torch.Tensor
    weights: torch.Tensor

    def __init__(self, words: Sequence[Letters], plan: TransferPlan, misread: Sequence[Misread]) -> None:
        super().__init__()
        terms = [_terms(word, plan.n_wires, misread) for word in words]
        numbers = sorted({number for term in terms for number in term})
        entries, scale = plan.locate(np.array(numbers))
        weights = np.array([[term.get(number, 0.0) for number in numbers] for term in terms]) * scale
        self.register_buffer("entries", torch.from_numpy(entries), persistent=False)
        self.register_buffer("weights", torch.from_numpy(weights.T.copy()), persistent=False)
        self.n_words = len(words)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        return vector.index_select(1, self.entries) @ self.weights


class Outcomes(nn.Module):
    """Maps Pauli vectors [rows, 4^n] to the probabilities [rows, 2^k] of reading k wires, each in a Pauli letter."""

    entries: torch.Tensor
    scale: torch.Tensor

    def __init__(self, letters: Letters, plan: TransferPlan, misread: Sequence[Misread]) -> None:
        super().__init__()
        numbers = np.zeros(1, dtype=np.int64)
        for wire, letter in letters:
            numbers = np.add.outer(numbers, [0, _number(plan.n_wires, wire, letter)]).ravel()
        entries, scale = plan.locate(numbers)
        self.register_buffer("entries", torch.from_numpy(entries), persistent=False)
        self.register_buffer("scale", torch.from_numpy(scale), persistent=False)
        from_words = np.array([[0.5, 0.5], [0.5, -0.5]])
        changes = [confusion(misread[wire]) @ from_words for wire, _ in letters]
        self.n_products = -(-len(changes) // _PER_PRODUCT)
        for k in range(self.n_products):
            matrix = np.eye(1)
            for change in changes[k * _PER_PRODUCT : (k + 1) * _PER_PRODUCT]:
                matrix = np.kron(matrix, change)
            self.register_buffer(f"change_{k}", torch.from_numpy(matrix.T.copy()), persistent=False)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        read = vector.index_select(1, self.entries) * self.scale
        for k in range(self.n_products):
            read = multiply_first(read, getattr(self, f"change_{k}").expand(len(read), -1, -1))
        return read


def _number(n_wires: int, wire: int, letter: str) -> int:
    return "IXYZ".index(letter) << 2 * (n_wires - 1 - wire)


def _terms(word: Letters, n_wires: int, misread: Sequence[Misread]) -> dict[int, float]:
    """Return what a word is read as: the weight of each true word, by its number."""
    terms = {0: 1.0}
    for wire, letter in word:
        kept, lost = misread_letter(misread[wire])
        number = _number(n_wires, wire, letter)
        with_letter = {known + number: weight * kept for known, weight in terms.items()}
        terms = {**({known: weight * lost for known, weight in terms.items()} if lost else {}), **with_letter}
    return terms
