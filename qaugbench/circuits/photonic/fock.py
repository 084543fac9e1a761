"""From the amplitudes of single photons to the probabilities of patterns of several, exactly.

Everything here is one operation: the permanent of the matrix whose row r is the r-th photon's amplitudes at the modes of
a pattern, for all patterns at once, photon by photon (expansion along the last row).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.photonic.interference import interference_terms
from qaugbench.circuits.photonic.patterns import factorials, occupations, places, rank


class Permanents(nn.Module):
    """Permanents [..., patterns, batch] of ``patterns`` of photons [patterns, n_photons], their modes ascending."""

    def __init__(self, n_modes: int, patterns: np.ndarray) -> None:
        super().__init__()
        self.n_photons = patterns.shape[1]
        for k in range(1, self.n_photons + 1):
            modes = patterns if k == self.n_photons else places(n_modes, k)
            without = np.stack([np.delete(modes, position, axis=1) for position in range(k)], axis=1)
            self._keep(f"mode_{k}", modes)
            self._keep(f"rest_{k}", rank(without, n_modes))

    def _keep(self, name: str, numbers: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(numbers.flatten()), persistent=False)

    def forward(self, photons: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the permanents of the rows ``photons``, [..., n_modes, batch] each."""
        permanents = photons[0]
        if self.n_photons == 1:
            return permanents.index_select(-2, self.get_buffer("mode_1"))
        for k, photon in enumerate(photons[1:], start=2):
            permanents = self.with_one_more(permanents, photon, k)
        return permanents

    def with_one_more(self, permanents: torch.Tensor, photon: torch.Tensor, k: int) -> torch.Tensor:
        """Return the permanents with ``photon`` as ``k``-th row, from those of the rows before it."""
        rest = permanents.index_select(-2, getattr(self, f"rest_{k}"))
        products = rest * photon.index_select(-2, getattr(self, f"mode_{k}"))
        return products.unflatten(-2, (-1, k)).sum(-2)


class _SquaredModulus(torch.autograd.Function):
    """|z|^2 with one pass in each direction."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: torch.Tensor) -> torch.Tensor:
        return values.real.square() + values.imag.square()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        (values,) = ctx.saved_tensors
        return 2 * gradient * values


class IdenticalPhotons(nn.Module):
    """Maps a lossless transfer matrix [copies, n_modes, columns, batch] to probabilities [copies, patterns, batch].

    The probability of going from pattern t to s is |permanent|^2 / (prod s_i! prod t_i!), Scheel, quant-ph/0406127.
    """

    norms: torch.Tensor

    def __init__(self, column_of_photon: Sequence[int], n_modes: int, patterns: np.ndarray) -> None:
        super().__init__()
        self.column_of_photon = list(column_of_photon)
        self.permanents = Permanents(n_modes, patterns)
        self.n_permanents = len(patterns)
        incoming = occupations(np.array([self.column_of_photon]), n_modes)
        norms = 1 / (factorials(occupations(patterns, n_modes)) * factorials(incoming))
        self.register_buffer("norms", torch.from_numpy(norms)[:, None], persistent=False)

    def forward(self, transfer: torch.Tensor) -> torch.Tensor:
        columns = transfer.unbind(2)
        permanents = self.permanents([columns[column] for column in self.column_of_photon])
        probabilities: torch.Tensor = _SquaredModulus.apply(permanents) * self.norms
        return probabilities

    def floor(self, transfer: torch.Tensor) -> float:
        """Return the probability below which a sum of these is only rounding: amplitudes are exact to 16 eps."""
        return float((16 * torch.finfo(transfer.dtype).eps) ** 2)


class ImperfectPhotons(nn.Module):
    """Maps a transfer matrix [copies, n_modes, columns, batch] to probabilities [copies, patterns, batch] under noise.

    With A[i, j] the amplitude of photon j in mode i, the probability of pattern s is the coefficient of prod_i b_i^s_i in

        sum over permutations p of J(p) prod_j (sum_i A[i, j] conj(A[i, p(j)]) b_i + (1 - A^dagger A)[p(j), j] b_lost)

    with J of ``interference_terms``; this is a permanent where photons are identical. Only the overlap of what is lost
    matters, so one more mode, the last, holds all lost photons. A second photon of a source, unlike all others, multiplies
    this by the classical factor (1 - e) b_lost + e (sum_i |A[i, j]|^2 b_i + ...), e its probability.
    """

    norms: torch.Tensor
    shares: torch.Tensor
    pairs: torch.Tensor

    def __init__(
        self,
        column_of_photon: Sequence[int],
        n_modes: int,
        patterns: np.ndarray,
        *,
        alike: float,
        loses: bool,
        extra_photon: float,
    ) -> None:
        super().__init__()
        self.column_of_photon = list(column_of_photon)
        self.n_columns = max(column_of_photon) + 1
        self.extra_photon = extra_photon
        self.emits_twice = [column * (self.n_columns + 1) for column in column_of_photon] if extra_photon else []
        self.loses = loses
        self.permanents = Permanents(n_modes + loses, patterns)
        terms = interference_terms(column_of_photon, alike)
        self.n_permanents = len(terms) * len(patterns)
        pairs = torch.tensor([[a * self.n_columns + b for a, b in term] for term in terms])
        self.register_buffer("pairs", pairs.T.contiguous(), persistent=False)
        shares = torch.tensor(list(terms.values()), dtype=torch.float64)
        self.register_buffer("shares", shares[:, None, None], persistent=False)
        norms = 1 / factorials(occupations(patterns, n_modes + loses))
        self.register_buffer("norms", torch.from_numpy(norms)[:, None], persistent=False)

    def forward(self, transfer: torch.Tensor) -> torch.Tensor:
        forms = self._forms(transfer)
        permanents = self.permanents([forms.index_select(1, pairs) for pairs in self.pairs])
        total = (permanents.real * self.shares).sum(1)
        for k, own_pair in enumerate(self.emits_twice, start=len(self.column_of_photon) + 1):
            total = self.permanents.with_one_more(total, self._perhaps(forms[:, own_pair].real), k)
        return (total * self.norms).clamp(min=0.0)

    def floor(self, transfer: torch.Tensor) -> torch.Tensor:
        """Return the probability [copies, batch, 1] below which a sum of these is only rounding.

        Interference subtracts terms as large as the probability that all photons survive.
        """
        columns = (transfer.real.square() + transfer.imag.square()).sum(1).detach().unbind(1)
        survival = torch.stack([columns[column] for column in self.column_of_photon]).prod(0)
        return (16 * torch.finfo(transfer.dtype).eps * survival).unsqueeze(-1)

    def _forms(self, transfer: torch.Tensor) -> torch.Tensor:
        """Return the factors of pairs of columns, [copies, columns^2, n_modes (and lost), batch]."""
        columns = transfer.transpose(1, 2)
        found = (columns.unsqueeze(2) * columns.conj().unsqueeze(1)).flatten(1, 2)
        if not self.loses:
            return found
        identity = torch.eye(self.n_columns, dtype=found.dtype, device=found.device).reshape(-1, 1, 1)
        return torch.cat([found, identity - found.sum(2, keepdim=True)], dim=2)

    def _perhaps(self, form: torch.Tensor) -> torch.Tensor:
        """Return the factor [copies, n_modes and lost, batch] of a photon that is emitted with ``extra_photon``."""
        emitted = self.extra_photon * form
        return torch.cat([emitted[:, :-1], emitted[:, -1:] + (1 - self.extra_photon)], dim=1)
