"""Files from third parties: regular files of bounded size, and unambiguous JSON; everything else is refused.

Nothing is opened that could block or have side effects (pipes, devices, links), and nothing is read beyond a given size.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qaugbench.errors import EntryError, shown

MIB = 2**20
MOST_VALUES = 3_000_000
"""Values of one JSON file, counted by its separators before anything is parsed."""
DEEPEST = 40
LONGEST_TEXT = 20_000
LONGEST_INTEGER = 18
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most ``limit`` bytes.

    Raises EntryError for a missing, larger or unreadable file, a link, a folder, a pipe, a device or a socket.
    """
    _check_regular(path, os.lstat, limit)
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except (OSError, ValueError) as error:
        raise EntryError(f"{shown(path, None)} cannot be read: {shown(error)}.") from error
    with os.fdopen(descriptor, "rb") as file:
        size = _check_regular(path, lambda _: os.fstat(file.fileno()), limit)
        try:
            content = file.read(size + 1)  # a read allocates its size at once, so not the whole limit
        except OSError as error:
            raise EntryError(f"{shown(path, None)} cannot be read: {shown(error)}.") from error
    if len(content) > size:
        raise EntryError(f"{shown(path, None)} grew while it was read. Wait until it is written.")
    return content


def exists(path: Path) -> bool:
    """Return whether there is anything at ``path``, a dangling link included."""
    return os.path.lexists(path)


def _check_regular(path: Path, status: Any, limit: int) -> int:
    """Return the size of a regular file of at most ``limit`` bytes."""
    try:
        found = status(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EntryError(f"{shown(path, None)} cannot be read: {shown(reason)}. Copy the whole folder.") from error
    if not stat.S_ISREG(found.st_mode):
        raise EntryError(
            f"{shown(path, None)} is {_kind(found.st_mode)}, not a file. Put the file itself there: links, folders, "
            "pipes and devices are not read."
        )
    if found.st_size > limit:
        raise EntryError(_too_large(path, found.st_size, limit))
    return int(found.st_size)


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((words for test, words in kinds if test(mode)), "a device")


def _too_large(path: Path, size: int, limit: int) -> str:
    return f"{shown(path, None)} has {size:,} bytes; at most {limit:,} are read. Use the file that qaugbench wrote."


def parse_json(content: bytes, path: Path) -> Any:
    """Return the value of strict JSON; ``path`` names it in messages.

    Raises EntryError for another encoding than UTF-8 (or a byte order mark), a key that occurs twice in one object, NaN and
    infinities, numbers of more than 18 digits or beyond what a float holds, texts with NUL or unpaired surrogates or of
    more than 20,000 characters, more than 40 levels and more than three million values.
    """
    try:
        if content.startswith(b"\xef\xbb\xbf"):
            raise ValueError("it begins with a byte order mark")
        text = content.decode("utf-8")
        if sum(map(text.count, ",[{")) > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES:,} values")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
        _check_tree(value)
    except RecursionError as error:
        raise EntryError(f"{shown(path, None)} is not usable JSON: it has more than {DEEPEST} levels.") from error
    except ValueError as error:
        raise EntryError(
            f"{shown(path, None)} is not usable JSON: {shown(error, 160)}. Use the file that qaugbench wrote."
        ) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} occurs twice in one object")
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a number in JSON")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > LONGEST_INTEGER:
        raise ValueError(f"the number {shown(text, 40)} has more than {LONGEST_INTEGER} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) < 64 else math.inf
    if not math.isfinite(value):
        raise ValueError(f"the number {shown(text, 40)} is out of range")
    return value


def _check_tree(value: Any) -> None:
    """Check every text and level once, without recursion."""
    level, left = 0, [value]
    while left:
        level += 1
        if level > DEEPEST:
            raise ValueError(f"it has more than {DEEPEST} levels")
        for text in _texts(left):
            if len(text) > LONGEST_TEXT:
                raise ValueError(f"the text {shown(text, 40)!r} has {len(text):,} characters")
            if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                raise ValueError(f"the text {shown(text, 40)!r} contains NUL or an unpaired surrogate")
        left = [item for container in left for item in _items(container)]


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
