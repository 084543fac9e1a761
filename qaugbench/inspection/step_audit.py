"""Whether gradient returns from what goes into a generator's circuits, in steps of training, to the layers it was computed from.

``circuits.audit.network`` answers this for a torch module that calls a circuit. A generator may call its circuits from a method of
its own instead, between which and the layers before no module stands; so here the whole step is repeated and observed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as tree

from qaugbench.cards import Training
from qaugbench.circuits.audit.findings import Check
from qaugbench.circuits.audit.gradient_check import CHANGE
from qaugbench.circuits.block import Block
from qaugbench.errors import first_offenders
from qaugbench.formatting import count
from qaugbench.generators.contract import Batch, Stepped
from qaugbench.generators.shared.author_code import place_running
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

FED = "in training, gradient returns from the input of each circuit to the layers that it is computed from"


@dataclass
class _Fed:
    """What went into one block: its inputs, whether a trainable tensor outside it received gradient from them, and the line."""

    inputs: list[torch.Tensor] = field(default_factory=list)
    reached: bool = False
    place: str = ""


def inputs_pass_gradient(learner: nn.Module, batch: Batch, training: Training, *, seed: int) -> Check:
    """Return whether a circuit of ``learner`` is fed with what trainable layers computed and no gradient returns to them.

    ``training.steps`` steps are taken on copies, from a generic point near the present parameters. A circuit passes if gradient
    returns in one call at least (a critic's step needs none), or if its inputs stay the same when everything trainable outside
    it is moved: noise and data need no gradient.
    """
    if not isinstance(learner, Stepped):
        return Check("none", FED, "its fit takes no steps")
    if not any(isinstance(module, Block) for module in learner.modules()):
        return Check("none", FED, "it has no circuit")
    first = _fed(learner, batch, training, seed)
    silent = [name for name, fed in first.items() if fed.inputs and not fed.reached]
    cut = [name for name in silent if _follows(learner, batch, training, seed, name, first[name])]
    if not cut:
        seen = f"{len(first) - len(silent)} of {count(len(first), 'block')}"
        return Check("fine", FED, f"{seen}; the others are fed with nothing trainable" if silent else seen)
    places = dict.fromkeys(first[name].place for name in cut)
    where = f" ({'; '.join(filter(None, places))})" if any(places) else ""
    return Check(
        "fails",
        FED,
        f"what goes into {first_offenders(cut)} is computed from trainable layers, but no gradient comes back to them: it was "
        f"detached, or copied into a new tensor, on the way{where}",
    )


def _follows(learner: Stepped, batch: Batch, training: Training, seed: int, name: str, first: _Fed) -> bool:
    """Return whether the inputs of block ``name`` follow the trainable tensors outside it; not if they differ by themselves."""
    moved = _fed(learner, batch, training, seed, move_all_but=name)[name]
    return _differ(first, moved) and not _differ(first, _fed(learner, batch, training, seed)[name])


def _differ(one: _Fed, other: _Fed) -> bool:
    tolerance = CHANGE[torch.float32]
    return len(one.inputs) != len(other.inputs) or any(
        a.shape != b.shape
        or not torch.allclose(a, b, rtol=0, atol=tolerance * (1 + float(a.abs().max())), equal_nan=True)
        for a, b in zip(one.inputs, other.inputs, strict=True)
        if a.numel()
    )


def _fed(
    learner: Stepped, batch: Batch, training: Training, seed: int, *, move_all_but: str | None = None
) -> dict[str, _Fed]:
    """Return what goes into each block in some steps of a copy; all its tensors but those of one block may be moved before."""
    module = copy.deepcopy(learner).train()
    _move(module, child_seed(seed, "a generic point"))
    if move_all_but is not None:
        _move(module, child_seed(seed, "another point"), all_but=f"{move_all_but}.")
    optimizers = module.optimizers(training)
    with _feeding(module) as fed:
        for step in range(training.steps):
            step_seed = child_seed(seed, "step", step)
            random = torch_generator(step_seed, str(batch.points.device))
            with torch.enable_grad(), torch_seeded(step_seed):
                module.step(Batch(batch.points, batch.labels, step, training.steps), optimizers, random)
    return fed


@torch.no_grad()
def _move(module: nn.Module, seed: int, all_but: str = ".") -> None:
    random = torch_generator(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=random).to(parameter)
        if parameter.requires_grad and parameter.numel() and not name.startswith(all_but):
            parameter.add_((0.02 + 0.1 * parameter.square().mean().sqrt()) * noise)


@contextmanager
def _feeding(module: nn.Module) -> Iterator[dict[str, _Fed]]:
    """Yield what goes into each block of ``module`` while it runs, by the block's name."""
    blocks = {name: block for name, block in module.named_modules() if isinstance(block, Block)}
    seen = {name: _Fed() for name in blocks}
    handles = [
        block.register_forward_pre_hook(_hook(module, f"{name}.", seen[name]), with_kwargs=True)
        for name, block in blocks.items()
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _hook(module: nn.Module, own: str, fed: _Fed) -> Any:
    outside = [
        tensor for name, tensor in module.named_parameters() if tensor.requires_grad and not name.startswith(own)
    ]

    def entering(block: nn.Module, args: Any, kwargs: Any) -> None:
        leaves = [
            leaf for leaf in tree.tree_leaves((args, kwargs)) if torch.is_tensor(leaf) and leaf.is_floating_point()
        ]
        fed.inputs += [leaf.detach().clone() for leaf in leaves]
        fed.place = fed.place or str(place_running(type(module).__module__) or "")
        joined = [leaf.flatten() for leaf in leaves if leaf.requires_grad]
        trained = [tensor for tensor in outside if tensor.requires_grad]  # a critic may be constant for a while
        if joined and trained and not fed.reached:
            total = (torch.cat(joined) * torch.linspace(0.5, 1.5, sum(map(len, joined)), device=joined[0].device)).sum()
            gradients = torch.autograd.grad(total, trained, allow_unused=True, retain_graph=True)
            fed.reached = any(gradient is not None and bool(gradient.any()) for gradient in gradients)

    return entering
