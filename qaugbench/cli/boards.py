"""Commands about leaderboards: an entry made from a run, and the boards made from entries."""

from __future__ import annotations

from pathlib import Path

import click

from qaugbench.cli import complete
from qaugbench.cli.output import json_option, print_json, terminal_width
from qaugbench.cli.root import UNDONE, NearNamesGroup, cli, interrupted, say
from qaugbench.places import RESULTS

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Check everything and say what would be done; do nothing."
)
push_option = click.option(
    "--push", is_flag=True, help="Push the branch to origin, and open the pull request with gh if it is installed."
)


@cli.command()
@click.argument("name", metavar="RUN", shell_complete=complete.results)
@click.option(
    "--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True, help="Folder of all entries."
)
@dry_run_option
@push_option
@json_option
def submit(name: str, out: Path, dry_run: bool, push: bool, as_json: bool) -> None:
    """Make a leaderboard entry of a finished run.

    The entry is a folder, proposed by pull request: in a git repository it is committed on a branch of its own, on top of the
    main branch, and what is checked out stays as it is. Printed are what was made, what a reviewer will ask, and the text of
    the request. If a step fails, those before it are undone. RUN may also be a study of 'qaugbench noise', which is then kept
    beside the entries of its board.
    """
    from qaugbench.board.result_folders import result_folders
    from qaugbench.cli.submission import submission
    from qaugbench.report.noise_list import noise_folder

    study = noise_folder(name)
    if study is not None:
        _submit_study(study, out, dry_run=dry_run, push=push, as_json=as_json)
        return
    folders = result_folders([name])
    if len(folders) > 1:
        raise click.UsageError(f"{name} is a board; give the run to submit.", click.get_current_context())
    try:
        found = submission(folders[0], out, dry_run=dry_run, push=push)
    except KeyboardInterrupt:
        interrupted(said=UNDONE)
    if as_json:
        print_json([found.to_dict()])
    else:
        say(found.text(terminal_width()))


def _submit_study(folder: Path, out: Path, *, dry_run: bool, push: bool, as_json: bool) -> None:
    from qaugbench.ablation.submit_study import submit_study

    try:
        found = submit_study(folder, out, dry_run=dry_run, push=push)
    except KeyboardInterrupt:
        interrupted(said=UNDONE)
    if as_json:
        print_json([found.to_dict()])
    else:
        say("\n".join(_line(line) for line in found.text().split("\n")))


def _line(text: str) -> str:
    """Return a line at most as wide as the terminal, what follows indented as far as it begins."""
    from qaugbench.text_table import wrapped

    bullet = next((one for one in ("- ", "  ") if text.startswith(one)), "")
    return wrapped(text.removeprefix(bullet), bullet, terminal_width()) if text else ""


@cli.command()
@click.argument("entry", type=click.Path(path_type=Path), shell_complete=complete.results)
@click.option("--reason", required=True, help="Why, in one or two plain sentences; it is shown on the board.")
@dry_run_option
@push_option
@json_option
def withdraw(entry: Path, reason: str, dry_run: bool, push: bool, as_json: bool) -> None:
    """Take an entry off its board.

    ENTRY is its folder. Its files go, a note with the reason stays, and the same entry is not taken again. In a git
    repository this is committed on a branch of its own, as by 'submit', and done once that is merged.
    """
    from dataclasses import asdict

    from qaugbench.board.withdraw import withdraw as take_off

    try:
        done = take_off(entry, reason, dry_run=dry_run, push=push)
    except KeyboardInterrupt:
        interrupted(said=UNDONE)
    if as_json:
        print_json([{**asdict(done), "path": str(done.path), "note": str(done.note), "dry_run": dry_run}])
        return
    if done.proposed is None:
        say(f"{'Would be withdrawn' if dry_run else 'Withdrawn'}: {done.path}\nNote: {done.note}")
    else:
        said = "Would be proposed" if dry_run else "Proposed"
        say(f"{said}: {done.path} is withdrawn\nNote: {done.note}\n{done.proposed.said()}")


@cli.group(cls=NearNamesGroup)
def leaderboard() -> None:
    """Build the leaderboards from entries."""


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--out", type=click.Path(path_type=Path), help="File to write; standard output by default.")
def build(root: Path, out: Path | None) -> None:
    """Verify every entry under ROOT and render the boards as Markdown.

    ROOT is the folder of all entries, by default 'results'.
    """
    from qaugbench.board.leaderboard import build as build_boards

    built = build_boards(root, out)
    say(built if out is None else f"Leaderboard: {out}")


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("site"), show_default=True, help="Folder to write."
)
@json_option
def site(root: Path, out: Path, as_json: bool) -> None:
    """Verify every entry under ROOT and write the boards as a site.

    ROOT is the folder of all entries and kept comparisons, by default 'results'. The pages open from the folder, without a server
    or a network: boards that filter and sort, entries, data cards, claims of papers, method.
    """
    from dataclasses import asdict

    from qaugbench.classification.findings import classifier_findings
    from qaugbench.classification.verified import checked_comparison
    from qaugbench.report.comparison_list import kept_comparisons
    from qaugbench.site.build import write_site

    compared = [
        one for path in kept_comparisons(root) for one in classifier_findings(path.name, checked_comparison(path).found)
    ]
    written = write_site(root, out, compared=compared)
    if as_json:
        print_json([{**asdict(written), "index": str(written.index)}])
    else:
        say(f"Site: {written.index}")


@leaderboard.command()
@click.argument("name")
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--out", type=click.Path(path_type=Path), default=Path("."), help="Folder for it.  [default: this one]")
@click.option("--doi", help="DOI of the snapshot, for its CITATION.cff.")
@json_option
def freeze(name: str, root: Path, out: Path, doi: str | None, as_json: bool) -> None:
    """Write a snapshot that can be published and cited.

    NAME is a version such as v1. The folder of that name holds every entry under ROOT, verified, the boards as Markdown and CSV,
    CITATION.cff, and the SHA-256 of every file. A snapshot is never changed.
    """
    from dataclasses import asdict

    from qaugbench.papers.freeze import freeze as write_snapshot

    frozen = write_snapshot(name, root, out, doi=doi)
    if as_json:
        print_json([{**asdict(frozen), "path": str(frozen.path)}])
    else:
        off = f", and {frozen.off_board} on no board" if frozen.off_board else ""
        say(
            f"Snapshot: {frozen.path}\nEntries: {frozen.entries}{off}\nSHA-256 of its list of checksums: {frozen.sha256}"
        )


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("every-eval-ever"), show_default=True, help="New folder."
)
@json_option
def export(root: Path, out: Path, as_json: bool) -> None:
    """Write listed entries in the form of Every Eval Ever.

    One JSON file per generator of every entry under ROOT, verified first, and NOT-MAPPED.md, which says what that form has no
    place for.
    """
    from qaugbench.exports.every_eval_ever import write_export

    written = write_export(root, out)
    if as_json:
        print_json({"path": str(path)} for path in written)
    else:
        say(f"{len(written)} files: {out}")
