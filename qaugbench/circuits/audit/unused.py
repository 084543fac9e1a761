"""Parameters and modules of a network that its output does not need: declared and never used, or cut off from learning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import nn

from qaugbench.circuits.audit.circuit_modules import CONTAINERS
from qaugbench.circuits.audit.findings import Check
from qaugbench.circuits.audit.gradient_check import Point
from qaugbench.circuits.audit.instrumented_network import Probe
from qaugbench.circuits.audit.weights import ignoring, into, outputs
from qaugbench.circuits.block import Block
from qaugbench.errors import first_offenders

USED = "every trainable parameter outside the circuits takes part"
CALLED = "every module is called"


def unused_parameters(points: Sequence[Point]) -> Iterator[Check]:
    """Yield whether every trainable parameter outside the circuits receives gradient from the network's output."""
    trainable = _trainable(points[-1].probe)
    if not trainable:
        yield Check("none", USED, "there is none")
        return
    reached = {name for point in points for name in _reached(point)}
    silent = [name for name in trainable if name not in reached]
    if not silent:
        yield Check("fine", USED, f"{len(trainable)} tensors")
    for name, members in _grouped(silent, trainable):
        yield _silent(points[-1], name, [trainable[member] for member in members])


def _silent(point: Point, name: str, parameters: list[nn.Parameter]) -> Check:
    """Return why ``name``, a parameter or a module of such ``parameters``, receives no gradient."""
    module = dict(point.probe.network.named_modules()).get(name)
    what = f"the parameter {name}" if module is None else f"{name}, a {type(module).__name__},"
    if point.changes(parameters, into(point, lambda part: part.draws_samples)):
        return Check("none", USED, f"{what} feeds a circuit that draws samples, through which no gradient passes")
    if point.changes(parameters, outputs):
        return Check("fails", USED, f"{what} changes the output, but gets no gradient")
    if point.changes(parameters, into(point, ignoring)):
        return Check("none", USED, f"{what} feeds nothing but a control that ignores its inputs")
    was_called = name in point.base.called
    return Check("fails", USED, f"{what} is {'called without effect' if was_called else 'declared and never used'}")


def uncalled_modules(point: Point) -> Check:
    """Return a note of modules without trainable parameters that are never called."""
    probe, called = point.probe, point.base.called
    blocks = tuple(f"{part.name}." for part in probe.parts if isinstance(part.module, Block))
    idle = [
        name
        for name, module in probe.network.named_modules()
        if name not in called
        and not name.startswith(blocks)
        and not any(True for _ in module.children())
        and not isinstance(module, CONTAINERS)
        and not any(parameter.requires_grad for parameter in module.parameters())
    ]
    return Check("note", CALLED, f"never: {first_offenders(idle)}") if idle else Check("fine", CALLED)


def _trainable(probe: Probe) -> dict[str, nn.Parameter]:
    of_circuits = {name for part in probe.parts for name in part.weights}
    return {n: p for n, p in probe.network.named_parameters() if p.requires_grad and n not in of_circuits}


def _reached(point: Point) -> list[str]:
    trainable = _trainable(point.probe)
    gradients = point.gradients(outputs, list(trainable.values()))
    return [name for name, gradient in zip(trainable, gradients, strict=True) if gradient.any()]


def _grouped(silent: list[str], trainable: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the outermost modules of which all trainable parameters are silent, and the silent parameters elsewhere."""
    left = list(silent)
    while left:
        steps = left[0].split(".")
        for name in (".".join(steps[:depth]) for depth in range(1, len(steps) + 1)):
            members = [other for other in trainable if other == name or other.startswith(f"{name}.")]
            if set(members) <= set(left):
                break
        yield name, members
        left = [other for other in left if other not in members]
