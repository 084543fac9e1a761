"""Commands about circuits: what they look like, need and do, and their execution on a device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, say_fitted, terminal_width
from qaugbench.cli.root import cli, say, tell
from qaugbench.cli.show import show
from qaugbench.formatting import count as counted
from qaugbench.inspection.other_kinds import check_has_circuits


def track_option(command: Any) -> Any:
    """Add the track whose hyper-parameters a generator gets."""
    text = "Track whose hyper-parameters the generator gets."
    return click.option("--track", default="lite", show_default=True, shell_complete=complete.tracks, help=text)(
        command
    )


def task_option(command: Any) -> Any:
    """Add the task for which a generator is built."""
    return click.option(
        "--task", default="brainmri", show_default=True, shell_complete=complete.tasks, help="Task it is built for."
    )(command)


@show.command()
@click.argument("generator", shell_complete=complete.generators)
@track_option
@click.option("--png", type=click.Path(path_type=Path), help="Draw into this file as well.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "pennylane", "qiskit", "qasm")),
    default="text",
    show_default=True,
    help="As the package draws them, as PennyLane or Qiskit has them, or as OpenQASM 3.",
)
@json_option
def circuit(generator: str, track: str, png: Path | None, form: str, as_json: bool) -> None:
    """Draw the circuits of a generator; --json prints them as data."""
    check_has_circuits(generator)
    tell(f"Building {generator} ...")
    from qaugbench.circuits.export.drawing import describe, draw_png
    from qaugbench.inspection.build import distinct_blocks, quantum_model
    from qaugbench.inspection.other_forms import as_other_form

    found = distinct_blocks(quantum_model(generator, track=track))
    if as_json:
        print_json(block.circuit.to_dict() for _, block in found)
    for number, (blocks, block) in enumerate(found, start=1):
        if png:
            draw_png(block.circuit, png if len(found) == 1 else png.with_stem(f"{png.stem}-{number}"))
        head = f"{generator}, circuit {number} of {len(found)}: {counted(blocks, 'block')} of {block.copies} copies"
        if form != "text" and not as_json:
            click.echo(f"{'// ' if form == 'qasm' else ''}{head}\n{as_other_form(block.circuit, form, generator)}")
        elif not as_json:
            click.echo(head)
            say_fitted(describe(block.circuit))
    if png and not as_json:
        click.echo(f"Drawing: {png}")


@show.command()
@click.argument("generator", shell_complete=complete.generators)
@track_option
@task_option
@click.option("--run", shell_complete=complete.results, help="Finished run: its influence, track and task.")
@json_option
def controls(generator: str, track: str, task: str, run: str | None, as_json: bool) -> None:
    """Compare a generator with its controls.

    Parameters under every control, and how far the circuits reach the images.

    Without --run, that is measured on a trial fit of a few steps on random images.
    """
    from qaugbench.board.reader import record_of
    from qaugbench.board.result_folders import result_folders
    from qaugbench.inspection.control_influence import STEPS, recorded_influence, trial_influence
    from qaugbench.inspection.influence_text import influence_text
    from qaugbench.inspection.parameter_table import parameter_table, parameter_text

    check_has_circuits(generator)
    if run is None:
        tell(f"Fitting {generator} for a few steps under every control ...")
        table = parameter_table(generator, track=track, task=task)
        trial = f"trial fit of {STEPS} steps on random images, barely trained"
        found = {trial: trial_influence(generator, track=track, task=task)}
    else:
        record = record_of(result_folders([run])[0])
        found = {f"{record.id}, {key}": one for key, one in recorded_influence(record, generator).items()}
        table = parameter_table(generator, track=record.board.track, task=record.board.task_id)
    if as_json:
        influence = {made: one.model_dump(mode="json") for made, one in found.items()}
        print_json([{**table.to_dict(), "influence": influence}])
        return
    width = terminal_width()
    texts = (influence_text(generator, one, made, width) for made, one in found.items())
    say("\n\n".join([parameter_text(table, width), *texts]))


@show.command()
@click.argument("generator", shell_complete=complete.generators)
@track_option
@task_option
@click.option("--preset", help="Device preset for routing, time and errors; see 'qaugbench list presets'.")
@click.option("--shots", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("--images", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option(
    "--target-error",
    type=float,
    default=1e-3,
    show_default=True,
    help="Error of one run on an error-corrected computer.",
)
@click.option("--qdk", "with_qdk", is_flag=True, help="Estimate error correction with the package qdk as well.")
@click.option("--by-size", is_flag=True, help="How it grows with the images: 28, 64, 128 and 224 pixels.")
@click.option(
    "--size", "sizes", type=click.IntRange(min=1), multiple=True, help="With --by-size: this size instead; repeat."
)
@json_option
def resources(
    generator: str,
    track: str,
    task: str,
    preset: str | None,
    shots: int,
    images: int,
    target_error: float,
    with_qdk: bool,
    by_size: bool,
    sizes: tuple[int, ...],
    as_json: bool,
) -> None:
    """Say what a generator needs on quantum hardware.

    Qubits, gates, circuits, time and price today, and on error-corrected computers.
    """
    if (sizes and not by_size) or (by_size and with_qdk):
        raise click.UsageError("--size goes with --by-size, and --qdk does not.", click.get_current_context())
    check_has_circuits(generator)
    tell(f"Building {generator} and compiling its circuits ...")
    if by_size:
        from qaugbench.inspection.growth import SIZES, growth_text, needs_by_size

        needs = needs_by_size(
            generator,
            sizes or SIZES,
            track=track,
            task=task,
            preset=preset,
            shots=shots,
            images=images,
            target_error=target_error,
        )
        if as_json:
            print_json(one.to_dict() for one in needs)
        else:
            say_fitted(growth_text(needs, preset, terminal_width()))
        return
    from qaugbench.inspection.resource_cards import generator_resources, resources_text

    found = generator_resources(
        generator,
        track=track,
        task=task,
        preset=preset,
        shots=shots,
        images=images,
        target_error=target_error,
        with_qdk=with_qdk,
    )
    if as_json:
        print_json([found.to_dict()])
    else:
        say_fitted(resources_text(found))


@cli.command()
@click.argument("generator", shell_complete=complete.generators)
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
        generator, device, shots=shots, samples=samples, folder=out, seed=seed, track=track, progress=tell
    )
    if as_json:
        print_json(one.to_dict() for one in found)
        return
    for one in found:
        say_fitted(one.text())
