"""What is installed where cells are computed: another machine must have the code and libraries that the run was planned with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import qaugbench
from qaugbench import plugins
from qaugbench.errors import ClusterError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.claims import host
from qaugbench.experiment.fingerprint import code_hash, installed_version


@dataclass(frozen=True)
class Installation:
    """The version of qaugbench, the hash of its code and of its plug-ins' code, and the versions of libraries, by name.

    ``libraries`` are those that the names of the cells contain: with others, a cell would not be what its name says.
    """

    version: str
    plug_ins: tuple[str, ...]
    code_sha256: str
    libraries: tuple[tuple[str, str], ...]


def planned_installation(cells: Iterable[Cell]) -> Installation:
    """Return what must be installed wherever ``cells`` are computed: what is installed here."""
    cells = tuple(cells)
    named = {str(cell.key["generator"]) for cell in cells if "generator" in cell.key}
    libraries = {library for cell in cells for library in cell.key.get("libraries", {})}
    return installation(tuple(sorted(named & set(plugins.registered()))), tuple(sorted(libraries)))


@cache
def installation(plug_ins: tuple[str, ...], libraries: tuple[str, ...]) -> Installation:
    """Return what is installed here. It is read once per process: code that changes later is not what this process runs."""
    modules = [plugins.entry_point(name).module for name in plug_ins if name in plugins.registered()]
    versions = tuple((name, _version(name)) for name in libraries)
    return Installation(qaugbench.__version__, plug_ins, code_hash(*_own_modules(), *modules), versions)


def check_installation(planned: Installation) -> None:
    """Raise ``ClusterError`` if this machine would compute with other code or libraries than the run was planned with."""
    here = installation(planned.plug_ins, tuple(name for name, _ in planned.libraries))
    differences = [
        f"{name} {version} (planned with {wanted})"
        for name, wanted, version in (
            ("qaugbench", planned.version, here.version),
            *((name, wanted, dict(here.libraries)[name]) for name, wanted in planned.libraries),
        )
        if version != wanted
    ]
    if planned.code_sha256 != here.code_sha256 and not differences:
        differences = [f"other code of qaugbench {here.version}" + (" or of a plug-in" if planned.plug_ins else "")]
    if differences:
        raise ClusterError(
            f"The worker on {host()} is not what the run was planned with: {', '.join(differences)}. Install the same on "
            "every machine, restart the workers, and run the same command again: finished steps are kept."
        )


def _own_modules() -> list[str]:
    """Return the name of every module of this package."""
    package = Path(qaugbench.__file__).parent
    parts = (path.relative_to(package.parent).with_suffix("").parts for path in package.rglob("*.py"))
    return sorted(".".join(names[:-1] if names[-1] == "__init__" else names) for names in parts)


def _version(library: str) -> str:
    try:
        return installed_version(library)
    except PackageNotFoundError:
        return "not installed"
