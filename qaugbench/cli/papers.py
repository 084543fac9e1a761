"""Commands for papers: tables of boards, and everything at once."""

from __future__ import annotations

from pathlib import Path

import click

from qaugbench.cli.output import json_option, print_json
from qaugbench.cli.root import cli, say
from qaugbench.cli.scoring import results_argument

FORMATS = ("latex", "markdown", "csv", "html")


@cli.command()
@results_argument
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="markdown", show_default=True, help="LaTeX needs booktabs."
)
def table(names: tuple[str, ...], form: str) -> None:
    """Print the boards of entries as tables for a paper.

    RESULT is an entry, a board or the folder of all boards. Rows have intervals, possible ranks and the BibTeX keys of 'qaugbench
    cite'; notes say what the columns mean. Every entry is verified first. 'qaugbench show' prints the tables of a single run.
    """
    from qaugbench.board.result_folders import result_folders
    from qaugbench.papers.paper import board_table

    say(board_table(result_folders(names), form))


@cli.command()
@results_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path("paper"), show_default=True, help="New folder.")
@json_option
def paper(names: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Write tables, figures, methods and checklists of entries.

    RESULT is an entry, a board or the folder of all boards. Tables as LaTeX, Markdown, CSV and HTML; figures as PDF and SVG; a
    paragraph for the methods section; REFORMS, CLAIM 2024 and TRIPOD+AI filled in as far as records can; references.bib.
    """
    from qaugbench.board.result_folders import result_folders
    from qaugbench.papers.paper import write_paper

    written = write_paper(result_folders(names), out)
    if as_json:
        print_json({"path": str(path)} for path in written)
    else:
        say(f"{len(written)} files: {out}")
