"""Commands that say what there is, and what this machine has."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qaugbench.cli import complete
from qaugbench.cli.output import each, json_option, print_json, say_fitted, terminal_width, warned_of_change
from qaugbench.cli.root import NearNamesGroup, cli, say, tell
from qaugbench.places import RESULTS, RUNS

if TYPE_CHECKING:
    from qaugbench.testing import CheckResult


@cli.command(name="list")
@click.argument("what", required=False, shell_complete=complete.lists)
@click.argument("names", metavar="[RESULT]...", nargs=-1, shell_complete=complete.results)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    help="Folder of the runs, as for 'qaugbench run'.",
)
@click.option("--format", "form", type=click.Choice(("table", "markdown")), help="Of claims.  [default: table]")
@json_option
def list_(what: str | None, names: tuple[str, ...], out: Path, form: str | None, as_json: bool) -> int:
    """List tasks, generators, classifiers, sources, tracks, runs and more.

    WHAT is tasks, generators, classifiers, arms, sources, tracks, presets, runs (studies included), studies or noise; all without
    it.
    Or it is claims: what papers of quantum generators say, and what RESULTs (runs, entries, boards) found of it; by default the
    entries in 'results'.
    """
    if what == "claims":
        return _claims(names, out, "json" if as_json else form)
    if names or form:
        given = f"RESULT {names[0]!r}" if names else "--format"
        raise click.UsageError(f"{given} is for 'qaugbench list claims'.", click.get_current_context())
    from qaugbench.catalogue import catalogue, catalogue_text

    if as_json:
        print_json({"list": kind, **row} for kind, rows in catalogue(what, out).items() for row in rows)
    else:
        say(catalogue_text(what, out, terminal_width()))
    return 0


def _claims(names: tuple[str, ...], runs: Path, form: str | None) -> int:
    """Print the claims; 1 if a result does not hold what it claims, or cannot be read."""
    from qaugbench import definitions
    from qaugbench.board.claims_page import claims, claims_markdown, claims_text
    from qaugbench.board.comparable import Submitted
    from qaugbench.board.reader import record_of
    from qaugbench.board.result_folders import entry_paths, result_folders
    from qaugbench.classification.findings import classifier_findings
    from qaugbench.classification.stored import stored_comparison
    from qaugbench.classifier_cards import usable_classifiers
    from qaugbench.errors import EntryError
    from qaugbench.report.comparison_list import kept_comparisons, split_off

    comparisons, others = split_off(names, runs)
    folders = result_folders(others, runs)
    if not names and RESULTS.is_dir():
        comparisons, folders = kept_comparisons(RESULTS), entry_paths(RESULTS)
    results = [
        Submitted(path, record) for path, record in each(folders, record_of) if not isinstance(record, EntryError)
    ]
    changed = [one.path for one in results if warned_of_change(one.path, one.record)]
    compared = [
        (path.name, one) for path, one in each(comparisons, stored_comparison) if not isinstance(one, EntryError)
    ]
    ok = len(results) - len(changed) == len(folders) and len(compared) == len(comparisons)
    of_classifiers = [finding for name, one in compared for finding in classifier_findings(name, one)]
    found = claims([*definitions.usable_cards(), *usable_classifiers()], results, of_classifiers)
    if form == "json":
        print_json(({"list": "claims", **claim.to_dict()} for claim in found), ok=ok)
    else:
        say(claims_markdown(found).rstrip() if form == "markdown" else claims_text(found, terminal_width()))
    return int(not ok)


@cli.group(cls=NearNamesGroup, invoke_without_command=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@json_option
@click.pass_context
def doctor(ctx: click.Context, out: Path, as_json: bool) -> int:
    """Check this installation and machine.

    Packages, cores, memory, disk, GPU, definitions, plug-ins and circuits.
    """
    from qaugbench.inspection.doctor import examine

    if ctx.invoked_subcommand:
        return 0
    findings = examine(out)
    fails = any(finding.state == "fails" for finding in findings)
    if as_json:
        print_json(map(asdict, findings), ok=not fails)
    else:
        for finding in findings:
            say_fitted(finding.text())
    return int(fails)


@doctor.command()
@click.argument("generators", nargs=-1, shell_complete=complete.generators)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--all", "all_checks", is_flag=True, help="Print the checks that pass as well.")
@json_option
def circuits(generators: tuple[str, ...], seed: int, all_checks: bool, as_json: bool) -> int:
    """Check that the circuits of generators and classifiers are live.

    GENERATORS are names such as qldm, qldm:twin or qumi; by default all generators, without variants.
    """
    from qaugbench.inspection.circuit_doctor import examine_circuits

    found = examine_circuits(generators or None, seed=seed)
    fails = any(one.fails for one in found)
    if as_json:
        print_json((one.to_dict() for one in found), ok=not fails)
    else:
        say_fitted("\n".join(one.text(all_checks=all_checks) for one in found))
    return int(fails)


@doctor.command()
@click.argument("name", shell_complete=complete.generators)
@click.option("--all", "all_checks", is_flag=True, help="Print every check of every variant.")
@json_option
def generator(name: str, all_checks: bool, as_json: bool) -> int:
    """Check that a generator holds what a run relies on.

    NAME may be a control, such as qldm:twin; otherwise every control is checked.
    """
    from qaugbench.testing import checks_of
    from qaugbench.testing.findings import findings_text

    found: list[CheckResult] = []
    for result in checks_of(name):
        if not found or found[-1].variant != result.variant:
            tell(f"Checking {result.variant} ...")
        found.append(result)
        if all_checks and not as_json:
            say_fitted(str(result))
    fails = any(result.fails for result in found)
    if as_json:
        print_json(map(asdict, found), ok=not fails)
    else:
        say_fitted(findings_text(found))
    return int(fails)
