"""A new generator as a stranger would write it, one short file and one TOML, passes every check unedited."""

from __future__ import annotations

from pathlib import Path

from qaugbench.testing import check_generator
from tests.generators.registering import registered

WRITTEN = Path(__file__).parent / "stranger"


def test_a_mixture_per_class_passes_every_check(tmp_path: Path) -> None:
    source = (WRITTEN / "classmixture.py").read_text(encoding="utf-8")
    facts = (WRITTEN / "classmixture.toml").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 60
    with registered(tmp_path, "classmixture", source, facts, attribute="ClassMixture"):
        failed = [str(result) for result in check_generator("classmixture") if result.fails]
    assert not failed, "\n".join(failed)
