"""Commands that say what there is, and what this machine has."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from qaugbench.cli.root import NearNamesGroup, cli, say


@cli.command(name="list")
@click.argument("what", required=False)
@click.option("--json", "as_json", is_flag=True)
def list_(what: str | None, as_json: bool) -> None:
    """List tasks, generators, arms, sources, tracks, presets.

    WHAT is one of these six; all of them without it.
    """
    from qaugbench.catalogue import catalogue, catalogue_text

    click.echo(json.dumps(catalogue(what), indent=1) if as_json else catalogue_text(what))


class ShowGroup(NearNamesGroup):
    """A group in which any other word is the name of a definition or a run folder."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        known = not args or args[0].startswith("-") or self.get_command(ctx, args[0]) is not None
        return super().resolve_command(ctx, args if known else ["definition", *args])


@cli.group(cls=ShowGroup, subcommand_metavar="NAME | COMMAND NAME")
def show() -> None:
    """Show a task, a generator or a finished run.

    A run is named by its folder. The commands show the circuits of a generator.
    """


@show.command(hidden=True)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def definition(name: str, as_json: bool) -> None:
    """Show a task, a generator, or the table of a finished run (its folder)."""
    from qaugbench.catalogue import show_definition
    from qaugbench.untrusted import exists

    if exists(Path(name) / "record.json"):
        from qaugbench.board.reader import run_record
        from qaugbench.record import record_text
        from qaugbench.report.tables import summary_table

        record = run_record(Path(name))
        if as_json:
            click.echo(record_text(record), nl=False)
        else:
            say(summary_table(record))
        return
    click.echo(show_definition(name, as_json=as_json))


@cli.group(cls=NearNamesGroup, invoke_without_command=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.pass_context
def doctor(ctx: click.Context, out: Path) -> int:
    """Check this installation and machine.

    Packages, cores, memory, disk, GPU, definitions, plug-ins and circuits.
    """
    from qaugbench.inspection.doctor import examine

    if ctx.invoked_subcommand:
        return 0
    findings = examine(out)
    for finding in findings:
        click.echo(finding.text())
    return int(any(finding.state == "fails" for finding in findings))


@doctor.command()
@click.argument("generators", nargs=-1)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--all", "all_checks", is_flag=True, help="Print the checks that pass as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def circuits(generators: tuple[str, ...], seed: int, all_checks: bool, as_json: bool) -> int:
    """Check that the circuits of generators are live.

    GENERATORS are names or variants such as qldm:twin; all generators by default.
    """
    from qaugbench.inspection.circuit_doctor import examine_circuits

    found = examine_circuits(generators or None, seed=seed)
    if as_json:
        click.echo(json.dumps([one.to_dict() for one in found], indent=1))
    else:
        click.echo("\n".join(one.text(all_checks=all_checks) for one in found))
    return int(any(one.fails for one in found))


@doctor.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def generator(name: str, as_json: bool) -> int:
    """Check that a generator holds what a run relies on.

    NAME may be a variant, such as qldm:twin; otherwise every control is checked.
    """
    from qaugbench.testing import checks_of

    found = []
    for result in checks_of(name):
        found.append(result)
        if not as_json:
            click.echo(str(result))
    if as_json:
        click.echo(json.dumps([asdict(result) for result in found], indent=1))
    return int(any(result.fails for result in found))
