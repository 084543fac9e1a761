"""What circuits do while something else runs, such as a generator's fit: which networks call them, and what they learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.utils import _pytree as tree

from qaugbench.circuits.block import Block


@dataclass(frozen=True)
class NetworkCall:
    """A call of ``network`` that no other network made, with copies of its arguments."""

    network: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass
class Learning:
    """What one parameter of a block went through: its first value, and the largest gradient of each scalar."""

    parameter: nn.Parameter
    first: torch.Tensor
    largest_gradient: torch.Tensor


@dataclass
class Watched:
    """What was seen: the last call of each network that holds a block, and its blocks' parameters by their names."""

    calls: dict[int, NetworkCall] = field(default_factory=dict)
    learning: dict[str, Learning] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)


@contextmanager
def watching(apart: Iterable[nn.Module] = ()) -> Iterator[Watched]:
    """Watch every module that is called inside the context; one thread only, since torch's global hooks see all of them.

    ``calls`` holds networks that no other network calls and that hold a block; ``blocks`` those blocks that were
    called; ``learning`` what reached the trainable parameters of all blocks of these networks by ``backward()``. Modules that
    stand ``apart`` are not looked at, such as those of something that was fitted before.
    """
    watched = Watched()
    unseen = {id(module) for module in apart}
    removable: list[Any] = []
    depth = 0

    def entering(module: nn.Module, args: Any) -> None:
        nonlocal depth
        depth += 1

    def leaving(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        nonlocal depth
        depth -= 1
        if id(module) in unseen:
            return
        if isinstance(module, Block):
            watched.blocks[id(module)] = module
        if depth or not any(isinstance(part, Block) for part in module.modules()):
            return
        if id(module) not in watched.calls:
            removable.extend(_follow(module, watched))
        watched.calls[id(module)] = NetworkCall(module, *tree.tree_map(_kept, (args, dict(kwargs))))

    removable.append(hooks.register_module_forward_pre_hook(entering))
    removable.append(hooks.register_module_forward_hook(leaving, with_kwargs=True))
    try:
        yield watched
    finally:
        for handle in removable:
            handle.remove()


def _follow(network: nn.Module, watched: Watched) -> Iterator[Any]:
    """Note what reaches the parameters of all blocks in ``network``; yield the handles of the hooks."""
    for name, module in network.named_modules():
        for inner, parameter in module.named_parameters() if isinstance(module, Block) else ():
            if parameter.requires_grad and parameter.numel():
                key = ".".join(filter(None, (name, inner)))
                key = key if key not in watched.learning else f"{key} of network {len(watched.calls) + 1}"
                seen = Learning(parameter, parameter.detach().clone(), torch.zeros_like(parameter))
                watched.learning[key] = seen
                yield parameter.register_post_accumulate_grad_hook(lambda p, seen=seen: _note(p, seen))


def _note(parameter: torch.Tensor, seen: Learning) -> None:
    if parameter.grad is not None:
        torch.maximum(seen.largest_gradient, parameter.grad.abs(), out=seen.largest_gradient)


def _kept(leaf: Any) -> Any:
    return leaf.detach().clone() if torch.is_tensor(leaf) else leaf
