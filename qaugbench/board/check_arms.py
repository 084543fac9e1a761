"""The optional arms that check the benchmark itself, as rows of their own: what each shows and what one expects of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qaugbench.board.comparable import Submitted
from qaugbench.formatting import NONE, Row, interval, markdown_table, signed, unsigned
from qaugbench.predictions import CHECK_ROLES, ArmInfo, Role
from qaugbench.record import Record
from qaugbench.stats.results import Contrast

EXPECTED: dict[Role, str] = {
    "placebo": "not above R*",
    "duplicate": "no difference from R+",
    "resolution": "not above R*",
    "copycat": "like R+os",
    "reconstruction": "not above R*",
    "oracle-true": "above R*",
}
TITLE = "Checks of the benchmark itself; no verdict rests on them"
HEADER = ("check", "mean", "vs R*", "95 % CI", "vs R+", "95 % CI", "n", "expected")


def check_arms(record: Record) -> list[ArmInfo]:
    """Return the arms of a record that check the benchmark itself, in their order."""
    return [arm for arm in record.arms if arm.role in CHECK_ROLES]


def check_rows(record: Record, key: str) -> list[Row]:
    """Return one row per such arm, on the primary endpoint at one fraction; dashes where it could not be scored."""
    fraction = record.scores.fractions.get(key)
    scored = None if fraction is None else fraction.endpoints.get(record.endpoints[0].id)
    contrasts = {} if scored is None else {(one.family, one.arm): one for one in scored.contrasts}
    rows = []
    for arm in check_arms(record):
        value = None if scored is None else scored.arms.get(arm.id)
        rows.append(
            (
                arm.id,
                NONE if value is None else unsigned(value.mean),
                *_cells(contrasts.get(("reference", arm.id))),
                *_cells(contrasts.get(("augmented", arm.id))),
                NONE if value is None else str(value.n_replicates),
                EXPECTED[arm.role],
            )
        )
    return rows


def board_block(entries: Sequence[Submitted], key: str) -> list[str]:
    """Return the checks of all entries of a board at one fraction as Markdown; empty where no entry has any."""
    rows = [(*row, f"`{entry.record.id}`") for entry in entries for row in check_rows(entry.record, key)]
    return [f"**{TITLE}**", markdown_table((*HEADER, "entry"), rows)] if rows else []


def space_ceiling(record: Record, key: str, arm: str) -> str | None:
    """Return what real images sent through a generator's space reach, as a sentence; None where no such arm ran."""
    space = next((one.space_arm for one in record.arms if one.id == arm), None)
    if space is None:
        return None
    row = next((row for row in check_rows(record, key) if row[0] == space), None)
    if row is None or row[1] == NONE:
        return f"The ceiling of its space, {space}, has no result."
    limits = "" if row[3] == NONE else f", {row[3]}"
    return f"The ceiling of its space, real images sent through it ({space}), is {row[1]} ({row[2]} from R*{limits})."


def _cells(found: Contrast | None) -> Iterator[str]:
    yield NONE if found is None else signed(found.estimate)
    yield NONE if found is None else interval(found.ci_low, found.ci_high)
