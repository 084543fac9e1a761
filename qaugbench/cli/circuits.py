"""Commands about circuits: what they look like, need and do, and their execution on a device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qaugbench.cli.listing import show
from qaugbench.cli.root import cli


def track_option(command: Any) -> Any:
    """Add the track whose hyper-parameters a generator gets."""
    text = "Track whose hyper-parameters the generator gets."
    return click.option("--track", default="lite", show_default=True, help=text)(command)


def task_option(command: Any) -> Any:
    """Add the task for which a generator is built."""
    return click.option("--task", default="brainmri", show_default=True, help="Task it is built for.")(command)


def json_option(command: Any) -> Any:
    """Add the choice of JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")(command)


@show.command()
@click.argument("generator")
@track_option
@click.option("--png", type=click.Path(path_type=Path), help="Draw into this file as well.")
@json_option
def circuit(generator: str, track: str, png: Path | None, as_json: bool) -> None:
    """Draw the circuits of a generator; --json prints them as data."""
    from qaugbench.circuits.export.drawing import describe, draw_png
    from qaugbench.inspection.build import distinct_blocks, quantum_generator

    found = distinct_blocks(quantum_generator(generator, track=track))
    if as_json:
        click.echo(json.dumps([block.circuit.to_dict() for _, block in found], indent=1))
    for number, (blocks, block) in enumerate(found, start=1):
        if png:
            draw_png(block.circuit, png if len(found) == 1 else png.with_stem(f"{png.stem}-{number}"))
        if not as_json:
            click.echo(f"{generator}, circuit {number} of {len(found)}: {blocks} block(s) of {block.copies} copies")
            click.echo(describe(block.circuit))
    if png and not as_json:
        click.echo(f"Drawing: {png}")


@show.command()
@click.argument("generator")
@track_option
@task_option
@json_option
def controls(generator: str, track: str, task: str, as_json: bool) -> None:
    """Count a generator's parameters under every control, side by side."""
    from qaugbench.inspection.parameter_table import parameter_table, parameter_text

    table = parameter_table(generator, track=track, task=task)
    click.echo(json.dumps(table.to_dict(), indent=1) if as_json else parameter_text(table))


@show.command()
@click.argument("generator")
@track_option
@task_option
@click.option("--preset", help="Device preset for routing, time and errors; see 'qaugbench list presets'.")
@click.option("--shots", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("--images", type=click.IntRange(min=1), default=1000, show_default=True)
@json_option
def resources(
    generator: str, track: str, task: str, preset: str | None, shots: int, images: int, as_json: bool
) -> None:
    """Say what a generator needs on quantum hardware.

    Qubits, gates, circuits, time and price.
    """
    from qaugbench.inspection.resource_cards import generator_resources, resources_text

    found = generator_resources(generator, track=track, task=task, preset=preset, shots=shots, images=images)
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else resources_text(found))


@cli.command()
@click.argument("generator")
@click.option("--device", required=True, help="fake:NAME, aer, ibm:NAME or replay:FOLDER.")
@click.option("--shots", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("--samples", type=click.IntRange(min=1), default=16, show_default=True, help="Random inputs.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder that keeps job ids and raw counts.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws weights and inputs.")
@track_option
@json_option
def execute(
    generator: str,
    device: str,
    shots: int,
    samples: int,
    out: Path | None,
    seed: int,
    track: str,
    as_json: bool,
) -> None:
    """Run a generator's circuits on a device.

    At random weights and inputs, beside their exact values. With --out the answers are kept: the same command
    resumes, and --device replay:FOLDER gives the same outputs without the device.
    """
    from qaugbench.inspection.device_run import execute_circuits

    found = execute_circuits(
        generator, device, shots=shots, samples=samples, folder=out, seed=seed, track=track, progress=_tell
    )
    if as_json:
        click.echo(json.dumps([one.to_dict() for one in found], indent=1))
        return
    for one in found:
        click.echo(one.text())


def _tell(line: str) -> None:
    click.echo(line, err=True)
