"""Which file each row of a user's table means."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from qaugbench.datasets.own.files import OwnFiles, may_be_picture
from qaugbench.datasets.own.table import OwnTable
from qaugbench.errors import DataError, first_offenders


def looked_up(
    files: OwnFiles, names: Sequence[str], table: OwnTable, known: Collection[str]
) -> tuple[dict[str, str], str]:
    """Return the file for each name that is not among the ``known``, and in words which names fit none or several.

    A name is a path from the files' root or below images/, or an absolute one; else the last part of a path, with or without its
    ending. Of several files with that last part it is the one that shares most of the folders before it. Where the folder that a
    name has is there, only files in it fit.
    """
    called = _called(files)
    folders = {path.rpartition("/")[0] for path in files.pictures()}
    found: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for name, place in zip(names, table.places, strict=True):
        if name in known:
            continue
        several = _fitting(tidy(name, files.root), files, called, folders)
        if len(several) != 1:
            problems.setdefault("are missing" if not several else "fit several files", []).append(f"{place}: {name!r}")
            continue
        found[name] = several[0]
    if not problems:
        return found, ""
    listed = "; ".join(
        f"{len(offenders)} of {len(names)} files {why}: {first_offenders(offenders)}"
        for why, offenders in problems.items()
    )
    remedy = f"Write paths that are absolute or relative to {files.root}, and no rows without a file."
    if not called and not known:
        remedy = f"{files.root} holds no pictures: put them there, or write paths that are absolute or relative to it."
    return found, f"{table.where}: {listed}. {remedy}"


def _fitting(name: str, files: OwnFiles, called: Mapping[str, list[str]], folders: Collection[str]) -> list[str]:
    """Return the files that a tidy name may mean."""
    exact = next((one for one in (name, f"images/{name}") if one in files.places and may_be_picture(one)), None)
    if exact is not None:
        return [exact]
    folder, _, last = name.rpartition("/")
    candidates = called.get(last, [])
    there = [one for one in (folder, f"images/{folder}") if folder and one in folders]
    if there:
        return [path for path in candidates if path.rpartition("/")[0] in there]
    shared = [_folders_shared(path, folder) for path in candidates]
    return [path for path, n in zip(candidates, shared, strict=True) if n == max(shared)]


def _folders_shared(path: str, folder: str) -> int:
    """Return how many of the last folders of ``folder`` are those that the file at ``path`` lies in."""
    pairs = zip(reversed(path.split("/")[:-1]), reversed(folder.split("/")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _called(files: OwnFiles) -> dict[str, list[str]]:
    """Return the paths of the pictures by file name, with and without its ending."""
    called: dict[str, list[str]] = {}
    for path in files.pictures():
        last = path.rsplit("/", 1)[-1]
        for name in {last, last.split(".", 1)[0], last.rsplit(".", 1)[0]}:
            called.setdefault(name, []).append(path)
    return called


def tidy(name: str, root: Path | None = None) -> str:
    """Return a path as a table has it with slashes and without dots that lead nowhere; below ``root``, from there.

    >>> tidy("./a/../b\\\\1.png"), tidy("/data/set/a/1.png", Path("/data/set"))
    ('b/1.png', 'a/1.png')
    """
    path = posixpath.normpath(name.replace("\\", "/")) if name else ""
    if root is None or not path.startswith("/"):
        return path
    start = f"{root.absolute().as_posix()}/"
    return path.removeprefix(start)


def refuse_repeats(keys: Sequence[object], table: OwnTable, what: str) -> None:
    """Raise DataError, naming the rows, where ``keys`` are empty or occur twice; ``what`` of the table they come from."""
    counts = Counter(keys)
    again = [f"{place}: {key!r}" for key, place in zip(keys, table.places, strict=True) if counts[key] > 1 or key == ""]
    if again:
        raise DataError(
            f"{table.where}: {len(again)} rows are empty in, or share, their {what}: {first_offenders(again)}. Keep one row per "
            "image, with all its findings."
        )
