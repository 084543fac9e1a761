"""The command that computes a part of an entry again."""

from __future__ import annotations

from pathlib import Path

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json
from qaugbench.cli.root import cli, say, tell


@cli.command()
@click.argument("name", metavar="ENTRY", shell_complete=complete.results)
@click.option("--replicate", type=click.IntRange(min=0), default=0, show_default=True, help="Which replicate.")
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Only this arm; repeat for several. Default: all.")
@click.option("--data", type=click.Path(path_type=Path), help="The images, where their source is not prepared here.")
@click.option("--jobs", type=int, help="Processes, one thread each. Default: all cores.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs") / "reproduced",
    show_default=True,
    help="Folder of the steps; not that of other runs, whose steps would only be read again.",
)
@click.option(
    "--record", "by", metavar="NAME", help="Add the result to the board's reruns of this entry, in this name."
)
@click.option("--independent", is_flag=True, help="With --record: by somebody who neither submitted nor maintains.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress.")
def reproduce(
    name: str,
    replicate: int,
    arms: tuple[str, ...],
    data: Path | None,
    jobs: int | None,
    out: Path,
    by: str | None,
    independent: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compute one replicate of an entry again.

    ENTRY is an entry or a run, by its folder; a run also by its name. Printed are the primary scores beside those stated, and
    whether they agree within what another machine changes (docs/trust.md); exit code 1 if not.
    """
    if not quiet:
        tell("Checking the entry ...")
    from qaugbench.board.result_folders import is_entry, result_folders
    from qaugbench.board.trust import Rerun, reruns_file, reruns_text
    from qaugbench.experiment.reproduce import reproduce as compute
    from qaugbench.experiment.reproduce import rerun_facts
    from qaugbench.files import write_whole

    folders = result_folders([name])
    if len(folders) > 1:
        raise click.UsageError(f"{name} has {len(folders)} entries; give one of them.", click.get_current_context())
    (folder,) = folders
    if by is not None and (not is_entry(folder) or arms):
        raise click.UsageError("--record is for all arms of an entry.", click.get_current_context())
    if independent and by is None:
        raise click.UsageError("--independent goes with --record NAME.", click.get_current_context())
    found = compute(folder, replicate, arms=arms, data=data, out=out, jobs=jobs, quiet=quiet)
    if by is not None:
        write_whole(
            reruns_file(folder), reruns_text(folder, Rerun(**rerun_facts(found, by=by, independent=independent)))
        )
    if as_json:
        print_json([found.to_dict()], ok=found.agrees)
    else:
        say(found.text())
        say(f"Recorded: {reruns_file(folder)}" if by is not None else "")
    return int(not found.agrees)
