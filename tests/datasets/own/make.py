"""Small files and folders for tests of a user's own images."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def png(value: int = 0, side: int = 6) -> bytes:
    """Return a PNG of one grey value."""
    content = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(content, format="PNG")
    return content.getvalue()


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write ``files`` by name below ``folder`` and return it."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def table(columns: str, *rows: str) -> str:
    """Return the text of a table."""
    return "\n".join([columns, *rows]) + "\n"
