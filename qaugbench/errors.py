"""The common base of all exceptions. Every message says what was wrong, what was given, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.util import find_spec

ITEM_LIMIT = 80
"""Characters of one name or value in a message, by default."""
OFFENDER_LIMIT = 160
"""Characters of one offender: a name and its problem."""
LONGEST_NAME = 200
"""Characters of an unknown name that are compared with the known ones."""
MOST_NAMES = 12
"""Known names that a message lists before it counts the rest; more are not listed beside those that may be meant."""
MESSAGE_LIMIT = 4000
"""Characters of a whole message."""


class QaugbenchError(Exception):
    """Bad input or an unusable environment; the command line prints it and exits with code 2.

    A message contains no control character but line breaks and is never longer than a screen.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(shortened(printable(str(message), "\n"), MESSAGE_LIMIT))


class DefinitionError(QaugbenchError):
    """A task, generator or track that does not exist, or a definition file that cannot be used."""


class ContractError(QaugbenchError):
    """A generator whose code returns what no run can use; the message names its line and what was returned."""


class DataError(QaugbenchError):
    """Images or labels that cannot be used as given."""


class StoreError(QaugbenchError):
    """A store that cannot be read or written (full disk, read-only folder, damaged cell)."""


class ClusterError(QaugbenchError):
    """A scheduler or machines elsewhere that cannot be used, or were lost; finished steps are kept."""


class StatisticsError(QaugbenchError):
    """Arrays for which the requested statistic is not defined."""


class EntryError(QaugbenchError):
    """A leaderboard entry or record that does not hold what it claims."""


class CircuitError(QaugbenchError):
    """A circuit that is not well formed or cannot be executed."""


class NoControlError(CircuitError):
    """A control that does not exist for this circuit."""


TRAINING = ("torch", "torchvision", "timm", "diffusers", "safetensors")
"""The packages of the extra ``run``, which everything that fits, draws or trains needs, and nothing that only scores."""


class MissingPackageError(QaugbenchError):
    """An optional package that the request needs."""


def missing_package(what: str, *packages: str, extra: str | None = None) -> str:
    """Return one line: what needs which packages, and the command that installs them.

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
    """Raise ``MissingPackageError`` if a module that ``what`` needs is not installed; nothing is imported."""
    missing = [module.replace("_", "-") for module in modules if find_spec(module) is None]
    if missing:
        raise MissingPackageError(missing_package(what, *missing, extra=extra))


def shown(text: object, limit: int | None = ITEM_LIMIT) -> str:
    """Return ``text`` fit for a message: unprintable characters are escaped, and text longer than ``limit`` is cut in the middle.

    File names, column names and cells come from others: they must not control the terminal or fill the screen.
    ``limit=None`` cuts nothing.

    >>> shown("a\\tb"), shown("abcdefghijklmnop", limit=9)
    ('a\\\\tb', 'abc...nop')
    """
    escaped = printable(str(text))
    return escaped if limit is None else shortened(escaped, limit)


def shortened(text: str, limit: int) -> str:
    """Return ``text`` with its middle replaced by three dots if it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    end = max(0, (limit - 3) // 2)
    return f"{text[: max(0, limit - 3 - end)]}...{text[len(text) - end :]}"


def printable(text: str, keep: str = "") -> str:
    """Return ``text`` with control, formatting and unpaired surrogate characters escaped, except those in ``keep``."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def near_names(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'a' or 'b'? Known: ..." for an unknown ``name``.

    At most a dozen known names are listed; where there are more, those that are near stand alone.

    >>> near_names("brianmri", ["brainmri", "fundus"])
    " Did you mean 'brainmri'? Known: brainmri, fundus."
    """
    names = sorted(known)
    near = difflib.get_close_matches(name[:LONGEST_NAME], names, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(shown(n)) for n in near)}?" if near else ""
    if not names or (near and len(names) > MOST_NAMES):
        return hint
    return f"{hint} Known: {first_offenders(names, MOST_NAMES)}."


def first_offenders(offenders: Iterable[object], limit: int = 5) -> str:
    """Return the first ``limit`` offenders as one line, each fit for a message (``shown``), with a count of the rest.

    >>> first_offenders(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    listed = list(offenders)
    line = ", ".join(shown(offender, OFFENDER_LIMIT) for offender in listed[:limit])
    return f"{line} and {len(listed) - limit} more" if len(listed) > limit else line
