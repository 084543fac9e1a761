"""Exchanges and scalings of Pauli words: the action of CZ, CNOT, SWAP, other Clifford gates and depolarising."""

from __future__ import annotations

import numpy as np

from qaugbench.circuits.noise.layout import Layout


class Exchange:
    """Transfer matrices with at most one entry per row and column, in sequence; hashed by their action."""

    def __init__(self) -> None:
        self.parts: list[tuple[tuple[int, ...], np.ndarray]] = []

    def then(self, wires: tuple[int, ...], matrix: np.ndarray) -> None:
        """Append a transfer matrix on some wires."""
        self.parts.append((wires, matrix))

    def trace(self, words: np.ndarray, n_wires: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the words before of which the ``words`` after are multiples, and the factors."""
        scale = np.ones(len(words))
        for wires, matrix in reversed(self.parts):
            source, factor = _rows(matrix)
            places = [2 * (n_wires - 1 - wire) for wire in wires]
            digits = sum(((words >> place) & 3) << (2 * k) for k, place in enumerate(reversed(places)))
            others = words & ~sum(3 << place for place in places)
            moved = sum(((source[digits] >> (2 * k)) & 3) << place for k, place in enumerate(reversed(places)))
            words, scale = others | moved, scale * factor[digits]
        return words, scale

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exchange) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[tuple[tuple[int, ...], bytes], ...]:
        return tuple((wires, matrix.tobytes()) for wires, matrix in self.parts)


def tabulate(exchange: Exchange, before: Layout, after: Layout) -> tuple[np.ndarray, np.ndarray | None]:
    """Return, for each entry in memory afterwards, the entry before that it comes from, and its factor.

    The factors are None where all are one.
    """
    source, scale = exchange.trace(words_in(after), len(after))
    return in_memory(source, before), None if np.all(scale == 1.0) else scale


def words_in(layout: Layout) -> np.ndarray:
    """Return the Pauli word of each entry in memory."""
    n_wires = len(layout)
    entries = np.arange(4**n_wires)
    words = np.zeros_like(entries)
    for k, wire in enumerate(layout):
        words |= ((entries >> 2 * (n_wires - 1 - k)) & 3) << 2 * (n_wires - 1 - wire)
    return words


def in_memory(words: np.ndarray, layout: Layout) -> np.ndarray:
    """Return the entry in memory of each Pauli word."""
    n_wires = len(layout)
    entries = np.zeros_like(words)
    for k, wire in enumerate(layout):
        entries |= ((words >> 2 * (n_wires - 1 - wire)) & 3) << 2 * (n_wires - 1 - k)
    return entries


def _rows(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the column and the value of the one entry of each row; for a row of zeros, an unused column."""
    rows, columns = np.nonzero(matrix)
    source = np.full(len(matrix), -1)
    source[rows] = columns
    source[source < 0] = np.setdiff1d(np.arange(len(matrix)), columns)
    return source, matrix[np.arange(len(matrix)), source]
