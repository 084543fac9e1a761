"""Text that fits a width: paragraphs, and tables whose cells wrap and whose columns, where they find no room, continue below."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from qaugbench.formatting import WIDTH, Row, cut

GAP = "  "
LABEL = re.compile(r"\s*\S+(?: \S+)*\s{2,}")
COMMAND = re.compile(r"\s*(?:\$ )?(?:qaugbench|pip|make|git|curl|uv) ")
"""Lines to copy, which a line break would spoil."""
UNBROKEN = "\u00a0"
LONGEST_NAME = 34
LONGEST_VALUE = 22
WIDEST_WORD = 24
"""A column is never narrower than its longest word, unless that word is longer than this."""


@dataclass(frozen=True)
class Layout:
    """How columns are laid out: which are aligned to the right, which may wrap, and whether a rule follows the header."""

    right: frozenset[int] = frozenset()
    wraps: frozenset[int] = frozenset()
    rule: bool = True


def aligned(header: Row, body: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Return lines of at most ``width`` characters: the first and last column left-aligned, the others right-aligned.

    The last column wraps; names and values that are far too long are cut. A table that is wider nevertheless continues below,
    under its first column again.
    """
    last = len(header) - 1
    limits = [LONGEST_NAME, *[LONGEST_VALUE] * last]
    rows = [
        tuple(
            cell if place == last else cut(cell, limit)
            for place, (cell, limit) in enumerate(zip(row, limits, strict=True))
        )
        for row in (header, *body)
    ]
    return laid_out(rows[0], rows[1:], width, Layout(right=frozenset(range(1, last)), wraps=frozenset({last})))


def listed(header: Row, body: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Return lines of at most ``width`` characters, every column left-aligned; all but the first may wrap."""
    return laid_out(header, body, width, Layout(wraps=frozenset(range(1, len(header))), rule=False))


def laid_out(header: Row, body: Sequence[Row], width: int, layout: Layout) -> list[str]:
    """Return the lines of a table at most ``width`` characters wide: in one piece, or in several below one another."""
    rows = (tuple(header), *body)
    panels = _panels(rows, width, layout.wraps)
    lines: list[str] = []
    for panel in panels:
        chosen = [tuple(row[place] for place in panel) for row in rows]
        widths = _widths(chosen, [place in layout.wraps for place in panel], width)
        lines += [""] if lines else []
        lines += _drawn(chosen, widths, [place in layout.right for place in panel], rule=layout.rule)
    return lines


def fitted(text: str, width: int = WIDTH) -> str:
    """Return text whose longer lines are broken at ``width`` columns and go on below their own words; commands stay whole.

    >>> print(fitted("price   26 USD per image, on one machine", width=24))
    price   26 USD per
            image, on one
            machine
    """
    return "\n".join(_broken(line, width) if len(line) > width else line for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    if COMMAND.match(line):
        return line
    found = LABEL.match(line)
    indent = found.end() if found and found.end() <= width // 2 else len(line) - len(line.lstrip()) + 2
    parts = textwrap.wrap(line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(parts)


def wrapped(text: str, bullet: str = "", width: int = WIDTH) -> str:
    """Return a paragraph at most ``width`` columns wide, its lines after the first indented below the bullet.

    No line begins with a sign of per cent.

    >>> print(wrapped("both are below 5 % of it", "- ", width=18))
    - both are below
      5 % of it
    """
    lines = textwrap.fill(
        text.replace(" %", f"{UNBROKEN}%"),
        width,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_on_hyphens=False,
    )
    return lines.replace(f"{UNBROKEN}%", " %")


def _panels(rows: Sequence[Row], width: int, wraps: Collection[int]) -> list[list[int]]:
    """Return the columns of each part of a table, the first column in every part."""
    least = [
        _floor(column) if place in wraps else _natural(column) for place, column in enumerate(zip(*rows, strict=True))
    ]
    panels, room = [[0]], width - least[0]
    for place, needed in enumerate(least[1:], start=1):
        if needed + len(GAP) > room and len(panels[-1]) > 1:
            panels.append([0])
            room = width - least[0]
        panels[-1].append(place)
        room -= needed + len(GAP)
    return panels


def _widths(rows: Sequence[Row], wraps: Sequence[bool], width: int) -> list[int]:
    """Return the width of each column: its natural one, or less where it may wrap and the table would be too wide."""
    columns = list(zip(*rows, strict=True))
    widths = [_natural(column) for column in columns]
    floors = [_floor(column) if may else wide for column, may, wide in zip(columns, wraps, widths, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        spare = [wide - floor for wide, floor in zip(widths, floors, strict=True)]
        if max(spare) <= 0:
            break
        widest = max((place for place, left in enumerate(spare) if left > 0), key=lambda place: widths[place])
        widths[widest] -= 1
    return widths


def _natural(column: Sequence[str]) -> int:
    return max(map(len, column))


def _floor(column: Sequence[str]) -> int:
    return max(min(WIDEST_WORD, max(map(len, cell.split()), default=0)) for cell in column)


def _drawn(rows: Sequence[Row], widths: Sequence[int], right: Sequence[bool], *, rule: bool) -> Iterator[str]:
    lines = [list(_row(row, widths, right)) for row in rows]
    yield from lines[0]
    if rule:
        yield "-" * max(len(line) for row in lines for line in row)
    for row in lines[1:]:
        yield from row


def _row(row: Row, widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of one row, several where a cell wraps."""
    cells = [
        textwrap.wrap(cell, wide, break_on_hyphens=False) if len(cell) > wide else [cell]
        for cell, wide in zip(row, widths, strict=True)
    ]
    for parts in zip_longest(*cells, fillvalue=""):
        line = [
            part.rjust(wide) if to_the_right else part.ljust(wide)
            for part, wide, to_the_right in zip(parts, widths, right, strict=True)
        ]
        yield GAP.join(line).rstrip()
