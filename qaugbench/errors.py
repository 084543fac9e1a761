"""The one exception base. Every message says what was wrong, what was given, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.util import find_spec


class QaugbenchError(Exception):
    """Bad input or an unusable environment; the command line prints it and exits with code 2."""


class DefinitionError(QaugbenchError):
    """A task, generator or track that does not exist, or a definition file that cannot be used."""


class DataError(QaugbenchError):
    """Images or labels that cannot be used as given."""


class StoreError(QaugbenchError):
    """A store that cannot be read or written (full disk, read-only folder, damaged cell)."""


class StatisticsError(QaugbenchError):
    """Arrays for which the requested statistic is not defined."""


class EntryError(QaugbenchError):
    """A leaderboard entry or record that does not hold what it claims."""


class CircuitError(QaugbenchError):
    """A circuit that is not well formed or cannot be executed."""


class MissingPackageError(QaugbenchError):
    """A package that qaugbench runs without, but not what was asked for."""


def missing_package(what: str, *packages: str, extra: str | None = None) -> str:
    """Return in one line what needs which packages, and the command that installs them.

    >>> missing_package("--backend dask", "distributed", extra="dask")
    "--backend dask needs the package distributed, which is not installed: pip install 'qaugbench[dask]'"
    >>> missing_package("This file", "pylibjpeg", "numpy")
    'This file needs the packages pylibjpeg and numpy, which are not installed: pip install pylibjpeg numpy'
    """
    needed = (
        f"package {packages[0]}, which is" if len(packages) == 1 else f"packages {' and '.join(packages)}, which are"
    )
    command = f"'qaugbench[{extra}]'" if extra else " ".join(packages)
    return f"{what} needs the {needed} not installed: pip install {command}"


def require(what: str, *modules: str, extra: str | None = None) -> None:
    """Raise ``MissingPackageError`` when a module that ``what`` needs is not installed; nothing is imported."""
    missing = [module.replace("_", "-") for module in modules if find_spec(module) is None]
    if missing:
        raise MissingPackageError(missing_package(what, *missing, extra=extra))


def near_names(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'a' or 'b'? Known: ..." for an unknown ``name``.

    >>> near_names("brianmri", ["brainmri", "fundus"])
    " Did you mean 'brainmri'? Known: brainmri, fundus."
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return f"{hint} Known: {', '.join(names)}." if names else hint


def first_offenders(offenders: Iterable[object], limit: int = 5) -> str:
    """Return the first ``limit`` offenders as one line, with a count of the rest.

    >>> first_offenders(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    listed = [str(offender) for offender in offenders]
    shown = ", ".join(listed[:limit])
    return f"{shown} and {len(listed) - limit} more" if len(listed) > limit else shown
