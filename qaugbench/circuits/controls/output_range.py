"""The range of a circuit's outputs, and how a control without a circuit keeps to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch

from qaugbench.circuits.row_draws import draw_rows
from qaugbench.errors import CircuitError

_MARGIN = 1e-6  # kept from the ends of the range, where values would be infinite
OutputKind = Literal["expectation", "probabilities", "samples", "counts"]


@dataclass(frozen=True)
class OutputRange:
    """The range of outputs: expectations in (-1, 1), probabilities on the simplex, samples and counts from 0 to ``high``.

    Samples are whole numbers drawn one by one; counts are means.
    """

    kind: OutputKind
    high: float = 1.0

    @classmethod
    def of(cls, circuit: Any) -> OutputRange:
        """Return the range of a circuit's outputs."""
        return cls(circuit.output_kind, float(getattr(circuit, "output_high", 1.0)))

    def squash(self, values: torch.Tensor) -> torch.Tensor:
        """Return any real ``values`` [..., n_outputs] as means in the range; the map is linear for small values."""
        if self.kind == "expectation":
            return torch.tanh(values)
        if self.kind == "probabilities":
            return torch.softmax(values, dim=-1)
        return self.high * torch.sigmoid(values)

    def unsquash(self, means: torch.Tensor) -> torch.Tensor:
        """Return values that ``squash`` maps to ``means``, or near them where these are at an end of the range."""
        if self.kind == "expectation":
            return torch.atanh(means.clamp(-1 + _MARGIN, 1 - _MARGIN))
        shares = (means / self.high).clamp(_MARGIN, 1 - _MARGIN)
        return shares.log() if self.kind == "probabilities" else torch.logit(shares)

    def clip(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values`` clipped to the range; probabilities are scaled to sum to one.

        Many probabilities are near zero, where clipping would cut the noise around them off from learning: gradient passes by it
        unchanged (straight through, arXiv 1308.3432).
        """
        if self.kind != "probabilities":
            return values.clamp(-1.0 if self.kind == "expectation" else 0.0, self.high)
        positive = values.detach().clamp(min=_MARGIN) + (values - values.detach())
        return positive / positive.sum(-1, keepdim=True)

    def draw(self, means: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        """Return outputs [copies, batch, n_outputs] of these means: the means themselves, or whole numbers for samples.

        Samples are binomial, independent of one another, and pass no gradient, like a circuit's samples.
        """
        if self.kind != "samples":
            return means
        if generator is None:
            raise CircuitError("Samples are drawn at random; give a torch.Generator (run_under(execution, generator)).")
        copies, batch, n_outputs = means.shape
        chances = (means / self.high).unsqueeze(-1)
        uniform = draw_rows(torch.rand, batch, (copies, n_outputs, round(self.high)), generator).transpose(0, 1)
        return (uniform.to(chances.device) < chances).sum(-1).to(means.dtype)
