"""What MLCommons' own reader says of our Croissant files: no error, and no warning but that publishers state no version."""

from __future__ import annotations

from typing import Any

import pytest

from qaugbench.datasets.sources import sources
from qaugbench.exports.croissant import croissant

mlcroissant = pytest.importorskip("mlcroissant")
PUBLISHED = [one for one in sources().values() if one.files]


def issues(description: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return the errors and the warnings of mlcroissant about a description; nothing is downloaded."""
    found = mlcroissant.Dataset(jsonld=description).metadata.ctx.issues
    return set(found.errors), set(found.warnings)


def test_every_source_is_valid() -> None:
    for source in PUBLISHED:
        errors, warnings = issues(croissant(source))
        assert errors == set(), source.id
        assert all("schema.org/version" in one for one in warnings), (source.id, warnings)


def test_a_broken_description_is_found() -> None:
    broken = croissant(PUBLISHED[0])
    del broken["distribution"][0]["encodingFormat"]
    with pytest.raises(mlcroissant.ValidationError, match="encodingFormat"):
        issues(broken)
