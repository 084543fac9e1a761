"""The groups of people that a source names: bands of age, sexes, sites."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.datasets.phantom.images import phantom_tasks
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.subgroups import MOST_GROUPS, age_band, subgroups


def _source(make_source, columns: str, *rows: str):
    lines = [f"{number}.png,good,{row}" for number, row in enumerate(rows)]
    return make_source("\n".join([f"filename,label,{columns}", *lines]) + "\n")


def test_people_are_grouped_as_their_columns_say(make_source, three_classes):
    rows = ("63,F,Oslo", "007Y,m,Lima ", "19.5,male,Oslo", "20,Female,", ",,Lima", "90,O,Oslo", "unknown,U,Oslo")
    found = subgroups(open_prepared(_source(make_source, "age,sex,site", *rows), three_classes))
    assert found["age"].tolist() == [
        *("60 to 79", "under 20", "under 20", "20 to 39", "not stated", "80 and over", "not stated"),
    ]
    assert found["sex"].tolist() == ["female", "male", "male", "female", "not stated", "other", "not stated"]
    assert found["site"].tolist() == ["Oslo", "Lima", "Oslo", "not stated", "Lima", "Oslo", "Oslo"]


def test_a_column_that_tells_no_two_groups_apart_is_left_out(make_source, three_classes):
    found = subgroups(open_prepared(_source(make_source, "age,sex,device", "41,F,a", "59,,b", "50,F,a"), three_classes))
    assert found == {}


def test_of_many_sites_the_smallest_are_one_group_and_the_count_of_images_decides(make_source, three_classes):
    many = [f"site {number:02d}" for number in range(MOST_GROUPS + 5)]
    found = subgroups(open_prepared(_source(make_source, "site", *many, *many[-3:]), three_classes))["site"]
    assert len(set(found)) == MOST_GROUPS
    assert (found == "others").sum() == 6
    assert set(many[-3:]) <= set(found)


def test_what_a_site_is_called_is_one_short_printable_line(make_source, three_classes):
    long = "a\u202eb " + 60 * "x"
    found = subgroups(open_prepared(_source(make_source, "site", long, "other"), three_classes))["site"]
    assert found[0].startswith("a\\u202eb xxx")
    assert len(found[0]) == 40


@pytest.mark.parametrize(
    ("age", "band"),
    [("0", "under 20"), ("39", "20 to 39"), ("40", "40 to 59"), ("79.9", "60 to 79"), ("80", "80 and over")]
    + [(text, "not stated") for text in ("", "nan", "-3", "6M", "1950", "about 60", "300")],
)
def test_bands_of_age_have_their_first_year_and_not_the_next_ones(age, band):
    assert age_band(age) == band


@pytest.mark.parametrize("name", phantom_tasks())
def test_every_phantom_has_age_and_sex(name: str, tmp_path: Path):
    path = tmp_path / "phantom.zip"
    export_phantom(name, 20, 16, path)
    found = subgroups(open_prepared(path, definitions.task(name).labels))
    assert set(found) == {"age", "sex"}
    assert set(found["sex"]) == {"female", "male"}
    assert len(set(found["age"])) > 1
