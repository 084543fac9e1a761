"""The command that draws images of a trained generator on a device, and draws them again from what the device answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, say_fitted
from qaugbench.cli.root import cli, tell
from qaugbench.cli.runs import Fraction
from qaugbench.inspection.other_kinds import check_has_circuits
from qaugbench.places import RUNS

NAMED = ("task", "generator", "backend")


@cli.command()
@click.option("--task", shell_complete=complete.tasks, help="Task: see 'qaugbench list tasks'.")
@click.option("--generator", shell_complete=complete.generators, help="A generator that runs circuits of qubits.")
@click.option("--backend", metavar="NAME", help="ibm:NAME, fake:NAME (a snapshot of an IBM device) or aer (perfect).")
@click.option("--images", type=click.IntRange(min=1), default=16, show_default=True, help="How many are drawn.")
@click.option(
    "--shots", type=click.IntRange(min=1), default=1024, show_default=True, help="Shots of each measurement setting."
)
@click.option("--data", type=click.Path(path_type=Path), help="Your images, as for 'qaugbench run'.")
@click.option(
    "--source",
    shell_complete=complete.sources,
    help="Name of the data. Default: the file's name, or the task's default source.",
)
@click.option("--track", default="lite", show_default=True, shell_complete=complete.tracks, help="Track of the run.")
@click.option("--fraction", type=Fraction(), help="Fraction of the training patients. Default: the track's first.")
@click.option("--replicate", type=click.IntRange(min=0), default=0, show_default=True, help="Replicate of the run.")
@click.option("--split", metavar="COLUMN", help="Column of labels.csv that says train, val or test; or fold:J/K.")
@click.option("--allow-leaky-split", is_flag=True, help="Use --split although patients cross it.")
@click.option("--jobs", type=int, help="Processes that fit what is missing, one thread each. Default: all cores.")
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, show_default=True, help="Folder of runs.")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of this session. Default: one in --out.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say what it takes on the device, and send nothing.")
@click.option(
    "--replay", "replayed", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw from stored answers alone."
)
@json_option
@click.option("--quiet", is_flag=True, help="No progress.")
def hardware(replayed: Path | None, only_estimate: bool, as_json: bool, **options: Any) -> int:
    """Draw images of a trained generator on a device.

    Circuits of the fit that a run stored are sent to the device in jobs; job ids and counts are kept. The same command resumes
    what was interrupted; --replay draws the same images without account, device and Qiskit, and ends with 1 if they differ.
    """
    given = [name for name in NAMED if options[name] is not None]
    wrong = (
        "--replay FOLDER stands alone." if replayed else "Give --task, --generator and --backend, or --replay FOLDER."
    )
    context = click.get_current_context()
    if _others_given(context) if replayed else len(given) < len(NAMED):
        raise click.UsageError(wrong, context)
    told = None if options["quiet"] else tell
    if replayed is not None:
        from qaugbench.hardware.session import answered

        answered(replayed)  # what cannot be replayed is told before PyTorch is imported
        from qaugbench.hardware.draw import replay

        found = replay(replayed, told)
        print_json([found.to_dict()], ok=found.holds) if as_json else say_fitted(found.text())
        return int(not found.holds)
    from qaugbench.hardware.request import HardwareRequest, check_backend, check_names

    request = HardwareRequest(**options)
    check_names(request)
    if only_estimate:
        check_has_circuits(request.generator)
        check_backend(request)
        tell(f"Building {request.generator} ...")
        from qaugbench.inspection.resource_cards import generator_resources, resources_text

        needed = generator_resources(
            request.generator, track=request.track, task=request.task, shots=request.shots, images=request.images
        )
        if any(card.photons is not None for card in needed.circuits):
            from qaugbench.hardware.session import no_circuits

            raise no_circuits(request.generator, request.backend)
        print_json([needed.to_dict()]) if as_json else say_fitted(resources_text(needed))
        return 0
    from qaugbench.hardware.draw import draw
    from qaugbench.hardware.prepare import prepare_session

    folder, _ = prepare_session(request)
    drawn = draw(folder, told)
    print_json([drawn.to_dict()]) if as_json else say_fitted(drawn.text())
    return 0


def _others_given(context: click.Context) -> list[str]:
    """Return the options that were given beside --replay and mean nothing there."""
    return [
        name
        for name in context.params
        if name not in ("replayed", "as_json", "quiet")
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
