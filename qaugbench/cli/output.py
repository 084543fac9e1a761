"""What commands print: JSON of one shape, text of the terminal's width, and one line per result that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qaugbench.cli.root import say, tell_error
from qaugbench.errors import EntryError, printable
from qaugbench.formatting import WIDTH
from qaugbench.text_table import fitted

if TYPE_CHECKING:
    from qaugbench.record import Record

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


def warned_of_change(path: Path, record: Record) -> bool:
    """Return whether the record in ``path`` was changed after it was written, which is then said on standard error."""
    from qaugbench.board.changed import changed_words

    words = changed_words(path, record)
    if words is not None:
        click.echo(f"warning: {printable(f'{path}: {words}')}", err=True)
    return words is not None


def _command() -> str:
    """Return the words of the command that runs, without the program's own name."""
    context = click.get_current_context()
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, str(context.command.name))
        context = context.parent
    return " ".join(words).removesuffix(" definition")
