"""What runs and entries are called: board, generators, and the first digits of the hash of everything that was computed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qaugbench.record import Board, Record

MOST_NAMED = 4
"""Generators that a name spells out; of more, the rest is counted."""
LONGEST_PART = 60
HASH_DIGITS = 8


def entry_id(record: Record) -> str:
    """Return the id of the entry of a record, which follows from board, generators and configuration and from nothing else.

    It is the name of a run that departs from its track in nothing, such as ``brainmri-nickparvar-lite-qldm+ddpm-49f21ee5``.
    """
    generators = [str(arm.generator) for arm in record.arms if arm.role == "synthetic"]
    return joined((*board_parts(record.board), several(generators)), record.config_sha256)


def board_parts(board: Board) -> tuple[str, str, str]:
    """Return what names begin with: task without its version, source and track."""
    return board.task_id, board.source, board.track


def joined(parts: Sequence[str], config_sha256: str) -> str:
    """Return a name of ``parts`` that ends with the first digits of a configuration's hash."""
    return "-".join((*map(slug, parts), config_sha256[:HASH_DIGITS]))


def several(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are.

    >>> several(["qldm", "ddpm"]), several(list("abcdef"))
    ('qldm+ddpm', 'a+b+c+d+2-more')
    """
    more = len(names) - MOST_NAMED
    return "+".join([*map(slug, names[:MOST_NAMED]), *([f"{more}-more"] if more > 0 else [])])


def slug(text: str) -> str:
    """Return a text as part of a folder's name.

    >>> slug("fold:1/5"), slug("P-noise"), slug("qldm+gmm")
    ('fold-1-5', 'p-noise', 'qldm+gmm')
    """
    return re.sub(r"[^a-z0-9.+-]+", "-", text.lower())[:LONGEST_PART].strip("-+.") or "x"
