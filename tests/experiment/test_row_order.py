"""Which images are tested and drawn follows from content alone: no order of rows, file name or patient's name plays a part."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from qaugbench.experiment.prepare import look_up, prepare
from qaugbench.experiment.processes import execute
from qaugbench.experiment.request import RunRequest

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
N = 60


def write(folder: Path, order: list[int], prefix: str) -> Path:
    (folder / "images").mkdir(parents=True)
    rows = []
    for place, i in enumerate(order):
        pixels = np.random.default_rng(i).integers(0, 256, (32, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{prefix}{place}.png")
        rows.append([f"{prefix}{place}.png", CLASSES[i % 4], f"{prefix}{i // 2}"])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["filename", "label", "patient_id"], *rows])
    return folder


def drawn(data: Path, out: Path) -> dict[str, Any]:
    """Return the ids of the images, in order, of each part and of each draw."""
    request = RunRequest(
        task="brainmri", generators=("ldm",), track="smoke", data=data, fraction=(0.5,), replicates=2, jobs=1,
        accelerator="cpu", out=out,
    )  # fmt: skip
    found = prepare(request, replace(look_up(request), runnable=lambda labels, fraction, ladder: (fraction, None)))
    source, store = found.plan.source, found.store
    cells = tuple(cell for cell in found.plan.cells if cell.stage in ("prepare", "split", "draw"))
    execute(cells, store, jobs=1, report=lambda cell: None)
    ids = np.array(source.image_ids)
    parts = {part: ids[getattr(source.split, part)].tolist() for part in ("train", "val", "test")}
    draws = {
        f"{cell.place.replicate} {name}": ids[store.array("draw", cell.name, name)].tolist()
        for cell in cells
        if cell.stage == "draw"
        for name in ("real", "oracle", "drawn")
    }
    assert len(draws) == 6
    return {**parts, **draws}


def test_the_order_of_rows_and_names_change_no_draw(tmp_path) -> None:
    shuffled = np.random.default_rng(1).permutation(N).tolist()
    one = drawn(write(tmp_path / "one", list(range(N)), "k"), tmp_path / "runs")
    other = drawn(write(tmp_path / "other", shuffled, "x"), tmp_path / "runs")
    assert one == other
