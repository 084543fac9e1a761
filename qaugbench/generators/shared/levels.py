"""The levels of a network that halves or doubles a square grid: how many there are, and how wide each is."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.errors import DefinitionError


def level_widths(side: int, widths: Sequence[int], coarsest: int) -> tuple[int, ...]:
    """Return one width per level from a grid of ``side`` sites, halved down to ``coarsest``; the last of ``widths`` repeats.

    Raises ``DefinitionError`` for a side that does not halve to ``coarsest``.

    >>> level_widths(16, (32, 64), coarsest=4)
    (32, 64, 64)
    """
    levels = max(side // coarsest, 1).bit_length()
    if side != coarsest << (levels - 1):
        raise DefinitionError(
            f"These networks need a grid whose side is {coarsest} times a power of two, but it is {side}; "
            "choose another image size, or another side or number of levels of the space."
        )
    return (*widths, *[widths[-1]] * levels)[:levels]


def repeated(widths: tuple[int, ...], n: int) -> tuple[int, ...]:
    """Return the first ``n`` widths; the last one repeats.

    >>> repeated((64, 32), 3)
    (64, 32, 32)
    """
    return (*widths, *[widths[-1]] * n)[:n]
