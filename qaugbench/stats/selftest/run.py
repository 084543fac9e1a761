"""Run the self-test and print it as a table that can be checked line by line."""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qaugbench.errors import StatisticsError, near_names
from qaugbench.stats.selftest.cell import Cell, Outcomes, Row, Simulation
from qaugbench.stats.selftest.checks import checks
from qaugbench.stats.selftest.mutant_checks import mutant_checks

SEED = 20_260_918
BLOCK = 100


@dataclass(frozen=True)
class Block:
    """Simulations of one cell that run in one go, with random numbers of their own."""

    simulation: Simulation
    number: int
    n: int
    seed: int

    def outcomes(self) -> Outcomes:
        """Return the outcomes of the block, the same in whatever process and order it runs."""
        key = (zlib.crc32(self.simulation.stream.encode()), self.number)
        random = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        return self.simulation.simulate(random, self.n)


Mapper = Callable[[Callable[[Block], Outcomes], Sequence[Block]], Iterable[Outcomes]]


@dataclass(frozen=True)
class SelfTest:
    """The rows of a self-test in their order."""

    rows: tuple[Row, ...]
    full: bool
    seed: int

    @property
    def passed(self) -> bool:
        """Whether no check fails and every mutant is caught; a conservative check is a warning."""
        return not any(row.finding.verdict in ("FAILS", "MISSED") for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the form, the seed, whether it passed, and every row."""
        rows = [
            {"section": row.section, "check": row.check, "setting": row.setting, "n": row.n, **asdict(row.finding)}
            for row in self.rows
        ]
        return {"full": self.full, "seed": self.seed, "passed": self.passed, "rows": rows}

    def table(self) -> str:
        """Return the table as plain text, one line per check, and a summary."""
        lines = [_HEAD]
        for section, rows in itertools.groupby(self.rows, key=lambda row: row.section):
            lines += ["", section, *(_line(row) for row in rows)]
        return "\n".join([*lines, "", self._summary()])

    def _summary(self) -> str:
        count = Counter(row.finding.verdict for row in self.rows)
        told = ", ".join(f"{number} {verdict}" for verdict, number in count.items())
        form = "full" if self.full else "short"
        bands = "99 %, coverage and means 3 standard errors" if self.full else "99.9 %, means 3 standard errors"
        return (
            f"{'PASSED' if self.passed else 'FAILED'}: {len(self.rows)} checks, {told}\n"
            f"{form} form, seed {self.seed}; a band is what chance allows: {bands}"
        )


def run_selftest(
    *,
    full: bool,
    seed: int = SEED,
    only: Sequence[str] | None = None,
    map_blocks: Mapper = map,
    progress: Callable[[int, int], None] | None = None,
) -> SelfTest:
    """Return the SelfTest: ``full`` simulates every cell 2,000 times, the short form some cells 400 times.

    ``only`` keeps the cells whose name (check, setting) contains one of these texts. ``map_blocks`` is any ``map``, such
    as a parallel one over processes; the result does not depend on it. ``progress`` is told (blocks done, blocks in
    all). Raises StatisticsError when ``only`` fits no cell.

    >>> run_selftest(full=False, only=["arms swapped"]).passed
    True
    """
    chosen = _chosen(full, only)
    blocks = list(_blocks(chosen, full, seed))
    parts: dict[Simulation, list[Outcomes]] = defaultdict(list)
    for done, (block, outcomes) in enumerate(zip(blocks, map_blocks(Block.outcomes, blocks), strict=True), start=1):
        parts[block.simulation].append(outcomes)
        if progress is not None:
            progress(done, len(blocks))
    joined = {simulation: _joined(outcomes) for simulation, outcomes in parts.items()}
    return SelfTest(tuple(cell.row(joined[cell.simulation]) for cell in chosen), full=full, seed=seed)


def _chosen(full: bool, only: Sequence[str] | None) -> list[Cell]:
    offered = [cell for cell in (*checks(), *mutant_checks()) if full or cell.short]
    if only is None:
        return offered
    for text in only:
        if not any(text in cell.name for cell in offered):
            raise StatisticsError(
                f"No check has {text!r} in its name.{near_names(text, {cell.check for cell in offered})}"
            )
    return [cell for cell in offered if any(text in cell.name for text in only)]


def _blocks(chosen: Sequence[Cell], full: bool, seed: int) -> Iterator[Block]:
    wanted: dict[Simulation, int] = {}
    for cell in chosen:
        wanted[cell.simulation] = max(wanted.get(cell.simulation, 0), cell.full if full else cell.short)
    for simulation, n in wanted.items():
        for number, start in enumerate(range(0, n, BLOCK)):
            yield Block(simulation, number, min(BLOCK, n - start), seed)


def _joined(parts: Sequence[Outcomes]) -> Outcomes:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


_HEAD = f"{'check':<25}{'setting':<39}{'n':>5}{'observed':>10}  {'band':<17}verdict"


def _line(row: Row) -> str:
    found = row.finding
    figure = _figure(found.high - found.low)
    band = f"[{figure(found.low)}, {figure(found.high)}]"
    return f"{row.check:<25}{row.setting:<39}{row.n:>5}{figure(found.observed):>10}  {band:<17}{found.verdict}"


def _figure(width: float) -> Callable[[float], str]:
    """Return how figures are written whose band is so wide."""
    if width <= 1e-6:
        return lambda value: f"{value:.0e}" if value else "0"
    decimals = 3 if width > 0.01 else 4
    return lambda value: re.sub(r"^(-?)0\.", r"\1.", f"{value:.{decimals}f}")
