"""From what was fetched by hand to data that a run may use: prepared, audited, grouped, split, and looked at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench import definitions
from qaugbench.datasets.acquire import make_ready, prepare_ready
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.inspect import audit_source, write_cards
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.splits import choose_split, crossing_groups
from qaugbench.errors import DataError

LABELS = ("glioma", "meningioma", "notumor", "pituitary")


def _picture(label: int, number: int) -> Image.Image:
    """Return a smooth picture, so that near-duplicates correlate and others do not."""
    draw = np.random.default_rng([label, number])
    coarse = Image.fromarray(draw.integers(0, 256, (6, 6), dtype=np.uint8))
    return coarse.resize((64, 64), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as Kaggle's archive unpacks, in which three test images are training images, two of them turned."""
    root = tmp_path_factory.mktemp("fetched")
    for folder, short, n in (("Training", "Tr", 40), ("Testing", "Te", 15)):
        for k, label in enumerate(LABELS):
            place = root / folder / label
            place.mkdir(parents=True)
            for i in range(n):
                picture = _picture(k, i + (1000 if folder == "Testing" else 0))
                picture.save(place / f"{short}-{label[:2]}_{i:04d}.png")
    testing = root / "Testing" / "glioma"
    _picture(0, 0).save(testing / "Te-gl_0000.png")
    _picture(0, 1).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(testing / "Te-gl_0001.png")
    _picture(0, 2).transpose(Image.Transpose.ROTATE_90).save(testing / "Te-gl_0002.png")
    return root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QAUGBENCH_DATA", str(tmp_path))
    return tmp_path


def test_a_leaky_source_gets_groups_and_a_split_without_the_leak(fetched: Path, home: Path) -> None:
    made = prepare_ready("nickparvar", [fetched])
    task = definitions.task("brainmri")
    prepared = open_prepared(made.path, task.labels)
    assert made.path == home / "brainmri" / "nickparvar.zip"
    assert "the published `split` puts 3 groups into more than one part" in made.how
    assert len(prepared.group_names) == 220 - 3
    assert made.report is not None
    assert made.report.clean
    assert choose_split(prepared).name == "group_split"
    assert not len(crossing_groups(prepared.groups, prepared.table["group_split"].to_numpy(dtype="U")))
    assert "3 of 60 test images" in made.text()


def test_the_manifest_keeps_grouping_and_audit_and_images_stay_as_they_are(fetched: Path, home: Path) -> None:
    made = prepare_ready("nickparvar", [fetched])
    prepared = open_prepared(made.path, definitions.task("brainmri").labels)
    manifest = json.loads(prepared.archive.read("manifest.json"))
    assert manifest["grouping"]["split"] == "group_split"
    assert manifest["audit"]["clean"] is True
    number = prepared.files.index("images/Te-gl_0001.png")
    assert prepared.read_bytes(number) == (fetched / "Testing" / "glioma" / "Te-gl_0001.png").read_bytes()


def test_the_second_time_nothing_is_done(fetched: Path, home: Path) -> None:
    first = prepare_ready("nickparvar", [fetched])
    before = first.path.read_bytes()
    second = prepare_ready("nickparvar", [fetched])
    assert second.report is None
    assert second.how == first.how
    assert second.path.read_bytes() == before


def test_a_preparation_that_was_cut_short_is_finished_by_the_next(
    fetched: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("qaugbench.datasets.acquire.scan", cut)
        with pytest.raises(KeyboardInterrupt):
            prepare_ready("nickparvar", [fetched])
    assert prepare_ready("nickparvar", [fetched]).report is not None


@pytest.mark.parametrize("task_id", ["brainmri", "chestxray", "fundus", "kneeoa"])
def test_a_clean_source_keeps_its_split(task_id: str, tmp_path: Path) -> None:
    task = definitions.task(task_id)
    path = export_phantom(task_id, 120, 64, tmp_path / "phantom.zip")
    made = make_ready(path, task)
    prepared = open_prepared(path, task.labels)
    assert made.report is not None
    assert made.report.clean
    published = "split" in prepared.table and "is kept" in made.how
    assert published or choose_split(prepared).name == "group_split"


def test_a_source_is_audited_and_described_by_name_and_by_path(fetched: Path, home: Path, tmp_path: Path) -> None:
    made = prepare_ready("nickparvar", [fetched])
    by_name, by_path = audit_source("nickparvar", "brainmri"), audit_source(str(made.path), "brainmri")
    assert by_name.findings == by_path.findings
    assert not audit_source("nickparvar", "brainmri", split="split").clean
    markdown, page = write_cards("nickparvar", "brainmri", tmp_path / "card")
    assert "masoudnickparvar" in markdown.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("target", "message"),
    [("nickparva", "neither a path nor a source. Did you mean 'nickparvar'"), ("brisc", "'brisc' is not prepared")],
)
def test_what_is_not_there_is_said(target: str, message: str, home: Path) -> None:
    with pytest.raises(DataError, match=message):
        audit_source(target, "brainmri")


def test_the_images_are_read_once(fetched: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(
        "qaugbench.datasets.acquire.scan", lambda *args, **options: calls.append(1) or scan(*args, **options)
    )
    monkeypatch.setattr("qaugbench.datasets.audit.entry.scan", lambda *_, **__: pytest.fail("read again"))
    prepare_ready("nickparvar", [fetched])
    assert calls == [1]
