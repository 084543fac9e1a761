"""What code a cell's numbers depend on: a module, everything of ours that it imports, and the versions of other libraries.

Imports inside functions count; those for type checking do not. "Ours" is this package, the package of the module asked about
(a plug-in's helpers) with all that was installed together with it, and any module that belongs to no installed library; of
another installed library its version counts.
Comments, docstrings and formatting do not, so a reworded sentence does not make a finished run stale.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from qaugbench.definitions import module_path
from qaugbench.task import canonical_hash

PACKAGE = "qaugbench"
WITHOUT_NUMBERS = frozenset({"qaugbench", "qaugbench.errors", "qaugbench.limits", "qaugbench.places"})
RECIPE_CODE = "qaugbench.downstream.recipe"


def code_hash(*modules: str) -> str:
    """Return the SHA-256 over ``modules`` and all of our modules that they import, directly or not."""
    return canonical_hash(module_hashes(*modules))


def libraries(*modules: str) -> dict[str, str]:
    """Return the versions of the installed libraries that ``modules`` and what they import of ours import."""
    own = _own_packages(modules)
    tops = {name.partition(".")[0] for found in closure(*modules).values() for name in found.imports}
    known = _distributions()
    return {
        distribution: installed_version(distribution)
        for top in sorted(tops - own)
        for distribution in sorted(set(known.get(top, ())))
    }


def recipe_hash() -> str:
    """Return what names the locked classifier: the hash of its code and the version of timm, which builds its network."""
    return canonical_hash({"code": code_hash(RECIPE_CODE), "timm": installed_version("timm")})


def module_hash(module: str) -> str:
    """Return the hash of one module alone, without what it imports."""
    path = module_path(module)
    if path is None:
        raise ModuleNotFoundError(f"No Python source for {module!r}")
    return _source(module, path).meaning


def module_hashes(*modules: str) -> dict[str, str]:
    """Return the hash of every module that ``code_hash`` covers, by name."""
    return {name: source.meaning for name, source in sorted(closure(*modules).items())}


@cache
def closure(*modules: str) -> dict[str, _Source]:
    """Return every module of ours that ``modules`` import, directly or not, themselves included, by name."""
    own = _own_packages(modules)
    found: dict[str, _Source] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in WITHOUT_NUMBERS or not _is_ours(name, own):
            continue
        path = module_path(name)
        if path is None:
            continue
        found[name] = _source(name, path)
        waiting += [*found[name].imports, *_parents(name)]
    return found


def _own_packages(modules: tuple[str, ...]) -> set[str]:
    """Return the packages whose code counts: ours, those of ``modules``, and what was installed together with those."""
    tops = {module.partition(".")[0] for module in modules} - {PACKAGE}
    installed = {distribution for top in tops for distribution in _distributions().get(top, ())}
    together = {top for top, names in _distributions().items() if installed & set(names)}
    return {PACKAGE, *tops, *together}


def _is_ours(name: str, own: set[str]) -> bool:
    top = name.partition(".")[0]
    return top in own or (top not in sys.stdlib_module_names and top not in _distributions())


@cache
def installed_version(distribution: str) -> str:
    """Return the version of an installed library."""
    return version(distribution)


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _parents(name: str) -> list[str]:
    """Return the packages that Python runs before a module.

    >>> _parents("a.b.c")
    ['a', 'a.b']
    """
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


class _Source:
    """One module's program as it runs: without docstrings, comments, layout and what is there for type checking only."""

    def __init__(self, name: str, path: Path) -> None:
        self.package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        imports: list[ast.Import | ast.ImportFrom] = []
        program = _as_run(ast.parse(path.read_text(encoding="utf-8")), imports)
        self.meaning = hashlib.sha256(repr(program).encode()).hexdigest()
        self.imports = tuple(name for node in imports for name in _imported(node, self.package))


@cache
def _source(name: str, path: Path) -> _Source:
    return _Source(name, path)


def _as_run(node: ast.AST, imports: list[ast.Import | ast.ImportFrom]) -> tuple[Any, ...]:
    """Return a syntax tree as nested tuples that do not depend on the version of Python: empty fields are left out.

    Docstrings and the bodies of ``if TYPE_CHECKING:`` are left out too. Every import that remains is added to ``imports``. Each
    node is visited once: a run asks this of some hundred modules.
    """
    kind = type(node)
    if kind is ast.Import or kind is ast.ImportFrom:
        imports.append(node)  # type: ignore[arg-type]
    found: list[Any] = [kind.__name__]
    for name in kind._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append((name, _as_run(value, imports)))
        elif isinstance(value, list):
            own = value[1:] if name == "body" and value and _is_docstring(value[0]) else value
            if items := _all_as_run(own, imports):
                found.append((name, items))
        elif value is not None:
            found.append((name, value))
    return tuple(found)


def _all_as_run(nodes: list[Any], imports: list[ast.Import | ast.ImportFrom]) -> tuple[Any, ...]:
    """Return the items of a list in a syntax tree, of ``if TYPE_CHECKING:`` those that run otherwise."""
    found: list[Any] = []
    for node in nodes:
        if not isinstance(node, ast.AST):
            found.append(node)
        elif isinstance(node, ast.If) and _asks_for_types(node):
            found += _all_as_run(node.orelse, imports)
        else:
            found.append(_as_run(node, imports))
    return tuple(found)


def _asks_for_types(node: ast.If) -> bool:
    test = node.test
    return (test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")) == "TYPE_CHECKING"


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _imported(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    """Yield every module that an import names; what it takes from a module may be one as well."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    module = _absolute(node, package)
    yield module
    yield from (f"{module}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module of a ``from`` import; each dot after the first goes up one package."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - node.level + 1])
    return f"{base}.{node.module}" if node.module else base
