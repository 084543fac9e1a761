"""One difference over several tasks: what a generator gained on macro-AUROC, every task counting the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qaugbench.board.gains import Measured
from qaugbench.predictions import percent
from qaugbench.stats.bayes import Posterior, posterior
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.mrmc import Comparison, interval
from qaugbench.stats.pool import pool_comparisons

# The tasks whose mean is the benchmark's own question; a user's own task is not pooled with them.
TASKS = ("brainmri", "chestxray", "fundus", "kneeoa")
MARGIN = 0.01


@dataclass(frozen=True)
class Pooled:
    """A generator at one fraction of one track, over at least two tasks.

    ``tasks`` are sorted; ``boards`` are the positions of the boards that stand for them. ``posterior`` is None where a
    task's gain never varied.
    """

    track: str
    fraction: str
    arm: str
    tasks: tuple[str, ...]
    boards: tuple[int, ...]
    comparison: Comparison
    posterior: Posterior | None

    @property
    def row(self) -> tuple[str, str, str]:
        """Track, fraction and generator, which name the row."""
        return self.track, self.fraction, self.arm

    @property
    def listed(self) -> bool:
        """Whether every task has enough replicates for the confirmatory family."""
        return self.comparison.n_replicates >= LISTED_REPLICATES


def pooled_rows(boards: Sequence[Measured]) -> list[Pooled]:
    """Return every generator with rows on the real boards of at least two tasks, by track, fraction and name.

    Of several boards of a task on one track, the one with the most test patients stands for it (then the one with more
    replicates, then the last by name and hashes); several entries of a generator on a board count as their mean. A board
    whose split is leaky stands for nothing.
    """
    found: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    for number, board in enumerate(boards):
        where, data = board.record.board, board.record.data
        if board.macro is None or data.phantom or data.leaky or where.task_id not in TASKS:
            continue
        for place in board.macro.places:
            tasks = found.setdefault((where.track, place.fraction, place.arm), {})
            tasks.setdefault(where.task_id, []).append(number)
    return [
        _pooled(
            boards, row, {task: max(tasks[task], key=lambda number: _size(boards, number)) for task in sorted(tasks)}
        )
        for row, tasks in sorted(found.items(), key=lambda item: (item[0][0], percent(item[0][1]), item[0][2]))
        if len(tasks) > 1
    ]


def _pooled(boards: Sequence[Measured], row: tuple[str, str, str], chosen: dict[str, int]) -> Pooled:
    track, fraction, arm = row
    gains = [boards[number].macro for number in chosen.values()]
    every = [interval(*macro.mean_of(fraction, arm), macro.n_eff) for macro in gains if macro is not None]
    varies = all(task.se > 0 for task in every)
    return Pooled(
        track=track,
        fraction=fraction,
        arm=arm,
        tasks=tuple(chosen),
        boards=tuple(chosen.values()),
        comparison=pool_comparisons(every),
        posterior=posterior([task.estimate for task in every], [task.se for task in every], margin=MARGIN)
        if varies
        else None,
    )


def _size(boards: Sequence[Measured], number: int) -> tuple[int, int, int]:
    record = boards[number].record
    return record.data.n_groups["test"], record.replicates, number
