"""Which cells may be computed, as reports come in."""

from __future__ import annotations

from pathlib import Path

from qaugbench.experiment.execute import CellReport, found
from qaugbench.experiment.ledger import Ledger
from qaugbench.experiment.store import Store
from tests.experiment.gated import gated_cells


def test_a_cell_is_ready_when_its_needs_are_done(tmp_path: Path) -> None:
    cells, told = gated_cells(tmp_path), list[CellReport]()
    ledger = Ledger(cells, told.append)
    assert ledger.ready() == list(cells[:4])
    assert ledger.ready(busy={cells[0].name}) == list(cells[1:4])
    for cell in cells[:4]:
        ledger.note(found(cell))
    assert ledger.ready() == [cells[4]]
    assert not ledger.finished
    ledger.note(found(cells[4]))
    ledger.note(found(cells[4]))
    assert ledger.finished
    assert [done.cell for done in told] == list(cells)


def test_what_needs_a_failed_cell_is_not_tried(tmp_path: Path) -> None:
    cells = gated_cells(tmp_path)
    ledger = Ledger(cells, lambda done: None)
    ledger.note(CellReport(cells[1], "diverged", "not finite", computed=True, wall_s=0.0))
    blocked = ledger.reports[cells[4].name]
    assert (blocked.outcome, blocked.reason) == ("diverged", "not computed: split r1 failed")
    assert ledger.missing() == [cells[0], *cells[2:4]]


def test_stored_cells_are_done(tmp_path: Path) -> None:
    cells, store = gated_cells(tmp_path / "gates"), Store(tmp_path / "store")
    store.write("split", cells[2].name, {}, {})
    ledger = Ledger(cells, lambda done: None)
    ledger.note_stored(store)
    assert list(ledger.reports) == [cells[2].name]
