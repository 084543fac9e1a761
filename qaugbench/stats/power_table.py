"""The table of differences that a planned run could show: test sets as rows, numbers of replicates as columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qaugbench.errors import StatisticsError
from qaugbench.formatting import WIDTH, unsigned
from qaugbench.stats.pilot import Pilot, TestSet
from qaugbench.stats.power import Needed, detectable, equivalence_margin, noninferiority_margin, replicates_needed
from qaugbench.text_table import Layout, laid_out, wrapped

REPLICATES = (3, 5, 10, 20, 50)
TEST_SETS = (1.0, 2.0, 4.0)
MARGINS_AT = 10


@dataclass(frozen=True)
class PowerRow:
    """One test set: what each number of replicates detects there, and the margins shown at ``MARGINS_AT`` of them.

    ``needed`` is how many replicates show the task's margin, and None where the task names none.
    """

    times: float | None
    n_groups: int
    sides: tuple[int, int] | None
    detectable: tuple[float, ...]
    noninferiority: float
    equivalence: float
    needed: Needed | None


@dataclass(frozen=True)
class PowerTable:
    """The differences that a planned run could show, by test set (rows) and replicates (columns)."""

    pilot: Pilot
    replicates: tuple[int, ...]
    rows: tuple[PowerRow, ...]
    power: float
    alpha: float
    margin: float | None
    metric: str

    def text(self, width: int = WIDTH) -> str:
        """Return the table as plain text at most ``width`` columns wide; ``*`` marks what reaches the task's margin."""
        title = (
            f"Smallest difference in {self.metric} found with {100 * self.power:g} % power (two-sided "
            f"{100 * self.alpha:g} %, R replicates), and the smallest margins of non-inferiority and equivalence shown with "
            f"R={MARGINS_AT}, one-sided {100 * self.alpha:g} %, when nothing differs"
        )
        header = ("test patients", *(f"R={n}" for n in self.replicates), "non-inferiority", "equivalence")
        body = [
            (_size(row), *map(self._marked, (*row.detectable, row.noninferiority, row.equivalence)))
            for row in self.rows
        ]
        numbers = Layout(right=frozenset(range(1, len(header))), rule=False)
        lines = [wrapped(title, width=width), "", *laid_out(header, body, width, numbers), "", *self._footing(width)]
        return "\n".join(lines) + "\n"

    def _marked(self, value: float) -> str:
        # As printed: a value that reads like the margin is marked like it.
        reached = self.margin is not None and round(value, 3) <= self.margin
        return unsigned(value) + ("*" if reached else " ")

    def _footing(self, width: int) -> list[str]:
        lines = []
        if self.margin is not None:
            reached = f"* reaches the task's margin of {unsigned(self.margin)}. To show a difference of that size:"
            needed = [f"{_size(row)}: {row.needed.words}" for row in self.rows if row.needed is not None]
            lines += [wrapped(reached, width=width), *(wrapped(line, "  ", width) for line in needed)]
        contrasts = len(self.pilot.contrasts) or 1
        # The relative error of a standard deviation from R - 1 degrees of freedom.
        error = 100 / math.sqrt(2 * (self.pilot.n_replicates - 1))
        precision = (
            f"From {contrasts} {'contrast' if contrasts == 1 else 'contrasts'} of a pilot with {self.pilot.n_replicates} "
            f"replicates: relative precision about {error:.0f} %, better where patients limit."
        )
        return [*lines, wrapped(precision, width=width)]


def table(
    pilot: Pilot,
    *,
    test_sets: Sequence[TestSet] = TEST_SETS,
    replicates: Sequence[int] = REPLICATES,
    margin: float | None = None,
    metric: str = "the metric",
    power: float = 0.80,
    alpha: float = 0.05,
) -> PowerTable:
    """Return the PowerTable of a planned run: ``test_sets`` as rows, ``replicates`` as columns.

    ``margin`` is the smallest difference that matters, when the task names one. Errors as ``detectable``.
    """
    if not test_sets or not replicates:
        raise StatisticsError("A table of power needs at least one test set and one number of replicates.")

    def row(test_set: TestSet) -> PowerRow:
        there = pilot.on(test_set)
        return PowerRow(
            times=None if isinstance(test_set, tuple) else float(test_set),
            n_groups=there.n_groups,
            sides=there.sides,
            detectable=tuple(detectable(there, n, power=power, alpha=alpha) for n in replicates),
            noninferiority=noninferiority_margin(there, MARGINS_AT, power=power, alpha=alpha),
            equivalence=equivalence_margin(there, MARGINS_AT, power=power, alpha=alpha),
            needed=None if margin is None else replicates_needed(there, margin, power=power, alpha=alpha),
        )

    return PowerTable(
        pilot, tuple(replicates), tuple(row(test_set) for test_set in test_sets), power, alpha, margin, metric
    )


def _size(row: PowerRow) -> str:
    patients = f"{row.n_groups:,}" if row.sides is None else f"{row.sides[0]:,} with, {row.sides[1]:,} without"
    return patients if row.times is None else f"x{row.times:g} ({patients})"
