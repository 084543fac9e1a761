"""Which images each arm's classifier gets and which labels a generator is asked for, row by row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import compute
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.replicate import replicate_rows
from qaugbench.experiment.stages import STAGES
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import fill_images, real_images
from tests.experiment.small import GROUPS, LABELS, N, small_plan

PLAN = small_plan()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with images that carry the number of their row, their split, and the draw of replicate 0."""
    store = Store(tmp_path)
    needs = train("R+").needs
    images = np.zeros((N, 8, 8, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(N)
    files = {"images": images, "labels": LABELS, "groups": GROUPS.astype(np.int64)}
    store.write("prepare", needs["prepare"].name, files, {})
    for cell in (needs["split"], needs["draw"]):
        assert compute(cell, store.root).outcome == "ok"
    return store


def train(arm: str, plan: Plan = PLAN) -> Cell:
    return plan.train_cells[arm, "25%", 0]


def rows_of(images: Any) -> list[int]:
    """Return the row numbers that images carry."""
    return images.images[:, 0, 0, 0].tolist()


def expected(kind: str) -> list[int]:
    """Return the rows of one kind as ``replicate_rows`` draws them."""
    streams = PLAN.setting.streams(0.25, 0)
    rows = replicate_rows(
        LABELS,
        GROUPS,
        PLAN.source.split.train,
        PLAN.setting.draw(0.25),
        subset=streams.subset,
        synthetic_labels=streams.synthetic_labels,
    )
    return getattr(rows, kind).tolist()


@pytest.mark.parametrize(("arm", "kind"), [("R+cm", "real"), ("R+os", "drawn"), ("O-real", "oracle")])
def test_real_slots_hold_the_subset_and_fill_slots_what_the_arm_says(store: Store, arm: str, kind: str) -> None:
    filled = fill_images(train(arm), store)
    assert rows_of(real_images(train(arm), store)) == expected("real")
    assert rows_of(filled) == expected(kind)
    assert filled is not None
    assert (filled.labels == LABELS[expected(kind)]).all()


@pytest.mark.parametrize("arm", ["R", "R+"])
def test_arms_without_fill_have_none(store: Store, arm: str) -> None:
    assert fill_images(train(arm), store) is None


def test_oversampling_draws_other_rows_than_the_subset_and_its_rare_class_more_often() -> None:
    real, drawn = LABELS[expected("real")], LABELS[expected("drawn")]
    assert set(expected("drawn")) <= set(expected("real"))
    assert len(drawn) == len(real)
    assert drawn[:, 2].sum() > real[:, 2].sum()


def test_oracle_images_are_of_training_patients_outside_the_subset() -> None:
    assert not set(GROUPS[expected("oracle")]) & set(GROUPS[expected("real")])
    assert set(expected("oracle")) <= set(PLAN.source.split.train.tolist())


class _Asked:
    """Stands for a fitted model: notes the labels it is asked for and draws images that carry their number."""

    labels: np.ndarray

    def __init__(self, cell: Cell, store: Store, image_shape: tuple[int, ...], n_labels: int) -> None:
        self.shape = image_shape
        assert n_labels == LABELS.shape[1]

    def sample(self, labels: np.ndarray, *, seed: int) -> np.ndarray:
        type(self).labels = labels
        images = np.zeros((len(labels), *self.shape), np.uint8)
        images[:, 0, 0, 0] = np.arange(len(labels))
        return images


def test_a_generator_is_asked_for_the_drawn_labels_and_its_images_fill_its_arm(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qaugbench.experiment.stages.fitted_model", _Asked)
    cell = train("qldm").needs["sample"]
    files, _ = STAGES["sample"](cell, store)
    assert (_Asked.labels == LABELS[expected("drawn")]).all()
    store.write("sample", cell.name, files, {})
    filled = fill_images(train("qldm"), store)
    assert filled is not None
    assert rows_of(filled) == list(range(len(expected("drawn"))))
    assert (filled.labels == LABELS[expected("drawn")]).all()


@pytest.mark.parametrize("most", [7, 10_000])
def test_influence_is_measured_on_the_first_drawn_labels_under_the_sample_s_seed(
    store: Store, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    from qaugbench.generators.shared.block_influence import InfluenceDifferences

    asked: list[tuple[list[list[float]], int]] = []

    def differences(generator: object, labels: np.ndarray, *, seed: int) -> InfluenceDifferences:
        asked.append((labels.tolist(), seed))
        return InfluenceDifferences(1.0, None, None, len(labels))

    monkeypatch.setattr("qaugbench.experiment.stages.fitted_model", _Asked)
    monkeypatch.setattr("qaugbench.generators.shared.block_influence.influence_differences", differences)
    planned = PLAN.influence_cells["qldm", "25%", 0]
    cell = replace(planned, key={**planned.key, "images": most})
    store.write("sample", cell.needs["sample"].name, STAGES["sample"](cell.needs["sample"], store)[0], {})
    STAGES["influence"](cell, store)
    drawn = LABELS[expected("drawn")].tolist()
    assert len(drawn) > 7
    assert asked == [(drawn[:most], cell.needs["sample"].key["seeds"]["gen_sample"])]
