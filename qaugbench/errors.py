"""The one exception base. Every message says what was wrong, what was given, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class QaugbenchError(Exception):
    """Bad input or an unusable environment; the command line prints it and exits with code 2."""


class DefinitionError(QaugbenchError):
    """A task, generator or track that does not exist, or a definition file that cannot be used."""


class DataError(QaugbenchError):
    """Images or labels that cannot be used as given."""


class StoreError(QaugbenchError):
    """A store that cannot be read or written (full disk, read-only folder, damaged cell)."""


class StatisticsError(QaugbenchError):
    """Arrays for which the requested statistic is not defined."""


class EntryError(QaugbenchError):
    """A leaderboard entry or record that does not hold what it claims."""


class CircuitError(QaugbenchError):
    """A circuit that is not well formed or cannot be executed."""


ITEM_LIMIT = 80
"""Characters of one name or value in a message, where nothing else is asked for."""
OFFENDER_LIMIT = 160
"""Characters of one offender: a name and what is wrong with it."""
LONGEST_NAME = 200
"""Characters of an unknown name that are compared with the known ones."""
MOST_NAMES = 40
"""Known names that a message lists before it counts the rest."""


def shown(text: object, limit: int | None = ITEM_LIMIT) -> str:
    """Return ``text`` fit for a message: what is not printable is escaped, and what is longer than ``limit`` is cut in the middle.

    File names, column names and cells come from other people: a terminal must not obey them, and one of them must not
    fill the screen. ``limit=None`` cuts nothing.

    >>> shown("a\\tb"), shown("abcdefghijklmnop", limit=9)
    ('a\\\\tb', 'abc...nop')
    """
    escaped = printable(str(text))
    if limit is None or len(escaped) <= limit:
        return escaped
    end = max(0, (limit - 3) // 2)
    return f"{escaped[: max(0, limit - 3 - end)]}...{escaped[len(escaped) - end :]}"


def printable(text: str, keep: str = "") -> str:
    """Return ``text`` with control, formatting and unpaired surrogate characters written as escapes, but for those in ``keep``."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def near_names(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'a' or 'b'? Known: ..." for an unknown ``name``; of many known names the first 40 are listed.

    >>> near_names("brianmri", ["brainmri", "fundus"])
    " Did you mean 'brainmri'? Known: brainmri, fundus."
    """
    names = sorted(known)
    near = difflib.get_close_matches(name[:LONGEST_NAME], names, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(shown(n)) for n in near)}?" if near else ""
    return f"{hint} Known: {first_offenders(names, MOST_NAMES)}." if names else hint


def first_offenders(offenders: Iterable[object], limit: int = 5) -> str:
    """Return the first ``limit`` offenders as one line, each fit for a message (``shown``), with a count of the rest.

    >>> first_offenders(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    listed = list(offenders)
    line = ", ".join(shown(offender, OFFENDER_LIMIT) for offender in listed[:limit])
    return f"{line} and {len(listed) - limit} more" if len(listed) > limit else line
