"""All boards below a folder as an object: its entries, and their rows as a data frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qaugbench.formatting import count, unsigned
from qaugbench.report.result import Result
from qaugbench.stats.decide import LISTED_REPLICATES

if TYPE_CHECKING:
    from pandas import DataFrame

    from qaugbench.board.board_table import Row
    from qaugbench.board.standings import Standings

COLUMNS = (
    *(
        "board",
        "fraction",
        "method",
        "kind",
        "fidelity",
        "control_of",
        "metric",
        "mean",
        "reference_mean",
        "difference",
    ),
    *(
        "ci_low",
        "ci_high",
        "rank_low",
        "rank_high",
        "adjusted_p",
        "verdict",
        "provisional",
        "attribution",
        "replicates",
    ),
    "entry",
)
"""``difference`` is from R*; ranks are simultaneous 95 % limits, ``adjusted_p`` is max-T over the page; rows with fewer replicates
than a listed result needs are ``provisional``."""


@dataclass(frozen=True, repr=False)
class Boards:
    """The entries of all boards below a folder."""

    folder: Path
    entries: tuple[Result, ...]

    def __repr__(self) -> str:
        """Return it in one line: how many entries on how many boards, and the folder."""
        boards = {str(entry.record.board) for entry in self.entries}
        entries = count(len(self.entries), "entry", "entries")
        return f"<Boards: {entries} on {count(len(boards), 'board')}; {self.folder}>"

    def _repr_html_(self) -> str:
        """Return the rows of all boards as a table, for a notebook."""
        return str(self.to_frame().to_html(index=False, float_format=unsigned, na_rep="-"))

    def to_frame(self) -> DataFrame:
        """Return a pandas data frame, one row per board, fraction and method, with intervals, under ``COLUMNS``.

        Ranks, adjusted p-values and the shared R* are computed from the predictions of all entries, as for the leaderboards.
        Raises EntryError where entries of one board were not scored on the same test images.
        """
        import pandas as pd

        frame = pd.DataFrame(list(_rows(self.entries)), columns=list(COLUMNS))
        return frame.astype({"rank_low": "Int64", "rank_high": "Int64"})


def _rows(entries: tuple[Result, ...]) -> Iterator[dict[str, Any]]:
    from qaugbench.board.comparable import Submitted
    from qaugbench.board.standings import standings

    return frame_rows(standings([Submitted(entry.folder, entry.record) for entry in entries]))


def frame_rows(found: Standings) -> Iterator[dict[str, Any]]:
    """Yield the rows of all boards, each control beneath its generator, with the keys ``COLUMNS``."""
    adjusted = found.family.rows
    for sections in found.sections:
        for section in sections:
            for row in section.rows:
                low, high = section.ranking.spans.get(row.place, (None, None))
                yield _row(row) | {"rank_low": low, "rank_high": high, "adjusted_p": adjusted.get(row.place)}
                yield from (_row(control) | {"control_of": row.arm.id} for control in row.controls)


def _row(row: Row) -> dict[str, Any]:
    found, verdict = row.difference, row.verdict
    words = verdict.words if verdict is not None else None if found is None else found.words
    return {
        **{"board": str(row.record.board), "fraction": row.place.fraction, "entry": row.record.id},
        **{"method": row.arm.id, "kind": row.arm.kind, "fidelity": row.arm.fidelity, "metric": row.endpoint},
        "mean": None if row.value is None else row.value.mean,
        "reference_mean": None if row.reference is None else row.reference.mean,
        **{name: None if found is None else getattr(found, name) for name in ("ci_low", "ci_high")},
        "difference": None if found is None else found.estimate,
        "verdict": words,
        "provisional": row.record.replicates < LISTED_REPLICATES,
        "attribution": None if verdict is None else verdict.ladder.attribution,
        "replicates": row.record.replicates,
    }
