"""Commands for those who keep a leaderboard, or this package: entries, pull requests, sources that are pinned, dated presets."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import click

from qaugbench.cli import complete
from qaugbench.cli.boards import leaderboard
from qaugbench.cli.output import json_option, print_json, terminal_width
from qaugbench.cli.root import cli, say, tell
from qaugbench.places import RESULTS

ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/-]{1,200}")


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@json_option
def index(root: Path, as_json: bool) -> None:
    """List every entry under ROOT with its board, trust and warnings.

    ROOT is the folder of all entries, by default 'results'. Every entry is verified first.
    """
    from qaugbench.board.index import index_rows, index_text

    rows = index_rows(root)
    if as_json:
        print_json(rows)
    else:
        say(index_text(rows, terminal_width()))


@leaderboard.command()
@click.argument("entry", type=click.Path(path_type=Path), shell_complete=complete.results)
def pin(entry: Path) -> None:
    """Print what pins the source of an entry.

    For a maintainer who has reviewed the first entry on a source: the JSON goes into 'sources' of
    qaugbench/board/pinned.json, and later entries must state the same images, split, counts and test labels.
    """
    from qaugbench.board.pinned import pin_of
    from qaugbench.board.verify import verify
    from qaugbench.files import json_text

    found = verify(entry)
    board = found.record.board
    click.echo(json_text({f"{board.task}/{board.source}": [pin_of(found.record, found.predictions)]}), nl=False)


@leaderboard.command()
def schema() -> None:
    """Print the JSON Schema of entry.json."""
    from qaugbench.board.bundle import entry_schema
    from qaugbench.files import json_text

    click.echo(json_text(entry_schema()), nl=False)


@leaderboard.command()
@click.option("--base", required=True, help="Commit or branch that the change is to be merged into.")
@click.option("--head", default="HEAD", show_default=True, help="Commit or branch that is proposed.")
@click.option(
    "--author", help="Who proposes it; needed where images are the submitter's own, which are called after them."
)
@click.option(
    "--url", help="Address of the repository, such as https://github.com/OWNER/NAME: ids of entries become links."
)
@click.option("--out", type=click.Path(path_type=Path), help="File for the report; standard output by default.")
def check(base: str, head: str, author: str | None, url: str | None, out: Path | None) -> int:
    """Check what a pull request changes.

    It may add the files of one new entry, or withdraw one, or add a study of noise, and nothing else. The entry is verified beside
    those of its board; nothing of the proposed commit is checked out or executed. Exit code 1 if it cannot be taken.
    """
    from qaugbench.board.repository import Repository
    from qaugbench.board.review import review
    from qaugbench.cli.submission import study_review
    from qaugbench.files import write_whole

    repository = Repository.around(Path.cwd())
    if repository is None:
        raise click.UsageError("This folder is in no git repository.", click.get_current_context())
    if url is not None and not ADDRESS.fullmatch(url):
        raise click.UsageError(f"--url {url!r} is no address that begins with https://.", click.get_current_context())
    found = study_review(repository, base, head, author) or review(repository, base, head, author, url)
    if out is None:
        say(found.text)
    else:
        write_whole(out, found.text)
        say(f"Report: {out}")
    return int(not found.holds)


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--day", required=True, help="A day such as 2026-12-01: the same day always gives the same entry.")
def sample(root: Path, day: str) -> None:
    """Name the entry whose replicate is due to be computed again.

    ROOT is the folder of all entries, by default 'results'. Printed are the entry's folder and a replicate: the least believed
    first, among those whose images a program may fetch; nothing where there is none.
    """
    from qaugbench.board.due import due

    found = due(root, day)
    if found is not None:
        click.echo(f"{found.path}\t{found.replicate}\t{found.source}")


@cli.command(name="refresh-presets")
@click.argument("presets", nargs=-1)
@click.option("--write", "writes", is_flag=True, help="Write them into presets.toml of this package.")
@json_option
def refresh_presets(presets: tuple[str, ...], writes: bool, as_json: bool) -> None:
    """Compare presets of devices with installed snapshots.

    For a maintainer who has updated qiskit-ibm-runtime: the medians of each snapshot beside what the preset says. Without
    PRESETS all that have a snapshot; nothing is written without --write.
    """
    from qaugbench.circuits.noise.refresh import FILE, changes, changes_text, write

    tell("Reading the snapshots ...")
    found = changes(presets)
    if writes and found:
        write(found)
    if as_json:
        print_json(asdict(change) for change in found)
        return
    say(changes_text(found, terminal_width()))
    if writes and found:
        say(f"Written: {FILE}")
