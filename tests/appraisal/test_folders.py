"""Two folders of pictures appraised from the command line: what a user sees, and what is refused before anything is measured."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.torch import save_file

from qaugbench.appraisal.sets import ImageSet
from qaugbench.cli import cli
from qaugbench.datasets.own.plain import open_pictures
from qaugbench.image_facts import SECTIONS
from tests.appraisal.pictures import NAMES, blobs, copies


def put(
    folder: Path,
    images: ImageSet,
    *,
    by_class: bool = True,
    names: tuple[str, ...] = NAMES,
    tint: tuple[int, int, int] | None = None,
) -> Path:
    """Write images as grey pictures or, with a ``tint``, as red, green and blue ones of that hue."""
    for i, (image, label) in enumerate(zip(images.images, images.labels.argmax(1), strict=True)):  # type: ignore[union-attr]
        place = folder / names[label] if by_class else folder
        place.mkdir(parents=True, exist_ok=True)
        pixels = image[..., 0] if tint is None else (image * (np.array(tint) / 255)).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{i:03d}.png")
    return folder


def folder(place: Path) -> Path:
    place.mkdir()
    return place


def a_file(place: Path) -> Path:
    place.write_text("")
    return place


def blank(n: int) -> ImageSet:
    images = blobs(n, 1)
    return ImageSet(np.zeros_like(images.images), images.labels)


def stacked(place: Path) -> Path:
    """Write two pictures and a file of three."""
    put(place, blobs(2, 7))
    frames = [Image.fromarray(image[..., 0]) for image in blobs(3, 8).images]
    frames[0].save(place / "left" / "stack.tiff", save_all=True, append_images=frames[1:])
    return place


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("folders")
    train = blobs(120, 2)
    for name, images in {
        "real": blobs(120, 1),
        "train": train,
        "honest": blobs(60, 7),
        "copied": copies(train, 60),
    }.items():
        put(home / name, images)
    return home


def metrics(*words: object) -> Result:
    return CliRunner().invoke(cli, ["metrics", *map(str, words)])


def facts(*words: object) -> dict[str, object]:
    result = metrics(*words, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["results"]
    return found


def test_five_questions_are_answered_in_order(folders: Path) -> None:
    result = metrics(folders / "real", folders / "copied", "--train", folders / "train")
    assert result.exit_code == 0, result.output
    places = [result.stdout.index(question) for question in SECTIONS.values()]
    assert places == sorted(places)
    assert "Memorising. More copies of training images" in result.stdout
    assert "KID on dinov2: Not asked for: --extractor dinov2" in result.stdout.replace("\n  ", " ")
    assert max(map(len, result.stdout.splitlines())) <= 110
    assert "Measuring copies ..." in result.stderr


def test_honest_pictures_in_a_zip_with_a_table(folders: Path, tmp_path: Path) -> None:
    archive = tmp_path / "honest.zip"
    with zipfile.ZipFile(archive, "w") as box:
        rows = ["filename,label"]
        for place in sorted((folders / "honest").rglob("*.png")):
            box.write(place, f"images/{place.name}")
            rows.append(f"{place.name},{place.parent.name}")
        box.writestr("labels.csv", "\n".join(rows))
    found = facts(folders / "real", archive, "--train", folders / "train")
    assert found["states"]["copies"] != "memorising"  # type: ignore[index]
    assert {"collapse/vendi/left", "labels/tstr_auroc"} <= set(found["measures"])  # type: ignore[call-overload]
    assert found == facts(folders / "real", archive, "--train", folders / "train")


def test_without_training_images_and_classes(folders: Path, tmp_path: Path) -> None:
    flat = put(tmp_path / "flat", blobs(40, 7), by_class=False)
    found = facts(folders / "real", flat)
    assert found["states"] == {
        "copies": "not measured",
        "collapse": "varied",
        "training": "not measured",
        "labels": "not measured",
    }


@pytest.mark.parametrize("ending", ["html", "md"])
def test_a_card_has_seven_criteria(folders: Path, tmp_path: Path, ending: str) -> None:
    card = tmp_path / f"card.{ending}"
    assert metrics(folders / "real", folders / "honest", "--card", card).exit_code == 0
    text = card.read_text(encoding="utf-8")
    for name in ("congruence", "coverage", "constraint", "completeness", "compliance", "comprehension", "consistency"):
        assert name in text
    assert "Unknown: the images came as files." in text


def test_an_extractor_with_weights_of_its_own_comes_first(folders: Path, tmp_path: Path) -> None:
    import timm

    weights = tmp_path / "w.safetensors"
    save_file(
        {name: tensor.contiguous() for name, tensor in timm.create_model("test_resnet").state_dict().items()}, weights
    )
    name = "timm:test_resnet.r160_in1k"
    found = facts(folders / "real", folders / "honest", "--extractor", f"{name}={weights}")
    assert found["measures"]["fidelity/kid"]["extractor"] == name  # type: ignore[index]
    assert found["extractors"][name]["resize"].startswith("bicubic")  # type: ignore[index]
    assert "fidelity/kid@pixels-pca-64" in found["measures"]  # type: ignore[operator]


def test_what_cannot_be_compared_is_refused_with_the_remedy(folders: Path, tmp_path: Path) -> None:
    small = put(tmp_path / "small", blobs(10, 7, side=8))
    colour = put(tmp_path / "colour", blobs(10, 7), tint=(255, 120, 40))
    other = tmp_path / "other" / "somewhere"
    put(other, blobs(10, 7))
    (tmp_path / "other" / "unknown").mkdir()
    (next(other.rglob("*.png"))).rename(tmp_path / "other" / "unknown" / "x.png")
    broken = put(tmp_path / "broken", blobs(10, 7))
    (broken / "left" / "bad.png").write_bytes(b"not a picture")
    real = folders / "real"
    wrong = {
        ("small",): (real, small),
        ("--size",): (real, small),
        ("real: grey", "colour: 10 of 10 in colour", "--grey"): (real, colour),
        ("'lefty' (synthetic)", "real classes: left, right"): (
            real,
            put(tmp_path / "y", blobs(10, 7), names=("lefty", "right")),
        ),
        ("bad.png", "nothing was measured"): (real, broken),
        ("unknown",): (real, tmp_path / "other"),
        ("does not exist",): (real, tmp_path / "nowhere"),
        ("There is no extractor", "squeezenet"): (real, real, "--extractor", "squeezent"),
        ("not on this machine", "weights:vit_base"): (real, real, "--extractor", "dinov2"),
        ("no file of weights at x.pth", "inception"): (real, real, "--extractor", "inception=x.pth"),
        ("NAME=WEIGHTS",): (real, real, "--extractor", "inception="),
        (".html or .md",): (real, real, "--card", "card.pdf"),
        ("card.html is a folder", "--card"): (real, real, "--card", folder(tmp_path / "card.html")),
        ("cannot be written", "--card"): (real, real, "--card", "x" * 260 + ".html"),
        ("whose pictures are compared", "elsewhere"): (real, real, "--card", real / "card.html"),
        ("is no folder",): (real, real, "--card", a_file(tmp_path / "file") / "card.html"),
        ("cannot be written", "--pairs"): (real, real, "--train", real, "--pairs", "x" * 260 + ".png"),
        ("--train TRAINING",): (real, real, "--pairs", tmp_path / "pairs.png"),
        ("4 pixels a side", "at least 8"): (put(tmp_path / "tiny", blobs(10, 7, side=4)), tmp_path / "tiny"),
        ("stack.tiff (holds 3 pictures", "file of its own"): (real, stacked(tmp_path / "stacked")),
        ("All 10 pictures", "same picture"): (put(tmp_path / "blank", blank(10)), real),
        ("the same picture", "train"): (real, real, "--train", put(tmp_path / "train", blank(10))),
    }
    for words, given in wrong.items():
        result = metrics(*given)
        said = str(result.exception) + result.output
        assert result.exit_code != 0, given
        for word in words:
            assert word in said, (given, said)
    assert metrics(real, small, "--size", 16).exit_code == 0
    assert metrics(real, colour, "--grey").exit_code == 0


def test_grey_pictures_stored_in_colour_and_other_spellings_are_taken_and_said(folders: Path, tmp_path: Path) -> None:
    grey = facts(folders / "real", folders / "honest")
    other = put(tmp_path / "other", blobs(60, 7), names=("Left_side", "RIGHT side"), tint=(255, 255, 255))
    found = facts(folders / "real", other)
    assert found["measures"] == grey["measures"]
    first, second = found["remarks"][-2:]  # type: ignore[index]
    assert first == "The synthetic pictures are stored in colour and show none: all are compared in grey."
    assert second == "Classes of the synthetic pictures as written: 'Left_side' is 'left', 'RIGHT side' is 'right'."
    assert first in metrics(folders / "real", other).stdout.replace("\n  ", " ")


def said(*words: object) -> str:
    """Return what a user reads, without the breaks of lines."""
    result = metrics(*words)
    assert result.exit_code == 0, result.output
    return result.stdout.replace("\n  ", " ").replace("\n", " ")


def test_the_same_folder_twice_is_said_to_be_that_and_how_to_ask_for_copies(folders: Path) -> None:
    text = said(folders / "honest", folders / "honest")
    assert (
        f"60 of 60 synthetic images are among the real images of {folders / 'honest'}, pixel for pixel: left/000.png = left/000.png"
        in text
    )
    assert (
        "Are these copies of training images? Not measured. Give the images that the generator learned from: --train"
        in text
    )
    (found,) = facts(folders / "honest", folders / "honest")["repeats"]  # type: ignore[misc]
    assert (found["of"], found["equal"], found["alike"]) == ("real", 60, 0)
    assert found["first_equal"][:2] == [["left/000.png", "left/000.png"], ["left/002.png", "left/002.png"]]


def test_copies_of_training_images_are_counted_and_named(folders: Path, tmp_path: Path) -> None:
    mixed = put(tmp_path / "mixed", blobs(40, 7))
    train = folders / "train" / "left" / "004.png"
    (mixed / "left" / "000.png").write_bytes(train.read_bytes())
    brighter = np.clip(np.asarray(Image.open(train)).astype(np.int16) + 3, 0, 255).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(brighter[::-1])).save(mixed / "left" / "002.png")
    given = (folders / "real", mixed, "--train", folders / "train")
    text = said(*given)
    where = folders / "train"
    assert (
        f"1 of 40 synthetic images is among the training images of {where}, pixel for pixel: left/000.png = left/004.png."
        in text
    )
    assert f"1 of 40 synthetic images shows almost the picture of one of the training images of {where}" in text
    training, real = facts(*given)["repeats"]  # type: ignore[misc]
    assert training["first_alike"] == [["left/002.png", "left/004.png"]]
    assert real["equal"] == 0


def test_classes_that_a_run_accepts_are_accepted(tmp_path: Path) -> None:
    real = put(tmp_path / "real", blobs(20, 1), names=("0", "1"))
    synthetic = put(tmp_path / "synthetic", blobs(20, 7), names=("KL0", "KL1"))
    assert "Classes of the synthetic pictures as written: 'KL0' is '0', 'KL1' is '1'." in said(real, synthetic)


def test_why_labels_are_not_known_is_said(folders: Path, tmp_path: Path) -> None:
    real = put(tmp_path / "real", blobs(20, 1), by_class=False)
    names = sorted(place.name for place in real.glob("*.png"))
    (real / "labels.csv").write_text("filename,patient_id\n" + "".join(f"{name},{name[:3]}\n" for name in names))
    text = said(real, folders / "honest")
    assert "Do the labels hold? Not measured. All images count as one class: labels.csv in" in text
    assert "has no column 'label'; its columns are filename, patient_id." in text


def test_few_pictures_give_no_value_and_the_reason(folders: Path, tmp_path: Path) -> None:
    few = put(tmp_path / "few", blobs(6, 7))
    seen = facts(folders / "real", folders / "honest", "--train", put(tmp_path / "seen", blobs(8, 2)))["measures"]
    assert "at least 20 training images" in seen["copies/excess"]["reason"]  # type: ignore[index]
    assert seen["fidelity/kid"]["value"] is not None  # type: ignore[index]
    found = facts(folders / "real", few, "--train", folders / "train")
    measures = found["measures"]
    assert measures["copies/excess"]["value"] is None  # type: ignore[index]
    assert "at least 20" in measures["copies/excess"]["reason"]  # type: ignore[index]
    reasons = [str(one["reason"]) for one in measures.values()]  # type: ignore[attr-defined]
    assert "The similarity of pairs needs at least 10 images of a class; there are 3." in reasons
    assert not any("H, W" in reason or "[N]" in reason for reason in reasons)
    assert np.isfinite([one["value"] for one in measures.values() if one["value"] is not None]).all()  # type: ignore[attr-defined]


def test_real_images_that_are_training_images_are_refused_and_near_ones_left_out(folders: Path, tmp_path: Path) -> None:
    """Held against training images, copies look honest: one training image among the real ones hid all copies."""
    real = put(tmp_path / "real", blobs(120, 1))
    stolen = next((folders / "train" / "left").glob("*.png"))
    (real / "left" / "stolen.png").write_bytes(stolen.read_bytes())
    result = metrics(real, folders / "copied", "--train", folders / "train")
    assert result.exit_code != 0
    assert "stolen.png" in str(result.exception)
    assert "pixel for pixel" in str(result.exception)
    grey = np.asarray(Image.open(stolen)).astype(np.int16)
    Image.fromarray(np.clip(grey + 2, 0, 255).astype(np.uint8)).save(real / "left" / "stolen.png")
    found = facts(real, folders / "copied", "--train", folders / "train")
    assert found["states"]["copies"] == "memorising"  # type: ignore[index]
    (left_out,) = [one for one in found["remarks"] if one.startswith("Left out for showing almost")]  # type: ignore[attr-defined]
    assert "left/stolen.png" in left_out


def table(place: Path, rows: list[str], images: ImageSet) -> Path:
    """Write pictures into folders of no meaning, two of which have files of the same names, and a table of classes."""
    put(place, images, names=("a", "b"))
    for name in ("a", "b"):
        for number, picture in enumerate(sorted((place / name).glob("*.png"))):
            picture.rename(place / name / f"{number}.png")
    (place / "labels.csv").write_text("\n".join(["filename,label", *rows]))
    return place


def test_a_table_means_the_files_of_its_paths(folders: Path, tmp_path: Path) -> None:
    named = [f"{name}/{number}.png,{label}" for name, label in (("a", "left"), ("b", "right")) for number in range(30)]
    good = table(tmp_path / "good", named, blobs(60, 7))
    found = facts(folders / "real", good)
    assert [found["measures"][f"collapse/vendi/{label}"]["n"] for label in NAMES] == [30, 30]  # type: ignore[index]
    wanted = open_pictures(good).classes
    for written in (f"{good.resolve()}/{{}}", "other/{}", "././{}", "x/../{}", "images\\{}"):
        rows = [written.format(row.replace("/", "\\") if "\\" in written else row) for row in named]
        (good / "labels.csv").write_text("\n".join(["filename,label", *rows]))
        assert open_pictures(good).classes == wanted
    (good / "labels.csv").write_text("\n".join(["filename,label", *(row.replace(".png", "") for row in named)]))
    assert open_pictures(good).classes == wanted
    wrong = {
        ("line 62", "'a/0.png'", "one row per image"): [*named, "a/0.png,right"],
        ("1 of 61 files are missing", "ghost.png"): [*named, "ghost.png,left"],
        ("fit several files", "'0.png'"): [*named[1:], "0.png,left"],
        ("1 of 60 files are missing", "line 61: 'b/77.png'"): [*named[:-1], "b/77.png,right"],
        ("no class of 1 picture", "a/0.png"): named[1:],
    }
    for number, (words, rows) in enumerate(wrong.items()):
        result = metrics(folders / "real", table(tmp_path / f"wrong{number}", rows, blobs(60, 7)))
        assert result.exit_code != 0
        assert all(word in str(result.exception) for word in words), result.exception


def test_one_folder_is_a_class_where_another_set_has_it(folders: Path, tmp_path: Path) -> None:
    left = blobs(60, 7).rows(np.arange(0, 60, 2))
    one = put(tmp_path / "one", left)
    text = said(folders / "real", one)
    assert "All synthetic pictures lie in one folder, 'left', which is taken for their class." in text
    assert "No synthetic picture is of 'right': what is told by class leaves that out." in text
    assert "collapse/vendi/left" in facts(folders / "real", one)["measures"]  # type: ignore[operator]
    assert "'right' (synthetic)" in str(metrics(one, folders / "honest").exception)
    other = put(tmp_path / "other", left, names=("pictures", "right"))
    text = said(folders / "real", other)
    assert "Do the labels hold? Not measured. All images count as one class" in text
    assert "its one folder, 'pictures', is no class of another set" in text
    measures = facts(folders / "real", folders / "honest", "--train", one)["measures"]
    assert measures["labels/tstr_auroc"]["value"] is not None  # type: ignore[index]
    assert measures["labels/tstr_auroc"]["real"] is None  # type: ignore[index]


def test_what_only_a_run_can_tell_says_so(folders: Path) -> None:
    measures = facts(folders / "real", folders / "honest", "--train", folders / "train")["measures"]
    for name in ("training/gain", "labels/skill"):
        assert "run" in measures[name]["reason"]  # type: ignore[index]
    text = said(folders / "real", folders / "honest")
    assert "Was the generator trained? Not measured. Images that were drawn during the fit are needed" in text


def test_the_closest_pairs_are_one_picture(folders: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "pairs.png"
    given = (folders / "real", folders / "copied", "--train", folders / "train", "--pairs", sheet)
    assert metrics(*given).exit_code == 0
    tiles = np.asarray(Image.open(sheet))
    side = 64  # 16 pixels enlarged by four
    assert tiles.shape == (2 * (2 * side + 2 + 8), 10 * (side + 3))
    assert (tiles[:side, :side] == tiles[side + 2 : 2 * side + 2, :side]).all()  # the first pair is a copy
    turned = tmp_path / "turned"
    for place in sorted((folders / "copied").rglob("*.png")):
        (turned / place.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(place).transpose(Image.Transpose.ROTATE_90).save(turned / place.parent.name / place.name)
    assert metrics(folders / "real", turned, "--train", folders / "train", "--pairs", sheet).exit_code == 0
    tiles = np.asarray(Image.open(sheet))
    assert (tiles[:side, :side] == tiles[side + 2 : 2 * side + 2, :side]).all()  # turned as it lies on it


def test_a_card_of_the_folder_one_stands_in_has_its_name(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders / "honest")
    card = tmp_path / "card.md"
    assert metrics(folders / "real", ".", "--card", card).exit_code == 0
    assert card.read_text().startswith("# honest\n")
