"""Messages about converted images name the folder and the files that their user has, not those they were converted to."""

from __future__ import annotations

import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from qaugbench import definitions
from qaugbench.datasets.own.images import open_own
from tests.experiment.test_cli import call

BRAIN = definitions.task("brainmri").labels
PARTS = {"train": 6, "val": 3, "test": 3}


@pytest.fixture(autouse=True)
def _home(data_home):
    return data_home


def picture(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return pictures in folders of parts and classes, as Kaggle has them; mirrored copies of a training image in test."""
    seed = 0
    for part, number in PARTS.items():
        for name in BRAIN.names:
            place = tmp_path / "scans" / part / name
            place.mkdir(parents=True)
            for i in range(number):
                seed += 1
                picture(seed).save(place / f"{name}_{i}.png")
    return tmp_path / "scans"


@pytest.mark.parametrize("words", [("check",), ("audit", "--jobs", "1")])
def test_a_leak_names_the_files_of_the_folder(
    words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.open(folder / "train/glioma/glioma_2.png").save(folder / "test/glioma/again.bmp")
    call("data", words[0], folder, "--task", "brainmri", *words[1:], monkeypatch=monkeypatch)
    said = "".join(capsys.readouterr())
    assert "test/glioma/again.bmp" in said
    assert "own/scans-" not in said


def test_a_split_that_leaks_names_a_file_of_the_patient(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        f"{path.relative_to(folder)},{path.parts[-2]},{path.stem},{path.parts[-3]}"
        for path in sorted(folder.rglob("*.png"))
    ]
    (folder / "scans.csv").write_text("\n".join(["file,class,patient,split", *rows]))
    options = ("--task", "brainmri", "--split", "split")
    assert call("data", "check", folder, *options, monkeypatch=monkeypatch) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"Column 'split' of {folder} puts 12 groups" in said
    assert re.search(r"test/(\w+)/\1_\d\.png and 2 more of its group \(test, train, val\)", said)


def test_slices_are_named_with_their_file(tmp_path: Path) -> None:
    for name in ("glioma", "notumor"):
        (tmp_path / "volumes" / name).mkdir(parents=True)
        values = np.random.default_rng(len(name)).integers(0, 99, (16, 16, 8)).astype(np.int16)
        (tmp_path / "volumes" / name / f"{name}.nii").write_bytes(nibabel.Nifti1Image(values, np.eye(4)).to_bytes())
    called = set(open_own(tmp_path / "volumes", BRAIN).called)
    assert "glioma/glioma.nii (slice 4)" in called
    assert len(called) == 8


def test_images_that_were_not_converted_keep_their_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "prepared" / "images").mkdir(parents=True)
    picture(1).save(tmp_path / "prepared" / "images" / "a.png")
    picture(2).save(tmp_path / "prepared" / "images" / "b.png")
    (tmp_path / "prepared" / "labels.csv").write_text("filename,label\na.png,glioma\nb.png,notumor\n")
    prepared = open_own(tmp_path / "prepared", BRAIN)
    assert prepared.called == prepared.files == ("images/a.png", "images/b.png")
    assert prepared.where == tmp_path / "prepared"
