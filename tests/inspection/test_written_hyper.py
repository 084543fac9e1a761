"""The settings of our own generators against their source: what is read from it without an import, and what is refused."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qaugbench import definitions
from qaugbench.catalogue import catalogue
from qaugbench.errors import DefinitionError
from qaugbench.inspection.settings_check import own_tracks, settings_faults
from qaugbench.inspection.written_hyper import source_of, taken_as_written, written_hyper

OURS = [card for card in definitions.usable_cards() if card.kind != "external"]
WRITTEN = """
class Net:
    class Hyper:
        copies: int
        channels: tuple[int, ...] = (24, 48)
        output: Literal["linear", "tanh"] = "linear"
        backbone: Backbone = "own"
        known: ClassVar[int] = 3
"""


def hyper(tmp_path: Path, source: str) -> type | None:
    path = tmp_path / "net.py"
    path.write_text(source, encoding="utf-8")
    return written_hyper(path)


def test_fields_and_their_plain_types_are_read_from_the_source(tmp_path: Path) -> None:
    kind = hyper(tmp_path, WRITTEN)
    assert kind is not None
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    assert list(fields) == ["copies", "channels", "output", "backbone"]
    assert fields["channels"] == tuple[int, ...]
    assert fields["backbone"] is Any
    assert hyper(tmp_path, "class Hyper(Other):\n    a: int") is None
    assert hyper(tmp_path, "Hyper = made()") is None
    with pytest.raises(DefinitionError, match=r"net\.py is no Python"):
        hyper(tmp_path, "class Hyper")


@pytest.mark.parametrize("card", OURS, ids=lambda card: card.id)
def test_the_source_of_each_generator_tells_its_settings(card: definitions.GeneratorCard) -> None:
    assert written_hyper(source_of(card)) is not None
    assert settings_faults(card, taken_as_written(card), own_tracks(card)) == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"layer": 3}, "settings of every track: unknown key 'layer'. Did you mean 'layers'"),
        ({"layers": "three"}, "settings of every track, key 'layers': expected int, got 'three'"),
        ({"channels": [24, "wide"]}, "key 'channels': expected int, got 'wide'"),
    ],
)
def test_a_generator_of_ours_with_wrong_settings_is_listed_as_unusable(
    setting: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = definitions.every_card()
    card = definitions.generator_card("qldm")
    tracks = {name: {**own, **setting} for name, own in card.tracks.items()}
    faulty = {**cards, "qldm": dataclasses.replace(card, tracks=tracks)}
    monkeypatch.setattr(definitions, "every_card", lambda: faulty)
    rows = {row["generator"]: row for row in catalogue("generators")["generators"]}
    assert rows["qldm"]["title"].startswith("cannot be used: ")
    assert rows["qldm"]["title"].count(said) == 1
    assert rows["ldm"]["kind"] == "classical"


def test_the_list_of_generators_imports_no_torch() -> None:
    code = (
        "import sys; from qaugbench.catalogue import catalogue; catalogue('generators'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
