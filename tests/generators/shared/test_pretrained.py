"""Pretrained weights are found on this machine or refused with a remedy; what they hold is part of what a run computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import DataError, DefinitionError, QaugbenchError
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.generators.shared.pretrained import find_pretrained, weights_sha256
from tests.generators.tiny_networks import pipeline

TASK = definitions.task("brainmri")
TRACK = TASK.tracks["smoke"]


def test_weights_are_named_by_their_folder_and_hashed_with_their_configuration(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "Lungs v2")
    found = find_pretrained(str(folder))
    assert (found.name, found.folder) == ("Lungs v2", folder)
    assert found.sha256 == weights_sha256(pipeline(tmp_path / "elsewhere"))
    (folder / "README.md").write_text("words change nothing")
    assert weights_sha256(folder) == found.sha256
    settings = folder / "scheduler" / "scheduler_config.json"
    settings.write_text(settings.read_text().replace("epsilon", "sample"))
    assert weights_sha256(folder) != found.sha256


def test_a_hub_id_is_looked_up_in_the_local_cache_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        DataError, match=r"'someone/lungs' are not in the local Hugging Face cache.*hf download someone/lungs"
    ):
        find_pretrained("someone/lungs")
    stored = tmp_path / "models--someone--lungs"
    pipeline(stored / "snapshots" / ("0" * 40))
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("0" * 40)
    assert find_pretrained("someone/lungs").name == "someone/lungs"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), "holds no weights: there is no"),
        (("diffusion_pytorch_model.bin",), r"as a pickle \(diffusion_pytorch_model.bin\), which can run code"),
    ],
)
def test_only_safetensors_are_read(tmp_path: Path, files: tuple[str, ...], message: str) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=message):
        find_pretrained(str(tmp_path))


def test_what_is_neither_a_folder_nor_an_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .* no hub id of the form OWNER/NAME"):
        find_pretrained(str(tmp_path / "gone"))


def test_a_run_names_the_weights_and_discloses_them(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "Lungs v2")
    (choice,) = choose_generators([f"finetune:{folder}"], TASK, TRACK)
    sha256 = weights_sha256(folder)
    assert (choice.card.id, choice.generator) == ("finetune:lungs-v2", "finetune")
    assert (choice.identity, choice.weights) == ({"weights": sha256}, folder)
    assert choice.card.deviations[-1].startswith(f"Pretrained weights: Lungs v2, sha256 {sha256}; as far as known, not")
    assert str(tmp_path) not in str(choice.card)


def test_weights_that_would_have_one_name_are_refused(tmp_path: Path) -> None:
    names = [
        f"finetune:{pipeline(tmp_path / where / 'net', channels=channels)}" for where, channels in (("a", 1), ("b", 3))
    ]
    with pytest.raises(DefinitionError, match="would be called 'finetune:net'"):
        choose_generators(names, TASK, TRACK)


@pytest.mark.parametrize("name", ["finetune", "finetune:"])
def test_a_run_without_weights_is_refused_with_the_two_ways_to_name_some(name: str) -> None:
    with pytest.raises(QaugbenchError, match=r"--generator finetune:PATH.*--generator finetune:OWNER/NAME"):
        choose_generators([name], TASK, TRACK)
