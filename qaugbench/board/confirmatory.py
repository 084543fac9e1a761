"""The confirmatory family of a page: every listed row on real data and every pooled row, adjusted for one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.board.gains import Measured, Place
from qaugbench.board.pooled import Pooled
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.families import Family, simultaneous
from qaugbench.stats.joint import Joint, combine, stack

Term = Place | tuple[int, str, str]
"""An estimate of a board: a row, or (board, fraction, generator) for its mean over entries on macro-AUROC."""
Estimate = tuple[np.ndarray, np.ndarray, int]
"""Values [R], influence [R, C] and n_eff."""


@dataclass(frozen=True)
class Confirmatory:
    """Adjusted p-values (single-step) of the rows and, by ``Pooled.row``, of the pooled rows.

    ``family`` holds rows first, both in the order of the mappings; it is None when nothing is listed.
    """

    rows: Mapping[Place, float]
    pooled: Mapping[tuple[str, str, str], float]
    family: Family | None


def confirmatory(boards: Sequence[Measured], pooled: Sequence[Pooled]) -> Confirmatory:
    """Return the family of the rows of ``boards`` and the ``pooled`` rows that are on real data and have ten replicates.

    Rows of one board share test patients and replicate seeds, so their covariance is estimated. Boards are taken to have
    different patients. Tracks of one source share theirs, but no pooled row spans two tracks, and there independence can
    only enlarge the largest |t| of the family (Gaussian correlation inequality, Royen 2014, at every value of the common
    chi-square): the adjusted p-values err on the large side.
    """
    confirmed = [row for row in pooled if row.listed]
    names: list[Term] = []
    joints: list[Joint] = []
    for number, board in enumerate(boards):
        found = _estimates(board, [(number, row.fraction, row.arm) for row in confirmed if number in row.boards])
        if found:
            names += found
            joints.append(_joint(list(found.values())))
    if not joints:
        return Confirmatory({}, {}, None)
    places = [name for name in names if isinstance(name, Place)]
    weights = np.zeros((len(places) + len(confirmed), len(names)))
    for place, of_place in zip(places, weights, strict=False):
        of_place[names.index(place)] = 1.0
    for row, of_row in zip(confirmed, weights[len(places) :], strict=True):
        of_row[[names.index((number, row.fraction, row.arm)) for number in row.boards]] = 1 / len(row.boards)
    family = simultaneous(combine(stack(joints), weights))
    adjusted = family.p_single_step.tolist()
    return Confirmatory(
        rows=dict(zip(places, adjusted, strict=False)),
        pooled={row.row: p for row, p in zip(confirmed, adjusted[len(places) :], strict=True)},
        family=family,
    )


def _estimates(board: Measured, pooled: Sequence[tuple[int, str, str]]) -> dict[Term, Estimate]:
    """Return the listed rows of a board, and what it contributes to the ``pooled`` ones; empty when none is listed."""
    if board.record.replicates < LISTED_REPLICATES or board.record.data.phantom:
        return {}
    found: dict[Term, Estimate] = {}
    if board.primary is not None:
        for place, theta, influence in zip(
            board.primary.places, board.primary.theta, board.primary.influence, strict=True
        ):
            found[place] = theta, influence, board.primary.n_eff
    if board.macro is not None:
        for number, fraction, arm in pooled:
            found[number, fraction, arm] = *board.macro.mean_of(fraction, arm), board.macro.n_eff
    return found


def _joint(estimates: Sequence[Estimate]) -> Joint:
    theta, influence, n_eff = zip(*estimates, strict=True)
    return contrast_covariance(np.stack(theta), np.stack(influence), np.eye(len(theta)), np.array(n_eff))
