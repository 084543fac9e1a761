"""Planted damage is found, each kind by its own check; small classes are named by what they cannot bear."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from qaugbench.datasets.audit import audit
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.audit.unusable import inverted_images
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task
from qaugbench.errors import DataError


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(content, "PNG")
    return content.getvalue()


def written_on(image):
    picture = Image.fromarray(image.squeeze())
    ImageDraw.Draw(picture).text((4, 2), "PORTABLE", fill=255, font=ImageFont.load_default(14))
    return np.asarray(picture)


def spoilt(images):
    """Return the files, two of each kind spoilt, and the rows of each kind by check."""
    files = [png(image) for image in images]
    size = images.shape[1]
    kinds = {
        "unreadable": lambda image: png(image)[:-200],
        "blank": lambda image: png(np.full_like(image, 40)),
        "cut-off": lambda image: png(
            np.where(np.arange(size)[:, None] > 0.6 * size, 128, image.squeeze()).astype(np.uint8)
        ),
        "inverted": lambda image: png(255 - image),
        "colour": lambda image: png(np.stack([image.squeeze(), image.squeeze() // 3, image.squeeze() // 2], axis=2)),
        "text": lambda image: png(written_on(image)),
        "small": lambda image: png(np.ascontiguousarray(image[::8, ::8])),
        "odd-size": lambda image: png(np.ascontiguousarray(image[: size // 3])),
    }
    rows = {check: [20 * number + 3, 20 * number + 9] for number, check in enumerate(kinds)}
    for check, spoil in kinds.items():
        for row in rows[check]:
            files[row] = spoil(images[row])
    return files, rows


@pytest.fixture(scope="module")
def chests():
    return render_phantom("chestxray", 140, 21, 128)


def test_each_planted_damage_is_found_by_its_check_and_no_more(tmp_path, chests):
    files, planted = spoilt(chests.images)
    write_prepared(tmp_path / "a.zip", files, chests.rows, {})
    report = audit(open_prepared(tmp_path / "a.zip", task("chestxray").labels), task("chestxray"))
    names = [row["filename"] for row in chests.rows]
    for check, rows in planted.items():
        (finding,) = report.of(check)
        assert finding.offenders == tuple(names[row] for row in rows), check
    assert [one.check for one in report.findings if one.severity == "error"] == [
        "unreadable"
    ]  # the rest runs, and is no leak
    assert len(report.pairs) == 0  # the two blank images are no pair


def test_nothing_readable_is_refused(tmp_path, chests):
    write_prepared(tmp_path / "a.zip", [b"no image"] * 20, chests.rows[:20], {})
    with pytest.raises(DataError, match="None of the 20 images"):
        audit(open_prepared(tmp_path / "a.zip", task("chestxray").labels), task("chestxray"))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.8])
@pytest.mark.parametrize("task_id", ["chestxray", "kneeoa"])
def test_the_minority_of_one_polarity_is_found(tmp_path, task_id, share):
    phantom = render_phantom(task_id, 120, 4, 48)
    planted = np.sort(np.random.default_rng(0).permutation(len(phantom.images))[: round(share * len(phantom.images))])
    phantom.images[planted] = 255 - phantom.images[planted]
    write_prepared(tmp_path / "a.zip", phantom.images, phantom.rows, {})
    found = inverted_images(scan(open_prepared(tmp_path / "a.zip", task(task_id).labels)))
    minority = planted if share < 0.5 else np.setdiff1d(np.arange(len(phantom.images)), planted)
    assert found.tolist() == minority.tolist()


def test_images_without_a_common_look_are_not_called_inverted(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8)
    rows = [{"filename": f"{i}.png", "label": str(i % 5)} for i in range(40)]
    write_prepared(tmp_path / "a.zip", noise, rows, {})
    assert len(inverted_images(scan(open_prepared(tmp_path / "a.zip", task("kneeoa").labels)))) == 0


def test_small_classes_are_named_by_what_they_cannot_bear(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (200, 16, 16), dtype=np.uint8)
    tested = ["0"] * 40 + ["1"] * 29 + ["2"] * 10 + ["3"] * 9 + ["4"] * 0
    labels = tested + ["4"] * (200 - len(tested))
    rows = [
        {"filename": f"{i}.png", "label": label, "patient_id": f"p{i}", "split": "test" if i < len(tested) else "train"}
        for i, label in enumerate(labels)
    ]
    rows[-1]["split"] = "val"
    write_prepared(tmp_path / "a.zip", noise, rows, {})
    report = audit(open_prepared(tmp_path / "a.zip", task("kneeoa").labels), task("kneeoa"))
    assert report.of("no-interval")[0].offenders == ("4: 0", "3: 9")
    assert report.of("no-verdict")[0].offenders == ("2: 10", "1: 29")
