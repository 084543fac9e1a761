from __future__ import annotations

import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.regroup import with_groups, write_grouped
from qaugbench.datasets.splits import choose_split, crossing_groups
from qaugbench.errors import DataError

CLASSES = SimpleNamespace(kind="multiclass", names=("a", "b"))


def pairs(*both):
    return SimpleNamespace(first=np.array([a for a, _ in both], int), second=np.array([b for _, b in both], int))


def components(n, links):
    """The closure by repeated relabelling: slow, and written another way than the code under test."""
    code = list(range(n))
    for _ in range(n):
        for a, b in links:
            code[a] = code[b] = min(code[a], code[b])
    return code


@given(st.data())
def test_groups_are_the_connected_components(data):
    n = data.draw(st.integers(1, 12))
    patients = data.draw(st.lists(st.sampled_from(["", "p", "q", "r"]), min_size=n, max_size=n))
    links = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=8))
    code = close_groups(patients, np.array([a for a, _ in links]), np.array([b for _, b in links]), n)
    same = [(i, j) for i in range(n) for j in range(i) if patients[i] and patients[i] == patients[j]]
    expected = components(n, links + same)
    assert (code[:, None] == code).tolist() == [[a == b for b in expected] for a in expected]
    assert list(dict.fromkeys(code.tolist())) == list(range(code.max() + 1))


def test_a_chain_of_patients_and_pairs_is_one_group():
    patients = ["a", "b", "a", "c", "d", "c"]
    assert close_groups(patients, np.array([1, 3]), np.array([2, 1]), 6).tolist() == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("patients", "first", "second", "said"),
    [(None, [0], [3], "outside 0 to 2: 3"), (["a"], [], [], "need 3 patients"), (None, [0, 1], [2], "2 and 1")],
)
def test_rows_that_do_not_fit_are_refused(patients, first, second, said):
    with pytest.raises(DataError, match=said):
        close_groups(patients, np.array(first, int), np.array(second, int), 3)


def prepared_with(make_source, parts, patients=None):
    lines = [f"{i}.png,{'ab'[i % 2]},{part}" + (f",{patients[i]}" if patients else "") for i, part in enumerate(parts)]
    header = "filename,label,split" + (",patient_id" if patients else "")
    return open_prepared(make_source("\n".join([header, *lines]) + "\n"), CLASSES)


def test_a_published_split_that_no_group_crosses_stays(make_source):
    prepared = prepared_with(make_source, ["train", "train", "val", "test"])
    grouped = with_groups(prepared, pairs((0, 1)))
    assert [row["group"] for row in grouped.rows] == ["g00001", "g00001", "g00002", "g00003"]
    assert "group_split" not in grouped.rows[0]
    assert "no group crosses the published `split`" in grouped.how


def test_a_leak_through_a_near_duplicate_gives_a_new_split(make_source):
    prepared = prepared_with(
        make_source, ["train", "test"] * 30, [f"p{i // 2}" if i < 4 else f"q{i}" for i in range(60)]
    )
    grouped = with_groups(prepared, pairs((5, 8)))
    codes = np.array([int(row["group"][1:]) for row in grouped.rows])
    assert len(set(codes)) == grouped.facts["groups"] == 57
    assert "puts 3 groups into more than one part" in grouped.how
    new = np.array([row["group_split"] for row in grouped.rows])
    assert len(crossing_groups(codes, new)) == 0
    np.testing.assert_allclose(np.unique(new, return_counts=True)[1], [9, 42, 9], atol=1)
    assert with_groups(prepared, pairs((5, 8))).facts["sha256"] == grouped.facts["sha256"]
    assert with_groups(prepared, pairs((5, 8)), seed=1).facts["sha256"] != grouped.facts["sha256"]


@pytest.mark.parametrize("name", ["data.zip", "data"])
def test_labels_are_rewritten_and_no_image_is_touched(tmp_path, name):
    draw = np.random.default_rng(0)
    images = [draw.integers(0, 255, (5, 5), dtype=np.uint8) for _ in range(20)]
    rows = [{"filename": f"{i}.png", "label": "ab"[i % 2], "split": ("train", "test")[i % 2]} for i in range(20)]
    write_prepared(tmp_path / name, images, rows, {"licence": "CC0-1.0"})
    before = open_prepared(tmp_path / name, CLASSES)
    held = [before.read_bytes(i) for i in range(20)]
    assert write_grouped(before, with_groups(before, pairs((0, 1)))) == tmp_path / name
    after = open_prepared(tmp_path / name, CLASSES)
    assert [after.read_bytes(i) for i in range(20)] == held
    manifest = json.loads(after.archive.read("manifest.json"))
    assert (manifest["licence"], manifest["grouping"]["pairs"], len(manifest["files"])) == ("CC0-1.0", 1, 21)
    split = choose_split(after)
    assert (split.name, split.leaky, len(after.group_names)) == ("group_split", False, 19)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_groups_that_are_there_already_are_kept_together(make_source):
    text = "filename,label,group,group_split\n" + "".join(f"{i}.png,{'ab'[i % 2]},{i // 2},train\n" for i in range(40))
    prepared = open_prepared(make_source(text), CLASSES)
    grouped = with_groups(prepared, pairs((1, 2)))
    assert [row["group"] for row in grouped.rows[:6]] == ["g00001"] * 4 + ["g00002"] * 2
    assert "lacks a train or a test part" in grouped.how
    assert {row["group_split"] for row in grouped.rows} == {"train", "val", "test"}


@pytest.mark.realdata
def test_closing_over_the_published_groups_of_real_brains_keeps_their_split(real_data):
    path = real_data / "brainmri-nickparvar.zip"
    labels = SimpleNamespace(kind="multiclass", names=("glioma", "meningioma", "notumor", "pituitary"))
    prepared = open_prepared(path, labels)
    grouped = with_groups(prepared, pairs())
    assert grouped.facts["groups"] == len(prepared.group_names)
    assert grouped.facts["split"] == "group_split"
    assert zipfile.is_zipfile(path)
