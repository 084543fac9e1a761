"""Whether one tensor in a network depends on another, and whether autograd agrees.

The slope along a random direction is found twice, by autograd and by central differences. A difference means that values
pass where gradients do not: something on the way was detached, copied into a new tensor, rounded or drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from qaugbench.circuits.audit.instrumented_network import Probe, Tensors, Trace, moved, replaced
from qaugbench.seeds import child_seed, torch_generator

Verdict = Literal["nothing", "cut", "partly", "passes"]
Target = Callable[[Trace], Tensors]
RANKS: tuple[Verdict, ...] = ("nothing", "cut", "partly", "passes")
STEP = {torch.float64: 1e-5, torch.float32: 1e-2}
STEP_BETWEEN_KINKS = 1e-7
"""In double precision, where the slope of the first step disagrees: rectifiers turn within that one."""
TOLERANCE = {torch.float64: 2e-3, torch.float32: 1e-1}  # of the slope: central differences, kinks
DEAD = {torch.float64: 1e-10, torch.float32: 1e-5}  # of the largest gradient: rounding
CHANGE = {torch.float64: 1e-9, torch.float32: 1e-5}  # of the largest value: rounding, also by neighbours in a batch
DRAWN_MOVES = 16  # far moves until drawn bits must have changed: a single one may by chance leave each of them as it is


@dataclass(frozen=True)
class Link:
    """What moving a source does to a target.

    "nothing": the target does not change. "cut": it moves, but no gradient passes. "partly": the gradient
    is not the measured slope. "passes": it is.
    """

    verdict: Verdict
    measured: float = 0.0
    gradient: float = 0.0

    @property
    def loss(self) -> str:
        """What is lost on the way."""
        if self.verdict == "cut":
            return "no gradient comes back: it was detached, or copied into a new tensor, on the way"
        return f"only part of the gradient comes back: the slope is {self.measured:.3g}, by the gradient {self.gradient:.3g}"


class Point:
    """The network at one generic point: its run, and what follows from moving something there."""

    def __init__(self, probe: Probe, seed: int) -> None:
        probe.jitter(child_seed(seed, "jitter"))
        self.probe = probe
        self.dtype = probe.precision
        self._seed = seed
        self._n_moves = DRAWN_MOVES if any(part.draws_samples for part in probe.parts) else 1
        self.base = probe.run()

    def link(self, sources: Sequence[torch.Tensor], target: Target) -> Link:
        """Return how ``target`` depends on all ``sources`` together."""
        sources = [source for source in sources if source.numel()]
        if not sources:
            return Link("nothing")
        directions = _capped(self._normal(sources, "direction"))
        gradients = self.gradients(target, sources)
        slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
        found = self._compared(sources, target, directions, slope, STEP[self.dtype])
        if found.verdict == "partly" and self.dtype == torch.float64:
            nearer = self._compared(sources, target, directions, slope, STEP_BETWEEN_KINKS)
            found = nearer if nearer.verdict == "passes" else found
        return found

    def _compared(
        self, sources: Tensors, target: Target, directions: Sequence[torch.Tensor], slope: float, step: float
    ) -> Link:
        """Return the link by the ``slope`` along ``directions`` and central differences of ``step`` along them."""
        ahead, behind = (target(self._after(sources, [sign * step * d for d in directions])) for sign in (1, -1))
        rise, noise = self._rise(ahead, behind)
        measured, noise = rise / (2 * step), noise / step
        if max(abs(slope), abs(measured)) <= noise:
            return Link("cut" if self.changes(sources, target) else "nothing", measured, slope)
        if abs(slope - measured) <= TOLERANCE[self.dtype] * max(abs(slope), abs(measured)) + noise:
            return Link("passes", measured, slope)
        return Link("cut" if abs(slope) <= noise else "partly", measured, slope)

    def gradients(self, target: Target, sources: Sequence[torch.Tensor]) -> Tensors:
        """Return the gradient of a random linear function of ``target`` for each source, zero where there is none."""
        values = target(self.base)
        total = sum(((c * v).sum() for c, v in zip(self._weights(values), values, strict=True)), torch.zeros(()))
        wanted = [source for source in sources if source.requires_grad]
        if not total.requires_grad or not wanted:
            return [torch.zeros_like(source) for source in sources]
        found = iter(torch.autograd.grad(total, wanted, allow_unused=True, retain_graph=True))
        gradients = [next(found) if source.requires_grad else None for source in sources]
        return [torch.zeros_like(s) if g is None else g for s, g in zip(sources, gradients, strict=True)]

    def rounding(self, target: Target) -> float:
        """Return what rounding may add to a gradient of a random linear function of ``target``."""
        return self._noise(target(self.base))

    def changes(
        self,
        sources: Sequence[torch.Tensor],
        target: Target,
        *,
        within: Sequence[torch.Tensor] | None = None,
    ) -> bool:
        """Return whether ``target`` changes when ``sources``, or their entries ``within`` these masks, are moved far."""
        masks = within or [torch.ones(())] * len(sources)
        return any(
            self.differ(
                target(self.base), target(self._after(sources, [s * m for s, m in zip(far, masks, strict=True)]))
            )
            for far in self._far(sources)
        )

    def changes_with(self, arguments: Iterable[str], target: Target) -> bool:
        """Return whether ``target`` changes when these arguments do: floating-point ones are moved far, others are permuted."""
        leaves = [self.probe.arguments[name] for name in arguments]
        floating = [leaf for leaf in leaves if leaf.is_floating_point()]
        others = [leaf for leaf in leaves if not leaf.is_floating_point() and leaf.ndim]
        with replaced(others, [leaf.roll(1, 0) for leaf in others]):
            return any(
                self.differ(target(self.base), target(self._after(floating, far))) for far in self._far(floating)
            )

    def differ(self, first: Tensors, second: Tensors) -> bool:
        """Return whether two lists of tensors differ by more than rounding."""
        tolerance = CHANGE[self.dtype]
        for a, b in zip(first, second, strict=True):
            if a.shape != b.shape:
                return True
            if a.numel() and not torch.allclose(a, b, rtol=0, atol=tolerance * (1 + float(a.detach().abs().max()))):
                return True
        return False

    def _far(self, sources: Sequence[torch.Tensor]) -> Iterator[Tensors]:
        """Yield the moves of ``sources`` after one of which at the latest all that depends on them is different."""
        for number in range(self._n_moves):
            directions = self._normal(sources, f"far {number}" if number else "far")
            yield [(0.1 + _size(source)) * d for source, d in zip(sources, directions, strict=True)]

    def _after(self, sources: Sequence[torch.Tensor], by: Tensors) -> Trace:
        with moved(sources, by):
            return self.probe.run(record=False)

    def _rise(self, ahead: Tensors, behind: Tensors) -> tuple[float, float]:
        """Return the difference of the random linear function between two runs, and what rounding may add to it."""
        weights = self._weights(ahead)
        rise = sum(float((c * (a - b)).detach().sum()) for c, a, b in zip(weights, ahead, behind, strict=True))
        return rise, self._noise(ahead)

    def _noise(self, values: Tensors) -> float:
        size = sum(float((c * v).detach().abs().sum()) for c, v in zip(self._weights(values), values, strict=True))
        return 8 * torch.finfo(self.dtype).eps * size

    def _weights(self, values: Tensors) -> Tensors:
        return self._normal(values, "functional")

    def _normal(self, like: Sequence[torch.Tensor], name: str) -> Tensors:
        random = torch_generator(child_seed(self._seed, name))
        return [torch.randn(t.shape, generator=random, dtype=torch.float64).to(t.dtype) for t in like]


def _capped(directions: Tensors) -> Tensors:
    """Return ``directions``, shortened to a length of 10 together if they are longer, so that a step stays small."""
    length = math.sqrt(sum(float(d.square().sum()) for d in directions))
    return [d * min(1.0, 10 / max(length, 1e-12)) for d in directions]


def _size(source: torch.Tensor) -> float:
    return float(source.detach().square().mean().sqrt())
