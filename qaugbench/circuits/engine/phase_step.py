"""The step that multiplies by phases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.engine.buffers import Buffers
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.plan import Phase
from qaugbench.circuits.engine.products import Products
from qaugbench.circuits.engine.step import Step

# The phase that a gate gives to states with a 1 on all its wires, in eighths of a turn.
EIGHTHS = {"Z": 4, "S": 2, "T": 1, "CZ": 4}
# The phase of other diagonal gates in units of their angle: a factor for each wire, for its bit being 0 and being 1.
SLOPES: dict[str, tuple[tuple[float, float], ...]] = {
    "RZ": ((-0.5, 0.5),),
    "CRZ": ((0.0, 1.0), (-0.5, 0.5)),
    "RZZ": ((-0.5, 0.5), (1.0, -1.0)),
}


class ApplyPhase(Step):
    """Multiplies by exp(i phase), the phase of a basis state being linear in the angles of diagonal gates.

    All ``steps`` have the same gates apart from the values of their angles.
    """

    fixed: torch.Tensor  # radians where there are angles to add, else cosine and sine

    def __init__(self, steps: Sequence[Phase], n_wires: int, needs: Needs, *, is_complex: bool) -> None:
        super().__init__()
        self.is_complex, self.count = is_complex, len(steps)
        eighths = _fixed_eighths(steps[0], n_wires)
        self.has_fixed = bool(eighths.any())
        self.slopes: dict[bool, Products] = {}
        self.places: dict[bool, slice] = {}
        for is_sampled in (False, True):
            rows = [[o for o in step.operations if o.angle and o.is_sampled is is_sampled] for step in steps]
            if rows[0]:
                angles = [operation.angle for row in rows for operation in row if operation.angle]
                self.places[is_sampled] = needs.ask_phases(is_sampled, angles)
                factors = [dict(zip(o.wires, SLOPES[o.name], strict=True)) for o in rows[0]]
                self.slopes[is_sampled] = Products(factors, n_wires)
        self.tables = nn.ModuleList(self.slopes.values())
        fixed = torch.from_numpy(eighths * (np.pi / 4)) if self.places else _unit_circle(eighths)
        self.register_buffer("fixed", fixed, persistent=False)

    def extent(self, operands: Operands) -> tuple[int, int]:
        sizes = [operands.phases[is_sampled].shape[1:] for is_sampled in self.places]
        return max((size[0] for size in sizes), default=1), max((size[1] for size in sizes), default=1)

    def prepare(self, operands: Operands, copies: int, which: slice) -> torch.Tensor:
        """Return the factors of the basis states, [steps, ...]."""
        if not self.places:
            cosine, sine = self.fixed[:, :, None]
            factor = torch.complex(cosine, sine) if self.is_complex else cosine
            return factor.expand(len(range(self.count)[which]), 1, 1, -1, 1)
        terms = [self.fixed[:, None]] if self.has_fixed else []
        for is_sampled, place in self.places.items():
            angles = operands.phases[is_sampled][place].unflatten(0, (self.count, -1))[which]
            batch_first = operands.batch_first and is_sampled
            terms.append(self.slopes[is_sampled].weighted_sum(angles, batch_first=batch_first))
        phase = sum(terms[1:], start=terms[0])
        return torch.complex(torch.cos(phase), torch.sin(phase))

    def adjoint(self, made: torch.Tensor, *, of_conjugate: bool) -> torch.Tensor:
        return made if of_conjugate else made.conj_physical()

    def apply_one(self, vector: torch.Tensor, made: torch.Tensor, number: int, buffers: Buffers) -> torch.Tensor:
        result = torch.mul(vector, made[number], out=buffers.take())
        buffers.give(vector)
        return result

    def collect(
        self, conjugate: torch.Tensor, gradient: torch.Tensor, found: Operands, buffers: Buffers
    ) -> torch.Tensor | None:
        """Return gradient * conjugate, whose imaginary part is the gradient for the phases."""
        if not any(is_sampled in found.phases for is_sampled in self.places):
            return None
        return torch.mul(gradient, conjugate, out=buffers.take())

    def write_gradients(
        self, traces: Sequence[torch.Tensor | None], found: Operands, which: slice, buffers: Buffers
    ) -> None:
        given = [trace for trace in traces if trace is not None]
        if not given:
            return
        by_phase = torch.stack([trace.imag for trace in given]) if len(given) > 1 else given[0].imag[None]
        for is_sampled in set(self.places) & set(found.phases):
            summed = by_phase if is_sampled else by_phase.sum((2, 4), keepdim=True)
            slopes = self.slopes[is_sampled].project(summed)
            target = found.phases[is_sampled][self.places[is_sampled]].unflatten(0, (self.count, -1))[which]
            target.copy_(slopes.sum(2, keepdim=True) if slopes.shape[2] > target.shape[2] else slopes)
        for trace in given:
            buffers.give(trace)


def _fixed_eighths(step: Phase, n_wires: int) -> np.ndarray:
    """Return the phases of the gates without angles on each basis state, in eighths of a turn."""
    eighths = np.zeros((2,) * n_wires, dtype=np.uint8)
    for operation in step.operations:
        if operation.angle is None:
            ones = tuple(slice(1, 2) if wire in operation.wires else slice(None) for wire in range(n_wires))
            eighths[ones] += np.uint8(EIGHTHS[operation.name])
    return eighths.flatten() % 8


def _unit_circle(eighths: np.ndarray) -> torch.Tensor:
    """Return cosine and sine of phases in eighths of a turn, float64 [2, states]."""
    r = np.sqrt(0.5)
    cosine = np.array([1, r, 0, -r, -1, -r, 0, r])
    return torch.from_numpy(np.stack([cosine[eighths], cosine[(eighths + 6) % 8]]))
