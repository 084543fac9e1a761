"""Citations: one BibTeX entry a thing used, taken apart where it can be and whole where not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qaugbench.board.cite import bibtex, cite, references
from qaugbench.record import Record, read_record
from tests.board.factory import write_run


@pytest.fixture
def real_record(tmp_path: Path) -> Record:
    return write_run(tmp_path / "real", replicates=2, phantom=False)


def test_benchmark_data_and_each_generator_once(real_record: Record) -> None:
    keys = re.findall(r"^@\w+\{(.+),$", bibtex(real_record), flags=re.MULTILINE)
    assert keys == ["qaugbench", "data-nickparvar", "ddpm", "qldm"]


def test_phantom_data_are_not_cited(made_run: Path) -> None:
    assert [reference.key for reference in references(read_record(made_run))] == ["qaugbench", "ddpm", "qldm"]


def test_citation_is_taken_apart(entry: Path) -> None:
    found = cite(entry).split("@misc{qldm,")[1]
    assert "author = {A. Author and B. Other}" in found
    assert "title = {{A paper on qldm}}" in found
    assert "year = {2024}" in found
    assert "eprint = {2400.00000}" in found


def test_citation_of_another_form_is_kept_whole_and_escaped(real_record: Record) -> None:
    data = real_record.data.model_copy(update={"citation": "Images & labels_v2, 2019"})
    found = bibtex(real_record.model_copy(update={"data": data}))
    assert r"note = {Images \& labels\_v2, 2019}" in found


def test_braces_balance(real_record: Record) -> None:
    found = bibtex(real_record)
    assert found.count("{") == found.count("}")
