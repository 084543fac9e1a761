"""Whether the weights of circuits learn from a network's output, one by one, and whether the output needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from qaugbench.circuits.audit.circuit_modules import Part
from qaugbench.circuits.audit.findings import Check
from qaugbench.circuits.audit.gradient_check import DEAD, Point, Target
from qaugbench.circuits.audit.instrumented_network import Trace
from qaugbench.errors import first_offenders

RECEIVE = "each weight receives gradient"
FOLLOWED = "the network's output depends on its weights"
FEEDS_IGNORING = "they feed nothing but a control that ignores its inputs"
NAMED = 8
LEAVE_OUT = (
    "Leave these gates out (layers of the ansatz do so with drop_dead=True for a readout in Z, meshes.drop_dead for photons) or "
    "read what they change; docs/circuits.md shows both"
)

View = tuple[Point, Part]


def weights_learn(views: Sequence[View]) -> Iterator[Check]:
    """Yield whether the weights of one part, seen at several points, receive gradient, and whether the output depends on them."""
    part = views[0][1]
    total = sum(weight.numel() for weight in part.weights.values())
    trainable = sum(weight.numel() for weight in part.weights.values() if weight.requires_grad)
    if not trainable:
        yield Check("note" if total else "none", RECEIVE, "all are fixed" if total else "there are none", part.name)
    elif part.draws_samples:
        yield Check("none", RECEIVE, "its outputs are drawn samples, through which no gradient passes", part.name)
    else:
        yield _receive(views, trainable)
    if not total:
        yield Check("none", FOLLOWED, "there are none", part.name)
    elif any(at.changes(list(its.weights.values()), outputs) for at, its in views):
        yield Check("fine", FOLLOWED, subject=part.name)
    elif any(at.changes(list(its.weights.values()), into(at, ignoring)) for at, its in views):
        yield Check("none", FOLLOWED, FEEDS_IGNORING, part.name)
    else:
        yield Check("fails", FOLLOWED, "randomising them changes nothing", part.name)


def dead_weights(views: Sequence[View]) -> dict[str, torch.Tensor]:
    """Return, for each trainable weight tensor of a part, a mask of the scalars that receive no gradient at any point."""
    largest: dict[str, torch.Tensor] = {}
    for point, part in views:
        trainable = {name: weight for name, weight in part.weights.items() if weight.requires_grad}
        gradients = point.gradients(outputs, list(trainable.values()))
        for name, gradient in zip(trainable, gradients, strict=True):
            largest[name] = torch.maximum(largest.get(name, torch.zeros_like(gradient)), gradient.abs())
    highest = max((float(g.max()) for g in largest.values() if g.numel()), default=0.0)
    floor = max(DEAD[views[0][0].dtype] * highest, *(point.rounding(outputs) for point, _ in views))
    return {name: gradient <= floor for name, gradient in largest.items()}


def outputs(trace: Trace) -> list[torch.Tensor]:
    """Return the network's outputs."""
    return trace.outputs


def into(point: Point, chosen: Callable[[Part], bool]) -> Target:
    """Return what goes into the parts that are ``chosen``."""
    parts = list(filter(chosen, point.probe.parts))
    return lambda trace: [tensor for part in parts for tensor in trace.into(part)]


def ignoring(part: Part) -> bool:
    """Return whether ``part`` is a control that ignores its inputs, by design."""
    return part.ignores_inputs


def _receive(views: Sequence[View], trainable: int) -> Check:
    dead = dead_weights(views)
    point, part = views[-1]
    names = [part.scalar_name(name, tuple(at)) for name, mask in dead.items() for at in mask.nonzero().tolist()]
    if not names:
        return Check("fine", RECEIVE, f"{trainable} weights", part.name)
    sources, masks = [part.weights[name] for name in dead], list(dead.values())
    share = f"{len(names)} of {trainable}" if len(names) < trainable else f"all {trainable}"
    shown = f": {first_offenders(names, NAMED)}" if len(names) < trainable else ""
    if point.changes(sources, outputs, within=masks):
        return Check("fails", RECEIVE, f"{share} receive none, although they change the output{shown}", part.name)
    if point.changes(sources, into(point, ignoring), within=masks):
        return Check("none", RECEIVE, f"{share} receive none: {FEEDS_IGNORING}", part.name)
    remedy = f". {LEAVE_OUT}" if shown else ""
    return Check("fails", RECEIVE, f"{share} receive none, and they change nothing{shown}{remedy}", part.name)
