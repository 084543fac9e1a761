"""Which folders are meant: a run, an entry, or a board with all its entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from qaugbench.errors import EntryError, first_offenders, near_names, shown
from qaugbench.places import CLASSIFIERS_FILE, ENTRY_FILE, MANIFEST_FILE, NOISE_FILE, RECORD_FILE, RUNS, STUDY_FILE
from qaugbench.untrusted import exists

ENTRIES = ("entries/*", "*/entries/*", "*/*/entries/*")
"""Where the entries are below a board, a task's boards, and the folder of all boards."""
MOST_ENTRIES = 10_000
LOG_FILE = "log.txt"
STUDIES = {
    STUDY_FILE: "a tuning study",
    NOISE_FILE: "a study of noise",
    CLASSIFIERS_FILE: "a comparison of classifiers",
}
"""What folders of runs hold besides runs, by the file that tells."""


def result_folders(names: Iterable[str | Path], runs: Path = RUNS) -> list[Path]:
    """Return the folders of the runs and entries that ``names`` stand for; a board stands for its entries.

    A name is one that ``located`` finds. Raises EntryError for any other, and for a folder that is none of these.
    """
    return [folder for name in names for folder in _folders(located(str(name), runs))]


def is_result(name: str, runs: Path = RUNS) -> bool:
    """Return whether ``name`` is a run, an entry or a board, by its path or by the name of a run."""
    path = Path(name) if exists(Path(name)) else runs / name
    return path.is_dir() and (is_run(path) or is_entry(path) or bool(_below(path)))


def is_unfinished_run(name: str, runs: Path = RUNS) -> bool:
    """Return whether ``name`` is that of a run in the folder ``runs`` that has no record yet."""
    folder = runs / name
    return exists(folder / LOG_FILE) and not is_run(folder) and not any(exists(folder / file) for file in STUDIES)


def is_run(path: Path) -> bool:
    """Return whether a folder holds the record of a run, of whatever form."""
    return exists(path / RECORD_FILE)


def is_entry(path: Path) -> bool:
    """Return whether a folder is an entry rather than a run."""
    return exists(path / ENTRY_FILE) or exists(path / MANIFEST_FILE)


def run_names(runs: Path = RUNS) -> list[str]:
    """Return the names of the finished runs in a folder, sorted; none if there is no such folder."""
    return sorted(path.name for path in runs.iterdir() if is_run(path)) if runs.is_dir() else []


def runs_beginning(name: str, runs: Path = RUNS) -> list[str]:
    """Return the names of the finished runs that begin with ``name``, sorted."""
    return [one for one in run_names(runs) if name and one.startswith(name)]


def entry_paths(root: Path) -> list[Path]:
    """Return the folders of all entries below ``root``, the folder of all boards, sorted; a missing root raises EntryError."""
    if not root.is_dir():
        raise EntryError(
            f"There is no folder {shown(root, None)}. Give the folder that holds <task>/<source>-<track>/entries/."
        )
    return _checked(root, _entries(root, ENTRIES[-1:]))


def located(name: str, runs: Path = RUNS) -> Path:
    """Return the path that ``name`` stands for: a path, or a run in the folder ``runs`` by its name or the beginning of it.

    Raises EntryError for one that is none of these, and for a beginning that several runs have.
    """
    path = Path(name)
    if exists(path):
        return path
    if exists(runs / name):
        return runs / name
    begun = runs_beginning(name, runs)
    if len(begun) == 1:
        return runs / begun[0]
    if begun:
        raise EntryError(
            f"{shown(name, None)!r} begins the names of {len(begun)} runs: {first_offenders(begun)}. Give more of the name."
        )
    known = near_names(name, run_names(runs))
    raise EntryError(
        f"There is no run, entry or board {shown(name, None)!r}. Give the folder of one, or the name of a run.{known}"
    )


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        raise EntryError(f"{shown(path, None)} is not a folder. Give the folder of a run, an entry or a board.")
    if is_run(path) or is_entry(path):
        return [path]
    found = _below(path)
    if found:
        return _checked(path, found)
    study = next((words for file, words in STUDIES.items() if exists(path / file)), None)
    if study is not None:
        raise EntryError(f"{shown(path, None)} is {study}, not a run. 'qaugbench show {shown(path, None)}' prints it.")
    if exists(path / LOG_FILE):
        raise EntryError(f"{shown(path, None)} is a run that is not finished. The command that began it resumes it.")
    raise EntryError(
        f"{shown(path, None)} is neither a run, an entry nor a board: it holds no {RECORD_FILE}, {ENTRY_FILE} or entries/. "
        "Give the folder that 'qaugbench run' or 'qaugbench submit' printed."
    )


def _below(path: Path) -> list[Path]:
    return next((found for pattern in ENTRIES if (found := _entries(path, (pattern,)))), [])


def _entries(root: Path, patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in islice(root.glob(pattern), MOST_ENTRIES + 1)]
    return sorted(path for path in found if not path.name.startswith("."))


def _checked(root: Path, found: list[Path]) -> list[Path]:
    if len(found) > MOST_ENTRIES:
        raise EntryError(f"{shown(root, None)} holds more than {MOST_ENTRIES:,} entries; at most so many are read.")
    for path in found:
        _check_entry(root, path)
    return found


def _check_entry(root: Path, path: Path) -> None:
    """Raise EntryError for what is no entry, and for a link anywhere on the way to it."""
    linked = [place for place in (path, *path.parents[:3]) if place.is_symlink() and root in place.parents]
    if linked:
        raise EntryError(f"{shown(linked[0], None)} is a link. Copy the folder itself.")
    if not path.is_dir():
        raise EntryError(f"{shown(path, None)} is not a folder, so it is no entry. Remove it.")
    if not is_entry(path):
        raise EntryError(
            f"{shown(path, None)} is not an entry: it lacks {ENTRY_FILE} and {MANIFEST_FILE}. Remove or submit it."
        )
