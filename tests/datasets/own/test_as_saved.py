"""labels.csv as people and their programs save it: separators, encodings, capitals, blank rows, words for parts and patients."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.datasets.inspect import open_any
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.datasets.splits import usable_split
from qaugbench.errors import DataError
from qaugbench.experiment.check_source import check_source
from qaugbench.experiment.source import open_source
from tests.datasets.own.make import png, write

TASK = definitions.task("brainmri")
CLASSES = TASK.labels.names
N = 40
IMAGES = {f"images/a{i}.png": png(i) for i in range(N)}
PARTS = ["train"] * 24 + ["val"] * 8 + ["test"] * 8


def labels(
    *,
    separator: str = ",",
    header: str = "filename,label,patient_id",
    patients: str = "p",
    parts: list[str] | None = None,
) -> str:
    rows = [[f"a{i}.png", CLASSES[i % 4], f"{patients}{i // 2}"] for i in range(N)]
    if parts:
        header, rows = f"{header},split", [[*row, part] for row, part in zip(rows, parts, strict=True)]
    return "\n".join([header.replace(",", separator), *map(separator.join, rows)]) + "\n"


def opened(path: Path) -> PreparedData:
    return open_prepared(own_prepared(path, TASK.labels, jobs=1), TASK.labels)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content of the plain folder, which does not depend on how its labels.csv is saved."""
    folder = write(tmp_path_factory.mktemp("plain"), {**IMAGES, "labels.csv": labels()})
    return open_prepared(folder, TASK.labels).identity.sha256


SAVED = {
    "semicolons": labels(separator=";"),
    "tabs": labels(separator="\t"),
    "UTF-8 with its mark": "\ufeff" + labels(),
    "UTF-16": labels().encode("utf-16"),
    "UTF-16 with tabs, as Excel's Unicode text": labels(separator="\t").encode("utf-16"),
    "capitals": labels(header="FILENAME,Label,Patient_ID"),
    "blank rows at the end": labels() + "\n,,\n , ,\n  \n,,,,\n",
    "line ends of Windows": labels().replace("\n", "\r\n"),
}


PLACES = [
    *((saved, "folder") for saved in SAVED),
    *(("semicolons", place) for place in ("table", "top folder", "zip", "top zip")),
]


@pytest.mark.parametrize(("saved", "place"), PLACES)
def test_a_table_is_read_however_it_is_saved_and_wherever_it_is(
    saved: str, place: str, tmp_path: Path, content: str
) -> None:
    top = "scans/" if "top" in place else ""
    files = {f"{top}{name}": one for name, one in {**IMAGES, "labels.csv": SAVED[saved]}.items()}
    path = write(tmp_path / "own", files)
    if "zip" in place:
        path = tmp_path / "own.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, one in files.items():
                archive.writestr(name, one)
    assert opened(path / "labels.csv" if place == "table" else path).identity.sha256 == content


def test_a_table_of_tabs_may_be_called_tsv(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path / "own", {**IMAGES, "labels.tsv": labels(separator="\t")})
    assert opened(folder).identity.sha256 == opened(folder / "labels.tsv").identity.sha256 == content


def message(path: Path) -> str:
    with pytest.raises(DataError) as raised:
        opened(path)
    return str(raised.value)


@pytest.mark.parametrize("place", ["", "images/"])
def test_a_spreadsheet_is_named_with_the_remedy(place: str, tmp_path: Path) -> None:
    files = {name.replace("images/", place): one for name, one in IMAGES.items()}
    folder = write(tmp_path / "own", {**files, "labels.xlsx": b"PK"})
    for path in (folder, folder / "labels.xlsx"):
        assert "labels.xlsx" in message(path)
        assert "is a spreadsheet" in message(path)
        assert "CSV UTF-8" in message(path)


def test_a_folder_without_a_table_says_so_first(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", IMAGES)
    assert message(folder).startswith(f"{folder} holds no labels.csv")


@pytest.mark.parametrize("patients", ["Müller", "Nuñez"])
def test_latin_1_is_named_with_its_line_and_the_remedy(patients: str, tmp_path: Path) -> None:
    text = labels(patients="p").replace("p1\n", f"{patients}\n", 1)
    folder = write(tmp_path / "own", {**IMAGES, "labels.csv": text.encode("latin-1")})
    for path in (folder, folder / "labels.csv"):
        said = message(path)
        assert f"not UTF-8 text, line 4: 'a2.png,notumor,{patients}'" in said
        assert "CSV UTF-8" in said
        assert "codec" not in said


def test_utf_16_without_its_mark_is_named_without_words_of_a_codec(tmp_path: Path) -> None:
    said = message(write(tmp_path / "own", {**IMAGES, "labels.csv": labels().encode("utf-16-le")}))
    assert "line 1" in said
    assert "UTF-16" in said
    assert "codec" not in said


def test_a_source_of_ours_saved_again_in_another_encoding_is_named(tmp_path: Path) -> None:
    files = {**IMAGES, "labels.csv": labels(patients="ü").encode("latin-1"), "manifest.json": '{"phantom": true}'}
    assert "line 2: 'a0.png,glioma,ü0'" in message(write(tmp_path / "own", files))


OTHER_WORDS = {"train": ["Train", "TRAINING"], "val": ["Validation", "valid"], "test": ["Testing", "Test"]}


@pytest.mark.parametrize("column", ["split", "group_split", "centre_split"])
def test_parts_may_be_written_in_other_words(column: str, tmp_path: Path) -> None:
    words = [OTHER_WORDS[part][i % 2] for i, part in enumerate(PARTS)]
    text = labels(parts=words).replace("split", column)
    data = write(tmp_path / "own", {**IMAGES, "labels.csv": text})
    asked = column if column == "centre_split" else None
    source = open_source(
        TASK, TASK.tracks["smoke"], data=data, source=None, split=asked, allow_leaky=False, phantom_folder=tmp_path
    )
    assert [len(getattr(source.split, part)) for part in ("train", "val", "test")] == [24, 8, 8]
    plain = open_prepared(write(tmp_path / "plain", {**IMAGES, "labels.csv": labels(parts=PARTS)}), TASK.labels)
    assert source.split.sha256 == usable_split(plain).sha256
    assert "'train'" not in check_source(data, TASK.id, split=asked)


def test_a_word_that_is_no_part_is_shown_as_it_is_written(tmp_path: Path) -> None:
    text = labels(parts=[part.replace("val", "fold 7") for part in PARTS])
    data = write(tmp_path / "own", {**IMAGES, "labels.csv": text})
    with pytest.raises(DataError) as raised:
        check_source(data, TASK.id)
    assert "images/a24.png: 'fold 7'" in str(raised.value)
    assert "8 rows do not" in str(raised.value)
    assert "np." not in str(raised.value)
    assert len(open_any(str(data), TASK)) == N  # an audit goes on without a split


@pytest.mark.parametrize("unknown", ["NA", "n/a", "Unknown", "?"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_patient_who_may_be_unknown_is_asked_about(unknown: str, separator: str, tmp_path: Path) -> None:
    text = labels(separator=separator).replace(f"{separator}p1\n", f"{separator}{unknown}\n")
    folder = write(tmp_path / "own", {**IMAGES, "labels.csv": text})
    for path in (folder, folder / "labels.csv"):
        said = message(path)
        lines = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith(f"{separator}{unknown}")]
        first, second = (f"line {number}: '{unknown}'" for number in lines)
        assert f"2 rows have a patient_id that may mean 'not known': {first}, {second}." in said
        assert "Is it one patient?" in said
    known = write(tmp_path / "known", {**IMAGES, "labels.csv": text.replace(unknown, "patient-NA")})
    assert len(opened(known).group_names) == N // 2


def test_what_was_read_before_is_read_in_place(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path / "own", {**IMAGES, "labels.csv": labels()})
    assert own_prepared(folder, TASK.labels) == folder
    prepared = open_prepared(folder, TASK.labels)
    assert prepared.identity.sha256 == content
    assert np.unique(prepared.groups).size == N // 2
