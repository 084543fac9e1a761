"""One trial: a generator with some of its settings replaced, its cells, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qaugbench.experiment.arms import Arm, GeneratorChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import LIGHT_STAGES, CellReport
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.experiment.store import Store
from qaugbench.stats.metric_on_images import MetricOnImages
from qaugbench.tuning.trial_result import TrialResult


@dataclass(frozen=True)
class Trial:
    """What one trial computes: ``cells[r]`` trains the classifier on tuning replicate r."""

    number: int
    settings: Mapping[str, Any]
    cells: tuple[Cell, ...]

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """Its cells and all that they need, in the order in which they are computed."""
        return with_upstream(self.cells)


def with_settings(choice: GeneratorChoice, track: str, settings: Mapping[str, Any]) -> GeneratorChoice:
    """Return a generator whose settings on ``track`` are its own with ``settings`` in place of some."""
    card = choice.card
    return replace(choice, card=replace(card, tracks={track: {**card.settings(track), **settings}}))


def make_trial(
    number: int,
    settings: Mapping[str, Any],
    choice: GeneratorChoice,
    arm: Arm,
    replicates: Sequence[ReplicateCells],
) -> Trial:
    """Return the trial of ``settings``: one training of the classifier per replicate, on images of the generator so set."""
    changed = with_settings(choice, replicates[0].setting.track.name, settings)
    cells = (_noted(builder.train(arm, [changed]), f"trial {number}") for builder in replicates)
    return Trial(number, settings, tuple(cells))


def _noted(cell: Cell, note: str) -> Cell:
    """Return a cell with ``note`` in the label of everything that belongs to an arm; names stay."""
    needs = {role: _noted(need, note) for role, need in cell.needs.items()}
    return replace(cell, needs=needs, note=note if cell.place.arm is not None else cell.note)


def trial_result(
    trial: Trial, store: Store, reports: Mapping[str, CellReport], metric: MetricOnImages, earlier: Iterable[Trial]
) -> TrialResult:
    """Return what came of a trial whose cells are computed: validation scores, or the first failure and its reason.

    The time of a cell that an ``earlier`` trial needed too, such as a shared autoencoder, counts there.
    """
    failed = [
        reports[cell.name] for cell in trial.all_cells if reports[cell.name].outcome != "ok"
    ]  # the cause comes first
    paid = {cell.name for other in earlier for cell in other.all_cells}
    return TrialResult(
        number=trial.number,
        settings=trial.settings,
        outcome=failed[0].outcome if failed else "ok",
        reason=f"{failed[0].cell.stage} {failed[0].cell.label}: {failed[0].reason}" if failed else "",
        scores=tuple(_score(cell, store, reports, metric) for cell in trial.cells),
        seconds=round(sum(_seconds(cell, store, reports) for cell in trial.all_cells if cell.name not in paid), 3),
    )


def _score(cell: Cell, store: Store, reports: Mapping[str, CellReport], metric: MetricOnImages) -> float | None:
    if reports[cell.name].outcome != "ok":
        return None
    logits = np.asarray(store.array("train", cell.name, "val_logits"))
    return float(metric.evaluate(logits[None])[0][0])


def _seconds(cell: Cell, store: Store, reports: Mapping[str, CellReport]) -> float:
    if cell.stage in LIGHT_STAGES:
        return 0.0
    if reports[cell.name].outcome != "ok":
        return reports[cell.name].wall_s
    return float(store.meta(cell.stage, cell.name)["wall_s"])
