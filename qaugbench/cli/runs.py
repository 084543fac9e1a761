"""Commands that compute: a run and its estimate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, say_fitted, terminal_width
from qaugbench.cli.root import cli, interrupted, say, tell
from qaugbench.errors import shown
from qaugbench.experiment.busy import busy
from qaugbench.places import RUNS


def _key_values(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Return the pairs of a repeated KEY=VALUE option; of a key given twice, the last value."""
    for pair in given:
        if not pair.partition("=")[0] or "=" not in pair:
            raise click.BadParameter(f"{shown(pair)!r} is not KEY=VALUE, for example partition=gpu.")
    return {key: value for key, _, value in (pair.partition("=") for pair in given)}


class Fraction(click.types.FloatParamType):
    """A number; one written as a percentage or with a comma is answered with how to write it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return ``value`` as a float."""
        try:
            return float(value)
        except ValueError:
            written = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(%?)", str(value).strip())
            number = float(written[1].replace(",", ".")) / (100 if written[2] else 1) if written else 0.1
            self.fail(f"{shown(value)!r} is not a number in (0, 1]: write {number:g}.", param, ctx)


DATA_OPTIONS = (
    click.option("--task", required=True, shell_complete=complete.tasks, help="Task: see 'qaugbench list tasks'."),
    click.option(
        "--generator",
        "generators",
        multiple=True,
        shell_complete=complete.generators,
        help="Generator, with its controls; repeat for several. folder:PATH scores images, finetune:PATH adapts weights.",
    ),
    click.option(
        "--data",
        type=click.Path(path_type=Path),
        help="Your images: folder, .zip, .csv or MedMNIST .npz; PNG, JPEG, DICOM or NIfTI (see the README).",
    ),
    click.option(
        "--source",
        shell_complete=complete.sources,
        help="Name of the data: names a board; phantom: images drawn by a program. Default: the file's name, or the task's "
        "default source if it is prepared here.",
    ),
    click.option(
        "--track",
        default="lite",
        show_default=True,
        shell_complete=complete.tracks,
        help="How much: smoke, lite, standard or full.",
    ),
    click.option(
        "--fraction",
        type=Fraction(),
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
)
ARM_OPTIONS = (
    click.option(
        "--classifier",
        "classifiers",
        multiple=True,
        shell_complete=complete.classifiers,
        help="Compare this classifier, its controls and the recipe instead, on real images; repeat for several. With "
        "--generator, also what generators add under each.",
    ),
    click.option(
        "--no-plateau-check",
        is_flag=True,
        help="Do not find out whether twice the classifier's steps would still help (two more trainings per fraction).",
    ),
    click.option(
        "--no-metrics",
        is_flag=True,
        help="Do not appraise the synthetic images: copies, collapse, labels, fidelity (docs/metrics.md).",
    ),
    click.option(
        "--extractor",
        "extractors",
        multiple=True,
        metavar="NAME[=WEIGHTS]",
        help="Measure the synthetic images on the features of a further network too (or lpips), as 'qaugbench metrics' does; "
        "repeat for several.",
    ),
    click.option(
        "--arm",
        "arms",
        multiple=True,
        metavar="NAME",
        help="Optional arm, or all; repeat for several. See 'qaugbench list arms'. No verdict rests on one.",
    ),
    click.option(
        "--execution",
        "executions",
        multiple=True,
        metavar="NAME",
        help="Draw the images of generators with circuits on a noisy device too, from the same fits, and train on them: a preset "
        "('qaugbench list presets'), fake:NAME or a .toml file; repeat for several. See docs/noise.md.",
    ),
    click.option(
        "--ratio", type=float, help="Images in the further slots per real one, in every arm; replaces the task's."
    ),
    click.option(
        "--no-test",
        is_flag=True,
        help="Withhold test scores, as tuning needs: scores are those on validation images, and no entry can be made.",
    ),
    click.option(
        "--recipe",
        type=click.Choice(["A", "B"]),
        default="A",
        show_default=True,
        help="Classifier: A, the track's own; B, its second one, a robustness column without verdicts.",
    ),
)
MACHINE_OPTIONS = (
    click.option("--jobs", type=int, help="Processes, one thread each. Default: all cores, or 1 on a GPU."),
    click.option(
        "--backend",
        default="loky",
        show_default=True,
        help="Where to compute: loky (this machine), dask or slurm (see docs/clusters.md).",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="With dask: the scheduler's address or file. Default: Dask's configuration, else workers of this machine.",
    ),
    click.option(
        "--slurm",
        "slurm",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_key_values,
        help="With slurm: partition=gpu, time=60 (minutes), mem_gb=8, ...; repeat for several.",
    ),
    click.option("--accelerator", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=RUNS,
        show_default=True,
        help="Folder of runs and their store.",
    ),
)


def run_options(command: Any) -> Any:
    """Add the options that describe a run: its data, what is trained, and where."""
    for option in reversed((*DATA_OPTIONS, *ARM_OPTIONS, *MACHINE_OPTIONS)):
        command = option(command)
    return command


def _checked(options: dict[str, Any]) -> Any:
    """Return what the options ask for, after every check that needs no PyTorch: a typo is answered at once."""
    from qaugbench.experiment.check_request import check_request

    if not options["generators"]:
        context = click.get_current_context()
        raise click.MissingParameter(
            ctx=context, param=next(one for one in context.command.params if one.name == "generators")
        )
    request = _requested(options)
    check_request(request)
    return request


def _requested(options: dict[str, Any]) -> Any:
    """Return the options of a run as plain data."""
    from qaugbench.experiment.request import RunRequest

    switches = {
        "plateau_check": not options.pop("no_plateau_check"),
        "metrics": not options.pop("no_metrics"),
        "withhold_test": options.pop("no_test"),
    }
    return RunRequest(**{**options, "fraction": options["fraction"] or None, **switches})


def _compared(classifiers: tuple[str, ...], options: dict[str, Any]) -> Any:
    """Return the comparison of classifiers that the options ask for, its names checked."""
    from qaugbench.classification.request import ClassifierRequest, check_names

    request = ClassifierRequest(classifiers, _requested(options))
    check_names(request)
    return request


@cli.command()
@run_options
@json_option
@click.option("--quiet", is_flag=True, help="No progress, only warnings about the data; the log is still written.")
def run(as_json: bool, quiet: bool, classifiers: tuple[str, ...], **options: Any) -> int:
    """Run generators against the best real-only training.

    Generators, their controls and the real-only arms are trained and compared; printed are the differences from R*, with
    intervals, and the verdicts. With --classifier, classifiers are compared instead (docs/classifiers.md).
    """
    if classifiers:
        return _compare(_compared(classifiers, {**options, "quiet": quiet}), as_json=as_json)
    if not quiet:
        tell("Checking the request ...")
    request = _checked({**options, "quiet": quiet})
    from qaugbench.experiment.command import resuming
    from qaugbench.experiment.run import perform
    from qaugbench.report.failures import failure_text
    from qaugbench.report.tables import summary_table

    try:
        result = perform(request)
    except KeyboardInterrupt:
        interrupted(resuming(request))
    if as_json:
        print_json([result.record.model_dump(mode="json")], ok=not result.failed)
    else:
        say(summary_table(result.record, terminal_width(), failures=False))
        click.echo(f"Report: {result.report}")
        click.echo(f"Record: {result.folder / 'record.json'}")
        if result.failed:
            say(failure_text(result.record, str(result.folder / "log.txt")))
    return int(result.failed)


def _compare(request: Any, *, as_json: bool) -> int:
    """Compare classifiers and print what was found."""
    from qaugbench.classification.classify import PAGE, classify
    from qaugbench.classification.text import table
    from qaugbench.places import CLASSIFIERS_FILE

    try:
        found, folder = classify(request)
    except KeyboardInterrupt:
        interrupted(request.resuming)
    if as_json:
        print_json([found.to_dict()], ok=not found.failed)
    else:
        say(table(found, terminal_width()))
        click.echo(f"\nReport: {folder / PAGE}\nComparison: {folder / CLASSIFIERS_FILE}")
    return int(found.failed)


@cli.command()
@run_options
@json_option
def estimate(as_json: bool, classifiers: tuple[str, ...], **options: Any) -> None:
    """Say how long a run would take here.

    From finished cells of the store, else by timing a few steps of each stage.
    """
    tell("Checking the request ...")
    from dataclasses import asdict

    if classifiers:
        from qaugbench.classification.classify import estimate_comparison

        estimated = estimate_comparison(_compared(classifiers, options), working=busy)
    else:
        request = _checked(options)
        from qaugbench.experiment.estimate import estimate_run

        estimated = estimate_run(request, working=busy)
    if as_json:
        print_json([asdict(estimated)])
    else:
        say_fitted(estimated.text())
