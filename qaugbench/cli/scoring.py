"""Commands that read finished runs, entries and boards: reports, scores, power."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import each, json_option, print_json, terminal_width, warned_of_change
from qaugbench.cli.root import cli, say
from qaugbench.errors import printable, shown
from qaugbench.places import RESULTS

if TYPE_CHECKING:
    from qaugbench.board.checked import Checked
    from qaugbench.classification.verified import CheckedComparison
    from qaugbench.record import Record


def results_argument(command: Any) -> Any:
    """Add the runs, entries and boards that a command takes."""
    return click.argument("names", metavar="RESULT...", nargs=-1, required=True, shell_complete=complete.results)(
        command
    )


@cli.command()
@results_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the pages. Default: a run's own folder; the present one for an entry, which nothing is added to.",
)
@json_option
def report(names: tuple[str, ...], out: Path | None, as_json: bool) -> int:
    """Write the HTML report of runs or entries again.

    RESULT is a run, an entry or a board, by its folder; a run also by its name.
    """
    from qaugbench.board.reader import record_of
    from qaugbench.board.result_folders import is_run, result_folders
    from qaugbench.errors import EntryError
    from qaugbench.report.card import write_cards
    from qaugbench.report.html import write_report

    folders, results = result_folders(names), []
    unchanged = True

    def write(folder: Path) -> Path:
        if is_run(folder):
            write_cards(folder, record_of(folder))
        return write_report(folder, out)

    for path, page in each(folders, write):
        failed = isinstance(page, EntryError)
        results.append({"path": str(path), "error" if failed else "report": str(page)})
        if not failed:
            unchanged = not warned_of_change(path, record_of(path)) and unchanged
        if not as_json and not failed:
            say(f"Report: {page}")
    return _end(results, as_json, ok=unchanged)


@cli.command()
@click.argument("name", metavar="RESULT", shell_complete=complete.results)
@click.option("--endpoint", help="Endpoint of the record; the primary one by default.")
@click.option("--difference", type=float, help="The smallest difference that matters; replaces the task's margin.")
@json_option
def power(name: str, endpoint: str | None, difference: float | None, as_json: bool) -> None:
    """Say what a larger run could show, from a finished one.

    Told from the variances of a finished run or entry, before anything larger is computed.
    """
    from dataclasses import asdict

    from qaugbench.board.result_folders import result_folders
    from qaugbench.report.planning import power_tables, power_text

    folders = result_folders([name])
    if len(folders) > 1:
        raise click.UsageError(f"{name} has {len(folders)} entries; give one of them.", click.get_current_context())
    if as_json:
        tables = power_tables(folders[0], endpoint=endpoint, difference=difference)
        print_json({"fraction": key, **asdict(table)} for key, table in tables.items())
        return
    say(power_text(folders[0], endpoint=endpoint, difference=difference, width=terminal_width()))


@cli.command()
@click.option("--full", is_flag=True, help="2,000 simulations per check, minutes on all cores; else a short form.")
@click.option("--only", multiple=True, help="Only checks whose name contains this; repeat for several.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes, one thread each. Default: all cores.")
@json_option
def selftest(full: bool, only: tuple[str, ...], jobs: int | None, as_json: bool) -> int:
    """Check the statistics by simulation.

    Error rates, coverage and power, and that broken versions of the statistics are caught.
    """
    from qaugbench.stats.selftest.parallel import over_processes
    from qaugbench.stats.selftest.run import run_selftest

    found = run_selftest(full=full, only=only or None, map_blocks=over_processes(jobs), progress=_progress)
    if as_json:
        print_json([found.to_dict()], ok=found.passed)
    else:
        click.echo(found.table())
    return int(not found.passed)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total} blocks{chr(10) * (done == total)}", nl=False, err=True)


@cli.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.comparisons)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Of comparisons of classifiers: folder for the one over all folds."
)
@json_option
def folds(names: tuple[str, ...], out: Path | None, as_json: bool) -> int:
    """Score the runs of all folds together.

    For classes too rare for one test set: the runs of 'run --split fold:1/5' to fold:5/5, or their comparisons of classifiers.
    """
    from dataclasses import asdict

    from qaugbench.board.result_folders import result_folders
    from qaugbench.report.comparison_list import split_off
    from qaugbench.report.folds import folds_scores, folds_text

    comparisons, others = split_off(names)
    if comparisons and others:
        both = f"{str(comparisons[0])!r} is a comparison of classifiers and {others[0]!r} is not: give the folds of one kind."
        raise click.UsageError(both, click.get_current_context())
    if comparisons:
        return _compared_folds(comparisons, out, as_json=as_json)
    if out is not None:
        raise click.UsageError("--out is for comparisons of classifiers.", click.get_current_context())
    folders = result_folders(names)
    if as_json:
        print_json({"fraction": key, **asdict(one)} for key, found in folds_scores(folders).items() for one in found)
    else:
        say(folds_text(folders, terminal_width()))
    return 0


def _compared_folds(folders: list[Path], out: Path | None, *, as_json: bool) -> int:
    """Print the comparison over all folds; 1 if any training failed."""
    from qaugbench.classification.folds import over_folds
    from qaugbench.classification.stored import PAGE
    from qaugbench.classification.text import table
    from qaugbench.places import CLASSIFIERS_FILE

    together = over_folds(folders)
    written = None if out is None else together.write(out)
    if as_json:
        print_json([together.found.to_dict()], ok=not together.found.failed)
        return int(together.found.failed)
    say(table(together.found, terminal_width()))
    if written is not None:
        click.echo(f"\nReport: {written / PAGE}\nComparison: {written / CLASSIFIERS_FILE}")
    return int(together.found.failed)


@cli.command()
@click.argument("names", metavar="COMPARISON...", nargs=-1, required=True, shell_complete=complete.comparisons)
@click.option(
    "--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True, help="Folder of all entries."
)
@json_option
def keep(names: tuple[str, ...], out: Path, as_json: bool) -> int:
    """Keep comparisons of classifiers among the results.

    COMPARISON is what 'run --classifier' or 'folds --out' wrote, by its folder or name. It is checked, and written with its
    predictions on test images into 'classifiers' below --out, where 'verify' and 'list claims' find it.
    """
    from qaugbench.classification.kept import keep as keep_comparison
    from qaugbench.errors import EntryError
    from qaugbench.report.comparison_list import split_off

    folders, others = split_off(names)
    if others:
        raise EntryError(
            f"{shown(others[0], None)} is no comparison of classifiers. Give the folder that 'run --classifier' printed."
        )
    results = []
    for path, kept in each(folders, lambda folder: keep_comparison(folder, out)):
        failed = isinstance(kept, EntryError)
        results.append({"path": str(path), "error" if failed else "kept": str(kept)})
        if not as_json and not failed:
            say(f"Kept: {kept}")
    return _end(results, as_json)


@cli.command()
@click.argument("names", metavar="[RESULT | GENERATOR]...", nargs=-1, shell_complete=complete.cited)
def cite(names: tuple[str, ...]) -> None:
    """Print BibTeX of this software, of results and of generators.

    RESULT is a run, an entry or a board, by its folder; a run also by its name. Of each are printed the run itself, its data
    and the papers of its generators. Of a GENERATOR are printed its paper and, where another package brings it, that package.
    """
    from qaugbench import definitions
    from qaugbench.board.cite import cite as bibtex
    from qaugbench.board.result_folders import is_result, result_folders

    known = definitions.generator_names()
    generators = [name for name in names if name in known and not is_result(name)]
    say(bibtex(result_folders(name for name in names if name not in generators), generators))


@cli.command()
@results_argument
@click.option("--write", is_flag=True, help="Write the scores into the run or entry; else they are only printed.")
@json_option
def rescore(names: tuple[str, ...], write: bool, as_json: bool) -> int:
    """Score runs or entries again with this version.

    RESULT is a run, an entry or a board, by its folder; a run also by its name. Everything is computed from the stored
    predictions; records of schema 1 and 2 become records of schema 3. Nothing is changed without --write.
    """
    from qaugbench.board.rescore import rescored
    from qaugbench.board.result_folders import is_run, result_folders
    from qaugbench.errors import EntryError
    from qaugbench.report.html import write_report
    from qaugbench.report.summary_line import result_facts

    folders = result_folders(names)
    results: list[dict[str, Any]] = []
    unchanged = True

    def scored(path: Path) -> tuple[Record, bool]:
        nonlocal unchanged
        found = rescored(path)
        unchanged = not _was_changed(path) and unchanged
        differs = found.differs
        return (found.write() if write else found.record), differs

    for path, found in each(folders, scored):
        if isinstance(found, EntryError):
            results.append({"path": str(path), "error": str(found)})
            continue
        record, differs = found
        page = write_report(path) if write and is_run(path) else None
        results.append({**result_facts(path, record), "differs": differs, "report": str(page) if page else None})
        if not as_json:
            say(_told(record, alone=len(folders) == 1))
            say(f"Report: {page}" if page else _kept(path, differs=differs, written=write))
    return _end(results, as_json, ok=unchanged)


def _was_changed(path: Path) -> bool:
    """Return whether the record in ``path`` was changed, which is then said; of one of an older schema nobody can tell."""
    from qaugbench.board.reader import record_of
    from qaugbench.errors import EntryError

    try:
        return warned_of_change(path, record_of(path))
    except EntryError:
        return False


def _kept(path: Path, *, differs: bool, written: bool) -> str:
    """Return what became of the folder that scores were computed for."""
    if not differs:
        return f"{path} holds these scores."
    return f"Written: {path}" if written else f"{path} holds others; --write replaces them."


@cli.command()
@click.argument("names", metavar="RESULT...", nargs=-1, required=True, shell_complete=complete.comparisons)
@json_option
def verify(names: tuple[str, ...], as_json: bool) -> int:
    """Recompute every number of runs or entries.

    RESULT is a run, a comparison of classifiers, a study of noise, an entry or a board, by its folder; the first two also by name.
    Everything is computed from the stored predictions; an entry is also compared with what its board fixes and with the
    board's other entries, and of a study of noise beside entries it is checked what can be. Exit code 1 if anything does not
    hold. Needs no torch.
    """
    from qaugbench.board.checked import Checker
    from qaugbench.board.noise_places import studies_below
    from qaugbench.board.result_folders import is_result, result_folders
    from qaugbench.board.trust import STATED
    from qaugbench.classification.verified import CheckedComparison, checked_comparison
    from qaugbench.errors import EntryError
    from qaugbench.report.card import check_cards
    from qaugbench.report.comparison_list import is_comparison, split_off
    from qaugbench.stats.wording import listed

    checker = Checker()

    def look(path: Path) -> Checked | CheckedComparison:
        if is_comparison(path):
            return checked_comparison(path)
        found = checker(path)
        check_cards(path, found.record)
        return found

    comparisons, others = split_off(names)
    studies = {name: studies_below(Path(name)) for name in names}
    kept = [path for found in studies.values() for path in found]
    named = [name for name in others if not studies[name] or is_result(name)]
    folders, results = [*result_folders(named), *comparisons], []
    for path, checked in each(folders, look):
        facts: dict[str, Any] = {"path": str(path), "holds": not isinstance(checked, EntryError)}
        if isinstance(checked, EntryError):
            results.append({**facts, "error": str(checked)})
            words = "does not hold."
        else:
            results.append({**facts, **checked.facts()})
            words = f"holds. {checked.n_numbers:,} numbers recomputed from {checked.n_logits:,} logits."
            if not isinstance(checked, CheckedComparison):
                words += "" if checked.trust is None else f" Trust: {checked.trust.words}."
                for warning in checked.warnings:
                    click.echo(f"warning: {printable(f'{path}: {warning}')}", err=True)
        if not as_json:
            say(f"{path}: {words}")
    if not as_json and any("trust" in one for one in results):
        say(f"Stated by entries and not recomputed: {listed(STATED)} (docs/trust.md).")
    results += _studies(kept, as_json=as_json)
    if not as_json and len(results) > 1:
        say(f"{sum(one['holds'] for one in results)} of {len(results)} hold.")
    return _end(results, as_json)


def _studies(paths: list[Path], *, as_json: bool) -> list[dict[str, Any]]:
    """Return what was found of studies of noise beside entries, and say it."""
    if not paths:
        return []
    from qaugbench.ablation.study_checks import check_study
    from qaugbench.board.noise_places import NOT_RECOMPUTED
    from qaugbench.errors import EntryError
    from qaugbench.stats.wording import listed

    results: list[dict[str, Any]] = []
    for path, study in each(paths, check_study):
        if isinstance(study, EntryError):
            results.append({"path": str(path), "holds": False, "error": str(study)})
            words = "does not hold."
        else:
            results.append({"path": str(path), "holds": True, "sha256": study.sha256})
            words = "holds. A study of noise: it says nothing that cannot be."
        if not as_json:
            say(f"{path}: {words}")
    if not as_json:
        say(f"Stated by studies and not recomputed: {listed(list(NOT_RECOMPUTED))}.")
    return results


def _end(results: list[dict[str, Any]], as_json: bool, *, ok: bool = True) -> int:
    """Return the exit code of a command that looked at several results, after printing them if JSON is asked for."""
    ok = ok and not any("error" in one for one in results)
    if as_json:
        print_json(results, ok=ok)
    return int(not ok)


def _told(record: Any, *, alone: bool) -> str:
    """Return a record as its table where it is the only one, else as one line."""
    from qaugbench.report.summary_line import summary_line
    from qaugbench.report.tables import summary_table
    from qaugbench.text_table import wrapped

    return summary_table(record, terminal_width()) if alone else wrapped(summary_line(record), "* ", terminal_width())
