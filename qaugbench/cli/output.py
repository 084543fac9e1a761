"""What commands print: JSON of one shape, text of the terminal's width, and one line per result that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from qaugbench.cli.root import say, tell_error
from qaugbench.errors import EntryError
from qaugbench.formatting import WIDTH
from qaugbench.text_table import fitted

Found = TypeVar("Found")
NARROWEST, WIDEST = 60, 120


def json_option(command: Any) -> Any:
    """Add ``--json``, which prints the one shape of docs/commands.md."""
    text = "Print one JSON object on standard output: command, ok, results."
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def print_json(results: Iterable[Any], *, ok: bool = True) -> None:
    """Print a command's results as one JSON object: ``command``, ``ok`` (False where the exit code is 1) and ``results``."""
    shape = {"command": _command(), "ok": ok, "results": list(results)}
    click.echo(json.dumps(shape, indent=1, sort_keys=True, allow_nan=False))


def terminal_width() -> int:
    """Return how many columns text may fill: those of the terminal, 60 to 120; 110 where there is none."""
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    return min(max(columns, NARROWEST), WIDEST)


def say_fitted(text: str) -> None:
    """Print text with its lines broken at the width of the terminal."""
    say(fitted(text, terminal_width()))


def each(paths: Sequence[Path], look: Callable[[Path], Found]) -> Iterator[tuple[Path, Found | EntryError]]:
    """Yield each path with what ``look`` returns, or with the error of one that does not hold, which is printed at once."""
    for path in paths:
        found: Found | EntryError
        try:
            found = look(path)
        except EntryError as error:
            found = error
            tell_error(str(error))
        yield path, found


def _command() -> str:
    """Return the words of the command that runs, without the program's own name."""
    context = click.get_current_context()
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, str(context.command.name))
        context = context.parent
    return " ".join(words).removesuffix(" definition")
