from __future__ import annotations

import pickle
import struct
import zipfile
import zlib

import numpy as np
import pytest

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError

from .conftest import png

GOOD = "filename,label,patient_id,age\na.png,good,007,50\nimages/b.png,USABLE,007,\nc.png, Reject ,8,61\n"


@pytest.mark.parametrize("name", ["source.zip", "folder"])
@pytest.mark.parametrize("top", ["", "inner/"])
def test_a_source_is_read_alike_from_a_zip_and_a_folder_at_its_top_or_inside_one(make_source, three_classes, name, top):
    junk = {"__MACOSX/._a.png": b"junk", ".DS_Store": b"junk"}
    files = {f"images/{letter}.png": png(np.full((4, 4), 50, np.uint8)) for letter in "abc"}
    path = make_source(GOOD, files, name=name, top=top)
    if name == "source.zip":
        with zipfile.ZipFile(path, "a") as archive:
            for entry, content in junk.items():
                archive.writestr(entry, content)

    prepared = open_prepared(path, three_classes)

    assert prepared.name == name.removesuffix(".zip")
    np.testing.assert_array_equal(prepared.labels, np.eye(3, dtype=np.float32))
    assert prepared.groups.tolist() == [0, 0, 1]
    assert prepared.group_names == ("007", "8")
    assert prepared.table["age"].tolist() == ["50", "", "61"]
    assert prepared.read(1).size == (4, 4)
    np.testing.assert_array_equal(load_images(prepared, 4, 3), np.full((3, 4, 4, 3), 50))


def test_findings_are_matched_without_case_and_a_row_may_have_none(make_source, two_findings):
    text = "filename,pleural thickening,MASS,other\na.png,0,1,x\nb.png,1.0,1,x\nc.png,0,0.0,x\n"
    prepared = open_prepared(make_source(text), two_findings)
    assert prepared.labels.tolist() == [[1, 0], [1, 1], [0, 0]]
    assert prepared.labels.dtype == np.float32
    assert not prepared.patients_known
    assert prepared.groups.tolist() == [0, 1, 2]


def test_group_goes_before_patient_where_both_are_there(make_source, three_classes):
    text = "filename,label,patient_id,group\na.png,good,1,x\nb.png,good,2,x\nc.png,good,3,y\n"
    prepared = open_prepared(make_source(text), three_classes)
    assert prepared.groups.tolist() == [0, 0, 1]
    assert prepared.group_column == "group"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filename,label\n", ["no rows"]),
        ("filename,grade\na.png,good\n", ["'label'", "filename, grade"]),
        ("file,label\na.png,good\n", ["'filename'", "file, label"]),
        ("filename,label,label\na.png,good,good\n", ["twice", "label"]),
        ("filename,label\na.png,godo\nb.png,good\n", ["line 2 (a.png): 'godo'", "1 of 2", "'Good'"]),
        ("filename,label\na.png,\n", ["line 2 (a.png): ''", "Known: Good, Reject, Usable"]),
        ("filename,label\na.png,nan\n", ["'nan'"]),
        ("filename,label\na.png,good\nb.png,good,3\n", ["line 3 has 3 values", "2 columns"]),
        ("filename,label\na.png,good\nimages/a.png,good\n", ["more than once", "line 3"]),
        ("filename,label\n../a.png,good\n", ["outside", "'../a.png'"]),
        ("filename,label\n/etc/passwd,good\n", ["outside", "'/etc/passwd'"]),
        ("filename,label\nC:\\a.png,good\n", ["outside"]),
        ("filename,label\n.,good\n", ["missing"]),
        ("filename,label\n,good\n", ["empty"]),
        ("filename,label,group\na.png,good,\n", ["empty group", "line 2"]),
        ("filename,label,patient_id,group\na.png,good,1,x\nb.png,good,1,y\n", ["more than one group: 1"]),
    ],
)
@pytest.mark.parametrize("name", ["source.zip", "folder"])
def test_a_bad_table_is_refused_with_its_first_offenders(make_source, three_classes, text, said, name):
    files = {f"images/{letter}.png": png(np.zeros((4, 4), np.uint8)) for letter in "ab"}
    path = make_source(text, files, name=name)
    with pytest.raises(DataError) as refused:
        open_prepared(path, three_classes)
    assert str(path) in str(refused.value)
    for words in said:
        assert words in str(refused.value)


@pytest.mark.parametrize("value", ["", "2", "-1", "nan", "yes", "0.5"])
def test_a_finding_that_is_neither_0_nor_1_is_refused(make_source, two_findings, value):
    path = make_source(f"filename,Mass,Pleural_Thickening\na.png,0,1\nb.png,1,{value}\n")
    with pytest.raises(DataError, match=r"Pleural_Thickening on line 3 \(b.png\)"):
        open_prepared(path, two_findings)


def test_a_missing_finding_is_named(make_source, two_findings):
    with pytest.raises(DataError, match=r"no column 'Pleural_Thickening'.*filename, Mass"):
        open_prepared(make_source("filename,Mass\na.png,0\n"), two_findings)


def test_five_missing_files_of_many_are_named_and_the_rest_counted(make_source, three_classes):
    text = "filename,label\n" + "".join(f"{i}.png,good\n" for i in range(9))
    with pytest.raises(DataError, match=r"lists 9 of 9 files.*missing.*'0.png'.* and 4 more"):
        open_prepared(make_source(text, {}), three_classes)


def test_a_truncated_or_other_file_is_no_zip(make_source, three_classes, tmp_path):
    whole = make_source(GOOD).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"text"):
        path = tmp_path / "cut.zip"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"not a whole .zip"):
            open_prepared(path, three_classes)
    with pytest.raises(DataError, match="does not exist"):
        open_prepared(tmp_path / "nowhere", three_classes)


def test_a_source_without_labels_says_what_is_there(tmp_path, three_classes):
    (tmp_path / "images").mkdir()
    (tmp_path / "label.csv").touch()
    with pytest.raises(DataError, match=r"no labels.csv. At its top: images, label.csv"):
        open_prepared(tmp_path, three_classes)


def test_a_link_that_leaves_the_source_is_refused_and_one_inside_is_not(make_source, three_classes, tmp_path):
    path = make_source("filename,label\na.png,good\nb.png,good\n", {"images/a.png": b"x"}, name="folder")
    (tmp_path / "secret.png").write_bytes(b"y")
    link = path / "images" / "b.png"
    link.symlink_to(path / "images" / "a.png")
    assert len(open_prepared(path, three_classes)) == 2
    link.unlink()
    link.symlink_to(tmp_path / "secret.png")
    with pytest.raises(DataError, match="link that points outside"):
        open_prepared(path, three_classes)


def test_a_link_in_a_zip_is_refused(make_source, three_classes):
    path = make_source("filename,label\na.png,good\n", {})
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("images/a.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        open_prepared(path, three_classes)


def test_labels_that_are_not_text_are_refused(make_source, three_classes):
    path = make_source("", {"labels.csv": b"filename,label\n\xff\xfe,good\n"})
    with pytest.raises(DataError, match="UTF-8"):
        open_prepared(path, three_classes)


def test_every_unreadable_image_is_found_before_one_error_names_them(make_source, three_classes):
    whole = png(np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8))
    files = {"images/a.png": b"no image", "images/b.png": whole, "images/c.png": whole[:200]}
    prepared = open_prepared(make_source(GOOD, files), three_classes)
    with pytest.raises(DataError, match=r"2 of 3 images.*images/a.png.*images/c.png"):
        load_images(prepared, 8, 1)
    assert load_images(prepared, 8, 1, index=[1, 1]).shape == (2, 8, 8, 1)
    with pytest.raises(DataError, match=r"images/a.png"):
        prepared.read(0)


def test_a_small_file_that_claims_a_huge_image_is_refused_undecoded(make_source, three_classes):
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = b"IDAT" + zlib.compress(b"")
    bomb += struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    path = make_source("filename,label\na.png,good\n", {"images/a.png": bomb})
    with pytest.raises(DataError, match=r"images/a.png.*pixels"):
        load_images(open_prepared(path, three_classes), 8, 1)


def test_a_damaged_zip_entry_is_an_unreadable_image(make_source, three_classes):
    path = make_source(GOOD)
    content = path.read_bytes()
    at = content.index(b"IDAT", content.index(b"images/c.png"))
    path.write_bytes(content[: at + 6] + b"\x00\x01\x02" + content[at + 9 :])
    with pytest.raises(DataError, match=r"1 of 3 images.*images/c.png \(is damaged"):
        load_images(open_prepared(path, three_classes), 8, 1)


def test_an_opened_source_can_be_sent_to_another_process(make_source, three_classes):
    prepared = open_prepared(make_source(GOOD), three_classes)
    before = load_images(prepared, 4, 1)
    np.testing.assert_array_equal(load_images(pickle.loads(pickle.dumps(prepared)), 4, 1), before)


def test_labelled_images_refuse_arrays_that_do_not_fit():
    images, labels, groups = np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 3), np.float32), np.zeros(2, np.int64)
    subset = LabelledImages(images, labels, groups).subset(np.array([1, 1, 0]))
    assert len(subset) == 3
    for wrong in (
        (images.astype(np.float32), labels, groups),
        (images[..., 0], labels, groups),
        (images, labels.astype(np.int64), groups),
        (images, labels + np.float32(0.5), groups),
        (images, labels, groups.astype(np.int32)),
        (images, labels[:1], groups),
    ):
        with pytest.raises(DataError):
            LabelledImages(*wrong)
