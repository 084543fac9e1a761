"""A finished run, or an entry, as an object to look at: in a prompt, in a notebook, as a data frame, as figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qaugbench.errors import DefinitionError, near_names
from qaugbench.formatting import count, fraction_words
from qaugbench.record import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

CurveValue = Literal["val_metric", "train_loss", "loss"]


@dataclass(frozen=True, repr=False)
class Result:
    """The record of a finished run or of an entry, and its folder.

    Printed, it is the table of ``qaugbench run``; at the end of a notebook's cell, the answers with their picture.
    """

    record: Record
    folder: Path

    def __repr__(self) -> str:
        """Return it in one line: class, board, verdicts, replicates, folder."""
        from qaugbench.report.record_views import said, why_no_verdict

        words = [f"{one.arm} {one.verdict.words} at {fraction_words(one.fraction)}" for one in said(self.record)]
        found = ", ".join(words) or why_no_verdict(self.record).rstrip(".")
        replicates = count(self.record.replicates, "replicate")
        return f"<{type(self).__name__} {self.record.board}: {found}; {replicates}; {self.folder}>"

    def __str__(self) -> str:
        """Return everything that decides, as text."""
        from qaugbench.report.tables import summary_table

        return summary_table(self.record)

    def _repr_html_(self) -> str:
        """Return the answers to both questions with their picture, and the main table, for a notebook."""
        from qaugbench.report.html import short_page

        return short_page(self.record)

    def to_frame(self) -> DataFrame:
        """Return a pandas data frame, one row per fraction, metric and arm, with intervals (``report.score_rows.ScoreRow``)."""
        from qaugbench.report.score_rows import score_frame

        return score_frame(self.record)

    def plot_answer(self, fraction: str | float | None = None, *, narrow: bool = False) -> Figure | None:
        """Return the generators minus R*, the best classical arm and their controls; None where nothing was compared.

        ``fraction`` is a key of the record or its share, such as "10%" or 0.1; the first one by default. Raises DefinitionError
        for another.
        """
        from qaugbench.report.plots import answer_figure

        return answer_figure(self.record, self._fraction(fraction), narrow=narrow)

    def plot_arms(self, fraction: str | float | None = None, *, narrow: bool = False) -> Figure | None:
        """Return every arm minus R*; ``fraction`` as in ``plot_answer``."""
        from qaugbench.report.plots import reference_figure

        return reference_figure(self.record, self._fraction(fraction), narrow=narrow)

    def plot_classes(self, fraction: str | float | None = None, *, narrow: bool = False) -> Figure | None:
        """Return the AUROC of every class and arm; ``fraction`` as in ``plot_answer``."""
        from qaugbench.report.plots import class_figure

        return class_figure(self.record, self._fraction(fraction), narrow=narrow)

    def plot_reliability(self, fraction: str | float | None = None, *, narrow: bool = False) -> Figure | None:
        """Return how often what R* and the generators state happens; ``fraction`` as in ``plot_answer``.

        None where an older version scored.
        """
        from qaugbench.report.plots import reliability_figure

        return reliability_figure(self.record, self._fraction(fraction), narrow=narrow)

    def plot_milestones(self, fraction: str | float | None = None, *, narrow: bool = False) -> Figure | None:
        """Return how near what each fit draws was to real images on its way; ``fraction`` as in ``plot_answer``.

        None where the images were not appraised.
        """
        from qaugbench.report.plots import milestones_figure

        return milestones_figure(self.record, self._fraction(fraction), narrow=narrow)

    def plot_training(
        self, value: CurveValue = "val_metric", fraction: str | float | None = None, *, narrow: bool = False
    ) -> Figure:
        """Return the training curves of one value; ``fraction`` as in ``plot_answer``.

        Raises ``DefinitionError`` where there are none: an entry keeps no curves.
        """
        from qaugbench.report.curves import read_curves
        from qaugbench.report.plots import training_figure

        kept = read_curves(self.folder / "curves.json")
        figure = training_figure(self.record, kept, self._fraction(fraction), value, narrow=narrow)
        if figure is None:
            raise DefinitionError(
                f"{self.folder} has no training curves of {value}: entries keep none, runs do in curves.json."
            )
        return figure

    def _fraction(self, asked: str | float | None) -> str:
        keys = [fraction.key for fraction in self.record.fractions]
        if asked is None:
            return keys[0]
        found = asked if isinstance(asked, str) else f"{100 * asked:g}%"
        if found not in keys:
            raise DefinitionError(f"The record has no fraction {asked!r}.{near_names(found, keys)}")
        return found
