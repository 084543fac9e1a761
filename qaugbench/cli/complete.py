"""What the shell may complete: names of tasks, generators, sources, tracks and runs, each from its files, quickly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tasks whose name begins like ``incomplete``."""
    from qaugbench import definitions

    return _beginning(incomplete, definitions.names("tasks"))


def generators(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the generators whose name begins like ``incomplete``."""
    from qaugbench import definitions

    return _beginning(incomplete, definitions.generator_names())


def classifiers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the classifiers whose name begins like ``incomplete``."""
    from qaugbench.classifier_cards import classifier_names

    return _beginning(incomplete, classifier_names())


def sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the sources whose name begins like ``incomplete``, of the task that is on the command line, if any."""
    from qaugbench.datasets.sources import sources as known

    task = str(ctx.params.get("task") or "").partition("@")[0]
    return _beginning(incomplete, (one.id for one in known().values() if not task or task in one.tasks))


def tracks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tracks whose name begins like ``incomplete``, in order of size."""
    from qaugbench import definitions

    found = [track for name in definitions.names("tasks") for track in definitions.task(name).tracks]
    return _beginning(incomplete, dict.fromkeys(found))


def lists(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return what can be listed."""
    from qaugbench.catalogue import LISTS

    return _beginning(incomplete, LISTS)


def commands(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the commands whose name begins like ``incomplete``."""
    root = ctx.find_root()
    return _beginning(incomplete, root.command.list_commands(root) if isinstance(root.command, click.Group) else ())


def results(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of runs that begin like ``incomplete``, as paths where a path was begun; else folders."""
    from click.shell_completion import CompletionItem

    from qaugbench.board.result_folders import run_names
    from qaugbench.places import RUNS

    folder, slash, _ = incomplete.rpartition("/")
    names = [f"{folder}{slash}{name}" for name in run_names(Path(folder or "/") if slash else RUNS)]
    found = _beginning(incomplete, names)
    return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="dir")]


def cited(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what 'cite' takes: generators and results."""
    from click.shell_completion import CompletionItem

    named = [CompletionItem(name) for name in generators(ctx, param, incomplete)]
    return [*named, *(one for one in results(ctx, param, incomplete) if not named or one.type == "plain")]


def shown(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what 'show' takes: tasks, generators, classifiers, runs and studies."""
    from click.shell_completion import CompletionItem

    from qaugbench.places import RUNS
    from qaugbench.report.comparison_list import comparison_names
    from qaugbench.report.noise_list import noise_names
    from qaugbench.report.study_list import study_names

    folder, slash, _ = incomplete.rpartition("/")
    runs = Path(folder or "/") if slash else RUNS
    studies = [f"{folder}{slash}{name}" for name in (*study_names(runs), *noise_names(runs), *comparison_names(runs))]
    defined = [
        *tasks(ctx, param, incomplete),
        *generators(ctx, param, incomplete),
        *classifiers(ctx, param, incomplete),
    ]
    named = [*defined, *_beginning(incomplete, studies)]
    found = results(ctx, param, incomplete)
    return [*map(CompletionItem, named), *(one for one in found if not named or one.type == "plain")]


def comparisons(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of comparisons of classifiers that begin like ``incomplete``, and what ``results`` returns."""
    from click.shell_completion import CompletionItem

    from qaugbench.places import RUNS
    from qaugbench.report.comparison_list import comparison_names

    folder, slash, _ = incomplete.rpartition("/")
    names = [f"{folder}{slash}{name}" for name in comparison_names(Path(folder or "/") if slash else RUNS)]
    named = [CompletionItem(name) for name in _beginning(incomplete, names)]
    return [*named, *(one for one in results(ctx, param, incomplete) if not named or one.type == "plain")]


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
