"""How many parameters a circuit and each of its controls have, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from qaugbench.circuits.controls.build import CONTROLS, build_block
from qaugbench.errors import NoControlError
from qaugbench.seeds import torch_seeded


@dataclass(frozen=True)
class ParameterCount:
    """Numbers of scalar parameters of a module."""

    trainable: int
    total: int


@dataclass(frozen=True)
class ControlCount:
    """The parameters of a circuit's replacement under one control, and its trainable ones as a share of the circuit's."""

    control: str
    trainable: int
    total: int
    share: float | None
    question: str


def parameter_count(module: nn.Module) -> ParameterCount:
    """Return how many scalar parameters ``module`` has, and how many of them train."""
    counts = [(parameter.numel(), parameter.requires_grad) for parameter in module.parameters()]
    return ParameterCount(sum(count for count, trains in counts if trains), sum(count for count, _ in counts))


def control_counts(circuit: Any, *, copies: int = 1) -> tuple[ControlCount, ...]:
    """Return the parameters of ``copies`` of a circuit and of each control that exists for it, the circuit first.

    ``share`` is None where the circuit trains nothing. The Gaussian of ``random`` has two parameters per output, by
    definition; all other controls that train anything keep within 5 %.
    """
    rows = []
    for control, facts in CONTROLS.items():
        try:
            with torch_seeded(0):
                count = parameter_count(build_block(circuit, control, copies=copies))
        except NoControlError:
            continue
        own = copies * circuit.n_weights
        share = count.trainable / own if own else None
        rows.append(ControlCount(control, count.trainable, count.total, share, facts.question))
    return tuple(rows)


def control_table(rows: Sequence[ControlCount]) -> str:
    """Return the counts as aligned text.

    >>> from qaugbench.circuits.ansatz import qldm_circuit
    >>> print(control_table(control_counts(qldm_circuit(2, 1))[:2]))
    control  trainable  total  of the circuit's  asks
    none             4      4             100 %  the circuit itself
    twin             4      4             100 %  does a classical layer of the same size do as well?
    """
    cells = [("control", "trainable", "total", "of the circuit's", "asks")]
    cells += [(row.control, f"{row.trainable:,}", f"{row.total:,}", percent(row.share), row.question) for row in rows]
    return aligned(cells, right=(1, 2, 3))


def percent(share: float | None) -> str:
    """Return a share as text, "-" for none.

    >>> percent(0.984), percent(None)
    ('98.4 %', '-')
    """
    return "-" if share is None else f"{100 * share:.4g} %"


def aligned(cells: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    """Return rows of text in columns of equal width, those numbered in ``right`` aligned to the right."""
    width = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(wide) if place in right else cell.ljust(wide)
            for place, (cell, wide) in enumerate(zip(row, width, strict=True))
        ).rstrip()
        for row in cells
    )
