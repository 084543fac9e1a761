"""The command line: each command calls one function of the API and prints what it returns."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from qaugbench import __version__
from qaugbench.errors import QaugbenchError, near_names

EPILOG = "Exit codes: 0 done, 1 some cells failed or a check did not pass, 2 bad input or unusable environment, 130 interrupted."


class NearNamesGroup(click.Group):
    """A group that answers an unknown command with near ones."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}.{near_names(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=NearNamesGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="qaugbench")
def cli() -> None:
    """Does synthetic data from quantum generative models help a medical image classifier, and is it the quantum part?"""


def main() -> NoReturn:
    """Run the command line; bad input is one message on standard error and exit code 2."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except QaugbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _interrupted() -> NoReturn:
    click.echo("Interrupted. Finished cells are kept; the same command resumes.", err=True)
    sys.exit(130)


def run_options(command: Any) -> Any:
    """Add the options that describe a run."""
    options = [
        click.option("--task", required=True, help="Task: see 'qaugbench list tasks'."),
        click.option(
            "--generator",
            "generators",
            multiple=True,
            required=True,
            help="Generator; repeat for several. Its controls come along.",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="Your images: folder, .zip or .csv; PNG, JPEG, DICOM or NIfTI (see the README).",
        ),
        click.option(
            "--source", help="Name of the data: names a board. Default: the file's name, or the task's default source."
        ),
        click.option("--track", default="lite", show_default=True, help="How much: smoke, lite, standard or full."),
        click.option(
            "--fraction",
            type=float,
            multiple=True,
            help="Fraction of the training patients, in (0, 1]; replaces the track's.",
        ),
        click.option("--replicates", type=int, help="Full repetitions; replaces the track's."),
        click.option(
            "--split",
            metavar="COLUMN",
            help="Column of labels.csv that says train, val or test; or fold:J/K, fold J of K.",
        ),
        click.option(
            "--allow-leaky-split", is_flag=True, help="Use --split although patients cross it; the record is marked."
        ),
        click.option("--jobs", type=int, help="Processes, one thread each. Default: all cores, or 1 on a GPU."),
        click.option(
            "--backend", default="loky", show_default=True, help="joblib backend: loky, or dask for a cluster."
        ),
        click.option("--accelerator", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=Path("runs"),
            show_default=True,
            help="Folder of runs and their store.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _request(options: dict[str, Any]) -> Any:
    from qaugbench.experiment.run import RunRequest

    return RunRequest(
        **{**options, "generators": tuple(options["generators"]), "fraction": options["fraction"] or None}
    )


@cli.command()
@run_options
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="No progress; the log is still written.")
def run(as_json: bool, quiet: bool, **options: Any) -> int:
    """Run generators and their controls against classical augmentation and print the deltas with intervals."""
    from qaugbench.experiment.run import perform
    from qaugbench.record import record_text
    from qaugbench.report.tables import summary_table

    result = perform(_request({**options, "quiet": quiet}))
    if as_json:
        click.echo(record_text(result.record), nl=False)
    else:
        click.echo(summary_table(result.record))
        click.echo(f"Report: {result.report}")
        click.echo(f"Record: {result.folder / 'record.json'}")
    return int(result.failed)


@cli.command()
@run_options
@click.option("--json", "as_json", is_flag=True)
def estimate(as_json: bool, **options: Any) -> None:
    """Say how long a run would take here: from finished cells of the store, else by timing a few steps of each stage."""
    from dataclasses import asdict

    from qaugbench.experiment.estimate import estimate_run

    estimated = estimate_run(_request({**options, "quiet": True}))
    click.echo(json.dumps(asdict(estimated), indent=1) if as_json else estimated.text())


@cli.command(name="list")
@click.argument("what", required=False)
@click.option("--json", "as_json", is_flag=True)
def list_(what: str | None, as_json: bool) -> None:
    """List tasks, generators, sources or tracks (all of them without an argument)."""
    from qaugbench.catalogue import catalogue, catalogue_text

    click.echo(json.dumps(catalogue(what), indent=1) if as_json else catalogue_text(what))


@cli.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def show(name: str, as_json: bool) -> None:
    """Show a task, a generator, or the table of a finished run (its folder)."""
    from qaugbench.catalogue import show_definition

    if (Path(name) / "record.json").is_file():
        from qaugbench.record import read_record, record_text
        from qaugbench.report.tables import summary_table

        record = read_record(Path(name))
        click.echo(record_text(record) if as_json else summary_table(record))
        return
    click.echo(show_definition(name, as_json=as_json))


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
    """Say what a larger run could show, from the variances of a finished run or entry, before it is computed."""
    from dataclasses import asdict

    from qaugbench.report.planning import power_tables, power_text

    if as_json:
        tables = power_tables(folder, endpoint=endpoint, difference=difference)
        click.echo(json.dumps({key: asdict(table) for key, table in tables.items()}, indent=1))
        return
    click.echo(power_text(folder, endpoint=endpoint, difference=difference), nl=False)


@cli.command()
@click.option("--full", is_flag=True, help="2,000 simulations a check, minutes on all cores; else a short form.")
@click.option("--only", multiple=True, help="Only checks whose name contains this; repeat for several.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes, one thread each. Default: all cores.")
@click.option("--json", "as_json", is_flag=True)
def selftest(full: bool, only: tuple[str, ...], jobs: int | None, as_json: bool) -> int:
    """Check the statistics by simulation: error rates, coverage, power, and that broken versions of them are caught."""
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
    """Score the runs of all folds together ('run --split fold:1/5' to fold:5/5), for classes too rare for one test set."""
    from qaugbench.report.folds import folds_text

    click.echo(folds_text(folders), nl=False)


@cli.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
def rescore(folders: tuple[Path, ...]) -> None:
    """Compute the scores of runs or entries anew from their predictions, with this version's statistics."""
    from qaugbench.board.rescore import rescore as rescore_results
    from qaugbench.report.html import write_report
    from qaugbench.report.tables import summary_table

    for folder in folders:
        click.echo(summary_table(rescore_results(folder)))
        if (folder / "record.json").is_file():
            click.echo(f"Report: {write_report(folder)}")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("leaderboards"), show_default=True)
def submit(folder: Path, out: Path) -> None:
    """Write the entry bundle of a finished run, to be submitted by pull request."""
    from qaugbench.board.entry import submit as write_entry

    click.echo(f"Entry: {write_entry(folder, out)}")


@cli.command()
@click.argument("entries", type=click.Path(path_type=Path), nargs=-1, required=True)
def verify(entries: tuple[Path, ...]) -> None:
    """Recompute every number of entries or runs from their predictions; refuse a mismatch. Needs no torch."""
    from qaugbench.board.verify import verify as verify_entry

    for entry in entries:
        checked = verify_entry(entry)
        click.echo(f"{entry}: holds. {checked.n_numbers} numbers recomputed from {checked.n_logits} logits.")


@cli.group(cls=NearNamesGroup)
def leaderboard() -> None:
    """Build the leaderboard from entries."""


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path("leaderboards"))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; standard output by default.")
def build(root: Path, out: Path | None) -> None:
    """Verify every entry under ROOT and render the boards as Markdown."""
    from qaugbench.board.leaderboard import build as build_boards

    built = build_boards(root, out)
    click.echo(built if out is None else f"Leaderboard: {out}")


@cli.group(cls=NearNamesGroup)
def data() -> None:
    """Real and phantom data. Only 'get' may use the network."""


@data.command(name="list")
def data_list() -> None:
    """List the sources of each task and whether they are prepared on this machine."""
    from qaugbench.catalogue import catalogue_text

    click.echo(catalogue_text("sources"))


@data.command()
@click.argument("source")
def info(source: str) -> None:
    """Say where a source comes from, its licence and citation, and how to prepare it."""
    from qaugbench.datasets.sources import instructions

    click.echo(instructions(source), nl=False)


def jobs_option(command: Any) -> Any:
    """Add the number of processes."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=cores,
        show_default="all cores",
        help="Processes, one thread each.",
    )(command)


def cores() -> int:
    """Return how many cores this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


SIZE = "Pixels a side; by default as published (a middle size where the publisher offers several)."


@data.command()
@click.argument("source")
@click.option("--size", type=click.IntRange(min=8), help=SIZE)
@jobs_option
def get(source: str, size: int | None, jobs: int) -> None:
    """Download a source (or 'weights:TAG', pretrained classifier weights) with its checksums, prepare and audit it."""
    if source.startswith("weights:"):
        from qaugbench.downstream.weights import get_weights

        click.echo(f"Weights: {get_weights(source.removeprefix('weights:'))}")
        return
    from qaugbench.datasets.ready import get_ready

    click.echo(get_ready(source, size=size, jobs=jobs).text())


@data.command()
@click.argument("source")
@click.option(
    "--from",
    "raw",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Folder, archive or file that you fetched; repeat for several.",
)
@click.option("--size", type=click.IntRange(min=8), help=SIZE)
@jobs_option
def prepare(source: str, raw: tuple[Path, ...], size: int | None, jobs: int) -> None:
    """Check and convert a source that you fetched by hand ('data info' says which files), and audit it."""
    from qaugbench.datasets.ready import prepare_ready

    click.echo(prepare_ready(source, raw, size=size, jobs=jobs).text())


@data.command()
@click.argument("target", metavar="PATH|SOURCE")
@click.option("--task", required=True)
@click.option("--split", metavar="COLUMN", help="Audit this split instead of the one that a run would use.")
@click.option("--json", "as_json", is_flag=True)
@jobs_option
def audit(target: str, task: str, split: str | None, as_json: bool, jobs: int) -> int:
    """Find duplicates, leaks, contradicting labels, give-away borders and unusable images; exit code 1 if runs would leak."""
    from qaugbench.datasets.inspect import audit_source

    report = audit_source(target, task, split=split, jobs=jobs)
    click.echo(json.dumps(report.to_dict(), indent=1) if as_json else report.text())
    return int(not report.clean)


@data.command()
@click.argument("target", metavar="PATH|SOURCE")
@click.option("--task", required=True)
@click.option("--out", type=click.Path(path_type=Path), help="File without ending; by default card-<name> here.")
@jobs_option
def card(target: str, task: str, out: Path | None, jobs: int) -> None:
    """Write the data card of a source as Markdown and HTML: counts, licence, known problems, audit."""
    from qaugbench.datasets.inspect import write_cards

    for path in write_cards(target, task, out or Path(f"card-{Path(target).stem}"), jobs=jobs):
        click.echo(f"Card: {path}")


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--task", required=True)
@click.option("--split", metavar="COLUMN")
@click.option("--allow-leaky-split", is_flag=True)
def check(path: Path, task: str, split: str | None, allow_leaky_split: bool) -> None:
    """Check a folder or .zip in the prepared form and say what a run would use of it."""
    from qaugbench.experiment.check import check_source

    click.echo(check_source(path, task, split=split, allow_leaky=allow_leaky_split))


@data.command()
@click.option("--task", required=True)
@click.option("--patients", type=click.IntRange(min=1), default=500, show_default=True)
@click.option("--size", type=click.IntRange(min=32), default=128, show_default=True, help="Pixels a side.")
@click.argument("path", type=click.Path(path_type=Path))
def phantom(task: str, patients: int, size: int, path: Path) -> None:
    """Draw a phantom of any number of patients into PATH (.zip or folder), in the prepared form."""
    from qaugbench import definitions
    from qaugbench.datasets.phantom_source import export_phantom

    click.echo(f"Phantom: {export_phantom(definitions.task(task).id, patients, size, path)}")


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
def doctor(out: Path) -> int:
    """Check this installation and machine: packages, cores, memory, disk, GPU, definitions, circuits."""
    from qaugbench.experiment.doctor import examine

    findings = examine(out)
    for finding in findings:
        click.echo(finding.text())
    return int(any(finding.state == "fails" for finding in findings))
