"""Whether the circuits inside a network take part in its learning, whatever runs them.

Every link on the path from the layers before a circuit, through it, to the network's output is tested by moving one end and
observing the other, and by its gradient. Five of six published code bases fail here, not in their circuits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from qaugbench.circuits.audit.batch_independence import samples_stay_apart
from qaugbench.circuits.audit.circuit_modules import Part
from qaugbench.circuits.audit.findings import Check, Liveness
from qaugbench.circuits.audit.gradient_check import RANKS, Link, Point, Target
from qaugbench.circuits.audit.instrumented_network import Probe, Tensors
from qaugbench.circuits.audit.unused import uncalled_modules, unused_parameters
from qaugbench.circuits.audit.weights import FEEDS_IGNORING, View, ignoring, into, outputs, weights_learn
from qaugbench.circuits.block import Block
from qaugbench.errors import first_offenders
from qaugbench.seeds import child_seed

POINTS = 2

IS_CALLED = "is called"
OUTPUT_USED = "its output reaches the network's output"
INPUT_FOLLOWS = "its input depends on the network's input"
PASSES_BACK = "gradient returns from its output to its input"
UPSTREAM = "gradient returns from its input to the layers before it"
INPUTS_USED = "the output depends on the network's input"


def audit_network(
    network: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    circuit_parameters: Iterable[str] = (),
    seed: int = 0,
) -> Liveness:
    """Return whether the circuits in ``network`` are live in the call ``network(*args, **kwargs)``; nothing is changed.

    Works on a copy in evaluation mode, on the CPU, in double precision (or in the network's own if it casts internally), at
    two generic points near the present parameters. Give a batch of at least two samples, or mixing of samples cannot be seen.
    ``circuit_parameters`` names parameters of circuits that something other than a ``Block`` runs.

    Raises:
        CircuitError: no circuit in the network, an unknown parameter name, or a network that cannot be copied.
    """
    points = [
        Point(Probe(network, args, kwargs or {}, circuit_parameters, seed), child_seed(seed, "point", number))
        for number in range(POINTS)
    ]
    checks = [check for views in _views(points) for check in _part(views)]
    checks += _inputs_used(points[-1])
    if not isinstance(network, Block):
        checks += [*unused_parameters(points), uncalled_modules(points[-1])]
    checks.append(samples_stay_apart(points[-1], seed))
    return Liveness(tuple(checks), str(points[0].dtype).removeprefix("torch."))


def _views(points: Sequence[Point]) -> Iterator[list[View]]:
    """Yield each part as it is at each point."""
    for number in range(len(points[0].probe.parts)):
        yield [(point, point.probe.parts[number]) for point in points]


def _part(views: list[View]) -> Iterator[Check]:
    point, part = views[0]
    if not point.base.calls[part.name]:
        yield Check("fails", IS_CALLED, f"this {type(part.module).__name__} is never called", part.name)
        return
    if not part.is_whole:
        yield Check("fine", IS_CALLED, subject=part.name)
        yield _output_used(views)
    yield from weights_learn(views)
    yield from _through(views)


def _output_used(views: list[View]) -> Check:
    found = _best(views, _out_shifts, _network_outputs)
    part = views[0][1]
    if found.verdict == "nothing" and any(at.changes(_out_shifts(at, its), into(at, ignoring)) for at, its in views):
        return Check("none", OUTPUT_USED, FEEDS_IGNORING, part.name)
    if found.verdict == "nothing":
        return Check("fails", OUTPUT_USED, "it is ignored: changing it changes nothing", part.name)
    if found.verdict == "passes":
        return _each_call_used(views)
    return Check("fails", OUTPUT_USED, f"the network depends on it, but {found.loss}", part.name)


def _each_call_used(views: list[View]) -> Check:
    """Return whether gradient reaches the output of every single call of a part, if it is called several times."""
    part, n_calls = views[0][1], len(views[0][0].base.calls[views[0][1].name])
    reached = {number for at, its in views for number in _reached_calls(at, its)}
    missing = [number for number in range(1, n_calls + 1) if number not in reached]
    if missing:
        return Check(
            "fails",
            OUTPUT_USED,
            f"that of call {first_offenders(missing)} of {n_calls} is ignored or cut off",
            part.name,
        )
    return Check("fine", OUTPUT_USED, f"{n_calls} calls" if n_calls > 1 else "", part.name)


def _reached_calls(point: Point, part: Part) -> list[int]:
    shifts = [
        (number, leaf)
        for (name, side, number), leaves in point.probe.shifts.items()
        if (name, side) == (part.name, "out")
        for leaf in leaves
    ]
    gradients = point.gradients(outputs, [leaf for _, leaf in shifts])
    return [number for (number, _), gradient in zip(shifts, gradients, strict=True) if gradient.any()]


def _through(views: list[View]) -> Iterator[Check]:
    """Yield what happens on the way to a part: from the network's input, from the layers before it, and through it."""
    part = views[0][1]
    if not any(tensor.numel() for tensor in views[0][0].base.into(part)):
        yield Check("none", PASSES_BACK, "it takes no inputs", part.name)
        return
    before = _best(views, _layers_before, _into)
    yield _passes_back(views, anything_before=before.verdict != "nothing")
    if not part.is_whole:
        yield _input_follows(views)
        yield _upstream(before, part)


def _passes_back(views: list[View], *, anything_before: bool) -> Check:
    part = views[0][1]
    if part.ignores_inputs:
        return Check("none", PASSES_BACK, "this control ignores its inputs", part.name)
    if part.draws_samples:
        return Check("none", PASSES_BACK, "drawn samples pass no gradient", part.name)
    found = _best(views, _in_shifts, _out_of)
    if found.verdict == "nothing":
        return Check("fails", PASSES_BACK, "its output does not depend on its input", part.name)
    if found.verdict == "passes":
        return Check("fine", PASSES_BACK, subject=part.name)
    is_needed = anything_before or isinstance(part.module, Block)
    more = "" if is_needed else ", and nothing trainable comes before it"
    return Check("fails" if is_needed else "note", PASSES_BACK, f"{found.loss}{more}", part.name)


def _input_follows(views: list[View]) -> Check:
    part = views[0][1]
    if not views[0][0].probe.arguments:
        return Check("none", INPUT_FOLLOWS, "the network takes no tensors", part.name)
    if any(at.changes_with(list(at.probe.arguments), _into(its)) for at, its in views):
        return Check("fine", INPUT_FOLLOWS, subject=part.name)
    return Check("fails", INPUT_FOLLOWS, "it stays the same whatever goes into the network", part.name)


def _upstream(before: Link, part: Part) -> Check:
    if before.verdict == "nothing":
        return Check("none", UPSTREAM, "no trainable layer comes before it", part.name)
    if before.verdict == "passes":
        return Check("fine", UPSTREAM, subject=part.name)
    return Check("fails", UPSTREAM, f"these layers change its input, but {before.loss}", part.name)


def _layers_before(point: Point, part: Part) -> Tensors:
    named = point.probe.network.named_parameters()
    return [parameter for name, parameter in named if parameter.requires_grad and name not in part.weights]


def _in_shifts(point: Point, part: Part) -> Tensors:
    return point.probe.shift(part, "in")


def _out_shifts(point: Point, part: Part) -> Tensors:
    return point.probe.shift(part, "out")


def _into(part: Part) -> Target:
    return lambda trace: trace.into(part)


def _out_of(part: Part) -> Target:
    return lambda trace: trace.out_of(part)


def _network_outputs(part: Part) -> Target:
    return outputs


def _best(
    views: list[View],
    sources: Callable[[Point, Part], Tensors],
    target: Callable[[Part], Target],
) -> Link:
    """Return the best link from ``sources`` to ``target`` over all points; a unit may happen to be silent at one of them."""
    links = []
    for point, part in views:
        links.append(point.link(sources(point, part), target(part)))
        if links[-1].verdict == "passes":
            break
    return max(links, key=lambda link: RANKS.index(link.verdict))


def _inputs_used(point: Point) -> Iterator[Check]:
    """Yield, for each tensor that goes into the network, whether the output changes with it."""
    for name, leaf in point.probe.arguments.items():
        if not leaf.numel():
            continue
        if point.changes_with([name], outputs):
            yield Check("fine", INPUTS_USED, name)
        elif point.changes_with([name], into(point, ignoring)):
            yield Check("none", INPUTS_USED, f"{name} feeds nothing but a control that ignores its inputs")
        elif leaf.is_floating_point():
            yield Check("fails", INPUTS_USED, f"{name}, a {list(leaf.shape)} tensor, changes nothing")
        else:
            yield Check("note", INPUTS_USED, f"permuting {name} changes nothing")
