"""Every generator that is found holds what a run relies on, under every control; so do those of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError
from qaugbench.kinds import is_quantum
from qaugbench.testing import CheckResult, check_generator
from qaugbench.testing.suite import checks_under
from tests.generators.documented import MEAN_IMAGE, PAINTER, PRINTED, Documented
from tests.generators.registering import registered

VARIANTS = [
    card.id if control == "none" else f"{card.id}:{control}"
    for card in definitions.usable_cards()
    if card.kind != "external" and not card.pretrained  # test_finetune.py makes weights to start from
    for control in (CONTROLS if is_quantum(card.kind) else ("none",))  # every control of any circuit, listed or not
]

HEAVY = ("qhdm", "qddm", "qddm-unet", "qse-ddpm", "qgate-unet", "qvae")
"""Five to twenty seconds per control."""


def in_short() -> set[str]:
    """Return the variants that do not run with the slow tests: each generator and, of the quick ones, its twin.

    The generator of the documentation is checked under every control below.
    """
    return {
        name for name in VARIANTS if ":" not in name or (name.endswith(":twin") and name.partition(":")[0] not in HEAVY)
    }


SHORT = in_short()

UNABLE = {
    "qddm-unet:random": "batch normalisation behind each circuit takes away the means and deviations that this control learns"
}


def marked(name: str) -> object:
    """Return a variant with the marks of its test."""
    unable = [pytest.mark.xfail(reason=UNABLE[name], strict=True)] if name in UNABLE else []
    return pytest.param(name, marks=[*unable, *([] if name in SHORT else [pytest.mark.slow])])


def failures(results: tuple[CheckResult, ...]) -> str:
    return "\n".join(str(result) for result in results if result.fails)


@pytest.mark.parametrize("name", map(marked, VARIANTS))
def test_a_generator_holds_what_a_run_relies_on(name: str) -> None:
    results = check_generator(name if ":" in name else f"{name}:none")
    assert not failures(results), failures(results)
    checks = checks_under(name.partition(":")[2] or "none")
    assert len(results) == len(checks) + 6  # six of the file: itself, class, paper, deviations, settings, what is tuned


@pytest.mark.parametrize("generator", [MEAN_IMAGE, PAINTER], ids=lambda generator: generator.name)
def test_the_generators_of_the_documentation_pass_as_they_are_printed(generator: Documented, tmp_path: Path) -> None:
    with generator.registered(tmp_path):
        results = check_generator(generator.name)
    assert not failures(results), failures(results)
    controls = {result.variant.partition(":")[2] for result in results}
    assert controls == ({"", *CONTROLS} - {"none"} if generator is PAINTER else {""})


def test_a_generator_of_one_label_each_passes(tmp_path: Path) -> None:
    kind = '    kind: ClassVar[Kind] = "classical"\n'
    single = MEAN_IMAGE.with_(kind, f"{kind}    multi_label = False\n")
    with single.registered(tmp_path):
        results = check_generator("meanimage")
    assert not failures(results), failures(results)


def test_a_circuit_per_label_passes(tmp_path: Path) -> None:
    facts = PRINTED["paintingcircuit.toml"].replace('space = "pixels"', 'space = "pixels"\nper_label = true')
    with registered(tmp_path, PAINTER.name, PAINTER.source, facts, attribute=PAINTER.attribute):
        results = check_generator("paintingcircuit:none")
    assert not failures(results), failures(results)


def test_unknown_names_and_images_from_elsewhere_are_refused() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'ldm'"):
        check_generator("lddm")
    with pytest.raises(DefinitionError, match="no control 'twim'"):
        check_generator("qldm:twim")
    with pytest.raises(DefinitionError, match="something else made"):
        check_generator("folder")
