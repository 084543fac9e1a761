"""Tables of boards: the same rows in every format, intervals, notes, BibTeX keys, and text that stays text."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qaugbench.board.cite import cite
from qaugbench.board.standings import Standings, standings
from qaugbench.cli import main
from qaugbench.formatting import change
from qaugbench.papers.board_tables import HEADER, as_text, paper_tables
from tests.board.factory import write_run

Call = Callable[..., tuple[int, str, str]]


def _methods(found: Standings) -> list[str]:
    (table,) = paper_tables(found)
    return [row[0] for row in table.rows]


def test_every_format_has_every_row_in_the_same_order(made_standings: Standings) -> None:
    methods = _methods(made_standings)
    assert sorted(methods) == ["ddpm", "ddpm", "qldm", "qldm", "qldm:twin", "qldm:twin"]
    latex = as_text(made_standings, "latex")
    body = latex.partition("\\midrule\n")[2].partition("\\bottomrule")[0].splitlines()
    assert [re.split(r"~\\cite|&", line)[0].strip() for line in body] == methods
    markdown = [
        line.split("|")[1].strip() for line in as_text(made_standings, "markdown").splitlines() if line[:1] == "|"
    ]
    assert [cell.partition(" [")[0] for cell in markdown[2:]] == methods
    rows = list(csv.DictReader(io.StringIO(as_text(made_standings, "csv"))))
    assert sorted(row["method"] for row in rows) == sorted(methods)
    root = ElementTree.fromstring(f"<all>{as_text(made_standings, 'html')}</all>")
    heads = ["".join(cell.itertext()).partition(" [")[0] for cell in root.iter("th")]
    assert heads == [*HEADER, *methods]


def test_a_row_has_the_difference_with_its_interval(made_standings: Standings) -> None:
    ((section,),) = made_standings.sections
    (table,) = paper_tables(made_standings)
    stated = {change(row.difference.estimate, row.difference.ci_low, row.difference.ci_high) for row in section.rows}  # type: ignore[union-attr]
    assert stated <= {row[3] for row in table.rows}


def test_signs_are_minuses_and_ranges_have_dashes_in_latex(made_standings: Standings) -> None:
    latex = as_text(made_standings, "latex")
    body = latex.partition("\\midrule\n")[2].partition("\\bottomrule")[0]
    cells = [cell.strip() for line in body.splitlines() for cell in line.removesuffix("\\\\").split("&")]
    assert any(re.fullmatch(r"\d+--\d+", cell) for cell in cells)
    assert any(re.fullmatch(r"\$[-+.\d]+\$ \$\[[-+., \d]+\]\$", cell) for cell in cells)
    assert not any(re.search(r"(?<!\$)[-+]\.\d", cell.replace("$[", "$").replace(", ", "$")) for cell in cells)


def test_notes_say_what_the_columns_mean(made_standings: Standings) -> None:
    for form in ("latex", "markdown", "html"):
        text = as_text(made_standings, form)
        for words in ("The reference R* is", "95", "possible ranks", "cannot be told apart", "The confirmatory family"):
            assert words in text, (form, words)


def test_the_keys_are_those_of_the_bibliography(made_standings: Standings) -> None:
    paths = [entry.path for entry in made_standings.boards[0].entries]
    known = set(re.findall(r"@\w+\{([^,]+),", cite(paths)))
    cited = set(re.findall(r"\\cite\{([^}]+)\}", as_text(made_standings, "latex")))
    assert cited == {"ddpm", "qldm"}
    assert cited <= known
    rows = list(csv.DictReader(io.StringIO(as_text(made_standings, "csv"))))
    assert {row["bibtex_key"] for row in rows if not row["control_of"]} == cited


@pytest.mark.parametrize("text", [r"\input{/etc/passwd}", "a & b \\\\ c", "<script>alert(1)</script>", "$x^2$ %"])
def test_hostile_text_stays_text(text: str, made_standings: Standings) -> None:
    entries = [
        replace(one, record=one.record.model_copy(update={"title": text})) for one in made_standings.boards[0].entries
    ]
    found = standings(entries)
    latex = as_text(found, "latex")
    caption = re.search(r"\\caption\{(.*)\}", latex)
    assert caption is not None
    assert not re.search(r"(?<!\\)[&%$#_^~]", caption[1].replace("\\textbackslash{}", ""))
    assert "\\input" not in latex
    assert "<script>" not in as_text(found, "html")


def _run(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["qaugbench", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_the_command_prints_the_table_of_the_published_board(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2] / "results"
    assert _run("table", str(root), "--format", "latex") == 0
    text = capsys.readouterr().out
    assert text.startswith("% Needs")
    assert text.count("\\begin{table}") == text.count("\\end{table}") == 1
    assert "qldm~\\cite{qldm}" in text


def test_a_result_of_no_board_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "run", replicates=2)
    (tmp_path / "run" / "manifest.json").write_text("{}", encoding="utf-8")
    assert _run("table", str(tmp_path / "run")) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
