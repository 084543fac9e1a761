"""What has become of every cell of a run, and which may be computed now: for runs whose cells are computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport, blocked, found
from qaugbench.experiment.store import Store


class Ledger:
    """Reports by the names of their cells; each is passed on to ``report`` once."""

    def __init__(self, cells: Sequence[Cell], report: Callable[[CellReport], None]) -> None:
        self.cells = tuple(cells)
        self.reports: dict[str, CellReport] = {}
        self._report = report

    @property
    def finished(self) -> bool:
        """Whether every cell has its report."""
        return all(cell.name in self.reports for cell in self.cells)

    def missing(self) -> list[Cell]:
        """Return the cells without a report."""
        return [cell for cell in self.cells if cell.name not in self.reports]

    def ready(self, busy: Container[str] = ()) -> list[Cell]:
        """Return the cells whose needs are all done, in the plan's order, without those named in ``busy``."""
        return [
            cell
            for cell in self.missing()
            if cell.name not in busy and all(need.name in self.reports for need in cell.needs.values())
        ]

    def note(self, done: CellReport) -> None:
        """Take in a report; cells that need one that failed are not tried and get theirs now."""
        if done.cell.name in self.reports:
            return
        self.reports[done.cell.name] = done
        self._report(done)
        if done.outcome != "ok":
            for cell in self.missing():
                failed = blocked(cell, self.reports)
                if failed is not None:
                    self.note(failed)

    def note_stored(self, store: Store) -> None:
        """Take in every cell that the store holds already."""
        for cell in self.cells:
            if store.has(cell.stage, cell.name):
                self.note(found(cell))
