"""The batched, differentiable execution of IQP circuits: all probabilities at once, or correlators without any state.

With s a string of n signs and F(s) = sum_i a_i s_i + sum_ik J_ik s_i s_k, the amplitude of the bits x is the mean over s of
(-1)^(x.s) exp(-i F(s) / 2), and a product of Z on some wires has as expectation the mean over s of the cosine of half the change
of F when these wires' signs are flipped (Van den Nest, arXiv 0911.1624). The latter is estimated from random strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.iqp.circuit import IqpCircuit
from qaugbench.circuits.iqp.walsh import bit_signs, walsh_hadamard
from qaugbench.seeds import name_key, torch_generator

STRINGS = 1024
"""Random strings from which correlators are estimated: their standard error is at most 1/32."""


class PhaseAngles(nn.Module):
    """The angles [copies, gates] of gates of at most one weight each, without a table of gates by weights."""

    offset: torch.Tensor
    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, gates: Sequence[Gate]) -> None:
        super().__init__()
        angles = [gate.angles[0] for gate in gates]
        terms = [angle.weights[0] if angle.weights else (0, 0.0) for angle in angles]
        offsets, scales = [angle.offset for angle in angles], [scale for _, scale in terms]
        self.register_buffer("offset", torch.tensor(offsets, dtype=torch.float64), persistent=False)
        self.register_buffer("scale", torch.tensor(scales, dtype=torch.float64), persistent=False)
        self.register_buffer("weight", torch.tensor([k for k, _ in terms], dtype=torch.int64), persistent=False)

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        constant = self.offset.expand(len(weights), -1)
        return constant + self.scale * weights[:, self.weight] if weights.shape[1] else constant


class IqpExecutor(nn.Module):
    """Maps inputs [copies or 1, batch, 0] and weights [copies, n_weights] to equal rows [copies, batch, n_outputs]."""

    wires: torch.Tensor
    pairs: torch.Tensor
    upper: torch.Tensor
    signs: torch.Tensor

    def __init__(self, circuit: IqpCircuit) -> None:
        super().__init__()
        self.n_wires = n = circuit.n_wires
        singles = [gate for gate in circuit.phases if gate.name == "RZ"]
        coupled = [gate for gate in circuit.phases if gate.name == "RZZ"]
        self.on_wires, self.on_pairs = PhaseAngles(singles), PhaseAngles(coupled)
        self.reads_all = circuit.readout.kind == "probabilities"
        self._keep("wires", torch.tensor([gate.wires[0] for gate in singles], dtype=torch.int64))
        places = [min(gate.wires) * n + max(gate.wires) for gate in coupled]
        self._keep("pairs", torch.tensor(places, dtype=torch.int64))
        self._keep("upper", torch.tensor([i * n + k for i, k in combinations(range(n), 2)], dtype=torch.int64))
        self._keep("signs", bit_signs(n).double() if self.reads_all else torch.empty(0, n, dtype=torch.float64))

    def _keep(self, name: str, values: torch.Tensor) -> None:
        self.register_buffer(name, values, persistent=False)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        single, pair = self.fields(weights)
        if self.reads_all:
            outputs = self._probabilities(single, pair)
        else:
            random = torch_generator(name_key("iqp strings")) if generator is None else generator
            drawn = torch.randint(0, 2, (STRINGS, self.n_wires), generator=random, device=random.device)
            outputs = self.correlators(1 - 2 * drawn.to(single), single, pair)
        return outputs[:, None].expand(-1, inputs.shape[1], -1)

    def fields(self, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the a_i [copies, n] and the J_ik [copies, n, n], once on either side of the diagonal."""
        n, turned, coupled = self.n_wires, self.on_wires(weights), self.on_pairs(weights)
        single = turned.new_zeros(len(weights), n).index_add(1, self.wires, turned)
        pair = coupled.new_zeros(len(weights), n * n).index_add(1, self.pairs, coupled).unflatten(1, (n, n))
        return single, pair + pair.mT

    def correlators(self, strings: torch.Tensor, single: torch.Tensor, pair: torch.Tensor) -> torch.Tensor:
        """Return the correlators of one and two wires [copies, words] as means over ``strings`` [m, n] of signs.

        Those of pairs are matrix products: the half change of F by two flips is that by each, minus twice their common term.
        """
        flips = strings * (single[:, None] + strings @ pair)
        cosine, sine = flips.cos(), flips.sin()
        alone = (cosine.mT @ cosine - sine.mT @ sine) / len(strings)
        with_signs = (strings * sine).mT @ (strings * cosine) / len(strings)
        both = (2 * pair).cos() * alone + (2 * pair).sin() * (with_signs + with_signs.mT)
        return torch.cat([cosine.mean(dim=1), both.flatten(1)[:, self.upper]], dim=1)

    def _probabilities(self, single: torch.Tensor, pair: torch.Tensor) -> torch.Tensor:
        coupled = ((self.signs @ pair) * self.signs).sum(dim=2) / 2
        phases = (single @ self.signs.T + coupled) / 2
        amplitudes = walsh_hadamard(torch.stack([phases.cos(), phases.sin()])) / 2**self.n_wires
        return amplitudes.square().sum(dim=0)


@build_executor.register
def _of_phases(circuit: IqpCircuit, execution: Execution) -> nn.Module:
    if execution.is_ideal:
        return IqpExecutor(circuit)
    gate_by_gate: nn.Module = build_executor.dispatch(Circuit)(circuit, execution)
    return gate_by_gate
