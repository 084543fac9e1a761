"""The extractors by name, and where their weights are looked for. Nothing is downloaded here, and none stands in for another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from qaugbench.downstream.weights import pretrained_file, weights_folder
from qaugbench.errors import DataError, DefinitionError, near_names
from qaugbench.extractors.network import Input, NetworkExtractor
from qaugbench.extractors.weights import MissingWeightsError, Weights, load_all, read_weights

DINOV2 = "vit_base_patch14_dinov2.lvd142m"
TIMM = "timm:"
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
SQUEEZENET_FILE = "squeezenet1_0-b66bff10.pth"


@dataclass(frozen=True)
class Known:
    """An extractor with weights of its own: what it is, how its network is made of weights, what that takes, and where the file is.

    ``cached`` names the file that the library it comes from keeps in torch's cache; ``remedy`` what brings the weights.
    """

    title: str
    build: Callable[[Weights], nn.Module]
    takes: Input
    remedy: str
    cached: str | None = None


def inception(weights: Weights) -> nn.Module:
    """Return the InceptionV3 of torch-fidelity, uint8 [N, 3, H, W] -> features [N, 2048]; its own resizing and its own weights."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ModuleNotFoundError as error:
        raise DataError("InceptionV3 comes with torch-fidelity: pip install 'qaugbench[fidelity]'.") from error
    try:
        return _First(FeatureExtractorInceptionV3("inception", ["2048"], str(weights.path)))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{weights.path} is not a file of weights for inception: {reason}") from error


def squeezenet(weights: Weights) -> nn.Module:
    """Return torchvision's SqueezeNet 1.0 up to its pooled last features [N, 512]."""
    from torchvision.models import squeezenet1_0

    network = squeezenet1_0(weights=None)
    load_all(network, weights, weights.tensors, "squeezenet")
    return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1))


def radimagenet(weights: Weights) -> nn.Module:
    """Return the ResNet-50 of RadImageNet (Mei et al. 2022), pooled features [N, 2048].

    The published file numbers the parts of the network; one with torchvision's names is taken too.
    """
    from torchvision.models import resnet50

    network = resnet50(weights=None)
    network.fc = nn.Identity()
    load_all(network, weights, {_resnet_name(name): tensor for name, tensor in weights.tensors.items()}, "radimagenet")
    return network


def torchxrayvision(weights: Weights) -> nn.Module:
    """Return the DenseNet-121 of torchxrayvision (Cohen et al. 2022), one channel in, pooled features [N, 1024]."""
    from torchvision.models import densenet121

    network = densenet121(weights=None)
    network.features.conv0 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    kept = nn.ModuleDict({"features": network.features})
    load_all(
        kept, weights, {_densenet_name(name): tensor for name, tensor in weights.tensors.items()}, "torchxrayvision"
    )
    return nn.Sequential(network.features, nn.ReLU(), nn.AdaptiveAvgPool2d(1))


KNOWN: Mapping[str, Known] = {
    "inception": Known(
        "InceptionV3 with the weights of FID, as in torch-fidelity",
        inception,
        Input(None),
        "torch-fidelity downloads them on its first use; or give --weights inception=PATH.",
        cached=INCEPTION_FILE,
    ),
    "squeezenet": Known(
        "SqueezeNet 1.0 of torchvision (ImageNet)",
        squeezenet,
        Input(224),
        "torchvision downloads them on its first use; or give --weights squeezenet=PATH.",
        cached=SQUEEZENET_FILE,
    ),
    "radimagenet": Known(
        "ResNet-50 of RadImageNet (Mei et al. 2022)",
        radimagenet,
        Input(224),
        "Its authors give them on request; then give --weights radimagenet=PATH.",
    ),
    "torchxrayvision": Known(
        "DenseNet-121 of torchxrayvision (Cohen et al. 2022), for chest X-rays",
        torchxrayvision,
        Input(224, channels=1, mean=(0.5,), std=(0.5 / 1024,)),
        "Save the state_dict() of torchxrayvision's model and give --weights torchxrayvision=PATH.",
    ),
}


def named_extractor(name: str, weights: Path | None = None, *, device: str = "cpu") -> NetworkExtractor:
    """Return an extractor by name: one of ``KNOWN``, ``dinov2``, or ``timm:TAG`` for any network of timm with its pretrained tag.

    ``weights`` is the file to load; without one it is looked for where ``qaugbench data get weights:TAG`` or the library it is of
    keeps it. Raises MissingWeightsError where it is not, DefinitionError for an unknown name, and DataError for a file that is not
    that network's.
    """
    tag = DINOV2 if name == "dinov2" else name.removeprefix(TIMM) if name.startswith(TIMM) else None
    if tag is not None:
        return _timm(name, tag, weights, device)
    if name not in KNOWN:
        raise DefinitionError(f"There is no extractor {name!r}.{near_names(name, extractor_names())}")
    known = KNOWN[name]
    read = read_weights(weights or _cached(name, known))
    return NetworkExtractor(name, known.build(read), known.takes, read.sha256, device)


def extractor_names() -> list[str]:
    """Return the names that ``named_extractor`` knows, ``timm:TAG`` standing for many."""
    return ["dinov2", *KNOWN, f"{TIMM}TAG"]


def _timm(name: str, tag: str, weights: Path | None, device: str) -> NetworkExtractor:
    import timm

    model = tag.partition(".")[0]
    if not timm.is_model(model):
        near = near_names(model, timm.list_models()).partition(" Known:")[0]
        raise DefinitionError(f"timm has no model {model!r}.{near}")
    if weights is None:
        if not (weights_folder() / f"{tag}.safetensors").is_file():
            raise MissingWeightsError(name, f"Run: qaugbench data get weights:{tag}")
        weights = pretrained_file(tag)
    read = read_weights(weights)
    network = timm.create_model(model, pretrained=False, num_classes=0)
    load_all(network, read, read.tensors, name)
    _, side, _ = network.pretrained_cfg["input_size"]
    takes = Input(side, mean=network.pretrained_cfg["mean"], std=network.pretrained_cfg["std"])
    return NetworkExtractor(name, network, takes, read.sha256, device, batch=8 if side > 256 else 32)


def _cached(name: str, known: Known) -> Path:
    """Return the file of weights in the data folder or in torch's cache; MissingWeightsError where there is none."""
    places = [weights_folder() / f"{name}{ending}" for ending in (".safetensors", ".pth")]
    if known.cached is not None:
        places.append(Path(torch.hub.get_dir()) / "checkpoints" / known.cached)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise MissingWeightsError(name, known.remedy)
    return found


RESNET_PARTS = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}


def _resnet_name(name: str) -> str:
    """Return torchvision's name of a weight of a ResNet whose parts are numbered.

    >>> _resnet_name("backbone.4.0.conv1.weight"), _resnet_name("module.layer1.0.conv1.weight")
    ('layer1.0.conv1.weight', 'layer1.0.conv1.weight')
    """
    bare = re.sub(r"^(module\.|backbone\.|model\.)+", "", name)
    part, _, rest = bare.partition(".")
    return f"{RESNET_PARTS[part]}.{rest}" if part in RESNET_PARTS else bare


def _densenet_name(name: str) -> str:
    """Return torchvision's name of a weight of a DenseNet; older files have a dot within ``norm.1``, ``conv.2`` and the like.

    >>> _densenet_name("features.denseblock1.denselayer1.norm.1.weight")
    'features.denseblock1.denselayer1.norm1.weight'
    """
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)", r"\1\2", re.sub(r"^(module\.|model\.)+", "", name))


class _First(nn.Module):
    """The first output of a network that returns several."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first: torch.Tensor = self.network(images)[0]
        return first
