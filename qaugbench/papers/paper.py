"""Everything that a paper needs of the results in a folder, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qaugbench.board.cite import cite
from qaugbench.board.standings import Standings, standings
from qaugbench.board.verified import verified
from qaugbench.errors import EntryError, shown
from qaugbench.files import write_folder
from qaugbench.papers.board_tables import FORMATS, as_text
from qaugbench.papers.checklists import checklists, filled_checklist
from qaugbench.papers.figures import figure_files
from qaugbench.papers.methods import methods_latex, methods_paragraph
from qaugbench.site.gates import two_qubit_gates
from qaugbench.site.rows import Gates
from qaugbench.untrusted import exists

ENDINGS = {"latex": "tex", "markdown": "md", "csv": "csv", "html": "html"}


def board_table(paths: Sequence[Path], form: str) -> str:
    """Return the tables of the boards of the entries in the folders ``paths`` in one of ``board_tables.FORMATS``.

    Every entry is verified first. Raises EntryError for one that does not hold what it claims, and where no board lists any.
    """
    return as_text(_listed(paths), form)


def write_paper(paths: Sequence[Path], out: Path, *, gates: Gates = two_qubit_gates) -> list[Path]:
    """Write tables, figures, methods, checklists and references into the new folder ``out`` and return the files' paths.

    Errors as ``board_table``, and for a folder that is there already.
    """
    if exists(out):
        raise EntryError(f"{shown(out, None)} is there already. Give a new folder with --out.")
    files = paper_files(_listed(paths), paths, gates)
    write_folder(out, files)
    return [out / name for name in files]


def paper_files(found: Standings, paths: Sequence[Path], gates: Gates) -> dict[str, str | bytes]:
    """Return the content of every file by its path."""
    files: dict[str, str | bytes] = {f"tables/boards.{ENDINGS[form]}": as_text(found, form) for form in FORMATS}
    files |= {f"figures/{name}": content for name, content in figure_files(found, gates).items()}
    files["references.bib"] = cite([path for path in paths if path not in found.off_board])
    for board in found.boards:
        record = board.record
        name = record.id
        files[f"methods/{name}.md"] = f"{methods_paragraph(record)}\n"
        files[f"methods/{name}.tex"] = f"{methods_latex(record)}\n"
        files |= {f"checklists/{name}-{one}.md": filled_checklist(one, record) for one in checklists()}
    return files


def _listed(paths: Sequence[Path]) -> Standings:
    found = standings(verified(paths))
    if not found.boards:
        path, why = next(iter(found.off_board.items()))
        raise EntryError(
            f"{shown(path, None)} is on no board: {why}. 'qaugbench show {shown(path, None)} --format latex' prints its table."
        )
    return found
