"""A released .zip in Croissant: its bytes, columns and classes; what a release must say."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench import definitions
from qaugbench.cli import cli
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.errors import DataError
from qaugbench.exports.released import Release, croissant_of_release

RELEASE = Release(
    url="https://example.org/made.zip",
    licence="https://creativecommons.org/licenses/by/4.0/",
    creator="A group",
    date="2026-11-30",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("released") / "made.zip"
    return export_phantom("brainmri", 8, 32, path)


def test_the_files_are_named_by_their_bytes(made: Path) -> None:
    found = {
        one["@id"]: one for one in croissant_of_release(made, definitions.task("brainmri"), RELEASE)["distribution"]
    }
    assert found["made.zip"]["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    with zipfile.ZipFile(made) as archive:
        assert found["labels.csv"]["sha256"] == hashlib.sha256(archive.read("labels.csv")).hexdigest()
        ending = "." + next(name for name in archive.namelist() if "images/" in name).rpartition(".")[2]
    assert found[f"images{ending}"]["includes"] == f"images/*{ending}"
    assert {one["containedIn"]["@id"] for one in found.values() if "containedIn" in one} == {"made.zip"}


def test_every_column_is_a_field_and_labels_refer_to_classes(made: Path) -> None:
    found = {one["name"]: one for one in croissant_of_release(made, definitions.task("brainmri"), RELEASE)["recordSet"]}
    fields = {one["name"]: one for one in found["labels"]["field"]}
    with zipfile.ZipFile(made) as archive:
        header = archive.read("labels.csv").decode().splitlines()[0]
    assert list(fields) == header.split(",")
    classes = found["brainmri-classes"]
    assert fields["label"]["references"]["field"]["@id"] in [one["@id"] for one in classes["field"]]
    assert fields["label"]["source"]["extract"] == {"column": "label"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"licence": "", "creator": ""}, "give --licence and --creator"),
        ({"url": "made.zip"}, "is no address"),
        ({"date": "yesterday"}, "is no date"),
    ],
)
def test_a_release_must_say_what_croissant_requires(changes: dict[str, str], said: str, made: Path) -> None:
    with pytest.raises(DataError, match=said):
        croissant_of_release(made, definitions.task("brainmri"), replace(RELEASE, **changes))


def test_mlcroissant_finds_no_error(made: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    found = croissant_of_release(made, definitions.task("brainmri"), RELEASE)
    assert not set(mlcroissant.Dataset(jsonld=found).metadata.ctx.issues.errors)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        croissant_of_release(tmp_path, definitions.task("brainmri"), RELEASE)


def test_the_command_describes_a_zip_and_asks_for_its_task(made: Path) -> None:
    words = ["--url", RELEASE.url, "--licence", RELEASE.licence, "--creator", "A group", "--date", "2026"]
    done = CliRunner().invoke(cli, ["data", "croissant", str(made), "--task", "brainmri", *words])
    assert json.loads(done.output)["name"] == "made"
    assert "Give --task" in CliRunner().invoke(cli, ["data", "croissant", str(made)]).output
