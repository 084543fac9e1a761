"""The rows of one board at one fraction as a page shows them: words, and where the intervals are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from qaugbench.board.board_table import (
    ATTRIBUTION,
    Row,
    amount_cells,
    control_verdict_cell,
    difference_cell,
    mean_cell,
    order,
    verdict_cell,
)
from qaugbench.board.circuit_influence import influence_cell, influence_of
from qaugbench.board.gains import Place
from qaugbench.board.standings import Section
from qaugbench.formatting import NONE, p_value, signed, span
from qaugbench.kinds import FIDELITY_WORDS, TIERS, Fidelity, is_quantum
from qaugbench.report.answers import TONES, Tone
from qaugbench.report.identity import Look, looks
from qaugbench.report.record_views import worth_sentence
from qaugbench.stats.results import Contrast

Gates = Callable[[str, str, str], float | None]
"""The two-qubit gates of one image of a generator, on a track, of a task; None where they are not known."""
EDGE = 4.0
"""Per cent of the width left free on both sides of the widest interval."""


@dataclass(frozen=True)
class Drawn:
    """A difference and its limits as percentages of the width of a cell; the limits are None where there is no interval."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Costs:
    """What a generator took: trainable parameters, two-qubit gates per image, processor seconds per fit; None if unknown."""

    parameters: int | None
    gates: float | None
    fit_s: float | None


@dataclass(frozen=True)
class ShownRow:
    """A generator of one entry, or a control beneath it; what only generators have is empty for a control."""

    row: Row
    look: Look
    drawn: Drawn | None
    difference: str
    mean: str
    verdict: str
    replicates: str
    costs: Costs
    over_control: str = ""
    rank: str = ""
    adjusted: str = ""
    tone: Tone = "none"
    circuit: str = ""
    worth: str | None = None
    controls: tuple[ShownRow, ...] = ()

    @property
    def tier(self) -> str:
        """The tier of fidelity to a paper, A to C; for what is no paper's, the word for what it is."""
        return {**TIERS}.get(self._fidelity, self._fidelity)

    @property
    def tier_words(self) -> str:
        """What the tier means."""
        return FIDELITY_WORDS[self._fidelity]

    @property
    def _fidelity(self) -> Fidelity:
        stated = self.row.arm.fidelity
        return next((known for known in FIDELITY_WORDS if known == stated), "unknown")


@dataclass(frozen=True)
class Scale:
    """The range of differences that a column draws: from ``low`` to ``high``, 0 within."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: tuple[Row, ...]) -> Scale:
        """Return the scale that holds every difference of the rows and their controls."""
        every = [one.difference for row in rows for one in (row, *row.controls) if one.difference is not None]
        ends = [end for one in every for end in (one.estimate, one.ci_low, one.ci_high) if end is not None]
        return cls(min([0.0, *ends]), max([0.0, *ends]))

    def place(self, value: float) -> float:
        """Return where a value is drawn, in per cent of the width, two decimals."""
        width = self.high - self.low
        share = 0.5 if width == 0 else (value - self.low) / width
        return round(EDGE + share * (100 - 2 * EDGE), 2)

    def drawn(self, found: Contrast | None) -> Drawn | None:
        """Return where a difference is drawn, or None where there is none."""
        if found is None:
            return None
        low, high = (None if end is None else self.place(end) for end in (found.ci_low, found.ci_high))
        return Drawn(self.place(found.estimate), low, high)

    @property
    def ends(self) -> tuple[str, str]:
        """What the left and the right end of the drawings stand for."""
        return signed(self.low), signed(self.high)


def shown_rows(section: Section, adjusted: Mapping[Place, float], gates: Gates) -> tuple[Scale, list[ShownRow]]:
    """Return the scale of a section and its rows, the largest difference first."""
    scale = Scale.of(section.rows)
    return scale, [_generator(row, section, scale, adjusted, gates) for row in sorted(section.rows, key=order)]


def _generator(row: Row, section: Section, scale: Scale, adjusted: Mapping[Place, float], gates: Gates) -> ShownRow:
    rank = section.ranking.spans.get(row.place)
    return replace(
        _shown(row, scale, gates, verdict_cell(row)),
        rank=NONE if rank is None else span(*rank),
        adjusted=p_value(adjusted.get(row.place)),
        tone="none" if row.verdict is None else TONES.get(row.verdict.ladder.verdict, "none"),
        circuit=_circuit(row),
        worth=worth_sentence(row.record, section.key, row.arm.id),
        controls=tuple(_shown(one, scale, gates, control_verdict_cell(one)) for one in row.controls),
    )


def _shown(row: Row, scale: Scale, gates: Gates, verdict: str) -> ShownRow:
    """Return what generators and controls have in common."""
    return ShownRow(
        row=row,
        look=looks(row.record.arms)[row.arm.id],
        drawn=scale.drawn(row.difference),
        difference=difference_cell(row.difference),
        mean=mean_cell(row.value),
        verdict=verdict,
        replicates=amount_cells(row)[0],
        costs=_costs(row, gates),
        over_control="" if row.over_control is None else difference_cell(row.over_control),
    )


def _circuit(row: Row) -> str:
    """Return whether a gain is due to the circuit, and how much of the images it changes; empty without a circuit."""
    if not is_quantum(row.arm.kind):
        return ""
    attribution = ATTRIBUTION[row.verdict.ladder.attribution] if row.verdict else ""
    influence = influence_of(row.record, row.place.fraction, row.arm.generator)
    reach = "" if influence is None else f"reaches {influence_cell(influence)} of the images"
    return "; ".join(part for part in (attribution, reach) if part) or NONE


def _costs(row: Row, gates: Gates) -> Costs:
    arm, record = row.arm, row.record
    facts = next((one for one in record.generators if (one.id, one.control) == (arm.generator, arm.control)), None)
    fit = record.fits.get(row.place.fraction, {}).get(arm.id)
    counted = is_quantum(arm.kind) and arm.role == "synthetic"
    return Costs(
        parameters=None if facts is None else facts.parameters.get("total"),
        gates=gates(arm.id, record.board.track, record.board.task_id) if counted else None,
        fit_s=None if fit is None else fit.cpu_s,
    )
