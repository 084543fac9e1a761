"""ChestMNIST through the medmnist package, turned into a prepared .zip."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.datasets.archive import open_archive
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.sources import source
from qaugbench.errors import DataError

SIZES = (28, 64, 128, 224)
PARTS = ("train", "val", "test")
Parts = Mapping[str, tuple[np.ndarray, np.ndarray]]


def get_chestmnist(size: int, home: Path) -> Path:
    """Return <home>/chestxray/chestmnist.zip with images of ``size`` pixels, downloading it where it is not there.

    The medmnist package downloads the archive and checks its MD5. An archive that lies in <home>/downloads already is
    used instead, after the same check. Nothing is left behind by a failure. Raises DataError for another size, a
    network failure, or an archive that does not have the published MD5.
    """
    if size not in SIZES:
        raise DataError(f"ChestMNIST has the image sizes {', '.join(map(str, SIZES))}, not {size}.")
    target = home / "chestxray" / "chestmnist.zip"
    if target.exists():
        return _same_size(target, size)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".chestmnist-") as temporary:
        parts, findings = _read_parts(size, home / "downloads", Path(temporary))
    write_prepared(target, _images(parts), _rows(parts, findings), _facts(size))
    return target


def _read_parts(size: int, by_hand: Path, temporary: Path) -> tuple[Parts, list[str]]:
    """Return the images uint8 [n, size, size] and labels [n, 14] of each part, and the names of the findings."""
    from medmnist import INFO, ChestMNIST

    flag = "" if size == 28 else f"_{size}"
    info = INFO["chestmnist"]
    name, url, md5 = f"chestmnist{flag}.npz", info[f"url{flag}"], info[f"MD5{flag}"]
    root = by_hand if (by_hand / name).exists() else temporary
    if root == by_hand:
        _check_md5(by_hand / name, md5)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            parts = {part: ChestMNIST(split=part, download=part == "train", root=root, size=size) for part in PARTS}
    except RuntimeError as error:  # medmnist turns every failure, an interrupt too, into this one
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise DataError(
            f"{name} could not be downloaded from {url}: {error.__context__ or error}. Nothing was kept. Try again, or "
            f"fetch the file elsewhere (MD5 {md5}) and put it at {by_hand / name}."
        ) from error
    findings = [_finding(info["label"][str(k)]) for k in range(len(info["label"]))]
    return {part: (data.imgs, data.labels) for part, data in parts.items()}, findings


def _check_md5(path: Path, md5: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5:
        raise DataError(
            f"{path} is not the published archive: its MD5 is {found}, not {md5}. Remove it to have it downloaded, "
            "or replace it by a whole copy."
        )


def _finding(name: str) -> str:
    return "Pleural_Thickening" if name == "pleural" else name.capitalize()


def _images(parts: Parts) -> Iterator[np.ndarray]:
    for images, _ in parts.values():
        yield from images


def _rows(parts: Parts, findings: list[str]) -> list[dict[str, object]]:
    return [
        {"filename": f"{part}-{i:06d}.png", "split": part, **dict(zip(findings, present, strict=True))}
        for part, (_, labels) in parts.items()
        for i, present in enumerate(labels.astype(int).tolist())
    ]


def _facts(size: int) -> dict[str, Any]:
    entry = source("chestmnist")
    return {
        "name": entry.id,
        "title": entry.title,
        "image_size": size,
        "licence": entry.licence,
        "citation": entry.citation,
        "url": entry.url,
        "notes": [entry.patients],
    }


def _same_size(path: Path, size: int) -> Path:
    held = json.loads(open_archive(path).read("manifest.json"))["image_size"]
    if held != size:
        raise DataError(f"{path} holds images of {held} pixels, not {size}. Remove it to get the other size.")
    return path
