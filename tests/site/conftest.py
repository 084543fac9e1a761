"""One made-up site: a board with two entries and two fractions, and an entry of a phantom that is on no board."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.bundle import SAMPLES_FILE
from qaugbench.board.comparable import Submitted
from qaugbench.board.sample_sheet import sample_sheet
from qaugbench.board.standings import standings
from qaugbench.site.build import site_files, write_files
from qaugbench.site.studies import ShownStudy, shown_studies
from tests.ablation.kept import committed_study
from tests.board.factory import write_run
from tests.project.documents import ROOT


def gates(name: str, track: str, task: str) -> float | None:
    """Return a number of two-qubit gates for every quantum generator."""
    return 120.0


@pytest.fixture(scope="session")
def made_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder below which the entries are; not to be changed."""
    return tmp_path_factory.mktemp("entries")


@pytest.fixture(scope="session")
def made_entries(made_root: Path) -> list[Submitted]:
    """Return three entries, one of a phantom with pictures."""
    return [_entry(made_root / name, number) for number, name in enumerate(("one", "two", "drawn"))]


def _entry(folder: Path, number: int) -> Submitted:
    phantom = folder.name == "drawn"
    fractions = ("10%",) if phantom else ("10%", "50%")
    record = write_run(folder, id=folder.name, seed=number, replicates=3, phantom=phantom, fractions=fractions)
    sheet = sample_sheet(folder / "samples.npz", record)
    if sheet is not None:
        (folder / SAMPLES_FILE).write_bytes(sheet)
    return Submitted(folder, record)


@pytest.fixture(scope="session")
def kept_studies(made_entries: list[Submitted], tmp_path_factory: pytest.TempPathFactory) -> list[ShownStudy]:
    """Return the study on chest X-rays that is kept in results, as if it were on the images of the board that is made up."""
    record = made_entries[0].record
    root = tmp_path_factory.mktemp("studies")
    shutil.copytree(committed_study(), root / committed_study().relative_to(ROOT / "results"))
    (study,) = shown_studies(root)
    made = replace(study, board=str(record.board), source_sha256=record.data.manifest_sha256, generator="qldm")
    return [made]


@pytest.fixture(scope="session")
def made_site(
    made_root: Path,
    made_entries: list[Submitted],
    kept_studies: list[ShownStudy],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the folder of their site; not to be changed."""
    out = tmp_path_factory.mktemp("site")
    write_files(site_files(made_entries, standings(made_entries), made_root, gates, kept_studies), out)
    return out
