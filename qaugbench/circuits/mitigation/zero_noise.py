"""Expectations at no noise, extrapolated from the same circuit with three, five, ... times as many gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from qaugbench.circuits.checks import as_tuple, is_index
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Noise
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.mitigation.extrapolation import exponential, richardson
from qaugbench.circuits.mitigation.folding import Folding, folded
from qaugbench.circuits.mitigation.readout_inversion import ROUNDING, InvertedReadout, ReadoutInversion
from qaugbench.circuits.mitigation.tally import Tally
from qaugbench.circuits.noise.executor import noisy_executor
from qaugbench.errors import CircuitError, near_names

Fit = Literal["richardson", "exponential"]


@dataclass(frozen=True)
class ZeroNoise:
    """Zero-noise extrapolation (arXiv 1612.02058) by gate folding (arXiv 2005.10921): only expectations can be extrapolated.

    ``scales`` are odd numbers of gates for one, ascending from 1, each run with the execution's shots. ``fit``: a polynomial
    through all scales ("richardson"), or a exp(-b scale). Misread bits are not amplified by folding and would stay: ``readout``
    inverts them first, calibrated once a scale.

    Raises:
        CircuitError: scales that are not odd, do not ascend from 1 or are fewer than two, or an unknown fit or folding.
    """

    scales: tuple[int, ...] = (1, 3, 5)
    fit: Fit = "richardson"
    folding: Folding = "global"
    readout: ReadoutInversion | None = None

    def __post_init__(self) -> None:
        scales = as_tuple(self.scales, "the scales of an extrapolation")
        object.__setattr__(self, "scales", scales)
        is_odd = all(is_index(scale) and scale % 2 for scale in scales)
        if len(scales) < 2 or not is_odd or scales[0] != 1 or list(scales) != sorted(set(scales)):
            raise CircuitError(f"Scales of noise are odd numbers ascending from 1, such as (1, 3, 5); given {scales}.")
        for name, known in (("fit", ("richardson", "exponential")), ("folding", ("global", "local"))):
            if getattr(self, name) not in known:
                raise CircuitError(
                    f"Unknown {name} {getattr(self, name)!r}.{near_names(str(getattr(self, name)), known)}"
                )


class ZeroNoiseExtrapolation(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs] of ``circuit`` extrapolated to no noise.

    Outputs outside [-1, 1] are clipped and counted in ``tally``, and so are all shots. Richardson's weights have both signs, so the
    errors of shots grow: 2.3 times with the default scales, at three times the shots.

    Raises:
        CircuitError: a readout other than expectations.
    """

    def __init__(self, circuit: Circuit, noise: Noise, shots: int | None, plan: ZeroNoise) -> None:
        super().__init__()
        reason = why_not_extrapolated(circuit)
        if reason is not None:
            raise CircuitError(f"Zero-noise extrapolation is not applicable: {reason}.")
        self.plan, self.shots = plan, shots
        self.n_settings = len(settings(circuit))
        self.at_scale = nn.ModuleList(
            noisy_executor(circuit_at, noise, shots)
            if plan.readout is None
            else InvertedReadout(circuit_at, noise, shots, plan.readout, clips=False)
            for circuit_at in (folded(circuit, scale, plan.folding) for scale in plan.scales)
        )
        self.drawn_from: torch.Generator | None = None
        self.own = Tally()

    @property
    def tally(self) -> Tally:
        """What the run has taken, all scales together."""
        inner = (one.tally for one in self.at_scale if isinstance(one, InvertedReadout))
        return sum(inner, start=self.own)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        if generator is not self.drawn_from:
            self.drawn_from, self.own = generator, Tally()
        values = torch.stack([one(inputs, weights, generator) for one in self.at_scale])
        if self.plan.fit == "richardson":
            outputs, not_fitted = richardson(values, self.plan.scales), 0
        else:
            outputs, fitted = exponential(values, self.plan.scales)
            not_fitted = int((~fitted).sum())
        outside = int((outputs.detach().abs() > 1 + ROUNDING).sum())
        self.own += Tally(outputs=outputs.numel(), clipped=outside, not_fitted=not_fitted)
        if self.shots is not None and self.plan.readout is None:
            runs = len(self.plan.scales) * self.n_settings * outputs.shape[0] * outputs.shape[1]
            self.own += Tally(shots=self.shots * runs)
        return outputs.clamp(-1.0, 1.0)


def why_not_extrapolated(circuit: object) -> str | None:
    """Return why a circuit's outputs cannot be extrapolated to zero noise, or None."""
    kind = getattr(circuit, "output_kind", None)
    if not isinstance(circuit, Circuit):
        return "only circuits of gates on qubits can be folded"
    if kind != "expectation":
        return f"only expectation values can be extrapolated, and this circuit reads {kind}"
    return None
