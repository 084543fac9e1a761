from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.datasets.sources import data_home, find_prepared, instructions, source, sources, sources_of
from qaugbench.errors import DefinitionError


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
    assert entry.title in text
    assert entry.licence in text
    assert entry.url in text
    if entry.obtain == "manual":
        assert str(data_home / entry.tasks[0] / f"{name}.zip") in text
        assert "labels.csv" in text
