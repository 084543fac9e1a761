from __future__ import annotations

import gzip
import io
import json
import stat
import zipfile

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_voi_lut
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from qaugbench import definitions
from qaugbench.datasets.formats.dicom import read_dicom, windowed
from qaugbench.datasets.formats.nifti import middle_slices, read_nifti
from qaugbench.datasets.label_text import squeezed
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError
from qaugbench.experiment.check_source import check_source

BRAIN = definitions.task("brainmri").labels
CHEST = definitions.task("chestxray").labels


def png(value=0, side=6, kind="PNG"):
    content = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(content, format=kind)
    return content.getvalue()


def dicom(pixels, **elements):
    """Return a DICOM file of grey ``pixels`` [H, W] or [F, H, W] with other elements by keyword."""
    pixels = np.asarray(pixels)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = elements.pop("uid", generate_uid())
    syntax = elements.pop("syntax", ExplicitVRLittleEndian)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    dataset.PatientID, dataset.PatientName, dataset.Modality = elements.pop("patient", "Doe^Jane"), "Doe^Jane", "CT"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, elements.pop("photometric", "MONOCHROME2")
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    for name, value in elements.items():
        setattr(dataset, name, value)
    if syntax == JPEGLSLossless:
        dataset.PixelData = encapsulate([b"not decoded here"])
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def colour(pixels):
    dataset = pydicom.dcmread(io.BytesIO(dicom(np.zeros((2, 2), np.uint8))))
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    content = io.BytesIO()
    dataset.save_as(content)
    return content.getvalue()


def nifti(values, affine=None, **options):
    return nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine, **options).to_bytes()


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def opened(path, labels=BRAIN):
    return open_prepared(own_prepared(path, labels, jobs=1), labels)


@pytest.fixture(autouse=True)
def _home(data_home):
    return data_home


# DICOM


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_are_those_of_pydicom(function):
    values = np.arange(-1000, 3000, 7, dtype=np.int16)
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = "MONOCHROME2", 16, 0
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 40.0, 400.0, function
    expected = apply_voi_lut(values, dataset) / (2**16 - 1)
    np.testing.assert_allclose(windowed(values.astype(float), 40, 400, function), expected, atol=1e-12)


def test_rescale_comes_before_the_window_and_the_window_before_inversion():
    stored = np.array([[0, 1024, 1064, 2000]], np.uint16)
    scale = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 40.5, "WindowWidth": 81}
    plain, inverted = (read_dicom(dicom(stored, photometric=kind, **scale)) for kind in ("MONOCHROME2", "MONOCHROME1"))
    assert plain.frames.tolist() == [[[0, 0, 128, 255]]]
    assert inverted.frames.tolist() == [[[255, 255, 128, 0]]]
    assert (inverted.facts["window"], inverted.facts["inverted"]) == ("window of the file", True)


def test_without_a_window_16_bit_lies_between_percentiles_and_padding_is_black_and_outside():
    draw = np.random.default_rng(0)
    values = draw.integers(1000, 2000, (50, 50)).astype(np.int16)
    padded = np.pad(values, 5, constant_values=-2000)
    read = read_dicom(dicom(padded, photometric="MONOCHROME1", PixelPaddingValue=-2000))
    low, high = np.percentile(values, [0.5, 99.5])
    expected = np.pad(np.floor((1 - np.clip((values - low) / (high - low), 0, 1)) * 255 + 0.5), 5)
    np.testing.assert_array_equal(read.frames[0], expected)
    assert (read.facts["window"], read.facts["padded"]) == ("percentiles 0.5 to 99.5", True)


def test_8_bit_keeps_its_values_and_12_bit_stored_in_16_has_its_lut():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert read_dicom(dicom(values)).frames[0].tolist() == values.tolist()
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [4, 0, 16], np.array([0, 65535, 32768, 0], np.uint16).tobytes()
    read = read_dicom(dicom(np.array([[0, 1, 2, 9]], np.uint16), VOILUTSequence=[lut], WindowCenter=1, WindowWidth=2))
    assert (read.frames.tolist(), read.facts["window"]) == ([[[0, 255, 128, 0]]], "VOI LUT of the file")


def test_frames_colour_and_run_lengths_are_decoded():
    stack = np.random.default_rng(0).integers(0, 255, (3, 4, 5), dtype=np.uint8)
    np.testing.assert_array_equal(read_dicom(dicom(stack)).frames, stack)
    np.testing.assert_array_equal(read_dicom(dicom(stack[0], syntax=RLELossless)).frames[0], stack[0])
    pixels = np.random.default_rng(1).integers(0, 255, (4, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_dicom(colour(pixels)).frames, pixels[None])


def test_a_file_without_pixels_has_no_images():
    dataset = pydicom.dcmread(io.BytesIO(dicom(np.zeros((2, 2), np.uint8))))
    del dataset.PixelData, dataset.Rows, dataset.Columns
    content = io.BytesIO()
    dataset.save_as(content)
    assert read_dicom(content.getvalue()) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            dicom(np.zeros((2, 2), np.uint8), syntax=JPEGLSLossless),
            r"JPEG-LS Lossless.*1\.2\.840.*pip install pylibjpeg pylibjpeg-libjpeg",
        ),
        (dicom(np.zeros((2, 2), np.uint8))[:-3], "damaged"),
        (dicom(np.zeros((2, 2), np.uint8), Rows=20000, Columns=20000), "more than the"),
        (dicom(np.zeros((2, 2), np.uint16), WindowCenter=1, WindowWidth=0), "width 0"),
        (dicom(np.zeros((2, 2), np.uint8)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"), "Deflated"),
        (dicom(np.zeros((2, 2), np.uint8))[:-30], "ends before its pixels"),
        (b"\0" * 128 + b"DICM" + b"nonsense" * 9, "damaged"),
    ],
)
def test_dicom_files_that_cannot_be_used_say_why(content, said):
    with pytest.raises(DataError, match=said):
        read_dicom(content)


def test_a_folder_of_dicom_with_a_table_by_patient_is_converted_once_and_names_nobody(tmp_path, data_home):
    ids = ["Doe^Jane", "Roe^Richard", "Doe^Jane"]
    files = {f"Doe_Jane/{i}": dicom(np.full((4, 4), 40 * i, np.uint8), patient=who) for i, who in enumerate(ids)}
    folder = write(tmp_path / "scans", {**files, "who.csv": "PatientID;class\nDoe^Jane;Glioma\nRoe^Richard;No Tumor\n"})
    path = own_prepared(folder, BRAIN)
    prepared = open_prepared(path, BRAIN)
    assert sorted(prepared.table["label"]) == ["glioma", "glioma", "notumor"]
    assert prepared.table.groupby("patient_id").size().tolist() in ([1, 2], [2, 1])
    with zipfile.ZipFile(path) as archive:
        everything = b" ".join(
            [*(name.encode() for name in archive.namelist()), *map(archive.read, archive.namelist())]
        )
    assert not any(said in everything for said in (b"Doe", b"Roe", b"Jane", b"Richard"))
    before = path.stat().st_mtime_ns
    assert (own_prepared(folder, BRAIN), path.stat().st_mtime_ns) == (path, before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    moved = folder.rename(tmp_path / "elsewhere")
    assert own_prepared(moved, BRAIN).name == path.name.replace("scans", "elsewhere")
    (moved / "Doe_Jane/0").write_bytes(dicom(np.full((4, 4), 9, np.uint8)))
    assert own_prepared(moved, BRAIN).stem[-12:] != path.stem[-12:]
    assert not list((data_home / "own").glob("*.shards"))


def test_the_manifest_states_what_was_done_and_the_owner_can_look_names_up(tmp_path):
    files = {
        "a.dcm": dicom(np.arange(16, dtype=np.int16).reshape(4, 4), photometric="MONOCHROME1", uid="1.2.3"),
        "b.dcm": dicom(np.zeros((4, 4), np.uint8), uid="1.2.4", BurnedInAnnotation="YES", PatientAge="093Y"),
        "c.dcm": dicom(np.zeros((4, 4), np.uint8), uid="1.2.5"),
    }
    path = own_prepared(
        write(tmp_path / "x", {**files, "l.csv": "SOPInstanceUID,label\n1.2.3,glioma\n1.2.4,glioma\n"}), BRAIN
    )
    prepared = open_prepared(path, BRAIN)
    notes = " ".join(json.loads(prepared.archive.read("manifest.json"))["notes"])
    for said in (
        "1 by percentiles",
        "1 by full range",
        "1 images of MONOCHROME1",
        "1 images are marked",
        "1 images without a label",
    ):
        assert said in notes
    assert set(prepared.table["age"]) == {"", "90"}
    listed = dict(line.split(",") for line in path.with_suffix(".names.csv").read_text().split())
    assert {listed[name.removeprefix("images/")] for name in prepared.files} == {"a.dcm", "b.dcm"}
    assert "patient_id" in prepared.table


def test_patients_of_only_some_images_are_refused(tmp_path):
    files = {"a.dcm": dicom(np.zeros((4, 4), np.uint8)), "b.dcm": dicom(np.zeros((4, 4), np.uint8), patient="")}
    with pytest.raises(DataError, match=r"1 of 2 images.*no patient_id"):
        own_prepared(write(tmp_path, {**files, "l.csv": "filename,label\na.dcm,glioma\nb.dcm,notumor\n"}), BRAIN)


# NIfTI


def test_slices_are_cut_across_the_widest_voxels_and_stand_upright():
    values = np.zeros((4, 5, 20), np.float32)
    values[0, 4, :] = 100  # the patient's left (first axis runs to the left here), front
    values[1:3, 1:3, :] = 50
    affine = np.diag([-1.0, 1.0, 6.0, 1.0])
    read = read_nifti(nifti(values, affine))
    assert (read.plane, read.numbers, read.slices.shape) == ("axial", (6, 8, 10, 12, 14), (5, 5, 4))
    assert np.argwhere(read.slices[0] == read.slices[0].max()).tolist() == [
        [0, 0]
    ]  # front on top; x = -0 is right-most
    sagittal = read_nifti(nifti(values.transpose(2, 0, 1), np.diag([6.0, 1.0, 1.0, 1.0])), [3])
    assert (sagittal.plane, sagittal.numbers, sagittal.slices.shape) == ("sagittal", (3,), (1, 5, 4))


def test_grey_values_lie_between_percentiles_of_the_volume_and_missing_ones_are_black():
    draw = np.random.default_rng(0)
    values = draw.integers(100, 1000, (8, 8, 8)).astype(np.float32)
    values[0, 0, :] = np.nan
    values[1, :, :] = 0
    read = read_nifti(gzip.compress(nifti(values)), [2])
    low, high = np.percentile(values[np.isfinite(values) & (values != 0)], [0.5, 99.5])
    expected = np.floor(np.clip((np.nan_to_num(values[:, :, 2]) - low) / (high - low), 0, 1) * 255 + 0.5)
    np.testing.assert_array_equal(read.slices[0], np.flip(expected.T))
    assert read.missing == 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text", "not a complete NIfTI"),
        (nifti(np.zeros((3, 3, 3), np.float32))[:-9], "not a complete NIfTI"),
        (gzip.compress(nifti(np.ones((3, 3, 3), np.float32)), mtime=0)[:-12], "cut short"),
        (nifti(np.zeros((3, 3, 3, 2), np.float32)), r"\[3, 3, 3, 2\]"),
        (nifti(np.zeros((3, 3, 3), np.complex64)), "complex64"),
    ],
    ids=["no NIfTI", "short", "short gzip", "four dimensions", "complex"],
)
def test_volumes_that_cannot_be_used_say_why(content, said):
    with pytest.raises(DataError, match=said):
        read_nifti(content)


def test_slices_that_a_volume_does_not_have_are_refused():
    with pytest.raises(DataError, match=r"3 axial slices.*but 7 were requested"):
        read_nifti(nifti(np.zeros((3, 3, 3), np.float32)), [1, 7])
    assert middle_slices(2) == (0, 1)


def test_a_table_may_label_volumes_or_slices(tmp_path):
    volume = gzip.compress(nifti(np.random.default_rng(0).random((6, 6, 40), np.float32)))
    per_slice = "filename,slice,label\na.nii.gz,3,glioma\na.nii.gz,30,notumor\n"
    prepared = opened(write(tmp_path / "s", {"a.nii.gz": volume, "l.csv": per_slice}))
    assert prepared.table["label"].tolist() == ["glioma", "notumor"]
    assert [name[-9:] for name in prepared.files] == ["s0003.png", "s0030.png"]
    assert len(prepared.group_names) == 1
    prepared = opened(write(tmp_path / "v", {"a.nii.gz": volume, "l.csv": "filename,label\na,pituitary\n"}))
    assert prepared.table["label"].tolist() == ["pituitary"] * 5
    assert "5 axial" in json.loads(prepared.archive.read("manifest.json"))["notes"][1]


# Pictures, tables and folders


def test_class_folders_with_parts_become_labels_and_a_split(tmp_path):
    names = {
        "Training/Glioma/a.png": 1,
        "Training/no_tumor/a.png": 2,
        "Testing/glioma/b.png": 3,
        "Testing/Pituitary tumour/c.png": 4,
    }
    folder = write(tmp_path / "mri", {name: png(value) for name, value in names.items()})
    prepared = opened(folder)
    found = sorted(
        zip(
            load_images(prepared, 6, 1)[:, 0, 0, 0].tolist(),
            prepared.table["label"],
            prepared.table["split"],
            strict=True,
        )
    )
    assert found == [(1, "glioma", "train"), (2, "notumor", "train"), (3, "glioma", "test"), (4, "pituitary", "test")]
    assert not prepared.patients_known
    with zipfile.ZipFile(tmp_path / "mri.zip", "w") as archive:
        for name, value in names.items():
            archive.writestr(f"top/{name}", png(value))
    assert sorted(opened(tmp_path / "mri.zip").table["label"]) == sorted(prepared.table["label"])


def test_pictures_are_kept_byte_for_byte(tmp_path):
    content = png(7, kind="JPEG")
    prepared = opened(write(tmp_path / "x", {"glioma/a.jpg": content, "notumor/b.jpg": png(9)}))
    assert content in [prepared.read_bytes(0), prepared.read_bytes(1)]
    assert sorted(name[-4:] for name in prepared.files) == [".png", "jpeg"]


def test_a_table_names_files_anywhere_and_is_matched_to_a_multilabel_task(tmp_path):
    elsewhere = write(tmp_path / "far", {"c.png": png(3)}) / "c.png"
    table = f"Path,Finding Labels,Patient,Split\nsub/a.png,Effusion|Mass,00017,Train\n{elsewhere},No Finding,18,test\n"
    write(tmp_path / "near", {"labels.csv": table, "sub/a.png": png(1)})
    prepared = opened(tmp_path / "near" / "labels.csv", CHEST)
    positive = [{name for name in CHEST.names if row[name] == "1"} for _, row in prepared.table.iterrows()]
    assert sorted(positive, key=len) == [set(), {"Effusion", "Mass"}]
    assert sorted(prepared.table["split"]) == ["test", "train"]
    assert prepared.patients_known
    assert "17" not in "".join(prepared.table["patient_id"]) or len(prepared.table["patient_id"].iat[0]) == 16


def test_findings_may_stand_in_columns_of_their_own(tmp_path):
    header = "filename," + ",".join(name.lower().replace("_", " ") for name in CHEST.names)
    table = f"{header}\na.png,{','.join('1' if i == 2 else '0' for i in range(14))}\n"
    prepared = opened(write(tmp_path, {"l.csv": table, "deep/a.png": png()}), CHEST)
    assert prepared.labels.argmax() == 2
    with pytest.raises(DataError, match=r"line 2: 'atelectasis' is '2'"):
        own_prepared(write(tmp_path, {"l.csv": table.replace("a.png,0", "a.png,2")}), CHEST)


def test_a_prepared_source_is_used_as_it_is(make_source):
    path = make_source("filename,label\na.png,glioma\nb.png,notumor\n")
    assert own_prepared(path, BRAIN) == path
    folder = make_source("filename,label\na.png,glioma\n", name="folder", top="top/")
    assert own_prepared(folder, BRAIN) == folder


def test_check_shows_what_a_run_would_use_of_a_folder_of_classes(tmp_path):
    names = {f"{kind}/{i}.png": png(i) for kind in ("glioma", "meningioma", "notumor", "pituitary") for i in range(8)}
    text = check_source(write(tmp_path / "mine", names), "brainmri")
    assert "32 images, 32 groups" in text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"gliomas/a.png": png(), "notumor/b.png": png()}, r"1 files.*'gliomas'.*Did you mean 'glioma'"),
        ({"unusable/a.png": png()}, "names one class"),
        ({"glioma/a.png": png(), "train/glioma/b.png": png()}, "1 of 2 files.*no folder train"),
        ({"glioma/notumor/a.png": png()}, "or below several"),
        (
            {"glioma/a.png": b"text", "notumor/b.png": png()},
            r"1 file cannot be converted: glioma/a.png \(not an image",
        ),
        ({"a.csv": "filename,label\nx.png,glioma\n", "b.png": png()}, r"1 of 1 files are missing: line 2: 'x.png'"),
        ({"a.csv": "filename,label\nb.png,gliom\n", "b.png": png()}, r"line 2: 'gliom'.*Did you mean 'glioma'"),
        (
            {"a.csv": "filename,label,split,patient_id\nb.png,gliom,x,NA\nx.png,glioma,train,1\n", "b.png": png()},
            r"(?s)1 of 2 files are missing: line 3: 'x.png'.*line 2: 'gliom'.*line 2: 'x'.*not known': line 2: 'NA'",
        ),
        (
            {"a.csv": "filename,label\nb.png,glioma\nc.png,glioma\n", "x/b.png": png(), "y/b.png": png()},
            r"1 of 2 files fit several files: line 2: 'b.png'; 1 of 2 files are missing: line 3: 'c.png'",
        ),
        ({"a.csv": "filename,label\nb.png\n", "b.png": png()}, "2 columns, but line 2 has 1 values"),
        ({"a.csv": "filename,label\nb.png,glioma\nb.png,glioma\n", "b.png": png()}, "2 rows are empty in, or share"),
        (
            {"a.csv": "name,label\nb.png,glioma\n", "b.png": png()},
            "needs a column filename, path, file, image, SOPInstanceUID or PatientID",
        ),
        ({"a.csv": "filename,kind\nb.png,glioma\n", "b.png": png()}, "a column label is needed"),
        ({"a.csv": "filename,label,split\nb.png,glioma,x\n", "b.png": png()}, "line 2: 'x'"),
        ({"a.csv": "filename,label\n", "b.png": png()}, "has no rows"),
        ({"a.csv": b"\xff\xfe\x00", "b.png": png()}, "begins as UTF-16"),
        ({"a.csv": b"\xfc", "b.png": png()}, "not UTF-8"),
        ({"a.csv": "filename,label\n", "b.csv": "filename,label\n", "c.png": png()}, "several tables: a.csv, b.csv"),
        ({"a.csv": "filename,label\nb.png,glioma\n", "x/b.png": png(), "y/b.png": png()}, "fit several files"),
        ({"a.csv": "PatientID,label\n7,glioma\n", "b.png": png()}, "none of 1 images has a label"),
        ({}, "holds no labels.csv"),
        ({"a.png": png()}, "holds no labels.csv"),
    ],
)
def test_input_that_cannot_be_used_is_named_and_nothing_is_written(tmp_path, data_home, files, said):
    folder = tmp_path / "x"
    folder.mkdir()
    with pytest.raises(DataError, match=said):
        own_prepared(write(folder, files), BRAIN)
    assert not list(data_home.glob("own/*.zip"))


@pytest.mark.parametrize("name", ["../glioma/a.png", "/glioma/a.png", "glioma/..\\a.png"])
def test_a_zip_that_leads_out_of_itself_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, png())
        archive.writestr("notumor/b.png", png())
    with pytest.raises(DataError, match="lead out of it"):
        own_prepared(tmp_path / "x.zip", BRAIN)


def test_links_in_a_zip_and_damaged_zips_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        info = zipfile.ZipInfo("glioma/a.png")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="are links"):
        own_prepared(tmp_path / "x.zip", BRAIN)
    (tmp_path / "y.zip").write_bytes((tmp_path / "x.zip").read_bytes()[:40])
    with pytest.raises(DataError, match=r"not a whole \.zip"):
        own_prepared(tmp_path / "y.zip", BRAIN)


def test_two_processes_give_the_same_bytes_as_one(tmp_path, data_home):
    draw = np.random.default_rng(0)
    files = {
        f"{kind}/{i}.dcm": dicom(draw.integers(0, 99, (4, 4), dtype=np.uint8), uid=f"1.{i}")
        for kind in ("glioma", "notumor")
        for i in range(40)
    }
    folder = write(tmp_path / "x", files)
    path = own_prepared(folder, BRAIN, jobs=1)
    one = path.read_bytes()
    for kept in [path, *data_home.glob("own/.*.made")]:
        kept.unlink()
    assert own_prepared(folder, BRAIN, jobs=2) == path
    assert path.read_bytes() == one


def test_names_match_without_case_blanks_and_marks():
    assert squeezed("Pleural-Thickening ") == squeezed("pleural_thickening")
    assert squeezed("Unusable") != squeezed("Usable")
