"""A generator's class with its answers checked: what no run can use is named with the line of the method that returned it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache, wraps
from typing import Any

import torch

from qaugbench.errors import ContractError, DefinitionError, shown
from qaugbench.generators.contract import Batch, Generator, Stepped
from qaugbench.generators.shared.author_code import place_written

ARGUMENTS = {
    "__init__": ("shape", "n_labels", "hyper", "circuits"),
    "draw": ("labels", "random"),
    "step": ("batch", "optimizers", "random"),
    "solve": ("batch", "random"),
    "optimizers": ("training",),
}
"""What a run passes to each method, by position."""


def check_signatures(kind: type[Generator]) -> None:
    """Raise DefinitionError if a method cannot be called as a run calls it; names its line and the arguments."""
    for method, arguments in ARGUMENTS.items():
        function = getattr(kind, method, None)
        if function is None:
            continue
        try:
            inspect.signature(function).bind(None, *arguments)
        except TypeError as error:
            raise DefinitionError(
                f"{kind.__name__}.{method} takes {inspect.signature(function)}, but a run calls it with ({', '.join(arguments)}): "
                f"{error}. Write 'def {method}(self, {', '.join(arguments)})'{_where(kind, method)}."
            ) from error


@cache
def checked(kind: type[Generator]) -> type[Generator]:
    """Return a subclass of ``kind``, of the same name, whose methods raise ContractError for an answer that no run can use.

    Nothing else differs: numbers, states and parameter names are those of ``kind``.
    """
    methods = {"draw": _draw(kind)}
    if issubclass(kind, Stepped):
        methods |= {"step": _step(kind), "optimizers": _optimizers(kind)}
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind)(kind.__name__, (kind,), {**methods, **named})  # type: ignore[misc]


def _draw(kind: type[Generator]) -> Any:
    @wraps(kind.draw)
    def draw(self: Generator, labels: torch.Tensor, random: Any) -> torch.Tensor:
        points: Any = kind.draw(self, labels, random)
        expected = [len(labels), *self.shape]
        if not isinstance(points, torch.Tensor) or list(points.shape) != expected or points.dtype != torch.float32:
            raise ContractError(
                f"{kind.__name__}.draw returns {_kind(points)}; it has to return a torch tensor of float32 with the shape "
                f"{expected}, one point per label vector{_where(kind, 'draw')}."
            )
        return points

    return draw


def _step(kind: type[Generator]) -> Any:
    @wraps(kind.step)  # type: ignore[attr-defined]
    def step(self: Stepped, batch: Batch, optimizers: Any, random: torch.Generator) -> dict[str, torch.Tensor]:
        losses: Any = kind.step(self, batch, optimizers, random)  # type: ignore[attr-defined]
        if not isinstance(losses, Mapping) or not losses or not all(map(_is_scalar, losses.values())):
            raise ContractError(
                f"{kind.__name__}.step returns {_losses(losses)}; it has to return a dictionary of the losses by name, each a "
                f"single number, such as {{'error': descend(optimizers['adamw'], loss)}}{_where(kind, 'step')}."
            )
        return losses  # type: ignore[return-value]

    return step


def _optimizers(kind: type[Generator]) -> Any:
    @wraps(kind.optimizers)  # type: ignore[attr-defined]
    def optimizers(self: Stepped, training: Any) -> dict[str, torch.optim.Optimizer]:
        found: Any = kind.optimizers(self, training)  # type: ignore[attr-defined]
        if not isinstance(found, Mapping) or not all(isinstance(one, torch.optim.Optimizer) for one in found.values()):
            raise ContractError(
                f"{kind.__name__}.optimizers returns {_kind(found)}; it has to return a dictionary of torch optimisers by name"
                f"{_where(kind, 'optimizers')}."
            )
        return found  # type: ignore[return-value]

    return optimizers


def _is_scalar(value: Any) -> bool:
    return value.numel() == 1 if isinstance(value, torch.Tensor) else isinstance(value, int | float)


def _losses(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _kind(value)
    return f"{{{', '.join(f'{name!r}: {_kind(loss)}' for name, loss in value.items())}}}"


def _kind(value: Any) -> str:
    """Return in words what a value is: for an array its type and shape, for anything else its type and itself."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        library = type(value).__module__.partition(".")[0]
        return f"a {library} {type(value).__name__} of {value.dtype} with the shape {list(value.shape)}"
    return "None" if value is None else f"a {type(value).__name__} ({shown(repr(value))})"


def _where(kind: type, method: str) -> str:
    place = place_written(kind, method)
    return "" if place is None else f" ({place})"
