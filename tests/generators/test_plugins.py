"""Generators of other packages: found by entry point, their facts beside their code; a faulty one hides no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from unittest import mock

import pytest

from qaugbench import definitions
from qaugbench.catalogue import catalogue, catalogue_text
from qaugbench.errors import DefinitionError
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.inspection import doctor
from qaugbench.inspection.circuit_doctor import examine_circuits
from qaugbench.inspection.doctor import Finding, examine
from qaugbench.inspection.plug_ins import plug_in_faults
from qaugbench.kinds import may_run_circuits
from tests.generators.documented import MEAN_IMAGE, PRINTED
from tests.generators.registering import GROUP, entry_points, registered

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"
FACTS = PRINTED["meanimage.toml"]


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a package ``flatpack`` on the path, whose module ``flatpack.models.flat`` is registered."""
    folder = tmp_path / "flatpack"
    (folder / "models").mkdir(parents=True)
    for place in (folder, folder / "models"):
        (place / "__init__.py").touch()
    (folder / "models" / "flat.py").write_text(MEAN_IMAGE.source, encoding="utf-8")
    point = EntryPoint("meanimage", "flatpack.models.flat:MeanImage", GROUP)
    with mock.patch.object(sys, "path", [str(tmp_path), *sys.path]), entry_points(point):
        yield folder
    for module in [name for name in sys.modules if name.partition(".")[0] == "flatpack"]:
        del sys.modules[module]


def plug_in_findings(out: Path) -> list[Finding]:
    return [finding for finding in examine(out) if finding.what.startswith("plug-in")]


@pytest.mark.parametrize("place", [".", "models"])
def test_facts_are_beside_the_module_or_in_the_package_s_folder(package: Path, place: str) -> None:
    (package / place / "meanimage.toml").write_text(FACTS, encoding="utf-8")
    task = definitions.task("fundus")
    (choice,) = choose_generators(["meanimage"], task, task.tracks["smoke"])
    assert (choice.card.id, choice.module) == ("meanimage", "flatpack.models.flat")
    assert "meanimage" in [row["generator"] for row in catalogue("generators")["generators"]]


def test_without_facts_it_is_listed_as_unusable_and_the_others_stay(package: Path, tmp_path: Path) -> None:
    rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert rows["qldm"]["kind"] == "hybrid"
    assert rows["meanimage"]["title"].startswith("cannot be used: The registered generator 'meanimage' states no facts")
    assert "cannot be used" in catalogue_text("generators", width=999)
    with pytest.raises(DefinitionError, match=r"no .*models/meanimage\.toml and no .*flatpack/meanimage\.toml"):
        definitions.generator_card("meanimage")
    assert [card.id for card in definitions.usable_cards()] == definitions.names("baselines")
    with mock.patch("qaugbench.inspection.circuit_doctor._examined", lambda name, **options: name):
        named = [card.id for card in definitions.usable_cards() if may_run_circuits(card.kind)]
        assert examine_circuits() == named
    (finding,) = plug_in_findings(tmp_path / "runs")
    assert (finding.state, finding.what) == ("fails", "plug-in meanimage")
    assert "states no facts" in finding.detail


def test_the_doctor_looks_at_the_class_as_well(package: Path, tmp_path: Path) -> None:
    (package / "meanimage.toml").write_text(FACTS, encoding="utf-8")
    assert [finding.state for finding in plug_in_findings(tmp_path / "runs")] == ["fine"]
    (package / "meanimage.toml").write_text(FACTS.replace('"classical"', '"quantum-inspired"'), encoding="utf-8")
    definitions.generator_card.cache_clear()
    (finding,) = plug_in_findings(tmp_path / "runs")
    assert finding.state == "fails"
    assert "'quantum-inspired', but its class MeanImage is 'classical'" in finding.detail


@pytest.mark.parametrize(
    ("sound", "faulty", "said"),
    [
        (
            "import torch\n",
            "import absent_library\n",
            "cannot be imported from flatpack.models.flat:MeanImage: ModuleNotFound",
        ),
        ("def draw(self, labels: torch.Tensor, random: RowRandom)", "def draw(self, labels)", "MeanImage.draw takes"),
    ],
)
def test_code_that_cannot_be_used_is_listed_as_such_and_named_by_the_doctor(
    package: Path, tmp_path: Path, sound: str, faulty: str, said: str
) -> None:
    (package / "meanimage.toml").write_text(FACTS, encoding="utf-8")
    (package / "models" / "flat.py").write_text(MEAN_IMAGE.with_(sound, faulty).source, encoding="utf-8")
    rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert rows["meanimage"]["title"].startswith("cannot be used: ")
    assert said in rows["meanimage"]["title"]
    assert "flatpack/models/flat.py, line " in catalogue_text("generators", width=999)
    assert rows["qldm"]["kind"] == "hybrid"
    (finding,) = plug_in_findings(tmp_path / "runs")
    assert (finding.state, finding.what) == ("fails", "plug-in meanimage")
    assert said in finding.detail
    assert "'qaugbench doctor generator meanimage' checks it" in finding.detail
    assert "\n" not in finding.text()


def test_the_doctor_lists_every_fault_of_facts_code_and_settings(package: Path) -> None:
    faulty = FACTS.replace('kind = "classical"', 'kind = "clasical"')
    (package / "meanimage.toml").write_text(faulty, encoding="utf-8")
    (package / "models" / "flat.py").write_text(
        MEAN_IMAGE.with_("import torch\n", "import absent_library\n").source, encoding="utf-8"
    )
    facts, code = plug_in_faults("meanimage")
    assert "Did you mean 'classical'" in facts
    assert "absent_library" in code
    (package / "models" / "flat.py").write_text(MEAN_IMAGE.source, encoding="utf-8")
    tracks = "[track.smoke]\nnoise = 'much'\n[track.lite]\nnose = 1\n"
    (package / "meanimage.toml").write_text(f"{FACTS}\n{tracks}", encoding="utf-8")
    definitions.generator_card.cache_clear()
    much, nose = plug_in_faults("meanimage")
    assert "the track 'smoke', key 'noise': expected float, got 'much'" in much
    assert "the track 'lite': unknown key 'nose'. Did you mean 'noise'" in nose
    assert plug_in_faults("meanimage") == [much, nose]


def test_the_doctor_names_a_faulty_generator_of_ours_and_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    card = definitions.generator_card("qldm")
    faulty = replace(card, hyper={**card.hyper, "layer": 3})
    monkeypatch.setattr(definitions, "generator_card", lambda name: faulty if name == "qldm" else card)
    found = {finding.what: finding for finding in doctor._definitions()}
    assert found["baseline qldm"].state == "fails"
    assert found["baseline qldm"].detail.count("unknown key 'layer'") == 1
    assert "'qaugbench doctor generator qldm'" in found["baseline qldm"].detail
    assert "qldm" not in found["baselines"].detail.split(", ")


def test_a_wrong_setting_is_listed_as_such_once(package: Path) -> None:
    (package / "meanimage.toml").write_text(f"{FACTS}\nnose = 1.0\n", encoding="utf-8")
    rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert rows["meanimage"]["title"].startswith("cannot be used: ")
    assert rows["meanimage"]["title"].count("settings of every track: unknown key 'nose'") == 1


def test_the_doctor_names_a_plug_in_that_uses_one_of_our_names(tmp_path: Path) -> None:
    with entry_points(EntryPoint("qldm", "elsewhere:Other", GROUP)):
        (finding,) = plug_in_findings(tmp_path / "runs")
    assert finding.state == "fails"
    assert "elsewhere:Other is ignored" in finding.detail


def test_a_module_that_is_gone_is_named() -> None:
    with entry_points(EntryPoint("lost", "absent_package.models:Lost", GROUP)):
        with pytest.raises(DefinitionError, match=r"'absent_package\.models', which cannot be found"):
            definitions.generator_card("lost")
        assert isinstance(definitions.every_card()["lost"], DefinitionError)


@pytest.mark.parametrize("value", ['"flatpack.models.flat:MeanImage"', "", "flat pack:MeanImage"])
def test_an_entry_point_that_names_no_object_is_named_and_hides_no_other(value: str) -> None:
    with entry_points(EntryPoint("odd", value, GROUP)):
        rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert "Write it as package.module:Class" in rows["odd"]["title"]
    assert rows["qldm"]["kind"] == "hybrid"


def test_facts_that_are_not_text_are_named_and_hide_no_other(package: Path) -> None:
    (package / "meanimage.toml").write_bytes(b"\xff\xfe\x00")
    rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert rows["meanimage"]["title"].startswith("cannot be used: ")
    assert "meanimage.toml" in rows["meanimage"]["title"]


def test_an_id_other_than_the_registered_name_is_refused(tmp_path: Path) -> None:
    message = r"other\.toml: the id is 'meanimage', but the generator is called 'other'"
    other = registered(tmp_path, "other", MEAN_IMAGE.source, FACTS, attribute="MeanImage")
    with other, pytest.raises(DefinitionError, match=message):
        definitions.generator_card("other")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the example package was installed, without the network."""
    target = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def command_line(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), str(EXAMPLE.parents[1])])
    command = [sys.executable, "-m", "qaugbench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def test_the_example_is_listed_once_installed(installed: Path) -> None:
    done = command_line(installed, "list", "generators", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["generator"]: row for row in json.loads(done.stdout)["results"]}
    assert rows["gaussianpca"]["title"] == "Gaussian in PCA space"
    assert "qldm" in rows


def test_the_example_passes_every_check(installed: Path) -> None:
    done = command_line(installed, "doctor", "generator", "gaussianpca", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(line.startswith("passes") for line in done.stdout.splitlines()) > 15
