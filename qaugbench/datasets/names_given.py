"""The names of a user's own files for images that were converted, kept privately beside these: messages name what the user has."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from qaugbench.places import data_home

_PART = re.compile(r"-([sf])(\d{4})\.png$")
_PARTS = {"s": "slice", "f": "frame"}


def own_home() -> Path:
    """Return the folder of converted images."""
    return data_home() / "own"


def names_file(converted: Path) -> Path:
    """Return where the names for a .zip of converted images are kept."""
    return converted.with_suffix(".names.csv")


def names_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the list of (image, file) pairs as it is kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "file"))
    writer.writerows(pairs)
    return text.getvalue()


def names_given(converted: Path) -> dict[str, str]:
    """Return by image ("images/...") the user's file, with the slice or frame where one file became several images."""
    files = files_given(converted)
    several = Counter(files.values())
    return {image: f"{file}{_part(image) if several[file] > 1 else ''}" for image, file in files.items()}


def files_given(converted: Path) -> dict[str, str]:
    """Return by image ("images/...") the user's file; nothing for what we did not convert, or where the list is missing."""
    if converted.parent.absolute() != own_home().absolute():
        return {}
    try:
        rows = list(csv.reader(io.StringIO(names_file(converted).read_text(encoding="utf-8"))))[1:]
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {f"images/{row[0]}": row[1] for row in rows if len(row) == 2}


def slice_number(image: str) -> str:
    """Return the number of the slice of a volume that a converted image is, "" for any other image."""
    found = _PART.search(image)
    return str(int(found[2])) if found and found[1] == "s" else ""


def _part(image: str) -> str:
    found = _PART.search(image)
    return f" ({_PARTS[found[1]]} {int(found[2])})" if found else ""
