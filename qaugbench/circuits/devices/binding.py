"""A circuit whose angles are filled in from outside: what is compiled for a device once and run for many samples.

Every angle that varies becomes an input of its own, computed here in double precision. An amplitude embedding becomes
rotations and CNOTs whose angles follow from the amplitudes (multiplexed RY, arXiv quant-ph/0407010), which a device can
run and a compiler need see only once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.errors import CircuitError


@dataclass(frozen=True)
class Binding:
    """``circuit`` takes the varying angles of ``source`` as its inputs: those of the embedding, then ``angles``."""

    source: Circuit
    circuit: Circuit
    angles: tuple[Angle, ...]

    def values(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the angles of each sample in radians, float64 [copies, batch, circuit.n_inputs].

        Raises:
            CircuitError: an angle that is not finite.
        """
        inputs = inputs.detach().double().expand(len(weights), -1, -1)
        weights = weights.detach().double()
        given = inputs.unbind(-1), weights[:, None].unbind(-1)
        columns = [angle.value(*given).expand(inputs.shape[:2]) for angle in self.angles]
        found = torch.stack(columns, dim=-1) if columns else inputs.new_zeros(*inputs.shape[:2], 0)
        if self.source.start:
            found = torch.cat([_embedding_angles(self.source.start, inputs), found], dim=-1)
        if not bool(found.isfinite().all()):
            rows = (~found.isfinite()).any(-1).nonzero().tolist()
            raise CircuitError(
                f"A device runs finite angles only, but {len(rows)} sample(s) have others, the first at [copy, sample] "
                f"{rows[0]}; check the inputs and weights (an amplitude embedding needs one that is not 0)."
            )
        return found


def bind(circuit: Circuit) -> Binding:
    """Return ``circuit`` with one input for each angle that varies, equal angles sharing one, and nothing else open."""
    gates = _embedding_gates(circuit.start) if circuit.start else []
    first = 2 ** len(circuit.start.wires) - 1 if circuit.start else 0
    varying: dict[Angle, int] = {}
    for gate in circuit.gates:
        angles = []
        for angle in gate.angles:
            if angle.weights or angle.inputs:
                angles.append(Angle.input(first + varying.setdefault(angle, len(varying))))
            else:
                angles.append(angle)
        gates.append(replace(gate, angles=tuple(angles)))
    return Binding(circuit, replace(circuit, gates=tuple(gates), start=None), tuple(varying))


def _embedding_gates(start: AmplitudeEmbedding) -> list[Gate]:
    """Return the gates that prepare real amplitudes: on wire k, an RY for each state of the k wires before it."""
    gates: list[Gate] = []
    number = 0
    for k, wire in enumerate(start.wires):
        for branch in range(2**k):
            gates.append(Gate("RY", (wire,), (Angle.input(number + branch),)))
            if k:
                gates.append(Gate("CNOT", (start.wires[k - 1 - _changed_bit(branch, k)], wire)))
        number += 2**k
    return gates


def _embedding_angles(start: AmplitudeEmbedding, inputs: torch.Tensor) -> torch.Tensor:
    """Return the angles of ``_embedding_gates`` for each sample, [copies, batch, 2^wires - 1]; nan for norm zero."""
    n_wires = len(start.wires)
    features = inputs[..., start.inputs.start : start.inputs.stop]
    levels = [torch.nn.functional.pad(features, (0, 2**n_wires - start.n_features))]
    while levels[-1].shape[-1] > 1:  # from amplitudes with their signs to the norms of ever larger parts
        pairs = levels[-1].unflatten(-1, (-1, 2))
        levels.append(torch.hypot(pairs[..., 0], pairs[..., 1]))
    found = []
    for k, level in enumerate(reversed(levels[:-1])):
        pairs = level.unflatten(-1, (-1, 2))
        rotations = 2 * torch.atan2(pairs[..., 1], pairs[..., 0])
        found.append(rotations @ _multiplexing(k).to(rotations))
    return torch.cat(found, dim=-1).masked_fill(levels[-1] == 0, torch.nan)


def _multiplexing(k: int) -> torch.Tensor:
    """Return the matrix [branches, gates] from the rotation in each state of k wires to the rotations between CNOTs.

    Between the CNOTs, gate j acts in state i with the sign (-1)^(i . Gray code of j).
    """
    states = torch.arange(2**k)
    odd = states[:, None] & (states ^ (states >> 1))[None, :]
    for shift in (16, 8, 4, 2, 1):
        odd = odd ^ (odd >> shift)
    return (1 - 2 * (odd & 1)).double() / 2**k


def _changed_bit(step: int, k: int) -> int:
    """Return which bit, 0 being the least significant, the Gray code of k bits changes after ``step``; at last the highest."""
    following = step + 1
    return k - 1 if following == 2**k else (following & -following).bit_length() - 1
