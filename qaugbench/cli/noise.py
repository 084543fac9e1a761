"""The command that studies what noise costs a generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qaugbench.ablation.request import FEWEST_IMAGES, IMAGES
from qaugbench.circuits.mitigation.names import NAMES, SHORT
from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, say_fitted, terminal_width
from qaugbench.cli.root import cli, say, tell
from qaugbench.cli.runs import Fraction
from qaugbench.experiment.busy import busy
from qaugbench.places import NOISE_FILE, RUNS


class Images(click.ParamType):
    """A number of images, or 'all'."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the number, or "all"."""
        if value == "all":
            return "all"
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number of images nor 'all'.", param, ctx)


@cli.command()
@click.option("--task", required=True, shell_complete=complete.tasks, help="Task: see 'qaugbench list tasks'.")
@click.option("--generator", required=True, shell_complete=complete.generators, help="A quantum or hybrid generator.")
@click.option(
    "--axis",
    "axes",
    multiple=True,
    metavar="NAME[=VALUES]",
    help="One kind of error alone, such as two_qubit=0,0.001,0.01; repeat for several. Default: two_qubit on its own grid, unless "
    "there is a --device. See docs/noise.md.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="NAME",
    help="A device: a preset ('qaugbench list presets'), fake:NAME (circuits are routed) or a .toml file; repeat for several.",
)
@click.option("--scale", is_flag=True, help="Each device 0, 0.1, 0.3, 1, 3 and 10 times as strong.")
@click.option(
    "--recipe-levels",
    is_flag=True,
    help="Train the classifier too, at 0, 1, 3 and 10 times each device, and on the twin's images.",
)
@click.option(
    "--mode",
    type=click.Choice(["sample", "both", "train"]),
    default="sample",
    show_default=True,
    help="Where the noise acts: images are drawn under it, from the fit of a run; the generator is fitted under it too; or only "
    "fitted. The last two at 0, 1 and 3 times each device (fake:NAME: at 0 and 1).",
)
@click.option(
    "--mitigation",
    "mitigations",
    type=click.Choice(["none", *NAMES, *SHORT]),
    multiple=True,
    metavar="NAME",
    help="Draw every level also with its noise mitigated: readout, zero-noise (zne), zero-noise-exponential, or "
    "readout-and-zero-noise (readout+zne); repeat for several.",
)
@click.option(
    "--images",
    type=Images(),
    help=f"Images of a level in each replicate, {FEWEST_IMAGES} at least, or 'all' that the run draws. Default: {IMAGES}; all with "
    "--recipe-levels.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Your images, as for 'qaugbench run'.")
@click.option(
    "--source",
    shell_complete=complete.sources,
    help="Name of the data. Default: the file's name, or the task's default source.",
)
@click.option("--track", default="lite", show_default=True, shell_complete=complete.tracks, help="Track of the run.")
@click.option("--fraction", type=Fraction(), help="Fraction of the training patients. Default: the track's first.")
@click.option("--replicates", type=int, help="Replicates of the run. Default: the track's.")
@click.option("--split", metavar="COLUMN", help="Column of labels.csv that says train, val or test; or fold:J/K.")
@click.option("--allow-leaky-split", is_flag=True, help="Use --split although patients cross it.")
@click.option("--jobs", type=int, help="Processes, one thread each. Default: all cores, or 1 on a GPU.")
@click.option("--accelerator", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, show_default=True, help="Folder of runs.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say how long it would take here, and compute nothing.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress; the log is still written.")
def noise(as_json: bool, only_estimate: bool, **options: Any) -> int:
    """Measure what hardware noise costs a generator.

    Its images are drawn again at every level of noise, from the fits that a run stored, and measured against real ones: KID,
    diversity, the judge's word on labels, a probe. Beside it stand its twin, and the twin with Gaussian noise as strong as the
    circuits'.
    """
    from qaugbench.ablation.request import NoiseRequest, check_names

    request = NoiseRequest(**options)
    check_names(request)
    from qaugbench.ablation.ablate import ablate, estimate_noise
    from qaugbench.ablation.findings import study_data
    from qaugbench.ablation.text import table

    if only_estimate:
        tell("Checking the request ...")
        found_estimate = estimate_noise(request, working=busy)
        if as_json:
            from dataclasses import asdict

            print_json([asdict(found_estimate)])
        else:
            say_fitted(found_estimate.text())
        return 0
    found, folder = ablate(request)
    failed = any(one.generator.outcome == "error" for one in found.levels)
    if as_json:
        print_json([study_data(found)], ok=not failed)
    else:
        say(table(found, terminal_width()))
        click.echo(f"\nLevels: {folder / NOISE_FILE}\nPage: {folder / 'noise.html'}\nPlot: {folder / 'noise.png'}")
    return int(failed)
