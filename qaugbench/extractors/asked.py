"""The extractors that can be asked for by name, and how a file of weights is named with one. Nothing is loaded here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qaugbench.errors import DataError, DefinitionError, near_names, shown

DINOV2 = "dinov2"
INCEPTION = "inception"
LPIPS = "lpips"
TIMM = "timm:"
DINOV2_TAG = "vit_base_patch14_dinov2.lvd142m"
REMEDIES: Mapping[str, str] = {
    DINOV2: f"qaugbench data get weights:{DINOV2_TAG}",
    INCEPTION: (
        'python -c "from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Network; '
        "Network('inception', ['2048'])\""
    ),
    "squeezenet": "python -c \"import torchvision; torchvision.models.squeezenet1_0(weights='DEFAULT')\"",
    LPIPS: "python -c \"import torchvision; torchvision.models.squeezenet1_1(weights='DEFAULT')\"",
    "radimagenet": "ask its authors for the file, and give --extractor radimagenet=WEIGHTS",
    "torchxrayvision": "save the state_dict() of torchxrayvision's model, and give --extractor torchxrayvision=WEIGHTS",
}
"""What brings the weights of each extractor that has a name of its own; ``lpips`` measures pairs, the others give features."""
WITHOUT_ASKING = (DINOV2, INCEPTION, LPIPS)
"""Extractors that people know; where they were not asked for, the measures say so."""


@dataclass(frozen=True)
class Asked:
    """An extractor by name, and the file of its weights; None where it is to be looked for."""

    name: str
    weights: Path | None = None


def asked_extractors(texts: Iterable[str]) -> tuple[Asked, ...]:
    """Return what ``NAME`` or ``NAME=WEIGHTS`` ask for.

    Raises DefinitionError for an unknown name, one asked for twice and an empty one, DataError for a file that is not there.

    >>> asked_extractors(["dinov2", "timm:resnet18.a1_in1k"])[1].name
    'timm:resnet18.a1_in1k'
    """
    found: dict[str, Asked] = {}
    for text in texts:
        one = _asked(text)
        if one.name in found:
            raise DefinitionError(f"--extractor {one.name} is given twice; give it once.")
        found[one.name] = one
    return tuple(found.values())


def extractor_names() -> list[str]:
    """Return the names that can be asked for, ``timm:TAG`` standing for many."""
    return [*REMEDIES, f"{TIMM}TAG"]


def not_asked_for(asked: Iterable[str]) -> dict[str, str]:
    """Return how to ask for the known extractors whose names are not ``asked`` for, by name."""
    names = set(asked)
    return {
        name: f"Not asked for: --extractor {name}, or {name}=WEIGHTS. What brings the weights: {REMEDIES[name]}"
        for name in WITHOUT_ASKING
        if name not in names
    }


def _asked(text: str) -> Asked:
    name, equals, path = text.partition("=")
    if not name or (equals and not path):
        raise DefinitionError(
            f"--extractor takes NAME or NAME=WEIGHTS, for example squeezenet=weights.safetensors; got {shown(text)!r}."
        )
    if name not in REMEDIES and not (name.startswith(TIMM) and name != TIMM):
        raise DefinitionError(f"There is no extractor {shown(name)!r}.{near_names(name, extractor_names())}")
    if equals and not Path(path).is_file():
        raise DataError(f"There is no file of weights at {path}, given with --extractor {name}.")
    return Asked(name, Path(path) if equals else None)
