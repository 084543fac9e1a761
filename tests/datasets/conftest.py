"""Small sources written by hand, not by the code under test."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakeSource = Callable[..., Path]


@dataclass(frozen=True)
class Labels:
    kind: str
    names: tuple[str, ...]


@pytest.fixture
def three_classes() -> Labels:
    return Labels("multiclass", ("Good", "Usable", "Reject"))


@pytest.fixture
def two_findings() -> Labels:
    return Labels("multilabel", ("Mass", "Pleural_Thickening"))


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


def small_picture(name: str) -> bytes:
    """Return a picture of 4 x 4 pixels that no other name has."""
    return png(np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], np.uint8).reshape(4, 4))


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """Return a function that writes a source from the text of labels.csv and its image files."""

    def make(text: str, files: Mapping[str, bytes] | None = None, *, name: str = "source.zip", top: str = "") -> Path:
        path = tmp_path / name
        lines = [line.split(",")[0] for line in text.strip().splitlines()[1:]]
        default = {f"images/{(name := line.removeprefix('images/'))}": small_picture(name) for line in lines}
        entries = {"labels.csv": text.encode(), **(default if files is None else files)}
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for entry, content in entries.items():
                    archive.writestr(top + entry, content)
            return path
        for entry, content in entries.items():
            target = path / (top + entry)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return path

    return make
