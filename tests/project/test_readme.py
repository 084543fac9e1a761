"""The first screen of the README: the question, a result that the committed record holds, two commands, where to go on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench.board.bundle import read_entry
from qaugbench.cli import cli
from qaugbench.formatting import signed, unsigned
from qaugbench.record import Record
from tests.cli.committed import committed_entry
from tests.project.documents import ROOT, commands

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = 70
"""Lines."""
ROWS = {"492 further": "O-real", "hybrid quantum": "qldm", "classical twin": "qldm:twin", "classical diffusion": "ddpm"}


def line_of(words: str) -> int:
    """Return the number of the first line that contains ``words``."""
    return next(number for number, line in enumerate(TEXT.splitlines(), start=1) if words in line)


@pytest.fixture(scope="module")
def record() -> Record:
    return read_entry(committed_entry()).record


def test_the_first_screen_holds_everything_in_order() -> None:
    order = [
        "is it the quantum part",
        "A first result",
        "pipx install",
        "--source phantom --track smoke",
        "--data my.zip",
        "--generator folder:",
        "docs/extending.md",
    ]
    lines = [line_of(words) for words in order]
    assert lines == sorted(lines)
    assert lines[-1] <= FIRST_SCREEN


def test_the_program_is_on_the_path_before_its_first_command() -> None:
    first = re.search(r"^qaugbench run ", TEXT, re.MULTILINE)
    assert first is not None
    for way in ('pipx install ".[run]"', 'uv tool install ".[run]"', "source .venv/bin/activate"):
        assert TEXT.index(way) < first.start()


@pytest.mark.parametrize(("words", "arm"), ROWS.items())
def test_the_first_result_is_that_of_the_record(words: str, arm: str, record: Record) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("|") and words in line)
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    (found,) = [one for one in scored.contrasts if one.family == "reference" and one.arm == arm]
    interval = f"({signed(found.ci_low)} to {signed(found.ci_high)})"
    assert row.endswith(f"| {unsigned(scored.arms[arm].mean)} | {signed(found.estimate)} {interval} |")


def test_the_amounts_of_the_first_result_are_those_of_the_record(record: Record) -> None:
    reference = record.choices["10%"].reference if record.choices else "R+os"
    mean = record.scores.fractions["10%"].endpoints["macro_auroc"].arms[reference].mean
    assert f"the best of three trainings | {unsigned(mean)} |" in TEXT
    said = TEXT[TEXT.index("**A first result.**") :][:300].replace("\n", " ")
    assert f"{record.fractions[0].n_real} training images, {record.replicates} replicates" in said
    assert f"{record.data.n_images['test']:,} test images" in said


def test_every_link_to_a_heading_has_one() -> None:
    titles = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    headings = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings


def test_every_linked_file_is_there() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)#][^)]*)\)", TEXT) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_images_made_elsewhere_have_their_command() -> None:
    assert any("folder:made.zip" in command for command in commands(Path("README.md")))


def test_the_committed_board_is_the_one_that_is_built_from_its_entries() -> None:
    built = CliRunner().invoke(cli, ["leaderboard", "build", str(ROOT / "results")]).output
    assert built == (ROOT / "leaderboards" / "README.md").read_text(encoding="utf-8")
