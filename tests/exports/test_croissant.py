"""Sources in Croissant 1.0: what the specification requires, ids, checksums, the classes of the task; see also test_mlcroissant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from qaugbench import definitions
from qaugbench.cli import cli
from qaugbench.datasets.sources import Source, sources
from qaugbench.errors import DataError
from qaugbench.exports.croissant import CONTEXT, VERSION, croissant

PUBLISHED = [one for one in sources().values() if one.files]
REQUIRED = (
    "@context",
    "@type",
    "conformsTo",
    "description",
    "license",
    "name",
    "url",
    "creator",
    "datePublished",
    "distribution",
)
"""The properties that every Croissant description has, by the specification."""


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for name, one in value.items():
            yield from _nodes(one) if name not in ("@context", "data") else ()
    elif isinstance(value, list):
        for one in value:
            yield from _nodes(one)


@pytest.mark.parametrize("source", PUBLISHED, ids=lambda source: source.id)
def test_a_source_has_what_the_specification_requires(source: Source) -> None:
    found = croissant(source)
    assert all(found.get(name) for name in REQUIRED)
    assert (found["@type"], found["conformsTo"]) == ("sc:Dataset", VERSION)
    assert re.fullmatch(r"(19|20)\d{2}", found["datePublished"])
    assert found["url"].startswith("https://")
    assert found["creator"]["name"]
    for one in found["distribution"]:
        assert "/" in one["encodingFormat"]
        if one["@type"] == "cr:FileObject":
            assert one["contentUrl"].startswith("https://")
            assert {"md5", "sha256"} & set(one)
        else:
            assert (one["@type"], one["includes"]) == ("cr:FileSet", one["name"])


@pytest.mark.parametrize("source", PUBLISHED, ids=lambda source: source.id)
def test_ids_are_unique_references_lead_somewhere_and_terms_are_known(source: Source) -> None:
    nodes = list(_nodes(croissant(source)))
    ids = [node["@id"] for node in nodes if "@id" in node and len(node) > 1]
    assert len(ids) == len(set(ids))
    assert {node["@id"] for node in nodes if set(node) == {"@id"}} <= set(ids)
    ours = {name for node in nodes for name in node if name in CONTEXT and not name.startswith("@")}
    assert {"conformsTo", "citeAs", "recordSet", "field", "dataType", "key"} <= ours


def test_checksums_are_the_publisher_s() -> None:
    found = {one["name"]: one for one in croissant(sources()["chestmnist"])["distribution"]}
    for file in sources()["chestmnist"].files:
        assert found[file.name]["md5"] == file.checksum.removeprefix("md5:")


@pytest.mark.parametrize("source", PUBLISHED, ids=lambda source: source.id)
def test_the_classes_are_those_of_the_tasks(source: Source) -> None:
    found = {one["name"]: one for one in croissant(source)["recordSet"]}
    for name in source.tasks:
        labels = definitions.task(name).labels
        rows = found[f"{name}-classes"]["data"]
        assert [row[f"{name}-classes/name"] for row in rows] == list(labels.names)
        assert [row[f"{name}-classes/title"] for row in rows] == list(labels.titles)


def test_the_command_prints_json() -> None:
    done = CliRunner().invoke(cli, ["data", "croissant", "figshare-cheng"])
    assert json.loads(done.output)["name"] == "figshare-cheng"


def test_what_nobody_publishes_is_refused() -> None:
    with pytest.raises(DataError, match="has no published files"):
        croissant(sources()["phantom"])
