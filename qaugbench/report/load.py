"""What a run left, an entry, or a folder of boards, opened from Python."""

from __future__ import annotations

from pathlib import Path

from qaugbench.board.leaderboard import entry_paths
from qaugbench.board.reader import check_folder, is_entry, record_of
from qaugbench.errors import EntryError, shown
from qaugbench.record import RECORD_FILE
from qaugbench.report.boards import Boards
from qaugbench.report.result import Result
from qaugbench.untrusted import exists


def load(path: str | Path) -> Result | Boards:
    """Return the run or the entry in a folder as a Result, or all boards below it as Boards.

    Nothing is recomputed to check an entry; ``qaugbench verify`` does that. Raises EntryError for a folder that is none of
    these, and for files that are damaged.
    """
    folder = Path(path)
    check_folder(folder)
    if is_entry(folder) or exists(folder / RECORD_FILE):
        return Result(record_of(folder), folder)
    found = entry_paths(folder)
    if not found:
        raise EntryError(
            f"{shown(folder, None)} is no run, entry or folder of boards: it holds neither {RECORD_FILE}, entry.json nor "
            "<task>/<source>-<track>/entries/. Give the folder that 'qaugbench run' or 'qaugbench submit' printed."
        )
    return Boards(folder, tuple(Result(record_of(one), one) for one in found))
