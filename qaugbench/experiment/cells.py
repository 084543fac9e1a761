"""A cell: the smallest unit of work whose result is stored, named by the hash of everything that determines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qaugbench.task import canonical_hash


@dataclass(frozen=True)
class Cell:
    """``key`` determines the numbers and is hashed; ``needs`` names the cells it reads (their names are in the hash too).

    ``label`` is what the log says; ``locator`` holds what is needed to find the inputs on this machine but cannot change the
    numbers (a path). A cell with the same stage, key and needs is the same cell, whichever run asks for it.
    """

    stage: str
    key: Mapping[str, Any]
    needs: Mapping[str, Cell] = field(default_factory=dict)
    label: str = ""
    locator: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """The SHA-256 that names the cell."""
        upstream = {role: cell.name for role, cell in self.needs.items()}
        return canonical_hash({"stage": self.stage, "key": dict(self.key), "needs": upstream})

    @cached_property
    def depth(self) -> int:
        """How many waves of cells must be done before this one."""
        return 1 + max((cell.depth for cell in self.needs.values()), default=-1)

    @cached_property
    def cost_class(self) -> str:
        """Cells of one cost class take about equally long: their keys differ in seeds and inputs only."""
        fixed = {name: value for name, value in self.key.items() if name not in ("seeds", "code")}
        return canonical_hash({"stage": self.stage, "key": fixed})
