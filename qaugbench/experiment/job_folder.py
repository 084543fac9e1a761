"""What a run and its jobs on other machines tell one another: small files in a folder of the shared store."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from qaugbench.errors import ClusterError, DataError, QaugbenchError, StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.files import json_text, write_whole

STOPPING: Mapping[str, type[QaugbenchError]] = {kind.__name__: kind for kind in (ClusterError, DataError, StoreError)}
"""The errors that end a run, wherever they are raised."""


class JobFolder:
    """``reports/`` has one file per finished cell, ``first/`` one per cell that a job began with; ``stop.json`` ends all jobs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: set[str] = set()

    @classmethod
    def create(cls, root: Path) -> JobFolder:
        """Return a new folder in the store at ``root``."""
        folder = cls(root / "jobs" / f"{time.strftime('%Y%m%dT%H%M%S')}-{uuid4().hex[:8]}")
        for name in ("reports", "first", "logs"):
            (folder.path / name).mkdir(parents=True)
        return folder

    def check(self, host: str) -> None:
        """Raise ``ClusterError`` if this machine does not see the folder, and so not the store."""
        if not self.path.is_dir():
            raise ClusterError(
                f"The worker on {host} does not see {self.path}. --out has to be on a file system that every machine sees, "
                "under the same path."
            )

    def write_report(self, done: CellReport) -> None:
        """Say what became of a cell."""
        facts = {"outcome": done.outcome, "reason": done.reason, "computed": done.computed}
        text = json_text({**facts, "wall_s": done.wall_s, "detail": done.detail})
        write_whole(self.path / "reports" / f"{done.cell.name}.json", text)

    def has_report(self, cell: Cell) -> bool:
        """Return whether some job has said what became of a cell."""
        return (self.path / "reports" / f"{cell.name}.json").exists()

    def new_reports(self, cells: Mapping[str, Cell]) -> list[CellReport]:
        """Return the reports that were not read before; ``cells`` are those of the run by name."""
        paths = (path for path in (self.path / "reports").iterdir() if path.name not in self._read)
        reports = []
        for path in sorted(path for path in paths if path.suffix == ".json" and not path.name.startswith(".")):
            reports.append(CellReport(cells[path.stem], **json.loads(path.read_text(encoding="utf-8"))))
            self._read.add(path.name)
        return reports

    def begin_with(self, cell: Cell, job: str) -> None:
        """Note that a job begins with this cell."""
        (self.path / "first" / f"{cell.name}.{job}").touch()

    def began_with(self, cell: Cell) -> int:
        """Return how many jobs began with this cell."""
        return len(list((self.path / "first").glob(f"{cell.name}.*")))

    def stop(self, error: QaugbenchError | None = None) -> None:
        """Tell every job to end after the cell that it computes, and the run why."""
        kind = "" if error is None else type(error).__name__
        write_whole(self.path / "stop.json", json_text({"kind": kind, "message": str(error or "")}))

    @property
    def stopped(self) -> bool:
        """Whether the jobs are to end."""
        return (self.path / "stop.json").exists()

    def raise_stopped(self) -> None:
        """Raise the error that a job ended the run with, if one did."""
        if self.stopped:
            facts = json.loads((self.path / "stop.json").read_text(encoding="utf-8"))
            raise STOPPING.get(facts["kind"], ClusterError)(facts["message"])

    def remove(self) -> None:
        """Remove the folder with the logs of its jobs."""
        shutil.rmtree(self.path, ignore_errors=True)
