"""The command that shows a task, a generator, a run, a tuning study, an entry or a board."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import each, json_option, print_json, terminal_width, warned_of_change
from qaugbench.cli.root import NearNamesGroup, cli, say
from qaugbench.errors import shown

if TYPE_CHECKING:
    from qaugbench.record import Record

FORMATS = ("table", "csv", "markdown", "latex", "json")
SEP = "/"
HOW = "Of runs, entries and boards. By default a table, and of several a line each."


class ShowGroup(NearNamesGroup):
    """A group in which any other word is the name of a definition, a run, an entry or a board."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        known = not args or args[0].startswith("-") or self.get_command(ctx, args[0]) is not None
        return super().resolve_command(ctx, args if known else ["definition", *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the options of what is shown also before its name."""
        early = bool(args) and args[0].partition("=")[0] in ("--format", "--json")
        return super().parse_args(ctx, ["definition", *args] if early else args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of what is shown as the group's own, and the commands."""
        options = [one for one in self.commands["definition"].get_params(ctx) if isinstance(one, click.Option)]
        with formatter.section("Options"):
            formatter.write_dl([row for one in options if (row := one.get_help_record(ctx)) is not None])
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> Any:
        """Complete commands, and everything else that can be shown."""
        names = self.commands["definition"].params[0]
        return [*super().shell_complete(ctx, incomplete), *complete.shown(ctx, names, incomplete)]


@cli.group(cls=ShowGroup, subcommand_metavar="NAMES | COMMAND NAME")
def show() -> None:
    """Show a task, a generator, a run, an entry or a board.

    Runs, studies of tuning and noise, comparisons of classifiers, entries and boards are given by their folder, all but entries and
    boards also by name, a run by the beginning of it. The commands show the circuits of a generator.
    """


@show.command(hidden=True)
@click.argument("names", nargs=-1, required=True, shell_complete=complete.shown)
@click.option("--format", "form", type=click.Choice(FORMATS), help=HOW)
@json_option
def definition(names: tuple[str, ...], form: str | None, as_json: bool) -> int:
    """Show tasks and generators, or runs, entries and boards.

    The latter by their folder, a run also by its name; of several, one line each.
    """
    from qaugbench.board.result_folders import is_result, result_folders
    from qaugbench.catalogue import is_definition

    form = "json" if as_json else form
    if "" in names:
        raise click.UsageError("A name is empty.", _context())
    studies = _studies(names)
    if studies:
        return _show_studies(studies, form)
    begun = _ambiguous(names)
    if begun and form in (None, "table"):
        say(begun)
        return 0
    meant = [name for name in names if is_result(name) or (not is_definition(name) and _is_place(name))]
    others = [name for name in names if name not in meant]
    if not meant or not all(map(is_definition, others)):
        return _show_definitions(others, form)
    if others:
        both = f"{meant[0]!r} is a result and {others[0]!r} a definition: show either one kind or the other at a time."
        raise click.UsageError(both, _context())
    return _show_results(result_folders(names), form)


def _ambiguous(names: Sequence[str]) -> str | None:
    """Return the runs whose names begin with the one name given, with date and state; None where it means one thing."""
    from qaugbench.board.result_folders import is_result, is_unfinished_run
    from qaugbench.catalogue import is_definition
    from qaugbench.report.run_list import listed_runs, runs_text

    if len(names) > 1 or is_result(names[0]) or is_definition(names[0]) or is_unfinished_run(names[0]):
        return None
    found = [run for run in listed_runs() if run.path.name.startswith(names[0])]
    if len(found) < 2:
        return None
    said = f"{shown(names[0])!r} begins the names of {len(found)} runs, the newest first:"
    return f"{said}\n{runs_text(found, width=terminal_width())}"


def _context() -> click.Context:
    """Return the context of 'show', whose help a person can ask for; that of the hidden command is nobody's."""
    context = click.get_current_context()
    return context.parent or context


def _studies(names: Sequence[str]) -> list[Path]:
    """Return the folders of studies, of tuning and noise, and of comparisons; UsageError where there are other things as well."""
    from qaugbench.report.comparison_list import comparison_folder
    from qaugbench.report.noise_list import noise_folder
    from qaugbench.report.study_list import study_folder

    found = {name: study_folder(name) or noise_folder(name) or comparison_folder(name) for name in names}
    studies = [folder for folder in found.values() if folder is not None]
    if studies and len(studies) < len(found):
        other = next(name for name, folder in found.items() if folder is None)
        raise click.UsageError(
            f"{str(studies[0])!r} is a study and {other!r} is not: show studies by themselves.",
            _context(),
        )
    return studies


def _show_studies(folders: Sequence[Path], form: str | None) -> int:
    if form not in (None, "table", "json"):
        raise click.UsageError(f"--format {form} is for runs, entries and boards.", _context())
    found = [_read_study(folder) for folder in folders]
    if form == "json":
        print_json([data for data, _ in found])
    else:
        say("\n\n".join(text for _, text in found))
    return 0


def _read_study(folder: Path) -> tuple[dict[str, Any], str]:
    """Return a study as plain data and as text."""
    from qaugbench.report.comparison_list import is_comparison
    from qaugbench.report.noise_list import is_noise_study

    if is_comparison(folder):
        from qaugbench.classification import text as of_classifiers
        from qaugbench.classification.stored import stored_comparison

        compared = stored_comparison(folder)
        return compared.to_dict(), of_classifiers.table(compared, terminal_width())
    if is_noise_study(folder):
        from qaugbench.ablation import findings, stored, text

        of_noise = stored.stored_noise(folder)
        return findings.study_data(of_noise), text.table(of_noise, terminal_width())
    from qaugbench.tuning.stored import stored_study
    from qaugbench.tuning.text import table

    found = stored_study(folder)
    return found.to_dict(), table(found, terminal_width())


def _is_place(name: str) -> bool:
    """Return whether a name that is neither a result nor a definition can only mean a folder, or begins the name of a run."""
    from qaugbench.board.result_folders import is_unfinished_run, runs_beginning

    return SEP in name or Path(name).exists() or is_unfinished_run(name) or bool(runs_beginning(name))


def _show_definitions(names: Sequence[str], form: str | None) -> int:
    from qaugbench.catalogue import definition_facts, show_definition

    facts = [definition_facts(name) for name in names]
    if form == "json":
        print_json(facts)
        return 0
    if form not in (None, "table"):
        words = f"--format {form} is for runs, entries and boards; {names[0]!r} is a task or a generator."
        raise click.UsageError(words, _context())
    say("\n\n".join(show_definition(name, width=terminal_width()) for name in names))
    return 0


def _show_results(folders: Sequence[Path], form: str | None) -> int:
    """Print records in one form; 1 if any does not hold what it claims."""
    from qaugbench.board.reader import record_of
    from qaugbench.errors import EntryError

    found = list(each(folders, record_of))
    records = {path: record for path, record in found if not isinstance(record, EntryError)}
    changed = [path for path, record in records.items() if warned_of_change(path, record)]
    ok = len(records) - len(changed) == len(folders)
    if form == "json":
        print_json([record.model_dump(mode="json") for record in records.values()], ok=ok)
    elif records:
        say(_text(list(records.values()), form or ("table" if len(folders) == 1 else "lines")))
    return int(not ok)


def _text(records: Sequence[Record], form: str) -> str:
    from qaugbench.report.latex import latex_tables
    from qaugbench.report.score_rows import csv_text, score_rows
    from qaugbench.report.summary_line import summary_line
    from qaugbench.report.tables import markdown_summary, summary_table
    from qaugbench.text_table import wrapped

    width = terminal_width()
    if form == "csv":
        return csv_text(row for record in records for row in score_rows(record))
    if form == "lines":
        return "\n".join(wrapped(summary_line(record), "* ", width) for record in records)
    makers = {"markdown": markdown_summary, "latex": latex_tables}
    return "\n\n".join(makers[form](record) if form in makers else summary_table(record, width) for record in records)
