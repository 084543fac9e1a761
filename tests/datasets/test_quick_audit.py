"""What every run says of its data before anything is computed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets.audit import quick
from qaugbench.datasets.audit.quick import (
    finding_lines,
    finding_notes,
    quick_findings,
    screen,
    with_copies_counted,
)
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.errors import DataError

from .conftest import png

CLASSES = ("Good", "Usable", "Reject")


def picture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC))


def re_encoded(pixels: np.ndarray) -> bytes:
    """Return the same pixels in other bytes."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=0)
    return content.getvalue()


@pytest.fixture
def source(make_source, three_classes):
    """Return a function that opens 12 training, 3 val and 6 test images, some of them replaced."""

    def opened(replaced: dict[str, bytes] | None = None, labels: dict[str, str] | None = None) -> PreparedData:
        parts = ["train"] * 12 + ["val"] * 3 + ["test"] * 6
        names = [f"{part}{i}.png" for i, part in enumerate(parts)]
        said = [(labels or {}).get(name, CLASSES[i % 3]) for i, name in enumerate(names)]
        rows = [
            f"{name},{label},p{i},{part}" for i, (name, label, part) in enumerate(zip(names, said, parts, strict=True))
        ]
        files = {f"images/{name}": png(picture(i)) for i, name in enumerate(names)} | {
            f"images/{name}": content for name, content in (replaced or {}).items()
        }
        text = "\n".join(["filename,label,patient_id,split", *rows])
        return open_prepared(make_source(text, files), three_classes)

    return opened


def findings(prepared: PreparedData) -> dict[str, str]:
    split = choose_split(prepared, column="split", allow_leaky=True)
    return {finding.check: finding.what for finding in quick_findings(prepared, split, screen(prepared))}


def test_a_clean_source_has_nothing_to_tell_but_its_size(source) -> None:
    assert set(findings(source())) == set()


def test_other_files_of_the_same_pixels_across_parts_are_refused(source) -> None:
    prepared = source({"test15.png": re_encoded(picture(3))})
    screened = screen(prepared)
    split = choose_split(prepared, column="split")
    assert not split.leaky
    with pytest.raises(DataError, match=r"1 image files have the same pixels.*train3\.png = images/test15\.png"):
        with_copies_counted(prepared, split, screened, allow_leaky=False)
    accepted = with_copies_counted(prepared, split, screened, allow_leaky=True)
    assert (accepted.leaky, accepted.crossing_groups) == (True, 1)
    assert "LEAKY: 1 images" in accepted.how


def test_copies_across_the_published_split_are_told_although_another_is_used(source) -> None:
    prepared = source(
        {"test16.png": png(picture(4)), "test17.png": png(picture(5))}
    )  # the very files of train4 and train5
    split = choose_split(prepared)
    assert split.name == "own"
    told = [finding.what for finding in quick_findings(prepared, split, screen(prepared))]
    assert told[0] == "the published split: 2 of 6 test images (33 %) have a twin in train or val, 2 an exact copy"


def test_the_same_pixels_in_one_part_are_no_leak(source) -> None:
    prepared = source({"train3.png": re_encoded(picture(0))})
    split = choose_split(prepared, column="split")
    assert with_copies_counted(prepared, split, screen(prepared), allow_leaky=False) is split
    assert "1 of 21 images repeat the pixels" in findings(prepared)["exact-duplicates"]


def test_mirrored_twins_across_parts_are_told_first(source) -> None:
    told = findings(source({"test16.png": png(picture(4)[:, ::-1]), "test17.png": png(np.rot90(picture(5)))}))
    assert told["test-twins"].startswith("split: 2 of 6 test images (33 %) have a twin in train")


def test_contradicting_labels_of_one_picture_are_told(source) -> None:
    told = findings(source({"train3.png": re_encoded(picture(1))}))  # train1 is Usable, train3 Good
    assert "1 pairs of one picture carry contradicting labels (Good / Usable)" in told["contradicting-labels"]


@pytest.mark.parametrize(("part", "words"), [("train", "left out"), ("val", "chosen"), ("test", "scored")])
def test_a_class_that_a_part_lacks_is_named_with_its_counts(source, part, words) -> None:
    prefix = {"train": range(12), "val": range(12, 15), "test": range(15, 21)}[part]
    relabelled = {f"{part}{i}.png": "Good" for i in prefix if CLASSES[i % 3] == "Reject"}
    (told,) = [what for check, what in findings(source(labels=relabelled)).items() if check == f"no-{part}-image"]
    assert f"1 class has no {part} image: Reject (" in told
    assert words in told


def test_notes_name_no_file_and_lines_do(source) -> None:
    prepared = source({"test16.png": png(picture(4)[:, ::-1])})
    found = quick_findings(prepared, choose_split(prepared, column="split"), screen(prepared))
    assert any("test16.png" in line for line in finding_lines(found))
    assert not any(".png" in note for note in finding_notes(found))
    assert finding_notes(found)[0].startswith("Split: 1 of 6 test images")


def test_too_many_images_are_compared_as_files_alone_and_that_is_said(source, monkeypatch) -> None:
    monkeypatch.setattr(quick, "MOST_IMAGES", 20)
    prepared = source({"test16.png": png(picture(4)[:, ::-1]), "train3.png": png(picture(0))})
    assert not screen(prepared).compared
    told = findings(prepared)
    assert "21 images are too many" in told["files-only"]
    assert "1 of 21 images repeat" in told["exact-duplicates"]
    assert "test-twins" not in told


def test_too_many_pixels_are_not_decoded(source, monkeypatch) -> None:
    monkeypatch.setattr(quick, "MOST_PIXELS", 21 * 48 * 48 - 1)
    assert not screen(source()).compared


def test_a_damaged_file_is_left_to_whoever_needs_it(source) -> None:
    assert screen(source({"test16.png": b"no image"})).compared
