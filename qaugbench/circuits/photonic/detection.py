"""From the probabilities of patterns of photons to what a readout returns, exactly or with finitely many shots."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.patterns import Accepted
from qaugbench.circuits.sampling import NO_STATE, draw_counts, draw_states


class Detection(nn.Module):
    """Maps the probabilities of accepted patterns [copies, patterns, batch] to outputs [copies, batch, n_outputs].

    With ``shots``, outputs are relative frequencies among the accepted ones of that many shots; nan where none is accepted.
    """

    outcome: torch.Tensor
    values: torch.Tensor

    def __init__(self, circuit: PhotonicCircuit, patterns: Accepted, shots: int | None = None) -> None:
        super().__init__()
        self.shots = shots
        self.kind = circuit.readout.kind
        self.n_outcomes = len(circuit.outcomes)
        self.is_conditional = not patterns.is_everything
        self.is_direct = np.array_equal(patterns.outcome, np.arange(self.n_outcomes))
        self.register_buffer("outcome", torch.from_numpy(patterns.outcome), persistent=False)
        self.register_buffer("values", torch.tensor(circuit.outcomes, dtype=torch.float64), persistent=False)

    def accepted(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return the probability of each accepted outcome [copies, batch, outcomes]; their sum is the yield."""
        if not self.is_direct:
            copies, _, batch = probabilities.shape
            empty = probabilities.new_zeros(copies, self.n_outcomes, batch)
            probabilities = empty.index_add(1, self.outcome, probabilities)
        return probabilities.transpose(1, 2)

    def forward(
        self, probabilities: torch.Tensor, floor: torch.Tensor | float, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the outputs; an acceptance probability below ``floor`` counts as zero."""
        accepted = self.accepted(probabilities)
        if self.kind == "samples":
            return self._one_sample(accepted.detach(), floor, generator)
        if self.shots is None:
            frequencies = self._given_acceptance(accepted, floor)
        else:
            counts = draw_counts(self._with_rest(accepted), self.shots, generator)[..., :-1]
            frequencies = counts / counts.sum(-1, keepdim=True)
        return frequencies if self.kind == "probabilities" else frequencies @ self.values

    def _given_acceptance(self, accepted: torch.Tensor, floor: torch.Tensor | float) -> torch.Tensor:
        if not self.is_conditional:
            return accepted
        total = accepted.sum(-1, keepdim=True)
        return accepted / torch.where(total > floor, total, torch.nan)

    def _with_rest(self, accepted: torch.Tensor) -> torch.Tensor:
        """Return the probabilities followed by that of rejection."""
        rest = (1 - accepted.sum(-1, keepdim=True)) * self.is_conditional
        return torch.cat([accepted, rest], dim=-1)

    def _one_sample(
        self, accepted: torch.Tensor, floor: torch.Tensor | float, generator: torch.Generator | None
    ) -> torch.Tensor:
        """Return one accepted detection; with finitely many shots, the first accepted one, if any."""
        chances = self._given_acceptance(accepted, floor)
        if self.shots is not None and self.is_conditional:
            none = (1 - accepted.sum(-1, keepdim=True)).clamp(min=0.0) ** self.shots
            chances = torch.cat([chances * (1 - none), none], dim=-1)
        drawn = draw_states(chances, 1, generator).squeeze(-1)
        is_none = (drawn == NO_STATE) | (drawn >= self.n_outcomes)
        found = self.values[drawn.masked_fill(is_none, 0)]
        return found.masked_fill(is_none.unsqueeze(-1), torch.nan)
