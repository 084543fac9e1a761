"""Random Kraus operators: which of a channel's operators acts in each trajectory."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Jump(nn.Module):
    """Draws one Kraus operator per row with the probabilities that follow from the state, divided by their square roots.

    Those roots pass no gradient. So the mean over trajectories of anything linear in psi psi^dagger has the gradient of
    the exact result: sum_k p_k d(K_k rho K_k^dagger) / p_k, with p_k at the present state.
    """

    operators: torch.Tensor  # [operators, d, d, 2]: real and imaginary parts, which survive a change of precision
    effects: torch.Tensor
    chances: torch.Tensor | None

    def __init__(self, kraus: np.ndarray) -> None:
        super().__init__()
        effects = kraus.conj().transpose(0, 2, 1) @ kraus
        scales = effects[:, 0, 0].real
        is_mixture = np.allclose(effects, scales[:, None, None] * np.eye(kraus.shape[-1]), rtol=0, atol=1e-13)
        self.register_buffer("operators", real_pairs(kraus), persistent=False)
        self.register_buffer("effects", real_pairs(effects), persistent=False)
        self.register_buffer("chances", torch.from_numpy(scales.copy()) if is_mixture else None, persistent=False)

    @property
    def depends_on_state(self) -> bool:
        """Whether the probabilities are not the same for every state."""
        return self.chances is None

    def forward(self, density: torch.Tensor | None, rows: int, generator: torch.Generator) -> torch.Tensor:
        """Return operators [rows, d, d], given the density matrices [rows, d, d] of the wires where that matters."""
        if self.chances is not None:
            chances = self.chances.expand(rows, -1)
        else:
            assert density is not None
            chances = torch.einsum("kij,rji->rk", torch.view_as_complex(self.effects), density).real.clamp(min=0.0)
        steps = chances.cumsum(1)
        uniform = torch.rand(rows, 1, generator=generator, dtype=steps.dtype, device=generator.device).to(steps.device)
        drawn = torch.searchsorted(steps, uniform * steps[:, -1:], right=True).clamp(max=steps.shape[1] - 1)
        chance = chances.gather(1, drawn)
        return torch.view_as_complex(self.operators)[drawn[:, 0]] / chance.sqrt()[:, :, None]


def real_pairs(matrices: np.ndarray) -> torch.Tensor:
    """Return complex matrices as real tensors with a last axis of two."""
    return torch.view_as_real(torch.from_numpy(matrices.astype(complex))).clone()
