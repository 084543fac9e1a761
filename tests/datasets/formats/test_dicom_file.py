"""DICOM files as people have them: without preamble, without file meta, compressed as nothing installed can read."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from qaugbench import definitions
from qaugbench.datasets.formats.dicom import read_dicom
from qaugbench.datasets.formats.dicom_file import is_dicom
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import DataError
from tests.datasets.own.make import png, write

BRAIN = definitions.task("brainmri").labels


def shipped(name: str) -> bytes:
    """Return a file that pydicom brings along."""
    with open(get_testdata_file(name, download=False), "rb") as file:
        return file.read()


def without_meta(content: bytes, *, explicit: bool, little: bool = True) -> bytes:
    """Return the data set of a file alone, as some archives store it."""
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(content))
    out = pydicom.filebase.DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = little, not explicit
    if not little:
        dataset["PixelData"].value = dataset.pixel_array.byteswap().tobytes()
    pydicom.filewriter.write_dataset(out, dataset)
    return out.getvalue()


WHOLE = shipped("MR_small.dcm")


@pytest.mark.parametrize(
    "bare",
    [
        WHOLE[128:],
        WHOLE[132:],
        without_meta(WHOLE, explicit=True),
        without_meta(WHOLE, explicit=False),
        without_meta(WHOLE, explicit=True, little=False),
    ],
    ids=["no preamble", "no magic", "explicit", "implicit", "big endian"],
)
def test_a_file_that_lost_its_head_has_the_same_pixels(bare):
    assert is_dicom(bare)
    read, whole = read_dicom(bare), read_dicom(WHOLE)
    np.testing.assert_array_equal(read.frames, whole.frames)
    assert (read.facts["bare"], whole.facts["bare"]) == (True, False)
    assert (read.uid, read.patient) == (whole.uid, whole.patient)


@pytest.mark.parametrize(
    "content", [png(), b"", b"\x08\x00", b"GIF89a", b"II*\x00" + bytes(200), b"\x00\x08" * 3, b"text" * 99]
)
def test_what_is_no_dicom_file_is_not_taken_for_one(content):
    assert not is_dicom(content)


def test_a_headless_file_is_noted_in_the_manifest(tmp_path, data_home):
    folder = write(tmp_path / "x", {"glioma/a": WHOLE[128:], "notumor/b": shipped("CT_small.dcm")})
    prepared = open_prepared(own_prepared(folder, BRAIN, jobs=1), BRAIN)
    notes = json.loads(prepared.archive.read("manifest.json"))["notes"]
    assert "1 images are of DICOM files without preamble or transfer syntax, read as uncompressed." in notes


def test_compressed_pixels_without_a_word_on_how_are_refused():
    dataset = pydicom.dcmread(get_testdata_file("JPEG2000.dcm", download=False))
    out = pydicom.filebase.DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    pydicom.filewriter.write_dataset(out, dataset)
    with pytest.raises(DataError, match="does not say how they are compressed"):
        read_dicom(out.getvalue())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("JPGExtended.dcm", r"holds 12-bit JPEG Extended .*'pip install pylibjpeg pylibjpeg-libjpeg'"),
        ("JPEGLSNearLossless_16.dcm", r"JPEG-LS Lossy .*'pip install pylibjpeg pylibjpeg-libjpeg'"),
    ],
)
def test_the_package_that_reads_a_compressed_file_is_named(name, said):
    with pytest.raises(DataError, match=said):
        read_dicom(shipped(name))
