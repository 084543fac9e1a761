"""Finitely many shots of a circuit that is otherwise perfect: exact probabilities, then draws from them."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.measurement import Setting, accepted, combine, settings
from qaugbench.circuits.sampling import draw_counts, draw_states, state_bits
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError


def make_executor(circuit: Circuit, execution: Execution) -> nn.Module:
    """Return what runs ``circuit`` with ``execution.shots`` shots per measurement setting."""
    if execution.shots is None:
        raise CircuitError("Finitely many shots need a number of shots, given none.")
    return FiniteShots(circuit, execution.shots)


class FiniteShots(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs] estimated from ``shots`` shots a setting.

    Expectations and probabilities are unbiased; post-selected ones are ratios, nan where no shot was kept. Readout
    "samples" takes one shot a sample, or, post-selected, the first of ``shots`` that is kept. No gradient passes.

    Raises:
        CircuitError: in ``forward``, no generator, or inputs or weights that want a gradient.
    """

    def __init__(self, circuit: Circuit, shots: int) -> None:
        super().__init__()
        self.circuit = circuit
        self.shots = shots
        self.read = settings(circuit)
        self.exact = nn.ModuleList([StateVector(setting.circuit) for setting in self.read])

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        refuse_gradient(inputs, weights)
        probabilities = [exact(inputs, weights) for exact in self.exact]
        return measure(self.circuit, self.read, probabilities, self.shots, generator)


def measure(
    circuit: Circuit,
    read: tuple[Setting, ...],
    probabilities: list[torch.Tensor],
    shots: int,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Return the outputs [..., n_outputs] that ``shots`` shots a setting show, given its probabilities [..., states]."""
    if circuit.readout.kind == "samples":
        return _one_shot(circuit, probabilities[0], shots, generator)
    counts = [draw_counts(values, shots, generator) for values in probabilities]
    return combine(read, [count / shots for count in counts], circuit)


def refuse_gradient(inputs: torch.Tensor, weights: torch.Tensor) -> None:
    """Raise if a gradient is wanted: counted shots have none, and training would silently stand still."""
    if torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad):
        raise CircuitError(
            "Counted shots have no gradient, yet inputs or weights want one; call under torch.no_grad(), or train "
            "with exact values: run_under(IDEAL)."
        )


def _one_shot(
    circuit: Circuit, probabilities: torch.Tensor, shots: int, generator: torch.Generator | None
) -> torch.Tensor:
    """Return the bits of one shot; post-selected, of the first that is kept, which may be none of ``shots``."""
    n_wires = len(circuit.read_wires)
    if not circuit.readout.postselect:
        return state_bits(draw_states(probabilities, 1, generator).squeeze(-1), n_wires, probabilities.dtype)
    kept = accepted(circuit, probabilities)
    share = kept.sum(-1, keepdim=True)
    none = (1 - share).clamp(min=0.0) ** shots
    states = draw_states(torch.cat([kept / share * (1 - none), none], dim=-1), 1, generator).squeeze(-1)
    return state_bits(states.where(states < kept.shape[-1], -1), n_wires, probabilities.dtype)
