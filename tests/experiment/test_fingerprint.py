"""The hash of the code changes with what a cell's numbers depend on, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import pytest

from qaugbench import definitions, plugins
from qaugbench.experiment import fingerprint
from qaugbench.experiment.fingerprint import closure, code_hash, libraries, module_hash

Write = Callable[[dict[str, str]], None]
CLASSICAL = ("qaugbench.generators.ldm", "qaugbench.generators.spaces.latent", "qaugbench.generators.folder")
SOURCE = '''"""Doc."""
import os
from typing import TYPE_CHECKING
X = 1  # one
if TYPE_CHECKING:
    import torch

def f(a):
    """Doc."""
    return a + X
'''


def forget() -> None:
    """Let sources be read again: within one process they are taken not to change."""
    for function in (definitions.module_path, fingerprint._source, closure):
        function.cache_clear()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Return a function that writes modules, by path, into a folder on Python's path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def written(sources: dict[str, str]) -> None:
        for name, source in sources.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(source)
        forget()

    yield written
    forget()


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Return a function that gives one of the package's own modules other text, in a copy."""
    found = definitions.module_path
    copies: dict[str, Path] = {}
    monkeypatch.setattr(fingerprint, "module_path", lambda name: copies.get(name) or found(name))

    def edit(module: str, added: str) -> None:
        original = found(module)
        assert original is not None
        copies[module] = tmp_path / f"{module}.py"
        copies[module].write_text(original.read_text(encoding="utf-8") + added, encoding="utf-8")
        closure.cache_clear()

    yield edit
    closure.cache_clear()


@pytest.mark.parametrize(
    "same",
    [
        SOURCE.replace("Doc.", "Other words."),
        SOURCE.replace("  # one", ""),
        SOURCE.replace("a + X", "(a\n            + X)"),
        SOURCE.replace("import torch", "import numpy"),
    ],
)
def test_words_layout_and_types_do_not_count(write: Write, same: str) -> None:
    write({"plain.py": SOURCE})
    before = module_hash("plain")
    write({"plain.py": same})
    assert module_hash("plain") == before


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("X = 1", "X = 2"),
        SOURCE.replace("a + X", "a - X"),
        SOURCE.replace("return a", "return not a"),
        SOURCE.replace("import os", "import sys as os"),
    ],
)
def test_what_is_computed_counts(write: Write, other: str) -> None:
    write({"plain.py": SOURCE})
    before = module_hash("plain")
    write({"plain.py": other})
    assert module_hash("plain") != before


def test_closure_follows_imports_inside_functions() -> None:
    found = set(closure("qaugbench.experiment.replicate"))
    assert {"qaugbench.experiment.replicate", "qaugbench.seeds", "qaugbench.datasets.subsets"} <= found
    assert "qaugbench.errors" not in found
    assert not any("report" in name for name in found)


@pytest.mark.parametrize("classical", CLASSICAL)
def test_a_classical_model_depends_on_no_circuit_but_on_how_one_is_evaluated(classical: str) -> None:
    found = set(closure(classical))
    assert {name for name in found if "circuits" in name} <= {"qaugbench.circuits", "qaugbench.circuits.execution"}
    assert not {name for name in found if name.startswith(("qaugbench.downstream", "qaugbench.stats"))}
    assert len({name for name in found if not name.startswith("qaugbench.datasets.formats")}) < 20


def test_a_circuit_in_an_ideal_run_depends_on_no_other_execution() -> None:
    found = closure("qaugbench.generators.qldm", "qaugbench.generators.circuit_layers")
    assert {"qaugbench.circuits.statevector", "qaugbench.circuits.controls.build"} <= set(found)
    others = ("noise", "devices", "photonic", "resources", "export", "audit")
    assert not {name for name in found if name.startswith(tuple(f"qaugbench.circuits.{other}" for other in others))}
    assert len(found) < 70


def test_the_classifier_depends_on_no_generator_no_circuit_and_no_way_of_reading_files() -> None:
    found = set(closure(fingerprint.RECIPE_CODE))
    assert {"qaugbench.downstream.augment", "qaugbench.downstream.loss", "qaugbench.recipe"} <= found
    rooms = {name.split(".")[1] for name in found}
    assert rooms == {"downstream", "metrics", "recipe", "seeds"}


def test_an_unused_constant_of_a_device_renames_no_generator(edited: Callable[[str, str], None]) -> None:
    models = (*CLASSICAL, "qaugbench.generators.qldm", fingerprint.RECIPE_CODE)
    before = [code_hash(model) for model in models]
    edited("qaugbench.circuits.devices.jobs", "\nUNUSED = 1\n")
    assert [code_hash(model) for model in models] == before


def test_a_change_of_shared_code_renames_what_uses_it(edited: Callable[[str, str], None]) -> None:
    before = {model: code_hash(model) for model in (*CLASSICAL, fingerprint.RECIPE_CODE)}
    edited("qaugbench.generators.shared.diffusion", "\nUNUSED = 1\n")
    changed = {model for model in before if code_hash(model) != before[model]}
    assert changed == {"qaugbench.generators.ldm"}


@pytest.mark.parametrize(
    "importing",
    ["from .parts import SPREAD", "from . import parts", "import flat.parts", "from flat import parts"],
)
def test_a_plugin_s_helper_counts(write: Write, importing: str) -> None:
    sources = {"flat/__init__.py": "", "flat/model.py": f"def fit():\n    {importing}\n"}
    write({**sources, "flat/parts.py": "SPREAD = 1.0\n"})
    before = code_hash("flat.model")
    assert set(closure("flat.model")) == {"flat", "flat.model", "flat.parts"}
    write({"flat/parts.py": "SPREAD = 3.0\n"})
    assert code_hash("flat.model") != before


def test_a_helper_of_a_helper_and_the_package_itself_count(write: Write) -> None:
    write(
        {
            "flat/__init__.py": "from .parts.inner import SPREAD\n",
            "flat/parts/__init__.py": "",
            "flat/parts/inner.py": "from ..tables import SPREAD\n",
            "flat/tables.py": "SPREAD = 1.0\n",
            "flat/model.py": "class Flat:\n    pass\n",
        }
    )
    before = code_hash("flat.model")
    write({"flat/tables.py": "SPREAD = 3.0\n"})
    assert code_hash("flat.model") != before


def test_a_module_beside_the_plugin_that_no_library_installed_counts(write: Write) -> None:
    write({"flat_model.py": "import flat_tables\n", "flat_tables.py": "SPREAD = 1.0\n"})
    before = code_hash("flat_model")
    write({"flat_tables.py": "SPREAD = 3.0\n"})
    assert code_hash("flat_model") != before


@pytest.mark.parametrize("helper", ["flat/parts.py", "flat_tables.py"])
def test_the_code_of_an_installed_plugin_counts_and_not_its_version(
    write: Write, monkeypatch: pytest.MonkeyPatch, helper: str
) -> None:
    installed = {"flat": ["flat-generators"], "flat_tables": ["flat-generators"], "numpy": ["numpy"]}
    monkeypatch.setattr(fingerprint, "_distributions", lambda: installed)
    imports = "from flat.parts import SPREAD\nimport flat_tables\nimport numpy\n"
    parts = {"flat/parts.py": "SPREAD = 1.0\n", "flat_tables.py": "SPREAD = 1.0\n"}
    write({"flat/__init__.py": "", "flat/model.py": imports, **parts})
    before = code_hash("flat.model")
    assert libraries("flat.model") == {"numpy": version("numpy")}
    write({helper: "SPREAD = 3.0\n"})
    assert code_hash("flat.model") != before


def test_versions_of_libraries_are_those_that_are_imported(write: Write) -> None:
    model = "import os\nfrom sklearn.decomposition import PCA\nfrom flat_parts import f\n"
    parts = "import numpy as np\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
    write({"flat_model.py": model, "flat_parts.py": parts})
    assert libraries("flat_model") == {"numpy": version("numpy"), "scikit-learn": version("scikit-learn")}


def test_another_version_is_seen(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"flat_model.py": "import sklearn\n"})
    monkeypatch.setattr(fingerprint, "installed_version", lambda distribution: "999")
    assert libraries("flat_model") == {"scikit-learn": "999"}


def test_a_library_that_is_not_installed_has_no_version(write: Write) -> None:
    write({"flat_model.py": "def fit():\n    import not_installed_anywhere\n"})
    assert libraries("flat_model") == {}


def test_the_classifier_s_name_is_that_of_its_code_and_of_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint.recipe_hash()
    monkeypatch.setattr(fingerprint, "installed_version", lambda distribution: "999" if distribution == "timm" else "1")
    other_timm = fingerprint.recipe_hash()
    monkeypatch.setattr(fingerprint, "code_hash", lambda module: f"other code of {module}")
    assert len({before, other_timm, fingerprint.recipe_hash()}) == 3


def test_hashing_imports_nothing() -> None:
    program = (
        "import sys; from qaugbench.experiment.fingerprint import code_hash, libraries; "
        "modules = 'qaugbench.downstream.recipe', 'qaugbench.generators.qldm'; "
        "code_hash(*modules), libraries(*modules); print('torch' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_a_module_of_ours_is_of_no_plugin_and_another_is_named_with_its_version() -> None:
    assert plugins.package_of("qaugbench.generators.vae") is None
    assert plugins.package_of("scipy.stats") == f"scipy {version('scipy')}"
    assert plugins.package_of("nobody_has_this.model") == "nobody_has_this, not installed"


def test_an_editable_plug_in_is_named_as_installed_though_its_files_are_elsewhere(tmp_path: Path) -> None:
    facts = tmp_path / "qaugbench_energy-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.4\nName: qaugbench-energy\nVersion: 0.1.0\n")
    (facts / "RECORD").write_text("_editable_impl_qaugbench_energy.pth,,\n")
    (facts / "entry_points.txt").write_text("[qaugbench.generators]\nenergy = energycircuit.model:Energy\n")
    plugins.registered.cache_clear()
    with mock.patch.object(sys, "path", [str(tmp_path), *sys.path]):
        assert plugins.package_of("energycircuit.model") == "qaugbench-energy 0.1.0"
    plugins.registered.cache_clear()
