"""A folder of one's own with age, sex and site: the run tells its scores by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench.board.verify import verify
from qaugbench.experiment.run import RunResult
from qaugbench.predictions import read_predictions
from qaugbench.report.tables import summary_table
from tests.experiment.tiny import tiny_run

PATIENTS = 300


def _own_images(folder: Path) -> Path:
    """Write pictures of five grades with a labels.csv in which the sex follows from the grade."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    lines = ["filename,label,patient_id,age,sex,site"]
    for number in range(PATIENTS):
        grade = number % 5
        pixels = (40 * grade + rng.integers(0, 60, (32, 32))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        age, sex, site = ("", "007Y", "52")[number % 3], "FM"[grade % 2], "clinic " + "ab"[number % 7 == 0]
        lines.append(f"{number}.png,{grade},p{number},{age},{sex},{site}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return a tiny run on images of one's own."""
    out = tmp_path_factory.mktemp("own")
    data = _own_images(out / "knees")
    return tiny_run(out / "runs", generators=("smote",), data=data, source="mine", replicates=1, plateau_check=False)


def test_the_run_knows_the_group_of_every_held_out_image(own: RunResult) -> None:
    assert own.record.data.subgroups == ["age", "sex", "site"]
    found = read_predictions(own.folder / "predictions.npz")
    for part in ("test", "val"):
        labels, groups = getattr(found, f"{part}_labels"), getattr(found, f"{part}_subgroups")
        assert (groups["sex"] == np.array(["female", "male"])[labels.argmax(axis=1) % 2]).all()
        assert set(groups["age"]) == {"not stated", "under 20", "40 to 59"}
    verify(own.folder)


def test_scores_are_told_by_group_and_small_ones_say_that_they_are_small(own: RunResult) -> None:
    profile = own.record.scores.fractions["50%"].profile
    assert profile is not None
    assert list(profile.subgroups) == ["age", "sex", "site"]
    clinics = {group.name: group for group in profile.subgroups["site"].groups}
    assert clinics["clinic b"].arms == {}
    assert "of the 30 that a score needs" in str(clinics["clinic b"].note)
    assert sum(group.n_patients for group in clinics.values()) == own.record.data.n_groups["test"]
    page = own.report.read_text(encoding="utf-8")
    for text in (" ".join(summary_table(own.record).split()), page):
        for words in ("No group by age, sex and site is large enough for a score.", "calibration error"):
            assert words in text
        assert "By site" not in text
