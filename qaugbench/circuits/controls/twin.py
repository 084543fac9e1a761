"""The classical layer that replaces a circuit, with as many trainable parameters and outputs of the same scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import nn

from qaugbench.circuits.controls.classical_block import ClassicalBlock

TOLERANCE = 0.05  # of the circuit's trainable weights


@dataclass(frozen=True)
class TwinShape:
    """The sizes of a twin, which together give its number of trainable parameters.

    Without ``hidden`` units there is one map, in which each output sees the ``fan_in`` inputs nearest its own position
    (all of them: a dense map); with ``fan_in`` 0 it is a fixed random map. With hidden units there are two dense maps
    and tanh in between, ``hidden_bias`` giving those units biases; ``fixed_first`` fixes the first map at random. The
    first ``n_biases`` and ``n_gains`` outputs have one each.
    """

    n_inputs: int
    n_outputs: int
    hidden: int
    fan_in: int
    hidden_bias: bool
    n_biases: int
    n_gains: int
    fixed_first: bool = False

    @property
    def n_parameters(self) -> int:
        """Trainable parameters of one copy."""
        seen = self.n_outputs + self.n_inputs * (not self.fixed_first)
        maps = self.hidden * seen if self.hidden else self.n_outputs * self.fan_in
        return maps + self.hidden * self.hidden_bias + self.n_biases + self.n_gains


def twin_shape(circuit: Any) -> TwinShape:
    """Return the simplest shape whose parameters are within 5 % of the circuit's weights.

    In order of preference: one map (the denser, the better), a hidden layer of at least two units (the wider, the
    better), a map behind a fixed random map, a fixed random map alone; whole vectors of biases before parts of them,
    and biases before gains. The last two reach any number, so every circuit has a twin. One without weights gets a
    fixed random map with nothing to train.
    """
    return _plainest(circuit.n_inputs, circuit.n_outputs, circuit.n_weights)


class ClassicalTwin(ClassicalBlock):
    """``copies`` classical layers side by side: [batch, in_features] -> [batch, out_features].

    The scale of the last map at initialisation is set so that the outputs vary over inputs as much as the circuit's do
    (``output_scale.output_spread``). Weights are drawn from torch's global state (wrap in ``seeds.torch_seeded``).
    """

    band: torch.Tensor

    def __init__(
        self, circuit: Any, *, copies: int = 1, share_inputs: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        self.shape = shape = twin_shape(circuit)
        n_in, n_out = circuit.n_inputs, circuit.n_outputs
        self.first = _random_map(copies, n_in, shape.hidden, dtype) if shape.hidden else None
        if self.first is not None and shape.fixed_first:
            self.first.requires_grad_(False)
        self.hidden_bias = (
            nn.Parameter(torch.zeros(copies, 1, shape.hidden, dtype=dtype)) if shape.hidden_bias else None
        )
        self.last = _random_map(copies, shape.hidden or shape.fan_in or n_in, n_out, dtype)
        self.last.requires_grad_(shape.hidden + shape.fan_in > 0)
        self.biases = nn.Parameter(torch.zeros(copies, 1, shape.n_biases, dtype=dtype))
        self.gains = nn.Parameter(torch.ones(copies, 1, shape.n_gains, dtype=dtype))
        self.register_buffer("band", _band(n_in, n_out, shape.fan_in).expand(copies, -1, -1), persistent=False)
        self.match_spread(self.last)

    def values(self, by_copy: torch.Tensor) -> torch.Tensor:
        features = by_copy
        if self.first is not None:
            raised = torch.bmm(features, self.first)
            features = torch.tanh(raised if self.hidden_bias is None else raised + self.hidden_bias)
        values = torch.bmm(features, self._last_map())
        n_outputs = self.circuit.n_outputs
        gains = nn.functional.pad(self.gains, (0, n_outputs - self.gains.shape[-1]), value=1.0)
        biases = nn.functional.pad(self.biases, (0, n_outputs - self.biases.shape[-1]))
        return values * gains + biases

    def _last_map(self) -> torch.Tensor:
        """Return the last map as a dense matrix, [copies, features, n_outputs]."""
        if not self.shape.fan_in:
            return self.last
        empty = self.last.new_zeros(self.copies, self.circuit.n_inputs, self.circuit.n_outputs)
        return empty.scatter(1, self.band, self.last)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, {self.shape}"


@cache
def _plainest(n_inputs: int, n_outputs: int, target: int) -> TwinShape:
    near = [
        shape
        for shape in _shapes(n_inputs, n_outputs, target)
        if abs(shape.n_parameters - target) <= TOLERANCE * target
    ]
    return min(near, key=lambda shape: (_oddness(shape), abs(shape.n_parameters - target)))


def _shapes(n_inputs: int, n_outputs: int, target: int) -> Iterator[TwinShape]:
    enough = -(-n_inputs // max(n_outputs, 1))  # inputs an output must see so that every input is seen
    widest = int((1 + TOLERANCE) * target) // max(n_inputs + n_outputs, 1)
    bare = [
        TwinShape(n_inputs, n_outputs, 0, fan_in, False, 0, 0) for fan_in in (0, *range(max(enough, 1), n_inputs + 1))
    ]
    for hidden in range(max(min(n_inputs, n_outputs, 2), 1), widest + 1):
        # Without inputs, only a bias lets hidden units differ from zero.
        bare += [TwinShape(n_inputs, n_outputs, hidden, 0, bias, 0, 0) for bias in (False, True) if n_inputs or bias]
    fixed = target // max(n_outputs, 1)
    if n_inputs and fixed >= 2:
        bare.append(TwinShape(n_inputs, n_outputs, fixed, 0, False, 0, 0, fixed_first=True))
    for shape in bare:
        missing = target - shape.n_parameters
        for n_biases in _fillings(missing, n_outputs):
            for n_gains in _fillings(missing - n_biases, n_outputs):
                yield replace(shape, n_biases=n_biases, n_gains=n_gains)


def _fillings(missing: int, n_outputs: int) -> list[int]:
    """Return the lengths to try for a vector over the outputs: none, all, and what is missing."""
    return sorted({0, n_outputs, min(max(missing, 0), n_outputs)})


def _oddness(shape: TwinShape) -> tuple[int, bool, bool, int]:
    """Return a key that sorts simple shapes first."""
    kind = 2 if shape.fixed_first else 1 if shape.hidden else 0 if shape.fan_in else 3
    is_partial = not {shape.n_biases, shape.n_gains} <= {0, shape.n_outputs}
    return kind, is_partial, shape.n_gains > 0, -shape.hidden - shape.fan_in


def _band(n_inputs: int, n_outputs: int, fan_in: int) -> torch.Tensor:
    """Return the inputs that each output sees, int64 [fan_in, n_outputs]: neighbours, around the ring of inputs."""
    place = torch.arange(n_outputs) * n_inputs // max(n_outputs, 1)
    return (place + torch.arange(fan_in)[:, None]) % max(n_inputs, 1)


def _random_map(copies: int, n_inputs: int, n_outputs: int, dtype: torch.dtype) -> nn.Parameter:
    """Return weights uniform in +-1/sqrt(n_inputs), [copies, n_inputs, n_outputs]."""
    bound = 1 / math.sqrt(max(n_inputs, 1))
    return nn.Parameter((2 * torch.rand(copies, n_inputs, n_outputs, dtype=dtype) - 1) * bound)
