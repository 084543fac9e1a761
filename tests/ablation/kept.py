"""A study of noise that is kept in results, and copies of it that say otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qaugbench.board.noise_places import study_paths
from qaugbench.files import json_text
from tests.project.documents import ROOT

Change = Callable[[dict[str, Any]], object]


def committed_study() -> Path:
    """Return the folder of the study of qlatent-wgan on chest X-rays; not to be changed."""
    (found,) = (one for one in study_paths(ROOT / "results") if one.parts[-4] == "chestxray@2")
    return found


def content_of_study() -> dict[str, Any]:
    """Return what its file says."""
    found: dict[str, Any] = json.loads((committed_study() / "noise.json").read_text(encoding="utf-8"))
    return found


def changed_study(root: Path, change: Change) -> Path:
    """Return the folder below ``root`` of a copy that is changed and named as its content then asks for."""
    content = content_of_study()
    change(content)
    return written_study(root, json_text(content), content)


def written_study(root: Path, text: str, content: dict[str, Any]) -> Path:
    """Return the folder below ``root`` of a study with this text."""
    board = f"{content['task']}/{content['source']}-{content['track']}"
    name = f"{str(content['generator']).replace(':', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    folder = root / board / "noise" / name
    folder.mkdir(parents=True)
    (folder / "noise.json").write_text(text, encoding="utf-8")
    return folder
