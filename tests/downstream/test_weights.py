"""Pretrained weights are pinned at their first download, checked ever after, and fitted to the task's network."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from qaugbench import seeds
from qaugbench.downstream.network import build_network
from qaugbench.downstream.weights import get_weights, pretrained_file
from qaugbench.errors import DataError

TAG = "test_resnet.r160_in1k"


def made_weights(folder: Path, seed: int = 0, model: str = "test_resnet") -> Path:
    """Write the state of a freshly made colour network with 1000 classes, and return the file."""
    with seeds.torch_seeded(seed):
        state = timm.create_model(model, pretrained=False).state_dict()
    file = folder / f"made-{model}-{seed}.safetensors"
    save_file(state, file)
    return file


def test_first_download_is_pinned_and_the_file_found(tmp_path: Path, data_home: Path) -> None:
    made = made_weights(tmp_path)
    file = get_weights(TAG, download=lambda tag: made)
    assert pretrained_file(TAG) == file == data_home / "weights" / f"{TAG}.safetensors"
    assert file.read_bytes() == made.read_bytes()
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".safetensors", ".sha256"]


def test_a_second_download_must_be_the_pinned_file(tmp_path: Path) -> None:
    file = get_weights(TAG, tmp_path, download=lambda tag: made_weights(tmp_path))
    file.unlink()
    with pytest.raises(DataError, match="pinned"):
        get_weights(TAG, tmp_path, download=lambda tag: made_weights(tmp_path, seed=1))
    assert not file.exists()


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    file = get_weights(TAG, tmp_path, download=lambda tag: made_weights(tmp_path))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="sha256"):
        pretrained_file(TAG, tmp_path)


def test_missing_weights_name_the_command() -> None:
    with pytest.raises(DataError, match=r"qaugbench data get weights:resnet50\.a1_in1k"):
        build_network("resnet50", "resnet50.a1_in1k", channels=1, n_labels=4, seed=0)


def test_a_tag_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a weight tag"):
        pretrained_file("../elsewhere", tmp_path)


def test_pretrained_filters_are_summed_over_colours_and_the_head_is_new(tmp_path: Path, data_home: Path) -> None:
    get_weights(TAG, download=lambda tag: made_weights(tmp_path))
    with seeds.torch_seeded(0):
        source = timm.create_model("test_resnet", pretrained=False)
    network = build_network("test_resnet", TAG, channels=1, n_labels=4, seed=9)
    gray = network.conv1[0].weight
    assert torch.allclose(gray, source.conv1[0].weight.sum(dim=1, keepdim=True), atol=1e-6)
    assert torch.equal(network.layer1[0].conv1.weight, source.layer1[0].conv1.weight)
    assert network.get_classifier().weight.shape[0] == 4


def test_weights_of_another_model_are_refused(tmp_path: Path, data_home: Path) -> None:
    get_weights(TAG, download=lambda tag: made_weights(tmp_path, model="test_byobnet"))
    with pytest.raises(DataError, match="do not fit"):
        build_network("test_resnet", TAG, channels=1, n_labels=4, seed=9)
