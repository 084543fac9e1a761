"""The files of a source as published, found by name wherever the user put them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from qaugbench.datasets.formats.containers import Container, open_containers
from qaugbench.datasets.sources import Source
from qaugbench.errors import DataError, first_offenders

IMAGE = r"\.(?:png|jpe?g|tiff?|bmp)"
"""The ending of an image's name, for patterns that ignore case."""


@dataclass(frozen=True)
class Item:
    """One file: the index of its container, and its name there."""

    container: int
    name: str

    @property
    def file(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name

    @property
    def stem(self) -> str:
        """The last part of the name without its ending."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True)
class Raw:
    """The downloaded files of a source: folders and archives, none of them unpacked."""

    source: Source
    containers: tuple[Container, ...]

    @property
    def identity(self) -> list[object]:
        """What identifies these files: paths, lengths, and times of last modification."""
        return [[box.label, list(box.sizes.items()), list(box.changed)] for box in self.containers]

    def find(self, pattern: str) -> list[tuple[Item, re.Match[str]]]:
        """Return the files whose path ends in the regular expression ``pattern``, in the order in which they are stored.

        Case is ignored; the match starts at the beginning of a part of the path. Raises DataError, saying where to get
        them, if there are none.
        """
        compiled = re.compile(rf"(?:^|.*/)(?:{pattern})\Z", re.IGNORECASE)
        names = ((i, name) for i, container in enumerate(self.containers) for name in container.sizes)
        found = [(Item(i, name), match) for i, name in names if (match := compiled.match(name))]
        if not found:
            raise self.lacking(pattern)
        return found

    def stream(self, items: Sequence[Item]) -> Iterator[bytes]:
        """Yield the content of ``items``, which must be in the order in which ``find`` returns them."""
        for i, container in enumerate(self.containers):
            names = [item.name for item in items if item.container == i]
            if names:
                yield from (content for _, content in container.stream(names))

    def read(self, item: Item) -> bytes:
        """Return the content of one file."""
        return next(self.stream([item]))

    def one(self, file: str) -> Item:
        """Return the one file called ``file`` (a pattern such as ``Data_Entry_2017*.csv``); raise DataError otherwise."""
        found = [
            Item(i, name)
            for i, container in enumerate(self.containers)
            for name in container.sizes
            if fnmatch(PurePosixPath(name).name.lower(), file.lower())
        ]
        if not found:
            raise self.lacking(file)
        if len(found) > 1:
            places = first_offenders(f"{self.containers[item.container].label}/{item.name}" for item in found)
            raise DataError(f"{self.source.id}: {file} occurs {len(found)} times ({places}). Keep one of them.")
        return found[0]

    def table(self, file: str, columns: Collection[str], *, delimiter: str = ",") -> list[dict[str, str]]:
        """Return the rows of the table called ``file`` as text; raise DataError if it lacks one of ``columns``."""
        item = self.one(file)
        text = _decoded(self.read(item))
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
        return checked_columns(rows, columns, item.file)

    def lacking(self, what: str) -> DataError:
        """Return the error that says what is missing, and which files of the source to fetch from where."""
        looked = first_offenders(container.label for container in self.containers)
        from_where = "\n".join(
            f"  {file.name}{' (optional)' if file.optional else ''} from {file.page or ' or '.join(file.urls)}"
            for file in self.source.files
        )
        return DataError(
            f"{self.source.id}: nothing called {readable(what)} is in {looked}. The files of this source are:\n{from_where}\n"
            f"'qaugbench data info {self.source.id}' explains how to use them."
        )


def readable(pattern: str) -> str:
    """Return a pattern of file names in readable form.

    >>> readable(r"(?P<part>train|test)/(?P<patient>\\d+)(?P<side>[LR])\\.(?:png|jpg)")
    '<part>/<patient><side>.(png|jpg)'
    """
    named = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", pattern)
    return named.replace("\\d+", "NUMBER").replace("(?:", "(").replace("\\", "")


@contextmanager
def open_raw(entry: Source, paths: Sequence[Path], scratch: Path) -> Iterator[Raw]:
    """Open the folders and archives ``paths`` as the downloaded files of a source; raise DataError for unsafe archives."""
    containers = open_containers(paths, entry.opens, scratch)
    try:
        yield Raw(entry, tuple(containers))
    finally:
        for container in containers:
            container.close()


def checked_columns(rows: list[dict[str, str]], columns: Collection[str], name: str) -> list[dict[str, str]]:
    """Return ``rows`` if they have all ``columns``; raise DataError otherwise."""
    there = list(rows[0]) if rows else []
    missing = [column for column in columns if column not in there]
    if missing or not rows:
        raise DataError(
            f"{name} has no column {first_offenders(missing)} (it has: {', '.join(map(str, there)) or 'no rows'}). It may be "
            "another file of that name, or another version: fetch it again from its publisher."
        )
    return rows


def unique(names: Sequence[str], source_id: str) -> None:
    """Raise DataError for repeated names, for example if an archive and its unpacked folder were both given."""
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        raise DataError(
            f"{source_id}: {len(twice)} images occur more than once: {first_offenders(twice)}. Give the archive or the "
            "folder it unpacks to, not both."
        )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
