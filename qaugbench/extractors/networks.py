"""Networks that give features, made of published weights whatever names these have in their files."""

from __future__ import annotations

import re

import torch
from torch import nn

from qaugbench.errors import DataError
from qaugbench.extractors.weights import Weights, load_all


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
