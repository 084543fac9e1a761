"""Every Python block of the documentation runs as it is printed, unless it is marked ``no-test``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from qaugbench.cards import build_card
from tests.project.documents import ROOT, Block, all_blocks

DOCUMENTS = [Path(path.relative_to(ROOT)) for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
CASES = [
    pytest.param(document, block, id=f"{document.name}:{block.line}")
    for document in DOCUMENTS
    for block in all_blocks(document)
    if block.language == "python" and "no-test" not in block.words
]


def left_to_the_reader() -> dict[str, Any]:
    """Return what blocks take as given: scores of three arms in four runs, labels and patients; an entry and its boards."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (60, 1))
    scores = random.normal(0, 1, (3, 4, 60, 1)) + labels
    return {
        "scores": scores,
        "scores_a": scores[0],
        "scores_b": scores[1],
        "labels": labels,
        "patients": np.arange(60),
        "n_patients": 60,
        "boards": ROOT / "results",
        "folder": next((ROOT / "results").glob("*/*/entries/*")),
        "contrasts": np.array([[1, -1, 0], [1, 0, -1]]),
    }


def test_blocks_are_found() -> None:
    assert {document.name for document in DOCUMENTS} >= {"README.md", "extending.md", "circuits.md", "statistics.md"}
    assert len(CASES) >= 8


@pytest.mark.parametrize(("document", "block"), CASES)
def test_a_python_block_runs(document: Path, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = "\n" * (block.line - 1)  # so that a traceback names the line of the document
    module = ModuleType("documented")  # registered, since dataclasses look their module up
    monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module).update(left_to_the_reader())
    exec(compile(lines + block.code, str(ROOT / document), "exec"), vars(module))


@pytest.mark.parametrize(
    "block", [block for block in all_blocks(Path("docs/extending.md")) if block.language == "toml"]
)
def test_a_toml_block_can_be_read(block: Block) -> None:
    facts = tomllib.loads(block.code)
    if "generator" in facts:
        assert build_card(facts, str(block.file)).id == Path(str(block.file)).stem


def test_the_documented_plug_in_is_the_one_in_examples() -> None:
    printed = {block.file: block.code for block in all_blocks(Path("docs/extending.md"))}
    assert printed["pyproject.toml"] == (ROOT / "examples" / "plugin" / "pyproject.toml").read_text(encoding="utf-8")
