"""The plots of a board, each with the table of what it shows: gain against cost, scores against real images."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from qaugbench.board.gains import Measured
from qaugbench.formatting import NONE, change, fraction_words, unsigned
from qaugbench.record import Record
from qaugbench.report.drawing import svg
from qaugbench.report.gain_plot import GainPoint, learning, pareto
from qaugbench.report.identity import looks
from qaugbench.report.record_views import endpoint_score
from qaugbench.site.rows import Costs, ShownRow

REFERENCE = "R*"
FEWEST = 2
"""Fewer points than this are no plot."""


@dataclass(frozen=True)
class Chart:
    """A plot, what it shows in words, and the same as a table."""

    title: str
    name: str
    figure: Figure
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def svg(self) -> str:
        """The plot as SVG text with a title, which is read out where the file is opened by itself."""
        drawn = svg(self.figure)
        opened = drawn.index(">", drawn.index("<svg")) + 1
        return f"{drawn[:opened]}<title>{html.escape(self.caption)}</title>{drawn[opened:]}"


@dataclass(frozen=True)
class Cost:
    """A cost against which gains are drawn: how it is called on the axis and in a file's name, and written in a cell."""

    title: str
    name: str
    of: Callable[[Costs], float | None]
    text: Callable[[float], str]


COSTS = (
    Cost("trainable parameters", "parameters", lambda costs: costs.parameters, lambda value: f"{value:,.0f}"),
    Cost("two-qubit gates per image", "gates", lambda costs: costs.gates, lambda value: f"{value:,.0f}"),
    Cost("processor time per fit (s)", "fit-time", lambda costs: costs.fit_s, lambda value: f"{value:,.1f}"),
)


COSTS_HEADER = ("method", *(cost.title for cost in COSTS))


def cost_rows(rows: Sequence[ShownRow]) -> list[tuple[str, ...]]:
    """Return what each generator took, dashes for what is not known."""
    return [(shown.row.arm.id, *(_cost_cell(cost, shown.costs) for cost in COSTS)) for shown in rows]


def _cost_cell(cost: Cost, found: Costs) -> str:
    value = cost.of(found)
    return NONE if value is None else cost.text(value)


def pareto_charts(rows: Sequence[ShownRow], board: Measured, key: str) -> list[Chart]:
    """Return the gain against each cost that at least two rows of a board at one fraction state."""
    return [chart for cost in COSTS if (chart := _pareto(cost, rows, board.record, key)) is not None]


def _pareto(cost: Cost, rows: Sequence[ShownRow], record: Record, key: str) -> Chart | None:
    known = [
        (value, shown, shown.row.difference)
        for shown in rows
        if (value := cost.of(shown.costs)) is not None and shown.row.difference is not None
    ]
    if len(known) < FEWEST:
        return None
    points = [
        GainPoint(shown.row.arm.id, float(value), found.estimate, found.ci_low, found.ci_high, shown.look)
        for value, shown, found in known
    ]
    primary = record.endpoints[0]
    drawn = pareto(
        points, xlabel=cost.title, ylabel="gain over R*", title=f"Gain against {cost.title}", margin=primary.margin
    )
    body = tuple(
        (shown.row.arm.id, cost.text(value), change(found.estimate, found.ci_low, found.ci_high))
        for value, shown, found in sorted(known, key=lambda one: (one[0], -one[2].estimate))
    )
    caption = (
        f"Gain in {primary.title} over R* at {fraction_words(key)} with 95 % intervals, against {cost.title}. The dashed line "
        "joins estimates that nothing cheaper exceeds; where intervals overlap it ranks nothing."
    )
    return Chart(
        f"Gain against {cost.title}",
        cost.name,
        drawn,
        caption,
        ("method", cost.title, "gain over R* [95 % CI]"),
        body,
    )


def learning_chart(board: Measured) -> Chart | None:
    """Return the scores of R* and of the generators against the number of real images; None at a single fraction."""
    arms, points = {arm.id: arm for entry in board.entries for arm in entry.record.arms}, _learning_points(board)
    lines = [(arm, found) for arm, found in points.items() if len(found) >= FEWEST and arm in {*arms, REFERENCE}]
    if not lines:
        return None
    primary = board.record.endpoints[0]
    caption = f"{primary.title} of R* and of the generators against the number of real images, with 95 % intervals."
    drawn = learning(lines, xlabel="real training images", ylabel=primary.title, title="Score against real images")
    body = tuple(
        (arm, f"{point.x:,.0f}", unsigned(point.gain) if point.low is None else _with_limits(point))
        for arm, found in lines
        for point in found
    )
    header = ("method", "real images", f"{primary.title} [95 % CI]")
    return Chart("Score against real images", "learning", drawn, caption, header, body)


def _with_limits(point: GainPoint) -> str:
    return f"{unsigned(point.gain)} [{unsigned(point.low)}, {unsigned(point.high)}]"


def _learning_points(board: Measured) -> dict[str, list[GainPoint]]:
    """Return the points of R* and of every generator, by number of real images; of several entries, those of the first."""
    found: dict[str, dict[int, GainPoint]] = {}
    for entry in board.entries:
        record, drawn = entry.record, looks(entry.record.arms)
        for fraction in sorted(record.fractions, key=lambda one: one.n_real):
            scored = endpoint_score(record, fraction.key, record.endpoints[0].id)
            reference = record.scores.fractions[fraction.key].reference.arm if scored is not None else None
            names = [(REFERENCE, reference), *((arm.id, arm.id) for arm in record.arms if arm.role == "synthetic")]
            for name, arm in names:
                value = None if scored is None or arm is None else scored.arms.get(arm)
                if value is not None and arm is not None:
                    point = GainPoint(name, float(fraction.n_real), value.mean, value.ci_low, value.ci_high, drawn[arm])
                    found.setdefault(name, {}).setdefault(fraction.n_real, point)
    return {name: [points[n] for n in sorted(points)] for name, points in found.items()}
