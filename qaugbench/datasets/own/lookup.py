"""Which file each row of a user's table means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from qaugbench.datasets.own.files import OwnFiles
from qaugbench.datasets.own.table import OwnTable
from qaugbench.errors import DataError, first_offenders


def looked_up(
    files: OwnFiles, names: Sequence[str], table: OwnTable, known: Collection[str]
) -> tuple[dict[str, str], str]:
    """Return the file for each name that is not among the ``known``, and in words which names fit none or several."""
    called = _called(files)
    found: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for name, place in zip(names, table.places, strict=True):
        if name in known:
            continue
        clean = tidy(name)
        exact = next((one for one in (clean, f"images/{clean}") if one in files.places), None)
        several = [exact] if exact else called.get(clean.rsplit("/", 1)[-1], [])
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
    remedy = f"Write paths that are absolute or relative to {files.root}."
    if not called and not known:
        remedy = f"{files.root} holds no pictures: put them there, or write paths that are absolute or relative to it."
    return found, f"{table.where}: {listed}. {remedy}"


def _called(files: OwnFiles) -> dict[str, list[str]]:
    """Return the paths of the pictures by file name, with and without its ending."""
    called: dict[str, list[str]] = {}
    for path in files.pictures():
        last = path.rsplit("/", 1)[-1]
        for name in {last, last.split(".", 1)[0], last.rsplit(".", 1)[0]}:
            called.setdefault(name, []).append(path)
    return called


def tidy(name: str) -> str:
    """Return a path as a table names it with slashes, and without a leading dot."""
    return name.replace("\\", "/").removeprefix("./")


def refuse_repeats(keys: Sequence[object], table: OwnTable, what: str) -> None:
    """Raise DataError, naming the rows, where ``keys`` are empty or occur twice; ``what`` of the table they come from."""
    counts = Counter(keys)
    again = [f"{place}: {key!r}" for key, place in zip(keys, table.places, strict=True) if counts[key] > 1 or key == ""]
    if again:
        raise DataError(
            f"{table.where}: {len(again)} rows are empty in, or share, their {what}: {first_offenders(again)}. Keep one row per "
            "image, with all its findings."
        )
