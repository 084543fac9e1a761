"""The classical surrogate of a circuit: trained waves of its inputs, at frequencies that its encoding can produce.

A circuit whose inputs are angles computes a truncated Fourier series of them (Schuld, Sweke, Meyer, arXiv 2008.08605);
random frequencies of that series with trained coefficients often do as well (Landman et al., arXiv 2210.13200).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from qaugbench.circuits.controls.classical_block import ClassicalBlock
from qaugbench.circuits.spectrum import UsedAngle, used_angles

_CANDIDATES = 32  # draws for each frequency wanted: enough to find distinct ones where the spectrum has them


class FourierSurrogate(ClassicalBlock):
    """Trained combinations of cosines and sines of the inputs, squashed: as many coefficients as the circuit has weights.

    With at least two coefficients per output, each output has its own waves: a cosine and a sine for each frequency,
    and a constant where one coefficient is left. With fewer, all waves enter every output with fixed random shares. The
    frequencies, distinct where the spectrum has enough, are drawn from torch's global state in proportion to the number
    of ways in which the circuit's encoding produces them; every input appears in one of them. Inputs embedded as amplitudes
    enter as they do in a circuit, in squares: each wave is multiplied by the square of a fixed random projection.

    A circuit without weights gets fixed coefficients, two per output.
    """

    frequencies: torch.Tensor
    phases: torch.Tensor
    shares: torch.Tensor
    projections: torch.Tensor | None

    def __init__(
        self, circuit: Any, *, copies: int = 1, share_inputs: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        n_waves = circuit.n_weights or 2 * circuit.n_outputs
        counts = _waves_by_output(n_waves, circuit.n_outputs)
        encodings = [used for used in used_angles(circuit) if used.inputs]
        frequencies, phases = _waves(counts, encodings, circuit.n_inputs)
        self.register_buffer("frequencies", frequencies.to(dtype))
        self.register_buffer("phases", phases.to(dtype))
        self.register_buffer("shares", _shares(counts, circuit.n_outputs).to(dtype))
        start = getattr(circuit, "start", None)
        self.register_buffer("projections", start and torch.randn(n_waves, len(start.inputs), dtype=dtype))
        coefficients = torch.randn(copies, 1, n_waves, dtype=dtype)
        self.coefficients = nn.Parameter(coefficients, requires_grad=circuit.n_weights > 0)
        self.match_spread(self.coefficients)

    def values(self, by_copy: torch.Tensor) -> torch.Tensor:
        waves = torch.cos(by_copy @ self.frequencies.T + self.phases)
        if self.projections is not None:
            start = self.circuit.start.inputs
            projected = by_copy[..., start[0] : start[-1] + 1] @ self.projections.T
            waves = waves * (projected.square() / len(start) - 1)  # amplitudes are of mean square 1: so is the square
        return (waves * self.coefficients) @ self.shares

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, waves={len(self.phases)}"


def _waves_by_output(n_waves: int, n_outputs: int) -> list[int]:
    """Return how many waves each output has of its own; a single number where all outputs share them."""
    if n_waves < 2 * n_outputs:
        return [n_waves]
    more, of_those = divmod(n_waves, n_outputs)
    return [more + (place < of_those) for place in range(n_outputs)]


def _shares(counts: Sequence[int], n_outputs: int) -> torch.Tensor:
    """Return how much of each wave enters each output, float64 [waves, n_outputs]."""
    if len(counts) == n_outputs:
        return torch.eye(n_outputs, dtype=torch.float64).repeat_interleave(torch.tensor(counts), dim=0)
    return torch.randn(sum(counts), n_outputs, dtype=torch.float64) / math.sqrt(sum(counts))


def _waves(counts: Sequence[int], encodings: list[UsedAngle], n_inputs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return frequencies [waves, n_inputs] and phases [waves]; a wave is cos(frequency * inputs + phase)."""
    if not encodings:
        return torch.zeros(sum(counts), n_inputs, dtype=torch.float64), torch.zeros(sum(counts), dtype=torch.float64)
    drawn = _frequencies([max(count // 2, 1) for count in counts], encodings, n_inputs)
    frequencies, phases = [], []
    for count, own in zip(counts, drawn, strict=True):
        constant = torch.zeros(int(count % 2 and count > 1), n_inputs, dtype=torch.float64)
        frequencies += [own.repeat_interleave(min(count, 2), dim=0), constant]
        phases += [0.0, -math.pi / 2] * len(own) if count > 1 else [-math.pi / 4]
        phases += [0.0] * len(constant)
    return torch.cat(frequencies), torch.tensor(phases, dtype=torch.float64)


def _frequencies(counts: Sequence[int], encodings: list[UsedAngle], n_inputs: int) -> tuple[torch.Tensor, ...]:
    """Return ``count`` frequencies [count, n_inputs] for each of ``counts``, which together contain every input."""
    scales = torch.zeros(len(encodings), n_inputs, dtype=torch.float64)
    for place, used in enumerate(encodings):
        for index, scale in used.inputs:
            scales[place, index] = scale
    chosen = torch.cat([_distinct(_differences(_CANDIDATES * n, encodings), scales, n) for n in counts])
    for unseen in ((chosen @ scales == 0).all(dim=0) & (scales != 0).any(dim=0)).nonzero().flatten().tolist():
        place = int(scales[:, unseen].nonzero()[0])
        sign = 2 * int(torch.randint(2, ())) - 1
        chosen[unseen % len(chosen), place] = sign * max(encodings[place].differences)
    return (chosen @ scales).split(list(counts))


def _differences(n: int, encodings: list[UsedAngle]) -> torch.Tensor:
    """Return random differences of eigenvalues, float64 [n, encodings]: each row makes one frequency."""
    columns = []
    for used in encodings:
        values, shares = zip(*used.differences.items(), strict=True)
        picked = torch.multinomial(torch.tensor(shares), n, replacement=True)
        columns.append(torch.tensor(values, dtype=torch.float64)[picked])
    return torch.stack(columns, dim=1)


def _distinct(differences: torch.Tensor, scales: torch.Tensor, n: int) -> torch.Tensor:
    """Return ``n`` rows that make distinct frequencies, none zero or another's negative; the same ones again if too few."""
    found: dict[tuple[float, ...], int] = {}
    for row, frequency in enumerate((differences @ scales).tolist()):
        first = next((part for part in frequency if part), 0.0)
        if first and len(found) < n:
            found.setdefault(tuple(round(part / first * abs(first), 9) for part in frequency), row)
    rows = list(found.values()) or [0]
    return differences[[rows[place % len(rows)] for place in range(n)]]
