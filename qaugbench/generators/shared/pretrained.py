"""Pretrained networks on this machine: a folder, or a repository in the local Hugging Face cache. Nothing is downloaded here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from qaugbench.cards import GeneratorCard
from qaugbench.errors import DataError, DefinitionError, shown

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
WEIGHTS = "*.safetensors"
CONFIGURATION = "*.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


@dataclass(frozen=True)
class Pretrained:
    """Pretrained weights as found: what a run calls them, their folder, and the SHA-256 of their weights and configuration."""

    name: str
    folder: Path
    sha256: str


def find_pretrained(asked: str) -> Pretrained:
    """Return the weights in the folder ``asked``, or in the local cache under the hub id ``asked`` (owner/name).

    Raises DataError naming what is missing and how to get it: no such folder, an id that is not in the cache, or weights that
    are not in safetensors (a pickle can run code on loading).
    """
    folder = Path(asked).expanduser()
    name = folder.name
    if not folder.is_dir():
        folder, name = _cached(asked), asked
    if not any(folder.rglob(WEIGHTS)):
        raise DataError(_no_safetensors(asked, folder))
    return Pretrained(name, folder.absolute(), weights_sha256(folder))


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 over all weights and configuration below ``folder``, each with its relative name."""
    digest = hashlib.sha256()
    for file in sorted((*folder.rglob(WEIGHTS), *folder.rglob(CONFIGURATION))):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def require_pretrained(card: GeneratorCard, asked: str) -> Pretrained:
    """Return the weights that the generator of ``card`` is to start from; without a name there are none, which is an error."""
    if not asked:
        raise DefinitionError(
            f"{card.id!r} starts from pretrained weights: --generator {card.id}:PATH, a folder that diffusers' save_pretrained "
            f"wrote, or --generator {card.id}:OWNER/NAME, a repository in the local Hugging Face cache."
        )
    return find_pretrained(asked)


def with_disclosure(card: GeneratorCard, weights: Pretrained) -> GeneratorCard:
    """Return ``card`` with a line among its deviations that says which weights it starts from."""
    line = (
        f"Pretrained weights: {shown(weights.name, 120)}, sha256 {weights.sha256}; as far as known, not trained on this "
        "benchmark's data."
    )
    return replace(card, deviations=(*card.deviations, line))


def _cached(asked: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if not HUB_ID.fullmatch(asked):
        raise DataError(
            f"There is no folder {shown(asked)}, and it is no hub id of the form OWNER/NAME either. Give one of both."
        )
    try:
        return Path(snapshot_download(asked, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise DataError(
            f"The weights {asked!r} are not in the local Hugging Face cache, and a run downloads nothing. Run: "
            f"hf download {asked} --include '*.json' '*.safetensors'"
        ) from error


def _no_safetensors(asked: str, folder: Path) -> str:
    pickled = sorted(file.name for pattern in PICKLES for file in folder.rglob(pattern))
    if not pickled:
        return f"{shown(asked)} holds no weights: there is no {WEIGHTS} in {folder}."
    return (
        f"{shown(asked)} holds its weights as a pickle ({shown(pickled[0])}), which can run code on loading. Convert it where you "
        "trust it: load it with diffusers and call save_pretrained(FOLDER, safe_serialization=True)."
    )
