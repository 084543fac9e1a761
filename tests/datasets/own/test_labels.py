"""Labels as people and their tools write them: read where they can mean one thing, refused with their line where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qaugbench import definitions
from qaugbench.datasets.label_text import canonical, class_finder, squeezed
from qaugbench.datasets.own.images import own_prepared
from qaugbench.datasets.prepared import PreparedData, open_prepared
from qaugbench.errors import DataError
from tests.datasets.own.make import png, table, write

KNEE = definitions.task("kneeoa").labels
BRAIN = definitions.task("brainmri").labels
CHEST = definitions.task("chestxray").labels
FORMS = ("images", "pics")
"""Below images/ a table beside its images is the prepared form; below another folder it is converted."""


def read(folder: Path, form: str, text: str, labels=KNEE, n: int = 6, *, alone: bool = False) -> PreparedData:
    """Return what is read of n pictures 0.png, 1.png, ... and a table, of the folder or of the table alone."""
    files = {f"{form}/{i}.png": png(i) for i in range(n)}
    write(folder, {**files, "labels.csv": text})
    path = own_prepared(folder / "labels.csv" if alone else folder, labels, jobs=1)
    return open_prepared(path, labels)


def by_picture(prepared: PreparedData) -> list[list[float]]:
    """Return the labels in the order of the pictures' grey values."""
    values = [int(np.asarray(prepared.read(i)).max()) for i in range(len(prepared))]
    return [prepared.labels[i].tolist() for i in np.argsort(values)]


@pytest.mark.parametrize("alone", [False, True], ids=["folder", "table"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "label", ["-1", "<2", ">1", "1?", "~2", "1-2", "2/3", "1.5", "", "nan", "-0.0", "KL -1", "+", "5", "1e9"]
)
def test_a_label_that_is_no_grade_is_refused_with_its_line(tmp_path, data_home, form, alone, label):
    text = table("filename,label", *(f"{form}/{i}.png,{label if i == 2 else i % 5}" for i in range(6)))
    with pytest.raises(DataError) as raised:
        read(tmp_path / "x", form, text, alone=alone)
    assert f"line 4: {label!r}" in str(raised.value)
    assert "1 of 6 rows" in str(raised.value)
    assert "Did you mean" not in str(raised.value)


@pytest.mark.parametrize("folder", ["-1", "<2", "1?", ">1"])
def test_a_folder_that_is_no_grade_is_refused(tmp_path, data_home, folder):
    with pytest.raises(DataError, match="names one class"):
        own_prepared(write(tmp_path / "x", {f"{folder}/a.png": png(), "2/b.png": png(1)}), KNEE)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "write_grade", [str, "{}.0".format, "{:.18e}".format, " {}".format, "KL {}".format, "kl-{}".format]
)
def test_grades_are_read_as_tools_write_them(tmp_path, data_home, form, write_grade):
    text = table("filename,label", *(f"{form}/{i}.png,{write_grade(i)}" for i in range(5)))
    assert by_picture(read(tmp_path / "x", form, text, n=5)) == np.eye(5).tolist()


def test_grades_that_pandas_made_floats_because_a_row_was_empty_are_read(tmp_path, data_home):
    grades = pd.DataFrame({"filename": [f"{i}.png" for i in range(6)], "label": [0, 1, 2, 3, 4, None]})
    text = grades.dropna().to_csv(index=False)
    assert "4.0" in text
    assert by_picture(read(tmp_path / "x", "images", text)) == np.eye(5).tolist()
    with pytest.raises(DataError, match="line 7: ''"):
        read(tmp_path / "y", "images", grades.to_csv(index=False))


def findings(form: str, *rows: str, more: str = "") -> str:
    return table(f"filename,{','.join(CHEST.names)}{more}", *(f"{form}/{i}.png,{row}" for i, row in enumerate(rows)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", ["-1", "-1.0", "", "nan", "0.5", "2", "?"])
def test_an_uncertain_or_unmentioned_finding_is_refused_with_line_value_and_remedy(tmp_path, data_home, form, value):
    rows = ["0," * 13 + "1", "0," * 5 + f"{value}," + "0," * 7 + "1"]
    with pytest.raises(DataError) as raised:
        read(tmp_path / "x", form, findings(form, *rows), CHEST, n=2)
    assert f"line 3: 'Nodule' is {value!r}" in str(raised.value)
    assert "for you to decide" in str(raised.value)


@pytest.mark.parametrize("form", FORMS)
def test_findings_are_read_as_numbers_or_truth_values(tmp_path, data_home, form):
    text = findings(form, "1.0," + "0.0," * 12 + "0.0", "False," * 13 + "True", "1," + "0," * 12 + "1")
    assert by_picture(read(tmp_path / "x", form, text, CHEST, n=3)) == [
        [1] + [0] * 13,
        [0] * 13 + [1],
        [1] + [0] * 12 + [1],
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", ["No Finding", "No_Finding"])
def test_no_finding_together_with_a_finding_is_refused(tmp_path, data_home, form, column):
    clean = findings(form, "0," * 14 + "1", "1," + "0," * 13 + "0.0", "1," + "0," * 13, more=f",{column}")
    assert by_picture(read(tmp_path / "clean", form, clean, CHEST, n=3))[0] == [0] * 14
    torn = findings(form, "0," * 14 + "1", "1," + "0," * 13 + "1.0", more=f",{column}")
    with pytest.raises(DataError, match=rf"1 rows say '{column}' and name a finding: line 3.*Atelectasis"):
        read(tmp_path / "torn", form, torn, CHEST, n=2)


@pytest.mark.parametrize("column", ["finding", "Finding", "findings", "Finding Labels", "label"])
def test_findings_are_read_by_name_from_one_column(tmp_path, data_home, column):
    said = ["Mass", "No Finding", "Pleural Thickening|Effusion", "oedema;Hernia"]
    text = table(f"filename,{column}", *(f"images/{i}.png,{one}" for i, one in enumerate(said)))
    read_ = by_picture(read(tmp_path / "x", "images", text, CHEST, n=4))
    found = [{name for name, value in zip(CHEST.names, row, strict=True) if value} for row in read_]
    assert found == [{"Mass"}, set(), {"Pleural_Thickening", "Effusion"}, {"Edema", "Hernia"}]


@pytest.mark.parametrize("said", ["No Finding|Mass", "Mass|normal"])
def test_no_finding_beside_a_name_is_refused(tmp_path, data_home, said):
    with pytest.raises(DataError, match=r"1 rows say 'No Finding' and name a finding: line 2"):
        read(tmp_path, "images", table("filename,finding", f"0.png,{said}"), CHEST, n=1)


@pytest.mark.parametrize("said", ["", "None", "nan", "Mass|", "Mass?", "-Mass"])
def test_a_blank_or_doubtful_name_of_a_finding_is_refused(tmp_path, data_home, said):
    with pytest.raises(DataError, match=r"line 2.*write No Finding"):
        read(tmp_path, "images", table("filename,finding", f"0.png,{said}"), CHEST, n=1)


def test_missing_finding_columns_are_named(tmp_path, data_home):
    with pytest.raises(DataError, match=r"missing: Hernia"):
        read(tmp_path, "pics", findings("pics", "0," * 13 + "1").replace("Hernia", "Other"), CHEST, n=1)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("again", ["{}/1.png", "./{}/1.png", "1.png"])
def test_one_file_with_two_labels_is_refused(tmp_path, data_home, form, again):
    text = table("filename,label", f"{form}/0.png,0", f"{form}/1.png,1", f"{again.format(form)},2")
    with pytest.raises(DataError, match=r"2 rows.*line 3.*line 4.*one row per image"):
        read(tmp_path, form, text)


def test_folders_with_the_word_that_all_titles_share_are_read(tmp_path, data_home):
    names = ["glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor"]
    files = {f"{part}/{name}/{i}.png": png(i) for part in ("Training", "Testing") for i, name in enumerate(names)}
    prepared = open_prepared(own_prepared(write(tmp_path / "x", files), BRAIN, jobs=1), BRAIN)
    assert by_picture(prepared)[::2] == np.eye(4).tolist()
    assert sorted(set(prepared.table["split"])) == ["test", "train"]


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("Glioma Tumour", "glioma"), ("MENINGIOMA-TUMORS", "meningioma"), ("No Tumors", "notumor"), ("notumour", "notumor"),
        ("pituitary", "pituitary"), ("Pituitary.tumor", "pituitary"), ("tumor", None), ("no", None), ("glioma?", None),
        ("-glioma", None), ("glioma meningioma", None), ("", None),
    ],
)  # fmt: skip
def test_class_names_match_by_their_words(label, meant):
    assert class_finder(BRAIN.names, BRAIN.titles)(label) == meant


def test_every_class_is_found_by_its_own_name_and_title_in_every_task():
    for name in ("brainmri", "chestxray", "fundus", "kneeoa"):
        labels = definitions.task(name).labels
        find = class_finder(labels.names, labels.titles)
        for one, title in zip(labels.names, labels.titles, strict=True):
            assert find(one) == find(title) == find(title.upper().replace(" ", "_")) == one


def test_signs_are_never_dropped():
    for sign in "-<>?~+":
        assert squeezed(f"{sign}1") != squeezed("1")
        assert canonical(f"{sign}1") != canonical("1")
        assert squeezed(f"1{sign}") != squeezed("1")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("missing", ["", "nan", "NaN", "None", "<NA>"])
def test_a_patient_that_is_not_known_is_nobody(tmp_path, data_home, form, missing):
    """A column in which pandas wrote nan for two images does not make them one patient called nan."""
    text = table("filename,label,patient_id", *(f"{form}/{i}.png,{i % 5},{missing if i > 3 else i}" for i in range(6)))
    with pytest.raises(DataError, match=r"2 of 6 images.*no patient_id"):
        read(tmp_path, form, text)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", ["PatientID", "Patient ID", "patient"])
def test_a_patient_column_by_another_name_is_read_in_both_forms(tmp_path, data_home, form, column):
    text = table(f"filename,label,{column}", *(f"{form}/{i}.png,{i % 5},who{i // 2}" for i in range(6)))
    prepared = read(tmp_path / "x", form, text)
    assert prepared.patients_known
    assert sorted(np.bincount(prepared.groups).tolist()) == [2, 2, 2]


def test_two_columns_that_mean_the_same_are_refused(tmp_path, data_home):
    text = table("filename,label,patient_id,Patient ID", "pics/0.png,0,a,b")
    with pytest.raises(DataError, match=r"2 columns that mean patient_id: 'patient_id', 'Patient ID'"):
        read(tmp_path, "pics", text)
