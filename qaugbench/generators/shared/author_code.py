"""The lines of a generator's own code, for messages to its author: where a method is written, runs, or raised an error."""

from __future__ import annotations

import builtins
import difflib
import inspect
import traceback
from dataclasses import dataclass
from pathlib import Path

from qaugbench.errors import shown
from qaugbench.plugins import module_path

OURS = "qaugbench"


@dataclass(frozen=True)
class CodePlace:
    """A line of a generator's code; ``file`` begins at its package, so that it names no folder of its author."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, in {self.function}"


def place_raised(error: BaseException, module: str) -> CodePlace | None:
    """Return the innermost line in the traceback of ``error`` that belongs to the generator of ``module``, or None.

    To the generator belong its module and, in another package, every module of that package.
    """
    return _innermost(traceback.extract_tb(error.__traceback__), module)


def place_running(module: str) -> CodePlace | None:
    """Return the innermost line of the generator of ``module`` among the calls that are under way, or None."""
    return _innermost(traceback.extract_stack(), module)


def place_written(kind: type, method: str) -> CodePlace | None:
    """Return where a class's own package writes ``method``; None where it inherits ours or there is no source file."""
    function = getattr(kind, method, None)
    code = None if function is None else getattr(inspect.unwrap(function), "__code__", None)
    own = _own_files(kind.__module__)
    if code is None or own is None or not _belongs(code.co_filename, own):
        return None
    return CodePlace(_short(code.co_filename, own), code.co_firstlineno, method)


def place_of_class(kind: type) -> CodePlace | None:
    """Return where a class begins, or None if there is no source file."""
    own = _own_files(kind.__module__)
    try:
        file, line = inspect.getsourcefile(kind), inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return None
    return None if own is None or file is None else CodePlace(_short(file, own), line, kind.__name__)


def described(error: BaseException, module: str) -> str:
    """Return an error on one line: its type, its message, what was meant, and the line of the generator that raised it.

    >>> described(ValueError("one\\ntwo"), "qaugbench.generators.gmm")
    'ValueError: one; two'
    """
    said = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    where = place_raised(error, module)
    name = type(error).__name__
    return (f"{name}: {shown(said, None)}{_meant(error)}" if said else name) + ("" if where is None else f" ({where})")


def _meant(error: BaseException) -> str:
    """Return the near name that Python adds to an unknown one where it prints a traceback, and nowhere else."""
    known: set[str] = set()
    if isinstance(error, AttributeError) and error.obj is not None:
        known = set(dir(error.obj))
    elif isinstance(error, NameError) and error.__traceback__ is not None:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        known = {*frame.f_locals, *frame.f_globals, *dir(builtins)}
    near = difflib.get_close_matches(str(getattr(error, "name", "")), known, n=1)
    return f". Did you mean: {near[0]!r}?" if near else ""


def _innermost(frames: traceback.StackSummary, module: str) -> CodePlace | None:
    own = _own_files(module)
    if own is None:
        return None
    inside = [frame for frame in frames if _belongs(frame.filename, own)]
    if not inside:
        return None
    return CodePlace(_short(inside[-1].filename, own), inside[-1].lineno or 0, inside[-1].name)


def _own_files(module: str) -> Path | None:
    """Return the file of a generator of ours or of a single module, or the folder of the package of another."""
    top = module.partition(".")[0]
    try:
        path = module_path(module) if top == OURS else module_path(top)
    except (ImportError, ValueError):
        return None
    if path is None or top == OURS:
        return path
    return path.parent if path.name == "__init__.py" else path


def _belongs(file: str, own: Path) -> bool:
    path = Path(file).resolve()
    return path == own.resolve() or own.resolve() in path.parents


def _short(file: str, own: Path) -> str:
    """Return the path of a file from the folder that holds the package."""
    path, own = Path(file).resolve(), own.resolve()
    return path.relative_to(own.parent).as_posix() if path.is_relative_to(own.parent) else path.name
