"""The wheel holds the package and its definitions, and the facts told in several places agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import qaugbench

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths inside a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("kind", ["tasks", "baselines", "baselines/spaces", "baselines/classifiers"])
def test_wheel_carries_every_definition(wheel_names: set[str], kind: str) -> None:
    definitions = {path.name for path in (ROOT / kind).glob("*.toml")}
    packed = {Path(name).name for name in wheel_names if name.startswith(f"qaugbench/{kind}/")}
    assert definitions
    assert definitions <= packed


def test_wheel_carries_every_module_and_nothing_beside_the_package(wheel_names: set[str]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "qaugbench").rglob("*.py")}
    assert modules | {"qaugbench/py.typed"} <= wheel_names
    assert {name.split("/")[0] for name in wheel_names} == {"qaugbench", f"qaugbench-{qaugbench.__version__}.dist-info"}


def test_wheel_carries_templates_and_tables(wheel_names: set[str]) -> None:
    kinds = ("*.j2", "*.css", "*.js", "*.toml")
    files = {path.relative_to(ROOT).as_posix() for kind in kinds for path in (ROOT / "qaugbench").rglob(kind)}
    assert {"qaugbench/site/templates/site.js", "qaugbench/papers/checklists.toml"} <= files
    assert files <= wheel_names


def test_wheel_carries_the_licence(wheel_names: set[str]) -> None:
    assert f"qaugbench-{qaugbench.__version__}.dist-info/licenses/LICENSE" in wheel_names


def test_citation_and_changelog_name_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1].strip('"') == qaugbench.__version__
    assert f"## {qaugbench.__version__}" in changelog


def test_citation_licence_is_the_package_s() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^license: (.+)$", citation, re.MULTILINE)[1] == PROJECT["project"]["license"]
