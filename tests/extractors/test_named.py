"""Every named extractor loads its own weights, gives the features of the library it comes from, and takes no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from qaugbench.errors import DataError, DefinitionError
from qaugbench.extractors.asked import LPIPS, REMEDIES, TIMM, Asked, asked_extractors
from qaugbench.extractors.named import KNOWN, load_extractors, named_extractor
from qaugbench.extractors.network import Input
from qaugbench.extractors.weights import MissingWeightsError
from qaugbench.metrics.inception_score import inception_score

IMAGES = np.random.default_rng(0).integers(256, size=(3, 20, 20, 1), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _no_weights_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAUGBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def saved(network: nn.Module, path: Path, prefix: str = "") -> Path:
    save_file({f"{prefix}{name}": tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    return path


def test_grey_and_colour_of_any_size_are_made_what_the_network_takes() -> None:
    takes = Input(24)
    grey = takes(torch.from_numpy(IMAGES).permute(0, 3, 1, 2))
    assert grey.shape == (3, 3, 24, 24)
    back = grey * torch.tensor(takes.std).view(1, 3, 1, 1) + torch.tensor(takes.mean).view(1, 3, 1, 1)
    assert torch.allclose(back[:, 0], back[:, 2], atol=1e-5)
    one = Input(20, channels=1, mean=(0.0,), std=(1.0,))(
        torch.tensor([0, 90, 255], dtype=torch.uint8).view(1, 3, 1, 1).expand(-1, -1, 20, 20)
    )
    assert one.unique().tolist() == pytest.approx([115 / 255])


def test_timm_networks_are_timm_s_own(tmp_path: Path) -> None:
    network = timm.create_model("resnet10t", num_classes=7).eval()
    extractor = named_extractor("timm:resnet10t.c3_in1k", saved(network, tmp_path / "w.safetensors"))
    inputs = extractor.takes(torch.from_numpy(IMAGES).permute(0, 3, 1, 2))
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(inputs), pre_logits=True)
    np.testing.assert_allclose(extractor.features(IMAGES), expected.numpy(), rtol=1e-4, atol=1e-5)
    assert extractor.provenance.extractor == "timm:resnet10t.c3_in1k"
    assert len(extractor.provenance.weights_sha256) == 64


@pytest.mark.parametrize("prefix", ["backbone.", "layer names of torchvision"])
def test_radimagenet_takes_numbered_parts_and_named_ones(tmp_path: Path, prefix: str) -> None:
    from torchvision.models import resnet50

    network = resnet50(weights=None).eval()
    network.fc = nn.Identity()
    numbered = nn.Sequential(*list(network.children())[:-1])
    file = (
        saved(numbered, tmp_path / "r.safetensors", prefix)
        if prefix == "backbone."
        else saved(network, tmp_path / "r.safetensors")
    )
    extractor = named_extractor("radimagenet", file)
    with torch.inference_mode():
        expected = network(extractor.takes(torch.from_numpy(IMAGES[:1]).permute(0, 3, 1, 2)))
    np.testing.assert_allclose(extractor.features(IMAGES[:1]), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_torchxrayvision_takes_one_channel_in_its_own_units(tmp_path: Path) -> None:
    from torchvision.models import densenet121

    network = densenet121(weights=None)
    network.features.conv0 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    extractor = named_extractor("torchxrayvision", saved(network, tmp_path / "x.safetensors"))
    white = extractor.takes(torch.full((1, 1, 224, 224), 255, dtype=torch.uint8))
    assert white.max() == pytest.approx(1024)
    assert extractor.features(IMAGES[:1]).shape == (1, 1024)


def test_inception_is_that_of_torch_fidelity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    empty = tmp_path / "empty.pth"
    torch.save({}, empty)
    with monkeypatch.context() as patch:
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = module.FeatureExtractorInceptionV3("i", ["2048", "logits_unbiased"], str(empty))
    file = tmp_path / "i.pth"
    torch.save(network.state_dict(), file)
    with torch.inference_mode():
        expected, logits = network(torch.from_numpy(IMAGES).permute(0, 3, 1, 2).expand(-1, 3, -1, -1))
    extractor = named_extractor("inception", file)
    features = extractor.features(IMAGES)
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(extractor.logits(features), logits.numpy(), rtol=1e-3, atol=1e-4)
    theirs = pytest.importorskip("torch_fidelity.metric_isc").isc_features_to_metric(logits, splits=1, shuffle=False)
    ours = inception_score(extractor.logits(features), splits=1).mean
    assert ours == pytest.approx(theirs["inception_score_mean"], rel=1e-4)


@pytest.mark.parametrize("name", [*REMEDIES, f"{TIMM}resnet18.a1_in1k"])
def test_missing_weights_say_what_brings_them(name: str) -> None:
    with pytest.raises(MissingWeightsError, match="not on this machine") as raised:
        load_extractors([Asked(name)])
    assert raised.value.remedy.startswith(("qaugbench data get weights:", "python -c", "ask its authors", "save the"))


def test_every_name_that_can_be_asked_for_is_known() -> None:
    assert set(REMEDIES) == {"dinov2", *KNOWN, LPIPS}
    for remedy in (remedy for remedy in REMEDIES.values() if remedy.startswith("python -c ")):
        compile(remedy.removeprefix('python -c "').removesuffix('"'), "remedy", "exec")


def test_a_name_may_come_with_its_file(tmp_path: Path) -> None:
    file = saved(timm.create_model("test_resnet"), tmp_path / "w=1.safetensors")
    name = "timm:test_resnet.r160_in1k"
    (asked,) = asked_extractors([f"{name}={file}"])
    assert asked == Asked(name, file)
    assert load_extractors([asked]).extractors[0].provenance.extractor == name


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["squeezent"], "There is no extractor 'squeezent'.*squeezenet"),
        (["timm:"], "There is no extractor 'timm:'"),
        (["=w.pth"], "takes NAME or NAME=WEIGHTS"),
        (["squeezenet="], "takes NAME or NAME=WEIGHTS"),
        (["dinov2", "dinov2=nowhere"], "no file of weights at nowhere, given with --extractor dinov2"),
        (["dinov2", "dinov2"], "--extractor dinov2 is given twice"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(given: list[str], says: str) -> None:
    with pytest.raises((DefinitionError, DataError), match=says):
        asked_extractors(given)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = saved(timm.create_model("resnet10t"), tmp_path / "w.safetensors")
    for name in ("squeezenet", "radimagenet", "torchxrayvision", "timm:resnet18.a1_in1k"):
        with pytest.raises(DataError, match="not a file of weights for"):
            named_extractor(name, file)


def test_a_file_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "whole.pth"
    torch.save(nn.Linear(2, 2), file)
    with pytest.raises(DataError, match="whole Python object"):
        named_extractor("squeezenet", file)


def test_unknown_names_get_near_ones() -> None:
    with pytest.raises(DefinitionError, match="squeezenet"):
        named_extractor("squeezent")
    with pytest.raises(DefinitionError, match="resnet18"):
        named_extractor("timm:resnet81.a1_in1k")
