"""The command that tunes a generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, terminal_width
from qaugbench.cli.root import cli, say
from qaugbench.cli.runs import Fraction
from qaugbench.places import RUNS


@cli.command()
@click.option("--task", required=True, shell_complete=complete.tasks, help="Task: see 'qaugbench list tasks'.")
@click.option(
    "--generator",
    required=True,
    shell_complete=complete.generators,
    help="Generator, or one of its controls, such as qldm:twin.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Your images, as for 'qaugbench run'.")
@click.option(
    "--source",
    shell_complete=complete.sources,
    help="Name of the data. Default: the file's name, or the task's default source.",
)
@click.option(
    "--track", default="lite", show_default=True, shell_complete=complete.tracks, help="Track whose settings are tuned."
)
@click.option("--fraction", type=Fraction(), help="Fraction of the training patients. Default: the track's first.")
@click.option("--trials", type=int, default=20, show_default=True, help="Budget; equal for all that are compared.")
@click.option("--replicates", type=int, default=2, show_default=True, help="Tuning replicates of each trial.")
@click.option(
    "--steps", type=int, help="Training steps of every trial, such as a third of the track's. Default: the track's."
)
@click.option("--split", metavar="COLUMN", help="Column of labels.csv that says train, val or test; or fold:J/K.")
@click.option("--allow-leaky-split", is_flag=True, help="Use --split although patients cross it.")
@click.option("--jobs", type=int, help="Processes, one thread each. Default: all cores, or 1 on a GPU.")
@click.option("--accelerator", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, show_default=True, help="Folder of runs.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress; the log is still written.")
def tune(as_json: bool, **options: Any) -> int:
    """Tune a generator on validation images.

    A design of trials that is fixed in advance, the untuned default first, over the table [tune] of the generator's file;
    no test image is read. Printed are every trial, how far trials differ beside the noise between replicates, and the lines
    to paste where the best one exceeds the default by more than that.
    """
    from qaugbench.tuning.text import table
    from qaugbench.tuning.tune import TuneRequest
    from qaugbench.tuning.tune import tune as tuned

    found, folder = tuned(TuneRequest(**options))
    failed = any(result.outcome == "error" for result in found.results)
    if as_json:
        print_json([found.to_dict()], ok=not failed)
    else:
        say(table(found, terminal_width()))
        click.echo(f"\nTrials: {folder / 'tuning.json'}\nCurve: {folder / 'tuning.png'}")
    return int(failed)
