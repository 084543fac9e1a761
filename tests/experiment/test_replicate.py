"""Common random numbers: nested subsets, disjoint oracle patients, label vectors from the subset."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.experiment.replicate import Draw, ReplicateRows, replicate_rows
from qaugbench.seeds import replicate_streams

GROUPS = np.repeat(np.arange(200), 3)
LABELS = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, 200)][GROUPS]
TRAIN = np.arange(450)


def rows(fraction: float, replicate: int = 0, ratio: float = 1.0) -> ReplicateRows:
    seeds = replicate_streams("t@1", "s", fraction, replicate)
    draw = Draw(fraction, ratio, "prior", kappa=4.0)
    return replicate_rows(LABELS, GROUPS, TRAIN, draw, subset=seeds.subset, synthetic_labels=seeds.synthetic_labels)


def test_smaller_subsets_lie_inside_larger_ones() -> None:
    subsets = [set(rows(fraction).real.tolist()) for fraction in (0.05, 0.1, 0.25, 1.0)]
    assert subsets[0] < subsets[1] < subsets[2] < subsets[3] == set(TRAIN.tolist())


def test_replicates_draw_different_patients() -> None:
    assert set(rows(0.1, 0).real.tolist()) != set(rows(0.1, 1).real.tolist())


def test_oracle_patients_are_training_patients_outside_the_subset() -> None:
    found = rows(0.25)
    assert len(found.oracle) == len(found.drawn) == len(found.real)
    assert not set(GROUPS[found.oracle]) & set(GROUPS[found.real])
    assert set(found.oracle.tolist()) <= set(TRAIN.tolist())


def test_no_oracle_at_all_of_the_data() -> None:
    assert len(rows(1.0).oracle) == 0


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_drawn_rows_come_from_the_subset(ratio: float) -> None:
    found = rows(0.25, ratio=ratio)
    assert len(found.drawn) == round(ratio * len(found.real))
    assert set(found.drawn.tolist()) <= set(found.real.tolist())
