"""From names on the command line to generators and their controls."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import DefinitionError
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.generator_choice import choose_generators
from tests.datasets.own.make import png, table, write

TASK = definitions.task("brainmri")
OWN = definitions.generator_card("qldm").controls


def chosen(*names: str) -> list[GeneratorChoice]:
    return list(choose_generators(names, TASK, TASK.tracks["smoke"]))


@pytest.mark.parametrize("name", ["qldm", "qldm:twin"])
def test_a_generator_brings_the_controls_of_its_file(name: str) -> None:
    assert [(choice.card.id, choice.card.controls) for choice in chosen(name)] == [("qldm", OWN)]


def test_a_control_that_is_asked_for_comes_after_them() -> None:
    (choice,) = chosen("qldm", "qldm:fourier", "qldm:twin", "qldm:random", "qldm:fourier")
    assert choice.card.controls == (*OWN, "fourier", "random")
    assert definitions.generator_card("qldm").controls == OWN


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qldm:furier", "'qldm' has no control or variant 'furier'. Did you mean 'fourier'"),
        ("qldm:none", "'qldm' has no control or variant 'none'"),
        ("ldm:fourier", "'ldm' has no control 'fourier'"),
    ],
)
def test_an_unknown_control_is_refused(name: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        chosen(name)


@pytest.mark.parametrize("separator", [",", ";"])
def test_images_made_elsewhere_come_with_a_table_however_it_is_saved(separator: str, tmp_path: Path) -> None:
    rows = [f"a{i}.png,{name}" for i, name in enumerate(TASK.labels.names)]
    text = table("filename,label", *rows).replace(",", separator)
    files = {f"images/a{i}.png": png(i) for i in range(len(rows))}
    folder = write(tmp_path / "made", {**files, "labels.csv": text})
    (choice,) = chosen(f"folder:{folder}")
    assert choice.card.id == "folder:made"
    assert (choice.images == folder) == (separator == ",")
    assert choice.identity.keys() == {"rows"}
