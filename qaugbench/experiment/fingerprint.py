"""The hash of the code that a cell's numbers depend on: a module and everything of this package that it imports.

Comments, docstrings and formatting do not count, so a reworded sentence does not make a finished run stale.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache

from qaugbench.definitions import module_path

PACKAGE = "qaugbench"
WITHOUT_NUMBERS = frozenset({"qaugbench", "qaugbench.errors"})


@cache
def code_hash(*modules: str) -> str:
    """Return the SHA-256 over ``modules`` and all qaugbench modules that they import, directly or not."""
    digest = hashlib.sha256()
    for name, source in sorted(_closure(modules).items()):
        digest.update(f"{name}:{_meaning(source)}\n".encode())
    return digest.hexdigest()


@cache
def module_hash(module: str) -> str:
    """Return the hash of one module alone, without what it imports."""
    path = module_path(module)
    if path is None:
        raise ModuleNotFoundError(f"No Python source for {module!r}")
    return _meaning(path.read_text(encoding="utf-8"))


def _closure(modules: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = module_path(name)
        if name in found or name in WITHOUT_NUMBERS or path is None:
            continue
        found[name] = path.read_text(encoding="utf-8")
        waiting += _imports(found[name])
    return found


def _imports(source: str) -> list[str]:
    """Return every qaugbench module that ``source`` imports, inside functions too, but not for type checking only."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE]
    return names


def _meaning(source: str) -> str:
    """Return the hash of the program without docstrings, comments and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
