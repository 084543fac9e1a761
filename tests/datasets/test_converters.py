from __future__ import annotations

import hashlib
import importlib.util
import json
import runpy
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from qaugbench import definitions
from qaugbench.datasets import download, sources
from qaugbench.datasets import prepare as prepare_module
from qaugbench.datasets.converters import converter
from qaugbench.datasets.converters.chestmnist import FINDINGS
from qaugbench.datasets.converters.spreadsheet import first_sheet
from qaugbench.datasets.download import get
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.prepare import prepare
from qaugbench.datasets.prepared import PreparedData, load_images, open_prepared
from qaugbench.datasets.sources import SourceFile, downloads_folder, source
from qaugbench.errors import DataError, DefinitionError
from tests.datasets import true_formats
from tests.datasets.local_server import serving

FETCHED = {name for name, entry in sources.sources().items() if entry.obtain != "generated"}
IMAGES = {
    "chestmnist": 22, "nih-cxr-lt": 48, "kermany": 16, "figshare-cheng": 12, "nickparvar": 20, "brisc": 24, "chen2018": 30,
    "oai": 20, "most": 17, "eyeq": 22, "deepdrid": 40, "brset": 12, "drimdb": 10,
}  # fmt: skip
"""Images that the rules of each source leave of what true_formats makes."""
PATIENTS = {
    "nih-cxr-lt": 24, "kermany": 8, "figshare-cheng": 4, "chen2018": 15, "oai": 10, "most": 10, "eyeq": 12, "deepdrid": 12,
    "brset": 6,
}  # fmt: skip


@pytest.fixture(autouse=True)
def any_copy(monkeypatch):
    """Let `prepare` take files made on the spot: the checksums of the published ones are tested by themselves."""
    unchecked = {
        name: replace(entry, files=tuple(replace(file, checksum="", checksum_by="", bytes=0) for file in entry.files))
        for name, entry in sources.sources().items()
    }
    monkeypatch.setattr(prepare_module, "source", unchecked.__getitem__)


def written(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def opened(path: Path) -> PreparedData:
    return open_prepared(path, definitions.task(path.parent.name).labels)


def prepared(name: str, tmp_path: Path, home: Path, **options: int) -> PreparedData:
    files = true_formats.ALL[name]()
    folder = written(files, tmp_path / "fetched")
    given = [folder / "archive.zip"] if "archive.zip" in files else [folder]
    return opened(prepare(name, given, home=home, jobs=1, **options))


def manifest(data: PreparedData) -> dict:
    return json.loads(data.archive.read("manifest.json"))


def test_every_source_has_a_converter_and_is_made_here():
    assert set(true_formats.ALL) == FETCHED == set(IMAGES)
    for name in FETCHED:
        assert callable(converter(name))
    with pytest.raises(DefinitionError, match=r"converters/absent.py is missing"):
        converter("absent")


@pytest.mark.parametrize("name", sorted(FETCHED - {"chestmnist"}))
def test_what_is_fetched_by_hand_becomes_a_prepared_zip(name, tmp_path, data_home):
    data = prepared(name, tmp_path, data_home)
    assert data.path == data_home / source(name).tasks[0] / f"{name}.zip"
    assert len(data) == IMAGES[name]
    assert data.patients_known == (name in PATIENTS)
    if name in PATIENTS:
        assert data.table["patient_id"].nunique() == PATIENTS[name]
    pixels = load_images(data, 32, 3)
    assert pixels.std() > 20
    facts = manifest(data)
    assert facts["counts"]["images"] == IMAGES[name]
    assert facts["licence"] == source(name).licence
    assert source(name).patients in facts["notes"]
    assert source_manifest(data, data.path.parent.name)["citation"] == source(name).citation
    left = [path.name for path in data_home.iterdir() if not path.name.startswith(".")]
    assert left == [data.path.parent.name]


@pytest.mark.parametrize("name", ["chestmnist", "nih-cxr-lt", "kermany", "figshare-cheng", "brisc", "eyeq", "deepdrid"])
def test_what_may_be_downloaded_is_downloaded_and_converted(name, data_home, monkeypatch):
    made = true_formats.ALL[name]()
    entry = source(name)
    with serving() as site:
        files = []
        for file in entry.files:
            if not file.urls:
                files.append(file)
                continue
            if file.image_size in (0, 64):
                site.files[file.name] = made.pop(file.name)
            content = site.files.get(file.name, b"")
            stated = f"md5:{hashlib.md5(content).hexdigest()}" if file.checksum else ""
            size = len(content) if file.bytes else 0
            files.append(replace(file, urls=(site.url(file.name),), checksum=stated, bytes=size))
        monkeypatch.setattr(download, "source", lambda _: replace(entry, files=tuple(files)))
        written(made, downloads_folder(name, home=data_home))  # what is fetched by hand
        data = opened(get(name, home=data_home))
        asked = len(site.asked)
        assert get(name, home=data_home) == data.path
        assert len(site.asked) == asked == len(site.files)
    assert len(data) == IMAGES[name]
    words = " ".join(manifest(data)["notes"])
    published = all(file.checksum for file in entry.files if file.urls)
    assert (
        f"stated by {entry.files[0].checksum_by}" if published else "not published; pinned at its first use"
    ) in words


def test_chestmnist_keeps_pixels_findings_and_parts(tmp_path, data_home):
    made = true_formats.chestmnist()
    folder = written(made, tmp_path / "fetched")
    with np.load(folder / "chestmnist_64.npz") as arrays:
        data = opened(prepare("chestmnist", [folder / "chestmnist_64.npz"], size=64, home=data_home))
        test = np.flatnonzero(data.table["split"] == "test")
        np.testing.assert_array_equal(load_images(data, 64, 1, index=test)[..., 0], arrays["test_images"])
        np.testing.assert_array_equal(data.labels[test], arrays["test_labels"])
    assert Counter(data.table["split"]) == {"train": 12, "val": 4, "test": 6}
    assert manifest(data)["image_size"] == 64
    with pytest.raises(DataError, match=r"64 pixels, not 128 pixels. Remove it"):
        prepare("chestmnist", [folder / "chestmnist_64.npz"], size=128, home=data_home)


def test_the_facts_of_medmnist_are_its_own():
    spec = importlib.util.find_spec("medmnist")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).with_name("info.py")  # the package itself would import torch
    info = runpy.run_path(str(text))["INFO"]["chestmnist"]
    for file in source("chestmnist").files:
        flag = "" if file.image_size == 28 else f"_{file.image_size}"
        assert file == SourceFile(
            name=f"chestmnist{flag}.npz",
            urls=(info[f"url{flag}"],),
            checksum=f"md5:{info[f'MD5{flag}']}",
            checksum_by="MedMNIST (medmnist.INFO)",
            image_size=file.image_size,
        )
    own = [finding.lower().removesuffix("_thickening") for finding in FINDINGS]
    assert own == [info["label"][str(k)] for k in range(14)]


def test_nih_carries_the_tasks_findings_the_further_ones_and_the_patients_split(tmp_path, data_home):
    data = prepared("nih-cxr-lt", tmp_path, data_home)
    table = data.table.set_index("filename")
    first = table.loc["00000003_000.png"]  # the 5th image of all: FINDINGS[4], and a tortuous aorta
    assert (first["Mass"], first["Effusion"], first["Tortuous_Aorta"]) == ("1", "0", "1")
    assert (first["patient_id"], first["age"], first["sex"], first["view"]) == ("3", "53", "M", "PA")
    assert table.loc["00000003_001.png", "No_Finding"] == "1"
    assert set(data.table.groupby("patient_id")["split"].nunique()) == {1}
    assert Counter(data.table["split"]) == {"train": 32, "val": 6, "test": 10}
    assert not any("differ" in note for note in manifest(data)["notes"])


def test_nih_without_one_archive_names_what_is_missing(tmp_path, data_home):
    files = true_formats.nih_cxr_lt()
    del files["images_012.tar.gz"]
    with pytest.raises(DataError, match=r"4 of the 48 images .* 00000023_000.png.*Give all twelve archives"):
        prepare("nih-cxr-lt", [written(files, tmp_path / "fetched")], home=data_home)
    assert not list(data_home.rglob("*.zip"))


def test_nih_says_where_the_two_tables_disagree(tmp_path, data_home):
    files = true_formats.nih_cxr_lt()
    table = files["Data_Entry_2017_v2020.csv"].decode()
    files["Data_Entry_2017_v2020.csv"] = table.replace("00000003_000.png,Mass", "00000003_000.png,Hernia").encode()
    data = opened(prepare("nih-cxr-lt", [written(files, tmp_path / "fetched")], home=data_home))
    assert "In 1 images the 14 findings differ from those of Data_Entry_2017*.csv." in manifest(data)["notes"]


def test_kermany_knows_pneumonia_alone_and_says_so(tmp_path, data_home):
    data = prepared("kermany", tmp_path, data_home)
    positives = dict(zip(data.label_names, data.labels.sum(axis=0).astype(int).tolist(), strict=True))
    assert {name for name, count in positives.items() if count} == {"Pneumonia"}
    assert positives["Pneumonia"] == 8
    facts = manifest(data)
    assert facts["annotated"] == ["Pneumonia"]
    assert facts["counts"]["classes"] == {"Pneumonia": 8}
    assert set(data.table["annotated"]) == {"Pneumonia"}
    assert any("not known" in note for note in source_manifest(data, "chestxray")["notes"])


def test_kermany_from_kaggle_has_its_patients_in_the_names_and_its_second_copy_is_left_out(tmp_path, data_home):
    names = {
        "train/PNEUMONIA/person1_bacteria_1.jpeg": "person1",
        "train/PNEUMONIA/person1_bacteria_2.jpeg": "person1",
        "test/PNEUMONIA/person1_virus_6.jpeg": "person1",
        "train/PNEUMONIA/BACTERIA-1008087-0001.jpeg": "1008087",
        "test/PNEUMONIA/VIRUS-1008087-0002.jpeg": "1008087",
        "train/NORMAL/IM-0115-0001.jpeg": "IM-0115",
        "test/NORMAL/NORMAL2-IM-0927-0001.jpeg": "IM-0927",
        "val/NORMAL/NORMAL2-IM-0927-0001-0002.jpeg": "IM-0927",
    }
    images = {name: true_formats.encoded(true_formats.pixels(i), "JPEG") for i, name in enumerate(names)}
    entries = {
        f"{top}{name}": image for top in ("chest_xray/", "chest_xray/chest_xray/") for name, image in images.items()
    }
    archive = {"chest-xray-pneumonia.zip": true_formats.zipped(entries)}
    data = opened(prepare("kermany", [written(archive, tmp_path / "fetched")], home=data_home))
    patients = dict(zip(data.files, data.table["patient_id"], strict=True))
    assert patients == {f"images/{name.rsplit('/')[-1]}": patient for name, patient in names.items()}
    assert data.table.set_index("filename").loc["person1_virus_6.jpeg", "cause"] == "virus"
    assert data.labels.sum() == 5
    notes = " ".join(manifest(data)["notes"])
    assert "8 second copies" in notes
    assert "6 images are named as in the copy on Kaggle" in notes


def test_a_chest_x_ray_whose_name_has_no_patient_is_refused(tmp_path, data_home):
    image = true_formats.encoded(true_formats.pixels(1), "JPEG")
    written({"chest_xray/train/PNEUMONIA/scan7.jpeg": image}, tmp_path / "fetched")
    with pytest.raises(DataError, match=r"scan7 is named neither like BACTERIA-7422-0001"):
        prepare("kermany", [tmp_path / "fetched"], home=data_home)


def test_chengs_slices_keep_their_patient_fold_and_order_of_values(tmp_path, data_home):
    data = prepared("figshare-cheng", tmp_path, data_home)
    row = data.table.set_index("filename").loc["0008.png"]
    assert (row["label"], row["patient_id"], row["fold"]) == ("pituitary", "103MR", "3")
    values = np.random.default_rng(8).integers(0, 3000, (32, 24)).astype(np.float64)
    with data.read(list(data.files).index("images/0008.png")) as image:
        stored = np.asarray(image)
    np.testing.assert_array_equal(stored, np.rint((values - values.min()) * 255 / np.ptp(values)))
    assert any("16-bit values were stretched" in note for note in manifest(data)["notes"])


def test_cheng_downloaded_as_one_archive_of_archives_gives_the_same(tmp_path, data_home):
    files = true_formats.figshare_cheng()
    outer = written({"1512427.zip": true_formats.zipped(files)}, tmp_path / "outer") / "1512427.zip"
    together = opened(prepare("figshare-cheng", [outer], home=data_home / "a"))
    apart = opened(prepare("figshare-cheng", [written(files, tmp_path / "apart")], home=data_home / "b"))
    same = [source_manifest(data, "brainmri")["content_sha256"] for data in (together, apart)]
    assert same[0] == same[1]


def test_a_matlab_file_that_points_at_another_file_is_refused(tmp_path, data_home):
    files = true_formats.figshare_cheng()
    with h5py.File(tmp_path / "1.mat", "w") as data:
        data["cjdata/label"], data["cjdata/PID"] = np.array([[1.0]]), np.array([[65]], np.uint16)
        data["cjdata/image"] = h5py.ExternalLink("/etc/passwd", "/image")
    files["brainTumorDataPublic_1-766.zip"] = true_formats.zipped({"1.mat": (tmp_path / "1.mat").read_bytes()})
    with pytest.raises(DataError, match=r"1.mat does not contain cjdata/image itself"):
        prepare("figshare-cheng", [written(files, tmp_path / "fetched")], home=data_home)
    assert not list(data_home.rglob("*.zip"))


def test_chen_takes_the_224_pixel_knees_of_three_parts(tmp_path, data_home):
    data = prepared("chen2018", tmp_path, data_home)
    assert Counter(data.table["split"]) == {"train": 10, "val": 10, "test": 10}
    row = data.table.set_index("filename").loc["9200003L.png"]
    assert (row["label"], row["patient_id"], row["side"], row["split"]) == ("3", "9200003", "L", "test")


def test_oai_takes_the_central_reading_and_leaves_out_what_has_no_grade(tmp_path, data_home):
    data = prepared("oai", tmp_path, data_home)
    row = data.table.set_index("filename").loc["9000001R.png"]
    assert (row["label"], row["patient_id"]) == ("1", "9000001")
    assert any("1 images without a grade" in note for note in manifest(data)["notes"])


def test_most_leaves_out_grades_between_grades_and_counts_them(tmp_path, data_home):
    data = prepared("most", tmp_path, data_home)
    row = data.table.set_index("filename").loc["MB00007L.png"]
    assert (row["label"], row["patient_id"]) == ("3", "MB00007")
    assert any("'.' 1, '1.9' 1, 'X' 1" in note for note in manifest(data)["notes"])


def test_two_images_of_a_knee_are_refused(tmp_path, data_home):
    files = true_formats.oai() | {"knees/9000001_V01_R.png": true_formats.encoded(true_formats.pixels(1))}
    with pytest.raises(DataError, match=r"9000001R. Give those of the baseline visit only"):
        prepare("oai", [written(files, tmp_path / "fetched")], home=data_home)


def test_eyeq_grades_the_photographs_that_it_names(tmp_path, data_home):
    data = prepared("eyeq", tmp_path, data_home)
    row = data.table.set_index("filename").loc["31_left.jpeg"]  # the third of its table
    assert (row["label"], row["patient_id"], row["eye"], row["split"]) == ("Reject", "31", "left", "test")
    assert "images/15_right.jpeg" not in data.files


@pytest.mark.parametrize(("name", "counts"), [("deepdrid", (20, 20)), ("brset", (9, 3)), ("drimdb", (6, 4))])
def test_two_grades_of_quality_leave_usable_without_an_image(name, counts, tmp_path, data_home):
    data = prepared(name, tmp_path, data_home)
    assert data.labels.sum(axis=0).astype(int).tolist() == [counts[0], 0, counts[1]]
    assert any("no image is Usable" in note for note in manifest(data)["notes"])


def test_deepdrid_reads_the_evaluations_spreadsheet(tmp_path, data_home):
    table = prepared("deepdrid", tmp_path, data_home).table.set_index("filename")
    assert Counter(table["split"]) == {"train": 16, "val": 16, "test": 8}
    row = table.loc["348_r1.jpg"]
    assert (row["label"], row["patient_id"], row["eye"], row["clarity"]) == ("Good", "348", "right", "6")


def test_a_spreadsheet_with_entities_is_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet/>'
    with pytest.raises(DataError, match=r"declares entities"):
        first_sheet(true_formats.zipped({"xl/worksheets/sheet1.xml": bomb}), "labels.xlsx")


def test_shrinking_gives_the_pixels_that_a_run_of_that_size_sees(tmp_path, data_home):
    full = prepared("kermany", tmp_path, data_home / "full")
    small = prepared("kermany", tmp_path, data_home / "small", size=32)
    np.testing.assert_array_equal(load_images(small, 32, 1), load_images(full, 32, 1))
    with small.read(0) as image:
        assert image.size == (32, 32)
    assert small.files[0].endswith("-0001.png")
    assert manifest(small)["image_size"] == 32
    assert any("shrunk to 32 pixels" in note for note in manifest(small)["conversions"])
    assert manifest(full)["image_size"] is None


def test_small_images_are_not_enlarged(tmp_path, data_home):
    data = prepared("kermany", tmp_path, data_home, size=500)
    with data.read(0) as image:
        assert image.size == (70, 50)


def test_the_same_files_give_the_same_bytes(tmp_path, data_home):
    first = prepared("eyeq", tmp_path, data_home / "a", size=24).path.read_bytes()
    assert prepared("eyeq", tmp_path, data_home / "b", size=24).path.read_bytes() == first


def test_missing_files_are_named_with_where_to_get_them(tmp_path, data_home):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"(?s)labels_brset.csv from https://physionet.org.*data info brset"):
        prepare("brset", [tmp_path / "empty"], home=data_home)


def test_another_table_of_that_name_is_refused(tmp_path, data_home):
    files = true_formats.brset() | {"labels_brset.csv": b"image,grade\n1,2"}
    with pytest.raises(DataError, match=r"labels_brset.csv has no column image_id"):
        prepare("brset", [written(files, tmp_path / "fetched")], home=data_home)


def test_the_archive_and_what_it_unpacks_to_are_not_both_used(tmp_path, data_home):
    archive = written(true_formats.kermany(), tmp_path / "fetched") / "ChestXRay2017.zip"
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "fetched" / "unpacked")
    with pytest.raises(DataError, match=r"16 images occur more than once"):
        prepare("kermany", [tmp_path / "fetched"], home=data_home)


def test_a_published_archive_that_differs_is_refused_by_prepare(tmp_path, data_home, monkeypatch):
    monkeypatch.setattr(prepare_module, "source", sources.source)
    written(true_formats.figshare_cheng(), tmp_path / "fetched")
    with pytest.raises(DataError, match=r"is not the published file: its md5.*figshare \(article 1512427\) states"):
        prepare("figshare-cheng", [tmp_path / "fetched"], home=data_home)


def test_a_picture_that_is_none_leaves_nothing_behind(tmp_path, data_home):
    files = true_formats.brset() | {"fundus_photos/img00007.jpg": b"no image"}
    with pytest.raises(DataError, match=r"img00007.png"):
        prepare("brset", [written(files, tmp_path / "fetched")], size=16, home=data_home, jobs=1)
    assert not [path for path in data_home.rglob("*") if path.is_file() and ".shards" not in str(path)]


def test_what_a_person_prepared_is_left_as_it_is(tmp_path, data_home):
    own = data_home / "fundus" / "brset.zip"
    own.parent.mkdir()
    own.write_bytes(true_formats.zipped({"labels.csv": b"filename,label\n"}))
    assert prepare("brset", [tmp_path], home=data_home) == own


def test_phantoms_need_no_preparation(data_home):
    with pytest.raises(DataError, match=r"drawn by qaugbench"):
        prepare("phantom", [], home=data_home)


def test_photographs_keep_their_encoded_bytes(tmp_path, data_home):
    data = prepared("drimdb", tmp_path, data_home)
    original = true_formats.drimdb()["DRIMDB/Good/drimdb_good (3).jpg"]
    assert data.read_bytes(list(data.files).index("images/drimdb_good (3).jpg")) == original
    assert Image.open(tmp_path / "fetched/DRIMDB/Good/drimdb_good (3).jpg").size == (76, 57)
