"""Snapshots: every byte named, equal entries equal bytes, never changed, cited."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

from qaugbench.board.entry import submit
from qaugbench.errors import EntryError
from qaugbench.papers.freeze import CHECKSUMS, CITATION, freeze
from tests.board.factory import write_run

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return freeze("v1", RESULTS, tmp_path_factory.mktemp("frozen")).path


def test_the_checksums_name_every_byte(frozen: Path) -> None:
    lines = (frozen / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {path.relative_to(frozen).as_posix() for path in frozen.rglob("*") if path.is_file()}
    assert set(stated) | {CHECKSUMS} == files
    for name, digest in stated.items():
        assert hashlib.sha256((frozen / name).read_bytes()).hexdigest() == digest


def test_it_holds_the_entries_as_they_are(frozen: Path) -> None:
    kept = [path for path in RESULTS.rglob("*") if path.is_file() and "entries" in path.parts]
    assert len(kept) > 2
    for path in kept:
        assert (frozen / "results" / path.relative_to(RESULTS)).read_bytes() == path.read_bytes()


def test_equal_entries_give_equal_bytes(frozen: Path, tmp_path: Path) -> None:
    again = freeze("v1", RESULTS, tmp_path)
    assert (again.path / CHECKSUMS).read_bytes() == (frozen / CHECKSUMS).read_bytes()
    assert again.sha256 == hashlib.sha256((frozen / CHECKSUMS).read_bytes()).hexdigest()
    assert (again.boards, again.entries) == (1, 2)


def test_the_citation_has_a_place_for_the_doi_and_the_doi_that_is_given(frozen: Path, tmp_path: Path) -> None:
    without = (frozen / CITATION).read_text(encoding="utf-8")
    assert "# doi: set here" in without
    with_one = freeze("v2", RESULTS, tmp_path, doi="10.5281/zenodo.1234567").path / CITATION
    facts = yaml.safe_load(with_one.read_text(encoding="utf-8"))
    assert (facts["doi"], facts["version"], facts["type"]) == ("10.5281/zenodo.1234567", "v2", "dataset")
    assert "doi" not in yaml.safe_load(without)


def test_a_snapshot_is_never_changed(frozen: Path) -> None:
    with pytest.raises(EntryError, match="is never changed"):
        freeze("v1", RESULTS, frozen.parent)


@pytest.mark.parametrize(
    ("name", "doi", "said"),
    [("../v1", None, "cannot name"), ("", None, "cannot name"), ("v1", "https://x", "not a DOI")],
)
def test_what_is_no_name_or_doi_is_refused(name: str, doi: str | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(EntryError, match=said):
        freeze(name, RESULTS, tmp_path, doi=doi)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_was_changed_leaves_nothing_behind(tmp_path: Path) -> None:
    root = Path(shutil.copytree(RESULTS, tmp_path / "results"))
    file = next(root.rglob("entry.json"))
    file.write_text(file.read_text(encoding="utf-8").replace("Brain", "brain"), encoding="utf-8")
    with pytest.raises(EntryError):
        freeze("v1", root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_entries_on_no_board_are_counted_apart(tmp_path: Path) -> None:
    write_run(tmp_path / "run", replicates=2)
    root = Path(shutil.copytree(RESULTS, tmp_path / "results"))
    submit(tmp_path / "run", root)
    frozen = freeze("v1", root, tmp_path / "out")
    assert (frozen.boards, frozen.entries, frozen.off_board) == (1, 2, 1)
    stated = yaml.safe_load((frozen.path / CITATION).read_text(encoding="utf-8"))["abstract"]
    assert stated.startswith("2 entries on 1 board and 1 on none, of qaugbench")
