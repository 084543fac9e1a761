"""The comparisons of classifiers in a folder of runs, and those that are kept among the results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from qaugbench.board.result_folders import is_result
from qaugbench.errors import EntryError
from qaugbench.formatting import WIDTH, count
from qaugbench.places import CLASSIFIERS_FILE, COMPARISONS, RUNS
from qaugbench.report.run_list import changed_at
from qaugbench.report.study_list import is_study, read_study, study_folder, study_names
from qaugbench.text_table import wrapped

HEADING = "COMPARISONS of classifiers, of 'qaugbench run --classifier'; 'qaugbench show NAME' prints one"


class _Board(BaseModel):
    classifier: str


class _Head(BaseModel):
    """Of ``classifiers.json`` what a list shows; all else is not read."""

    task: str
    source: str
    track: str
    replicates: int
    boards: list[_Board]
    failures: list[str]
    n_folds: int = 1


@dataclass(frozen=True)
class ListedComparison:
    """One comparison: its folder, its state in words, and what it compares; None is what its file does not say."""

    path: Path
    state: str
    date: str | None = None
    task: str | None = None
    source: str | None = None
    track: str | None = None
    classifiers: tuple[str, ...] = ()
    replicates: int | None = None
    folds: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return {**asdict(self), "path": str(self.path), "classifiers": list(self.classifiers)}


def is_comparison(path: Path) -> bool:
    """Return whether a folder holds what ``qaugbench run --classifier`` writes."""
    return is_study(path, CLASSIFIERS_FILE)


def comparison_folder(name: str, runs: Path = RUNS) -> Path | None:
    """Return the folder of the comparison that ``name`` means, a path or a name in the folder ``runs``; None if it is none."""
    return study_folder(name, runs, CLASSIFIERS_FILE)


def comparison_names(runs: Path = RUNS) -> list[str]:
    """Return the names of the comparisons in a folder, sorted; none if there is no such folder."""
    return study_names(runs, CLASSIFIERS_FILE)


def kept_comparisons(root: Path) -> list[Path]:
    """Return the comparisons kept in ``root``, the folder of all entries, or in its folder of comparisons itself, sorted."""
    folder = root if root.name == COMPARISONS else root / COMPARISONS
    return [folder / name for name in comparison_names(folder)]


def split_off(names: Iterable[str], runs: Path = RUNS) -> tuple[list[Path], list[str]]:
    """Return the comparisons that ``names`` stand for, and those of the names that stand for other results, or for nothing."""
    found: list[Path] = []
    others: list[str] = []
    for name in names:
        folder = comparison_folder(name, runs)
        kept = [folder] if folder is not None else kept_comparisons(Path(name))
        found += kept
        others += [name] if not kept or (folder is None and is_result(name, runs)) else []
    return found, others


def listed_comparisons(runs: Path = RUNS) -> list[ListedComparison]:
    """Return the comparisons in the folder ``runs``, the newest first; none if there is no such folder."""
    found = [_listed(runs / name) for name in comparison_names(runs)]
    return sorted(found, key=lambda one: (one.date or "", one.path), reverse=True)


def comparisons_text(found: list[ListedComparison], width: int = WIDTH) -> str:
    """Return comparisons as text: each one's folder, which ``show`` takes, and below it what it compares."""
    if not found:
        none = (
            "There is no comparison of classifiers. 'qaugbench run --classifier' makes one; --out names another folder."
        )
        return f"COMPARISONS\n  {none}"
    return "\n".join([wrapped(HEADING, width=width), *(line for one in found for line in _lines(one, width))])


def _listed(path: Path) -> ListedComparison:
    try:
        head = _Head.model_validate(read_study(path, CLASSIFIERS_FILE))
    except (EntryError, ValidationError):
        return ListedComparison(path, "its file cannot be read")
    return ListedComparison(
        path,
        f"finished, {count(len(head.failures), 'step')} failed" if head.failures else "finished",
        changed_at(path / CLASSIFIERS_FILE),
        head.task,
        head.source,
        head.track,
        tuple(dict.fromkeys(board.classifier for board in head.boards)),
        head.replicates,
        head.n_folds,
    )


def _lines(one: ListedComparison, width: int) -> Iterator[str]:
    yield f"  {one.path}"
    parts = [" / ".join(part for part in (one.task, one.source, one.track) if part)]
    parts += [f"classifiers {', '.join(one.classifiers)}"] if one.classifiers else []
    parts += [count(one.replicates, "replicate")] if one.replicates else []
    parts += [count(one.folds, "fold")] if one.folds and one.folds > 1 else []
    parts += [one.state]
    parts += [one.date.replace("T", " ")[:16]] if one.date else []
    yield from wrapped("; ".join(part for part in parts if part), "      ", width).splitlines()
