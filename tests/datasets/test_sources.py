from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.datasets.sources import (
    data_home,
    find_prepared,
    instructions,
    source,
    sources,
    sources_of,
)
from qaugbench.errors import DataError, DefinitionError


def test_the_default_source_of_every_task_is_known():
    for task_id in ("brainmri", "chestxray", "fundus", "kneeoa"):
        default = definitions.task(task_id).default_source
        assert default in {entry.id for entry in sources_of(task_id)}


def test_an_unknown_source_names_near_ones():
    with pytest.raises(DefinitionError, match="'chen2018'"):
        source("chen2019")


def test_a_prepared_source_is_found_as_zip_before_folder(data_home: Path):
    assert find_prepared("kneeoa", "chen2018") is None
    folder = data_home / "kneeoa" / "chen2018"
    folder.mkdir(parents=True)
    assert find_prepared("kneeoa", "chen2018") == folder
    folder.with_suffix(".zip").touch()
    assert find_prepared("kneeoa", "chen2018") == folder.with_suffix(".zip")


def test_without_the_variable_the_cache_of_the_user_is_used(monkeypatch):
    monkeypatch.delenv("QAUGBENCH_DATA")
    assert data_home() == Path.home() / ".cache/qaugbench/data"


@pytest.mark.parametrize("name", sorted(sources()))
def test_instructions_say_where_from_and_where_to(name, data_home: Path):
    entry, text = source(name), instructions(name)
    for said in (entry.title, entry.licence, entry.use, entry.citation, entry.url, entry.patients, *entry.problems):
        assert said in text
    for file in entry.files:
        assert file.name in text
        assert all(place in text for place in (*file.urls, file.page, file.checksum, file.checksum_by))
    if entry.obtain != "generated":
        assert str(data_home / entry.tasks[0] / f"{name}.zip") in text
        assert f"qaugbench data prepare {name} --from" in text
    assert ("qaugbench data get" in text) == any(file.urls for file in entry.files)


def test_what_is_fetched_by_hand_is_said_with_the_folder_to_put_it_in(data_home: Path):
    text = instructions("nih-cxr-lt")
    assert "Put Data_Entry_2017*.csv, miccai2023_nih-cxr-lt_labels_train.csv" in text
    assert str(data_home / "downloads" / "nih-cxr-lt") in text


def test_a_source_that_needs_a_login_is_never_downloaded():
    for name in ("nickparvar", "oai", "most", "brset", "drimdb"):
        assert not any(file.urls for file in source(name).files)
        assert source(name).obtain == "manual"


def test_every_stated_checksum_is_of_the_length_of_its_kind():
    lengths = {"md5": 32, "sha256": 64}
    for entry in sources().values():
        for file in entry.files:
            algorithm, _, digits = file.checksum.partition(":")
            assert not file.checksum or (len(digits) == lengths[algorithm] and int(digits, 16))
            assert all(url.startswith("https://") for url in file.urls)


def test_sizes_are_chosen_among_those_published():
    assert [file.name for file in source("chestmnist").files_of(128)] == ["chestmnist_128.npz"]
    with pytest.raises(DataError, match="28, 64, 128, 224, not 32"):
        source("chestmnist").files_of(32)
    assert source("brisc").files_of(100) == source("brisc").files


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"licence": None}, "licence"),
        ({"homepage": "x"}, "homepage"),
        ({"files": [{"name": "a.zip"}]}, "neither `urls` nor `page`"),
        ({"files": [{"name": "a.zip", "page": "p", "checksum": "md5:0"}]}, "who states its checksum"),
        ({"files": [{"name": "a.zip", "adress": "p"}]}, "adress"),
    ],
)
def test_a_faulty_table_is_refused(change, said):
    from qaugbench.datasets.sources import _source

    entry = tomllib.loads(resources.files("qaugbench.datasets").joinpath("sources.toml").read_text("utf-8"))["brisc"]
    faulty = {key: value for key, value in (entry | change).items() if value is not None}
    with pytest.raises(DefinitionError, match=said):
        _source("brisc", faulty)
