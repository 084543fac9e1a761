"""The extractors by name, and where their weights are looked for. Nothing is downloaded here, and none stands in for another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from qaugbench.downstream.weights import pretrained_file, weights_folder
from qaugbench.errors import DefinitionError, near_names
from qaugbench.extractors.asked import DINOV2, DINOV2_TAG, INCEPTION, LPIPS, REMEDIES, TIMM, Asked, extractor_names
from qaugbench.extractors.contract import Provenance
from qaugbench.extractors.lpips import Lpips, read_lpips
from qaugbench.extractors.network import Input, NetworkExtractor
from qaugbench.extractors.networks import inception, radimagenet, squeezenet, torchxrayvision
from qaugbench.extractors.weights import MissingWeightsError, Weights, load_all, read_weights


@dataclass(frozen=True)
class Known:
    """How a network is made of its weights, what it takes, and the tensor [K, D] of scores of its classes, if they are used."""

    build: Callable[[Weights], nn.Module]
    takes: Input
    classes: str | None = None


KNOWN: Mapping[str, Known] = {
    INCEPTION: Known(inception, Input(None), classes="fc.weight"),
    "squeezenet": Known(squeezenet, Input(224)),
    "radimagenet": Known(radimagenet, Input(224)),
    "torchxrayvision": Known(torchxrayvision, Input(224, channels=1, mean=(0.5,), std=(0.5 / 1024,))),
}
"""InceptionV3 with the weights of FID as in torch-fidelity, SqueezeNet 1.0 of torchvision, the ResNet-50 of RadImageNet (Mei et al.
2022), and the DenseNet-121 of torchxrayvision for chest X-rays (Cohen et al. 2022)."""
CACHED: Mapping[str, str] = {
    INCEPTION: "weights-inception-2015-12-05-6726825d.pth",
    "squeezenet": "squeezenet1_0-b66bff10.pth",
    LPIPS: "squeezenet1_1-b8a52dc0.pth",
}
"""The files that the libraries which bring the weights keep in torch's cache."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """The extractors that were asked for, in that order, and LPIPS where it was."""

    extractors: tuple[NetworkExtractor, ...] = ()
    lpips: Lpips | None = None

    @property
    def provenances(self) -> list[Provenance]:
        """What the numbers of each come from."""
        found = [one.provenance for one in self.extractors]
        return found if self.lpips is None else [*found, self.lpips.provenance]


def load_extractors(asked: Iterable[Asked], *, device: str = "cpu") -> Loaded:
    """Return what is ``asked`` for with its weights read; errors as ``named_extractor``."""
    asked = tuple(asked)
    features = tuple(named_extractor(one.name, one.weights, device=device) for one in asked if one.name != LPIPS)
    lpips = next((one for one in asked if one.name == LPIPS), None)
    return Loaded(features, None if lpips is None else read_lpips(lpips.weights or weights_file(LPIPS), device))


def named_extractor(name: str, weights: Path | None = None, *, device: str = "cpu") -> NetworkExtractor:
    """Return an extractor of features by name: one of ``KNOWN``, ``dinov2``, or ``timm:TAG`` for any network of timm.

    ``weights`` is the file to load; without one it is that of ``weights_file``. Raises MissingWeightsError where there is none,
    DefinitionError for an unknown name, and DataError for a file that is not that network's.
    """
    tag = _timm_tag(name)
    if tag is not None:
        return _timm(name, tag, weights, device)
    if name not in KNOWN:
        raise DefinitionError(f"There is no extractor {name!r}.{near_names(name, extractor_names())}")
    known = KNOWN[name]
    read = read_weights(weights or weights_file(name))
    network = known.build(read)
    classes = None if known.classes is None else read.tensors[known.classes].numpy()
    return NetworkExtractor(name, network, known.takes, read.sha256, device, class_weights=classes)


def weights_file(name: str) -> Path:
    """Return where the weights of an extractor are on this machine; MissingWeightsError with what brings them where they are not.

    Looked for in the data folder, where ``qaugbench data get weights:TAG`` keeps them, and where the library that they are of does.
    """
    tag = _timm_tag(name)
    if tag is not None:
        if not (weights_folder() / f"{tag}.safetensors").is_file():
            raise MissingWeightsError(name, f"qaugbench data get weights:{tag}")
        return pretrained_file(tag)
    places = [weights_folder() / f"{name}{ending}" for ending in (".safetensors", ".pth")]
    if name in CACHED:
        places.append(Path(torch.hub.get_dir()) / "checkpoints" / CACHED[name])
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise MissingWeightsError(name, REMEDIES[name])
    return found


def _timm_tag(name: str) -> str | None:
    """Return the tag of an extractor that is a network of timm, None for any other."""
    return DINOV2_TAG if name == DINOV2 else name.removeprefix(TIMM) if name.startswith(TIMM) else None


def _timm(name: str, tag: str, weights: Path | None, device: str) -> NetworkExtractor:
    import timm

    model = tag.partition(".")[0]
    if not timm.is_model(model):
        near = near_names(model, timm.list_models()).partition(" Known:")[0]
        raise DefinitionError(f"timm has no model {model!r}.{near}")
    read = read_weights(weights or weights_file(name))
    network = timm.create_model(model, pretrained=False, num_classes=0)
    load_all(network, read, read.tensors, name)
    _, side, _ = network.pretrained_cfg["input_size"]
    takes = Input(side, mean=network.pretrained_cfg["mean"], std=network.pretrained_cfg["std"])
    return NetworkExtractor(name, network, takes, read.sha256, device, batch=8 if side > 256 else 32)
