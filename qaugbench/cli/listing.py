"""Commands that tell what there is, and what this machine has."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qaugbench.cli.root import cli


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
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
def doctor(out: Path) -> int:
    """Check this installation and machine: packages, cores, memory, disk, GPU, definitions, circuits."""
    from qaugbench.experiment.doctor import examine

    findings = examine(out)
    for finding in findings:
        click.echo(finding.text())
    return int(any(finding.state == "fails" for finding in findings))
