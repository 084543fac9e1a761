"""A folder of images that are the run's own held-out images is refused before anything is computed."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from qaugbench import definitions
from qaugbench.cli.root import cli
from qaugbench.errors import DataError
from qaugbench.experiment.external_images import _few
from qaugbench.experiment.prepare import prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import perform
from qaugbench.experiment.source import open_source
from qaugbench.experiment.usable_images import asked_label_vectors
from qaugbench.task import Endpoint, learnable_endpoints

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
N = 60
PARTS = ["train"] * 32 + ["val"] * 8 + ["test"] * 20


def picture(seed: int, size: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)


def write(folder: Path, images: list[np.ndarray], columns: dict[str, list[str]]) -> Path:
    (folder / "images").mkdir(parents=True)
    rows = []
    for i, image in enumerate(images):
        Image.fromarray(np.ascontiguousarray(image)).save(folder / "images" / f"{folder.name}{i:02d}.png")
        rows.append([f"{folder.name}{i:02d}.png", *(values[i] for values in columns.values())])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["filename", *columns], *rows])
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    labels = [CLASSES[i % 4] for i in range(N)]
    columns = {"label": labels, "patient_id": [f"p{i}" for i in range(N)], "split": PARTS}
    return write(tmp_path / "real", [picture(i) for i in range(N)], columns)


def planned(data: Path, folder: Path, out: Path, **options: object):
    request = RunRequest(
        task="brainmri", generators=(f"folder:{folder}",), track="smoke", data=data, fraction=(1.0,), replicates=1,
        accelerator="cpu", out=out, **options,
    )  # fmt: skip
    return prepare(request)


def external(tmp_path: Path, images: list[np.ndarray]) -> Path:
    others = [picture(1000 + i) for i in range(8 - len(images))]
    return write(tmp_path / "external", [*images, *others], {"label": [CLASSES[i % 4] for i in range(8)]})


def at_track_size(image: np.ndarray) -> np.ndarray:
    size = definitions.track(definitions.task("brainmri"), "smoke").image_size
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    "change", [lambda image: image, lambda image: image[:, ::-1], lambda image: np.rot90(image, 3), at_track_size]
)
@pytest.mark.parametrize(("row", "part"), [(45, "test"), (33, "val")])
def test_a_held_out_image_is_refused_in_any_orientation_and_at_the_size_of_the_track(
    data, tmp_path, change, row, part
) -> None:
    folder = external(tmp_path, [change(picture(row))])
    with pytest.raises(
        DataError, match=rf"1 of its 8 images are held-out.*external00\.png = .*real{row}\.png \({part}\)"
    ):
        planned(data, folder, tmp_path / "runs")
    assert not list((tmp_path / "runs" / "store").rglob("*.npz"))


def test_copies_of_training_images_and_repeats_are_counted_and_said(data, tmp_path) -> None:
    folder = external(tmp_path, [picture(0), picture(1)[::-1], picture(1)[:, ::-1], picture(999), picture(999)])
    run = planned(data, folder, tmp_path / "runs")
    notes = run.plan.source.facts.notes
    assert "folder:external: 3 of 8 images are training images of this run, pixel for pixel." in notes
    assert "folder:external: 2 of 8 images repeat another of the folder." in notes
    assert "2 of 8 images repeat another of the folder." in run.plan.source.banner
    named = "pixel for pixel: images/external00.png = images/real00.png (train), images/external01.png = images/real01.png (train)"
    assert named in run.plan.source.banner
    assert "real00" not in " ".join(notes)  # a file's name may tell who a patient is


def test_new_images_are_not_remarked_upon(data, tmp_path) -> None:
    notes = planned(data, external(tmp_path, []), tmp_path / "runs").plan.source.facts.notes
    assert not any(note.startswith("folder:") for note in notes)


def test_a_class_with_few_images_is_named() -> None:
    made = SimpleNamespace(label_names=("a", "b", "c"), labels=np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]]))
    (remark,) = _few("folder:made", made, np.array([20, 20, 500]))
    assert remark.line == remark.note == "folder:made: only 1 of a; each is used as often as its class is asked for."
    assert _few("folder:made", made, np.array([10, 20, 500])) == []


def test_a_folder_that_lacks_a_class_or_holds_broken_files_is_refused_with_all_of_them(data, tmp_path) -> None:
    """Both kinds at once, by the name of the folder that its user gave, before anything is computed."""
    images = [picture(1000 + i) for i in range(8)]
    folder = write(tmp_path / "external", images, {"label": ["glioma", "meningioma", "notumor", "notumor"] * 2})
    (folder / "images" / "external01.png").write_bytes(b"not a picture")
    whole = (folder / "images" / "external05.png").read_bytes()
    (folder / "images" / "external05.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as refused:
        planned(data, folder, tmp_path / "runs")
    said = str(refused.value)
    assert said.startswith(
        f"{folder} cannot be scored. 2 of 8 images cannot be read: images/external01.png (not an image of"
    )
    assert "images/external05.png (" in said
    assert "no image for 1 of the 4 classes that this run draws: pituitary." in said
    assert not list((tmp_path / "runs" / "store" / "cells").rglob("cell.json"))


def test_a_class_that_no_replicate_draws_may_be_missing(tmp_path) -> None:
    labels = [CLASSES[i % 3] if part == "train" else CLASSES[i % 4] for i, part in enumerate(PARTS)]
    data = write(tmp_path / "real", [picture(i) for i in range(N)], {"label": labels, "split": PARTS})
    made = [picture(1000 + i) for i in range(6)]
    folder = write(tmp_path / "external", made, {"label": [CLASSES[i % 3] for i in range(6)]})
    plan = planned(data, folder, tmp_path / "runs").plan
    assert asked_label_vectors(plan).tolist() == [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]


def test_images_converted_from_classes_in_folders_are_called_as_their_user_calls_them(
    data, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("QAUGBENCH_DATA", str(tmp_path / "home"))
    for i, name in enumerate(CLASSES[:3]):
        (tmp_path / "mine" / name).mkdir(parents=True)
        Image.fromarray(picture(1000 + i)).save(tmp_path / "mine" / name / "one.png")
    with pytest.raises(
        DataError, match=rf"^{tmp_path}/mine cannot be scored. There is no image for 1 of the 4 classes"
    ):
        planned(data, tmp_path / "mine", tmp_path / "runs")


def test_blank_images_are_copies_of_nothing(tmp_path) -> None:
    images = [picture(i) for i in range(N)]
    images[45] = np.zeros((48, 48), np.uint8)
    columns = {"label": [CLASSES[i % 4] for i in range(N)], "split": PARTS}
    folder = external(tmp_path, [np.zeros((48, 48), np.uint8)] * 2)
    notes = planned(write(tmp_path / "real", images, columns), folder, tmp_path / "runs").plan.source.facts.notes
    assert not any(note.startswith("folder:") for note in notes)


def test_an_equal_file_across_a_forced_split_is_refused_or_marked(tmp_path) -> None:
    images = [picture(i) for i in range(N)]
    images[50] = images[3]
    columns = {"label": [CLASSES[i % 4] for i in range(N)], "split": PARTS}
    data = write(tmp_path / "real", images, columns)
    with pytest.raises(DataError, match="1 groups"):
        planned(data, external(tmp_path, []), tmp_path / "runs", split="split")
    (tmp_path / "external").rename(tmp_path / "old")
    run = planned(data, external(tmp_path, []), tmp_path / "runs", split="split", allow_leaky_split=True)
    assert (run.plan.source.facts.leaky, run.plan.source.facts.crossing_groups) == (True, 1)
    assert "1 of 20 test images (5 %) have a twin in train" in run.plan.source.banner


def test_a_class_without_training_images_is_named_and_left_out_of_the_mean(tmp_path) -> None:
    labels = [CLASSES[i % 3] if part == "train" else CLASSES[i % 4] for i, part in enumerate(PARTS)]
    data = write(tmp_path / "real", [picture(i) for i in range(N)], {"label": labels, "split": PARTS})
    task = definitions.task("brainmri")
    source = open_source(
        task, definitions.track(task, "smoke"), data=data, source=None, split=None, allow_leaky=False,
        phantom_folder=tmp_path,
    )  # fmt: skip
    (note,) = [note for note in source.facts.notes if "no train image" in note]
    assert "pituitary (2 val, 5 test)" in note
    assert "pituitary" in source.banner
    counts = {name: source.facts.class_counts[name]["train"] for name in task.labels.names}
    macro = learnable_endpoints(task.endpoints, counts)[0]
    assert macro.classes == CLASSES[:3]
    assert "without pituitary" in macro.title


def test_kappa_is_asked_of_the_grades_that_can_be_learnt() -> None:
    kappa = Endpoint("qwk", "quadratic weighted kappa", "qwk", ("0", "1", "2"))
    union = Endpoint("any", "AUROC of 1 or more", "auroc", ("1", "2"))
    macro = Endpoint("macro", "macro-AUROC", "macro_auroc", ("2",))
    kept = learnable_endpoints([kappa, union, macro], {"0": 9, "1": 9, "2": 0})
    assert [(endpoint.id, endpoint.classes, endpoint.restrict) for endpoint in kept] == [
        ("qwk", ("0", "1"), True),
        ("any", ("1", "2"), False),
    ]


def smooth(seed: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture(seed, 8)).resize((48, 48), Image.Resampling.BICUBIC))


def brighter(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(int) + 3, 0, 255).astype(np.uint8)


def test_held_out_images_that_were_compressed_anew_are_refused_with_their_names(data, tmp_path) -> None:
    for i, row in enumerate((45, 46, 33)):
        Image.fromarray(smooth(500 + i)).save(data / "images" / f"real{row}.png")
    folder = external(tmp_path, [brighter(smooth(500 + i)) for i in range(3)])
    with pytest.raises(DataError) as refused:
        planned(data, folder, tmp_path / "runs")
    said = str(refused.value)
    assert said.startswith(
        f"{folder}: 3 of its 8 images are held-out images of this run (2 test, 1 val; 3 almost: compressed"
    )
    assert "images/external00.png ~ images/real45.png (test)" in said
    assert "images/external02.png ~ images/real33.png (val)" in said


def test_all_held_out_images_are_listed_and_the_command_that_names_the_training_images_is_said(data, tmp_path) -> None:
    held_out = [*range(32, 34), *range(40, 44)]
    folder = external(tmp_path, [picture(row) for row in held_out])
    with pytest.raises(DataError) as refused:
        planned(data, folder, tmp_path / "runs")
    *_, said, command = str(refused.value).splitlines()
    listed = tmp_path / "runs" / "folder-external-held-out.csv"
    assert f"(test) ... All are listed in {listed}." in said
    with listed.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["of"], row["part"]) for row in rows] == [
        (f"images/real{row}.png", "val" if row < 40 else "test") for row in [*held_out[2:], *held_out[:2]]
    ]
    assert rows[0]["file"] == "images/external02.png"
    words = shlex.split(command)
    assert words == [
        "qaugbench",
        "data",
        "check",
        str(data),
        *["--task", "brainmri", "--split", "split", "--write-split", "split.csv"],
    ]
    check = cli.commands["data"].commands["check"].make_context("check", words[3:])
    assert check.params["write_split"] == Path("split.csv")
    assert not list((tmp_path / "runs" / "store").rglob("*.npz"))


def test_near_copies_of_training_images_are_named_at_the_start_with_their_repeats(data, tmp_path) -> None:
    Image.fromarray(smooth(500)).save(data / "images" / "real03.png")
    folder = external(tmp_path, [brighter(smooth(500)), picture(900), brighter(smooth(500))])
    source = planned(data, folder, tmp_path / "runs").plan.source
    note = "folder:external: 2 of 8 images show almost the picture of a training image of this run"
    assert any(one.startswith(note) for one in source.facts.notes)
    assert (
        "images/external00.png ~ images/real03.png (train), images/external02.png ~ images/real03.png (train)."
        in source.banner
    )


def test_a_copy_of_a_test_image_whose_twin_is_in_train_is_one_of_the_test_image(data, tmp_path) -> None:
    Image.fromarray(smooth(500)).save(data / "images" / "real03.png")
    Image.fromarray(brighter(brighter(smooth(500)))).save(data / "images" / "real45.png")
    with pytest.raises(DataError, match=r"external00\.png ~ images/real45\.png \(test\)"):
        planned(data, external(tmp_path, [brighter(smooth(500))]), tmp_path / "runs")


def test_colour_beside_grey_and_other_spellings_are_taken_and_said(data, tmp_path) -> None:
    folder = external(tmp_path, [])
    coloured = np.stack([picture(1000), picture(1001), picture(1002)], axis=2)
    Image.fromarray(coloured).save(folder / "images" / "external05.png")
    Image.fromarray(picture(1006)).convert("RGB").save(
        folder / "images" / "external06.png"
    )  # stored as colour, and grey
    table = (folder / "labels.csv").read_text()
    (folder / "labels.csv").write_text(table.replace("notumor", "No Tumor").replace("00.png,glioma", "00.png,Glioma"))
    source = planned(data, folder, tmp_path / "runs").plan.source
    assert "folder:external: classes as written: 'Glioma' is glioma, 'No Tumor' is notumor." in source.banner
    said = "1 of 8 images are in colour: they are read in grey, as the run's own are grey: images/external05.png."
    assert said in source.banner


def test_other_spellings_of_ones_own_classes_are_said(data, tmp_path) -> None:
    table = (data / "labels.csv").read_text()
    (data / "labels.csv").write_text(table.replace("pituitary", "pituitary tumour"))
    source = planned(data, external(tmp_path, []), tmp_path / "runs").plan.source
    assert "Classes as written: 'pituitary tumour' is pituitary." in source.banner


def test_other_pictures_are_not_near_to_held_out_ones(data, tmp_path) -> None:
    facts = planned(data, external(tmp_path, []), tmp_path / "runs").plan.source.facts
    assert not any("held-out" in note for note in facts.notes)


def test_a_quiet_run_still_warns_of_its_data(data, tmp_path, monkeypatch, capsys) -> None:
    class Reached(Exception):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Reached

    Image.fromarray(picture(3)[:, ::-1]).save(data / "images" / "real45.png")
    folder = external(tmp_path, [picture(4)])
    monkeypatch.setattr("qaugbench.experiment.backends.execute", stop)
    request = RunRequest(
        task="brainmri", generators=(f"folder:{folder}",), track="smoke", data=data, fraction=(1.0,), replicates=1,
        accelerator="cpu", out=tmp_path / "runs", quiet=True,
    )  # fmt: skip
    with pytest.raises(Reached):
        perform(request)
    said = capsys.readouterr().err
    assert "ERROR    split: 1 of 20 test images (5 %) have a twin in train or val" in said
    assert "1 of 8 images are training images of this run" in said
    assert "Board:" not in said
