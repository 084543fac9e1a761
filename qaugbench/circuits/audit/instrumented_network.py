"""A copy of a network that replays one call, recorded and shifted at its circuits."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as tree

from qaugbench.circuits.audit.circuit_modules import Part, parts_of
from qaugbench.circuits.block import Block
from qaugbench.circuits.execution import IDEAL
from qaugbench.errors import CircuitError
from qaugbench.seeds import child_seed, torch_generator

Tensors = list[torch.Tensor]


@dataclass
class PartCall:
    """What went into and came out of a part in one call."""

    inputs: Tensors
    outputs: Tensors = field(default_factory=list)


@dataclass
class Trace:
    """One run: the network's outputs, and the calls of each part by its name."""

    outputs: Tensors = field(default_factory=list)
    calls: dict[str, list[PartCall]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)

    def into(self, part: Part) -> Tensors:
        """Return all tensors that went into ``part``."""
        return [tensor for call in self.calls[part.name] for tensor in call.inputs]

    def out_of(self, part: Part) -> Tensors:
        """Return all tensors that came out of ``part``."""
        return [tensor for call in self.calls[part.name] for tensor in call.outputs]


class Probe:
    """Runs ``network(*args, **kwargs)`` in evaluation mode on a copy, on the CPU, in double precision where possible.

    ``arguments`` holds the tensors of the call, of which ``inputs`` are the floating-point ones. ``shifts[part, side, call]`` are
    leaves, zero unless moved, that are added to what goes into ("in") or comes out of ("out") a part. Every run draws the
    same random numbers.
    """

    def __init__(
        self,
        network: nn.Module,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        circuit_parameters: Iterable[str],
        seed: int,
    ) -> None:
        self._names, self._seed = list(circuit_parameters), seed
        try:
            self._prepare(network, args, kwargs, torch.float64)
            self.run()
        except RuntimeError:  # a network that casts internally runs in its own precision only
            self._prepare(network, args, kwargs, None)
            self._run_or_refuse(type(network).__name__)

    def _prepare(
        self, network: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], dtype: torch.dtype | None
    ) -> None:
        try:
            copied = copy.deepcopy(network).cpu().eval()
        except (RuntimeError, TypeError) as error:
            raise CircuitError(f"{type(network).__name__} cannot be copied for an audit: {error}") from error
        self.network = copied.double() if dtype else copied  # .to(dtype) would make complex buffers real
        self.parts = parts_of(self.network, self._names)
        leaves, self._structure = tree.tree_flatten_with_path((tuple(args), dict(kwargs)))
        self._leaves = [_copied(leaf, dtype) for _, leaf in leaves]
        named = zip((_argument_name(path) for path, _ in leaves), self._leaves, strict=True)
        self.arguments: dict[str, torch.Tensor] = {name: leaf for name, leaf in named if torch.is_tensor(leaf)}
        self.inputs = [leaf for leaf in self.arguments.values() if leaf.is_floating_point()]
        self.shifts: dict[tuple[str, str, int], Tensors] = {}
        self.precision = dtype or next((leaf.dtype for leaf in self.inputs), torch.float32)
        self._trace = Trace()
        for part in self.parts:
            part.module.register_forward_pre_hook(self._entering(part), with_kwargs=True)
            part.module.register_forward_hook(self._leaving(part))
        for name, module in self.network.named_modules():
            module.register_forward_pre_hook(lambda module, args, name=name: self._trace.called.add(name))

    def _run_or_refuse(self, name: str) -> None:
        try:
            self.run()
        except RuntimeError as error:
            raise CircuitError(f"{name} cannot be run on these arguments: {error}") from error

    def run(self, *, record: bool = True) -> Trace:
        """Return what happens at the present values of inputs, parameters and shifts; ``record`` keeps gradients."""
        self._trace = trace = Trace(calls={part.name: [] for part in self.parts})
        for number, module in enumerate(self.network.modules()):
            if isinstance(module, Block):
                module.run_under(IDEAL, torch_generator(child_seed(self._seed, "block", number)))
        passed = [leaf.clone() if torch.is_tensor(leaf) else leaf for leaf in self._leaves]
        args, kwargs = tree.tree_unflatten(passed, self._structure)
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(record):
            torch.default_generator.manual_seed(child_seed(self._seed, "run"))
            trace.outputs = _floating(self.network(*args, **kwargs))
        return trace

    def jitter(self, seed: int) -> None:
        """Move every trainable parameter to a generic point near its value: nothing stays at an initial zero."""
        random = torch_generator(seed)
        classical = [weight for part in self.parts if part.is_classical for weight in part.weights.values()]
        angles = {id(weight) for part in self.parts for weight in part.weights.values()} - set(map(id, classical))
        for parameter in self.network.parameters():
            if parameter.requires_grad and parameter.numel():
                size = float(parameter.detach().square().mean().sqrt())
                width = 1.0 if id(parameter) in angles else 0.02 + 0.1 * size
                noise = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
                parameter.data.add_((width * noise).to(parameter.dtype))

    def shift(self, part: Part, side: str) -> Tensors:
        """Return the shifts of all calls of ``part`` on one ``side``."""
        return [
            leaf for (name, at, _), leaves in self.shifts.items() if (name, at) == (part.name, side) for leaf in leaves
        ]

    def _entering(self, part: Part) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> Any:
            calls = self._trace.calls[part.name]
            calls.append(PartCall(_floating((args, kwargs))))
            return self._shifted((args, kwargs), (part.name, "in", len(calls)))

        return hook

    def _leaving(self, part: Part) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> Any:
            calls = self._trace.calls[part.name]
            calls[-1].outputs = _floating(output)
            return self._shifted(output, (part.name, "out", len(calls)))

        return hook

    def _shifted(self, value: Any, place: tuple[str, str, int]) -> Any:
        tensors = _floating(value)
        leaves = self.shifts.setdefault(place, [torch.zeros_like(t).detach().requires_grad_() for t in tensors])
        waiting = iter(leaves)
        return tree.tree_map(lambda leaf: leaf + next(waiting) if _is_floating(leaf) else leaf, value)


@contextmanager
def moved(leaves: Sequence[torch.Tensor], by: Sequence[torch.Tensor]) -> Iterator[None]:
    """Add ``by`` to ``leaves`` inside the context; afterwards they have the same bits as before."""
    with replaced(leaves, [leaf.detach() + step for leaf, step in zip(leaves, by, strict=True)]):
        yield


@contextmanager
def replaced(leaves: Sequence[torch.Tensor], values: Sequence[torch.Tensor]) -> Iterator[None]:
    """Give ``leaves`` other ``values`` inside the context; afterwards they have the same bits as before."""
    before = [leaf.detach().clone() for leaf in leaves]
    try:
        for leaf, value in zip(leaves, values, strict=True):
            leaf.data.copy_(value)
        yield
    finally:
        for leaf, value in zip(leaves, before, strict=True):
            leaf.data.copy_(value)


def _argument_name(path: Any) -> str:
    """Return "argument 1" for the first argument, "argument labels" for a keyword, followed by the path into it."""
    first = path[1]
    name = first.idx + 1 if isinstance(first, tree.SequenceKey) else first.key
    return f"argument {name}{tree.keystr(path[2:])}"


def _copied(leaf: Any, dtype: torch.dtype | None) -> Any:
    if not torch.is_tensor(leaf):
        return leaf
    copied = leaf.detach().cpu().clone()
    return copied.to(dtype or copied.dtype).requires_grad_() if _is_floating(copied) else copied


def _is_floating(leaf: Any) -> bool:
    return torch.is_tensor(leaf) and leaf.is_floating_point()


def _floating(value: Any) -> Tensors:
    return [leaf for leaf in tree.tree_leaves(value) if _is_floating(leaf)]
