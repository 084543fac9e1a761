"""Files written whole or not at all, and deterministic bytes for them: JSON and .npz that depend on their content alone."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def json_text(value: Any) -> str:
    """Return indented JSON with sorted keys and a final newline; NaN is refused."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return an .npz archive whose bytes depend on the arrays alone (fixed time stamps, sorted names)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), member.getvalue(), compresslevel=6
            )
    return buffer.getvalue()


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all: to a temporary name in the same folder, synced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_folder(target: Path, files: Mapping[str, bytes | str]) -> None:
    """Write a new folder whole or not at all: under a temporary name beside it, then renamed; ``files`` by their paths in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, content in files.items():
            write_whole(staged / name, content)
        staged.chmod(0o755)
        staged.rename(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
