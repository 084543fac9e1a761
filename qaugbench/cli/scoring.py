"""Commands that read finished runs and entries: reports, scores, leaderboards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from qaugbench.cli.root import NearNamesGroup, cli, say


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write the HTML report of a finished run again."""
    from qaugbench.report.html import write_report

    click.echo(f"Report: {write_report(folder)}")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--endpoint", help="Endpoint of the record; the primary one by default.")
@click.option("--difference", type=float, help="The smallest difference that matters; replaces the task's margin.")
@click.option("--json", "as_json", is_flag=True)
def power(folder: Path, endpoint: str | None, difference: float | None, as_json: bool) -> None:
    """Say what a larger run could show, from a finished one.

    Told from the variances of a finished run or entry, before anything larger is computed.
    """
    from dataclasses import asdict

    from qaugbench.report.planning import power_tables, power_text

    if as_json:
        tables = power_tables(folder, endpoint=endpoint, difference=difference)
        click.echo(json.dumps({key: asdict(table) for key, table in tables.items()}, indent=1))
        return
    say(power_text(folder, endpoint=endpoint, difference=difference))


@cli.command()
@click.option("--full", is_flag=True, help="2,000 simulations per check, minutes on all cores; else a short form.")
@click.option("--only", multiple=True, help="Only checks whose name contains this; repeat for several.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes, one thread each. Default: all cores.")
@click.option("--json", "as_json", is_flag=True)
def selftest(full: bool, only: tuple[str, ...], jobs: int | None, as_json: bool) -> int:
    """Check the statistics by simulation.

    Error rates, coverage and power, and that broken versions of the statistics are caught.
    """
    from qaugbench.stats.selftest.parallel import processes
    from qaugbench.stats.selftest.run import run_selftest

    with processes(jobs) as map_blocks:
        found = run_selftest(full=full, only=only or None, map_blocks=map_blocks, progress=_progress)
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else found.table())
    return int(not found.passed)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total} blocks{chr(10) * (done == total)}", nl=False, err=True)


@cli.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
def folds(folders: tuple[Path, ...]) -> None:
    """Score the runs of all folds together.

    For classes too rare for one test set: the runs of 'run --split fold:1/5' to fold:5/5.
    """
    from qaugbench.report.folds import folds_text

    say(folds_text(folders))


@cli.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
def rescore(folders: tuple[Path, ...]) -> None:
    """Score runs or entries again with this version.

    Everything is computed from the stored predictions; records of schema 1 and 2 become records of schema 3.
    """
    from qaugbench.board.rescore import rescore as rescore_results
    from qaugbench.report.html import write_report
    from qaugbench.report.tables import summary_table

    for folder in folders:
        say(summary_table(rescore_results(folder)))
        if (folder / "record.json").is_file():
            click.echo(f"Report: {write_report(folder)}")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("leaderboards"), show_default=True)
def submit(folder: Path, out: Path) -> None:
    """Write the leaderboard entry of a finished run.

    The entry is a folder that is submitted by pull request.
    """
    from qaugbench.board.entry import submit as write_entry

    click.echo(f"Entry: {write_entry(folder, out)}")


@cli.command()
@click.argument("entries", type=click.Path(path_type=Path), nargs=-1, required=True)
def verify(entries: tuple[Path, ...]) -> None:
    """Recompute every number of entries or runs.

    From the stored predictions; a mismatch is refused. Needs no torch.
    """
    from qaugbench.board.verify import verify as verify_entry

    for entry in entries:
        checked = verify_entry(entry)
        click.echo(f"{entry}: verified. {checked.n_numbers:,} numbers recomputed from {checked.n_logits:,} logits.")


@cli.group(cls=NearNamesGroup)
def leaderboard() -> None:
    """Build the leaderboards from entries."""


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path("leaderboards"))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; standard output by default.")
def build(root: Path, out: Path | None) -> None:
    """Verify every entry under ROOT and render the boards as Markdown."""
    from qaugbench.board.leaderboard import build as build_boards

    built = build_boards(root, out)
    say(built if out is None else f"Leaderboard: {out}")
