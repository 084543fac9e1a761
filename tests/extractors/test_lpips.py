"""LPIPS is that of torchmetrics on the same weights, for grey and colour images of any size that it can take."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_0, squeezenet1_1

from qaugbench.errors import DataError, StatisticsError
from qaugbench.extractors import lpips as module
from qaugbench.extractors.asked import Asked
from qaugbench.extractors.lpips import Lpips, channel_weights_file, read_lpips
from qaugbench.extractors.named import load_extractors
from qaugbench.extractors.weights import MissingWeightsError

pytest.importorskip("torchmetrics")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return random weights where torch keeps those that torchvision downloads, as both libraries find them."""
    file = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    file.parent.mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(squeezenet1_1(weights=None).state_dict(), file)
    return file


def pictures(n: int, height: int, width: int, channels: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(n, height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(17, 17, 1), (64, 64, 3), (40, 61, 1), (128, 128, 1)])
def test_it_is_torchmetrics(weights: Path, shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from torchmetrics.functional.image.lpips import learned_perceptual_image_patch_similarity

    monkeypatch.setenv("TORCH_HOME", str(weights.parents[2]))
    one, other = (pictures(5, *shape, seed) for seed in (1, 2))
    scaled = [torch.from_numpy(of).permute(0, 3, 1, 2).expand(-1, 3, -1, -1).float() / 127.5 - 1 for of in (one, other)]
    theirs = learned_perceptual_image_patch_similarity(*scaled, net_type="squeeze", reduction="none")
    ours = load_extractors([Asked("lpips")]).lpips
    assert ours is not None
    np.testing.assert_allclose(ours.distances(one, other), theirs.numpy(), rtol=1e-5)
    assert (theirs > 1e-3).all()


def test_equal_images_are_at_no_distance_whatever_the_batch(weights: Path) -> None:
    lpips = read_lpips(weights)
    images, others = pictures(70, 32, 32, 1, 1), pictures(70, 32, 32, 1, 2)
    assert (lpips.distances(images, images) == 0).all()
    whole = lpips.distances(images, others)
    np.testing.assert_allclose(whole[40:], lpips.distances(images[40:], others[40:]), rtol=1e-5)
    np.testing.assert_allclose(whole, lpips.distances(others, images), rtol=1e-5)


def test_every_number_says_by_which_weights(weights: Path) -> None:
    found: Lpips = read_lpips(weights)
    both = weights.read_bytes() + channel_weights_file().read_bytes()
    assert found.provenance.extractor == "lpips"
    assert found.provenance.weights_sha256 == hashlib.sha256(both).hexdigest()


def test_images_too_small_for_the_last_layers_are_refused(weights: Path) -> None:
    small = pictures(2, 16, 40, 1, 1)
    with pytest.raises(StatisticsError, match="at least 17 x 17 pixels; given 16 x 40"):
        read_lpips(weights).distances(small, small)


def test_missing_and_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeightsError, match="squeezenet1_1"):
        load_extractors([Asked("lpips")])
    other = tmp_path / "other.safetensors"
    save_file(squeezenet1_0(weights=None).state_dict(), other)
    with pytest.raises(DataError, match="not a file of weights for lpips: it lacks 12 of 52 tensors"):
        read_lpips(other)


def test_without_torchmetrics_the_extra_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"qaugbench\[fidelity\]"):
        read_lpips(weights)
