"""Weights of extractors: files on disk, read without running code that is in them, and named by their SHA-256."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from qaugbench.errors import DataError, first_offenders


class MissingWeightsError(DataError):
    """Weights that are not on this machine; ``remedy`` says what brings them."""

    def __init__(self, extractor: str, remedy: str) -> None:
        super().__init__(f"The weights of {extractor} are not on this machine. What brings them: {remedy}")
        self.extractor, self.remedy = extractor, remedy


@dataclass(frozen=True)
class Weights:
    """The tensors of a file by name, and the file's SHA-256."""

    tensors: dict[str, torch.Tensor]
    sha256: str
    path: Path


def read_weights(path: Path) -> Weights:
    """Return the tensors of a .safetensors file, or of a torch file that holds nothing else; DataError for any other."""
    if not path.is_file():
        raise DataError(f"There is no file of weights at {path}.")
    try:
        found = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} cannot be read as weights: it is damaged, or holds a whole Python object, which is not run here. Save its "
            "state_dict() with safetensors.torch.save_file and give that file."
        ) from error
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise DataError(f"{path} holds no table of tensors by name; give a state_dict.")
    with path.open("rb") as stream:
        return Weights(found, hashlib.file_digest(stream, "sha256").hexdigest(), path)


def load_all(network: nn.Module, weights: Weights, tensors: dict[str, torch.Tensor], extractor: str) -> None:
    """Load ``tensors`` into ``network``, every one of whose weights must be among them in its shape; DataError otherwise."""
    own = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    missing = [name for name in own if name not in tensors]
    if missing:
        raise DataError(
            f"{weights.path} is not a file of weights for {extractor}: it lacks {len(missing)} of {len(own)} tensors "
            f"({first_offenders(missing)})."
        )
    other = [name for name in own if own[name].shape != tensors[name].shape]
    if other:
        first = other[0]
        raise DataError(
            f"{weights.path} is not a file of weights for {extractor}: {first} is {tuple(tensors[first].shape)}, not "
            f"{tuple(own[first].shape)}."
        )
    network.load_state_dict({name: tensors[name] for name in own}, strict=False)
