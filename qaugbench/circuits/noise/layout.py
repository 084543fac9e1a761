"""The order of wires in memory: an operation acts on the first wires and leaves them last."""

from __future__ import annotations

from collections.abc import Iterable

import torch

Layout = tuple[int, ...]


def leading(groups: Iterable[tuple[int, ...] | None], layout: Layout) -> Layout:
    """Return ``layout`` with the wires of the next groups first, as many groups as have no wire in common.

    A group None reorders the wires itself, so groups after it do not matter.

    >>> leading([(2, 3), (0, 1), (1, 2)], (0, 1, 2, 3, 4))
    (2, 3, 0, 1, 4)
    """
    first: list[int] = []
    for wires in groups:
        if wires is None or set(wires) & set(first):
            break
        first += wires
    return tuple(first) + tuple(wire for wire in layout if wire not in first)


def relayout(vector: torch.Tensor, before: Layout, after: Layout) -> torch.Tensor:
    """Return vectors [rows, d^n] with their wires in another order."""
    if before == after:
        return vector
    digits = round(vector.shape[1] ** (1 / len(before)))
    axes = [1 + before.index(wire) for wire in after]
    return vector.view(-1, *[digits] * len(axes)).permute(0, *axes).flatten(1)
