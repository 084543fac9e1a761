"""Commands about images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, say_fitted, terminal_width
from qaugbench.cli.root import NearNamesGroup, cli, tell
from qaugbench.experiment.busy import busy


@cli.group(cls=NearNamesGroup)
def data() -> None:
    """Get, check and audit real and phantom data.

    Only 'get' may use the network.
    """


@data.command(name="list")
@json_option
def data_list(as_json: bool) -> None:
    """List the sources of each task and their state here."""
    from qaugbench.catalogue import catalogue, catalogue_text

    if as_json:
        print_json({"list": "sources", **row} for row in catalogue("sources")["sources"])
    else:
        click.echo(catalogue_text("sources", width=terminal_width()))


@data.command()
@click.argument("source", shell_complete=complete.sources)
def info(source: str) -> None:
    """Say where a source comes from and how to get it."""
    from qaugbench.datasets.sources import instructions

    say_fitted(instructions(source))


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


SIZE = "Pixels per side; by default as published (a middle size where the publisher offers several)."


@data.command()
@click.argument("source", shell_complete=complete.sources)
@click.option("--size", type=click.IntRange(min=8), help=SIZE)
@jobs_option
def get(source: str, size: int | None, jobs: int) -> None:
    """Download, check and prepare a source.

    SOURCE may also be 'weights:TAG', pretrained weights of a classifier. The prepared source is audited.
    """
    if source.startswith("weights:"):
        click.echo(f"Weights: {_weights(source.removeprefix('weights:'))}")
        return
    from qaugbench.datasets.acquire import get_ready

    say_fitted(get_ready(source, size=size, jobs=jobs, tell=tell).text())


@data.command()
@click.argument("source", shell_complete=complete.sources)
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
    """Prepare a source that you fetched by hand.

    'data info' says which files. The prepared source is audited.
    """
    from qaugbench.datasets.acquire import prepare_ready

    say_fitted(prepare_ready(source, raw, size=size, jobs=jobs, tell=tell).text())


@data.command()
@click.argument("target", metavar="PATH|SOURCE", shell_complete=complete.sources)
@click.option("--task", required=True, shell_complete=complete.tasks)
@click.option("--split", metavar="COLUMN", help="Audit this split instead of the one that a run would use.")
@json_option
@jobs_option
def audit(target: str, task: str, split: str | None, as_json: bool, jobs: int) -> int:
    """Find duplicates, leaks and contradicting labels.

    Also borders that give the class away, and unusable images. Exit code 1 if runs would leak.
    """
    from qaugbench.datasets.inspect import audit_source

    with busy("Reading and comparing the images ..."):
        report = audit_source(target, task, split=split, jobs=jobs)
    if as_json:
        print_json([report.to_dict()], ok=report.clean)
    else:
        say_fitted(report.text())
    return int(not report.clean)


@data.command()
@click.argument("target", metavar="PATH|SOURCE", shell_complete=complete.sources)
@click.option("--task", required=True, shell_complete=complete.tasks)
@click.option("--out", type=click.Path(path_type=Path), help="File without ending; by default card-<name> here.")
@jobs_option
def card(target: str, task: str, out: Path | None, jobs: int) -> None:
    """Write the data card of a source.

    As Markdown and HTML: counts, licence, known problems, audit.
    """
    from qaugbench.datasets.inspect import write_cards

    with busy("Reading and comparing the images ..."):
        written = write_cards(target, task, out or Path(f"card-{Path(target).stem}"), jobs=jobs)
    for path in written:
        click.echo(f"Card: {path}")


@data.command()
@click.argument("target", metavar="SOURCE|ZIP", shell_complete=complete.sources)
@click.option("--task", help="Of a .zip: the task whose labels it has.", shell_complete=complete.tasks)
@click.option("--url", default="", help="Of a .zip: where it is published.")
@click.option("--licence", default="", help="Of a .zip: its licence, best as the address of a known one.")
@click.option("--creator", default="", help="Of a .zip: who made it.")
@click.option("--date", default="", help="Of a .zip: when it was published.")
@click.option("--description", default="", help="Of a .zip: what it shows, and how it was made.")
def croissant(target: str, task: str | None, url: str, licence: str, creator: str, date: str, description: str) -> None:
    """Print a source or a released set in Croissant.

    Of a source: its publisher's files with their checksums, licence and citation, and the classes of its tasks. Of a prepared
    .zip, such as synthetic images that are released: its bytes, images and labels. Both as JSON-LD.
    """
    from qaugbench import definitions
    from qaugbench.datasets.sources import source, sources
    from qaugbench.exports.croissant import croissant as described
    from qaugbench.exports.released import Release, croissant_of_release
    from qaugbench.files import json_text

    if target in sources() or not Path(target).exists():
        found = described(source(target))
    elif task is None:
        raise click.UsageError("Give --task, the task whose labels the .zip has.", click.get_current_context())
    else:
        release = Release(url=url, licence=licence, creator=creator, date=date, description=description)
        found = croissant_of_release(Path(target), definitions.task(task), release)
    click.echo(json_text(found).rstrip())


@data.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--task", required=True, shell_complete=complete.tasks)
@click.option("--split", metavar="COLUMN")
@click.option("--allow-leaky-split", is_flag=True)
@click.option(
    "--write-split",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a .csv that says which image is in train, val or test (filename, label, group, split).",
)
def check(path: Path, task: str, split: str | None, allow_leaky_split: bool, write_split: Path | None) -> None:
    """Say what a run would use of a folder or .zip."""
    from qaugbench.experiment.check_source import check_source

    with busy("Reading and checking the images ..."):
        found = check_source(path, task, split=split, allow_leaky=allow_leaky_split, table=write_split)
    say_fitted(found)


@data.command()
@click.option("--task", required=True, shell_complete=complete.tasks)
@click.option("--patients", type=click.IntRange(min=1), default=500, show_default=True)
@click.option("--size", type=click.IntRange(min=32), default=128, show_default=True, help="Pixels per side.")
@click.argument("path", type=click.Path(path_type=Path))
def phantom(task: str, patients: int, size: int, path: Path) -> None:
    """Draw a phantom: synthetic test patterns.

    Of any number of patients, into PATH (.zip or folder), in the prepared form.
    """
    from qaugbench import definitions
    from qaugbench.datasets.phantom.source import export_phantom

    with busy("Drawing the images ..."):
        drawn = export_phantom(definitions.task(task).id, patients, size, path)
    click.echo(f"Phantom: {drawn}")


def _weights(tag: str) -> Path:
    """Return the path of pretrained weights, downloaded if they are not here; without a network it fails at once."""
    from huggingface_hub.constants import ENDPOINT

    from qaugbench.datasets.download import check_connection
    from qaugbench.downstream.weights import get_weights, weights_folder

    file = weights_folder() / f"{tag}.safetensors"
    if not file.is_file():
        tell(f"Downloading the weights {tag} from the Hugging Face hub ...")
        pin = file.with_suffix(".sha256").name
        check_connection(ENDPOINT, f"Or run the same command where there is one, and copy {file} and {pin} from there.")
    return get_weights(tag)
