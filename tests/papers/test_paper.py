"""What a paper gets: figures, methods, checklists, references; nothing invented, nothing half-written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.standings import Standings
from qaugbench.errors import EntryError
from qaugbench.papers import paper
from qaugbench.papers.checklists import NOT_APPLICABLE, OPEN, checklists, filled_checklist
from qaugbench.papers.facts import facts
from qaugbench.papers.figures import figure_files, saved
from qaugbench.papers.methods import methods_paragraph
from qaugbench.site.pages import shown_boards
from tests.site.conftest import gates

ITEMS = {"reforms": 32, "claim-2024": 44, "tripod-ai": 52}
"""How many items the published instruments have."""


@pytest.mark.parametrize(("name", "n_items"), ITEMS.items())
def test_a_checklist_has_every_item_once(name: str, n_items: int) -> None:
    one = checklists()[name]
    ids = [item.id for item in one.items]
    assert len(ids) == len(set(ids)) == n_items
    assert all(sum(map(bool, (item.answer, item.authors, item.na))) == 1 for item in one.items)
    assert "doi:10." in one.citation


@pytest.mark.parametrize("name", ITEMS)
def test_a_checklist_is_filled_in_from_the_record(name: str, made_standings: Standings) -> None:
    record = made_standings.boards[0].record
    text = filled_checklist(name, record)
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert len(rows) == ITEMS[name]
    assert "{" not in text
    answered = [row for row in rows if OPEN not in row and NOT_APPLICABLE not in row]
    assert len(answered) > ITEMS[name] / 2
    for stated in (record.data.citation, "mobilenetv3_small_050", "No patient is in two parts of the split."):
        assert str(stated).rstrip(".") in text


def test_what_only_authors_know_is_left_to_them(made_standings: Standings) -> None:
    text = filled_checklist("claim-2024", made_standings.boards[0].record)
    (funding,) = [line for line in text.splitlines() if line.startswith("| 44 ")]
    assert OPEN in funding


def test_an_unknown_checklist_names_the_known(made_standings: Standings) -> None:
    with pytest.raises(EntryError, match="Did you mean 'reforms'"):
        filled_checklist("reform", made_standings.boards[0].record)


def test_the_methods_say_what_the_record_says(made_standings: Standings) -> None:
    record = made_standings.boards[0].record
    text = methods_paragraph(record)
    for stated in (
        "10 replicates",
        "task brainmri@1",
        "source nickparvar",
        "macro-AUROC",
        "qldm:twin",
        "learning rate 0.002",
    ):
        assert stated in text
    leaky = record.model_copy(update={"data": record.data.model_copy(update={"leaky": True})})
    assert "The split leaks" in methods_paragraph(leaky)
    assert "The split leaks" not in text


def test_what_is_not_stated_is_said_to_be(made_standings: Standings) -> None:
    record = made_standings.boards[0].record
    data = record.data.model_copy(update={"citation": None, "licence": None})
    found = facts(record.model_copy(update={"data": data}))
    assert (found["citation"], found["licence"]) == ("not stated.", "not stated")


def test_figures_are_pdf_and_svg_and_the_same_every_time(made_standings: Standings) -> None:
    board = made_standings.boards[0]
    found = Standings((replace(board, entries=board.entries[:1]),), (), {})
    files = figure_files(found, gates)
    stems = {name.rpartition(".")[0] for name in files}
    assert {name.rpartition(".")[2] for name in files} == {"pdf", "svg"}
    assert len(files) == 2 * len(stems)
    assert {"one-10pct-answer", "one-10pct-arms", "one-10pct-classes"} < stems
    assert [stem.rpartition("-")[2] for stem in stems if not stem.startswith("one-")] == ["parameters"]
    assert all(content.startswith(b"%PDF") for name, content in files.items() if name.endswith("pdf"))
    ((name, chart), *_) = shown_boards(found, gates)[0].chart_files.items()
    for form in ("pdf", "svg"):
        assert saved(chart.figure, form) == files[f"{name.removesuffix('.svg')}.{form}"]


def test_everything_is_written_together(
    tmp_path: Path, made_standings: Standings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "_listed", lambda paths: made_standings)
    monkeypatch.setattr(paper, "figure_files", lambda found, gates: {"a.pdf": b"%PDF"})
    paths = [entry.path for entry in made_standings.boards[0].entries]
    written = paper.write_paper(paths, tmp_path / "paper", gates=gates)
    names = {path.relative_to(tmp_path / "paper").as_posix() for path in written}
    assert {f"tables/boards.{ending}" for ending in ("tex", "md", "csv", "html")} <= names
    assert {
        "references.bib",
        "figures/a.pdf",
        "methods/one.md",
        "methods/one.tex",
        "checklists/one-reforms.md",
    } <= names
    assert all(path.stat().st_size for path in written)
    with pytest.raises(EntryError, match="is there already"):
        paper.write_paper(paths, tmp_path / "paper", gates=gates)


def test_what_no_board_lists_is_not_cited(
    tmp_path: Path, made_standings: Standings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "cite", lambda paths: " ".join(path.name for path in paths))
    monkeypatch.setattr(paper, "figure_files", lambda found, gates: {})
    listed = [entry.path for entry in made_standings.boards[0].entries]
    found = replace(made_standings, off_board={tmp_path / "smoke": "the track smoke is no evidence"})
    files = paper.paper_files(found, [*listed, tmp_path / "smoke"], gates)
    assert files["references.bib"] == "one two"
