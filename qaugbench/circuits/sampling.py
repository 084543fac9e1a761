"""Draws from discrete distributions, many at once: measured basis states, and how often each was measured.

Probabilities are scaled to sum to one; values made negative by rounding count as zero, and a state of probability zero is
never drawn. Where there is no distribution (nan, infinite, or zero everywhere), the drawn state is -1 and the counts are
nan. Draws happen on the generator's device and are returned on that of the probabilities, so that a generator on the
CPU draws the same numbers wherever the circuit ran.
"""

from __future__ import annotations

import math

import torch

from qaugbench.errors import CircuitError

NO_STATE = -1
_CHUNK = 2**22  # probabilities drawn from at once: bounds the memory


def draw_states(probabilities: torch.Tensor, shots: int, generator: torch.Generator | None) -> torch.Tensor:
    """Return independent draws from distributions [..., d], int64 [..., shots]; -1 where there is no distribution.

    Raises:
        CircuitError: no generator, fewer than one shot, or no state to draw.
    """
    source = _checked(generator, shots, probabilities)
    weights, is_valid = _normalised(probabilities.detach().to(source.device))
    # Whole numbers below 2^53 add up without rounding in any order: zeros stay zeros, and all devices agree.
    steps = (weights * 2.0**52).round_().cumsum(-1)
    uniform = torch.rand(*weights.shape[:-1], shots, generator=source, dtype=torch.float64, device=source.device)
    states = torch.searchsorted(steps, uniform.mul_(steps[..., -1:]), right=True)
    return states.where(is_valid, NO_STATE).to(probabilities.device)


def draw_counts(probabilities: torch.Tensor, shots: int, generator: torch.Generator | None) -> torch.Tensor:
    """Return how often each state is drawn in ``shots`` draws from distributions [..., d]: same shape and dtype.

    Exactly multinomial, by halving: a binomial number of the shots falls into the left half of the states, and so on in
    each half. Time and memory do not grow with the number of shots.

    Raises:
        CircuitError: no generator, fewer than one shot, or no state to draw.
    """
    source = _checked(generator, shots, probabilities)
    rows = probabilities.detach().to(source.device).flatten(0, -2) if probabilities.ndim > 1 else probabilities[None]
    chunks = rows.split(max(1, _CHUNK // rows.shape[-1]))
    counts = torch.cat([_split_shots(chunk, shots, source) for chunk in chunks])
    return counts.to(probabilities).reshape(probabilities.shape)


def state_bits(states: torch.Tensor, n_wires: int, dtype: torch.dtype) -> torch.Tensor:
    """Return the bits of basis states, 0.0 or 1.0, [..., n_wires], most significant first; nan where a state is -1."""
    places = torch.arange(n_wires - 1, -1, -1, device=states.device)
    bits = (states.unsqueeze(-1) >> places) & 1
    return bits.to(dtype).masked_fill((states == NO_STATE).unsqueeze(-1), math.nan)


def _split_shots(probabilities: torch.Tensor, shots: int, generator: torch.Generator) -> torch.Tensor:
    """Return multinomial counts [rows, d] in float64."""
    weights, is_valid = _normalised(probabilities)
    d = weights.shape[-1]
    levels = [torch.nn.functional.pad(weights, (0, 2 ** math.ceil(math.log2(d)) - d))]
    while levels[-1].shape[-1] > 1:
        levels.append(levels[-1][:, 0::2] + levels[-1][:, 1::2])
    counts = levels[-1].new_full((len(weights), 1), shots)
    for below, here in zip(reversed(levels[:-1]), reversed(levels[1:]), strict=True):
        share = (below[:, 0::2] / here).nan_to_num_(0.0)  # 0/0: no shot falls here
        left = torch.binomial(counts, share, generator=generator)
        counts = torch.stack([left, counts - left], dim=-1).flatten(1)
    return counts[:, :d].where(is_valid, math.nan)


def _normalised(probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return distributions in float64, and which are valid [..., 1]; the others give the first state with certainty."""
    weights = probabilities.double().clamp(min=0.0)
    total = weights.sum(-1, keepdim=True)
    is_valid = total.isfinite() & (total > 0)
    weights = (weights / total).where(is_valid, 0.0)
    weights[..., :1] += (~is_valid).double()
    return weights, is_valid


def _checked(generator: torch.Generator | None, shots: int, probabilities: torch.Tensor) -> torch.Generator:
    if generator is None:
        raise CircuitError("Shots are drawn at random; give a torch.Generator (run_under(execution, generator)).")
    if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
        raise CircuitError(f"A measurement needs at least one shot, given shots={shots!r}.")
    if probabilities.ndim < 1 or probabilities.shape[-1] < 1:
        raise CircuitError(f"Draws need probabilities [..., states], given shape {list(probabilities.shape)}.")
    return generator
