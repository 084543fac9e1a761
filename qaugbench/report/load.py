"""What a run left, an entry, or a folder of boards, opened from Python."""

from __future__ import annotations

import warnings
from pathlib import Path

from qaugbench.board.changed import changed_words
from qaugbench.board.reader import check_folder, is_entry, record_of
from qaugbench.board.result_folders import entry_paths, located
from qaugbench.errors import EntryError, shown
from qaugbench.record import RECORD_FILE
from qaugbench.report.boards import Boards
from qaugbench.report.result import Result
from qaugbench.untrusted import exists


def load(name: str | Path) -> Result | Boards:
    """Return the run or the entry in a folder as a Result, or all boards below it as Boards.

    ``name`` is what the commands take: a folder, or a run in ``runs`` by its name or the beginning of it. Nothing is recomputed
    to check a result, ``qaugbench verify`` does that; a record that was visibly changed is warned of. Raises EntryError for
    what is none of these, and for files that are damaged.
    """
    folder = located(str(name))
    check_folder(folder)
    if is_entry(folder) or exists(folder / RECORD_FILE):
        record = record_of(folder)
        changed = changed_words(folder, record)
        if changed is not None:
            warnings.warn(f"{folder}: {changed}", stacklevel=2)
        return Result(record, folder)
    found = entry_paths(folder)
    if not found:
        raise EntryError(
            f"{shown(folder, None)} is no run, entry or folder of boards: it holds neither {RECORD_FILE}, entry.json nor "
            "<task>/<source>-<track>/entries/. Give the folder that 'qaugbench run' or 'qaugbench submit' printed."
        )
    return Boards(folder, tuple(Result(record_of(one), one) for one in found))
