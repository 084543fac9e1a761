"""The further extractors that a run was asked for, found and read before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qaugbench.extractors.asked import asked_extractors


@dataclass(frozen=True)
class ExtractorChoice:
    """An extractor by name, where the file of its weights is, and the SHA-256 of what its numbers rest on."""

    name: str
    weights: Path
    sha256: str


def choose_extractors(texts: Sequence[str]) -> tuple[ExtractorChoice, ...]:
    """Return the extractors that ``NAME`` or ``NAME=WEIGHTS`` ask for.

    Raises DefinitionError for a wrong name, DataError for weights that are missing, damaged or another network's.
    """
    asked = asked_extractors(texts)
    if not asked:
        return ()
    from qaugbench.extractors.named import load_extractors, weights_file

    found = [replace(one, weights=(one.weights or weights_file(one.name)).absolute()) for one in asked]
    hashes = {one.extractor: one.weights_sha256 for one in load_extractors(found).provenances}
    return tuple(ExtractorChoice(one.name, one.weights, hashes[one.name]) for one in found if one.weights is not None)
