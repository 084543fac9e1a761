"""Pretrained weights by tag: downloaded once by `qaugbench data get`, pinned by sha256, then read offline."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from qaugbench.errors import DataError, near_names
from qaugbench.places import data_home


def weights_folder(home: Path | None = None) -> Path:
    """Return ``home``/weights; ``home`` is by default the data folder."""
    return Path(home or data_home()).expanduser() / "weights"


def pretrained_file(tag: str, home: Path | None = None) -> Path:
    """Return the path of the weights ``tag``, after checking them against their pin.

    Raises DataError if the file or its pin is missing, or if the file is not the one that was pinned.
    """
    file, pin = _paths(tag, home)
    if not file.is_file() or not pin.is_file():
        missing = file if not file.is_file() else pin
        raise DataError(
            f"The weights {tag!r} are not here ({missing} is missing). Run: qaugbench data get weights:{tag}"
        )
    _check(file, pin)
    return file


def get_weights(tag: str, home: Path | None = None, *, download: Callable[[str], Path] | None = None) -> Path:
    """Download the weights ``tag`` into ``home``, and return their path.

    The first download writes the pin (`<tag>.sha256`); every later one must give the same bytes, else DataError.
    ``download`` (tag -> path of a safetensors file) replaces the download from the Hugging Face hub.
    """
    file, pin = _paths(tag, home)
    if file.is_file() and pin.is_file():
        _check(file, pin)
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        shutil.copyfile((download or _download_from_hub)(tag), partial)
        if pin.is_file():
            _check(partial, pin)
        else:
            _write_pin(partial, file.name, pin)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file


def _paths(tag: str, home: Path | None) -> tuple[Path, Path]:
    if "/" in tag or "\\" in tag or tag.startswith("."):
        raise DataError(f"{tag!r} is not a weight tag. Give a timm tag such as resnet50.a1_in1k.")
    folder = weights_folder(home)
    return folder / f"{tag}.safetensors", folder / f"{tag}.sha256"


def _check(file: Path, pin: Path) -> None:
    expected, actual = pin.read_text(encoding="utf-8").split()[0], _sha256(file)
    if actual != expected:
        raise DataError(
            f"{file} is not the file that was pinned: its sha256 is {actual}, {pin} says {expected}. "
            "Restore the pinned file; delete both files only if other weights are meant."
        )


def _write_pin(source: Path, name: str, pin: Path) -> None:
    partial = pin.with_name(f"{pin.name}.{os.getpid()}.partial")
    partial.write_text(f"{_sha256(source)}  {name}\n", encoding="utf-8")
    partial.replace(pin)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download_from_hub(tag: str) -> Path:
    import timm
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if tag not in timm.list_pretrained():
        near = near_names(tag, timm.list_pretrained()).partition(" Known:")[0]
        raise DataError(f"timm has no pretrained weights {tag!r}.{near}")
    try:
        return Path(hf_hub_download(f"timm/{tag}", "model.safetensors"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise DataError(f"The weights {tag!r} could not be downloaded from the Hugging Face hub: {error}") from error
