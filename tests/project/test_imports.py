"""Asking for help loads no framework, scoring needs none, and the layers of the package hold without cycles."""

from __future__ import annotations

import graphlib
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ["torch", "torchvision", "timm", "diffusers", "pennylane", "qiskit"]
HEAVY = [*FRAMEWORKS, "matplotlib", "sklearn", "scipy", "pandas", "pooch", "requests", "h5py", "pydicom", "nibabel"]


def _python(code: str) -> str:
    """Return what a fresh interpreter prints for ``code``; its error output is the test's when it fails."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"], ["run", "--help"]])
def test_command_line_answers_without_heavy_imports(arguments: list[str]) -> None:
    printed = _python(
        "import sys\n"
        "from qaugbench.cli import main\n"
        f"sys.argv = ['qaugbench', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        f"print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    assert printed.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("package", ["board", "report", "stats", "metrics"])
def test_scoring_and_reading_need_no_framework(package: str) -> None:
    printed = _python(
        "import importlib, pkgutil, sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {FRAMEWORKS!r}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        f"package = importlib.import_module('qaugbench.{package}')\n"
        "names = [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.')]\n"
        "print(len([importlib.import_module(name) for name in names]))"
    )
    assert int(printed) > 0


def test_imports_follow_the_contracts() -> None:
    lint = "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo', '--no-cache'])"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_no_import_cycles() -> None:
    """Imports for type checking and inside functions count: the linter's own contract leaves the first kind out."""
    graph = grimp.build_graph("qaugbench", cache_dir=None)
    # The package itself is left out: every import of a module runs it first, and it offers ``run`` by name alone.
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules - {"qaugbench"}}
    graphlib.TopologicalSorter(imports).prepare()  # names the cycle in its error


def test_an_ideal_circuit_depends_on_no_other_execution() -> None:
    closure = _imported_by("qaugbench.circuits.block")
    assert {"qaugbench.circuits.statevector", "qaugbench.circuits.executors"} <= closure
    others = ("qaugbench.circuits.noise", "qaugbench.circuits.devices", "qaugbench.circuits.photonic")
    assert not [name for name in closure if name.startswith(others) or name == "qaugbench.circuits.shots"]


def _imported_by(module: str) -> set[str]:
    """Return every module that ``module`` imports when it runs, directly or not, inside functions too."""
    graph = grimp.build_graph("qaugbench", exclude_type_checking_imports=True, cache_dir=None)
    return graph.find_upstream_modules(module)
